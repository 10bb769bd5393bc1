//! A market that moves for two and a half years: `bank_marketing` in the order of its dates, in twenty steps.
//!
//! ```text
//! cargo bench --bench replay [-- --record benches/record/replay.json]
//! ```
//!
//! Prints the log loss of every step from the eleventh on, of a model frozen after the tenth, of the same tables calibrated on
//! the step before, of the same tables updated, and of one trained anew; beside them, what drift says of the rows before an
//! outcome is known. The data is looked for in `../shared`, or where `PROPENSITY_SHARED` says.
#![allow(clippy::print_stdout, reason = "a benchmark shows what it measures")]

#[path = "replay/steps.rs"]
mod steps;

use std::error::Error;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use propensity::parallelism::Parallelism;
use serde_json::json;
use steps::{Replay, Step};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let root = std::env::var_os("PROPENSITY_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let table = root.join("data/bank_marketing/bank-full.csv");
    if !table.exists() || arguments.iter().any(|argument| argument == "--test") {
        println!("skipped: a test of its own replays the data, and {} is needed", table.display());
        return Ok(());
    }
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let replay = Replay::run(&table, &Parallelism::threads(threads)?)?;
    println!(
        "step   rows  rate     frozen  recalibrated  updated  retrained    band  features  scores  drift"
    );
    for step in &replay.steps {
        println!(
            "{:>4}  {:>5}  {:>5.1} %  {:.4}        {:.4}   {:.4}     {:.4}  {:.4}    {:.4}  {:.4}  {}",
            step.number,
            step.rows,
            100.0 * step.positives as f64 / step.rows as f64,
            step.frozen,
            step.recalibrated,
            step.updated,
            step.retrained,
            step.band,
            step.feature_psi,
            step.score_psi,
            step.level
        );
    }
    let means = json!({
        "frozen": replay.mean(|step| step.frozen),
        "recalibrated": replay.mean(|step| step.recalibrated),
        "updated": replay.mean(|step| step.updated),
        "retrained": replay.mean(|step| step.retrained),
    });
    println!("mean log loss: {means}");
    println!(
        "drift is flagged at step {:?}, the loss is seen to leave its band after step {:?}",
        replay.flagged(),
        replay.lost()
    );
    if let Some(place) = arguments.iter().position(|argument| argument == "--record") {
        let path = arguments.get(place + 1).ok_or("--record needs a file")?;
        let record = json!({
            "data": "bank_marketing without duration, in date order, 20 steps, models from step 10 on",
            "mean_log_loss": means,
            "drift_flagged_at_step": replay.flagged(),
            "loss_leaves_band_after_step": replay.lost(),
            "steps": replay.steps.iter().map(written).collect::<Vec<_>>(),
        });
        fs::write(path, format!("{record:#}\n"))?;
    }
    Ok(())
}

fn written(step: &Step) -> serde_json::Value {
    json!({
        "step": step.number,
        "rows": step.rows,
        "positives": step.positives,
        "log_loss": {
            "frozen": step.frozen,
            "recalibrated": step.recalibrated,
            "updated": step.updated,
            "retrained": step.retrained,
            "top_of_band": step.band,
        },
        "feature_psi": step.feature_psi,
        "score_psi": step.score_psi,
        "drift": step.level,
    })
}
