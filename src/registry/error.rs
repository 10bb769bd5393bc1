//! What can go wrong with a registry.

use std::io;

use super::verify::Finding;
use crate::error::{Coded, ErrorKind};

/// A registry could not be read or written, or refuses.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The storage refused to read or write.
    #[error("registry {place}: cannot use {key}: {source}; {advice}")]
    Storage {
        /// Where the registry is.
        place: String,
        /// What was read or written.
        key: String,
        /// What the storage said.
        source: io::Error,
        /// What to do about it.
        advice: &'static str,
    },
    /// This is not where a registry can be.
    #[error(
        "no registry can be at {found:?}: {fault}; expected a folder, s3://BUCKET/PREFIX or az://CONTAINER/PREFIX"
    )]
    Address {
        /// How the address begins.
        found: String,
        /// What is wrong with it.
        fault: String,
    },
    /// The environment does not say how to reach an object store.
    #[error("registry {place} cannot be opened: {fault}; {advice}")]
    Settings {
        /// Where the registry is.
        place: String,
        /// What is missing or wrong.
        fault: String,
        /// What to do about it.
        advice: &'static str,
    },
    /// Another writer holds the registry for longer than a write takes.
    #[error(
        "registry {place} is being written by another process; nothing was written: run the command again"
    )]
    Busy {
        /// Where the registry is.
        place: String,
    },
    /// Another writer was first.
    #[error(
        "registry {place} has moved on: expected {expected} events, found {found}; another writer was first and nothing was written: look at `registry log` and run the command again"
    )]
    Moved {
        /// Where the registry is.
        place: String,
        /// Events that this writer had seen.
        expected: u64,
        /// Events that are there now.
        found: u64,
    },
    /// A line of the ledger is not what was once written.
    #[error("registry {place}: ledger.jsonl, line {line}: {fault}; restore the ledger from a copy")]
    Ledger {
        /// Where the registry is.
        place: String,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        fault: String,
    },
    /// There is no such model, or none at all.
    #[error("registry {place} has no model {asked:?}; expected one of [{}]", .known.join(", "))]
    UnknownModel {
        /// Where the registry is.
        place: String,
        /// What was asked for.
        asked: String,
        /// The models that are there.
        known: Vec<String>,
    },
    /// There is no such version, or several begin so.
    #[error("model {model} has {found} version that is or begins with {asked:?}; expected one of [{}], or champion, challenger or previous", .known.join(", "))]
    UnknownVersion {
        /// The model.
        model: String,
        /// What was asked for.
        asked: String,
        /// `no`, or `more than one`.
        found: &'static str,
        /// Its versions, oldest first.
        known: Vec<String>,
    },
    /// A name cannot be part of a path.
    #[error(
        "{what} {found:?} cannot be a folder; expected letters, digits, '-', '_' and '.', not first a '.'"
    )]
    Name {
        /// What is named.
        what: &'static str,
        /// The name.
        found: String,
    },
    /// The version is the champion already.
    #[error("version {version} of {model} is the champion already; nothing was written")]
    AlreadyChampion {
        /// The model.
        model: String,
        /// The version.
        version: String,
    },
    /// There is nothing to go back to.
    #[error("model {model} has no champion before the present one; promote a version instead")]
    NoPrevious {
        /// The model.
        model: String,
    },
    /// A stored file is not the one that was registered.
    #[error("registry {place}: {key} is not the file that was registered: {fault}; restore it from a copy")]
    Damaged {
        /// Where the registry is.
        place: String,
        /// The file.
        key: String,
        /// What is wrong with it.
        fault: String,
    },
    /// What is stored is not what the ledger says.
    #[error("registry {place} is not what its ledger says:\n  {}", .findings.iter().map(Finding::to_string).collect::<Vec<_>>().join("\n  "))]
    NotAsRecorded {
        /// Where the registry is.
        place: String,
        /// Everything that is wrong.
        findings: Vec<Finding>,
    },
}

impl Coded for RegistryError {
    fn code(&self) -> &'static str {
        match self {
            Self::Storage { .. } => "E_REGISTRY_STORAGE",
            Self::Address { .. } => "E_REGISTRY_ADDRESS",
            Self::Settings { .. } => "E_REGISTRY_SETTINGS",
            Self::Busy { .. } => "E_REGISTRY_BUSY",
            Self::Moved { .. } => "E_REGISTRY_MOVED",
            Self::Ledger { .. } => "E_REGISTRY_LEDGER",
            Self::UnknownModel { .. } => "E_REGISTRY_MODEL",
            Self::UnknownVersion { .. } => "E_REGISTRY_VERSION",
            Self::Name { .. } => "E_REGISTRY_NAME",
            Self::AlreadyChampion { .. } => "E_REGISTRY_CHAMPION",
            Self::NoPrevious { .. } => "E_REGISTRY_NO_PREVIOUS",
            Self::Damaged { .. } => "E_REGISTRY_DAMAGED",
            Self::NotAsRecorded { .. } => "E_REGISTRY_NOT_AS_RECORDED",
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotAsRecorded { .. } => ErrorKind::Refused,
            _ => ErrorKind::Input,
        }
    }
}
