//! Why a model cannot be fitted.

use std::fmt;

use crate::error::Coded;
use crate::matrix::MatrixError;
use crate::models::{ModelError, TrendError};

/// One thing that is wrong with the rows to be learned from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SetFault {
    /// A slice has another length than there are rows.
    Length {
        /// Which slice.
        what: &'static str,
        /// Its length.
        found: usize,
        /// Number of rows.
        expected: usize,
    },
    /// The rows were binned by another binning than the one given.
    Binning,
    /// No row has the outcome.
    NoPositives,
    /// Every row has the outcome.
    NoNegatives,
    /// A weight is not a positive finite number.
    Weight {
        /// The row, from 0.
        row: usize,
        /// The weight as text.
        found: String,
    },
    /// A share that was drawn is not above 0 and at most 1.
    Drawn {
        /// The row, from 0.
        row: usize,
        /// The share as text.
        found: String,
    },
    /// The earlier rows, which tables are fitted on, lack an outcome.
    OneClassEarlier,
    /// The later rows, which the model is judged on, lack an outcome.
    OneClassLater,
    /// A trend was asked of a feature whose levels have no order.
    Trend {
        /// The feature.
        feature: String,
    },
    /// The prior has a table that does not fit the feature's bins, or turns against its trend.
    Prior {
        /// The feature.
        feature: String,
    },
    /// There are too few groups to hold some out.
    Groups {
        /// Distinct groups.
        found: usize,
        /// How many are needed.
        expected: usize,
    },
}

impl fmt::Display for SetFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { what, found, expected } => {
                write!(f, "{what} has {found} entries, expected {expected}")
            }
            Self::Binning => f.write_str("the rows were binned by another binning than the one given"),
            Self::NoPositives => {
                f.write_str("no row has the outcome; check the target column or the horizon")
            }
            Self::NoNegatives => {
                f.write_str("every row has the outcome; add rows without it, or check the target column")
            }
            Self::Weight { row, found } => {
                write!(f, "weight of row {row} is {found}, expected a positive finite number")
            }
            Self::Drawn { row, found } => {
                write!(f, "of rows like row {row} {found} were drawn, expected a share above 0 and at most 1")
            }
            Self::OneClassEarlier => {
                f.write_str("the earlier rows have one outcome only; move the split date")
            }
            Self::OneClassLater => f.write_str("the later rows have one outcome only; move the split date"),
            Self::Trend { feature } => {
                write!(f, "feature {feature} has levels, which have no order; leave its trend free")
            }
            Self::Prior { feature } => write!(
                f,
                "the prior's table of feature {feature} has other bins or turns against the trend; fit it with the same binning and trends"
            ),
            Self::Groups { found, expected } => {
                write!(
                    f,
                    "{found} distinct groups, expected at least {expected}, so that some can be held out"
                )
            }
        }
    }
}

/// One parameter that is out of range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamFault {
    /// The parameter.
    pub name: &'static str,
    /// What was given.
    pub found: String,
    /// What is allowed.
    pub expected: &'static str,
}

impl fmt::Display for ParamFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}, expected {}", self.name, self.found, self.expected)
    }
}

/// A model cannot be fitted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The rows cannot be learned from; every fault is listed.
    #[error("training rows: {}", listed(.faults))]
    Set {
        /// All that is wrong.
        faults: Vec<SetFault>,
    },
    /// Parameters are out of range; every fault is listed.
    #[error("training parameters: {}", listed(.faults))]
    Params {
        /// All that is wrong.
        faults: Vec<ParamFault>,
    },
    /// Rules of trends do not fit the features.
    #[error(transparent)]
    Trends(#[from] TrendError),
    /// A fitted value could not be made.
    #[error("fitted model: {source}")]
    Model {
        /// Why.
        #[from]
        source: ModelError,
    },
    /// A matrix is not well formed.
    #[error("feature matrix: {source}")]
    Matrix {
        /// Why.
        #[from]
        source: MatrixError,
    },
    /// The linfa framework reported an error.
    #[error("linfa: {source}")]
    Linfa {
        /// Why.
        #[from]
        source: linfa::Error,
    },
    /// A classifier that was to teach tables failed.
    #[error("challenger: {fault}")]
    Challenger {
        /// What it said.
        fault: String,
    },
    /// Best customers could not be divided into kinds.
    #[error("k-means: {fault}")]
    Clustering {
        /// What the algorithm said.
        fault: String,
    },
    /// The logistic regression of a lower rung did not come to an end.
    #[error("logistic regression: {fault}")]
    Logistic {
        /// What the solver said.
        fault: String,
    },
}

impl TrainError {
    /// Whether all that is wrong is that there are too few outcomes, or too few groups, to learn from.
    pub fn too_few_outcomes(&self) -> bool {
        let few = |fault: &SetFault| {
            !matches!(
                fault,
                SetFault::Length { .. }
                    | SetFault::Binning
                    | SetFault::Weight { .. }
                    | SetFault::Drawn { .. }
                    | SetFault::Trend { .. }
            )
        };
        matches!(self, Self::Set { faults } if faults.iter().all(few))
    }
}

fn listed<T: fmt::Display>(faults: &[T]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl Coded for TrainError {
    fn code(&self) -> &'static str {
        match self {
            Self::Set { .. } => "E_TRAIN_SET",
            Self::Params { .. } => "E_TRAIN_PARAMS",
            Self::Trends(error) => error.code(),
            Self::Model { source } => source.code(),
            Self::Matrix { source } => source.code(),
            Self::Linfa { .. } => "E_TRAIN_LINFA",
            Self::Challenger { .. } => "E_TRAIN_CHALLENGER",
            Self::Clustering { .. } => "E_TRAIN_CLUSTERING",
            Self::Logistic { .. } => "E_TRAIN_LOGISTIC",
        }
    }
}
