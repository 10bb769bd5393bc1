//! Scoring the rows of a table whose outcome is known, to hold one against the other.

use std::path::Path;

use super::training::TableTraining;
use super::{WideError, WideModel};
use crate::models::{Scored, Scorer};

/// Rows with a known outcome and what a model says of them, in the order of the table.
#[derive(Clone, Debug)]
pub struct JudgedRows {
    /// What the model says.
    pub scored: Vec<Scored>,
    /// Whether the row has the outcome.
    pub outcomes: Vec<bool>,
    /// What the row belongs to: equal values of the group column of training, or else equal rows.
    pub groups: Vec<u64>,
    /// Rows left out because their outcome is missing.
    pub rows_without_target: u64,
}

impl WideModel {
    /// Scores the rows of a table whose outcome is known.
    ///
    /// Memory grows with the table: 5 bytes a cell.
    ///
    /// # Errors
    /// [`WideError::Raw`] when the table cannot be read, [`WideError::UnknownColumn`] when the outcome or the group is
    /// not there, [`WideError::Schema`] with every column that is missing or cannot be of its kind,
    /// [`WideError::UnknownTargetValue`] and [`WideError::OneOutcome`] when there is one outcome only.
    pub fn judge(&self, table: &Path) -> Result<JudgedRows, WideError> {
        let reading = TableTraining {
            group: self.group().map(str::to_owned),
            ..TableTraining::new(self.target().clone())
        };
        let cases = reading.read(table, self.recipe())?;
        let binned = self.binning().apply(&cases.matrix)?;
        let scored = self.scorer().score_rows(&binned)?;
        Ok(JudgedRows {
            scored,
            outcomes: cases.labels,
            groups: cases.groups,
            rows_without_target: cases.rows_without_target,
        })
    }
}
