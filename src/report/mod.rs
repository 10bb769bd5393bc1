//! Reports: what a run writes and shows.
//!
//! [`ScoresWriter`] writes one row per account and product, in a stream; [`ActNow`] collects the list to call;
//! [`Summary`] counts the grid and keeps the best accounts of each product. All three are fed the same
//! [`ScoreRow`]s, so their numbers agree.

mod act_now;
mod row;
mod run_record;
mod scores;
mod summary;

pub use act_now::ActNow;
pub use row::ScoreRow;
pub use run_record::{Evidence, InputRecord, ModelRecord, OutputRecord, RunRecord, Stage};
pub use scores::ScoresWriter;
pub use summary::Summary;
