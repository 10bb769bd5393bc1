//! Potential revenue: what an account would spend if it bought, from peers.
//!
//! Peers are earlier buyers. The logarithm of what they spent is explained by headcount (a slope of its own in every tier),
//! tier by headcount, industry within tier, and how long ago they first bought: the keenest buy first, so those who come
//! next spend less. The effect of a group is its mean, drawn towards nothing as if [`PRIOR_PEERS`] average peers were added
//! (James and Stein 1961; Efron and Morris 1975, <https://doi.org/10.1080/01621459.1975.10479864>). Money is not logarithms,
//! so the mean is brought back by the smearing factor of Duan (1983, <https://doi.org/10.1080/01621459.1983.10478017>), of
//! each tier for itself because large companies scatter less than small ones (Manning 1998,
//! <https://doi.org/10.1016/S0167-6296(98)00025-3>), and lowered by the share of peers who took everything back. The interval holds nine in ten: its ends are the quantiles of
//! what peers spent against what was foretold of them without themselves in their groups (split conformal, Vovk et al.
//! 2005), so it claims no shape of the distribution.
//!
//! The probability of a purchase is not in it: that gives the expected value, which stands apart.

mod spend;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use self::spend::SpendModel;
use super::AccountFacts;

/// How many average peers the effect of a group is diluted by.
pub const PRIOR_PEERS: f64 = 10.0;
/// Fewer earlier buyers than this say nothing about the next one.
pub const LEAST_PEERS: usize = 20;
/// Days in a year of the calendar, on average.
const DAYS_PER_YEAR: f64 = 365.25;
/// Upper edges of the bands of potential revenue, but for the last, which is open.
const BAND_EDGES: [f64; 5] = [1e3, 5e3, 1e4, 2.5e4, 1e5];

/// What is foretold: money of twelve months, in the currency of the features, in whole cents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Potential {
    /// One in twenty spends less.
    pub low: f64,
    /// The mean.
    pub mean: f64,
    /// One in twenty spends more.
    pub high: f64,
    /// Earlier buyers in the same tier and industry.
    pub peers: u64,
}

impl Potential {
    /// The band that the mean falls into, such as `5000-9999`; an edge belongs to the upper band.
    pub fn band(&self) -> String {
        let at = BAND_EDGES.partition_point(|edge| *edge <= self.mean);
        let low = if at == 0 { 0.0 } else { BAND_EDGES[at - 1] };
        match BAND_EDGES.get(at) {
            Some(high) => format!("{low}-{}", high - 1.0),
            None => format!("{low}+"),
        }
    }
}

/// One earlier buyer.
#[derive(Clone, Debug)]
struct Peer {
    tier: String,
    industry: String,
    log_heads: Option<f64>,
    /// Years since the first purchase.
    years: f64,
    log_spent: f64,
}

/// The earlier buyers of one product.
#[derive(Clone, Debug, Default)]
struct Peers {
    kept: Vec<Peer>,
    /// Buyers who took everything back.
    nothing: u64,
}

/// Collects earlier buyers, account by account.
#[derive(Clone, Debug, Default)]
pub struct RevenueTrainer {
    first_year: BTreeMap<String, Peers>,
    running_year: BTreeMap<String, Peers>,
}

impl RevenueTrainer {
    /// Takes in what an account has bought.
    pub fn add(&mut self, facts: &AccountFacts) {
        for bought in &facts.bought {
            let days = f64::from(facts.as_of.days() - bought.first.days());
            let mut peer = Peer {
                tier: facts.size_tier.clone(),
                industry: industry(facts).to_owned(),
                log_heads: log_heads(facts),
                years: days / DAYS_PER_YEAR,
                log_spent: 0.0,
            };
            if let Some(spent) = bought.first_spend {
                let peers = self.first_year.entry(bought.product.clone()).or_default();
                if spent > 0.0 {
                    peer.log_spent = libm::log(spent);
                    peers.kept.push(peer.clone());
                } else {
                    peers.nothing += 1;
                }
            }
            // Owners that spend nothing any more are none.
            if bought.first <= facts.as_of.plus_months(-12) && bought.value_12m > 0.0 {
                let log_spent = libm::log(bought.value_12m);
                let peers = self.running_year.entry(bought.product.clone()).or_default();
                peers.kept.push(Peer { log_spent, years: 0.0, ..peer });
            }
        }
    }

    /// Fits the models of all products with enough peers.
    pub fn fit(self) -> RevenueModel {
        let fit = |peers: BTreeMap<String, Peers>| {
            peers
                .into_iter()
                .filter_map(|(product, peers)| Some((product, SpendModel::fit(&peers)?)))
                .collect()
        };
        RevenueModel { first_year: fit(self.first_year), running_year: fit(self.running_year) }
    }
}

fn industry(facts: &AccountFacts) -> &str {
    facts.firm.vertical.as_deref().unwrap_or_default()
}

fn log_heads(facts: &AccountFacts) -> Option<f64> {
    facts.firm.employees.map(|heads| libm::log(heads as f64))
}

/// The fitted models of all products.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevenueModel {
    first_year: BTreeMap<String, SpendModel>,
    running_year: BTreeMap<String, SpendModel>,
}

impl RevenueModel {
    /// What an account would spend on a product in its first twelve months as a customer of it; `None` where too few have
    /// bought it.
    pub fn if_won(&self, facts: &AccountFacts, product: &str) -> Option<Potential> {
        Some(self.first_year.get(product)?.foretell(facts))
    }

    /// What owners of a product like this account spend on it in twelve months.
    pub fn of_owners_alike(&self, facts: &AccountFacts, product: &str) -> Option<Potential> {
        Some(self.running_year.get(product)?.foretell(facts))
    }

    /// What an owner spends less than owners like it, in twelve months; nothing where it spends as much.
    pub fn upsell(&self, facts: &AccountFacts, product: &str) -> Option<f64> {
        let alike = self.of_owners_alike(facts, product)?;
        let spent = facts.bought(product).map_or(0.0, |bought| bought.value_12m);
        Some(cents((alike.mean - spent).max(0.0)))
    }
}
/// Rounded to whole cents, so that sums of what is shown are what is shown as their sum.
pub fn cents(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_belong_to_the_upper_band() {
        let band = |mean: f64| Potential { low: 0.0, mean, high: 0.0, peers: 0 }.band();
        let found = [0.0, 999.99, 1000.0, 24_999.99, 25_000.0, 100_000.0].map(band);
        assert_eq!(found, ["0-999", "0-999", "1000-4999", "10000-24999", "25000-99999", "100000+"]);
    }
}
