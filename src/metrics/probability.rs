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

/// Expected calibration error over `bins` bins of equal count: the mean, by rows, of the distance between the
/// mean probability and the rate of the outcome in each bin.
///
/// Rows with one probability stay together, so a constant probability is one bin. `None` as for [`log_loss`],
/// or when `bins` is 0. Naeini, Cooper and Hauskrecht (2015, <https://doi.org/10.1609/aaai.v29i1.9602>).
pub fn expected_calibration_error(labels: &[bool], probabilities: &[f64], bins: usize) -> Option<f64> {
    Some(distance(&binned(labels, probabilities, None, bins)?))
}

/// [`expected_calibration_error`] with a weight for every row: bins of equal weight.
pub fn expected_calibration_error_weighted(
    labels: &[bool],
    probabilities: &[f64],
    weights: &[f32],
    bins: usize,
) -> Option<f64> {
    Some(distance(&binned(labels, probabilities, Some(weights), bins)?))
}

/// Sums over the rows of one bin.
#[derive(Clone, Copy, Debug)]
struct BinSums {
    rows: f64,
    probability: f64,
    positives: f64,
}

fn distance(bins: &[BinSums]) -> f64 {
    let all: f64 = bins.iter().map(|bin| bin.rows).sum();
    bins.iter().map(|bin| (bin.probability - bin.positives).abs()).sum::<f64>() / all
}

/// One bin of a reliability diagram: what was said, and what came true.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReliabilityBin {
    /// Rows of the bin, by weight.
    pub rows: f64,
    /// Mean probability of the bin.
    pub mean_probability: f64,
    /// Rate of the outcome in the bin.
    pub rate: f64,
}

/// The bins behind [`expected_calibration_error`], ascending by probability; fewer than `bins` where many rows share
/// a probability.
///
/// `None` as for [`expected_calibration_error`], or when weights are negative or sum to nothing.
///
/// ```
/// use propensity::metrics::reliability;
/// let bins = reliability(&[false, false, true, true], &[0.1, 0.3, 0.5, 0.7], None, 2).ok_or("undefined")?;
/// assert_eq!((bins[0].rows, bins[0].rate, bins[1].rate), (2.0, 0.0, 1.0));
/// assert!((bins[1].mean_probability - 0.6).abs() < 1e-9);
/// # Ok::<(), &str>(())
/// ```
pub fn reliability(
    labels: &[bool],
    probabilities: &[f64],
    weights: Option<&[f32]>,
    bins: usize,
) -> Option<Vec<ReliabilityBin>> {
    let bins = binned(labels, probabilities, weights, bins)?;
    let means = |bin: &BinSums| ReliabilityBin {
        rows: bin.rows,
        mean_probability: bin.probability / bin.rows,
        rate: bin.positives / bin.rows,
    };
    Some(bins.iter().map(means).collect())
}

fn binned(
    labels: &[bool],
    probabilities: &[f64],
    weights: Option<&[f32]>,
    bins: usize,
) -> Option<Vec<BinSums>> {
    if labels.is_empty()
        || bins == 0
        || labels.len() != probabilities.len()
        || weights.is_some_and(|weights| {
            weights.len() != labels.len()
                || weights.iter().any(|weight| !(0.0..f32::INFINITY).contains(weight))
        })
        || probabilities.iter().any(|p| !(0.0..=1.0).contains(p))
    {
        return None;
    }
    let weight = |row: usize| weights.map_or(1.0, |weights| f64::from(weights[row]));
    let mut rows: Vec<(f64, bool, f64)> = probabilities
        .iter()
        .zip(labels)
        .enumerate()
        .map(|(row, (p, label))| (*p, *label, weight(row)))
        .collect();
    rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut all = FixedSum::default();
    for row in &rows {
        all.add(row.2);
    }
    let total = all.value();
    if total <= 0.0 {
        return None;
    }
    let mut found: Vec<BinSums> = Vec::with_capacity(bins);
    let (mut taken, mut start) = (FixedSum::default(), 0);
    for bin in 1..=bins {
        let limit = bin as f64 * total / bins as f64;
        let mut end = start;
        let (mut sum, mut positive, mut inside) =
            (FixedSum::default(), FixedSum::default(), FixedSum::default());
        while let Some(&(probability, label, weight)) = rows.get(end) {
            let mut with = taken;
            with.add(weight);
            // Half a step of the fixed-point sum is no reason to close a bin.
            let fits = with.value() <= limit + 1e-9 * total || bin == bins;
            if !fits && (end == start || rows[end - 1].0 != probability) {
                break;
            }
            taken = with;
            inside.add(weight);
            sum.add(weight * probability);
            positive.add(if label { weight } else { 0.0 });
            end += 1;
        }
        let rows = inside.value();
        if rows > 0.0 {
            found.push(BinSums { rows, probability: sum.value(), positives: positive.value() });
        }
        start = end;
    }
    Some(found)
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

    /// Expected values from scikit-learn 1.9.1: `log_loss` and `brier_score_loss`, without and with `sample_weight`.
    #[test]
    fn losses_agree_with_scikit_learn() {
        let scores: Vec<f64> = (0..240).map(|i| f64::from(i * 37 % 53) / 53.0).collect();
        let labels: Vec<bool> =
            (0..240).map(|i| f64::from(i * 61 % 97) + scores[i as usize] * 40.0 > 70.0).collect();
        let weights: Vec<f32> = (0..240_u8).map(|i| 1.0 + f32::from(i % 5) / 2.0).collect();
        let probabilities: Vec<f64> = scores.iter().map(|score| score * 0.98 + 0.01).collect();
        // A term is held to 2^-41, the mean too.
        let close = |found: Option<f64>, expected: f64| (found.unwrap() - expected).abs() < 1e-12;
        assert!(close(log_loss(&labels, &probabilities), 0.765_615_543_612_384_2));
        assert!(close(brier(&labels, &probabilities), 0.261_623_123_294_173_5));
        assert!(close(log_loss_weighted(&labels, &probabilities, &weights), 0.781_515_310_327_919_9));
        assert!(close(brier_weighted(&labels, &probabilities, &weights), 0.266_745_402_575_055_36));
    }

    #[test]
    fn weights_are_copies_to_the_calibration_error() {
        let (labels, probabilities) = ([false, true, false, true, true], [0.1, 0.2, 0.5, 0.6, 0.9]);
        let copied = expected_calibration_error(
            &[false, true, true, false, true, true],
            &[0.1, 0.2, 0.2, 0.5, 0.6, 0.9],
            2,
        );
        let weights = [1.0, 2.0, 1.0, 1.0, 1.0];
        let weighted = expected_calibration_error_weighted(&labels, &probabilities, &weights, 2);
        assert_eq!(weighted, copied);
        // Means 1/6 and 2/3 against rates of 2/3 both: half of the rows are half away.
        assert!((weighted.unwrap() - 0.25).abs() < 1e-9);
        assert_eq!(expected_calibration_error_weighted(&labels, &probabilities, &[0.0; 5], 2), None);
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
