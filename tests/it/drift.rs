//! `propensity drift`: a baseline in the model file, levels, and a gate.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Output;
use std::sync::OnceLock;

use propensity::drift::{DriftReport, Level};
use propensity::pipeline::Pipeline;
use tempfile::TempDir;

use crate::small_world::{propensity, small_world, succeeds};

/// A world of 1,500 accounts as CSV, and a line of two products that was trained in the middle of it.
fn world() -> &'static Path {
    static WORLD: OnceLock<TempDir> = OnceLock::new();
    WORLD
        .get_or_init(|| {
            let folder = small_world("1500", "8");
            let run = ["run", "world", "--as-of", "2025-09-01", "--spec", "spec.toml", "--out", "run", "-q"];
            succeeds(folder.path(), &run);
            folder
        })
        .path()
}

fn drift(args: &[&str]) -> Output {
    propensity(world(), &[&["drift", "world", "--model", "run/model.json"], args].concat())
}

fn report(name: &str, args: &[&str]) -> DriftReport {
    let path = world().join(name);
    let output = drift(&[args, &["--out", path.to_str().unwrap(), "--overwrite"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn nothing_moves_on_the_day_of_training_and_time_moves_something() {
    let same = report("same.json", &["--as-of", "2025-09-01", "--fail-on", "watch"]);
    assert_eq!(same.level, Level::Stable);
    assert!(same.features.iter().all(|feature| feature.psi == 0.0 && feature.level == Level::Stable));
    assert!(same.models.iter().all(|model| model.score_psi == 0.0 && model.band_psi == 0.0));
    let names: Vec<&str> = same.models.iter().map(|model| model.model.as_str()).collect();
    assert_eq!(names, ["azure fit", "azure intent", "m365 fit", "m365 intent"]);
    let weights: f64 = same.features.iter().map(|feature| feature.weight).sum();
    assert!(weights == 0.0 || (weights - 1.0).abs() < 1e-9, "{weights}");

    let later = report("later.json", &["--as-of", "2025-12-01"]);
    assert!(later.features.iter().any(|feature| feature.psi > 0.0));
    assert!(later.features.is_sorted_by(|a, b| a.psi >= b.psi));
    assert!(later.accounts.now >= later.accounts.before);
    for threads in ["1", "3"] {
        let again = ["--as-of", "2025-12-01", "--threads", threads, "--chunk-rows", "97"];
        assert_eq!(report("again.json", &again), later);
    }
}

#[test]
fn the_baseline_is_part_of_the_file_and_old_files_have_none() {
    let path = world().join("run/model.json");
    let (_, line) = Pipeline::load(&path).unwrap();
    let baseline = line.baseline().unwrap();
    assert_eq!(baseline.as_of, line.as_of());
    assert_eq!(baseline.accounts, line.manifest().n_accounts);
    for counts in &baseline.features {
        assert_eq!(counts.iter().sum::<u64>(), baseline.accounts);
    }
    for product in &baseline.products {
        assert_eq!(product.fit.bands.iter().sum::<u64>(), baseline.accounts);
        assert_eq!(product.intent.scores.iter().sum::<u64>(), baseline.accounts);
    }
    assert!(line.to_bytes().unwrap().1 == fs::read(&path).unwrap());
    // A profile of another line is refused.
    let old = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/reference/cloudascent.json");
    let (_, reference) = Pipeline::load(&old).unwrap();
    assert!(reference.clone().with_baseline(baseline.clone()).is_err());

    if reference.baseline().is_none() {
        let args = ["drift", "world", "--as-of", "2026-01-01", "--model", old.to_str().unwrap()];
        let output = propensity(world(), &args);
        let log = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{log}");
        assert!(log.contains("error[E_DRIFT_NO_BASELINE]"), "{log}");
    }
}

#[test]
fn a_feed_that_is_gone_is_an_alarm() {
    let broken = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(world().join("world")).unwrap().map(Result::unwrap) {
        if entry.path().extension().is_some_and(|kind| kind == "csv") {
            fs::copy(entry.path(), broken.path().join(entry.file_name())).unwrap();
        }
    }
    // Nobody has a headcount any more, and every technology has a name that was never seen.
    let accounts = broken.path().join("accounts.csv");
    let text = fs::read_to_string(&accounts).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let place = header.split(',').position(|name| name == "employees").unwrap();
    let mut emptied = format!("{header}\n");
    for row in rows.lines() {
        let mut cells: Vec<&str> = row.split(',').collect();
        // A quoted name may hold a comma; such rows stay as they are.
        if cells.len() == header.split(',').count() {
            cells[place] = "";
        }
        writeln!(emptied, "{}", cells.join(",")).unwrap();
    }
    fs::write(&accounts, emptied).unwrap();
    fs::remove_file(broken.path().join("signals.csv")).unwrap();
    fs::remove_file(broken.path().join("installs.csv")).unwrap();
    let source = broken.path().to_str().unwrap();
    let args =
        ["drift", source, "--model", "run/model.json", "--as-of", "2025-09-01", "--out", "broken.json"];
    let output = propensity(world(), &[&args[..], &["--overwrite", "--fail-on", "act"]].concat());
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{log}");
    assert!(log.contains("error[E_DRIFT]: drift has come to act"), "{log}");
    let report: DriftReport =
        serde_json::from_slice(&fs::read(world().join("broken.json")).unwrap()).unwrap();
    let employees = report.features.iter().find(|feature| feature.feature.contains("employees")).unwrap();
    assert!(employees.missing.now > 0.9 && employees.level == Level::Act, "{employees:?}");
    let acts = report.features.iter().filter(|feature| feature.level == Level::Act).count();
    assert!(acts > 20, "{acts}");
    // Without the gate the same report is told and nothing is wrong.
    assert!(propensity(world(), &[&args[..], &["--overwrite"]].concat()).status.success());
}

#[test]
fn a_run_finds_its_drift_while_it_scores() {
    let run = |out: &str, model: &str, args: &[&str]| {
        let fixed = ["run", "world", "--as-of", "2025-12-01", "--model", model, "--out", out, "-q"];
        succeeds(world(), &[&fixed[..], args].concat());
        world().join(out).join("drift.json")
    };
    let found = fs::read(run("scored", "run/model.json", &["--threads", "1"])).unwrap();
    let chunks = ["--threads", "3", "--chunk-rows", "97"];
    assert!(found == fs::read(run("chunks", "run/model.json", &chunks)).unwrap());
    // A pass over the tables for drift alone finds the same, byte by byte.
    let own = report("own.json", &["--as-of", "2025-12-01"]);
    assert!(found == fs::read(world().join("own.json")).unwrap());
    let trained: DriftReport =
        serde_json::from_slice(&fs::read(world().join("run/drift.json")).unwrap()).unwrap();
    assert_eq!((trained.level, trained.as_of, trained.feature_psi), (Level::Stable, trained.trained, 0.0));

    // The gate reads it from the run.
    let gate = |args: &[&str]| {
        let output = propensity(world(), &[&["drift"], args].concat());
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for (name, level) in [("watch", Level::Watch), ("act", Level::Act)] {
        let expected = i32::from(own.level >= level);
        assert_eq!(gate(&["scored", "--fail-on", name]).0, Some(expected), "{name} at {}", own.level);
    }
    assert_eq!(gate(&["scored", "--as-of", "2025-12-01", "-q"]).0, Some(0));
    let refused: [(&[&str], &str); 4] = [
        (&["scored", "--as-of", "2025-11-01"], "the run is of 2025-12-01"),
        (&["scored", "--model", "run/model.json"], "error[E_USAGE]: a run has its own model"),
        (&["world", "--model", "run/model.json"], "error[E_USAGE]: give --as-of"),
        (&["world", "--as-of", "2025-12-01"], "error[E_USAGE]: give --model"),
    ];
    for (args, expected) in refused {
        let (code, log) = gate(args);
        assert!(code == Some(2) && log.contains(expected), "{args:?}: {log}");
    }
    fs::write(world().join("chunks/drift.json"), "{}").unwrap();
    let (code, log) = gate(&["chunks"]);
    assert!(code == Some(2) && log.contains("error[E_REPORT_RUN]"), "{log}");

    // A line without a baseline cannot tell, and leaves no report of an earlier run behind.
    let (_, line) = Pipeline::load(&world().join("run/model.json")).unwrap();
    let (spec, binning, manifest) = (line.spec(), line.binning(), line.manifest());
    let bare =
        Pipeline::try_new(spec.clone(), binning.clone(), line.products().to_vec(), manifest.clone()).unwrap();
    bare.save(&world().join("bare.json")).unwrap();
    assert!(!run("chunks", "bare.json", &["--overwrite"]).exists());
    let (code, log) = gate(&["chunks"]);
    assert!(code == Some(2) && log.contains("error[E_DRIFT_NO_BASELINE]"), "{log}");
}
