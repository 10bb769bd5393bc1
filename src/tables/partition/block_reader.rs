//! Reads the rows of a range back from their [blocks](super::block).

use super::super::account_key::AccountKey;
use super::super::column::{ColumnData, retain_from};
use super::super::dictionary::Dictionary;
use super::super::reading::RowOrigin;
use super::block::{WORDS, WRITTEN_OUT};
use super::keys::take_keys;
use super::unpacked::{take, take_numbers, take_present, take_whole, take_widths};
use super::vocabulary::Vocabulary;

/// Rows that came back, column by column.
pub(super) struct Rows {
    pub(super) keys: Vec<AccountKey>,
    pub(super) known_at: Vec<i64>,
    /// Where they came from, if that was kept.
    pub(super) origins: Vec<RowOrigin>,
    pub(super) columns: Vec<ColumnData>,
}

impl Rows {
    fn reserve(&mut self, n_rows: usize) {
        self.keys.reserve(n_rows);
        self.known_at.reserve(n_rows);
        self.columns.iter_mut().for_each(|column| column.reserve(n_rows));
    }
}

/// Reads blocks back.
pub(super) struct BlockReader<'a> {
    rows: Rows,
    /// For each column of texts, the code that each word of its vocabulary has in the column.
    words: Vec<(&'a Vocabulary, Vec<u32>)>,
    has_origins: bool,
    /// Bytes that are still to come, where that is known.
    bytes: usize,
}

impl<'a> BlockReader<'a> {
    /// A reader of columns, given empty and in the order in which they were written; `bytes` will come.
    pub(super) fn new(
        columns: impl Iterator<Item = (ColumnData, &'a Vocabulary)>,
        has_origins: bool,
        bytes: usize,
    ) -> Self {
        let of_vocabulary = |(data, vocabulary): (ColumnData, &'a Vocabulary)| {
            (data, (vocabulary, vec![ColumnData::MISSING_CODE; vocabulary.read(Dictionary::len)]))
        };
        let (columns, words) = columns.map(of_vocabulary).unzip();
        let rows = Rows { keys: Vec::new(), known_at: Vec::new(), origins: Vec::new(), columns };
        Self { rows, words, has_origins, bytes }
    }

    /// Adds the rows of all blocks in `bytes` whose keys `holds` wants. `None`: some of the bytes are no block.
    pub(super) fn add(&mut self, mut bytes: &[u8], holds: impl Fn(AccountKey) -> bool) -> Option<()> {
        while !bytes.is_empty() {
            let (is_first, before) = (self.rows.keys.is_empty(), bytes.len());
            self.add_block(&mut bytes, &holds)?;
            if is_first {
                // Other blocks have about as many rows for their bytes.
                let n_rows = self.rows.keys.len() * (self.bytes / (before - bytes.len()).max(1));
                self.rows.reserve(n_rows + n_rows / 16);
            }
        }
        Some(())
    }

    fn add_block(&mut self, bytes: &mut &[u8], holds: &impl Fn(AccountKey) -> bool) -> Option<()> {
        let count = u32::from_le_bytes(take(bytes)?) as usize;
        let Rows { keys, known_at, origins, columns } = &mut self.rows;
        let before = keys.len();
        take_keys(bytes, count, keys)?;
        take_whole(bytes, count, &[], known_at)?;
        if self.has_origins {
            let mut parts = [const { Vec::new() }; 3];
            for part in &mut parts {
                take_whole(bytes, count, &[], part)?;
            }
            let [files, rows, lines] = parts;
            let origin = |((file, row), line): ((i64, i64), i64)| RowOrigin {
                file: file as usize,
                row: row as u64,
                line: (line > 0).then_some(line as u64),
            };
            origins.extend(files.into_iter().zip(rows).zip(lines).map(origin));
        }
        for (data, (vocabulary, renamed)) in columns.iter_mut().zip(&mut self.words) {
            match data {
                ColumnData::Text { dictionary, codes } => {
                    take_texts(bytes, count, (dictionary, codes), vocabulary, renamed)?;
                }
                ColumnData::Number { values, present } => {
                    if take_present(bytes, count, present)? {
                        take_numbers(bytes, count, values)?;
                    } else {
                        values.resize(values.len() + count, 0.0);
                    }
                }
                ColumnData::Time { values, present } => {
                    if take_present(bytes, count, present)? {
                        take_whole(bytes, count, &known_at[before..], values)?;
                        if present[before..].contains(&false) {
                            for (value, present) in values[before..].iter_mut().zip(&present[before..]) {
                                *value = if *present { *value } else { 0 };
                            }
                        }
                    } else {
                        values.resize(values.len() + count, 0);
                    }
                }
                ColumnData::Flag { values } => {
                    take_widths(bytes, count, values, |code| (code > 0).then_some(code == 2))?;
                }
            }
        }
        let unwanted = keys[before..].iter().any(|key| !holds(*key));
        if unwanted {
            let kept: Vec<bool> = keys[before..].iter().map(|key| holds(*key)).collect();
            retain_from(keys, before, &kept);
            retain_from(known_at, before, &kept);
            if self.has_origins {
                retain_from(origins, before, &kept);
            }
            for column in columns {
                column.retain_from(before, &kept);
            }
        }
        Some(())
    }

    /// The rows, with their columns in the order in which they were written.
    pub(super) fn finish(self) -> Rows {
        self.rows
    }
}

fn take_texts(
    bytes: &mut &[u8],
    count: usize,
    (dictionary, codes): (&mut Dictionary, &mut Vec<u32>),
    vocabulary: &Vocabulary,
    renamed: &mut [u32],
) -> Option<()> {
    let first = codes.len();
    take_widths(bytes, count, codes, |code| code as u32)?;
    let mut written_out = Vec::new();
    for (place, code) in codes.iter_mut().enumerate().skip(first) {
        *code = match code.checked_sub(WORDS) {
            Some(word) => {
                let new = renamed.get_mut(word as usize)?;
                if *new == ColumnData::MISSING_CODE {
                    *new = vocabulary.read(|words| words.get(word).map(|text| dictionary.code(text)))?;
                }
                *new
            }
            None if *code == WRITTEN_OUT => {
                written_out.push(place);
                ColumnData::MISSING_CODE
            }
            None => ColumnData::MISSING_CODE,
        };
    }
    if !written_out.is_empty() {
        let mut lengths = Vec::with_capacity(written_out.len());
        take_widths(bytes, written_out.len(), &mut lengths, |length| length as usize)?;
        for (place, length) in written_out.into_iter().zip(lengths) {
            let (text, rest) = bytes.split_at_checked(length)?;
            *bytes = rest;
            let text = std::str::from_utf8(text).ok()?;
            codes[place] =
                if vocabulary.is_of_names() { dictionary.add_name(text) } else { dictionary.code(text) };
        }
    }
    Some(())
}
