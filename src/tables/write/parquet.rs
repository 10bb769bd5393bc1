//! A Parquet file on its way to disk, in memory that does not grow with it.
//!
//! The footer of a Parquet file lists every column of every row group. A writer that keeps the list until the end grows
//! by some kilobytes a column and group. Here each row group has a writer of its own: its rows pass through to the
//! file, its footer is caught, moved to where the group lies, and laid aside on disk, from where the end of the file
//! takes it.
//!
//! Format: Apache Parquet, file layout and metadata, <https://parquet.apache.org/docs/file-format/metadata/>.

use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use polars::io::parquet::write::{BatchedWriter, ParquetCompression, ParquetWriter, StatisticsOptions};
use polars::prelude::{PolarsResult, Schema};
use polars_parquet_format::thrift::protocol::{
    TCompactInputProtocol, TCompactOutputProtocol, TFieldIdentifier, TListIdentifier, TOutputProtocol,
    TStructIdentifier, TType,
};
use polars_parquet_format::{FileMetaData, RowGroup};
use tempfile::SpooledTempFile;

use super::sink::Finished;

/// What a Parquet file begins and ends with.
const MAGIC: &[u8; 4] = b"PAR1";
/// The length of the footer, before the last magic.
const LENGTH_BYTES: usize = 4;
/// Bytes of the list of row groups that stay in memory; more are laid aside on disk.
const LIST_IN_MEMORY: usize = 1 << 20;

/// Where the writer of one row group writes to.
#[derive(Clone, Debug)]
pub(super) struct Passage(Arc<Mutex<Passing>>);

#[derive(Debug)]
struct Passing {
    file: Finished,
    /// Bytes of the file so far.
    length: u64,
    /// Bytes that are yet to be left out: the magic that every writer begins with.
    to_skip: usize,
    /// The footer that is being caught, once all rows have passed.
    footer: Option<Vec<u8>>,
}

impl Passage {
    fn lock(&self) -> MutexGuard<'_, Passing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Passage {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let mut passing = self.lock();
        if let Some(footer) = &mut passing.footer {
            footer.extend_from_slice(buffer);
            return Ok(buffer.len());
        }
        let skipped = passing.to_skip.min(buffer.len());
        passing.to_skip -= skipped;
        passing.put(&buffer[skipped..])?;
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Passing {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.length += bytes.len() as u64;
        self.file.put(bytes)
    }
}

/// A Parquet file that is being written.
pub(super) struct ParquetFile {
    passage: Passage,
    schema: Schema,
    compression: ParquetCompression,
    statistics: StatisticsOptions,
    /// The footer of a file of these columns that has no rows.
    empty: FileMetaData,
    /// The row groups so far, as the footer will list them.
    groups: BufWriter<SpooledTempFile>,
    n_groups: u32,
    n_rows: i64,
}

impl ParquetFile {
    /// Begins the file; `folder` takes what is laid aside.
    pub(super) fn begin(
        file: Finished,
        folder: &Path,
        schema: Schema,
        (compression, statistics): (ParquetCompression, StatisticsOptions),
    ) -> io::Result<Self> {
        let mut passing = Passing { file, length: 0, to_skip: 0, footer: None };
        passing.put(MAGIC)?;
        let groups = BufWriter::new(tempfile::spooled_tempfile_in(LIST_IN_MEMORY, folder));
        let mut begun = Self {
            passage: Passage(Arc::new(Mutex::new(passing))),
            schema,
            compression,
            statistics,
            empty: FileMetaData::new(0, Vec::new(), 0, Vec::new(), None, None, None, None, None),
            groups,
            n_groups: 0,
            n_rows: 0,
        };
        begun.empty = begun.passed(|_| Ok(()))?;
        Ok(begun)
    }

    /// Writes row groups by a writer that takes nothing else.
    pub(super) fn write(
        &mut self,
        rows: impl FnOnce(&mut BatchedWriter<Passage>) -> PolarsResult<()>,
    ) -> io::Result<()> {
        // To that writer the group lies behind its own magic.
        let start = self.passage.lock().length - MAGIC.len() as u64;
        let moved = i64::try_from(start).map_err(io::Error::other)?;
        for mut group in self.passed(rows)?.row_groups {
            relocate(&mut group, moved);
            group.ordinal = i16::try_from(self.n_groups).ok();
            let mut list = TCompactOutputProtocol::new(&mut self.groups);
            group.write_to_out_protocol(&mut list).map_err(io::Error::other)?;
            self.n_groups += 1;
            self.n_rows += group.num_rows;
        }
        Ok(())
    }

    /// Lets the rows of a writer pass, and gives its footer.
    fn passed(
        &self,
        rows: impl FnOnce(&mut BatchedWriter<Passage>) -> PolarsResult<()>,
    ) -> io::Result<FileMetaData> {
        self.passage.lock().to_skip = MAGIC.len();
        let mut writer = ParquetWriter::new(self.passage.clone())
            .with_compression(self.compression)
            .with_statistics(self.statistics)
            .batched(&self.schema)
            .map_err(io::Error::other)?;
        rows(&mut writer).map_err(io::Error::other)?;
        {
            // A writer without rows has its magic yet to come: it is caught with the footer.
            let mut passing = self.passage.lock();
            passing.to_skip = 0;
            passing.footer = Some(Vec::new());
        }
        writer.finish().map_err(io::Error::other)?;
        let caught = self.passage.lock().footer.take().unwrap_or_default();
        parse(&caught)
    }

    /// Writes the footer.
    pub(super) fn finish(self) -> io::Result<Finished> {
        let mut list = self.groups.into_inner().map_err(io::IntoInnerError::into_error)?;
        list.rewind()?;
        let listed = Listed {
            about: &self.empty,
            n_rows: self.n_rows,
            n_groups: self.n_groups,
            groups: BufReader::new(list),
        };
        let mut out = self.passage;
        let length = listed.write(&mut BufWriter::new(&mut out)).map_err(io::Error::other)?;
        let length =
            i32::try_from(length).map_err(|_| io::Error::other("more row groups than a footer can list"))?;
        let passing = Arc::into_inner(out.0)
            .ok_or_else(|| io::Error::other("a writer of a row group still holds the file"))?;
        let mut passing = passing.into_inner().unwrap_or_else(PoisonError::into_inner);
        passing.put(&length.to_le_bytes())?;
        passing.put(MAGIC)?;
        Ok(passing.file)
    }
}

/// The footer at the end of what was caught.
fn parse(caught: &[u8]) -> io::Result<FileMetaData> {
    let damaged = || io::Error::other("the writer of a row group left no footer");
    let (before, _) = caught.split_last_chunk::<{ MAGIC.len() }>().ok_or_else(damaged)?;
    let (before, length) = before.split_last_chunk::<LENGTH_BYTES>().ok_or_else(damaged)?;
    let start = before.len().checked_sub(u32::from_le_bytes(*length) as usize).ok_or_else(damaged)?;
    let mut footer = TCompactInputProtocol::new(&before[start..], usize::MAX);
    FileMetaData::read_from_in_protocol(&mut footer).map_err(io::Error::other)
}

/// Moves a row group by so many bytes. The indices of its pages were not kept: a column has one or two pages.
fn relocate(group: &mut RowGroup, by: i64) {
    let shift = |offset: &mut Option<i64>| {
        if let Some(offset) = offset {
            *offset += by;
        }
    };
    shift(&mut group.file_offset);
    for column in &mut group.columns {
        // What the writer says of a column behind its pages does not know where the group lies: it is said to be nowhere
        // but in the footer.
        column.file_offset = 0;
        column.offset_index_offset = None;
        column.offset_index_length = None;
        column.column_index_offset = None;
        column.column_index_length = None;
        if let Some(about) = &mut column.meta_data {
            about.data_page_offset += by;
            shift(&mut about.index_page_offset);
            shift(&mut about.dictionary_page_offset);
            shift(&mut about.bloom_filter_offset);
        }
    }
}

/// A footer whose row groups come from a reader.
struct Listed<'a, R> {
    about: &'a FileMetaData,
    n_rows: i64,
    n_groups: u32,
    groups: R,
}

impl<R: Read> Listed<'_, R> {
    /// Writes the fields of a footer in their order, and gives its length.
    fn write(mut self, out: &mut impl Write) -> polars_parquet_format::thrift::Result<usize> {
        let Self { about, n_rows, n_groups, .. } = self;
        let field = |name, kind, id| TFieldIdentifier::new(name, kind, id);
        let structs = |n| TListIdentifier::new(TType::Struct, n);
        let mut out = TCompactOutputProtocol::new(out);
        let mut length = out.write_struct_begin(&TStructIdentifier::new("FileMetaData"))?;
        length += out.write_field_begin(&field("version", TType::I32, 1))?;
        length += out.write_i32(about.version)?;
        length += out.write_field_begin(&field("schema", TType::List, 2))?;
        length += out.write_list_begin(&structs(about.schema.len().try_into()?))?;
        for element in &about.schema {
            length += element.write_to_out_protocol(&mut out)?;
        }
        length += out.write_field_begin(&field("num_rows", TType::I64, 3))?;
        length += out.write_i64(n_rows)?;
        length += out.write_field_begin(&field("row_groups", TType::List, 4))?;
        length += out.write_list_begin(&structs(n_groups))?;
        for _ in 0..n_groups {
            let mut list = TCompactInputProtocol::new(&mut self.groups, usize::MAX);
            length += RowGroup::read_from_in_protocol(&mut list)?.write_to_out_protocol(&mut out)?;
        }
        if let Some(pairs) = &about.key_value_metadata {
            length += out.write_field_begin(&field("key_value_metadata", TType::List, 5))?;
            length += out.write_list_begin(&structs(pairs.len().try_into()?))?;
            for pair in pairs {
                length += pair.write_to_out_protocol(&mut out)?;
            }
        }
        if let Some(writer) = &about.created_by {
            length += out.write_field_begin(&field("created_by", TType::String, 6))?;
            length += out.write_string(writer)?;
        }
        if let Some(orders) = &about.column_orders {
            length += out.write_field_begin(&field("column_orders", TType::List, 7))?;
            length += out.write_list_begin(&structs(orders.len().try_into()?))?;
            for order in orders {
                length += order.write_to_out_protocol(&mut out)?;
            }
        }
        length += out.write_field_stop()?;
        length += out.write_struct_end()?;
        out.flush()?;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use polars::prelude::{DataFrame, Field, NamedFrom, Series};
    use polars_parquet::read::{FileMetadata, RowGroupMetadata, read_metadata};

    use super::*;
    use crate::output::StagedFile;

    const HOW: (ParquetCompression, StatisticsOptions) =
        (ParquetCompression::Zstd(None), StatisticsOptions { distinct_count: false, ..FULL });
    const FULL: StatisticsOptions = StatisticsOptions {
        min_value: true,
        max_value: true,
        distinct_count: true,
        null_count: true,
        binary_statistics_truncate_length: None,
    };

    fn frames(n: usize) -> Vec<DataFrame> {
        (0..n)
            .map(|group| {
                let n_rows = 700 + group;
                let texts: Vec<String> = (0..n_rows).map(|row| format!("{group}-{}", row % 9)).collect();
                let numbers: Vec<Option<i64>> =
                    (0..n_rows).map(|row| (row % 3 > 0).then_some(i64::from((row * group) as u32))).collect();
                let columns = vec![
                    Series::new("text".into(), texts).into(),
                    Series::new("number".into(), numbers).into(),
                ];
                DataFrame::new(n_rows, columns).unwrap()
            })
            .collect()
    }

    fn schema(frames: &[DataFrame]) -> Schema {
        let columns = frames[0].columns().iter();
        columns.map(|column| Field::new(column.name().clone(), column.dtype().clone())).collect()
    }

    fn ours(frames: &[DataFrame], schema: Schema) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("t.parquet");
        let file = Finished { file: StagedFile::create(&target).unwrap(), digest: None };
        let mut writer = ParquetFile::begin(file, folder.path(), schema, HOW).unwrap();
        for frame in frames {
            writer.write(|writer| writer.write_batch(frame)).unwrap();
        }
        writer.finish().unwrap().file.commit().unwrap();
        std::fs::read(target).unwrap()
    }

    fn theirs(frames: &[DataFrame], schema: &Schema) -> Vec<u8> {
        let mut bytes = Vec::new();
        let writer = ParquetWriter::new(&mut bytes).with_compression(HOW.0).with_statistics(HOW.1);
        let mut writer = writer.batched(schema).unwrap();
        for frame in frames {
            writer.write_batch(frame).unwrap();
        }
        writer.finish().unwrap();
        drop(writer);
        bytes
    }

    /// What a file holds: its columns, and of every group their pages and what the footer says of them.
    fn held(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
        let footer: FileMetadata = read_metadata(&mut Cursor::new(bytes)).unwrap();
        let mut held =
            vec![(format!("{:?} {:?}", footer.schema_descr, footer.key_value_metadata), Vec::new())];
        for column in footer.row_groups.iter().flat_map(RowGroupMetadata::parquet_columns) {
            let statistics = column.statistics(&footer.footer_buf).map(Result::unwrap);
            let pages = column.byte_range();
            let pages = bytes[pages.start as usize..pages.end as usize].to_vec();
            held.push((format!("{} values, {statistics:?}", column.num_values()), pages));
        }
        held
    }

    #[test]
    fn a_file_holds_what_a_single_writer_writes() {
        for n_groups in [1, 2, 40] {
            let frames = frames(n_groups);
            let schema = schema(&frames);
            let (expected, found) = (held(&theirs(&frames, &schema)), held(&ours(&frames, schema)));
            assert_eq!(expected.len(), 1 + 2 * n_groups);
            for (column, (expected, found)) in expected.iter().zip(&found).enumerate() {
                assert!(
                    expected == found,
                    "{n_groups} groups, column {column}: {} is {}",
                    expected.0,
                    found.0
                );
            }
            assert_eq!(expected.len(), found.len());
        }
    }

    #[test]
    fn a_list_that_is_laid_aside_on_disk_comes_back() {
        // Each group takes some 300 bytes of the list, so that it leaves memory.
        let frames = vec![frames(1).swap_remove(0).head(Some(1)); 2 * LIST_IN_MEMORY / 300];
        let bytes = ours(&frames, schema(&frames));
        let footer = read_metadata(&mut Cursor::new(&bytes)).unwrap();
        assert_eq!((footer.row_groups.len(), footer.num_rows), (frames.len(), frames.len()));
    }

    #[test]
    fn a_file_without_rows_has_its_columns() {
        let schema = schema(&frames(1));
        let bytes = ours(&[], schema);
        let footer = read_metadata(&mut Cursor::new(&bytes)).unwrap();
        assert_eq!((footer.num_rows, footer.schema_descr.columns().len()), (0, 2));
    }
}
