//! What comes up for renewal in a fiscal year.
//!
//! An agreement expires in a fiscal year when its last day lies in it and no later agreement for the same division is
//! known. It is open while its last day has not passed. The revenue that expires counts all of them, the open revenue
//! those that are open.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{AccountFacts, Agreement, Installed, RENEWAL_GRACE_DAYS, VersionAge};
use crate::quantity::AsOf;

/// A fiscal year: twelve months from the first day of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FiscalYear {
    first: AsOf,
    /// The first day after it.
    next: AsOf,
}

impl FiscalYear {
    /// The fiscal year that `day` lies in, where years start in this month (1 to 12; July where it is not one of these).
    ///
    /// ```
    /// use propensity::targeting::FiscalYear;
    /// let year = FiscalYear::around("2026-01-15".parse()?, 7);
    /// assert_eq!(year.first().to_string(), "2025-07-01");
    /// assert!(year.holds("2026-06-30".parse()?) && !year.holds("2026-07-01".parse()?));
    /// # Ok::<(), propensity::quantity::QuantityError>(())
    /// ```
    pub fn around(day: AsOf, start_month: u8) -> Self {
        let start = i32::from(if (1..=12).contains(&start_month) { start_month } else { 7 });
        let month = i32::from(day.date().month());
        let back = (month - start).rem_euclid(12);
        let first = AsOf::new(day.date().first_of_month()).plus_months(-back);
        Self { first, next: first.plus_months(12) }
    }

    /// Its first day.
    pub const fn first(&self) -> AsOf {
        self.first
    }

    /// Its last day.
    pub fn last(&self) -> AsOf {
        let next = self.next.date();
        AsOf::new(next.yesterday().unwrap_or(next))
    }

    /// Whether `day` lies in it.
    pub fn holds(&self, day: AsOf) -> bool {
        day >= self.first && day < self.next
    }
}

/// The agreements of an account that expire in a fiscal year, by end and id.
pub fn expiring<'a>(facts: &'a AccountFacts, year: &FiscalYear) -> impl Iterator<Item = &'a Agreement> {
    let year = *year;
    facts.agreements.iter().filter(move |agreement| !agreement.renewed && year.holds(agreement.ends))
}

/// Whether an agreement has not ended on the date of the facts.
pub fn is_open(facts: &AccountFacts, agreement: &Agreement) -> bool {
    agreement.ends >= facts.as_of
}

/// The installed versions whose support has ended, or ends in the fiscal year.
pub fn end_of_service<'a>(facts: &'a AccountFacts, year: &FiscalYear) -> impl Iterator<Item = &'a Installed> {
    let year = *year;
    facts.installs.iter().filter(move |found| {
        found.age == VersionAge::Eos || found.support_ends.is_some_and(|ends| year.holds(ends))
    })
}

/// How many agreements the experience of all divisions is worth beside that of one.
const PRIOR_AGREEMENTS: f64 = 10.0;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Ended {
    agreements: u64,
    renewed: u64,
}

/// How often agreements were renewed, by division: the propensity to renew of those that run.
///
/// The rate of a division is its own, drawn towards that of all divisions as if ten agreements of average fate were added.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenewalRates {
    all: Ended,
    divisions: BTreeMap<String, Ended>,
}

impl RenewalRates {
    /// Takes in the agreements of an account that ended long enough ago.
    pub fn add(&mut self, facts: &AccountFacts) {
        for agreement in &facts.agreements {
            if agreement.ends.days() + RENEWAL_GRACE_DAYS > facts.as_of.days() {
                continue;
            }
            let division = self.divisions.entry(agreement.division.clone().unwrap_or_default()).or_default();
            for ended in [&mut self.all, division] {
                ended.agreements += 1;
                ended.renewed += u64::from(agreement.renewed);
            }
        }
    }

    /// The probability that an agreement for a division is renewed; `None` where no agreement has ended yet.
    pub fn probability(&self, division: Option<&str>) -> Option<f64> {
        if self.all.agreements == 0 {
            return None;
        }
        let overall = self.all.renewed as f64 / self.all.agreements as f64;
        let own = self.divisions.get(division.unwrap_or_default()).copied().unwrap_or_default();
        Some((own.renewed as f64 + PRIOR_AGREEMENTS * overall) / (own.agreements as f64 + PRIOR_AGREEMENTS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targeting::Firm;

    fn agreement(id: &str, division: &str, ends: &str, renewed: bool) -> Agreement {
        Agreement {
            id: id.to_owned(),
            program: None,
            division: Some(division.to_owned()),
            ends: ends.parse().unwrap(),
            expiration: None,
            revenue: None,
            started: None,
            renewed,
        }
    }

    fn facts(agreements: Vec<Agreement>) -> AccountFacts {
        AccountFacts {
            account_id: "1".to_owned(),
            as_of: "2026-01-01".parse().unwrap(),
            firm: Firm::default(),
            tier: "Medium".to_owned(),
            size_tier: "Medium".to_owned(),
            corporate_candidate: false,
            holdings: Vec::new(),
            bought: Vec::new(),
            installs: Vec::new(),
            agreements,
            partners: Vec::new(),
            last_transaction: None,
        }
    }

    #[test]
    fn a_fiscal_year_begins_in_any_month() {
        for (day, start, first) in [
            ("2026-01-01", 7, "2025-07-01"),
            ("2026-06-30", 7, "2025-07-01"),
            ("2026-07-01", 7, "2026-07-01"),
            ("2026-03-31", 1, "2026-01-01"),
            ("2026-03-31", 4, "2025-04-01"),
            ("2024-02-29", 3, "2023-03-01"),
        ] {
            let year = FiscalYear::around(day.parse().unwrap(), start);
            assert_eq!(year.first(), first.parse().unwrap(), "{day} {start}");
            assert!(year.holds(day.parse().unwrap()));
        }
    }

    #[test]
    fn what_expires_lies_in_the_year_and_is_not_renewed() {
        let facts = facts(vec![
            agreement("before", "m365", "2025-06-30", false),
            agreement("first", "m365", "2025-07-01", false),
            agreement("renewed", "m365", "2025-12-31", true),
            agreement("today", "m365", "2026-01-01", false),
            agreement("last", "m365", "2026-06-30", false),
            agreement("after", "m365", "2026-07-01", false),
        ]);
        let year = FiscalYear::around(facts.as_of, 7);
        let ids: Vec<&str> = expiring(&facts, &year).map(|agreement| agreement.id.as_str()).collect();
        assert_eq!(ids, ["first", "today", "last"]);
        let open: Vec<bool> = expiring(&facts, &year).map(|agreement| is_open(&facts, agreement)).collect();
        assert_eq!(open, [false, true, true]);
    }

    #[test]
    fn renewal_rates_are_drawn_towards_the_rate_of_all() {
        let mut rates = RenewalRates::default();
        assert_eq!(rates.probability(Some("m365")), None);
        // Ended and settled: m365 9 of 10 renewed, office 1 of 10; the one of December may still be renewed.
        let agreements = (0..10)
            .flat_map(|at| {
                [
                    agreement("a", "m365", "2025-01-01", at < 9),
                    agreement("b", "office", "2025-01-01", at < 1),
                    agreement("c", "office", "2025-12-01", false),
                ]
            })
            .collect();
        rates.add(&facts(agreements));
        // Overall 10 of 20; ten agreements of that fate are added.
        assert_eq!(rates.probability(Some("m365")), Some((9.0 + 5.0) / 20.0));
        assert_eq!(rates.probability(Some("office")), Some((1.0 + 5.0) / 20.0));
        assert_eq!(rates.probability(Some("never seen")), Some(0.5));
    }
}
