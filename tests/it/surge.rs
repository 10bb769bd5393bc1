//! Surge: its error rates on accounts of known rates, its document and picture, and its features by hand.
#![allow(clippy::unwrap_used, reason = "a test that meets what it does not expect must fail")]
#![allow(clippy::print_stdout, reason = "the measured rates are for people to read")]

mod picture;
mod simulator;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::LazyLock;

use propensity::features::{Family, FeatureBuilder, FeatureSpec, MoneySpec, SignalMeasures};
use propensity::matrix::{FeatureMatrix, FeatureValue};
use propensity::tables::{Dataset, ReadOptions};

use simulator::{ACCOUNTS, Pattern, SIZES, Shares, doubles, shares, surges, surges_if_independent};

/// Everything measured, once for all tests of this file.
struct Measured {
    false_alarms: Vec<(Pattern, Shares)>,
    found: Vec<(Pattern, Shares)>,
    rivals: Vec<(&'static str, Shares)>,
}

static MEASURED: LazyLock<Measured> = LazyLock::new(|| Measured {
    false_alarms: Pattern::ALL.map(|pattern| (pattern, shares(pattern, 1.0, surges))).into(),
    found: Pattern::ALL.map(|pattern| (pattern, shares(pattern, 3.0, surges))).into(),
    rivals: vec![
        ("steady, bare ratio of 2", shares(Pattern::Steady, 1.0, doubles)),
        ("bursty, without D", shares(Pattern::Bursty, 1.0, surges_if_independent)),
        ("swinging, without D", shares(Pattern::Swinging, 1.0, surges_if_independent)),
    ],
});

#[test]
fn at_most_five_percent_surge_when_nothing_changed() {
    for (pattern, shares) in MEASURED.false_alarms.iter().filter(|(p, _)| Pattern::PROMISED.contains(p)) {
        for (size, share) in SIZES.iter().zip(shares) {
            assert!(*share <= 5.0, "{share} % of {pattern} accounts with {size} signals a quarter surge");
        }
    }
}

#[test]
fn nine_in_ten_tripled_accounts_are_found_from_thirty_signals_a_quarter() {
    let (_, found) = MEASURED.found.iter().find(|(pattern, _)| *pattern == Pattern::Steady).unwrap();
    for (size, share) in SIZES.iter().zip(found).filter(|(size, _)| **size >= 30) {
        assert!(*share >= 90.0, "{share} % of tripled accounts with {size} signals a quarter are found");
    }
}

#[test]
fn the_dispersion_is_what_keeps_bursts_from_surging() {
    let worst = |shares: &Shares| shares.iter().copied().fold(0.0, f64::max);
    for (judge, shares) in &MEASURED.rivals {
        assert!(worst(shares) > 5.0, "{judge} would do as well: {shares:?}");
    }
}

/// The tables of the document.
fn tables() -> String {
    let mut text = String::new();
    let mut table = |title: &str, rows: &[(String, Shares)]| {
        let sizes = SIZES.map(|size| size.to_string()).join(" | ");
        let _ = writeln!(text, "| {title} | {sizes} |\n|---|{}", "---:|".repeat(SIZES.len()));
        for (name, shares) in rows {
            let cells = shares.map(|share| format!("{share:.1}")).join(" | ");
            let _ = writeln!(text, "| {name} | {cells} |");
        }
        text.push('\n');
    };
    let named = |rows: &[(Pattern, Shares)]| -> Vec<(String, Shares)> {
        rows.iter().map(|(pattern, shares)| (pattern.to_string(), *shares)).collect()
    };
    table("nothing changed: % that surge", &named(&MEASURED.false_alarms));
    table("tripled for three weeks: % that surge", &named(&MEASURED.found));
    let rivals: Vec<_> = MEASURED.rivals.iter().map(|(name, shares)| ((*name).to_owned(), *shares)).collect();
    table("nothing changed, judged otherwise: % flagged", &rivals);
    text
}

/// Compares the generated part of a document with `expected`; `PROPENSITY_WRITE_DOCUMENTS=1` writes it instead.
fn assert_written(path: &str, expected: impl Fn(&str) -> String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let found = fs::read_to_string(&path).unwrap_or_default();
    let expected = expected(&found);
    if std::env::var_os("PROPENSITY_WRITE_DOCUMENTS").is_some() {
        fs::write(&path, expected).unwrap();
    } else {
        assert_eq!(found, expected, "{} is not what the code says", path.display());
    }
}

#[test]
fn the_document_and_the_picture_show_the_measured_rates() {
    let (start, end) = ("<!-- measured -->\n", "<!-- end of measured -->");
    let tables = tables();
    println!("{ACCOUNTS} accounts a cell\n{tables}");
    assert_written("docs/surge.md", |found| {
        let (before, rest) = found.split_once(start).unwrap();
        let (_, after) = rest.split_once(end).unwrap();
        format!("{before}{start}\n{tables}{end}{after}")
    });
    let picture = picture::draw(&MEASURED.false_alarms, &MEASURED.found);
    assert_written("docs/pictures/surge.svg", |_| picture.clone());
}

const ACCOUNTS_TABLE: &str = "account_id,name,known_at\na,Able,2024-01-01\nb,Baker,2024-01-01\n";

/// The 21 days before 1 January begin on 11 December, the 84 before those on 18 September.
const SIGNALS: &str = "\
account_id,kind,topic,observed_at,known_at
a,web_visit,crm,2025-12-31T23:59:59Z,2025-12-31T23:59:59Z
a,web_visit,crm,2025-12-20,2025-12-21
a,web_visit,crm,2025-12-11,2025-12-11
a,web_visit,crm,2025-12-20,2026-01-01
a,web_visit,erp,2025-12-10T23:59:59Z,2025-12-31
a,web_visit,crm,2025-09-18,2025-09-18
a,web_visit,crm,2025-09-17T23:59:59Z,2025-09-18
";

fn build(signals: Option<&str>) -> (FeatureBuilder, FeatureMatrix) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("accounts.csv"), ACCOUNTS_TABLE).unwrap();
    if let Some(signals) = signals {
        fs::write(folder.path().join("signals.csv"), signals).unwrap();
    }
    let spec = FeatureSpec {
        families: vec![Family::Intent],
        windows_days: vec![NonZeroU16::MIN],
        half_lives_days: Vec::new(),
        forward_days: NonZeroU16::MIN,
        topics: vec!["crm".into()],
        kinds: Vec::new(),
        signal_measures: SignalMeasures::default(),
        categories: Vec::new(),
        technologies: Vec::new(),
        technology_groups: BTreeMap::new(),
        money: MoneySpec::default(),
        products: Vec::new(),
        versions: Vec::new(),
        usage_base: propensity::features::UsageBase::default(),
    };
    let dataset = Dataset::read(folder.path(), None, &ReadOptions::default()).unwrap();
    let builder = FeatureBuilder::try_new(&spec, &dataset).unwrap();
    let matrix = builder.build(&dataset, 0..2, "2026-01-01".parse().unwrap()).unwrap();
    (builder, matrix)
}

#[test]
fn the_features_keep_to_the_three_and_twelve_weeks() {
    let (builder, matrix) = build(Some(SIGNALS));
    // All: 3 after 2 in different weeks, D = 1. About crm: 3 after 1, D = 14/13. Others: 0 after 1, D = 14/13.
    for (feature, a, words) in [
        ("intent__surge__21d", 59.386, "signals are as usual (59)"),
        ("intent__surge_topic_crm__21d", 60.927, "signals about crm are surging (60)"),
        ("intent__surge_topic_other__21d", 50.000, "signals about other topics are as usual (50)"),
    ] {
        let column = matrix.named(feature).unwrap();
        assert_eq!(column.value(0), FeatureValue::Number(a), "{feature}");
        assert_eq!(column.value(1), FeatureValue::Number(50.0), "{feature} without signals");
        let recipe = builder.recipes().iter().find(|recipe| recipe.name == feature).unwrap();
        assert_eq!(recipe.sentence(column.value(0)), words);
        assert_eq!(recipe.sentence(FeatureValue::Missing), "no signal feed");
    }
}

#[test]
fn without_a_signal_feed_surge_is_missing() {
    let (_, matrix) = build(None);
    for feature in ["intent__surge__21d", "intent__surge_topic_crm__21d"] {
        assert_eq!(matrix.named(feature).unwrap().value(0), FeatureValue::Missing, "{feature}");
    }
}
