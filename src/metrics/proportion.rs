//! How sure a share is.

/// The normal deviate of a two-sided 95 % interval.
const DEVIATE: f64 = 1.959_963_984_540_054;

/// The 95 % interval of a share of `successes` in `trials`, by Wilson (1927,
/// <https://doi.org/10.1080/01621459.1927.10502953>); it stays within 0 and 1 and holds at few trials.
///
/// With `p = successes / trials` and `z = 1.96`: `(p + z^2 / 2n +- z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)`.
/// Both may be sums of weights. `None` without trials, or with more successes than trials.
///
/// ```
/// use propensity::metrics::wilson_interval;
/// let (low, high) = wilson_interval(0.0, 10.0).ok_or("no trials")?;
/// assert!(low < 1e-12 && (high - 0.2775).abs() < 1e-4);
/// # Ok::<(), &str>(())
/// ```
pub fn wilson_interval(successes: f64, trials: f64) -> Option<(f64, f64)> {
    if !(trials > 0.0 && trials.is_finite() && (0.0..=trials).contains(&successes)) {
        return None;
    }
    let (share, square) = (successes / trials, DEVIATE * DEVIATE);
    let middle = share + square / (2.0 * trials);
    let half = DEVIATE * (share * (1.0 - share) / trials + square / (4.0 * trials * trials)).sqrt();
    let bound = |at: f64| (at / (1.0 + square / trials)).clamp(0.0, 1.0);
    Some((bound(middle - half), bound(middle + half)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values from `statsmodels.stats.proportion.proportion_confint`, method `wilson`, and by hand.
    #[test]
    fn intervals_by_hand() {
        for (successes, trials, low, high) in [
            (5.0, 10.0, 0.236_593_1, 0.763_406_9),
            (8.0, 10.0, 0.490_162_5, 0.943_317_8),
            (10.0, 10.0, 0.722_467_2, 1.0),
        ] {
            let (found_low, found_high) = wilson_interval(successes, trials).unwrap();
            assert!(
                (found_low - low).abs() < 1e-6 && (found_high - high).abs() < 1e-6,
                "{found_low} {found_high}"
            );
        }
        assert_eq!(wilson_interval(1.0, 0.0), None);
        assert_eq!(wilson_interval(2.0, 1.0), None);
        assert_eq!(wilson_interval(f64::NAN, 1.0), None);
    }
}
