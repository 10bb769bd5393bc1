//! What stands behind a report or a worklist, beside it: `azure.csv.notes.json` for `azure.csv`.
//!
//! The columns of a profile are exact, so nothing of this can be among them, and one way serves every format.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Evidence, ReportError, ReportRequest, WorklistRequest};
use crate::output::{OutputError, StagedFile};
use crate::quantity::AsOf;

/// Whose report it is, and how well each model behind it is founded: verdict, rung of the small-data ladder, and the reason for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportNotes {
    /// Which report, or `worklist`.
    pub report: &'static str,
    /// The profile of its columns.
    pub profile: String,
    /// The partner whose customers are in it; none for all customers.
    pub partner: Option<String>,
    /// What the reader may see.
    pub viewer: &'static str,
    /// The date of the run.
    pub as_of: AsOf,
    /// The model of the run.
    pub model_version: String,
    /// The models of the products that its columns are of, in sentences.
    pub models: Vec<Evidence>,
    /// The model of renewals, in a sentence, where the report has a column of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renewal: Option<String>,
}

impl ReportNotes {
    /// Where the notes of a report are.
    ///
    /// ```
    /// use propensity::report::ReportNotes;
    /// use std::path::Path;
    /// assert_eq!(ReportNotes::file(Path::new("out/azure.csv")), Path::new("out/azure.csv.notes.json"));
    /// ```
    pub fn file(report: &Path) -> PathBuf {
        let mut name = report.as_os_str().to_owned();
        name.push(".notes.json");
        PathBuf::from(name)
    }

    pub(super) fn of(request: &ReportRequest<'_>) -> Result<Self, ReportError> {
        let columns = request.profile.columns(request.report)?;
        let record = request.run.record();
        let is_named = |product: &String| columns.iter().any(|column| column.source.names.contains(product));
        let has_renewal = columns.iter().any(|column| column.source.is_renewal());
        Ok(Self {
            report: request.report.name(),
            profile: request.profile.name.clone(),
            partner: request.partner.map(ToString::to_string),
            viewer: request.viewer.name(),
            as_of: record.as_of,
            model_version: record.model.version.clone(),
            models: record
                .model
                .evidence
                .iter()
                .filter(|models| is_named(&models.product))
                .cloned()
                .collect(),
            renewal: record.model.renewal.clone().filter(|_| has_renewal),
        })
    }

    /// Those of a worklist: of the products that its filter lets through.
    pub fn of_worklist(request: &WorklistRequest<'_>) -> Self {
        let record = request.run.record();
        let wanted = &request.filter.products;
        let is_wanted = |models: &&Evidence| wanted.is_empty() || wanted.contains(&models.product);
        Self {
            report: "worklist",
            profile: "native".to_owned(),
            partner: request.partner.map(ToString::to_string),
            viewer: request.viewer.name(),
            as_of: record.as_of,
            model_version: record.model.version.clone(),
            models: record.model.evidence.iter().filter(is_wanted).cloned().collect(),
            renewal: None,
        }
    }

    /// Stages the notes of the report at `report`; the file still has to be committed.
    ///
    /// # Errors
    /// [`OutputError::Unwritable`] when the file cannot be written.
    pub fn stage(&self, report: &Path) -> Result<StagedFile, OutputError> {
        let path = Self::file(report);
        let mut file = StagedFile::create(&path)?;
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| OutputError::unwritable(&path)(error.into()))?;
        writeln!(file, "{text}").map_err(OutputError::unwritable(path))?;
        Ok(file)
    }
}
