//! The files of a run, read back row by row.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::ReportError;
use crate::quantity::{AsOf, MICROS_PER_DAY};
use crate::tables::raw::{Cell, CsvFormat, FileDigest, RawBatch, RawTable};

/// Characters of a cell that a message shows.
const SHOWN: usize = 60;

/// A table of known columns that is read from front to back.
#[derive(Debug)]
pub(super) struct RowStream {
    path: PathBuf,
    table: RawTable,
    columns: Vec<(&'static str, usize)>,
    batch: Option<RawBatch>,
    next: usize,
}

impl RowStream {
    /// Opens a file and finds its columns.
    pub(super) fn open(path: &Path, columns: &[&'static str]) -> Result<Self, ReportError> {
        Self::open_with(path, columns, &[])
    }

    /// Opens a file and finds its columns; those of `newer` may be absent, and their cells are empty then.
    pub(super) fn open_with(
        path: &Path,
        columns: &[&'static str],
        newer: &[&'static str],
    ) -> Result<Self, ReportError> {
        let mut table = RawTable::open(path, &CsvFormat::default())?;
        let place = |name: &&'static str| {
            let found = table.header().iter().position(|column| column == name);
            found.map(|place| (*name, place)).ok_or_else(|| ReportError::Column {
                path: path.to_path_buf(),
                column: name,
                expected: columns.to_vec(),
            })
        };
        let mut columns = columns.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        let newer = newer.iter().filter_map(|name| {
            let place = table.header().iter().position(|column| column == name)?;
            Some((*name, place))
        });
        columns.extend(newer);
        table.only(columns.iter().map(|(_, place)| *place).collect());
        Ok(Self { path: path.to_path_buf(), table, columns, batch: None, next: 0 })
    }

    /// Moves to the next row; `false` at the end.
    pub(super) fn advance(&mut self) -> Result<bool, ReportError> {
        self.next += 1;
        while self.batch.as_ref().is_none_or(|batch| self.next > batch.n_rows()) {
            // Let go of the rows that were read before the next ones are, so that memory holds them once.
            self.batch = None;
            self.batch = self.table.next_batch()?;
            self.next = 1;
            let Some(batch) = &self.batch else { return Ok(false) };
            if let Some(broken) = batch.broken().first() {
                let column = self.columns.first().map_or("", |(name, _)| *name);
                return Err(ReportError::Cell {
                    path: self.path.clone(),
                    row: broken.row,
                    column,
                    expected: "as many fields as in the header, in UTF-8",
                    found: broken.fields.join(",").chars().take(SHOWN).collect(),
                });
            }
        }
        Ok(true)
    }

    /// What was read of the file, once it has come to its end.
    pub(super) fn digest(&self) -> Option<FileDigest> {
        self.table.digest()
    }

    /// The present row.
    pub(super) fn row(&self) -> StoredRow<'_> {
        StoredRow { stream: self, row: self.next.saturating_sub(1) }
    }
}

/// One row of a stream; cells are asked for by name.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoredRow<'a> {
    stream: &'a RowStream,
    row: usize,
}

impl StoredRow<'_> {
    fn cell(&self, column: &'static str) -> Cell<'_> {
        let place = self.stream.columns.iter().find(|(name, _)| *name == column).map(|(_, place)| *place);
        match (&self.stream.batch, place) {
            (Some(batch), Some(place)) => batch.cell(self.row, place),
            _ => Cell::Missing,
        }
    }

    pub(super) fn fault(&self, column: &'static str, expected: &'static str) -> ReportError {
        let found = match self.cell(column) {
            Cell::Text(text) => text.chars().take(SHOWN).collect(),
            other => format!("{other:?}"),
        };
        let row = self.stream.batch.as_ref().map_or(0, |batch| batch.row_number(self.row));
        ReportError::Cell { path: self.stream.path.clone(), row, column, expected, found }
    }

    /// A text; empty cells are none.
    pub(super) fn text(&self, column: &'static str) -> Result<Option<String>, ReportError> {
        match self.cell(column) {
            Cell::Missing => Ok(None),
            Cell::Text(text) => Ok(Some(text.to_owned())),
            _ => Err(self.fault(column, "a text")),
        }
    }

    /// A text that must be there.
    pub(super) fn filled(&self, column: &'static str) -> Result<String, ReportError> {
        self.text(column)?.ok_or_else(|| self.fault(column, "a text"))
    }

    /// A value that is written as text.
    pub(super) fn parsed<T: FromStr>(
        &self,
        column: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, ReportError> {
        let text = self.text(column)?;
        text.map(|text| text.parse().map_err(|_| self.fault(column, expected))).transpose()
    }

    pub(super) fn number(&self, column: &'static str) -> Result<Option<f64>, ReportError> {
        match self.cell(column) {
            Cell::Missing => Ok(None),
            Cell::Number(number) => Ok(Some(number)),
            _ => Err(self.fault(column, "a number")),
        }
    }

    pub(super) fn integer(&self, column: &'static str) -> Result<Option<i64>, ReportError> {
        match self.cell(column) {
            Cell::Missing => Ok(None),
            Cell::Integer(number) => Ok(Some(number)),
            _ => Err(self.fault(column, "a whole number")),
        }
    }

    pub(super) fn flag(&self, column: &'static str) -> Result<Option<bool>, ReportError> {
        match self.cell(column) {
            Cell::Missing => Ok(None),
            Cell::Flag(flag) => Ok(Some(flag)),
            _ => Err(self.fault(column, "yes or no")),
        }
    }

    pub(super) fn date(&self, column: &'static str) -> Result<Option<AsOf>, ReportError> {
        match self.cell(column) {
            Cell::Missing => Ok(None),
            Cell::Time(micros) => {
                let days = micros.div_euclid(MICROS_PER_DAY);
                let date = jiff::Span::new()
                    .try_days(days)
                    .and_then(|span| jiff::civil::date(1970, 1, 1).checked_add(span));
                date.map(|date| Some(AsOf::new(date))).map_err(|_| self.fault(column, "a date"))
            }
            _ => Err(self.fault(column, "a date")),
        }
    }

    /// A value that is written as JSON.
    pub(super) fn json<T: serde::de::DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<T, ReportError> {
        let fault = || self.fault(column, "JSON of the shape that this release writes");
        match self.cell(column) {
            Cell::Text(text) => serde_json::from_str(text).map_err(|_| fault()),
            _ => Err(fault()),
        }
    }
}
