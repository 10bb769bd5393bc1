//! What a renewal model reads of an agreement that ends: one row of features, as known on a date.
//!
//! Everything comes from [`AccountFacts`], so that training, scoring and reports read the same. No money is among it: what
//! speaks for a renewal may be told to those who may not see revenue.

use super::{AccountFacts, Agreement, Holding};
use crate::features::{LicenceMetrics, UsageBase};
use crate::matrix::{Column, FeatureMatrix, MatrixError};

/// Days after the end of an agreement until which it may still be renewed: renewals are entered late.
pub const RENEWAL_GRACE_DAYS: i32 = 90;

/// The features of an agreement, in their order, with the words that people are told.
pub const RENEWAL_FEATURES: [(&str, &str); 16] = [
    ("division", "division"),
    ("program", "program"),
    ("expiration", "ends by"),
    ("term_months", "term in months"),
    ("days_to_end", "days to the end"),
    ("standing", "agreement"),
    ("earlier_terms", "earlier terms of the division"),
    ("settled_agreements", "agreements that ended before"),
    ("settled_renewed_percent", "of them renewed, percent"),
    ("seats", "seats sold"),
    ("entitled_percent", "seats entitled, percent"),
    ("assigned_percent", "seats assigned, percent"),
    ("active_percent", "seats in use, percent"),
    ("days_since_purchase", "days since it was last paid for"),
    ("employees", "employees"),
    ("industry", "industry"),
];

/// Days of a month on average.
const DAYS_A_MONTH: f32 = 30.44;

/// Whether nobody can say yet if an agreement is renewed: no later one is known, and the days of grace are not over.
pub fn may_be_renewed(facts: &AccountFacts, agreement: &Agreement) -> bool {
    !agreement.renewed && agreement.ends.days() + RENEWAL_GRACE_DAYS > facts.as_of.days()
}

/// The features of agreements, one row each, as known on the date of the facts of their accounts.
///
/// Cost: the agreements and plans of an account are looked through once for each of its rows.
///
/// # Errors
/// [`MatrixError`] where columns are not well formed; from facts they always are.
pub fn renewal_features(cases: &[(&AccountFacts, &Agreement)]) -> Result<FeatureMatrix, MatrixError> {
    let ids = cases.iter().map(|(_, agreement)| agreement.id.clone()).collect();
    let words = |of: &dyn Fn(&AccountFacts, &Agreement) -> Option<String>| {
        Column::levels(&cases.iter().map(|(facts, agreement)| of(facts, agreement)).collect::<Vec<_>>())
    };
    let numbers = |of: &dyn Fn(&AccountFacts, &Agreement) -> Option<f64>| {
        Column::numbers(cases.iter().map(|(facts, agreement)| of(facts, agreement).map(|value| value as f32)))
    };
    let columns = [
        words(&|_, agreement| agreement.division.clone()),
        words(&|_, agreement| agreement.program.clone()),
        words(&|_, agreement| agreement.expiration.clone()),
        numbers(&|_, agreement| {
            let started = agreement.started?;
            Some(f64::from((agreement.ends.days() - started.days()) as f32 / DAYS_A_MONTH).round())
        }),
        numbers(&|facts, agreement| Some(f64::from(agreement.ends.days() - facts.as_of.days()))),
        words(&|facts, agreement| Some(standing(facts, agreement).to_owned())),
        numbers(&|facts, agreement| {
            let started = agreement.started?;
            let earlier = facts.agreements.iter().filter(|other| {
                other.division == agreement.division && other.started.is_some_and(|day| day < started)
            });
            Some(earlier.count() as f64)
        }),
        numbers(&|facts, _| Some(settled(facts).0)),
        numbers(&|facts, _| {
            let (ended, renewed) = settled(facts);
            (ended > 0.0).then(|| 100.0 * renewed / ended)
        }),
        numbers(&|facts, agreement| seats(facts, agreement)?.sold.map(|seats| seats as f64)),
        numbers(&|facts, agreement| {
            let seats = seats(facts, agreement)?;
            percent(seats.entitled, seats.sold)
        }),
        numbers(&|facts, agreement| {
            let seats = seats(facts, agreement)?;
            percent(seats.assigned, seats.sold)
        }),
        numbers(&|facts, agreement| seats(facts, agreement)?.usage_percent(UsageBase::Assigned)),
        numbers(&|facts, agreement| {
            let bought = facts.bought(agreement.division.as_deref()?)?;
            Some(f64::from(facts.as_of.days() - bought.last.days()))
        }),
        numbers(&|facts, _| facts.firm.employees.map(|heads| heads as f64)),
        words(&|facts, _| facts.firm.vertical.clone()),
    ];
    let named = RENEWAL_FEATURES.iter().map(|(name, _)| (*name).to_owned()).zip(columns);
    FeatureMatrix::try_new(ids, named.collect())
}

/// Whether an agreement runs, and after its end whether its product was paid for since: what a sum of features alone cannot say.
fn standing(facts: &AccountFacts, agreement: &Agreement) -> &'static str {
    let bought = agreement.division.as_deref().and_then(|division| facts.bought(division));
    match bought {
        _ if agreement.ends >= facts.as_of => "runs",
        Some(bought) if bought.last >= agreement.ends => "has ended and is paid for",
        _ => "has ended and is not paid for",
    }
}

/// Agreements of an account that ended so long ago that their fate is known, and how many of them were renewed.
fn settled(facts: &AccountFacts) -> (f64, f64) {
    let ended =
        facts.agreements.iter().filter(|other| other.ends.days() + RENEWAL_GRACE_DAYS <= facts.as_of.days());
    ended.fold((0.0, 0.0), |(all, renewed), other| (all + 1.0, renewed + f64::from(u8::from(other.renewed))))
}

/// The seats of all plans of what the agreement is about.
fn seats(facts: &AccountFacts, agreement: &Agreement) -> Option<LicenceMetrics> {
    let division = agreement.division.as_deref()?;
    let plans = facts.holdings.iter().filter(|holding| holding.product == division);
    plans.map(|plan: &Holding| plan.seats).reduce(|mut all, plan| {
        all.add(plan);
        all
    })
}

fn percent(part: Option<u64>, whole: Option<u64>) -> Option<f64> {
    let whole = whole.filter(|whole| *whole > 0)?;
    Some(100.0 * part? as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::FeatureValue;
    use crate::targeting::{Bought, Firm};

    fn agreement(id: &str, started: &str, ends: &str, renewed: bool) -> Agreement {
        Agreement {
            id: id.to_owned(),
            program: Some("CSP".to_owned()),
            division: Some("m365".to_owned()),
            ends: ends.parse().unwrap(),
            expiration: None,
            revenue: Some(1e6),
            started: Some(started.parse().unwrap()),
            renewed,
        }
    }

    fn facts(agreements: Vec<Agreement>) -> AccountFacts {
        let plan = |sold, assigned, active| Holding {
            product: "m365".to_owned(),
            plan: None,
            seats: LicenceMetrics {
                sold: Some(sold),
                entitled: Some(sold / 2),
                assigned: Some(assigned),
                active_28d: Some(active),
            },
            state: None,
            live: true,
        };
        AccountFacts {
            account_id: "1".to_owned(),
            as_of: "2026-01-01".parse().unwrap(),
            firm: Firm { employees: Some(80), ..Firm::default() },
            tier: "Medium".to_owned(),
            size_tier: "Medium".to_owned(),
            corporate_candidate: false,
            holdings: vec![plan(10, 8, 4), plan(10, 2, 1)],
            bought: vec![Bought {
                product: "m365".to_owned(),
                first: "2024-01-01".parse().unwrap(),
                last: "2025-12-02".parse().unwrap(),
                units: 1.0,
                units_36m: 1.0,
                value: 1.0,
                value_12m: 1.0,
                value_3m: 1.0,
                first_spend: None,
                skus: Vec::new(),
            }],
            installs: Vec::new(),
            agreements,
            partners: Vec::new(),
            last_transaction: None,
        }
    }

    #[test]
    fn an_agreement_is_asked_about_until_grace_is_over() {
        let of = |ends, renewed| {
            let agreement = agreement("a", "2024-01-01", ends, renewed);
            may_be_renewed(&facts(Vec::new()), &agreement)
        };
        assert!(of("2026-07-01", false) && of("2025-12-31", false) && of("2025-10-04", false));
        assert!(!of("2025-10-03", false), "90 days are over");
        assert!(!of("2026-07-01", true), "renewed already");
    }

    #[test]
    fn features_are_what_the_facts_say_and_no_money() {
        let facts = facts(vec![
            agreement("old", "2023-03-01", "2024-03-01", true),
            agreement("next", "2024-03-01", "2025-03-01", false),
            agreement("open", "2025-04-01", "2026-04-01", false),
        ]);
        let matrix = renewal_features(&[(&facts, &facts.agreements[2])]).unwrap();
        let of = |name: &str| matrix.named(name).unwrap().value(0);
        for (name, expected) in [
            ("term_months", 12.0),
            ("days_to_end", 90.0),
            ("earlier_terms", 2.0),
            ("settled_agreements", 2.0),
            ("settled_renewed_percent", 50.0),
            ("seats", 20.0),
            ("entitled_percent", 50.0),
            ("assigned_percent", 50.0),
            ("active_percent", 50.0),
            ("days_since_purchase", 30.0),
            ("employees", 80.0),
        ] {
            assert_eq!(of(name), FeatureValue::Number(expected), "{name}");
        }
        assert_eq!(of("division"), FeatureValue::Level("m365"));
        assert_eq!(of("standing"), FeatureValue::Level("runs"));
        assert_eq!(of("industry"), FeatureValue::Missing);
        for (ends, expected) in [
            ("2026-01-01", "runs"),
            ("2025-12-31", "has ended and is not paid for"),
            ("2025-12-02", "has ended and is paid for"),
        ] {
            let agreement = agreement("a", "2024-12-01", ends, false);
            let matrix = renewal_features(&[(&facts, &agreement)]).unwrap();
            assert_eq!(matrix.named("standing").unwrap().value(0), FeatureValue::Level(expected));
        }
        assert!(!RENEWAL_FEATURES.iter().any(|(name, _)| name.contains("revenue")));
    }
}
