//! What can be wrong with a wide table, its recipe or the questions asked of it.

use std::fmt::{self, Write as _};
use std::io;
use std::path::PathBuf;

use crate::artifact::ArtifactError;
use crate::error::{Coded, ErrorKind};
use crate::matrix::MatrixError;
use crate::models::ModelError;
use crate::output::OutputError;
use crate::tables::raw::RawError;
use crate::training::TrainError;
use crate::training::leak_gate::LeakRefusal;

/// A wide table cannot be trained on or scored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WideError {
    /// The file cannot be read as a table.
    #[error(transparent)]
    Raw(#[from] RawError),
    /// Rows that cannot be split into cells, or columns that are not what the recipe says; all of them.
    #[error("{path}: the table does not fit:{}", bullets(.faults))]
    Schema {
        /// The table.
        path: PathBuf,
        /// At least one fault.
        faults: Vec<SchemaFault>,
    },
    /// A flag names a column that the table does not have.
    #[error(
        "{path}: {flag} names [{}], but no column of the table matches; found columns [{}]; correct the name",
        .columns.join(", "), .header.join(", ")
    )]
    UnknownColumn {
        /// The table.
        path: PathBuf,
        /// The flag.
        flag: &'static str,
        /// Names or patterns without a match.
        columns: Vec<String>,
        /// The columns that are there.
        header: Vec<String>,
    },
    /// No row has the wanted outcome.
    #[error(
        "{path}: column {column} never holds {wanted:?}; found {seen}; \
         give one of these as --target \"{column}=VALUE\""
    )]
    UnknownTargetValue {
        /// The table.
        path: PathBuf,
        /// The outcome column.
        column: String,
        /// The value asked for.
        wanted: String,
        /// The values that are there, with their counts.
        seen: SeenValues,
    },
    /// Every row has the wanted outcome, so there is nothing to tell it from.
    #[error(
        "{path}: every row has {column} = {wanted:?}; expected rows with another outcome too; \
         add them, or choose another target"
    )]
    OneOutcome {
        /// The table.
        path: PathBuf,
        /// The outcome column.
        column: String,
        /// The value asked for.
        wanted: String,
    },
    /// After dropping, no column is left to learn from.
    #[error(
        "{path}: no column is left to learn from; expected at least one of kind number, level, flag or time; \
         drop fewer columns, or give kinds with --recipe"
    )]
    NoFeatures {
        /// The table.
        path: PathBuf,
    },
    /// The table has a header but no rows.
    #[error("{path}: expected at least one row under the header, found none; export the table again")]
    NoRows {
        /// The table.
        path: PathBuf,
    },
    /// The recipe cannot be read.
    #[error("cannot read recipe {path}: {source}; check the path and its permissions")]
    RecipeUnreadable {
        /// The recipe.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The recipe is not valid.
    #[error("recipe {path} is not valid: {reason}")]
    Recipe {
        /// The recipe.
        path: PathBuf,
        /// What is wrong, with the line.
        reason: String,
    },
    /// A file could not be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A model file could not be read or written.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The encoded table does not fit the model.
    #[error(transparent)]
    Matrix(#[from] MatrixError),
    /// The parts of a model do not fit each other.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Columns or rows of the table know the outcome; every one is named.
    #[error(
        "{path}: {refusal}\nleave such columns out with --drop COLUMN; \
         if a column was known before the outcome, say so with --allow COLUMN{}",
        copies_fix(.refusal)
    )]
    Leak {
        /// The table.
        path: PathBuf,
        /// What the gate found.
        refusal: LeakRefusal,
    },
    /// The model cannot be fitted on the rows of the table.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The scores could not be written.
    #[error("cannot write the scores: {source}; expected a writable target with free space")]
    Write {
        /// What the operating system said.
        #[from]
        source: io::Error,
    },
}

impl From<csv::Error> for WideError {
    /// A writer of fields fails only where the bytes go.
    fn from(error: csv::Error) -> Self {
        Self::Write { source: error.into() }
    }
}

impl Coded for WideError {
    fn code(&self) -> &'static str {
        match self {
            Self::Raw(error) => error.code(),
            Self::Schema { faults, .. } => faults.first().map_or("E_SCHEMA", SchemaFault::code),
            Self::UnknownColumn { .. } => "E_UNKNOWN_COLUMN",
            Self::UnknownTargetValue { .. } => "E_UNKNOWN_TARGET_VALUE",
            Self::OneOutcome { .. } => "E_ONE_OUTCOME",
            Self::NoFeatures { .. } => "E_NO_FEATURES",
            Self::NoRows { .. } => "E_EMPTY_TABLE",
            Self::RecipeUnreadable { .. } => "E_RECIPE_UNREADABLE",
            Self::Recipe { .. } => "E_RECIPE",
            Self::Output(error) => error.code(),
            Self::Artifact(error) => error.code(),
            Self::Matrix(error) => error.code(),
            Self::Model(error) => error.code(),
            Self::Leak { refusal, .. } => refusal.code(),
            Self::Train(error) => error.code(),
            Self::Write { .. } => "E_OUTPUT_UNWRITABLE",
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::Leak { refusal, .. } => refusal.kind(),
            _ => ErrorKind::Input,
        }
    }
}

fn copies_fix(refusal: &LeakRefusal) -> &'static str {
    if refusal.leaks.iter().any(|leak| leak.column.is_none()) {
        "; remove the copies, name what they share with --group COLUMN, or take them with --allow-copies"
    } else {
        ""
    }
}

/// One way in which a table is not what its recipe or model expects.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaFault {
    /// A column of the recipe is not in the table.
    Missing {
        /// The column.
        column: String,
        /// The kind of its values.
        kind: &'static str,
    },
    /// Cells of a column cannot be of its kind.
    Retyped {
        /// The column.
        column: String,
        /// What a cell of its kind looks like.
        expected: &'static str,
        /// How many cells cannot be read so.
        cells: u64,
        /// Row of the first, from 1.
        row: u64,
        /// Line of the first, where the file has lines.
        line: Option<u64>,
        /// The first such cell.
        found: String,
    },
    /// Rows that have another number of fields than the header, or bytes that are not UTF-8.
    Broken {
        /// The stable code of the fault.
        code: &'static str,
        /// How many rows.
        rows: u64,
        /// The first, from 1.
        row: u64,
        /// Its line, where the file has lines.
        line: Option<u64>,
        /// What was expected and found, and the fix.
        reason: String,
    },
}

impl SchemaFault {
    /// The stable code of this fault.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "E_SCHEMA_MISSING_COLUMN",
            Self::Retyped { .. } => "E_SCHEMA_RETYPED_COLUMN",
            Self::Broken { code, .. } => code,
        }
    }
}

impl fmt::Display for SchemaFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = |row: u64, line: Option<u64>| match line {
            Some(line) => format!("row {row} (line {line})"),
            None => format!("row {row}"),
        };
        write!(f, "{}: ", self.code())?;
        match self {
            Self::Missing { column, kind } => {
                write!(
                    f,
                    "column {column}: expected a column of kind {kind}, found none; add it to the table"
                )
            }
            Self::Retyped { column, expected, cells, row, line, found } => write!(
                f,
                "column {column}, {}: expected {expected}, found {found:?}, {cells} such {} in all; \
                 correct the cells, or add a missing marker to the recipe and train again",
                place(*row, *line),
                if *cells == 1 { "cell" } else { "cells" },
            ),
            Self::Broken { rows, row, line, reason, .. } => {
                write!(
                    f,
                    "{}: {reason}; {rows} such {} in all",
                    place(*row, *line),
                    plural(*rows, "row", "rows")
                )
            }
        }
    }
}

fn plural(count: u64, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

fn bullets(faults: &[SchemaFault]) -> String {
    faults.iter().fold(String::new(), |mut lines, fault| {
        // Writing to a string cannot fail.
        let _ = write!(lines, "\n  {fault}");
        lines
    })
}

/// The values of an outcome column with their counts, most frequent first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenValues(Vec<(String, u64)>);

impl SeenValues {
    /// Sorts values by falling count, then by name.
    pub fn new(counts: impl IntoIterator<Item = (String, u64)>) -> Self {
        let mut seen: Vec<_> = counts.into_iter().collect();
        seen.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        Self(seen)
    }

    /// The values with their counts.
    pub fn counts(&self) -> &[(String, u64)] {
        &self.0
    }
}

impl fmt::Display for SeenValues {
    /// Writes at most twelve values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 12;
        if self.0.is_empty() {
            return f.write_str("no value at all");
        }
        for (index, (value, count)) in self.0.iter().take(SHOWN).enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{value:?} ({count} {})", plural(*count, "row", "rows"))?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
