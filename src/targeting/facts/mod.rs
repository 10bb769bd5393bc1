//! Everything reports and plays ask about one account, as known on a date.
//!
//! [`AccountFacts`] is what the tables say, gathered once: firmographics, plans held, purchases, technology with the age
//! of its versions, agreements, partners. [`FactsBuilder`] makes it; a run stores it, so that a report needs no input
//! table. No person and no mail address is in it: an internet address becomes the registrable domain of a company, and
//! one at a personal mailbox becomes nothing.

mod build;
mod commerce;
mod record;

use serde::{Deserialize, Serialize};

pub use build::FactsBuilder;

use crate::features::LicenceMetrics;
use crate::quantity::AsOf;

/// Who the company is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Firm {
    /// Its name.
    pub name: Option<String>,
    /// Its registrable internet domain.
    pub domain: Option<String>,
    /// Country of the headquarters.
    pub country: Option<String>,
    /// State or province.
    pub state: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Industry in words.
    pub vertical: Option<String>,
    /// Code of the industry in its scheme.
    pub industry_code: Option<String>,
    /// The scheme of the code.
    pub industry_scheme: Option<String>,
    /// D-U-N-S number.
    pub duns: Option<String>,
    /// The account that owns this one.
    pub parent_account_id: Option<String>,
    /// People employed; never 0.
    pub employees: Option<u64>,
    /// Azure consumed revenue, USD a month.
    pub acr_monthly: Option<f64>,
    /// Whether it is a non-profit.
    pub is_nonprofit: Option<bool>,
}

/// A plan of a product in its latest known month, over all partners.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Holding {
    /// The product.
    pub product: String,
    /// The plan, where the source names one.
    pub plan: Option<String>,
    /// Its seats.
    pub seats: LicenceMetrics,
    /// Its state, as the source says; `ended` where its months have stopped.
    pub state: Option<String>,
    /// Whether it can be used: neither cancelled nor ended.
    pub live: bool,
}

impl Holding {
    /// Whether the plan is live, paid for and holds a seat.
    pub fn is_owned(&self) -> bool {
        self.live && self.state.as_deref() != Some("trial") && self.seats.sold != Some(0)
    }
}

/// What an account has bought of one product; money in the currency of the features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bought {
    /// The product.
    pub product: String,
    /// Day of the first purchase.
    pub first: AsOf,
    /// Day of the latest purchase.
    pub last: AsOf,
    /// Units of all time, cancellations taken off.
    pub units: f64,
    /// Units of the last 36 months.
    pub units_36m: f64,
    /// Money of all time.
    pub value: f64,
    /// Money of the last 12 months.
    pub value_12m: f64,
    /// Money of the last three full calendar months.
    pub value_3m: f64,
    /// Money of the first 12 months from the first purchase on, or of as many as [`FactsBuilder::first_months`] says;
    /// `None` while they are not over, and for a first purchase so early in the record that it may not be the first.
    pub first_spend: Option<f64>,
    /// Articles or plans bought, in alphabetical order.
    pub skus: Vec<String>,
}

/// How old an installed version is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VersionAge {
    /// Its support goes on.
    Current,
    /// Its support has ended.
    Eos,
    /// Nobody says.
    Unknown,
}

/// A technology found at an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Installed {
    /// The product.
    pub product: String,
    /// The version.
    pub version: Option<String>,
    /// What it is for.
    pub category: Option<String>,
    /// Age of the version on the date.
    pub age: VersionAge,
    /// Last day of support, where it is published.
    pub support_ends: Option<AsOf>,
}

/// An agreement with an end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// Its id.
    pub id: String,
    /// Licence program.
    pub program: Option<String>,
    /// What is up for renewal.
    pub division: Option<String>,
    /// Its last day.
    pub ends: AsOf,
    /// How it ends.
    pub expiration: Option<String>,
    /// Money that ends with it, in the currency of the features.
    pub revenue: Option<f64>,
    /// Its first day.
    pub started: Option<AsOf>,
    /// Whether a later agreement for the same division is known.
    pub renewed: bool,
}

impl Agreement {
    /// Whether it runs on `day`.
    pub fn runs_on(&self, day: AsOf) -> bool {
        self.started.is_none_or(|started| started <= day) && self.ends >= day
    }
}

/// A partner an account has transacted with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Transacted {
    /// The partner.
    pub partner: String,
    /// Day of the latest transaction.
    pub last: AsOf,
}

/// What is known of one account on a date.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountFacts {
    /// The account.
    pub account_id: String,
    /// The date: everything here was known before it.
    pub as_of: AsOf,
    /// Who it is.
    pub firm: Firm,
    /// Its size tier.
    pub tier: String,
    /// Its size tier by headcount alone.
    pub size_tier: String,
    /// Whether another sales segment may own it.
    pub corporate_candidate: bool,
    /// Plans in their latest month.
    pub holdings: Vec<Holding>,
    /// Purchases, by product.
    pub bought: Vec<Bought>,
    /// Technology, by product and version.
    pub installs: Vec<Installed>,
    /// Agreements, by end and id.
    pub agreements: Vec<Agreement>,
    /// Partners it has transacted with, by id.
    pub partners: Vec<Transacted>,
    /// Day of the latest transaction with anybody.
    pub last_transaction: Option<AsOf>,
}

impl AccountFacts {
    /// Purchases of a product.
    pub fn bought(&self, product: &str) -> Option<&Bought> {
        self.bought.iter().find(|bought| bought.product == product)
    }

    /// Whether the account owns a product now: it holds a live, paid plan; or there is no plan of the product at all,
    /// and what it has bought of it is worth something after cancellations.
    pub fn owns(&self, product: &str) -> bool {
        let mut plans = self.holdings.iter().filter(|holding| holding.product == product).peekable();
        if plans.peek().is_some() {
            return plans.any(Holding::is_owned);
        }
        self.bought(product).is_some_and(|bought| bought.value > 0.0)
    }

    /// Sold seats of the live plans of a product; `None` where there is none or nobody counts them.
    pub fn seats(&self, product: &str) -> Option<u64> {
        let plans = self.holdings.iter().filter(|holding| holding.product == product && holding.live);
        plans.filter_map(|holding| holding.seats.sold).reduce(|a, b| a + b)
    }

    /// Licences of a product: sold seats of its live plans, else units bought; `None` where neither is on record.
    pub fn licences(&self, product: &str) -> Option<f64> {
        self.seats(product)
            .map(|seats| seats as f64)
            .or_else(|| self.bought(product).map(|bought| bought.units.max(0.0)))
    }

    /// Whether any transaction, or any with this partner, is at most 36 months old.
    pub fn transacted_in_36_months(&self, partner: Option<&str>) -> bool {
        let last = match partner {
            None => self.last_transaction,
            Some(id) => self.partners.iter().find(|known| known.partner == id).map(|known| known.last),
        };
        last.is_some_and(|day| day >= self.as_of.plus_months(-36))
    }
}
