//! Parquet files as batches of cells, one row group at a time, a large one in pieces.

use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::*;
use polars_parquet::read::{
    BasicDecompressor, FileMetadata, Filter, PageReader, RowGroupMetadata, column_iter_to_arrays,
    infer_schema, read_metadata,
};

use super::{Cell, Cells, RawBatch, RawError};

/// Most rows of a batch; a row group that has more comes in pieces.
const MOST_ROWS: usize = 1 << 20;

/// A Parquet file that is being read.
#[derive(Debug)]
pub(super) struct ParquetSource {
    path: PathBuf,
    header: Vec<String>,
    layout: Arc<Layout>,
    /// The columns that are decoded; `None` decodes all.
    wanted: Option<Arc<Vec<usize>>>,
    batches: Vec<Batch>,
    next: usize,
}

/// What the footer of a file says.
#[derive(Debug)]
struct Layout {
    metadata: FileMetadata,
    schema: ArrowSchema,
}

/// Some rows of a row group.
#[derive(Clone, Copy, Debug)]
struct Batch {
    group: usize,
    /// The first of the rows, counted from the start of the file.
    first: usize,
    /// The same, counted from the start of the group.
    in_group: usize,
    n_rows: usize,
}

/// Some rows of a file that wait to be decoded.
#[derive(Debug)]
pub(in crate::tables) struct ParquetPart {
    path: PathBuf,
    layout: Arc<Layout>,
    wanted: Option<Arc<Vec<usize>>>,
    batch: Batch,
}

impl ParquetSource {
    pub(super) fn open(path: &Path) -> Result<Self, RawError> {
        let mut file = File::open(path).map_err(RawError::unreadable(path))?;
        let layout = guarded(path, || {
            let metadata = read_metadata(&mut file)?;
            let schema = infer_schema(&metadata)?;
            Ok(Layout { metadata, schema })
        })?;
        let header = layout.schema.iter_names().map(|name| name.trim().to_owned()).collect();
        let (mut batches, mut first) = (Vec::new(), 0);
        for (group, rows) in layout.metadata.row_groups.iter().map(RowGroupMetadata::num_rows).enumerate() {
            for in_group in (0..rows).step_by(MOST_ROWS) {
                let n_rows = MOST_ROWS.min(rows - in_group);
                batches.push(Batch { group, first: first + in_group, in_group, n_rows });
            }
            first += rows;
        }
        let path = path.to_path_buf();
        Ok(Self { path, header, layout: Arc::new(layout), wanted: None, batches, next: 0 })
    }

    pub(super) fn header(&self) -> &[String] {
        &self.header
    }

    /// Decodes only these columns from now on; the others are missing in every row. Of the footer, which grows with
    /// the file, no more is kept than they need.
    pub(super) fn only(&mut self, columns: Vec<usize>) {
        let Layout { metadata, schema } = &*self.layout;
        let name = |place: &usize| schema.get_at_index(*place).map(|(name, _)| name.clone());
        let names: Vec<PlSmallStr> = columns.iter().filter_map(name).collect();
        if let Ok(mut metadata) = metadata.pruned(&names, &[]) {
            // Statistics lie there, and none were kept.
            drop(std::mem::take(&mut metadata.footer_buf));
            self.layout = Arc::new(Layout { metadata, schema: schema.clone() });
        }
        self.wanted = Some(Arc::new(columns));
    }

    pub(super) fn next_part(&mut self) -> Option<ParquetPart> {
        let batch = *self.batches.get(self.next)?;
        self.next += 1;
        Some(ParquetPart {
            path: self.path.clone(),
            layout: Arc::clone(&self.layout),
            wanted: self.wanted.clone(),
            batch,
        })
    }

    /// Rows of the file, once the last part has been taken.
    pub(super) fn rows(&self) -> Option<u64> {
        (self.next >= self.batches.len()).then_some(self.n_rows())
    }

    pub(super) fn n_rows(&self) -> u64 {
        self.batches.last().map_or(0, |batch| batch.first + batch.n_rows) as u64
    }
}

impl ParquetPart {
    /// Decodes the rows on the calling thread.
    ///
    /// Only the bytes of the columns that are wanted are read. They are never mapped into memory: a file that is cut
    /// short meanwhile is an error, and what was read before does not count as memory that is held.
    pub(super) fn read(self) -> Result<RawBatch, RawError> {
        let Self { path, layout, wanted, batch } = self;
        let mut file = File::open(&path).map_err(RawError::unreadable(&path))?;
        let mut columns: Vec<Option<ParquetColumn>> = Vec::new();
        let all = 0..layout.schema.len();
        for place in wanted.as_deref().cloned().unwrap_or_else(|| all.collect()) {
            let column = guarded(&path, || ParquetColumn::new(&series(&layout, batch, place, &mut file)?))?;
            columns.resize_with(columns.len().max(place + 1), || None);
            columns[place] = Some(column);
        }
        let cells = ParquetCells { first: batch.first as u64, n_rows: batch.n_rows, columns };
        Ok(RawBatch { cells: Cells::Parquet(cells), broken: Vec::new() })
    }
}

/// Decodes one column of a batch.
fn series(layout: &Layout, batch: Batch, place: usize, file: &mut File) -> PolarsResult<Series> {
    let missing = || polars_err!(ColumnNotFound: "no column {}", place);
    let (name, field) = layout.schema.get_at_index(place).ok_or_else(missing)?;
    let group = &layout.metadata.row_groups[batch.group];
    let chunks = group.columns_under_root_iter(name).ok_or_else(missing)?;
    let (mut pages, mut kinds) = (Vec::new(), Vec::new());
    for chunk in chunks {
        let range = chunk.byte_range();
        let length = range.end - range.start;
        let mut bytes = Vec::with_capacity(length as usize);
        file.seek(SeekFrom::Start(range.start))?;
        if file.by_ref().take(length).read_to_end(&mut bytes)? as u64 != length {
            polars_bail!(ComputeError: "the file ends within the column {}", name);
        }
        let reader = PageReader::new(Cursor::new(bytes.into()), chunk, Vec::new(), usize::MAX);
        pages.push(BasicDecompressor::new(reader, Vec::new()));
        kinds.push(&chunk.descriptor().descriptor.primitive_type);
    }
    let is_whole = batch.n_rows == group.num_rows();
    let rows = (!is_whole).then(|| Filter::new_ranged(batch.in_group, batch.in_group + batch.n_rows));
    let (arrays, _) = column_iter_to_arrays(pages, kinds, field.clone(), rows)?;
    Series::try_from((field, arrays))
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

/// The decoded rows of one batch.
#[derive(Debug)]
pub(super) struct ParquetCells {
    first: u64,
    n_rows: usize,
    /// By place in the file; `None` and what lies past the end was not asked for.
    columns: Vec<Option<ParquetColumn>>,
}

impl ParquetCells {
    pub(super) fn n_rows(&self) -> usize {
        self.n_rows
    }

    pub(super) fn row_number(&self, row: usize) -> u64 {
        self.first + row as u64 + 1
    }

    pub(super) fn cell(&self, row: usize, column: usize) -> Cell<'_> {
        self.column(column).map_or(Cell::Missing, |column| column.cell(row))
    }

    /// All rows of a column.
    pub(super) fn column(&self, column: usize) -> Option<&ParquetColumn> {
        self.columns.get(column)?.as_ref()
    }
}

/// A column in one of the few types that cells have; always a single chunk.
#[derive(Debug)]
pub(in crate::tables) enum ParquetColumn {
    Text(StringChunked),
    Integer(Int64Chunked),
    Number(Float64Chunked),
    Flag(BooleanChunked),
    Time(Int64Chunked),
    Other { present: BooleanChunked, found: String },
}

impl ParquetColumn {
    fn new(series: &Series) -> PolarsResult<Self> {
        let series = series.rechunk();
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
