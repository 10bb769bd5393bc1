//! What can be wrong with a grid that a person wrote.

use std::fmt;

use crate::error::Coded;
use crate::quantity::Score;

use super::{Cell, Cluster};

/// A band, a set of cuts or a scheme is not well formed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GridError {
    /// A text is not the name of a band.
    #[error("{found:?} is not a band; expected High, Medium, Low or Very Low")]
    Band {
        /// What was found.
        found: String,
    },
    /// A text is not the name of a cluster.
    #[error("{found:?} is not a cluster; expected Act Now, Evaluate, Nurture, Educate or Not Scored")]
    Cluster {
        /// What was found.
        found: String,
    },
    /// The cuts of an axis do not rise.
    #[error("cuts {low}, {medium}, {high} do not rise; expected three numbers, each above the one before")]
    Cuts {
        /// Where Low begins.
        low: Score,
        /// Where Medium begins.
        medium: Score,
        /// Where High begins.
        high: Score,
    },
    /// A scheme breaks one or more of its rules; all of them are listed.
    #[error("grid scheme {scheme:?} has {} fault(s): {}", .faults.len(), listed(.faults))]
    Scheme {
        /// The name of the scheme.
        scheme: String,
        /// Everything that is wrong with it.
        faults: Vec<SchemeFault>,
    },
}

impl Coded for GridError {
    fn code(&self) -> &'static str {
        match self {
            Self::Band { .. } => "E_GRID_BAND",
            Self::Cluster { .. } => "E_GRID_CLUSTER",
            Self::Cuts { .. } => "E_GRID_CUTS",
            Self::Scheme { .. } => "E_GRID_SCHEME",
        }
    }
}

/// One thing that is wrong with a grid scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemeFault {
    /// A cell has no entry.
    Missing {
        /// The cell.
        cell: Cell,
    },
    /// A cell has more than one entry.
    Repeated {
        /// The cell.
        cell: Cell,
    },
    /// A cell has an empty label.
    Unlabelled {
        /// The cell.
        cell: Cell,
    },
    /// A cell has rank 0; ranks begin at 1.
    RankZero {
        /// The cell.
        cell: Cell,
    },
    /// A cell is put into [`Cluster::NotScored`], which is for accounts without a fit score.
    NotScored {
        /// The cell.
        cell: Cell,
    },
    /// No cell belongs to a cluster.
    EmptyCluster {
        /// The cluster.
        cluster: Cluster,
    },
    /// The cell with both bands High is not ranked first.
    BestNotFirst {
        /// The rank it has.
        rank: u8,
    },
    /// Raising a band makes the rank worse.
    RankFalls {
        /// The cell with the lower band.
        from: Cell,
        /// Its rank.
        from_rank: u8,
        /// The cell with the higher band.
        to: Cell,
        /// Its rank, which is the larger number.
        to_rank: u8,
    },
}

impl fmt::Display for SchemeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { cell } => write!(f, "{cell} has no entry; add one"),
            Self::Repeated { cell } => write!(f, "{cell} has more than one entry; keep one"),
            Self::Unlabelled { cell } => write!(f, "{cell} has an empty label; name it"),
            Self::RankZero { cell } => write!(f, "{cell} has rank 0; ranks begin at 1"),
            Self::NotScored { cell } => {
                write!(f, "{cell} is put into Not Scored; choose Act Now, Evaluate, Nurture or Educate")
            }
            Self::EmptyCluster { cluster } => write!(f, "no cell belongs to {cluster}; give it at least one"),
            Self::BestNotFirst { rank } => {
                write!(f, "fit High, intent High has rank {rank}; expected 1")
            }
            Self::RankFalls { from, from_rank, to, to_rank } => write!(
                f,
                "{to} has rank {to_rank} but the lower {from} has rank {from_rank}; \
                 expected {from_rank} or a smaller number"
            ),
        }
    }
}

fn listed(faults: &[SchemeFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
