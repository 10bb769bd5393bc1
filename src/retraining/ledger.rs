//! Lines in a registry: loaded, and recorded while others write.

use std::path::Path;

use super::RetrainError;
use crate::artifact::{self, Header};
use crate::pipeline::Pipeline;
use crate::registry::{Ledger, MODEL_FILE, Registry, RegistryError, VersionName};

/// Loads a version.
///
/// # Errors
/// [`RetrainError::Registry`] when the registry does not know it or its file was touched, [`RetrainError::Artifact`] when the
/// file is no line that this release reads.
pub fn load(registry: &Registry, name: &VersionName) -> Result<(Header, Pipeline), RetrainError> {
    let bytes = registry.version_file(name, MODEL_FILE)?;
    Ok(artifact::from_bytes(&bytes, Path::new(&format!("{name}/{MODEL_FILE}")))?)
}

/// Loads the champion of a model, or of the only one.
///
/// # Errors
/// As [`load`]; [`RegistryError::UnknownVersion`] within [`RetrainError::Registry`] when there is no champion.
pub fn champion(registry: &Registry, model: Option<&str>) -> Result<(Header, Pipeline), RetrainError> {
    load(registry, &registry.resolve(&registry.state()?, model, "champion")?)
}

/// What a retraining has seen of a registry, and writes after.
///
/// Training takes long, and outcomes may come in meanwhile: events that are not about the model do not stop it, another event
/// about the model does.
#[derive(Debug)]
pub(super) struct Progressing<'a> {
    pub registry: &'a Registry,
    pub model: &'a str,
    pub seen: Ledger,
}

impl Progressing<'_> {
    pub(super) fn write(
        &mut self,
        write: impl Fn(&Registry, &Ledger) -> Result<Ledger, RegistryError>,
    ) -> Result<(), RegistryError> {
        loop {
            match write(self.registry, &self.seen) {
                Ok(next) => {
                    self.seen = next;
                    return Ok(());
                }
                Err(moved @ RegistryError::Moved { .. }) => {
                    let now = self.registry.ledger()?;
                    if self.events(&now) != self.events(&self.seen) {
                        return Err(moved);
                    }
                    self.seen = now;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// How many events are about the model.
    fn events(&self, ledger: &Ledger) -> usize {
        let names = ledger.entries().iter().filter_map(|entry| entry.event.name());
        names.filter(|name| name.model == self.model).count()
    }
}
