//! The columns boosting works on: those it may read and that differ between rows.

use super::histogram::Tables;
use super::set::TrainingSet;
use crate::models::FeatureBins;
use crate::quantity::LogOdds;

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

    /// The bins of one row.
    pub(super) fn row(&self, row: usize) -> &[u8] {
        &self.bins[row * self.features.len()..(row + 1) * self.features.len()]
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
