//! Wide tables: one row per case, any columns, one outcome column.
//!
//! A wide table is how a user's own feature store comes in. Four steps, each usable alone:
//!
//! 1. [`Inference`] reads all rows and decides what each column is; the result is a [`Recipe`], which can be
//!    written down, edited and read again.
//! 2. [`TableTraining`] takes a [`Target`] and a recipe, cross-validates, fits, and says whether there was
//!    anything to learn.
//! 3. [`WideModel`] holds recipe, bins, scorer and bands: one model file of kind `wide`.
//! 4. [`WideModel::score`] streams a table into scores with reasons. A table that does not fit is refused, with
//!    every fault at once, in a [`WideError::Schema`].

mod cell;
mod distinct;
mod encoding;
mod error;
mod groups;
mod inference;
mod judging;
mod model;
mod recipe;
mod scoring;
mod selection;
mod source;
mod training;

pub use crate::matrix::ColumnPattern;
pub use error::{SchemaFault, SeenValues, WideError};
pub use inference::{ColumnProfile, Inference};
pub use judging::JudgedRows;
pub use model::{CrossValidated, WideModel};
pub use recipe::{ColumnKind, ColumnRule, MISSING_MARKERS, Recipe, RecipeFaults};
pub use scoring::{ScoringOptions, ScoringSummary};
pub use selection::{Target, TargetError};
pub use training::{HeldOutRows, TableTraining, TrainedTable};
