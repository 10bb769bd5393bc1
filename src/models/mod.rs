//! Fitted scorers: bins, additive tables, calibration, scale, and the reasons behind a score.
//!
//! The line from a row of features to a score has four steps, each a fitted, immutable value: [`Binning`]
//! (values to bins), [`AdditiveModel`] (bins to log-odds, an exact sum), [`Calibration`] (log-odds to
//! probability) and [`Scale`] (probability to 0-100). [`FittedModel`] holds the last three for one product;
//! one binning serves all products. Nothing here fits anything; `training` does.

mod additive;
mod bank;
mod binned;
mod binning;
mod bins;
mod calibration;
mod centring;
mod error;
mod evidence;
mod explain;
mod joint;
mod knots;
mod learn;
mod lookalike;
mod purify;
mod rung;
mod scale;
mod scorer;
mod share;
mod trend;

pub use additive::{AdditiveModel, FeatureTable};
pub use bank::MarginBank;
pub use binned::BinnedMatrix;
pub use binning::{Binning, BinningFingerprint, BinningParams};
pub use bins::{BinRange, FIRST_BIN, FeatureBins, MAX_BINS, MISSING_BIN, UNSEEN_BIN};
pub use calibration::{Calibration, CalibrationKnot};
pub use error::ModelError;
pub use evidence::{Evidence, Measured, Signal};
pub use explain::{Reason, strongest};
pub use joint::{FittedJoint, JointTable, MAX_JOINT, MAX_PLACES, Places};
pub use lookalike::{Archetype, Archetypes, HiddenShare, Lookalike, Middle, WHOLE, place_of_bin};
pub use rung::{RateShift, Rung, RungChoice};
pub use scale::{Scale, ScaleKnot, ScaleParams};
pub use scorer::{FittedModel, Scored, Scorer};
pub use trend::{Trend, TrendError, TrendRules};
