//! From the rows of an export to observations.

use super::FeedbackError;
use super::referral::{Dropped, Moment, Observation};
use super::state::{ReferralState, Status};
use crate::artifact::sha256_hex;
use crate::quantity::AsOf;
use crate::tables::contract::TableName;
use crate::tables::{Dataset, NumberColumn, Table, TablesError, TextColumn, TimeColumn};

/// The deals of an export, in the order of their ids.
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    /// The day it was made.
    pub as_of: AsOf,
    rows: Vec<Result<Observation, (String, Dropped)>>,
    sha256: String,
}

impl Export {
    /// Reads the opportunities of a data set as an export that was made on a day.
    ///
    /// A closing date of a deal that is still open is a hope, and is left out.
    ///
    /// # Errors
    /// [`FeedbackError::Tables`] when the data set has no opportunities that can be read.
    pub fn read(dataset: &Dataset, as_of: AsOf) -> Result<Self, FeedbackError> {
        let mut rows = Vec::new();
        if let Some(table) = dataset.table(TableName::Opportunities) {
            let columns = Columns::of(table)?;
            for (account, account_id) in dataset.accounts().iter().enumerate() {
                rows.extend(table.rows_of(account).filter_map(|row| columns.observe(row, account_id)));
            }
        }
        let id = |row: &Result<Observation, (String, Dropped)>| match row {
            Ok(observation) => observation.opportunity_id.clone(),
            Err((id, _)) => id.clone(),
        };
        rows.sort_by_cached_key(id);
        let text =
            serde_json::to_string(&(as_of, &rows)).map_err(|source| FeedbackError::Unwritable { source })?;
        Ok(Self { as_of, rows, sha256: sha256_hex(text.as_bytes()) })
    }

    /// SHA-256 of what was read; the order of rows and columns in the files does not matter.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The rows: an observation, or the id of the deal and why it is none.
    pub fn rows(&self) -> &[Result<Observation, (String, Dropped)>] {
        &self.rows
    }
}

/// The columns of the table of opportunities.
struct Columns<'t> {
    id: TextColumn<'t>,
    engagement: TextColumn<'t>,
    product: TextColumn<'t>,
    status: TextColumn<'t>,
    substatus: TextColumn<'t>,
    currency: TextColumn<'t>,
    created_at: TimeColumn<'t>,
    closed_at: TimeColumn<'t>,
    reason: NumberColumn<'t>,
    stage: NumberColumn<'t>,
    deal_value: NumberColumn<'t>,
}

impl<'t> Columns<'t> {
    fn of(table: &'t Table) -> Result<Self, TablesError> {
        Ok(Self {
            id: table.text("opportunity_id")?,
            engagement: table.text("engagement_id")?,
            product: table.text("product")?,
            status: table.text("status")?,
            substatus: table.text("substatus")?,
            currency: table.text("currency")?,
            created_at: table.time("created_at")?,
            closed_at: table.time("closed_at")?,
            reason: table.number("reason")?,
            stage: table.number("stage")?,
            deal_value: table.number("deal_value")?,
        })
    }

    /// `None` where a required cell is missing, which the contract does not let through.
    fn observe(&self, row: usize, account_id: &str) -> Option<Result<Observation, (String, Dropped)>> {
        let id = self.id.get(row)?.to_owned();
        let state = match ReferralState::parse(self.status.get(row)?, self.substatus.get(row)) {
            Ok(state) => state,
            Err(refused) => return Some(Err((id, Dropped::State(refused)))),
        };
        let created_at = Moment::from_micros(self.created_at.get(row)?)?;
        let closed_at = self.closed_at.get(row).filter(|_| state.status() == Status::Closed);
        Some(Ok(Observation {
            opportunity_id: id,
            engagement_id: self.engagement.get(row).map(str::to_owned),
            account_id: account_id.to_owned(),
            product: self.product.get(row)?.to_owned(),
            created_at,
            closed_at: closed_at.and_then(Moment::from_micros),
            state,
            reason: self.reason.get(row).map(|reason| reason as u8),
            stage: self.stage.get(row),
            deal_value: self.deal_value.get(row),
            currency: self.currency.get(row).map(str::to_owned),
        }))
    }
}
