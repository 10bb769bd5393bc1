//! Parquet files as batches of cells, one row group at a time.

use std::fs::File;
use std::io::{Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use polars::prelude::*;
use sha2::{Digest, Sha256};

use super::{Cell, Cells, FileDigest, RawBatch, RawError};

/// A Parquet file that is being read.
#[derive(Debug)]
pub(super) struct ParquetSource {
    path: PathBuf,
    file: File,
    header: Vec<String>,
    /// Rows of each row group.
    groups: Vec<usize>,
    next_group: usize,
    rows: usize,
    digest: FileDigest,
}

impl ParquetSource {
    pub(super) fn open(path: &Path) -> Result<Self, RawError> {
        let hash = || {
            let mut file = File::open(path)?;
            let digest = hash_file(&mut file)?;
            Ok((file, digest))
        };
        let (file, (sha256, bytes)) = hash().map_err(RawError::unreadable(path))?;
        let clone = file.try_clone().map_err(RawError::unreadable(path))?;
        let (header, groups) = guarded(path, || {
            let mut reader = ParquetReader::new(clone);
            let header = reader.schema()?.iter_names().map(|name| name.trim().to_owned()).collect();
            let groups: Vec<usize> =
                reader.get_metadata()?.row_groups.iter().map(|group| group.num_rows()).collect();
            Ok((header, groups))
        })?;
        let rows = groups.iter().sum::<usize>() as u64;
        Ok(Self {
            path: path.to_path_buf(),
            file,
            header,
            groups,
            next_group: 0,
            rows: 0,
            digest: FileDigest { sha256, bytes, rows },
        })
    }

    pub(super) fn header(&self) -> &[String] {
        &self.header
    }

    pub(super) fn next_batch(&mut self) -> Result<Option<RawBatch>, RawError> {
        while let Some(&n_rows) = self.groups.get(self.next_group) {
            self.next_group += 1;
            if n_rows == 0 {
                continue;
            }
            let first = self.rows;
            self.rows += n_rows;
            let file = self.file.try_clone().map_err(RawError::unreadable(&self.path))?;
            let columns = guarded(&self.path, || {
                let frame = ParquetReader::new(file).with_slice(Some((first, n_rows))).finish()?;
                frame.columns().iter().map(ParquetColumn::new).collect::<PolarsResult<Vec<_>>>()
            })?;
            let cells = ParquetCells { first: first as u64, n_rows, columns };
            return Ok(Some(RawBatch { cells: Cells::Parquet(cells), broken: Vec::new() }));
        }
        Ok(None)
    }

    pub(super) fn digest(&self) -> Option<FileDigest> {
        (self.next_group >= self.groups.len()).then(|| self.digest.clone())
    }
}

/// Damaged pages can make the decoder panic; that too is an unreadable file.
fn guarded<T>(path: &Path, read: impl FnOnce() -> PolarsResult<T>) -> Result<T, RawError> {
    let unreadable = |found: String| RawError::Parquet { path: path.to_path_buf(), found };
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(unreadable(error.to_string())),
        Err(_) => Err(unreadable("damaged pages".to_owned())),
    }
}

fn hash_file(file: &mut File) -> std::io::Result<(String, u64)> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        digest.update(&buffer[..read]);
        bytes += read as u64;
    }
    file.rewind()?;
    Ok((super::hexadecimal(&digest.finalize()), bytes))
}

/// The rows of one row group.
#[derive(Debug)]
pub(super) struct ParquetCells {
    first: u64,
    n_rows: usize,
    columns: Vec<ParquetColumn>,
}

impl ParquetCells {
    pub(super) fn n_rows(&self) -> usize {
        self.n_rows
    }

    pub(super) fn row_number(&self, row: usize) -> u64 {
        self.first + row as u64 + 1
    }

    pub(super) fn cell(&self, row: usize, column: usize) -> Cell<'_> {
        self.columns.get(column).map_or(Cell::Missing, |column| column.cell(row))
    }
}

/// A column in one of the few types that cells have; always a single chunk.
#[derive(Debug)]
enum ParquetColumn {
    Text(StringChunked),
    Integer(Int64Chunked),
    Number(Float64Chunked),
    Flag(BooleanChunked),
    Time(Int64Chunked),
    Other { present: BooleanChunked, found: String },
}

impl ParquetColumn {
    fn new(column: &Column) -> PolarsResult<Self> {
        let series = column.as_materialized_series().rechunk();
        Ok(match series.dtype() {
            DataType::String => Self::Text(series.str()?.clone()),
            DataType::Categorical(..) | DataType::Enum(..) | DataType::Binary => {
                Self::Text(series.strict_cast(&DataType::String)?.str()?.clone())
            }
            kind if kind.is_integer() => Self::Integer(series.strict_cast(&DataType::Int64)?.i64()?.clone()),
            DataType::Decimal(_, 0) => Self::Integer(series.strict_cast(&DataType::Int64)?.i64()?.clone()),
            kind if kind.is_float() || kind.is_decimal() => {
                Self::Number(series.cast(&DataType::Float64)?.f64()?.clone())
            }
            DataType::Boolean => Self::Flag(series.bool()?.clone()),
            DataType::Date | DataType::Datetime(..) => {
                let micros = series.cast(&DataType::Datetime(TimeUnit::Microseconds, None))?;
                Self::Time(micros.to_physical_repr().i64()?.clone())
            }
            DataType::Null => Self::Text(StringChunked::full_null(series.name().clone(), series.len())),
            other => Self::Other { present: series.is_not_null(), found: format!("a value of type {other}") },
        })
    }

    fn cell(&self, row: usize) -> Cell<'_> {
        match self {
            Self::Text(values) => match values.get(row) {
                None | Some("") => Cell::Missing,
                Some(text) => Cell::Text(text),
            },
            Self::Integer(values) => values.get(row).map_or(Cell::Missing, Cell::Integer),
            Self::Number(values) => values.get(row).map_or(Cell::Missing, Cell::Number),
            Self::Flag(values) => values.get(row).map_or(Cell::Missing, Cell::Flag),
            Self::Time(values) => values.get(row).map_or(Cell::Missing, Cell::Time),
            Self::Other { present, found } => match present.get(row) {
                Some(true) => Cell::Other(found),
                _ => Cell::Missing,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{CsvFormat, RawTable};
    use super::*;
    use crate::error::Coded;

    fn written(frame: &mut DataFrame, group: usize) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        let file = File::create(&path).unwrap();
        ParquetWriter::new(file).with_row_group_size(Some(group)).finish(frame).unwrap();
        (folder, path)
    }

    fn sample() -> DataFrame {
        df!(
            "text" => [Some("a"), None, Some("")],
            "small" => [Some(1_i16), Some(-2), None],
            "number" => [17850.0, f64::INFINITY, 0.5],
            "flag" => [true, false, true],
            "day" => Series::new("day".into(), [0_i32, 1, 2]).cast(&DataType::Date).unwrap(),
            "at" => Series::new("at".into(), [1_500_i64, 0, 0])
                .cast(&DataType::Datetime(TimeUnit::Milliseconds, None)).unwrap(),
        )
        .unwrap()
    }

    #[test]
    fn cells_keep_their_types_over_row_groups() {
        let (_folder, path) = written(&mut sample(), 2);
        let mut table = RawTable::open(&path, &CsvFormat::default()).unwrap();
        assert_eq!(table.header(), ["text", "small", "number", "flag", "day", "at"]);
        let mut rows = Vec::new();
        while let Some(batch) = table.next_batch().unwrap() {
            for row in 0..batch.n_rows() {
                let cells: Vec<String> =
                    (0..6).map(|column| format!("{:?}", batch.cell(row, column))).collect();
                rows.push(format!("{} {}", batch.row_number(row), cells.join(" ")));
            }
        }
        assert_eq!(
            rows,
            [
                "1 Text(\"a\") Integer(1) Number(17850.0) Flag(true) Time(0) Time(1500000)",
                "2 Missing Integer(-2) Number(inf) Flag(false) Time(86400000000) Time(0)",
                "3 Missing Missing Number(0.5) Flag(true) Time(172800000000) Time(0)",
            ]
        );
        assert_eq!(table.digest().unwrap().rows, 3);
    }

    #[test]
    fn a_file_cut_anywhere_is_an_error_and_no_panic() {
        let (_folder, path) = written(&mut sample(), 2);
        let bytes = std::fs::read(&path).unwrap();
        for length in (0..bytes.len()).step_by(97) {
            std::fs::write(&path, &bytes[..length]).unwrap();
            assert_eq!(
                RawTable::open(&path, &CsvFormat::default()).unwrap_err().code(),
                "E_PARQUET_UNREADABLE",
                "{length}"
            );
        }
    }
}
