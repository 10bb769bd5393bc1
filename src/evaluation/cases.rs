//! Cases: what was said of each, and what came of it.

use crate::models::Scored;
use crate::training::line::HeldOutCases;
use crate::wide::HeldOutRows;

/// One case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JudgedCase {
    /// What the model said.
    pub scored: Scored,
    /// What came of it.
    pub outcome: bool,
    /// What the case belongs to (an account, an opportunity); cases of one group are drawn together.
    pub group: u64,
    /// How many cases of the population it stands for.
    pub weight: f32,
}

/// Cases in an order of their own, so that the order in which they came cannot matter.
#[derive(Clone, Debug, Default)]
pub struct Cases {
    pub(super) outcomes: Vec<bool>,
    /// What cases are ranked by.
    pub(super) margins: Vec<f64>,
    pub(super) probabilities: Vec<f64>,
    /// Scores of 0 to 100; 0 for cases that were never put on the scale.
    pub(super) scores: Vec<f64>,
    pub(super) groups: Vec<u64>,
    pub(super) weights: Vec<f32>,
}

/// One case in plain numbers.
#[derive(Clone, Copy)]
struct Row {
    outcome: bool,
    margin: f64,
    probability: f64,
    score: f64,
    group: u64,
    weight: f32,
}

impl Cases {
    /// Takes the cases in, ascending by probability.
    pub fn new(cases: impl IntoIterator<Item = JudgedCase>) -> Self {
        let row = |case: JudgedCase| Row {
            outcome: case.outcome,
            margin: case.scored.margin.steps() as f64,
            probability: case.scored.probability.value(),
            score: case.scored.score.value(),
            group: case.group,
            weight: case.weight,
        };
        Self::of_rows(cases.into_iter().map(row).collect())
    }

    /// The cases a model of a line was not shown when it was trained.
    pub(super) fn held_out(held_out: &HeldOutCases) -> Self {
        let row = |case: usize| Row {
            outcome: held_out.outcomes[case],
            margin: held_out.margins[case].steps() as f64,
            probability: held_out.probabilities[case],
            score: 0.0,
            group: held_out.groups[case],
            weight: held_out.weights[case],
        };
        Self::of_rows((0..held_out.outcomes.len()).map(row).collect())
    }

    /// The rows of a table, each by a model of cross-validation that was not shown it; ranked by probability.
    pub(super) fn cross_validated(held_out: &HeldOutRows) -> Self {
        let row = |case: usize| Row {
            outcome: held_out.outcomes[case],
            margin: held_out.probabilities[case],
            probability: held_out.probabilities[case],
            score: 0.0,
            group: held_out.groups[case],
            weight: 1.0,
        };
        Self::of_rows((0..held_out.outcomes.len()).map(row).collect())
    }

    fn of_rows(mut rows: Vec<Row>) -> Self {
        rows.sort_unstable_by(|a, b| {
            let said = a.probability.total_cmp(&b.probability).then(a.margin.total_cmp(&b.margin));
            let case = (a.outcome, a.group).cmp(&(b.outcome, b.group));
            said.then(case).then(a.weight.total_cmp(&b.weight))
        });
        Self {
            outcomes: rows.iter().map(|row| row.outcome).collect(),
            margins: rows.iter().map(|row| row.margin).collect(),
            probabilities: rows.iter().map(|row| row.probability).collect(),
            scores: rows.iter().map(|row| row.score).collect(),
            groups: rows.iter().map(|row| row.group).collect(),
            weights: rows.iter().map(|row| row.weight).collect(),
        }
    }

    /// Number of cases.
    pub const fn len(&self) -> usize {
        self.outcomes.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.outcomes.is_empty()
    }

    /// How many had the outcome.
    pub fn positives(&self) -> usize {
        self.outcomes.iter().filter(|outcome| **outcome).count()
    }
}
