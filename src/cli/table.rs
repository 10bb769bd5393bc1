//! `propensity table train` and `propensity table score`: wide tables.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};

use clap::{Args as ClapArgs, Subcommand};
use propensity::evaluation::{Bootstrap, ModelCard};
use propensity::models::TrendRules;
use propensity::output::{OutputError, StagedFile};
use propensity::wide::{
    ColumnPattern, Inference, Recipe, ScoringOptions, ScoringSummary, TableTraining, Target, TrainedTable,
    WideError, WideModel,
};

use super::{Failure, Shared};

/// Draws behind the intervals of the model card: enough to see how wide they are, in seconds.
const CARD_DRAWS: NonZeroU32 = NonZeroU32::MIN.saturating_add(99);
/// Columns listed as most important.
const TOP_COLUMNS: usize = 10;

/// Flags of the verb.
#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Learn which rows of a table have an outcome, and write a model file.
    Train(TrainArgs),
    /// Score the rows of a table with a model file.
    Score(ScoreArgs),
}

#[derive(Debug, ClapArgs)]
struct TrainArgs {
    /// The table: CSV, TSV or Parquet, one row per case.
    #[arg(long, value_name = "FILE")]
    table: PathBuf,
    /// The outcome to predict: a column and the value that counts as success.
    #[arg(long, value_name = "COLUMN=VALUE")]
    target: Target,
    /// Columns not to use, such as those known only after the outcome; `*` stands for any text.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    drop: Vec<String>,
    /// Rows with equal values in this column are one case, never split between fitting and measuring.
    #[arg(long, value_name = "COLUMN")]
    group: Option<String>,
    /// A column that was known before the outcome, though the leak gate would refuse it; may be repeated.
    #[arg(long, value_name = "COLUMN")]
    allow: Vec<String>,
    /// Columns of numbers of which more never lowers the score; `*` stands for any text.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    rising: Vec<String>,
    /// Columns of numbers of which more never raises the score.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    falling: Vec<String>,
    /// Train although rows have copies in other groups.
    #[arg(long)]
    allow_copies: bool,
    /// How cells are read; inferred when not given.
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    /// Write down how cells are read; without --model nothing is trained.
    #[arg(long, value_name = "FILE")]
    write_recipe: Option<PathBuf>,
    /// Folds of the cross-validation.
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(u8).range(2..=50))]
    folds: u8,
    /// The model file to write.
    #[arg(long, value_name = "OUT", required_unless_present = "write_recipe")]
    model: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
struct ScoreArgs {
    /// The table: CSV, TSV or Parquet, with the columns of training in any order.
    #[arg(long, value_name = "FILE")]
    table: PathBuf,
    /// A model file written by `table train`.
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// The scores to write, as CSV; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Reasons for each row.
    #[arg(long, value_name = "K", default_value_t = 3)]
    reasons: usize,
}

/// Runs the verb.
pub(crate) fn run(args: &Args, shared: &Shared) -> Result<(), Failure> {
    match &args.verb {
        Verb::Train(args) => train(args, shared),
        Verb::Score(args) => score(args, shared),
    }
}

fn train(args: &TrainArgs, shared: &Shared) -> Result<(), Failure> {
    let card_files = args.model.iter().flat_map(|model| ModelCard::files(&card_stem(model)));
    for path in args.model.iter().chain(&args.write_recipe).cloned().chain(card_files) {
        refuse_existing(&path, shared.overwrite)?;
    }
    let patterns = |names: &[String]| names.iter().map(|pattern| ColumnPattern::new(pattern)).collect();
    let training = TableTraining {
        drop: patterns(&args.drop),
        group: args.group.clone(),
        allow: patterns(&args.allow),
        trends: TrendRules { rising: patterns(&args.rising), falling: patterns(&args.falling) },
        allow_copies: args.allow_copies,
        recipe: args.recipe.as_deref().map(Recipe::read).transpose()?,
        folds: NonZeroUsize::from(std::num::NonZeroU8::new(args.folds).unwrap_or(std::num::NonZeroU8::MIN)),
        ..TableTraining::new(args.target.clone())
    };
    let inference = training.prepare(&args.table)?;
    let mut out = io::stdout().lock();
    report_columns(&mut out, &args.table, &inference).map_err(WideError::from)?;
    let Some(model) = &args.model else {
        return write_recipe(args, &inference);
    };
    let trained = training.fit(&args.table, inference.recipe(), shared.seed, &shared.parallelism)?;
    report_training(&mut out, &trained).map_err(WideError::from)?;
    if let Some(gate) = trained.model().leak_gate() {
        for leak in &gate.allowed {
            tracing::warn!("{leak}; allowed");
        }
        for question in &gate.questions {
            tracing::warn!("{question}; was it known before the outcome?");
        }
    }
    write_recipe(args, &inference)?;
    let header = trained.model().save(model)?;
    let bootstrap = Bootstrap { draws: CARD_DRAWS, seed: shared.seed };
    let card = ModelCard::of_table(&trained, &header, &args.table, bootstrap, &shared.parallelism);
    card.write(&card_stem(model))?;
    tracing::info!("model {} written to {}", header.model_version(), model.display());
    Ok(())
}

/// Where the card of a model goes, without its extension: `deals.json` has its card in `deals.card.md`.
fn card_stem(model: &Path) -> PathBuf {
    // A last part of the name that `ModelCard::files` replaces.
    model.with_extension("card.md")
}

fn write_recipe(args: &TrainArgs, inference: &Inference) -> Result<(), Failure> {
    if let Some(path) = &args.write_recipe {
        inference.recipe().write(path)?;
        tracing::info!("recipe written to {}", path.display());
    }
    Ok(())
}

fn report_columns(out: &mut impl Write, table: &Path, inference: &Inference) -> io::Result<()> {
    let features = inference.recipe().features().count();
    writeln!(
        out,
        "{}: {} rows, {} columns, {features} of them used\n",
        table.display(),
        inference.rows(),
        inference.recipe().columns().len(),
    )?;
    writeln!(out, "{inference}")
}

fn report_training(out: &mut impl Write, trained: &TrainedTable) -> io::Result<()> {
    let model = trained.model();
    let measured = model.cross_validation();
    let target = model.target();
    writeln!(
        out,
        "Outcome {} = {}: {} of {} rows ({:.1} %)",
        target.column,
        target.value,
        measured.positives,
        measured.rows,
        100.0 * measured.base_rate(),
    )?;
    if trained.rows_without_target() > 0 {
        writeln!(out, "  left out: {} rows without an outcome", trained.rows_without_target())?;
    }
    let group = model.group().map_or(String::new(), |group| format!(", rows of one {group} kept together"));
    writeln!(out, "\nCross-validation in {} folds{group}", measured.fold_aucs.len())?;
    writeln!(out, "{measured}")?;
    writeln!(out, "Verdict: {}", model.scorer().sentence())?;
    let importance = model.importance();
    let Some(&(_, largest)) = importance.first() else { return Ok(()) };
    writeln!(out, "\nWhat moves the score most (mean absolute effect in log-odds)")?;
    let shown = &importance[..importance.len().min(TOP_COLUMNS)];
    let width = shown.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, size) in shown {
        let bar = "█".repeat((30.0 * size / largest).round() as usize);
        writeln!(out, "  {name:width$}  {size:>6.3}  {bar}")?;
    }
    match importance.len() - shown.len() {
        0 => Ok(()),
        more => writeln!(out, "  and {more} more"),
    }
}

fn score(args: &ScoreArgs, shared: &Shared) -> Result<(), Failure> {
    let to_stdout = args.out.as_os_str() == "-";
    if !to_stdout {
        refuse_existing(&args.out, shared.overwrite)?;
    }
    let (_, model) = WideModel::load(&args.model)?;
    let options = ScoringOptions { chunk_rows: shared.chunk_rows, reasons: args.reasons };
    let score = |out: &mut dyn Write| model.score(&args.table, out, &options, &shared.parallelism);
    let summary = if to_stdout {
        // Held back until the last row is scored, so that a table with a fault leaves nothing behind.
        let mut held = tempfile::tempfile().map_err(WideError::from)?;
        let summary = score(&mut held)?;
        copy_to_stdout(held).map_err(WideError::from)?;
        summary
    } else {
        let mut staged = StagedFile::create(&args.out)?;
        let summary = score(&mut staged)?;
        staged.commit()?;
        summary
    };
    log(&summary);
    Ok(())
}

fn log(summary: &ScoringSummary) {
    for note in summary.notes() {
        tracing::warn!("{note}");
    }
    tracing::info!("{summary}");
}

fn copy_to_stdout(mut held: File) -> io::Result<()> {
    held.rewind()?;
    let mut out = io::stdout().lock();
    match io::copy(&mut held, &mut out).and_then(|_| out.flush()) {
        // A reader that closes early, such as `head`, has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

fn refuse_existing(path: &Path, overwrite: bool) -> Result<(), OutputError> {
    if !overwrite && path.exists() { Err(OutputError::Exists { path: path.to_path_buf() }) } else { Ok(()) }
}
