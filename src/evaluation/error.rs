//! Why a model cannot be evaluated.

use crate::artifact::ArtifactError;
use crate::error::{Coded, ErrorKind};
use crate::features::FeatureError;
use crate::output::OutputError;
use crate::pipeline::PipelineError;
use crate::wide::WideError;

/// A model cannot be evaluated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// Outcomes within the horizon are not all known yet.
    #[error(
        "the horizon of {months} months after {as_of} ends on {end}, but the last purchase or closed deal is {last}; \
         expected an earlier --as-of, or newer data"
    )]
    Horizon {
        /// The date asked for.
        as_of: String,
        /// Length of the horizon.
        months: u8,
        /// Its end.
        end: String,
        /// When the last purchase or closed deal was.
        last: String,
    },
    /// The line could not score at the date.
    #[error(transparent)]
    Line(#[from] PipelineError),
    /// Purchases could not be read.
    #[error(transparent)]
    Features(#[from] FeatureError),
    /// The table could not be read or scored.
    #[error(transparent)]
    Table(#[from] WideError),
    /// A part has no JSON form.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// A file could not be written.
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl Coded for EvaluationError {
    fn code(&self) -> &'static str {
        match self {
            Self::Horizon { .. } => "E_HORIZON",
            Self::Line(error) => error.code(),
            Self::Features(error) => error.code(),
            Self::Table(error) => error.code(),
            Self::Artifact(error) => error.code(),
            Self::Output(error) => error.code(),
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::Horizon { .. } => ErrorKind::Input,
            Self::Line(error) => error.kind(),
            Self::Features(error) => error.kind(),
            Self::Table(error) => error.kind(),
            Self::Artifact(error) => error.kind(),
            Self::Output(error) => error.kind(),
        }
    }
}
