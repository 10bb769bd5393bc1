//! Results of trials on disk: one file a rung and trial, written whole, so that a search that was stopped goes on.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Tuning;
use super::trial::Contributions;
use crate::artifact::sha256_hex;
use crate::error::{Coded, ErrorKind};
use crate::output::{OutputError, write_whole};
use crate::tables::Dataset;
use crate::training::line::LineError;

/// A search could not be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TuneError {
    /// One trial is no search.
    #[error("trials is {found}, expected at least 2: the spec as it stands and one other")]
    Trials {
        /// What was given.
        found: usize,
    },
    /// There is nothing to tell trials apart by.
    #[error("no intent model has held-out cases with and without the outcome; there is nothing to tune by")]
    NothingToJudge,
    /// The folder holds the results of another search.
    #[error(
        "{path} holds trials of another date, seed, spec or data; choose another folder, or remove its trials"
    )]
    Other {
        /// The folder.
        path: PathBuf,
    },
    /// A result cannot be read.
    #[error("{path}: {fault}; remove the file, and the trial runs again")]
    Result {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        fault: String,
    },
    /// A trial could not be trained.
    #[error(transparent)]
    Line(#[from] LineError),
    /// A result could not be written.
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl Coded for TuneError {
    fn code(&self) -> &'static str {
        match self {
            Self::Trials { .. } => "E_TUNE_TRIALS",
            Self::NothingToJudge => "E_TUNE_NOTHING_TO_JUDGE",
            Self::Other { .. } => "E_TUNE_OTHER_SEARCH",
            Self::Result { .. } => "E_TUNE_RESULT",
            Self::Line(error) => error.code(),
            Self::Output(error) => error.code(),
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::Line(error) => error.kind(),
            Self::Output(error) => error.kind(),
            _ => ErrorKind::Input,
        }
    }
}

/// What makes two searches the same: release, date, seed, spec and data. The number of trials may grow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Key {
    propensity: String,
    as_of: String,
    seed: u64,
    spec_sha256: String,
    inputs: Vec<String>,
}

impl Key {
    pub(super) fn of(tuning: &Tuning<'_>, dataset: &Dataset) -> Result<Self, TuneError> {
        let spec = serde_json::to_value(tuning.spec)
            .map_err(|error| TuneError::Result { path: "spec".into(), fault: error.to_string() })?;
        Ok(Self {
            propensity: env!("CARGO_PKG_VERSION").to_owned(),
            as_of: tuning.as_of.to_string(),
            seed: tuning.seed.value(),
            spec_sha256: sha256_hex(spec.to_string().as_bytes()),
            inputs: dataset.sources().iter().map(|source| source.digest.sha256.clone()).collect(),
        })
    }
}

/// The folder of a search.
#[derive(Debug)]
pub(super) struct Ledger {
    folder: PathBuf,
}

impl Ledger {
    /// Opens the folder of a search, or begins one.
    pub(super) fn open(folder: &Path, key: &Key) -> Result<Self, TuneError> {
        let ledger = Self { folder: folder.join("trials") };
        let path = ledger.folder.join("search.json");
        match stored::<Key>(&path)? {
            Some(stored) if stored == *key => {}
            Some(_) => return Err(TuneError::Other { path: folder.to_path_buf() }),
            None => store(path, key)?,
        }
        Ok(ledger)
    }

    fn path(&self, rung: usize, trial: usize) -> PathBuf {
        self.folder.join(format!("rung{rung}-trial{trial:03}.json"))
    }

    pub(super) fn read(&self, rung: usize, trial: usize) -> Result<Option<Contributions>, TuneError> {
        stored(&self.path(rung, trial))
    }

    pub(super) fn write(&self, rung: usize, trial: usize, found: &Contributions) -> Result<(), TuneError> {
        store(self.path(rung, trial), found)
    }
}

fn stored<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<Option<T>, TuneError> {
    let failed = |fault: String| TuneError::Result { path: path.to_path_buf(), fault };
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| failed(error.to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error.to_string())),
    }
}

fn store<T: Serialize>(path: PathBuf, value: &T) -> Result<(), TuneError> {
    let bytes = serde_json::to_vec(value)
        .map_err(|error| TuneError::Result { path: path.clone(), fault: error.to_string() })?;
    Ok(write_whole(path, &bytes)?)
}
