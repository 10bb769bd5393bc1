//! Stored models keep loading and keep their scores; what people see keeps its form.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use propensity::parallelism::Parallelism;
use propensity::pipeline::{Pipeline, PipelineError};
use propensity::progress::Unwatched;
use propensity::report::{ScoreRow, Summary};
use propensity::scoring::Chunking;
use propensity::tables::{Dataset, ReadOptions};
use propensity::wide::{ScoringOptions, WideModel};

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Scores the sample world by a stored line.
fn score(model: &str) -> (Pipeline, Vec<ScoreRow>) {
    let dataset = Dataset::read(at("data-samples"), None, &ReadOptions::default()).unwrap();
    let (_, pipeline) = Pipeline::load(&at(model)).unwrap();
    let chunking =
        Chunking { chunk_rows: NonZeroUsize::new(700).unwrap(), parallelism: Parallelism::serial() };
    let mut rows = Vec::new();
    let sink = |accounts: Vec<propensity::pipeline::ScoredAccount<'_>>| {
        rows.extend(accounts.iter().flat_map(|account| ScoreRow::of_account(account, pipeline.spec())));
        Ok::<_, PipelineError>(())
    };
    pipeline.score(&dataset, pipeline.as_of(), &chunking, &Unwatched, sink).unwrap();
    (pipeline, rows)
}

/// The scores of every fortieth row, as text.
fn scores_text(rows: &[ScoreRow]) -> String {
    let mut text = String::from("account_id,product,fit_score,intent_score,probability,cell\n");
    for row in rows.iter().step_by(41) {
        let cell = row.cell.as_deref().unwrap_or("");
        let (fit, intent, probability) =
            (row.fit_score.unwrap(), row.intent_score.unwrap(), row.probability.unwrap().value());
        let _ = writeln!(text, "{},{},{fit},{intent},{probability},{cell}", row.account_id, row.product);
    }
    text
}

/// Compares with a stored file; `PROPENSITY_WRITE_FIXTURES=1` writes it where there is none.
fn assert_stored(path: &str, found: &str) {
    let path = at(path);
    if !path.exists() && std::env::var_os("PROPENSITY_WRITE_FIXTURES").is_some() {
        fs::write(&path, found).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap();
    assert!(stored == found, "{} differs from what is scored now", path.display());
}

#[test]
fn a_line_of_format_version_1_keeps_its_scores() {
    let (_, rows) = score("models/compat/v1_pipeline.json");
    assert_stored("models/compat/v1_pipeline_scores.csv", &scores_text(&rows));
}

#[test]
fn a_wide_model_of_format_version_1_keeps_its_scores() {
    let (_, model) = WideModel::load(&at("models/compat/v1_wide.json")).unwrap();
    let table = at("models/compat/v1_wide_cases.csv");
    let mut scores = Vec::new();
    model.score(&table, &mut scores, &ScoringOptions::default(), &Parallelism::serial()).unwrap();
    assert_stored("models/compat/v1_wide_scores.csv", &String::from_utf8(scores).unwrap());
}

#[test]
fn the_summary_keeps_its_form() {
    let (pipeline, rows) = score("models/reference/cloudascent.json");
    let mut summary = Summary::new(&pipeline);
    summary.add(&rows);
    insta::assert_snapshot!("summary", summary.text(&pipeline));
}

#[test]
fn the_reference_line_fits_the_shipped_spec() {
    let (_, pipeline) = Pipeline::load(&at("models/reference/cloudascent.json")).unwrap();
    let shipped = propensity::spec::Spec::cloudascent().unwrap();
    assert_eq!(pipeline.spec(), &shipped, "the spec has changed since the reference line was trained");
    let (_, again) = pipeline.to_bytes().unwrap();
    assert!(again == fs::read(at("models/reference/cloudascent.json")).unwrap(), "saving changes the file");
}

#[test]
fn every_account_is_placed_by_its_fit_alone() {
    let (_, rows) = score("models/reference/cloudascent.json");
    let mut clusters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in &rows {
        let band = row.fit_band.map_or_else(String::new, |band| band.to_string());
        let cluster = row.cluster.to_string();
        let seen = clusters.entry(band).or_default();
        if !seen.contains(&cluster) {
            seen.push(cluster);
        }
    }
    let expected = [("High", "Act Now"), ("Low", "Nurture"), ("Medium", "Evaluate"), ("Very Low", "Educate")];
    let expected = expected.map(|(band, cluster)| (band.to_owned(), vec![cluster.to_owned()]));
    assert_eq!(clusters, expected.into());
}
