//! What of a data set is visible on a date.

use std::ops::Range;

use super::FeatureError;
use crate::quantity::{AsOf, MICROS_PER_DAY};
use crate::tables::contract::TableName;
use crate::tables::{Dataset, Table, TimeColumn};

/// From when a data set is seen. For scores all three dates are one; apart they answer what the features of a day would
/// be if less had become known by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vantage {
    /// The date from which ages and windows are counted.
    pub as_of: AsOf,
    /// Rows of events count that were known before this date.
    pub events: AsOf,
    /// Rows of `accounts` count that were known and valid before this date.
    pub attributes: AsOf,
}

impl From<AsOf> for Vantage {
    fn from(as_of: AsOf) -> Self {
        Self { as_of, events: as_of, attributes: as_of }
    }
}

/// A range of accounts of a data set, seen on a date.
#[derive(Clone, Debug)]
pub(super) struct View<'a> {
    pub(super) dataset: &'a Dataset,
    pub(super) accounts: Range<usize>,
    pub(super) as_of: AsOf,
    events: AsOf,
    attributes: AsOf,
}

/// The rows of one account in `table` that were known before `as_of`.
///
/// Rows of an account are sorted by `known_at`, so the known ones come first.
pub fn known_rows(table: &Table, account: usize, as_of: AsOf) -> Range<usize> {
    let rows = table.rows_of(account);
    let cut = as_of.micros();
    // Where nothing came later, which is usual, all are known.
    if rows.is_empty() || table.known_at(rows.end - 1) < cut {
        return rows;
    }
    let (mut low, mut high) = (rows.start, rows.end);
    while low < high {
        let middle = low + (high - low) / 2;
        if table.known_at(middle) < cut {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    rows.start..low
}

/// The row of `accounts` whose attributes held for an account on a date: of the rows known before it and valid from
/// before it, the one valid from the latest moment, of several such the one known last. `None`: the account was not
/// known then.
///
/// # Errors
/// [`FeatureError::Tables`] when the table does not have the columns of its contract.
pub fn account_row(dataset: &Dataset, account: usize, as_of: AsOf) -> Result<Option<usize>, FeatureError> {
    let Some(table) = dataset.table(TableName::Accounts) else { return Ok(None) };
    let valid_from = table.time("valid_from")?;
    Ok(row_valid_before(table, valid_from, account, as_of, as_of.micros()))
}

/// The accounts of a data set that were known on a date, ascending: those that have an [`account_row`].
///
/// # Errors
/// As [`account_row`].
pub(crate) fn known_accounts(dataset: &Dataset, as_of: AsOf) -> Result<Vec<usize>, FeatureError> {
    let Some(table) = dataset.table(TableName::Accounts) else { return Ok(Vec::new()) };
    let valid_from = table.time("valid_from")?;
    let is_known =
        |account: &usize| row_valid_before(table, valid_from, *account, as_of, as_of.micros()).is_some();
    Ok((0..dataset.accounts().len()).filter(is_known).collect())
}

/// The row of `accounts` that is known before `as_of` and whose attributes held just before `moment`.
fn row_valid_before(
    table: &Table,
    valid_from: TimeColumn<'_>,
    account: usize,
    as_of: AsOf,
    moment: i64,
) -> Option<usize> {
    known_rows(table, account, as_of)
        .filter(|row| valid_from.get(*row).is_none_or(|from| from < moment))
        .max_by_key(|row| (valid_from.get(*row).unwrap_or(i64::MIN), *row))
}

impl<'a> View<'a> {
    pub(super) const fn new(dataset: &'a Dataset, accounts: Range<usize>, from: Vantage) -> Self {
        let Vantage { as_of, events, attributes } = from;
        Self { dataset, accounts, as_of, events, attributes }
    }

    /// A table, if the data set has it.
    pub(super) fn table(&self, name: TableName) -> Option<&'a Table> {
        self.dataset.table(name)
    }

    /// The rows of events of an account that were known before the date.
    pub(super) fn known(&self, table: &Table, account: usize) -> Range<usize> {
        known_rows(table, account, self.events)
    }

    /// The row of `accounts` whose attributes held on the date.
    pub(super) fn attributes(&self, account: usize) -> Result<Option<usize>, FeatureError> {
        account_row(self.dataset, account, self.attributes)
    }

    /// The row of `accounts` whose attributes held just before `moment`, as known on the date.
    pub(super) fn attributes_before(
        &self,
        table: &Table,
        valid_from: TimeColumn<'_>,
        account: usize,
        moment: i64,
    ) -> Option<usize> {
        row_valid_before(table, valid_from, account, self.attributes, moment)
    }

    /// Days from `time` to the date, with a fraction; negative when `time` lies ahead.
    pub(super) fn days_since(&self, time: i64) -> f64 {
        (self.as_of.micros() - time) as f64 / MICROS_PER_DAY as f64
    }

    /// Whole days from `time` to the date: 0 for the last 24 hours before it.
    pub(super) fn whole_days_since(&self, time: i64) -> i64 {
        (self.as_of.micros() - time).div_euclid(MICROS_PER_DAY)
    }

    /// Whole days from the date to `time`: 0 for the first 24 hours from it on.
    pub(super) fn whole_days_until(&self, time: i64) -> i64 {
        (time - self.as_of.micros()).div_euclid(MICROS_PER_DAY)
    }

    /// Whether `time` lies in the `days` days before the date: `as_of - days <= time < as_of`.
    pub(super) fn within(&self, time: i64, days: i64) -> bool {
        let end = self.as_of.micros();
        time < end && time >= end - days * MICROS_PER_DAY
    }

    /// Whether `time` lies in the `days` days from the date on: `as_of <= time < as_of + days`.
    pub(super) fn ahead(&self, time: i64, days: i64) -> bool {
        let start = self.as_of.micros();
        time >= start && time < start + days * MICROS_PER_DAY
    }
}
