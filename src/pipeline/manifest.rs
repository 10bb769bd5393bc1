//! Where a fitted line comes from.

use serde::{Deserialize, Serialize};

use crate::quantity::AsOf;
use crate::seed::Seed;

/// What a line was trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Only what was known before this date was seen.
    pub as_of: AsOf,
    /// The date of the fit models, where they were kept from an older line.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fit_as_of: Option<AsOf>,
    /// The date as of which the intent models were trained anew, where they were only updated since.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub intent_as_of: Option<AsOf>,
    /// Seed of everything random.
    pub seed: Seed,
    /// Accounts that were known.
    pub n_accounts: u64,
    /// Dates of the snapshots the intent models learned from, oldest first; the last one calibrated them.
    pub intent_snapshots: Vec<AsOf>,
    /// The cases of each model.
    pub samples: Vec<Sample>,
    /// What the leak gate found before training; lines of older releases were not asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub leak_gate: Option<LeakRecord>,
}

/// What the leak gate found before a line was trained, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeakRecord {
    /// Columns inspected, over all models.
    pub columns: u64,
    /// Leaks that were allowed by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
    /// Columns so strong that somebody should know why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questioned: Vec<String>,
}

/// The cases one model learned from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The product.
    pub product: String,
    /// Best customers the fit model learned from.
    pub fit_seeds: u64,
    /// Cases with success the intent model learned from.
    pub intent_positives: u64,
    /// All cases the intent model learned from, before any were drawn.
    pub intent_cases: u64,
    /// Owners of the product whose looks the intent model began from, as far as its cases bore them out; `None` where it began
    /// from the rate alone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub intent_owners: Option<u64>,
}
