//! Reads and checks one table, file by file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::cell::{self, Value};
use super::column::ColumnData;
use super::contract::{ColumnKind, TableContract, TableName};
use super::fault::{Explanation, FaultKind, FaultLog, Place};
use super::mapping::TableRules;
use super::note::{Note, code};
use super::plan::Plan;
use super::quarantine::{Quarantine, Reason};
use super::raw::{Cell, CsvFormat, FileDigest, RawBatch, RawTable, RowProblem};
use crate::output::OutputError;

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

/// A table that was read, before it is joined to the accounts.
#[derive(Debug)]
pub(super) struct Draft {
    pub contract: &'static TableContract,
    pub files: Vec<PathBuf>,
    /// One per column of the contract; `None` where no file has it.
    pub columns: Vec<Option<ColumnData>>,
    /// Microseconds; `i64::MIN` where a row counts as always known.
    pub known_at: Vec<i64>,
    /// Kept for tables with a key only.
    pub origins: Vec<RowOrigin>,
    pub faults: FaultLog,
    pub notes: Vec<Note>,
    pub sources: Vec<SourceFile>,
    pub ignored: BTreeSet<String>,
    pub quarantine: Option<Quarantine>,
    tally: Tally,
}

/// What is counted while rows are read.
#[derive(Debug, Default)]
struct Tally {
    seen: u64,
    kept: u64,
    skipped: BTreeMap<usize, u64>,
    duplicates: u64,
    text_from_number: BTreeMap<usize, u64>,
    known_at_stand_in: u64,
    always_known: u64,
    rows_seen: BTreeSet<u128>,
}

impl Draft {
    /// Reads all files of a table. What is wrong with them is in `faults`.
    ///
    /// # Errors
    /// [`OutputError`] when bad rows cannot be set aside.
    pub(super) fn read(
        table: TableName,
        files: &[PathBuf],
        rules: Option<&TableRules>,
        csv: CsvFormat,
        quarantine: Option<Quarantine>,
    ) -> Result<Self, OutputError> {
        let contract = table.contract();
        let mut draft = Self {
            contract,
            files: files.to_vec(),
            columns: vec![None; contract.columns.len()],
            known_at: Vec::new(),
            origins: Vec::new(),
            faults: FaultLog::new(table),
            notes: Vec::new(),
            sources: Vec::new(),
            ignored: BTreeSet::new(),
            quarantine,
            tally: Tally::default(),
        };
        for file in 0..files.len() {
            draft.read_file(file, rules, csv)?;
        }
        draft.finish(rules);
        Ok(draft)
    }

    pub(super) fn table(&self) -> TableName {
        self.contract.table
    }

    pub(super) fn n_rows(&self) -> usize {
        self.known_at.len()
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
        rules: Option<&TableRules>,
        csv: CsvFormat,
    ) -> Result<(), OutputError> {
        let path = self.files[file].clone();
        let mut raw = match RawTable::open(&path, &csv) {
            Ok(raw) => raw,
            Err(error) => {
                self.faults.file(error);
                return Ok(());
            }
        };
        let header = raw.header().to_vec();
        let plan = Plan::new(self.contract, &header, rules, &path, &mut self.faults);
        self.check_columns(&plan, &path);
        self.ignored.extend(plan.ignored().iter().cloned());
        for (position, column) in self.contract.columns.iter().enumerate() {
            if self.columns[position].is_none() && !plan.is_absent(position) {
                self.columns[position] = Some(ColumnData::missing(column.kind, self.known_at.len()));
            }
        }
        let drop_duplicates = rules.is_some_and(|rules| rules.drop_exact_duplicates);
        loop {
            match raw.next_batch() {
                Ok(Some(batch)) => self.read_batch(&batch, file, &header, &plan, drop_duplicates)?,
                Ok(None) => break,
                Err(error) => {
                    self.faults.file(error);
                    return Ok(());
                }
            }
        }
        if let Some(digest) = raw.digest() {
            self.sources.push(SourceFile { table: self.table(), file: path, digest });
        }
        Ok(())
    }

    /// Faults of the set of columns that no single column shows.
    fn check_columns(&mut self, plan: &Plan<'_>, path: &std::path::Path) {
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

    fn read_batch(
        &mut self,
        batch: &RawBatch,
        file: usize,
        header: &[String],
        plan: &Plan<'_>,
        drop_duplicates: bool,
    ) -> Result<(), OutputError> {
        let path = self.files[file].clone();
        for broken in batch.broken() {
            self.tally.seen += 1;
            let (kind, column, explanation) = explain_broken(broken.problem, &broken.fields, header);
            let place = Place { file: &path, row: broken.row, line: broken.line };
            let position = column.map(|at| (at, header[at].as_str()));
            self.faults.row(kind, place, position, || explanation.clone());
            if let Some(quarantine) = &mut self.quarantine {
                let reason = Reason {
                    code: kind.code(),
                    column: position.map(|(_, name)| name.to_owned()).unwrap_or_default(),
                    text: format!("expected {}, found {}", explanation.expected, explanation.found),
                };
                quarantine.add(place, &reason, header, &broken.fields)?;
            }
        }
        let mut values = Vec::with_capacity(self.columns.len());
        let mut bad = Vec::new();
        for row in 0..batch.n_rows() {
            self.tally.seen += 1;
            if let Some(skip) = plan.skips(batch, row) {
                *self.tally.skipped.entry(skip).or_default() += 1;
                continue;
            }
            if drop_duplicates && !self.tally.rows_seen.insert(hash_row(batch, row, header.len())) {
                self.tally.duplicates += 1;
                continue;
            }
            values.clear();
            bad.clear();
            self.check_row(batch, row, plan, &mut values, &mut bad);
            let known_at = if bad.is_empty() { self.known_at_of(&values) } else { None };
            if known_at.is_none() && bad.is_empty() && self.known_at_is_planned(plan) {
                bad.push((self.columns.len() - 1, FaultKind::CellMissing));
            }
            let place = Place { file: &path, row: batch.row_number(row), line: batch.line(row) };
            if bad.is_empty() {
                self.keep(&values, known_at, RowOrigin { file, row: place.row, line: place.line });
            } else {
                self.refuse(batch, row, place, header, plan, &bad)?;
            }
        }
        Ok(())
    }

    fn check_row<'a>(
        &mut self,
        batch: &'a RawBatch,
        row: usize,
        plan: &'a Plan<'_>,
        values: &mut Vec<Value<'a>>,
        bad: &mut Vec<(usize, FaultKind)>,
    ) {
        for (position, column) in self.contract.columns.iter().enumerate() {
            let cell = plan.cell(batch, row, position);
            if column.kind == ColumnKind::Text && matches!(cell, Cell::Integer(_) | Cell::Number(_)) {
                *self.tally.text_from_number.entry(position).or_default() += 1;
            }
            values.push(match cell::convert(column.kind, cell) {
                Ok(Value::Missing) if column.required && !plan.is_absent(position) => {
                    bad.push((position, FaultKind::CellMissing));
                    Value::Missing
                }
                Ok(value) => value,
                Err(kind) => {
                    bad.push((position, kind));
                    Value::Missing
                }
            });
        }
        // The contract of signals starts with account_id and domain, of which one must be there.
        let planned = !(plan.is_absent(0) && plan.is_absent(1));
        if self.table() == TableName::Signals
            && planned
            && matches!(values[..2], [Value::Missing, Value::Missing])
            && bad.iter().all(|&(position, _)| position > 1)
        {
            bad.push((0, FaultKind::CellMissing));
        }
    }

    /// The row's `known_at`, or the column that stands in for it; `None` where both are empty.
    fn known_at_of(&mut self, values: &[Value<'_>]) -> Option<i64> {
        if let Some(Value::Time(micros)) = values.last() {
            return Some(*micros);
        }
        let stand_in = self.position(self.contract.known_at_fallback)?;
        if let Value::Time(micros) = values[stand_in] {
            self.tally.known_at_stand_in += 1;
            return Some(micros);
        }
        if self.table() == TableName::Accounts {
            self.tally.always_known += 1;
            return Some(i64::MIN);
        }
        None
    }

    fn known_at_is_planned(&self, plan: &Plan<'_>) -> bool {
        let planned = |name| self.position(name).is_some_and(|position| !plan.is_absent(position));
        planned("known_at") || planned(self.contract.known_at_fallback)
    }

    fn keep(&mut self, values: &[Value<'_>], known_at: Option<i64>, origin: RowOrigin) {
        for (column, value) in self.columns.iter_mut().zip(values) {
            if let Some(column) = column {
                column.push(value);
            }
        }
        self.known_at.push(known_at.unwrap_or(i64::MIN));
        if !self.contract.key.is_empty() {
            self.origins.push(origin);
        }
        self.tally.kept += 1;
    }

    fn refuse(
        &mut self,
        batch: &RawBatch,
        row: usize,
        place: Place<'_>,
        header: &[String],
        plan: &Plan<'_>,
        bad: &[(usize, FaultKind)],
    ) -> Result<(), OutputError> {
        let explain = |position: usize, kind: FaultKind| {
            let column = &self.contract.columns[position];
            cell::explain(kind, column.kind, plan.cell(batch, row, position))
        };
        for &(position, kind) in bad {
            self.faults.row(kind, place, Some((position, plan.label(position))), || explain(position, kind));
        }
        if let (Some(quarantine), Some(&(first, kind))) = (&mut self.quarantine, bad.first()) {
            let texts: Vec<String> = bad
                .iter()
                .map(|&(position, kind)| {
                    let Explanation { expected, found, .. } = explain(position, kind);
                    format!("{}: expected {expected}, found {found}", plan.label(position))
                })
                .collect();
            let reason =
                Reason { code: kind.code(), column: plan.label(first).to_owned(), text: texts.join("; ") };
            quarantine.add(place, &reason, header, &original(batch, row, header.len()))?;
        }
        Ok(())
    }

    /// Notes what was counted, and whether there were rows at all.
    fn finish(&mut self, rules: Option<&TableRules>) {
        let tally = std::mem::take(&mut self.tally);
        let table = self.table();
        let names = |position: usize| self.contract.columns[position].name;
        let mut notes = Vec::new();
        let mut note = |code, count: u64, text: String| {
            if count > 0 {
                notes.push(Note { table, code, text, count });
            }
        };
        let ignored: Vec<&str> = self.ignored.iter().map(String::as_str).collect();
        note(code::COLUMN_IGNORED, ignored.len() as u64, format!("columns ignored: {}", ignored.join(", ")));
        for (skip, count) in tally.skipped {
            let reason = rules.and_then(|rules| rules.skips.get(skip)).map_or("", |skip| &skip.reason);
            note(code::ROWS_SKIPPED, count, format!("rows left out by the mapping: {reason}"));
        }
        note(code::DUPLICATES_DROPPED, tally.duplicates, "exact repetitions of a row left out".to_owned());
        for (position, count) in tally.text_from_number {
            let text = format!("numbers in {} taken as text by their digits", names(position));
            note(code::TEXT_FROM_NUMBER, count, text);
        }
        let stand_in = self.contract.known_at_fallback;
        note(code::KNOWN_AT_STAND_IN, tally.known_at_stand_in, format!("{stand_in} stands in for known_at"));
        note(
            code::ALWAYS_KNOWN,
            tally.always_known,
            format!("rows with neither known_at nor {stand_in} count as always known"),
        );
        self.notes = notes;
        let readable = !self.faults.has_structural();
        let none_usable = table == TableName::Accounts && tally.kept == 0 && self.quarantine.is_some();
        if readable && (tally.seen == 0 || none_usable) {
            let file = self.files.first().cloned().unwrap_or_default();
            let found = if tally.seen == 0 { "a header without rows" } else { "no usable row" };
            let explanation = Explanation {
                expected: "at least one row".to_owned(),
                found: found.to_owned(),
                fix: "export the table again, or remove the file where there is nothing to tell".to_owned(),
            };
            self.faults.structural(FaultKind::EmptyTable, &file, None, explanation);
        }
    }
}

fn explain_broken(
    problem: RowProblem,
    fields: &[String],
    header: &[String],
) -> (FaultKind, Option<usize>, Explanation) {
    match problem {
        RowProblem::Ragged { expected, found } => (
            FaultKind::Ragged,
            None,
            Explanation {
                expected: format!("{expected} fields as in the header"),
                found: format!("{found}"),
                fix: "quote fields that hold the delimiter or a line break".to_owned(),
            },
        ),
        RowProblem::NotUtf8 { column } => (
            FaultKind::NotUtf8,
            (column < header.len()).then_some(column),
            Explanation {
                expected: "text in UTF-8".to_owned(),
                found: fields.get(column).map_or_else(String::new, |field| cell::shown(Cell::Text(field))),
                fix: "save the file as UTF-8".to_owned(),
            },
        ),
    }
}

/// The cells of a row as text, as they were.
pub(super) fn original(batch: &RawBatch, row: usize, columns: usize) -> Vec<String> {
    let text = |column| match batch.cell(row, column) {
        Cell::Text(text) => text.to_owned(),
        Cell::Number(number) => number.to_string(),
        cell => cell::text_of(cell).map_or_else(String::new, std::borrow::Cow::into_owned),
    };
    (0..columns).map(text).collect()
}

/// 128 bits of a hash over all cells of a row: two rows that differ have different ones for all practical purposes.
fn hash_row(batch: &RawBatch, row: usize, columns: usize) -> u128 {
    let mut digest = Sha256::new();
    for text in original(batch, row, columns) {
        digest.update((text.len() as u64).to_le_bytes());
        digest.update(text.as_bytes());
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.finalize()[..16]);
    u128::from_le_bytes(bytes)
}
