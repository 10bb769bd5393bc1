//! The facts of all accounts as a table: who they are in columns of their own, lists as JSON.

use std::path::Path;

use serde::Serialize;

use super::ReportError;
use super::estimates::EstimatesTrainer;
use super::row_stream::StoredRow;
use crate::output::{OutputError, StagedFile};
use crate::quantity::AsOf;
use crate::tables::write::{Cells, ColumnType, Schema, TableFormat, TableWriter};
use crate::targeting::{AccountFacts, Firm};

/// Columns and what they hold, in order.
const COLUMNS: [(&str, ColumnType); 25] = [
    ("account_id", ColumnType::Text),
    ("as_of", ColumnType::Date),
    ("name", ColumnType::Text),
    ("domain", ColumnType::Text),
    ("country", ColumnType::Text),
    ("state", ColumnType::Text),
    ("city", ColumnType::Text),
    ("postal_code", ColumnType::Text),
    ("vertical", ColumnType::Text),
    ("industry_code", ColumnType::Text),
    ("industry_scheme", ColumnType::Text),
    ("duns", ColumnType::Text),
    ("parent_account_id", ColumnType::Text),
    ("employees", ColumnType::Integer),
    ("acr_monthly", ColumnType::Number),
    ("is_nonprofit", ColumnType::Flag),
    ("tier", ColumnType::Text),
    ("size_tier", ColumnType::Text),
    ("corporate_candidate", ColumnType::Flag),
    ("last_transaction", ColumnType::Date),
    ("holdings", ColumnType::Text),
    ("bought", ColumnType::Text),
    ("installs", ColumnType::Text),
    ("agreements", ColumnType::Text),
    ("partners", ColumnType::Text),
];

/// The names of the columns.
pub(super) fn columns() -> Vec<&'static str> {
    COLUMNS.iter().map(|(name, _)| *name).collect()
}

/// Writes one Parquet row per account, and beside them what the accounts together say of revenue and renewals.
///
/// The same accounts give the same bytes, however they were handed in.
#[derive(Debug)]
pub struct FactsWriter {
    table: TableWriter,
    estimates: StagedFile,
    trainer: EstimatesTrainer,
}

impl FactsWriter {
    /// Opens the table that becomes `target`, and the estimates that become `estimates`, with money in `currency`.
    ///
    /// # Errors
    /// [`OutputError::Unwritable`] when a file cannot be made.
    pub fn create(target: &Path, estimates: &Path, currency: &str) -> Result<Self, OutputError> {
        Ok(Self {
            table: TableWriter::create(target, TableFormat::Parquet, Schema::new(COLUMNS))?,
            estimates: StagedFile::create(estimates)?,
            trainer: EstimatesTrainer::new(currency),
        })
    }

    /// Adds accounts.
    ///
    /// # Errors
    /// [`OutputError::Unwritable`] when the disk refuses.
    pub fn append(&mut self, facts: &[AccountFacts]) -> Result<(), OutputError> {
        for of_account in facts {
            self.trainer.add(of_account);
        }
        let cells = cells(facts)
            .map_err(|error| OutputError::unwritable(self.table.target())(std::io::Error::other(error)))?;
        self.table.append(cells)
    }

    /// Fits the estimates and gives both files their names.
    ///
    /// # Errors
    /// [`OutputError::Unwritable`] when the disk is full or a rename fails.
    pub fn commit(mut self) -> Result<(), OutputError> {
        let path = self.estimates.target().to_path_buf();
        let estimates = self.trainer.fit();
        serde_json::to_writer(&mut self.estimates, &estimates)
            .map_err(|error| OutputError::unwritable(path)(error.into()))?;
        self.table.commit()?;
        self.estimates.commit()
    }
}

fn cells(facts: &[AccountFacts]) -> Result<Vec<Cells>, serde_json::Error> {
    fn text(facts: &[AccountFacts], of: impl Fn(&AccountFacts) -> Option<String>) -> Cells {
        Cells::Text(facts.iter().map(of).collect())
    }
    fn json<T: Serialize>(
        facts: &[AccountFacts],
        of: impl Fn(&AccountFacts) -> &[T],
    ) -> Result<Cells, serde_json::Error> {
        let texts = facts.iter().map(|facts| serde_json::to_string(of(facts)).map(Some));
        Ok(Cells::Text(texts.collect::<Result<_, _>>()?))
    }
    Ok(vec![
        text(facts, |of| Some(of.account_id.clone())),
        Cells::Date(facts.iter().map(|of| Some(of.as_of.days())).collect()),
        text(facts, |of| of.firm.name.clone()),
        text(facts, |of| of.firm.domain.clone()),
        text(facts, |of| of.firm.country.clone()),
        text(facts, |of| of.firm.state.clone()),
        text(facts, |of| of.firm.city.clone()),
        text(facts, |of| of.firm.postal_code.clone()),
        text(facts, |of| of.firm.vertical.clone()),
        text(facts, |of| of.firm.industry_code.clone()),
        text(facts, |of| of.firm.industry_scheme.clone()),
        text(facts, |of| of.firm.duns.clone()),
        text(facts, |of| of.firm.parent_account_id.clone()),
        Cells::Integer(facts.iter().map(|of| of.firm.employees.map(u64::cast_signed)).collect()),
        Cells::Number(facts.iter().map(|of| of.firm.acr_monthly).collect()),
        Cells::Flag(facts.iter().map(|of| of.firm.is_nonprofit).collect()),
        text(facts, |of| Some(of.tier.clone())),
        text(facts, |of| Some(of.size_tier.clone())),
        Cells::Flag(facts.iter().map(|of| Some(of.corporate_candidate)).collect()),
        Cells::Date(facts.iter().map(|of| of.last_transaction.map(AsOf::days)).collect()),
        json(facts, |of| of.holdings.as_slice())?,
        json(facts, |of| of.bought.as_slice())?,
        json(facts, |of| of.installs.as_slice())?,
        json(facts, |of| of.agreements.as_slice())?,
        json(facts, |of| of.partners.as_slice())?,
    ])
}

/// The facts in a stored row.
pub(super) fn read(row: StoredRow<'_>) -> Result<AccountFacts, ReportError> {
    let missing = |column, expected| move || row.fault(column, expected);
    Ok(AccountFacts {
        account_id: row.filled("account_id")?,
        as_of: row.date("as_of")?.ok_or_else(missing("as_of", "a date"))?,
        firm: Firm {
            name: row.text("name")?,
            domain: row.text("domain")?,
            country: row.text("country")?,
            state: row.text("state")?,
            city: row.text("city")?,
            postal_code: row.text("postal_code")?,
            vertical: row.text("vertical")?,
            industry_code: row.text("industry_code")?,
            industry_scheme: row.text("industry_scheme")?,
            duns: row.text("duns")?,
            parent_account_id: row.text("parent_account_id")?,
            employees: row.integer("employees")?.and_then(|heads| u64::try_from(heads).ok()),
            acr_monthly: row.number("acr_monthly")?,
            is_nonprofit: row.flag("is_nonprofit")?,
        },
        tier: row.filled("tier")?,
        size_tier: row.filled("size_tier")?,
        corporate_candidate: row
            .flag("corporate_candidate")?
            .ok_or_else(missing("corporate_candidate", "yes or no"))?,
        holdings: row.json("holdings")?,
        bought: row.json("bought")?,
        installs: row.json("installs")?,
        agreements: row.json("agreements")?,
        partners: row.json("partners")?,
        last_transaction: row.date("last_transaction")?,
    })
}
