//! The columns boosting works on: those it may read and that differ between rows.

use super::histogram::{PLACES, Tables};
use super::set::TrainingSet;
use crate::models::FeatureBins;
use crate::quantity::LogOdds;

/// Rows of a tile: its margins and gradients stay in the fastest cache while one column after the other passes.
const TILE_ROWS: usize = 2048;

/// Some rows, column by column.
#[derive(Debug)]
pub(super) struct Tile {
    /// The rows, as numbered in the training set.
    pub(super) rows: Vec<usize>,
    bins: Vec<u8>,
}

impl Tile {
    /// The bins of every column, one per row.
    pub(super) fn columns(&self) -> impl Iterator<Item = &[u8]> {
        self.bins.chunks_exact(self.rows.len())
    }

    /// Replaces `sums` by the sum of the entries of every row, starting from `base`.
    pub(super) fn sum(&self, base: i64, tables: &[[i32; PLACES]], sums: &mut Vec<i64>) {
        sums.clear();
        sums.resize(self.rows.len(), base);
        for (table, column) in tables.iter().zip(self.columns()) {
            for (sum, bin) in sums.iter_mut().zip(column) {
                *sum += i64::from(table[usize::from(*bin)]);
            }
        }
    }
}

/// Binned columns side by side, `n_rows x n_features` of the features that can matter.
///
/// A feature that may not be read, or has one bin in all rows, would cost time in every round and never move.
#[derive(Debug)]
pub(super) struct Columns<'a> {
    features: Vec<usize>,
    definitions: Vec<&'a FeatureBins>,
    bins: Vec<u8>,
}

impl<'a> Columns<'a> {
    pub(super) fn new(set: &TrainingSet<'a>) -> Self {
        let rows = set.rows();
        let mut differs = vec![false; set.n_features()];
        let first = if set.n_rows() > 0 { rows.binned.row(0) } else { &[] };
        for row in rows.binned.rows() {
            for (differs, (bin, first)) in differs.iter_mut().zip(row.iter().zip(first)) {
                *differs |= bin != first;
            }
        }
        let features: Vec<usize> =
            (0..set.n_features()).filter(|feature| differs[*feature] && set.reads(*feature)).collect();
        let mut bins = Vec::with_capacity(set.n_rows() * features.len());
        for row in rows.binned.rows() {
            bins.extend(features.iter().map(|feature| row[*feature]));
        }
        let definitions = features.iter().map(|feature| &rows.binning.bins()[*feature]).collect();
        Self { features, definitions, bins }
    }

    /// Number of columns.
    pub(super) fn len(&self) -> usize {
        self.features.len()
    }

    /// How the values of each column fall into bins.
    pub(super) fn definitions(&self) -> &[&'a FeatureBins] {
        &self.definitions
    }

    /// The given rows as tiles.
    pub(super) fn tiles(&self, rows: &[usize]) -> Vec<Tile> {
        rows.chunks(TILE_ROWS)
            .map(|rows| {
                let bins = (0..self.len())
                    .flat_map(|column| rows.iter().map(move |row| self.bins[row * self.len() + column]))
                    .collect();
                Tile { rows: rows.to_vec(), bins }
            })
            .collect()
    }

    /// Tables of these columns as tables of all `n_features` features; the others stay empty.
    pub(super) fn spread(&self, tables: &Tables, n_features: usize) -> Tables {
        let mut all = Tables::new(LogOdds::from_steps(tables.base), n_features);
        for (feature, weights) in self.features.iter().zip(&tables.weights) {
            all.weights[*feature] = *weights;
        }
        all
    }
}
