//! The scores table, written in a stream.

use std::path::Path;

use super::row::{ScoreRow, cells, schema};
use crate::output::OutputError;
use crate::quantity::AsOf;
use crate::tables::write::{TableFormat, TableWriter};

/// Writes one Parquet row per account and product.
///
/// The same rows give the same bytes, however they were handed in.
#[derive(Debug)]
pub struct ScoresWriter {
    writer: TableWriter,
    as_of: AsOf,
    model_version: String,
}

impl ScoresWriter {
    /// Opens the table that becomes `target`.
    ///
    /// # Errors
    /// [`OutputError::Unwritable`] when the file cannot be made.
    pub fn create(target: &Path, as_of: AsOf, model_version: &str) -> Result<Self, OutputError> {
        let writer = TableWriter::create(target, TableFormat::Parquet, schema())?;
        Ok(Self { writer, as_of, model_version: model_version.to_owned() })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// [`OutputError::Unwritable`] when the disk refuses.
    pub fn append(&mut self, rows: &[ScoreRow]) -> Result<(), OutputError> {
        self.writer.append(cells(rows, self.as_of, &self.model_version))
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// [`OutputError::Unwritable`] when the disk is full or the rename fails.
    pub fn commit(self) -> Result<(), OutputError> {
        self.writer.commit()
    }
}
