//! Outcomes in: what sellers say came of the deals, walked, kept, and turned into labels.
//!
//! [`Export::read`] takes the opportunities of a CRM; [`ingest`] walks each deal through the states of [`ReferralState`],
//! refuses what cannot be, and stores what is new in a [`Registry`](crate::registry::Registry); [`cases`] says what a model
//! may learn from it. [`Reality`] holds a scored list against what came of it. Stands beside the line: it sees outcomes.

mod error;
mod export;
mod label;
mod list;
mod outcomes;
mod reality;
mod referral;
mod state;

pub use error::FeedbackError;
pub use export::Export;
pub use label::{Label, LabelRules, OutcomeCase, Unlabelled, cases};
pub use list::{ListedRow, ScoredList};
pub use outcomes::{DroppedRow, Ingested, ingest, referrals, referrals_until};
pub use reality::{ClusterReality, ProductReality, Rate, Reality, Reversal};
pub use referral::{Dropped, Moment, News, Observation, Referral, Referrals};
pub use state::{ReferralState, Refused, Status};
