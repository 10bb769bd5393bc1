//! Made rows that tests of training learn from.

use super::TrainingRows;
use crate::matrix::{Column, FeatureMatrix};
use crate::models::{BinnedMatrix, Binning, BinningParams};
use crate::seed::Seed;

/// Columns of numbers, and a group for every row.
pub(super) struct MadeRows {
    pub(super) binning: Binning,
    pub(super) binned: BinnedMatrix,
    groups: Vec<u64>,
}

impl MadeRows {
    /// Rows of columns that are each a function of the row.
    pub(super) fn new(n_rows: usize, columns: &[(&str, &dyn Fn(usize) -> f32)]) -> Self {
        let ids = (0..n_rows).map(|row| row.to_string()).collect();
        let column = |(name, of_row): &(&str, &dyn Fn(usize) -> f32)| {
            ((*name).to_owned(), Column::numbers((0..n_rows).map(|row| Some(of_row(row)))))
        };
        let matrix = FeatureMatrix::try_new(ids, columns.iter().map(column).collect()).unwrap();
        let binning = Binning::learn(&[&matrix], &BinningParams::default()).unwrap();
        let binned = binning.apply(&matrix).unwrap();
        Self { binning, binned, groups: (0..n_rows as u64).collect() }
    }

    /// Outcomes, drawn with the chance of each row.
    pub(super) fn drawn(&self, seed: u64, chance: impl Fn(usize) -> f64) -> Vec<bool> {
        let luck = |row: usize| Seed::new(seed).uniform(&row.to_le_bytes());
        (0..self.groups.len()).map(|row| luck(row) < chance(row)).collect()
    }

    /// The rows with these outcomes, and nothing else said of them.
    pub(super) fn rows<'a>(&'a self, labels: &'a [bool]) -> TrainingRows<'a> {
        TrainingRows::new(&self.binning, &self.binned, labels, &self.groups)
    }
}
