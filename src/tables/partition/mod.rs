//! Tables that need not fit into memory: rows go to disk by account, and come back range by range.
//!
//! Every row is checked as it is read, its account hashed to a key, and the row written to a temporary file beside
//! those of the same range of keys. [`Partitions::dataset`] then brings one range back as a [`Dataset`] of its own,
//! with the same rows as if all had been read at once. Memory is bounded by the batches in work and the largest range,
//! whatever the number of accounts and signals; only agreements and opportunities, whose keys do not name an account,
//! are read whole before they are written.
//!
//! The order of accounts is that of their keys, on every machine and for any number of ranges. A [`Share`] of the
//! accounts can be read by itself, on another machine.

mod block;
mod block_reader;
mod by_range;
mod domains;
mod keys;
mod known_at;
mod late;
mod loading;
mod options;
mod packed;
mod spill;
mod table_spill;
mod unpacked;
mod vocabulary;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use block::FACTOR;
use late::Late;
pub use options::{ColumnsRead, PartitionOptions, Share};
use options::{names_domains, ranges, waiting, wanted};
use spill::Spill;
use table_spill::{Counts, Keeping, Route, TableSpill};

use super::account_key::{AccountKey, fold};
use super::checking::Checked;
use super::column::ColumnData;
use super::contract::TableName;
use super::dataset::Currencies;
use super::fault::{FaultLog, TablesError};
use super::files;
use super::mapping::{Mapping, TableRules};
use super::note::{self, Note, code};
use super::quarantine::Quarantine;
use super::raw;
use super::reading::{Draft, Reading, SourceFile};
use super::refusing;
use super::tally::Tally;
use crate::quantity::AsOf;
use crate::seed::mix;

/// What is known of a table once it was read.
#[derive(Debug)]
struct Meta {
    files: Vec<PathBuf>,
    present: Vec<bool>,
    distinct: Vec<String>,
}

/// Tables on disk, in ranges of accounts.
#[derive(Debug)]
pub struct Partitions {
    spills: BTreeMap<TableName, TableSpill>,
    read: BTreeMap<TableName, Meta>,
    unread: BTreeMap<TableName, Vec<usize>>,
    dates: Vec<AsOf>,
    route: Route,
    extra_bits: u32,
    sets_aside: bool,
    csv: raw::CsvFormat,
    sources: Vec<SourceFile>,
    quarantines: Mutex<BTreeMap<TableName, Draft>>,
    late: Mutex<Late>,
}

/// Some accounts that come back at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Piece {
    range: usize,
    /// A range too large for the memory is read several times, each time other accounts of it.
    part: usize,
    bits: u32,
}

impl Piece {
    fn holds(self, key: AccountKey, bits: u32) -> bool {
        self.bits == 0 || key.range(bits + self.bits) & ((1 << self.bits) - 1) == self.part
    }
}

impl Partitions {
    /// Reads a source as [`Dataset::read`](super::Dataset::read) does, and writes the rows to temporary files.
    ///
    /// # Errors
    /// Those of [`Dataset::read`](super::Dataset::read), but for keys that repeat, which [`Self::finish`] tells of;
    /// [`TablesError::Quarantine`] also when a temporary file cannot be written.
    pub fn read(
        source: impl AsRef<Path>,
        mapping: Option<&Mapping>,
        options: &PartitionOptions<'_>,
    ) -> Result<Self, TablesError> {
        let source = source.as_ref();
        let found = files::find(source, mapping)?;
        if let Some(folder) = &options.read.quarantine {
            files::keep_apart(folder, found.values().flatten())?;
        }
        let dates: BTreeSet<AsOf> = options.dates.iter().copied().collect();
        let (bits, extra_bits) = ranges(&found, options);
        let micros = dates.iter().map(|date| date.micros()).collect();
        let route = Route { share: options.share, bits, dates: micros };
        let mut partitions = Self {
            spills: BTreeMap::new(),
            read: BTreeMap::new(),
            unread: BTreeMap::new(),
            dates: dates.into_iter().collect(),
            route,
            extra_bits,
            sets_aside: options.read.quarantine.is_some(),
            csv: options.read.csv,
            sources: Vec::new(),
            quarantines: Mutex::default(),
            late: Mutex::default(),
        };
        let signals_name_domains = options.columns.contains_key(&TableName::Signals)
            && names_domains(found.get(&TableName::Signals), mapping, options);
        let mut drafts = Vec::new();
        for (table, files) in &found {
            let rules = mapping.and_then(|mapping| mapping.table(*table));
            let needed = *table == TableName::Accounts || options.columns.contains_key(table);
            if needed {
                drafts.push(partitions.spill(*table, files, rules, signals_name_domains, options)?);
            }
        }
        refusing::refuse_faults(source, &mut drafts)?;
        if let (Some(events), Some(accounts)) =
            (partitions.spills.get(&TableName::Signals), partitions.spills.get(&TableName::Accounts))
        {
            let Self { route, .. } = &partitions;
            domains::settle(events, accounts, route, &options.read.parallelism)?;
        }
        partitions.take_over(drafts);
        for table in TableName::ALL.into_iter().filter(|table| !found.contains_key(table)) {
            partitions.count([note::absent(table)]);
        }
        Ok(partitions)
    }

    /// Reads one table and writes its rows.
    fn spill(
        &mut self,
        table: TableName,
        files: &[PathBuf],
        rules: Option<&TableRules>,
        signals_name_domains: bool,
        options: &PartitionOptions<'_>,
    ) -> Result<Draft, TablesError> {
        let contract = table.contract();
        let distinct = rules.map_or(&[][..], |rules| rules.distinct.as_slice());
        let wanted = wanted(contract, distinct, options.columns.get(&table));
        let by_account = |columns: &mut dyn Iterator<Item = &str>| {
            let columns: Vec<&str> = columns.collect();
            columns.is_empty() || columns.contains(&"account_id")
        };
        let in_ranges = by_account(&mut contract.key.iter().copied())
            && by_account(&mut distinct.iter().map(String::as_str));
        let kept: Vec<usize> = (0..contract.columns.len() - 1).filter(|position| wanted[*position]).collect();
        let settles = !contract.key.is_empty() || !distinct.is_empty();
        let asks_when = options.columns.get(&table).is_none_or(|asked| asked.contains("known_at"));
        let how =
            Keeping { kept, has_origins: in_ranges && settles, by_date: in_ranges && !settles && !asks_when };
        let spill = || Spill::create(options.scratch, self.route.bits, waiting(options));
        let mut spill_of_table = TableSpill::create(contract, how, spill)?;
        if table == TableName::Accounts && signals_name_domains {
            spill_of_table.holders = Some(spill()?);
        }
        let spill = spill_of_table;
        let quarantine = match &options.read.quarantine {
            Some(folder) => Some(Quarantine::create(folder, table)?),
            None => None,
        };
        let mut reading = Reading::whole(table, files, rules, options.read.csv, &options.read.parallelism);
        let route = &self.route;
        let draft = if in_ranges {
            reading.wanted.clone_from(&wanted);
            reading.wants_keys = true;
            Draft::read(&reading, quarantine, Some(&|checked| spill.absorb(checked, route)))?
        } else {
            let mut draft = Draft::read(&reading, quarantine, None)?;
            draft.settle(distinct, options.read.csv)?;
            if draft.faults.is_empty() || draft.quarantine.is_some() {
                spill.absorb(&mut whole(&mut draft), route)?;
            }
            draft
        };
        let asked = options.columns.get(&table);
        // The ids of accounts make the list of accounts, and are not kept beside it where nobody asks.
        let is_unread = |position: &usize| {
            let name = contract.columns[*position].name;
            let is_list = table == TableName::Accounts && name == "account_id";
            !wanted[*position] || is_list && asked.is_some_and(|asked| !asked.contains(name))
        };
        self.unread.insert(table, (0..contract.columns.len()).filter(is_unread).collect());
        let distinct = if in_ranges { distinct.to_vec() } else { Vec::new() };
        let meta = Meta { files: files.to_vec(), present: draft.present.clone(), distinct };
        self.read.insert(table, meta);
        self.spills.insert(table, spill);
        Ok(draft)
    }

    /// Keeps what is to be told of the tables, and what is set aside of them.
    fn take_over(&mut self, drafts: Vec<Draft>) {
        for mut draft in drafts {
            self.count(std::mem::take(&mut draft.notes));
            self.sources.append(&mut draft.sources);
            let table = draft.table();
            let counts = self.spills.get(&table).map(TableSpill::counts).unwrap_or_default();
            let left_out =
                counts.left_out.iter().map(|(reason, count)| (reason.code(), reason.text(), *count));
            let joined =
                (code::JOINED_BY_DOMAIN, "rows joined to their account by domain", counts.joined_by_domain);
            let notes = left_out.chain([joined]).filter(|(.., count)| *count > 0);
            self.count(notes.map(|(code, text, count)| Note { table, code, text: text.to_owned(), count }));
            self.quarantines.lock().unwrap_or_else(PoisonError::into_inner).insert(table, draft);
        }
    }

    /// The pieces in which the accounts come back, in the order of the accounts.
    pub fn pieces(&self) -> Vec<Piece> {
        let bits = self.extra_bits;
        let of_range = |range| (0..1_usize << bits).map(move |part| Piece { range, part, bits });
        (0..1_usize << self.route.bits).flat_map(of_range).collect()
    }

    /// Into which of `of` equal ranges of keys a piece falls, where `of` is no more than the ranges asked for.
    pub fn part_of(&self, piece: Piece, of: usize) -> usize {
        piece.range >> (self.route.bits - of.trailing_zeros().min(self.route.bits))
    }

    const fn bits(&self) -> u32 {
        self.route.share.bits() + self.route.bits
    }

    /// The currencies that the amounts of each table are in.
    pub fn currencies(&self) -> Currencies {
        self.spills.iter().map(|(table, spill)| (*table, spill.words("currency"))).collect()
    }

    /// First and last `known_at` over all tables but `accounts`, in microseconds; `None` without such rows.
    pub fn time_span(&self) -> Option<(i64, i64)> {
        let events = self.spills.iter().filter(|(table, _)| **table != TableName::Accounts);
        events
            .filter_map(|(_, spill)| spill.counts().span)
            .reduce(|(first, last), (min, max)| (first.min(min), last.max(max)))
    }

    /// For each date, ascending, a digest of all rows that were known before it: the same whatever order and files
    /// they come in, another as soon as one row differs, but for a chance of `2^-64`.
    pub fn digests(&self) -> Vec<(AsOf, u64)> {
        let mut sum = mix(self.spills.keys().fold(0, |sum, table| sum | 1 << (*table as u32)));
        for (table, meta) in &self.read {
            for (position, _) in meta.present.iter().enumerate().filter(|(_, present)| **present) {
                sum = sum.wrapping_add(mix((*table as u64) << 32 | position as u64));
            }
        }
        let counts: Vec<Counts> = self.spills.values().map(TableSpill::counts).collect();
        let date = |(place, date): (usize, &AsOf)| {
            for counts in &counts {
                sum = sum.wrapping_add(counts.digests.get(place).copied().unwrap_or(0));
            }
            (*date, sum)
        };
        self.dates.iter().enumerate().map(date).collect()
    }

    /// The files that were read, with their hashes.
    pub fn sources(&self) -> &[SourceFile] {
        &self.sources
    }
}

/// The rows of a table that was read whole, as one batch.
fn whole(draft: &mut Draft) -> Checked {
    let columns = std::mem::take(&mut draft.columns);
    draft.columns = vec![None; columns.len()];
    let keys = match draft.position("account_id").and_then(|position| columns[position].as_ref()) {
        Some(ColumnData::Text { dictionary, codes }) => {
            let keys: Vec<AccountKey> = dictionary.iter().map(AccountKey::of).collect();
            codes.iter().map(|code| keys.get(*code as usize).copied()).collect()
        }
        _ => vec![None; draft.known_at.len()],
    };
    Checked {
        columns,
        keys,
        known_at: std::mem::take(&mut draft.known_at),
        origins: std::mem::take(&mut draft.origins),
        faults: FaultLog::new(draft.table()),
        tally: Tally::default(),
        refused: Vec::new(),
    }
}

/// The hash of a row: of its table, its account, the time it became known and its cells.
fn mix_table(table: TableName, key: AccountKey, known_at: i64, cells: u64) -> u64 {
    let of_table = (table as u64 + 1).wrapping_mul(FACTOR);
    mix(cells ^ fold(key.high() ^ of_table, known_at as u64 ^ FACTOR))
}
