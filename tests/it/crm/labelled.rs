//! Against labelled organisations, and against dirt whose truth is known.

use std::collections::BTreeMap;

use propensity::crm::{Answer, Company, Matching, find_duplicates, match_lists};
use propensity::parallelism::Parallelism;
use propensity::quantity::LogOdds;
use propensity::seed::Seed;

use super::dirt::Dirt;
use super::measured::Measured;
use crate::wide_tables::public_data;

/// An organisation of the labelled data, with what it is known by.
struct Organisation {
    row: String,
    truth: String,
    name: String,
    address: String,
    zip: String,
    phone: String,
    address_on_the_web: String,
}

fn organisations() -> Option<Vec<Organisation>> {
    let path = public_data("dedupe_chicago_orgs/csv_example_input_with_true_ids.csv")?;
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().clone();
    let place =
        |name: &str| header.iter().position(|column| column.trim_start_matches('\u{feff}') == name).unwrap();
    let columns =
        ["Id", "True Id", "Site name", "Address", "Zip", "Phone", "Website", "Email Address"].map(place);
    let read = |row: csv::StringRecord| {
        let [row_id, truth, name, address, zip, phone, website, email] =
            columns.map(|column| row[column].trim().to_owned());
        let address_on_the_web = if website.is_empty() { email } else { website };
        Organisation { row: row_id, truth, name, address, zip, phone, address_on_the_web }
    };
    Some(reader.records().map(|row| read(row.unwrap())).collect())
}

fn given(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// Looks for duplicates among some organisations; the pairs from a threshold on, against the truth.
fn duplicates(organisations: &[&Organisation], threshold: LogOdds) -> Measured {
    let companies: Vec<Company<'_>> = organisations
        .iter()
        .map(|organisation| Company {
            id: &organisation.row,
            name: given(&organisation.name),
            street_address: given(&organisation.address),
            postal_code: given(&organisation.zip),
            phone: given(&organisation.phone),
            domain: given(&organisation.address_on_the_web),
            ..Company::default()
        })
        .collect();
    let same = |a: usize, b: usize| organisations[a].truth == organisations[b].truth;
    let mut true_pairs = 0;
    for a in 0..organisations.len() {
        true_pairs += (a + 1..organisations.len()).filter(|b| same(a, *b)).count();
    }
    let pairs = find_duplicates(&companies, &Matching::within_one_list(), &Parallelism::serial());
    let found = pairs.iter().filter(|pair| pair.evidence.total() >= threshold);
    let right: Vec<bool> = found.map(|pair| same(pair.first as usize, pair.second as usize)).collect();
    Measured { found: right.len(), right: right.iter().filter(|right| **right).count(), there: true_pairs }
}

#[test]
fn organisations_listed_twice_are_found() {
    let Some(organisations) = organisations() else { return };
    // Weights and threshold were chosen on one half of the organisations; the other half is reported.
    let seed = Seed::new(9);
    let is_chosen = |organisation: &&Organisation| seed.uniform(organisation.truth.as_bytes()) < 0.5;
    let (chosen, reported): (Vec<&Organisation>, Vec<&Organisation>) =
        organisations.iter().partition(is_chosen);
    let usual = Matching::within_one_list().matched;
    for (half, organisations) in [("chosen on", &chosen), ("reported", &reported)] {
        let measured = duplicates(organisations, usual);
        println!("organisations, {half}: {measured}");
        assert!(measured.precision() >= 0.97 && measured.recall() >= 0.85, "{half}: {measured}");
    }
}

/// The largest companies of a country, and the same ones as careless people write them.
struct Dirty {
    /// Name, city and state.
    clean: Vec<[String; 3]>,
    dirty: Vec<(Dirt, [String; 3])>,
}

fn dirty_companies() -> Option<Dirty> {
    let path = public_data("fortune1000/Fortune_1000.csv")?;
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().clone();
    let columns = ["company", "city", "state"]
        .map(|name| header.iter().position(|column| column.trim_start_matches('\u{feff}') == name).unwrap());
    let clean: Vec<[String; 3]> = reader
        .records()
        .map(|row| row.unwrap())
        .map(|row| columns.map(|column| row[column].to_owned()))
        .collect();
    let seed = Seed::new(1000).named("dirt");
    let soil = |(place, [name, city, state]): (usize, &[String; 3])| {
        let seed = seed.numbered(place as u64);
        let dirt = Dirt::ALL[place % Dirt::ALL.len()];
        let mut soiled = dirt.on(name, seed);
        // Every third name has a legal form beside its dirt.
        if seed.uniform(b"suffix too") < 0.33 && ![Dirt::Suffix, Dirt::Subsidiary].contains(&dirt) {
            soiled = Dirt::Suffix.on(&soiled, seed.named("suffix"));
        }
        let (city, state) = match dirt {
            Dirt::Subsidiary => (String::new(), String::new()),
            _ if seed.uniform(b"place") < 0.3 => (String::new(), String::new()),
            _ => (city.clone(), state.clone()),
        };
        (dirt, [soiled, city, state])
    };
    let dirty = clean.iter().enumerate().map(soil).collect();
    Some(Dirty { clean, dirty })
}

fn companies<'a>(rows: &'a [[String; 3]], ids: &'a [String], places: bool) -> Vec<Company<'a>> {
    rows.iter()
        .zip(ids)
        .map(|([name, city, state], id)| Company {
            id,
            name: given(name),
            city: given(city).filter(|_| places),
            state: given(state).filter(|_| places),
            ..Company::default()
        })
        .collect()
}

/// Matches the dirty names with some of the clean ones; `None` of a dirty name that is not among them.
fn match_dirty(Dirty { clean, dirty }: &Dirty, is_there: impl Fn(usize) -> bool, places: bool) -> Measured {
    let ids: Vec<String> = (0..clean.len()).map(|place| format!("{place:04}")).collect();
    let mut right = companies(clean, &ids, places);
    right.retain(|company| is_there(company.id.parse().unwrap()));
    let rows: Vec<[String; 3]> = dirty.iter().map(|(_, row)| row.clone()).collect();
    let left = companies(&rows, &ids, places);
    let outcomes = match_lists(&left, &right, &Matching::default(), &Parallelism::serial());
    let mut measured = Measured { there: right.len(), ..Measured::default() };
    let mut missed = BTreeMap::<Dirt, usize>::new();
    for (place, outcome) in outcomes.iter().enumerate() {
        let found = outcome.candidates.first().filter(|_| outcome.answer == Answer::Matched);
        let is_right = found.is_some_and(|found| right[found.right as usize].id == ids[place]);
        measured.found += usize::from(found.is_some());
        measured.right += usize::from(is_right);
        *missed.entry(dirty[place].0).or_default() += usize::from(is_there(place) && !is_right);
    }
    println!("dirty names, places {places}: {measured}; not found by dirt: {missed:?}");
    measured
}

#[test]
fn dirty_names_find_their_company() {
    let Some(dirty) = dirty_companies() else { return };
    for places in [true, false] {
        let measured = match_dirty(&dirty, |_| true, places);
        assert!(measured.precision() >= 0.99 && measured.recall() >= 0.95, "places {places}: {measured}");
        // Every fifth company is not there to be found; nobody may stand in for it.
        let measured = match_dirty(&dirty, |place| place % 5 != 3, places);
        assert!(measured.precision() >= 0.98 && measured.recall() >= 0.95, "places {places}: {measured}");
    }
}
