//! The main job on public data that nobody here wrote, through the shipped mappings. Skipped where the data is absent.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use propensity::report::RunRecord;
use propensity::tables::raw::{Cell, CsvFormat, RawTable};

/// A shared data set, or a line that says it is absent.
fn shared(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("PROPENSITY_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let folder = root.join("data").join(name);
    if !folder.exists() {
        println!("skipped: {} is not there", folder.display());
        return None;
    }
    Some(folder)
}

/// Runs the main job with the mapping and the spec called `name`; returns its record, its words and its scores.
fn run(name: &str, as_of: &str) -> Option<(RunRecord, String, Vec<[String; 3]>)> {
    let source = shared(name)?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let output = Command::new(env!("CARGO_BIN_EXE_propensity"))
        .arg("run")
        .arg(source)
        .arg("--mapping")
        .arg(root.join(format!("models/mappings/{name}.toml")))
        .arg("--spec")
        .arg(root.join(format!("models/{name}.toml")))
        .args(["--as-of", as_of, "--out"])
        .arg(&out)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let record: RunRecord = serde_json::from_slice(&fs::read(out.join("run.json")).unwrap()).unwrap();
    let scores = scores(&out.join(format!("scores/as_of={as_of}/part-000.parquet")));
    Some((record, String::from_utf8(output.stdout).unwrap(), scores))
}

/// Product, fit score and intent score of every row.
fn scores(path: &Path) -> Vec<[String; 3]> {
    let mut table = RawTable::open(path, &CsvFormat::default()).unwrap();
    let wanted = ["product", "fit_score", "intent_score"]
        .map(|name| table.header().iter().position(|column| column == name).unwrap());
    let text = |cell: Cell<'_>| match cell {
        Cell::Text(text) => text.to_owned(),
        Cell::Number(number) => number.to_string(),
        other => panic!("expected text or a number, found {other:?}"),
    };
    let mut rows = Vec::new();
    while let Some(batch) = table.next_batch().unwrap() {
        rows.extend((0..batch.n_rows()).map(|row| wanted.map(|column| text(batch.cell(row, column)))));
    }
    rows
}

#[test]
fn a_crm_export_without_signal_is_called_that_and_its_scores_stay_together() {
    let Some((record, words, scores)) = run("maven_crm", "2018-01-01") else { return };
    assert_eq!(record.accounts, 85);
    assert_eq!(scores.len(), 85 * 7);
    for evidence in &record.model.evidence {
        assert!(evidence.fit.starts_with("no signal"), "{evidence:?}");
        assert!(evidence.intent.starts_with("no signal"), "{evidence:?}");
    }
    assert!(words.contains("all scores stay together"), "{words}");
    assert!(words.contains("No ranking: neither model found a signal"), "{words}");
    let distinct: BTreeSet<&[String; 3]> = scores.iter().collect();
    assert_eq!(distinct.len(), 7, "one pair of scores per product: {distinct:?}");
}

#[test]
fn a_shop_finds_who_comes_back() {
    let Some((record, _, scores)) = run("online_retail", "2011-12-10") else { return };
    assert_eq!(record.accounts, 4372);
    assert_eq!(scores.len(), 4372);
    let evidence = &record.model.evidence[0];
    assert!(evidence.intent.starts_with("signal found"), "{evidence:?}");
    // All that is left for fit is the country of the customer.
    assert!(evidence.fit.starts_with("no signal"), "{evidence:?}");
    let distinct: BTreeSet<&String> = scores.iter().map(|row| &row[2]).collect();
    assert!(distinct.len() > 100, "intent tells customers apart: {}", distinct.len());
}
