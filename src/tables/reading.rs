//! Reads one table, file by file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::checking::{Check, Checked};
use super::column::ColumnData;
use super::contract::{TableContract, TableName};
use super::fault::{Explanation, Fault, FaultKind, FaultLog, Place};
use super::mapping::TableRules;
use super::note::Note;
use super::plan::Plan;
use super::quarantine::Quarantine;
use super::raw::{CsvFormat, FileDigest, RawTable};
use super::tally::Tally;
use crate::output::OutputError;
use crate::parallelism::Parallelism;
use serde::Serialize;

/// A file that a table was read from, for the record of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceFile {
    /// The table.
    pub table: TableName,
    /// The file.
    pub file: PathBuf,
    /// Its hash, size and number of rows.
    #[serde(flatten)]
    pub digest: FileDigest,
}

/// Where a kept row came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RowOrigin {
    pub file: usize,
    pub row: u64,
    pub line: Option<u64>,
}

/// How a table is read.
#[derive(Clone, Debug)]
pub(super) struct Reading<'a> {
    pub table: TableName,
    pub files: &'a [PathBuf],
    pub rules: Option<&'a TableRules>,
    pub csv: CsvFormat,
    pub parallelism: &'a Parallelism,
    /// By position in the contract, which columns are wanted. Those that say when a row became known always are.
    pub wanted: Vec<bool>,
    /// Whether the keys of the accounts are wanted, beside or in place of their ids.
    pub wants_keys: bool,
}

impl<'a> Reading<'a> {
    /// Reads every column.
    pub(super) fn whole(
        table: TableName,
        files: &'a [PathBuf],
        rules: Option<&'a TableRules>,
        csv: CsvFormat,
        parallelism: &'a Parallelism,
    ) -> Self {
        let wanted = vec![true; table.contract().columns.len()];
        Self { table, files, rules, csv, parallelism, wanted, wants_keys: false }
    }
}

/// Takes checked rows away to somewhere else; called from several threads, in any order.
pub(super) type RowSink<'a> = &'a (dyn Fn(&mut Checked) -> Result<(), OutputError> + Sync);

/// A table that was read, before it is joined to the accounts.
#[derive(Debug)]
pub(super) struct Draft {
    pub contract: &'static TableContract,
    pub files: Vec<PathBuf>,
    /// One per column of the contract; `None` where no file has it.
    pub columns: Vec<Option<ColumnData>>,
    /// By position in the contract, whether any file has the column.
    pub present: Vec<bool>,
    /// Microseconds; `i64::MIN` where a row counts as always known.
    pub known_at: Vec<i64>,
    /// Kept for tables with a key only.
    pub origins: Vec<RowOrigin>,
    pub faults: FaultLog,
    pub notes: Vec<Note>,
    pub sources: Vec<SourceFile>,
    pub ignored: BTreeSet<String>,
    pub quarantine: Option<Quarantine>,
    pub(super) tally: Tally,
}

impl Draft {
    /// A table without rows.
    pub(super) fn empty(table: TableName, files: &[PathBuf], quarantine: Option<Quarantine>) -> Self {
        let contract = table.contract();
        Self {
            contract,
            files: files.to_vec(),
            columns: vec![None; contract.columns.len()],
            present: vec![false; contract.columns.len()],
            known_at: Vec::new(),
            origins: Vec::new(),
            faults: FaultLog::new(table),
            notes: Vec::new(),
            sources: Vec::new(),
            ignored: BTreeSet::new(),
            quarantine,
            tally: Tally::default(),
        }
    }

    /// Reads all files of a table. What is wrong with them is in `faults`. Rows go to `sink` where there is one, and
    /// are kept here otherwise.
    ///
    /// # Errors
    /// [`OutputError`] when bad rows cannot be set aside, or `sink` fails.
    pub(super) fn read(
        reading: &Reading<'_>,
        quarantine: Option<Quarantine>,
        sink: Option<RowSink<'_>>,
    ) -> Result<Self, OutputError> {
        let mut draft = Self::empty(reading.table, reading.files, quarantine);
        for file in 0..reading.files.len() {
            draft.read_file(file, reading, sink)?;
        }
        draft.finish(reading.rules);
        Ok(draft)
    }

    pub(super) fn table(&self) -> TableName {
        self.contract.table
    }

    pub(super) fn n_rows(&self) -> usize {
        self.known_at.len()
    }

    /// The faults of rows, which are taken out.
    pub(super) fn take_faults(&mut self) -> Vec<Fault> {
        std::mem::replace(&mut self.faults, FaultLog::new(self.contract.table)).into_faults(true)
    }

    /// The data of the column called `name`.
    pub(super) fn column(&self, name: &str) -> Option<&ColumnData> {
        self.columns[self.position(name)?].as_ref()
    }

    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.contract.columns.iter().position(|column| column.name == name)
    }

    fn read_file(
        &mut self,
        file: usize,
        reading: &Reading<'_>,
        sink: Option<RowSink<'_>>,
    ) -> Result<(), OutputError> {
        let path = self.files[file].clone();
        let mut raw = match RawTable::open_unhashed(&path, reading.csv) {
            Ok(raw) => raw,
            Err(error) => {
                self.faults.file(error);
                return Ok(());
            }
        };
        let plan = Plan::new(self.contract, raw.header(), reading.rules, &path, &mut self.faults);
        self.check_columns(&plan, &path);
        self.ignored.extend(plan.ignored().iter().cloned());
        for (position, present) in self.present.iter_mut().enumerate() {
            *present |= !plan.is_absent(position);
        }
        if reading.wanted.contains(&false) {
            let mut wanted = reading.wanted.clone();
            if let Some(account) = self.position("account_id").filter(|_| reading.wants_keys) {
                wanted[account] = true;
            }
            raw.only(plan.sources(&wanted));
        }
        let check = Check {
            contract: self.contract,
            plan: &plan,
            path: &path,
            file,
            wanted: &reading.wanted,
            wants_keys: reading.wants_keys,
            sets_aside: self.quarantine.is_some(),
        };
        if let Err(error) = self.read_rows(&mut raw, reading, check, sink)? {
            self.faults.file(error);
        } else if let Some(digest) = raw.digest() {
            self.sources.push(SourceFile { table: self.table(), file: path.clone(), digest });
        }
        Ok(())
    }

    /// Adds the rows of a batch, in the order of the batches.
    pub(super) fn add(&mut self, checked: Checked, check: Check<'_>) -> Result<(), OutputError> {
        let Checked { columns, keys: _, known_at, origins, faults, tally, refused } = checked;
        self.faults.add(faults);
        self.tally.add(tally);
        if let Some(quarantine) = &mut self.quarantine {
            for row in refused {
                let place = Place { file: check.path, row: row.row, line: row.line };
                quarantine.add(place, &row.reason, check.plan.header(), &row.cells)?;
            }
        }
        if known_at.is_empty() {
            return Ok(());
        }
        let n_before = self.known_at.len();
        for ((held, added), column) in self.columns.iter_mut().zip(columns).zip(self.contract.columns) {
            match (held, added) {
                (Some(held), Some(added)) => held.append(added),
                (Some(held), None) => held.append_missing(known_at.len()),
                (held @ None, Some(added)) => {
                    let mut data = ColumnData::missing(column.kind, n_before);
                    data.append(added);
                    *held = Some(data);
                }
                (None, None) => {}
            }
        }
        self.known_at.extend(known_at);
        self.origins.extend(origins);
        Ok(())
    }

    /// Faults of the set of columns that no single column shows.
    fn check_columns(&mut self, plan: &Plan<'_>, path: &Path) {
        let absent = |name: &str| self.position(name).is_none_or(|position| plan.is_absent(position));
        let stand_in = self.contract.known_at_fallback;
        let required = self.contract.column(stand_in).is_some_and(|column| column.required);
        let timeless =
            self.table() != TableName::Accounts && !required && absent("known_at") && absent(stand_in);
        let nameless = self.table() == TableName::Signals && absent("account_id") && absent("domain");
        if timeless {
            let explanation = Explanation {
                expected: format!("a column \"known_at\", or {stand_in:?} to stand in for it"),
                found: "neither".to_owned(),
                fix: "add the moment each row became known, or map a column to it in a mapping file"
                    .to_owned(),
            };
            let column = self.position("known_at").map(|position| (position, "known_at"));
            self.faults.structural(FaultKind::NoKnownAt, path, column, explanation);
        }
        if nameless {
            let explanation = Explanation {
                expected: "a column \"account_id\" or \"domain\"".to_owned(),
                found: "neither".to_owned(),
                fix: "add one of them, or map a column to it in a mapping file".to_owned(),
            };
            self.faults.structural(FaultKind::MissingColumn, path, Some((0, "account_id")), explanation);
        }
    }

    /// Notes what was counted, and whether there were rows at all.
    fn finish(&mut self, rules: Option<&TableRules>) {
        for ((data, present), column) in self.columns.iter_mut().zip(&self.present).zip(self.contract.columns)
        {
            if data.is_none() && *present {
                *data = Some(ColumnData::missing(column.kind, self.known_at.len()));
            }
        }
        let tally = std::mem::take(&mut self.tally);
        let table = self.table();
        let (seen, kept) = (tally.seen, tally.kept);
        self.notes = tally.notes(self.contract, rules, &self.ignored);
        let readable = !self.faults.has_structural();
        let none_usable = table == TableName::Accounts && kept == 0 && self.quarantine.is_some();
        if readable && (seen == 0 || none_usable) {
            let file = self.files.first().cloned().unwrap_or_default();
            let found = if seen == 0 { "a header without rows" } else { "no usable row" };
            let explanation = Explanation {
                expected: "at least one row".to_owned(),
                found: found.to_owned(),
                fix: "export the table again, or remove the file where there is nothing to tell".to_owned(),
            };
            self.faults.structural(FaultKind::EmptyTable, &file, None, explanation);
        }
    }
}
