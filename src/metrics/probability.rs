//! Measures of truth: does a probability of 0.2 come true one time in five?

use super::FixedSum;

/// Nearest a probability comes to 0 or 1 in a logarithm: 2^-40.
const NEAREST: f64 = 1.0 / (1_u64 << 40) as f64;

/// Mean of `-ln(probability of what happened)`, in nats; probabilities are held 2^-40 away from 0 and 1.
///
/// `None` without rows, with different lengths, or when a value is not a probability.
///
/// ```
/// use propensity::metrics::log_loss;
/// let loss = log_loss(&[true, false], &[0.5, 0.5]).ok_or("undefined")?;
/// assert!((loss - 2.0_f64.ln()).abs() < 1e-12);
/// # Ok::<(), &str>(())
/// ```
pub fn log_loss(labels: &[bool], probabilities: &[f64]) -> Option<f64> {
    weighted_mean(labels, probabilities, None, surprise)
}

/// [`log_loss`] with a weight for every row; `None` too when the weights do not sum to more than 0.
pub fn log_loss_weighted(labels: &[bool], probabilities: &[f64], weights: &[f32]) -> Option<f64> {
    weighted_mean(labels, probabilities, Some(weights), surprise)
}

/// Brier score: mean of `(probability - outcome)^2`, 0 is best. `None` as for [`log_loss`].
pub fn brier(labels: &[bool], probabilities: &[f64]) -> Option<f64> {
    weighted_mean(labels, probabilities, None, squared_error)
}

/// [`brier`] with a weight for every row.
pub fn brier_weighted(labels: &[bool], probabilities: &[f64], weights: &[f32]) -> Option<f64> {
    weighted_mean(labels, probabilities, Some(weights), squared_error)
}

fn surprise(label: bool, probability: f64) -> f64 {
    let probability = probability.clamp(NEAREST, 1.0 - NEAREST);
    -libm::log(if label { probability } else { 1.0 - probability })
}

fn squared_error(label: bool, probability: f64) -> f64 {
    let error = probability - if label { 1.0 } else { 0.0 };
    error * error
}

fn weighted_mean(
    labels: &[bool],
    probabilities: &[f64],
    weights: Option<&[f32]>,
    loss: impl Fn(bool, f64) -> f64,
) -> Option<f64> {
    if labels.len() != probabilities.len()
        || weights.is_some_and(|weights| weights.len() != labels.len())
        || probabilities.iter().any(|p| !(0.0..=1.0).contains(p))
    {
        return None;
    }
    let (mut total, mut weight_sum) = (FixedSum::default(), FixedSum::default());
    for (row, (&label, &probability)) in labels.iter().zip(probabilities).enumerate() {
        let weight = weights.map_or(1.0, |weights| f64::from(weights[row]));
        total.add(weight * loss(label, probability));
        weight_sum.add(weight);
    }
    let weight = weight_sum.value();
    (weight > 0.0 && weight.is_finite()).then(|| total.value() / weight)
}

/// Expected calibration error over `bins` bins of equal count: the mean, by rows, of the distance between the mean
/// probability and the rate of the outcome in each bin.
///
/// Rows with one probability stay together, so a constant probability is one bin. `None` as for [`log_loss`], or when
/// `bins` is 0. Naeini, Cooper and Hauskrecht (2015, <https://doi.org/10.1609/aaai.v29i1.9602>).
pub fn expected_calibration_error(labels: &[bool], probabilities: &[f64], bins: usize) -> Option<f64> {
    if labels.is_empty()
        || bins == 0
        || labels.len() != probabilities.len()
        || probabilities.iter().any(|p| !(0.0..=1.0).contains(p))
    {
        return None;
    }
    let mut rows: Vec<(f64, bool)> = probabilities.iter().copied().zip(labels.iter().copied()).collect();
    rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let n = rows.len();
    let (mut error, mut start) = (0.0, 0);
    for bin in 1..=bins {
        let mut end = bin * n / bins;
        while end > start && end < n && rows[end].0 == rows[end - 1].0 {
            end += 1;
        }
        if end <= start {
            continue;
        }
        let mut predicted = FixedSum::default();
        let mut positives = 0_usize;
        for (probability, label) in &rows[start..end] {
            predicted.add(*probability);
            positives += usize::from(*label);
        }
        error += (predicted.value() - positives as f64).abs();
        start = end;
    }
    Some(error / n as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_by_hand() {
        let (labels, probabilities) = ([true, false, true], [0.8, 0.4, 0.5]);
        let expected = -(libm::log(0.8) + libm::log(0.6) + libm::log(0.5)) / 3.0;
        assert!((log_loss(&labels, &probabilities).unwrap() - expected).abs() < 1e-12);
        assert!((brier(&labels, &probabilities).unwrap() - (0.04 + 0.16 + 0.25) / 3.0).abs() < 1e-12);
        let weighted = log_loss_weighted(&labels, &probabilities, &[2.0, 0.0, 0.0]).unwrap();
        assert!((weighted + libm::log(0.8)).abs() < 1e-12);
        assert_eq!(log_loss(&labels, &[0.1, 0.2, 1.5]), None);
        assert_eq!(log_loss(&[], &[]), None);
    }

    #[test]
    fn a_certain_mistake_is_large_but_finite() {
        let loss = log_loss(&[false], &[1.0]).unwrap();
        assert!((loss - 40.0 * core::f64::consts::LN_2).abs() < 1e-6, "{loss}");
    }

    #[test]
    fn calibration_error_by_hand() {
        // Two bins: mean 0.15 against rate 0, mean 0.6 against rate 1: (2 * 0.15 + 2 * 0.4) / 4.
        let error = expected_calibration_error(&[false, false, true, true], &[0.1, 0.2, 0.5, 0.7], 2);
        assert!((error.unwrap() - 0.275).abs() < 1e-9);
        // One probability is one bin, however many are asked for.
        let constant = expected_calibration_error(&[true, false, false, false], &[0.25; 4], 4);
        assert!(constant.unwrap() < 1e-9);
    }

    #[test]
    fn the_order_of_rows_does_not_change_a_digit() {
        let labels: Vec<bool> = (0..500).map(|i| i % 3 == 0).collect();
        let probabilities: Vec<f64> = (0..500).map(|i| f64::from((i * 37) % 499) / 499.0).collect();
        let (back_labels, back): (Vec<bool>, Vec<f64>) =
            labels.iter().copied().zip(probabilities.iter().copied()).rev().unzip();
        assert_eq!(log_loss(&labels, &probabilities), log_loss(&back_labels, &back));
        assert_eq!(brier(&labels, &probabilities), brier(&back_labels, &back));
    }
}
