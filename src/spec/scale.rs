//! Where scores are anchored.

use serde::{Deserialize, Serialize};

use crate::models::ScaleParams;

/// Where the scores 75, 55 and 30 are anchored.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScaleSpec {
    /// Shares of the accounts at or above 75, 55 and 30.
    pub shares: [f64; 3],
    /// Least odds over those of the base rate for 75, 55 and 30.
    pub lifts: [f64; 3],
}

impl Default for ScaleSpec {
    fn default() -> Self {
        let ScaleParams { shares, lifts } = ScaleParams::default();
        Self { shares, lifts }
    }
}

impl From<ScaleSpec> for ScaleParams {
    fn from(spec: ScaleSpec) -> Self {
        Self { shares: spec.shares, lifts: spec.lifts }
    }
}
