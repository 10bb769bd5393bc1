//! Reasons: the contributions that moved a score most.

use crate::quantity::LogOdds;

/// What one feature adds to a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Place of the feature in the signature.
    pub feature: usize,
    /// What it adds; negative when it speaks against.
    pub evidence: LogOdds,
}

/// The `k` contributions furthest from 0, the furthest first; equal ones in the order of features; zeros left out.
///
/// ```
/// use propensity::models::strongest;
/// use propensity::quantity::LogOdds;
/// let contributions = [3, -9, 0, 9].map(LogOdds::from_steps);
/// let reasons: Vec<usize> = strongest(&contributions, 3).iter().map(|reason| reason.feature).collect();
/// assert_eq!(reasons, [1, 3, 0]);
/// ```
pub fn strongest(contributions: &[LogOdds], k: usize) -> Vec<Reason> {
    let mut best: Vec<Reason> = Vec::with_capacity(k + 1);
    for (feature, &evidence) in contributions.iter().enumerate() {
        let size = evidence.steps().unsigned_abs();
        // Later features come after earlier ones of the same size.
        let place = best.partition_point(|reason| reason.evidence.steps().unsigned_abs() >= size);
        if size > 0 && place < k {
            best.truncate(k - 1);
            best.insert(place, Reason { feature, evidence });
        }
    }
    best
}
