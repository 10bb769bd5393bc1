//! Every cohort with a customer inside and one just outside; rules that are not ones; catalogues as data.

mod customers;

use std::collections::BTreeSet;
use std::path::Path;

use propensity::targeting::cohort::{Catalogue, CohortError, Predicate, Sets, Subject, Truth};

use customers::{CASES_2021, CASES_2024, CASES_2025, Case, customer};

fn holds(rule: &Predicate, text: &str) -> Truth {
    let (facts, clusters) = customer(text);
    rule.ask(&Subject { facts: &facts, clusters: &clusters })
}

fn check(catalogue: &Catalogue, cases: &[Case]) {
    let mut tested = BTreeSet::new();
    for (name, inside, outside) in cases {
        let cohort = catalogue.cohort(name).unwrap();
        let rule = cohort.rule.as_ref().unwrap_or_else(|| panic!("{name} has no rule"));
        assert_eq!(holds(rule, inside), Truth::Yes, "{name}\n  rule {rule}\n  inside {inside:?}");
        assert_ne!(holds(rule, outside), Truth::Yes, "{name}\n  rule {rule}\n  outside {outside:?}");
        tested.insert(cohort.name.as_str());
    }
    let untested: Vec<&str> = catalogue
        .cohorts()
        .iter()
        .filter(|cohort| cohort.rule.is_some() && !tested.contains(cohort.name.as_str()))
        .map(|cohort| cohort.name.as_str())
        .collect();
    assert!(untested.is_empty(), "give these a customer inside and one outside: {untested:#?}");
}

#[test]
fn each_cohort_of_2021_takes_the_right_customers() {
    check(&Catalogue::clas2021().unwrap(), &CASES_2021);
}

#[test]
fn each_cohort_of_2024_takes_the_right_customers() {
    check(&Catalogue::clas2024().unwrap(), &CASES_2024);
}

#[test]
fn each_cohort_of_2025_takes_the_right_customers() {
    check(&Catalogue::clas2025().unwrap(), &CASES_2025);
}

#[test]
fn cohorts_without_a_public_rule_hold_nobody() {
    let without = |catalogue: Catalogue| -> Vec<String> {
        let cohorts = catalogue.cohorts().iter().filter(|cohort| cohort.rule.is_none());
        cohorts.map(|cohort| cohort.name.clone()).collect()
    };
    assert_eq!(
        without(Catalogue::clas2021().unwrap()),
        [
            "ManagingFinancialRiskAndFraudNewCustomerAcquisitionFAndOPropensityModel",
            "ManagingFinancialRiskAndFraudNewCustomerAcquisitionBCPropensityModel",
        ]
    );
    assert_eq!(
        without(Catalogue::clas2024().unwrap()),
        ["MW_Surface Devices >25 Purchased in the Last 3 Years"]
    );
    assert_eq!(without(Catalogue::clas2025().unwrap()), ["M365_Copilot"]);
    let (facts, clusters) = customer("own m365 50; bought surface 100");
    let catalogue = Catalogue::clas2024().unwrap();
    let cohort = catalogue.cohort("MW_Surface Devices >25 Purchased in the Last 3 Years").unwrap();
    assert_eq!(cohort.holds(&Subject { facts: &facts, clusters: &clusters }), None);
}

#[test]
fn what_is_not_known_is_neither_inside_nor_outside() {
    let rule = |text: &str| Predicate::parse(text, &Sets::new()).unwrap();
    for text in ["employees < 300", "employees >= 300", "not employees < 300", "licences(office) < 10"] {
        assert_eq!(holds(&rule(text), "install office 2016"), Truth::Unknown, "{text}");
    }
    assert_eq!(holds(&rule("employees < 300 and owns(azure)"), ""), Truth::No);
    assert_eq!(holds(&rule("employees < 300 or owns(azure)"), "bought azure 1"), Truth::Yes);
}

#[test]
fn faults_of_a_catalogue_are_listed_with_line_and_column() {
    let text = "name = \"own\"\nvalid_from = \"2025-01-01\"\nvalid_to = \"2024-01-01\"\n\n[sets]\nerp = [\"sap\"]\n\n\
                [[cohort]]\nname = \"a\"\narea = \"azure\"\nrule = 'owns(azure) und installed(sap)'\n\n\
                [[cohort]]\nname = \"b\"\narea = \"azure\"\nrule = '''\nowns(azure)\n  and installed(@crm)\n'''\n\n\
                [[cohort]]\nname = \"a\"\narea = \"azure\"\n";
    let Err(CohortError::Unsound { faults, .. }) = Catalogue::from_toml(text, Path::new("own.toml")) else {
        panic!("it is not sound")
    };
    let expected = [
        "line 11, column 21: cohort \"a\": expected and, or, or the end of the rule, found \"und\"",
        "line 9, column 8: cohort \"a\" ends 2024-01-01, before it begins 2025-01-01",
        "line 18, column 17: cohort \"b\": expected a set of the catalogue (@erp), found \"@crm\"",
        "line 14, column 8: cohort \"b\" ends 2024-01-01, before it begins 2025-01-01",
        "line 22, column 8: cohort \"a\" is there twice",
        "line 22, column 8: cohort \"a\": expected either a rule or no_public_rule = true",
        "line 22, column 8: cohort \"a\" ends 2024-01-01, before it begins 2025-01-01",
    ];
    assert_eq!(faults, expected);
}

#[test]
fn a_cohort_is_in_force_from_its_first_to_its_last_day() {
    let catalogue = Catalogue::clas2024().unwrap();
    let cohort = &catalogue.cohorts()[0];
    let on = |day: &str| cohort.in_force(day.parse().unwrap());
    assert!(!on("2023-06-30") && on("2023-07-01") && on("2024-06-30") && !on("2024-07-01"));
}

#[test]
fn an_explanation_shows_every_part_with_what_was_found() {
    let sets = Sets::from([("erp".to_owned(), vec!["sap".to_owned(), "oracle".to_owned()])]);
    let rule = Predicate::parse("owns(azure) and not installed(@erp) and employees >= 25", &sets).unwrap();
    let (facts, clusters) = customer("bought azure 2; install sap; employees 24");
    let explanation = rule.explain(&Subject { facts: &facts, clusters: &clusters });
    assert_eq!(explanation.truth, Truth::No);
    let expected = "no      all of\n  yes     owns(azure)  [azure]\n  no      not\n    yes     installed(@erp)  [sap]\n  \
                    no      employees >= 25  [24]\n";
    assert_eq!(explanation.to_string(), expected);
}
