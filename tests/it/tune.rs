//! `propensity tune`: trials are drawn by seed, kept on disk, and held against the spec as it stands.

use std::fs;
use std::path::Path;

use propensity::spec::Spec;

use crate::small_world::{propensity, small_world, succeeds};

const ARGS: [&str; 7] = ["tune", "world", "--as-of", "2026-01-01", "--spec", "spec.toml", "--trials"];

/// What a search printed, without the seconds that it took.
fn table(text: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<String>>();
    text.lines()
        .map(cells)
        .filter(|cells| cells.get(2).is_some_and(|cell| cell == "%"))
        .map(|mut cells| {
            cells.remove(3);
            cells
        })
        .collect()
}

#[test]
fn a_search_repeats_goes_on_where_it_was_stopped_and_writes_a_sound_spec() {
    let folder = small_world("1200", "31");
    let folder = folder.path();
    let spec =
        fs::read_to_string(folder.join("spec.toml")).unwrap().replace("snapshots = 9", "snapshots = 4");
    fs::write(folder.join("spec.toml"), spec).unwrap();
    let told = succeeds(folder, &[&ARGS[..], &["4", "--out", "tuned"]].concat());
    let rows = table(&told);
    assert_eq!(rows.len(), 4, "{told}");
    assert!(
        rows.iter().any(|row| row.ends_with(&["as".to_owned(), "it".to_owned(), "stands".to_owned()])),
        "{told}"
    );
    // Of four, the spec as it stands and two others train on half of the accounts, and it and one on all.
    let shares: Vec<&str> = rows.iter().map(|row| row[1].as_str()).collect();
    assert_eq!(shares, ["100", "100", "50", "25"], "{told}");
    let noise = told.contains("within noise")
        || told.contains("is better than the spec")
        || told.contains("No trial");
    assert!(noise, "{told}");

    // Everything but one result is there already: the search ends as before.
    fs::remove_file(folder.join("tuned/trials/rung2-trial000.json")).unwrap();
    let again = succeeds(folder, &[&ARGS[..], &["4", "--out", "tuned", "--threads", "2"]].concat());
    assert_eq!(table(&again), rows, "{again}");

    let chosen = Spec::load(&folder.join("tuned/spec.toml")).unwrap();
    let given = Spec::load(&folder.join("spec.toml")).unwrap();
    assert_eq!(
        Spec { training: given.training, ..chosen },
        given,
        "nothing but the settings of training changes"
    );

    let output = propensity(folder, &[&ARGS[..], &["4", "--out", "tuned", "--seed", "9"]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("E_TUNE_OTHER_SEARCH"));
    let output = propensity(folder, &[&ARGS[..], &["1", "--out", "one"]].concat());
    assert!(String::from_utf8_lossy(&output.stderr).contains("E_TUNE_TRIALS"));
    assert!(!Path::new(&folder.join("one")).exists());
}
