//! What can go wrong when a line is put together or scores.

use crate::artifact::ArtifactError;
use crate::error::Coded;
use crate::features::FeatureError;
use crate::matrix::MatrixError;
use crate::models::ModelError;
use crate::spec::SpecError;
use crate::tables::TablesError;

/// A fitted line could not be put together, or could not score.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// The models are not those of the products of the spec.
    #[error("models are for [{}], expected those of the spec, in its order: [{}]", .found.join(", "), .expected.join(", "))]
    Products {
        /// Products of the spec.
        expected: Vec<String>,
        /// Products of the models.
        found: Vec<String>,
    },
    /// The bins are for features the spec does not declare.
    #[error("the models read features that the spec does not declare: {}; train anew with this spec", .missing.join(", "))]
    Features {
        /// Names of the features.
        missing: Vec<String>,
    },
    /// Nothing was known before the date.
    #[error(
        "as_of {as_of} is not after the first known row ({first}); expected a later date: nothing was known before it"
    )]
    TooEarly {
        /// The date asked for.
        as_of: String,
        /// When the first row was known.
        first: String,
    },
    /// The date is beyond what the data can speak of.
    #[error(
        "as_of {as_of} is more than {limit_days} days after the last known row ({last}); expected a date up to then, or newer data"
    )]
    TooLate {
        /// The date asked for.
        as_of: String,
        /// When the last row was known.
        last: String,
        /// Most days the date may lie after it.
        limit_days: i64,
    },
    /// The model has seen what was not known on the date.
    #[error(
        "the model was trained on what was known on {trained}, later than as_of {as_of}; expected a model of that date or before: train one, or ask for a later date"
    )]
    ModelOfLaterDate {
        /// The date asked for.
        as_of: String,
        /// The date of the model.
        trained: String,
    },
    /// A row of bins is not one of the line.
    #[error("a row of {found} bins does not belong to the model; expected {expected} bins that it knows")]
    Bins {
        /// Features of the line.
        expected: usize,
        /// Bins in the row.
        found: usize,
    },
    /// An account was asked for that the tables do not have.
    #[error("the tables have no account {account:?}; ids are compared as text, leading zeros included")]
    UnknownAccount {
        /// The account.
        account: String,
    },
    /// The earlier of two runs is the later one.
    #[error("the earlier run is of {before}, which is after {after}; expected the two the other way round")]
    Backwards {
        /// The date of the run that should be earlier.
        before: String,
        /// The date of the run that should be later.
        after: String,
    },
    /// Tables are not those that a run has read.
    #[error(
        "the tables give account {account:?} other features than the run had: {}; expected the tables of the later run",
        .features.join(", ")
    )]
    OtherTables {
        /// The account.
        account: String,
        /// Names of the features that differ.
        features: Vec<String>,
    },
    /// A profile is of another line.
    #[error(
        "the baseline has {features} features and {products} products, which are not those of the line; train it anew"
    )]
    Profile {
        /// Features of the profile.
        features: usize,
        /// Products of the profile.
        products: usize,
    },
    /// A model does not belong to the bins.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The spec in the model file is not sound.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// Features could not be built.
    #[error(transparent)]
    Build(#[from] FeatureError),
    /// A table could not be read as its contract says.
    #[error(transparent)]
    Tables(#[from] TablesError),
    /// The features are not those of the models.
    #[error(transparent)]
    Matrix(#[from] MatrixError),
    /// The model file could not be read or written.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
}

impl Coded for PipelineError {
    fn code(&self) -> &'static str {
        match self {
            Self::Products { .. } => "E_PIPELINE_PRODUCTS",
            Self::Features { .. } => "E_PIPELINE_FEATURES",
            Self::TooEarly { .. } => "E_AS_OF_TOO_EARLY",
            Self::TooLate { .. } => "E_AS_OF_TOO_LATE",
            Self::ModelOfLaterDate { .. } => "E_MODEL_OF_LATER_DATE",
            Self::Bins { .. } => "E_PIPELINE_BINS",
            Self::UnknownAccount { .. } => "E_PIPELINE_ACCOUNT",
            Self::Backwards { .. } => "E_PIPELINE_BACKWARDS",
            Self::OtherTables { .. } => "E_PIPELINE_OTHER_TABLES",
            Self::Profile { .. } => "E_PIPELINE_PROFILE",
            Self::Model(error) => error.code(),
            Self::Spec(error) => error.code(),
            Self::Build(error) => error.code(),
            Self::Tables(error) => error.code(),
            Self::Matrix(error) => error.code(),
            Self::Artifact(error) => error.code(),
        }
    }
}
