//! What can go wrong while features are built.

use crate::error::Coded;
use crate::matrix::MatrixError;
use crate::tables::TablesError;

/// Features could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeatureError {
    /// Amounts are in several currencies and some have no rate.
    #[error("table {table}, column currency: no rate for {}; expected {expected} or a rate in [features.money.rates] of the spec", .currencies.join(", "))]
    Rate {
        /// The table.
        table: &'static str,
        /// Currencies without a rate.
        currencies: Vec<String>,
        /// The currency amounts are brought to.
        expected: String,
    },
    /// A table could not be read as its contract says.
    #[error(transparent)]
    Tables(#[from] TablesError),
    /// The columns do not make a matrix.
    #[error(transparent)]
    Matrix(#[from] MatrixError),
}

impl Coded for FeatureError {
    fn code(&self) -> &'static str {
        match self {
            Self::Rate { .. } => "E_CURRENCY_RATE",
            Self::Tables(error) => error.code(),
            Self::Matrix(error) => error.code(),
        }
    }
}
