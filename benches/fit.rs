//! One whole fit of a large table, from columns in memory to a calibrated model: its time, stage by stage, and its memory.
//!
//! ```text
//! cargo bench --bench fit -- --folder FOLDER --threads 2
//! ```
//!
//! `FOLDER` holds `train` and `test` as `benches/peers/speed_task.py` writes them: one file of little-endian `f32` a column
//! (NaN is missing), `outcomes.u8`, `columns.json`. The figures are printed as one line of JSON, and the probabilities of the
//! rows of `test` go to `FOLDER/propensity.f64`. Without a folder, and so with `--test`, a small table is made and fitted.
#![allow(clippy::print_stdout, reason = "a benchmark shows what it measures")]
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::error::Error;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;

use propensity::matrix::{Column, FeatureMatrix};
use propensity::models::{Binning, BinningParams, Scorer};
use propensity::parallelism::Parallelism;
use propensity::seed::Seed;
use propensity::training::{AdditiveParams, TrainingRows, TrainingSet};
use serde::Deserialize;

#[derive(Deserialize)]
struct Listed {
    columns: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    kind: String,
}

type Table = (FeatureMatrix, Vec<bool>);

fn read(folder: &Path) -> Result<Table, Box<dyn Error>> {
    let listed: Listed = serde_json::from_str(&fs::read_to_string(folder.join("columns.json"))?)?;
    let mut columns = Vec::new();
    for Named { name, kind } in listed.columns {
        let bytes = fs::read(folder.join(format!("{name}.f32")))?;
        let (fours, _) = bytes.as_chunks::<4>();
        let values = fours.iter().map(|four| f32::from_le_bytes(*four));
        let column = if kind == "level" {
            let codes: Vec<u32> =
                values.map(|value| if value.is_nan() { Column::MISSING } else { value as u32 }).collect();
            let most = codes.iter().filter(|code| **code != Column::MISSING).max().copied().unwrap_or(0);
            Column::Level { codes, levels: (0..=most).map(|level| format!("{level:04}")).collect() }
        } else {
            Column::numbers(values.map(|value| (!value.is_nan()).then_some(value)))
        };
        columns.push((name, column));
    }
    let labels: Vec<bool> = fs::read(folder.join("outcomes.u8"))?.into_iter().map(|byte| byte == 1).collect();
    let ids = vec![String::new(); labels.len()];
    Ok((FeatureMatrix::try_new(ids, columns)?, labels))
}

/// Five numbers of which two speak together.
fn made(rows: u32) -> Result<Table, Box<dyn Error>> {
    let draw = |column: u64, row: u32| Seed::new(column).uniform(&row.to_le_bytes());
    let columns = (0..5).map(|column| {
        (format!("number_{column}"), Column::numbers((0..rows).map(|row| Some(draw(column, row) as f32))))
    });
    let agree = |row| (draw(0, row) > 0.5) == (draw(1, row) > 0.5);
    let labels = (0..rows).map(|row| draw(9, row) < if agree(row) { 0.4 } else { 0.1 }).collect();
    let ids = vec![String::new(); rows as usize];
    Ok((FeatureMatrix::try_new(ids, columns.collect())?, labels))
}

/// A figure of this process in MB; 0 where the system does not tell.
fn memory(key: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(key));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) / 1024.0
}

/// Processor seconds of this process on all threads; 0 where the system does not tell.
fn processor_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in brackets: user and system time are the 12th and 13th field, in hundredths.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let after = |flag: &str| arguments.iter().skip_while(|found| *found != flag).nth(1);
    let folder = after("--folder").map(PathBuf::from);
    let threads = after("--threads").map_or(Ok(NonZeroUsize::MIN), |threads| threads.parse())?;
    let parallelism = Parallelism::threads(threads)?;
    let (matrix, labels) = match &folder {
        Some(folder) => read(&folder.join("train"))?,
        None => made(20_000)?,
    };
    let before = memory("VmRSS");
    let (began, worked) = (Instant::now(), processor_seconds());
    let binning = Binning::learn_on(&[&matrix], &BinningParams::default(), &parallelism)?;
    let learned = began.elapsed();
    let binned = binning.apply_on(&matrix, &parallelism)?;
    let applied = began.elapsed();
    let groups: Vec<u64> = (0..labels.len() as u64).collect();
    let set = TrainingSet::try_new(TrainingRows::new(&binning, &binned, &labels, &groups))?;
    let trained = AdditiveParams::with_joint_tables().fit(&set, Seed::new(1), &parallelism)?;
    let (done, worked) = (began.elapsed(), processor_seconds() - worked);
    let peak = memory("VmHWM");
    if let Some(folder) = &folder {
        let (test, _) = read(&folder.join("test"))?;
        let scored = trained.model.score_rows(&binning.apply(&test)?)?;
        let bytes: Vec<u8> =
            scored.iter().flat_map(|scored| scored.probability.value().to_le_bytes()).collect();
        fs::write(folder.join("propensity.f64"), bytes)?;
    }
    println!(
        "{{\"seconds\": {}, \"processor_seconds\": {worked:.2}, \"learning_bins\": {}, \
         \"applying_bins\": {}, \"peak_mb\": {peak}, \"before_mb\": {before}, \
         \"bags\": {}, \"rounds\": {}, \"joint_tables\": {}}}",
        done.as_secs_f64(),
        learned.as_secs_f64(),
        applied.saturating_sub(learned).as_secs_f64(),
        trained.report.bags.len(),
        trained.report.bags.iter().map(|bag| bag.rounds).max().unwrap_or(0),
        trained.model.additive().joint().len(),
    );
    Ok(())
}
