//! Why a score changed: causes that add up to the last step, each of them the right one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::OnceLock;

use propensity::error::Coded;
use propensity::parallelism::Parallelism;
use propensity::pipeline::{
    Cause, ChangePart, Pipeline, PipelineError, ProductChange, ScoreChange, ScoredFrom, score_changes,
};
use propensity::progress::Unwatched;
use propensity::quantity::AsOf;
use propensity::scoring::Chunking;
use propensity::tables::contract::TableName;
use propensity::tables::{Dataset, ReadOptions};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::small_world::{copy, propensity, small_world, succeeds};

const THEN: &str = "2025-09-01";
const NOW: &str = "2025-12-01";

/// A small world with two runs: `then`, and `anew` three months later by a model that was trained then.
fn world() -> &'static Path {
    static WORLD: OnceLock<TempDir> = OnceLock::new();
    WORLD
        .get_or_init(|| {
            let folder = small_world("300", "12");
            let path = folder.path();
            let run = |as_of: &str, out: &str, by: &[&str]| {
                let fixed = ["run", "world", "--as-of", as_of, "--out", out, "-q"];
                succeeds(path, &[&fixed[..], by].concat());
            };
            run(THEN, "then", &["--spec", "spec.toml"]);
            run(NOW, "anew", &["--spec", "spec.toml", "--seed", "1"]);
            folder
        })
        .path()
}

fn dataset() -> &'static Dataset {
    static DATASET: OnceLock<Dataset> = OnceLock::new();
    DATASET.get_or_init(|| read(&world().join("world")))
}

fn read(source: &Path) -> Dataset {
    Dataset::read(source, None, &ReadOptions::default()).unwrap()
}

/// The line that ships, which has signals of all kinds, and one that was trained on the small world.
fn lines() -> &'static [Pipeline; 2] {
    static LINES: OnceLock<[Pipeline; 2]> = OnceLock::new();
    LINES.get_or_init(|| {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/reference/cloudascent.json");
        [shipped, world().join("anew/model.json")].map(|path| Pipeline::load(&path).unwrap().1)
    })
}

/// The bins of every account on a date, and its scores in thousandths.
type Rows = BTreeMap<String, (Vec<u8>, Vec<[u32; 2]>)>;

fn rows(line: &Pipeline, dataset: &Dataset, as_of: AsOf) -> Rows {
    let chunking = Chunking { chunk_rows: NonZeroUsize::MAX, parallelism: Parallelism::serial() };
    let mut rows = Rows::new();
    line.score_in_hindsight(dataset, as_of, &chunking, &Unwatched, |accounts| {
        rows.extend(accounts.into_iter().map(|account| {
            let scores = account.products.iter();
            let scores = scores.map(|of| [of.fit, of.intent].map(|scored| scored.score.thousandths()));
            (account.account_id, (account.bins, scores.collect()))
        }));
        Ok::<_, PipelineError>(())
    })
    .unwrap();
    rows
}

/// Every account that was known on both dates, with the causes; each sum is checked.
fn changes(
    dataset: &Dataset,
    (old, then, before): (&Pipeline, AsOf, &Rows),
    (new, now, after): (&Pipeline, AsOf, &Rows),
) -> BTreeMap<String, Vec<ProductChange>> {
    let mut found = BTreeMap::new();
    for (id, (bins, scores)) in before {
        let (new_bins, new_scores) = &after[id];
        let before = ScoredFrom { line: old, as_of: then, bins };
        let after = ScoredFrom { line: new, as_of: now, bins: new_bins };
        let changes = score_changes(dataset, id, before, after).unwrap();
        for (product, change) in changes.iter().enumerate() {
            for (what, change) in [&change.fit, &change.intent].into_iter().enumerate() {
                check_sums(change);
                assert_eq!(change.score_before.thousandths(), scores[product][what], "{id}");
                assert_eq!(change.score_after.thousandths(), new_scores[product][what], "{id}");
            }
        }
        found.insert(id.clone(), changes);
    }
    found
}

fn check_sums(change: &ScoreChange) {
    assert_eq!(change.parts.iter().map(|part| part.cause).collect::<Vec<_>>(), Cause::ALL);
    let margins: i64 = change.parts.iter().map(|part| part.margin.steps()).sum();
    assert_eq!(margins, change.margin_after.steps() - change.margin_before.steps());
    let points: i64 = change.parts.iter().map(|part| part.thousandths).sum();
    let [before, after] =
        [change.score_before, change.score_after].map(|score| i64::from(score.thousandths()));
    assert_eq!(points, after - before);
    for part in &change.parts {
        let groups: i64 = part.groups.iter().map(|(_, effect)| effect.steps()).sum();
        assert_eq!(groups, part.margin.steps(), "{}", part.cause.name());
    }
}

fn parts(changes: &[ProductChange], cause: Cause) -> impl Iterator<Item = &ChangePart> {
    let scores = changes.iter().flat_map(|change| [&change.fit, &change.intent]);
    scores.flat_map(move |change| change.parts.iter().filter(move |part| part.cause == cause))
}

fn moves(changes: &[ProductChange], cause: Cause) -> bool {
    parts(changes, cause).any(|part| part.margin.steps() != 0 || part.thousandths != 0)
}

fn date(text: &str) -> AsOf {
    text.parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, ..ProptestConfig::default() })]

    /// Any two dates, any two lines, every account.
    #[test]
    fn the_causes_add_up_to_the_difference(first in 0..400_i32, days in 0..300_i32, old in 0..2_usize, new in 0..2_usize) {
        let then = date("2025-01-05").plus_days(first.min(300));
        let now = then.plus_days(days.min(360 - first.min(300)));
        let (old, new) = (&lines()[old], &lines()[new]);
        let (before, after) = (rows(old, dataset(), then), rows(new, dataset(), now));
        let found = changes(dataset(), (old, then, &before), (new, now, &after));
        prop_assert!(found.len() > 50);
    }
}

/// Accounts of which a row of events, and of attributes, came to count between the two dates.
fn news(dataset: &Dataset) -> [BTreeSet<String>; 2] {
    let (then, now) = (date(THEN).micros(), date(NOW).micros());
    let mut news = [BTreeSet::new(), BTreeSet::new()];
    for (place, id) in dataset.accounts().iter().enumerate() {
        for table in TableName::ALL.into_iter().filter_map(|name| dataset.table(name)) {
            let is_new = |row: usize| (then..now).contains(&table.known_at(row));
            if table.name() != TableName::Accounts {
                if table.rows_of(place).any(is_new) {
                    news[0].insert(id.clone());
                }
                continue;
            }
            let valid = table.time("valid_from").unwrap();
            let begins = |row: usize| valid.get(row).is_some_and(|from| (then..now).contains(&from));
            if table.rows_of(place).any(|row| is_new(row) || begins(row)) {
                news[1].insert(id.clone());
            }
        }
    }
    news
}

#[test]
fn a_cause_moves_only_what_it_can() {
    let [old, anew] = lines();
    let (then, now) = (date(THEN), date(NOW));
    let before = rows(old, dataset(), then);
    let same = changes(dataset(), (old, then, &before), (old, now, &rows(old, dataset(), now)));
    let [with_events, with_edits] = news(dataset());
    let mut moved: BTreeSet<Cause> = BTreeSet::new();
    for (id, changes) in &same {
        moved.extend(Cause::ALL.into_iter().filter(|cause| moves(changes, *cause)));
        for never in [Cause::Correction, Cause::Model, Cause::Calibration] {
            assert!(!moves(changes, never), "{id}: {}", never.name());
        }
        assert!(with_events.contains(id) || !moves(changes, Cause::NewEvents), "{id}");
        assert!(with_edits.contains(id) || !moves(changes, Cause::Firmographics), "{id}");
    }
    assert!(moved.contains(&Cause::Decay) && moved.contains(&Cause::NewEvents), "{moved:?}");
    // On one date only the models can differ, and the data say nothing.
    let on_the_day =
        changes(dataset(), (old, now, &rows(old, dataset(), now)), (anew, now, &rows(anew, dataset(), now)));
    let mut moved: BTreeSet<Cause> = BTreeSet::new();
    for changes in on_the_day.values() {
        moved.extend(Cause::ALL.into_iter().filter(|cause| moves(changes, *cause)));
    }
    assert!(moved.is_subset(&[Cause::Model, Cause::Calibration].into()), "{moved:?}");
    assert!(moved.contains(&Cause::Model), "{moved:?}");
}

/// A copy of the world with other rows in one table: what `edit` makes of its lines, the header first.
fn edited(table: &str, edit: impl Fn(&[&str]) -> String) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&world().join("world"), folder.path());
    let path = folder.path().join(table);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(path, edit(&text.lines().collect::<Vec<_>>())).unwrap();
    folder
}

#[test]
fn an_edit_of_a_company_and_a_correction_of_the_past_are_told_apart() {
    let [old, _] = lines();
    let (then, now) = (date(THEN), date(NOW));
    let before = rows(old, dataset(), then);
    let plain = changes(dataset(), (old, then, &before), (old, now, &rows(old, dataset(), now)));

    // Every company grows fifty times larger in October.
    let grown = edited("accounts.csv", |lines| {
        let header: Vec<&str> = lines[0].split(',').collect();
        let place = |name: &str| header.iter().position(|column| *column == name).unwrap();
        let (heads, valid, known) = (place("employees"), place("valid_from"), place("known_at"));
        let mut text = lines.join("\n") + "\n";
        let mut seen = BTreeSet::new();
        for line in &lines[1..] {
            let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
            // A quoted name may hold a comma; such companies stay as they are.
            let whole = cells.len() == header.len() && cells[known].as_str() < "2025-08";
            if whole && seen.insert(cells[0].clone()) {
                let grown = cells[heads].parse::<u32>().unwrap_or(1) * 50 + 1;
                cells[heads] = grown.to_string();
                "2025-10-03".clone_into(&mut cells[valid]);
                "2025-10-04".clone_into(&mut cells[known]);
                writeln!(text, "{}", cells.join(",")).unwrap();
            }
        }
        text
    });
    let grown = read(grown.path());
    let edits = changes(&grown, (old, then, &before), (old, now, &rows(old, &grown, now)));
    let mut by_edit = 0;
    for (id, changes) in &edits {
        for cause in [Cause::Correction, Cause::Decay, Cause::NewEvents] {
            let other: Vec<&ChangePart> = parts(&plain[id], cause).collect();
            assert_eq!(parts(changes, cause).collect::<Vec<_>>(), other, "{id}");
        }
        by_edit += u32::from(moves(changes, Cause::Firmographics));
    }
    assert!(by_edit > 30, "{by_edit}");

    // All signals of the first year are gone from the tables of today.
    let gone = edited("signals.csv", |lines| {
        let known = lines[0].split(',').position(|column| column == "known_at").unwrap();
        let kept = lines.iter().filter(|line| line.split(',').nth(known).is_some_and(|at| at >= "2025-07"));
        kept.copied().collect::<Vec<_>>().join("\n") + "\n"
    });
    let gone = read(gone.path());
    let corrected = changes(&gone, (old, then, &before), (old, now, &rows(old, &gone, now)));
    assert!(corrected.values().any(|changes| moves(changes, Cause::Correction)));
    // The tables of another run are refused for an account that they give another row.
    let after = rows(old, dataset(), now);
    let error = before.iter().find_map(|(id, (bins, _))| {
        let before = ScoredFrom { line: old, as_of: then, bins };
        score_changes(&gone, id, before, ScoredFrom { line: old, as_of: now, bins: &after[id].0 }).err()
    });
    let error = error.unwrap();
    assert_eq!(error.code(), "E_PIPELINE_OTHER_TABLES");
    assert!(error.to_string().contains("intent__"), "{error}");
}

#[test]
fn the_command_tells_why_and_refuses_what_cannot_be() {
    let explain = |run: &str, previous: &str, account: &str, args: &[&str]| {
        let fixed = ["explain", run, "--previous", previous, "--account", account, "--data", "world"];
        propensity(world(), &[&fixed[..], args].concat())
    };
    let account = rows(&lines()[0], dataset(), date(THEN)).into_keys().next().unwrap();
    let output = explain("anew", "then", &account, &["--out", "why.json"]);
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{log}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().filter(|line| line.contains("together")).count(), 4, "{text}");
    assert!(text.contains("azure fit: ") && text.contains("m365 intent: "), "{text}");
    let found: serde_json::Value =
        serde_json::from_slice(&fs::read(world().join("why.json")).unwrap()).unwrap();
    assert_eq!((&found["before"]["as_of"], &found["after"]["as_of"]), (&THEN.into(), &NOW.into()));
    let products: Vec<ProductChange> = serde_json::from_value(found["products"].clone()).unwrap();
    for product in &products {
        check_sums(&product.fit);
        check_sums(&product.intent);
    }
    let refused = |run: &str, previous: &str, account: &str, args: &[&str]| {
        let output = explain(run, previous, account, args);
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused("then", "anew", &account, &[]).contains("error[E_PIPELINE_BACKWARDS]"));
    assert!(refused("anew", "then", "nobody", &[]).contains("error[E_REPORT_ACCOUNT]"));
    assert!(refused("anew", "then", &account, &["--out", "why.json"]).contains("error[E_OUTPUT_EXISTS]"));
}
