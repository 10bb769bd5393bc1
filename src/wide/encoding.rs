//! From cells to a feature matrix.

use std::collections::BTreeMap;

use super::cell;
use super::recipe::ColumnKind;
use super::source::{Binding, RetypedCells};
use crate::matrix::{Column, FeatureMatrix, MatrixError};
use crate::tables::raw::{Cell, RawBatch};

/// Feature columns that grow row by row.
///
/// Numbers stay numbers, times become days, flags become the levels `true` and `false`, levels are their
/// text. A cell that cannot be of its kind is noted and counts as missing until the caller refuses the table.
#[derive(Debug)]
pub(super) struct Encoder<'a> {
    binding: &'a Binding<'a>,
    columns: Vec<Growing>,
    retyped: RetypedCells,
}

#[derive(Debug)]
enum Growing {
    Number { values: Vec<f32>, known: Vec<bool> },
    Level { codes: Vec<u32>, known: BTreeMap<String, u32> },
}

impl<'a> Encoder<'a> {
    /// No rows yet.
    pub(super) fn new(binding: &'a Binding<'a>) -> Self {
        let empty = |kind| match kind {
            ColumnKind::Number | ColumnKind::Time => {
                Growing::Number { values: Vec::new(), known: Vec::new() }
            }
            ColumnKind::Level | ColumnKind::Flag | ColumnKind::Drop => {
                Growing::Level { codes: Vec::new(), known: BTreeMap::new() }
            }
        };
        let columns = binding.columns().iter().map(|column| empty(column.rule.kind)).collect();
        Self { binding, columns, retyped: RetypedCells::default() }
    }

    /// Adds some rows of a batch.
    pub(super) fn push_rows(&mut self, batch: &RawBatch, rows: &[usize]) {
        for (index, (growing, bound)) in self.columns.iter_mut().zip(self.binding.columns()).enumerate() {
            for &row in rows {
                let cell = match batch.cell(row, bound.position) {
                    cell if self.binding.is_missing(bound.rule, cell) => Cell::Missing,
                    cell => cell,
                };
                if !growing.push(bound.rule.kind, cell) {
                    self.retyped.insert(index, batch, row, cell);
                }
            }
        }
    }

    /// The matrix, rows named by `ids`, and the cells that could not be read.
    pub(super) fn finish(self, ids: Vec<String>) -> Result<(FeatureMatrix, RetypedCells), MatrixError> {
        let columns = self
            .columns
            .into_iter()
            .zip(self.binding.columns())
            .map(|(growing, bound)| (bound.rule.name.clone(), growing.finish()))
            .collect();
        Ok((FeatureMatrix::try_new(ids, columns)?, self.retyped))
    }
}

impl Growing {
    /// Adds one cell; `false` when it cannot be of the kind.
    fn push(&mut self, kind: ColumnKind, cell: Cell<'_>) -> bool {
        match self {
            Self::Number { values, known } => {
                let number = if kind == ColumnKind::Time { cell::days(cell) } else { cell::number(cell) };
                values.push(number.unwrap_or(0.0));
                known.push(number.is_some());
                number.is_some() || cell == Cell::Missing
            }
            Self::Level { codes, known } => {
                let level = match kind {
                    ColumnKind::Flag => {
                        cell::flag(cell).map(|flag| if flag { "true" } else { "false" }.into())
                    }
                    _ => cell::text(cell),
                };
                let readable = level.is_some() || cell == Cell::Missing;
                codes.push(level.map_or(Column::MISSING, |level| {
                    if let Some(&code) = known.get(level.as_ref()) {
                        return code;
                    }
                    let code = known.len() as u32;
                    known.insert(level.into_owned(), code);
                    code
                }));
                readable
            }
        }
    }

    /// The column; levels come in the order of the alphabet, whatever the order of the rows.
    fn finish(self) -> Column {
        match self {
            Self::Number { values, known } => Column::Number { values, known },
            Self::Level { mut codes, known } => {
                let mut rank = vec![0_u32; known.len()];
                for (position, &code) in known.values().enumerate() {
                    rank[code as usize] = position as u32;
                }
                for code in codes.iter_mut().filter(|code| **code != Column::MISSING) {
                    *code = rank[*code as usize];
                }
                Column::Level { codes, levels: known.into_keys().collect() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::matrix::FeatureValue;
    use crate::tables::raw::{CsvFormat, RawTable};
    use crate::wide::{Inference, Recipe};

    fn encode(table: &std::path::Path, recipe: &Recipe) -> (FeatureMatrix, bool) {
        let mut raw = RawTable::open(table, &recipe.format()).unwrap();
        let (binding, missing) = Binding::new(recipe, raw.header());
        assert!(missing.is_empty());
        let mut encoder = Encoder::new(&binding);
        let mut n_rows = 0;
        while let Some(batch) = raw.next_batch().unwrap() {
            encoder.push_rows(&batch, &(0..batch.n_rows()).collect::<Vec<_>>());
            n_rows += batch.n_rows();
        }
        let (matrix, retyped) = encoder.finish((0..n_rows).map(|row| row.to_string()).collect()).unwrap();
        (matrix, retyped.is_empty())
    }

    #[test]
    fn cells_become_what_their_column_says() {
        let folder = tempfile::tempdir().unwrap();
        let table = folder.path().join("t.csv");
        std::fs::write(&table, "n,l,f,t\n-1,b,yes,1970-01-03\nnever,None,0,\n?,a,,1970-01-01T06:00:00Z\n")
            .unwrap();
        let recipe: Recipe = "[[column]]\nname = \"n\"\nkind = \"number\"\nmissing = [\"never\"]\n\
            [[column]]\nname = \"f\"\nkind = \"flag\"\n[[column]]\nname = \"t\"\nkind = \"time\"\n\
            [[column]]\nname = \"l\"\nkind = \"level\"\n"
            .parse()
            .unwrap();
        let (matrix, readable) = encode(&table, &recipe);
        assert!(readable);
        let values = |name: &str| -> Vec<FeatureValue<'_>> {
            (0..3).map(|row| matrix.named(name).unwrap().value(row)).collect()
        };
        let (number, level, missing) = (FeatureValue::Number, FeatureValue::Level, FeatureValue::Missing);
        assert_eq!(values("n"), [number(-1.0), missing, missing]);
        assert_eq!(values("l"), [level("b"), level("None"), level("a")]);
        assert_eq!(values("f"), [level("true"), level("false"), missing]);
        assert_eq!(values("t"), [number(2.0), missing, number(0.25)]);
        assert!(
            matches!(matrix.named("l"), Some(Column::Level { levels, .. }) if levels == &["None", "a", "b"])
        );
    }

    proptest! {
        #[test]
        fn a_table_can_be_read_by_the_recipe_inferred_from_it(
            cells in prop::collection::vec(
                prop_oneof![
                    4 => "-?[0-9]{1,3}(\\.[0-9]{1,2})?(e[0-9])?",
                    1 => Just("TRUE".to_owned()),
                    1 => Just("2026-03-01".to_owned()),
                    1 => "[ a-z\",;\n]{0,3}",
                    1 => Just("NA".to_owned()),
                ],
                1..60,
            )
        ) {
            let folder = tempfile::tempdir().unwrap();
            let infer = |name: &str, cells: &mut dyn Iterator<Item = &String>| {
                let table = folder.path().join(name);
                let mut writer = csv::Writer::from_path(&table).unwrap();
                writer.write_record(["mixed", "x"]).unwrap();
                cells.for_each(|cell| writer.write_record([cell.as_str(), "1"]).unwrap());
                writer.flush().unwrap();
                let inference = Inference::of(&table, &CsvFormat::default()).unwrap();
                (table, inference.recipe().clone())
            };
            let (table, recipe) = infer("t.csv", &mut cells.iter());
            let (matrix, readable) = encode(&table, &recipe);
            prop_assert!(readable, "{recipe}");
            prop_assert_eq!(matrix.n_rows(), cells.len());
            let (_, turned) = infer("turned.csv", &mut cells.iter().rev());
            prop_assert_eq!(recipe, turned);
        }
    }
}
