//! Opening a wide table and binding its columns to a recipe.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::SchemaFault;
use super::inference::shortened;
use super::recipe::{ColumnKind, ColumnRule, Recipe};
use super::{WideError, cell};
use crate::tables::raw::{Cell, RawBatch, RowProblem};

/// Rows that cannot be split into cells, by kind of fault.
#[derive(Debug, Default)]
pub(super) struct BrokenRows(BTreeMap<&'static str, SchemaFault>);

impl BrokenRows {
    /// Counts the broken rows of a batch.
    pub(super) fn insert(&mut self, header: &[String], batch: &RawBatch) {
        for broken in batch.broken() {
            let (code, reason) = match broken.problem {
                RowProblem::Ragged { expected, found } => (
                    "E_CSV_RAGGED",
                    format!(
                        "expected {expected} fields as in the header, found {found}; \
                         quote fields that hold the delimiter"
                    ),
                ),
                RowProblem::NotUtf8 { column } => (
                    "E_CELL_NOT_UTF8",
                    format!(
                        "column {}: expected UTF-8, found {:?}; save the file as UTF-8",
                        header.get(column).map_or("?", String::as_str),
                        shortened(broken.fields.get(column).map_or("", String::as_str), 40),
                    ),
                ),
            };
            if let Some(SchemaFault::Broken { rows, .. }) = self.0.get_mut(code) {
                *rows += 1;
            } else {
                let fault = SchemaFault::Broken { code, rows: 1, row: broken.row, line: broken.line, reason };
                self.0.insert(code, fault);
            }
        }
    }

    /// The faults, one per kind.
    pub(super) fn faults(self) -> impl Iterator<Item = SchemaFault> {
        self.0.into_values()
    }

    /// An error when there is any broken row.
    pub(super) fn refuse(self, path: &Path) -> Result<(), WideError> {
        refuse(path, self.faults().collect())
    }
}

/// An error when there is any fault.
pub(super) fn refuse(path: &Path, faults: Vec<SchemaFault>) -> Result<(), WideError> {
    if faults.is_empty() { Ok(()) } else { Err(WideError::Schema { path: path.to_path_buf(), faults }) }
}

/// A column of the table that a recipe reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct BoundColumn<'a> {
    /// Where it is in the table, from 0.
    pub(super) position: usize,
    /// How it is read.
    pub(super) rule: &'a ColumnRule,
}

/// Where the columns of a recipe are in one table.
#[derive(Clone, Debug)]
pub(super) struct Binding<'a> {
    recipe: &'a Recipe,
    columns: Vec<BoundColumn<'a>>,
}

impl<'a> Binding<'a> {
    /// Finds the columns that `recipe` reads by name, and says which are missing; the rest can still be
    /// checked.
    pub(super) fn new(recipe: &'a Recipe, header: &[String]) -> (Self, Vec<SchemaFault>) {
        let mut missing = Vec::new();
        let mut columns = Vec::new();
        for rule in recipe.features() {
            match header.iter().position(|name| *name == rule.name) {
                Some(position) => columns.push(BoundColumn { position, rule }),
                None => {
                    missing
                        .push(SchemaFault::Missing { column: rule.name.clone(), kind: rule.kind.as_str() });
                }
            }
        }
        (Self { recipe, columns }, missing)
    }

    /// The columns, in the order of the recipe.
    pub(super) fn columns(&self) -> &[BoundColumn<'a>] {
        &self.columns
    }

    /// Columns of the table that the recipe does not mention.
    pub(super) fn extra(recipe: &Recipe, header: &[String]) -> Vec<String> {
        header.iter().filter(|name| !name.is_empty() && recipe.rule(name).is_none()).cloned().collect()
    }

    /// Whether a cell holds no value for this column.
    pub(super) fn is_missing(&self, rule: &ColumnRule, cell: Cell<'_>) -> bool {
        cell::text(cell).is_none_or(|text| {
            self.recipe.missing().contains(text.as_ref()) || rule.missing.iter().any(|marker| *marker == text)
        })
    }
}

/// Cells that cannot be of the kind of their column: the first of each column, and how many.
#[derive(Clone, Debug, Default)]
pub(super) struct RetypedCells(BTreeMap<usize, Retyped>);

#[derive(Clone, Debug)]
struct Retyped {
    cells: u64,
    row: u64,
    line: Option<u64>,
    found: String,
}

impl RetypedCells {
    /// Notes that the cell of the `column`-th bound column in the `row`-th row of `batch` cannot be read.
    pub(super) fn insert(&mut self, column: usize, batch: &RawBatch, row: usize, cell: Cell<'_>) {
        self.0
            .entry(column)
            .or_insert_with(|| Retyped {
                cells: 0,
                row: batch.row_number(row),
                line: batch.line(row),
                found: shortened(&cell::text(cell).unwrap_or_default(), 40),
            })
            .cells += 1;
    }

    /// Takes in what a later part of the table noted.
    pub(super) fn append(&mut self, later: Self) {
        for (column, retyped) in later.0 {
            self.0.entry(column).and_modify(|earlier| earlier.cells += retyped.cells).or_insert(retyped);
        }
    }

    /// Whether every cell could be read.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The faults, one per column.
    pub(super) fn faults(self, binding: &Binding<'_>) -> impl Iterator<Item = SchemaFault> {
        self.0.into_iter().filter_map(|(column, retyped)| {
            let rule = binding.columns().get(column)?.rule;
            Some(SchemaFault::Retyped {
                column: rule.name.clone(),
                expected: ColumnKind::expected(rule.kind),
                cells: retyped.cells,
                row: retyped.row,
                line: retyped.line,
                found: retyped.found,
            })
        })
    }
}
