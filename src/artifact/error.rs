//! What can be wrong with a model file.

use std::io;
use std::path::PathBuf;

use crate::error::Coded;
use crate::output::OutputError;

/// A model file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArtifactError {
    /// The file is not there or cannot be read.
    #[error("cannot read model file {path}: {source}; check the path and its permissions")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is not a model file at all.
    #[error("{path} is not a model file: {reason}; expected a JSON document with \"format\": \"{expected}\"")]
    NotAModel {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
        /// The format name that was expected.
        expected: &'static str,
    },
    /// The file holds another kind of model.
    #[error(
        "{path} holds a model of kind {found:?}, expected kind {expected:?}; use the verb that made it, or another file"
    )]
    WrongKind {
        /// The file.
        path: PathBuf,
        /// The kind in the file.
        found: String,
        /// The kind that was asked for.
        expected: &'static str,
    },
    /// The file was written by a later release.
    #[error(
        "{path} has format version {found}, written by propensity {written_by}; this release reads up to {supported}: upgrade propensity"
    )]
    TooNew {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: u32,
        /// The newest version that can be read.
        supported: u32,
        /// The release that wrote the file.
        written_by: String,
    },
    /// The file was written by a release that is no longer supported.
    #[error(
        "{path} has format version {found}, written by propensity {written_by}; this release reads from {supported} on: train it anew"
    )]
    TooOld {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: u32,
        /// The oldest version that can be read.
        supported: u32,
        /// The release that wrote the file.
        written_by: String,
    },
    /// The payload is not the one the checksum was taken of.
    #[error(
        "{path} is damaged: checksum of the payload is {found}, expected {expected}; restore the file from its source"
    )]
    Checksum {
        /// The file.
        path: PathBuf,
        /// The checksum of the payload as it is.
        found: String,
        /// The checksum in the header.
        expected: String,
    },
    /// The payload is whole but not what this release expects, or cannot be written as JSON.
    #[error("{path}: the payload is not valid: {source}")]
    Payload {
        /// The file.
        path: PathBuf,
        /// What the JSON reader or writer said.
        source: serde_json::Error,
    },
    /// The file could not be written.
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl Coded for ArtifactError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "E_MODEL_UNREADABLE",
            Self::NotAModel { .. } => "E_MODEL_FORMAT",
            Self::WrongKind { .. } => "E_MODEL_KIND",
            Self::TooNew { .. } => "E_MODEL_TOO_NEW",
            Self::TooOld { .. } => "E_MODEL_TOO_OLD",
            Self::Checksum { .. } => "E_MODEL_CHECKSUM",
            Self::Payload { .. } => "E_MODEL_PAYLOAD",
            Self::Output(error) => error.code(),
        }
    }
}
