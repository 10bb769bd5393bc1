//! Which columns speak together: sets of two or three, and what trees over them gain.

use std::collections::BTreeMap;

/// Most columns that trees may be over.
pub(super) const MOST_COLUMNS: usize = 64;

/// Some of at most [`MOST_COLUMNS`] columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ColumnSet(u64);

impl ColumnSet {
    pub(super) const fn with(self, column: usize) -> Self {
        Self(self.0 | 1 << column)
    }

    pub(super) const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    pub(super) const fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// The columns, ascending.
    pub(super) fn columns(self) -> impl Iterator<Item = usize> {
        (0..MOST_COLUMNS).filter(move |column| self.0 >> column & 1 == 1)
    }
}

/// What splits have gained, by the columns on the way to and with them.
#[derive(Clone, Debug, Default)]
pub(super) struct Credit(BTreeMap<ColumnSet, f64>);

impl Credit {
    pub(super) fn add(&mut self, set: ColumnSet, gain: f64) {
        if set.len() > 1 {
            *self.0.entry(set).or_default() += gain;
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (set, gain) in &other.0 {
            *self.0.entry(*set).or_default() += gain;
        }
    }

    /// The sets with most gain, at most `most` of them, none within another.
    pub(super) fn strongest(&self, most: usize) -> Vec<ColumnSet> {
        let mut order: Vec<(ColumnSet, f64)> = self.0.iter().map(|(set, gain)| (*set, *gain)).collect();
        order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut chosen: Vec<ColumnSet> = Vec::with_capacity(most);
        for (set, _) in order {
            if chosen.len() >= most {
                break;
            }
            if !chosen.iter().any(|held| set.is_within(*held)) {
                chosen.retain(|held| !held.is_within(set));
                chosen.push(set);
            }
        }
        chosen.sort();
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(columns: &[usize]) -> ColumnSet {
        columns.iter().fold(ColumnSet::default(), |set, column| set.with(*column))
    }

    #[test]
    fn the_strongest_sets_hold_the_weaker_ones_within_them() {
        let mut credit = Credit::default();
        for (columns, gain) in [
            (&[0, 1][..], 9.0),
            (&[0, 1, 2], 5.0),
            (&[1, 2], 4.0),
            (&[3, 4], 3.0),
            (&[4, 63], 1.0),
            (&[7], 99.0),
        ] {
            credit.add(set(columns), gain);
        }
        assert_eq!(credit.strongest(1), [set(&[0, 1])]);
        assert_eq!(credit.strongest(2), [set(&[0, 1, 2]), set(&[3, 4])]);
        assert_eq!(credit.strongest(9), [set(&[0, 1, 2]), set(&[3, 4]), set(&[4, 63])]);
        assert_eq!(set(&[4, 63]).columns().collect::<Vec<_>>(), [4, 63]);
    }
}
