//! A stored version of a model: its files, and the manifest that lists them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::RegistryError;
use super::event::{StoredFile, VersionName};
use super::{Registry, checked_name};
use crate::artifact::sha256_hex;
use crate::quantity::AsOf;

/// The files of a version that every one has, by name.
pub const MODEL_FILE: &str = "model.json";
/// What the version is worth, as measured when it was fitted.
pub const METRICS_FILE: &str = "metrics.json";
/// The list of all other files with their hashes, and where the version comes from.
pub const MANIFEST_FILE: &str = "manifest.json";

/// A version that is to be stored.
#[derive(Clone, Debug)]
pub struct NewVersion {
    /// Its name.
    pub name: VersionName,
    /// Only what was known before this date was seen.
    pub as_of: AsOf,
    /// Why it was fitted.
    pub reason: String,
    /// Its files by name: model, metrics, card.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Where it comes from: inputs with hashes, seed, spec.
    pub origin: Value,
}

/// The content of `manifest.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionManifest {
    /// Release that stored the version.
    pub propensity: String,
    /// The version.
    pub name: VersionName,
    /// Only what was known before this date was seen.
    pub as_of: AsOf,
    /// SHA-256 of every file, by name.
    pub files: BTreeMap<String, String>,
    /// Where it comes from.
    pub origin: Value,
}

impl Registry {
    fn version_key(name: &VersionName, file: &str) -> String {
        format!("models/{}/{}/{file}", name.model, name.version)
    }

    /// Stores the files of a version, the manifest last. Nothing refers to them until the ledger does.
    pub(super) fn store_version(&self, version: &NewVersion) -> Result<StoredFile, RegistryError> {
        checked_name("model", &version.name.model)?;
        checked_name("version", &version.name.version)?;
        let mut files = BTreeMap::new();
        for (file, bytes) in &version.files {
            checked_name("file", file)?;
            let stored = self.store(&Self::version_key(&version.name, file), bytes)?;
            files.insert(file.clone(), stored.sha256);
        }
        let manifest = VersionManifest {
            propensity: env!("CARGO_PKG_VERSION").to_owned(),
            name: version.name.clone(),
            as_of: version.as_of,
            files,
            origin: version.origin.clone(),
        };
        self.store_json(&Self::version_key(&version.name, MANIFEST_FILE), &manifest)
    }

    /// The manifest of a version that the ledger knows.
    ///
    /// # Errors
    /// [`RegistryError::UnknownVersion`] when the ledger knows no such version, [`RegistryError::Damaged`] when the manifest
    /// is not the one that was registered.
    pub fn manifest(&self, name: &VersionName) -> Result<VersionManifest, RegistryError> {
        let ledger = self.ledger()?;
        let fit = ledger.entries().iter().find_map(|entry| match &entry.event {
            super::Event::Fit { name: of_fit, manifest, .. } if of_fit == name => Some(manifest),
            _ => None,
        });
        let Some(stored) = fit else {
            let (model, asked) = (name.model.clone(), name.version.clone());
            return Err(RegistryError::UnknownVersion { model, asked, found: "no", known: Vec::new() });
        };
        self.read_manifest(stored)
    }

    pub(super) fn read_manifest(&self, stored: &StoredFile) -> Result<VersionManifest, RegistryError> {
        let bytes = self.stored(stored)?;
        serde_json::from_slice(&bytes).map_err(|error| self.damaged(&stored.key, error.to_string()))
    }

    /// The bytes of a file of a version, such as [`MODEL_FILE`]; the hash is checked.
    ///
    /// # Errors
    /// As [`manifest`](Self::manifest); [`RegistryError::Damaged`] when the version has no such file.
    pub fn version_file(&self, name: &VersionName, file: &str) -> Result<Vec<u8>, RegistryError> {
        let manifest = self.manifest(name)?;
        let key = Self::version_key(name, file);
        match manifest.files.get(file) {
            Some(sha256) => self.stored(&StoredFile { key, sha256: sha256.clone() }),
            None => Err(self.damaged(&key, "the manifest does not list it".to_owned())),
        }
    }

    /// The files that a manifest vouches for.
    pub(super) fn files_of(manifest: &VersionManifest) -> impl Iterator<Item = StoredFile> {
        let key = |file: &String| Self::version_key(&manifest.name, file);
        manifest.files.iter().map(move |(file, sha256)| StoredFile { key: key(file), sha256: sha256.clone() })
    }

    pub(super) fn damaged(&self, key: &str, fault: String) -> RegistryError {
        RegistryError::Damaged { place: self.place(), key: key.to_owned(), fault }
    }

    /// Stores a document under its key.
    pub(crate) fn store_json(
        &self,
        key: &str,
        document: &impl Serialize,
    ) -> Result<StoredFile, RegistryError> {
        self.store(key, &self.json(key, document)?)
    }

    pub(super) fn json(&self, key: &str, document: &impl Serialize) -> Result<Vec<u8>, RegistryError> {
        let text = serde_json::to_string_pretty(document)
            .map_err(|error| self.storage(key)(std::io::Error::other(error)))?;
        Ok(format!("{text}\n").into_bytes())
    }

    /// Stores bytes under their key.
    pub(crate) fn store(&self, key: &str, bytes: &[u8]) -> Result<StoredFile, RegistryError> {
        let sha256 = sha256_hex(bytes);
        // What is there already is not written again: a file that was registered never changes, not even for a moment.
        let there = self.storage.read(key).map_err(self.storage(key))?;
        if there.as_deref() != Some(bytes) {
            self.storage.write(key, bytes).map_err(self.storage(key))?;
        }
        Ok(StoredFile { key: key.to_owned(), sha256 })
    }

    /// The bytes of a stored file, when they are those that were stored.
    ///
    /// # Errors
    /// [`RegistryError::Damaged`] when the file is missing or another one.
    pub fn stored(&self, file: &StoredFile) -> Result<Vec<u8>, RegistryError> {
        let bytes = self.storage.read(&file.key).map_err(self.storage(&file.key))?;
        let Some(bytes) = bytes else { return Err(self.damaged(&file.key, "it is missing".to_owned())) };
        let found = sha256_hex(&bytes);
        if found == file.sha256 {
            Ok(bytes)
        } else {
            Err(self.damaged(&file.key, format!("its SHA-256 is {found}, registered was {}", file.sha256)))
        }
    }
}
