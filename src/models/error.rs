//! What can be wrong with a fitted value.

use crate::error::Coded;

/// A fitted value is not well formed, or was asked about data it does not fit.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A feature of a binning has no room for its bins, or its cuts or levels are out of order.
    #[error("bins of feature {feature}: {fault}; refit the binning")]
    Bins {
        /// The feature.
        feature: String,
        /// What is wrong.
        fault: String,
    },
    /// Two matrices to be stacked, or a model and a matrix, come from different binnings.
    #[error("rows were binned by {found}, expected {expected}; apply the binning the model was fitted with")]
    Binning {
        /// Fingerprint of the binning that is needed.
        expected: String,
        /// Fingerprint of the binning that was used.
        found: String,
    },
    /// A table of weights does not fit the features it speaks of.
    #[error("additive model: {fault}; the model file is damaged or was edited by hand")]
    Table {
        /// What is wrong.
        fault: String,
    },
    /// Knots are empty, out of order or out of range.
    #[error("{curve} knots: {fault}; the model file is damaged or was edited by hand")]
    Knots {
        /// Which curve.
        curve: &'static str,
        /// What is wrong.
        fault: String,
    },
    /// Parameters cannot be worked with.
    #[error("{what} is {found}, expected {expected}")]
    Params {
        /// The parameter.
        what: &'static str,
        /// What was given.
        found: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// What a model says about its own quality contradicts itself.
    #[error("evidence: {fault}; the model file is damaged or was edited by hand")]
    Evidence {
        /// What is wrong.
        fault: String,
    },
    /// Kinds of best customers do not fit together, or not the features.
    #[error("archetypes: {fault}; the model file is damaged or was edited by hand")]
    Archetypes {
        /// What is wrong.
        fault: String,
    },
    /// An output slice has another length than there are rows.
    #[error("room for {found} results, expected {expected}: one per row")]
    Length {
        /// Rows.
        expected: usize,
        /// Length of the slice.
        found: usize,
    },
}

impl Coded for ModelError {
    fn code(&self) -> &'static str {
        match self {
            Self::Bins { .. } => "E_MODEL_BINS",
            Self::Binning { .. } => "E_MODEL_BINNING",
            Self::Table { .. } => "E_MODEL_TABLE",
            Self::Knots { .. } => "E_MODEL_KNOTS",
            Self::Params { .. } => "E_MODEL_PARAMS",
            Self::Evidence { .. } => "E_MODEL_EVIDENCE",
            Self::Archetypes { .. } => "E_MODEL_ARCHETYPES",
            Self::Length { .. } => "E_MODEL_LENGTH",
        }
    }
}
