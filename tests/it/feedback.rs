//! `propensity feedback`: exports of four systems, labels, refusals, and a registry that a second look does not change.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use propensity::feedback::{Export, Label, LabelRules, OutcomeCase, Unlabelled, cases, ingest, referrals};
use propensity::quantity::AsOf;
use propensity::registry::{Record, Registry};
use propensity::tables::contract::TableName;
use propensity::tables::mapping::Mapping;
use propensity::tables::{Dataset, ReadOptions};

fn date(text: &str) -> AsOf {
    text.parse().unwrap()
}

fn record(day: &str) -> Record {
    let recorded_at = "2026-03-01T06:00:00Z".parse().unwrap();
    Record { date: date(day), recorded_at, by: "test".to_owned() }
}

fn mapping(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/mappings").join(name)
}

/// The labels of an export, read by one of the mappings that ship.
fn labels(mapping_file: &str, csv: &str) -> Vec<OutcomeCase> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("export of march.csv");
    fs::write(&file, csv).unwrap();
    let mapping = Mapping::read(mapping(mapping_file)).unwrap();
    let dataset =
        Dataset::read_table(&file, TableName::Opportunities, Some(&mapping), &ReadOptions::default())
            .unwrap();
    let export = Export::read(&dataset, date("2026-03-25")).unwrap();
    let registry = Registry::open(&folder.path().join("registry"));
    let ingested = ingest(&registry, &record("2026-03-25"), &export).unwrap();
    assert_eq!(ingested.dropped, [], "{mapping_file}");
    let deals = referrals(&registry, &registry.ledger().unwrap()).unwrap();
    cases(&deals, date("2026-03-25"), &LabelRules::default())
}

const LOST: Label = Label::Lost { weight: 1.0 };
const SILENT: Label = Label::Lost { weight: 0.5 };

#[test]
fn exports_of_four_systems_become_labels() {
    let exports = [
        (
            "salesforce_opportunities.toml",
            "Id,AccountId,Product__c,CreatedDate,CloseDate,StageName,Loss_Reason__c,Probability,Amount,CurrencyIsoCode\n\
             1,acme,Azure,2026-01-05T10:00:00Z,2026-02-01,Closed Won,,100,1500.5,USD\n\
             2,acme,Microsoft 365,2026-01-05T10:00:00Z,2026-02-01,Closed Lost,No Response,0,10,USD\n\
             3,bolt,Azure,2026-01-05T10:00:00Z,2026-02-01,Closed Lost,Competitor,0,,\n\
             4,bolt,Business Central,2026-03-20T10:00:00Z,2026-06-30,Prospecting,,10,7,EUR\n\
             5,bolt,Microsoft 365,2026-01-05T10:00:00Z,2026-06-30,Negotiation/Review,,90,7,EUR\n",
        ),
        (
            "dynamics_opportunities.toml",
            "opportunityid,_parentaccountid_value,new_mainproduct,createdon,actualclosedate,statecode,statuscode,closeprobability,actualvalue,isocurrencycode\n\
             1,acme,Azure,2026-01-05T10:00:00Z,2026-02-01,1,3,100,1500.5,USD\n\
             2,acme,Microsoft 365,2026-01-05T10:00:00Z,2026-02-01,2,4,0,10,USD\n\
             3,bolt,Azure,2026-01-05T10:00:00Z,2026-02-01,2,5,0,,\n\
             4,bolt,Business Central,2026-03-20T10:00:00Z,,0,1,10,,\n\
             5,bolt,Microsoft 365,2026-01-05T10:00:00Z,,0,2,90,,\n",
        ),
        (
            "hubspot_deals.toml",
            "Record ID,Associated Company IDs,Main Product,Create Date,Close Date,Deal Stage,Closed Lost Reason,Deal probability,Amount,Currency\n\
             1,acme,Azure,2026-01-05 10:00,2026-02-01 09:30,Closed Won,,1,1500.5,USD\n\
             2,acme,Microsoft 365,2026-01-05 10:00,2026-02-01 09:30,Closed Lost,No response,0,10,USD\n\
             3,bolt,Azure,2026-01-05 10:00,2026-02-01 09:30,Closed Lost,Competitor,0,,\n\
             4,bolt,Business Central,2026-03-20 10:00,2026-06-30 09:30,Appointment Scheduled,,0.2,7,EUR\n\
             5,bolt,Microsoft 365,2026-01-05 10:00,2026-06-30 09:30,Contract Sent,,0.9,7,EUR\n\
             6,,Microsoft 365,2026-01-05 10:00,,Contract Sent,,0.9,7,EUR\n",
        ),
        (
            "partner_center_referrals.toml",
            "id,engagementId,externalReferenceId,details.requirements.solutions,createdDateTime,updatedDateTime,status,substatus,statusReason,details.dealValue,details.currency\n\
             1,e1,acme,Azure,2026-01-05T10:00:00Z,2026-02-01T08:00:00Z,Closed,Won,,1500.5,USD\n\
             1b,e1,acme,Azure,2026-01-06T10:00:00Z,2026-02-01T08:00:00Z,Closed,Declined,Others,1500.5,USD\n\
             2,e2,acme,Microsoft 365,2026-01-05T10:00:00Z,2026-02-01T08:00:00Z,Closed,Lost,Customer did not respond,10,USD\n\
             3,e3,bolt,Azure,2026-01-05T10:00:00Z,2026-02-01T08:00:00Z,Closed,Lost,Customer chose another vendor,,\n\
             4,e4,bolt,Dynamics 365 Business Central,2026-03-20T10:00:00Z,2026-03-20T10:00:00Z,New,Received,,7,EUR\n\
             5,e5,bolt,Microsoft 365,2026-01-05T10:00:00Z,2026-03-01T10:00:00Z,Active,Accepted,,7,EUR\n",
        ),
    ];
    for (mapping, csv) in exports {
        let found = labels(mapping, csv);
        let silent = if mapping.starts_with("dynamics") { LOST } else { SILENT };
        let expected = [
            ("acme", "azure", Label::Won),
            ("acme", "m365", silent),
            ("bolt", "azure", LOST),
            ("bolt", "d365_bc", Label::Open),
            ("bolt", "m365", Label::Open),
        ];
        let labels: Vec<_> =
            found.iter().map(|case| (case.account_id.as_str(), case.product.as_str(), case.label)).collect();
        assert_eq!(labels, expected, "{mapping}");
        assert_eq!(found[0].value, Some((1500.5, "USD".to_owned())), "{mapping}");
        assert!(found[3].closed_at.is_none(), "{mapping}");
    }
}

#[test]
fn a_list_is_held_against_what_came_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    // Ten accounts of each of two clusters; five of the first were worked for sure, and of the second one in ten at random.
    let mut list = "account_id,product,as_of,cluster,model_version,acted_probability\n".to_owned();
    for account in 0..10 {
        list.push_str(&format!("n{account},azure,2026-01-01,Act Now,1f0a,1\n"));
        list.push_str(&format!("e{account},azure,2026-01-01,Educate,1f0a,0.1\n"));
    }
    fs::write(path.join("list.csv"), &list).unwrap();
    let mut deals =
        "opportunity_id,account_id,product,created_at,closed_at,status,substatus,deal_value,currency\n"
            .to_owned();
    let mut deal = |account: &str, created: &str, end: &str| {
        let row = format!("d{account}{created},{account},azure,{created},2026-02-01,{end},100,USD\n");
        deals.push_str(&row);
    };
    for account in ["n0", "n1"] {
        deal(account, "2026-01-10", "Closed,Won");
    }
    for account in ["n2", "n3"] {
        deal(account, "2026-01-10", "Closed,Lost");
    }
    deal("n4", "2026-01-10", "Active,Accepted");
    deal("e0", "2026-01-10", "Closed,Lost");
    deal("e1", "2026-01-10", "Closed,Won");
    deal("stranger", "2026-01-10", "Closed,Won");
    deal("n9", "2025-12-01", "Closed,Won");
    deal("n9", "2026-04-01", "Closed,Won");
    fs::write(path.join("deals.csv"), deals).unwrap();
    told(path, &["deals.csv", "--as-of", "2026-05-01"]);
    let outcomes = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_propensity"))
            .current_dir(path)
            .args(["outcomes", "list.csv", "--registry", "r", "--as-of", "2026-05-01"])
            .args(args)
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(outcomes(&["--out", "o.json"]).0, Some(0));
    let found: serde_json::Value = serde_json::from_slice(&fs::read(path.join("o.json")).unwrap()).unwrap();
    let azure = &found["products"]["azure"];
    let number = |value: &serde_json::Value| value.as_f64().unwrap();
    let close = |value: &serde_json::Value, expected: f64| {
        assert!((number(value) - expected).abs() < 1e-9, "{value}")
    };
    let (top, bottom) = (&azure["clusters"]["Act Now"], &azure["clusters"]["Educate"]);
    let counts = |row: &serde_json::Value| {
        ["accounts", "acted", "won", "lost", "open"].map(|what| row[what].as_u64().unwrap())
    };
    assert_eq!((counts(top), counts(bottom)), ([10, 5, 2, 2, 1], [10, 2, 1, 1, 0]));
    close(&top["win_rate"]["value"], 0.5);
    close(&top["coverage"], 2.0 / 3.0);
    close(&top["lift"], 4.0 / 3.0);
    close(&top["revenue_won"]["USD"], 200.0);
    // Three of six, but of the last two each stands for ten: (2 + 10) / (4 + 20).
    close(&azure["win_rate"]["value"], 0.5);
    close(&azure["corrected_win_rate"]["value"], 12.0 / 24.0);
    // Effective cases: 24^2 / (4 + 200), so the interval is wider than that of six.
    let width = |rate: &serde_json::Value| number(&rate["high"]) - number(&rate["low"]);
    assert!(width(&azure["corrected_win_rate"]) > width(&azure["win_rate"]));
    assert_eq!((&azure["unlisted"], &azure["reversals"]), (&1.into(), &serde_json::json!([])));

    assert!(outcomes(&["--out", "o.json"]).1.contains("E_OUTPUT_EXISTS"));
    for (from, to, message) in [
        (
            "n3,azure,2026-01-01,Act Now,1f0a,1\n",
            "n3,azure,2026-01-01,Act Now,1f0a,0\n",
            "acted_probability is 0",
        ),
        ("n3,azure,2026-01-01", "n3,azure,2026-02-01", "expected one date a list"),
        ("n3,azure", "n2,azure", "account n2 is there twice"),
        ("Educate", "Someday", "cluster"),
        ("cluster", "klaster", "column cluster is missing"),
    ] {
        fs::write(path.join("list.csv"), list.replacen(from, to, 1)).unwrap();
        let (code, log) = outcomes(&[]);
        assert_eq!(code, Some(2), "{message}");
        assert!(log.contains("error[E_SCORED_LIST]") && log.contains(message), "{message}: {log}");
    }
}

fn feedback(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_propensity"))
        .current_dir(folder)
        .args(["feedback"])
        .args(args)
        .args(["--registry", "r", "--by", "test"])
        .output()
        .unwrap()
}

fn told(folder: &Path, args: &[&str]) -> String {
    let output = feedback(folder, args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// All files below a folder with their bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.insert(entry.path(), fs::read(entry.path()).unwrap());
        }
    }
    found
}

const HEAD: &str = "opportunity_id,account_id,product,created_at,closed_at,status,substatus,reason\n";

#[test]
fn a_second_look_changes_nothing_and_what_is_dropped_is_told_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let march = "d1,a,azure,2026-03-01,,New,Received,\n\
                 d2,a,m365,2026-01-10,2026-02-01,Closed,Won,\n\
                 d3,b,azure,2026-01-10,,Active,Accepted,\n\
                 d4,b,m365,2026-01-10,2026-01-02,Closed,Lost,1\n\
                 d5,b,m365,2026-01-10,,Paused,,\n\
                 d6,b,surface,2026-01-10,,Closed,Lost,2\n";
    fs::write(path.join("march.csv"), format!("{HEAD}{march}")).unwrap();
    let first = told(path, &["march.csv", "--as-of", "2026-03-25"]);
    assert_eq!(
        first,
        "rows      4 new, 0 changed, 0 unchanged, 2 dropped\n\
         dropped   1: it was closed before it was opened\n\
         dropped   1: its status is not New, Active or Closed\n\
         cases     1 won, 1 lost, 1 open, 1 without a label\n\
         no label  1: expired\n"
    );
    let once = files(&path.join("r"));
    let lines: Vec<&str> = march.lines().rev().collect();
    fs::write(path.join("turned.csv"), format!("{HEAD}{}\n", lines.join("\n"))).unwrap();
    let again = told(path, &["turned.csv", "--as-of", "2026-03-25"]);
    assert!(
        again.starts_with("rows      6: this export was taken in before; nothing has changed\n"),
        "{again}"
    );
    assert!(files(&path.join("r")) == once);
    // Of the dropped rows the registry keeps the reason.
    let outcomes = once.keys().find(|key| key.parent().is_some_and(|folder| folder.ends_with("outcomes")));
    let stored = fs::read_to_string(outcomes.unwrap()).unwrap();
    assert!(
        stored.contains(r#"{"dropped":{"opportunity_id":"d4","reason":"ends_before_it_begins"}}"#),
        "{stored}"
    );

    // A month later: one comes true, one goes back, one is written again after its end.
    let april = "d1,a,azure,2026-03-01,,New,Received,\n\
                 d2,a,m365,2026-01-10,2026-02-01,Active,Accepted,\n\
                 d3,b,azure,2026-01-10,2026-04-02,Closed,Won,\n\
                 d6,b,surface,2026-01-10,2026-04-01,Closed,Lost,3\n\
                 d7,c,azure,2026-04-01,2026-04-03,Closed,Declined,\n";
    fs::write(path.join("april.csv"), format!("{HEAD}{april}")).unwrap();
    let second = told(path, &["april.csv", "--as-of", "2026-04-25", "--expires-after", "0"]);
    assert_eq!(
        second,
        "rows      1 new, 1 changed, 1 unchanged, 2 dropped\n\
         dropped   1: it was Won, Lost, Declined or Expired before, which is final\n\
         dropped   1: it was edited after its end\n\
         cases     2 won, 1 lost, 1 open, 1 without a label\n\
         no label  1: declined\n"
    );
    // An old export that turns up late says nothing new.
    fs::write(path.join("late.csv"), format!("{HEAD}d3,b,azure,2026-01-10,,New,Received,\n")).unwrap();
    let late = told(path, &["late.csv", "--as-of", "2026-02-25"]);
    assert!(late.contains("dropped   1: a newer export says something else"), "{late}");

    let registry = Registry::open(&path.join("r"));
    assert_eq!(registry.verify(None).unwrap().head.events, 3);
    let deals = referrals(&registry, &registry.ledger().unwrap()).unwrap();
    let found = cases(&deals, date("2026-04-25"), &LabelRules::default());
    let labels: Vec<Label> = found.iter().map(|case| case.label).collect();
    let expired = Label::Dropped(Unlabelled::Expired);
    assert_eq!(labels, [expired, Label::Won, Label::Won, SILENT, Label::Dropped(Unlabelled::Declined)]);
    // A loss without a date ended, as far as anybody knows, on the day of the first export that told of it.
    assert_eq!(found[3].closed_at.unwrap().micros(), date("2026-03-25").micros());
}

#[test]
fn what_cannot_be_read_is_refused_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("x.csv"), "opportunity_id,account_id\nd1,a\n").unwrap();
    let cases = [("x.csv", "E_SCHEMA_MISSING_COLUMN"), ("nothing.csv", "E_SOURCE_NOT_FOUND")];
    for (file, code) in cases {
        let output = feedback(path, &[file, "--as-of", "2026-03-25"]);
        let log = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{log}");
        assert!(log.contains(code), "{log}");
    }
    assert!(!path.join("r").exists());
}

#[test]
fn writers_at_once_lose_no_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("r");
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let place = &place;
            scope.spawn(move || {
                for month in 1..=5 {
                    let file = tempfile::NamedTempFile::with_suffix(".csv").unwrap();
                    let row = format!("{HEAD}w{writer}m{month},a,azure,2026-01-01,2026-01-02,Closed,Won,\n");
                    fs::write(file.path(), row).unwrap();
                    let options = ReadOptions::default();
                    let dataset =
                        Dataset::read_table(file.path(), TableName::Opportunities, None, &options).unwrap();
                    let export = Export::read(&dataset, date("2026-03-25")).unwrap();
                    ingest(&Registry::open(place), &record("2026-03-25"), &export).unwrap();
                }
            });
        }
    });
    let registry = Registry::open(&place);
    assert_eq!(registry.verify(None).unwrap().head.events, 20);
    assert_eq!(referrals(&registry, &registry.ledger().unwrap()).unwrap().len(), 20);
}
