//! A simulated year of a registry, month by month: cadence, a market that turns in July, a feed that breaks in
//! September, and a rollback on command.
//!
//! ```text
//! cargo bench --bench year [-- --record benches/record/year.json --picture docs/pictures/year.svg]
//! ```
//!
//! The world is generated, so what came of every list is known, and it has its seasons. From July on two products change
//! places: new customers buy the one where they would have bought the other, and the whole market looks into the first of
//! them. In September the signals of the last four weeks are missing. A table of what happened each month is printed, and the
//! rate of purchases by cluster and month is drawn as SVG. With `--test` two months of a small world.
#![allow(clippy::print_stdout, reason = "a benchmark shows what it measures")]

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};

use propensity::drift::{DriftReport, Level};
use propensity::features::{FeatureBuilder, KnownDeals, Purchases};
use propensity::grid::Cluster;
use propensity::parallelism::Parallelism;
use propensity::pipeline::{Pipeline, PipelineError};
use propensity::progress::Unwatched;
use propensity::quantity::AsOf;
use propensity::registry::{Record, Registry, VersionName};
use propensity::retraining::{
    Comparison, JudgingGround, Policy, Retrained, Retrainer, Slice, champion, load,
};
use propensity::scoring::Chunking;
use propensity::seed::Seed;
use propensity::spec::Spec;
use propensity::tables::write::TableFormat;
use propensity::tables::{Dataset, ReadOptions};
use propensity::training::AdditiveParams;
use propensity::world::{Existing, Months, WorldParams, generate};
use serde_json::json;

/// When the market turns, and the release on which the feed is broken.
const TURN: &str = "2025-07-01";
const BROKEN: &str = "2025-09-25";
/// The products that change places.
const SWAPPED: [&str; 2] = ["azure", "m365"];
/// The topic of the first of them.
const LOOKED_INTO: &str = "cloud_platform";
/// Clusters that are drawn, with their colours.
const DRAWN: [(Cluster, &str); 4] = [
    (Cluster::ActNow, "#1b7837"),
    (Cluster::Evaluate, "#5aae61"),
    (Cluster::Nurture, "#9970ab"),
    (Cluster::Educate, "#40004b"),
];

/// Purchases within the horizon and accounts, by cluster.
type Rates = BTreeMap<Cluster, (u64, u64)>;

struct Year {
    folder: tempfile::TempDir,
    spec: Spec,
    chunking: Chunking,
    registry: Registry,
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
        let accounts = NonZeroU64::new(accounts).ok_or("a world has accounts")?;
        let mut params = WorldParams::new(accounts, Months::try_from(42)?, Seed::new(17));
        params.start = propensity::world::MonthStart::try_from("2023-01-01".parse::<AsOf>()?)?;
        params.format = TableFormat::Csv;
        generate(&params, &folder.path().join("world"), Existing::Keep, &chunking.parallelism)?;
        let registry = Registry::open(&folder.path().join("registry"));
        let year = Self { folder, spec, chunking, registry };
        year.turn_the_market()?;
        year.break_the_feed()?;
        Ok(year)
    }

    fn world(&self) -> PathBuf {
        self.folder.path().join("world")
    }

    fn broken(&self) -> PathBuf {
        self.folder.path().join("broken")
    }

    /// From the turn on, customers who had neither of two products buy the one where they would have bought the other, and the
    /// whole market looks into the first of them: each of its signals comes three times.
    fn turn_the_market(&self) -> Result<(), Box<dyn Error>> {
        let mut customers = BTreeSet::new();
        let transactions = fs::read_to_string(self.world().join("transactions.csv"))?;
        let rows = transactions.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let (account, product, date) = (0, 2, 4);
        for cells in rows.filter(|cells| cells.len() > date) {
            if SWAPPED.contains(&cells[product]) && cells[date] < TURN {
                customers.insert(cells[account].to_owned());
            }
        }
        for (table, date) in
            [("transactions", "date"), ("opportunities", "created_at"), ("subscriptions", "month")]
        {
            edit(&self.world().join(format!("{table}.csv")), |header, mut cells| {
                let place = |name: &str| header.iter().position(|column| column == name);
                if let (Some(account), Some(product), Some(date)) =
                    (place("account_id"), place("product"), place(date))
                    && cells[date].as_str() >= TURN
                    && !customers.contains(&cells[account])
                    && let Some(at) = SWAPPED.iter().position(|name| *name == cells[product])
                {
                    SWAPPED[1 - at].clone_into(&mut cells[product]);
                }
                vec![cells]
            })?;
        }
        edit(&self.world().join("signals.csv"), |header, cells| {
            let place = |name: &str| header.iter().position(|column| column == name);
            let (Some(topic), Some(observed), Some(source)) =
                (place("topic"), place("observed_at"), place("source"))
            else {
                return vec![cells];
            };
            let copies = if cells[topic] == LOOKED_INTO && cells[observed].as_str() >= TURN { 3 } else { 1 };
            let copy = |number: usize| {
                let mut cells = cells.clone();
                if number > 0 {
                    cells[source] = format!("{} {number}", cells[source]);
                }
                cells
            };
            (0..copies).map(copy).collect()
        })
    }

    /// A copy of the world in which the signals of the four weeks before a release never came.
    fn break_the_feed(&self) -> Result<(), Box<dyn Error>> {
        fs::create_dir(self.broken())?;
        for entry in fs::read_dir(self.world())? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                fs::copy(entry.path(), self.broken().join(entry.file_name()))?;
            }
        }
        let from = BROKEN.parse::<AsOf>()?.plus_days(-28).to_string();
        edit(&self.broken().join("signals.csv"), |header, cells| {
            let known_at = header.iter().position(|column| column == "known_at");
            let came = known_at.is_none_or(|place| cells[place] < from || cells[place].as_str() >= BROKEN);
            if came { vec![cells] } else { Vec::new() }
        })
    }

    fn retrain(&self, dataset: &Dataset, as_of: AsOf) -> Result<Retrained, Box<dyn Error>> {
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
        Ok(retrainer.run(&self.registry, dataset, &Unwatched)?)
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
}

fn record(date: AsOf) -> Result<Record, Box<dyn Error>> {
    Ok(Record { date, recorded_at: format!("{date}T06:00:00Z").parse()?, by: "simulated year".to_owned() })
}

/// Puts the rows that `change` makes of a row of a CSV file in its place.
fn edit(
    path: &Path,
    change: impl Fn(&[String], Vec<String>) -> Vec<Vec<String>>,
) -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(path)?;
    let mut lines = text.lines();
    let header: Vec<String> = lines.next().unwrap_or_default().split(',').map(str::to_owned).collect();
    let mut edited = header.join(",") + "\n";
    for line in lines {
        let cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        // Quoted commas shift the cells; such a row stays as it is.
        let rows = if cells.len() == header.len() { change(&header, cells) } else { vec![cells] };
        for cells in rows {
            edited.push_str(&cells.join(","));
            edited.push('\n');
        }
    }
    Ok(fs::write(path, edited)?)
}

fn told(retrained: &Retrained) -> (String, Option<&Comparison>) {
    match retrained {
        Retrained::Promoted { comparison, .. } => ("promoted".to_owned(), comparison.as_deref()),
        Retrained::Refused { comparison, reasons, .. } => {
            let first = reasons.first().map_or("", String::as_str);
            (format!("refused: {first}"), Some(comparison))
        }
        Retrained::Stopped { reasons } => (format!("stopped: {}", reasons.join("; ")), None),
        other => (format!("{other:?}"), None),
    }
}

fn picture(months: &[(AsOf, Rates)]) -> String {
    let rate = |rates: &Rates, cluster| {
        rates.get(&cluster).map(|(bought, all)| *bought as f64 / (*all).max(1) as f64)
    };
    let top = months
        .iter()
        .flat_map(|(_, rates)| DRAWN.iter().filter_map(|(cluster, _)| rate(rates, *cluster)))
        .fold(0.01_f64, f64::max);
    let x = |month: usize| 60.0 + 50.0 * month as f64;
    let y = |rate: f64| 260.0 - 220.0 * rate / top;
    let width = x(months.len()) + 90.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} 300\" font-family=\"sans-serif\" font-size=\"11\">\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\
         <text x=\"60\" y=\"18\">Purchases within three months, by cluster and month of the list</text>"
    );
    for share in [0.0, 0.5, 1.0] {
        let _ = write!(svg, "<text x=\"20\" y=\"{:.1}\">{:.1} %</text>", y(share * top), 100.0 * share * top);
    }
    for (month, (as_of, _)) in months.iter().enumerate() {
        let _ = write!(svg, "<text x=\"{}\" y=\"280\">{}</text>", x(month), &as_of.to_string()[2..7]);
    }
    for (line, (cluster, colour)) in DRAWN.iter().enumerate() {
        let points: Vec<String> = months
            .iter()
            .enumerate()
            .filter_map(|(month, (_, rates))| {
                Some(format!("{:.1},{:.1}", x(month), y(rate(rates, *cluster)?)))
            })
            .collect();
        let _ = write!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\
             <text x=\"{}\" y=\"{}\" fill=\"{colour}\">{cluster}</text>",
            points.join(" "),
            x(months.len()) - 20.0,
            40 + 16 * line
        );
    }
    svg + "</svg>\n"
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
    let options = ReadOptions { parallelism: year.chunking.parallelism.clone(), ..ReadOptions::default() };
    let whole = Dataset::read(year.world(), None, &options)?;
    let broken = Dataset::read(year.broken(), None, &options)?;
    let (mut seen, mut record_of_months, mut flagged) = (Vec::new(), Vec::new(), Vec::new());
    let mut first: Option<VersionName> = None;
    println!(
        "month       drift   features  loss change           expected/observed  act now  evaluate  nurture  educate  what happened"
    );
    for month in 0..months {
        let as_of: AsOf = "2025-01-25".parse::<AsOf>()?.plus_months(month);
        let dataset = if as_of.to_string() == BROKEN { &broken } else { &whole };
        let drift = match champion(&year.registry, None) {
            Ok((_, line)) => match line.baseline() {
                Some(before) => {
                    let now = line.profile(dataset, as_of, &year.chunking, &Unwatched)?;
                    Some(DriftReport::between(&line, before, &now))
                }
                None => None,
            },
            Err(_) => None,
        };
        let retrained = year.retrain(dataset, as_of)?;
        if let (None, Retrained::Promoted { name, .. }) = (&first, &retrained) {
            first = Some(name.clone());
        }
        let (_, line) = champion(&year.registry, None)?;
        let rates = year.rates(&whole, &line, as_of)?;
        let (what, comparison) = told(&retrained);
        let change = comparison.and_then(|comparison| comparison.intent.loss_change);
        let ratio = comparison.and_then(|comparison| comparison.intent.champion.expected_to_observed);
        print!(
            "{as_of}  {:<7} {:>8}  {:<20}  {:>17}",
            drift.as_ref().map_or_else(|| "-".to_owned(), |report| report.level.to_string()),
            drift.as_ref().map_or_else(|| "-".to_owned(), |report| format!("{:.3}", report.feature_psi)),
            change.map_or_else(
                || "-".to_owned(),
                |change| format!(
                    "{:+.2} ({:+.2}, {:+.2})",
                    100.0 * change.value,
                    100.0 * change.low,
                    100.0 * change.high
                )
            ),
            ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}")),
        );
        for (cluster, _) in DRAWN {
            let (bought, all) = rates.get(&cluster).copied().unwrap_or_default();
            print!("  {:>6.2} %", 100.0 * bought as f64 / all.max(1) as f64);
        }
        println!("  {what}");
        record_of_months.push(json!({
            "as_of": as_of,
            "drift": drift.as_ref().map(|report| report.level),
            "feature_psi": drift.as_ref().map(|report| report.feature_psi),
            "intent_log_loss_change": change,
            "what_happened": what,
            "purchases_of_accounts_by_cluster": DRAWN.map(|(cluster, _)| {
                let (bought, all) = rates.get(&cluster).copied().unwrap_or_default();
                json!({ "cluster": cluster, "purchases": bought, "accounts": all })
            }),
        }));
        if drift.is_some_and(|report| report.level > Level::Stable) {
            flagged.push(as_of);
        }
        seen.push((as_of, rates));
    }
    let picture_path = named("--picture")
        .unwrap_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("simulated_year.svg"));
    fs::write(&picture_path, picture(&seen))?;
    println!("\npicture: {}", picture_path.display());

    // The champion of the year's end against the one of its beginning, on accounts and months that neither has seen.
    let first = first.ok_or("the first month gives a champion")?;
    let (_, last) = champion(&year.registry, None)?;
    let judged = seen.last().map_or("2025-01-25".parse()?, |(as_of, _)| as_of.plus_months(3));
    let ground = JudgingGround::new(
        &whole,
        &year.spec,
        Slice::Sealed,
        judged,
        &year.chunking,
        &KnownDeals::default(),
    )?;
    let loss = |line: &Pipeline| -> Result<f64, Box<dyn Error>> {
        let cases = ground.cases(line)?.intent;
        let (outcomes, said): (Vec<bool>, Vec<f64>) =
            cases.iter().map(|case| (case.outcome, case.probability)).unzip();
        Ok(propensity::metrics::log_loss(&outcomes, &said).unwrap_or(f64::NAN))
    };
    let (frozen, kept) = (loss(&load(&year.registry, &first)?.1)?, loss(&last)?);
    println!(
        "log loss in the three months after: {kept:.5} by the loop, {frozen:.5} by the first champion, frozen"
    );

    // On command the champion before is back.
    let end = record(judged)?;
    if year.registry.rollback(&year.registry.ledger()?, &end, &year.spec.name, "on command").is_ok() {
        println!("rolled back to {}", champion(&year.registry, None)?.0.model_version());
    }
    println!();
    for entry in year.registry.ledger()?.entries() {
        println!("{:>3}  {}  {}", entry.sequence, entry.date, entry.event);
    }
    year.registry.verify(None)?;
    if let Some(path) = named("--record") {
        let record = json!({
            "world": format!("{accounts} accounts, seed 17, two products"),
            "months": record_of_months,
            "log_loss_in_the_three_months_after": { "loop": kept, "first_champion": frozen },
            "ledger": year.registry.ledger()?.entries().iter()
                .map(|entry| format!("{} {}", entry.date, entry.event)).collect::<Vec<_>>(),
        });
        fs::write(path, format!("{record:#}\n"))?;
    }
    if !is_test {
        let turn: AsOf = TURN.parse()?;
        let noticed = flagged.iter().find(|as_of| **as_of >= turn);
        assert!(
            noticed.is_some_and(|as_of| *as_of < turn.plus_months(3)),
            "the turn is noticed: {flagged:?}"
        );
        assert!(kept < frozen, "the loop beats its first champion: {kept} against {frozen}");
        let stopped = year.registry.ledger()?.entries().iter().any(|entry| {
            matches!(entry.event, propensity::registry::Event::Stop { .. })
                && entry.date.to_string() == BROKEN
        });
        assert!(stopped, "the broken feed is noticed");
    }
    Ok(())
}
