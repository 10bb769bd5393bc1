//! Reports: what a run writes and shows.
//!
//! [`ScoresWriter`] writes one row per account and product, in a stream; [`ActNow`] collects the list to call;
//! [`Summary`] counts the grid and keeps the best accounts of each product. All three are fed the same
//! [`ScoreRow`]s, so their numbers agree.
//!
//! [`FactsWriter`] and [`BinsWriter`] store what is known of every account and which bins its features fell into, so that
//! [`RunOutput`] can make reports from the folder of a run alone,
//! account by account, in memory that does not grow with their number.

mod act_now;
mod audit;
mod bins_table;
mod customer;
mod error;
mod estimates;
mod explanation;
mod facts_table;
mod movement;
mod notes;
mod page;
mod portfolio;
mod profile;
mod render;
mod request;
mod row;
mod row_stream;
mod run_output;
mod run_record;
mod scope;
mod scores;
mod summary;
mod totals;
mod worklist;

pub use act_now::ActNow;
pub use audit::AuditLine;
pub use bins_table::BinsWriter;
pub use customer::Customer;
pub use error::ReportError;
pub use estimates::Estimates;
pub use facts_table::FactsWriter;
pub use movement::{Movement, movements};
pub use notes::ReportNotes;
pub use page::{Page, PageOptions};
pub use portfolio::{PortfolioReport, PortfolioRequest};
pub use profile::{Profile, Report, ReportColumn, Source, SourceKind};
pub use request::{ReportRequest, StagedReport};
pub use row::ScoreRow;
pub use run_output::RunOutput;
pub use run_record::{Evidence, InputRecord, ModelRecord, OutputRecord, RunRecord, Stage};
pub use scope::{PartnerId, Viewer};
pub use scores::ScoresWriter;
pub use summary::Summary;
pub use totals::{ProductTotals, ReportTotals, TierTotals};
pub use worklist::{
    Exclusions, Filter, LeftOut, Owners, RankBy, SelectedBy, WorkItem, Worklist, WorklistRequest,
};
