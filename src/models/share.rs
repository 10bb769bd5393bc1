//! Means of whole numbers, to the nearest whole number.

/// The sum of `of(weight) * count`.
pub(super) fn weighted_sum(weights: &[i32], counts: &[u64], of: impl Fn(i128) -> i128) -> i128 {
    weights.iter().zip(counts).map(|(weight, count)| of(i128::from(*weight)) * i128::from(*count)).sum()
}

/// `sum / count` to the nearest whole number, halves up; 0 for a count of 0.
pub(super) const fn rounded_share(sum: i128, count: i128) -> i128 {
    if count == 0 { 0 } else { (2 * sum + count).div_euclid(2 * count) }
}
