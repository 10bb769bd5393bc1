//! The generated world: the same bytes for any threads, traps that do what they say, truth that is true.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot read its own world has failed"
)]

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;

use assert_cmd::Command;
use polars::prelude::{DataFrame, ParquetReader, SerReader};
use propensity::parallelism::Parallelism;
use propensity::seed::Seed;
use propensity::tables::contract::TableName;
use propensity::tables::write::TableFormat;
use propensity::world::{Existing, Months, Trap, TrapSet, WorldParams, WorldSummary, generate};

fn params(accounts: u64, months: u16, traps: TrapSet) -> WorldParams {
    let mut params =
        WorldParams::new(accounts.try_into().unwrap(), Months::try_from(months).unwrap(), Seed::new(11));
    params.format = TableFormat::Csv;
    params.traps = traps;
    params
}

fn write(params: &WorldParams, folder: &Path) -> WorldSummary {
    generate(params, folder, Existing::Keep, &Parallelism::serial()).unwrap()
}

/// Every file below a folder, by its path.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in glob::glob(&format!("{}/**/*", folder.display())).unwrap() {
        let path = entry.unwrap();
        if path.is_file() {
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            files.insert(name, std::fs::read(path).unwrap());
        }
    }
    files
}

/// A table of a world: its header and its rows.
struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn read(folder: &Path, table: TableName) -> Self {
        let path = folder.join(table.as_str()).with_extension("csv");
        let mut reader = csv::Reader::from_path(path).unwrap();
        let header = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
        Self { header, rows }
    }

    fn at(&self, column: &str) -> usize {
        self.header.iter().position(|name| name == column).unwrap()
    }

    fn cells(&self, column: &str) -> impl Iterator<Item = &str> {
        let at = self.at(column);
        self.rows.iter().map(move |row| row[at].as_str())
    }

    fn numbers(&self, column: &str) -> Vec<f64> {
        self.cells(column).map(|cell| cell.parse().unwrap()).collect()
    }
}

fn parquet(folder: &Path, name: &str) -> DataFrame {
    ParquetReader::new(std::fs::File::open(folder.join(name)).unwrap()).finish().unwrap()
}

#[test]
fn threads_do_not_show_in_any_file() {
    let folder = tempfile::tempdir().unwrap();
    let run = |threads: &str| {
        let out = folder.path().join(threads);
        Command::cargo_bin("propensity")
            .unwrap()
            .env("POLARS_MAX_THREADS", threads)
            .args(["generate", "--accounts", "2500", "--months", "8", "--seed", "3", "--threads", threads])
            .arg("--out")
            .arg(&out)
            .assert()
            .success();
        files(&out)
    };
    let (one, two) = (run("1"), run("2"));
    assert_eq!(one.len(), 7 + 3 + 1);
    for (name, bytes) in &one {
        assert!(two[name] == *bytes, "{name} differs");
    }
    let other = folder.path().join("other seed");
    let mut params = params(50, 2, TrapSet::all());
    params.seed = Seed::new(4);
    write(&params, &other);
    assert_ne!(files(&other)["accounts.csv"], one["accounts.parquet"]);
}

/// Optional columns that companies of the world do not have: they only serve to match lists.
const NOT_IN_THE_WORLD: [&str; 2] = ["phone", "street_address"];

#[test]
fn columns_are_those_of_the_contracts() {
    let folder = tempfile::tempdir().unwrap();
    write(&params(60, 12, TrapSet::none()), &folder.path().join("world"));
    for table in TableName::ALL {
        let found = Table::read(&folder.path().join("world"), table).header;
        let columns = table.contract().columns.iter().map(|column| column.name);
        let contract: Vec<&str> = columns.filter(|name| !NOT_IN_THE_WORLD.contains(name)).collect();
        assert_eq!(found, contract, "{table}");
    }
}

/// The cells that differ between two tables of equal length, as (row, column).
fn differences(plain: &Table, trapped: &Table) -> Vec<(usize, String)> {
    assert_eq!(plain.header, trapped.header);
    assert_eq!(plain.rows.len(), trapped.rows.len());
    let mut found = Vec::new();
    for (at, (a, b)) in plain.rows.iter().zip(&trapped.rows).enumerate() {
        let columns = plain.header.iter().zip(a.iter().zip(b)).filter(|(_, (a, b))| a != b);
        found.extend(columns.map(|(name, _)| (at, name.clone())));
    }
    found
}

/// A world without any trap, the world with one trap, and what the summary says the trap touched.
fn with_one(trap: Trap, test: impl FnOnce(&Path, &Path, u64)) {
    let folder = tempfile::tempdir().unwrap();
    let (plain, trapped) = (folder.path().join("plain"), folder.path().join("trapped"));
    write(&params(400, 9, TrapSet::none()), &plain);
    let summary = write(&params(400, 9, TrapSet::none().with(trap)), &trapped);
    assert_eq!(summary.traps.len(), 1);
    let (named, touched) = summary.traps[0];
    assert_eq!(named, trap);
    assert!(touched > 0, "{trap} touched nothing");
    test(&plain, &trapped, touched);
    let (plain, trapped) = (files(&plain), files(&trapped));
    for truth in ["truth/probabilities.parquet", "truth/traits.parquet"] {
        assert!(plain[truth] == trapped[truth], "{trap} changed {truth}");
    }
}

/// Asserts that the tables outside `touched` are the same bytes.
fn assert_untouched(plain: &Path, trapped: &Path, touched: &[TableName]) {
    let (plain, trapped) = (files(plain), files(trapped));
    for table in TableName::ALL.into_iter().filter(|table| !touched.contains(table)) {
        let name = format!("{table}.csv");
        assert!(plain[&name] == trapped[&name], "{name} changed");
    }
}

#[test]
fn backfilled_rows_change_known_at_alone() {
    with_one(Trap::BackfilledRows, |plain, trapped, touched| {
        let tables = [TableName::Signals, TableName::Installs, TableName::Transactions];
        assert_untouched(plain, trapped, &tables);
        let mut changed = 0;
        for table in tables {
            let (before, after) = (Table::read(plain, table), Table::read(trapped, table));
            for (row, column) in differences(&before, &after) {
                assert_eq!(column, "known_at");
                let at = before.at("known_at");
                let times = [&before, &after].map(|t| t.rows[row][at].parse::<jiff::Timestamp>().unwrap());
                let days = (times[1].as_second() - times[0].as_second()) / 86_400;
                assert!((60..=150).contains(&days), "{days}");
                changed += 1;
            }
        }
        assert_eq!(changed, touched);
    });
}

#[test]
fn post_outcome_columns_come_on_top() {
    with_one(Trap::PostOutcomeColumns, |plain, trapped, touched| {
        assert_untouched(plain, trapped, &[TableName::Accounts, TableName::Opportunities]);
        let mut filled = 0;
        for (table, column) in
            [(TableName::Accounts, "customer_since"), (TableName::Opportunities, "days_to_close")]
        {
            let (before, mut after) = (Table::read(plain, table), Table::read(trapped, table));
            assert_eq!(after.header.pop().as_deref(), Some(column));
            for row in &mut after.rows {
                filled += u64::from(row.pop().is_some_and(|cell| !cell.is_empty()));
            }
            assert!(differences(&before, &after).is_empty());
        }
        assert_eq!(filled, touched);
    });
}

#[test]
fn unseen_categories_appear_in_the_last_three_months() {
    with_one(Trap::UnseenCategories, |plain, trapped, touched| {
        assert_untouched(plain, trapped, &[TableName::Accounts, TableName::Signals]);
        let mut rows = std::collections::BTreeSet::new();
        for (table, columns, moment) in [
            (TableName::Signals, &["kind", "topic"][..], "observed_at"),
            (TableName::Accounts, &["industry_code", "industry_scheme", "vertical"], "valid_from"),
        ] {
            let (before, after) = (Table::read(plain, table), Table::read(trapped, table));
            let moments: Vec<&str> = before.cells(moment).collect();
            for (row, column) in differences(&before, &after) {
                assert!(columns.contains(&column.as_str()), "{table}.{column}");
                assert!(moments[row] >= "2024-07-01", "{}", moments[row]);
                rows.insert((table, row));
            }
        }
        assert_eq!(rows.len() as u64, touched);
    });
}

#[test]
fn duplicate_companies_are_rows_on_top() {
    with_one(Trap::DuplicateCompanies, |plain, trapped, touched| {
        assert_untouched(plain, trapped, &[TableName::Accounts, TableName::Installs]);
        let mut added = 0;
        for table in [TableName::Accounts, TableName::Installs] {
            let (before, mut after) = (Table::read(plain, table), Table::read(trapped, table));
            let (id, n_rows) = (after.at("account_id"), after.rows.len());
            after.rows.retain(|row| !row[id].ends_with("-B"));
            added += n_rows - after.rows.len();
            assert!(differences(&before, &after).is_empty());
        }
        assert_eq!(added as u64, touched);
    });
}

#[test]
fn usage_is_above_100_percent_only_where_the_trap_put_it() {
    with_one(Trap::UsageAbove100, |plain, trapped, touched| {
        assert_untouched(plain, trapped, &[TableName::Subscriptions]);
        let read = |folder| Table::read(folder, TableName::Subscriptions);
        let (before, after) = (read(plain), read(trapped));
        assert!(differences(&before, &after).iter().all(|(_, column)| column == "seats_active_28d"));
        let above = |table: &Table| {
            let (active, entitled) = (table.numbers("seats_active_28d"), table.numbers("seats_entitled"));
            active.iter().zip(entitled).filter(|&(&active, entitled)| active > entitled).count() as u64
        };
        assert_eq!((above(&before), above(&after)), (0, touched));
    });
}

#[test]
fn cancellations_reverse_an_earlier_transaction() {
    with_one(Trap::Cancellations, |plain, trapped, touched| {
        assert_untouched(plain, trapped, &[TableName::Transactions]);
        let read = |folder| Table::read(folder, TableName::Transactions);
        let (before, mut after) = (read(plain), read(trapped));
        let [account, product, date, amount] =
            ["account_id", "product", "date", "amount"].map(|column| before.at(column));
        let reversals: Vec<Vec<String>> =
            after.rows.iter().filter(|row| row[amount].starts_with('-')).cloned().collect();
        assert_eq!(reversals.len() as u64, touched);
        for reversal in &reversals {
            let reversed = |row: &&Vec<String>| {
                row[account] == reversal[account]
                    && row[product] == reversal[product]
                    && format!("-{}", row[amount]) == reversal[amount]
                    && row[date] < reversal[date]
            };
            assert!(before.rows.iter().any(|row| reversed(&row)), "{reversal:?}");
        }
        after.rows.retain(|row| !row[amount].starts_with('-'));
        assert!(differences(&before, &after).is_empty());
    });
}

#[test]
fn missing_blocks_empty_cells_and_weeks() {
    with_one(Trap::MissingBlocks, |plain, trapped, touched| {
        assert_untouched(plain, trapped, &[TableName::Accounts, TableName::Signals]);
        let read = |folder, table| Table::read(folder, table);
        let (before, after) = (read(plain, TableName::Accounts), read(trapped, TableName::Accounts));
        let mut emptied = std::collections::BTreeSet::new();
        for (row, column) in differences(&before, &after) {
            assert!(["employees", "annual_revenue", "currency"].contains(&column.as_str()), "{column}");
            assert!(after.rows[row][after.at(&column)].is_empty());
            assert!(["BR", "IN"].contains(&after.rows[row][after.at("country")].as_str()));
            emptied.insert(row);
        }
        let (before, after) = (read(plain, TableName::Signals), read(trapped, TableName::Signals));
        let removed = before.rows.len() - after.rows.len();
        let (kind, moment) = (before.at("kind"), before.at("observed_at"));
        let in_block = |row: &&Vec<String>| {
            row[kind] == "web_visit" && ("2024-04-01".."2024-04-22").contains(&row[moment].as_str())
        };
        assert_eq!(before.rows.iter().filter(in_block).count(), removed);
        assert_eq!(after.rows.iter().filter(in_block).count(), 0);
        assert_eq!((emptied.len() + removed) as u64, touched);
    });
}

#[test]
fn leaving_out_one_trap_leaves_the_tables_of_the_others() {
    let folder = tempfile::tempdir().unwrap();
    write(&params(300, 9, TrapSet::all()), &folder.path().join("all"));
    let all = files(&folder.path().join("all"));
    for (trap, touched) in [
        (Trap::UsageAbove100, &["subscriptions.csv"][..]),
        (Trap::Cancellations, &["transactions.csv"]),
        (Trap::UnseenCategories, &["signals.csv", "accounts.csv"]),
        (Trap::DuplicateCompanies, &["installs.csv", "accounts.csv"]),
    ] {
        let out = folder.path().join(trap.as_str());
        write(&params(300, 9, TrapSet::all().without(trap)), &out);
        for (name, bytes) in files(&out) {
            let may_differ = [touched, &["truth/traps.json", "world.json"]].concat().contains(&name.as_str());
            assert!(may_differ || all[&name] == bytes, "{trap} changed {name}");
        }
    }
}

/// Pairs of a true probability and whether the first purchase came in that month, per product.
fn outcomes(folder: &Path) -> BTreeMap<String, Vec<(f32, bool)>> {
    let transactions = Table::read(folder, TableName::Transactions);
    let mut first = BTreeMap::<(String, String), String>::new();
    let columns = ["account_id", "product", "date"].map(|column| transactions.at(column));
    for row in &transactions.rows {
        let [account, product, date] = columns.map(|at| row[at].clone());
        let earliest = first.entry((account, product)).or_insert_with(|| date.clone());
        *earliest = date.min(earliest.clone());
    }
    let truth = parquet(folder, "truth/probabilities.parquet");
    let (accounts, products) = (
        truth.column("account_id").unwrap().str().unwrap().clone(),
        truth.column("product").unwrap().str().unwrap().clone(),
    );
    let probabilities = truth.column("probability").unwrap().f32().unwrap().clone();
    let owned = truth.column("owned").unwrap().bool().unwrap().clone();
    let months = truth.column("month").unwrap().cast(&polars::prelude::DataType::Int32).unwrap();
    let months = months.i32().unwrap().clone();
    let mut outcomes = BTreeMap::<String, Vec<(f32, bool)>>::new();
    for row in 0..truth.height() {
        let probability = probabilities.get(row);
        assert_eq!(probability.is_none(), owned.get(row).unwrap());
        let Some(probability) = probability else { continue };
        assert!((0.0..=1.0).contains(&probability), "{probability}");
        let (account, product) = (accounts.get(row).unwrap(), products.get(row).unwrap());
        let day = jiff::civil::date(1970, 1, 1)
            .checked_add(jiff::Span::new().days(months.get(row).unwrap()))
            .unwrap()
            .to_string();
        let bought = first.get(&(account.to_owned(), product.to_owned()));
        let here = bought.is_some_and(|date| date[..7] == day[..7]);
        assert!(bought.is_none_or(|date| *date >= day), "{account} owned {product} before {day}");
        outcomes.entry(product.to_owned()).or_default().push((probability, here));
    }
    outcomes
}

/// Area under the ROC curve of scores, where each case counts as positive and as negative by its two weights.
fn auc(cases: impl Iterator<Item = (f32, f64, f64)>) -> f64 {
    let mut sorted: Vec<_> = cases.collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut wins, mut positives, mut negatives) = (0.0, 0.0, 0.0);
    for tied in sorted.chunk_by(|a, b| a.0 == b.0) {
        let up: f64 = tied.iter().map(|case| case.1).sum();
        let down: f64 = tied.iter().map(|case| case.2).sum();
        wins += up * (negatives + down / 2.0);
        positives += up;
        negatives += down;
    }
    wins / (positives * negatives)
}

#[test]
fn purchases_follow_the_true_probabilities() {
    let folder = tempfile::tempdir().unwrap();
    let world = folder.path().join("world");
    write(&params(4_000, 12, TrapSet::none()), &world);
    let outcomes = outcomes(&world);
    assert_eq!(outcomes.len(), 7);
    for (product, pairs) in &outcomes {
        let expected: f64 = pairs.iter().map(|pair| f64::from(pair.0)).sum();
        let variance: f64 = pairs.iter().map(|pair| f64::from(pair.0) * (1.0 - f64::from(pair.0))).sum();
        let bought = pairs.iter().filter(|pair| pair.1).count() as f64;
        assert!((bought - expected).abs() < 4.0 * variance.sqrt(), "{product}: {bought} of {expected:.1}");
        let yearly = 12.0 * expected / pairs.len() as f64;
        assert!((0.015..0.10).contains(&yearly), "{product}: {yearly:.4} a year");
        let drawn = auc(pairs
            .iter()
            .map(|&(p, bought)| (p, f64::from(u8::from(bought)), f64::from(u8::from(!bought)))));
        let best = auc(pairs.iter().map(|&(p, _)| (p, f64::from(p), 1.0 - f64::from(p))));
        println!("{product}: AUC {drawn:.4}, expected {best:.4}, {yearly:.4} first purchases a year");
        assert!((0.80..0.90).contains(&best), "{product}: best possible AUC {best}");
        // The standard error of an AUC is at most sqrt(AUC (1 - AUC) / positives); four of them.
        let error = (best * (1.0 - best) / bought).sqrt();
        assert!((drawn - best).abs() < 4.0 * error, "{product}: AUC {drawn}, expected {best}");
    }
}

#[test]
fn rows_tell_a_consistent_story() {
    let folder = tempfile::tempdir().unwrap();
    let world = folder.path().join("world");
    write(&params(1_500, 12, TrapSet::none()), &world);
    for (table, moment) in [
        (TableName::Accounts, "valid_from"),
        (TableName::Installs, "last_seen"),
        (TableName::Signals, "observed_at"),
        (TableName::Subscriptions, "month"),
        (TableName::Transactions, "date"),
        (TableName::Agreements, "started_at"),
        (TableName::Opportunities, "created_at"),
    ] {
        let rows = Table::read(&world, table);
        assert!(
            rows.cells(moment).zip(rows.cells("known_at")).all(|(moment, known)| known > moment),
            "{table}"
        );
        assert!(rows.rows.len() > 200, "{table} has {} rows", rows.rows.len());
    }
    let signals = Table::read(&world, TableName::Signals);
    let ahead = signals.cells("event_at").zip(signals.cells("observed_at")).filter(|(event, at)| event > at);
    assert!(ahead.count() * 50 > signals.rows.len(), "too few events ahead");
    let known =
        signals.cells("account_id").filter(|id| !id.is_empty()).fold(BTreeMap::new(), |mut count, id| {
            *count.entry(id).or_insert(0) += 1;
            count
        });
    let quiet = 1_500 - known.values().filter(|&&count| count > 3).count();
    assert!((700..1_100).contains(&quiet), "{quiet} of 1500 companies have at most three signals");
    let deals = Table::read(&world, TableName::Opportunities);
    for (status, substatus) in deals.cells("status").zip(deals.cells("substatus")) {
        let allowed: &[&str] = match status {
            "New" => &["Pending", "Received"],
            "Active" => &["Accepted"],
            _ => &["Won", "Lost", "Declined", "Expired", "Error"],
        };
        assert!(allowed.contains(&substatus), "{status}/{substatus}");
    }
    for (closed, created) in deals.cells("closed_at").zip(deals.cells("created_at")) {
        assert!(closed.is_empty() || closed >= created, "{created} {closed}");
    }
    let sales = Table::read(&world, TableName::Transactions);
    let days: std::collections::BTreeSet<_> = sales
        .cells("account_id")
        .zip(sales.cells("product").zip(sales.cells("date")))
        .map(|(account, (product, date))| (account, product, date))
        .collect();
    let columns = ["account_id", "product", "closed_at", "substatus"].map(|column| deals.at(column));
    for row in &deals.rows {
        let [account, product, closed, substatus] = columns.map(|at| row[at].as_str());
        assert!(substatus != "Won" || days.contains(&(account, product, &closed[..10])), "{row:?}");
    }
}

#[test]
fn a_folder_that_holds_something_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let world = folder.path().join("world");
    write(&params(5, 1, TrapSet::all()), &world);
    let before = files(&world);
    let run = |extra: &[&str]| {
        let mut command = Command::cargo_bin("propensity").unwrap();
        command.args(["generate", "--accounts", "6", "--months", "1"]).args(extra).arg("--out").arg(&world);
        command.assert()
    };
    let refused = run(&[]).code(2);
    let message = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    assert!(message.contains("E_OUTPUT_EXISTS") && message.contains("--overwrite"), "{message}");
    assert_eq!(files(&world), before);
    run(&["--overwrite"]).success();
    assert!(files(&world).contains_key("accounts.parquet"));
    assert!(!files(&world).contains_key("accounts.csv"));
    run(&["--overwrite", "--months", "0"]).code(2);
    run(&["--overwrite", "--start", "2024-01-15"]).code(2);
    run(&["--overwrite", "--without", "nonsense"]).code(2);
    let beside = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(beside, 1, "temporary folders were left behind");
}

#[test]
fn parallel_blocks_are_written_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let threads = Parallelism::threads(NonZeroUsize::new(3).unwrap()).unwrap();
    let params = params(3_100, 1, TrapSet::none());
    generate(&params, &folder.path().join("world"), Existing::Keep, &threads).unwrap();
    let accounts = Table::read(&folder.path().join("world"), TableName::Accounts);
    let mut ids: Vec<&str> = accounts.cells("account_id").collect();
    assert!(ids.is_sorted());
    ids.dedup();
    assert_eq!((ids.len(), ids[0], ids[3_099]), (3_100, "0000000001", "0000003100"));
}

#[test]
fn the_sample_is_the_world_its_readme_names() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("data-samples");
    let folder = tempfile::tempdir().unwrap();
    let params = WorldParams::new(2_000.try_into().unwrap(), Months::try_from(24).unwrap(), Seed::new(7));
    write(&params, &folder.path().join("world"));
    let (kept, made) = (files(&sample), files(&folder.path().join("world")));
    for (name, bytes) in made.iter().filter(|(name, _)| *name != "world.json") {
        assert!(
            kept.get(name) == Some(bytes),
            "data-samples/{name} is not what generate writes; make it anew"
        );
    }
    let size: usize = kept.values().map(Vec::len).sum();
    assert!(size < 5_000_000, "the sample has grown to {size} bytes");
}
