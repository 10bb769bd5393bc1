//! Checks the rows of one batch against the contract, column by column.

use std::collections::BTreeSet;
use std::path::Path;

use super::account_key::AccountKey;
use super::bulk;
use super::cell::{self, Value};
use super::column::ColumnData;
use super::contract::{ColumnContract, ColumnKind, TableContract, TableName};
use super::fault::{Explanation, FaultKind, FaultLog, Place};
use super::plan::Plan;
use super::quarantine::Reason;
use super::raw::{BrokenRow, Cell, ParquetColumn, RawBatch, RowProblem};
use super::reading::RowOrigin;
use super::tally::Tally;

/// What is needed to check a batch of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Check<'a> {
    pub contract: &'static TableContract,
    pub plan: &'a Plan<'a>,
    pub path: &'a Path,
    /// The place of the file in the list of the table's files.
    pub file: usize,
    /// By position in the contract, which columns are wanted at all.
    pub wanted: &'a [bool],
    /// Whether the keys of the accounts are wanted, beside or in place of their ids.
    pub wants_keys: bool,
    /// Whether rows are set aside with their cells.
    pub sets_aside: bool,
}

/// The rows of a batch that passed every check, and what is said of the others.
#[derive(Debug)]
pub(super) struct Checked {
    /// One per column of the contract; `None` where the file has none or it is not wanted.
    pub columns: Vec<Option<ColumnData>>,
    /// The account of every row, where keys are wanted.
    pub keys: Vec<Option<AccountKey>>,
    /// Microseconds; `i64::MIN` where a row counts as always known.
    pub known_at: Vec<i64>,
    pub origins: Vec<RowOrigin>,
    pub faults: FaultLog,
    pub tally: Tally,
    pub refused: Vec<Refused>,
}

/// A bad row, with all that quarantine keeps of it.
#[derive(Debug)]
pub(super) struct Refused {
    pub row: u64,
    pub line: Option<u64>,
    pub reason: Reason,
    pub cells: Vec<String>,
}

/// A cell that is not what the contract asks for.
type Bad = (usize, usize, FaultKind);

impl Check<'_> {
    /// Checks all rows but those of `repeated`, which are left out.
    pub(super) fn run(&self, batch: &RawBatch, repeated: Option<&[bool]>) -> Checked {
        let n_rows = batch.n_rows();
        let mut tally = Tally { seen: n_rows as u64, ..Tally::default() };
        let mut takes = vec![true; n_rows];
        if self.plan.may_skip() || repeated.is_some() {
            for (row, takes) in takes.iter_mut().enumerate() {
                if let Some(skip) = self.plan.skips(batch, row) {
                    *tally.skipped.entry(skip).or_default() += 1;
                    *takes = false;
                } else if repeated.is_some_and(|repeated| repeated[row]) {
                    tally.duplicates += 1;
                    *takes = false;
                }
            }
        }
        let mut bad: Vec<Bad> = Vec::new();
        let mut columns: Vec<Option<ColumnData>> = self
            .contract
            .columns
            .iter()
            .enumerate()
            .map(|(position, column)| {
                let planned = self.wanted[position] && !self.plan.is_absent(position);
                planned.then(|| self.column(batch, (position, column), &takes, (&mut bad, &mut tally)))
            })
            .collect();
        let mut keys = Vec::new();
        if self.wants_keys {
            keys = self.keys(batch, columns[self.account()].as_ref(), &takes, &mut bad, &mut tally);
        }
        if self.contract.table == TableName::Signals {
            self.refuse_nameless(&columns, &keys, &takes, &mut bad);
        }
        bad.sort_unstable_by_key(|&(row, position, _)| (row, position));
        for &(row, ..) in &bad {
            takes[row] = false;
        }
        let known_at = self.known_at(&mut columns, &mut takes, &mut bad, &mut tally);
        let mut faults = FaultLog::new(self.contract.table);
        let mut refused: Vec<Refused> =
            batch.broken().iter().map(|broken| self.refuse_broken(broken, &mut faults, &mut tally)).collect();
        for cells in bad.chunk_by(|a, b| a.0 == b.0) {
            refused.extend(self.refuse(batch, cells, &mut faults));
        }
        refused.sort_by_key(|refused| refused.row);
        let kept = || takes.iter().enumerate().filter(|(_, takes)| **takes).map(|(row, _)| row);
        let all = !takes.contains(&false);
        tally.kept = if all { n_rows } else { kept().count() } as u64;
        let origin =
            |row: usize| RowOrigin { file: self.file, row: batch.row_number(row), line: batch.line(row) };
        let origins = if self.contract.key.is_empty() { Vec::new() } else { kept().map(origin).collect() };
        let mut checked = Checked { columns, keys, known_at, origins, faults, tally, refused };
        if !all {
            let kept: Vec<u32> = kept().map(|row| row as u32).collect();
            for column in &mut checked.columns {
                *column = column.take().map(|data| data.gather(&kept));
            }
            checked.known_at = kept.iter().map(|&row| checked.known_at[row as usize]).collect();
            if self.wants_keys {
                checked.keys = kept.iter().map(|&row| checked.keys[row as usize]).collect();
            }
        }
        checked
    }

    /// The position of the account's id.
    fn account(&self) -> usize {
        self.contract.columns.iter().position(|column| column.name == "account_id").unwrap_or(0)
    }

    /// The key of every row's account: from its ids where they were read, else from the cells.
    fn keys(
        &self,
        batch: &RawBatch,
        ids: Option<&ColumnData>,
        takes: &[bool],
        bad: &mut Vec<Bad>,
        tally: &mut Tally,
    ) -> Vec<Option<AccountKey>> {
        let position = self.account();
        if let Some(ColumnData::Text { dictionary, codes }) = ids {
            let keys: Vec<AccountKey> = dictionary.iter().map(AccountKey::of).collect();
            return codes.iter().map(|&code| keys.get(code as usize).copied()).collect();
        }
        if self.plan.is_absent(position) {
            return vec![None; takes.len()];
        }
        let required = self.contract.columns[position].required;
        let mut keys = Vec::with_capacity(takes.len());
        let mut add = |row: usize, value: Result<Value<'_>, FaultKind>| {
            keys.push(match value {
                _ if !takes[row] => None,
                Ok(Value::Text(id)) => Some(AccountKey::of(&id)),
                Ok(_) => {
                    if required {
                        bad.push((row, position, FaultKind::CellMissing));
                    }
                    None
                }
                Err(kind) => {
                    bad.push((row, position, kind));
                    None
                }
            });
        };
        let direct = self.plan.direct(position).and_then(|at| batch.parquet_column(at));
        if let Some(ParquetColumn::Text(texts)) = direct {
            let texts = texts.downcast_iter().flat_map(|array| array.iter());
            texts.enumerate().for_each(|(row, text)| add(row, Ok(cell::trimmed(text))));
            return keys;
        }
        for (row, takes) in takes.iter().enumerate() {
            let cell = self.plan.cell(batch, row, position);
            if *takes && matches!(cell, Cell::Integer(_) | Cell::Number(_)) {
                *tally.text_from_number.entry(position).or_default() += 1;
            }
            add(row, cell::convert(ColumnKind::Text, cell));
        }
        keys
    }

    /// Checks all cells of one column.
    fn column(
        &self,
        batch: &RawBatch,
        (position, column): (usize, &ColumnContract),
        takes: &[bool],
        found: (&mut Vec<Bad>, &mut Tally),
    ) -> ColumnData {
        let (bad, tally) = found;
        let direct = self.plan.direct(position).and_then(|at| batch.parquet_column(at));
        let of_kind = direct.and_then(|direct| bulk::column(column, direct, takes));
        if let Some((data, faults)) = of_kind {
            bad.extend(faults.into_iter().map(|(row, kind)| (row, position, kind)));
            if column.required {
                let empty = data.missing_rows().filter(|row| takes[*row]);
                let faulty: BTreeSet<usize> =
                    bad.iter().filter(|bad| bad.1 == position).map(|bad| bad.0).collect();
                let empty: Vec<usize> = empty.filter(|row| !faulty.contains(row)).collect();
                bad.extend(empty.into_iter().map(|row| (row, position, FaultKind::CellMissing)));
            }
            return data;
        }
        let mut data = ColumnData::missing(column.kind, 0);
        data.reserve(takes.len());
        for (row, takes) in takes.iter().enumerate() {
            if !*takes {
                data.push(&Value::Missing);
                continue;
            }
            let cell = self.plan.cell(batch, row, position);
            if column.kind == ColumnKind::Text && matches!(cell, Cell::Integer(_) | Cell::Number(_)) {
                *tally.text_from_number.entry(position).or_default() += 1;
            }
            match cell::convert(column.kind, cell) {
                Ok(Value::Missing) if column.required => {
                    bad.push((row, position, FaultKind::CellMissing));
                    data.push(&Value::Missing);
                }
                Ok(value) => data.push(&value),
                Err(kind) => {
                    bad.push((row, position, kind));
                    data.push(&Value::Missing);
                }
            }
        }
        data
    }

    /// A signal must name its account or its domain: the first two columns of its contract.
    fn refuse_nameless(
        &self,
        columns: &[Option<ColumnData>],
        keys: &[Option<AccountKey>],
        takes: &[bool],
        bad: &mut Vec<Bad>,
    ) {
        if self.plan.is_absent(0) && self.plan.is_absent(1) {
            return;
        }
        if keys.len() == takes.len() && keys.iter().all(Option::is_some) {
            return;
        }
        let named = |position: usize, row: usize| {
            let key = keys.get(row).copied().flatten().filter(|_| position == 0);
            key.is_some() || columns[position].as_ref().is_some_and(|data| data.text(row).is_some())
        };
        let faulty: BTreeSet<usize> =
            bad.iter().filter(|(_, position, _)| *position <= 1).map(|(row, ..)| *row).collect();
        for (row, _) in takes.iter().enumerate().filter(|(_, takes)| **takes) {
            if !named(0, row) && !named(1, row) && !faulty.contains(&row) {
                bad.push((row, 0, FaultKind::CellMissing));
            }
        }
    }

    /// When each row became known, by its own column or the one that stands in for it. A row that has neither is bad
    /// where the file has one of the columns, and always known among accounts.
    fn known_at(
        &self,
        columns: &mut [Option<ColumnData>],
        takes: &mut [bool],
        bad: &mut Vec<Bad>,
        tally: &mut Tally,
    ) -> Vec<i64> {
        let position = |name: &str| self.contract.columns.iter().position(|column| column.name == name);
        let last = self.contract.columns.len() - 1;
        let stand_in = position(self.contract.known_at_fallback);
        let planned = |position: usize| !self.plan.is_absent(position);
        let is_planned = planned(last) || stand_in.is_some_and(planned);
        if let Some(ColumnData::Time { values, present }) = &columns[last]
            && !present.contains(&false)
        {
            // Where keys are wanted, rows go on without the column.
            if !self.wants_keys {
                return values.clone();
            }
            if let Some(ColumnData::Time { values, .. }) = columns[last].take() {
                return values;
            }
        }
        let own = columns[last].as_ref();
        let stand_in = stand_in.and_then(|position| columns[position].as_ref());
        let mut known_at = Vec::with_capacity(takes.len());
        for (row, takes) in takes.iter_mut().enumerate() {
            let own = own.and_then(|data| data.time(row));
            let time = own.or_else(|| stand_in.and_then(|data| data.time(row)));
            known_at.push(time.unwrap_or(i64::MIN));
            if !*takes {
                continue;
            }
            tally.known_at_stand_in += u64::from(own.is_none() && time.is_some());
            if time.is_none() && self.contract.table == TableName::Accounts {
                tally.always_known += 1;
            } else if time.is_none() && is_planned {
                bad.push((row, last, FaultKind::CellMissing));
                *takes = false;
            }
        }
        bad.sort_unstable_by_key(|&(row, position, _)| (row, position));
        known_at
    }

    fn refuse_broken(&self, broken: &BrokenRow, faults: &mut FaultLog, tally: &mut Tally) -> Refused {
        tally.seen += 1;
        let header = self.plan.header();
        let (kind, column, explanation) = explain_broken(broken.problem, &broken.fields, header);
        let place = Place { file: self.path, row: broken.row, line: broken.line };
        let position = column.map(|at| (at, header[at].as_str()));
        let reason = Reason {
            code: kind.code(),
            column: position.map(|(_, name)| name.to_owned()).unwrap_or_default(),
            text: format!("expected {}, found {}", explanation.expected, explanation.found),
        };
        faults.row(kind, place, position, || explanation);
        Refused { row: broken.row, line: broken.line, reason, cells: broken.fields.clone() }
    }

    /// Notes the bad cells of one row; gives the row for quarantine where there is one.
    fn refuse(&self, batch: &RawBatch, cells: &[Bad], faults: &mut FaultLog) -> Option<Refused> {
        let explain = |row: usize, position: usize, kind: FaultKind| {
            let column = &self.contract.columns[position];
            cell::explain(kind, column.kind, self.plan.cell(batch, row, position))
        };
        let &(row, first, kind) = cells.first()?;
        let place = Place { file: self.path, row: batch.row_number(row), line: batch.line(row) };
        for &(row, position, kind) in cells {
            let column = Some((position, self.plan.label(position)));
            faults.row(kind, place, column, || explain(row, position, kind));
        }
        if !self.sets_aside {
            return None;
        }
        let text = |&(row, position, kind): &Bad| {
            let Explanation { expected, found, .. } = explain(row, position, kind);
            format!("{}: expected {expected}, found {found}", self.plan.label(position))
        };
        let reason = Reason {
            code: kind.code(),
            column: self.plan.label(first).to_owned(),
            text: cells.iter().map(text).collect::<Vec<_>>().join("; "),
        };
        let cells = original(batch, row, self.plan.header().len());
        Some(Refused { row: place.row, line: place.line, reason, cells })
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
