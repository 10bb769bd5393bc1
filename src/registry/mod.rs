//! The registry: every version of a model, which of them scores, and how it came to that.
//!
//! ```text
//! R/ledger.jsonl                    every event, one line each, bound together by hashes; the truth
//! R/head.json                       how far the ledger had come, so that a cut-off tail is found
//! R/models/<name>/aliases.json      champion, challenger, previous: a view of the ledger for other programs
//! R/models/<name>/<version>/        model.json, model_card.*, metrics.json, manifest.json; never changed again
//! R/comparisons/<sha256>.json       how a challenger was held against the champion
//! R/outcomes/<sha256>.jsonl         what came of deals, export by export
//! ```
//!
//! Everything that happens is one line more in the ledger, and that line is the commit: files are stored before it and
//! mean nothing without it, views are written after it and can be made again from it. A process that dies at any moment
//! leaves the registry as it was before the event or as it is after it. A writer names the ledger it has seen; of two
//! that have seen the same, one writes and the other is told ([`RegistryError::Moved`]). `R` is a folder or, by
//! [`RegistryPlace`] and [`Bucket`], in an object store.
//!
//! ```
//! use propensity::registry::{Event, NewVersion, Record, Registry, VersionName};
//! let folder = tempfile::tempdir()?;
//! let registry = Registry::open(folder.path());
//! let record = Record {
//!     date: "2026-03-01".parse()?,
//!     recorded_at: "2026-03-01T06:00:00Z".parse()?,
//!     by: "nightly job".to_owned(),
//! };
//! let version = |version: &str| NewVersion {
//!     name: VersionName { model: "smb".to_owned(), version: version.to_owned() },
//!     as_of: record.date,
//!     reason: "first".to_owned(),
//!     files: [("model.json".to_owned(), version.as_bytes().to_vec())].into(),
//!     origin: "an example".into(),
//! };
//! let (first, second) = (version("a1"), version("b2"));
//! let ledger = registry.add(&registry.ledger()?, &record, &first)?;
//! let ledger = registry.promote(&ledger, &record, &first.name, "the first one")?;
//! let seen = registry.add(&ledger, &record, &second)?;
//! let promoted = registry.promote(&seen, &record, &second.name, "better")?;
//! registry.rollback(&promoted, &record, "smb", "the list looks wrong")?;
//!
//! let state = registry.state()?;
//! assert_eq!(state.models["smb"].champion(), Some("a1"));
//! assert_eq!(registry.verify(None)?.head.events, 5);
//! // A writer that has seen less is told, and nothing is written.
//! assert!(registry.promote(&seen, &record, &second.name, "better").is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod aliases;
mod bucket;
#[cfg(test)]
mod contract;
mod error;
mod event;
mod ledger;
mod place;
mod storage;
mod verify;
mod version;

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use aliases::{Aliases, ModelState, State, VersionEntry};
pub use bucket::{Bucket, BucketError};
pub use error::RegistryError;
pub use event::{Event, StoredFile, VersionName};
pub use ledger::{Entry, Head, Ledger, Record};
pub use place::{BucketAddress, RegistryPlace};
pub use storage::{Exchange, Folder, Storage};
pub use verify::{Finding, Verified};
pub use version::{MANIFEST_FILE, METRICS_FILE, MODEL_FILE, NewVersion, VersionManifest};

const LEDGER_KEY: &str = "ledger.jsonl";
const HEAD_KEY: &str = "head.json";

fn aliases_key(model: &str) -> String {
    format!("models/{model}/aliases.json")
}

/// Versions of models, and the ledger of what happened to them.
#[derive(Debug)]
pub struct Registry {
    storage: Box<dyn Storage>,
}

impl Registry {
    /// A registry in a folder; it is made with the first write. [`RegistryPlace`] reads addresses of object stores too.
    pub fn open(folder: &Path) -> Self {
        Self::on(Box::new(Folder::new(folder)))
    }

    /// A registry on any storage, such as a bucket of an object store.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use object_store::memory::InMemory;
    /// use propensity::registry::{Bucket, NewVersion, Record, Registry, RegistryError, VersionName};
    ///
    /// let store = Arc::new(InMemory::new());
    /// let open = || Ok::<_, RegistryError>(Registry::on(Box::new(Bucket::new(store.clone(), "memory")?)));
    /// let (ann, bob) = (open()?, open()?);
    /// let record = |by: &str| -> Result<Record, Box<dyn std::error::Error>> {
    ///     let recorded_at = "2026-03-01T06:00:00Z".parse()?;
    ///     Ok(Record { date: "2026-03-01".parse()?, recorded_at, by: by.to_owned() })
    /// };
    /// let name = VersionName { model: "smb".to_owned(), version: "a1".to_owned() };
    /// let version = NewVersion {
    ///     name: name.clone(),
    ///     as_of: "2026-03-01".parse()?,
    ///     reason: "first".to_owned(),
    ///     files: [("model.json".to_owned(), b"{}".to_vec())].into(),
    ///     origin: "an example".into(),
    /// };
    /// let seen = ann.add(&ann.ledger()?, &record("ann")?, &version)?;
    /// assert_eq!(bob.ledger()?, seen);
    /// // Both have seen the same: one writes, the other is told.
    /// ann.promote(&seen, &record("ann")?, &name, "better")?;
    /// let told = bob.promote(&seen, &record("bob")?, &name, "better");
    /// assert!(matches!(told, Err(RegistryError::Moved { expected: 1, found: 2, .. })));
    /// assert_eq!(bob.verify(None)?.head.events, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on(storage: Box<dyn Storage>) -> Self {
        Self { storage }
    }

    /// Where it is.
    pub fn place(&self) -> String {
        self.storage.place()
    }

    fn storage(&self, key: &str) -> impl FnOnce(std::io::Error) -> RegistryError {
        let (place, key) = (self.place(), key.to_owned());
        move |source| match source.kind() {
            std::io::ErrorKind::WouldBlock => RegistryError::Busy { place },
            _ => RegistryError::Storage { place, key, advice: self.storage.advice(&source), source },
        }
    }

    /// The head that is kept beside the ledger; `None` where there is none.
    fn kept_head(&self) -> Result<Option<Head>, RegistryError> {
        let Some(bytes) = self.storage.read(HEAD_KEY).map_err(self.storage(HEAD_KEY))? else {
            return Ok(None);
        };
        let head = serde_json::from_slice(&bytes);
        head.map(Some).map_err(|error| self.damaged(HEAD_KEY, error.to_string()))
    }

    /// Reads the ledger and checks its chain; an empty registry has an empty one.
    ///
    /// # Errors
    /// [`RegistryError::Ledger`] with the line where the chain breaks or ends too early, [`RegistryError::Damaged`] when
    /// the head cannot be read, [`RegistryError::Storage`] when the storage cannot be asked.
    pub fn ledger(&self) -> Result<Ledger, RegistryError> {
        // The head first: written after the ledger, it is never ahead of what is read next.
        let kept = self.kept_head()?.unwrap_or_default();
        let bytes = self.storage.read(LEDGER_KEY).map_err(self.storage(LEDGER_KEY))?;
        let broken = |line, fault| RegistryError::Ledger { place: self.place(), line, fault };
        let ledger = Ledger::parse(bytes).map_err(|fault| broken(fault.line, fault.fault))?;
        if ledger.passes(&kept) {
            Ok(ledger)
        } else {
            let fault = format!("{HEAD_KEY} says that event {} has hash {}", kept.events, kept.hash);
            Err(broken(ledger.head().events, fault))
        }
    }

    /// What the ledger says of all models.
    ///
    /// # Errors
    /// As [`ledger`](Self::ledger).
    pub fn state(&self) -> Result<State, RegistryError> {
        Ok(State::of(&self.ledger()?))
    }

    /// Adds one event after those that `seen` holds, and returns the ledger with it.
    ///
    /// # Errors
    /// [`RegistryError::Moved`] when there are others by now, [`RegistryError::Busy`] when another writer does not let
    /// go, [`RegistryError::Storage`] when the storage refuses. Nothing is written then.
    pub fn append(&self, seen: &Ledger, record: &Record, event: Event) -> Result<Ledger, RegistryError> {
        let next = seen
            .with(record, event)
            .map_err(|error| self.storage(LEDGER_KEY)(std::io::Error::other(error)))?;
        let bytes = next.bytes().unwrap_or_default();
        let exchanged = self.storage.exchange(LEDGER_KEY, seen.bytes(), bytes);
        match exchanged.map_err(self.storage(LEDGER_KEY))? {
            Exchange::Done => {}
            Exchange::Moved => {
                let (expected, found) = (seen.head().events, self.ledger()?.head().events);
                return Err(RegistryError::Moved { place: self.place(), expected, found });
            }
        }
        self.write_views(next.clone())?;
        Ok(next)
    }

    /// Writes aliases and head as the ledger says, until it has not moved in the meantime.
    fn write_views(&self, mut ledger: Ledger) -> Result<(), RegistryError> {
        loop {
            for (model, state) in State::of(&ledger).models {
                self.bring_forward(&aliases_key(&model), &state.aliases(), |aliases| aliases.event)?;
            }
            self.bring_forward(HEAD_KEY, &ledger.head(), |head| head.events)?;
            let bytes = self.storage.read(LEDGER_KEY).map_err(self.storage(LEDGER_KEY))?;
            if bytes.as_deref() == ledger.bytes() {
                return Ok(());
            }
            ledger = self.ledger()?;
        }
    }

    /// Replaces a view by a newer one. What another writer has brought further stays: a writer that was overtaken, and
    /// dies then, leaves no old view behind.
    fn bring_forward<V: Serialize + DeserializeOwned>(
        &self,
        key: &str,
        view: &V,
        event: impl Fn(&V) -> u64,
    ) -> Result<(), RegistryError> {
        let bytes = self.json(key, view)?;
        loop {
            let there = self.storage.read(key).map_err(self.storage(key))?;
            let known = there.as_deref().and_then(|there| serde_json::from_slice(there).ok());
            let is_newer = known.is_some_and(|known| event(&known) > event(view));
            if is_newer || there.as_ref() == Some(&bytes) {
                return Ok(());
            }
            let exchanged = self.storage.exchange(key, there.as_deref(), &bytes);
            if exchanged.map_err(self.storage(key))? == Exchange::Done {
                return Ok(());
            }
        }
    }

    /// Stores a version and registers it; one that is registered already is not registered again.
    ///
    /// # Errors
    /// [`RegistryError::Name`] for a name that cannot be a folder, else as [`append`](Self::append).
    pub fn add(&self, seen: &Ledger, record: &Record, version: &NewVersion) -> Result<Ledger, RegistryError> {
        let is_known = |event: &Event| matches!(event, Event::Fit { name, .. } if *name == version.name);
        if seen.entries().iter().any(|entry| is_known(&entry.event)) {
            return Ok(seen.clone());
        }
        let manifest = self.store_version(version)?;
        let (name, reason) = (version.name.clone(), version.reason.clone());
        self.append(seen, record, Event::Fit { name, as_of: version.as_of, manifest, reason })
    }

    /// Makes a version champion.
    ///
    /// # Errors
    /// [`RegistryError::UnknownVersion`] when the ledger does not know it, [`RegistryError::AlreadyChampion`], else as
    /// [`append`](Self::append).
    pub fn promote(
        &self,
        seen: &Ledger,
        record: &Record,
        name: &VersionName,
        reason: &str,
    ) -> Result<Ledger, RegistryError> {
        let state = State::of(seen);
        let name = self.resolve(&state, Some(&name.model), &name.version)?;
        let previous = state.models.get(&name.model).and_then(ModelState::champion).map(str::to_owned);
        if previous.as_ref() == Some(&name.version) {
            let VersionName { model, version } = name;
            return Err(RegistryError::AlreadyChampion { model, version });
        }
        self.append(seen, record, Event::Promotion { name, previous, reason: reason.to_owned() })
    }

    /// Withdraws the champion of a model and makes the one before it champion again.
    ///
    /// # Errors
    /// [`RegistryError::UnknownModel`], [`RegistryError::NoPrevious`], else as [`append`](Self::append).
    pub fn rollback(
        &self,
        seen: &Ledger,
        record: &Record,
        model: &str,
        reason: &str,
    ) -> Result<Ledger, RegistryError> {
        let state = State::of(seen);
        let (model, found) = self.model(&state, Some(model))?;
        let (Some(withdrawn), Some(previous)) = (found.champion(), found.previous()) else {
            return Err(RegistryError::NoPrevious { model: model.to_owned() });
        };
        let event = Event::Rollback {
            name: VersionName { model: model.to_owned(), version: previous.to_owned() },
            withdrawn: withdrawn.to_owned(),
            reason: reason.to_owned(),
        };
        self.append(seen, record, event)
    }

    /// The model called `model`, or the only one.
    ///
    /// # Errors
    /// [`RegistryError::UnknownModel`] when there is no such model, or several and none was named.
    pub fn model<'s>(
        &self,
        state: &'s State,
        model: Option<&str>,
    ) -> Result<(&'s str, &'s ModelState), RegistryError> {
        let mut matching = state.models.iter().filter(|(name, _)| model.is_none_or(|asked| asked == *name));
        match (matching.next(), matching.next()) {
            (Some((name, found)), None) => Ok((name, found)),
            _ => Err(RegistryError::UnknownModel {
                place: self.place(),
                asked: model.unwrap_or("(none named)").to_owned(),
                known: state.models.keys().cloned().collect(),
            }),
        }
    }

    /// The version that `asked` means: `champion`, `challenger`, `previous`, a version, or how one begins.
    ///
    /// # Errors
    /// As [`model`](Self::model); [`RegistryError::UnknownVersion`] when none or several fit.
    pub fn resolve(
        &self,
        state: &State,
        model: Option<&str>,
        asked: &str,
    ) -> Result<VersionName, RegistryError> {
        let (model, found) = self.model(state, model)?;
        let aliases = found.aliases();
        let by_role = match asked {
            "champion" => Some(aliases.champion),
            "challenger" => Some(aliases.challenger),
            "previous" => Some(aliases.previous),
            _ => None,
        };
        let known = || found.versions.iter().map(|entry| entry.version.clone());
        let mut fitting: Vec<String> = match by_role {
            Some(version) => version.into_iter().collect(),
            None if known().any(|version| version == asked) => vec![asked.to_owned()],
            None => known().filter(|version| version.starts_with(asked)).collect(),
        };
        match (fitting.pop(), fitting.is_empty()) {
            (Some(version), true) => Ok(VersionName { model: model.to_owned(), version }),
            (last, _) => Err(RegistryError::UnknownVersion {
                model: model.to_owned(),
                asked: asked.to_owned(),
                found: if last.is_none() { "no" } else { "more than one" },
                known: known().collect(),
            }),
        }
    }
}

/// Refuses a name that would leave its folder or hide in it.
fn checked_name(what: &'static str, name: &str) -> Result<(), RegistryError> {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if name.is_empty() || name.starts_with('.') || !name.bytes().all(fine) {
        return Err(RegistryError::Name { what, found: name.to_owned() });
    }
    Ok(())
}
