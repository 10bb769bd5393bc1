//! `propensity evaluate`: measures that agree with the scores and the outcomes, files that repeat, and refusals.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use propensity::evaluation::{Evaluation, Section};
use propensity::metrics;
use propensity::seed::Seed;
use tempfile::TempDir;

use crate::small_world::{propensity, small_world, succeeds};

fn refused(folder: &Path, args: &[&str]) -> String {
    let output = propensity(folder, args);
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn evaluation(out: &Path) -> Evaluation {
    serde_json::from_slice(&fs::read(out.join("evaluation.json")).unwrap()).unwrap()
}

/// Rows `from..to` of a table in which `won` follows from `seats` and `region`, five rows a deal.
fn write_deals(path: &Path, from: u32, to: u32) {
    let uniform = |what: &str, row: u32| Seed::new(5).named(what).uniform(&row.to_le_bytes());
    let mut text = "deal,seats,region,won\n".to_owned();
    for row in from..to {
        let (seats, region) = ((uniform("seats", row) * 50.0) as u32, (uniform("region", row) * 4.0) as u32);
        let chance = 0.1 + 0.008 * f64::from(seats) + if region == 2 { 0.2 } else { 0.0 };
        let won = if uniform("won", row) < chance { "yes" } else { "no" };
        writeln!(text, "d{},{seats},r{region},{won}", row / 5).unwrap();
    }
    fs::write(path, text).unwrap();
}

/// A folder with a model of a wide table, trained on other rows than it is evaluated on.
fn desk() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_deals(&folder.path().join("old.csv"), 0, 1500);
    write_deals(&folder.path().join("new.csv"), 1500, 2500);
    let train =
        ["table", "train", "--table", "old.csv", "--target", "won=yes", "--group", "deal", "--folds", "2"];
    succeeds(folder.path(), &[&train[..], &["--model", "m.json"]].concat());
    folder
}

const EVALUATE: [&str; 8] = ["evaluate", "new.csv", "--model", "m.json", "--draws", "60", "--out", "e"];

#[test]
fn a_wide_model_is_measured_on_the_scores_it_gives() {
    let folder = desk();
    let path = folder.path();
    let shown = succeeds(path, &EVALUATE);
    assert!(shown.starts_with("won=yes      1000 cases,"), "{shown}");
    let found = evaluation(&path.join("e"));
    let section = &found.sections[0];
    let quality = section.quality.as_ref().unwrap();

    let scores = succeeds(path, &["table", "score", "--table", "new.csv", "--model", "m.json", "--out", "-"]);
    let probabilities: Vec<f64> =
        scores.lines().skip(1).map(|line| line.split(',').nth(1).unwrap().parse().unwrap()).collect();
    let table = fs::read_to_string(path.join("new.csv")).unwrap();
    let won: Vec<bool> = table.lines().skip(1).map(|line| line.ends_with(",yes")).collect();
    assert_eq!((section.rows, section.positives), (1000, won.iter().filter(|won| **won).count() as u64));
    // Scores are written with six digits.
    let close = |measure: propensity::evaluation::Measure, expected: Option<f64>, what: &str| {
        assert!((measure.value - expected.unwrap()).abs() < 2e-5, "{what}: {measure:?} {expected:?}");
        assert!(measure.low <= measure.value && measure.value <= measure.high, "{what}: {measure:?}");
    };
    close(quality.log_loss, metrics::log_loss(&won, &probabilities), "log loss");
    close(quality.brier, metrics::brier(&won, &probabilities), "Brier");
    assert!((quality.auc.value - metrics::auc(&won, &probabilities).unwrap()).abs() < 0.01);
    assert!(quality.auc.low > 0.5 && quality.auc.high - quality.auc.low > 0.03, "{:?}", quality.auc);
    assert_eq!(quality.deciles.len(), 10);
    assert!((quality.deciles[9].gain.value - 1.0).abs() < 1e-12);
    assert!(quality.deciles[0].lift.low > 1.0, "{:?}", quality.deciles[0]);
    let by_band: u64 = section.slices.iter().map(|slice| slice.rows).sum();
    assert_eq!(by_band, 1000);
    let histogram: u64 = section.histogram.iter().map(|bin| bin.positives + bin.negatives).sum();
    assert_eq!(histogram, 1000);
    let shapes: Vec<&str> = section.shapes.iter().map(|shape| shape.column.as_str()).collect();
    assert_eq!(shapes, ["seats", "region"]);
}

/// All files below a folder with their bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            let below = files(&entry.path());
            found.extend(
                below.into_iter().map(|(name, bytes)| (Path::new(&entry.file_name()).join(name), bytes)),
            );
        } else {
            found.insert(entry.file_name().into(), fs::read(entry.path()).unwrap());
        }
    }
    found
}

#[test]
fn files_repeat_for_any_threads_and_order_of_rows_and_pictures_are_linked() {
    let folder = desk();
    let path = folder.path();
    succeeds(path, &[&EVALUATE[..], &["--threads", "1"]].concat());
    let first = files(&path.join("e"));
    let names: Vec<String> = first.keys().map(|name| name.display().to_string()).collect();
    let plots = ["gains", "reliability", "scores", "shapes"].map(|plot| format!("plots/won-yes-{plot}.svg"));
    assert_eq!(names, [&["evaluation.json".to_owned(), "evaluation.md".to_owned()][..], &plots].concat());
    let markdown = String::from_utf8(first[Path::new("evaluation.md")].clone()).unwrap();
    for plot in plots {
        assert!(markdown.contains(&format!("({plot})")), "{plot}");
        assert!(first[Path::new(&plot)].starts_with(b"<svg "), "{plot}");
    }
    let table = fs::read_to_string(path.join("new.csv")).unwrap();
    let (header, rows) = table.split_once('\n').unwrap();
    let turned: Vec<&str> = rows.lines().rev().collect();
    fs::write(path.join("new.csv"), format!("{header}\n{}\n", turned.join("\n"))).unwrap();
    let log = refused(path, &EVALUATE);
    assert!(log.contains("error[E_OUTPUT_EXISTS]"), "{log}");
    succeeds(path, &[&EVALUATE[..], &["--threads", "3", "--overwrite"]].concat());
    assert!(files(&path.join("e")) == first);
    // Other draws, other intervals, same values.
    succeeds(path, &[&EVALUATE[..], &["--seed", "9", "--overwrite"]].concat());
    let auc = |evaluation: &Evaluation| evaluation.sections[0].quality.as_ref().unwrap().auc;
    let before: Evaluation = serde_json::from_slice(&first[Path::new("evaluation.json")]).unwrap();
    let (before, after) = (auc(&before), auc(&evaluation(&path.join("e"))));
    assert_eq!(before.value, after.value);
    assert_ne!(before.low, after.low);
}

#[test]
fn what_does_not_belong_to_the_model_is_refused() {
    let folder = desk();
    let log = refused(folder.path(), &[&EVALUATE[..], &["--as-of", "2026-01-01"]].concat());
    assert!(log.contains("error[E_USAGE]") && log.contains("leave --as-of out"), "{log}");
    fs::write(folder.path().join("new.csv"), "deal,region,won\nd1,r1,yes\nd2,r1,no\n").unwrap();
    let log = refused(folder.path(), &EVALUATE);
    assert!(log.contains("error[E_SCHEMA_MISSING_COLUMN]") && log.contains("column seats"), "{log}");
    assert!(!folder.path().join("e").exists());
}

/// A world of 1,500 accounts as CSV, and a line of two products that was trained in the middle of it.
fn world() -> &'static Path {
    static WORLD: OnceLock<TempDir> = OnceLock::new();
    WORLD
        .get_or_init(|| {
            let folder = small_world("1500", "3");
            let run = ["run", "world", "--as-of", "2025-07-01", "--spec", "spec.toml", "--out", "run", "-q"];
            succeeds(folder.path(), &run);
            folder
        })
        .path()
}

#[test]
fn a_line_is_held_against_what_happened_after_its_date() {
    let path = world();
    let shown = succeeds(
        path,
        &[
            "evaluate",
            "world",
            "--model",
            "run/model.json",
            "--as-of",
            "2025-07-01",
            "--draws",
            "40",
            "--out",
            "e",
        ],
    );
    assert_eq!(shown.lines().count(), 4, "{shown}");
    let found = evaluation(&path.join("e"));
    assert_eq!(found.as_of.map(|date| date.to_string()).as_deref(), Some("2025-07-01"));
    let names: Vec<&str> = found.sections.iter().map(|section| section.name.as_str()).collect();
    let products: Vec<&str> = names.iter().map(|name| name.rsplit_once(' ').unwrap().0).step_by(2).collect();
    let expected: Vec<String> =
        products.iter().flat_map(|product| [format!("{product} fit"), format!("{product} intent")]).collect();
    assert_eq!(names, expected);
    for (section, product) in found.sections.iter().skip(1).step_by(2).zip(products) {
        assert_eq!(section.positives, first_buyers(&path.join("world"), product), "{product}");
        assert!(section.rows > 300 && section.rows < 1500, "{}", section.rows);
        let parts = |by: &str| -> u64 {
            section.slices.iter().filter(|slice| slice.by == by).map(|slice| slice.rows).sum()
        };
        assert_eq!((parts("tier"), parts("cluster")), (section.rows, section.rows));
    }
    let measured = |section: &&Section| section.quality.is_some();
    assert!(found.sections.iter().filter(measured).count() >= 2);
}

/// Accounts known before 2025-07-01 whose first purchase of the product is within the three months after it, straight
/// from the files.
fn first_buyers(world: &Path, product: &str) -> u64 {
    let rows = |table: &str| {
        let mut reader = csv::Reader::from_path(world.join(format!("{table}.csv"))).unwrap();
        let header = reader.headers().unwrap().clone();
        let column = move |name: &str| header.iter().position(|column| column == name).unwrap();
        (reader.into_records().map(Result::unwrap).collect::<Vec<_>>(), column)
    };
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let (accounts, column) = rows("accounts");
    for row in &accounts {
        let at = row[column("known_at")].to_owned();
        let first = known.entry(row[column("account_id")].to_owned()).or_insert_with(|| at.clone());
        *first = at.min(first.clone());
    }
    let mut first: BTreeMap<String, String> = BTreeMap::new();
    let mut bought = |account: &str, date: &str| {
        let date = date.to_owned();
        let earliest = first.entry(account.to_owned()).or_insert_with(|| date.clone());
        *earliest = date.min(earliest.clone());
    };
    let (transactions, column) = rows("transactions");
    for row in transactions.iter().filter(|row| &row[column("product")] == product) {
        if row[column("amount")].parse::<f64>().unwrap_or(0.0) > 0.0 {
            bought(&row[column("account_id")], &row[column("date")]);
        }
    }
    let (opportunities, column) = rows("opportunities");
    for row in opportunities.iter().filter(|row| &row[column("product")] == product) {
        if &row[column("substatus")] == "Won" {
            bought(&row[column("account_id")], &row[column("closed_at")]);
        }
    }
    let within = |(account, date): &(&String, &String)| {
        (&date[..10] >= "2025-07-01")
            && (&date[..10] < "2025-10-01")
            && known.get(*account).is_some_and(|known| &known[..10] < "2025-07-01")
    };
    first.iter().filter(within).count() as u64
}

#[test]
fn a_horizon_that_has_not_passed_and_a_model_from_the_future_are_refused() {
    let path = world();
    let ask = |date: &str| {
        refused(path, &["evaluate", "world", "--model", "run/model.json", "--as-of", date, "--out", "never"])
    };
    let log = ask("2025-12-01");
    assert!(log.contains("error[E_HORIZON]") && log.contains("ends on 2026-03-01"), "{log}");
    let log = ask("2025-06-01");
    assert!(log.contains("error[E_MODEL_OF_LATER_DATE]"), "{log}");
    let log = refused(path, &["evaluate", "world", "--model", "run/model.json", "--out", "never"]);
    assert!(log.contains("error[E_USAGE]") && log.contains("--as-of DATE"), "{log}");
    assert!(!path.join("never").exists());
}
