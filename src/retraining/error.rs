//! What can go wrong when models are trained again.

use crate::artifact::ArtifactError;
use crate::error::{Coded, ErrorKind};
use crate::evaluation::EvaluationError;
use crate::features::FeatureError;
use crate::feedback::FeedbackError;
use crate::pipeline::PipelineError;
use crate::registry::RegistryError;
use crate::training::line::LineError;

/// A line could not be trained again, held against others, or promoted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RetrainError {
    /// The registry cannot be used, or another writer was first.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// Outcomes cannot be read.
    #[error(transparent)]
    Feedback(#[from] FeedbackError),
    /// Training failed.
    #[error(transparent)]
    Train(#[from] LineError),
    /// A line could not score.
    #[error(transparent)]
    Score(#[from] PipelineError),
    /// Purchases could not be read.
    #[error(transparent)]
    Features(#[from] FeatureError),
    /// A model file could not be read or made.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The card could not be made.
    #[error(transparent)]
    Card(#[from] EvaluationError),
    /// The champion answers another question than the spec asks.
    #[error(
        "the champion of {model} answers another question than the spec asks: {what}; two answers to different questions cannot be compared: give the spec another name"
    )]
    OtherQuestion {
        /// The model.
        model: String,
        /// What differs.
        what: String,
    },
    /// The date lies before the champion's.
    #[error(
        "--as-of {as_of} lies before the date of the champion ({champion}); a challenger must know at least as much: give a later date"
    )]
    BeforeChampion {
        /// The date asked for.
        as_of: String,
        /// The date of the champion.
        champion: String,
    },
    /// A hook failed.
    #[error("hook {hook}: {fault}")]
    Hook {
        /// The hook.
        hook: String,
        /// What it said.
        fault: String,
    },
}

impl Coded for RetrainError {
    fn code(&self) -> &'static str {
        match self {
            Self::Registry(error) => error.code(),
            Self::Feedback(error) => error.code(),
            Self::Train(error) => error.code(),
            Self::Score(error) => error.code(),
            Self::Features(error) => error.code(),
            Self::Artifact(error) => error.code(),
            Self::Card(error) => error.code(),
            Self::OtherQuestion { .. } => "E_RETRAIN_OTHER_QUESTION",
            Self::BeforeChampion { .. } => "E_RETRAIN_BEFORE_CHAMPION",
            Self::Hook { .. } => "E_HOOK",
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::Registry(error) => error.kind(),
            Self::Feedback(error) => error.kind(),
            Self::Card(error) => error.kind(),
            _ => ErrorKind::Input,
        }
    }
}
