//! How models are boosted, where a spec wants it other than usual.

use serde::{Deserialize, Serialize};

/// Settings of the boosting of every model of a line; what is left out is as usual (`AdditiveParams::default`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingSpec {
    /// Share of the best joint step that is taken each round.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// Most different values in one step of one table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaves: Option<usize>,
    /// Shrinkage of a step towards 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub l2: Option<f64>,
    /// Least fall of twice the log loss that a split must bring.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_gain: Option<f64>,
    /// Shrinkage of a level towards the average when levels are put in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level_smoothing: Option<f64>,
    /// Bags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bags: Option<usize>,
    /// Tables over two or three features.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joint_tables: Option<usize>,
}

impl TrainingSpec {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
