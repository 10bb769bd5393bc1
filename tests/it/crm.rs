//! Matching account lists: who is who, who is not, and what is said about it.

mod dirt;
mod labelled;
mod measured;

use std::collections::BTreeSet;
use std::process::Output;

use assert_cmd::Command;
use propensity::crm::{Cardinality, Company, Kind, Matching, Outcome, Reasons, match_lists};
use propensity::parallelism::Parallelism;
use propensity::quantity::LogOdds;
use tempfile::TempDir;

fn named<'a>(id: &'a str, name: &'a str) -> Company<'a> {
    Company { id, name: Some(name), ..Company::default() }
}

fn in_city<'a>(id: &'a str, name: &'a str, city: &'a str) -> Company<'a> {
    Company { city: Some(city), ..named(id, name) }
}

/// The answer for each company of the left list, with the ids of its candidates.
fn answers(left: &[Company<'_>], right: &[Company<'_>], matching: &Matching) -> Vec<String> {
    let outcomes = match_lists(left, right, matching, &Parallelism::serial());
    let told = |outcome: &Outcome| {
        let ids = outcome.candidates.iter().map(|candidate| right[candidate.right as usize].id);
        format!("{} {}", outcome.answer, ids.collect::<Vec<_>>().join(" ")).trim_end().to_owned()
    };
    outcomes.iter().map(told).collect()
}

#[test]
fn the_bank_of_the_west_is_not_the_bank_of_the_east() {
    let (west, east) = (named("W", "Bank of the West"), named("E", "Bank of the East"));
    let usual = Matching::default();
    assert_eq!(answers(&[west], &[east], &usual), ["none"]);
    assert_eq!(answers(&[west], &[named("X", "The Bank of the West, Inc.")], &usual), ["matched X"]);
    let banks: Vec<String> = (0..300).map(|number| format!("{} Bank", SURNAMES[number % 12])).collect();
    let mut many: Vec<Company<'_>> = banks.iter().map(|name| named(name, name)).collect();
    many.push(east);
    assert_eq!(answers(&[west], &many, &usual), ["none"]);
    // The same city does not make them one.
    let (west, east) = (in_city("W", "Bank of the West", "Reno"), in_city("E", "Bank of the East", "Reno"));
    assert_eq!(answers(&[west], &[east], &usual), ["none"]);
    for (one, two) in [
        ("School 12", "School 14"),
        ("Walmart Canada", "Walmart Mexico"),
        ("Northern Trust", "Southern Trust"),
        ("Union Bank", "Credit Union"),
    ] {
        let answer = answers(&[named("1", one)], &[named("2", two)], &usual);
        assert!(!answer[0].starts_with("matched"), "{one} is not {two}: {answer:?}");
    }
}

const SURNAMES: [&str; 12] = [
    "Miller", "Kowalski", "Garcia", "Olsen", "Novak", "Rossi", "Dubois", "Schmidt", "Tanaka", "Silva",
    "Murphy", "Haddad",
];

#[test]
fn one_company_is_found_in_many_writings() {
    for (one, two) in [
        ("Acme Widgets Inc", "ACME WIDGETS, INCORPORATED"),
        ("Volvo AB", "Aktiebolaget Volvo"),
        ("Zielona Energia Sp. z o.o.", "Zielona Energia Ltd."),
        ("Société Dubreuil SARL", "Societe Dubreuil"),
        ("Infoxys Pvt Ltd", "Infoxys Private Limited"),
        ("Hathaway Berkshire", "Berkshire Hathaway"),
        ("Wal Mart", "Walmart"),
        ("International Bsns Machines", "Intl Bsns Machines Corp"),
        ("Amalgamated Sprocket Mfg", "Amalgamated Sproket Manufacturing"),
        ("Zenthar Hlth", "Zenthar Health"),
    ] {
        let answer = answers(&[named("1", one)], &[named("2", two)], &Matching::default());
        assert_eq!(answer, ["matched 2"], "{one} is {two}");
    }
}

#[test]
fn what_could_be_several_is_ambiguous_until_a_place_decides() {
    let theirs = [in_city("R", "Sunrise Dental", "Reno"), in_city("T", "Sunrise Dental", "Tulsa")];
    let usual = Matching::default();
    assert_eq!(answers(&[named("1", "Sunrise Dental LLC")], &theirs, &usual), ["ambiguous R T"]);
    assert_eq!(answers(&[in_city("1", "Sunrise Dental LLC", "Tulsa")], &theirs, &usual), ["matched T"]);
    // Two of ours want one of theirs: neither gets it, unless that is allowed.
    let ours = [named("1", "Zenthar Optics"), named("2", "Zenthar Optics Inc")];
    let their = [named("Z", "Zenthar Optics")];
    assert_eq!(answers(&ours, &their, &usual), ["ambiguous Z", "ambiguous Z"]);
    let many = Matching { cardinality: Cardinality::ManyToOne, ..usual };
    assert_eq!(answers(&ours, &their, &many), ["matched Z", "matched Z"]);
}

#[test]
fn domains_and_numbers_decide_before_names_do() {
    let web = |id, name, domain| Company { domain: Some(domain), ..named(id, name) };
    let usual = Matching::default();
    let theirs = [web("A", "Acme Widgets", "acme.com"), web("B", "Other Name", "www.beta.io")];
    assert_eq!(answers(&[web("1", "Beta", "jane@beta.io")], &theirs, &usual), ["matched B"]);
    // A mailbox for everybody says nothing.
    assert_eq!(
        answers(&[web("1", "Gamma", "x@gmail.com")], &[web("G", "Delta", "y@gmail.com")], &usual),
        ["none"]
    );
    // Names that contradict the domain are for people to look at.
    let answer = answers(&[web("1", "Zenthar Optics West", "acme.com")], &theirs, &usual);
    assert_ne!(answer, ["none"]);
    let numbered = |id, name, duns| Company { duns: Some(duns), ..named(id, name) };
    let theirs = [numbered("D", "Formerly Else", "00-123-4567"), numbered("E", "Acme", "009999999")];
    assert_eq!(answers(&[numbered("1", "Newly Called", "1234567")], &theirs, &usual), ["matched D"]);
    // Ids are no evidence unless both lists number alike.
    let (ours, theirs) = ([named("7", "Renamed Holdings")], [named("7", "Quite Else")]);
    assert_eq!(answers(&ours, &theirs, &usual), ["none"]);
    assert_eq!(answers(&ours, &theirs, &Matching { shared_ids: true, ..usual }), ["matched 7"]);
}

#[test]
fn families_roll_up_only_when_asked() {
    let owned = |id, name, parent| Company { parent: Some(parent), ..named(id, name) };
    let ours = [named("1", "Zenthar Optics"), owned("2", "Blue Harbour Lenses", "1")];
    let theirs = [named("Z", "Zenthar Optics Inc")];
    let usual = Matching::default();
    let roll_up = Matching { roll_up: true, ..usual };
    assert_eq!(answers(&ours, &theirs, &usual), ["matched Z", "none"]);
    assert_eq!(answers(&ours, &theirs, &roll_up), ["matched Z", "matched Z"]);
    let family = [named("P", "Zenthar"), owned("C", "Zenthar", "P")];
    assert_eq!(answers(&[named("1", "Zenthar")], &family, &usual), ["ambiguous P C"]);
    assert_eq!(answers(&[named("1", "Zenthar")], &family, &roll_up), ["matched P"]);
    // Accounts that own each other end nothing.
    let circle = [owned("1", "Alpha Quux", "2"), owned("2", "Beta Quux", "1")];
    assert_eq!(answers(&circle, &theirs, &roll_up), ["none", "none"]);
}

#[test]
fn contributions_add_up_to_the_score() {
    let ours = [in_city("1", "Zenthar Optics West Ltd", "Reno")];
    let theirs = [in_city("A", "Zenthar Optik Inc", "Reno")];
    let matching = Matching { possible: LogOdds::try_from(-50.0).unwrap(), ..Matching::default() };
    let outcomes = match_lists(&ours, &theirs, &matching, &Parallelism::serial());
    let candidate = outcomes[0].candidates[0];
    let sum: LogOdds = candidate.evidence.contributions().map(|(_, part)| part).sum();
    assert_eq!(sum, candidate.evidence.total());
    let told = Reasons { left: &ours[0], right: &theirs[0], evidence: &candidate.evidence }.to_string();
    for part in ["name agrees (zenthar)", "name differs (", "west", "legal form -0.6", "city +"] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
}

#[test]
fn the_score_of_a_pair_can_be_computed_by_hand() {
    let ours = [in_city("1", "Zenthar Optics Ltd", "Reno")];
    let theirs = [in_city("A", "Zenthar Lenses GmbH", "Reno")];
    let matching = Matching { possible: LogOdds::try_from(-50.0).unwrap(), ..Matching::default() };
    let outcomes = match_lists(&ours, &theirs, &matching, &Parallelism::serial());
    let evidence = outcomes[0].candidates[0].evidence;
    // Two accounts beside a background of a thousand; words that nobody knows are at 1 in 10,000 of it.
    let zenthar = (1002.0_f64 / 2.1).ln();
    let only_one_has = (1002.0_f64 / 1.1).ln();
    let city = (1002.0_f64 / 3.0).ln();
    for (kind, expected) in [
        (Kind::Start, -21.0_f64.ln()),
        (Kind::NameAgrees, zenthar),
        (Kind::NameDiffers, 2.0 * -0.4 * only_one_has),
        (Kind::NameOpposes, 0.0),
        (Kind::LegalForm, 0.3),
        (Kind::City, city),
        (Kind::Domain, 0.0),
    ] {
        let found = evidence.of(kind).value();
        assert!((found - expected).abs() < 1e-5, "{kind}: expected {expected}, found {found}");
    }
}

/// Runs `propensity match` in a folder.
fn command(folder: &TempDir, arguments: &[&str]) -> Output {
    let mut command = Command::cargo_bin("propensity").unwrap();
    command.current_dir(folder.path()).arg("match").args(arguments).output().unwrap()
}

#[test]
fn the_command_answers_with_the_same_bytes_for_any_threads_and_order_of_rows() {
    let folder = tempfile::tempdir().unwrap();
    let name =
        |number: usize| format!("{} {} {}", SURNAMES[number % 12], SURNAMES[number / 12 % 12], number / 7);
    let ours: Vec<String> =
        (0..600).map(|number| format!("L{number:03},{} Inc,{number}.example.com", name(number))).collect();
    let theirs: Vec<String> =
        (100..700).map(|number| format!("R{number:03},{},", name(number).to_uppercase())).collect();
    let write = |file: &str, rows: &mut dyn Iterator<Item = &String>| {
        let rows: Vec<&str> = rows.map(String::as_str).collect();
        let text = format!("account_id,name,domain\n{}\n", rows.join("\n"));
        std::fs::write(folder.path().join(file), text).unwrap();
    };
    write("ours.csv", &mut ours.iter());
    write("turned.csv", &mut ours.iter().rev());
    write("theirs.csv", &mut theirs.iter());
    let mut told = Vec::new();
    for (place, (left, threads)) in
        [("ours.csv", "1"), ("ours.csv", "4"), ("turned.csv", "3")].iter().enumerate()
    {
        let out = format!("out{place}.csv");
        let output = command(&folder, &[left, "theirs.csv", "--out", &out, "--threads", threads]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        told.push((std::fs::read_to_string(folder.path().join(out)).unwrap(), output.stdout));
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]));
    let header = told[0].0.lines().next().unwrap();
    assert_eq!(
        header,
        "left_id,left_name,answer,via,candidate,right_id,right_name,log_odds,probability,reasons,taken_by"
    );
    let answers: BTreeSet<&str> =
        told[0].0.lines().skip(1).map(|line| line.split(',').nth(2).unwrap()).collect();
    assert!(answers.contains("matched") && answers.contains("none"), "{answers:?}");
    // One list by itself, as Parquet.
    let output = command(&folder, &["ours.csv", "--out", "pairs.parquet"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(folder.path().join("pairs.parquet").exists());
}

#[test]
fn the_command_reads_any_file_through_a_mapping_and_refuses_what_it_cannot_do() {
    let folder = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| std::fs::write(folder.path().join(file), text).unwrap();
    write("crm export.csv", "Id;Company;Site\n1;Zenthar Optics AB;https://www.zenthar.se\n");
    write(
        "crm.toml",
        "name = \"crm\"\n[tables.accounts]\nfile = \"another.csv\"\n[tables.accounts.columns]\n\
         account_id = \"Id\"\nname = \"Company\"\ndomain = \"Site\"\n",
    );
    write("theirs.csv", "account_id,name,domain\nA,Zenthar Optics,info@zenthar.se\n");
    let flags = ["crm export.csv", "theirs.csv", "--left-mapping", "crm.toml", "--out", "answers.csv"];
    let output = command(&folder, &flags);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers = std::fs::read_to_string(folder.path().join("answers.csv")).unwrap();
    assert!(
        answers.lines().nth(1).unwrap().starts_with("1,Zenthar Optics AB,matched,itself,1,A,"),
        "{answers}"
    );
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 matched"));
    let refused = |arguments: &[&str], code: &str| {
        let output = command(&folder, arguments);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(code), "{message}");
    };
    refused(&flags, "E_OUTPUT_EXISTS");
    refused(&["theirs.csv", "theirs.csv", "--out", "answers.txt"], "E_USAGE");
    refused(&["theirs.csv", "--out", "x.csv", "--matched", "1", "--possible", "2"], "E_USAGE");
    refused(&["nowhere.csv", "--out", "x.csv"], "E_SOURCE_NOT_FOUND");
    assert!(!folder.path().join("x.csv").exists());
}
