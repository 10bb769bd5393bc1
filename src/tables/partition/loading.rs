//! Brings the rows of a range of accounts back into memory, as a data set of its own.

use super::super::account_key::AccountKey;
use super::super::column::ColumnData;
use super::super::contract::TableName;
use super::super::dataset::Dataset;
use super::super::fault::{FaultLog, TablesError};
use super::super::merging::Reasons;
use super::super::note::{Note, code};
use super::super::reading::Draft;
use super::super::table::TableOfRange;
use super::block_reader::Rows;
use super::late::Shown;
use super::table_spill::TableSpill;
use super::{Partitions, Piece};
use crate::output::OutputError;

/// The rows of a table with the keys of their accounts.
struct TableRows {
    draft: Draft,
    keys: Vec<AccountKey>,
    /// The accounts in the order of their keys, where the table is that of accounts.
    accounts: Vec<(AccountKey, String)>,
    reasons: Reasons,
}

impl Partitions {
    /// The tables of the accounts of a piece, with the accounts in the order of their keys.
    ///
    /// # Errors
    /// [`TablesError::Faults`] when keys repeat within the piece, which [`Self::finish`] tells of together with those
    /// of other pieces; [`TablesError::Quarantine`] when the rows cannot be read back.
    pub fn dataset(&self, piece: Piece) -> Result<Dataset, TablesError> {
        let mut accounts: Vec<(AccountKey, String)> = Vec::new();
        let mut index = Lookup::new(&accounts);
        let (mut tables, mut shown) = (Vec::new(), Vec::new());
        // Accounts come first in the order of tables.
        for (name, spill) in &self.spills {
            let TableRows { mut draft, keys, accounts: found, reasons } = self.rows(*name, spill, piece)?;
            if *name == TableName::Accounts {
                accounts = found;
                index = Lookup::new(&accounts);
            }
            let of_rows: Vec<Option<u32>> = keys.iter().map(|key| index.find(*key)).collect();
            let unknown = of_rows.iter().filter(|account| account.is_none()).count() as u64;
            let mut notes = std::mem::take(&mut draft.notes);
            if unknown > 0 {
                let text = "rows of accounts that are not in accounts left out".to_owned();
                notes.push(Note { table: *name, code: code::UNKNOWN_ACCOUNT, text, count: unknown });
            }
            let faults = std::mem::replace(&mut draft.faults, FaultLog::new(*name));
            shown.push(Shown { table: *name, faults, reasons, notes });
            tables.push(TableOfRange { draft, accounts: of_rows, by_date: spill.by_date });
        }
        let faulty = !self.sets_aside && shown.iter().any(|shown| !shown.faults.is_empty());
        self.keep(piece, shown);
        if faulty {
            return Err(TablesError::Faults { faults: Vec::new() });
        }
        let accounts = accounts.into_iter().map(|(_, id)| id).collect();
        Ok(Dataset::of_range(accounts, tables, &self.unread))
    }

    fn rows(&self, table: TableName, spill: &TableSpill, piece: Piece) -> Result<TableRows, OutputError> {
        let meta = &self.read[&table];
        let bits = self.bits();
        let Rows { mut keys, known_at, origins, columns } =
            spill.read(&spill.rows, piece.range, |key| piece.holds(key, bits))?;
        let mut draft = Draft::empty(table, &meta.files, None);
        (draft.known_at, draft.origins) = (known_at, origins);
        for (position, data) in spill.kept.iter().zip(columns) {
            draft.columns[*position] = meta.present[*position].then_some(data);
        }
        draft.present.clone_from(&meta.present);
        // A key names an account, and so do the columns by which rows are merged: those of different accounts differ.
        let mut reasons = Reasons::new();
        let may_settle = spill.has_origins && draft.settles(&meta.distinct);
        let mut in_order = if may_settle { by_key(&keys) } else { Vec::new() };
        let settles = may_settle && !all_differ(&in_order);
        if settles {
            reasons = draft.settle_rows(&meta.distinct, self.sets_aside);
            keys = keys_of(&draft);
        }
        let mut accounts = Vec::new();
        if table == TableName::Accounts {
            if settles || !may_settle {
                in_order = by_key(&keys);
            }
            accounts = ids(&draft, in_order);
            // Nothing more is asked of the ids, which are as many as there are rows.
            for position in &self.unread[&table] {
                draft.columns[*position] = None;
            }
        }
        if !settles {
            draft.sort_texts();
        }
        Ok(TableRows { draft, keys, accounts, reasons })
    }
}

/// The keys of all rows, by the ids of their accounts.
fn keys_of(draft: &Draft) -> Vec<AccountKey> {
    let Some(ColumnData::Text { dictionary, codes }) = draft.column("account_id") else { return Vec::new() };
    let keys: Vec<AccountKey> = dictionary.iter().map(AccountKey::of).collect();
    codes.iter().filter_map(|code| keys.get(*code as usize).copied()).collect()
}

/// Each account of some rows once, in the order of the keys.
fn ids(draft: &Draft, mut rows: Vec<(AccountKey, u32)>) -> Vec<(AccountKey, String)> {
    let Some(ids) = draft.column("account_id") else { return Vec::new() };
    rows.dedup_by_key(|(key, _)| *key);
    rows.into_iter().filter_map(|(key, row)| Some((key, ids.text(row as usize)?.to_owned()))).collect()
}

/// Whether every row is of another account, of rows in the order of their keys.
fn all_differ(rows: &[(AccountKey, u32)]) -> bool {
    rows.windows(2).all(|pair| pair[0].0 != pair[1].0)
}

/// The rows in the order of their keys, those of one key in their own order.
fn by_key(keys: &[AccountKey]) -> Vec<(AccountKey, u32)> {
    let buckets = Buckets::new(keys);
    let mut next = buckets.starts.clone();
    let mut rows = vec![(AccountKey::NONE, 0); keys.len()];
    for (key, row) in keys.iter().zip(0..) {
        let place = &mut next[buckets.of(*key)];
        rows[*place as usize] = (*key, row);
        *place += 1;
    }
    for bucket in buckets.starts.windows(2).filter(|bounds| bounds[1] - bounds[0] > 1) {
        rows[bucket[0] as usize..bucket[1] as usize].sort_unstable();
    }
    rows
}

/// As many equal ranges of keys as there are keys, between the least and the greatest: keys are spread evenly.
struct Buckets {
    first: u64,
    /// Keys of a bucket, as a power of two.
    width: u32,
    /// In bucket `i` are the keys from `starts[i]` to `starts[i + 1]`, once they are in order.
    starts: Vec<u32>,
}

impl Buckets {
    fn new(keys: &[AccountKey]) -> Self {
        let highs = || keys.iter().map(|key| key.high());
        let (first, last) = (highs().min().unwrap_or_default(), highs().max().unwrap_or_default());
        let width = ((last - first) / keys.len().max(1) as u64).max(1).next_power_of_two().trailing_zeros();
        let mut buckets = Self { first, width, starts: vec![0; ((last - first) >> width) as usize + 2] };
        for key in keys {
            let bucket = buckets.of(*key);
            buckets.starts[bucket + 1] += 1;
        }
        for bucket in 1..buckets.starts.len() {
            buckets.starts[bucket] += buckets.starts[bucket - 1];
        }
        buckets
    }

    /// The bucket of a key that is one of them.
    fn of(&self, key: AccountKey) -> usize {
        ((key.high() - self.first) >> self.width) as usize
    }
}

/// Keys that are compared at once: more are hardly ever in one bucket.
const AT_ONCE: usize = 4;

/// Finds accounts by key.
struct Lookup {
    keys: Vec<AccountKey>,
    /// The upper parts of the keys, and behind them the greatest there is, as often as are compared at once.
    highs: Vec<u64>,
    buckets: Buckets,
}

impl Lookup {
    /// A look-up of accounts that are in the order of their keys.
    fn new(accounts: &[(AccountKey, String)]) -> Self {
        let keys: Vec<AccountKey> = accounts.iter().map(|(key, _)| *key).collect();
        let buckets = Buckets::new(&keys);
        let end = std::iter::repeat_n(u64::MAX, AT_ONCE);
        Self { highs: keys.iter().map(|key| key.high()).chain(end).collect(), keys, buckets }
    }

    fn find(&self, key: AccountKey) -> Option<u32> {
        let Buckets { first, width, starts } = &self.buckets;
        let bucket = (key.high().checked_sub(*first)? >> width) as usize;
        let mut place = *starts.get(bucket)? as usize;
        // Counted instead of searched: how many of a bucket are less is as good as random, and no branch can foresee it.
        let less = self.highs.get(place..)?.first_chunk::<AT_ONCE>()?;
        place += less.iter().map(|high| usize::from(*high < key.high())).sum::<usize>();
        while self.highs[place] < key.high() {
            place += 1;
        }
        let same =
            self.keys[place.min(self.keys.len())..].iter().take_while(|found| found.high() == key.high());
        same.zip(place as u32..).find(|(found, _)| **found == key).map(|(_, place)| place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_is_found_and_no_other() {
        for n in [0, 1, 2, 3, 50, 3000] {
            let mut accounts: Vec<(AccountKey, String)> =
                (0..n).map(|i| format!("A{i}")).map(|id| (AccountKey::of(&id), id)).collect();
            accounts.sort_unstable();
            let lookup = Lookup::new(&accounts);
            for (place, (key, _)) in accounts.iter().enumerate() {
                assert_eq!(lookup.find(*key), Some(place as u32));
            }
            for i in 0..100 {
                assert_eq!(lookup.find(AccountKey::of(&format!("B{i}"))), None);
            }
        }
    }
}
