//! Retraining: a challenger on cadence, held against the champions, promoted or refused, every step on record.
//!
//! ```text
//! outcomes --> due? --> feeds sound? --> train on 70 % of the accounts --> compare on 20 % --> judge --> 10 %, once --> promote
//! ```
//!
//! [`Retrainer::run`] is the whole loop. Which accounts are for what is decided by a hash of their id ([`Slice`]), so that no
//! line was ever trained on the accounts on which lines are compared, whatever their dates. A challenger keeps the scale of
//! the champion, so that a 75 stays the probability it was. [`RetrainHook`] sees and decides; [`Policy`] is the default.
//! Stands beside the line: it sees outcomes.

mod candidate;
mod cases;
mod churn;
mod command;
mod compare;
mod deals;
mod due;
mod error;
mod feeds;
mod hook;
mod ledger;
mod policy;
mod replay;
mod reserve;
mod run;
mod worth;

pub use cases::{JudgingGround, Said, ScoredCase, ScoredCases, Standing, Standings};
pub use churn::{Churn, Moved};
pub use command::CommandHook;
pub use compare::{Comparison, Contest};
pub use due::{Due, Scope};
pub use error::RetrainError;
pub use feeds::{FeedReport, feeds};
pub use hook::{BeforeFit, OutcomeCounts, RetrainHook, Verdict};
pub use ledger::{champion, load};
pub use policy::Policy;
pub use replay::{Replay, Saying};
pub use reserve::Slice;
pub use run::{Retrained, Retrainer};
pub use worth::{ClusterRate, Worth};
