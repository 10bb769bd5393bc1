//! Where the cells of a table go: one writer a format.

use std::io::{self, Write};

use polars::io::parquet::write::{ParquetCompression, StatisticsOptions};
use polars::prelude::{CompatLevel, DataFrame, Field, PolarsResult};
use polars_parquet::parquet::compression::CompressionOptions;
use polars_parquet::parquet::encoding::Encoding;
use polars_parquet::parquet::page::{CompressedPage, Page};
use polars_parquet::write::{ParquetType, Version, WriteOptions, array_to_columns, compress};

use sha2::{Digest, Sha256};

use super::cells::{Cells, Schema};
use super::parquet::ParquetFile;
use super::spreadsheet::{Book, spreadsheet_text};
use super::{TableFormat, wide};
use crate::output::StagedFile;

/// A file that is written from front to back, with its hash and size where they are wanted.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) file: StagedFile,
    pub(super) digest: Option<(Sha256, u64)>,
}

impl Finished {
    /// Adds bytes at the end.
    pub(super) fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        if let Some((digest, length)) = &mut self.digest {
            digest.update(bytes);
            *length += bytes.len() as u64;
        }
        Ok(())
    }
}

/// The file, in its format.
pub(super) enum Sink {
    Csv { writer: Box<csv::Writer<StagedFile>>, for_sheets: bool },
    Xlsx(Box<Book>),
    Parquet { file: Box<ParquetFile>, is_wide: bool },
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Csv { .. } => "Csv",
            Self::Xlsx(_) => "Xlsx",
            Self::Parquet { .. } => "Parquet",
        })
    }
}

impl Sink {
    pub(super) fn open(file: StagedFile, format: TableFormat, schema: &Schema) -> io::Result<Self> {
        match format {
            TableFormat::Csv | TableFormat::SheetCsv | TableFormat::SheetTsv => {
                let delimiter = if format == TableFormat::SheetTsv { b'\t' } else { b',' };
                let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(file);
                writer.write_record(schema.columns().iter().map(|(name, _)| name))?;
                Ok(Self::Csv { writer: Box::new(writer), for_sheets: format != TableFormat::Csv })
            }
            TableFormat::Xlsx => Ok(Self::Xlsx(Box::new(Book::open(file, schema)?))),
            TableFormat::Parquet | TableFormat::WideParquet => {
                let fields: polars::prelude::Schema = schema
                    .columns()
                    .iter()
                    .map(|(name, kind)| Field::new(name.into(), kind.data_type()))
                    .collect();
                let is_wide = format == TableFormat::WideParquet;
                let folder = file.folder().to_path_buf();
                let digest = is_wide.then(|| (Sha256::new(), 0));
                let how = if is_wide {
                    (ParquetCompression::Uncompressed, StatisticsOptions::empty())
                } else {
                    (ParquetCompression::Zstd(None), StatisticsOptions::default())
                };
                let file = ParquetFile::begin(Finished { file, digest }, &folder, fields, how)?;
                Ok(Self::Parquet { file: Box::new(file), is_wide })
            }
        }
    }

    /// Whether rows are written in groups, and wait until one is full.
    pub(super) fn has_groups(&self) -> bool {
        matches!(self, Self::Parquet { .. })
    }

    /// Whether a group is full by its bytes too, and not by its rows alone.
    pub(super) fn counts_bytes(&self) -> bool {
        matches!(self, Self::Parquet { is_wide: false, .. })
    }

    /// Writes all cells and takes them.
    pub(super) fn write(&mut self, schema: &Schema, columns: &mut [Cells]) -> io::Result<()> {
        let n_rows = columns.first().map_or(0, Cells::len);
        match self {
            Self::Csv { writer, for_sheets } => {
                let mut text = String::new();
                for row in 0..n_rows {
                    for cells in columns.iter() {
                        text.clear();
                        cells.write_text(row, &mut text)?;
                        if *for_sheets && matches!(cells, Cells::Text(_)) {
                            writer.write_field(spreadsheet_text(&text).as_bytes())?;
                        } else {
                            writer.write_field(&text)?;
                        }
                    }
                    writer.write_record(None::<&[u8]>)?;
                }
                Ok(())
            }
            Self::Xlsx(book) => book.write(columns),
            Self::Parquet { file, is_wide: true } => file.write(|writer| {
                let kinds = writer.parquet_schema().fields().to_vec();
                let named = schema.columns().iter().zip(columns).zip(kinds);
                let pages = named.map(|(((name, _), cells), kind)| wide_pages(name, cells, kind));
                writer.write_row_group(n_rows as u64, &pages.collect::<PolarsResult<Vec<_>>>()?)
            }),
            Self::Parquet { file, .. } => {
                let columns = schema
                    .columns()
                    .iter()
                    .zip(columns)
                    .map(|((name, _), cells)| cells.take_column(name))
                    .collect();
                let frame = DataFrame::new(n_rows, columns).map_err(io::Error::other)?;
                file.write(|writer| writer.write_batch(&frame))
            }
        }
    }

    /// Ends the file, which has no name yet.
    pub(super) fn finish(self) -> io::Result<Finished> {
        let unhashed = |file| Finished { file, digest: None };
        match self {
            Self::Xlsx(book) => book.finish().map(unhashed),
            Self::Csv { writer, .. } => {
                writer.into_inner().map(unhashed).map_err(|error| io::Error::other(error.to_string()))
            }
            Self::Parquet { file, .. } => file.finish(),
        }
    }
}

/// The pages of a column that is not compressed.
fn wide_pages(name: &str, cells: &mut Cells, kind: ParquetType) -> PolarsResult<Vec<CompressedPage>> {
    let finished = |page: Page| Ok(compress(page, Vec::new(), CompressionOptions::Uncompressed)?);
    match (cells, kind) {
        (Cells::Masked32 { values, known }, ParquetType::PrimitiveType(kind)) => {
            wide::pages(values, known, kind).into_iter().map(finished).collect()
        }
        (cells, kind) => {
            let options = WriteOptions {
                statistics: StatisticsOptions::empty(),
                version: Version::V1,
                compression: CompressionOptions::Uncompressed,
                data_page_size: None,
            };
            let column = cells.take_column(name);
            let array = column.as_materialized_series().rechunk().to_arrow(0, CompatLevel::newest());
            let encoding =
                if matches!(cells, Cells::Flag(_)) { Encoding::Plain } else { Encoding::RleDictionary };
            let pages = array_to_columns(array, kind, options, &[encoding])?;
            pages.into_iter().flatten().map(|page| finished(page?)).collect()
        }
    }
}
