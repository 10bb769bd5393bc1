//! Wide tables: one row per case, any columns, one outcome column.
//!
//! A wide table is how a user's own feature store comes in. A [`Recipe`] says how its cells become features;
//! it is inferred ([`Inference`]) or written by hand.

mod cell;
mod distinct;
mod encoding;
mod error;
mod inference;
mod model;
mod recipe;
mod scoring;
mod selection;
mod source;
mod training;

pub use error::{SchemaFault, SeenValues, WideError};
pub use inference::{ColumnProfile, Inference};
pub use model::{CrossValidated, WideModel};
pub use recipe::{ColumnKind, ColumnRule, MISSING_MARKERS, Recipe, RecipeFaults};
pub use scoring::{ScoringOptions, ScoringSummary};
pub use selection::{ColumnPattern, Target, TargetError};
pub use training::{TableTraining, TrainedTable};
