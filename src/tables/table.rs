//! A table as the features read it: rows grouped by account, columns by name.

use std::cmp::Ordering;
use std::ops::Range;

use super::column::ColumnData;
use super::contract::{ColumnKind, TableContract, TableName};
use super::dictionary::Dictionary;
use super::fault::TablesError;
use super::reading::Draft;

/// A checked table. Rows are sorted by account, then `known_at`, then all columns in the order of the contract; rows
/// of unknown accounts are left out.
#[derive(Debug)]
pub struct Table {
    contract: &'static TableContract,
    columns: Vec<Option<ColumnData>>,
    known_at: Vec<i64>,
    /// Of account `i` are the rows from `starts[i]` to `starts[i + 1]`.
    starts: Vec<usize>,
    /// Positions of columns that were left out, and so must not pass for columns that no file has.
    unread: Vec<usize>,
}

/// The rows of a table of some accounts.
#[derive(Debug)]
pub(super) struct TableOfRange {
    pub draft: Draft,
    /// The account of every row.
    pub accounts: Vec<Option<u32>>,
    /// Whether the rows of an account and date need no order.
    pub by_date: bool,
}

impl Table {
    /// Sorts the rows of a draft by the account each belongs to; `None` leaves a row out.
    pub(super) fn new(
        draft: &mut Draft,
        accounts: &[Option<u32>],
        n_accounts: usize,
        unread: &[usize],
    ) -> Self {
        let starts = starts(accounts, n_accounts);
        let known_at = std::mem::take(&mut draft.known_at);
        let columns = std::mem::take(&mut draft.columns);
        let mut next = starts.clone();
        // Times beside the rows, so that sorting looks nowhere else.
        let mut timed = vec![(0_i64, 0_u32); starts[n_accounts]];
        for (row, account) in accounts.iter().enumerate() {
            if let Some(account) = account {
                let place = &mut next[*account as usize];
                timed[*place] = (known_at[row], row as u32);
                *place += 1;
            }
        }
        let by_columns = |&(_, a): &(i64, u32), &(_, b): &(i64, u32)| {
            let orders = columns.iter().flatten().map(|column| column.compare(a as usize, b as usize));
            orders.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        };
        for account in 0..n_accounts {
            let rows = &mut timed[starts[account]..starts[account + 1]];
            rows.sort_unstable();
            for at_once in rows.chunk_by_mut(|a, b| a.0 == b.0).filter(|rows| rows.len() > 1) {
                at_once.sort_by(by_columns);
            }
        }
        let order: Vec<u32> = timed.iter().map(|(_, row)| *row).collect();
        Self {
            contract: draft.contract,
            columns: columns.into_iter().map(|column| column.map(|data| data.gather(&order))).collect(),
            known_at: timed.into_iter().map(|(known_at, _)| known_at).collect(),
            starts,
            unread: unread.to_vec(),
        }
    }

    /// [`Self::new`] for rows whose `known_at` is that of a date, of which those of one date keep the order in which they
    /// came.
    pub(super) fn by_date(
        draft: &mut Draft,
        accounts: &[Option<u32>],
        n_accounts: usize,
        unread: &[usize],
    ) -> Self {
        let starts = starts(accounts, n_accounts);
        let known_at = std::mem::take(&mut draft.known_at);
        let mut next = starts.clone();
        let mut order = vec![0_u32; starts[n_accounts]];
        for (account, row) in accounts.iter().zip(0..) {
            if let Some(account) = account {
                let place = &mut next[*account as usize];
                order[*place] = row;
                *place += 1;
            }
        }
        if known_at.iter().any(|date| *date != known_at[0]) {
            for account in starts.windows(2) {
                order[account[0]..account[1]].sort_by_key(|row| known_at[*row as usize]);
            }
        }
        let columns = std::mem::take(&mut draft.columns).into_iter();
        Self {
            contract: draft.contract,
            columns: columns.map(|column| column.map(|data| data.gather(&order))).collect(),
            known_at: order.iter().map(|row| known_at[*row as usize]).collect(),
            starts,
            unread: unread.to_vec(),
        }
    }

    /// The rows of some accounts, by index, ascending.
    pub(super) fn part(&self, accounts: &[usize]) -> Self {
        let mut starts = vec![0];
        let mut order: Vec<u32> = Vec::new();
        for account in accounts {
            order.extend(self.rows_of(*account).map(|row| row as u32));
            starts.push(order.len());
        }
        Self {
            contract: self.contract,
            columns: self.columns.iter().map(|column| Some(column.clone()?.gather(&order))).collect(),
            known_at: order.iter().map(|&row| self.known_at[row as usize]).collect(),
            starts,
            unread: self.unread.clone(),
        }
    }

    /// Which table it is.
    pub fn name(&self) -> TableName {
        self.contract.table
    }

    /// How many rows there are.
    pub fn n_rows(&self) -> usize {
        self.known_at.len()
    }

    /// The rows of an account, by its index in [`Dataset::accounts`](super::Dataset::accounts); empty past the last.
    pub fn rows_of(&self, account_index: usize) -> Range<usize> {
        match self.starts.get(account_index..account_index + 2) {
            Some([start, end]) => *start..*end,
            _ => 0..0,
        }
    }

    /// When a row became known, in microseconds from 1970-01-01 UTC; `i64::MIN` where it always was.
    ///
    /// # Panics
    /// Past the last row, as a slice does.
    pub fn known_at(&self, row: usize) -> i64 {
        self.known_at[row]
    }

    /// Whether any file had something for the column.
    pub fn has(&self, column: &str) -> bool {
        self.position(column).is_some_and(|position| self.columns[position].is_some())
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.contract.columns.iter().position(|column| column.name == name)
    }

    /// The data of a column whose kind is accepted; the inner `None` where no file has it.
    fn column(
        &self,
        name: &str,
        expected: &'static str,
        accepts: impl Fn(ColumnKind) -> bool,
    ) -> Result<Option<&ColumnData>, TablesError> {
        match self.position(name) {
            Some(position) if self.unread.contains(&position) => {
                Err(TablesError::Unread { table: self.name(), column: name.to_owned() })
            }
            Some(position) if accepts(self.contract.columns[position].kind) => {
                Ok(self.columns[position].as_ref())
            }
            _ => Err(TablesError::Column { table: self.name(), column: name.to_owned(), expected }),
        }
    }

    /// A column of texts, currencies or countries.
    ///
    /// # Errors
    /// [`TablesError::Column`] when the contract has no such column of this kind, [`TablesError::Unread`] when it was left
    /// out.
    pub fn text(&self, column: &str) -> Result<TextColumn<'_>, TablesError> {
        let accepts = |kind| matches!(kind, ColumnKind::Text | ColumnKind::Currency | ColumnKind::Country);
        let parts = match self.column(column, "text", accepts)? {
            Some(ColumnData::Text { dictionary, codes }) => Some((dictionary, codes.as_slice())),
            _ => None,
        };
        Ok(TextColumn { parts })
    }

    /// A column of numbers, whole or not.
    ///
    /// # Errors
    /// [`TablesError::Column`] when the contract has no such column of this kind, [`TablesError::Unread`] when it was left
    /// out.
    pub fn number(&self, column: &str) -> Result<NumberColumn<'_>, TablesError> {
        let accepts = |kind| matches!(kind, ColumnKind::Integer { .. } | ColumnKind::Number { .. });
        let parts = match self.column(column, "number", accepts)? {
            Some(ColumnData::Number { values, present }) => Some((values.as_slice(), present.as_slice())),
            _ => None,
        };
        Ok(NumberColumn { parts })
    }

    /// A column of times.
    ///
    /// # Errors
    /// [`TablesError::Column`] when the contract has no such column of this kind, [`TablesError::Unread`] when it was left
    /// out.
    pub fn time(&self, column: &str) -> Result<TimeColumn<'_>, TablesError> {
        let parts = match self.column(column, "time", |kind| kind == ColumnKind::Time)? {
            Some(ColumnData::Time { values, present }) => Some((values.as_slice(), present.as_slice())),
            _ => None,
        };
        Ok(TimeColumn { parts })
    }

    /// A column of yes and no.
    ///
    /// # Errors
    /// [`TablesError::Column`] when the contract has no such column of this kind, [`TablesError::Unread`] when it was left
    /// out.
    pub fn flag(&self, column: &str) -> Result<FlagColumn<'_>, TablesError> {
        let values = match self.column(column, "flag", |kind| kind == ColumnKind::Flag)? {
            Some(ColumnData::Flag { values }) => Some(values.as_slice()),
            _ => None,
        };
        Ok(FlagColumn { values })
    }
}

/// Where the rows of each account start once they are sorted by account, and where the last of them end.
fn starts(accounts: &[Option<u32>], n_accounts: usize) -> Vec<usize> {
    let mut starts = vec![0; n_accounts + 1];
    for account in accounts.iter().flatten() {
        starts[*account as usize + 1] += 1;
    }
    for account in 0..n_accounts {
        starts[account + 1] += starts[account];
    }
    starts
}

/// Texts by row; all missing where no file has the column.
#[derive(Clone, Copy, Debug)]
pub struct TextColumn<'t> {
    parts: Option<(&'t Dictionary, &'t [u32])>,
}

impl<'t> TextColumn<'t> {
    /// The text in a row; `None` where it is missing.
    pub fn get(&self, row: usize) -> Option<&'t str> {
        let (dictionary, codes) = self.parts?;
        dictionary.get(*codes.get(row)?)
    }

    /// The index of the row's text in [`Self::levels`]; `None` where it is missing. Cheaper to compare than the text.
    pub fn code(&self, row: usize) -> Option<u32> {
        let (dictionary, codes) = self.parts?;
        codes.get(row).copied().filter(|&code| (code as usize) < dictionary.len())
    }

    /// The distinct texts of the column as it was read, in ascending order.
    pub fn levels(&self) -> impl Iterator<Item = &'t str> {
        self.parts.into_iter().flat_map(|(dictionary, _)| dictionary.iter())
    }
}

/// Numbers by row; all missing where no file has the column.
#[derive(Clone, Copy, Debug)]
pub struct NumberColumn<'t> {
    parts: Option<(&'t [f64], &'t [bool])>,
}

impl NumberColumn<'_> {
    /// The number in a row, always finite; `None` where it is missing.
    pub fn get(&self, row: usize) -> Option<f64> {
        let (values, present) = self.parts?;
        present.get(row)?.then(|| values[row])
    }
}

/// Times by row, in microseconds from 1970-01-01 UTC; all missing where no file has the column.
#[derive(Clone, Copy, Debug)]
pub struct TimeColumn<'t> {
    parts: Option<(&'t [i64], &'t [bool])>,
}

impl TimeColumn<'_> {
    /// The time in a row; `None` where it is missing.
    pub fn get(&self, row: usize) -> Option<i64> {
        let (values, present) = self.parts?;
        present.get(row)?.then(|| values[row])
    }
}

/// Flags by row; all missing where no file has the column.
#[derive(Clone, Copy, Debug)]
pub struct FlagColumn<'t> {
    values: Option<&'t [Option<bool>]>,
}

impl FlagColumn<'_> {
    /// The flag in a row; `None` where it is missing.
    pub fn get(&self, row: usize) -> Option<bool> {
        self.values?.get(row).copied().flatten()
    }
}
