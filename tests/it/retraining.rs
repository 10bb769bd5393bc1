//! `propensity retrain`: what is due is trained, compared, promoted or refused, and every step is on record.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use propensity::error::Coded;
use propensity::features::KnownDeals;
use propensity::feedback::{Export, ingest};
use propensity::models::{Scorer, Signal};
use propensity::pipeline::Pipeline;
use propensity::progress::Unwatched;
use propensity::quantity::AsOf;
use propensity::registry::{Event, Record, Registry, VersionName};
use propensity::retraining::{
    Comparison, Due, JudgingGround, Policy, RetrainError, RetrainHook, Retrained, Retrainer, Scope, Slice,
    Verdict, champion, load,
};
use propensity::scoring::Chunking;
use propensity::seed::Seed;
use propensity::spec::Spec;
use propensity::tables::contract::TableName;
use propensity::tables::{Dataset, ReadOptions};
use propensity::training::AdditiveParams;
use tempfile::TempDir;

use crate::small_world::{copy, propensity, small_world};

/// A world of 1,200 accounts as CSV, and a spec of two products.
fn world() -> &'static Path {
    static WORLD: OnceLock<TempDir> = OnceLock::new();
    WORLD
        .get_or_init(|| {
            let folder = small_world("1200", "3");
            let spec = folder.path().join("spec.toml");
            let text = fs::read_to_string(&spec).unwrap().replace("snapshots = 9", "snapshots = 4");
            fs::write(spec, text).unwrap();
            folder
        })
        .path()
}

fn spec() -> Spec {
    Spec::load(&world().join("spec.toml")).unwrap()
}

fn dataset() -> &'static Dataset {
    static DATASET: OnceLock<Dataset> = OnceLock::new();
    DATASET.get_or_init(|| Dataset::read(world().join("world"), None, &ReadOptions::default()).unwrap())
}

fn date(text: &str) -> AsOf {
    text.parse().unwrap()
}

fn record(day: &str) -> Record {
    let recorded_at = "2026-03-01T06:00:00Z".parse().unwrap();
    Record { date: date(day), recorded_at, by: "test".to_owned() }
}

fn retrainer<'a>(spec: &'a Spec, day: &str, seed: u64, hook: &'a dyn RetrainHook) -> Retrainer<'a> {
    let threads = std::num::NonZeroUsize::MIN.saturating_add(1);
    Retrainer {
        spec,
        params: AdditiveParams { rounds: 60, bags: 3, ..AdditiveParams::default() },
        as_of: date(day),
        force: None,
        seed: Seed::new(seed),
        chunking: Chunking {
            chunk_rows: std::num::NonZeroUsize::MIN.saturating_add(499),
            parallelism: propensity::parallelism::Parallelism::threads(threads).unwrap(),
        },
        record: record(day),
        hook,
    }
}

/// Lets everything pass, and does something in the middle of it.
struct Meanwhile<'a>(&'a dyn Fn(&Comparison));

impl RetrainHook for Meanwhile<'_> {
    fn name(&self) -> String {
        "meanwhile".to_owned()
    }

    fn judge(&self, comparison: &Comparison) -> Result<Verdict, String> {
        (self.0)(comparison);
        Ok(Verdict::Go)
    }
}

const LENIENT: Meanwhile<'static> = Meanwhile(&|_| {});

fn events(registry: &Registry) -> Vec<&'static str> {
    let name = |event: &Event| match event {
        Event::Feedback { .. } => "feedback",
        Event::Fit { .. } => "fit",
        Event::Comparison { .. } => "comparison",
        Event::SealedSlice { .. } => "sealed",
        Event::Promotion { .. } => "promotion",
        Event::Refusal { .. } => "refusal",
        Event::Stop { .. } => "stop",
        Event::Rollback { .. } => "rollback",
        _ => "other",
    };
    registry.ledger().unwrap().entries().iter().map(|entry| name(&entry.event)).collect()
}

fn promoted(retrained: Result<Retrained, RetrainError>) -> (VersionName, Option<Box<Comparison>>) {
    match retrained.unwrap() {
        Retrained::Promoted { name, comparison } => (name, comparison),
        other => panic!("expected a promotion, found {other:?}"),
    }
}

fn line(registry: &Registry, name: &VersionName) -> Pipeline {
    load(registry, name).unwrap().1
}

/// An export with one deal that was won.
fn one_win(registry: &Registry) {
    let file = tempfile::NamedTempFile::with_suffix(".csv").unwrap();
    let text = "opportunity_id,account_id,product,created_at,closed_at,status,substatus\n\
                d1,a,azure,2025-11-01,2025-11-20,Closed,Won\n";
    fs::write(file.path(), text).unwrap();
    let options = ReadOptions::default();
    let table = Dataset::read_table(file.path(), TableName::Opportunities, None, &options).unwrap();
    let export = Export::read(&table, date("2025-11-25")).unwrap();
    ingest(registry, &record("2025-11-25"), &export).unwrap();
}

#[test]
fn a_registry_lives_through_its_first_months() {
    let folder = tempfile::tempdir().unwrap();
    let (registry, spec) = (Registry::open(folder.path()), spec());
    let run = |retrainer: &Retrainer<'_>| retrainer.run(&registry, dataset(), &Unwatched);

    // An empty registry gets its first champion, whoever asks.
    let (first, compared) = promoted(run(&retrainer(&spec, "2025-10-25", 0, &Policy::default())));
    assert_eq!(compared, None);
    assert_eq!(events(&registry), ["fit", "sealed", "promotion"]);
    let metrics = registry.version_file(&first, "metrics.json").unwrap();
    let metrics: serde_json::Value = serde_json::from_slice(&metrics).unwrap();
    assert!(metrics["intent"]["log_loss"].as_f64().unwrap() > 0.0, "{metrics}");
    assert!(registry.version_file(&first, "model_card.md").unwrap().starts_with(b"# Model card"));

    // Nothing is due before the next release day, and nothing is written.
    let not_due = run(&retrainer(&spec, "2025-11-24", 0, &LENIENT)).unwrap();
    let Retrained::NotDue(due) = not_due else { panic!("{not_due:?}") };
    assert_eq!((due.next, due.new_customers), (date("2025-11-25"), false));
    assert_eq!(events(&registry).len(), 3);

    // A month later intent is due. Outcomes that come in while it is trained do not disturb it.
    let meanwhile = |comparison: &Comparison| {
        assert_eq!(comparison.against, std::slice::from_ref(&first.version));
        assert_eq!(comparison.fit.loss_change.unwrap().value, 0.0, "fit is the same");
        assert!(comparison.intent.cases > 500 && !comparison.clusters.is_empty());
        one_win(&registry);
    };
    let (second, compared) = promoted(run(&retrainer(&spec, "2025-11-25", 0, &Meanwhile(&meanwhile))));
    let churn = compared.unwrap().churn;
    assert!(churn.rows > 300, "{churn:?}");
    assert_eq!(churn.new_data.band + churn.model.band + churn.calibration.band, churn.all.band);
    let on_record = registry.ledger().unwrap().entries().iter().find_map(|entry| match &entry.event {
        Event::Comparison { churn, .. } => Some(churn.clone()),
        _ => None,
    });
    assert_eq!(on_record, Some(churn.counts()));
    assert_eq!(
        events(&registry)[3..],
        ["fit", "comparison", "feedback", "sealed", "promotion"],
        "all of it is on record"
    );
    let (old, new) = (line(&registry, &first), line(&registry, &second));
    assert_eq!((new.as_of(), new.fit_as_of()), (date("2025-11-25"), date("2025-10-25")));
    assert_eq!(new.binning(), old.binning());
    for (old, new) in old.products().iter().zip(new.products()) {
        assert_eq!(new.fit, old.fit);
        if old.intent.evidence().signal() == Signal::Found {
            assert_eq!(new.intent.scale(), old.intent.scale(), "a score stays the probability it was");
        }
    }
    assert_eq!(champion(&registry, None).unwrap().1, new);

    // The sealed slice of a date is scored once.
    let again = Retrainer { force: Some(Scope::Intent), ..retrainer(&spec, "2025-11-25", 9, &LENIENT) };
    match run(&again).unwrap() {
        Retrained::Refused { reasons, .. } => assert!(reasons[0].contains("scored once"), "{reasons:?}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(registry.state().unwrap().models[&spec.name].champion(), Some(second.version.as_str()));

    // Somebody moves the model while the next one is trained: the retraining is told, its version stays unpromoted.
    let rollback = |_: &Comparison| {
        registry.rollback(&registry.ledger().unwrap(), &record("2025-12-24"), &spec.name, "test").unwrap();
    };
    let error = run(&retrainer(&spec, "2025-12-25", 0, &Meanwhile(&rollback))).unwrap_err();
    assert_eq!(error.code(), "E_REGISTRY_MOVED");
    let state = registry.state().unwrap();
    assert_eq!(state.models[&spec.name].champion(), Some(first.version.as_str()));
    assert_eq!(registry.verify(None).unwrap().head.events, events(&registry).len() as u64);
}

#[test]
fn outcomes_that_may_be_incomplete_are_neither_learned_from_nor_judged_on() {
    let mut spec = spec();
    spec.intent.label_delay_days = 10;
    let (folder, day) = (tempfile::tempdir().unwrap(), "2025-10-25");
    let registry = Registry::open(folder.path());
    let retrainer = retrainer(&spec, day, 0, &LENIENT);
    let (name, _) = promoted(retrainer.run(&registry, dataset(), &Unwatched));
    let learned = line(&registry, &name).manifest().intent_snapshots.clone();
    assert_eq!(learned.last(), Some(&date("2025-07-15")), "{learned:?}");
    let deals = KnownDeals::default();
    let ground =
        JudgingGround::new(dataset(), &spec, Slice::Judging, date(day), &retrainer.chunking, &deals).unwrap();
    assert_eq!(ground.dates(), [date("2025-07-15"), date("2025-06-15"), date("2025-05-15")]);
}

#[test]
fn what_was_said_of_a_month_is_said_again() {
    let (folder, spec) = (tempfile::tempdir().unwrap(), spec());
    let registry = Registry::open(folder.path());
    let run = |day| promoted(retrainer(&spec, day, 0, &LENIENT).run(&registry, dataset(), &Unwatched));
    let (first, _) = run("2025-09-25");
    let (second, compared) = run("2025-10-25");
    let compared = compared.unwrap();
    assert!(compared.replays.is_empty(), "nothing was said before");
    let versions: Vec<&str> = compared.said.iter().map(|saying| saying.version.as_str()).collect();
    assert_eq!(versions, [[first.version.as_str(); 3], [second.version.as_str(); 3]].concat());
    let (_, compared) = run("2025-11-25");
    let replays = compared.unwrap().replays;
    let dates: Vec<AsOf> = replays.iter().map(|replay| replay.date).collect();
    assert_eq!(dates, [date("2025-06-25"), date("2025-07-25")]);
    for replay in replays {
        assert_eq!((replay.version.as_str(), replay.correlation), (second.version.as_str(), 1.0));
    }
}

#[test]
fn between_two_trainings_intent_is_updated() {
    // Large enough for a signal, and for ten outcomes in the one snapshot that an update learns from.
    let large = small_world("4000", "3");
    let dataset = Dataset::read(large.path().join("world"), None, &ReadOptions::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (registry, mut spec) = (Registry::open(folder.path()), spec());
    let months = |months: u8| std::num::NonZeroU8::new(months).unwrap();
    (spec.cadence.fit_months, spec.cadence.intent_months) = (months(6), months(3));
    spec.cadence.update_months = Some(months(1));
    let run = |retrainer: &Retrainer<'_>| retrainer.run(&registry, &dataset, &Unwatched);
    let (first, _) = promoted(run(&retrainer(&spec, "2025-10-25", 0, &LENIENT)));
    let (second, compared) = promoted(run(&retrainer(&spec, "2025-11-25", 0, &LENIENT)));
    assert_eq!(
        compared.unwrap().against,
        std::slice::from_ref(&first.version),
        "it is judged like any other"
    );
    let reasons: Vec<String> = registry
        .ledger()
        .unwrap()
        .entries()
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::Fit { reason, .. } => Some(reason.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(
        reasons,
        ["the first", "an update of intent is due: trained as of 2025-10-25, last learned as of 2025-10-25"]
    );

    let (old, new) = (line(&registry, &first), line(&registry, &second));
    assert_eq!((new.as_of(), new.intent_as_of()), (date("2025-11-25"), date("2025-10-25")));
    assert_eq!((new.binning(), new.fit_as_of()), (old.binning(), old.fit_as_of()));
    let seen: Vec<AsOf> =
        old.manifest().intent_snapshots.iter().copied().chain([date("2025-08-25")]).collect();
    assert_eq!(new.manifest().intent_snapshots, seen, "only what is new is learned from");
    let mut followed = 0;
    for (old, new) in old.products().iter().zip(new.products()) {
        assert_eq!(new.fit, old.fit);
        let features = |model: &propensity::models::FittedModel| -> Vec<usize> {
            model.additive().tables().iter().map(propensity::models::FeatureTable::feature).collect()
        };
        assert_eq!(features(&new.intent), features(&old.intent));
        assert_eq!(new.intent.scale(), old.intent.scale());
        followed += u32::from(new.intent.additive() != old.intent.additive());
    }
    assert!(followed > 0, "some table has moved");

    // Updates do not put the next training off.
    let due = |day: &str| Due::of(&spec.cadence, &new, date(day), 0);
    assert_eq!((due("2025-12-24").scope, due("2025-12-24").next), (None, date("2025-12-25")));
    assert_eq!(due("2025-12-25").scope, Some(Scope::Update));
    assert_eq!(due("2026-01-25").scope, Some(Scope::Intent));
    assert_eq!(due("2026-04-25").scope, Some(Scope::Whole));
}

#[test]
fn what_does_not_fit_the_champion_is_refused_before_anything_is_trained() {
    let folder = tempfile::tempdir().unwrap();
    let (registry, spec) = (Registry::open(folder.path()), spec());
    let run = |retrainer: &Retrainer<'_>| retrainer.run(&registry, dataset(), &Unwatched);
    promoted(run(&retrainer(&spec, "2025-11-25", 0, &Policy::default())));
    let before = events(&registry).len();
    let error = run(&retrainer(&spec, "2025-10-25", 0, &LENIENT)).unwrap_err();
    assert_eq!(error.code(), "E_RETRAIN_BEFORE_CHAMPION");
    let mut other = spec.clone();
    other.intent.horizon_months = std::num::NonZeroU8::MIN;
    let error = run(&retrainer(&other, "2025-12-25", 0, &LENIENT)).unwrap_err();
    assert_eq!(error.code(), "E_RETRAIN_OTHER_QUESTION");
    assert!(error.to_string().contains("intent.horizon_months"), "{error}");
    assert_eq!(events(&registry).len(), before);

    // Too few outcomes to tell: the policy keeps the champion.
    let choosy = Policy { fewest_outcomes: 100_000, ..Policy::default() };
    let forced = Retrainer { force: Some(Scope::Intent), ..retrainer(&spec, "2025-12-25", 0, &choosy) };
    match run(&forced).unwrap() {
        Retrained::Refused { reasons, .. } => assert!(reasons[0].contains("too few to tell"), "{reasons:?}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(events(&registry)[before..], ["fit", "comparison", "refusal"]);
}

#[test]
fn a_feed_that_has_dried_up_stops_the_training() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    copy(&world().join("world"), &path.join("broken"));
    // Signals of the last four weeks are gone.
    let signals = path.join("broken/signals.csv");
    let text = fs::read_to_string(&signals).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let known_at = header.split(',').position(|name| name == "known_at").unwrap();
    let mut kept = format!("{header}\n");
    for row in rows.lines() {
        if row.split(',').nth(known_at).unwrap() < "2025-11-27" {
            writeln!(kept, "{row}").unwrap();
        }
    }
    assert!(kept.len() < text.len());
    fs::write(&signals, kept).unwrap();
    let spec = world().join("spec.toml");
    let retrain = |source: &Path, hook: &[&str]| {
        let mut args = vec!["retrain", source.to_str().unwrap(), "--as-of", "2025-12-25", "--registry", "r"];
        args.extend(["--spec", spec.to_str().unwrap(), "--by", "test"]);
        args.extend(hook);
        let output = propensity(path, &args);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, log) = retrain(&path.join("broken"), &[]);
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("error[E_PROMOTION_REFUSED]: nothing was trained"), "{log}");
    assert!(log.contains("the feed of signals has dried up"), "{log}");
    let registry = Registry::open(&path.join("r"));
    assert_eq!(events(&registry), ["stop"]);

    // A program that is asked may say no too, and an answer that is none is an error.
    let good = world().join("world");
    let (code, log) =
        retrain(&good, &["--hook", hook(path, "no", "cat > seen.json; echo not today; exit 1")]);
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("not today"), "{log}");
    let seen: serde_json::Value = serde_json::from_slice(&fs::read(path.join("seen.json")).unwrap()).unwrap();
    assert_eq!((&seen["moment"], &seen["won"]), (&"on_outcomes".into(), &0.into()));
    let (code, log) = retrain(&good, &["--hook", hook(path, "odd", "exit 7")]);
    assert_eq!(code, Some(2), "{log}");
    assert!(log.contains("error[E_HOOK]") && log.contains("exit status: 7"), "{log}");
    assert_eq!(events(&registry), ["stop", "stop"]);
}

/// A program for `--hook`.
#[cfg(unix)]
fn hook(folder: &Path, name: &str, script: &str) -> &'static str {
    use std::os::unix::fs::PermissionsExt;
    let path: PathBuf = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    Box::leak(path.to_str().unwrap().to_owned().into_boxed_str())
}

#[test]
fn a_line_cannot_tell_judged_accounts_from_others_and_cases_are_the_same_for_all() {
    let (spec, dataset) = (spec(), dataset());
    let chunking = retrainer(&spec, "2025-11-25", 0, &LENIENT).chunking;
    let ground = JudgingGround::new(
        dataset,
        &spec,
        Slice::Judging,
        date("2025-11-25"),
        &chunking,
        &KnownDeals::default(),
    )
    .unwrap();
    assert_eq!(ground.dates(), [date("2025-08-25"), date("2025-07-25"), date("2025-06-25")]);
    let train = |day: &str| {
        let trainer = propensity::training::line::LineTrainer {
            spec: &spec,
            params: AdditiveParams { rounds: 5, bags: 3, ..AdditiveParams::default() },
            as_of: date(day),
            seed: Seed::new(0),
            chunking: chunking.clone(),
            deals: KnownDeals::default(),
        };
        let training = dataset.part(|id| Slice::of(id) == Slice::Training);
        assert!(training.accounts().iter().all(|id| Slice::of(id) == Slice::Training));
        assert!(training.table(TableName::Signals).unwrap().n_rows() > 1000);
        trainer.train(&training, &Unwatched).unwrap()
    };
    // A line of a later date than the judged ones is judged like one of an earlier date: on the same cases.
    let (early, late) = (train("2025-06-25"), train("2025-11-25"));
    let (of_early, of_late) = (ground.cases(&early).unwrap(), ground.cases(&late).unwrap());
    let keys = |cases: &[propensity::retraining::ScoredCase]| -> Vec<(u64, bool)> {
        cases.iter().map(|case| (case.group, case.outcome)).collect()
    };
    assert_eq!(keys(&of_early.intent), keys(&of_late.intent));
    assert_eq!(keys(&of_early.fit), keys(&of_late.fit));
    assert!(of_late.intent.iter().any(|case| case.outcome) && of_late.fit.iter().any(|case| case.outcome));
    // Part by part or whole, an account says the same.
    let whole: Vec<_> = ground.standings(&late, date("2025-11-25")).unwrap();
    let mut from_whole = Vec::new();
    late.score(dataset, date("2025-11-25"), &chunking, &Unwatched, |accounts| {
        from_whole.extend(
            accounts.into_iter().filter(|account| Slice::of(&account.account_id) == Slice::Judging).map(
                |account| {
                    (
                        account.account_id.clone(),
                        account.products[0].fit.score,
                        account.products[0].intent.score,
                    )
                },
            ),
        );
        Ok::<_, propensity::pipeline::PipelineError>(())
    })
    .unwrap();
    let of_part: Vec<_> =
        whole.iter().map(|(id, said)| (id.clone(), said[0].0.fit.score, said[0].0.intent.score)).collect();
    assert_eq!(of_part, from_whole);
    let model = &late.products()[0].intent;
    assert_eq!(model.scored_at(whole[0].1[0].0.intent.margin).score, whole[0].1[0].0.intent.score);
}
