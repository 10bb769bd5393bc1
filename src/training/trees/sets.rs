//! Which columns speak together: sets of two or three, and what trees over them gain.

use std::collections::BTreeMap;

/// Most columns that trees may be over.
pub(super) const MOST_COLUMNS: usize = WORDS * WORD;
const WORDS: usize = 8;
const WORD: usize = u64::BITS as usize;

/// Some of at most [`MOST_COLUMNS`] columns, a bit each, those of the last columns first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ColumnSet([u64; WORDS]);

impl ColumnSet {
    pub(super) const fn with(mut self, column: usize) -> Self {
        self.0[WORDS - 1 - column / WORD] |= 1 << (column % WORD);
        self
    }

    pub(super) fn len(self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub(super) fn is_within(self, other: Self) -> bool {
        self.0.iter().zip(other.0).all(|(word, other)| word & !other == 0)
    }

    /// The columns, ascending.
    pub(super) fn columns(self) -> impl Iterator<Item = usize> {
        let holds = move |column: &usize| self.0[WORDS - 1 - column / WORD] >> (column % WORD) & 1 == 1;
        (0..MOST_COLUMNS).filter(holds)
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

    /// The same for a list of some of the columns that holds all of the sets, by their places in it.
    pub(super) fn among(&self, columns: &[usize]) -> Self {
        let place = |column: usize| columns.binary_search(&column).ok();
        let set =
            |set: ColumnSet| set.columns().filter_map(place).fold(ColumnSet::default(), ColumnSet::with);
        Self(self.0.iter().map(|(of_all, gain)| (set(*of_all), *gain)).collect())
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
            (&[4, 400], 0.5),
            (&[7], 99.0),
        ] {
            credit.add(set(columns), gain);
        }
        assert_eq!(credit.strongest(1), [set(&[0, 1])]);
        assert_eq!(credit.strongest(2), [set(&[0, 1, 2]), set(&[3, 4])]);
        assert_eq!(credit.strongest(9), [set(&[0, 1, 2]), set(&[3, 4]), set(&[4, 63]), set(&[4, 400])]);
        assert_eq!(set(&[4, 64, 400]).columns().collect::<Vec<_>>(), [4, 64, 400]);
    }
}
