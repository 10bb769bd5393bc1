//! What can be wrong with tables, and how all of it is reported together.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::contract::TableName;
use super::mapping::MappingError;
use super::raw::RawError;
use crate::error::Coded;
use crate::output::OutputError;

/// The tables cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TablesError {
    /// Something in the tables is wrong. Everything that is wrong is listed, one line per column and kind.
    #[error("{}", list(.faults))]
    Faults {
        /// All faults, in the order of the tables and their columns.
        faults: Vec<Fault>,
    },
    /// The source is neither a file, a folder nor a pattern that matches files.
    #[error(
        "{source_path}: expected a folder of tables, a table or a pattern such as 'data/*.csv', found {found}"
    )]
    Source {
        /// What was asked for.
        source_path: String,
        /// What is there.
        found: String,
    },
    /// A table is there in several formats, which would be added together.
    #[error("table {table}: found {}, expected one of them; remove the others, or put parts of one table into a folder {table}/", .files.join(" and "))]
    SeveralFormats {
        /// The table.
        table: TableName,
        /// The files.
        files: Vec<String>,
    },
    /// Bad rows were to be set aside in a folder of inputs, where they would replace them.
    #[error(
        "--quarantine {folder} holds the input {input}; expected a folder without inputs, because set-aside rows would replace them"
    )]
    QuarantineAmongInputs {
        /// The folder.
        folder: String,
        /// An input in it.
        input: String,
    },
    /// The mapping file is wrong.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// Bad rows could not be set aside.
    #[error(transparent)]
    Quarantine(#[from] OutputError),
    /// A caller asked a table for a column that its contract does not have, or has with another kind.
    #[error("table {table} has no {expected} column {column:?}")]
    Column {
        /// The table.
        table: TableName,
        /// The column that was asked for.
        column: String,
        /// What it was asked for as.
        expected: &'static str,
    },
    /// A caller asked a table for a column that it had not named among those it reads.
    #[error("column {column:?} of table {table} was not read; expected it among the columns asked for")]
    Unread {
        /// The table.
        table: TableName,
        /// The column that was asked for.
        column: String,
    },
}

impl Coded for TablesError {
    fn code(&self) -> &'static str {
        match self {
            Self::Faults { faults } => faults.first().map_or("E_TABLES", Fault::code),
            Self::Source { .. } => "E_SOURCE_NOT_FOUND",
            Self::SeveralFormats { .. } => "E_SOURCE_SEVERAL_FORMATS",
            Self::QuarantineAmongInputs { .. } => "E_QUARANTINE_AMONG_INPUTS",
            Self::Mapping(error) => error.code(),
            Self::Quarantine(error) => error.code(),
            Self::Column { .. } => "E_TABLE_COLUMN",
            Self::Unread { .. } => "E_TABLE_COLUMN_UNREAD",
        }
    }
}

impl TablesError {
    /// Whether the error only says that there are faults that are told at the end of the work, all at once.
    pub const fn shows_late(&self) -> bool {
        matches!(self, Self::Faults { faults } if faults.is_empty())
    }
}

fn list(faults: &[Fault]) -> String {
    use fmt::Write;
    let plural = if faults.len() == 1 { "fault" } else { "faults" };
    let mut text = format!("{} {plural} in the tables", faults.len());
    for fault in faults {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  [{}] {fault}", fault.code());
    }
    text
}

/// One thing that is wrong with a table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A file cannot be read as a table.
    #[error("{table}: {source}")]
    File {
        /// The table.
        table: TableName,
        /// What is wrong with the file.
        source: RawError,
    },
    /// What a file holds is not what the contract asks for.
    #[error("{0}")]
    Content(Box<ContentFault>),
}

impl Fault {
    /// The stable code of the fault.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { source, .. } => source.code(),
            Self::Content(fault) => fault.kind.code(),
        }
    }
}

/// Kinds of faults in the content of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FaultKind {
    /// A required table is not there.
    MissingTable,
    /// A required column is not there.
    MissingColumn,
    /// Nothing says when the rows became known.
    NoKnownAt,
    /// There are no rows.
    EmptyTable,
    /// A row has another number of fields than the header.
    Ragged,
    /// A cell is not UTF-8.
    NotUtf8,
    /// A required cell is empty.
    CellMissing,
    /// A cell is not of the kind of its column.
    CellType,
    /// A number is infinite or not a number.
    NotFinite,
    /// A value is outside believable bounds.
    Absurd,
    /// A currency is not in ISO 4217.
    UnknownCurrency,
    /// A country is not in ISO 3166.
    UnknownCountry,
    /// Two rows have one key.
    DuplicateKey,
}

impl FaultKind {
    /// The stable code of this kind.
    pub const fn code(self) -> &'static str {
        match self {
            Self::MissingTable => "E_TABLE_MISSING",
            Self::MissingColumn => "E_SCHEMA_MISSING_COLUMN",
            Self::NoKnownAt => "E_SCHEMA_NO_KNOWN_AT",
            Self::EmptyTable => "E_EMPTY_TABLE",
            Self::Ragged => "E_CSV_RAGGED",
            Self::NotUtf8 => "E_CELL_NOT_UTF8",
            Self::CellMissing => "E_CELL_MISSING",
            Self::CellType => "E_CELL_TYPE",
            Self::NotFinite => "E_CELL_NOT_FINITE",
            Self::Absurd => "E_CELL_ABSURD",
            Self::UnknownCurrency => "E_UNKNOWN_CURRENCY",
            Self::UnknownCountry => "E_UNKNOWN_COUNTRY",
            Self::DuplicateKey => "E_DUPLICATE_KEY",
        }
    }

    /// Whether the fault is one of single rows, which `--quarantine` sets aside.
    pub const fn is_of_rows(self) -> bool {
        !matches!(self, Self::MissingTable | Self::MissingColumn | Self::NoKnownAt | Self::EmptyTable)
    }
}

/// A fault of one kind in one column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentFault {
    /// The kind.
    pub kind: FaultKind,
    /// The table.
    pub table: TableName,
    /// The file of the first bad row.
    pub file: PathBuf,
    /// The column; `None` where the whole row or table is meant.
    pub column: Option<String>,
    /// How many rows are bad; 0 where the fault is not one of rows.
    pub rows: u64,
    /// The first bad row, from 1, the header not counted.
    pub first_row: Option<u64>,
    /// Its line in the file, from 1, where the file has lines.
    pub line: Option<u64>,
    /// What was expected.
    pub expected: String,
    /// What was found in the first bad row.
    pub found: String,
    /// What to do about it.
    pub fix: String,
}

impl fmt::Display for ContentFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.table, self.file.display())?;
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        if let Some(row) = self.first_row {
            let rows = if self.rows == 1 { "row" } else { "rows" };
            write!(f, ": {} bad {rows}, first row {row}", self.rows)?;
            if let Some(line) = self.line {
                write!(f, " (line {line})")?;
            }
        }
        write!(f, ": expected {}, found {}; {}", self.expected, self.found, self.fix)
    }
}

/// Where a row is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub file: &'a Path,
    pub row: u64,
    pub line: Option<u64>,
}

/// What was expected, what was found, and what to do about it.
#[derive(Clone, Debug)]
pub(super) struct Explanation {
    pub expected: String,
    pub found: String,
    pub fix: String,
}

/// The faults of one table, gathered by column and kind.
#[derive(Debug)]
pub(super) struct FaultLog {
    table: TableName,
    files: Vec<RawError>,
    content: BTreeMap<(usize, FaultKind), ContentFault>,
}

impl FaultLog {
    pub(super) fn new(table: TableName) -> Self {
        Self { table, files: Vec::new(), content: BTreeMap::new() }
    }

    /// Notes a file that cannot be read.
    pub(super) fn file(&mut self, error: RawError) {
        self.files.push(error);
    }

    /// Notes a fault that is not one of rows.
    pub(super) fn structural(
        &mut self,
        kind: FaultKind,
        file: &Path,
        column: Option<(usize, &str)>,
        explanation: Explanation,
    ) {
        let (position, name) = column.map_or((usize::MAX, None), |(at, name)| (at, Some(name.to_owned())));
        let Explanation { expected, found, fix } = explanation;
        self.content.entry((position, kind)).or_insert(ContentFault {
            kind,
            table: self.table,
            file: file.to_path_buf(),
            column: name,
            rows: 0,
            first_row: None,
            line: None,
            expected,
            found,
            fix,
        });
    }

    /// Notes a bad row. The explanation is asked for only where the fault is the first of its kind in its column.
    pub(super) fn row(
        &mut self,
        kind: FaultKind,
        place: Place<'_>,
        column: Option<(usize, &str)>,
        explain: impl FnOnce() -> Explanation,
    ) {
        let position = column.map_or(usize::MAX, |(at, _)| at);
        let fault = self.content.entry((position, kind)).or_insert_with(|| {
            let Explanation { expected, found, fix } = explain();
            ContentFault {
                kind,
                table: self.table,
                file: place.file.to_path_buf(),
                column: column.map(|(_, name)| name.to_owned()),
                rows: 0,
                first_row: Some(place.row),
                line: place.line,
                expected,
                found,
                fix,
            }
        });
        fault.rows += 1;
    }

    /// Adds what was noted of later rows.
    pub(super) fn add(&mut self, later: Self) {
        self.files.extend(later.files);
        for (key, fault) in later.content {
            match self.content.entry(key) {
                std::collections::btree_map::Entry::Vacant(entry) => {
                    entry.insert(fault);
                }
                std::collections::btree_map::Entry::Occupied(mut entry) => entry.get_mut().rows += fault.rows,
            }
        }
    }

    /// Adds what was noted of other rows, before or after these: `files` is the order of the table's files.
    pub(super) fn add_unordered(&mut self, other: Self, files: &[PathBuf]) {
        let place = |fault: &ContentFault| {
            (files.iter().position(|file| *file == fault.file), fault.first_row.unwrap_or(0))
        };
        self.files.extend(other.files);
        for (key, mut fault) in other.content {
            match self.content.entry(key) {
                std::collections::btree_map::Entry::Vacant(entry) => {
                    entry.insert(fault);
                }
                std::collections::btree_map::Entry::Occupied(mut entry) => {
                    let held = entry.get_mut();
                    let rows = held.rows + fault.rows;
                    if place(&fault) < place(held) {
                        std::mem::swap(held, &mut fault);
                    }
                    held.rows = rows;
                }
            }
        }
    }

    /// Whether nothing was noted.
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.content.is_empty()
    }

    /// Whether anything is wrong that setting rows aside does not heal.
    pub(super) fn has_structural(&self) -> bool {
        !self.files.is_empty() || self.content.keys().any(|(_, kind)| !kind.is_of_rows())
    }

    /// Faults of rows; with their counts.
    pub(super) fn of_rows(&self) -> impl Iterator<Item = &ContentFault> {
        self.content.values().filter(|fault| fault.kind.is_of_rows())
    }

    /// All faults: files first, then columns in their order; only the structural ones when `rows` is false.
    pub(super) fn into_faults(self, rows: bool) -> Vec<Fault> {
        let table = self.table;
        let files = self.files.into_iter().map(move |source| Fault::File { table, source });
        let content = self.content.into_values().filter(|fault| rows || !fault.kind.is_of_rows());
        files.chain(content.map(|fault| Fault::Content(Box::new(fault)))).collect()
    }
}
