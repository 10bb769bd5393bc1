//! What a ledger records.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::quantity::AsOf;

/// A stored file and the hash of its bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredFile {
    /// Where it is, below the registry.
    pub key: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// A version of a model.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionName {
    /// The model.
    pub model: String,
    /// The version: the first twelve digits of the checksum of the model file.
    pub version: String,
}

impl fmt::Display for VersionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.model, self.version)
    }
}

/// One thing that happened to a registry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Event {
    /// Outcomes came in.
    Feedback {
        /// SHA-256 of the rows of the export in an order of their own.
        export_sha256: String,
        /// What was learned from it, and what was dropped; `None` where the export said nothing new.
        outcomes: Option<StoredFile>,
        /// Rows by what became of them.
        counts: BTreeMap<String, u64>,
    },
    /// A model was fitted and stored.
    Fit {
        /// Its name.
        name: VersionName,
        /// Only what was known before this date was seen.
        as_of: AsOf,
        /// The list of its files with their hashes.
        manifest: StoredFile,
        /// Why it was fitted.
        reason: String,
    },
    /// A challenger was held against the champion.
    Comparison {
        /// The challenger.
        name: VersionName,
        /// The versions it was held against.
        against: Vec<String>,
        /// The report.
        report: StoredFile,
        /// Accounts that would stand elsewhere, by cause.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        churn: BTreeMap<String, u64>,
    },
    /// A sealed slice of cases was scored; it is spent.
    SealedSlice {
        /// The version that was scored.
        name: VersionName,
        /// What the slice is.
        slice: String,
        /// What came out, in words.
        found: String,
    },
    /// A version became champion.
    Promotion {
        /// The version.
        name: VersionName,
        /// The champion before it.
        previous: Option<String>,
        /// Why.
        reason: String,
    },
    /// A challenger was not promoted.
    Refusal {
        /// The challenger.
        name: VersionName,
        /// Every reason.
        reasons: Vec<String>,
    },
    /// A training was due and not done.
    Stop {
        /// The model.
        model: String,
        /// Every reason.
        reasons: Vec<String>,
    },
    /// The champion was withdrawn and the one before it is back.
    Rollback {
        /// The version that is champion again.
        name: VersionName,
        /// The version that was withdrawn.
        withdrawn: String,
        /// Why.
        reason: String,
    },
}

impl Event {
    /// The version it is about; `None` for feedback and for what was not done.
    pub const fn name(&self) -> Option<&VersionName> {
        match self {
            Self::Feedback { .. } | Self::Stop { .. } => None,
            Self::Fit { name, .. }
            | Self::Comparison { name, .. }
            | Self::SealedSlice { name, .. }
            | Self::Promotion { name, .. }
            | Self::Refusal { name, .. }
            | Self::Rollback { name, .. } => Some(name),
        }
    }

    /// The stored files it vouches for.
    pub const fn file(&self) -> Option<&StoredFile> {
        match self {
            Self::Feedback { outcomes, .. } => outcomes.as_ref(),
            Self::Fit { manifest: file, .. } | Self::Comparison { report: file, .. } => Some(file),
            Self::SealedSlice { .. }
            | Self::Promotion { .. }
            | Self::Refusal { .. }
            | Self::Stop { .. }
            | Self::Rollback { .. } => None,
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Feedback { counts, .. } => {
                let counts: Vec<String> =
                    counts.iter().map(|(what, count)| format!("{what} {count}")).collect();
                write!(f, "feedback    {}", counts.join(", "))
            }
            Self::Fit { name, as_of, reason, .. } => write!(f, "fit         {name} as of {as_of}: {reason}"),
            Self::Comparison { name, against, .. } => {
                write!(f, "comparison  {name} against {}", against.join(", "))
            }
            Self::SealedSlice { name, slice, found } => write!(f, "sealed      {name} on {slice}: {found}"),
            Self::Promotion { name, previous: Some(previous), reason } => {
                write!(f, "promotion   {name} after {previous}: {reason}")
            }
            Self::Promotion { name, previous: None, reason } => write!(f, "promotion   {name}: {reason}"),
            Self::Refusal { name, reasons } => write!(f, "refusal     {name}: {}", reasons.join("; ")),
            Self::Stop { model, reasons } => write!(f, "stop        {model}: {}", reasons.join("; ")),
            Self::Rollback { name, withdrawn, reason } => {
                write!(f, "rollback    {name}, {withdrawn} withdrawn: {reason}")
            }
        }
    }
}
