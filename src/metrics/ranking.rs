//! Measures of order: does a higher score mean more of the outcome?

use std::num::NonZeroU32;

use super::both_classes;
use super::order::{GainRow, Ranking};

/// Area under the ROC curve: the share of (positive, negative) pairs in which the positive has the higher
/// score, a tie counting half.
///
/// `AUC = (wins + ties / 2) / (n_positive * n_negative)`, counted exactly by ranks in `O(n log n)`. `None`
/// when an outcome is missing.
///
/// ```
/// use propensity::metrics::auc;
/// // Pairs: 0.8 beats 0.1 and 0.4; 0.4 beats 0.1 and ties with 0.4: 3.5 of 4.
/// assert_eq!(auc(&[true, true, false, false], &[0.8, 0.4, 0.4, 0.1]), Some(0.875));
/// ```
pub fn auc(labels: &[bool], scores: &[f64]) -> Option<f64> {
    Ranking::try_new(labels, scores)?.counted().auc()
}

/// [`auc`] with a weight for every row: the share, by weight, of the pairs. `None` too when weights are not
/// positive numbers or 0, or an outcome has none.
pub fn auc_weighted(labels: &[bool], scores: &[f64], weights: &[f32]) -> Option<f64> {
    Ranking::try_new(labels, scores)?.weighed(weights)?.auc()
}

/// An AUC with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AucInterval {
    /// The area under the ROC curve.
    pub auc: f64,
    /// Lower end, at least 0.
    pub low: f64,
    /// Upper end, at most 1.
    pub high: f64,
}

/// The AUC and its 95 % interval by `DeLong` and others (1988, <https://doi.org/10.2307/2531595>).
///
/// `Var = S10 / m + S01 / n`, where `S10` and `S01` are the sample variances of the share of negatives below
/// each positive and of positives above each negative, by midranks (Sun and Xu 2014). Few rows in perfect
/// order would have no variance at all, so `Var` is never taken below `0.25 / (m n)`, that of one pair.
/// `None` as for [`auc`], or with fewer than two rows of an outcome.
pub fn auc_interval(labels: &[bool], scores: &[f64]) -> Option<AucInterval> {
    auc_interval_among(labels, scores, NonZeroU32::MIN)
}

/// [`auc_interval`] for one of several models that are judged together: all their intervals hold at once with at
/// least 95 %, because each leaves out `0.05 / judged` (Bonferroni; Dunn 1961,
/// <https://doi.org/10.1080/01621459.1961.10482090>).
///
/// Of 14 models without any signal, one in three lines would have a model whose own interval lies above 0.5.
pub fn auc_interval_among(labels: &[bool], scores: &[f64], judged: NonZeroU32) -> Option<AucInterval> {
    let (positives, negatives) = both_classes(labels, scores)?;
    if positives < 2 || negatives < 2 {
        return None;
    }
    let (m, n) = (positives as u128, negatives as u128);
    // In half pairs, so whole: for each positive twice the negatives below plus ties, for each negative the
    // mirror.
    let (mut sum, mut squares_positive, mut squares_negative) = (0_u128, 0_u128, 0_u128);
    let (mut negatives_below, mut positives_below) = (0_u128, 0_u128);
    for tie in Ranking::try_new(labels, scores)?.counted().ties() {
        let (p, q) = (u128::from(tie.positives), u128::from(tie.negatives));
        let below = 2 * negatives_below + q;
        let above = 2 * (m - positives_below - p) + p;
        sum += p * below;
        squares_positive += p * below * below;
        squares_negative += q * above * above;
        negatives_below += q;
        positives_below += p;
    }
    let auc = sum as f64 / (2.0 * m as f64 * n as f64);
    // Sample variance of whole numbers: (N * sum of squares - sum squared) / (N * (N - 1)), exact until the
    // division.
    let variance = |squares: u128, count: u128, others: u128| {
        let spread = (count * squares - sum * sum) as f64;
        spread / (count as f64 * (count - 1) as f64) / (4.0 * others as f64 * others as f64)
    };
    let estimated = variance(squares_positive, m, n) / m as f64 + variance(squares_negative, n, m) / n as f64;
    let error = estimated.max(0.25 / (m as f64 * n as f64)).sqrt();
    let half = reach(judged) * error;
    Some(AucInterval { auc, low: (auc - half).max(0.0), high: (auc + half).min(1.0) })
}

/// How many standard errors a two-sided interval reaches that leaves out `0.05 / judged`.
fn reach(judged: NonZeroU32) -> f64 {
    let left_out = 0.05 / f64::from(judged.get());
    // The normal tail falls from one half to nothing between these; 60 halvings leave less than 1e-16.
    let (mut low, mut high) = (0.0, 40.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if libm::erfc(middle / std::f64::consts::SQRT_2) > left_out {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// Average precision: the mean, over positives, of the share of positives among the rows at or above each.
///
/// `AP = sum over distinct scores of (recall step) * precision`; tied rows enter together. `None` as for
/// [`auc`].
pub fn average_precision(labels: &[bool], scores: &[f64]) -> Option<f64> {
    Ranking::try_new(labels, scores)?.counted().average_precision()
}

/// [`average_precision`] with a weight for every row. `None` as for [`auc_weighted`].
pub fn average_precision_weighted(labels: &[bool], scores: &[f64], weights: &[f32]) -> Option<f64> {
    Ranking::try_new(labels, scores)?.weighed(weights)?.average_precision()
}

/// Kolmogorov-Smirnov distance: the largest gap between the score distributions of the two outcomes, 0 to 1.
///
/// `KS = max over scores s of |P(score <= s | negative) - P(score <= s | positive)|`. `None` as for [`auc`].
pub fn kolmogorov_smirnov(labels: &[bool], scores: &[f64]) -> Option<f64> {
    Ranking::try_new(labels, scores)?.counted().kolmogorov_smirnov()
}

/// [`kolmogorov_smirnov`] with a weight for every row. `None` as for [`auc_weighted`].
pub fn kolmogorov_smirnov_weighted(labels: &[bool], scores: &[f64], weights: &[f32]) -> Option<f64> {
    Ranking::try_new(labels, scores)?.weighed(weights)?.kolmogorov_smirnov()
}

/// Gains and lift by equal parts of the list, best first: ten parts are deciles.
///
/// Rows with one score share their positives evenly, so that the order of the input does not matter. `None`
/// as for [`auc`], or when `parts` is 0 or more than the rows.
pub fn gains(labels: &[bool], scores: &[f64], parts: usize) -> Option<Vec<GainRow>> {
    if parts > labels.len() {
        return None;
    }
    Ranking::try_new(labels, scores)?.counted().gains(parts)
}

/// [`gains`] with a weight for every row: parts of equal weight. `None` as for [`auc_weighted`], or when
/// `parts` is 0.
pub fn gains_weighted(
    labels: &[bool],
    scores: &[f64],
    weights: &[f32],
    parts: usize,
) -> Option<Vec<GainRow>> {
    Ranking::try_new(labels, scores)?.weighed(weights)?.gains(parts)
}

/// Lift of the best `share` of the rows (rounded up to whole rows) over the base rate.
///
/// `None` as for [`auc`], or when `share` is not above 0 and at most 1.
pub fn lift_at(labels: &[bool], scores: &[f64], share: f64) -> Option<f64> {
    let counted = Ranking::try_new(labels, scores)?.counted();
    if !(share > 0.0 && share <= 1.0) {
        return None;
    }
    let rows = ((labels.len() as f64 * share).ceil() as u64).max(1);
    counted.lift_of_best(rows)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LABELS: [bool; 6] = [true, false, true, false, false, true];
    const SCORES: [f64; 6] = [0.9, 0.8, 0.7, 0.3, 0.2, 0.2];

    /// The definition, pair by pair.
    fn auc_by_pairs(labels: &[bool], scores: &[f64]) -> f64 {
        let (mut pairs, mut won) = (0.0, 0.0);
        for (i, _) in labels.iter().enumerate().filter(|(_, label)| **label) {
            for (j, _) in labels.iter().enumerate().filter(|(_, label)| !**label) {
                pairs += 1.0;
                won += match scores[i].total_cmp(&scores[j]) {
                    std::cmp::Ordering::Greater => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Less => 0.0,
                };
            }
        }
        won / pairs
    }

    #[test]
    fn auc_counts_pairs_by_hand() {
        // 0.9 beats three negatives, 0.7 beats two, 0.2 ties with one: 5.5 of 9.
        assert_eq!(auc(&LABELS, &SCORES), Some(5.5 / 9.0));
        assert_eq!(auc(&[true, true], &[0.1, 0.2]), None);
        assert_eq!(auc(&[true, false], &[0.1]), None);
        assert_eq!(auc(&[true, false], &[f64::NAN, 0.0]), None);
    }

    #[test]
    fn delong_by_hand() {
        // Shares of negatives below the positives: 1, 2/3, 1/6; of positives above the negatives: 1/3, 2/3,
        // 5/6. Both have mean 11/18; sample variances 0.175926 and 0.064815; Var = (0.175926 + 0.064815) / 3
        // = 0.0802469.
        let interval = auc_interval(&LABELS, &SCORES).unwrap();
        assert!((interval.auc - 11.0 / 18.0).abs() < 1e-15);
        assert!(
            (interval.low - (11.0 / 18.0 - 1.959_963_984_540_054 * 0.080_246_913_580_f64.sqrt())).abs()
                < 1e-9
        );
        assert_eq!(interval.high, 1.0);
    }

    #[test]
    fn a_perfect_order_of_few_rows_is_not_certain() {
        let interval = auc_interval(&[true, true, false, false], &[4.0, 3.0, 2.0, 1.0]).unwrap();
        assert_eq!(interval.auc, 1.0);
        assert!(interval.low < 0.52, "{interval:?}");
    }

    #[test]
    fn average_precision_and_ks_by_hand() {
        // Positives are found at depths 1, 3 and, tied, 6: precisions 1, 2/3, 1/2.
        assert!((average_precision(&LABELS, &SCORES).unwrap() - (1.0 + 2.0 / 3.0 + 0.5) / 3.0).abs() < 1e-15);
        // From above: after 0.7 two of three positives and one of three negatives.
        assert!((kolmogorov_smirnov(&LABELS, &SCORES).unwrap() - 1.0 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn gains_share_ties() {
        let table = gains(&LABELS, &SCORES, 3).unwrap();
        let positives: Vec<f64> = table.iter().map(|row| row.positives).collect();
        assert_eq!(positives, [1.0, 1.0, 1.0]);
        assert_eq!(table[2].gain, 1.0);
        assert_eq!(lift_at(&LABELS, &SCORES, 1.0), Some(1.0));
        assert_eq!(lift_at(&LABELS, &SCORES, 0.1), Some(2.0));
        // Five rows take half of the tie: 2.5 of 3 positives in 5 of 6 rows.
        assert!((lift_at(&LABELS, &SCORES, 0.8).unwrap() - 1.0).abs() < 1e-15);
    }

    /// 240 rows with tied scores, 115 positives, weights 1 to 3.
    fn oracle_rows() -> (Vec<bool>, Vec<f64>, Vec<f32>) {
        let scores: Vec<f64> = (0..240).map(|i| f64::from(i * 37 % 53) / 53.0).collect();
        let labels = (0..240).map(|i| f64::from(i * 61 % 97) + scores[i as usize] * 40.0 > 70.0).collect();
        let weights = (0..240_u8).map(|i| 1.0 + f32::from(i % 5) / 2.0).collect();
        (labels, scores, weights)
    }

    /// Expected values from scikit-learn 1.9.1: `roc_auc_score`, `average_precision_score`, and the largest
    /// `|tpr - fpr|` of `roc_curve`, without and with `sample_weight`.
    #[test]
    fn measures_agree_with_scikit_learn() {
        let (labels, scores, weights) = oracle_rows();
        let close = |found: Option<f64>, expected: f64| (found.unwrap() - expected).abs() < 1e-12;
        assert!(close(auc(&labels, &scores), 0.639_860_869_565_217_5));
        assert!(close(average_precision(&labels, &scores), 0.599_542_642_350_520_6));
        assert!(close(kolmogorov_smirnov(&labels, &scores), 0.232_695_652_173_913_08));
        assert!(close(auc_weighted(&labels, &scores, &weights), 0.630_038_150_027_808_7));
        assert!(close(average_precision_weighted(&labels, &scores, &weights), 0.597_267_123_331_875_5));
        assert!(close(kolmogorov_smirnov_weighted(&labels, &scores, &weights), 0.218_228_587_319_243_66));
    }

    #[test]
    fn weighted_gains_by_hand() {
        // Best first: 2 of weight positive, 1 negative, 1 positive. Half of the weight is the first row.
        let table = gains_weighted(&[true, false, true], &[3.0, 2.0, 1.0], &[2.0, 1.0, 1.0], 2).unwrap();
        assert_eq!((table[0].rows, table[0].positives, table[0].gain), (2.0, 2.0, 2.0 / 3.0));
        assert!((table[0].lift - 4.0 / 3.0).abs() < 1e-15);
        assert_eq!((table[1].rows, table[1].positives, table[1].gain), (2.0, 1.0, 1.0));
        assert_eq!(gains_weighted(&[true, false], &[1.0, 0.0], &[1.0, 0.0], 2), None);
    }

    proptest! {
        #[test]
        fn auc_is_the_share_of_pairs(rows in prop::collection::vec((any::<bool>(), 0_u8..12), 2..60)) {
            let labels: Vec<bool> = rows.iter().map(|row| row.0).collect();
            let scores: Vec<f64> = rows.iter().map(|row| f64::from(row.1)).collect();
            if let Some(found) = auc(&labels, &scores) {
                prop_assert!((found - auc_by_pairs(&labels, &scores)).abs() < 1e-12);
                let mirrored: Vec<f64> = scores.iter().map(|score| -score).collect();
                prop_assert!((found + auc(&labels, &mirrored).unwrap() - 1.0).abs() < 1e-12);
            }
        }
    }
}
