//! What can be wrong with a file before anyone asks what its columns mean.

use std::io;
use std::path::PathBuf;

use crate::error::Coded;

/// A file cannot be read as a table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RawError {
    /// There is no such file.
    #[error("{path}: found no such file; expected a CSV or Parquet file; check the path")]
    NotFound {
        /// The file.
        path: PathBuf,
    },
    /// The operating system refused to open or read.
    #[error("{path}: cannot be read ({source}); expected a readable file; check its permissions")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The name ends neither in `.csv`, `.tsv` nor `.parquet`.
    #[error(
        "{path}: expected a name that ends in .csv, .tsv or .parquet, found {found:?}; rename or convert the file"
    )]
    Extension {
        /// The file.
        path: PathBuf,
        /// The ending.
        found: String,
    },
    /// The file has not even a header.
    #[error("{path}: expected a header line, found an empty file; export it again")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The header is not UTF-8.
    #[error("{path}, line {line}: expected a header in UTF-8, found {found:?}; save the file as UTF-8")]
    HeaderNotUtf8 {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: u64,
        /// The header, with the bad bytes replaced.
        found: String,
    },
    /// Two columns have one name.
    #[error(
        "{path}, column {column}: expected one column of this name, found it at positions {first} and {second}; \
         rename or remove one"
    )]
    DuplicateColumn {
        /// The file.
        path: PathBuf,
        /// The name.
        column: String,
        /// Position of the first, from 1.
        first: usize,
        /// Position of the second, from 1.
        second: usize,
    },
    /// A quoted field does not end, or goes on after its closing quote.
    #[error(
        "{path}, line {opened}: expected the quote opened in this line to be closed before a delimiter or the end \
         of a line, found {found}; close the quote, or double it where it belongs to the text"
    )]
    UnclosedQuote {
        /// The file.
        path: PathBuf,
        /// The line in which the quote opened, from 1.
        opened: u64,
        /// What came instead of the end of the field.
        found: String,
    },
    /// The file is not complete, valid Parquet.
    #[error("{path}: expected a complete Parquet file, found: {found}; write or copy the file again")]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the Parquet reader said.
        found: String,
    },
}

impl RawError {
    /// The file the error is about.
    pub fn path(&self) -> &PathBuf {
        match self {
            Self::NotFound { path }
            | Self::Unreadable { path, .. }
            | Self::Extension { path, .. }
            | Self::Empty { path }
            | Self::HeaderNotUtf8 { path, .. }
            | Self::DuplicateColumn { path, .. }
            | Self::UnclosedQuote { path, .. }
            | Self::Parquet { path, .. } => path,
        }
    }

    /// Names the file in an error of the operating system.
    pub(crate) fn unreadable(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { path },
            _ => Self::Unreadable { path, source },
        }
    }
}

impl Coded for RawError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "E_FILE_NOT_FOUND",
            Self::Unreadable { .. } => "E_FILE_UNREADABLE",
            Self::Extension { .. } => "E_FILE_EXTENSION",
            Self::Empty { .. } => "E_EMPTY_TABLE",
            Self::HeaderNotUtf8 { .. } => "E_CELL_NOT_UTF8",
            Self::DuplicateColumn { .. } => "E_DUPLICATE_COLUMN",
            Self::UnclosedQuote { .. } => "E_CSV_UNCLOSED_QUOTE",
            Self::Parquet { .. } => "E_PARQUET_UNREADABLE",
        }
    }
}
