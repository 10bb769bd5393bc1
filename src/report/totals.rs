//! Totals of a report: sums of exactly what its rows show, by tier and product.

use std::collections::BTreeMap;

use serde::Serialize;

use super::render::Standing;
use super::{Customer, Estimates, Viewer};
use crate::features::Money;
use crate::grid::Cluster;
use crate::quantity::AsOf;
use crate::targeting::cohort::{Catalogue, Cohort};
use crate::targeting::{FiscalYear, expiring, is_open};

/// One product in one tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ProductTotals {
    /// Customers that own it.
    pub owners: u64,
    /// Customers in Act Now that do not own it.
    pub act_now: u64,
    /// Potential revenue of customers that do not own it; `None` for viewers without revenue.
    pub potential: Option<Money>,
    /// Probability times potential revenue.
    pub expected: Option<Money>,
    /// What owners spend less than owners like them.
    pub upsell: Option<Money>,
}

/// One tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TierTotals {
    /// Customers.
    pub customers: u64,
    /// Agreements that expire in the fiscal year.
    pub expiring_agreements: u64,
    /// Those that have not ended yet.
    pub open_agreements: u64,
    /// Revenue of the expiring agreements.
    pub expiring_revenue: Option<Money>,
    /// Revenue of the open ones.
    pub open_expiring_revenue: Option<Money>,
    /// Products, by name.
    pub products: BTreeMap<String, ProductTotals>,
}

impl TierTotals {
    fn empty(sees_revenue: bool) -> Self {
        let nothing = sees_revenue.then_some(Money::ZERO);
        Self {
            customers: 0,
            expiring_agreements: 0,
            open_agreements: 0,
            expiring_revenue: nothing,
            open_expiring_revenue: nothing,
            products: BTreeMap::new(),
        }
    }
}

/// The totals of a report: of all customers in its scope, each counted once however many rows it has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReportTotals {
    /// Rows of the report.
    pub rows: u64,
    /// Customers in scope.
    pub customers: u64,
    /// Customers left out because a corporate or enterprise segment may own them.
    pub left_out_corporate: u64,
    /// Tiers, by name.
    pub tiers: BTreeMap<String, TierTotals>,
    /// Customers of each cohort of the catalogue that has a rule.
    pub cohorts: BTreeMap<String, u64>,
}

/// What customers are counted by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counting<'a> {
    pub(super) estimates: &'a Estimates,
    pub(super) cohorts: &'a Catalogue,
    /// The day on which a cohort must be in force to count; `None` counts all.
    pub(super) in_force_on: Option<AsOf>,
    pub(super) year: FiscalYear,
    pub(super) viewer: Viewer,
}

/// What one customer adds.
#[derive(Clone, Debug)]
pub(super) struct CustomerShare {
    tier: String,
    agreements: Vec<(bool, Option<f64>)>,
    products: Vec<ProductShare>,
    /// Places in the catalogue.
    pub(super) cohorts: Vec<usize>,
}

#[derive(Clone, Debug)]
struct ProductShare {
    product: String,
    owned: bool,
    act_now: bool,
    potential: Option<f64>,
    expected: Option<f64>,
    upsell: Option<f64>,
}

impl Counting<'_> {
    /// Whether a cohort is evaluated.
    pub(super) fn counts(&self, cohort: &Cohort) -> bool {
        self.in_force_on.is_none_or(|day| cohort.in_force(day))
    }

    /// Takes a customer apart; this is the work of many threads.
    pub(super) fn share(&self, customer: &Customer) -> CustomerShare {
        let facts = &customer.facts;
        let product = |score: &super::ScoreRow| {
            let standing = Standing::of(customer, &score.product, self.estimates);
            ProductShare {
                product: score.product.clone(),
                owned: standing.owned,
                act_now: score.cluster == Cluster::ActNow && !standing.owned,
                potential: standing.potential.map(|potential| potential.mean),
                expected: standing.expected(),
                upsell: standing.upsell,
            }
        };
        let subject = customer.subject();
        let holds = |cohort: &Cohort| self.counts(cohort) && cohort.holds(&subject) == Some(true);
        let cohorts = self.cohorts.cohorts().iter().enumerate().filter(|(_, cohort)| holds(cohort));
        CustomerShare {
            tier: facts.tier.clone(),
            agreements: expiring(facts, &self.year)
                .map(|agreement| (is_open(facts, agreement), agreement.revenue))
                .collect(),
            products: customer.scores.iter().map(product).collect(),
            cohorts: cohorts.map(|(place, _)| place).collect(),
        }
    }

    /// Adds a customer to the totals; this is the work of one thread.
    pub(super) fn add(&self, totals: &mut ReportTotals, share: CustomerShare) {
        let sees_revenue = self.viewer == Viewer::Executive;
        let plus = |sum: &mut Option<Money>, amount: Option<f64>| {
            if let (Some(sum), Some(amount)) = (sum, amount) {
                *sum += Money::from(amount);
            }
        };
        totals.customers += 1;
        let tier = totals.tiers.entry(share.tier).or_insert_with(|| TierTotals::empty(sees_revenue));
        tier.customers += 1;
        for (open, revenue) in share.agreements {
            tier.expiring_agreements += 1;
            plus(&mut tier.expiring_revenue, revenue);
            if open {
                tier.open_agreements += 1;
                plus(&mut tier.open_expiring_revenue, revenue);
            }
        }
        for product in share.products {
            let nothing = sees_revenue.then_some(Money::ZERO);
            let of_product = tier.products.entry(product.product).or_insert(ProductTotals {
                owners: 0,
                act_now: 0,
                potential: nothing,
                expected: nothing,
                upsell: nothing,
            });
            of_product.owners += u64::from(product.owned);
            of_product.act_now += u64::from(product.act_now);
            plus(&mut of_product.potential, product.potential);
            plus(&mut of_product.expected, product.expected);
            plus(&mut of_product.upsell, product.upsell);
        }
        for place in share.cohorts {
            if let Some(cohort) = self.cohorts.cohorts().get(place) {
                *totals.cohorts.entry(cohort.name.clone()).or_default() += 1;
            }
        }
    }
}

impl ReportTotals {
    /// The sum of one figure over all tiers and products.
    pub fn sum(&self, of: impl Fn(&ProductTotals) -> Option<Money>) -> f64 {
        let mut sum = Money::ZERO;
        for product in self.tiers.values().flat_map(|tier| tier.products.values()) {
            if let Some(money) = of(product) {
                sum += money;
            }
        }
        sum.value()
    }

    /// The totals for people.
    pub fn text(&self) -> String {
        use std::fmt::Write as _;
        let mut text = format!("{} rows, {} customers", self.rows, self.customers);
        if self.left_out_corporate > 0 {
            let _ = write!(text, "; {} corporate candidates left out", self.left_out_corporate);
        }
        text.push('\n');
        for (name, tier) in &self.tiers {
            let _ = write!(
                text,
                "  {name}: {} customers, {} agreements expire ({} open)",
                tier.customers, tier.expiring_agreements, tier.open_agreements
            );
            if let (Some(all), Some(open)) = (tier.expiring_revenue, tier.open_expiring_revenue) {
                let _ = write!(text, ", revenue {} ({} open)", all.value(), open.value());
            }
            text.push('\n');
        }
        text
    }
}
