//! Training: from rows with outcomes to a fitted model and the evidence for it.
//!
//! Stands beside the line that scores: it sees labels, the line does not. [`AdditiveParams::fit`] boosts
//! tables in bags, calibrates them on rows no bag has used, and says whether there was anything to learn. A
//! fit repeats bit for bit for any number of threads and any order of rows. Between two trainings
//! [`UpdateParams::update`] lets the tables follow outcomes, and [`recalibrate`] the calibration alone.

mod at_once;
mod average;
mod bag;
mod boosting;
mod calibrate;
mod challenger;
mod columns;
mod cross;
mod cross_validate;
mod empirical_bayes;
mod error;
mod fit;
mod following;
mod halves;
mod histogram;
mod judging;
mod ladder;
pub mod leak_gate;
pub mod line;
mod linfa;
#[cfg(test)]
mod made_rows;
mod params;
mod passes;
mod places;
mod prior;
mod recalibrate;
mod screening;
mod set;
mod step;
mod trees;
pub mod tuning;
mod update;

pub use crate::models::Trend;
pub use challenger::{Classifier, FittedClassifier};
pub use cross_validate::{CrossValidation, cross_validate};
pub use error::{ParamFault, SetFault, TrainError};
pub use fit::{BagReport, HeldOut, Trained, TrainingReport};
pub use ladder::Ladder;
pub use linfa::DenseModel;
pub use params::AdditiveParams;
pub use recalibrate::recalibrate;
pub use set::{TrainingRows, TrainingSet};
pub use update::UpdateParams;
