//! What can go wrong when features are brought to disk.

use crate::error::{Coded, ErrorKind};
use crate::features::FeatureError;
use crate::output::OutputError;
use crate::pipeline::PipelineError;
use crate::tables::TablesError;

/// Features could not be brought to disk.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeatureStoreError {
    /// The tables cannot be used.
    #[error(transparent)]
    Tables(#[from] TablesError),
    /// Features cannot be built of them.
    #[error(transparent)]
    Build(#[from] FeatureError),
    /// The data cannot speak of a date.
    #[error(transparent)]
    Date(#[from] PipelineError),
    /// A file is there already or cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// What was to be recorded is no JSON.
    #[error("cannot write the manifest of {as_of}: {source}")]
    Manifest {
        /// The date.
        as_of: String,
        /// What the writer said.
        source: serde_json::Error,
    },
}

impl Coded for FeatureStoreError {
    fn code(&self) -> &'static str {
        match self {
            Self::Tables(error) => error.code(),
            Self::Build(error) => error.code(),
            Self::Date(error) => error.code(),
            Self::Output(error) => error.code(),
            Self::Manifest { .. } => "E_FEATURE_MANIFEST",
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::Tables(error) => error.kind(),
            Self::Build(error) => error.kind(),
            Self::Date(error) => error.kind(),
            Self::Output(error) => error.kind(),
            Self::Manifest { .. } => ErrorKind::Input,
        }
    }
}
