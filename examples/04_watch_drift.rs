//! # Watch drift
//!
//! A model file knows the accounts it was trained on, so any later day can be held against it.
//!
//! ```text
//! cargo run --release --example 04_watch_drift
//! ```
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use propensity::drift::{DriftReport, Level};
use propensity::parallelism::Parallelism;
use propensity::progress::Unwatched;
use propensity::quantity::AsOf;
use propensity::scoring::Chunking;
use propensity::seed::Seed;
use propensity::spec::Spec;
use propensity::tables::{Dataset, ReadOptions};
use propensity::training::AdditiveParams;
use propensity::training::line::LineTrainer;

fn show(title: &str, report: &DriftReport) {
    println!("{title}: {}, PSI of the features by weight {:.3}", report.level, report.feature_psi);
    for feature in report.features.iter().take(3) {
        println!("  {:<6} {:.3}  {}", feature.level, feature.psi, feature.feature);
    }
    println!();
}

fn main() -> Result<(), Box<dyn Error>> {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("data-samples");
    let dataset = Dataset::read(&samples, None, &ReadOptions::default())?;
    let mut spec = Spec::cloudascent()?;
    spec.products.truncate(2);
    spec.features.products.truncate(2);
    let chunking = Chunking {
        chunk_rows: NonZeroUsize::new(1024).ok_or("chunks need rows")?,
        parallelism: Parallelism::threads(NonZeroUsize::new(2).ok_or("work needs a thread")?)?,
    };

    // ## 1. A line with its baseline
    //
    // Jobs and retrainings do this by themselves: one pass over the accounts counts how features and scores are spread.
    let trained: AsOf = "2025-10-01".parse()?;
    let trainer = LineTrainer {
        spec: &spec,
        params: AdditiveParams { rounds: 60, bags: 3, ..AdditiveParams::default() },
        as_of: trained,
        seed: Seed::new(0),
        chunking: chunking.clone(),
        deals: propensity::features::KnownDeals::default(),
    };
    let line = trainer.train(&dataset, &Unwatched)?;
    let baseline = line.profile(&dataset, trained, &chunking, &Unwatched)?;
    let line = line.with_baseline(baseline)?;
    let baseline = line.baseline().ok_or("it was just put there")?;

    // ## 2. The same day, and three months later
    let same = DriftReport::between(&line, baseline, baseline);
    assert_eq!((same.level, same.feature_psi), (Level::Stable, 0.0));
    let later: AsOf = "2026-01-01".parse()?;
    let now = line.profile(&dataset, later, &chunking, &Unwatched)?;
    let report = DriftReport::between(&line, baseline, &now);
    show("three months later", &report);
    assert!(report.features.iter().any(|feature| feature.psi > 0.0));

    // ## 3. A feed breaks
    //
    // The technology feed is gone. What read it is missing now, and the report says where.
    let broken = tempfile::tempdir()?;
    for entry in fs::read_dir(&samples)? {
        let entry = entry?;
        if entry.file_type()?.is_file() && entry.file_name() != "installs.parquet" {
            fs::copy(entry.path(), broken.path().join(entry.file_name()))?;
        }
    }
    let broken = Dataset::read(broken.path(), None, &ReadOptions::default())?;
    let now = line.profile(&broken, later, &chunking, &Unwatched)?;
    let alarm = DriftReport::between(&line, baseline, &now);
    show("without the technology feed", &alarm);
    let gone = alarm.features.iter().filter(|feature| feature.level == Level::Act);
    let gone: Vec<&str> = gone.map(|feature| feature.feature.as_str()).collect();
    assert!(gone.iter().any(|feature| feature.starts_with("technographic__")), "{gone:?}");
    assert!(alarm.feature_psi >= report.feature_psi);

    // ## 4. Without any outcome
    //
    // What the model expects to happen, and how well it will do if its probabilities are true.
    for model in &report.models {
        println!(
            "{:<14} expects {:.4} after {:.4}, log loss {:.4} after {:.4}",
            model.model,
            model.expected_rate.now,
            model.expected_rate.before,
            model.expected_log_loss.now,
            model.expected_log_loss.before
        );
    }
    Ok(())
}
