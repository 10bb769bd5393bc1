//! `propensity drift`: how far accounts and scores have moved from what a model was trained on.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use clap::ValueEnum;
use propensity::drift::{DriftReport, Level};
use propensity::error::{Coded, ErrorKind};
use propensity::output::{OutputError, write_whole};
use propensity::pipeline::Pipeline;
use propensity::quantity::AsOf;
use propensity::registry::RegistryPlace;
use propensity::report::{ReportError, RunOutput};
use propensity::retraining::champion;
use propensity::scoring::Chunking;

use super::clock::Watch;
use super::inputs::read_tables;
use super::registry::PlaceParser;
use super::{Failure, Shared, UsageError};

/// Features shown on a terminal.
const SHOWN: usize = 10;

/// From which level on the exit code is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// From 0.10 on.
    Watch,
    /// From 0.20 on.
    Act,
}

/// Flags of `drift`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Output folder of `run`, which has found its drift while it scored; or folder, file or glob with input tables,
    /// which are looked at now.
    source: PathBuf,
    /// Look at the accounts of the tables as they were known before this day began, in UTC.
    #[arg(long, env = "PROPENSITY_AS_OF", value_name = "DATE")]
    as_of: Option<AsOf>,
    /// The model the tables are held against.
    #[arg(long, env = "PROPENSITY_MODEL", value_name = "FILE")]
    model: Option<PathBuf>,
    /// The champion of this registry, a folder or an address.
    #[arg(long, value_name = "PLACE", value_parser = PlaceParser, conflicts_with = "model")]
    registry: Option<RegistryPlace>,
    /// Mapping file that renames the columns of an export.
    #[arg(long, env = "PROPENSITY_MAPPING", value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// From which level on the exit code is 1.
    #[arg(long, value_enum, value_name = "LEVEL")]
    fail_on: Option<FailOn>,
    /// JSON file with everything.
    #[arg(long, env = "PROPENSITY_OUT", value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The model cannot be asked.
#[derive(Debug, thiserror::Error)]
#[error(
    "the model has no baseline, because an older release wrote it; expected one that was trained by this release"
)]
struct NoBaseline;

impl Coded for NoBaseline {
    fn code(&self) -> &'static str {
        "E_DRIFT_NO_BASELINE"
    }
}

/// The gate says no.
#[derive(Debug, thiserror::Error)]
#[error("drift has come to {level}: features {feature_psi:.3}, worst model {worst}")]
struct Drifted {
    level: Level,
    feature_psi: f64,
    worst: String,
}

impl Coded for Drifted {
    fn code(&self) -> &'static str {
        "E_DRIFT"
    }

    fn kind(&self) -> ErrorKind {
        ErrorKind::Refused
    }
}

/// Runs the verb.
pub(crate) fn run(args: &Args, shared: &Shared) -> Result<(), Failure> {
    if let Some(path) = args.out.as_ref().filter(|path| path.exists() && !shared.overwrite) {
        return Err(OutputError::Exists { path: path.clone() }.into());
    }
    let is_run = args.source.join(RunOutput::RECORD).is_file();
    let report = if is_run { of_run(args)? } else { of_tables(args, shared)? };
    if let Some(path) = &args.out {
        let text = serde_json::to_string_pretty(&report).map_err(|error| UsageError(error.to_string()))?;
        write_whole(path, format!("{text}\n").as_bytes())?;
    }
    if shared.talks {
        // A reader that has gone away is no failure.
        let _ = std::io::stdout().lock().write_all(told(&report).as_bytes());
    }
    let limit = args.fail_on.map(|fail_on| match fail_on {
        FailOn::Watch => Level::Watch,
        FailOn::Act => Level::Act,
    });
    if limit.is_some_and(|limit| report.level >= limit) {
        let worst = report.models.iter().max_by_key(|model| model.level);
        let worst = worst.map_or_else(|| "none".to_owned(), |model| model.model.clone());
        return Err(Drifted { level: report.level, feature_psi: report.feature_psi, worst }.into());
    }
    Ok(())
}

/// What a run has found while it scored.
fn of_run(args: &Args) -> Result<DriftReport, Failure> {
    if args.model.is_some() || args.registry.is_some() || args.mapping.is_some() {
        let text = "a run has its own model and tables: leave out --model, --registry and --mapping";
        return Err(UsageError(text.to_owned()).into());
    }
    let run = RunOutput::open(&args.source)?;
    let found = run.record().as_of;
    if let Some(asked) = args.as_of.filter(|asked| *asked != found) {
        return Err(UsageError(format!("the run is of {found}, and --as-of asks for {asked}")).into());
    }
    let bytes = run.file(RunOutput::DRIFT)?.ok_or(NoBaseline)?;
    Ok(serde_json::from_slice(&bytes).map_err(|error| ReportError::NotARun {
        path: args.source.join(RunOutput::DRIFT),
        reason: error.to_string(),
    })?)
}

/// A pass over the tables alone.
fn of_tables(args: &Args, shared: &Shared) -> Result<DriftReport, Failure> {
    let line = match (&args.model, &args.registry) {
        (Some(path), _) => Pipeline::load(path)?.1,
        (None, Some(place)) => champion(&place.open()?, None)?.1,
        (None, None) => return Err(UsageError("give --model FILE or --registry PLACE".to_owned()).into()),
    };
    let Some(as_of) = args.as_of else { return Err(UsageError("give --as-of DATE".to_owned()).into()) };
    let baseline = line.baseline().ok_or(NoBaseline)?;
    let watch = Watch::new(shared.interactive);
    let dataset = read_tables(&args.source, args.mapping.as_deref(), shared)?;
    let chunking = Chunking { chunk_rows: shared.chunk_rows, parallelism: shared.parallelism.clone() };
    let now = line.profile(&dataset, as_of, &chunking, &watch);
    watch.finish();
    Ok(DriftReport::between(&line, baseline, &now?))
}

fn told(report: &DriftReport) -> String {
    let mut text = String::new();
    let DriftReport { trained, as_of, accounts, feature_psi, level, features, models } = report;
    let _ = writeln!(
        text,
        "{level}: {as_of} against {trained}, {} accounts against {}; PSI of features by weight {feature_psi:.3}",
        accounts.now, accounts.before
    );
    let _ = writeln!(text, "\n  level   scores   bands  expected rate      model");
    for model in models {
        let _ = writeln!(
            text,
            "  {:<6} {:>7.3} {:>7.3}  {:.4} to {:.4}   {}",
            model.level,
            model.score_psi,
            model.band_psi,
            model.expected_rate.before,
            model.expected_rate.now,
            model.model
        );
    }
    let _ = writeln!(text, "\n  level      PSI  weight  missing             unseen              feature");
    for feature in features.iter().take(SHOWN) {
        let _ = writeln!(
            text,
            "  {:<6} {:>7.3} {:>7.3}  {:.3} to {:.3}      {:.3} to {:.3}      {}",
            feature.level,
            feature.psi,
            feature.weight,
            feature.missing.before,
            feature.missing.now,
            feature.unseen.before,
            feature.unseen.now,
            feature.feature
        );
    }
    text
}
