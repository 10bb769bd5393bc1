//! The rows of one table on their way to disk.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::super::account_key::AccountKey;
use super::super::checking::Checked;
use super::super::column::ColumnData;
use super::super::contract::{ColumnKind, TableContract, TableName};
use super::super::holders::LeftOut;
use super::super::identity::Identity;
use super::super::reading::RowOrigin;
use super::block::BlockWriter;
use super::block_reader::{BlockReader, Rows};
use super::by_range::ByRange;
use super::known_at::KnownAt;
use super::spill::Spill;
use super::vocabulary::Vocabulary;
use super::{Share, mix_table};
use crate::output::OutputError;

/// Rows whose hashes are found at once: few enough to stay in the cache of a core.
const HASHED_AT_ONCE: usize = 1 << 11;

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

    fn span_over(&mut self, known_at: i64) {
        if known_at != i64::MIN {
            let (first, last) = self.span.unwrap_or((known_at, known_at));
            self.span = Some((first.min(known_at), last.max(known_at)));
        }
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
    /// Whether of the moment a row became known only the date is kept before which it was.
    pub(super) by_date: bool,
    pub(super) rows: Spill,
    /// Rows that name only a domain, in ranges of the keys of domains.
    pub(super) pending: Spill,
    /// Which domains accounts hold, those of all shares, in ranges of the keys of domains; `None` where nobody asks.
    pub(super) holders: Option<Spill>,
    counts: Mutex<Counts>,
}

/// What is kept of the rows of a table.
#[derive(Debug)]
pub(super) struct Keeping {
    /// Positions in the contract of the columns that are.
    pub(super) kept: Vec<usize>,
    pub(super) has_origins: bool,
    pub(super) by_date: bool,
}

impl TableSpill {
    pub(super) fn create(
        contract: &'static TableContract,
        Keeping { kept, has_origins, by_date }: Keeping,
        spill: impl Fn() -> Result<Spill, OutputError>,
    ) -> Result<Self, OutputError> {
        Ok(Self {
            contract,
            vocabularies: kept.iter().map(|at| Vocabulary::of_column(&contract.columns[*at])).collect(),
            kept,
            has_origins,
            by_date,
            rows: spill()?,
            pending: spill()?,
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
        let blocks = self.blocks(kept, &known_at, &origins, route);
        let mut hashes = Vec::with_capacity(HASHED_AT_ONCE);
        let mut counts = Counts { digests: vec![0; route.dates.len()], ..Counts::default() };
        let domains = self.domains(&columns);
        let (mut settled, mut pending) = (ByRange::new(route.bits, keys.len()), ByRange::new(route.bits, 0));
        for (row, (key, known)) in keys.iter().zip(&known_at).enumerate() {
            if row % HASHED_AT_ONCE == 0 {
                blocks.hashes(row..keys.len().min(row + HASHED_AT_ONCE), &mut hashes);
            }
            counts.span_over(*known);
            let Some(date) = route.first_date_after(*known) else { continue };
            counts.rows += 1;
            let Some(key) = *key else {
                match domains.of(row) {
                    Ok(key) => pending.send(row, key.range(route.bits)),
                    Err(reason) => *counts.left_out.entry(reason).or_default() += 1,
                }
                continue;
            };
            if let Some(holders) = &self.holders
                && let Ok(domain) = domains.of(row)
            {
                let mut holder = Vec::with_capacity(2 * AccountKey::BYTES + 8);
                domain.write(&mut holder);
                key.write(&mut holder);
                holder.extend_from_slice(&known.to_le_bytes());
                holders.add(domain.range(route.bits), &holder)?;
            }
            if let Some(range) = route.range(key) {
                settled.send(row, range);
                let hash = mix_table(self.contract.table, key, *known, hashes[row % HASHED_AT_ONCE]);
                counts.digests[date] = counts.digests[date].wrapping_add(hash);
            }
        }
        settled.write(&self.rows, |rows, out| blocks.write(rows, |row| keys[row], out))?;
        let domain = |row| domains.of(row).ok();
        pending.write(&self.pending, |rows, out| blocks.write_exactly(rows, domain, out))?;
        self.count(&counts);
        Ok(())
    }

    /// A writer of the columns that are kept, in their order.
    pub(super) fn blocks<'a>(
        &'a self,
        columns: impl Iterator<Item = Option<&'a ColumnData>>,
        moments: &'a [i64],
        origins: &[RowOrigin],
        route: &'a Route,
    ) -> BlockWriter<'a> {
        let origins = if self.has_origins { origins } else { &[] };
        let known_at = KnownAt { moments, dates: self.by_date.then_some(&route.dates) };
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
        let mut reader =
            BlockReader::new(columns.zip(&self.vocabularies), self.has_origins, spill.bytes(range));
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
