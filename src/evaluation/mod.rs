//! Evaluation: how good a fitted model is on cases whose outcome is known, with intervals.
//!
//! Stands beside the line, as training does, because it sees outcomes. [`evaluate_table`] asks a model of one wide table,
//! [`evaluate_line`] a whole line at a past date: the scores as known then, against what happened within the horizon
//! after it. Both give an [`Evaluation`]: sections of measures with bootstrap intervals, by tier, cluster or band, and
//! what the heaviest columns add. [`Evaluation::write`] leaves it as JSON, Markdown and pictures.

mod card;
mod cases;
mod error;
mod line;
mod markdown;
mod picture;
mod quality;
mod section;
mod shape;
mod table;
mod write;

pub use card::{CardInput, CardSection, Fact, ModelCard};
pub use cases::{Cases, JudgedCase};
pub use error::EvaluationError;
pub use line::{LineQuestion, evaluate_line};
pub use quality::{Bootstrap, Decile, Measure, Quality, ReliabilityPoint};
pub use section::{HistogramBin, Section, Slice};
pub use shape::{Shape, ShapePoint, shapes};
pub use table::evaluate_table;
pub use write::Evaluation;
