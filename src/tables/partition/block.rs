//! The rows of a range as bytes, column by column.
//!
//! ```text
//! block  = rows u32 | keys | known_at, maybe as the last moment before a date | origins, where kept | columns
//! origins = files | rows | lines, 0 where there is none
//! column = text: codes: 0 missing, 1 written out, else 2 + the number of the word; then those written out: their
//!          lengths, the texts      number: present, numbers if any      time: present, whole numbers if any, maybe
//!          as what lacks to known_at      flag: codes 0 missing, 1 no, 2 yes      a column without values: 0
//! ```
//!
//! Numbers are [`packed`](super::packed), once for all rows of a batch; each block then picks its own. Blocks follow one
//! another.

use std::cell::OnceCell;
use std::ops::Range;

use super::super::account_key::{AccountKey, fold};
use super::super::column::ColumnData;
use super::super::dictionary::Dictionary;
use super::super::reading::RowOrigin;
use super::keys::put_keys;
use super::known_at::KnownAt;
use super::packed::{Packed, put_codes};
use super::vocabulary::{Vocabulary, Word};
use crate::seed::mix;

/// All there is of a column without values: codes of no width, or that none is present.
const NOTHING: u8 = 0;
/// The code of a missing text and of one that is written out; those of words come after.
const ABSENT: u32 = 0;
pub(super) const WRITTEN_OUT: u32 = 1;
pub(super) const WORDS: u32 = 2;

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
    known_at: Packed,
    moments: &'a [i64],
    /// The moments themselves, where `known_at` says no more than the date and they are asked for.
    exactly: OnceCell<Packed>,
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
        known_at: KnownAt<'a>,
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
        let part = |part: fn(&RowOrigin) -> i64| {
            Packed::whole(&origins.iter().map(part).collect::<Vec<i64>>(), &vec![true; origins.len()])
        };
        let parts: [fn(&RowOrigin) -> i64; 3] = [
            |origin| (origin.file as u64).cast_signed(),
            |origin| origin.row.cast_signed(),
            |origin| origin.line.unwrap_or(0).cast_signed(),
        ];
        Self {
            packed: columns.iter().map(|column| column.packed(known_at)).collect(),
            known_at: known_at.packed(),
            moments: known_at.moments,
            exactly: OnceCell::new(),
            origins: parts.into_iter().filter(|_| !origins.is_empty()).map(part).collect(),
            columns,
        }
    }

    /// A hash of the cells of each of some rows, whatever numbers their words have, in place of what is in `hashes`.
    pub(super) fn hashes(&self, rows: Range<usize>, hashes: &mut Vec<u64>) {
        hashes.clear();
        hashes.resize(rows.len(), 0);
        for (place, column) in self.columns.iter().enumerate() {
            let seed = COLUMN_SEEDS[place % COLUMN_SEEDS.len()];
            let of_cell = |value: u64| fold(value ^ seed, FACTOR);
            match column {
                Source::Absent => {}
                Source::Text { codes, words, .. } => {
                    for (hash, code) in hashes.iter_mut().zip(&codes[rows.clone()]) {
                        let cell = words.get(*code as usize).map_or(0, |word| of_cell(word.hash));
                        *hash = hash.wrapping_add(cell);
                    }
                }
                Source::Number { values, present } => {
                    let cells = values[rows.clone()].iter().zip(&present[rows.clone()]);
                    for (hash, (value, present)) in hashes.iter_mut().zip(cells) {
                        let cell = if *present { of_cell(value.to_bits()) } else { 0 };
                        *hash = hash.wrapping_add(cell);
                    }
                }
                Source::Time { values, present } => {
                    let cells = values[rows.clone()].iter().zip(&present[rows.clone()]);
                    for (hash, (value, present)) in hashes.iter_mut().zip(cells) {
                        let cell = if *present { of_cell(*value as u64) } else { 0 };
                        *hash = hash.wrapping_add(cell);
                    }
                }
                Source::Flag { values } => {
                    for (hash, flag) in hashes.iter_mut().zip(&values[rows.clone()]) {
                        *hash = hash.wrapping_add(flag.map_or(0, |flag| of_cell(u64::from(flag))));
                    }
                }
            }
        }
    }

    /// Adds a block of some rows, each under its `key`, to `out`; rows without one get none.
    pub(super) fn write(
        &self,
        rows: &[u32],
        key: impl Fn(usize) -> Option<AccountKey> + Copy,
        out: &mut Vec<u8>,
    ) {
        self.write_block(rows, key, &self.known_at, out);
    }

    /// [`Self::write`], with the moments at which the rows became known.
    pub(super) fn write_exactly(
        &self,
        rows: &[u32],
        key: impl Fn(usize) -> Option<AccountKey> + Copy,
        out: &mut Vec<u8>,
    ) {
        let exactly = || KnownAt { moments: self.moments, dates: None }.packed();
        self.write_block(rows, key, self.exactly.get_or_init(exactly), out);
    }

    fn write_block(
        &self,
        rows: &[u32],
        key: impl Fn(usize) -> Option<AccountKey> + Copy,
        known_at: &Packed,
        out: &mut Vec<u8>,
    ) {
        out.extend_from_slice(&(rows.len() as u32).to_le_bytes());
        // Keys are far apart in memory, so each is looked up once.
        let keys: Vec<AccountKey> =
            rows.iter().map(|row| key(*row as usize).unwrap_or(AccountKey::NONE)).collect();
        put_keys(&keys, out);
        known_at.put(rows, out);
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
    fn packed(&self, known_at: KnownAt<'_>) -> PackedColumn {
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
                any(present).then(|| match known_at.dates {
                    None => Packed::whole_beside(values, present, known_at.moments),
                    Some(_) => Packed::whole(values, present),
                }),
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
