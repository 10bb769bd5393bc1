//! A simulated year of a registry, month by month: cadence, a market that turns in July, a feed of signals that breaks in
//! September, and a rollback on command.
//!
//! ```text
//! cargo bench --bench year [-- --record benches/record/year.json --picture docs/pictures/simulated_year.svg]
//! ```
//!
//! The world is generated, so what came of every list is known, and it has its seasons. From July on two products change
//! places, for customers of long standing too, and the whole market looks around twice as much. In September the signals of
//! the last four weeks are missing; what is delivered in their place is whole, but its keys have slipped. A table of
//! what happened each month is printed, and the rate of purchases by cluster and month is drawn as SVG. With `--test` two
//! months of a small world.
#![allow(clippy::print_stdout, reason = "a benchmark shows what it measures")]

#[path = "year/chart.rs"]
mod chart;
#[path = "year/market.rs"]
mod market;

use std::error::Error;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use chart::{DRAWN, Rates, chart, rate};
use market::{BROKEN, SWAPPED};
use propensity::drift::DriftReport;
use propensity::features::{FeatureBuilder, KnownDeals, Purchases};
use propensity::parallelism::Parallelism;
use propensity::pipeline::{Pipeline, PipelineError};
use propensity::progress::Unwatched;
use propensity::quantity::AsOf;
use propensity::registry::{Event, Record, Registry, VersionName};
use propensity::retraining::{
    Comparison, JudgingGround, Policy, RetrainError, Retrained, Retrainer, Slice, champion, load,
};
use propensity::scoring::Chunking;
use propensity::seed::Seed;
use propensity::spec::Spec;
use propensity::tables::{Dataset, ReadOptions};
use propensity::training::AdditiveParams;
use propensity::training::line::LineError;
use serde_json::{Value, json};

struct Year {
    folder: tempfile::TempDir,
    spec: Spec,
    chunking: Chunking,
    registry: Registry,
}

/// What the loop did on one release, with one delivery of the tables.
struct Release {
    as_of: AsOf,
    drift: Option<DriftReport>,
    what: String,
    comparison: Option<Box<Comparison>>,
    /// What came of the list of the champion that the loop left in place.
    rates: Rates,
}

impl Year {
    fn begin(accounts: u64) -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let mut spec = Spec::cloudascent()?;
        spec.products.retain(|product| SWAPPED.contains(&product.name.as_str()));
        spec.features.products.retain(|product| SWAPPED.contains(&product.name.as_str()));
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let chunking = Chunking {
            chunk_rows: NonZeroUsize::new(1024).ok_or("chunks need rows")?,
            parallelism: Parallelism::threads(threads)?,
        };
        market::market(&folder.path().join("world"), accounts, &chunking.parallelism)?;
        let registry = Registry::open(&folder.path().join("registry"));
        Ok(Self { folder, spec, chunking, registry })
    }

    fn delivery(&self, name: &str) -> Result<Dataset, Box<dyn Error>> {
        let options =
            ReadOptions { parallelism: self.chunking.parallelism.clone(), ..ReadOptions::default() };
        let (world, folder) = (self.folder.path().join("world"), self.folder.path().join(name));
        match name {
            "dry" => market::dry_delivery(&world, &folder)?,
            "slipped" => market::slipped_delivery(&world, &folder)?,
            _ => {}
        }
        Ok(Dataset::read(folder, None, &options)?)
    }

    fn release(&self, delivered: &Dataset, whole: &Dataset, as_of: AsOf) -> Result<Release, Box<dyn Error>> {
        let drift = match champion(&self.registry, None) {
            Ok((_, line)) => match line.baseline() {
                Some(before) => {
                    let now = line.profile(delivered, as_of, &self.chunking, &Unwatched)?;
                    Some(DriftReport::between(&line, before, &now))
                }
                None => None,
            },
            Err(_) => None,
        };
        let retrainer = Retrainer {
            spec: &self.spec,
            params: AdditiveParams { bags: 4, ..AdditiveParams::default() },
            as_of,
            force: None,
            seed: Seed::new(0),
            chunking: self.chunking.clone(),
            record: record(as_of)?,
            hook: &Policy::default(),
        };
        let (what, comparison) = match retrainer.run(&self.registry, delivered, &Unwatched) {
            Ok(retrained) => told(retrained),
            Err(RetrainError::Train(error @ LineError::Leak(_))) => (format!("stopped: {error}"), None),
            Err(error) => return Err(error.into()),
        };
        let rates = self.rates(whole, &champion(&self.registry, None)?.1, as_of)?;
        Ok(Release { as_of, drift, what, comparison, rates })
    }

    /// What came of the list of a month: purchases within the horizon by cluster.
    fn rates(&self, dataset: &Dataset, line: &Pipeline, as_of: AsOf) -> Result<Rates, Box<dyn Error>> {
        let builder = FeatureBuilder::try_new(&self.spec.features, dataset)?;
        let everything = AsOf::new(jiff::civil::Date::MAX);
        let purchases = Purchases::collect(&builder, dataset, 0..dataset.accounts().len(), everything)?;
        let end = as_of.plus_months(i32::from(self.spec.intent.horizon_months.get()));
        let mut rates = Rates::new();
        line.score(dataset, as_of, &self.chunking, &Unwatched, |accounts| {
            for account in accounts {
                let Ok(index) = dataset.accounts().binary_search(&account.account_id) else { continue };
                for (product, score) in account.products.iter().enumerate().filter(|(_, score)| !score.owned)
                {
                    let (bought, all) = rates.entry(score.placement.cluster).or_default();
                    *all += 1;
                    *bought += u64::from(purchases.any_within(index, product, as_of, end));
                }
            }
            Ok::<_, PipelineError>(())
        })?;
        Ok(rates)
    }

    /// Log loss of intent on sealed accounts, in the three months before a date.
    fn log_loss(&self, dataset: &Dataset, version: &VersionName, as_of: AsOf) -> Result<f64, Box<dyn Error>> {
        let (deals, chunking) = (KnownDeals::default(), &self.chunking);
        let ground = JudgingGround::new(dataset, &self.spec, Slice::Sealed, as_of, chunking, &deals)?;
        let cases = ground.cases(&load(&self.registry, version)?.1)?.intent;
        let (outcomes, said): (Vec<bool>, Vec<f64>) =
            cases.iter().map(|case| (case.outcome, case.probability)).unzip();
        Ok(propensity::metrics::log_loss(&outcomes, &said).ok_or("the sealed accounts have outcomes")?)
    }

    fn champion(&self) -> Result<VersionName, Box<dyn Error>> {
        Ok(self.registry.resolve(&self.registry.state()?, None, "champion")?)
    }

    /// Whether the ledger has an event of a kind on a date.
    fn has(&self, date: &str, kind: impl Fn(&Event) -> bool) -> Result<bool, Box<dyn Error>> {
        let ledger = self.registry.ledger()?;
        Ok(ledger.entries().iter().any(|entry| entry.date.to_string() == date && kind(&entry.event)))
    }
}

fn record(date: AsOf) -> Result<Record, Box<dyn Error>> {
    Ok(Record { date, recorded_at: format!("{date}T06:00:00Z").parse()?, by: "simulated year".to_owned() })
}

fn told(retrained: Retrained) -> (String, Option<Box<Comparison>>) {
    match retrained {
        Retrained::Promoted { comparison, .. } => ("promoted".to_owned(), comparison),
        Retrained::Refused { comparison, reasons, .. } => {
            (format!("refused: {}", reasons.join("; ")), Some(comparison))
        }
        Retrained::Stopped { reasons } => (format!("stopped: {}", reasons.join("; ")), None),
        other => (format!("{other:?}"), None),
    }
}

impl Release {
    fn print(&self) {
        let words = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        let change = self.comparison.as_ref().and_then(|comparison| comparison.intent.loss_change);
        let change = change
            .map(|it| format!("{:+.1} ({:+.1}, {:+.1})", 100.0 * it.value, 100.0 * it.low, 100.0 * it.high));
        print!(
            "{}  {:<7}  {:>8}  {:<22}",
            self.as_of,
            words(self.drift.as_ref().map(|report| report.level.to_string())),
            words(self.drift.as_ref().map(|report| format!("{:.3}", report.feature_psi))),
            words(change)
        );
        for (cluster, _) in DRAWN {
            print!("  {:>8}", words(rate(&self.rates, cluster).map(|rate| format!("{:.1} %", 100.0 * rate))));
        }
        println!("  {}", self.what);
    }

    fn record(&self) -> Value {
        let percent = |value: f64| (value * 1e4).round() / 1e2;
        let change = self.comparison.as_ref().and_then(|comparison| comparison.intent.loss_change);
        let replay = self.comparison.as_ref().and_then(|comparison| {
            comparison.replays.iter().map(|replay| replay.correlation).min_by(f64::total_cmp)
        });
        json!({
            "as_of": self.as_of,
            "drift": self.drift.as_ref().map(|report| report.level),
            "feature_psi": self.drift.as_ref().map(|report| (report.feature_psi * 1e3).round() / 1e3),
            "intent_log_loss_change_percent": change.map(|it| [it.value, it.low, it.high].map(percent)),
            "correlation_with_what_was_said_before": replay.map(|it| (it * 1e3).round() / 1e3),
            "purchases_within_three_months_percent": DRAWN.map(|(cluster, _)| {
                (cluster.name().to_owned(), rate(&self.rates, cluster).map(percent))
            }).into_iter().collect::<std::collections::BTreeMap<_, _>>(),
            "what_happened": self.what,
        })
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let is_test = arguments.iter().any(|argument| argument == "--test");
    let named = |flag: &str| {
        let place = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(place + 1).map(PathBuf::from)
    };
    let (accounts, months) = if is_test { (500, 2) } else { (12_000, 12) };
    let year = Year::begin(accounts)?;
    let (whole, dry, slipped) = (year.delivery("world")?, year.delivery("dry")?, year.delivery("slipped")?);
    println!(
        "month       drift    features  change of log loss, %   act now   evaluate   nurture   educate  what happened"
    );
    let (mut releases, mut first) = (Vec::new(), None);
    for month in 0..months {
        let as_of = "2025-01-25".parse::<AsOf>()?.plus_months(month);
        let deliveries: &[&Dataset] = if as_of.to_string() == BROKEN { &[&dry, &slipped] } else { &[&whole] };
        for delivered in deliveries {
            let release = year.release(delivered, &whole, as_of)?;
            release.print();
            releases.push(release);
        }
        first.get_or_insert(year.champion()?);
    }
    let mut lists: Vec<(AsOf, Rates)> =
        releases.iter().map(|release| (release.as_of, release.rates.clone())).collect();
    lists.dedup_by_key(|(as_of, _)| *as_of);
    let turned = "2025-07-25".parse::<AsOf>()?;
    let broken = BROKEN.parse::<AsOf>()?;
    let picture = named("--picture")
        .unwrap_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("simulated_year.svg"));
    fs::write(&picture, chart(&lists, &[(turned, "the market turns"), (broken, "the feed breaks")]))?;
    println!("\npicture: {}", picture.display());

    // The champion of the year's end against the one of its beginning, on accounts and months that neither has seen.
    let (first, last) = (first.ok_or("the first month gives a champion")?, year.champion()?);
    let judged = lists.last().map_or(broken, |(as_of, _)| as_of.plus_months(3));
    let (frozen, kept) = (year.log_loss(&whole, &first, judged)?, year.log_loss(&whole, &last, judged)?);
    println!("log loss after: {kept:.5} by the loop, {frozen:.5} by the first champion, frozen");

    // On command the champion before is back; where the first was never replaced there is none.
    let (ledger, end) = (year.registry.ledger()?, record(judged)?);
    let rolled_back = year.registry.rollback(&ledger, &end, &year.spec.name, "on command").is_ok();
    let back = year.champion()?;
    println!("rolled back: {rolled_back}, to {back}\n");
    let ledger = year.registry.ledger()?;
    for entry in ledger.entries() {
        println!("{:>3}  {}  {}", entry.sequence, entry.date, entry.event);
    }
    year.registry.verify(None)?;
    if let Some(path) = named("--record") {
        let record = json!({
            "command": "cargo bench --bench year",
            "world": format!("{accounts} accounts, seed 17, two products, 2025"),
            "months": releases.iter().map(Release::record).collect::<Vec<_>>(),
            "log_loss_in_the_three_months_after": { "loop": kept, "first_champion": frozen },
            "rolled_back_to": back.to_string(),
            "ledger": ledger.entries().iter()
                .map(|entry| format!("{} {}", entry.date, entry.event)).collect::<Vec<_>>(),
        });
        fs::write(path, format!("{record:#}\n"))?;
    }
    if !is_test {
        let psi = |as_of: AsOf| {
            let release = releases.iter().find(|release| release.as_of == as_of)?;
            Some(release.drift.as_ref()?.feature_psi)
        };
        let (before, after) = (psi(turned.plus_months(-1)), psi(turned));
        assert!(after > before, "drift rises with the turn: {after:?} after {before:?}");
        let is_promotion = |event: &Event| matches!(event, Event::Promotion { .. });
        assert!(year.has(&turned.to_string(), is_promotion)?, "the turn is answered in its month");
        assert!(kept < frozen, "the loop beats its first champion: {kept} against {frozen}");
        assert!(year.has(BROKEN, |event| matches!(event, Event::Stop { .. }))?, "the dry feed is noticed");
        assert!(
            year.has(BROKEN, |event| matches!(event, Event::Fit { .. }))?,
            "a challenger learns from the slipped one"
        );
        let rewritten = |reasons: &[String]| reasons.iter().any(|reason| reason.contains("was rewritten"));
        let by_history =
            |event: &Event| matches!(event, Event::Refusal { reasons, .. } if rewritten(reasons));
        assert!(year.has(BROKEN, by_history)?, "and is refused, since the past was rewritten");
        assert!(rolled_back && back != last, "the champion before is back");
    }
    Ok(())
}
