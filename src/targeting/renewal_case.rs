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
pub const RENEWAL_FEATURES: [(&str, &str); 15] = [
    ("division", "division"),
    ("program", "program"),
    ("expiration", "ends by"),
    ("term_months", "term in months"),
    ("days_to_end", "days to the end"),
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
