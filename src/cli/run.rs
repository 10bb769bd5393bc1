//! `propensity run`: validate, build, train, score, place and write.

use std::io::Write;
use std::path::PathBuf;

use propensity::drift::Level;
use propensity::job::Job;
use propensity::pipeline::{Pipeline, check_date};
use propensity::progress::Progress;
use propensity::quantity::AsOf;
use propensity::registry::RegistryPlace;
use propensity::report::RunOutput;
use propensity::retraining::champion;
use propensity::scoring::Chunking;
use propensity::training::AdditiveParams;

use super::clock::Watch;
use super::inputs::{Inputs, read_spec};
use super::registry::PlaceParser;
use super::vouched::Vouched;
use super::{Failure, Shared};

/// Flags of `run`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    inputs: Inputs,
    /// Score by what was known before this day began, in UTC.
    #[arg(long, env = "PROPENSITY_AS_OF", value_name = "DATE")]
    as_of: AsOf,
    /// Folder for scores, the Act Now list, the model and the record of the run.
    #[arg(long, env = "PROPENSITY_OUT", value_name = "DIR")]
    out: PathBuf,
    /// Policy file; the one that ships with propensity when not given.
    #[arg(long, env = "PROPENSITY_SPEC", value_name = "FILE", conflicts_with = "model")]
    spec: Option<PathBuf>,
    /// Score by this model instead of training one.
    #[arg(long, env = "PROPENSITY_MODEL", value_name = "FILE")]
    model: Option<PathBuf>,
    /// Score by the champion of this registry, a folder or an address, instead of training a model.
    #[arg(long, value_name = "PLACE", value_parser = PlaceParser, conflicts_with_all = ["model", "spec"])]
    registry: Option<RegistryPlace>,
    #[command(flatten)]
    vouched: Vouched,
}

/// Runs the verb.
pub(crate) fn run(args: &Args, shared: &Shared) -> Result<(), Failure> {
    let spec = read_spec(args.spec.as_deref())?;
    let spec = args.vouched.told(spec)?;
    let model = match (&args.model, &args.registry) {
        (Some(path), _) => Some(Pipeline::load(path)?.1),
        (None, Some(place)) => Some(champion(&place.open()?, None)?.1),
        (None, None) => None,
    };
    let watch = Watch::new(shared.interactive);
    watch.stage("reading", 0);
    let dataset = args.inputs.read(shared)?;
    check_date(&dataset, args.as_of)?;
    spec.check_seeds(dataset.accounts())?;
    let job = Job {
        spec: &spec,
        params: AdditiveParams::default(),
        model,
        as_of: args.as_of,
        out: &args.out,
        overwrite: shared.overwrite,
        seed: shared.seed,
        chunking: Chunking { chunk_rows: shared.chunk_rows, parallelism: shared.parallelism.clone() },
    };
    let finished = job.run(&dataset, &watch)?;
    watch.finish();
    tracing::info!(
        accounts = finished.record.accounts,
        model = finished.record.model.version,
        out = %args.out.display(),
        "done"
    );
    if let Some(drift) = finished.drift.as_ref().filter(|drift| drift.level > Level::Stable) {
        tracing::warn!(
            level = %drift.level,
            trained = %drift.trained,
            feature_psi = drift.feature_psi,
            "accounts or scores have moved since the model was trained; see {}",
            RunOutput::DRIFT
        );
    }
    if shared.talks {
        let text = finished.summary.text(&finished.pipeline);
        // A reader that has gone away, such as `head`, is no failure: the files are written.
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }
    Ok(())
}
