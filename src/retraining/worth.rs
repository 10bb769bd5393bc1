//! What a line is worth on cases whose outcome is known.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cases::ScoredCase;
use crate::evaluation::Measure;
use crate::grid::Cluster;
use crate::metrics::{self, auc, expected_calibration_error, wilson_interval};
use crate::quantity::AsOf;

/// Bins of the calibration error.
const BINS: usize = 10;

/// What a line is worth on the cases, in itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worth {
    /// Mean logarithmic loss, in nats; `None` without both outcomes.
    pub log_loss: Option<f64>,
    /// Area under the ROC curve, all products together.
    pub auc: Option<f64>,
    /// Expected calibration error over ten bins.
    pub calibration_error: Option<f64>,
    /// Sum of the probabilities over the number of outcomes.
    pub expected_to_observed: Option<f64>,
    /// Share of the outcomes in Act Now and Evaluate over their share of the cases.
    pub lift: Option<f64>,
}

/// Cases and outcomes of one cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterRate {
    /// The cluster.
    pub cluster: Cluster,
    /// Cases.
    pub cases: u64,
    /// Those with the outcome.
    pub outcomes: u64,
    /// Share with the outcome and its 95 % interval; `None` without cases.
    pub rate: Option<Measure>,
}

/// Cases in the order of work: by cluster, then by probability.
pub(super) struct Best {
    order: Vec<usize>,
    /// Share of the cases in Act Now and Evaluate.
    pub(super) share: f64,
}

impl Best {
    pub(super) fn of(cases: &[ScoredCase]) -> Self {
        let mut order: Vec<usize> = (0..cases.len()).collect();
        order.sort_by(|&a, &b| {
            let (a, b) = (&cases[a], &cases[b]);
            a.cluster.cmp(&b.cluster).then_with(|| b.probability.total_cmp(&a.probability))
        });
        let top = cases.iter().filter(|case| is_top(case)).count();
        Self { order, share: top as f64 / cases.len().max(1) as f64 }
    }

    /// Share of the outcomes among the first `depth` of the cases, over `depth`; the case at the end counts in part.
    pub(super) fn lift(&self, cases: &[ScoredCase], depth: f64, weights: Option<&[f32]>) -> Option<f64> {
        let all: f64 = (0..cases.len()).map(|case| weight(weights, case)).sum();
        let (mut left, mut outcomes, mut top_outcomes) = (depth * all, 0.0, 0.0);
        for &case in &self.order {
            let weight = weight(weights, case);
            if cases[case].outcome {
                outcomes += weight;
                top_outcomes += weight.min(left);
            }
            left -= weight.min(left);
        }
        (depth > 0.0 && outcomes > 0.0).then(|| top_outcomes / outcomes / depth)
    }
}

pub(super) fn columns(cases: &[ScoredCase]) -> (Vec<bool>, Vec<f64>) {
    cases.iter().map(|case| (case.outcome, case.probability)).unzip()
}

/// Mean logarithmic loss, in nats; `None` without both outcomes.
pub(super) fn log_loss(cases: &[ScoredCase]) -> Option<f64> {
    let (outcomes, probabilities) = columns(cases);
    let both = outcomes.contains(&true) && outcomes.contains(&false);
    metrics::log_loss(&outcomes, &probabilities).filter(|_| both)
}

/// What a line is worth on its cases.
pub(super) fn worth(cases: &[ScoredCase]) -> Worth {
    worth_in_order(cases, &Best::of(cases))
}

/// [`worth`], where the order of work is known.
pub(super) fn worth_in_order(cases: &[ScoredCase], best: &Best) -> Worth {
    let (outcomes, probabilities) = columns(cases);
    Worth {
        log_loss: log_loss(cases),
        auc: auc(&outcomes, &probabilities),
        calibration_error: expected_calibration_error(&outcomes, &probabilities, BINS),
        expected_to_observed: expected_to_observed(cases, None, None),
        lift: best.lift(cases, best.share, None),
    }
}

fn weight(weights: Option<&[f32]>, case: usize) -> f64 {
    weights.map_or(1.0, |weights| f64::from(weights[case]))
}

/// The latest date among the cases: what came of it tells how things stand now.
pub(super) fn latest(cases: &[ScoredCase]) -> Option<AsOf> {
    cases.iter().map(|case| case.date).max()
}

/// On one date, or on all where that is `None`.
pub(super) fn expected_to_observed(
    cases: &[ScoredCase],
    date: Option<AsOf>,
    weights: Option<&[f32]>,
) -> Option<f64> {
    let (mut expected, mut observed) = (0.0, 0.0);
    let of_date = |case: &ScoredCase| date.is_none_or(|date| case.date == date);
    for (index, case) in cases.iter().enumerate().filter(|(_, case)| of_date(case)) {
        let weight = weight(weights, index);
        expected += weight * case.probability;
        observed += if case.outcome { weight } else { 0.0 };
    }
    (observed > 0.0).then(|| expected / observed)
}

const fn is_top(case: &ScoredCase) -> bool {
    matches!(case.cluster, Cluster::ActNow | Cluster::Evaluate)
}

/// Rates of the outcome by cluster, in the order of work; clusters without cases are left out.
pub(super) fn cluster_rates(cases: &[ScoredCase]) -> Vec<ClusterRate> {
    let mut counts: BTreeMap<Cluster, (u64, u64)> = BTreeMap::new();
    for case in cases {
        let (cases, outcomes) = counts.entry(case.cluster).or_default();
        *cases += 1;
        *outcomes += u64::from(case.outcome);
    }
    counts
        .into_iter()
        .map(|(cluster, (cases, outcomes))| ClusterRate {
            cluster,
            cases,
            outcomes,
            rate: rate(outcomes, cases),
        })
        .collect()
}

/// A share with its interval.
pub(super) fn rate(outcomes: u64, cases: u64) -> Option<Measure> {
    let (low, high) = wilson_interval(outcomes as f64, cases as f64)?;
    Some(Measure { value: outcomes as f64 / cases as f64, low, high })
}

#[cfg(test)]
mod tests {
    use super::super::compare::tests::cases;
    use super::*;

    #[test]
    fn worth_by_hand() {
        use Cluster::{ActNow, Educate, Nurture};
        let found = worth(&cases(&[
            (true, 0.8, ActNow),
            (false, 0.4, ActNow),
            (true, 0.5, Nurture),
            (false, 0.1, Educate),
        ]));
        let expected = -(libm::log(0.8) + libm::log(0.6) + libm::log(0.5) + libm::log(0.9)) / 4.0;
        assert!((found.log_loss.unwrap() - expected).abs() < 1e-9);
        assert!((found.expected_to_observed.unwrap() - 0.9).abs() < 1e-9);
        // Half of the outcomes in half of the cases.
        assert!((found.lift.unwrap() - 1.0).abs() < 1e-9);
        assert!((found.auc.unwrap() - 1.0).abs() < 1e-9);
    }
}
