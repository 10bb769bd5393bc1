//! Traps: the faults of real exports, planted on purpose, each of which can be left out.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::WorldError;

/// A fault of real exports that a world can contain.
///
/// Every trap draws from its own stream, so leaving one out changes nothing but what the trap does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trap {
    /// Rows that became known months after they were observed.
    BackfilledRows,
    /// Columns that are filled only once the outcome is there.
    PostOutcomeColumns,
    /// Industries, kinds and topics that appear in the last three months only.
    UnseenCategories,
    /// The same company twice under variants of its name.
    DuplicateCompanies,
    /// More active seats than entitled ones.
    UsageAbove100,
    /// Negative transactions that reverse earlier ones.
    Cancellations,
    /// Headcount and revenue missing together in some countries; weeks without one feed.
    MissingBlocks,
}

impl Trap {
    /// All traps, in the order they are reported.
    pub const ALL: [Self; 7] = [
        Self::BackfilledRows,
        Self::PostOutcomeColumns,
        Self::UnseenCategories,
        Self::DuplicateCompanies,
        Self::UsageAbove100,
        Self::Cancellations,
        Self::MissingBlocks,
    ];

    /// The name used on the command line and in `traps.json`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BackfilledRows => "backfilled_rows",
            Self::PostOutcomeColumns => "post_outcome_columns",
            Self::UnseenCategories => "unseen_categories",
            Self::DuplicateCompanies => "duplicate_companies",
            Self::UsageAbove100 => "usage_above_100",
            Self::Cancellations => "cancellations",
            Self::MissingBlocks => "missing_blocks",
        }
    }

    /// What the trap does to which rows, in one sentence.
    pub const fn rule(self) -> &'static str {
        match self {
            Self::BackfilledRows => {
                "one in fifty rows of signals, installs and transactions has a known_at 60 to 150 days later than \
                 the feed would have brought it"
            }
            Self::PostOutcomeColumns => {
                "opportunities gain days_to_close and accounts gain customer_since, filled only for deals that are \
                 closed and companies that bought by the end of the world"
            }
            Self::UnseenCategories => {
                "in the last three months, one in twenty signals has a kind or topic never seen before, and half \
                 of the companies that appear have an industry never seen before"
            }
            Self::DuplicateCompanies => {
                "one company in seventy has a second row in accounts and copies of its installs under another \
                 account_id, which ends in -B, with a variant of its name; half of these rows have no domain"
            }
            Self::UsageAbove100 => {
                "one subscription in thirty has seats_active_28d 5 to 40 percent above seats_entitled in every month"
            }
            Self::Cancellations => {
                "one transaction in twenty-five is reversed 5 to 40 days later by a row with the negative amount \
                 and quantity"
            }
            Self::MissingBlocks => {
                "nine in ten companies of BR and IN lack employees, annual_revenue and currency together, and \
                 signals of kind web_visit are missing for the first three weeks of the month at one third of the \
                 world"
            }
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Trap {
    type Err = WorldError;

    fn from_str(found: &str) -> Result<Self, WorldError> {
        let name = found.trim().replace('-', "_");
        Self::ALL
            .into_iter()
            .find(|trap| trap.as_str() == name)
            .ok_or_else(|| WorldError::Trap { found: found.to_owned() })
    }
}

/// A set of traps.
///
/// ```
/// use propensity::world::{Trap, TrapSet};
/// let traps = TrapSet::all().without(Trap::Cancellations);
/// assert!(traps.contains(Trap::MissingBlocks) && !traps.contains(Trap::Cancellations));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrapSet(u8);

impl TrapSet {
    /// Every trap.
    pub const fn all() -> Self {
        Self((1 << Trap::ALL.len()) - 1)
    }

    /// No trap.
    pub const fn none() -> Self {
        Self(0)
    }

    /// The same set without one trap.
    #[must_use]
    pub const fn without(self, trap: Trap) -> Self {
        Self(self.0 & !trap.bit())
    }

    /// The same set with one trap.
    #[must_use]
    pub const fn with(self, trap: Trap) -> Self {
        Self(self.0 | trap.bit())
    }

    /// Whether a trap is in the set.
    pub const fn contains(self, trap: Trap) -> bool {
        self.0 & trap.bit() != 0
    }
}

/// How many rows each trap touched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TrapCounts([u64; Trap::ALL.len()]);

impl TrapCounts {
    pub(super) fn count(&mut self, trap: Trap) {
        self.0[trap as usize] += 1;
    }

    pub(super) fn of(&self, trap: Trap) -> u64 {
        self.0[trap as usize]
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (total, count) in self.0.iter_mut().zip(other.0) {
            *total += count;
        }
    }
}
