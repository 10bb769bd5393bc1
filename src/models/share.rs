//! Means of whole numbers, to the nearest whole number.

/// The sum of `of(weight) * count`.
fn weighted_sum(weights: &[i32], counts: &[u64], of: impl Fn(i128) -> i128) -> i128 {
    weights.iter().zip(counts).map(|(weight, count)| of(i128::from(*weight)) * i128::from(*count)).sum()
}

/// The mean weight of a table over a population given as rows per bin or cell.
pub(super) fn mean_weight(weights: &[i32], counts: &[u64]) -> i32 {
    let mean = rounded_share(weighted_sum(weights, counts, |weight| weight), rows(counts));
    i32::try_from(mean).unwrap_or(0)
}

/// How far a table moves a row of the population: the mean size of its weights.
pub(super) fn importance(weights: &[i32], counts: &[u64]) -> u32 {
    let size = rounded_share(weighted_sum(weights, counts, i128::abs), rows(counts));
    u32::try_from(size).unwrap_or(u32::MAX)
}

fn rows(counts: &[u64]) -> i128 {
    counts.iter().map(|count| i128::from(*count)).sum()
}

/// `sum / count` to the nearest whole number, halves up; 0 for a count of 0.
pub(super) const fn rounded_share(sum: i128, count: i128) -> i128 {
    if count == 0 { 0 } else { (2 * sum + count).div_euclid(2 * count) }
}
