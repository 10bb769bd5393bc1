//! Rows of a batch in the order of the ranges they go to.

use super::super::account_key::AccountKey;
use super::block::BlockWriter;
use super::spill::Spill;
use crate::output::OutputError;

/// Rows of a batch, each with its key and the range it goes to.
pub(super) struct ByRange {
    n_ranges: usize,
    ranges: Vec<u32>,
    rows: Vec<u32>,
    keys: Vec<AccountKey>,
}

impl ByRange {
    /// `2^bits` ranges, with room for so many rows.
    pub(super) fn new(bits: u32, n_rows: usize) -> Self {
        Self {
            n_ranges: 1 << bits,
            ranges: Vec::with_capacity(n_rows),
            rows: Vec::with_capacity(n_rows),
            keys: Vec::with_capacity(n_rows),
        }
    }

    /// Sends a row to a range.
    pub(super) fn send(&mut self, row: usize, key: AccountKey, range: usize) {
        self.ranges.push(range as u32);
        self.rows.push(row as u32);
        self.keys.push(key);
    }

    /// Writes a block for every range that gets rows; rows of a range stay in the order in which they were sent.
    pub(super) fn write(self, blocks: &BlockWriter<'_>, spill: &Spill) -> Result<(), OutputError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut ends = vec![0_usize; self.n_ranges];
        for range in &self.ranges {
            ends[*range as usize] += 1;
        }
        let mut next = vec![0_usize; self.n_ranges];
        let mut sum = 0;
        for (end, next) in ends.iter_mut().zip(&mut next) {
            *next = sum;
            sum += *end;
            *end = sum;
        }
        let (mut rows, mut keys) = (vec![0; self.rows.len()], self.keys.clone());
        for ((range, row), key) in self.ranges.iter().zip(&self.rows).zip(&self.keys) {
            let place = &mut next[*range as usize];
            (rows[*place], keys[*place]) = (*row, *key);
            *place += 1;
        }
        let mut bytes = Vec::with_capacity(rows.len() * USUAL_ROW_BYTES);
        let mut start = 0;
        let ends = ends.into_iter().map(|end| {
            blocks.write(&rows[start..end], &keys[start..end], &mut bytes);
            start = end;
            bytes.len() as u64
        });
        let ends = ends.collect();
        spill.write(&bytes, ends)
    }
}

/// Bytes of a row of signals.
const USUAL_ROW_BYTES: usize = 24;
