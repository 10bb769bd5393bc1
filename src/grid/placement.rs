//! Where an account stands, and which account is worked before which.

use std::cmp::{Ordering, Reverse};

use crate::quantity::Score;

use super::{Band, Cell, Cluster};

/// Where an account stands in the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement<'a> {
    /// The cell; `None` without a fit score.
    pub cell: Option<Cell>,
    /// The scheme's label of the cell, such as `A1`.
    pub label: Option<&'a str>,
    /// The scheme's cluster of the cell; [`Cluster::NotScored`] without a fit score.
    pub cluster: Cluster,
    /// The scheme's rank of the cell; 1 is worked first.
    pub rank: Option<u8>,
    /// The band of the fit score.
    pub fit_band: Option<Band>,
    /// The band of the intent score; Very Low stands in for a missing intent score beside a fit score.
    pub intent_band: Option<Band>,
    /// Whether there is no intent score.
    pub intent_missing: bool,
}

/// The total order of a list of accounts: rank, then fit, then intent, then id.
///
/// Smaller comes first in the list. A smaller rank is first, a higher score is first, and whatever is missing is last;
/// the id, compared byte by byte, settles the rest, so no two accounts ever change places between runs.
///
/// ```
/// use propensity::grid::Priority;
/// use propensity::quantity::Score;
/// let account = |rank, fit, id| Priority { rank, fit: Some(Score::whole(fit)), intent: None, id };
/// let mut list = [account(None, 99, "d"), account(Some(4), 80, "c"), account(Some(4), 90, "b")];
/// list.sort();
/// assert_eq!(list.map(|account| account.id), ["b", "c", "d"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priority<'a> {
    /// The rank of the cell.
    pub rank: Option<u8>,
    /// The fit score.
    pub fit: Option<Score>,
    /// The intent score.
    pub intent: Option<Score>,
    /// The account.
    pub id: &'a str,
}

impl Ord for Priority<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        // `None` is the smallest option: reversed it is last, which suits scores but not ranks.
        let rank = |priority: &Self| (priority.rank.is_none(), priority.rank);
        rank(self)
            .cmp(&rank(other))
            .then_with(|| Reverse(self.fit).cmp(&Reverse(other.fit)))
            .then_with(|| Reverse(self.intent).cmp(&Reverse(other.intent)))
            .then_with(|| self.id.cmp(other.id))
    }
}

impl PartialOrd for Priority<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_the_order_decides_in_turn() {
        let score = |value: Option<u8>| value.map(Score::whole);
        let rows = [
            (Some(1), Some(80), Some(90), "z"),
            (Some(2), Some(99), Some(60), "a"),
            (Some(2), Some(98), Some(70), "a"),
            (Some(2), Some(98), Some(60), "a"),
            (Some(2), Some(98), Some(60), "b"),
            (Some(2), Some(98), None, "a"),
            (None, None, Some(100), "b"),
            (None, None, Some(99), "a"),
            (None, None, None, "a"),
        ];
        let list =
            rows.map(|(rank, fit, intent, id)| Priority { rank, fit: score(fit), intent: score(intent), id });
        for pair in list.windows(2) {
            assert!(pair[0] < pair[1], "{:?} before {:?}", pair[0], pair[1]);
        }
    }
}
