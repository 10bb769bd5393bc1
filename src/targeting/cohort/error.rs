//! What can be wrong with rules and catalogues.

use std::path::PathBuf;

use super::Position;
use crate::error::Coded;

/// One thing that is wrong with a rule, with the byte of the rule at which it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RuleFault {
    pub(super) at: usize,
    pub(super) expected: String,
    pub(super) found: String,
}

impl RuleFault {
    pub(super) fn new(at: usize, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { at, expected: expected.into(), found: found.into() }
    }
}

/// A rule or a catalogue could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CohortError {
    /// A rule is not one.
    #[error("{position}: expected {expected}, found {found}")]
    Rule {
        /// Where.
        position: Position,
        /// What could stand there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// The file is not there or cannot be read.
    #[error("cannot read cohort catalogue {path}: {source}; check the path and its permissions")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The text is not TOML of the expected shape.
    #[error("cohort catalogue {path}: {source}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What the TOML reader said, with line and column.
        source: Box<toml::de::Error>,
    },
    /// The shape is right but the content is not sound.
    #[error("cohort catalogue {path} has {} fault(s):\n  {}", .faults.len(), .faults.join("\n  "))]
    Unsound {
        /// The file.
        path: PathBuf,
        /// All faults, each with its line and column.
        faults: Vec<String>,
    },
    /// No cohort of that name is in the catalogue.
    #[error("catalogue {catalogue} has no cohort {name:?}; {hint}")]
    Unknown {
        /// The catalogue.
        catalogue: String,
        /// The name that was asked for.
        name: String,
        /// Names that are close, or how to list all.
        hint: String,
    },
}

impl Coded for CohortError {
    fn code(&self) -> &'static str {
        match self {
            Self::Rule { .. } => "E_COHORT_RULE",
            Self::Unreadable { .. } => "E_COHORT_UNREADABLE",
            Self::Malformed { .. } => "E_COHORT_MALFORMED",
            Self::Unsound { .. } => "E_COHORT_UNSOUND",
            Self::Unknown { .. } => "E_COHORT_UNKNOWN",
        }
    }
}
