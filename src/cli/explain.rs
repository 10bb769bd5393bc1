//! `propensity explain`: why the scores of an account changed between two runs.

use std::fmt::Write as _;
use std::path::PathBuf;

use propensity::output::{OutputError, write_whole};
use propensity::pipeline::{ProductChange, ScoreChange, ScoredFrom, score_changes};
use propensity::report::{Customer, RunOutput};
use serde_json::json;

use super::inputs::read_tables;
use super::report::tell;
use super::{Failure, Shared, UsageError};

/// Groups of features told for each cause.
const TOLD: usize = 3;

/// Flags of `explain`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Output folder of the later run.
    run: PathBuf,
    /// Output folder of the earlier run.
    #[arg(long, value_name = "DIR")]
    previous: PathBuf,
    /// The account.
    #[arg(long, value_name = "ID")]
    account: String,
    /// Folder, file or glob with the input tables of the later run.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Mapping file that renames the columns of an export.
    #[arg(long, env = "PROPENSITY_MAPPING", value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// JSON file with everything, to the last step.
    #[arg(long, env = "PROPENSITY_OUT", value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Runs the verb.
pub(crate) fn run(args: &Args, shared: &Shared) -> Result<(), Failure> {
    if let Some(path) = args.out.as_ref().filter(|path| path.exists() && !shared.overwrite) {
        return Err(OutputError::Exists { path: path.clone() }.into());
    }
    let (run, previous) = (RunOutput::open(&args.run)?, RunOutput::open(&args.previous)?);
    let (after, before) = (run.find(&args.account)?, previous.find(&args.account)?);
    let dataset = read_tables(&args.data, args.mapping.as_deref(), shared)?;
    let changes = score_changes(&dataset, &args.account, scored(&previous, &before), scored(&run, &after))?;
    if let Some(path) = &args.out {
        let of =
            |run: &RunOutput| json!({ "as_of": run.record().as_of, "model": run.record().model.version });
        let document = json!({
            "account_id": args.account,
            "before": of(&previous),
            "after": of(&run),
            "products": changes,
        });
        let text = serde_json::to_string_pretty(&document).map_err(|error| UsageError(error.to_string()))?;
        write_whole(path, format!("{text}\n").as_bytes())?;
    }
    if shared.talks {
        tell(&told(&changes));
    }
    Ok(())
}

fn scored<'a>(run: &'a RunOutput, customer: &'a Customer) -> ScoredFrom<'a> {
    ScoredFrom { line: run.pipeline(), as_of: run.record().as_of, bins: &customer.bins }
}

fn told(changes: &[ProductChange]) -> String {
    let mut text = String::new();
    for ProductChange { product, fit, intent } in changes {
        for (what, change) in [("fit", fit), ("intent", intent)] {
            write_change(&mut text, &format!("{product} {what}"), change);
        }
    }
    text
}

fn write_change(text: &mut String, what: &str, change: &ScoreChange) {
    let ScoreChange { margin_before, margin_after, score_before, score_after, parts } = change;
    let _ = writeln!(
        text,
        "{what}: {:.3} to {:.3} points, {:+.4} to {:+.4} log-odds",
        score_before.value(),
        score_after.value(),
        margin_before.value(),
        margin_after.value()
    );
    for part in parts.iter().filter(|part| part.thousandths != 0 || part.margin.steps() != 0) {
        let groups = part.groups.iter().take(TOLD);
        let mut groups: Vec<String> =
            groups.map(|(group, effect)| format!("{group} {:+.2}", effect.value())).collect();
        if part.groups.len() > TOLD {
            groups.push(format!("{} others", part.groups.len() - TOLD));
        }
        let _ = writeln!(
            text,
            "  {:<14} {:>+9.3} {:>+9.4}  {}",
            part.cause.name(),
            part.thousandths as f64 / 1000.0,
            part.margin.value(),
            groups.join(", ")
        );
    }
    let _ = writeln!(
        text,
        "  {:<14} {:>+9.3} {:>+9.4}",
        "together",
        parts.iter().map(|part| part.thousandths).sum::<i64>() as f64 / 1000.0,
        margin_after.value() - margin_before.value()
    );
}
