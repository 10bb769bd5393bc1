//! Binned rows: one byte a feature.

use super::binning::BinningFingerprint;
use super::error::ModelError;

/// Bins of rows, `n_rows x n_features`, row after row; made by [`Binning::apply`](super::Binning::apply).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BinnedMatrix {
    bins: Vec<u8>,
    n_rows: usize,
    n_features: usize,
    binning: BinningFingerprint,
}

impl BinnedMatrix {
    pub(super) fn from_rows(
        bins: Vec<u8>,
        n_rows: usize,
        n_features: usize,
        binning: BinningFingerprint,
    ) -> Self {
        Self { bins, n_rows, n_features, binning }
    }

    /// Number of rows.
    pub const fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Number of features.
    pub const fn n_features(&self) -> usize {
        self.n_features
    }

    /// Fingerprint of the binning that made the rows.
    pub const fn binning(&self) -> BinningFingerprint {
        self.binning
    }

    /// The bins of one row, a byte a feature.
    ///
    /// # Panics
    /// When `row` is not below [`n_rows`](Self::n_rows).
    pub fn row(&self, row: usize) -> &[u8] {
        &self.bins[row * self.n_features..(row + 1) * self.n_features]
    }

    /// All rows in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[u8]> + '_ {
        (0..self.n_rows).map(|row| self.row(row))
    }

    /// Puts the rows of several matrices under each other, in order.
    ///
    /// # Errors
    /// [`ModelError::Params`] for no matrix, [`ModelError::Binning`] when they come from different binnings.
    pub fn stack(matrices: &[Self]) -> Result<Self, ModelError> {
        let Some(first) = matrices.first() else {
            let (found, expected) = ("empty".to_owned(), "at least one matrix");
            return Err(ModelError::Params { what: "matrices", found, expected });
        };
        let mut stacked = first.clone();
        for matrix in &matrices[1..] {
            if matrix.binning != first.binning {
                let (expected, found) = (first.binning.to_string(), matrix.binning.to_string());
                return Err(ModelError::Binning { expected, found });
            }
            stacked.bins.extend_from_slice(&matrix.bins);
            stacked.n_rows += matrix.n_rows;
        }
        Ok(stacked)
    }

    /// The named rows, in the order given.
    ///
    /// # Panics
    /// When a row is not below [`n_rows`](Self::n_rows).
    #[must_use]
    pub fn select_rows(&self, rows: &[usize]) -> Self {
        let mut bins = Vec::with_capacity(rows.len() * self.n_features);
        for &row in rows {
            bins.extend_from_slice(self.row(row));
        }
        Self { bins, n_rows: rows.len(), ..*self }
    }
}
