//! `propensity page`: a run as one HTML file.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use propensity::output::write_whole;
use propensity::report::{Page, PageOptions, RunOutput};
use propensity::scoring::Chunking;
use propensity::targeting::cohort::Catalogue;

use super::handing_out::{Asked, check_targets};
use super::report::ViewerArg;
use super::{Failure, Shared};

/// Flags of `page`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Output folder of `propensity run`.
    run: PathBuf,
    /// The HTML file to write; it needs no other file and no network.
    #[arg(long, env = "PROPENSITY_OUT", value_name = "FILE")]
    out: PathBuf,
    /// Also write the charts of the page into this folder, each as SVG and PNG.
    #[arg(long, value_name = "DIR")]
    charts: Option<PathBuf>,
    /// Output folder of an earlier run, to show what moved since.
    #[arg(long, value_name = "DIR")]
    previous: Option<PathBuf>,
    /// Which cohorts count: clas2021, clas2024, clas2025, or a catalogue file.
    #[arg(long, env = "PROPENSITY_COHORTS", value_name = "NAME|FILE", default_value = "clas2025")]
    cohorts: String,
    /// Month in which fiscal years begin.
    #[arg(long, value_name = "MONTH", default_value_t = 7, value_parser = clap::value_parser!(u8).range(1..=12))]
    fiscal_year_start: u8,
    /// What the reader may see.
    #[arg(long, env = "PROPENSITY_VIEWER", value_enum, default_value = "report")]
    viewer: ViewerArg,
    /// Who asks, for the audit of the run.
    #[arg(long, env = "PROPENSITY_CALLER", value_name = "NAME", default_value = "unnamed")]
    caller: String,
    /// Accounts in the table, the best first; all others are counted only.
    #[arg(long, value_name = "N", default_value = "5000")]
    accounts: NonZeroUsize,
}

/// Runs the verb.
pub(crate) fn run(args: &Args, shared: &Shared) -> Result<(), Failure> {
    let catalogue = Catalogue::named(&args.cohorts)?;
    let run = RunOutput::open(&args.run)?;
    let previous = args.previous.as_deref().map(RunOutput::open).transpose()?;
    let runs: Vec<&RunOutput> = std::iter::once(&run).chain(&previous).collect();
    check_targets([args.out.as_path()], &runs, shared)?;
    let options = PageOptions {
        catalogue: &catalogue,
        fiscal_year_start: args.fiscal_year_start,
        viewer: args.viewer.into(),
        most_accounts: args.accounts,
        previous: previous.as_ref(),
    };
    let chunking = Chunking { chunk_rows: shared.chunk_rows, parallelism: shared.parallelism.clone() };
    let page = Page::of(&run, &options, &chunking)?;
    let charts: Vec<(PathBuf, Vec<u8>)> = match &args.charts {
        Some(folder) => page.charts()?.into_iter().map(|(name, file)| (folder.join(name), file)).collect(),
        None => Vec::new(),
    };
    check_targets(charts.iter().map(|(file, _)| file.as_path()), &runs, shared)?;
    let asked = Asked {
        caller: &args.caller,
        what: "page",
        profile: "native",
        partner: None,
        viewer: options.viewer,
        out: &args.out,
        rows: page.rows(),
    };
    asked.record(&run)?;
    page.write(&args.out)?;
    for (file, bytes) in charts {
        write_whole(file, &bytes)?;
    }
    tracing::info!(out = %args.out.display(), "done");
    Ok(())
}
