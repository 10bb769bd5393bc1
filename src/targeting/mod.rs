//! Who is sold to, and how: the size tiers of small and medium businesses.
//!
//! A [`TierPreset`] is data: tiers by headcount, one line of cloud spend that lifts an account into the top tier, and
//! the headcount from which an account may belong to another sales segment.

mod error;
mod preset;
mod tier;

pub use error::{TierError, TierFault};
pub use tier::{Compute, ComputeLine, ComputeMeasure, Tier, TierAssignment, TierPreset};
