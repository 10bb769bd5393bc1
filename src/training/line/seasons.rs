//! How far the rate of each snapshot is from that of all.
//!
//! More is bought in some months than in others, and for that no company has a feature: those that grow with time, such as the days
//! since the first purchase, would stand for the season, and guess wrong when it turns. So boosting is told the season of each case as
//! its offset (as period effects are in models of age, period and cohort: Clayton and Schifflers 1987, Statistics in Medicine 6,
//! <https://doi.org/10.1002/sim.4780060406>), and learns who buys beside it. Scores carry the season of the latest snapshot, to
//! which they are calibrated.

use crate::quantity::LogOdds;

/// Outcomes at the rate of all snapshots that are added to those of each: the rates of small ones are mostly chance.
const SHRINKAGE: f64 = 20.0;

/// The log-odds of each snapshot less those of all, once for each of its cases.
///
/// With the weighted outcomes `k` among weighted cases `n` of a snapshot, and the rate `r` of all, a snapshot has the rate
/// `(k + 20) / (n + 20 / r)`. Cases lie by snapshot, `n_cases` of each.
pub(super) fn offsets(labels: &[bool], weights: &[f32], n_cases: &[usize]) -> Vec<LogOdds> {
    let counted = |labels: &[bool], weights: &[f32]| {
        labels.iter().zip(weights).fold((0.0, 0.0), |(bought, all), (label, weight)| {
            let weight = f64::from(*weight);
            (bought + if *label { weight } else { 0.0 }, all + weight)
        })
    };
    let log_odds = |rate: f64| libm::log(rate / (1.0 - rate));
    let (bought, all) = counted(labels, weights);
    let rate = bought / all;
    let mut offsets = Vec::with_capacity(labels.len());
    for &count in n_cases {
        let cases = offsets.len()..offsets.len() + count;
        let (bought, all) = counted(&labels[cases.clone()], &weights[cases]);
        let of_snapshot = log_odds((bought + SHRINKAGE) / (all + SHRINKAGE / rate)) - log_odds(rate);
        // Without outcomes of both kinds there is no rate to be far from.
        let offset = LogOdds::try_from(of_snapshot).unwrap_or(LogOdds::ZERO);
        offsets.extend(std::iter::repeat_n(offset, count));
    }
    offsets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_as_far_from_all_as_its_rate_shrunk_by_twenty_outcomes() {
        // 300 of 1000 and 100 of 1000: the rate of all is 1/5, so 100 cases are added to each.
        let labels: Vec<bool> = (0..2000).map(|case| case < 300 || (1000..1100).contains(&case)).collect();
        let found = offsets(&labels, &[1.0; 2000], &[1000, 1000]);
        let far = |rate: f64| libm::log(rate / (1.0 - rate)) - libm::log(0.25);
        assert_eq!(found.len(), 2000);
        assert!((found[0].value() - far(320.0 / 1100.0)).abs() < 1e-6, "{:?}", found[0]);
        assert!((found[1999].value() - far(120.0 / 1100.0)).abs() < 1e-6, "{:?}", found[1999]);
        assert!(found[..1000].iter().all(|offset| *offset == found[0]));
    }

    #[test]
    fn drawn_cases_count_for_those_they_stand_for() {
        // 50 of 200, and of another 200 as many, whose 150 without success are 50 that stand for three each.
        let labels: Vec<bool> = (0..300).map(|case| case < 50 || (200..250).contains(&case)).collect();
        let weights: Vec<f32> = (0..300).map(|case| if case >= 250 { 3.0 } else { 1.0 }).collect();
        assert_eq!(offsets(&labels, &weights, &[200, 100]), [LogOdds::ZERO; 300]);
    }

    #[test]
    fn without_outcomes_nothing_is_far_from_all() {
        for labels in [[false; 6], [true; 6]] {
            assert_eq!(offsets(&labels, &[1.0; 6], &[2, 4]), [LogOdds::ZERO; 6]);
        }
        assert!(offsets(&[], &[], &[]).is_empty());
    }
}
