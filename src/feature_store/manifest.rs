//! What the features of a date were made of.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{FeatureStoreError, Parts, part};
use crate::artifact::sha256_hex;
use crate::features::{FeatureBuilder, FeatureSpec};
use crate::quantity::AsOf;
use crate::tables::{Note, SourceFile};

/// Version of the layout of a manifest and of the rows beside it.
const VERSION: u32 = 1;

/// One file of a date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartRecord {
    /// Its name.
    pub file: String,
    /// Its rows: accounts known on the date.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// A file that the features were made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Input {
    table: String,
    file: String,
    sha256: String,
    bytes: u64,
    rows: u64,
}

/// The record of the features of one date.
///
/// `known_then` is a digest of all rows that were known before the date, of any order and in any files: while it, the
/// features and the version of the crate stay, the bytes of the parts stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this layout.
    pub version: u32,
    /// Version of the crate that built the features.
    pub propensity: String,
    /// The date.
    pub as_of: AsOf,
    /// SHA-256 of the declaration of the features.
    pub features_sha256: String,
    /// Digest of the rows known before the date.
    pub known_then: String,
    /// Into how many files all accounts are split.
    pub split_into: usize,
    /// The names of the columns after `account_id`, in order.
    pub features: Vec<String>,
    /// The files.
    pub parts: Vec<PartRecord>,
    /// What they were made of.
    inputs: Vec<Input>,
    /// What was left out, stood in for or counted.
    notes: Vec<String>,
}

impl Manifest {
    /// What is to be built, before anything is.
    pub(super) fn plan(
        spec: &FeatureSpec,
        builder: &FeatureBuilder,
        as_of: AsOf,
        digest: u64,
        parts: Parts,
    ) -> Result<Self, FeatureStoreError> {
        let failed = |source| FeatureStoreError::Manifest { as_of: as_of.to_string(), source };
        // The products are no part of a written spec of features, but decide on them.
        let declared = serde_json::to_string(&(spec, &spec.products)).map_err(failed)?;
        Ok(Self {
            version: VERSION,
            propensity: env!("CARGO_PKG_VERSION").to_owned(),
            as_of,
            features_sha256: sha256_hex(declared.as_bytes()),
            known_then: format!("{digest:016x}"),
            split_into: parts.count,
            features: builder.recipes().iter().map(|recipe| recipe.name.clone()).collect(),
            parts: Vec::new(),
            inputs: Vec::new(),
            notes: Vec::new(),
        })
    }

    /// The manifest at `path`; `None` where there is none that can be read.
    pub(super) fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }

    /// Accounts known on the date, in the parts of this manifest.
    pub fn accounts(&self) -> u64 {
        self.parts.iter().map(|part| part.rows).sum()
    }

    /// Whether this is what `plan` would build, and all of it is still there.
    pub(super) fn holds(&self, plan: &Self, folder: &Path) -> bool {
        let same = Self { parts: Vec::new(), inputs: Vec::new(), notes: Vec::new(), ..self.clone() } == *plan;
        same && self
            .parts
            .iter()
            .all(|part| part::record(&folder.join(&part.file), part.rows).ok().as_ref() == Some(part))
    }

    /// The manifest of what was built.
    pub(super) fn built(&self, parts: Vec<PartRecord>, sources: &[SourceFile], notes: &[Note]) -> Self {
        let input = |source: &SourceFile| Input {
            table: source.table.to_string(),
            file: source.file.display().to_string(),
            sha256: source.digest.sha256.clone(),
            bytes: source.digest.bytes,
            rows: source.digest.rows,
        };
        let note = |note: &Note| format!("{}: {}, {} [{}]", note.table, note.text, note.count, note.code);
        Self {
            parts,
            inputs: sources.iter().map(input).collect(),
            notes: notes.iter().map(note).collect(),
            ..self.clone()
        }
    }

    pub(super) fn write(&self, path: PathBuf) -> Result<(), FeatureStoreError> {
        let failed = |source| FeatureStoreError::Manifest { as_of: self.as_of.to_string(), source };
        let text = serde_json::to_string_pretty(self).map_err(failed)?;
        Ok(crate::output::write_whole(path, format!("{text}\n").as_bytes())?)
    }
}
