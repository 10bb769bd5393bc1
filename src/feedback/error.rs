//! What can go wrong when outcomes come in.

use crate::error::{Coded, ErrorKind};
use crate::registry::RegistryError;
use crate::tables::TablesError;
use crate::tables::raw::RawError;

/// Outcomes could not be taken in or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeedbackError {
    /// The export cannot be used.
    #[error(transparent)]
    Tables(#[from] TablesError),
    /// A list cannot be read as a table.
    #[error(transparent)]
    Raw(#[from] RawError),
    /// A list is not one.
    #[error("list {path}: {}", .faults.join("; "))]
    List {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        faults: Vec<String>,
    },
    /// The registry cannot be used.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A stored file of outcomes is not one.
    #[error("{key}, line {line}: {source}; restore the file from a copy, or upgrade propensity")]
    Stored {
        /// The file.
        key: String,
        /// The line, from 1.
        line: usize,
        /// What the JSON reader said.
        source: serde_json::Error,
    },
    /// An observation has no JSON form.
    #[error("an outcome cannot be written as JSON: {source}")]
    Unwritable {
        /// What the JSON writer said.
        source: serde_json::Error,
    },
}

impl Coded for FeedbackError {
    fn code(&self) -> &'static str {
        match self {
            Self::Tables(error) => error.code(),
            Self::Raw(error) => error.code(),
            Self::List { .. } => "E_SCORED_LIST",
            Self::Registry(error) => error.code(),
            Self::Stored { .. } => "E_FEEDBACK_STORED",
            Self::Unwritable { .. } => "E_FEEDBACK_UNWRITABLE",
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::Tables(error) => error.kind(),
            Self::Registry(error) => error.kind(),
            Self::Raw(_) | Self::List { .. } | Self::Stored { .. } | Self::Unwritable { .. } => {
                ErrorKind::Input
            }
        }
    }
}
