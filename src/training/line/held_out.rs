//! What the models of a line said of cases they were not shown.

use super::super::fit::HeldOut;
use crate::pipeline::Pipeline;
use crate::quantity::LogOdds;
use crate::training::TrainingSet;

/// A trained line, and the cases that say how good it is.
#[derive(Clone, Debug)]
pub struct TrainedLine {
    /// The line.
    pub pipeline: Pipeline,
    /// Per product the held-out cases of fit, of intent and, where there is one, of upsell; last those of renewals, where the line
    /// has a model of them. A model with too few outcomes to learn from has none.
    pub held_out: Vec<HeldOutCases>,
}

/// Cases that the tables of a model were neither fitted nor stopped on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeldOutCases {
    /// Whether each had the outcome.
    pub outcomes: Vec<bool>,
    /// Log-odds of each.
    pub margins: Vec<LogOdds>,
    /// Probability of each, by a calibration that was not learned from it.
    pub probabilities: Vec<f64>,
    /// A hash of the account of each.
    pub groups: Vec<u64>,
    /// How many cases of the population each stands for.
    pub weights: Vec<f32>,
}

impl HeldOutCases {
    pub(super) fn of(set: &TrainingSet<'_>, held_out: HeldOut) -> Self {
        let rows = set.rows();
        Self {
            outcomes: held_out.rows.iter().map(|row| rows.labels[*row]).collect(),
            groups: held_out.rows.iter().map(|row| rows.groups[*row]).collect(),
            weights: held_out.rows.iter().map(|row| set.weight(*row) as f32).collect(),
            margins: held_out.margins,
            probabilities: held_out.probabilities,
        }
    }
}
