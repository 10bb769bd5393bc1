//! What whoever trains a line vouches for, beside the spec: flags that `run` and `retrain` share.

use std::path::PathBuf;

use propensity::spec::Spec;

use super::Failure;

/// Flags about what training may believe.
#[derive(Debug, clap::Args)]
pub(crate) struct Vouched {
    /// This feature was known before the outcome, whatever the leak gate says; may be repeated, and is kept on record.
    #[arg(long, value_name = "FEATURE")]
    allow: Vec<String>,
    /// The best customers fit looks for: a table with the ids of accounts and, if they differ, the product.
    #[arg(long, value_name = "FILE")]
    seeds: Option<PathBuf>,
}

impl Vouched {
    /// The spec with what the flags say.
    pub(crate) fn told(&self, mut spec: Spec) -> Result<Spec, Failure> {
        spec.leaks.allow.extend(self.allow.iter().cloned());
        match &self.seeds {
            Some(path) => Ok(spec.with_seeds(path)?),
            None => Ok(spec),
        }
    }
}
