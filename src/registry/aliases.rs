//! Which version is what: derived from the ledger alone.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::event::Event;
use super::ledger::{Entry, Ledger};
use crate::quantity::AsOf;

/// The versions of a model that have a role. A view of the ledger, kept as `models/<name>/aliases.json` for others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aliases {
    /// The last event about the model: of two views the one with the higher number is the newer.
    pub event: u64,
    /// The version that scores.
    pub champion: Option<String>,
    /// The last version that was fitted, while nothing was decided about it.
    pub challenger: Option<String>,
    /// The champion before this one: where a rollback goes.
    pub previous: Option<String>,
}

/// One version of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VersionEntry {
    /// Its name.
    pub version: String,
    /// Only what was known before this date was seen.
    pub as_of: AsOf,
    /// The date of the job that fitted it.
    pub fitted: AsOf,
    /// Why it was fitted.
    pub reason: String,
}

/// What a ledger says of one model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ModelState {
    /// The last event about the model.
    pub event: u64,
    /// Its versions, oldest first.
    pub versions: Vec<VersionEntry>,
    /// The champions a rollback goes back through; the last one is champion.
    pub champions: Vec<String>,
    /// Versions that were rolled back from and not promoted again.
    pub withdrawn: BTreeSet<String>,
    /// The last version that was fitted, while nothing was decided about it.
    pub challenger: Option<String>,
}

impl ModelState {
    /// The version that scores.
    pub fn champion(&self) -> Option<&str> {
        self.champions.last().map(String::as_str)
    }

    /// The champion before this one.
    pub fn previous(&self) -> Option<&str> {
        self.champions.iter().rev().nth(1).map(String::as_str)
    }

    /// All roles.
    pub fn aliases(&self) -> Aliases {
        Aliases {
            event: self.event,
            champion: self.champion().map(str::to_owned),
            challenger: self.challenger.clone(),
            previous: self.previous().map(str::to_owned),
        }
    }

    /// Every version that was champion and was not withdrawn, each once, latest first: those a challenger is held
    /// against, so that a row of small losses cannot add up.
    pub fn still_valid(&self) -> Vec<&str> {
        let mut valid: Vec<&str> = Vec::new();
        for version in self.champions.iter().rev() {
            if !self.withdrawn.contains(version) && !valid.contains(&version.as_str()) {
                valid.push(version);
            }
        }
        valid
    }

    fn take(&mut self, entry: &Entry) {
        self.event = entry.sequence;
        match &entry.event {
            Event::Fit { name, as_of, reason, .. } => {
                if self.versions.iter().all(|known| known.version != name.version) {
                    let (version, reason) = (name.version.clone(), reason.clone());
                    self.versions.push(VersionEntry { version, as_of: *as_of, fitted: entry.date, reason });
                }
                if self.champion() != Some(&name.version) {
                    self.challenger = Some(name.version.clone());
                }
            }
            Event::Promotion { name, .. } => {
                self.withdrawn.remove(&name.version);
                self.champions.push(name.version.clone());
                self.challenger.take_if(|challenger| *challenger == name.version);
            }
            Event::Refusal { name, .. } => {
                self.challenger.take_if(|challenger| *challenger == name.version);
            }
            Event::Rollback { withdrawn, .. } => {
                self.withdrawn.insert(withdrawn.clone());
                // Where entries do not count in the order in which they were written, the top may be another one.
                self.champions.pop_if(|champion| champion == withdrawn);
            }
            Event::Feedback { .. }
            | Event::Comparison { .. }
            | Event::SealedSlice { .. }
            | Event::Stop { .. } => {}
        }
    }
}

/// What a ledger says of all models.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct State {
    /// By name.
    pub models: BTreeMap<String, ModelState>,
}

impl State {
    /// After all entries of a ledger.
    pub fn of(ledger: &Ledger) -> Self {
        Self::until(ledger, |_| true)
    }

    /// After the entries that count on `date` or before it: what was live then.
    pub fn at(ledger: &Ledger, date: AsOf) -> Self {
        Self::until(ledger, |of_entry| of_entry <= date)
    }

    fn until(ledger: &Ledger, counts: impl Fn(AsOf) -> bool) -> Self {
        let mut state = Self::default();
        for entry in ledger.entries().iter().filter(|entry| counts(entry.date)) {
            if let Some(name) = entry.event.name() {
                state.models.entry(name.model.clone()).or_default().take(entry);
            }
        }
        state
    }
}
