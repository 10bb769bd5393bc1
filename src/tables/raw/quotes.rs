//! Watches the bytes of a CSV file on their way to the parser: hashes them, notes the line in which each record
//! starts, and finds quotes that do not close.
//!
//! CSV parsers forgive a quote that never closes by taking the rest of the file as one field. A nightly job must not.

use std::collections::VecDeque;
use std::io::{self, Read};

use sha2::{Digest, Sha256};

/// A field longer than this is taken for one whose quote was forgotten.
const LONGEST_FIELD: u64 = 16 << 20;

/// Where in a field the last byte was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    FieldStart,
    Unquoted,
    Quoted,
    /// After a quote inside a quoted field: it closes the field, or is the first of a doubled one.
    QuoteInQuoted,
}

/// A quote that was opened and not closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OpenQuote {
    /// Line in which it was opened, from 1.
    pub opened: u64,
    /// What came instead of the end of the field.
    pub found: String,
}

/// A reader that passes bytes on and remembers what it saw.
#[derive(Debug)]
pub(super) struct QuoteWatch<R> {
    inner: R,
    delimiter: u8,
    place: Place,
    line: u64,
    opened: u64,
    opened_at: u64,
    bytes: u64,
    /// Whether the next byte that ends no line starts a record.
    between_records: bool,
    /// Lines of the records that were seen and not yet asked for.
    records: VecDeque<u64>,
    fault: Option<OpenQuote>,
    digest: Sha256,
}

impl<R: Read> QuoteWatch<R> {
    pub(super) fn new(inner: R, delimiter: u8) -> Self {
        Self {
            inner,
            delimiter,
            place: Place::FieldStart,
            line: 1,
            opened: 0,
            opened_at: 0,
            bytes: 0,
            between_records: true,
            records: VecDeque::new(),
            fault: None,
            digest: Sha256::new(),
        }
    }

    /// The first fault so far.
    pub(super) fn fault(&self) -> Option<&OpenQuote> {
        self.fault.as_ref()
    }

    /// The line, from 1, in which the next record starts; the parser's own count is off after `\r\n` and empty lines.
    pub(super) fn next_record_line(&mut self) -> u64 {
        self.records.pop_front().unwrap_or(self.line)
    }

    /// Bytes read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// SHA-256 of the bytes read so far, in hexadecimal.
    pub(super) fn sha256(&self) -> String {
        super::hexadecimal(&self.digest.clone().finalize())
    }

    fn watch(&mut self, buffer: &[u8]) {
        for (i, &byte) in buffer.iter().enumerate() {
            let offset = self.bytes + i as u64;
            // A byte-order mark is no part of the first field.
            if offset < 3 && byte == b"\xEF\xBB\xBF"[offset as usize] {
                continue;
            }
            let ends_line = byte == b'\n' || byte == b'\r';
            if self.between_records && !ends_line {
                self.between_records = false;
                self.records.push_back(self.line);
            }
            let ends_field = byte == self.delimiter || ends_line;
            self.place = match self.place {
                Place::FieldStart if byte == b'"' => {
                    self.opened = self.line;
                    self.opened_at = offset;
                    Place::Quoted
                }
                Place::Quoted if byte == b'"' => Place::QuoteInQuoted,
                Place::Quoted => {
                    if offset - self.opened_at > LONGEST_FIELD {
                        self.stop(format!("more than {} MiB of text", LONGEST_FIELD >> 20));
                    }
                    Place::Quoted
                }
                Place::QuoteInQuoted if byte == b'"' => Place::Quoted,
                Place::QuoteInQuoted if !ends_field => {
                    self.stop(format!("text after a quote in line {}", self.line));
                    Place::Unquoted
                }
                _ if ends_field => Place::FieldStart,
                _ => Place::Unquoted,
            };
            self.between_records |= ends_line && self.place == Place::FieldStart;
            self.line += u64::from(byte == b'\n');
        }
    }

    fn stop(&mut self, found: String) {
        if self.fault.is_none() {
            self.fault = Some(OpenQuote { opened: self.opened, found });
        }
    }
}

impl<R: Read> Read for QuoteWatch<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let seen = &buffer[..read];
        self.digest.update(seen);
        if read == 0 && self.place == Place::Quoted {
            self.stop("the end of the file".to_owned());
        }
        self.watch(seen);
        self.bytes += read as u64;
        // No use in handing the rest of the file to the parser as one field.
        if self.fault.is_some() { Ok(0) } else { Ok(read) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fault_of(text: &[u8], at_once: usize) -> Option<OpenQuote> {
        let mut watch = QuoteWatch::new(text, b',');
        let mut buffer = vec![0; at_once];
        while watch.read(&mut buffer).unwrap() > 0 {}
        watch.fault().cloned()
    }

    #[test]
    fn a_quote_that_does_not_close_is_named_by_its_line() {
        let cases: [(&str, Option<(u64, &str)>); 6] = [
            ("a,b\n1,\"x\"\n", None),
            ("a,b\n1,\"two\nlines, \"\"quoted\"\"\"\n", None),
            ("\u{feff}\"a\",b\n1,it's 5\" wide\n", None),
            ("a,b\n1,\"x\n2,y\n", Some((2, "the end of the file"))),
            ("a,b\n1,\"x\n2,\"y\"\n", Some((2, "text after a quote in line 3"))),
            ("a\n\"x\" y\n", Some((2, "text after a quote in line 2"))),
        ];
        for (text, expected) in cases {
            let found = fault_of(text.as_bytes(), 8);
            let expected = expected.map(|(opened, found)| OpenQuote { opened, found: found.to_owned() });
            assert_eq!(found, expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_a_csv_writer_writes_has_no_fault(
            rows in prop::collection::vec(prop::collection::vec("[a\",\r\n é]{0,6}", 3), 1..6),
            at_once in 1_usize..20,
        ) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            prop_assert_eq!(fault_of(&writer.into_inner().unwrap(), at_once), None);
        }
    }
}
