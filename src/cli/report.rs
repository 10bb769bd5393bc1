//! `propensity report`: reports from the folder of a run.

use std::io::Write as _;
use std::path::PathBuf;

use propensity::report::RunOutput;
use propensity::targeting::cohort::Catalogue;

use super::{Failure, Shared, UsageError};

/// Flags of `report`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Output folder of `propensity run`.
    run: PathBuf,
    /// Which cohorts count: clas2021, clas2024, clas2025, or a catalogue file.
    #[arg(long, env = "PROPENSITY_COHORTS", value_name = "NAME|FILE", default_value = "clas2025")]
    cohorts: String,
    /// Show why an account does or does not belong to this cohort, and stop.
    #[arg(long, value_name = "NAME", requires = "account")]
    explain_cohort: Option<String>,
    /// The account to explain.
    #[arg(long, value_name = "ID")]
    account: Option<String>,
}

/// Runs the verb.
pub(crate) fn run(args: &Args, _shared: &Shared) -> Result<(), Failure> {
    let cohorts = match args.cohorts.as_str() {
        "clas2021" => Catalogue::clas2021()?,
        "clas2024" => Catalogue::clas2024()?,
        "clas2025" => Catalogue::clas2025()?,
        file => Catalogue::load(file.as_ref())?,
    };
    let (Some(name), Some(account)) = (&args.explain_cohort, &args.account) else {
        return Err(UsageError("nothing to do; give --explain-cohort NAME --account ID".to_owned()).into());
    };
    let cohort = cohorts.cohort(name)?;
    let customer = RunOutput::open(&args.run)?.find(account)?;
    let text = cohort.explain(&customer.subject());
    // A reader that has gone away is no failure.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    Ok(())
}
