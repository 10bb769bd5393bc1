//! The bins of all accounts as a table: with the model file, all that a score and its reasons depend on.

use std::fmt::Write as _;
use std::path::Path;

use super::ReportError;
use super::row_stream::StoredRow;
use crate::output::OutputError;
use crate::pipeline::ScoredAccount;
use crate::tables::write::{Cells, ColumnType, Schema, TableFormat, TableWriter};

/// The names of the columns.
pub(super) const COLUMNS: [&str; 2] = ["account_id", "bins"];

/// Writes one Parquet row per account: two hexadecimal digits for the bin of every feature, in the order of the model.
#[derive(Debug)]
pub struct BinsWriter(TableWriter);

impl BinsWriter {
    /// Opens the table that becomes `target`.
    ///
    /// # Errors
    /// [`OutputError::Unwritable`] when the file cannot be made.
    pub fn create(target: &Path) -> Result<Self, OutputError> {
        let schema = Schema::new(COLUMNS.map(|name| (name, ColumnType::Text)));
        Ok(Self(TableWriter::create(target, TableFormat::Parquet, schema)?))
    }

    /// Adds accounts.
    ///
    /// # Errors
    /// [`OutputError::Unwritable`] when the disk refuses.
    pub fn append(&mut self, accounts: &[ScoredAccount<'_>]) -> Result<(), OutputError> {
        let ids = accounts.iter().map(|account| Some(account.account_id.clone())).collect();
        let bins = accounts.iter().map(|account| Some(hexadecimal(&account.bins))).collect();
        self.0.append(vec![Cells::Text(ids), Cells::Text(bins)])
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// [`OutputError::Unwritable`] when the disk is full or the rename fails.
    pub fn commit(self) -> Result<(), OutputError> {
        self.0.commit()
    }
}

fn hexadecimal(bins: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bins.len());
    for bin in bins {
        // Writing to a string does not fail.
        let _ = write!(text, "{bin:02x}");
    }
    text
}

/// The bins in a stored row.
pub(super) fn read(row: StoredRow<'_>) -> Result<Vec<u8>, ReportError> {
    let text = row.text("bins")?.unwrap_or_default();
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let bins: Option<Vec<u8>> = text
        .as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(16 * digit(*high)? + digit(*low)?),
            _ => None,
        })
        .collect();
    bins.ok_or_else(|| row.fault("bins", "two hexadecimal digits for every feature"))
}
