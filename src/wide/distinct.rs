//! Counting distinct values in fixed memory.

use std::collections::BTreeSet;

use crate::seed::hash_bytes;

/// How many hashes are kept; below this the count is exact.
const KEPT: usize = 4096;

/// Counts distinct texts: exactly up to 4096, by estimate above, the same for every order of the texts.
///
/// Keeps the smallest hashes. When `k` hashes are kept and the largest of them is the fraction `u` of the
/// hash range, about `(k - 1) / u` distinct texts were seen, with a standard error of `1 / sqrt(k - 2)`, 1.6
/// % here (Bar-Yossef et al. 2002, <https://doi.org/10.1007/3-540-45726-7_1>).
#[derive(Clone, Debug, Default)]
pub(super) struct DistinctCounter {
    smallest: BTreeSet<u64>,
    /// The smallest hash of all, with its text.
    example: Option<(u64, String)>,
}

impl DistinctCounter {
    /// Takes one text in.
    pub(super) fn insert(&mut self, text: &str) {
        let hash = hash_bytes(0, text.as_bytes());
        if self.smallest.len() == KEPT {
            let Some(&largest) = self.smallest.last() else { return };
            if hash >= largest || self.smallest.contains(&hash) {
                return;
            }
            self.smallest.pop_last();
        }
        self.smallest.insert(hash);
        if self.example.as_ref().is_none_or(|(smallest, _)| hash < *smallest) {
            self.example = Some((hash, text.to_owned()));
        }
    }

    /// The number of distinct texts.
    pub(super) fn count(&self) -> u64 {
        match self.smallest.last() {
            Some(&largest) if self.smallest.len() == KEPT => {
                let estimate = ((KEPT as u128 - 1) << 64) / u128::from(largest.max(1));
                u64::try_from(estimate).unwrap_or(u64::MAX)
            }
            _ => self.smallest.len() as u64,
        }
    }

    /// Whether [`count`](Self::count) is exact.
    pub(super) fn is_exact(&self) -> bool {
        self.smallest.len() < KEPT
    }

    /// One of the texts, the same for every order.
    pub(super) fn example(&self) -> Option<&str> {
        self.example.as_ref().map(|(_, text)| text.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(texts: impl Iterator<Item = u32>) -> DistinctCounter {
        let mut counter = DistinctCounter::default();
        texts.for_each(|number| counter.insert(&number.to_string()));
        counter
    }

    #[test]
    fn few_texts_are_counted_exactly() {
        let counter = count((0..9000).map(|number| number % 4000));
        assert_eq!((counter.count(), counter.is_exact()), (4000, true));
    }

    #[test]
    fn many_texts_are_estimated_within_four_standard_errors_in_any_order() {
        let (forwards, backwards) = (count(0..100_000), count((0..100_000).rev()));
        assert!((94_000..106_000).contains(&forwards.count()), "{}", forwards.count());
        assert_eq!(forwards.count(), backwards.count());
        assert_eq!(forwards.example(), backwards.example());
        assert!(!forwards.is_exact());
    }
}
