//! Features on disk: the same values as in memory, the same bytes however they are built, and nothing built twice.

use std::collections::BTreeMap;
use std::fs;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};

use propensity::error::Coded;
use propensity::feature_store::{Built, FeatureStore, FeatureStoreError, Manifest, Parts};
use propensity::features::{FeatureBuilder, account_row};
use propensity::matrix::FeatureValue;
use propensity::parallelism::Parallelism;
use propensity::progress::Unwatched;
use propensity::quantity::AsOf;
use propensity::seed::Seed;
use propensity::spec::Spec;
use propensity::tables::raw::{Cell, CsvFormat, RawTable};
use propensity::tables::write::TableFormat;
use propensity::tables::{Dataset, ReadOptions};
use propensity::world::{Existing, Months, WorldParams, generate};
use tempfile::TempDir;

const DATES: [&str; 3] = ["2025-06-01", "2025-12-31", "2026-01-01"];

fn dates() -> Vec<AsOf> {
    DATES.iter().map(|date| date.parse().unwrap()).collect()
}

/// A world of 400 accounts as CSV.
fn world() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let accounts = NonZeroU64::new(400).unwrap();
    let params = WorldParams::new(accounts, Months::try_from(24).unwrap(), Seed::new(5));
    let params = WorldParams { format: TableFormat::Csv, ..params };
    generate(&params, folder.path(), Existing::Keep, &Parallelism::serial()).unwrap();
    folder
}

struct How {
    threads: usize,
    memory_limit: Option<u64>,
    parts: Parts,
    overwrite: bool,
}

impl Default for How {
    fn default() -> Self {
        Self { threads: 1, memory_limit: None, parts: Parts::ONE, overwrite: false }
    }
}

fn build(source: &Path, out: &Path, how: &How) -> Result<Built, FeatureStoreError> {
    let spec = Spec::cloudascent().unwrap();
    let store = FeatureStore {
        spec: &spec.features,
        dates: &dates(),
        out,
        parts: how.parts,
        overwrite: how.overwrite,
        read: ReadOptions {
            parallelism: Parallelism::threads(NonZeroUsize::new(how.threads).unwrap()).unwrap(),
            ..ReadOptions::default()
        },
        memory_limit: how.memory_limit,
    };
    store.build(source, None, &Unwatched)
}

/// The bytes of every part of every date.
fn parts(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for date in DATES {
        for entry in fs::read_dir(out.join(format!("features/as_of={date}"))).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.starts_with("part-") {
                files.insert(format!("{date}/{name}"), fs::read(path).unwrap());
            }
        }
    }
    files
}

/// Every cell of a part by account and feature, numbers by their bits.
fn cells(path: PathBuf) -> BTreeMap<String, Vec<String>> {
    let mut table = RawTable::open(path, &CsvFormat::default()).unwrap();
    let width = table.header().len();
    let mut rows = BTreeMap::new();
    while let Some(batch) = table.next_batch().unwrap() {
        for row in 0..batch.n_rows() {
            let Cell::Text(id) = batch.cell(row, 0) else { panic!("no id") };
            let cell = |column| match batch.cell(row, column) {
                Cell::Missing => "missing".to_owned(),
                Cell::Number(number) => format!("{:08x}", (number as f32).to_bits()),
                Cell::Text(text) => text.to_owned(),
                other => panic!("{other:?}"),
            };
            rows.insert(id.to_owned(), (1..width).map(cell).collect());
        }
    }
    rows
}

#[test]
fn the_store_holds_what_scoring_and_training_see_bit_for_bit() {
    let world = world();
    let out = tempfile::tempdir().unwrap();
    build(world.path(), out.path(), &How::default()).unwrap();
    let dataset = Dataset::read(world.path(), None, &ReadOptions::default()).unwrap();
    let spec = Spec::cloudascent().unwrap();
    let builder = FeatureBuilder::try_new(&spec.features, &dataset).unwrap();
    let mut compared = 0;
    for as_of in dates() {
        let stored = cells(out.path().join(format!("features/as_of={as_of}/part-00000.parquet")));
        let mut expected = BTreeMap::new();
        for account in 0..dataset.accounts().len() {
            if account_row(&dataset, account, as_of).unwrap().is_none() {
                continue;
            }
            let matrix = builder.build(&dataset, account..account + 1, as_of).unwrap();
            let cell = |feature| match matrix.column(feature).value(0) {
                FeatureValue::Missing => "missing".to_owned(),
                FeatureValue::Number(number) => format!("{:08x}", number.to_bits()),
                FeatureValue::Level(level) => level.to_owned(),
            };
            let row: Vec<String> = (0..matrix.n_features()).map(cell).collect();
            compared += row.len();
            expected.insert(dataset.accounts()[account].clone(), row);
        }
        assert!(!expected.is_empty());
        assert!(stored == expected, "{as_of}");
    }
    assert!(compared > 100_000, "{compared} cells were compared");
}

#[test]
fn neither_threads_nor_memory_nor_parts_show() {
    let world = world();
    let built = |how: How| {
        let out = tempfile::tempdir().unwrap();
        build(world.path(), out.path(), &how).unwrap();
        parts(out.path())
    };
    let one = built(How::default());
    assert_eq!(one.len(), DATES.len());
    assert!(one == built(How { threads: 3, ..How::default() }));
    // A few rows at a time, so that rows come back in many pieces.
    for limit in [60_000, 1_000_000] {
        assert!(one == built(How { memory_limit: Some(limit), threads: 2, ..How::default() }), "{limit}");
    }
    let count = 8;
    let together = built(How { parts: Parts::try_new(count, None).unwrap(), ..How::default() });
    assert_eq!(together.len(), DATES.len() * count);
    let mut apart = BTreeMap::new();
    for part in 0..count {
        apart.extend(built(How { parts: Parts::try_new(count, Some(part)).unwrap(), ..How::default() }));
    }
    assert!(together == apart, "a part alone differs from the part among all");
}

#[test]
fn what_became_known_later_builds_nothing_again() {
    let world = world();
    let out = tempfile::tempdir().unwrap();
    build(world.path(), out.path(), &How::default()).unwrap();
    let before = parts(out.path());
    let (path, header) = (world.path().join("signals.csv"), "account_id,kind,observed_at,known_at");
    let folder = world.path().join("signals");
    fs::create_dir(&folder).unwrap();
    fs::rename(&path, folder.join("a.csv")).unwrap();
    // Seen before all dates, but known only from the last of them on; and known before the last, after the others.
    let accounts = fs::read_to_string(world.path().join("accounts.csv")).unwrap();
    let id = accounts.lines().nth(1).unwrap().split(',').next().unwrap();
    let late = format!("{id},web_visit,2025-05-01,2026-01-01\n{id},web_visit,2025-05-01,2026-02-01\n");
    fs::write(folder.join("b.csv"), format!("{header}\n{late}")).unwrap();
    let again = build(world.path(), out.path(), &How::default()).unwrap();
    assert!(again.dates.iter().all(|date| date.unchanged), "{:?}", again.dates);
    let replaced = build(world.path(), out.path(), &How { overwrite: true, ..How::default() }).unwrap();
    assert!(replaced.dates.iter().all(|date| date.unchanged));

    let then = format!("{id},web_visit,2025-05-01,2025-12-31\n");
    fs::write(folder.join("b.csv"), format!("{header}\n{late}{then}")).unwrap();
    let refused = build(world.path(), out.path(), &How::default()).unwrap_err();
    assert_eq!(refused.code(), "E_OUTPUT_EXISTS");
    assert!(refused.to_string().contains("as_of=2026-01-01"), "{refused}");
    assert!(parts(out.path()) == before, "a refusal changes nothing");
    let third = build(world.path(), out.path(), &How { overwrite: true, ..How::default() }).unwrap();
    let unchanged: Vec<bool> = third.dates.iter().map(|date| date.unchanged).collect();
    assert_eq!(unchanged, [true, true, false]);
    let after = parts(out.path());
    let differ: Vec<&String> = before.keys().filter(|name| before[*name] != after[*name]).collect();
    assert_eq!(differ, ["2026-01-01/part-00000.parquet"]);
}

#[test]
fn a_part_that_was_touched_is_built_again() {
    let world = world();
    let out = tempfile::tempdir().unwrap();
    build(world.path(), out.path(), &How::default()).unwrap();
    let before = parts(out.path());
    let folder = out.path().join("features/as_of=2025-12-31");
    fs::write(folder.join("part-00000.parquet"), "not what it was").unwrap();
    let again = build(world.path(), out.path(), &How { overwrite: true, ..How::default() }).unwrap();
    let unchanged: Vec<bool> = again.dates.iter().map(|date| date.unchanged).collect();
    assert_eq!(unchanged, [true, false, true]);
    assert!(parts(out.path()) == before);
    let manifest = fs::read_to_string(folder.join("_manifest.json")).unwrap();
    let manifest: Manifest = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest.as_of.to_string(), "2025-12-31");
    assert_eq!(manifest.accounts(), again.dates[1].accounts);
    assert_eq!(manifest.parts.len(), 1);
}

#[test]
fn faults_that_show_only_by_account_are_told_together_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<String> = (0..50).map(|id| format!("a{id},2025-01-01\n")).collect();
    let mut accounts = format!("account_id,valid_from\n{}", rows.concat());
    accounts.push_str("a3,2025-01-01\na40,2025-01-01\na40,2025-01-01\n");
    fs::write(folder.path().join("accounts.csv"), accounts).unwrap();
    let subscriptions =
        "account_id,product,month\na1,azure,2025-03-01\na2,azure,2025-03-01\na1,azure,2025-03-01\n";
    fs::write(folder.path().join("subscriptions.csv"), subscriptions).unwrap();
    let out = folder.path().join("out");
    let spec = Spec::cloudascent().unwrap();
    for memory_limit in [None, Some(20_000)] {
        let store = FeatureStore {
            spec: &spec.features,
            dates: &["2025-03-15".parse().unwrap()],
            out: &out,
            parts: Parts::ONE,
            overwrite: false,
            read: ReadOptions::default(),
            memory_limit,
        };
        let error = store.build(folder.path(), None, &Unwatched).unwrap_err();
        let whole = Dataset::read(folder.path(), None, &ReadOptions::default()).unwrap_err();
        assert_eq!(error.to_string(), whole.to_string());
        for part in ["3 bad rows, first row 51 (line 52)", "subscriptions", "1 bad row, first row 3"] {
            assert!(error.to_string().contains(part), "{part} in {error}");
        }
        assert!(!out.exists());
    }
}
