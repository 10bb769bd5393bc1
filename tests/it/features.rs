//! Features by hand: every family on a world small enough to count on fingers, boundary days included.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use propensity::features::{
    Family, FeatureBuilder, FeatureSpec, MoneySpec, ProductTraits, SignalMeasures, UsageBase,
};
use propensity::matrix::{FeatureMatrix, FeatureValue};
use propensity::quantity::AsOf;
use propensity::tables::{Dataset, ReadOptions};

const AS_OF: &str = "2026-01-01";

fn spec() -> FeatureSpec {
    let days = |values: [u16; 3]| values.into_iter().filter_map(std::num::NonZeroU16::new).collect();
    FeatureSpec {
        families: vec![
            Family::Firmographic,
            Family::Technographic,
            Family::Transaction,
            Family::Opportunity,
            Family::Intent,
        ],
        windows_days: days([7, 28, 90]),
        half_lives_days: vec![std::num::NonZeroU16::new(28).unwrap()],
        forward_days: std::num::NonZeroU16::new(60).unwrap(),
        topics: vec!["crm".into()],
        kinds: vec!["web_visit".into()],
        signal_measures: SignalMeasures::default(),
        categories: vec!["crm".into()],
        technologies: Vec::new(),
        technology_groups: BTreeMap::new(),
        versions: Vec::new(),
        usage_base: UsageBase::default(),
        money: MoneySpec::default(),
        products: vec![ProductTraits {
            name: "azure".into(),
            label: "Azure".into(),
            competitors: vec!["aws".into()],
            installed_as: Vec::new(),
        }],
    }
}

const ACCOUNTS: &str = "\
account_id,name,country,industry_code,vertical,employees,annual_revenue,currency,founded_year,is_nonprofit,parent_account_id,valid_from,known_at
a,Able,US,0112,Farming,10,500000,USD,2006,no,,2024-01-01,2024-01-01
a,Able,US,0112,Farming,20,900000,USD,2006,no,p,2025-06-01,2025-06-02
a,Able,US,0112,Farming,99,1,USD,2006,no,p,2025-07-01,2026-01-01
b,Baker,DE,54,,0,,,,,,2025-01-01,2025-01-01
c,Charlie,DE,54,,5,,,,,,2025-01-01,2026-01-01
";

const TRANSACTIONS: &str = "\
account_id,product,date,amount,currency,known_at
a,azure,2025-01-01,100,USD,2025-01-02
a,azure,2024-12-31,40,USD,2025-01-02
a,azure,2025-12-31,7,USD,2025-12-31T23:59:59Z
a,azure,2025-12-30,1000,USD,2026-01-01T00:00:00Z
a,other,2025-12-22,-5,USD,2025-12-23
b,azure,2025-03-01,50,USD,2025-03-01
b,azure,2025-03-05,-50,USD,2025-03-06
";

const SIGNALS: &str = "\
account_id,kind,topic,observed_at,event_at,intensity,known_at
a,web_visit,crm,2025-12-25,,2,2025-12-25
a,web_visit,crm,2025-12-24T23:59:59Z,,,2025-12-25
a,hiring,erp,2025-12-04,,,2025-12-04
a,hiring,erp,2025-12-03,,,2025-12-04
a,web_visit,crm,2025-10-03,,,2025-10-03
a,web_visit,crm,2025-10-02,,,2025-10-03
a,web_visit,crm,2025-12-20,,,2026-01-01
a,technology_renewal,crm,2025-11-01,2026-03-01,,2025-11-01
a,technology_renewal,crm,2025-11-01,2026-03-02,,2025-11-01
a,technology_renewal,crm,2025-11-01,2026-01-01,,2025-11-01
a,technology_renewal,crm,2025-11-01,2025-12-31,,2025-11-01
";

const INSTALLS: &str = "\
account_id,product,vendor,category,first_seen,known_at
a,aws,Amazon,cloud,2025-10-03,2025-10-04
a,aws,Amazon,cloud,2025-11-03,2025-11-04
a,salesforce,Salesforce,crm,2024-01-01,2024-02-01
a,hubspot,HubSpot,crm,2025-12-01,2026-01-01
";

const OPPORTUNITIES: &str = "\
opportunity_id,account_id,product,created_at,closed_at,status,substatus,known_at
1,a,azure,2025-01-01,2025-02-01,Closed,Won,2025-01-01
2,a,azure,2025-03-01,2025-12-31,Closed,Lost,2025-03-01
3,a,azure,2025-04-01,2026-01-01,Closed,Won,2025-04-01
4,a,azure,2025-12-31,,Active,Accepted,2025-12-31
5,a,azure,2025-12-31,,Active,Accepted,2026-01-01
";

fn write(folder: &Path) {
    for (name, text) in [
        ("accounts", ACCOUNTS),
        ("transactions", TRANSACTIONS),
        ("signals", SIGNALS),
        ("installs", INSTALLS),
        ("opportunities", OPPORTUNITIES),
    ] {
        fs::write(folder.join(format!("{name}.csv")), text).unwrap();
    }
}

fn read(folder: &Path) -> Dataset {
    Dataset::read(folder, None, &ReadOptions::default()).unwrap()
}

fn build(folder: &Path, as_of: &str) -> FeatureMatrix {
    let dataset = read(folder);
    let builder = FeatureBuilder::try_new(&spec(), &dataset).unwrap();
    builder.build(&dataset, 0..dataset.accounts().len(), as_of.parse::<AsOf>().unwrap()).unwrap()
}

/// Asserts the values of accounts a, b and c; `None` is missing.
fn assert_numbers(matrix: &FeatureMatrix, feature: &str, expected: [Option<f32>; 3]) {
    let column = matrix.named(feature).unwrap_or_else(|| panic!("no feature {feature}"));
    for (row, expected) in expected.into_iter().enumerate() {
        let expected = expected.map_or(FeatureValue::Missing, FeatureValue::Number);
        assert_eq!(column.value(row), expected, "{feature} of {}", matrix.ids()[row]);
    }
}

fn matrix() -> FeatureMatrix {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    build(folder.path(), AS_OF)
}

#[test]
fn firmographics_hold_on_the_date() {
    let matrix = matrix();
    assert_eq!(matrix.ids(), ["a", "b", "c"]);
    // The third row of a became known on the day itself, so the second one holds; c was not known at all.
    assert_numbers(&matrix, "firmographic__employees__now", [Some(20.0), None, None]);
    assert_numbers(&matrix, "firmographic__annual_revenue__now", [Some(900_000.0), None, None]);
    assert_numbers(&matrix, "firmographic__revenue_per_head__now", [Some(45_000.0), None, None]);
    assert_numbers(&matrix, "firmographic__age__now", [Some(20.0), None, None]);
    assert_numbers(&matrix, "firmographic__nonprofit__now", [Some(0.0), None, None]);
    assert_numbers(&matrix, "firmographic__subsidiary__now", [Some(1.0), Some(0.0), None]);
    let sector = matrix.named("firmographic__sector__now").unwrap();
    assert_eq!(sector.value(0), FeatureValue::Level("01"), "leading zeros stay");
    assert_eq!(sector.value(1), FeatureValue::Level("54"));
    assert_eq!(matrix.named("firmographic__vertical__now").unwrap().value(1), FeatureValue::Missing);
}

#[test]
fn technographics_count_what_was_seen() {
    let matrix = matrix();
    assert_numbers(&matrix, "technographic__products__now", [Some(2.0), Some(0.0), Some(0.0)]);
    assert_numbers(&matrix, "technographic__vendors__now", [Some(2.0), Some(0.0), Some(0.0)]);
    // 90 days before the date is 3 October: the first sighting of aws is just within.
    assert_numbers(&matrix, "technographic__starts__90d", [Some(1.0), Some(0.0), Some(0.0)]);
    assert_numbers(&matrix, "technographic__crm__now", [Some(1.0), Some(0.0), Some(0.0)]);
    assert_numbers(&matrix, "technographic__competitor_of_azure__now", [Some(1.0), Some(0.0), Some(0.0)]);
}

#[test]
fn transactions_keep_to_their_windows() {
    let matrix = matrix();
    // 1 January 2025 is 365 days before the date and counts; 31 December 2024 does not. The 1000 became known too late.
    assert_numbers(&matrix, "transaction__frequency__365d", [Some(2.0), Some(1.0), Some(0.0)]);
    assert_numbers(&matrix, "transaction__monetary__365d", [Some(102.0), Some(0.0), Some(0.0)]);
    assert_numbers(&matrix, "transaction__recency__ever", [Some(1.0), Some(306.0), None]);
    assert_numbers(&matrix, "transaction__tenure__ever", [Some(366.0), Some(306.0), None]);
    assert_numbers(&matrix, "transaction__owns_azure__ever", [Some(1.0), Some(0.0), Some(0.0)]);
    assert_numbers(&matrix, "transaction__monetary_azure__365d", [Some(107.0), Some(0.0), Some(0.0)]);
    assert_numbers(&matrix, "transaction__breadth__ever", [Some(1.0), Some(0.0), Some(0.0)]);
}

#[test]
fn opportunities_are_as_they_stood() {
    let matrix = matrix();
    // Deal 3 was won on the day itself, so it was still open before it.
    assert_numbers(&matrix, "opportunity__open__now", [Some(2.0), Some(0.0), Some(0.0)]);
    assert_numbers(&matrix, "opportunity__won__ever", [Some(1.0), Some(0.0), Some(0.0)]);
    assert_numbers(&matrix, "opportunity__lost__ever", [Some(1.0), Some(0.0), Some(0.0)]);
    assert_numbers(&matrix, "opportunity__won_share__ever", [Some(5.0), None, None]);
    assert_numbers(&matrix, "opportunity__recency__ever", [Some(1.0), None, None]);
}

#[test]
fn signals_keep_to_their_windows() {
    let matrix = matrix();
    // 25 December is the first day of the 7-day window; one second before it is out.
    assert_numbers(&matrix, "intent__signals__7d", [Some(1.0), Some(0.0), Some(0.0)]);
    assert_numbers(&matrix, "intent__signals__28d", [Some(3.0), Some(0.0), Some(0.0)]);
    assert_numbers(&matrix, "intent__signals__90d", [Some(9.0), Some(0.0), Some(0.0)]);
    assert_numbers(&matrix, "intent__topic_crm__28d", [Some(2.0), Some(0.0), Some(0.0)]);
    assert_numbers(&matrix, "intent__topic_other__28d", [Some(1.0), Some(0.0), Some(0.0)]);
    assert_numbers(&matrix, "intent__kind_web_visit__90d", [Some(3.0), Some(0.0), Some(0.0)]);
    assert_numbers(&matrix, "intent__kind_other__90d", [Some(6.0), Some(0.0), Some(0.0)]);
    assert_numbers(&matrix, "intent__signals_recency__ever", [Some(7.0), None, None]);
    assert_numbers(&matrix, "intent__topics__90d", [Some(2.0), Some(0.0), Some(0.0)]);
    // Due from the date to 60 days after it: 1 January and 1 March are in, 2 March and the day before are out.
    assert_numbers(&matrix, "intent__forward_events__60d", [Some(2.0), Some(0.0), Some(0.0)]);
    // Three in 28 days; in the 84 before: 3 December, 1 November four times, 3 and 2 October. (3 + 1) / (7 / 3 + 1).
    assert_numbers(&matrix, "intent__signals_momentum__28d", [Some(1.2), Some(1.0), Some(1.0)]);
}

#[test]
fn decay_halves_with_every_half_life() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let signals = "account_id,kind,topic,observed_at,intensity,known_at\n\
        a,web_visit,crm,2025-12-04,2,2025-12-04\na,web_visit,crm,2025-11-06,4,2025-11-06\n";
    fs::write(folder.path().join("signals.csv"), signals).unwrap();
    // 28 days old: 2 / 2; 56 days old: 4 / 4.
    assert_numbers(
        &build(folder.path(), AS_OF),
        "intent__signals_decayed__28d",
        [Some(2.0), Some(0.0), Some(0.0)],
    );
}

#[test]
fn rows_known_later_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let before = build(folder.path(), AS_OF);
    for (name, text, late) in [
        (
            "signals",
            SIGNALS,
            "a,web_visit,crm,2025-12-30,,9,2026-01-01\nb,hiring,erp,2025-06-01,,,2026-04-01\n",
        ),
        ("transactions", TRANSACTIONS, "b,azure,2025-12-01,900,USD,2026-01-01\n"),
        ("installs", INSTALLS, "b,aws,Amazon,cloud,2020-01-01,2026-02-01\n"),
        ("opportunities", OPPORTUNITIES, "6,b,azure,2025-01-01,2025-02-01,Closed,Won,2026-01-01\n"),
    ] {
        fs::write(folder.path().join(format!("{name}.csv")), format!("{text}{late}")).unwrap();
    }
    assert_eq!(build(folder.path(), AS_OF), before);
    assert_ne!(build(folder.path(), "2026-05-01"), before);
}

#[test]
fn a_split_of_the_accounts_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let dataset = read(folder.path());
    let builder = FeatureBuilder::try_new(&spec(), &dataset).unwrap();
    let as_of: AsOf = AS_OF.parse().unwrap();
    let whole = builder.build(&dataset, 0..3, as_of).unwrap();
    for account in 0..3 {
        let one = builder.build(&dataset, account..account + 1, as_of).unwrap();
        for feature in 0..whole.n_features() {
            assert_eq!(one.column(feature).value(0), whole.column(feature).value(account));
        }
    }
}

#[test]
fn an_absent_table_is_missing_and_not_zero() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("accounts.csv"), ACCOUNTS).unwrap();
    let matrix = build(folder.path(), AS_OF);
    for feature in ["intent__signals__7d", "transaction__frequency__365d", "technographic__products__now"] {
        assert_numbers(&matrix, feature, [None, None, None]);
    }
}

#[test]
fn a_currency_without_a_rate_is_refused_and_one_with_a_rate_is_converted() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let mixed = TRANSACTIONS.replace("2025-03-01,50,USD", "2025-03-01,50,EUR").replace("-50,USD", "-50,EUR");
    fs::write(folder.path().join("transactions.csv"), mixed).unwrap();
    let dataset = read(folder.path());
    let mut spec = spec();
    spec.money.currency = Some("USD".into());
    let error = FeatureBuilder::try_new(&spec, &dataset).unwrap_err();
    assert!(error.to_string().contains("no rate for EUR"), "{error}");

    spec.money.rates.insert("EUR".into(), 2.0);
    let builder = FeatureBuilder::try_new(&spec, &dataset).unwrap();
    let matrix = builder.build(&dataset, 0..3, "2025-03-02".parse().unwrap()).unwrap();
    assert_numbers(&matrix, "transaction__monetary_azure__365d", [Some(140.0), Some(100.0), Some(0.0)]);
}
