//! Measures of quality with bootstrap intervals.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::Cases;
use crate::metrics::{
    Masses, Ranking, Redraws, ReliabilityBin, brier_weighted, expected_calibration_error_weighted,
    log_loss_weighted, percentile_interval, reliability,
};
use crate::parallelism::Parallelism;
use crate::seed::Seed;

/// Bins of the calibration error and of the reliability diagram.
const BINS: usize = 10;
/// Parts of the list in the table of gains.
const DECILES: usize = 10;
/// Share of the draws an interval holds.
const LEVEL: f64 = 0.95;
/// Cases of either outcome below which nothing is measured.
const FEWEST: usize = 10;

/// How intervals are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bootstrap {
    /// How many times the groups are drawn again. The ends of a 95 % interval settle from a few hundred on.
    pub draws: NonZeroU32,
    /// Seed of the draws.
    pub seed: Seed,
}

/// A measure with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// On all cases.
    pub value: f64,
    /// Lower end: the 2.5 % quantile of the draws.
    pub low: f64,
    /// Upper end: the 97.5 % quantile of the draws.
    pub high: f64,
}

/// One tenth of the list, best first.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decile {
    /// Share of the cases taken down to here.
    pub depth: f64,
    /// Cases in this tenth alone.
    pub rows: f64,
    /// Outcomes in this tenth alone; a fraction where cases with one score reach over its edge.
    pub positives: f64,
    /// Share of all outcomes found down to here.
    pub gain: Measure,
    /// `gain / depth`.
    pub lift: Measure,
}

/// What a model is worth on cases whose outcome is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Share of the cases with the outcome, by weight.
    pub base_rate: f64,
    /// Area under the ROC curve.
    pub auc: Measure,
    /// Average precision.
    pub average_precision: Measure,
    /// Kolmogorov-Smirnov distance between the scores of the two outcomes.
    pub kolmogorov_smirnov: Measure,
    /// Mean logarithmic loss, in nats.
    pub log_loss: Measure,
    /// The same when every case is given the base rate.
    pub log_loss_of_base_rate: f64,
    /// Mean squared error of the probability.
    pub brier: Measure,
    /// The same when every case is given the base rate.
    pub brier_of_base_rate: f64,
    /// Expected calibration error over ten bins of equal count.
    pub calibration_error: Measure,
    /// Gains and lift by tenths of the list.
    pub deciles: Vec<Decile>,
    /// What was said and what came true, in the bins of the calibration error.
    pub reliability: Vec<ReliabilityPoint>,
}

/// A bin of the reliability diagram.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityPoint {
    /// Cases.
    pub rows: f64,
    /// Mean probability.
    pub mean_probability: f64,
    /// Share with the outcome.
    pub rate: f64,
}

impl From<ReliabilityBin> for ReliabilityPoint {
    fn from(bin: ReliabilityBin) -> Self {
        Self { rows: bin.rows, mean_probability: bin.mean_probability, rate: bin.rate }
    }
}

/// The measures of one draw, in the order AUC, average precision, KS, log loss, Brier, calibration error, then gain and
/// lift of every tenth.
type Values = [f64; SINGLE + 2 * DECILES];
const SINGLE: usize = 6;

impl Quality {
    /// Measures the cases; `None` with fewer than ten cases of an outcome.
    ///
    /// Groups are drawn again for the intervals, because cases of one group are not independent. The result is the same
    /// for any order of the cases and any `parallelism`. Cost: `O(n log n)`, and `O(n)` a draw.
    pub fn measure(cases: &Cases, bootstrap: Bootstrap, parallelism: &Parallelism) -> Option<Self> {
        let positives = cases.positives();
        if positives.min(cases.len() - positives) < FEWEST {
            return None;
        }
        let ranking = Ranking::try_new(&cases.outcomes, &cases.margins)?;
        let counted = ranking.weighed(&cases.weights)?;
        let all = values(cases, &counted, &cases.weights)?;
        let redraws = Redraws::of_groups(&cases.groups, bootstrap.seed);
        let numbers: Vec<u32> = (0..bootstrap.draws.get()).collect();
        let drawn: Vec<Values> = parallelism
            .map(&numbers, |_, &number| {
                let times = redraws.times(number);
                let masses = ranking.weighed_and_repeated(&cases.weights, Some(&times))?;
                // A group is drawn a few times, so its number is exact.
                let weights: Vec<f32> =
                    times.iter().zip(&cases.weights).map(|(&times, weight)| times as f32 * weight).collect();
                values(cases, &masses, &weights)
            })
            .into_iter()
            .flatten()
            .collect();
        let measure = |place: usize| {
            let values: Vec<f64> = drawn.iter().map(|values| values[place]).collect();
            let (low, high) = percentile_interval(&values, LEVEL)?;
            Some(Measure { value: all[place], low, high })
        };
        let deciles = counted.gains(DECILES)?.into_iter().enumerate().map(|(part, row)| {
            let gain = measure(SINGLE + 2 * part)?;
            let lift = measure(SINGLE + 2 * part + 1)?;
            Some(Decile { depth: row.depth, rows: row.rows, positives: row.positives, gain, lift })
        });
        let rate = counted.base_rate()?;
        Some(Self {
            base_rate: rate,
            auc: measure(0)?,
            average_precision: measure(1)?,
            kolmogorov_smirnov: measure(2)?,
            log_loss: measure(3)?,
            log_loss_of_base_rate: -rate * libm::log(rate) - (1.0 - rate) * libm::log(1.0 - rate),
            brier: measure(4)?,
            brier_of_base_rate: rate * (1.0 - rate),
            calibration_error: measure(5)?,
            deciles: deciles.collect::<Option<_>>()?,
            reliability: reliability(&cases.outcomes, &cases.probabilities, Some(&cases.weights), BINS)?
                .into_iter()
                .map(ReliabilityPoint::from)
                .collect(),
        })
    }

    /// The single measures with their names and what the base rate alone would reach.
    pub fn named(&self) -> [(&'static str, Measure, Option<f64>); SINGLE] {
        [
            ("AUC", self.auc, Some(0.5)),
            ("average precision", self.average_precision, Some(self.base_rate)),
            ("KS", self.kolmogorov_smirnov, Some(0.0)),
            ("log loss", self.log_loss, Some(self.log_loss_of_base_rate)),
            ("Brier score", self.brier, Some(self.brier_of_base_rate)),
            ("calibration error", self.calibration_error, None),
        ]
    }
}

fn values(cases: &Cases, masses: &Masses, weights: &[f32]) -> Option<Values> {
    let (outcomes, probabilities) = (&cases.outcomes, &cases.probabilities);
    let mut values = [0.0; SINGLE + 2 * DECILES];
    values[0] = masses.auc()?;
    values[1] = masses.average_precision()?;
    values[2] = masses.kolmogorov_smirnov()?;
    values[3] = log_loss_weighted(outcomes, probabilities, weights)?;
    values[4] = brier_weighted(outcomes, probabilities, weights)?;
    values[5] = expected_calibration_error_weighted(outcomes, probabilities, weights, BINS)?;
    for (part, row) in masses.gains(DECILES)?.iter().enumerate() {
        values[SINGLE + 2 * part] = row.gain;
        values[SINGLE + 2 * part + 1] = row.lift;
    }
    Some(values)
}
