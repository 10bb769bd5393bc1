//! Drift: how far a distribution has moved from its reference.

/// Population stability index between two histograms over the same bins: `sum (a - e) ln(a / e)` of the shares.
///
/// Half a row is added to every bin of both, so that an empty bin does not make it infinite. Usual reading: below 0.1
/// stable, above 0.25 moved. `None` with different lengths or an empty histogram. Siddiqi (2006), Credit Risk
/// Scorecards.
///
/// ```
/// use propensity::metrics::population_stability_index;
/// assert_eq!(population_stability_index(&[10, 20, 30], &[10, 20, 30]), Some(0.0));
/// assert!(population_stability_index(&[30, 20, 10], &[10, 20, 30]).is_some_and(|moved| moved > 0.25));
/// ```
pub fn population_stability_index(expected: &[u64], actual: &[u64]) -> Option<f64> {
    let (expected_total, actual_total) = (expected.iter().sum::<u64>(), actual.iter().sum::<u64>());
    if expected.len() != actual.len() || expected_total == 0 || actual_total == 0 {
        return None;
    }
    let bins = expected.len() as f64;
    let share = |count: u64, total: u64| (count as f64 + 0.5) / (total as f64 + 0.5 * bins);
    Some(
        expected
            .iter()
            .zip(actual)
            .map(|(&e, &a)| {
                let (e, a) = (share(e, expected_total), share(a, actual_total));
                (a - e) * libm::log(a / e)
            })
            .sum(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // Shares with half a row added: 1.5/4 and 2.5/4 against 2.5/4 and 1.5/4.
        let found = population_stability_index(&[1, 2], &[2, 1]).unwrap();
        assert!((found - 2.0 * 0.25 * libm::log(2.5 / 1.5)).abs() < 1e-12);
        assert_eq!(population_stability_index(&[1], &[1, 2]), None);
        assert_eq!(population_stability_index(&[0, 0], &[1, 2]), None);
    }
}
