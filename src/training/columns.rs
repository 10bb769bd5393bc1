//! The columns boosting works on: those it may read and that differ between rows.

use super::histogram::{PLACES, Tables};
use super::set::TrainingSet;
use super::trees::Grid;
use crate::models::{FeatureBins, Trend};
use crate::quantity::LogOdds;

/// Rows of a tile: its margins and gradients stay in the fastest cache while one column after the other passes.
pub(super) const TILE_ROWS: usize = 2048;

/// Some rows, column by column.
#[derive(Debug)]
pub(super) struct Tile {
    /// The rows, as numbered in the training set.
    pub(super) rows: Vec<u32>,
    bins: Vec<u8>,
    cells: Vec<u16>,
}

impl Tile {
    /// The bins of every column, one per row.
    pub(super) fn columns(&self) -> impl Iterator<Item = &[u8]> {
        self.bins.chunks_exact(self.rows.len())
    }

    /// The cells of every joint table, one per row.
    pub(super) fn joint(&self) -> impl Iterator<Item = &[u16]> {
        self.cells.chunks_exact(self.rows.len())
    }

    /// Finds the cells of joint tables over the given grids, in place of those that were there.
    pub(super) fn lay(&mut self, grids: &[Grid]) {
        self.cells.clear();
        for grid in grids {
            let start = self.cells.len();
            self.cells.resize(start + self.rows.len(), 0);
            for (column, places) in grid.columns.iter().zip(&grid.places) {
                let bins = &self.bins[column * self.rows.len()..][..self.rows.len()];
                // Three sides of at most 32 places: a cell fits 15 bits.
                let n_places = places.n_places() as u16;
                for (cell, bin) in self.cells[start..].iter_mut().zip(bins) {
                    *cell = *cell * n_places + u16::from(places.of_bins()[usize::from(*bin)]);
                }
            }
        }
    }

    /// Replaces `sums` by the base and the entries of every table, row by row.
    pub(super) fn sum(&self, tables: &Tables, sums: &mut Vec<i64>) {
        sums.clear();
        sums.resize(self.rows.len(), tables.base);
        let columns: Vec<&[u8]> = self.columns().collect();
        let (fours, rest) = tables.weights.as_chunks::<4>();
        for (tables, columns) in fours.iter().zip(columns.chunks_exact(4)) {
            let of_rows = columns[0].iter().zip(columns[1]).zip(columns[2]).zip(columns[3]);
            for (sum, (((a, b), c), d)) in sums.iter_mut().zip(of_rows) {
                // Four weights of at most 2^24 each.
                let four = tables[0][usize::from(*a)]
                    + tables[1][usize::from(*b)]
                    + tables[2][usize::from(*c)]
                    + tables[3][usize::from(*d)];
                *sum += i64::from(four);
            }
        }
        for (table, column) in rest.iter().zip(&columns[4 * fours.len()..]) {
            for (sum, bin) in sums.iter_mut().zip(*column) {
                *sum += i64::from(table[usize::from(*bin)]);
            }
        }
        for (table, cells) in tables.joint.iter().zip(self.joint()) {
            for (sum, cell) in sums.iter_mut().zip(cells) {
                *sum += i64::from(table[usize::from(*cell)]);
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
    trends: Vec<Trend>,
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
        let trends = features.iter().map(|feature| set.trend(*feature)).collect();
        Self { features, definitions, trends, bins }
    }

    /// Number of columns.
    pub(super) fn len(&self) -> usize {
        self.features.len()
    }

    /// The feature of each column, ascending.
    pub(super) fn features(&self) -> &[usize] {
        &self.features
    }

    /// How the values of each column fall into bins.
    pub(super) fn definitions(&self) -> &[&'a FeatureBins] {
        &self.definitions
    }

    /// How each column may move the score.
    pub(super) fn trends(&self) -> &[Trend] {
        &self.trends
    }

    /// The bins of a row, a byte a column.
    pub(super) fn row(&self, row: usize) -> &[u8] {
        &self.bins[row * self.len()..(row + 1) * self.len()]
    }

    /// The log-odds of a row; `grids` are those of the joint tables.
    pub(super) fn margin(&self, tables: &Tables, grids: &[Grid], row: usize) -> LogOdds {
        let bins = self.row(row);
        let alone: i64 =
            tables.weights.iter().zip(bins).map(|(table, bin)| i64::from(table[usize::from(*bin)])).sum();
        let together: i64 =
            tables.joint.iter().zip(grids).map(|(table, grid)| i64::from(table[grid.cell(bins)])).sum();
        LogOdds::from_steps(tables.base + alone + together)
    }

    /// How many rows fall into each bin of every column.
    pub(super) fn rows_by_bin(&self) -> Vec<[u64; PLACES]> {
        let mut rows = vec![[0; PLACES]; self.len()];
        for bins in self.bins.chunks_exact(self.len().max(1)) {
            for (rows, bin) in rows.iter_mut().zip(bins) {
                rows[usize::from(*bin)] += 1;
            }
        }
        rows
    }

    /// The given rows as tiles.
    pub(super) fn tiles(&self, rows: &[usize]) -> Vec<Tile> {
        rows.chunks(TILE_ROWS)
            .map(|rows| Tile {
                // Far fewer than 2^32 rows.
                rows: rows.iter().map(|row| *row as u32).collect(),
                cells: Vec::new(),
                bins: (0..self.len())
                    .flat_map(|column| rows.iter().map(move |row| self.bins[row * self.len() + column]))
                    .collect(),
            })
            .collect()
    }
}
