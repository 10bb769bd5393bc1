//! # Embed the main job in a batch job
//!
//! A nightly job wants three things: the list, a record of how it was made, and the same bytes when it runs again.
//!
//! ```text
//! cargo run --release --example 02_batch_job
//! ```
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Mutex;

use propensity::error::Coded;
use propensity::job::{Finished, Job, JobError};
use propensity::parallelism::Parallelism;
use propensity::pipeline::Pipeline;
use propensity::progress::Progress;
use propensity::scoring::Chunking;
use propensity::seed::Seed;
use propensity::spec::Spec;
use propensity::tables::{Dataset, ReadOptions};
use propensity::training::AdditiveParams;

// ## 1. Watch it in your own way
//
// The library prints nothing and reads no clock. A `Progress` hears of every stage; send it to your own metrics.
#[derive(Default)]
struct Stages(Mutex<Vec<String>>);

impl Progress for Stages {
    fn stage(&self, name: &str, _total: u64) {
        if let Ok(mut stages) = self.0.lock() {
            stages.push(name.to_owned());
        }
    }

    fn advance(&self, _steps: u64) {}
}

fn job<'a>(
    spec: &'a Spec,
    out: &'a Path,
    model: Option<Pipeline>,
    threads: usize,
) -> Result<Job<'a>, Box<dyn Error>> {
    let threads = NonZeroUsize::new(threads).ok_or("work needs a thread")?;
    Ok(Job {
        spec,
        params: AdditiveParams::default(),
        model,
        as_of: "2026-01-01".parse()?,
        out,
        overwrite: false,
        seed: Seed::new(0),
        chunking: Chunking {
            chunk_rows: NonZeroUsize::new(500 * threads.get()).ok_or("chunks need rows")?,
            parallelism: Parallelism::threads(threads)?,
        },
    })
}

fn scores_hash(finished: &Finished) -> &str {
    &finished.record.outputs[0].sha256
}

fn main() -> Result<(), Box<dyn Error>> {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("data-samples");
    let dataset = Dataset::read(&samples, None, &ReadOptions::default())?;
    let spec = Spec::cloudascent()?;
    let folder = tempfile::tempdir()?;

    // ## 2. The monthly run: train and score
    let monthly = folder.path().join("monthly");
    let stages = Stages::default();
    let trained = job(&spec, &monthly, None, 2)?.run(&dataset, &stages)?;
    println!("scored {} accounts by model {}", trained.record.accounts, trained.record.model.version);
    println!("stages: {}", stages.0.lock().map_err(|_| "a watcher panicked")?.join(", "));

    // ## 3. The nightly run: score by the stored model
    //
    // One file holds the whole line. Another number of threads, another chunk size: the same bytes.
    let (header, stored) = Pipeline::load(&monthly.join("model.json"))?;
    assert_eq!(header.model_version(), trained.record.model.version);
    let nightly = folder.path().join("nightly");
    let scored = job(&spec, &nightly, Some(stored), 1)?.run(&dataset, &Stages::default())?;
    assert_eq!(scores_hash(&trained), scores_hash(&scored));
    println!("same scores, SHA-256 {}", scores_hash(&scored));

    // ## 4. Errors have codes
    //
    // A second run into the same folder is refused, and what is there stays as it was.
    match job(&spec, &nightly, None, 1)?.run(&dataset, &Stages::default()) {
        Err(error @ JobError::Output(_)) => {
            println!("refused with {}: {error}", error.code());
            assert_eq!(error.code(), "E_OUTPUT_EXISTS");
        }
        other => return Err(format!("expected a refusal, found {other:?}").into()),
    }
    assert!(nightly.join("run.json").exists());
    Ok(())
}
