//! Tables written in a stream: rows arrive in pieces of any size, the file appears whole or not at all.
//!
//! The bytes of a file depend on its rows alone. Where a Parquet row group ends depends on the rows before it, however
//! they arrived, and every column is encoded by itself, so neither the pieces nor the number of threads show.

mod cells;
mod parquet;
mod sink;
mod spreadsheet;
mod wide;

use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

pub use self::cells::{Cells, ColumnType, Schema};
use self::sink::{Finished, Sink};
pub use self::spreadsheet::spreadsheet_text;
use crate::artifact::{hexadecimal, sha256_of_file};
use crate::output::{OutputError, StagedFile};

/// Most rows in one Parquet row group.
pub const ROWS_PER_GROUP: usize = 65_536;
/// A row group ends with the row that brings its cells to so many bytes in memory, so that whoever reads or writes the
/// file holds about as much however long its texts are.
const BYTES_PER_GROUP: usize = 1 << 24;
/// Bytes of a cell that is not a text, or of one that is missing.
const CELL_BYTES: usize = 16;
/// What a text takes beside its letters.
const TEXT_BYTES: usize = 40;

/// The file format of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TableFormat {
    /// Comma-separated UTF-8 text with a header; dates as `2026-01-31`, times as `2026-01-31T12:34:56Z`, missing
    /// cells empty.
    Csv,
    /// [`Csv`](Self::Csv) for people with spreadsheets: texts that start like a formula are made harmless.
    SheetCsv,
    /// [`SheetCsv`](Self::SheetCsv) with tabs between the fields.
    SheetTsv,
    /// An Excel workbook; more rows than a worksheet holds go on in further ones.
    Xlsx,
    /// Apache Parquet, zstd-compressed.
    Parquet,
    /// Apache Parquet for tables of many columns of numbers: dictionaries where they are worth it, no statistics and
    /// no compression.
    WideParquet,
}

impl TableFormat {
    /// The ending of file names, without a dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Csv | Self::SheetCsv => "csv",
            Self::SheetTsv => "tsv",
            Self::Xlsx => "xlsx",
            Self::Parquet | Self::WideParquet => "parquet",
        }
    }
}

/// A table on its way to a file.
///
/// Memory is bounded by one row group of a Parquet file and the largest piece given to [`append`](Self::append); other
/// formats take every piece as it comes. Dropped without a [`commit`](Self::commit), it leaves the target as it was.
///
/// ```
/// use propensity::tables::write::{Cells, ColumnType, Schema, TableFormat, TableWriter};
///
/// let folder = tempfile::tempdir()?;
/// let target = folder.path().join("calls.csv");
/// let schema = Schema::new([("account_id", ColumnType::Text), ("day", ColumnType::Date)]);
/// let mut writer = TableWriter::create(&target, TableFormat::Csv, schema)?;
/// writer.append(vec![Cells::Text(vec![Some("007".into()), None]), Cells::Date(vec![Some(20_484), Some(0)])])?;
/// writer.commit()?;
/// assert_eq!(std::fs::read_to_string(target)?, "account_id,day\n007,2026-01-31\n,1970-01-01\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TableWriter {
    target: PathBuf,
    schema: Schema,
    /// The rows of the row group that is being filled.
    pending: Vec<Cells>,
    /// Their bytes in memory.
    pending_bytes: usize,
    sink: Sink,
}

impl TableWriter {
    /// Opens a table that will become `target`, whose folder is made if it is missing.
    ///
    /// # Errors
    /// [`OutputError::Unwritable`] when the file cannot be made.
    pub fn create(
        target: impl Into<PathBuf>,
        format: TableFormat,
        schema: Schema,
    ) -> Result<Self, OutputError> {
        let target = target.into();
        let file = StagedFile::create(&target)?;
        let sink = Sink::open(file, format, &schema).map_err(OutputError::unwritable(&target))?;
        let pending = schema.columns().iter().map(|&(_, kind)| kind.no_cells()).collect();
        Ok(Self { target, schema, pending, pending_bytes: 0, sink })
    }

    /// Where the table will be.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Adds rows: one [`Cells`] per column of the schema, all of the same length.
    ///
    /// # Errors
    /// [`OutputError::Unwritable`] when the disk refuses, or when number, type or length of the columns is not what
    /// the schema says; the table cannot be committed usefully after that.
    pub fn append(&mut self, mut columns: Vec<Cells>) -> Result<(), OutputError> {
        check(&self.schema, &columns).map_err(OutputError::unwritable(&self.target))?;
        if !self.sink.has_groups() {
            return self
                .sink
                .write(&self.schema, &mut columns)
                .map_err(OutputError::unwritable(&self.target));
        }
        let mut left = columns.first().map_or(0, Cells::len);
        while left > 0 {
            let (n_rows, is_full) = self.take_in(&columns, left);
            for (from, to) in columns.iter_mut().zip(&mut self.pending) {
                from.move_front(n_rows, to);
            }
            left -= n_rows;
            if is_full {
                self.write_pending()?;
            }
        }
        Ok(())
    }

    /// How many of the first rows of a piece the row group takes, and whether it is full then.
    fn take_in(&mut self, columns: &[Cells], n_rows: usize) -> (usize, bool) {
        let room = ROWS_PER_GROUP - self.n_pending();
        if !self.sink.counts_bytes() {
            return (n_rows.min(room), n_rows >= room);
        }
        for row in 0..n_rows.min(room) {
            self.pending_bytes += columns.iter().map(|cells| cells.bytes_of(row)).sum::<usize>();
            if self.pending_bytes >= BYTES_PER_GROUP {
                return (row + 1, true);
            }
        }
        (n_rows.min(room), n_rows >= room)
    }

    /// Writes what is left, flushes to disk and gives the file its name.
    ///
    /// # Errors
    /// [`OutputError::Unwritable`] when the disk is full or the rename fails.
    pub fn commit(self) -> Result<(), OutputError> {
        self.finish().map(|_| ())
    }

    /// [`Self::commit`], and gives the SHA-256 of the file, in hexadecimal, and its size. Files of
    /// [`TableFormat::WideParquet`] are hashed while they are written; others are read again.
    ///
    /// # Errors
    /// As [`Self::commit`], and when the file cannot be read again.
    pub(crate) fn commit_hashed(self) -> Result<(String, u64), OutputError> {
        let target = self.target.clone();
        match self.finish()? {
            Some((digest, bytes)) => Ok((hexadecimal(&digest.finalize()), bytes)),
            None => sha256_of_file(&target).map_err(OutputError::unwritable(&target)),
        }
    }

    fn finish(mut self) -> Result<Option<(Sha256, u64)>, OutputError> {
        if self.n_pending() > 0 {
            self.write_pending()?;
        }
        let Finished { file, digest } = self.sink.finish().map_err(OutputError::unwritable(&self.target))?;
        file.commit()?;
        Ok(digest)
    }

    fn n_pending(&self) -> usize {
        self.pending.first().map_or(0, Cells::len)
    }

    fn write_pending(&mut self) -> Result<(), OutputError> {
        self.sink.write(&self.schema, &mut self.pending).map_err(OutputError::unwritable(&self.target))?;
        for cells in &mut self.pending {
            cells.clear();
        }
        self.pending_bytes = 0;
        Ok(())
    }
}

/// Compares the columns with the schema and names every fault.
fn check(schema: &Schema, columns: &[Cells]) -> io::Result<()> {
    let mut faults = Vec::new();
    if columns.len() != schema.columns().len() {
        faults.push(format!("expected {} columns, found {}", schema.columns().len(), columns.len()));
    }
    let n_rows = columns.first().map_or(0, Cells::len);
    for ((name, kind), cells) in schema.columns().iter().zip(columns) {
        if cells.column_type() != *kind {
            faults.push(format!("column {name}: expected {kind:?}, found {:?}", cells.column_type()));
        }
        if cells.len() != n_rows {
            faults.push(format!("column {name}: expected {n_rows} rows, found {}", cells.len()));
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, faults.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use polars::prelude::{Column, DataFrame};

    use super::*;

    const GROUP: i64 = 65_536;

    /// `n` rows of one column of every type, with missing cells.
    fn rows(range: std::ops::Range<i64>) -> Vec<Cells> {
        let filled = |i: &i64| i % 7 != 3;
        let cells = |i: i64| filled(&i).then_some(i);
        let list: Vec<Option<i64>> = range.map(cells).collect();
        vec![
            Cells::Text(list.iter().map(|i| i.map(|i| format!("{:05}, \"x\"", i % 999))).collect()),
            Cells::Integer(list.clone()),
            Cells::Number(list.iter().map(|i| i.map(|i| i as f64 / 3.0)).collect()),
            Cells::Number32(list.iter().map(|i| i.map(|i| i as f32 / 7.0)).collect()),
            Cells::Flag(list.iter().map(|i| i.map(|i| i % 2 == 0)).collect()),
            Cells::Time(list.iter().map(|i| i.map(|i| i * 1_000_000)).collect()),
            Cells::Date(list.iter().map(|i| i.map(|i| i as i32)).collect()),
        ]
    }

    fn schema() -> Schema {
        let kinds = ["text", "integer", "number", "number32", "flag", "time", "date"];
        Schema::new(kinds.into_iter().zip(rows(0..1).iter().map(Cells::column_type)))
    }

    fn bytes(format: TableFormat, n_rows: i64, chunk: i64) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("table");
        let mut writer = TableWriter::create(&target, format, schema()).unwrap();
        let mut start = 0;
        while start < n_rows {
            let end = (start + chunk).min(n_rows);
            writer.append(rows(start..end)).unwrap();
            start = end;
        }
        writer.commit().unwrap();
        std::fs::read(target).unwrap()
    }

    #[test]
    fn the_bytes_do_not_show_how_the_rows_arrived() {
        for format in [TableFormat::Csv, TableFormat::Parquet, TableFormat::WideParquet] {
            let n_rows = 2 * GROUP + 17;
            let whole = bytes(format, n_rows, n_rows);
            for chunk in [1_000, GROUP, GROUP + 1] {
                assert!(bytes(format, n_rows, chunk) == whole, "{format:?} in chunks of {chunk}");
            }
        }
    }

    #[test]
    fn a_row_group_of_long_texts_is_short() {
        use polars_parquet::read::{RowGroupMetadata, read_metadata};
        let written = |chunk: usize| {
            let folder = tempfile::tempdir().unwrap();
            let target = folder.path().join("table");
            let schema = Schema::new([("text", ColumnType::Text), ("number", ColumnType::Number)]);
            let mut writer = TableWriter::create(&target, TableFormat::Parquet, schema).unwrap();
            let mut left = 40_000;
            while left > 0 {
                let n_rows = chunk.min(left);
                left -= n_rows;
                let texts = vec![Some("x".repeat(968)); n_rows];
                writer.append(vec![Cells::Text(texts), Cells::Number(vec![None; n_rows])]).unwrap();
            }
            writer.commit().unwrap();
            std::fs::read(target).unwrap()
        };
        let bytes = written(40_000);
        assert!(bytes == written(999));
        // A row takes 968 + 40 + 16 bytes, so that 16,384 of them take 16 MiB.
        let metadata = read_metadata(&mut io::Cursor::new(bytes)).unwrap();
        let rows: Vec<usize> = metadata.row_groups.iter().map(RowGroupMetadata::num_rows).collect();
        assert_eq!(rows, [16_384, 16_384, 7_232]);
    }

    #[test]
    fn parquet_reads_back_as_it_was_written() {
        use polars::prelude::{ParquetReader, SerReader};
        for format in [TableFormat::Parquet, TableFormat::WideParquet] {
            let n_rows = GROUP + 5;
            let file = io::Cursor::new(bytes(format, n_rows, 900));
            let frame = ParquetReader::new(file).finish().unwrap();
            let columns = rows(0..n_rows);
            let expected: Vec<Column> = schema()
                .columns()
                .iter()
                .zip(&columns)
                .map(|((name, _), cells)| cells.clone().take_column(name))
                .collect();
            assert_eq!(frame.height(), n_rows as usize);
            assert!(frame.equals_missing(&DataFrame::new(n_rows as usize, expected).unwrap()), "{format:?}");
        }
    }

    #[test]
    fn csv_writes_dates_and_times_in_iso_form() {
        let text = String::from_utf8(bytes(TableFormat::Csv, 4, 4)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "text,integer,number,number32,flag,time,date");
        assert_eq!(
            lines[2],
            "\"00001, \"\"x\"\"\",1,0.3333333333333333,0.14285715,false,1970-01-01T00:00:01Z,1970-01-02"
        );
        assert_eq!(lines[4], ",,,,,,");
    }

    #[test]
    fn columns_that_do_not_fit_are_all_named() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("table.csv");
        let schema = Schema::new([("a", ColumnType::Text), ("b", ColumnType::Flag)]);
        let mut writer = TableWriter::create(&target, TableFormat::Csv, schema).unwrap();
        let error =
            writer.append(vec![Cells::Integer(vec![None]), Cells::Flag(vec![None, None])]).unwrap_err();
        let message = error.to_string();
        for part in
            ["table.csv", "column a: expected Text, found Integer", "column b: expected 1 rows, found 2"]
        {
            assert!(message.contains(part), "{message}");
        }
        drop(writer);
        assert!(!target.exists());
    }
}
