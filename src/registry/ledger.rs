//! The ledger: one line an event, each line bound to the one before it by its hash.
//!
//! ```text
//! {"hash":"<sha256 of the entry>","entry":{"sequence":1,"previous":"000...","date":..,"recorded_at":..,"by":..,"event":..}}
//! ```
//!
//! The hash is taken of the bytes of the entry, and the entry holds the hash of the line before it: an edited byte, a
//! removed line and a line in another place all break the chain. A tail that was cut off leaves a whole chain; the
//! head that is kept beside the ledger gives that away ([`Head`]).

use serde::{Deserialize, Serialize};

use super::event::Event;
use crate::artifact::sha256_hex;
use crate::quantity::AsOf;

const OPEN: &str = "{\"hash\":\"";
const MIDDLE: &str = "\",\"entry\":";
const CLOSE: &str = "}";
/// Hexadecimal digits of a hash.
const DIGITS: usize = 64;

/// Who writes, and when. The library reads no clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The date on which the event counts: that of the job, or today.
    pub date: AsOf,
    /// When it was written.
    pub recorded_at: jiff::Timestamp,
    /// Who or what wrote it.
    pub by: String,
}

/// One entry of a ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its number, from 1.
    pub sequence: u64,
    /// Hash of the entry before it; zeros for the first.
    pub previous: String,
    /// The date on which it counts.
    pub date: AsOf,
    /// When it was written, in UTC.
    pub recorded_at: String,
    /// Who or what wrote it.
    pub by: String,
    /// What happened.
    pub event: Event,
}

/// How far a ledger had come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Events.
    pub events: u64,
    /// Hash of the last one; zeros for none.
    pub hash: String,
}

impl Default for Head {
    fn default() -> Self {
        Self { events: 0, hash: "0".repeat(DIGITS) }
    }
}

/// The entries of a ledger whose chain is whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    entries: Vec<Entry>,
    hashes: Vec<String>,
    bytes: Option<Vec<u8>>,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LineFault {
    /// The line, from 1.
    pub line: u64,
    pub fault: String,
}

impl Ledger {
    /// Reads the bytes of a ledger; `None` is a registry that has none yet.
    pub(super) fn parse(bytes: Option<Vec<u8>>) -> Result<Self, LineFault> {
        let mut ledger = Self::default();
        if let Some(bytes) = bytes {
            let at = |line: usize, fault: String| LineFault { line: line as u64 + 1, fault };
            let text = std::str::from_utf8(&bytes)
                .map_err(|error| at(count_lines(&bytes[..error.valid_up_to()]), error.to_string()))?;
            for (line, text) in text.split_inclusive('\n').enumerate() {
                let text = text.strip_suffix('\n').ok_or_else(|| at(line, "it has no end".to_owned()))?;
                let (hash, entry) = ledger.next(text).map_err(|fault| at(line, fault))?;
                ledger.hashes.push(hash);
                ledger.entries.push(entry);
            }
            ledger.bytes = Some(bytes);
        }
        Ok(ledger)
    }

    /// Checks a line as the one that follows those read so far.
    fn next(&self, line: &str) -> Result<(String, Entry), String> {
        let rest = line.strip_prefix(OPEN).and_then(|rest| rest.strip_suffix(CLOSE));
        let parts = rest.and_then(|rest| rest.split_at_checked(DIGITS));
        let Some((hash, entry)) = parts.and_then(|(hash, rest)| Some((hash, rest.strip_prefix(MIDDLE)?)))
        else {
            return Err("it does not have the form of a line".to_owned());
        };
        let found = sha256_hex(entry.as_bytes());
        if found != hash {
            return Err(format!("the hash of its entry is {found}, the line says {hash}: it was edited"));
        }
        let entry: Entry = serde_json::from_str(entry)
            .map_err(|error| format!("this release cannot read its entry ({error})"))?;
        let head = self.head();
        if entry.sequence != head.events + 1 || entry.previous != head.hash {
            return Err(format!(
                "it is entry {} after {}, expected entry {} after {}: lines were removed, added or moved",
                entry.sequence,
                entry.previous,
                head.events + 1,
                head.hash
            ));
        }
        Ok((hash.to_owned(), entry))
    }

    /// The bytes of the ledger with one event more.
    pub(super) fn with(&self, record: &Record, event: Event) -> Result<Self, serde_json::Error> {
        let head = self.head();
        let entry = Entry {
            sequence: head.events + 1,
            previous: head.hash,
            date: record.date,
            recorded_at: record.recorded_at.to_string(),
            by: record.by.clone(),
            event,
        };
        let text = serde_json::to_string(&entry)?;
        let hash = sha256_hex(text.as_bytes());
        let mut next = self.clone();
        let bytes = next.bytes.get_or_insert_default();
        bytes.extend_from_slice(format!("{OPEN}{hash}{MIDDLE}{text}{CLOSE}\n").as_bytes());
        next.entries.push(entry);
        next.hashes.push(hash);
        Ok(next)
    }

    /// The entries, oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How far it has come.
    pub fn head(&self) -> Head {
        let hash = self.hashes.last().cloned();
        hash.map_or_else(Head::default, |hash| Head { events: self.hashes.len() as u64, hash })
    }

    /// Whether the ledger once ended, or still ends, at `head`.
    pub fn passes(&self, head: &Head) -> bool {
        match usize::try_from(head.events) {
            Ok(0) => *head == Head::default(),
            Ok(events) => self.hashes.get(events - 1) == Some(&head.hash),
            Err(_) => false,
        }
    }

    /// The bytes it was read from; `None` where there was no file.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        self.bytes.as_deref()
    }
}

fn count_lines(bytes: &[u8]) -> usize {
    bytes.split(|byte| *byte == b'\n').count() - 1
}

#[cfg(test)]
mod tests {
    use super::super::event::VersionName;
    use super::*;

    fn ledger(events: u64) -> Ledger {
        let record = Record {
            date: "2026-03-01".parse().unwrap(),
            recorded_at: "2026-03-01T08:00:00Z".parse().unwrap(),
            by: "test".to_owned(),
        };
        (0..events).fold(Ledger::default(), |ledger, number| {
            let name = VersionName { model: "m".to_owned(), version: format!("v{number}") };
            ledger.with(&record, Event::Refusal { name, reasons: vec!["Größe".to_owned()] }).unwrap()
        })
    }

    #[test]
    fn a_ledger_is_read_back() {
        let written = ledger(4);
        let read = Ledger::parse(written.bytes.clone()).unwrap();
        assert_eq!(read, written);
        assert_eq!(read.head().events, 4);
        assert!(read.passes(&ledger(2).head()) && read.passes(&Head::default()));
        assert!(!ledger(2).passes(&read.head()));
    }

    #[test]
    fn every_edited_byte_is_found() {
        let bytes = ledger(3).bytes.unwrap();
        for place in 0..bytes.len() {
            for change in [1, 0x20, 0x80] {
                let mut edited = bytes.clone();
                edited[place] ^= change;
                assert!(Ledger::parse(Some(edited)).is_err(), "byte {place} changed by {change:#x}");
            }
            let mut shorter = bytes.clone();
            shorter.remove(place);
            assert!(Ledger::parse(Some(shorter)).is_err(), "byte {place} removed");
        }
    }

    #[test]
    fn removed_repeated_and_moved_lines_are_found_with_their_place() {
        let whole = ledger(5);
        let text = String::from_utf8(whole.bytes.clone().unwrap()).unwrap();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let line_of = |lines: &[&str]| {
            Ledger::parse(Some(lines.concat().into_bytes())).map_err(|fault| fault.line).unwrap_err()
        };
        for removed in 0..4 {
            let mut fewer = lines.clone();
            fewer.remove(removed);
            assert_eq!(line_of(&fewer), removed as u64 + 1);
        }
        for first in 0..5 {
            for second in first + 1..5 {
                let mut moved = lines.clone();
                moved.swap(first, second);
                assert_eq!(line_of(&moved), first as u64 + 1);
            }
        }
        let mut twice = lines.clone();
        twice.insert(2, lines[1]);
        assert_eq!(line_of(&twice), 3);
        // The last line alone leaves a whole chain: the head tells.
        let cut = Ledger::parse(Some(lines[..4].concat().into_bytes())).unwrap();
        assert!(!cut.passes(&whole.head()));
    }
}
