//! # Learn from outcomes
//!
//! Deals come in, a challenger is trained, the champion stays or goes, and every step is on record.
//!
//! ```text
//! cargo run --release --example 03_retrain_on_outcomes
//! ```
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::Path;

use propensity::feedback::{Export, Label, LabelRules, cases, ingest, referrals};
use propensity::parallelism::Parallelism;
use propensity::progress::Unwatched;
use propensity::quantity::AsOf;
use propensity::registry::{Record, Registry, State};
use propensity::retraining::{
    BeforeFit, Comparison, Policy, RetrainHook, Retrained, Retrainer, Scope, Verdict, champion,
};
use propensity::scoring::Chunking;
use propensity::seed::Seed;
use propensity::spec::Spec;
use propensity::tables::contract::TableName;
use propensity::tables::{Dataset, ReadOptions};
use propensity::training::AdditiveParams;

// ## 1. Decide in your own way
//
// The policy decides by measures. A hook may ask it first and add a condition of its own: here, that a challenger must not
// move more than half of the accounts to another band, and that samples as small as these are enough.
struct House(Policy);

impl RetrainHook for House {
    fn name(&self) -> String {
        "house rules".to_owned()
    }

    fn before_fit(&self, before: &BeforeFit) -> Result<Verdict, String> {
        println!("due: {}", before.due.as_ref().map_or("the first champion", |due| due.reason.as_str()));
        self.0.before_fit(before)
    }

    fn judge(&self, comparison: &Comparison) -> Result<Verdict, String> {
        let moved = comparison.churn.share(comparison.churn.all.band);
        println!("judged on {} cases; {:.0} % change their band", comparison.intent.cases, 100.0 * moved);
        match self.0.judge(comparison)? {
            Verdict::Go if moved > 0.5 => {
                Ok(Verdict::Stop(vec![format!("{moved} of the accounts would move")]))
            }
            verdict => Ok(verdict),
        }
    }
}

fn record(date: AsOf) -> Result<Record, Box<dyn Error>> {
    // The library reads no clock: when something is written is an argument too.
    Ok(Record { date, recorded_at: format!("{date}T06:00:00Z").parse()?, by: "example".to_owned() })
}

fn main() -> Result<(), Box<dyn Error>> {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("data-samples");
    let dataset = Dataset::read(&samples, None, &ReadOptions::default())?;
    // Two products and few rounds keep the example short.
    let mut spec = Spec::cloudascent()?;
    spec.products.truncate(2);
    spec.features.products.truncate(2);
    let folder = tempfile::tempdir()?;
    let registry = Registry::open(folder.path());
    let house = House(Policy { fewest_outcomes: 1, ..Policy::default() });
    let retrain = |date: &str, force: Option<Scope>| -> Result<Retrained, Box<dyn Error>> {
        let as_of: AsOf = date.parse()?;
        let retrainer = Retrainer {
            spec: &spec,
            params: AdditiveParams { rounds: 60, bags: 3, ..AdditiveParams::default() },
            as_of,
            force,
            seed: Seed::new(0),
            chunking: Chunking {
                chunk_rows: NonZeroUsize::new(1024).ok_or("chunks need rows")?,
                parallelism: Parallelism::threads(NonZeroUsize::new(2).ok_or("work needs a thread")?)?,
            },
            record: record(as_of)?,
            hook: &house,
        };
        Ok(retrainer.run(&registry, &dataset, &Unwatched)?)
    };

    // ## 2. The first champion
    let Retrained::Promoted { name: first, comparison: None } = retrain("2025-10-25", None)? else {
        return Err("an empty registry gets its first champion".into());
    };
    println!("{first} is the first champion\n");

    // ## 3. Outcomes come in
    //
    // The opportunities of a CRM, as they stand on the day of the export. Each deal is walked through its states; the same
    // export again changes nothing.
    let deals = Dataset::read_table(&samples, TableName::Opportunities, None, &ReadOptions::default())?;
    let exported: AsOf = "2025-11-25".parse()?;
    let export = Export::read(&deals, exported)?;
    let ingested = ingest(&registry, &record(exported)?, &export)?;
    println!("{} deals, {} rows dropped", ingested.added, ingested.dropped.len());
    assert!(ingest(&registry, &record(exported)?, &export)?.known_already);
    let known = referrals(&registry, &registry.ledger()?)?;
    let cases = cases(&known, exported, &LabelRules::default());
    let won = cases.iter().filter(|case| case.label == Label::Won).count();
    println!("{won} of {} cases were won\n", cases.len());
    assert!(won > 0);

    // ## 4. Nothing is due, then something is
    assert!(matches!(retrain("2025-11-24", None)?, Retrained::NotDue(_)));
    match retrain("2025-11-25", None)? {
        Retrained::Promoted { name, .. } => println!("{name} is champion\n"),
        Retrained::Refused { name, reasons, .. } => {
            println!("{name} stays a challenger: {}\n", reasons.join("; "));
        }
        other => return Err(format!("expected a decision, found {other:?}").into()),
    }

    // ## 5. Everything is on record
    let ledger = registry.ledger()?;
    for entry in ledger.entries() {
        println!("{:>3}  {}  {}", entry.sequence, entry.date, entry.event);
    }
    let verified = registry.verify(None)?;
    assert_eq!(verified.head, ledger.head());
    let live = State::at(&ledger, "2025-11-01".parse()?);
    assert_eq!(live.models["cloudascent"].champion(), Some(first.version.as_str()));
    let (header, line) = champion(&registry, None)?;
    println!(
        "\n{} scores now; fit as of {}, intent as of {}",
        header.model_version(),
        line.fit_as_of(),
        line.as_of()
    );
    assert!(line.baseline().is_some());
    Ok(())
}
