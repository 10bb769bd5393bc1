//! How well scores tell two outcomes apart, and how true probabilities are.
//!
//! Every function takes slices of equal length, one entry per row, and answers `None` where the measure is
//! not defined: no rows, slices of different lengths, one outcome only, a value that is not finite. Sums are
//! sums of whole numbers, so that the order of the rows cannot change a digit.

mod bootstrap;
mod drift;
mod order;
mod probability;
mod proportion;
mod ranking;

pub use bootstrap::{Redraws, percentile_interval};
pub use drift::population_stability_index;
pub use order::{GainRow, Masses, Ranking};
pub use probability::{
    ReliabilityBin, brier, brier_weighted, expected_calibration_error, expected_calibration_error_weighted,
    log_loss, log_loss_weighted, reliability,
};
pub use proportion::wilson_interval;
pub use ranking::{
    AucInterval, auc, auc_interval, auc_interval_among, auc_weighted, average_precision,
    average_precision_weighted, gains, gains_weighted, kolmogorov_smirnov, kolmogorov_smirnov_weighted,
    lift_at,
};

/// Steps in one unit of a fixed-point sum: 2^40, so that a term is held to 1e-12.
const STEPS: f64 = (1_u64 << 40) as f64;

/// A sum of reals as a sum of whole numbers of 2^-40 steps: its order does not matter.
#[derive(Clone, Copy, Debug, Default)]
struct FixedSum(i128);

impl FixedSum {
    fn add(&mut self, term: f64) {
        self.0 += (term * STEPS).round() as i128;
    }

    fn value(self) -> f64 {
        self.0 as f64 / STEPS
    }
}

/// The numbers of positives and negatives, when both are there and lengths agree.
fn both_classes(labels: &[bool], values: &[f64]) -> Option<(usize, usize)> {
    if labels.len() != values.len() || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let positives = labels.iter().filter(|label| **label).count();
    let negatives = labels.len() - positives;
    (positives > 0 && negatives > 0).then_some((positives, negatives))
}
