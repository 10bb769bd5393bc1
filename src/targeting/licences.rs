//! Licences of a customer and of a portfolio: how far they are deployed and used, and what to do about it.

use std::collections::BTreeMap;

use super::AccountFacts;
use crate::features::{LicenceMetrics, UsageBase};

/// Below this deployment, in percent, seats lie idle.
const LOW_DEPLOYMENT: f64 = 70.0;
/// Below this usage, in percent, adoption is low.
const LOW_USAGE: f64 = 50.0;

const LOW_USAGE_ADVICE: &str = "low use: case studies, testimonials for their scenario, tutorials";

fn idle_seats(seats: u64) -> String {
    format!("assign {seats} idle seats: onboarding and a training plan")
}

/// Why more seats may be active than entitled. All four are likely; data points at some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OverUseCause {
    /// Two plans of the product, one of them ending: activity of both counts, entitlement of one.
    PlanEnding,
    /// A trial: its activity counts, its seats do not.
    Trial,
    /// More activity than anything on record explains.
    BeyondEntitlement,
    /// A licence that was handed on: both people were active in the 28 days.
    Turnover,
}

impl OverUseCause {
    /// The cause in words.
    pub const fn text(self) -> &'static str {
        match self {
            Self::PlanEnding => "a plan in grace or cancelled is still used",
            Self::Trial => "a trial is used beside paid seats",
            Self::BeyondEntitlement => "more is used than is entitled",
            Self::Turnover => "licences were handed on within 28 days",
        }
    }
}

/// The licences of one product.
#[derive(Clone, Debug, PartialEq)]
pub struct ProductLicences {
    /// The product.
    pub product: String,
    /// Seats of its live plans together.
    pub seats: LicenceMetrics,
    /// Likely causes of over-use; empty where there is none.
    pub causes: Vec<OverUseCause>,
}

impl ProductLicences {
    /// Seats that were sold and not assigned.
    pub fn deployment_opportunity(&self) -> Option<u64> {
        Some(self.seats.sold?.saturating_sub(self.seats.assigned?))
    }

    /// What to do next, by rule; nothing where all is well or nothing is known.
    pub fn advice(&self, base: UsageBase) -> Vec<String> {
        let mut advice = Vec::new();
        if let (Some(percent), Some(idle)) = (self.seats.deployment_percent(), self.deployment_opportunity())
            && percent < LOW_DEPLOYMENT
        {
            advice.push(idle_seats(idle));
        }
        if self.seats.usage_percent(base).is_some_and(|percent| percent < LOW_USAGE) {
            advice.push(LOW_USAGE_ADVICE.to_owned());
        }
        if self.seats.over_use(base) == Some(true) {
            let causes: Vec<&str> = self.causes.iter().map(|cause| cause.text()).collect();
            advice
                .push(format!("used beyond entitlement; likely {}: review the seats", causes.join(", or ")));
        }
        advice
    }
}

/// The licences of a customer, by product; products without a live plan are left out.
pub fn licences(facts: &AccountFacts, base: UsageBase) -> Vec<ProductLicences> {
    let mut products: BTreeMap<&str, LicenceMetrics> = BTreeMap::new();
    for holding in facts.holdings.iter().filter(|holding| holding.live) {
        products.entry(&holding.product).or_default().add(holding.seats);
    }
    let with_causes = products.into_iter().map(|(product, seats)| {
        let over_used = seats.over_use(base) == Some(true)
            // Activity without any entitlement has no percentage, and is over-use all the same.
            || (seats.active_28d.is_some_and(|active| active > 0) && seats.entitled == Some(0));
        let causes = if over_used { causes(facts, product, &seats) } else { Vec::new() };
        ProductLicences { product: product.to_owned(), seats, causes }
    });
    with_causes.collect()
}

fn causes(facts: &AccountFacts, product: &str, seats: &LicenceMetrics) -> Vec<OverUseCause> {
    let in_state = |states: &[&str]| {
        facts
            .holdings
            .iter()
            .filter(|holding| holding.product == product)
            .filter_map(|holding| holding.state.as_deref())
            .any(|state| states.contains(&state))
    };
    let mut causes = Vec::new();
    if in_state(&["grace", "cancelled", "ended", "disabled", "deprovisioned"]) {
        causes.push(OverUseCause::PlanEnding);
    }
    if in_state(&["trial"]) {
        causes.push(OverUseCause::Trial);
    }
    if causes.is_empty() && seats.active_28d > seats.assigned {
        causes.push(OverUseCause::Turnover);
    }
    if causes.is_empty() {
        causes.push(OverUseCause::BeyondEntitlement);
    }
    causes
}

/// Licences of many customers together.
///
/// Ratios of a portfolio are ratios of sums, so a large customer counts as much as it has seats; a customer that does not
/// give both numbers of a ratio is left out of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Portfolio {
    products: BTreeMap<String, PortfolioProduct>,
}

/// One product of a portfolio.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PortfolioProduct {
    /// Customers with a live plan.
    pub customers: u64,
    /// Customers that use more than they may.
    pub over_used: u64,
    /// Seats sold and not assigned.
    pub deployment_opportunity: u64,
    /// Sold and assigned seats of customers that give both.
    pub deployed: LicenceMetrics,
    /// Active seats and, as entitled ones, those of the usage base, of customers that give both.
    pub used: LicenceMetrics,
}

impl PortfolioProduct {
    /// Assigned seats for a hundred sold.
    pub fn deployment_percent(&self) -> Option<f64> {
        self.deployed.deployment_percent()
    }

    /// Active seats for a hundred of the usage base.
    pub fn usage_percent(&self) -> Option<f64> {
        self.used.usage_percent(UsageBase::Entitled)
    }

    /// What to do next in the whole portfolio, by the rules for a customer; nothing where all is well.
    pub fn advice(&self) -> Vec<String> {
        let mut advice = Vec::new();
        if self.deployment_percent().is_some_and(|percent| percent < LOW_DEPLOYMENT) {
            advice.push(idle_seats(self.deployment_opportunity));
        }
        if self.usage_percent().is_some_and(|percent| percent < LOW_USAGE) {
            advice.push(LOW_USAGE_ADVICE.to_owned());
        }
        if self.over_used > 0 {
            advice.push(format!("{} customers use beyond entitlement: review their seats", self.over_used));
        }
        advice
    }
}

impl Portfolio {
    /// Takes in the licences of a customer.
    pub fn add(&mut self, licences: &[ProductLicences], base: UsageBase) {
        for licence in licences {
            let product = self.products.entry(licence.product.clone()).or_default();
            product.customers += 1;
            product.over_used += u64::from(!licence.causes.is_empty());
            product.deployment_opportunity += licence.deployment_opportunity().unwrap_or(0);
            let LicenceMetrics { sold, entitled, assigned, active_28d } = licence.seats;
            if sold.is_some() && assigned.is_some() {
                product.deployed.add(LicenceMetrics { sold, assigned, ..LicenceMetrics::default() });
            }
            let whole = match base {
                UsageBase::Entitled => entitled,
                UsageBase::Sold => sold,
                UsageBase::Assigned => assigned,
            };
            if whole.is_some() && active_28d.is_some() {
                product.used.add(LicenceMetrics { entitled: whole, active_28d, ..LicenceMetrics::default() });
            }
        }
    }

    /// The products, in alphabetical order.
    pub fn products(&self) -> impl Iterator<Item = (&str, &PortfolioProduct)> {
        self.products.iter().map(|(name, product)| (name.as_str(), product))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targeting::{Firm, Holding};

    fn plan(state: &str, [sold, assigned, entitled, active]: [u64; 4]) -> Holding {
        let (sold, entitled) = (Some(sold), Some(entitled));
        let seats = LicenceMetrics { sold, entitled, assigned: Some(assigned), active_28d: Some(active) };
        Holding {
            product: "m365".to_owned(),
            plan: Some(state.to_owned()),
            seats,
            state: Some(state.to_owned()),
            live: state != "cancelled",
        }
    }

    fn of(holdings: Vec<Holding>) -> Vec<ProductLicences> {
        let facts = AccountFacts {
            account_id: "1".to_owned(),
            as_of: "2026-01-01".parse().unwrap(),
            firm: Firm::default(),
            tier: "Medium".to_owned(),
            size_tier: "Medium".to_owned(),
            corporate_candidate: false,
            holdings,
            bought: Vec::new(),
            installs: Vec::new(),
            agreements: Vec::new(),
            partners: Vec::new(),
            last_transaction: None,
        };
        licences(&facts, UsageBase::Entitled)
    }

    #[test]
    fn the_published_vectors_hold() {
        for (seats, deployment, usage, over_used, idle) in [
            ([100, 60, 100, 30], Some(60.0), Some(30.0), false, 40),
            ([10, 10, 10, 12], Some(100.0), Some(120.0), true, 0),
            ([0, 0, 0, 3], None, None, true, 0),
        ] {
            let licence = of(vec![plan("active", seats)]).remove(0);
            assert_eq!(licence.seats.deployment_percent(), deployment);
            assert_eq!(licence.seats.usage_percent(UsageBase::Entitled), usage);
            assert_eq!(!licence.causes.is_empty(), over_used, "{seats:?}");
            assert_eq!(licence.deployment_opportunity(), Some(idle));
        }
        assert!(of(vec![plan("cancelled", [10, 10, 10, 10])]).is_empty());
    }

    #[test]
    fn causes_follow_from_the_states_and_advice_from_the_ratios() {
        let causes = |holdings| of(holdings).remove(0).causes;
        let active = || plan("active", [10, 10, 10, 9]);
        assert_eq!(causes(vec![active(), plan("grace", [10, 10, 0, 9])]), [OverUseCause::PlanEnding]);
        assert_eq!(causes(vec![active(), plan("trial", [5, 5, 0, 4])]), [OverUseCause::Trial]);
        assert_eq!(causes(vec![plan("active", [10, 10, 10, 11])]), [OverUseCause::Turnover]);
        assert_eq!(causes(vec![plan("active", [10, 12, 10, 11])]), [OverUseCause::BeyondEntitlement]);
        let advice = |seats| of(vec![plan("active", seats)]).remove(0).advice(UsageBase::Entitled);
        assert_eq!(advice([100, 90, 100, 80]), [""; 0]);
        assert!(advice([100, 69, 100, 80])[0].starts_with("assign 31 idle seats"));
        assert!(advice([100, 90, 100, 49])[0].starts_with("low use"));
        assert!(advice([10, 10, 10, 12])[0].contains("handed on within 28 days"));
    }

    #[test]
    fn a_portfolio_divides_sums_by_sums() {
        let mut portfolio = Portfolio::default();
        for seats in [[100, 60, 100, 30], [10, 10, 10, 12], [0, 0, 0, 3]] {
            portfolio.add(&of(vec![plan("active", seats)]), UsageBase::Entitled);
        }
        let (name, product) = portfolio.products().next().unwrap();
        assert_eq!(
            (name, product.customers, product.over_used, product.deployment_opportunity),
            ("m365", 3, 2, 40)
        );
        assert_eq!(product.deployment_percent(), Some(100.0 * 70.0 / 110.0));
        assert_eq!(product.usage_percent(), Some(100.0 * 45.0 / 110.0));
        let advice = product.advice();
        assert_eq!(advice.len(), 3, "{advice:?}");
        assert!(advice[0].starts_with("assign 40 idle seats") && advice[2].starts_with("2 customers"));
    }
}
