//! The deeper feature families by hand: subscriptions, agreements, change, technology, spending, deals; boundary days
//! included. `features.rs` holds the plainer features.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroU16;
use std::path::Path;

use propensity::features::{
    Definition, Family, FeatureBuilder, FeatureSpec, LicenceMetrics, MoneySpec, ProductTraits,
    ProductVersion, SignalMeasures, UsageBase, definitions,
};
use propensity::matrix::{FeatureMatrix, FeatureValue};
use propensity::quantity::AsOf;
use propensity::spec::Spec;
use propensity::tables::contract::TableName;
use propensity::tables::mapping::Mapping;
use propensity::tables::{Dataset, ReadOptions};
use tempfile::TempDir;

const AS_OF: &str = "2026-01-01";

const ACCOUNTS: &str = "\
account_id,country,state,industry_code,industry_scheme,employees,annual_revenue,currency,valid_from,known_at
a,US,WA,0112,SIC,100,1000,USD,2024-06-01,2024-06-01
a,US,WA,0112,SIC,120,900,USD,2025-06-01,2025-06-01
b,US,,5415,,10,,,2025-01-01,2025-01-01
c,,Bayern,,,0,,,2024-12-31,2024-12-31
d,DE,,,,10,,,2024-01-01,2024-01-01
d,DE,,,,20,,,2024-12-31,2026-01-01
d,DE,,,,30,,,2025-05-01,2025-05-01
";

fn day(text: &str) -> AsOf {
    text.parse().unwrap()
}

fn product(name: &str, label: &str) -> ProductTraits {
    ProductTraits {
        name: name.into(),
        label: label.into(),
        competitors: vec!["aws".into()],
        installed_as: vec![format!("{name}_client")],
    }
}

fn version(product: &str, version: &str, released: Option<&str>, ends: Option<&str>) -> ProductVersion {
    let (product, version) = (product.into(), version.into());
    ProductVersion { product, version, released: released.map(day), support_ends: ends.map(day) }
}

fn spec(families: &[Family]) -> FeatureSpec {
    FeatureSpec {
        families: families.to_vec(),
        windows_days: vec![NonZeroU16::new(28).unwrap()],
        half_lives_days: Vec::new(),
        forward_days: NonZeroU16::new(60).unwrap(),
        topics: Vec::new(),
        kinds: Vec::new(),
        signal_measures: SignalMeasures::default(),
        categories: vec!["cloud".into()],
        technologies: vec!["aws".into(), "s7".into()],
        technology_groups: BTreeMap::from([(
            "watched".into(),
            ["aws", "s6", "s7"].map(str::to_owned).to_vec(),
        )]),
        versions: vec![
            version("windows", "7", Some("2009-10-22"), Some("2020-01-14")),
            version("windows", "10", Some("2015-07-29"), Some("2025-12-31")),
            version("office", "2016", None, Some("2026-01-01")),
            version("office", "2019", None, Some("2026-12-31")),
            version("sql_server", "2019", None, Some("2027-01-01")),
        ],
        usage_base: UsageBase::Entitled,
        money: MoneySpec { currency: Some("USD".into()), rates: BTreeMap::from([("EUR".into(), 2.0)]) },
        products: vec![product("m365", "Microsoft 365"), product("azure", "Azure")],
    }
}

const EVERY_FAMILY: [Family; 7] = [
    Family::Firmographic,
    Family::Technographic,
    Family::Subscription,
    Family::Transaction,
    Family::Agreement,
    Family::Opportunity,
    Family::Intent,
];

fn folder(tables: &[(TableName, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("accounts.csv"), ACCOUNTS).unwrap();
    for (table, text) in tables {
        fs::write(folder.path().join(format!("{table}.csv")), text).unwrap();
    }
    folder
}

fn build(spec: &FeatureSpec, folder: &Path, as_of: &str) -> FeatureMatrix {
    let dataset = Dataset::read(folder, None, &ReadOptions::default()).unwrap();
    let builder = FeatureBuilder::try_new(spec, &dataset).unwrap();
    builder.build(&dataset, 0..dataset.accounts().len(), day(as_of)).unwrap()
}

/// The features of one family on the date, for accounts a, b, c and d.
fn family(family: Family, tables: &[(TableName, &str)]) -> FeatureMatrix {
    build(&spec(&[family]), folder(tables).path(), AS_OF)
}

/// Asserts the numbers of all accounts; `None` is missing.
fn assert_numbers<const N: usize>(matrix: &FeatureMatrix, feature: &str, expected: [Option<f64>; N]) {
    let column = matrix.named(feature).unwrap_or_else(|| panic!("no feature {feature}"));
    assert_eq!(matrix.ids().len(), N);
    for (row, expected) in expected.into_iter().enumerate() {
        let expected = expected.map_or(FeatureValue::Missing, |value| FeatureValue::Number(value as f32));
        assert_eq!(column.value(row), expected, "{feature} of {}", matrix.ids()[row]);
    }
}

/// Asserts the names of all accounts; `None` is missing.
fn assert_names<const N: usize>(matrix: &FeatureMatrix, feature: &str, expected: [Option<&str>; N]) {
    let column = matrix.named(feature).unwrap_or_else(|| panic!("no feature {feature}"));
    for (row, expected) in expected.into_iter().enumerate() {
        let expected = expected.map_or(FeatureValue::Missing, FeatureValue::Level);
        assert_eq!(column.value(row), expected, "{feature} of {}", matrix.ids()[row]);
    }
}

#[test]
fn change_compares_with_the_row_that_held_a_year_before() {
    let matrix = family(Family::Firmographic, &[]);
    // A year before is 1 January 2025: a row valid from that day on did not hold just before it, one from the day
    // before did. The row of d for that time became known on the date itself, so the older one stands.
    assert_numbers(
        &matrix,
        "firmographic__employees_change__365d",
        [Some(100.0 * (120.0 / 100.0 - 1.0)), None, None, Some(200.0)],
    );
    assert_numbers(
        &matrix,
        "firmographic__annual_revenue_change__365d",
        [Some(100.0 * (900.0 / 1000.0 - 1.0)), None, None, None],
    );
    assert_names(&matrix, "firmographic__state__now", [Some("US WA"), None, Some("Bayern"), None]);
    assert_names(&matrix, "firmographic__industry__now", [Some("SIC 0112"), Some("5415"), None, None]);

    let later = build(&spec(&[Family::Firmographic]), folder(&[]).path(), "2026-01-02");
    let changes = [Some(20.000_000_000_000_018), Some(0.0), None, Some(50.0)];
    assert_numbers(&later, "firmographic__employees_change__365d", changes);
}

const SUBSCRIPTIONS: &str = "\
account_id,partner_id,product,sku,month,seats_sold,seats_entitled,seats_assigned,seats_active_28d,state,known_at
a,p,m365,e3,2025-08-01,80,80,40,20,active,2025-09-02
a,p,m365,e3,2025-07-01,10,10,10,10,active,2025-08-02
a,p,m365,e3,2025-11-01,100,100,60,30,active,2025-12-02
a,p,m365,e3,2025-12-01,500,500,500,500,active,2026-01-01
a,p,azure,x,2025-11-01,5,0,2,3,trial,2025-12-02
b,p,m365,e3,2025-11-01,10,10,10,12,active,2025-12-02
b,p,azure,x,2025-09-02,3,3,3,3,active,2025-10-02
c,p,m365,e3,2025-11-01,0,0,0,3,active,2025-12-02
c,p,azure,x,2025-09-03,3,,3,3,,2025-10-02
d,p,m365,e3,2025-11-01,10,10,5,5,grace,2025-12-02
d,q,m365,e3,2025-11-01,6,3,4,5,active,2025-12-02
d,p,m365,f1,2025-11-01,90,90,90,90,cancelled,2025-12-02
d,p,m365,f1,2025-08-01,32,30,30,30,active,2025-09-02
d,p,azure,x,2025-11-01,7,7,7,7,cancelled,2025-12-02
";

#[test]
fn subscriptions_are_those_of_the_latest_known_month() {
    let matrix = family(Family::Subscription, &[(TableName::Subscriptions, SUBSCRIPTIONS)]);
    let assert = |what: &str, expected| {
        assert_numbers(&matrix, &format!("subscription__{what}"), expected);
    };
    // The 500 seats of a became known on the date itself. Of d, two plans add up and the cancelled one does not.
    assert("seats_m365__now", [Some(100.0), Some(10.0), Some(0.0), Some(16.0)]);
    assert("owns_m365__now", [Some(1.0), Some(1.0), Some(0.0), Some(1.0)]);
    // Employees: a 120, b 10, c not counted, d 30. Seats may exceed the workforce.
    assert("penetration_m365__now", [Some(100.0 * 100.0 / 120.0), Some(100.0), None, Some(1600.0 / 30.0)]);
    // Three months before November is August, and July is not looked at. b and c have no August.
    assert("growth_m365__3m", [Some(25.0), None, None, Some(-50.0)]);
    assert("deployment_m365__now", [Some(60.0), Some(100.0), None, Some(100.0 * 9.0 / 16.0)]);
    assert("usage_m365__28d", [Some(30.0), Some(120.0), None, Some(100.0 * 10.0 / 13.0)]);
    assert("usage_capped_m365__28d", [Some(30.0), Some(100.0), None, Some(100.0 * 10.0 / 13.0)]);
    assert("over_use_m365__28d", [Some(0.0), Some(1.0), None, Some(0.0)]);
    let states = [Some("active"), Some("active"), Some("active"), Some("active")];
    assert_names(&matrix, "subscription__state_m365__now", states);

    // A trial is seats without ownership. 3 September is 120 days before the date and current; 2 September has ended.
    assert("owns_azure__now", [Some(0.0), Some(0.0), Some(1.0), Some(0.0)]);
    assert("seats_azure__now", [Some(5.0), Some(0.0), Some(3.0), Some(0.0)]);
    assert("deployment_azure__now", [Some(40.0), None, Some(100.0), None]);
    assert("usage_azure__28d", [None; 4]);
    let states = [Some("trial"), Some("ended"), None, Some("cancelled")];
    assert_names(&matrix, "subscription__state_azure__now", states);

    assert("products__now", [Some(1.0), Some(1.0), Some(1.0), Some(1.0)]);
    assert("seats__now", [Some(105.0), Some(10.0), Some(3.0), Some(16.0)]);
    assert("over_used__now", [Some(0.0), Some(1.0), Some(0.0), Some(0.0)]);
}

#[test]
fn usage_is_a_share_of_the_base_in_the_spec() {
    let folder = folder(&[(TableName::Subscriptions, SUBSCRIPTIONS)]);
    for (base, expected) in
        [(UsageBase::Sold, 100.0 * 10.0 / 16.0), (UsageBase::Assigned, 100.0 * 10.0 / 9.0)]
    {
        let spec = FeatureSpec { usage_base: base, ..spec(&[Family::Subscription]) };
        let usage = build(&spec, folder.path(), AS_OF);
        let found = usage.named("subscription__usage_m365__28d").unwrap().value(3);
        assert_eq!(found, FeatureValue::Number(expected as f32), "{base:?}");
    }
}

#[test]
fn licence_vectors_hold() {
    for (sold, assigned, entitled, active, deployment, usage, capped, over_use) in [
        (100, 60, 100, 30, Some(60.0), Some(30.0), Some(30.0), Some(false)),
        (10, 10, 10, 12, Some(100.0), Some(120.0), Some(100.0), Some(true)),
        (0, 0, 0, 3, None, None, None, None),
    ] {
        let metrics = LicenceMetrics {
            sold: Some(sold),
            entitled: Some(entitled),
            assigned: Some(assigned),
            active_28d: Some(active),
        };
        assert_eq!(metrics.deployment_percent(), deployment, "{metrics:?}");
        assert_eq!(metrics.usage_percent(UsageBase::default()), usage, "{metrics:?}");
        assert_eq!(metrics.usage_percent_capped(UsageBase::default()), capped, "{metrics:?}");
        assert_eq!(metrics.over_use(UsageBase::default()), over_use, "{metrics:?}");
    }
    let unknown = LicenceMetrics { active_28d: Some(3), ..LicenceMetrics::default() };
    assert_eq!((unknown.deployment_percent(), unknown.usage_percent(UsageBase::Sold)), (None, None));
}

const AGREEMENTS: &str = "\
agreement_id,account_id,program,end_date,expiring_revenue,currency,started_at,known_at
1,a,EA,2026-01-01,100,USD,2023-01-01,2023-01-02
2,a,CSP,2026-03-31,50,EUR,2023-01-01,2023-01-02
3,a,CSP,2026-04-01,7,USD,2023-01-01,2023-01-02
4,a,CSP,2026-12-31,3,USD,2023-01-01,2023-01-02
5,a,CSP,2027-01-01,9,USD,2023-01-01,2023-01-02
6,a,CSP,2025-12-31,9,USD,2023-01-01,2023-01-02
7,a,CSP,2025-01-01,9,USD,2023-01-01,2023-01-02
8,a,CSP,2024-12-31,9,USD,2023-01-01,2023-01-02
9,a,Open,2026-02-28,1000,USD,2026-02-01,2025-12-01
10,a,Open,2026-01-02,4000,USD,2025-01-01,2026-01-01
11,b,,2026-02-01,,,,2025-02-01
12,b,EA,2026-02-01,,,2026-01-01,2025-02-02
";

#[test]
fn agreements_end_when_it_was_known_that_they_would() {
    let matrix = family(Family::Agreement, &[(TableName::Agreements, AGREEMENTS)]);
    let assert = |what: &str, expected| assert_numbers(&matrix, &format!("agreement__{what}"), expected);
    // The ninth of a and the twelfth begin later; the tenth became known on the date itself.
    assert("active__now", [Some(5.0), Some(1.0), Some(0.0), Some(0.0)]);
    assert("next_end__now", [Some(0.0), Some(31.0), None, None]);
    // 90 days from the date is 1 April: 100 USD, 50 EUR at 2 and 1000 USD end before it. 365 days are a year.
    assert("expiring_revenue__90d", [Some(1200.0), None, Some(0.0), Some(0.0)]);
    assert("expiring_revenue__365d", [Some(1210.0), None, Some(0.0), Some(0.0)]);
    assert("ended__365d", [Some(2.0), Some(0.0), Some(0.0), Some(0.0)]);
    assert("programs__now", [Some(2.0), Some(0.0), Some(0.0), Some(0.0)]);
    // Of two that end on one day, the one known first stands.
    assert_names(&matrix, "agreement__program__now", [Some("EA"), None, None, None]);

    let mut unpriced = spec(&[Family::Agreement]);
    unpriced.money.rates.clear();
    let folder = folder(&[(TableName::Agreements, AGREEMENTS)]);
    let dataset = Dataset::read(folder.path(), None, &ReadOptions::default()).unwrap();
    let error = FeatureBuilder::try_new(&unpriced, &dataset).unwrap_err().to_string();
    assert!(error.contains("table agreements, column currency: no rate for EUR"), "{error}");
    unpriced.families = vec![Family::Subscription];
    assert!(FeatureBuilder::try_new(&unpriced, &dataset).is_ok(), "no family reads the amounts");
}

const INSTALLS: &str = "\
account_id,product,vendor,category,version,first_seen,last_seen,known_at
a,windows,Microsoft,client,7,2012-01-01,2025-12-01,2025-12-01
a,windows,Microsoft,client,10,2016-01-01,2025-12-01,2025-12-02
a,office,Microsoft,,2016,2016-01-01,2025-12-01,2025-12-02
a,office,Microsoft,,2019,2019-01-01,2025-12-01,2025-12-02
a,sql_server,Microsoft,,2019,2020-01-01,2025-12-01,2025-12-02
a,m365_client,Microsoft,,,2020-01-01,2025-12-01,2025-12-02
a,azure,Microsoft,cloud,,2020-01-01,2025-12-01,2026-01-01
b,s1,,,,2024-01-01,2025-10-03,2025-10-04
b,s2,,,,2024-01-01,2025-10-02,2025-10-04
b,s3,,,,2024-01-01,2025-07-05,2025-10-04
b,s4,,,,2024-01-01,2025-07-04,2025-10-04
b,s5,,,,2024-01-01,2025-09-01,2025-08-01
b,s6,,,,2025-09-01,,2025-09-01
b,s7,,,,2024-01-01,2025-09-01,2025-09-02
b,s7,,,,2024-01-01,2025-12-30,2025-12-31
c,aws,,cloud,,2025-06-01,2025-12-31,2025-06-02
";

#[test]
fn technology_ages_ends_and_falls_silent() {
    let matrix = family(Family::Technographic, &[(TableName::Installs, INSTALLS)]);
    let assert = |what: &str, expected| assert_numbers(&matrix, &format!("technographic__{what}"), expected);
    // Support that ends on the date itself has not ended yet; 365 days on is 1 January 2027, which is out.
    assert("end_of_service__now", [Some(2.0), Some(0.0), Some(0.0), Some(0.0)]);
    assert("end_of_service__365d", [Some(2.0), Some(0.0), Some(0.0), Some(0.0)]);
    assert("end_of_service_windows__now", [Some(1.0), Some(0.0), Some(0.0), Some(0.0)]);
    assert("end_of_service_office__now", [Some(0.0), Some(0.0), Some(0.0), Some(0.0)]);
    // 22 October 2009 to the date: 16 years with 4 leap days are 5844 days, then 71 more.
    assert("oldest_version_age__now", [Some(5915.0 / 365.25), None, None, None]);
    // Silence of 90 days that began in the 90 days before the date: the last sightings of s2 and s3 lie between 5 July
    // and 2 October. The end of s5 was written later than the row was known, that of s6 is open, s7 was seen again.
    assert("stops__90d", [Some(0.0), Some(2.0), Some(0.0), Some(0.0)]);
    // The last sighting of c was written into a row of 2 June, so the first one of 1 June stands: 214 days.
    assert("last_sighting__ever", [Some(31.0), Some(2.0), Some(214.0), None]);
    assert("uses_m365__now", [Some(1.0), Some(0.0), Some(0.0), Some(0.0)]);
    assert("uses_azure__now", [Some(0.0), Some(0.0), Some(0.0), Some(0.0)]);
    assert("competitor_of_azure__now", [Some(0.0), Some(0.0), Some(1.0), Some(0.0)]);
    assert("cloud__now", [Some(0.0), Some(0.0), Some(1.0), Some(0.0)]);
    assert("installed_aws__now", [Some(0.0), Some(0.0), Some(1.0), Some(0.0)]);
    assert("installed_s7__now", [Some(0.0), Some(1.0), Some(0.0), Some(0.0)]);
    // Seen often, or in other rows, a product of the group counts once.
    assert("watched__now", [Some(0.0), Some(2.0), Some(1.0), Some(0.0)]);
    assert("products__now", [Some(4.0), Some(7.0), Some(1.0), Some(0.0)]);

    let later = build(
        &spec(&[Family::Technographic]),
        folder(&[(TableName::Installs, INSTALLS)]).path(),
        "2026-01-02",
    );
    assert_numbers(
        &later,
        "technographic__end_of_service_office__now",
        [Some(1.0), Some(0.0), Some(0.0), Some(0.0)],
    );
    assert_numbers(&later, "technographic__uses_azure__now", [Some(1.0), Some(0.0), Some(0.0), Some(0.0)]);
}

const TRANSACTIONS: &str = "\
account_id,product,date,amount,currency,known_at
a,azure,2025-10-03,30,USD,2025-10-04
a,azure,2025-10-02,10,USD,2025-10-04
a,azure,2025-07-05,20,USD,2025-10-04
a,azure,2025-07-04,500,USD,2025-10-04
a,azure,2024-12-31,1000,USD,2025-10-04
a,azure,2025-12-01,-7.5,EUR,2025-12-02
a,azure,2025-12-05,9999,USD,2026-01-01
b,m365,2025-12-01,5,USD,2025-12-02
b,m365,2025-12-01,5,USD,2025-12-02
c,m365,2025-11-01,0.1,USD,2025-11-01
c,m365,2025-11-02,0.2,USD,2025-11-02
c,m365,2025-11-03,0.3,USD,2025-11-03
c,m365,2025-11-04,-0.3,USD,2025-11-04
c,m365,2025-11-05,-0.2,USD,2025-11-05
c,m365,2025-11-06,-0.1,USD,2025-11-06
";

#[test]
fn spending_is_exact_in_every_window() {
    let matrix = family(Family::Transaction, &[(TableName::Transactions, TRANSACTIONS)]);
    let assert = |what: &str, expected| assert_numbers(&matrix, &format!("transaction__{what}"), expected);
    // 90 days before the date is 3 October, 180 days 5 July, 365 days 1 January 2025.
    assert("frequency_azure__90d", [Some(1.0), Some(0.0), Some(0.0), Some(0.0)]);
    assert("frequency_azure__365d", [Some(4.0), Some(0.0), Some(0.0), Some(0.0)]);
    assert("frequency_azure__ever", [Some(5.0), Some(0.0), Some(0.0), Some(0.0)]);
    assert("monetary_azure__90d", [Some(15.0), Some(0.0), Some(0.0), Some(0.0)]);
    assert("monetary_azure__365d", [Some(545.0), Some(0.0), Some(0.0), Some(0.0)]);
    assert("monetary_azure__ever", [Some(1545.0), Some(0.0), Some(0.0), Some(0.0)]);
    // 15 of late against 30 before.
    assert("trend_azure__90d", [Some(100.0 * -15.0 / 45.0), None, None, None]);
    assert("trend__90d", [Some(100.0 * -15.0 / 45.0), Some(100.0), None, None]);
    assert("recency_azure__ever", [Some(90.0), None, None, None]);
    assert("tenure__ever", [Some(366.0), Some(31.0), Some(61.0), None]);
    assert("cancellations__365d", [Some(1.0), Some(0.0), Some(3.0), Some(0.0)]);
    // Equal rows count each; amounts that cancel out leave exactly nothing, and no ownership.
    assert("frequency_m365__90d", [Some(0.0), Some(2.0), Some(3.0), Some(0.0)]);
    assert("monetary_m365__ever", [Some(0.0), Some(10.0), Some(0.0), Some(0.0)]);
    assert("owns_m365__ever", [Some(0.0), Some(1.0), Some(0.0), Some(0.0)]);
    assert("breadth__ever", [Some(1.0), Some(1.0), Some(0.0), Some(0.0)]);
    assert("monetary__90d", [Some(15.0), Some(10.0), Some(0.0), Some(0.0)]);
    assert("frequency__ever", [Some(5.0), Some(2.0), Some(3.0), Some(0.0)]);
}

const OPPORTUNITIES: &str = "\
opportunity_id,account_id,product,created_at,closed_at,status,substatus,stage,known_at
1,a,azure,2024-01-01,2024-12-31,Closed,Won,100,2024-01-01
2,a,azure,2024-02-01,2025-01-01,Closed,Won,100,2024-02-01
3,a,azure,2024-03-01,2025-12-30,Closed,Lost,60,2024-03-01
4,a,azure,2024-03-01,2025-12-31,Closed,Expired,60,2024-03-01
5,a,azure,2024-03-01,2026-01-01,Closed,Won,100,2024-03-01
6,a,azure,2024-03-01,2025-06-01,Closed,Won,100,2026-01-01
7,b,m365,2025-12-01,,Active,Accepted,40,2025-12-01
";

#[test]
fn deals_are_judged_by_what_was_closed() {
    let matrix = family(Family::Opportunity, &[(TableName::Opportunities, OPPORTUNITIES)]);
    let assert = |what: &str, expected| assert_numbers(&matrix, &format!("opportunity__{what}"), expected);
    assert("won__ever", [Some(2.0), Some(0.0), Some(0.0), Some(0.0)]);
    assert("won__365d", [Some(1.0), Some(0.0), Some(0.0), Some(0.0)]);
    assert("lost__365d", [Some(1.0), Some(0.0), Some(0.0), Some(0.0)]);
    // Two won and one lost: (2 + 1) / (3 + 2).
    assert("win_rate__ever", [Some(60.0), None, None, None]);
    assert("won_share__ever", [Some(20.0 / 3.0), None, None, None]);
    // An expired deal is no outcome; a deal that closes on the date itself is still open.
    assert("closed_recency__ever", [Some(2.0), None, None, None]);
    assert("open__now", [Some(1.0), Some(1.0), Some(0.0), Some(0.0)]);
    assert("open_azure__now", [Some(1.0), Some(0.0), Some(0.0), Some(0.0)]);

    // The stage is the last one, so another stage changes nothing.
    let restaged = OPPORTUNITIES.replace("Accepted,40", "Accepted,80").replace("Lost,60", "Lost,20");
    assert_eq!(family(Family::Opportunity, &[(TableName::Opportunities, &restaged)]), matrix);
}

const TABLES: [(TableName, &str, &str); 5] = [
    (TableName::Installs, INSTALLS, "d,windows,Microsoft,client,7,2012-01-01,2025-12-01,2026-01-01\n"),
    (TableName::Subscriptions, SUBSCRIPTIONS, "d,p,azure,y,2025-11-01,7,7,7,7,active,2026-01-01\n"),
    (TableName::Transactions, TRANSACTIONS, "d,azure,2025-10-03,30,USD,2026-01-01\n"),
    (TableName::Agreements, AGREEMENTS, "13,d,EA,2026-02-01,10,USD,2025-01-01,2026-01-01\n"),
    (TableName::Opportunities, OPPORTUNITIES, "8,d,azure,2024-01-01,2025-02-01,Closed,Won,100,2026-01-01\n"),
];

#[test]
fn rows_known_later_change_nothing_in_any_table() {
    let tables: Vec<_> = TABLES.iter().map(|(table, text, _)| (*table, *text)).collect();
    let folder = folder(&tables);
    let spec = spec(&EVERY_FAMILY);
    let before = build(&spec, folder.path(), AS_OF);
    let next_day = build(&spec, folder.path(), "2026-01-02");
    for (table, text, late) in TABLES {
        let path = folder.path().join(format!("{table}.csv"));
        fs::write(&path, format!("{text}{late}")).unwrap();
        assert_eq!(build(&spec, folder.path(), AS_OF), before, "{table}");
        assert_ne!(build(&spec, folder.path(), "2026-01-02"), next_day, "{table}: the row counts once known");
        fs::write(&path, text).unwrap();
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]

    #[test]
    fn the_order_of_rows_cannot_be_seen(seed in proptest::prelude::any::<u64>()) {
        let in_order: Vec<_> = TABLES.iter().map(|(table, text, _)| (*table, *text)).collect();
        let spec = spec(&EVERY_FAMILY);
        let expected = build(&spec, folder(&in_order).path(), AS_OF);
        let shuffled: Vec<(TableName, String)> = in_order
            .iter()
            .map(|(table, text)| {
                let mut lines: Vec<&str> = text.lines().collect();
                lines[1..].sort_by_key(|line| propensity::seed::hash_bytes(seed, line.as_bytes()));
                (*table, lines.join("\n") + "\n")
            })
            .collect();
        let shuffled: Vec<_> = shuffled.iter().map(|(table, text)| (*table, text.as_str())).collect();
        proptest::prop_assert_eq!(build(&spec, folder(&shuffled).path(), AS_OF), expected);
    }

    #[test]
    fn usage_is_capped_exactly_where_it_is_over(entitled in 0_u64..1_000, active in 0_u64..1_000) {
        let metrics =
            LicenceMetrics { entitled: Some(entitled), active_28d: Some(active), ..LicenceMetrics::default() };
        let base = UsageBase::Entitled;
        let (usage, capped) = (metrics.usage_percent(base), metrics.usage_percent_capped(base));
        proptest::prop_assert_eq!(usage.is_none(), entitled == 0);
        proptest::prop_assert_eq!(metrics.over_use(base), usage.map(|_| active > entitled));
        proptest::prop_assert_eq!(capped, if active > entitled { usage.map(|_| 100.0) } else { usage });
    }
}

#[test]
fn every_feature_of_an_absent_table_is_missing() {
    let spec = spec(&EVERY_FAMILY);
    let matrix = build(&spec, folder(&[]).path(), AS_OF);
    let definitions = definitions(&spec);
    let absent: Vec<&Definition> =
        definitions.iter().filter(|definition| definition.tables[0] != TableName::Accounts).collect();
    assert_eq!(absent.len() + 13, matrix.n_features(), "13 features need the accounts alone");
    for definition in absent {
        let name = &definition.recipe.name;
        let column = matrix.named(name).unwrap();
        for row in 0..matrix.ids().len() {
            assert_eq!(column.value(row), FeatureValue::Missing, "{name}");
        }
    }
}

#[test]
fn the_shipped_spec_declares_every_family_within_bounds() {
    let definitions = definitions(&Spec::cloudascent().unwrap().features);
    assert!(definitions.len() < 340, "{} features", definitions.len());
    let mut names: Vec<&str> = definitions.iter().map(|d| d.recipe.name.as_str()).collect();
    for family in EVERY_FAMILY {
        assert!(definitions.iter().any(|definition| definition.recipe.family == family), "{family:?}");
    }
    for definition in &definitions {
        let parts: Vec<&str> = definition.recipe.name.split("__").collect();
        assert_eq!(parts.len(), 3, "{}", definition.recipe.name);
        assert_eq!(parts[0], definition.recipe.family.as_str());
        assert!(!parts[1].is_empty() && !parts[2].is_empty(), "{}", definition.recipe.name);
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), definitions.len(), "names are unique");
}

#[test]
fn versions_that_contradict_themselves_are_refused() {
    let mut spec = spec(&EVERY_FAMILY);
    assert_eq!(spec.faults(), [""; 0]);
    spec.versions.push(version("windows", "7", Some("2021-01-01"), Some("2020-01-14")));
    let faults = spec.faults().join("\n");
    assert!(faults.contains("features.versions has \"windows\" \"7\" twice"), "{faults}");
    assert!(faults.contains("is released 2021-01-01 after its support ends 2020-01-14"), "{faults}");
}

#[test]
fn groups_of_technologies_that_say_nothing_or_too_much_are_refused() {
    let mut spec = spec(&EVERY_FAMILY);
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>();
    spec.technology_groups = BTreeMap::from([
        ("cloud".into(), names(&["aws"])),
        ("empty".into(), Vec::new()),
        ("vendors".into(), names(&["s7"])),
        ("ours".into(), names(&["azure", "aws", "aws"])),
    ]);
    assert_eq!(
        spec.faults(),
        [
            "features.technology_groups.ours names \"aws\" twice",
            "features.technology_groups.ours names \"azure\", which is Azure itself; uses_azure says that already, \
             leave it out",
            "features.technology_groups.cloud would be the second technographic__cloud__now; choose another name",
            "features.technology_groups.empty is empty; name installed products or leave it out",
            "features.technology_groups.vendors would be the second technographic__vendors__now; choose another name",
        ]
    );
}

#[test]
fn online_retail_equals_an_independent_computation() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared = std::env::var_os("PROPENSITY_SHARED").map_or_else(|| root.join("../shared"), Into::into);
    let folder = shared.join("data/online_retail");
    if !folder.is_dir() {
        println!("skipped: there is no {}", folder.display());
        return;
    }
    let mapping = Mapping::read(root.join("models/mappings/online_retail.toml")).unwrap();
    let dataset = Dataset::read(&folder, Some(&mapping), &ReadOptions::default()).unwrap();
    let mut spec = spec(&[Family::Transaction]);
    spec.products = vec![product("online_store", "the store")];
    spec.money = MoneySpec::default();
    let builder = FeatureBuilder::try_new(&spec, &dataset).unwrap();
    let matrix = builder.build(&dataset, 0..dataset.accounts().len(), day("2011-12-10")).unwrap();

    let expected = fs::read_to_string(root.join("tests/oracle/online_retail_rfm.csv")).unwrap();
    let mut lines = expected.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let windowed =
        |name: &str| if name.contains('_') { name.replace('_', "__") } else { format!("{name}__ever") };
    let features: Vec<String> =
        header[1..].iter().map(|name| format!("transaction__{}", windowed(name))).collect();
    let of_product =
        |name: &String| name.replacen("__", "\n", 1).replace("__", "_online_store__").replace('\n', "__");
    let mut compared = 0;
    for (row, line) in lines.enumerate() {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(matrix.ids()[row], cells[0]);
        for (feature, cell) in features.iter().zip(&cells[1..]) {
            // Read as a double and then narrowed, as the feature is.
            let expected = match *cell {
                "" => FeatureValue::Missing,
                number => FeatureValue::Number(number.parse::<f64>().unwrap() as f32),
            };
            let found = matrix.named(feature).unwrap().value(row);
            assert_eq!(found, expected, "{feature} of customer {}", cells[0]);
            if !feature.contains("tenure") {
                assert_eq!(matrix.named(&of_product(feature)).unwrap().value(row), expected, "{feature}");
            }
            compared += 1;
        }
    }
    assert_eq!((compared, matrix.ids().len()), (4372 * 8, 4372));
}
