//! Columns in memory: text as codes into a sorted dictionary, numbers and times beside a mask.

use std::cmp::Ordering;

use super::cell::Value;
use super::contract::ColumnKind;
use crate::seed::hash_bytes;

/// The code of a missing text; no dictionary has as many entries.
const MISSING: u32 = u32::MAX;
/// An empty place in the hash table.
const VACANT: u32 = u32::MAX;

/// Distinct texts, each stored once.
///
/// While rows are added, codes count in the order of first appearance; [`Dictionary::sort`] makes them count in the
/// order of the texts, so that neither depends on the order of the rows. Names, of which nearly every row has another,
/// are not looked for when they are added: until it is sorted, a dictionary may hold a name several times.
#[derive(Clone, Debug, Default)]
pub(super) struct Dictionary {
    text: String,
    ends: Vec<usize>,
    /// Open addressing: codes at the hash of their text; the length is a power of two.
    places: Vec<u32>,
    /// Where texts that were looked up lately are found, by a few of their bytes.
    lately: Vec<u32>,
}

/// Places of `lately`.
const LATELY: usize = 256;

impl Dictionary {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn get(&self, code: u32) -> Option<&str> {
        let at = code as usize;
        let end = *self.ends.get(at)?;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        Some(&self.text[start..end])
    }

    /// All texts in the order of their codes.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|code| self.get(code as u32))
    }

    /// The code of a text that is there.
    pub(super) fn find(&self, text: &str) -> Option<u32> {
        let mask = self.places.len().checked_sub(1)?;
        let mut at = hash_bytes(0, text.as_bytes()) as usize & mask;
        loop {
            match self.places[at] {
                VACANT => return None,
                code if self.get(code) == Some(text) => return Some(code),
                _ => at = (at + 1) & mask,
            }
        }
    }

    /// The code of a text, which is added where it is not there yet.
    ///
    /// A text that comes again and again is found by a few of its bytes, before its hash is asked.
    pub(super) fn code(&mut self, text: &str) -> u32 {
        if self.lately.is_empty() {
            self.lately = vec![VACANT; LATELY];
        }
        let place = glance(text.as_bytes());
        let code = self.lately[place];
        if code != VACANT && self.get(code) == Some(text) {
            return code;
        }
        let code = self.hashed_code(text);
        self.lately[place] = code;
        code
    }

    /// The code of a text that is added without a look whether it is there.
    pub(super) fn add_name(&mut self, text: &str) -> u32 {
        self.text.push_str(text);
        self.ends.push(self.text.len());
        self.len() as u32 - 1
    }

    fn hashed_code(&mut self, text: &str) -> u32 {
        if self.places.len() < 2 * (self.len() + 1) {
            self.grow();
        }
        let mask = self.places.len() - 1;
        let mut at = hash_bytes(0, text.as_bytes()) as usize & mask;
        loop {
            match self.places[at] {
                VACANT => break,
                code if self.get(code) == Some(text) => return code,
                _ => at = (at + 1) & mask,
            }
        }
        let code = self.len() as u32;
        self.places[at] = code;
        self.text.push_str(text);
        self.ends.push(self.text.len());
        code
    }

    fn grow(&mut self) {
        let mut places = vec![VACANT; (4 * (self.len() + 1)).next_power_of_two()];
        let mask = places.len() - 1;
        for (code, text) in self.iter().enumerate() {
            let mut at = hash_bytes(0, text.as_bytes()) as usize & mask;
            while places[at] != VACANT {
                at = (at + 1) & mask;
            }
            places[at] = code as u32;
        }
        self.places = places;
    }

    /// The same texts in ascending order, each once, and for each old code the new one.
    fn sort(&self) -> (Self, Vec<u32>) {
        /// As many bytes of the text as compare at once, and how many there are.
        fn start(text: &str) -> (u128, usize) {
            let mut bytes = [0; 16];
            let length = text.len().min(16);
            bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
            (u128::from_be_bytes(bytes), length)
        }
        let texts: Vec<&str> = self.iter().collect();
        let mut order: Vec<((u128, usize), u32)> =
            texts.iter().zip(0..).map(|(text, code)| (start(text), code)).collect();
        order.sort_unstable();
        // What is alike so far may differ further on.
        for alike in
            order.chunk_by_mut(|a, b| a.0 == b.0).filter(|alike| alike.len() > 1 && alike[0].0.1 == 16)
        {
            alike.sort_unstable_by_key(|(_, code)| texts[*code as usize]);
        }
        let mut sorted = Self { text: String::with_capacity(self.text.len()), ..Self::default() };
        let mut renamed = vec![0; order.len()];
        for (_, old) in order {
            let text = texts[old as usize];
            if sorted.len().checked_sub(1).and_then(|last| sorted.get(last as u32)) != Some(text) {
                sorted.add_name(text);
            }
            renamed[old as usize] = sorted.len() as u32 - 1;
        }
        (sorted, renamed)
    }
}

/// A place in `lately`: made of length, first, middle and last byte.
fn glance(text: &[u8]) -> usize {
    let byte = |at: usize| text.get(at).map_or(0, |byte| usize::from(*byte));
    let mixed = byte(0)
        ^ byte(text.len() / 2).wrapping_mul(7)
        ^ byte(text.len().saturating_sub(1)).wrapping_mul(31)
        ^ text.len().wrapping_mul(13);
    mixed % LATELY
}

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
