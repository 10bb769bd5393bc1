//! Rows of a batch in the order of the ranges they go to.

use super::spill::Spill;
use crate::output::OutputError;

/// Rows of a batch, each with the range it goes to.
pub(super) struct ByRange {
    n_ranges: usize,
    /// Ranges are no more than `2^12`.
    ranges: Vec<u16>,
    rows: Vec<u32>,
}

impl ByRange {
    /// `2^bits` ranges, with room for so many rows.
    pub(super) fn new(bits: u32, n_rows: usize) -> Self {
        Self { n_ranges: 1 << bits, ranges: Vec::with_capacity(n_rows), rows: Vec::with_capacity(n_rows) }
    }

    /// Sends a row to a range.
    pub(super) fn send(&mut self, row: usize, range: usize) {
        self.ranges.push(range as u16);
        self.rows.push(row as u32);
    }

    /// Writes a `block` for every range that gets rows; rows of a range stay in the order in which they were sent.
    pub(super) fn write(
        self,
        spill: &Spill,
        block: impl Fn(&[u32], &mut Vec<u8>),
    ) -> Result<(), OutputError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut ends = vec![0_usize; self.n_ranges];
        for range in &self.ranges {
            ends[usize::from(*range)] += 1;
        }
        let mut next = vec![0_usize; self.n_ranges];
        let mut sum = 0;
        for (end, next) in ends.iter_mut().zip(&mut next) {
            *next = sum;
            sum += *end;
            *end = sum;
        }
        let mut rows = vec![0; self.rows.len()];
        for (range, row) in self.ranges.iter().zip(&self.rows) {
            let place = &mut next[usize::from(*range)];
            rows[*place] = *row;
            *place += 1;
        }
        let (mut bytes, mut start) = (Vec::new(), 0);
        for (range, end) in ends.into_iter().enumerate() {
            if end > start {
                bytes.clear();
                block(&rows[start..end], &mut bytes);
                spill.add(range, &bytes)?;
                start = end;
            }
        }
        Ok(())
    }
}
