//! To be written.

use super::{Failure, Shared};

/// Flags of the verb.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Runs the verb.
pub(crate) fn run(_args: &Args, _shared: &Shared) -> Result<(), Failure> {
    Ok(())
}
