//! One trial: drawn settings, and what they are worth account by account.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Tuning;
use crate::spec::TrainingSpec;
use crate::training::line::HeldOutCases;

/// Settings that are tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trial {
    /// The settings.
    pub settings: TrainingSpec,
}

impl Trial {
    /// The trial of a number; 0 is the spec as it stands, the others are drawn around it.
    pub(super) fn draw(tuning: &Tuning<'_>, number: usize) -> Self {
        let given = tuning.spec.training;
        if number == 0 {
            return Self { settings: given };
        }
        let seed = tuning.seed.named("trials").numbered(number as u64);
        let uniform = |what: &str| seed.uniform(what.as_bytes());
        // Evenly over the logarithm, to two digits.
        let between = |what: &str, low: f64, high: f64| {
            let value = low * libm::pow(high / low, uniform(what));
            let digit = libm::pow(10.0, libm::floor(libm::log10(value)) - 1.0);
            let rounded = (value / digit).round() * digit;
            // So that it is written in two digits too.
            format!("{rounded:.4}").parse().unwrap_or(value)
        };
        let one_of = |what: &str, values: &[f64]| {
            values[((uniform(what) * values.len() as f64) as usize).min(values.len() - 1)]
        };
        let settings = TrainingSpec {
            learning_rate: Some(between("learning rate", 0.05, 0.4)),
            leaves: Some(one_of("leaves", &[2.0, 3.0, 4.0, 6.0, 8.0]) as usize),
            l2: Some(between("l2", 0.5, 20.0)),
            min_gain: Some(one_of("min gain", &[0.0, 2.0, 4.0, 8.0])),
            level_smoothing: Some(between("level smoothing", 2.0, 40.0)),
            ..given
        };
        Self { settings }
    }
}

/// What every account adds to the loss of a trial, in the order of the hashes of their ids.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contributions {
    pub(super) seconds: f64,
    /// One entry an account; their sum is the loss.
    pub(super) losses: Vec<f64>,
}

impl Contributions {
    /// The mean over products of log loss as a share of the rate's, divided among accounts; `None` where no product has
    /// cases with both outcomes.
    pub(super) fn of(held_out: &[HeldOutCases], seconds: f64) -> Option<Self> {
        let judged: Vec<&HeldOutCases> = held_out.iter().filter(|cases| both(cases)).collect();
        let products = judged.len() as f64;
        let mut by_account: BTreeMap<u64, f64> = BTreeMap::new();
        for cases in judged {
            let weight: f64 = cases.weights.iter().map(|weight| f64::from(*weight)).sum();
            let with = cases.weights.iter().zip(&cases.outcomes).filter(|(_, outcome)| **outcome);
            let rate = with.map(|(weight, _)| f64::from(*weight)).sum::<f64>() / weight;
            let of_rate = -(rate * libm::log(rate) + (1.0 - rate) * libm::log(1.0 - rate));
            for (place, group) in cases.groups.iter().enumerate() {
                let p = cases.probabilities[place].clamp(1e-9, 1.0 - 1e-9);
                let surprise = -libm::log(if cases.outcomes[place] { p } else { 1.0 - p });
                *by_account.entry(*group).or_default() +=
                    surprise * f64::from(cases.weights[place]) / (weight * of_rate * products);
            }
        }
        (!by_account.is_empty()).then(|| Self { seconds, losses: by_account.into_values().collect() })
    }

    pub(super) fn loss(&self) -> f64 {
        self.losses.iter().sum()
    }

    /// The difference to another trial on the same accounts, and the ends of its interval.
    pub(super) fn less(&self, other: &Self, reach: f64) -> [f64; 3] {
        let differences: Vec<f64> =
            self.losses.iter().zip(&other.losses).map(|(own, other)| own - other).collect();
        let n = differences.len() as f64;
        let sum: f64 = differences.iter().sum();
        let spread: f64 = differences.iter().map(|d| (d - sum / n) * (d - sum / n)).sum();
        let half = reach * (spread * n / (n - 1.0).max(1.0)).sqrt();
        [sum, sum - half, sum + half]
    }
}

fn both(cases: &HeldOutCases) -> bool {
    cases.outcomes.contains(&true) && cases.outcomes.contains(&false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases(outcomes: &[bool], probabilities: &[f64]) -> HeldOutCases {
        HeldOutCases {
            outcomes: outcomes.to_vec(),
            probabilities: probabilities.to_vec(),
            groups: (0..outcomes.len() as u64).collect(),
            weights: vec![1.0; outcomes.len()],
            ..HeldOutCases::default()
        }
    }

    #[test]
    fn the_rate_given_to_everybody_has_a_loss_of_one() {
        let one = cases(&[true, false, false, false], &[0.25; 4]);
        let other = cases(&[true, true, false, false], &[0.5; 4]);
        let found = Contributions::of(&[one, other, HeldOutCases::default()], 1.0).unwrap();
        assert!((found.loss() - 1.0).abs() < 1e-12, "{}", found.loss());
        assert!(Contributions::of(&[HeldOutCases::default()], 1.0).is_none());
    }

    #[test]
    fn the_interval_of_a_difference_by_hand() {
        let of = |losses: &[f64]| Contributions { seconds: 0.0, losses: losses.to_vec() };
        let [mean, low, high] = of(&[0.5, 0.25, 0.25]).less(&of(&[0.5, 0.5, 0.5]), 2.0);
        // Differences 0, -1/4, -1/4: sum -1/2, squares around their mean 1/24, times 3/2 is 1/16.
        assert!(
            (mean + 0.5).abs() < 1e-12 && (low + 1.0).abs() < 1e-12 && high.abs() < 1e-12,
            "{mean} {low} {high}"
        );
    }
}
