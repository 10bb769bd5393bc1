//! Which rows of a wide table are one case.

use std::collections::BTreeMap;

use super::cell;
use crate::seed::hash_bytes;
use crate::tables::raw::RawBatch;

/// Up to this share of repeated rows they are taken for copies of one case, and kept together.
const COPIES_SHARE: f64 = 0.1;

/// A hash of the group of a row: of its value in the group column, or else of the whole row.
pub(super) fn group_key(batch: &RawBatch, row: usize, group: Option<usize>, n_columns: usize) -> u64 {
    let hash = |state: u64, column: usize| match cell::text(batch.cell(row, column)) {
        Some(text) => hash_bytes(state, text.as_bytes()),
        None => hash_bytes(state ^ 1, &[]),
    };
    match group {
        // A row without a group is a group of its own.
        Some(group) if cell::text(batch.cell(row, group)).is_some() => hash(0, group),
        _ => (0..n_columns).fold(0, hash),
    }
}

/// Groups of rows that have no group column, from hashes of their contents, so that the order of rows does
/// not matter.
///
/// A few rows that are equal in every column are copies: they stay together, or a copy in the one fold would
/// give away the answer in the other. Many equal rows are different cases with few columns: the first of each
/// is told from the second by its number.
pub(super) fn groups_of_rows(contents: Vec<u64>) -> Vec<u64> {
    let mut seen: BTreeMap<u64, u64> = BTreeMap::new();
    let numbered: Vec<u64> = contents
        .iter()
        .map(|&content| {
            let number = seen.entry(content).or_default();
            *number += 1;
            hash_bytes(content, &number.to_le_bytes())
        })
        .collect();
    let repeated = contents.len() - seen.len();
    if repeated as f64 <= COPIES_SHARE * contents.len() as f64 { contents } else { numbered }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_copies_stay_together_and_many_equal_rows_do_not() {
        let mut contents: Vec<u64> = (0..20).collect();
        contents.push(0);
        assert_eq!(groups_of_rows(contents.clone()), contents);
        let many = groups_of_rows(vec![1, 2, 1, 1]);
        assert_eq!(many.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
        // The three equal rows get the same three groups wherever they stand.
        let mut turned = groups_of_rows(vec![1, 1, 2, 1]);
        turned.sort_unstable();
        let mut sorted = many;
        sorted.sort_unstable();
        assert_eq!(turned, sorted);
    }
}
