//! What verbs read: tables, as a mapping names their columns, and the policy.

use std::path::{Path, PathBuf};

use propensity::spec::Spec;
use propensity::tables::Dataset;
use propensity::tables::mapping::Mapping;

use super::{Failure, Shared};

/// Flags that say where the input tables are.
#[derive(Debug, clap::Args)]
pub(crate) struct Inputs {
    /// Folder of tables, one table, or a pattern such as 'data/*.csv'.
    pub(crate) source: PathBuf,
    /// Mapping file (TOML) that says which columns of an export are which.
    #[arg(long, env = "PROPENSITY_MAPPING", value_name = "FILE")]
    mapping: Option<PathBuf>,
}

impl Inputs {
    /// The mapping, where one is given.
    pub(crate) fn mapping(&self) -> Result<Option<Mapping>, Failure> {
        Ok(self.mapping.as_deref().map(Mapping::read).transpose()?)
    }

    /// All tables.
    pub(crate) fn read(&self, shared: &Shared) -> Result<Dataset, Failure> {
        read_tables(&self.source, self.mapping.as_deref(), shared)
    }
}

/// All tables of a source, where a verb has flags of its own for it.
pub(crate) fn read_tables(
    source: &Path,
    mapping: Option<&Path>,
    shared: &Shared,
) -> Result<Dataset, Failure> {
    let mapping = mapping.map(Mapping::read).transpose()?;
    Ok(Dataset::read(source, mapping.as_ref(), &shared.read_options())?)
}

/// The policy of a file; the one that ships with propensity where none is given.
pub(crate) fn read_spec(path: Option<&Path>) -> Result<Spec, Failure> {
    Ok(match path {
        Some(path) => Spec::load(path)?,
        None => Spec::cloudascent()?,
    })
}
