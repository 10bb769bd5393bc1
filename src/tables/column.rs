//! Columns in memory: text as codes into a sorted dictionary, numbers and times beside a mask.

use std::cmp::Ordering;

use super::cell::Value;
use super::contract::ColumnKind;
use super::dictionary::Dictionary;

/// The code of a missing text; no dictionary has as many entries.
const MISSING: u32 = u32::MAX;
/// Of the values from `first` on, keeps those that are wanted.
pub(super) fn retain_from<T: Copy>(values: &mut Vec<T>, first: usize, kept: &[bool]) {
    let mut end = first;
    for (place, _) in kept.iter().enumerate().filter(|(_, kept)| **kept) {
        values[end] = values[first + place];
        end += 1;
    }
    values.truncate(end);
}

/// The values of one column.
#[derive(Clone, Debug)]
pub(super) enum ColumnData {
    Text { dictionary: Dictionary, codes: Vec<u32> },
    Number { values: Vec<f64>, present: Vec<bool> },
    Time { values: Vec<i64>, present: Vec<bool> },
    Flag { values: Vec<Option<bool>> },
}

impl ColumnData {
    /// A column of `n_rows` missing cells.
    pub(super) fn missing(kind: ColumnKind, n_rows: usize) -> Self {
        match kind {
            ColumnKind::Text | ColumnKind::Currency | ColumnKind::Country => {
                Self::Text { dictionary: Dictionary::default(), codes: vec![MISSING; n_rows] }
            }
            ColumnKind::Integer { .. } | ColumnKind::Number { .. } => {
                Self::Number { values: vec![0.0; n_rows], present: vec![false; n_rows] }
            }
            ColumnKind::Time => Self::Time { values: vec![0; n_rows], present: vec![false; n_rows] },
            ColumnKind::Flag => Self::Flag { values: vec![None; n_rows] },
        }
    }

    /// The code of a missing text.
    pub(super) const MISSING_CODE: u32 = MISSING;

    /// The rows without a value.
    pub(super) fn missing_rows(&self) -> Box<dyn Iterator<Item = usize> + '_> {
        fn absent<T>(cells: &[T], is_absent: impl Fn(&T) -> bool) -> impl Iterator<Item = usize> {
            cells.iter().enumerate().filter(move |(_, cell)| is_absent(cell)).map(|(row, _)| row)
        }
        match self {
            Self::Text { codes, .. } => Box::new(absent(codes, |code| *code == MISSING)),
            Self::Number { present, .. } | Self::Time { present, .. } => {
                Box::new(absent(present, |known| !known))
            }
            Self::Flag { values } => Box::new(absent(values, Option::is_none)),
        }
    }

    /// Makes room for cells.
    pub(super) fn reserve(&mut self, n_rows: usize) {
        match self {
            Self::Text { codes, .. } => codes.reserve(n_rows),
            Self::Number { values, present } => {
                values.reserve(n_rows);
                present.reserve(n_rows);
            }
            Self::Time { values, present } => {
                values.reserve(n_rows);
                present.reserve(n_rows);
            }
            Self::Flag { values } => values.reserve(n_rows),
        }
    }

    /// Adds the cells of another column of the same kind; one of another kind counts as missing.
    pub(super) fn append(&mut self, other: Self) {
        match (self, other) {
            (Self::Text { dictionary, codes }, Self::Text { dictionary: texts, codes: added }) => {
                let mut renamed = vec![MISSING; texts.len()];
                codes.reserve(added.len());
                for code in added {
                    let Some(new) = renamed.get_mut(code as usize) else {
                        codes.push(MISSING);
                        continue;
                    };
                    // Only texts of rows that are kept come along.
                    if *new == MISSING
                        && let Some(text) = texts.get(code)
                    {
                        *new = dictionary.code(text);
                    }
                    codes.push(*new);
                }
            }
            (Self::Number { values, present }, Self::Number { values: more, present: known }) => {
                values.extend(more);
                present.extend(known);
            }
            (Self::Time { values, present }, Self::Time { values: more, present: known }) => {
                values.extend(more);
                present.extend(known);
            }
            (Self::Flag { values }, Self::Flag { values: more }) => values.extend(more),
            (column, other) => column.append_missing(other.len()),
        }
    }

    /// Adds missing cells.
    pub(super) fn append_missing(&mut self, n_rows: usize) {
        for _ in 0..n_rows {
            self.push(&Value::Missing);
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Text { codes, .. } => codes.len(),
            Self::Number { values, .. } => values.len(),
            Self::Time { values, .. } => values.len(),
            Self::Flag { values } => values.len(),
        }
    }

    /// Adds a cell; a value of another kind than the column's counts as missing.
    pub(super) fn push(&mut self, value: &Value<'_>) {
        match self {
            Self::Text { dictionary, codes } => codes.push(match value {
                Value::Text(text) => dictionary.code(text),
                _ => MISSING,
            }),
            Self::Number { values, present } => {
                let number = if let Value::Number(number) = value { Some(*number) } else { None };
                values.push(number.unwrap_or_default());
                present.push(number.is_some());
            }
            Self::Time { values, present } => {
                let time = if let Value::Time(time) = value { Some(*time) } else { None };
                values.push(time.unwrap_or_default());
                present.push(time.is_some());
            }
            Self::Flag { values } => {
                values.push(if let Value::Flag(flag) = value { Some(*flag) } else { None });
            }
        }
    }

    pub(super) fn text(&self, row: usize) -> Option<&str> {
        match self {
            Self::Text { dictionary, codes } => codes.get(row).and_then(|&code| dictionary.get(code)),
            _ => None,
        }
    }

    pub(super) fn time(&self, row: usize) -> Option<i64> {
        match self {
            Self::Time { values, present } => present.get(row)?.then(|| values[row]),
            _ => None,
        }
    }

    /// Overwrites a time.
    pub(super) fn set_time(&mut self, row: usize, time: i64) {
        if let Self::Time { values, present } = self
            && row < values.len()
        {
            values[row] = time;
            present[row] = true;
        }
    }

    /// Makes the codes of texts count in the order of the texts.
    pub(super) fn sort_dictionary(&mut self) {
        if let Self::Text { dictionary, codes } = self {
            let (sorted, renamed) = dictionary.sort();
            *dictionary = sorted;
            for code in codes.iter_mut().filter(|code| **code != MISSING) {
                *code = renamed[*code as usize];
            }
        }
    }

    /// Compares two rows; texts only after [`Self::sort_dictionary`]. Missing comes last.
    pub(super) fn compare(&self, a: usize, b: usize) -> Ordering {
        match self {
            Self::Text { codes, .. } => codes[a].cmp(&codes[b]),
            Self::Number { values, present } => {
                present[b].cmp(&present[a]).then_with(|| values[a].total_cmp(&values[b]))
            }
            Self::Time { values, present } => {
                present[b].cmp(&present[a]).then_with(|| values[a].cmp(&values[b]))
            }
            Self::Flag { values } => {
                values[b].is_some().cmp(&values[a].is_some()).then(values[a].cmp(&values[b]))
            }
        }
    }

    /// Of the rows from `first` on, keeps those that are wanted.
    pub(super) fn retain_from(&mut self, first: usize, kept: &[bool]) {
        match self {
            Self::Text { codes, .. } => retain_from(codes, first, kept),
            Self::Number { values, present } => {
                retain_from(values, first, kept);
                retain_from(present, first, kept);
            }
            Self::Time { values, present } => {
                retain_from(values, first, kept);
                retain_from(present, first, kept);
            }
            Self::Flag { values } => retain_from(values, first, kept),
        }
    }

    /// The rows of `order`, in that order.
    pub(super) fn gather(self, order: &[u32]) -> Self {
        fn take<T: Copy>(values: &[T], order: &[u32]) -> Vec<T> {
            order.iter().map(|&row| values[row as usize]).collect()
        }
        match self {
            Self::Text { dictionary, codes } => Self::Text { dictionary, codes: take(&codes, order) },
            Self::Number { values, present } => {
                Self::Number { values: take(&values, order), present: take(&present, order) }
            }
            Self::Time { values, present } => {
                Self::Time { values: take(&values, order), present: take(&present, order) }
            }
            Self::Flag { values } => Self::Flag { values: take(&values, order) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_sorted_dictionary_keeps_every_text(texts in prop::collection::vec("[abé]{0,4}", 0..80)) {
            let mut column = ColumnData::missing(ColumnKind::Text, 0);
            for text in &texts {
                column.push(&Value::Text(text.as_str().into()));
            }
            column.sort_dictionary();
            for (row, text) in texts.iter().enumerate() {
                prop_assert_eq!(column.text(row), Some(text.as_str()));
                for (other, later) in texts.iter().enumerate() {
                    prop_assert_eq!(column.compare(row, other), text.cmp(later));
                }
            }
            let ColumnData::Text { dictionary, .. } = column else { unreachable!() };
            let distinct: std::collections::BTreeSet<_> = texts.iter().map(String::as_str).collect();
            prop_assert!(dictionary.iter().eq(distinct.iter().copied()));
        }
    }

    #[test]
    fn missing_comes_last_and_survives_a_gather() {
        let mut column = ColumnData::missing(ColumnKind::Number { min: 0.0, max: 9.0 }, 1);
        column.push(&Value::Number(0.0));
        assert_eq!(column.compare(0, 1), Ordering::Greater);
        let ColumnData::Number { values, present } = column.gather(&[1, 0, 1]) else { unreachable!() };
        assert_eq!((values, present), (vec![0.0; 3], vec![true, false, true]));
    }
}
