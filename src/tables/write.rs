//! Tables written in a stream: rows arrive in pieces of any size, the file appears whole or not at all.
//!
//! The bytes of a file depend on its rows alone. Parquet row groups are always [`ROWS_PER_GROUP`] rows long, however
//! the rows arrived, and every column is encoded by itself, so neither the pieces nor the number of threads show.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;
use polars::io::parquet::write::{BatchedWriter, ParquetCompression, ParquetWriter};
use polars::prelude::{
    BooleanChunked, Column, DataFrame, DataType, Field, Float32Chunked, Float64Chunked, Int32Chunked,
    Int64Chunked, IntoColumn, NewChunkedArray, PlSmallStr, StringChunked, TimeUnit, TimeZone,
};

use crate::output::{OutputError, StagedFile};

/// Rows in one Parquet row group; the last one of a file may be shorter.
pub const ROWS_PER_GROUP: usize = 65_536;

/// The file format of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TableFormat {
    /// Comma-separated UTF-8 text with a header; dates as `2026-01-31`, times as `2026-01-31T12:34:56Z`, missing
    /// cells empty.
    Csv,
    /// Apache Parquet, zstd-compressed.
    Parquet,
}

impl TableFormat {
    /// The ending of file names, without a dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }
}

/// What the cells of a written column hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// UTF-8 text.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// A number of 64 bits.
    Number,
    /// A number of 32 bits.
    Number32,
    /// Yes or no.
    Flag,
    /// A moment, microseconds from 1970-01-01 UTC.
    Time,
    /// A calendar date, days from 1970-01-01.
    Date,
}

impl ColumnType {
    fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::String,
            Self::Integer => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::Number32 => DataType::Float32,
            Self::Flag => DataType::Boolean,
            Self::Time => DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)),
            Self::Date => DataType::Date,
        }
    }

    fn no_cells(self) -> Cells {
        match self {
            Self::Text => Cells::Text(Vec::new()),
            Self::Integer => Cells::Integer(Vec::new()),
            Self::Number => Cells::Number(Vec::new()),
            Self::Number32 => Cells::Number32(Vec::new()),
            Self::Flag => Cells::Flag(Vec::new()),
            Self::Time => Cells::Time(Vec::new()),
            Self::Date => Cells::Date(Vec::new()),
        }
    }
}

/// The columns of a table, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema(Vec<(String, ColumnType)>);

impl Schema {
    /// A schema of these columns.
    pub fn new<N: Into<String>>(columns: impl IntoIterator<Item = (N, ColumnType)>) -> Self {
        Self(columns.into_iter().map(|(name, kind)| (name.into(), kind)).collect())
    }

    /// Names and types, in order.
    pub fn columns(&self) -> &[(String, ColumnType)] {
        &self.0
    }
}

/// Some cells of one column; `None` is a missing cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cells {
    /// UTF-8 text.
    Text(Vec<Option<String>>),
    /// Whole numbers.
    Integer(Vec<Option<i64>>),
    /// Numbers of 64 bits.
    Number(Vec<Option<f64>>),
    /// Numbers of 32 bits.
    Number32(Vec<Option<f32>>),
    /// Yes or no.
    Flag(Vec<Option<bool>>),
    /// Microseconds from 1970-01-01 UTC.
    Time(Vec<Option<i64>>),
    /// Days from 1970-01-01.
    Date(Vec<Option<i32>>),
}

/// Runs the same expression on whichever vector the cells hold.
macro_rules! on_cells {
    ($cells:expr, $vector:ident => $body:expr) => {
        match $cells {
            Cells::Text($vector) => $body,
            Cells::Integer($vector) | Cells::Time($vector) => $body,
            Cells::Number($vector) => $body,
            Cells::Number32($vector) => $body,
            Cells::Flag($vector) => $body,
            Cells::Date($vector) => $body,
        }
    };
}

impl Cells {
    /// How many cells there are.
    pub fn len(&self) -> usize {
        on_cells!(self, vector => vector.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The type these cells fit into.
    pub const fn column_type(&self) -> ColumnType {
        match self {
            Self::Text(_) => ColumnType::Text,
            Self::Integer(_) => ColumnType::Integer,
            Self::Number(_) => ColumnType::Number,
            Self::Number32(_) => ColumnType::Number32,
            Self::Flag(_) => ColumnType::Flag,
            Self::Time(_) => ColumnType::Time,
            Self::Date(_) => ColumnType::Date,
        }
    }

    /// Moves the first `n_rows` cells to the end of `target`, which holds the same type.
    fn move_front(&mut self, n_rows: usize, target: &mut Self) {
        match (self, target) {
            (Self::Text(from), Self::Text(to)) => to.extend(from.drain(..n_rows)),
            (Self::Integer(from), Self::Integer(to)) | (Self::Time(from), Self::Time(to)) => {
                to.extend(from.drain(..n_rows));
            }
            (Self::Number(from), Self::Number(to)) => to.extend(from.drain(..n_rows)),
            (Self::Number32(from), Self::Number32(to)) => to.extend(from.drain(..n_rows)),
            (Self::Flag(from), Self::Flag(to)) => to.extend(from.drain(..n_rows)),
            (Self::Date(from), Self::Date(to)) => to.extend(from.drain(..n_rows)),
            // Types were compared with the schema when the cells came in.
            _ => {}
        }
    }

    fn column(&self, name: &str) -> Column {
        let name = PlSmallStr::from_str(name);
        match self {
            Self::Text(cells) => {
                StringChunked::from_iter_options(name, cells.iter().map(Option::as_deref)).into_column()
            }
            Self::Integer(cells) => Int64Chunked::from_slice_options(name, cells).into_column(),
            Self::Number(cells) => Float64Chunked::from_slice_options(name, cells).into_column(),
            Self::Number32(cells) => Float32Chunked::from_slice_options(name, cells).into_column(),
            Self::Flag(cells) => BooleanChunked::from_slice_options(name, cells).into_column(),
            Self::Time(cells) => Int64Chunked::from_slice_options(name, cells)
                .into_datetime(TimeUnit::Microseconds, Some(TimeZone::UTC))
                .into_column(),
            Self::Date(cells) => Int32Chunked::from_slice_options(name, cells).into_date().into_column(),
        }
    }

    /// Writes the cell of `row` as CSV text into `text`.
    fn write_text(&self, row: usize, text: &mut String) -> io::Result<()> {
        use std::fmt::Write as _;
        let outcome = match self {
            Self::Text(cells) => cells[row].as_deref().map_or(Ok(()), |cell| text.write_str(cell)),
            Self::Integer(cells) => cells[row].map_or(Ok(()), |cell| write!(text, "{cell}")),
            Self::Number(cells) => cells[row].map_or(Ok(()), |cell| write!(text, "{cell}")),
            Self::Number32(cells) => cells[row].map_or(Ok(()), |cell| write!(text, "{cell}")),
            Self::Flag(cells) => cells[row].map_or(Ok(()), |cell| write!(text, "{cell}")),
            Self::Time(cells) => match cells[row] {
                None => Ok(()),
                Some(micros) => {
                    let moment = jiff::Timestamp::from_microsecond(micros).map_err(io::Error::other)?;
                    write!(text, "{moment}")
                }
            },
            Self::Date(cells) => match cells[row] {
                None => Ok(()),
                Some(days) => {
                    let date = Date::constant(1970, 1, 1)
                        .checked_add(jiff::Span::new().try_days(days).map_err(io::Error::other)?)
                        .map_err(io::Error::other)?;
                    write!(text, "{date}")
                }
            },
        };
        outcome.map_err(io::Error::other)
    }
}

/// A table on its way to a file.
///
/// Memory is bounded by one row group and the largest piece given to [`append`](Self::append). Dropped without a
/// [`commit`](Self::commit), it leaves the target as it was.
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
    pending: Vec<Cells>,
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
        Ok(Self { target, schema, pending, sink })
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
        let mut left = columns.first().map_or(0, Cells::len);
        while left > 0 {
            let n_rows = left.min(ROWS_PER_GROUP - self.n_pending());
            for (from, to) in columns.iter_mut().zip(&mut self.pending) {
                from.move_front(n_rows, to);
            }
            left -= n_rows;
            if self.n_pending() == ROWS_PER_GROUP {
                self.write_pending()?;
            }
        }
        Ok(())
    }

    /// Writes what is left, flushes to disk and gives the file its name.
    ///
    /// # Errors
    /// [`OutputError::Unwritable`] when the disk is full or the rename fails.
    pub fn commit(mut self) -> Result<(), OutputError> {
        if self.n_pending() > 0 {
            self.write_pending()?;
        }
        self.sink.finish().map_err(OutputError::unwritable(&self.target))?.commit()
    }

    fn n_pending(&self) -> usize {
        self.pending.first().map_or(0, Cells::len)
    }

    fn write_pending(&mut self) -> Result<(), OutputError> {
        self.sink.write(&self.schema, &self.pending).map_err(OutputError::unwritable(&self.target))?;
        for cells in &mut self.pending {
            on_cells!(cells, vector => vector.clear());
        }
        Ok(())
    }
}

/// Compares the columns with the schema and names every fault.
fn check(schema: &Schema, columns: &[Cells]) -> io::Result<()> {
    let mut faults = Vec::new();
    if columns.len() != schema.0.len() {
        faults.push(format!("expected {} columns, found {}", schema.0.len(), columns.len()));
    }
    let n_rows = columns.first().map_or(0, Cells::len);
    for ((name, kind), cells) in schema.0.iter().zip(columns) {
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

/// A staged file that the Parquet writer can hold while its owner keeps a hand on it, to name it at the end.
#[derive(Clone, Debug)]
struct SharedFile(Arc<Mutex<StagedFile>>);

impl Write for SharedFile {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }
}

enum Sink {
    Csv(Box<csv::Writer<StagedFile>>),
    Parquet { writer: Box<BatchedWriter<SharedFile>>, file: SharedFile },
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Csv(_) => "Csv",
            Self::Parquet { .. } => "Parquet",
        })
    }
}

impl Sink {
    fn open(file: StagedFile, format: TableFormat, schema: &Schema) -> io::Result<Self> {
        match format {
            TableFormat::Csv => {
                let mut writer = csv::Writer::from_writer(file);
                writer.write_record(schema.0.iter().map(|(name, _)| name))?;
                Ok(Self::Csv(Box::new(writer)))
            }
            TableFormat::Parquet => {
                let fields: polars::prelude::Schema =
                    schema.0.iter().map(|(name, kind)| Field::new(name.into(), kind.data_type())).collect();
                let file = SharedFile(Arc::new(Mutex::new(file)));
                let writer = ParquetWriter::new(file.clone())
                    .with_compression(ParquetCompression::Zstd(None))
                    .batched(&fields)
                    .map_err(io::Error::other)?;
                Ok(Self::Parquet { writer: Box::new(writer), file })
            }
        }
    }

    fn write(&mut self, schema: &Schema, columns: &[Cells]) -> io::Result<()> {
        let n_rows = columns.first().map_or(0, Cells::len);
        match self {
            Self::Csv(writer) => {
                let mut text = String::new();
                for row in 0..n_rows {
                    for cells in columns {
                        text.clear();
                        cells.write_text(row, &mut text)?;
                        writer.write_field(&text)?;
                    }
                    writer.write_record(None::<&[u8]>)?;
                }
                Ok(())
            }
            Self::Parquet { writer, .. } => {
                let columns =
                    schema.0.iter().zip(columns).map(|((name, _), cells)| cells.column(name)).collect();
                let frame = DataFrame::new(n_rows, columns).map_err(io::Error::other)?;
                writer.write_batch(&frame).map_err(io::Error::other)
            }
        }
    }

    fn finish(self) -> io::Result<StagedFile> {
        match self {
            Self::Csv(writer) => writer.into_inner().map_err(|error| io::Error::other(error.to_string())),
            Self::Parquet { writer, file } => {
                writer.finish().map_err(io::Error::other)?;
                drop(writer);
                let file = Arc::into_inner(file.0)
                    .ok_or_else(|| io::Error::other("the Parquet writer still holds the file"))?;
                Ok(file.into_inner().unwrap_or_else(PoisonError::into_inner))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        for format in [TableFormat::Csv, TableFormat::Parquet] {
            let n_rows = 2 * ROWS_PER_GROUP as i64 + 17;
            let whole = bytes(format, n_rows, n_rows);
            for chunk in [1_000, ROWS_PER_GROUP as i64, ROWS_PER_GROUP as i64 + 1] {
                assert!(bytes(format, n_rows, chunk) == whole, "{format:?} in chunks of {chunk}");
            }
        }
    }

    #[test]
    fn parquet_reads_back_as_it_was_written() {
        use polars::prelude::{ParquetReader, SerReader};
        let n_rows = ROWS_PER_GROUP as i64 + 5;
        let file = io::Cursor::new(bytes(TableFormat::Parquet, n_rows, 900));
        let frame = ParquetReader::new(file).finish().unwrap();
        let columns = rows(0..n_rows);
        let expected: Vec<Column> =
            schema().0.iter().zip(&columns).map(|((name, _), cells)| cells.column(name)).collect();
        assert_eq!(frame.height(), n_rows as usize);
        assert!(frame.equals_missing(&DataFrame::new(n_rows as usize, expected).unwrap()));
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
