//! # Score accounts
//!
//! From raw tables to a ranked list, step by step, on the sample world in `data-samples`.
//!
//! ```text
//! cargo run --release --example 01_score_accounts
//! ```
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::Path;

use propensity::features::FeatureBuilder;
use propensity::grid::Cluster;
use propensity::models::Scorer;
use propensity::parallelism::Parallelism;
use propensity::pipeline::{PipelineError, ScoredAccount};
use propensity::progress::Unwatched;
use propensity::quantity::{AsOf, LogOdds};
use propensity::report::ScoreRow;
use propensity::scoring::Chunking;
use propensity::seed::Seed;
use propensity::spec::Spec;
use propensity::tables::{Dataset, ReadOptions};
use propensity::training::AdditiveParams;
use propensity::training::line::LineTrainer;

fn main() -> Result<(), Box<dyn Error>> {
    // ## 1. Read the tables
    //
    // Seven tables with contracts: columns are checked, ids stay text, and every row has a moment at which it became
    // known. All faults of all tables would be reported together.
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("data-samples");
    let dataset = Dataset::read(&samples, None, &ReadOptions::default())?;
    println!("{} accounts", dataset.accounts().len());

    // ## 2. Train a line
    //
    // The spec says which products, features, bands and tiers there are. `as_of` is an argument: nothing known on or
    // after that day is seen, neither in training nor in scoring.
    let spec = Spec::cloudascent()?;
    let as_of: AsOf = "2026-01-01".parse()?;
    let chunking = Chunking {
        chunk_rows: NonZeroUsize::new(1024).ok_or("chunks need rows")?,
        parallelism: Parallelism::threads(NonZeroUsize::new(2).ok_or("work needs a thread")?)?,
    };
    let trainer = LineTrainer {
        spec: &spec,
        params: AdditiveParams::default(),
        as_of,
        seed: Seed::new(0),
        chunking: chunking.clone(),
        deals: propensity::features::KnownDeals::default(),
    };
    let pipeline = trainer.train(&dataset, &Unwatched)?;
    for models in pipeline.products() {
        println!("{:<12} intent: {}", models.product, models.intent.sentence());
    }

    // ## 3. Score
    //
    // Accounts come back in the order of their ids, chunk by chunk, so memory does not grow with their number.
    let mut act_now: Vec<ScoreRow> = Vec::new();
    let mut n_scored = 0;
    pipeline.score(&dataset, as_of, &chunking, &Unwatched, |accounts: Vec<ScoredAccount<'_>>| {
        n_scored += accounts.len();
        let rows = accounts.iter().flat_map(|account| ScoreRow::of_account(account, &spec));
        act_now.extend(rows.filter(|row| row.cluster == Cluster::ActNow && !row.owns_product));
        Ok::<_, PipelineError>(())
    })?;
    act_now.sort_by(ScoreRow::list_order);
    println!("\n{} calls worth making, the best five:", act_now.len());
    for row in act_now.iter().take(5) {
        let name = row.account_name.as_deref().unwrap_or(&row.account_id);
        if let (Some(fit), Some(intent)) = (row.fit_score, row.intent_score) {
            println!("{name}, {}: fit {fit:.1}, intent {intent:.1}", row.product);
        }
        println!("    fit: {}\n    intent: {}", row.fit_reasons, row.intent_reasons);
    }

    // ## 4. A score is a sum
    //
    // Reasons are not estimated after the fact: the base and the contributions of all features add up to the margin,
    // to the last bit, because they are integers.
    let builder = FeatureBuilder::try_new(&spec.features, &dataset)?;
    let binned = pipeline.binning().apply(&builder.build(&dataset, 0..1, as_of)?)?;
    let model = &pipeline.products()[0].intent;
    let sum: LogOdds = model.contributions(binned.row(0)).into_iter().sum();
    assert_eq!(model.base() + sum, model.margin(binned.row(0)));

    assert!(n_scored > 1_900, "nearly all accounts are known by then, found {n_scored}");
    assert!(!act_now.is_empty(), "somebody is worth a call");
    assert!(
        act_now.iter().all(|row| row.fit_score.is_some_and(|score| score.value() >= 75.0)),
        "Act Now means High fit"
    );
    Ok(())
}
