//! Profiles: which columns each report has, in which order, from where; as data.

mod source;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::Deserialize;

pub use source::{Source, SourceKind};

use super::ReportError;
use crate::targeting::cohort::Catalogue;

/// One of the six reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub enum Report {
    /// Agreements that expire in the fiscal year.
    Renewal,
    /// Azure.
    Azure,
    /// Dynamics 365.
    D365,
    /// Microsoft 365.
    M365,
    /// Security.
    Security,
    /// Surface.
    Surface,
}

impl Report {
    /// All reports.
    pub const ALL: [Self; 6] =
        [Self::Renewal, Self::Azure, Self::D365, Self::M365, Self::Security, Self::Surface];

    /// The name on the command line and in profiles.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Renewal => "renewal",
            Self::Azure => "azure",
            Self::D365 => "d365",
            Self::M365 => "m365",
            Self::Security => "security",
            Self::Surface => "surface",
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Report {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|report| report.name() == text).ok_or_else(|| {
            format!("{text:?} is no report; expected one of {}", Self::ALL.map(Self::name).join(", "))
        })
    }
}

impl TryFrom<String> for Report {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// A column: its name and where its cells come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportColumn {
    /// The name in the header.
    pub name: String,
    /// Where its cells come from.
    pub source: Source,
}

/// The columns of all reports of one generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// The cohort catalogue its cohort columns are of.
    pub cohorts: String,
    reports: Vec<(Report, Vec<ReportColumn>)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenProfile {
    name: String,
    cohorts: String,
    #[serde(rename = "report")]
    reports: Vec<WrittenReport>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenReport {
    name: Report,
    columns: Vec<(String, String)>,
}

/// The profiles that ship, by name, with their text.
const SHIPPED: [(&str, &str); 4] = [
    ("clas2021", include_str!("../../../models/profiles/clas2021.toml")),
    ("clas2024", include_str!("../../../models/profiles/clas2024.toml")),
    ("clas2025", include_str!("../../../models/profiles/clas2025.toml")),
    ("native", include_str!("../../../models/profiles/native.toml")),
];

impl Profile {
    /// A profile that ships, by its name, or one from a file.
    ///
    /// # Errors
    /// [`ReportError::Profile`] when there is no such file, or with everything that is wrong with it.
    pub fn named(name: &str) -> Result<Self, ReportError> {
        if let Some((_, text)) = SHIPPED.iter().find(|(shipped, _)| *shipped == name) {
            return Self::from_toml(text, Path::new(name));
        }
        let path = Path::new(name);
        let text = std::fs::read_to_string(path).map_err(|error| ReportError::Profile {
            path: path.to_path_buf(),
            faults: vec![format!(
                "cannot be read ({error}); expected a file, or one of {}",
                SHIPPED.map(|(name, _)| name).join(", ")
            )],
        })?;
        Self::from_toml(&text, path)
    }

    /// Reads a profile from text; `path` is only for messages.
    ///
    /// # Errors
    /// [`ReportError::Profile`] with everything that is wrong with it.
    pub fn from_toml(text: &str, path: &Path) -> Result<Self, ReportError> {
        let unsound = |faults| ReportError::Profile { path: path.to_path_buf(), faults };
        let written: WrittenProfile =
            toml::from_str(text).map_err(|error| unsound(vec![error.to_string()]))?;
        let mut faults = Vec::new();
        let mut seen = BTreeSet::new();
        let mut reports = Vec::with_capacity(written.reports.len());
        for report in written.reports {
            if !seen.insert(report.name) {
                faults.push(format!("report {} is there twice", report.name));
            }
            let mut names = BTreeSet::new();
            let mut columns = Vec::with_capacity(report.columns.len());
            for (name, source) in report.columns {
                if !names.insert(name.clone()) {
                    faults.push(format!("report {}: column {name:?} is there twice", report.name));
                }
                match Source::parse(&source, &name) {
                    Ok(source) => columns.push(ReportColumn { name, source }),
                    Err(fault) => faults.push(format!("report {}, column {name:?}: {fault}", report.name)),
                }
            }
            reports.push((report.name, columns));
        }
        if faults.is_empty() {
            Ok(Self { name: written.name, cohorts: written.cohorts, reports })
        } else {
            Err(unsound(faults))
        }
    }

    /// The columns of a report.
    ///
    /// # Errors
    /// [`ReportError::NoReport`] when the profile does not have it.
    pub fn columns(&self, report: Report) -> Result<&[ReportColumn], ReportError> {
        let found = self.reports.iter().find(|(name, _)| *name == report);
        found.map(|(_, columns)| columns.as_slice()).ok_or_else(|| ReportError::NoReport {
            profile: self.name.clone(),
            report: report.name(),
            known: self.reports.iter().map(|(report, _)| report.name()).collect(),
        })
    }

    /// Checks that every cohort column is a cohort of the catalogue.
    ///
    /// # Errors
    /// [`ReportError::Profile`] with every column that is not.
    pub fn check_cohorts(&self, report: Report, catalogue: &Catalogue) -> Result<(), ReportError> {
        let columns = self.columns(report)?.iter().filter(|column| column.source.kind == SourceKind::Cohort);
        let names = columns.flat_map(|column| &column.source.names);
        let unknown: Vec<String> = names
            .filter(|name| catalogue.cohort(name).is_err())
            .map(|name| format!("catalogue {} has no cohort {name:?}", catalogue.name))
            .collect();
        if unknown.is_empty() {
            Ok(())
        } else {
            Err(ReportError::Profile { path: self.name.clone().into(), faults: unknown })
        }
    }
}
