//! The rows of one table on their way to disk.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::super::account_key::AccountKey;
use super::super::checking::Checked;
use super::super::column::ColumnData;
use super::super::contract::{ColumnKind, TableContract, TableName};
use super::super::holders::LeftOut;
use super::super::identity::Identity;
use super::super::reading::RowOrigin;
use super::block::{BlockReader, BlockWriter, Rows};
use super::by_range::ByRange;
use super::spill::Spill;
use super::vocabulary::Vocabulary;
use super::{Share, mix_table};
use crate::output::OutputError;

/// Rows written at once.
const ROWS_AT_ONCE: usize = 1 << 20;

/// Where the rows of a table go.
#[derive(Clone, Debug)]
pub(super) struct Route {
    /// Rows of other accounts are left out.
    pub(super) share: Share,
    /// The share is cut into `2^bits` ranges.
    pub(super) bits: u32,
    /// The dates of interest, in microseconds, ascending. What is known at the last one or later is left out.
    pub(super) dates: Vec<i64>,
}

impl Route {
    /// The range a key falls into; `None` outside the share.
    pub(super) fn range(&self, key: AccountKey) -> Option<usize> {
        let place = key.range(self.share.bits() + self.bits);
        (place >> self.bits == self.share.index()).then_some(place & ((1 << self.bits) - 1))
    }

    /// The first date before which `time` lies.
    fn first_date_after(&self, time: i64) -> Option<usize> {
        let date = self.dates.partition_point(|date| *date <= time);
        (date < self.dates.len()).then_some(date)
    }
}

/// What was counted while rows went by.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    /// First and last `known_at`, of the rows of all shares and dates.
    pub(super) span: Option<(i64, i64)>,
    /// For each date a sum of hashes of the rows that are known before it but not before an earlier one.
    pub(super) digests: Vec<u64>,
    /// Rows that were written.
    pub(super) rows: u64,
    /// Rows that join no account by their domain, by the reason.
    pub(super) left_out: BTreeMap<LeftOut, u64>,
    pub(super) joined_by_domain: u64,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.span = match (self.span, other.span) {
            (Some((first, last)), Some((min, max))) => Some((first.min(min), last.max(max))),
            (span, None) | (None, span) => span,
        };
        self.digests.resize(self.digests.len().max(other.digests.len()), 0);
        for (sum, more) in self.digests.iter_mut().zip(&other.digests) {
            *sum = sum.wrapping_add(*more);
        }
        self.rows += other.rows;
        for (reason, count) in &other.left_out {
            *self.left_out.entry(*reason).or_default() += count;
        }
        self.joined_by_domain += other.joined_by_domain;
    }

    pub(super) fn add_to_digest(&mut self, route: &Route, known_at: i64, hash: u64) {
        self.digests.resize(route.dates.len(), 0);
        if let Some(date) = route.first_date_after(known_at) {
            self.digests[date] = self.digests[date].wrapping_add(hash);
        }
    }
}

/// The rows of one table on disk.
#[derive(Debug)]
pub(super) struct TableSpill {
    pub(super) contract: &'static TableContract,
    /// Positions in the contract of the columns that are kept.
    pub(super) kept: Vec<usize>,
    pub(super) vocabularies: Vec<Vocabulary>,
    /// Whether it is remembered where rows came from, for faults that show only later.
    pub(super) has_origins: bool,
    pub(super) rows: Spill,
    /// Rows that name only a domain, in ranges of the keys of domains.
    pub(super) pending: Spill,
    /// Which domains accounts hold, those of all shares, in ranges of the keys of domains; `None` where nobody asks.
    pub(super) holders: Option<Spill>,
    counts: Mutex<Counts>,
}

impl TableSpill {
    pub(super) fn create(
        contract: &'static TableContract,
        kept: Vec<usize>,
        has_origins: bool,
        scratch: &Path,
    ) -> Result<Self, OutputError> {
        Ok(Self {
            contract,
            vocabularies: kept.iter().map(|at| Vocabulary::of_column(&contract.columns[*at])).collect(),
            kept,
            has_origins,
            rows: Spill::create(scratch)?,
            pending: Spill::create(scratch)?,
            holders: None,
            counts: Mutex::default(),
        })
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn count(&self, more: &Counts) {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).add(more);
    }

    /// The distinct texts of a column, in the order of the alphabet; none where it is not kept.
    pub(super) fn words(&self, column: &str) -> std::collections::BTreeSet<String> {
        let place = self.kept.iter().position(|position| self.contract.columns[*position].name == column);
        let vocabulary = place.map(|place| &self.vocabularies[place]);
        vocabulary.map_or_else(Default::default, |vocabulary| {
            vocabulary.read(|words| words.iter().map(str::to_owned).collect())
        })
    }

    /// Writes the rows of a batch and leaves the batch without rows.
    pub(super) fn absorb(&self, checked: &mut Checked, route: &Route) -> Result<(), OutputError> {
        let columns = std::mem::take(&mut checked.columns);
        let keys = std::mem::take(&mut checked.keys);
        let known_at = std::mem::take(&mut checked.known_at);
        let origins = std::mem::take(&mut checked.origins);
        let kept = self.kept.iter().map(|position| columns.get(*position).and_then(Option::as_ref));
        let blocks = self.blocks(kept, &known_at, &origins);
        let hashes = blocks.hashes();
        let mut counts = Counts { digests: vec![0; route.dates.len()], ..Counts::default() };
        let domains = self.domains(&columns);
        let mut holders = Ranges::new(route.bits);
        for first in (0..keys.len()).step_by(ROWS_AT_ONCE) {
            let rows = first..keys.len().min(first + ROWS_AT_ONCE);
            let (mut settled, mut pending) =
                (ByRange::new(route.bits, rows.len()), ByRange::new(route.bits, 0));
            for row in rows {
                let known = known_at[row];
                if known != i64::MIN {
                    let (earliest, latest) = counts.span.unwrap_or((known, known));
                    counts.span = Some((earliest.min(known), latest.max(known)));
                }
                let Some(date) = route.first_date_after(known) else { continue };
                counts.rows += 1;
                let Some(key) = keys[row] else {
                    match domains.of(row) {
                        Ok(key) => pending.send(row, key, key.range(route.bits)),
                        Err(reason) => *counts.left_out.entry(reason).or_default() += 1,
                    }
                    continue;
                };
                if self.holders.is_some()
                    && let Ok(domain) = domains.of(row)
                {
                    let out = holders.of(domain.range(route.bits));
                    domain.write(out);
                    key.write(out);
                    out.extend_from_slice(&known.to_le_bytes());
                }
                if let Some(range) = route.range(key) {
                    settled.send(row, key, range);
                    let hash = mix_table(self.contract.table, key, known, hashes[row]);
                    counts.digests[date] = counts.digests[date].wrapping_add(hash);
                }
            }
            settled.write(&blocks, &self.rows)?;
            pending.write(&blocks, &self.pending)?;
        }
        if let Some(spill) = &self.holders {
            holders.write(spill)?;
        }
        self.count(&counts);
        Ok(())
    }

    /// A writer of the columns that are kept, in their order.
    pub(super) fn blocks<'a>(
        &'a self,
        columns: impl Iterator<Item = Option<&'a ColumnData>>,
        known_at: &[i64],
        origins: &[RowOrigin],
    ) -> BlockWriter<'a> {
        let origins = if self.has_origins { origins } else { &[] };
        BlockWriter::new(columns.zip(&self.vocabularies), known_at, origins)
    }

    /// Brings back the rows of a range whose keys `holds` wants.
    pub(super) fn read(
        &self,
        spill: &Spill,
        range: usize,
        holds: impl Fn(AccountKey) -> bool,
    ) -> Result<Rows, OutputError> {
        let kind = |position: &usize| -> ColumnKind { self.contract.columns[*position].kind };
        let columns = self.kept.iter().map(|position| ColumnData::missing(kind(position), 0));
        let mut reader = BlockReader::new(columns.zip(&self.vocabularies), self.has_origins);
        spill.for_each(range, |bytes| reader.add(bytes, &holds))?;
        Ok(reader.finish())
    }

    fn domains<'a>(&self, columns: &'a [Option<ColumnData>]) -> Domains<'a> {
        let position = self.contract.columns.iter().position(|column| column.name == "domain");
        let data = position.and_then(|position| columns.get(position)?.as_ref());
        let asked = self.holders.is_some() || self.contract.table == TableName::Signals;
        let Some(ColumnData::Text { dictionary, codes }) = data.filter(|_| asked) else {
            return Domains::default();
        };
        Domains { keys: dictionary.iter().map(domain_key).collect(), codes }
    }
}

/// The key of the company that a text names.
fn domain_key(text: &str) -> Result<AccountKey, LeftOut> {
    match Identity::of(text) {
        Identity::Company(domain) => Ok(AccountKey::of(&domain)),
        Identity::PersonalMail => Err(LeftOut::PersonalMail),
        Identity::Nobody => Err(LeftOut::NotADomain),
    }
}

/// The domains that rows name.
#[derive(Debug, Default)]
struct Domains<'a> {
    keys: Vec<Result<AccountKey, LeftOut>>,
    codes: &'a [u32],
}

impl Domains<'_> {
    fn of(&self, row: usize) -> Result<AccountKey, LeftOut> {
        let code = self.codes.get(row).copied().unwrap_or(u32::MAX);
        self.keys.get(code as usize).copied().unwrap_or(Err(LeftOut::NotADomain))
    }
}

/// Bytes that are written range by range.
struct Ranges {
    bytes: Vec<Vec<u8>>,
}

impl Ranges {
    /// `2^bits` ranges.
    fn new(bits: u32) -> Self {
        Self { bytes: vec![Vec::new(); 1 << bits] }
    }

    fn of(&mut self, range: usize) -> &mut Vec<u8> {
        &mut self.bytes[range]
    }

    fn write(self, spill: &Spill) -> Result<(), OutputError> {
        let ends = self.bytes.iter().scan(0_u64, |end, bytes| {
            *end += bytes.len() as u64;
            Some(*end)
        });
        spill.write(&self.bytes.concat(), ends.collect())
    }
}
