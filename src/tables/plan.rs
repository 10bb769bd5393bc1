//! Which cell of a file becomes which column of a contract.

use std::path::Path;

use super::cell::{micros_of, number_of, text_of};
use super::contract::{ColumnKind, TableContract};
use super::fault::{Explanation, FaultKind, FaultLog};
use super::mapping::{Change, ColumnRule, Skip, SkipWhen, TableRules};
use super::raw::{Cell, RawBatch};

/// The plan by which one file is read: its header, the contract and the mapping put together.
#[derive(Debug)]
pub(super) struct Plan<'m> {
    header: Vec<String>,
    missing: &'m [String],
    origins: Vec<Origin<'m>>,
    labels: Vec<String>,
    skips: Vec<(Option<usize>, &'m Skip)>,
    ignored: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
enum Origin<'m> {
    Absent,
    Constant(&'m str),
    Product(usize, usize),
    Column { at: usize, change: Option<&'m Change>, whole: bool },
}

impl<'m> Plan<'m> {
    /// Plans the reading of a file. Columns that are missing are noted as faults and planned as absent, so that the
    /// rest of the file is still checked.
    pub(super) fn new(
        contract: &'static TableContract,
        header: &[String],
        rules: Option<&'m TableRules>,
        file: &Path,
        faults: &mut FaultLog,
    ) -> Self {
        let mut used = vec![false; header.len()];
        let mut find = |name: &str| {
            let at = header.iter().position(|column| column == name)?;
            used[at] = true;
            Some(at)
        };
        let mut plan = Self {
            header: header.to_vec(),
            missing: rules.map_or(&[], |rules| &rules.missing),
            origins: Vec::new(),
            labels: Vec::new(),
            skips: Vec::new(),
            ignored: Vec::new(),
        };
        for (position, column) in contract.columns.iter().enumerate() {
            let whole = matches!(column.kind, ColumnKind::Integer { .. });
            let (label, origin, wanted) = match rules.and_then(|rules| rules.columns.get(column.name)) {
                None => {
                    let origin =
                        find(column.name).map(|at| Origin::Column { at, change: None, whole: false });
                    let wanted = column.required.then(|| column.name.to_owned());
                    (column.name.to_owned(), origin, wanted)
                }
                Some(ColumnRule::Absent) => (column.name.to_owned(), None, None),
                Some(ColumnRule::Constant(text)) => {
                    (column.name.to_owned(), Some(Origin::Constant(text)), None)
                }
                Some(ColumnRule::Product([a, b])) => {
                    let factors = (find(a), find(b));
                    let lost = if factors.0.is_none() { a } else { b };
                    let origin =
                        if let (Some(a), Some(b)) = factors { Some(Origin::Product(a, b)) } else { None };
                    (format!("{} (from {a} x {b})", column.name), origin, Some(lost.clone()))
                }
                Some(ColumnRule::Column { column: source, change }) => {
                    let origin = find(source).map(|at| Origin::Column { at, change: change.as_ref(), whole });
                    (format!("{} (from {source})", column.name), origin, Some(source.clone()))
                }
            };
            if let (None, Some(wanted)) = (origin, wanted) {
                let explanation = missing_column(&wanted, column.meaning, header);
                faults.structural(FaultKind::MissingColumn, file, Some((position, &label)), explanation);
            }
            plan.origins.push(origin.unwrap_or(Origin::Absent));
            plan.labels.push(label);
        }
        for (order, skip) in rules.map_or(&[][..], |rules| &rules.skips).iter().enumerate() {
            let at = find(&skip.column);
            if at.is_none() {
                let position = contract.columns.len() + order;
                let explanation = missing_column(&skip.column, "the mapping skips rows by it", header);
                faults.structural(
                    FaultKind::MissingColumn,
                    file,
                    Some((position, &skip.column)),
                    explanation,
                );
            }
            plan.skips.push((at, skip));
        }
        let extra = header.iter().zip(&used).filter(|(name, used)| !**used && !name.is_empty());
        plan.ignored = extra.map(|(name, _)| name.clone()).collect();
        plan
    }

    /// The columns of the file.
    pub(super) fn header(&self) -> &[String] {
        &self.header
    }

    /// What the `position`-th column of the contract is called in messages.
    pub(super) fn label(&self, position: usize) -> &str {
        &self.labels[position]
    }

    /// Whether the file has nothing for the `position`-th column of the contract.
    pub(super) fn is_absent(&self, position: usize) -> bool {
        matches!(self.origins[position], Origin::Absent)
    }

    /// Columns of the file that nothing asks for.
    pub(super) fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// The first rule that leaves this row out, by its position in the mapping.
    pub(super) fn skips(&self, batch: &RawBatch, row: usize) -> Option<usize> {
        self.skips.iter().position(|&(at, skip)| {
            let Some(at) = at else { return false };
            let text = text_of(self.raw(batch, row, at));
            let text = text.as_deref().unwrap_or_default();
            match &skip.when {
                SkipWhen::Missing => text.is_empty(),
                SkipWhen::Equals(words) => words.iter().any(|word| word == text),
                SkipWhen::StartsWith(start) => text.starts_with(start.as_str()),
            }
        })
    }

    /// Whether any rule leaves rows out.
    pub(super) fn may_skip(&self) -> bool {
        !self.skips.is_empty()
    }

    /// The column of the file whose cells are, as they are, those of the `position`-th column of the contract.
    pub(super) fn direct(&self, position: usize) -> Option<usize> {
        match self.origins[position] {
            Origin::Column { at, change: None, .. } if self.missing.is_empty() => Some(at),
            _ => None,
        }
    }

    /// The columns of the file that the wanted columns of the contract are made of.
    pub(super) fn sources(&self, wanted: &[bool]) -> Vec<usize> {
        let origins = self.origins.iter().zip(wanted).filter(|(_, wanted)| **wanted);
        let columns = origins.flat_map(|(origin, _)| match *origin {
            Origin::Absent | Origin::Constant(_) => [None, None],
            Origin::Product(a, b) => [Some(a), Some(b)],
            Origin::Column { at, .. } => [Some(at), None],
        });
        let skips = self.skips.iter().map(|(at, _)| *at);
        columns.chain(skips).flatten().collect::<std::collections::BTreeSet<usize>>().into_iter().collect()
    }

    fn raw<'a>(&'a self, batch: &'a RawBatch, row: usize, at: usize) -> Cell<'a> {
        match batch.cell(row, at) {
            Cell::Text(text) if self.missing.iter().any(|word| word == text.trim()) => Cell::Missing,
            cell => cell,
        }
    }

    /// The cell for the `position`-th column of the contract. What a rule cannot change stays as it is, for the
    /// check to refuse.
    pub(super) fn cell<'a>(&'a self, batch: &'a RawBatch, row: usize, position: usize) -> Cell<'a> {
        match self.origins[position] {
            Origin::Absent => Cell::Missing,
            Origin::Constant(text) => Cell::Text(text),
            Origin::Product(a, b) => {
                let (a, b) = (self.raw(batch, row, a), self.raw(batch, row, b));
                match (number_of(a), number_of(b)) {
                    (Ok(a), Ok(b)) => Cell::Number(a * b),
                    (Err(_), _) => a,
                    (_, Err(_)) => b,
                }
            }
            Origin::Column { at, change, whole } => {
                let cell = self.raw(batch, row, at);
                change.map_or(cell, |change| changed(change, cell, whole))
            }
        }
    }
}

fn changed<'a>(change: &'a Change, cell: Cell<'a>, whole: bool) -> Cell<'a> {
    match change {
        Change::Values { values, otherwise } => {
            let Some(text) = text_of(cell) else { return cell };
            match values.get(text.as_ref()).or(otherwise.as_ref()) {
                Some(value) if value.is_empty() => Cell::Missing,
                Some(value) => Cell::Text(value),
                None => cell,
            }
        }
        Change::Scale(factor) => number_of(cell).map_or(cell, |number| {
            let number = number * factor;
            Cell::Number(if whole { number.round() } else { number })
        }),
        Change::TimeFormat(format) => match cell {
            Cell::Text(text) => time_in(format, text.trim()).map_or(cell, Cell::Time),
            cell => cell,
        },
        Change::Epoch(unit) => match number_of(cell) {
            Ok(count) if cell != Cell::Missing => Cell::Time((count * *unit as f64).round() as i64),
            _ => cell,
        },
    }
}

fn time_in(format: &str, text: &str) -> Option<i64> {
    let parts = jiff::fmt::strtime::parse(format, text).ok()?;
    if let Ok(moment) = parts.to_timestamp() {
        return Some(moment.as_microsecond());
    }
    let midnight = |date: jiff::civil::Date| date.to_datetime(jiff::civil::Time::midnight());
    micros_of(parts.to_datetime().or_else(|_| parts.to_date().map(midnight)).ok()?)
}

fn missing_column(wanted: &str, meaning: &str, header: &[String]) -> Explanation {
    let plain = |name: &str| -> String {
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let close = header.iter().find(|name| plain(name) == plain(wanted));
    Explanation {
        expected: format!("a column {wanted:?} ({meaning})"),
        found: format!("columns {}", header.join(", ")),
        fix: close.map_or_else(
            || "add the column, or name the one that holds it in a mapping file".to_owned(),
            |close| format!("rename {close:?}, or map it in a mapping file"),
        ),
    }
}
