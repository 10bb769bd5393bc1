//! Mappings: real exports become the tables of the contracts.

#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a skipped test says so; a failed unwrap fails the test"
)]

use std::path::{Path, PathBuf};

use propensity::tables::contract::TableName;
use propensity::tables::mapping::Mapping;
use propensity::tables::{Dataset, ReadOptions, Table};

/// The folder of public data, where there is one.
fn shared_data(name: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("PROPENSITY_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let folder = shared.join("data").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: there is no {}", folder.display());
    None
}

fn shipped(name: &str) -> Mapping {
    Mapping::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("models/mappings").join(name)).unwrap()
}

fn count(data: &Dataset, table: TableName, code: &str) -> Vec<u64> {
    let notes = data.notes().iter().filter(|note| note.table == table && note.code == code);
    notes.map(|note| note.count).collect()
}

fn texts<'t>(table: &'t Table, column: &str, row: usize) -> Option<&'t str> {
    table.text(column).unwrap().get(row)
}

fn how_many(table: &Table, column: &str, text: &str) -> usize {
    let column = table.text(column).unwrap();
    (0..table.n_rows()).filter(|&row| column.get(row) == Some(text)).count()
}

#[test]
fn every_kind_of_rule_does_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let export = "Id;Kind;Rev;Seen;Epoch;Price;Count;Skip\n\
                  7;a;-1.5;31/12/2025;1;2.5;4;no\n7;b;-1.5;01/01/2026;2;2.5;4;no\n7;b;-1.5;02/01/2026;2;2.5;4;no\n\
                  8;NULL;-2;02/01/2026;3;1;1;no\n8;c;-2;02/01/2026;3;1;1;yes\n8;NULL;-2;02/01/2026;3;1;1;no\n";
    std::fs::write(folder.path().join("export.csv"), export).unwrap();
    let mapping = Mapping::parse(
        r#"
        name = "inline"
        [tables.accounts]
        file = "export.csv"
        missing = ["NULL"]
        distinct = ["account_id"]
        [tables.accounts.columns]
        account_id = "Id"
        vertical = { column = "Kind", values = { b = "bee" }, otherwise = "other" }
        annual_revenue = { column = "Rev", scale = 1000, negate = true }
        known_at = { column = "Seen", time_format = "%d/%m/%Y" }
        [tables.transactions]
        file = "export.csv"
        drop_exact_duplicates = true
        [tables.transactions.columns]
        account_id = "Id"
        product = { constant = "p" }
        date = { column = "Epoch", epoch = "days" }
        amount = { product = ["Price", "Count"] }
        currency = { constant = "EUR" }
        [[tables.transactions.skip]]
        column = "Skip"
        equals = ["yes"]
        reason = "asked to"
        "#,
    )
    .unwrap();
    let data = Dataset::read(folder.path(), Some(&mapping), &ReadOptions::default()).unwrap();

    assert_eq!(data.accounts(), ["7", "8"]);
    let accounts = data.table(TableName::Accounts).unwrap();
    assert_eq!(accounts.n_rows(), 2);
    assert_eq!(texts(accounts, "vertical", 0), Some("bee"), "two of three rows say so");
    assert_eq!(texts(accounts, "vertical", 1), None, "two of three rows have none");
    assert_eq!(accounts.number("annual_revenue").unwrap().get(0), Some(1500.0));
    let new_year = 1_767_225_600_000_000;
    assert_eq!(accounts.known_at(0), new_year - 86_400_000_000, "the earliest of the account");
    assert_eq!(count(&data, TableName::Accounts, "N_ROWS_MERGED"), [4]);
    assert_eq!(count(&data, TableName::Accounts, "N_ROWS_DISAGREE"), [2]);

    let transactions = data.table(TableName::Transactions).unwrap();
    assert_eq!((transactions.rows_of(0), transactions.rows_of(1)), (0..3, 3..4));
    assert_eq!(transactions.known_at(0), 86_400_000_000);
    assert_eq!(transactions.number("amount").unwrap().get(0), Some(10.0));
    assert_eq!(texts(transactions, "currency", 3), Some("EUR"));
    assert_eq!(count(&data, TableName::Transactions, "N_ROWS_SKIPPED"), [1]);
    assert_eq!(count(&data, TableName::Transactions, "N_DUPLICATES_DROPPED"), [1]);
    assert_eq!(data.time_span(), Some((86_400_000_000, 3 * 86_400_000_000)));
}

/// Every row and column, as text.
fn shown(data: &Dataset) -> String {
    let tables = TableName::ALL.into_iter().filter_map(|name| data.table(name));
    let rows = tables.flat_map(|table| {
        (0..table.n_rows()).map(move |row| {
            let cells = table.name().contract().columns.iter().map(|column| {
                let text = table.text(column.name).ok().and_then(|cells| cells.get(row)).map(str::to_owned);
                let number = || table.number(column.name).ok()?.get(row).map(|number| number.to_string());
                let time = || table.time(column.name).ok()?.get(row).map(|time| time.to_string());
                text.or_else(number).or_else(time).unwrap_or_default()
            });
            format!("{} {} {}", table.name(), table.known_at(row), cells.collect::<Vec<_>>().join("|"))
        })
    });
    rows.collect::<Vec<_>>().join("\n")
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]

    #[test]
    fn the_order_of_rows_and_files_cannot_be_seen(
        rows in proptest::collection::vec((0_u8..4, "[ab]", 1_u8..4, proptest::option::of(0_u8..3)), 1..30),
        seed in proptest::prelude::any::<u64>(),
        cut in 0_usize..30,
    ) {
        let lines: Vec<String> = rows
            .iter()
            .map(|(account, kind, day, intensity)| {
                let intensity = intensity.map(|value| value.to_string()).unwrap_or_default();
                format!("A{account},{kind},2026-01-0{day},{intensity}\n")
            })
            .collect();
        let mut shuffled = lines.clone();
        shuffled.sort_by_key(|line| propensity::seed::hash_bytes(seed, line.as_bytes()));
        let read = |parts: &[&[String]]| {
            let folder = tempfile::tempdir().unwrap();
            std::fs::create_dir(folder.path().join("signals")).unwrap();
            std::fs::write(folder.path().join("accounts.csv"), "account_id\nA0\nA1\nA2\n").unwrap();
            for (part, lines) in parts.iter().enumerate().filter(|(_, lines)| !lines.is_empty()) {
                let text = format!("account_id,kind,observed_at,intensity\n{}", lines.concat());
                std::fs::write(folder.path().join(format!("signals/{part}.csv")), text).unwrap();
            }
            shown(&Dataset::read(folder.path(), None, &ReadOptions::default()).unwrap())
        };
        let (first, second) = shuffled.split_at(cut.min(shuffled.len()));
        proptest::prop_assert_eq!(read(&[&lines]), read(&[first, second]));
    }
}

#[test]
fn signals_without_an_account_are_joined_by_domain() {
    let folder = tempfile::tempdir().unwrap();
    let accounts = "account_id,domain\nA1,Acme.com\nA2,www.beta.io\nA3,shared.net\nA4,shared.net\n";
    let signals = "account_id,domain,kind,observed_at\n\
                   ,WWW.acme.com,x,2026-01-01\n,beta.io,x,2026-01-02\n,shared.net,x,2026-01-03\n\
                   ,nobody.org,x,2026-01-04\nA3,acme.com,x,2026-01-05\nA9,acme.com,x,2026-01-06\n";
    std::fs::write(folder.path().join("accounts.csv"), accounts).unwrap();
    std::fs::write(folder.path().join("signals.csv"), signals).unwrap();
    let data = Dataset::read(folder.path(), None, &ReadOptions::default()).unwrap();
    let table = data.table(TableName::Signals).unwrap();
    let rows: Vec<usize> = (0..4).map(|account| table.rows_of(account).len()).collect();
    assert_eq!(rows, [1, 1, 1, 0]);
    let counts = ["N_JOINED_BY_DOMAIN", "N_AMBIGUOUS_DOMAIN", "N_UNKNOWN_DOMAIN", "N_UNKNOWN_ACCOUNT"]
        .map(|code| count(&data, TableName::Signals, code));
    assert_eq!(counts, [[2], [1], [1], [1]]);
}

#[test]
fn maven_crm_becomes_accounts_and_opportunities() {
    let Some(folder) = shared_data("maven_crm") else { return };
    let data = Dataset::read(&folder, Some(&shipped("maven_crm.toml")), &ReadOptions::default()).unwrap();
    assert_eq!(data.accounts().len(), 85);
    let accounts = data.table(TableName::Accounts).unwrap();
    assert_eq!(how_many(accounts, "vertical", "technology"), 12);
    assert_eq!(how_many(accounts, "country", "US"), 71);
    let acme = data.accounts().iter().position(|id| id == "Acme Corporation").unwrap();
    let row = accounts.rows_of(acme).start;
    assert_eq!(accounts.number("annual_revenue").unwrap().get(row), Some(1_100_040_000.0));
    assert_eq!(accounts.number("employees").unwrap().get(row), Some(2822.0));
    assert_eq!(accounts.known_at(row), i64::MIN);

    let deals = data.table(TableName::Opportunities).unwrap();
    // 8,800 rows, of which 1,088 + 337 have no account and the other 163 of "Prospecting" no date.
    assert_eq!(count(&data, TableName::Opportunities, "N_ROWS_SKIPPED"), [1425, 163]);
    assert_eq!(deals.n_rows(), 7212);
    let won = how_many(deals, "substatus", "Won");
    let lost = how_many(deals, "substatus", "Lost");
    assert_eq!((won, lost, how_many(deals, "status", "Active")), (4238, 2473, 501));
    assert_eq!(how_many(deals, "product", "GTXPro"), 0);
    let (value, closed) = (deals.number("deal_value").unwrap(), deals.time("closed_at").unwrap());
    let total: f64 = (0..deals.n_rows()).filter_map(|row| value.get(row)).sum();
    assert_eq!(total, 10_005_534.0);
    assert_eq!((0..deals.n_rows()).filter(|&row| closed.get(row).is_some()).count(), won + lost);
}

#[test]
fn online_retail_becomes_customers_and_purchases() {
    let Some(folder) = shared_data("online_retail") else { return };
    let data = Dataset::read(&folder, Some(&shipped("online_retail.toml")), &ReadOptions::default()).unwrap();
    assert_eq!(data.accounts().len(), 4372);
    assert_eq!((data.accounts()[0].as_str(), data.accounts()[4371].as_str()), ("12346", "18287"));
    assert_eq!(count(&data, TableName::Accounts, "N_ROWS_DISAGREE"), [8], "customers with two countries");
    let lines = data.table(TableName::Transactions).unwrap();
    assert_eq!(count(&data, TableName::Transactions, "N_ROWS_SKIPPED"), [541_909 - 406_829]);
    assert_eq!(count(&data, TableName::Transactions, "N_DUPLICATES_DROPPED"), [5225]);
    assert_eq!(lines.n_rows(), 401_604);
    let (quantity, amount) = (lines.number("quantity").unwrap(), lines.number("amount").unwrap());
    let negative = (0..lines.n_rows()).filter(|&row| quantity.get(row) < Some(0.0)).count();
    assert_eq!(negative, 8872, "cancellations stay");
    let total: f64 = (0..lines.n_rows()).filter_map(|row| amount.get(row)).sum();
    assert!((total - 8_278_519.424).abs() < 1e-3, "{total}");
    // 2010-12-01 08:26 to 2011-12-09 12:50.
    assert_eq!(data.time_span(), Some((1_291_191_960_000_000, 1_323_435_000_000_000)));
}
