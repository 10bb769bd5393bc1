//! `propensity evaluate`: how good a model is where outcomes are known.

use std::io::Write as _;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use propensity::artifact::ArtifactError;
use propensity::evaluation::{Bootstrap, Evaluation, LineQuestion, evaluate_line, evaluate_table};
use propensity::pipeline::Pipeline;
use propensity::quantity::AsOf;
use propensity::scoring::Chunking;
use propensity::wide::WideModel;

use super::clock::Watch;
use super::inputs::read_tables;
use super::{Failure, Shared};

/// Flags of `evaluate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// For a line: folder, file or glob with the input tables. For a model of one wide table: the table, with outcomes.
    source: PathBuf,
    /// The model file to evaluate; its kind decides what the source is.
    #[arg(long, env = "PROPENSITY_MODEL", value_name = "FILE")]
    model: PathBuf,
    /// Folder for evaluation.json, evaluation.md and the pictures.
    #[arg(long, env = "PROPENSITY_OUT", value_name = "DIR")]
    out: PathBuf,
    /// For a line: score by what was known before this day, and look at outcomes within the horizon after it.
    #[arg(long, env = "PROPENSITY_AS_OF", value_name = "DATE")]
    as_of: Option<AsOf>,
    /// For a line: mapping file that renames the columns of an export.
    #[arg(long, env = "PROPENSITY_MAPPING", value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Bootstrap draws behind every interval.
    #[arg(long, env = "PROPENSITY_DRAWS", value_name = "N", default_value = "300")]
    draws: NonZeroU32,
}

/// The flags do not fit the kind of the model.
#[derive(Debug, thiserror::Error)]
enum UsageError {
    #[error("{model} is a line, which is evaluated at a date; give the date with --as-of DATE")]
    NoDate { model: PathBuf },
    #[error("{model} is a model of one wide table, which knows no {flag}; leave {flag} out")]
    NotForTables { model: PathBuf, flag: &'static str },
}

impl propensity::error::Coded for UsageError {
    fn code(&self) -> &'static str {
        "E_USAGE"
    }
}

/// Runs the verb.
pub(crate) fn run(args: &Args, shared: &Shared) -> Result<(), Failure> {
    let evaluation = match WideModel::load(&args.model) {
        Ok((header, model)) => {
            let given = [("--as-of", args.as_of.is_some()), ("--mapping", args.mapping.is_some())];
            if let Some((flag, _)) = given.into_iter().find(|(_, given)| *given) {
                return Err(UsageError::NotForTables { model: args.model.clone(), flag }.into());
            }
            let bootstrap = Bootstrap { draws: args.draws, seed: shared.seed };
            evaluate_table(&model, &header, &args.source, bootstrap, &shared.parallelism)?
        }
        Err(propensity::wide::WideError::Artifact(ArtifactError::WrongKind { .. })) => {
            evaluate_pipeline(args, shared, &args.model)?
        }
        Err(error) => return Err(error.into()),
    };
    evaluation.write(&args.out, shared.overwrite)?;
    tracing::info!("evaluation written to {}", args.out.display());
    if shared.talks {
        // A reader that has gone away is no failure: the files are written.
        let _ = std::io::stdout().lock().write_all(evaluation.summary().as_bytes());
    }
    Ok(())
}

fn evaluate_pipeline(args: &Args, shared: &Shared, path: &Path) -> Result<Evaluation, Failure> {
    let (header, pipeline) = Pipeline::load(path)?;
    let Some(as_of) = args.as_of else {
        return Err(UsageError::NoDate { model: path.to_path_buf() }.into());
    };
    let watch = Watch::new(shared.interactive);
    let dataset = read_tables(&args.source, args.mapping.as_deref(), shared)?;
    let question = LineQuestion {
        pipeline: &pipeline,
        header: &header,
        as_of,
        chunking: Chunking { chunk_rows: shared.chunk_rows, parallelism: shared.parallelism.clone() },
        bootstrap: Bootstrap { draws: args.draws, seed: shared.seed },
    };
    let evaluation = evaluate_line(&question, &dataset, &watch);
    watch.finish();
    Ok(evaluation?)
}
