//! What can go wrong when a line is trained.

use crate::error::{Coded, ErrorKind};
use crate::features::FeatureError;
use crate::pipeline::PipelineError;
use crate::training::TrainError;
use crate::training::leak_gate::LeakRefusal;

/// A line could not be trained.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// A model could not be trained.
    #[error("{model} model of {product}: {source}")]
    Train {
        /// `fit`, `intent`, `upsell` or `renewal`.
        model: &'static str,
        /// The product.
        product: String,
        /// What the trainer said.
        source: TrainError,
    },
    /// The leak gate said no.
    #[error(
        "{0}\n  Look at how the rows behind a feature became known (known_at); vouch for one with --allow FEATURE, or leave its \
         family out of the spec"
    )]
    Leak(LeakRefusal),
    /// Features could not be built.
    #[error(transparent)]
    Build(#[from] FeatureError),
    /// The parts do not make a line, or the data cannot speak of the date.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
}

impl Coded for LineError {
    fn code(&self) -> &'static str {
        match self {
            Self::Train { source, .. } => source.code(),
            Self::Leak(refusal) => refusal.code(),
            Self::Build(error) => error.code(),
            Self::Pipeline(error) => error.code(),
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::Train { source, .. } => source.kind(),
            Self::Leak(refusal) => refusal.kind(),
            Self::Build(error) => error.kind(),
            Self::Pipeline(error) => error.kind(),
        }
    }
}
