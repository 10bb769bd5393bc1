//! What partitions are told, and what follows from it: how many ranges, which columns.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::super::contract::{TableContract, TableName};
use super::super::dataset::ReadOptions;
use super::super::fault::FaultLog;
use super::super::mapping::Mapping;
use super::super::plan::Plan;
use super::super::raw::{self, RawTable};
use crate::quantity::AsOf;

/// Rows of all tables that are meant to come back at once.
const ROWS_PER_RANGE: u64 = 1 << 17;
/// Bytes of a table that may wait for others of their range, to be written together with them.
const WAITING_BYTES: u64 = 1 << 25;
/// Most ranges: `2^12`.
const MOST_BITS: u32 = 12;
/// Bytes a row takes in memory, roughly, while its features are built.
const BYTES_PER_ROW: u64 = 400;

/// Which accounts are read: the `index`-th of `2^bits` equal ranges of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    index: usize,
    bits: u32,
}

impl Share {
    /// All accounts.
    pub const ALL: Self = Self { index: 0, bits: 0 };

    /// The share `index`, from 0, of `of`; `None` unless `of` is a power of two up to 4096 and `index` below it.
    ///
    /// ```
    /// use propensity::tables::Share;
    /// assert_eq!(Share::try_new(0, 1), Some(Share::ALL));
    /// assert_eq!(Share::try_new(0, 3), None);
    /// assert_eq!(Share::try_new(4, 4), None);
    /// ```
    pub const fn try_new(index: usize, of: usize) -> Option<Self> {
        if of.is_power_of_two() && of <= 1 << MOST_BITS && index < of {
            Some(Self { index, bits: of.trailing_zeros() })
        } else {
            None
        }
    }

    pub(in crate::tables) const fn index(self) -> usize {
        self.index
    }

    pub(in crate::tables) const fn bits(self) -> u32 {
        self.bits
    }
}

/// Which columns of which tables are read; those of other tables are not.
///
/// Where `known_at` is not among those of a table without a key, its rows come back with the last moment before the first
/// date of interest that they were known on, and those of an account and date in no order.
pub type ColumnsRead = BTreeMap<TableName, BTreeSet<&'static str>>;

/// How tables are brought to disk.
#[derive(Clone, Debug)]
pub struct PartitionOptions<'a> {
    /// How files are read.
    pub read: &'a ReadOptions,
    /// What the features read.
    pub columns: &'a ColumnsRead,
    /// The dates of interest. What became known at the last of them or later is left out.
    pub dates: &'a [AsOf],
    /// The accounts that are read.
    pub share: Share,
    /// The pieces that come back fall into so many equal ranges of keys at least: a power of two.
    pub least_ranges: usize,
    /// Where the temporary files are.
    pub scratch: &'a Path,
    /// Memory that should do, in bytes; `None` leaves it to what is fast.
    pub memory_limit: Option<u64>,
}

/// Whether any file of signals names domains, by its header.
pub(super) fn names_domains(
    files: Option<&Vec<PathBuf>>,
    mapping: Option<&Mapping>,
    options: &PartitionOptions<'_>,
) -> bool {
    let contract = TableName::Signals.contract();
    let rules = mapping.and_then(|mapping| mapping.table(TableName::Signals));
    let domain = contract.columns.iter().position(|column| column.name == "domain");
    files.into_iter().flatten().any(|file| {
        let Ok(raw) = RawTable::open_unhashed(file, options.read.csv) else { return false };
        // What is wrong with the header is told when the file is read.
        let mut faults = FaultLog::new(TableName::Signals);
        let plan = Plan::new(contract, raw.header(), rules, file, &mut faults);
        domain.is_some_and(|domain| !plan.is_absent(domain))
    })
}

/// Bytes of a table that may wait to be written.
pub(super) fn waiting(options: &PartitionOptions<'_>) -> usize {
    options.memory_limit.map_or(WAITING_BYTES, |limit| WAITING_BYTES.min(limit / 64)) as usize
}

/// Into how many ranges the accounts are cut, as a power of two, and each range once more.
pub(super) fn ranges(
    found: &BTreeMap<TableName, Vec<PathBuf>>,
    options: &PartitionOptions<'_>,
) -> (u32, u32) {
    let rows: u64 = found.values().flatten().map(|file| raw::estimated_rows(file)).sum();
    let rows = rows >> options.share.bits();
    let threads = options.read.parallelism.n_threads() as u64;
    let per_range =
        options.memory_limit.map_or(ROWS_PER_RANGE, |limit| (limit / (4 * threads * BYTES_PER_ROW)).max(1));
    let bits = |rows_at_once: u64| rows.div_ceil(rows_at_once).max(1).next_power_of_two().trailing_zeros();
    let wanted = bits(per_range.min(ROWS_PER_RANGE));
    let least = options.least_ranges.next_power_of_two().trailing_zeros();
    let written = wanted.max(least).min(MOST_BITS - options.share.bits());
    (written, wanted.saturating_sub(written))
}

/// By position in the contract, which columns are read: what the features ask for, what says when a row became known
/// and whose it is, and what tells rows apart where that is to be checked.
pub(super) fn wanted(
    contract: &TableContract,
    distinct: &[String],
    asked: Option<&BTreeSet<&'static str>>,
) -> Vec<bool> {
    let is_key = |name: &str| contract.key.contains(&name) || distinct.iter().any(|column| column == name);
    let settles = !contract.key.is_empty() || !distinct.is_empty();
    let identity = |name: &str| match name {
        "account_id" => contract.table == TableName::Accounts || settles,
        "domain" => matches!(contract.table, TableName::Accounts | TableName::Signals),
        "known_at" => true,
        name => name == contract.known_at_fallback,
    };
    let is_asked = |name: &str| asked.is_some_and(|asked| asked.contains(name));
    // Rows that are merged take the most frequent values of all their columns together.
    let all = !distinct.is_empty();
    let names = contract.columns.iter().map(|column| column.name);
    names.map(|name| all || is_key(name) || identity(name) || is_asked(name)).collect()
}
