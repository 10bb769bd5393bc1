//! What can go wrong while a report is made.

use std::path::PathBuf;

use crate::artifact::ArtifactError;
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
    /// A cell of a file of the run cannot be read back.
    #[error(
        "{path}, row {row}, column {column}: expected {expected}, found {found:?}; run `propensity run` again"
    )]
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
    /// A file could not be written.
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl Coded for ReportError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotARun { .. } => "E_REPORT_RUN",
            Self::Cell { .. } => "E_REPORT_CELL",
            Self::Account { .. } => "E_REPORT_ACCOUNT",
            Self::Read(error) => error.code(),
            Self::Model(error) => error.code(),
            Self::Pipeline(error) => error.code(),
            Self::Cohort(error) => error.code(),
            Self::Output(error) => error.code(),
        }
    }

    fn kind(&self) -> ErrorKind {
        ErrorKind::Input
    }
}
