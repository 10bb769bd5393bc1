//! Brings the rows of a range of accounts back into memory, as a data set of its own.

use super::super::account_key::AccountKey;
use super::super::column::ColumnData;
use super::super::contract::TableName;
use super::super::dataset::Dataset;
use super::super::fault::{FaultLog, TablesError};
use super::super::merging::Reasons;
use super::super::note::{Note, code};
use super::super::reading::Draft;
use super::late::Shown;
use super::record::{RecordReader, Records};
use super::table_spill::TableSpill;
use super::{Partitions, Piece};
use crate::output::OutputError;

/// The rows of a table with the keys of their accounts.
struct Rows {
    draft: Draft,
    keys: Vec<AccountKey>,
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
        let (mut tables, mut shown) = (Vec::new(), Vec::new());
        // Accounts come first in the order of tables.
        for (name, spill) in &self.spills {
            let Rows { mut draft, keys, reasons } = self.rows(*name, spill, piece)?;
            if *name == TableName::Accounts {
                accounts = ids(&draft, &keys);
            }
            let index = Lookup::new(&accounts);
            let of_rows: Vec<Option<u32>> = keys.iter().map(|key| index.find(*key)).collect();
            let unknown = of_rows.iter().filter(|account| account.is_none()).count() as u64;
            let mut notes = std::mem::take(&mut draft.notes);
            if unknown > 0 {
                let text = "rows of accounts that are not in accounts left out".to_owned();
                notes.push(Note { table: *name, code: code::UNKNOWN_ACCOUNT, text, count: unknown });
            }
            let faults = std::mem::replace(&mut draft.faults, FaultLog::new(*name));
            shown.push(Shown { table: *name, faults, reasons, notes });
            tables.push((draft, of_rows));
        }
        let faulty = !self.sets_aside && shown.iter().any(|shown| !shown.faults.is_empty());
        self.keep(piece, shown);
        if faulty {
            return Err(TablesError::Faults { faults: Vec::new() });
        }
        let accounts = accounts.into_iter().map(|(_, id)| id).collect();
        Ok(Dataset::of_range(accounts, tables, &self.unread))
    }

    fn rows(&self, table: TableName, spill: &TableSpill, piece: Piece) -> Result<Rows, OutputError> {
        let meta = &self.read[&table];
        let bytes = spill.rows.read(piece.range)?;
        let mut reader = RecordReader::new(spill.empty_columns(), spill.has_origins);
        let mut draft = Draft::empty(table, &meta.files, None);
        let n_rows = Records::new(&bytes).count();
        reader.reserve(n_rows);
        let mut keys = Vec::with_capacity(n_rows);
        draft.known_at.reserve(n_rows);
        for record in Records::new(&bytes).filter(|record| piece.holds(record.key, self.bits())) {
            if reader.add(&record, &mut draft.origins).is_none() {
                break;
            }
            keys.push(record.key);
            draft.known_at.push(record.known_at);
        }
        drop(bytes);
        for (position, data) in spill.kept.iter().zip(reader.finish()) {
            draft.columns[*position] = meta.present[*position].then_some(data);
        }
        draft.present.clone_from(&meta.present);
        let reasons = if spill.has_origins {
            draft.settle_rows(&meta.distinct, self.sets_aside)
        } else {
            draft.sort_texts();
            Reasons::new()
        };
        if spill.has_origins && draft.settles(&meta.distinct) {
            keys = keys_of(&draft);
        }
        Ok(Rows { draft, keys, reasons })
    }
}

/// The keys of all rows, by the ids of their accounts.
fn keys_of(draft: &Draft) -> Vec<AccountKey> {
    let Some(ColumnData::Text { dictionary, codes }) = draft.column("account_id") else { return Vec::new() };
    let keys: Vec<AccountKey> = dictionary.iter().map(AccountKey::of).collect();
    codes.iter().filter_map(|code| keys.get(*code as usize).copied()).collect()
}

/// Each account once, in the order of the keys.
fn ids(draft: &Draft, keys: &[AccountKey]) -> Vec<(AccountKey, String)> {
    let Some(ids) = draft.column("account_id") else { return Vec::new() };
    let mut rows: Vec<(AccountKey, usize)> = keys.iter().copied().zip(0..).collect();
    rows.sort_unstable();
    rows.dedup_by_key(|(key, _)| *key);
    rows.into_iter().filter_map(|(key, row)| Some((key, ids.text(row)?.to_owned()))).collect()
}

/// Finds accounts by key, in as many buckets as there are accounts: keys are spread evenly.
struct Lookup {
    keys: Vec<AccountKey>,
    first: u64,
    /// Keys of a bucket.
    width: u64,
    /// Of bucket `i` are the accounts from `starts[i]` to `starts[i + 1]`.
    starts: Vec<u32>,
}

impl Lookup {
    fn new(accounts: &[(AccountKey, String)]) -> Self {
        let keys: Vec<AccountKey> = accounts.iter().map(|(key, _)| *key).collect();
        let (first, last) =
            (keys.first().map_or(0, |key| key.high()), keys.last().map_or(0, |key| key.high()));
        let width = ((last - first) / keys.len().max(1) as u64).max(1).next_power_of_two();
        let n_buckets = ((last - first) / width) as usize + 1;
        let mut starts = vec![0_u32; n_buckets + 1];
        for key in &keys {
            starts[((key.high() - first) / width) as usize + 1] += 1;
        }
        for bucket in 0..n_buckets {
            starts[bucket + 1] += starts[bucket];
        }
        Self { keys, first, width, starts }
    }

    fn find(&self, key: AccountKey) -> Option<u32> {
        let bucket = (key.high().checked_sub(self.first)? >> self.width.trailing_zeros()) as usize;
        let [start, end] = self.starts.get(bucket..bucket + 2)? else { return None };
        (*start..*end).find(|place| self.keys[*place as usize] == key)
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
