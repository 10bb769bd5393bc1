//! What can go wrong while a report is made.

use std::path::PathBuf;

use crate::artifact::ArtifactError;
use crate::drawing::DrawingError;
use crate::error::{Coded, ErrorKind};
use crate::output::OutputError;
use crate::pipeline::PipelineError;
use crate::tables::raw::RawError;
use crate::targeting::cohort::CohortError;

/// A report could not be made; nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The folder does not hold a whole run.
    #[error(
        "{path} is not a whole run: {reason}; expected the output folder of `propensity run` of this release"
    )]
    NotARun {
        /// The folder or file.
        path: PathBuf,
        /// What is missing or different.
        reason: String,
    },
    /// A file lacks a column.
    #[error("{path} has no column {column}; expected the columns {}", .expected.join(", "))]
    Column {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
        /// All columns that are read.
        expected: Vec<&'static str>,
    },
    /// A cell of a file of the run, or of a file given beside it, cannot be read.
    #[error("{path}, row {row}, column {column}: expected {expected}, found {found:?}")]
    Cell {
        /// The file.
        path: PathBuf,
        /// The row, from 1.
        row: u64,
        /// The column.
        column: &'static str,
        /// What should stand there.
        expected: &'static str,
        /// What stands there, shortened.
        found: String,
    },
    /// No account of that id is in the run.
    #[error("the run of {path} has no account {account:?}; ids are compared as text, leading zeros included")]
    Account {
        /// The folder of the run.
        path: PathBuf,
        /// The account that was asked for.
        account: String,
    },
    /// A partner id is not one.
    #[error("{found:?} is no partner id; expected 1 to {longest} letters, digits, '-', '_', '.' or ':'")]
    PartnerId {
        /// What was given, shortened.
        found: String,
        /// Most characters of an id.
        longest: usize,
    },
    /// No customer has transacted with the partner.
    #[error(
        "no customer of the run has transacted with partner {partner}; ids are compared as text, leading zeros included"
    )]
    UnknownPartner {
        /// The partner that was asked for.
        partner: String,
    },
    /// A profile is not sound.
    #[error("report profile {path} has {} fault(s):\n  {}", .faults.len(), .faults.join("\n  "))]
    Profile {
        /// The file.
        path: PathBuf,
        /// All faults, in words.
        faults: Vec<String>,
    },
    /// The profile does not have the report.
    #[error("profile {profile} has no report {report}; it has {}", .known.join(", "))]
    NoReport {
        /// The profile.
        profile: String,
        /// The report that was asked for.
        report: &'static str,
        /// The reports it has.
        known: Vec<&'static str>,
    },
    /// What was to be written is a file of a run.
    #[error("{path} is a file of the run in {run}, which reports are made from; name another output")]
    OwnFile {
        /// The target.
        path: PathBuf,
        /// The folder of the run.
        run: PathBuf,
    },
    /// A file of the run could not be read.
    #[error(transparent)]
    Read(#[from] RawError),
    /// The model of the run could not be read.
    #[error(transparent)]
    Model(#[from] ArtifactError),
    /// The model does not fit the accounts.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// A cohort catalogue could not be read.
    #[error(transparent)]
    Cohort(#[from] CohortError),
    /// A picture could not be painted.
    #[error(transparent)]
    Drawing(#[from] DrawingError),
    /// A file could not be written.
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl ReportError {
    /// A file of a run that was touched since.
    pub(super) fn not_as_written(path: PathBuf) -> Self {
        Self::NotARun { path, reason: "the file is not the one that the run wrote".to_owned() }
    }
}

impl Coded for ReportError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotARun { .. } => "E_REPORT_RUN",
            Self::Column { .. } => "E_REPORT_COLUMN",
            Self::Cell { .. } => "E_REPORT_CELL",
            Self::Account { .. } => "E_REPORT_ACCOUNT",
            Self::PartnerId { .. } | Self::UnknownPartner { .. } => "E_REPORT_PARTNER",
            Self::Profile { .. } => "E_REPORT_PROFILE",
            Self::NoReport { .. } => "E_REPORT_UNKNOWN",
            Self::OwnFile { .. } => "E_REPORT_OWN_FILE",
            Self::Read(error) => error.code(),
            Self::Model(error) => error.code(),
            Self::Pipeline(error) => error.code(),
            Self::Cohort(error) => error.code(),
            Self::Drawing(error) => error.code(),
            Self::Output(error) => error.code(),
        }
    }

    fn kind(&self) -> ErrorKind {
        ErrorKind::Input
    }
}
