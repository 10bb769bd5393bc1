//! Evaluates a model of one wide table on a table with outcomes.

use std::path::Path;

use super::section::Part;
use super::{Bootstrap, Cases, Evaluation, EvaluationError, JudgedCase, Section, shapes};
use crate::artifact::Header;
use crate::grid::Band;
use crate::parallelism::Parallelism;
use crate::wide::WideModel;

/// Columns whose shapes are drawn.
pub(super) const SHAPES: usize = 8;

/// Scores every row of `table` whose outcome is known and measures how well that was done, by bands too.
///
/// The model does not know which rows it was trained on: on those, every measure is too good. Memory grows with the
/// table, 5 bytes a cell.
///
/// # Errors
/// [`EvaluationError::Table`] when the table cannot be read, does not fit the model, or holds one outcome only.
pub fn evaluate_table(
    model: &WideModel,
    header: &Header,
    table: &Path,
    bootstrap: Bootstrap,
    parallelism: &Parallelism,
) -> Result<Evaluation, EvaluationError> {
    let judged = model.judge(table)?;
    let cases: Vec<JudgedCase> = judged
        .scored
        .iter()
        .zip(&judged.outcomes)
        .zip(&judged.groups)
        .map(|((scored, outcome), group)| JudgedCase {
            scored: *scored,
            outcome: *outcome,
            group: *group,
            weight: 1.0,
        })
        .collect();
    let parts: Vec<Part> = Band::ALL
        .into_iter()
        .map(|band| {
            let inside = cases.iter().filter(|case| model.cuts().band(case.scored.score) == band);
            Part { by: "band", value: band.to_string(), cases: Cases::new(inside.copied()) }
        })
        .filter(|part| !part.cases.is_empty())
        .collect();
    let target = model.target();
    let question =
        format!("Probability of {} = {}, against the outcome in the table.", target.column, target.value);
    let section = Section::measure(
        (target.to_string(), question),
        &Cases::new(cases),
        &parts,
        shapes(model.scorer(), model.binning(), SHAPES),
        bootstrap,
        parallelism,
    );
    Ok(Evaluation::new(header, None, bootstrap, vec![section]))
}
