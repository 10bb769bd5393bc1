//! CSV files as batches of cells.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::quotes::QuoteWatch;
use super::{BrokenRow, Cell, Cells, FileDigest, RawBatch, RawError, RowProblem};

/// Rows in a batch, unless their text is long.
const BATCH_ROWS: usize = 1 << 15;
/// Bytes of text after which a batch ends.
const BATCH_BYTES: usize = 8 << 20;
/// What may stand between fields when the caller does not say.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// A CSV file that is being read.
#[derive(Debug)]
pub(super) struct CsvSource {
    path: PathBuf,
    header: Vec<String>,
    reader: Reader<QuoteWatch<File>>,
    rows: u64,
    done: bool,
}

impl CsvSource {
    pub(super) fn open(path: &Path, delimiter: Option<u8>) -> Result<Self, RawError> {
        let open = || {
            let mut file = File::open(path)?;
            let delimiter = match delimiter {
                Some(delimiter) => delimiter,
                None => infer_delimiter(&mut file)?,
            };
            Ok((file, delimiter))
        };
        let (file, delimiter) = open().map_err(RawError::unreadable(path))?;
        let reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .has_headers(false)
            .buffer_capacity(1 << 18)
            .from_reader(QuoteWatch::new(file, delimiter));
        let mut source = Self { path: path.to_path_buf(), header: Vec::new(), reader, rows: 0, done: false };
        source.header = source.read_header()?;
        Ok(source)
    }

    fn read_header(&mut self) -> Result<Vec<String>, RawError> {
        let mut record = ByteRecord::new();
        let Some(line) = self.read(&mut record)? else {
            return Err(RawError::Empty { path: self.path.clone() });
        };
        let names = record.iter().map(|name| std::str::from_utf8(name).map(|name| name.trim().to_owned()));
        names.collect::<Result<_, _>>().map_err(|_| RawError::HeaderNotUtf8 {
            path: self.path.clone(),
            line,
            found: String::from_utf8_lossy(record.as_slice()).chars().take(60).collect(),
        })
    }

    /// Reads a record and says the line in which it starts; `None` at the end.
    fn read(&mut self, record: &mut ByteRecord) -> Result<Option<u64>, RawError> {
        let more = self.reader.read_byte_record(record);
        if let Some(fault) = self.reader.get_ref().fault() {
            return Err(RawError::UnclosedQuote {
                path: self.path.clone(),
                opened: fault.opened,
                found: fault.found.clone(),
            });
        }
        let more = more.map_err(|error| RawError::unreadable(&self.path)(error.into()))?;
        Ok(more.then(|| self.reader.get_mut().next_record_line()))
    }

    pub(super) fn header(&self) -> &[String] {
        &self.header
    }

    pub(super) fn next_batch(&mut self) -> Result<Option<RawBatch>, RawError> {
        let mut cells = CsvCells { columns: self.header.len(), ..CsvCells::default() };
        let mut broken = Vec::new();
        let mut record = ByteRecord::new();
        while !self.done && cells.numbers.len() + broken.len() < BATCH_ROWS && cells.text.len() < BATCH_BYTES
        {
            let Some(line) = self.read(&mut record)? else {
                self.done = true;
                break;
            };
            self.rows += 1;
            if let Err(problem) = cells.push(&record, self.rows, line) {
                broken.push(BrokenRow {
                    row: self.rows,
                    line: Some(line),
                    problem,
                    fields: record.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect(),
                });
            }
        }
        let empty = cells.numbers.is_empty() && broken.is_empty();
        Ok((!empty).then_some(RawBatch { cells: Cells::Csv(cells), broken }))
    }

    pub(super) fn digest(&self) -> Option<FileDigest> {
        let watch = self.reader.get_ref();
        self.done.then(|| FileDigest { sha256: watch.sha256(), bytes: watch.bytes(), rows: self.rows })
    }
}

/// The most frequent delimiter of the first line, outside quotes; a comma where there is none.
fn infer_delimiter(file: &mut File) -> std::io::Result<u8> {
    let mut start = Vec::new();
    file.by_ref().take(1 << 16).read_to_end(&mut start)?;
    file.rewind()?;
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut quoted = false;
    for byte in start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&start) {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            _ if quoted => {}
            _ => {
                if let Some(which) = DELIMITERS.iter().position(|delimiter| delimiter == byte) {
                    counts[which] += 1;
                }
            }
        }
    }
    // The first of equals, so a comma before the others.
    let most = counts.iter().copied().max().unwrap_or(0);
    Ok(counts.iter().position(|&count| count == most).map_or(b',', |which| DELIMITERS[which]))
}

/// The whole rows of a batch: one text, and where each field ends.
#[derive(Debug, Default)]
pub(super) struct CsvCells {
    columns: usize,
    text: String,
    ends: Vec<usize>,
    numbers: Vec<u64>,
    lines: Vec<u64>,
}

impl CsvCells {
    fn push(&mut self, record: &ByteRecord, number: u64, line: u64) -> Result<(), RowProblem> {
        if record.len() != self.columns {
            return Err(RowProblem::Ragged { expected: self.columns, found: record.len() });
        }
        let (text, ends) = (self.text.len(), self.ends.len());
        for (column, field) in record.iter().enumerate() {
            let Ok(field) = std::str::from_utf8(field) else {
                self.text.truncate(text);
                self.ends.truncate(ends);
                return Err(RowProblem::NotUtf8 { column });
            };
            self.text.push_str(field);
            self.ends.push(self.text.len());
        }
        self.numbers.push(number);
        self.lines.push(line);
        Ok(())
    }

    pub(super) fn n_rows(&self) -> usize {
        self.numbers.len()
    }

    pub(super) fn row_number(&self, row: usize) -> u64 {
        self.numbers.get(row).copied().unwrap_or(0)
    }

    pub(super) fn line(&self, row: usize) -> Option<u64> {
        self.lines.get(row).copied()
    }

    pub(super) fn cell(&self, row: usize, column: usize) -> Cell<'_> {
        if column >= self.columns || row >= self.numbers.len() {
            return Cell::Missing;
        }
        let at = row * self.columns + column;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        match &self.text[start..self.ends[at]] {
            "" => Cell::Missing,
            text => Cell::Text(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{CsvFormat, RawTable};
    use super::*;
    use crate::error::Coded;

    fn open(bytes: &[u8]) -> (tempfile::TempDir, Result<RawTable, RawError>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, bytes).unwrap();
        let table = RawTable::open(&path, &CsvFormat::default());
        (folder, table)
    }

    #[test]
    fn delimiters_are_taken_from_the_header() {
        for (text, columns) in [
            ("a,b;c\n", 2),
            ("a;b;c,d\n", 3),
            ("a\tb\n", 2),
            ("a|b|c\n", 3),
            ("a\n", 1),
            ("\"x;y;z\",b\n", 2),
        ] {
            assert_eq!(open(text.as_bytes()).1.unwrap().header().len(), columns, "{text:?}");
        }
    }

    #[test]
    fn a_mark_at_the_start_and_embedded_newlines_are_legal() {
        let (_folder, table) = open(b"\xEF\xBB\xBFa,b\r\n\"two\nlines\",1\r\n\r\nx,2\r\n");
        let mut table = table.unwrap();
        assert_eq!(table.header(), ["a", "b"]);
        let batch = table.next_batch().unwrap().unwrap();
        assert_eq!(batch.cell(0, 0), Cell::Text("two\nlines"));
        assert_eq!((batch.row_number(1), batch.line(0), batch.line(1)), (2, Some(2), Some(5)));
        assert!(table.next_batch().unwrap().is_none());
    }

    #[test]
    fn broken_rows_are_named_and_the_others_kept() {
        let (_folder, table) = open(b"a,b\n1,2\n3\n4,\xFF\n5,6\n");
        let mut table = table.unwrap();
        let batch = table.next_batch().unwrap().unwrap();
        assert_eq!(batch.n_rows(), 2);
        assert_eq!((batch.cell(1, 0), batch.row_number(1)), (Cell::Text("5"), 4));
        let problems: Vec<_> = batch.broken().iter().map(|row| (row.row, row.line, row.problem)).collect();
        assert_eq!(
            problems,
            [
                (2, Some(3), RowProblem::Ragged { expected: 2, found: 1 }),
                (3, Some(4), RowProblem::NotUtf8 { column: 1 }),
            ]
        );
        assert_eq!(batch.broken()[1].fields, ["4", "\u{fffd}"]);
        assert!(table.next_batch().unwrap().is_none());
        assert_eq!(table.digest().unwrap().rows, 4);
    }

    #[test]
    fn broken_files_have_their_codes() {
        assert_eq!(open(b"").1.unwrap_err().code(), "E_EMPTY_TABLE");
        assert_eq!(open(b"a,b,a\n").1.unwrap_err().code(), "E_DUPLICATE_COLUMN");
        assert_eq!(open(b"a,\xFF\n").1.unwrap_err().code(), "E_CELL_NOT_UTF8");
        let (_folder, table) = open(b"a,b\n1,\"2\n3,4\n");
        assert_eq!(table.unwrap().next_batch().unwrap_err().code(), "E_CSV_UNCLOSED_QUOTE");
        assert_eq!(RawTable::open("none.csv", &CsvFormat::default()).unwrap_err().code(), "E_FILE_NOT_FOUND");
        assert_eq!(RawTable::open("a.xlsx", &CsvFormat::default()).unwrap_err().code(), "E_FILE_EXTENSION");
    }
}
