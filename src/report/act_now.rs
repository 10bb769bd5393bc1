//! The list to call: accounts in the Act Now cluster that the intent models speak of.

use std::path::Path;

use super::row::{ScoreRow, cells, schema};
use crate::grid::Cluster;
use crate::output::OutputError;
use crate::quantity::AsOf;
use crate::spec::{IntentLabel, Spec};
use crate::tables::write::{TableFormat, TableWriter};

/// Collects the Act Now accounts of all products.
///
/// Memory grows with the Act Now cluster alone, whose share of the accounts the scale sets.
#[derive(Clone, Debug)]
pub struct ActNow {
    label: IntentLabel,
    rows: Vec<ScoreRow>,
}

impl ActNow {
    /// An empty list for a spec: with [`IntentLabel::FirstPurchase`], owners of a product do not belong on it.
    pub const fn new(spec: &Spec) -> Self {
        Self { label: spec.intent.label, rows: Vec::new() }
    }

    /// Takes the rows that belong on the list.
    pub fn add(&mut self, rows: &[ScoreRow]) {
        self.rows.extend(
            rows.iter().filter(|row| row.cluster == Cluster::ActNow && row.is_prospect(self.label)).cloned(),
        );
    }

    /// How many rows are on the list.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Stages the list as CSV, best first; the writer still has to be committed.
    ///
    /// # Errors
    /// [`OutputError::Unwritable`] when the file cannot be written.
    pub fn stage(
        mut self,
        target: &Path,
        as_of: AsOf,
        model_version: &str,
    ) -> Result<TableWriter, OutputError> {
        self.rows.sort_by(ScoreRow::list_order);
        let mut writer = TableWriter::create(target, TableFormat::SheetCsv, schema())?;
        writer.append(cells(&self.rows, as_of, model_version))?;
        Ok(writer)
    }
}
