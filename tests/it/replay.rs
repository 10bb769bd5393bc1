//! Features of a world, built twice: what they may depend on, and what they may not, down to the last bit.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::Path;
use std::sync::OnceLock;

use propensity::features::{FeatureBuilder, account_row, definitions};
use propensity::matrix::{FeatureMatrix, FeatureValue};
use propensity::parallelism::Parallelism;
use propensity::quantity::AsOf;
use propensity::scoring::Chunking;
use propensity::seed::Seed;
use propensity::spec::Spec;
use propensity::tables::contract::TableName;
use propensity::tables::write::TableFormat;
use propensity::tables::{Dataset, ReadOptions};
use propensity::world::{Existing, Months, WorldParams, generate};
use tempfile::TempDir;

/// The past date at which features are built; the world goes on for eight months after it.
const THEN: &str = "2025-05-01";

/// A table as the rows of its CSV file.
struct Rows {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Rows {
    fn read(folder: &Path, table: TableName) -> Self {
        let mut reader = csv::Reader::from_path(folder.join(format!("{table}.csv"))).unwrap();
        let header = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
        Self { header, rows }
    }

    fn write(&self, folder: &Path, table: TableName) {
        let mut writer = csv::Writer::from_path(folder.join(format!("{table}.csv"))).unwrap();
        writer.write_record(&self.header).unwrap();
        self.rows.iter().for_each(|row| writer.write_record(row).unwrap());
        writer.flush().unwrap();
    }

    fn at(&self, column: &str) -> usize {
        self.header.iter().position(|name| name == column).unwrap()
    }

    /// A row with these cells; all others are empty.
    fn push(&mut self, cells: &[(&str, &str)]) {
        let cell = |name: &String| cells.iter().find(|(column, _)| column == name).map_or("", |cell| cell.1);
        self.rows.push(self.header.iter().map(|name| cell(name).to_owned()).collect());
    }
}

/// A world of 300 companies with every trap, and beside them companies that become known on the date and share the
/// domains of others, or have signals from before.
fn world() -> &'static Path {
    static WORLD: OnceLock<TempDir> = OnceLock::new();
    let folder = WORLD.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let accounts = 300.try_into().unwrap();
        let mut params = WorldParams::new(accounts, Months::try_from(24).unwrap(), Seed::new(5));
        params.format = TableFormat::Csv;
        generate(&params, folder.path(), Existing::Keep, &Parallelism::serial()).unwrap();
        let mut accounts = Rows::read(folder.path(), TableName::Accounts);
        let domain = accounts.at("domain");
        let shared: Vec<String> = accounts.rows.iter().take(30).map(|row| row[domain].clone()).collect();
        for (number, domain) in shared.iter().enumerate() {
            accounts.push(&[
                ("account_id", &format!("late-{number:02}")),
                ("domain", domain),
                ("known_at", THEN),
            ]);
        }
        accounts.push(&[
            ("account_id", "early-signals"),
            ("domain", "early.example.com"),
            ("known_at", THEN),
        ]);
        accounts.write(folder.path(), TableName::Accounts);
        let mut signals = Rows::read(folder.path(), TableName::Signals);
        for domain in shared.iter().map(String::as_str).chain(["www.example.com"]) {
            signals.push(&[
                ("domain", &format!("visitor@{domain}")),
                ("kind", "web_visit"),
                ("observed_at", "2025-04-20"),
                ("known_at", "2025-04-21"),
            ]);
        }
        signals.write(folder.path(), TableName::Signals);
        folder
    });
    folder.path()
}

/// The world with some of its tables changed; `None` leaves a table out.
fn changed(change: impl Fn(TableName, Rows) -> Option<Rows>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for table in TableName::ALL {
        if let Some(rows) = change(table, Rows::read(world(), table)) {
            rows.write(folder.path(), table);
        }
    }
    folder
}

fn read(folder: &Path) -> Dataset {
    Dataset::read(folder, None, &ReadOptions::default()).unwrap()
}

fn builder(dataset: &Dataset) -> FeatureBuilder {
    FeatureBuilder::try_new(&Spec::cloudascent().unwrap().features, dataset).unwrap()
}

fn then() -> AsOf {
    THEN.parse().unwrap()
}

/// A value to the last bit.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Bits {
    Missing,
    Number(u32),
    Level(String),
}

/// The values of every account, in the order of the features.
type Values = BTreeMap<String, Vec<Bits>>;

fn values(matrix: &FeatureMatrix) -> Values {
    let bits = |row: usize, feature: usize| match matrix.column(feature).value(row) {
        FeatureValue::Missing => Bits::Missing,
        FeatureValue::Number(number) => Bits::Number(number.to_bits()),
        FeatureValue::Level(level) => Bits::Level(level.to_owned()),
    };
    let row = |row: usize| (0..matrix.n_features()).map(|feature| bits(row, feature)).collect();
    matrix.ids().iter().enumerate().map(|(at, id)| (id.clone(), row(at))).collect()
}

/// The features of all accounts of a folder on the date.
fn features(folder: &Path) -> Values {
    let dataset = read(folder);
    values(&builder(&dataset).build(&dataset, 0..dataset.accounts().len(), then()).unwrap())
}

/// Asserts that two values of features are the same for every account of `expected`.
fn assert_same(found: &Values, expected: &Values) {
    let names: Vec<String> = definitions(&Spec::cloudascent().unwrap().features)
        .into_iter()
        .map(|definition| definition.recipe.name)
        .collect();
    for (account, expected) in expected {
        for ((name, found), expected) in names.iter().zip(&found[account]).zip(expected) {
            assert_eq!(found, expected, "{name} of {account}");
        }
    }
}

#[test]
fn training_and_scoring_see_the_same_bits() {
    // As training does: a past date, in blocks, on threads, from tables that know what came later.
    let whole = read(world());
    let in_blocks = builder(&whole);
    let chunking = Chunking {
        chunk_rows: NonZeroUsize::new(37).unwrap(),
        parallelism: Parallelism::threads(NonZeroUsize::new(2).unwrap()).unwrap(),
    };
    let mut trained = Values::new();
    let build = |rows: Range<usize>| in_blocks.build(&whole, rows, then());
    chunking
        .in_order(whole.accounts().len(), build, |matrix| {
            trained.extend(values(&matrix));
            Ok(())
        })
        .unwrap();

    // As scoring did then: one account after the other, from tables that end the day before.
    let mut cut = 0;
    let past = changed(|table, mut rows| {
        let known_at = rows.at("known_at");
        let stand_in = rows.at(table.contract().known_at_fallback);
        let before = rows.rows.len();
        // Times are in UTC, so their first ten characters are their day; an empty one is always known.
        rows.rows.retain(|row| {
            let time = if row[known_at].is_empty() { &row[stand_in] } else { &row[known_at] };
            time.get(..10).is_none_or(|day| day < THEN)
        });
        assert!(rows.rows.len() < before, "no row of {table} is later than the date");
        Some(rows)
    });
    let past = read(past.path());
    let alone = builder(&past);
    for (account, id) in past.accounts().iter().enumerate() {
        let scored = values(&alone.build(&past, account..account + 1, then()).unwrap());
        assert_same(&trained, &scored);
        cut += usize::from(scored[id].iter().any(|value| *value != Bits::Missing));
    }
    assert!(cut > 200, "only {cut} accounts have features");

    // The accounts that the past tables lack are those that nobody knew then, and what was joined to them by domain was
    // not known to be theirs.
    for (account, id) in whole.accounts().iter().enumerate() {
        let known = account_row(&whole, account, then()).unwrap().is_some();
        assert_eq!(known, past.accounts().contains(id), "{id}");
    }
    assert_eq!(trained["early-signals"], trained["late-00"]);
    let later = builder(&whole).build(&whole, 0..whole.accounts().len(), "2025-05-02".parse().unwrap());
    let later = values(&later.unwrap());
    assert_ne!(later["early-signals"], later["late-00"], "a day later it is theirs");
}

#[test]
fn a_signal_known_later_changes_no_feature_and_one_about_later_may() {
    let expected = features(world());
    let planted = |known_at: &str| {
        changed(|table, mut rows| {
            if table == TableName::Signals {
                let accounts = Rows::read(world(), TableName::Accounts);
                let (id, domain) = (accounts.at("account_id"), accounts.at("domain"));
                for account in accounts.rows.iter().take(50) {
                    for (column, cell) in [("account_id", &account[id]), ("domain", &account[domain])] {
                        rows.push(&[
                            (column, if cell.is_empty() { "nobody.example.com" } else { cell }),
                            ("kind", "funding"),
                            ("topic", "crm"),
                            ("observed_at", "2025-04-29"),
                            ("event_at", "2025-05-20"),
                            ("intensity", "9"),
                            ("known_at", known_at),
                        ]);
                    }
                }
            }
            Some(rows)
        })
    };
    for known_at in ["2025-05-01", "2025-05-01T00:00:00Z", "2025-12-24T10:00:00Z"] {
        assert_same(&features(planted(known_at).path()), &expected);
    }
    // A moment earlier it was known, and that the event lies ahead is no reason not to see it.
    let seen = features(planted("2025-04-30T23:59:59Z").path());
    let changed = expected.iter().filter(|(account, values)| seen[*account] != **values).count();
    assert!(changed >= 40, "{changed} accounts have other features");
}

#[test]
fn columns_that_only_the_outcome_fills_are_ignored_and_told() {
    let expected = features(world());
    let added = changed(|table, mut rows| {
        rows.header.extend(["won_at".to_owned(), "next_quarter_revenue".to_owned()]);
        for (at, row) in rows.rows.iter_mut().enumerate() {
            row.extend(["2025-06-15".to_owned(), format!("{}", at * 1000)]);
        }
        // What leaks must not get in by its place either.
        rows.header.rotate_right(2);
        rows.rows.iter_mut().for_each(|row| row.rotate_right(2));
        assert_ne!(table.contract().columns[0].name, rows.header[0]);
        Some(rows)
    });
    let dataset = read(added.path());
    for table in TableName::ALL {
        let mut notes = dataset.notes().iter().filter(|note| note.table == table);
        let note = notes.find(|note| note.code == "N_COLUMN_IGNORED").unwrap();
        assert!(note.text.contains("won_at") && note.text.contains("next_quarter_revenue"), "{}", note.text);
    }
    assert_same(&features(added.path()), &expected);
}

#[test]
fn a_table_that_is_absent_takes_its_own_features_and_no_others() {
    let expected = features(world());
    let definitions = definitions(&Spec::cloudascent().unwrap().features);
    for absent in TableName::ALL.into_iter().filter(|table| *table != TableName::Accounts) {
        let without = changed(|table, rows| (table != absent).then_some(rows));
        let dataset = read(without.path());
        let told = dataset.notes().iter().find(|note| note.table == absent).unwrap();
        assert_eq!((told.code, told.count), ("N_TABLE_ABSENT", 1));
        assert!(told.text.contains("will be missing"), "{}", told.text);

        let mut taken = 0;
        for (account, found) in features(without.path()) {
            for ((definition, found), expected) in definitions.iter().zip(&found).zip(&expected[&account]) {
                let name = &definition.recipe.name;
                if definition.tables == [absent] {
                    assert_eq!(*found, Bits::Missing, "{name} of {account} without {absent}");
                    taken += usize::from(*expected != Bits::Missing);
                } else if !definition.tables.contains(&absent) {
                    assert_eq!(found, expected, "{name} of {account} without {absent}");
                }
            }
        }
        assert!(taken > 0, "no feature is made from {absent} alone");
    }
}
