//! Rows that share a key: merged where a mapping asks for it, a fault where the contract forbids them.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::cell::time_text;
use super::checking::original;
use super::column::ColumnData;
use super::fault::{Explanation, FaultKind, Place};
use super::note::{Note, code};
use super::quarantine::Reason;
use super::raw::{CsvFormat, RawTable};
use super::reading::{Draft, RowOrigin};
use crate::output::OutputError;

/// Rows to set aside and why, by file and row.
pub(super) type Reasons = BTreeMap<usize, BTreeMap<u64, Reason>>;

impl Draft {
    /// Makes text comparable, merges the rows that the mapping wants merged, and refuses repeated keys.
    ///
    /// # Errors
    /// [`OutputError`] when bad rows cannot be set aside.
    pub(super) fn settle(&mut self, distinct: &[String], csv: CsvFormat) -> Result<(), OutputError> {
        let reasons = self.settle_rows(distinct, self.quarantine.is_some());
        self.set_aside(&reasons, csv)
    }

    /// [`Self::settle`], leaving it to the caller to set rows aside: gives them by file and row.
    pub(super) fn settle_rows(&mut self, distinct: &[String], sets_aside: bool) -> Reasons {
        self.sort_texts();
        if !distinct.is_empty() {
            self.merge(distinct);
        }
        if self.contract.key.is_empty() { Reasons::new() } else { self.refuse_repeated_keys(sets_aside) }
    }

    /// Makes texts comparable.
    pub(super) fn sort_texts(&mut self) {
        self.columns.iter_mut().flatten().for_each(ColumnData::sort_dictionary);
    }

    /// Whether [`Self::settle_rows`] may reorder rows or leave some out.
    pub(super) fn settles(&self, distinct: &[String]) -> bool {
        !distinct.is_empty() || !self.contract.key.is_empty()
    }

    fn compare_columns(&self, columns: &[usize], a: u32, b: u32) -> Ordering {
        let compare = |&column: &usize| {
            self.columns[column].as_ref().map_or(Ordering::Equal, |data| data.compare(a as usize, b as usize))
        };
        columns.iter().map(compare).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }

    fn positions(&self, names: impl Iterator<Item = impl AsRef<str>>) -> Vec<usize> {
        names.filter_map(|name| self.position(name.as_ref())).collect()
    }

    fn keep_rows(&mut self, kept: &[u32]) {
        for column in &mut self.columns {
            *column = column.take().map(|data| data.gather(kept));
        }
        self.known_at = kept.iter().map(|&row| self.known_at[row as usize]).collect();
        if !self.origins.is_empty() {
            self.origins = kept.iter().map(|&row| self.origins[row as usize]).collect();
        }
    }

    /// Rows that agree on `distinct` become one: with the values that most of them have (of equals the smallest) and
    /// the earliest `known_at`.
    fn merge(&mut self, distinct: &[String]) {
        let key = self.positions(distinct.iter());
        let others: Vec<usize> = (0..self.columns.len() - 1).collect();
        let mut order: Vec<u32> = (0..self.n_rows() as u32).collect();
        order.sort_unstable_by(|&a, &b| {
            self.compare_columns(&key, a, b)
                .then_with(|| self.compare_columns(&others, a, b))
                .then_with(|| self.known_at[a as usize].cmp(&self.known_at[b as usize]))
                .then(a.cmp(&b))
        });
        let (mut kept, mut earliest, mut disagreeing) = (Vec::new(), Vec::new(), 0_u64);
        for group in order.chunk_by(|&a, &b| self.compare_columns(&key, a, b).is_eq()) {
            let mut runs = 0_u64;
            let mut most: &[u32] = &[];
            for run in group.chunk_by(|&a, &b| self.compare_columns(&others, a, b).is_eq()) {
                runs += 1;
                if run.len() > most.len() {
                    most = run;
                }
            }
            disagreeing += u64::from(runs > 1);
            kept.extend(most.first());
            earliest.extend(group.iter().map(|&row| self.known_at[row as usize]).min());
        }
        let merged = (self.n_rows() - kept.len()) as u64;
        self.keep_rows(&kept);
        let last = self.columns.len() - 1;
        if let Some(column) = &mut self.columns[last] {
            for (row, &known_at) in earliest.iter().enumerate().filter(|(_, known_at)| **known_at != i64::MIN)
            {
                column.set_time(row, known_at);
            }
        }
        self.known_at = earliest;
        let names = distinct.join(", ");
        let table = self.table();
        let text = format!("rows merged into others of the same {names}");
        self.notes.push(Note { table, code: code::ROWS_MERGED, text, count: merged });
        if disagreeing > 0 {
            let text =
                format!("groups of one {names} whose rows disagree; the most frequent values were taken");
            self.notes.push(Note { table, code: code::ROWS_DISAGREE, text, count: disagreeing });
        }
    }

    fn refuse_repeated_keys(&mut self, sets_aside: bool) -> Reasons {
        let required = |name: &&str| self.contract.column(name).is_some_and(|column| column.required);
        if self.contract.key.iter().filter(|name| required(name)).any(|name| self.column(name).is_none()) {
            // The missing column is the fault; without it every row looks like every other.
            return Reasons::new();
        }
        let key = self.positions(self.contract.key.iter());
        let all: Vec<usize> = (0..self.columns.len()).collect();
        let mut order: Vec<u32> = (0..self.n_rows() as u32).collect();
        // Which of the rows stays must not hang on their order, so content goes before origin where one stays.
        let by_content = sets_aside;
        order.sort_unstable_by(|&a, &b| {
            let content = || if by_content { self.compare_columns(&all, a, b) } else { Ordering::Equal };
            let origin = || self.origins[a as usize].cmp(&self.origins[b as usize]);
            self.compare_columns(&key, a, b).then_with(content).then_with(origin)
        });
        let mut repeated: Vec<(RowOrigin, u32, u32)> = Vec::new();
        for group in order.chunk_by(|&a, &b| self.compare_columns(&key, a, b).is_eq()) {
            if let [first, rest @ ..] = group {
                repeated.extend(rest.iter().map(|&row| (self.origins[row as usize], row, *first)));
            }
        }
        if repeated.is_empty() {
            return Reasons::new();
        }
        repeated.sort_unstable();
        let column = self.contract.key.join(", ");
        let mut reasons = Reasons::new();
        for &(origin, row, first) in &repeated {
            let path = self.files[origin.file].clone();
            let place = Place { file: &path, row: origin.row, line: origin.line };
            let mut explanation = None;
            let found = || self.describe_repetition(&key, row, first, origin.file);
            if sets_aside {
                let text = format!("expected one row per key, found {}", found());
                let reason = Reason { code: FaultKind::DuplicateKey.code(), column: column.clone(), text };
                reasons.entry(origin.file).or_default().insert(origin.row, reason);
            } else if repeated[0].1 == row {
                explanation = Some(found());
            }
            self.faults.row(FaultKind::DuplicateKey, place, Some((key[0], &column)), || Explanation {
                expected: format!("one row per {column}"),
                found: explanation.unwrap_or_default(),
                fix: "remove one of the rows, or make their keys differ".to_owned(),
            });
        }
        let dropped: std::collections::BTreeSet<u32> = repeated.iter().map(|&(_, row, _)| row).collect();
        let kept: Vec<u32> = (0..self.n_rows() as u32).filter(|row| !dropped.contains(row)).collect();
        self.keep_rows(&kept);
        reasons
    }

    fn describe_repetition(&self, key: &[usize], row: u32, first: u32, file: usize) -> String {
        let value = |&position: &usize| {
            let name = self.contract.columns[position].name;
            let data = self.columns[position].as_ref();
            let text = data.and_then(|data| data.text(row as usize).map(|text| format!("{text:?}")));
            let time = || data.and_then(|data| data.time(row as usize)).map(time_text);
            format!("{name} {}", text.or_else(time).unwrap_or_else(|| "empty".to_owned()))
        };
        let values: Vec<String> = key.iter().map(value).collect();
        let earlier = self.origins[first as usize];
        let line = earlier.line.map(|line| format!(" (line {line})")).unwrap_or_default();
        let elsewhere = if earlier.file == file {
            String::new()
        } else {
            format!(" of {}", self.files[earlier.file].display())
        };
        format!("{} as in row {}{line}{elsewhere}", values.join(", "), earlier.row)
    }

    /// Reads the files again for the cells of rows whose fault showed only after all rows were known.
    pub(super) fn set_aside(&mut self, reasons: &Reasons, csv: CsvFormat) -> Result<(), OutputError> {
        let Some(quarantine) = &mut self.quarantine else { return Ok(()) };
        for (&file, reasons) in reasons {
            let path = &self.files[file];
            let mut raw = match RawTable::open(path, &csv) {
                Ok(raw) => raw,
                Err(error) => {
                    self.faults.file(error);
                    continue;
                }
            };
            let header = raw.header().to_vec();
            loop {
                match raw.next_batch() {
                    Ok(Some(batch)) => {
                        for row in 0..batch.n_rows() {
                            if let Some(reason) = reasons.get(&batch.row_number(row)) {
                                let place =
                                    Place { file: path, row: batch.row_number(row), line: batch.line(row) };
                                quarantine.add(
                                    place,
                                    reason,
                                    &header,
                                    &original(&batch, row, header.len()),
                                )?;
                            }
                        }
                    }
                    Ok(None) => break,
                    Err(error) => {
                        self.faults.file(error);
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}
