//! The rows of a range as bytes, column by column.
//!
//! ```text
//! block  = rows u32 | keys: upper parts u64, then lower parts u32 | known_at | origins, where kept | columns
//! origins = files | rows | lines, 0 where there is none
//! column = text: codes: 0 missing, 1 written out, else 2 + the number of the word; then those written out: their
//!          lengths, the texts      number: present, numbers if any      time: present, whole numbers if any, maybe
//!          as what lacks to known_at      flag: codes 0 missing, 1 no, 2 yes      a column without values: 0
//! ```
//!
//! Numbers are [`packed`](super::packed), once for all rows of a batch; each block then picks its own. Blocks follow one
//! another.

use super::super::account_key::{AccountKey, fold};
use super::super::column::{ColumnData, retain_from};
use super::super::dictionary::Dictionary;
use super::super::reading::RowOrigin;
use super::packed::{
    Packed, put_all, put_codes, take, take_all, take_numbers, take_present, take_whole, take_widths,
};
use super::vocabulary::{Vocabulary, Word};
use crate::seed::mix;

/// All there is of a column without values: codes of no width, or that none is present.
const NOTHING: u8 = 0;
/// The code of a missing text and of one that is written out; those of words come after.
const ABSENT: u32 = 0;
const WRITTEN_OUT: u32 = 1;
const WORDS: u32 = 2;

/// The golden ratio in 64 bits: spreads the words of a row over all bits of its hash.
pub(super) const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
/// What sets the columns apart in the hash of a row.
const COLUMN_SEEDS: [u64; 32] = {
    let mut seeds = [0; 32];
    let mut place = 0;
    while place < seeds.len() {
        seeds[place] = mix(place as u64 + 1);
        place += 1;
    }
    seeds
};

/// A column of a batch, ready to be written.
enum Source<'a> {
    Absent,
    /// For each text of the dictionary the word it is written as.
    Text {
        codes: &'a [u32],
        words: Vec<Word>,
        texts: &'a Dictionary,
    },
    Number {
        values: &'a [f64],
        present: &'a [bool],
    },
    Time {
        values: &'a [i64],
        present: &'a [bool],
    },
    Flag {
        values: &'a [Option<bool>],
    },
}

/// Writes rows of a batch.
pub(super) struct BlockWriter<'a> {
    columns: Vec<Source<'a>>,
    n_rows: usize,
    known_at: Packed,
    /// Files, rows and lines; none where origins are not kept.
    origins: Vec<Packed>,
    packed: Vec<PackedColumn>,
}

/// A column of a batch, packed.
enum PackedColumn {
    Absent,
    Text(Packed),
    /// `None` where no row has a value.
    Values(Packed, Option<Packed>),
    Flag(Packed),
}

impl<'a> BlockWriter<'a> {
    /// A writer of these columns, in their order, each with the vocabulary it is written by.
    pub(super) fn new(
        columns: impl Iterator<Item = (Option<&'a ColumnData>, &'a Vocabulary)>,
        known_at: &[i64],
        origins: &[RowOrigin],
    ) -> Self {
        let source = |(data, vocabulary): (Option<&'a ColumnData>, &Vocabulary)| match data {
            None => Source::Absent,
            Some(ColumnData::Text { dictionary, codes }) => {
                Source::Text { codes, words: vocabulary.words(dictionary), texts: dictionary }
            }
            Some(ColumnData::Number { values, present }) => Source::Number { values, present },
            Some(ColumnData::Time { values, present }) => Source::Time { values, present },
            Some(ColumnData::Flag { values }) => Source::Flag { values },
        };
        let columns: Vec<Source<'a>> = columns.map(source).collect();
        let all = vec![true; known_at.len()];
        let part = |part: fn(&RowOrigin) -> i64| {
            Packed::whole(&origins.iter().map(part).collect::<Vec<i64>>(), &all[..origins.len()])
        };
        let parts: [fn(&RowOrigin) -> i64; 3] = [
            |origin| (origin.file as u64).cast_signed(),
            |origin| origin.row.cast_signed(),
            |origin| origin.line.unwrap_or(0).cast_signed(),
        ];
        Self {
            packed: columns.iter().map(|column| column.packed(known_at)).collect(),
            n_rows: known_at.len(),
            known_at: Packed::whole(known_at, &all),
            origins: parts.into_iter().filter(|_| !origins.is_empty()).map(part).collect(),
            columns,
        }
    }

    /// A hash of the cells of every row, whatever numbers their words have.
    pub(super) fn hashes(&self) -> Vec<u64> {
        let mut hashes = vec![0_u64; self.n_rows];
        for (place, column) in self.columns.iter().enumerate() {
            let seed = COLUMN_SEEDS[place % COLUMN_SEEDS.len()];
            let of_cell = |value: u64| fold(value ^ seed, FACTOR);
            match column {
                Source::Absent => {}
                Source::Text { codes, words, .. } => {
                    let of_word: Vec<u64> = words.iter().map(|word| of_cell(word.hash)).collect();
                    for (hash, code) in hashes.iter_mut().zip(*codes) {
                        *hash = hash.wrapping_add(of_word.get(*code as usize).copied().unwrap_or(0));
                    }
                }
                Source::Number { values, present } => {
                    for ((hash, value), present) in hashes.iter_mut().zip(*values).zip(*present) {
                        let cell = if *present { of_cell(value.to_bits()) } else { 0 };
                        *hash = hash.wrapping_add(cell);
                    }
                }
                Source::Time { values, present } => {
                    for ((hash, value), present) in hashes.iter_mut().zip(*values).zip(*present) {
                        let cell = if *present { of_cell(*value as u64) } else { 0 };
                        *hash = hash.wrapping_add(cell);
                    }
                }
                Source::Flag { values } => {
                    for (hash, flag) in hashes.iter_mut().zip(*values) {
                        *hash = hash.wrapping_add(flag.map_or(0, |flag| of_cell(u64::from(flag))));
                    }
                }
            }
        }
        hashes
    }

    /// Adds a block of some rows, each under its key, to `out`.
    pub(super) fn write(&self, rows: &[u32], keys: &[AccountKey], out: &mut Vec<u8>) {
        if rows.is_empty() {
            return;
        }
        out.extend_from_slice(&(rows.len() as u32).to_le_bytes());
        put_all(keys.iter().map(|key| key.high().to_le_bytes()), out);
        put_all(keys.iter().map(|key| key.low().to_le_bytes()), out);
        self.known_at.put(rows, out);
        for part in &self.origins {
            part.put(rows, out);
        }
        for (column, packed) in self.columns.iter().zip(&self.packed) {
            match packed {
                PackedColumn::Absent => out.push(NOTHING),
                PackedColumn::Text(codes) => {
                    codes.put(rows, out);
                    column.write_out(rows, out);
                }
                PackedColumn::Values(present, values) => {
                    present.put(rows, out);
                    if let Some(values) = values {
                        values.put(rows, out);
                    }
                }
                PackedColumn::Flag(codes) => codes.put(rows, out),
            }
        }
    }
}

impl Source<'_> {
    fn packed(&self, known_at: &[i64]) -> PackedColumn {
        let any = |present: &[bool]| present.contains(&true);
        match self {
            Self::Absent => PackedColumn::Absent,
            Self::Text { codes, words, .. } => {
                let code = |code: &u32| match words.get(*code as usize) {
                    None => ABSENT,
                    Some(word) => word.code.map_or(WRITTEN_OUT, |code| code + WORDS),
                };
                let of_words: Vec<u32> = codes.iter().map(code).collect();
                PackedColumn::Text(Packed::codes(of_words.iter().copied()))
            }
            Self::Number { values, present } => {
                PackedColumn::Values(Packed::present(present), any(present).then(|| Packed::numbers(values)))
            }
            Self::Time { values, present } => PackedColumn::Values(
                Packed::present(present),
                any(present).then(|| Packed::whole_beside(values, present, known_at)),
            ),
            Self::Flag { values } => {
                let code = |flag: &Option<bool>| flag.map_or(0, |flag| 1 + u32::from(flag));
                PackedColumn::Flag(Packed::codes(values.iter().map(code)))
            }
        }
    }

    /// Adds the texts of some rows that are written out.
    fn write_out(&self, rows: &[u32], out: &mut Vec<u8>) {
        let Self::Text { codes, words, texts } = self else { return };
        if words.iter().all(|word| word.code.is_some()) {
            return;
        }
        let of_row = |row: &u32| {
            let code = codes[*row as usize];
            words.get(code as usize).filter(|word| word.code.is_none()).and_then(|_| texts.get(code))
        };
        let texts: Vec<&str> = rows.iter().filter_map(of_row).collect();
        if !texts.is_empty() {
            put_codes(texts.iter().map(|text| text.len() as u64), out);
            for text in texts {
                out.extend_from_slice(text.as_bytes());
            }
        }
    }
}

/// Rows that came back, column by column.
pub(super) struct Rows {
    pub(super) keys: Vec<AccountKey>,
    pub(super) known_at: Vec<i64>,
    /// Where they came from, if that was kept.
    pub(super) origins: Vec<RowOrigin>,
    pub(super) columns: Vec<ColumnData>,
}

/// Reads blocks back.
pub(super) struct BlockReader<'a> {
    rows: Rows,
    /// For each column of texts, the code that each word of its vocabulary has in the column.
    words: Vec<(&'a Vocabulary, Vec<u32>)>,
    has_origins: bool,
}

impl<'a> BlockReader<'a> {
    /// A reader of columns, given empty and in the order in which they were written.
    pub(super) fn new(
        columns: impl Iterator<Item = (ColumnData, &'a Vocabulary)>,
        has_origins: bool,
    ) -> Self {
        let of_vocabulary = |(data, vocabulary): (ColumnData, &'a Vocabulary)| {
            (data, (vocabulary, vec![ColumnData::MISSING_CODE; vocabulary.read(Dictionary::len)]))
        };
        let (columns, words) = columns.map(of_vocabulary).unzip();
        let rows = Rows { keys: Vec::new(), known_at: Vec::new(), origins: Vec::new(), columns };
        Self { rows, words, has_origins }
    }

    /// Adds the rows of all blocks in `bytes` whose keys `holds` wants. `None`: some of the bytes are no block.
    pub(super) fn add(&mut self, mut bytes: &[u8], holds: impl Fn(AccountKey) -> bool) -> Option<()> {
        while !bytes.is_empty() {
            self.add_block(&mut bytes, &holds)?;
        }
        Some(())
    }

    fn add_block(&mut self, bytes: &mut &[u8], holds: &impl Fn(AccountKey) -> bool) -> Option<()> {
        let count = u32::from_le_bytes(take(bytes)?) as usize;
        let Rows { keys, known_at, origins, columns } = &mut self.rows;
        let before = keys.len();
        let (high, low) = (take_all::<8>(bytes, count)?, take_all::<4>(bytes, count)?);
        let key = |(high, low): (&[u8; 8], &[u8; 4])| {
            AccountKey::from_parts(u64::from_le_bytes(*high), u32::from_le_bytes(*low))
        };
        keys.extend(high.iter().zip(low).map(key));
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
