//! Catalogues: the cohorts of one year, as data.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::{CohortError, Position, Predicate, Sets, Subject, Truth, parser};
use crate::quantity::AsOf;

/// One cohort.
#[derive(Clone, Debug, PartialEq)]
pub struct Cohort {
    /// Its name, as the column of reports has it.
    pub name: String,
    /// The report it belongs to.
    pub area: String,
    /// The play it is part of.
    pub play: Option<String>,
    /// What its accounts are to be offered.
    pub target: Option<String>,
    /// Who belongs to it; `None` where the rule was never published, so that nobody does.
    pub rule: Option<Predicate>,
    /// Whether the rule is public but the name of the column is ours.
    pub reconstructed: bool,
    /// First day it is in force.
    pub valid_from: Option<AsOf>,
    /// Last day it is in force.
    pub valid_to: Option<AsOf>,
}

impl Cohort {
    /// Whether it is in force on `day`.
    pub fn in_force(&self, day: AsOf) -> bool {
        self.valid_from.is_none_or(|from| from <= day) && self.valid_to.is_none_or(|to| day <= to)
    }

    /// Whether an account belongs to it; `None` where there is no public rule.
    pub fn holds(&self, subject: &Subject<'_>) -> Option<bool> {
        self.rule.as_ref().map(|rule| rule.ask(subject) == Truth::Yes)
    }

    /// Whether an account belongs to it and why, for people: every part of the rule with what was found.
    pub fn explain(&self, subject: &Subject<'_>) -> String {
        let (id, day) = (&subject.facts.account_id, subject.facts.as_of);
        let Some(rule) = &self.rule else {
            return format!("{id} is not in {:?}: the rule of this cohort was never published\n", self.name);
        };
        let explanation = rule.explain(subject);
        let verb = if explanation.truth == Truth::Yes { "is" } else { "is not" };
        let (from, to) = (self.valid_from, self.valid_to);
        let force = match (self.in_force(day), from, to) {
            (true, ..) => String::new(),
            (false, Some(from), _) if day < from => format!("; in force only from {from} on"),
            (false, _, Some(to)) => format!("; in force only until {to}"),
            (false, ..) => "; not in force".to_owned(),
        };
        format!("{id} {verb} in {:?}, as of {day}{force}\n{explanation}", self.name)
    }
}

/// The cohorts of one year.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalogue {
    /// Its name.
    pub name: String,
    cohorts: Vec<Cohort>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCatalogue {
    name: String,
    valid_from: Option<AsOf>,
    valid_to: Option<AsOf>,
    #[serde(default)]
    sets: Sets,
    #[serde(rename = "cohort")]
    cohorts: Vec<WrittenCohort>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCohort {
    name: Spanned<String>,
    area: String,
    play: Option<String>,
    target: Option<String>,
    rule: Option<Spanned<String>>,
    #[serde(default)]
    no_public_rule: bool,
    #[serde(default)]
    reconstructed: bool,
    valid_from: Option<AsOf>,
    valid_to: Option<AsOf>,
}

impl Catalogue {
    /// The cohorts of Microsoft's 2021 dictionary.
    ///
    /// # Errors
    /// As [`Self::from_toml`]; a test holds that there are none.
    pub fn clas2021() -> Result<Self, CohortError> {
        let text = include_str!("../../../models/cohorts/clas2021.toml");
        Self::from_toml(text, Path::new("models/cohorts/clas2021.toml"))
    }

    /// The cohorts of Microsoft's 2023 dictionary, for its fiscal year 2024.
    ///
    /// # Errors
    /// As [`Self::from_toml`]; a test holds that there are none.
    pub fn clas2024() -> Result<Self, CohortError> {
        let text = include_str!("../../../models/cohorts/clas2024.toml");
        Self::from_toml(text, Path::new("models/cohorts/clas2024.toml"))
    }

    /// The cohorts described about 2025, as far as their rules are public.
    ///
    /// # Errors
    /// As [`Self::from_toml`]; a test holds that there are none.
    pub fn clas2025() -> Result<Self, CohortError> {
        let text = include_str!("../../../models/cohorts/clas2025.toml");
        Self::from_toml(text, Path::new("models/cohorts/clas2025.toml"))
    }

    /// Workloads of cloud customers, in use and to come, as cohorts of those areas.
    ///
    /// # Errors
    /// As [`Self::from_toml`]; a test holds that there are none.
    pub fn workloads() -> Result<Self, CohortError> {
        let text = include_str!("../../../models/workloads.toml");
        Self::from_toml(text, Path::new("models/workloads.toml"))
    }

    /// A catalogue that ships, by its name, or one from a file.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn named(name: &str) -> Result<Self, CohortError> {
        match name {
            "clas2021" => Self::clas2021(),
            "clas2024" => Self::clas2024(),
            "clas2025" => Self::clas2025(),
            file => Self::load(file.as_ref()),
        }
    }

    /// Reads a catalogue from a file.
    ///
    /// # Errors
    /// [`CohortError::Unreadable`], else as [`Self::from_toml`].
    pub fn load(path: &Path) -> Result<Self, CohortError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| CohortError::Unreadable { path: path.to_path_buf(), source })?;
        Self::from_toml(&text, path)
    }

    /// Reads a catalogue from text; `path` is only for messages.
    ///
    /// # Errors
    /// [`CohortError::Malformed`] with line and column, or [`CohortError::Unsound`] with all faults of all rules, each
    /// with its line and column in the file.
    pub fn from_toml(text: &str, path: &Path) -> Result<Self, CohortError> {
        let written: WrittenCatalogue = toml::from_str(text).map_err(|source| CohortError::Malformed {
            path: path.to_path_buf(),
            source: Box::new(source),
        })?;
        let mut faults = Vec::new();
        let mut seen = BTreeSet::new();
        let mut cohorts = Vec::with_capacity(written.cohorts.len());
        for cohort in written.cohorts {
            let at = Position::of(text, cohort.name.span().start);
            let name = cohort.name.into_inner();
            if !seen.insert(name.clone()) {
                faults.push(format!("{at}: cohort {name:?} is there twice"));
            }
            let rule = match (&cohort.rule, cohort.no_public_rule) {
                (Some(rule), false) => match parser::parse(rule.get_ref(), &written.sets) {
                    Ok(rule) => Some(rule),
                    Err(fault) => {
                        let place = Position::of(text, offset(text, rule) + fault.at);
                        faults.push(format!(
                            "{place}: cohort {name:?}: expected {}, found {}",
                            fault.expected, fault.found
                        ));
                        None
                    }
                },
                (None, true) => None,
                _ => {
                    faults.push(format!(
                        "{at}: cohort {name:?}: expected either a rule or no_public_rule = true"
                    ));
                    None
                }
            };
            let (valid_from, valid_to) =
                (cohort.valid_from.or(written.valid_from), cohort.valid_to.or(written.valid_to));
            if let (Some(from), Some(to)) = (valid_from, valid_to)
                && to < from
            {
                faults.push(format!("{at}: cohort {name:?} ends {to}, before it begins {from}"));
            }
            let WrittenCohort { area, play, target, reconstructed, .. } = cohort;
            cohorts.push(Cohort { name, area, play, target, rule, reconstructed, valid_from, valid_to });
        }
        if faults.is_empty() {
            Ok(Self { name: written.name, cohorts })
        } else {
            Err(CohortError::Unsound { path: path.to_path_buf(), faults })
        }
    }

    /// All cohorts, in the order of the file.
    pub fn cohorts(&self) -> &[Cohort] {
        &self.cohorts
    }

    /// The cohort of that name.
    ///
    /// # Errors
    /// [`CohortError::Unknown`] with names that hold the words asked for.
    pub fn cohort(&self, name: &str) -> Result<&Cohort, CohortError> {
        self.cohorts.iter().find(|cohort| cohort.name == name).ok_or_else(|| {
            let wanted = name.to_lowercase();
            let close: Vec<String> = self
                .cohorts
                .iter()
                .filter(|cohort| cohort.name.to_lowercase().contains(&wanted))
                .take(5)
                .map(|cohort| format!("{:?}", cohort.name))
                .collect();
            let hint = if close.is_empty() {
                format!("its names are in the catalogue file; the first is {:?}", self.first_name())
            } else {
                format!("close names: {}", close.join(", "))
            };
            CohortError::Unknown { catalogue: self.name.clone(), name: name.to_owned(), hint }
        })
    }

    fn first_name(&self) -> &str {
        self.cohorts.first().map_or("", |cohort| &cohort.name)
    }
}

/// The byte of the file at which the text of a rule begins, inside its quotes.
///
/// Exact for texts without escapes, as rules in single quotes are; a rule with escapes is pointed at by its start.
fn offset(text: &str, rule: &Spanned<String>) -> usize {
    let span = rule.span();
    let written = text.get(span.clone()).unwrap_or_default();
    span.start + written.find(rule.get_ref().as_str()).unwrap_or(0)
}
