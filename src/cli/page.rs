//! `propensity page`: a run as one HTML file.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use propensity::output::OutputError;
use propensity::report::{Page, PageOptions, RunOutput};
use propensity::scoring::Chunking;
use propensity::targeting::cohort::Catalogue;

use super::{Failure, Shared};

/// Flags of `page`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Output folder of `propensity run`.
    run: PathBuf,
    /// The HTML file to write; it needs no other file and no network.
    #[arg(long, env = "PROPENSITY_OUT", value_name = "FILE")]
    out: PathBuf,
    /// Output folder of an earlier run, to show what moved since.
    #[arg(long, value_name = "DIR")]
    previous: Option<PathBuf>,
    /// Which cohorts count: clas2021, clas2024, clas2025, or a catalogue file.
    #[arg(long, env = "PROPENSITY_COHORTS", value_name = "NAME|FILE", default_value = "clas2025")]
    cohorts: String,
    /// Month in which fiscal years begin.
    #[arg(long, value_name = "MONTH", default_value_t = 7, value_parser = clap::value_parser!(i8).range(1..=12))]
    fiscal_year_start: i8,
    /// Accounts in the table, the best first; all others are counted only.
    #[arg(long, value_name = "N", default_value = "5000")]
    accounts: NonZeroUsize,
}

/// Runs the verb.
pub(crate) fn run(args: &Args, shared: &Shared) -> Result<(), Failure> {
    if args.out.exists() && !shared.overwrite {
        return Err(OutputError::Exists { path: args.out.clone() }.into());
    }
    let catalogue = match args.cohorts.as_str() {
        "clas2021" => Catalogue::clas2021()?,
        "clas2024" => Catalogue::clas2024()?,
        "clas2025" => Catalogue::clas2025()?,
        file => Catalogue::load(file.as_ref())?,
    };
    let run = RunOutput::open(&args.run)?;
    let previous = args.previous.as_deref().map(RunOutput::open).transpose()?;
    let options = PageOptions {
        catalogue: &catalogue,
        fiscal_year_start: args.fiscal_year_start,
        most_accounts: args.accounts,
        previous: previous.as_ref(),
    };
    let chunking = Chunking { chunk_rows: shared.chunk_rows, parallelism: shared.parallelism.clone() };
    Page::of(&run, &options, &chunking)?.write(&args.out)?;
    tracing::info!(out = %args.out.display(), "done");
    Ok(())
}
