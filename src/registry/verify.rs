//! Whether everything that is stored is what the ledger says.

use std::fmt;

use super::event::Event;
use super::ledger::{Head, Ledger};
use super::{HEAD_KEY, LEDGER_KEY, Registry, RegistryError, State, aliases_key};

/// How often everything is read again because others wrote meanwhile.
const TRIES: u32 = 20;

/// One thing that is not as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub key: String,
    /// What is wrong with it.
    pub fault: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.fault)
    }
}

/// What was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How far the ledger has come. Whoever notes this down elsewhere can later prove that nothing was cut off.
    pub head: Head,
    /// Stored files whose hashes were compared.
    pub files: u64,
}

impl Registry {
    /// Reads the whole chain and hashes every file it vouches for.
    ///
    /// `noted` is a head that was written down before: the ledger must pass it. Others may write meanwhile.
    ///
    /// # Errors
    /// [`RegistryError::NotAsRecorded`] with every finding, [`RegistryError::Storage`] when something cannot be read.
    pub fn verify(&self, noted: Option<&Head>) -> Result<Verified, RegistryError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let read = || self.storage.read(LEDGER_KEY).map_err(self.storage(LEDGER_KEY));
            let before = read()?;
            match self.verify_once(before.clone(), noted) {
                // Files that were read one after the other are of different moments while others write.
                Err(RegistryError::NotAsRecorded { .. }) if tries < TRIES && read()? != before => {}
                verified => return verified,
            }
        }
    }

    /// [`Self::verify`] for a ledger of these bytes.
    fn verify_once(&self, bytes: Option<Vec<u8>>, noted: Option<&Head>) -> Result<Verified, RegistryError> {
        let mut findings = Vec::new();
        let kept = self.kept_head();
        let ledger = match Ledger::parse(bytes) {
            Ok(ledger) => ledger,
            Err(fault) => {
                let fault = format!("line {}: {}", fault.line, fault.fault);
                findings.push(Finding { key: LEDGER_KEY.to_owned(), fault });
                return Err(RegistryError::NotAsRecorded { place: self.place(), findings });
            }
        };
        let mut found = |key: &str, fault: String| findings.push(Finding { key: key.to_owned(), fault });
        let kept = match kept {
            Ok(kept) => kept,
            Err(RegistryError::Damaged { fault, .. }) => {
                found(HEAD_KEY, fault);
                None
            }
            Err(error) => return Err(error),
        };
        // The head is written after the ledger, so it may be behind by the write that was cut short, but never ahead.
        for (what, head) in [(HEAD_KEY, kept.as_ref()), ("the head that was noted", noted)] {
            if let Some(head) = head.filter(|head| !ledger.passes(head)) {
                let fault = format!(
                    "{what} is event {} with hash {}, which the ledger of {} events does not have: lines were cut off or replaced",
                    head.events,
                    head.hash,
                    ledger.head().events
                );
                found(LEDGER_KEY, fault);
            }
        }
        if kept.is_none() && ledger.head().events > 1 {
            found(HEAD_KEY, "it is missing".to_owned());
        }
        if kept == Some(ledger.head()) {
            for (model, state) in State::of(&ledger).models {
                let key = aliases_key(&model);
                let expected = self.json(&key, &state.aliases())?;
                if self.storage.read(&key).map_err(self.storage(&key))? != Some(expected) {
                    found(&key, "it does not hold the aliases of the ledger".to_owned());
                }
            }
        }
        let mut files = 0;
        for entry in ledger.entries() {
            files += self.verify_event(&entry.event, &mut found)?;
        }
        if findings.is_empty() {
            Ok(Verified { head: ledger.head(), files })
        } else {
            Err(RegistryError::NotAsRecorded { place: self.place(), findings })
        }
    }

    /// Hashes the files of one event and says how many there are.
    fn verify_event(
        &self,
        event: &Event,
        found: &mut impl FnMut(&str, String),
    ) -> Result<u64, RegistryError> {
        let mut check = |outcome: Result<(), RegistryError>| match outcome {
            Ok(()) => Ok(true),
            Err(RegistryError::Damaged { key, fault, .. }) => {
                found(&key, fault);
                Ok(false)
            }
            Err(error) => Err(error),
        };
        let Some(file) = event.file() else { return Ok(0) };
        let whole = check(self.stored(file).map(|_| ()))?;
        let mut files = 1;
        if let (Event::Fit { manifest, .. }, true) = (event, whole) {
            for file in Self::files_of(&self.read_manifest(manifest)?) {
                check(self.stored(&file).map(|_| ()))?;
                files += 1;
            }
        }
        Ok(files)
    }
}
