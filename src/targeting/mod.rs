//! Who is sold to, and how: size tiers, facts about accounts, and the plays that fit them.
//!
//! A [`TierPreset`] is data: tiers by headcount, one line of cloud spend that lifts an account into the top tier, and
//! the headcount from which an account may belong to another sales segment. [`AccountFacts`] is what is known of one
//! account, and a [`cohort`] is a rule over it.

pub mod cohort;
mod error;
mod facts;
mod licences;
mod preset;
mod renewal_case;
mod renewals;
mod revenue;
mod tier;

pub use error::{TierError, TierFault};
pub use facts::{
    AccountFacts, Agreement, Bought, FactsBuilder, Firm, Holding, Installed, Transacted, VersionAge,
};
pub use licences::{OverUseCause, Portfolio, PortfolioProduct, ProductLicences, licences};
pub use renewal_case::{RENEWAL_FEATURES, RENEWAL_GRACE_DAYS, may_be_renewed, renewal_features};
pub use renewals::{FiscalYear, RenewalRates, end_of_service, expiring, is_open};
pub use revenue::{LEAST_PEERS, PRIOR_PEERS, Potential, RevenueModel, RevenueTrainer, cents};
pub use tier::{Compute, ComputeLine, ComputeMeasure, Tier, TierAssignment, TierPreset};
