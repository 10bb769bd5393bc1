//! A generated world of companies with known truth.
//!
//! Latent traits drive what a company looks like, what is found at it, what it signals and what it buys. The seven
//! tables show the traces of that life; the truth beside them holds the probability of every first purchase, month
//! by month, exactly as it was drawn. So a model can be held against the best that is possible, and each fault of
//! real exports ([`Trap`]) can be switched off to see what it costs.
//!
//! The hazard of a first purchase in a month is `sigmoid(base + fit + intent + prerequisites + season)`, where every
//! term but a small part of fit is a function of rows that are known on the first morning of that month:
//!
//! - *fit*: size (with a curvature and thresholds such as 25 employees in certain industries), revenue per head,
//!   industry, country, modern technology, and latent traits;
//! - *intent*: decayed signals on the topics of the product, surges, and the conjunction of a competitor or an
//!   unsupported version, a renewal within 90 days, and interest;
//! - *prerequisites*: products owned already, as m365 before security;
//! - *season*: a yearly wave per product and a smaller one per industry.
//!
//! Rows describe what was known at their `known_at`, with one exception that real exports share: an opportunity shows
//! its state at the end of the world, so its outcome counts only from `closed_at` on.

mod account;
mod calendar;
mod catalogue;
mod commerce;
mod company;
mod draws;
mod installs;
mod params;
mod planted;
mod products;
mod purchases;
mod rows;
mod signals;
mod traps;
mod write;

pub use params::{MonthStart, Months, WorldParams};
pub use traps::{Trap, TrapSet};
pub use write::{Existing, WorldSummary, generate};

use crate::error::Coded;
use crate::output::OutputError;
use crate::quantity::AsOf;

/// A world cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorldError {
    /// The number of months is not between 1 and 240.
    #[error("a world lasts 1 to 240 months, found {found}; give another --months")]
    Months {
        /// What was found.
        found: u16,
    },
    /// The start is not the first day of a month between 1980 and 2150.
    #[error(
        "a world starts on the first day of a month from 1980 to 2150, found {found}; \
         give another --start, such as 2024-01-01"
    )]
    Start {
        /// What was found.
        found: AsOf,
    },
    /// There is no such trap.
    #[error(
        "there is no trap {found:?}; expected one of {}",
        Trap::ALL.map(Trap::as_str).join(", ")
    )]
    Trap {
        /// What was found.
        found: String,
    },
    /// The world could not be written.
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl Coded for WorldError {
    fn code(&self) -> &'static str {
        match self {
            Self::Months { .. } => "E_WORLD_MONTHS",
            Self::Start { .. } => "E_WORLD_START",
            Self::Trap { .. } => "E_WORLD_TRAP",
            Self::Output(error) => error.code(),
        }
    }
}
