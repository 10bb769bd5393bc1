//! Strict reading of CSV and Parquet files into cells, before anyone asks what the columns mean.
//!
//! [`RawTable`] names its columns and hands out rows in [`RawBatch`]es. Nothing is guessed: text stays text, a number
//! is a number only where the file says so. What is wrong with a single row (too few fields, bytes that are not
//! UTF-8) comes back as a [`BrokenRow`]; what is wrong with the file is a [`RawError`].

mod csv;
mod error;
mod parquet;
mod quotes;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::artifact::sha256_of_file;

pub use error::RawError;
pub(super) use parquet::ParquetColumn;

/// One cell, as the file holds it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Nothing: an empty CSV field, a Parquet null.
    Missing,
    /// Text, not trimmed and not empty.
    Text(&'a str),
    /// A whole number from a whole-number column.
    Integer(i64),
    /// A number from a floating-point or decimal column; may be infinite or not a number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// A moment or date, in microseconds from 1970-01-01 UTC. Times without a zone are taken as UTC.
    Time(i64),
    /// A value of a nested or other type that no contract has; says the type.
    Other(&'a str),
}

/// How CSV files are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CsvFormat {
    /// What stands between fields; `None` takes whichever of `,` `;` tab `|` is most frequent in the header.
    pub delimiter: Option<u8>,
}

/// A file that was read, for the record of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileDigest {
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Its data rows, broken ones included.
    pub rows: u64,
}

/// A row that cannot be split into the cells of its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenRow {
    /// Its number, from 1; the header is not counted.
    pub row: u64,
    /// Its first line, from 1; `None` where the file has no lines.
    pub line: Option<u64>,
    /// What is wrong.
    pub problem: RowProblem,
    /// Its fields, with bad bytes replaced.
    pub fields: Vec<String>,
}

/// What is wrong with a [`BrokenRow`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowProblem {
    /// It has another number of fields than the header.
    Ragged {
        /// Fields in the header.
        expected: usize,
        /// Fields in the row.
        found: usize,
    },
    /// A field is not UTF-8.
    NotUtf8 {
        /// Which column, from 0.
        column: usize,
    },
}

/// A file that is being read, row by row.
///
/// ```
/// use propensity::tables::raw::{Cell, CsvFormat, RawTable};
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("accounts.csv");
/// std::fs::write(&path, "account_id;name\n007;\"Bond, James\"\n008;\n")?;
///
/// let mut table = RawTable::open(&path, &CsvFormat::default())?;
/// assert_eq!(table.header(), ["account_id", "name"]);
/// let batch = table.next_batch()?.expect("two rows");
/// assert_eq!(batch.cell(0, 0), Cell::Text("007"));
/// assert_eq!(batch.cell(0, 1), Cell::Text("Bond, James"));
/// assert_eq!(batch.cell(1, 1), Cell::Missing);
/// assert_eq!((batch.row_number(1), batch.line(1)), (2, Some(3)));
/// assert!(table.next_batch()?.is_none());
/// assert_eq!(table.digest().expect("read to its end").rows, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RawTable {
    path: PathBuf,
    source: Source,
    /// Hash and size of a Parquet file, which is not read front to back.
    hashed: Option<(String, u64)>,
}

#[derive(Debug)]
enum Source {
    Csv(Box<csv::CsvSource>),
    Parquet(Box<parquet::ParquetSource>),
}

impl RawTable {
    /// Whether the name of `path` ends as one of the formats that are read.
    pub fn reads(path: &Path) -> bool {
        Format::of(path).is_some()
    }

    /// Opens a file and reads its header. The format is taken from the ending of the name.
    ///
    /// # Errors
    /// [`RawError::NotFound`], [`RawError::Unreadable`] and [`RawError::Extension`] for files that cannot be opened;
    /// [`RawError::Empty`], [`RawError::HeaderNotUtf8`] and [`RawError::DuplicateColumn`] for their header;
    /// [`RawError::Parquet`] for a Parquet file that is cut or damaged.
    pub fn open(path: impl AsRef<Path>, format: &CsvFormat) -> Result<Self, RawError> {
        let mut table = Self::open_unhashed(path.as_ref(), *format)?;
        if table.wants_hash() {
            table.hashed = Some(hash_of(path.as_ref())?);
        }
        Ok(table)
    }

    /// [`Self::open`], leaving the hash to whoever calls [`Self::set_hash`].
    pub(super) fn open_unhashed(path: &Path, format: CsvFormat) -> Result<Self, RawError> {
        let source = match Format::of(path) {
            Some(Format::Csv) => Source::Csv(Box::new(csv::CsvSource::open(path, format.delimiter)?)),
            Some(Format::Tsv) => {
                Source::Csv(Box::new(csv::CsvSource::open(path, format.delimiter.or(Some(b'\t')))?))
            }
            Some(Format::Parquet) => Source::Parquet(Box::new(parquet::ParquetSource::open(path)?)),
            None => {
                let found = path.extension().unwrap_or_default().to_string_lossy().into_owned();
                return Err(RawError::Extension { path: path.to_path_buf(), found });
            }
        };
        let table = Self { path: path.to_path_buf(), source, hashed: None };
        refuse_duplicates(path, table.header())?;
        Ok(table)
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names of the columns, trimmed, in their order.
    pub fn header(&self) -> &[String] {
        match &self.source {
            Source::Csv(source) => source.header(),
            Source::Parquet(source) => source.header(),
        }
    }

    /// Whether [`Self::set_hash`] is still to be called with what [`hash_of`] says.
    pub(super) fn wants_hash(&self) -> bool {
        matches!(self.source, Source::Parquet(_)) && self.hashed.is_none()
    }

    pub(super) fn set_hash(&mut self, hash: (String, u64)) {
        self.hashed = Some(hash);
    }

    /// Reads only these columns, by their place in the header; all others are missing from now on. To be said once.
    pub(crate) fn only(&mut self, columns: Vec<usize>) {
        match &mut self.source {
            // A row of text is split as a whole.
            Source::Csv(_) => {}
            Source::Parquet(source) => source.only(columns),
        }
    }

    /// The next rows; `None` at the end. A batch is never empty, but all of its rows may be broken.
    ///
    /// # Errors
    /// [`RawError::UnclosedQuote`], [`RawError::Parquet`] and [`RawError::Unreadable`].
    pub fn next_batch(&mut self) -> Result<Option<RawBatch>, RawError> {
        self.next_part()?.map(RawPart::read).transpose()
    }

    /// The next rows, of which what can be left to another thread is not done yet.
    pub(super) fn next_part(&mut self) -> Result<Option<RawPart>, RawError> {
        Ok(match &mut self.source {
            Source::Csv(source) => source.next_batch()?.map(RawPart::Batch),
            Source::Parquet(source) => source.next_part().map(|part| RawPart::Parquet(Box::new(part))),
        })
    }

    /// Hash, size and number of rows, once the last batch has been taken.
    pub fn digest(&self) -> Option<FileDigest> {
        match &self.source {
            Source::Csv(source) => source.digest(),
            Source::Parquet(source) => {
                let (sha256, bytes) = self.hashed.clone()?;
                Some(FileDigest { sha256, bytes, rows: source.rows()? })
            }
        }
    }
}

/// About how many rows a file has, without reading it: as its Parquet footer says, or by its size. None where it cannot
/// be opened.
pub(super) fn estimated_rows(path: &Path) -> u64 {
    /// Bytes of a short row of text.
    const ROW_BYTES: u64 = 40;
    match Format::of(path) {
        Some(Format::Parquet) => parquet::ParquetSource::open(path).map_or(0, |source| source.n_rows()),
        _ => std::fs::metadata(path).map_or(0, |file| file.len() / ROW_BYTES),
    }
}

/// SHA-256 and size of a file.
pub(super) fn hash_of(path: &Path) -> Result<(String, u64), RawError> {
    sha256_of_file(path).map_err(RawError::unreadable(path))
}

/// Rows that may still have to be decoded.
#[derive(Debug)]
pub(super) enum RawPart {
    Batch(RawBatch),
    Parquet(Box<parquet::ParquetPart>),
}

impl RawPart {
    pub(super) fn read(self) -> Result<RawBatch, RawError> {
        match self {
            Self::Batch(batch) => Ok(batch),
            Self::Parquet(part) => part.read(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Csv,
    Tsv,
    Parquet,
}

impl Format {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "tsv" => Some(Self::Tsv),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }
}

/// Nameless columns (an exported row index, a trailing delimiter) may repeat: nothing can ask for them.
fn refuse_duplicates(path: &Path, header: &[String]) -> Result<(), RawError> {
    for (second, column) in header.iter().enumerate().filter(|(_, column)| !column.is_empty()) {
        if let Some(first) = header[..second].iter().position(|earlier| earlier == column) {
            return Err(RawError::DuplicateColumn {
                path: path.to_path_buf(),
                column: column.clone(),
                first: first + 1,
                second: second + 1,
            });
        }
    }
    Ok(())
}

/// Some rows of a file.
#[derive(Debug)]
pub struct RawBatch {
    cells: Cells,
    broken: Vec<BrokenRow>,
}

#[derive(Debug)]
enum Cells {
    Csv(csv::CsvCells),
    Parquet(parquet::ParquetCells),
}

impl RawBatch {
    /// How many whole rows there are.
    pub fn n_rows(&self) -> usize {
        match &self.cells {
            Cells::Csv(cells) => cells.n_rows(),
            Cells::Parquet(cells) => cells.n_rows(),
        }
    }

    /// The cell in a whole row and a column, both from 0. Out of range is [`Cell::Missing`].
    pub fn cell(&self, row: usize, column: usize) -> Cell<'_> {
        match &self.cells {
            Cells::Csv(cells) => cells.cell(row, column),
            Cells::Parquet(cells) => cells.cell(row, column),
        }
    }

    /// All cells of a column, where the file keeps them together.
    pub(super) fn parquet_column(&self, column: usize) -> Option<&ParquetColumn> {
        match &self.cells {
            Cells::Csv(_) => None,
            Cells::Parquet(cells) => cells.column(column),
        }
    }

    /// The number that the `row`-th whole row has in the file, from 1; the header is not counted.
    pub fn row_number(&self, row: usize) -> u64 {
        match &self.cells {
            Cells::Csv(cells) => cells.row_number(row),
            Cells::Parquet(cells) => cells.row_number(row),
        }
    }

    /// The first line of the `row`-th whole row, from 1; `None` where the file has no lines.
    pub fn line(&self, row: usize) -> Option<u64> {
        match &self.cells {
            Cells::Csv(cells) => cells.line(row),
            Cells::Parquet(_) => None,
        }
    }

    /// The rows that could not be split into cells.
    pub fn broken(&self) -> &[BrokenRow] {
        &self.broken
    }
}

/// Bytes as lower-case hexadecimal digits.
fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
