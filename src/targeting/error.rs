//! What can be wrong with tiers that a person wrote.

use std::fmt;

use crate::error::Coded;

use super::TierPreset;

/// A set of tiers is not well formed; everything that is wrong with it is listed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TierError {
    /// A preset breaks one or more of its rules.
    #[error("tier preset {preset:?} has {} fault(s): {}", .faults.len(), listed(.faults))]
    Preset {
        /// The name of the preset.
        preset: String,
        /// Everything that is wrong with it.
        faults: Vec<TierFault>,
    },
}

impl Coded for TierError {
    fn code(&self) -> &'static str {
        match self {
            Self::Preset { .. } => "E_TIER_PRESET",
        }
    }
}

/// One thing that is wrong with a tier preset.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TierFault {
    /// There is no tier.
    Empty,
    /// A name is empty, stands for two tiers, or is kept for accounts without a tier.
    Name {
        /// The name.
        found: String,
    },
    /// A tier does not begin below the tier before it.
    Order {
        /// The tier.
        tier: String,
        /// Where it begins.
        found: u64,
        /// Where the tier before it begins.
        above: u64,
    },
    /// The lowest tier does not begin at one employee, so small companies would have none.
    Lowest {
        /// The tier.
        tier: String,
        /// Where it begins.
        found: u64,
    },
    /// The line of cloud spend is not a positive amount.
    Compute {
        /// The amount in US dollars.
        found: f64,
    },
    /// Candidates for the corporate segment would begin below the top tier.
    Corporate {
        /// Where they begin.
        found: u64,
        /// Where the top tier begins.
        top: u64,
    },
}

impl fmt::Display for TierFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "there is no tier; list at least one, largest first"),
            Self::Name { found } => write!(
                f,
                "tier name {found:?} is empty, taken already, or {:?}; choose another",
                TierPreset::UNKNOWN
            ),
            Self::Order { tier, found, above } => write!(
                f,
                "tier {tier:?} begins at {found} employees, the tier before it at {above}; list the largest first"
            ),
            Self::Lowest { tier, found } => {
                write!(f, "the lowest tier {tier:?} begins at {found} employees; expected 1")
            }
            Self::Compute { found } => {
                write!(f, "the compute line is {found} US dollars; expected a positive amount")
            }
            Self::Corporate { found, top } => write!(
                f,
                "corporate candidates begin at {found} employees, below the top tier at {top}; \
                 expected {top} or more"
            ),
        }
    }
}

fn listed(faults: &[TierFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
