//! Rows as bytes.
//!
//! ```text
//! row      = length u32 | key 12 | known_at i64 | hash u64, where pending | origin, where kept | tags | cells
//! origin   = file u32 | row u64 | line u64, 0 where there is none
//! tags     = two bits a column, rounded up to whole bytes
//! cell     = text: 1 number of the word as LEB128, 2 length as LEB128 and the text
//!            number: 1 f64      time: 1 i64, 2 nothing: it is known_at      flag: 1 no, 2 yes      0 missing
//! ```
//!
//! Numbers are little-endian. The hash is of the cells, whatever numbers their words have. A pending row waits for its
//! account: its key is that of a domain, and its times are written in full, because what is known of it may change.

use super::super::account_key::{AccountKey, fold};
use super::super::column::{ColumnData, Dictionary};
use super::super::reading::RowOrigin;
use super::vocabulary::{Vocabulary, Word};
use crate::seed::mix;

/// A column of a batch, ready to be written row by row.
enum Writer<'a> {
    Absent,
    Text { codes: &'a [u32], words: Vec<Word>, texts: &'a Dictionary },
    Number { values: &'a [f64], present: &'a [bool] },
    Time { values: &'a [i64], present: &'a [bool] },
    Flag { values: &'a [Option<bool>] },
}

/// Whether the account of a row is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Settled,
    Pending,
}

/// Writes the rows of a batch.
pub(super) struct RecordWriter<'a> {
    columns: Vec<Writer<'a>>,
    known_at: &'a [i64],
    origins: &'a [RowOrigin],
}

impl<'a> RecordWriter<'a> {
    /// A writer of these columns, in their order, each with the vocabulary it is written by.
    pub(super) fn new(
        columns: impl Iterator<Item = (Option<&'a ColumnData>, &'a Vocabulary)>,
        known_at: &'a [i64],
        origins: &'a [RowOrigin],
    ) -> Self {
        let writer = |(data, vocabulary): (Option<&'a ColumnData>, &Vocabulary)| match data {
            None => Writer::Absent,
            Some(ColumnData::Text { dictionary, codes }) => {
                Writer::Text { codes, words: vocabulary.words(dictionary), texts: dictionary }
            }
            Some(ColumnData::Number { values, present }) => Writer::Number { values, present },
            Some(ColumnData::Time { values, present }) => Writer::Time { values, present },
            Some(ColumnData::Flag { values }) => Writer::Flag { values },
        };
        Self { columns: columns.map(writer).collect(), known_at, origins }
    }

    /// Adds a row of the batch to `out` and gives the hash of its cells.
    pub(super) fn write(&self, row: usize, key: AccountKey, form: Form, out: &mut Vec<u8>) -> u64 {
        let known_at = self.known_at[row];
        let mut row_out = RowBytes::new(out);
        row_out.put(key.bytes());
        row_out.put(known_at.to_le_bytes());
        let hash_at = row_out.end();
        if form == Form::Pending {
            row_out.put([0; 8]);
        }
        if let Some(origin) = self.origins.get(row) {
            row_out.put((origin.file as u32).to_le_bytes());
            row_out.put(origin.row.to_le_bytes());
            row_out.put(origin.line.unwrap_or(0).to_le_bytes());
        }
        let (tags_at, n_tags) = (row_out.end(), tag_bytes(self.columns.len()));
        (0..n_tags).for_each(|_| row_out.put([0]));
        let (mut tags, mut hash) = (0_u64, 0_u64);
        let left_out = (form == Form::Settled).then_some(known_at);
        for (place, column) in self.columns.iter().enumerate() {
            let (tag, value) = column.write(row, left_out, &mut row_out);
            if tag != 0 {
                tags |= tag << (2 * place);
                hash = hash.wrapping_add(fold(value ^ COLUMN_SEEDS[place % COLUMN_SEEDS.len()], FACTOR));
            }
        }
        let hash_bytes = hash.to_le_bytes();
        let pending = if form == Form::Pending { hash_bytes.as_slice() } else { &[] };
        row_out.finish([(tags_at, &tags.to_le_bytes()[..n_tags]), (hash_at, pending)]);
        hash
    }
}

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

const fn tag_bytes(n_columns: usize) -> usize {
    n_columns.div_ceil(4)
}

/// What fits beside the list at a time; most rows do.
const ROW_BYTES: usize = 96;

/// A row on its way into a list of bytes. It is put together beside the list, and moved there in one or few pieces.
struct RowBytes<'o> {
    out: &'o mut Vec<u8>,
    /// Where the row starts in the list.
    start: usize,
    buffer: [u8; ROW_BYTES],
    filled: usize,
}

impl<'o> RowBytes<'o> {
    fn new(out: &'o mut Vec<u8>) -> Self {
        let start = out.len();
        Self { out, start, buffer: [0; ROW_BYTES], filled: 4 }
    }

    /// Where the next byte goes, counted from the start of the row.
    fn end(&self) -> usize {
        self.out.len() - self.start + self.filled
    }

    fn flush(&mut self) {
        self.out.extend_from_slice(&self.buffer[..self.filled]);
        self.filled = 0;
    }

    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        if self.filled + N > ROW_BYTES {
            self.flush();
        }
        self.buffer[self.filled..self.filled + N].copy_from_slice(&bytes);
        self.filled += N;
    }

    fn put_length(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.put([number as u8 | 0x80]);
            number >>= 7;
        }
        self.put([number as u8]);
    }

    fn put_text(&mut self, text: &str) {
        self.flush();
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Moves the row to the list and writes what is only known at its end: the length, and bytes at some places.
    fn finish<const N: usize>(mut self, later: [(usize, &[u8]); N]) {
        self.flush();
        let row = &mut self.out[self.start..];
        let length = (row.len() - 4) as u32;
        row[..4].copy_from_slice(&length.to_le_bytes());
        for (at, bytes) in later {
            row[at..at + bytes.len()].copy_from_slice(bytes);
        }
    }
}

impl Writer<'_> {
    /// Writes a cell, but for the time `left_out`; gives its tag and what of it goes into the hash.
    fn write(&self, row: usize, left_out: Option<i64>, out: &mut RowBytes<'_>) -> (u64, u64) {
        match self {
            Self::Text { codes, words, texts } => {
                let code = codes[row];
                let Some(word) = words.get(code as usize) else { return (0, 0) };
                if let Some(number) = word.code {
                    out.put_length(u64::from(number));
                    return (1, word.hash);
                }
                let text = texts.get(code).unwrap_or_default();
                out.put_length(text.len() as u64);
                out.put_text(text);
                (2, word.hash)
            }
            Self::Number { values, present } if present[row] => {
                out.put(values[row].to_le_bytes());
                (1, values[row].to_bits())
            }
            Self::Time { values, present } if present[row] => {
                let value = values[row];
                if left_out == Some(value) {
                    return (2, value as u64);
                }
                out.put(value.to_le_bytes());
                (1, value as u64)
            }
            Self::Flag { values } => match values[row] {
                None => (0, 0),
                Some(flag) => (1 + u64::from(flag), u64::from(flag)),
            },
            Self::Absent | Self::Number { .. } | Self::Time { .. } => (0, 0),
        }
    }
}

/// Rows that were written, one after the other. Bytes that are no row end them.
pub(super) struct Records<'a> {
    bytes: &'a [u8],
}

/// A row that was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) key: AccountKey,
    pub(super) known_at: i64,
    /// What follows `known_at`.
    rest: &'a [u8],
}

impl<'a> Records<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let (length, bytes) = self.bytes.split_first_chunk::<4>()?;
        let (row, later) = bytes.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        self.bytes = later;
        let key = AccountKey::read(row)?;
        let (known_at, rest) = row[AccountKey::BYTES..].split_first_chunk::<8>()?;
        Some(Record { key, known_at: i64::from_le_bytes(*known_at), rest })
    }
}

impl Record<'_> {
    /// Writes a pending row as a settled one, under the key of its account and with the time from which it counts as
    /// known; gives the hash of its cells.
    pub(super) fn settle(&self, key: AccountKey, known_at: i64, out: &mut Vec<u8>) -> Option<u64> {
        let (hash, cells) = self.rest.split_first_chunk::<8>()?;
        out.extend_from_slice(&((AccountKey::BYTES + 8 + cells.len()) as u32).to_le_bytes());
        key.write(out);
        out.extend_from_slice(&known_at.to_le_bytes());
        out.extend_from_slice(cells);
        Some(u64::from_le_bytes(*hash))
    }
}

/// Reads the cells of rows back into columns.
pub(super) struct RecordReader<'a> {
    columns: Vec<(ColumnData, &'a Vocabulary, Vec<u32>)>,
    has_origin: bool,
}

impl<'a> RecordReader<'a> {
    /// A reader of columns, given empty and in the order in which they were written.
    pub(super) fn new(columns: impl Iterator<Item = (ColumnData, &'a Vocabulary)>, has_origin: bool) -> Self {
        let column = |(data, vocabulary): (ColumnData, &'a Vocabulary)| {
            let words = vocabulary.read(Dictionary::len);
            (data, vocabulary, vec![u32::MAX; words])
        };
        Self { columns: columns.map(column).collect(), has_origin }
    }

    /// Makes room for rows.
    pub(super) fn reserve(&mut self, n_rows: usize) {
        self.columns.iter_mut().for_each(|(data, ..)| data.reserve(n_rows));
    }

    /// Adds the cells of a row to the columns, and where it came from to `origins`, if that was kept. `None` where the
    /// bytes are no row of this table.
    pub(super) fn add(&mut self, record: &Record<'_>, origins: &mut Vec<RowOrigin>) -> Option<()> {
        let mut bytes = record.rest;
        if self.has_origin {
            origins.push(read_origin(&mut bytes)?);
        }
        let (tag_bytes, mut bytes) = bytes.split_at_checked(tag_bytes(self.columns.len()))?;
        let mut tags = [0; 8];
        tags[..tag_bytes.len()].copy_from_slice(tag_bytes);
        let mut tags = u64::from_le_bytes(tags);
        for (data, vocabulary, renamed) in &mut self.columns {
            let tag = tags & 3;
            tags >>= 2;
            match data {
                ColumnData::Text { dictionary, codes } => codes.push(match tag {
                    0 => u32::MAX,
                    1 => {
                        let number = read_length(&mut bytes)? as usize;
                        match renamed.get(number) {
                            Some(&code) if code != u32::MAX => code,
                            _ => {
                                let word = number as u32;
                                let code = vocabulary
                                    .read(|words| words.get(word).map(|text| dictionary.code(text)))?;
                                *renamed.get_mut(number)? = code;
                                code
                            }
                        }
                    }
                    _ => {
                        let length = read_length(&mut bytes)? as usize;
                        let (text, later) = bytes.split_at_checked(length)?;
                        bytes = later;
                        dictionary.code(std::str::from_utf8(text).ok()?)
                    }
                }),
                ColumnData::Number { values, present } => {
                    let value = if tag == 0 { 0.0 } else { f64::from_le_bytes(take(&mut bytes)?) };
                    values.push(value);
                    present.push(tag != 0);
                }
                ColumnData::Time { values, present } => {
                    values.push(match tag {
                        0 => 0,
                        1 => i64::from_le_bytes(take(&mut bytes)?),
                        _ => record.known_at,
                    });
                    present.push(tag != 0);
                }
                ColumnData::Flag { values } => values.push(match tag {
                    0 => None,
                    tag => Some(tag == 2),
                }),
            }
        }
        Some(())
    }

    /// The columns, in their order.
    pub(super) fn finish(self) -> impl Iterator<Item = ColumnData> {
        self.columns.into_iter().map(|(data, ..)| data)
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*head)
}

fn read_length(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let [byte] = take::<1>(bytes)?;
        number |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn read_origin(bytes: &mut &[u8]) -> Option<RowOrigin> {
    let file = u32::from_le_bytes(take(bytes)?) as usize;
    let row = u64::from_le_bytes(take(bytes)?);
    let line = u64::from_le_bytes(take(bytes)?);
    Some(RowOrigin { file, row, line: (line > 0).then_some(line) })
}
