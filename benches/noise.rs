//! Two years of retraining in which nothing changes but the data: 24 cycles of real trainings on a generated world, each
//! with a seed of its own. A loop that promotes what only seems better lets the champion get worse, step by step.
//!
//! ```text
//! cargo bench --bench noise [-- --record benches/record/noise.json]
//! ```
//!
//! A second world of the same making tells how good each champion truly is: the expected log loss of what it says of every
//! account, under the probabilities with which the world draws purchases in the months of the horizon, on one day in each
//! season of a year. With `--test` two cycles of a small world.
#![allow(clippy::print_stdout, reason = "a benchmark shows what it measures")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};

use propensity::parallelism::Parallelism;
use propensity::pipeline::{Pipeline, PipelineError};
use propensity::progress::Unwatched;
use propensity::quantity::AsOf;
use propensity::registry::{Record, Registry};
use propensity::retraining::{Policy, Retrained, Retrainer, Scope, champion};
use propensity::scoring::Chunking;
use propensity::seed::Seed;
use propensity::spec::Spec;
use propensity::tables::raw::{Cell, CsvFormat, RawTable};
use propensity::tables::{Dataset, ReadOptions};
use propensity::training::AdditiveParams;
use propensity::world::{Existing, MonthStart, Months, WorldParams, generate};
use serde_json::json;

const PRODUCTS: [&str; 2] = ["azure", "m365"];
/// The first retraining.
const FIRST: &str = "2024-01-25";
/// The days on which champions are held against the truth: one alone would favour those that were trained in its season.
const DAYS: [&str; 4] = ["2026-01-01", "2026-04-01", "2026-07-01", "2026-10-01"];

/// What is true of a world on one day.
struct Truth {
    as_of: AsOf,
    /// Of a purchase within the horizon, by account and product; absent where the account owns the product.
    probabilities: BTreeMap<(String, String), f64>,
}

impl Truth {
    fn read(folder: &Path, as_of: AsOf, horizon: u8) -> Result<Self, Box<dyn Error>> {
        let mut table = RawTable::open(folder.join("truth/probabilities.parquet"), &CsvFormat::default())?;
        let place =
            |name: &str| table.header().iter().position(|column| column == name).ok_or("no such column");
        let (account, product) = (place("account_id")?, place("product")?);
        let (month, probability) = (place("month")?, place("probability")?);
        let months: Vec<i64> =
            (0..i32::from(horizon)).map(|month| as_of.plus_months(month).micros()).collect();
        let mut none: BTreeMap<(String, String), f64> = BTreeMap::new();
        while let Some(batch) = table.next_batch()? {
            for row in 0..batch.n_rows() {
                let cells = [account, product, month, probability].map(|column| batch.cell(row, column));
                if let [
                    Cell::Text(account),
                    Cell::Text(product),
                    Cell::Time(month),
                    Cell::Number(probability),
                ] = cells
                    && months.contains(&month)
                {
                    *none.entry((account.to_owned(), product.to_owned())).or_insert(1.0) *= 1.0 - probability;
                }
            }
        }
        let probabilities = none.into_iter().map(|(key, none)| (key, 1.0 - none)).collect();
        Ok(Self { as_of, probabilities })
    }

    /// The expected log loss of every account and product, in the order of accounts.
    fn losses(
        &self,
        dataset: &Dataset,
        line: &Pipeline,
        chunking: &Chunking,
    ) -> Result<Vec<f64>, Box<dyn Error>> {
        let mut losses = BTreeMap::new();
        line.score(dataset, self.as_of, chunking, &Unwatched, |accounts| {
            for account in accounts {
                for (product, score) in PRODUCTS.iter().zip(&account.products) {
                    let key = (account.account_id.clone(), (*product).to_owned());
                    if let Some(p) = self.probabilities.get(&key) {
                        let q = score.intent.probability.value();
                        losses.insert(key, -(p * libm::log(q) + (1.0 - p) * libm::log(1.0 - q)));
                    }
                }
            }
            Ok::<_, PipelineError>(())
        })?;
        Ok(losses.into_values().collect())
    }
}

fn world(folder: &Path, accounts: u64, seed: u64, parallelism: &Parallelism) -> Result<(), Box<dyn Error>> {
    let accounts = NonZeroU64::new(accounts).ok_or("a world has accounts")?;
    let mut params = WorldParams::new(accounts, Months::try_from(60)?, Seed::new(seed));
    params.start = MonthStart::try_from("2022-01-01".parse::<AsOf>()?)?;
    generate(&params, folder, Existing::Keep, parallelism)?;
    Ok(())
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The mean of changes with an interval of two standard errors on each side.
fn with_interval(changes: &[f64]) -> (f64, f64, f64) {
    let (n, mean) = (changes.len().max(2) as f64, mean(changes));
    let variance = changes.iter().map(|change| (change - mean) * (change - mean)).sum::<f64>() / (n - 1.0);
    let twice = 2.0 * (variance / n).sqrt();
    (mean, mean - twice, mean + twice)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let is_test = arguments.iter().any(|argument| argument == "--test");
    let (accounts, cycles) = if is_test { (500, 2) } else { (16_000, 24) };
    let folder = tempfile::tempdir()?;
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let chunking = Chunking {
        chunk_rows: NonZeroUsize::new(1024).ok_or("chunks need rows")?,
        parallelism: Parallelism::threads(threads)?,
    };
    let options = ReadOptions { parallelism: chunking.parallelism.clone(), ..ReadOptions::default() };
    let (learned, truth) = (folder.path().join("learned"), folder.path().join("truth"));
    world(&learned, accounts, 31, &chunking.parallelism)?;
    world(&truth, accounts, 32, &chunking.parallelism)?;
    let mut spec = Spec::cloudascent()?;
    spec.products.retain(|product| PRODUCTS.contains(&product.name.as_str()));
    spec.features.products.retain(|product| PRODUCTS.contains(&product.name.as_str()));
    let horizon = spec.intent.horizon_months.get();
    let dataset = Dataset::read(&learned, None, &options)?;
    let elsewhere = Dataset::read(&truth, None, &options)?;
    let truths: Vec<Truth> = DAYS
        .iter()
        .map(|day| Truth::read(&truth, day.parse()?, horizon))
        .collect::<Result<_, Box<dyn Error>>>()?;

    let registry = Registry::open(&folder.path().join("registry"));
    let (mut history, mut told, mut promoted) = (Vec::new(), Vec::new(), 0);
    println!("cycle  as of       true loss  what happened");
    for cycle in 0..cycles {
        let as_of = FIRST.parse::<AsOf>()?.plus_months(cycle);
        let retrainer = Retrainer {
            spec: &spec,
            params: AdditiveParams { bags: 3, rounds: 200, ..AdditiveParams::default() },
            as_of,
            force: Some(Scope::Whole),
            seed: Seed::new(100 + u64::from(cycle.unsigned_abs())),
            chunking: chunking.clone(),
            record: Record {
                date: as_of,
                recorded_at: format!("{as_of}T06:00:00Z").parse()?,
                by: "noisy cycles".to_owned(),
            },
            hook: &Policy::default(),
        };
        let what = match retrainer.run(&registry, &dataset, &Unwatched)? {
            Retrained::Promoted { .. } => {
                promoted += 1;
                "promoted".to_owned()
            }
            Retrained::Refused { reasons, .. } => format!("refused: {}", reasons.join("; ")),
            other => format!("{other:?}"),
        };
        let (_, line) = champion(&registry, None)?;
        let of_days: Vec<Vec<f64>> = truths
            .iter()
            .map(|truth| truth.losses(&elsewhere, &line, &chunking))
            .collect::<Result<_, _>>()?;
        let loss = mean(&of_days.concat());
        println!("{:>5}  {as_of}  {loss:.6}  {what}", cycle + 1);
        history.push(loss);
        told.push(what);
    }
    // Above 0 is better. The interval is of cycles: what one more training may bring by chance is in it.
    let changes: Vec<f64> = history.windows(2).map(|pair| (pair[0] - pair[1]) / pair[0]).collect();
    let (change, low, high) = with_interval(&changes);
    let all = history.first().zip(history.last()).map_or(0.0, |(first, last)| (first - last) / first);
    let percent = |share: f64| 100.0 * share;
    println!(
        "{promoted} of {cycles} promoted; true log loss falls by {:+.3} % a cycle ({:+.3}, {:+.3}), from first to last by {:+.2} %",
        percent(change),
        percent(low),
        percent(high),
        percent(all)
    );
    if let Some(place) = arguments.iter().position(|argument| argument == "--record") {
        let path = arguments.get(place + 1).map(PathBuf::from).ok_or("--record needs a file")?;
        let a_cycle = [change, low, high].map(percent);
        let record = json!({
            "world": format!("{accounts} accounts to learn from, as many to measure on, seeds 31 and 32, two products"),
            "cycles": cycles,
            "promoted": promoted,
            "true_log_loss_by_cycle": history,
            "fall_of_true_log_loss_percent_a_cycle": a_cycle,
            "fall_of_true_log_loss_percent_from_first_to_last": percent(all),
            "what_happened": told,
        });
        fs::write(path, format!("{record:#}\n"))?;
    }
    if !is_test {
        assert!(high >= 0.0, "the champion gets worse: {change:+.6} a cycle ({low:+.6}, {high:+.6})");
    }
    Ok(())
}
