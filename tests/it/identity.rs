//! Signals that name an internet address find their company: through the tables and into the features.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroU16;
use std::path::Path;

use propensity::features::{Family, FeatureBuilder, FeatureSpec, MoneySpec, SignalMeasures, UsageBase};
use propensity::matrix::FeatureValue;
use propensity::tables::contract::TableName;
use propensity::tables::{Dataset, ReadOptions};
use tempfile::TempDir;

const AS_OF: &str = "2026-01-01";

fn folder(accounts: &str, signals: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("accounts.csv"), accounts).unwrap();
    fs::write(folder.path().join("signals.csv"), signals).unwrap();
    folder
}

fn read(folder: &Path) -> Dataset {
    Dataset::read(folder, None, &ReadOptions::default()).unwrap()
}

/// Signals of the last 28 days and ever, of every account in the order of their ids.
fn signals_of(dataset: &Dataset, as_of: &str) -> Vec<f32> {
    let spec = FeatureSpec {
        families: vec![Family::Intent],
        windows_days: vec![NonZeroU16::new(28).unwrap()],
        half_lives_days: Vec::new(),
        forward_days: NonZeroU16::new(60).unwrap(),
        topics: Vec::new(),
        kinds: Vec::new(),
        signal_measures: SignalMeasures::default(),
        categories: Vec::new(),
        technologies: Vec::new(),
        technology_groups: BTreeMap::new(),
        versions: Vec::new(),
        usage_base: UsageBase::default(),
        money: MoneySpec::default(),
        products: Vec::new(),
    };
    let builder = FeatureBuilder::try_new(&spec, dataset).unwrap();
    let matrix = builder.build(dataset, 0..dataset.accounts().len(), as_of.parse().unwrap()).unwrap();
    let column = matrix.named("intent__signals__28d").unwrap();
    (0..matrix.ids().len())
        .map(|row| match column.value(row) {
            FeatureValue::Number(value) => value,
            other => panic!("expected a count, found {other:?}"),
        })
        .collect()
}

/// How many rows the notes of a table count under a code.
fn noted(dataset: &Dataset, table: TableName, code: &str) -> u64 {
    dataset
        .notes()
        .iter()
        .filter(|note| note.table == table && note.code == code)
        .map(|note| note.count)
        .sum()
}

/// Signals one day apart in December, each with this account and this address.
fn signals(rows: &[(&str, &str)]) -> String {
    let row = |(at, (account, domain)): (usize, &(&str, &str))| {
        format!("{account},{domain},web_visit,2025-12-{:02}\n", at + 5)
    };
    let rows: String = rows.iter().enumerate().map(row).collect();
    format!("account_id,domain,kind,observed_at\n{rows}")
}

#[test]
fn every_form_of_address_finds_its_company_and_no_other() {
    let accounts = "account_id,domain\n\
        a,https://www.Acme.co.uk/en\n\
        b,beta.github.io\n\
        c,gamma.github.io\n\
        d,xn--bcher-kva.de\n\
        e,contoso.onmicrosoft.com\n\
        f,\n";
    let rows = [
        ("", "shop.acme.co.uk"),
        ("", "jane@acme.co.uk"),
        ("", "ACME.co.uk:443"),
        ("", "beta.github.io"),
        ("", "bücher.de"),
        ("", "contoso.onmicrosoft.com"),
        // Tenants and platforms that nobody has; a domain below a public suffix that only looks like one we know.
        ("", "delta.github.io"),
        ("", "fabrikam.onmicrosoft.com"),
        ("", "other.co.uk"),
        // Names of nobody.
        ("", "github.io"),
        ("", "co.uk"),
        ("", "10.0.0.1"),
        ("", "facebook.com/acme"),
        // People.
        ("", "jane@gmail.com"),
        ("", "mail.yahoo.co.jp"),
        // The account goes before the address.
        ("c", "acme.co.uk"),
        ("f", "gmail.com"),
        ("z", "acme.co.uk"),
    ];
    let dataset = read(folder(accounts, &signals(&rows)).path());
    assert_eq!(signals_of(&dataset, AS_OF), [3.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
    let counts = [
        "N_JOINED_BY_DOMAIN",
        "N_UNKNOWN_DOMAIN",
        "N_NOT_A_DOMAIN",
        "N_PERSONAL_DOMAIN",
        "N_UNKNOWN_ACCOUNT",
        "N_AMBIGUOUS_DOMAIN",
    ]
    .map(|code| noted(&dataset, TableName::Signals, code));
    assert_eq!(counts, [6, 3, 4, 2, 1, 0]);
    assert_eq!(noted(&dataset, TableName::Accounts, "N_PERSONAL_DOMAIN"), 0);
    assert_eq!(noted(&dataset, TableName::Accounts, "N_NOT_A_DOMAIN"), 0);
}

#[test]
fn a_sole_trader_with_a_personal_mailbox_is_not_everybody() {
    let accounts = "account_id,domain\na,jane.doe@gmail.com\nb,gmail.com\nc,not known\nd,acme.com\n";
    let rows = [("", "gmail.com"), ("", "john@gmail.com"), ("a", ""), ("", "acme.com"), ("", "not known")];
    let dataset = read(folder(accounts, &signals(&rows)).path());
    assert_eq!(signals_of(&dataset, AS_OF), [1.0, 0.0, 0.0, 1.0]);
    assert_eq!(noted(&dataset, TableName::Accounts, "N_PERSONAL_DOMAIN"), 2);
    assert_eq!(noted(&dataset, TableName::Accounts, "N_NOT_A_DOMAIN"), 1);
    assert_eq!(noted(&dataset, TableName::Signals, "N_PERSONAL_DOMAIN"), 2);
    assert_eq!(noted(&dataset, TableName::Signals, "N_NOT_A_DOMAIN"), 1);
}

#[test]
fn accounts_that_share_a_domain_get_none_of_its_signals() {
    let accounts = "account_id,domain\na,acme.com\nb,shop.acme.com\nc,beta.io\n";
    let rows = [("", "acme.com"), ("", "shop.acme.com"), ("b", "acme.com"), ("", "beta.io")];
    let dataset = read(folder(accounts, &signals(&rows)).path());
    assert_eq!(signals_of(&dataset, AS_OF), [0.0, 1.0, 1.0]);
    assert_eq!(noted(&dataset, TableName::Signals, "N_AMBIGUOUS_DOMAIN"), 2);
}

#[test]
fn an_account_known_later_takes_nothing_from_the_past() {
    // a had the domain from the start; b claims it from 10 December on; c was first known on the date itself.
    let accounts = "account_id,domain,known_at\n\
        a,www.acme.com,2025-06-01\nb,acme.com,2025-12-10\nc,beta.io,2026-01-01\n";
    let signals = "account_id,domain,kind,observed_at,known_at\n\
        ,acme.com,web_visit,2025-12-05,2025-12-05\n\
        ,news@acme.com,web_visit,2025-12-09,2025-12-09\n\
        ,acme.com,web_visit,2025-12-11,2025-12-11\n\
        ,beta.io,web_visit,2025-12-20,2025-12-20\n";
    let dataset = read(folder(accounts, signals).path());
    assert_eq!(signals_of(&dataset, AS_OF), [2.0, 0.0, 0.0]);
    assert_eq!(noted(&dataset, TableName::Signals, "N_AMBIGUOUS_DOMAIN"), 1);
    // The day after, c is known to be beta.io, and what was seen there before is known with it.
    assert_eq!(signals_of(&dataset, "2026-01-02"), [2.0, 0.0, 1.0]);

    // Without the later accounts, everything before them is the same.
    let before = read(folder("account_id,domain,known_at\na,acme.com,2025-06-01\n", signals).path());
    assert_eq!(signals_of(&before, "2025-12-10"), signals_of(&dataset, "2025-12-10")[..1]);
}
