//! `propensity tune`: which settings of the boosting predict best.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use propensity::output::write_whole;
use propensity::pipeline::check_date;
use propensity::quantity::AsOf;
use propensity::scoring::Chunking;
use propensity::spec::{Spec, TrainingSpec};
use propensity::training::AdditiveParams;
use propensity::training::tuning::{Tuned, Tuning};

use super::clock::{Watch, wall};
use super::inputs::Inputs;
use super::{Failure, Shared};

/// Flags of `tune`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    inputs: Inputs,
    /// Train by what was known before this day began, in UTC.
    #[arg(long, env = "PROPENSITY_AS_OF", value_name = "DATE")]
    as_of: AsOf,
    /// Folder for the results of trials and the winning spec; with the results of an earlier call, the search goes on.
    #[arg(long, env = "PROPENSITY_OUT", value_name = "DIR")]
    out: PathBuf,
    /// Policy file; the one that ships with propensity when not given.
    #[arg(long, env = "PROPENSITY_SPEC", value_name = "FILE")]
    spec: Option<PathBuf>,
    /// Settings to try, the spec as it stands among them.
    #[arg(long, default_value_t = 16, value_name = "N")]
    trials: usize,
}

/// Runs the verb.
pub(crate) fn run(args: &Args, shared: &Shared) -> Result<(), Failure> {
    let text = match &args.spec {
        Some(path) => std::fs::read_to_string(path)
            .map_err(|source| propensity::spec::SpecError::Unreadable { path: path.clone(), source })?,
        None => Spec::CLOUDASCENT.to_owned(),
    };
    let path = args.spec.clone().unwrap_or_else(|| Path::new("models/cloudascent.toml").to_path_buf());
    let spec = Spec::from_toml(&text, &path)?;
    let watch = Watch::new(shared.interactive);
    let dataset = args.inputs.read(shared)?;
    check_date(&dataset, args.as_of)?;
    let tuning = Tuning {
        spec: &spec,
        params: AdditiveParams::default(),
        as_of: args.as_of,
        seed: shared.seed,
        trials: args.trials,
        chunking: Chunking { chunk_rows: shared.chunk_rows, parallelism: shared.parallelism.clone() },
        folder: &args.out,
    };
    let started = wall();
    let tuned = tuning.run(&dataset, &watch, &|| wall().duration_since(started).as_secs_f64());
    watch.finish();
    let tuned = tuned?;
    let target = args.out.join("spec.toml");
    let table = format!("[training]\n{}", settings(&tuned.winner, "\n"));
    write_whole(&target, with_training(&text, &table).as_bytes())?;
    if shared.talks {
        // A reader that has gone away is no failure: the files are written.
        let _ = std::io::stdout().lock().write_all(told(&tuned, &target).as_bytes());
    }
    Ok(())
}

/// The text of a spec with another `[training]` table, at its end; everything else stays as it was written.
fn with_training(text: &str, table: &str) -> String {
    let mut kept = String::new();
    let mut inside = false;
    for line in text.lines() {
        if line.trim_start().starts_with('[') {
            inside = line.trim() == "[training]";
        }
        // Comments inside may speak of what comes next.
        let is_comment = line.trim().is_empty() || line.trim_start().starts_with('#');
        if !inside || is_comment {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    format!("{}\n\n{}\n", kept.trim_end(), table.trim_end())
}

fn settings(settings: &TrainingSpec, between: &str) -> String {
    // A struct of numbers has a TOML form.
    let text = toml::to_string(settings).unwrap_or_default();
    text.lines().collect::<Vec<_>>().join(between)
}

fn told(tuned: &Tuned, target: &Path) -> String {
    let mut text =
        String::from("trial  accounts  seconds    loss  against the spec as it stands  settings\n");
    for row in &tuned.rows {
        let [mean, low, high] = row.against_first;
        let against =
            if row.trial == 0 { "-".to_owned() } else { format!("{mean:+.4} ({low:+.4} to {high:+.4})") };
        let named = if row.trial == 0 { "as it stands".to_owned() } else { settings(&row.settings, ", ") };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:>5}  {:>7.0} %  {:>7.1}  {:.4}  {against:<30}  {named}",
            row.trial,
            100.0 * row.share,
            row.seconds,
            row.loss
        );
    }
    text.push_str("\nLoss is log loss as a share of the base rate's, mean over products: lower is better.\n");
    let best = &tuned.rows[0];
    let _ = if best.trial == 0 {
        writeln!(text, "No trial is better than the spec as it stands.")
    } else if tuned.beyond_noise {
        writeln!(text, "Trial {} is better than the spec as it stands.", best.trial)
    } else {
        writeln!(
            text,
            "Trial {} is best, but its gain is within noise: there is no reason to change the spec.",
            best.trial
        )
    };
    let _ = writeln!(text, "Written: {}", target.display());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_training_table_is_replaced_and_the_rest_stays() {
        let spec = "name = \"x\"\n\n[training]\nl2 = 3.0\n\n# Fit.\n[fit]\nseed_share = 0.2\n\n[[product]]\nname = \"a\"\n";
        assert_eq!(
            with_training(spec, "[training]\nl2 = 1.0\n"),
            "name = \"x\"\n\n\n# Fit.\n[fit]\nseed_share = 0.2\n\n[[product]]\nname = \"a\"\n\n[training]\nl2 = 1.0\n"
        );
    }
}
