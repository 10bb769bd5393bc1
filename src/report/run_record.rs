//! `run.json`: what a run read, made and took.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::quantity::AsOf;

/// The record of one run. It is written last: an output without it is not whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Release that made the run.
    pub propensity: String,
    /// The date scored.
    pub as_of: AsOf,
    /// Name of the spec.
    pub spec: String,
    /// SHA-256 of the spec in canonical form.
    pub spec_sha256: String,
    /// Seed of everything random.
    pub seed: u64,
    /// The files read.
    pub inputs: Vec<InputRecord>,
    /// What was noticed while reading: columns ignored, rows left out, stand-ins.
    pub notes: Vec<String>,
    /// The model that scored.
    pub model: ModelRecord,
    /// Accounts scored.
    pub accounts: u64,
    /// Accounts per product and cluster.
    pub clusters: BTreeMap<String, BTreeMap<String, u64>>,
    /// The files written, by path under the output folder.
    pub outputs: Vec<OutputRecord>,
    /// Stages and their seconds, in order.
    pub stages: Vec<Stage>,
    /// Highest memory in use, in bytes, where the system tells.
    pub peak_memory_bytes: Option<u64>,
    /// Worker threads.
    pub threads: usize,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputRecord {
    /// Table it is part of.
    pub table: String,
    /// Path as given.
    pub file: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Rows in it.
    pub rows: u64,
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputRecord {
    /// Path under the output folder.
    pub file: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
}

/// The model that scored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelRecord {
    /// First digits of its checksum.
    pub version: String,
    /// Date of the knowledge it was trained on.
    pub as_of: AsOf,
    /// What each model found, by product.
    pub evidence: Vec<Evidence>,
    /// The model of renewals, in a sentence, where the line has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewal: Option<String>,
}

/// What the two models of a product found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The product.
    pub product: String,
    /// The fit model, in a sentence.
    pub fit: String,
    /// The intent model, in a sentence.
    pub intent: String,
    /// The upsell model, in a sentence, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upsell: Option<String>,
}

/// A stage and how long it took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// Seconds.
    pub seconds: f64,
}
