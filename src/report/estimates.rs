//! What all accounts of a run together say of one: revenue from peers, renewals from agreements that ended.

use serde::{Deserialize, Serialize};

use crate::targeting::{AccountFacts, RenewalRates, RevenueModel, RevenueTrainer};

/// The estimates of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimates {
    /// The currency of all money in the facts; empty where nobody named one.
    pub currency: String,
    /// What accounts would spend.
    pub revenue: RevenueModel,
    /// How often agreements are renewed.
    pub renewals: RenewalRates,
}

/// Collects what the estimates are made from.
#[derive(Clone, Debug)]
pub(super) struct EstimatesTrainer {
    currency: String,
    revenue: RevenueTrainer,
    renewals: RenewalRates,
}

impl EstimatesTrainer {
    pub(super) fn new(currency: &str) -> Self {
        Self {
            currency: currency.to_owned(),
            revenue: RevenueTrainer::default(),
            renewals: RenewalRates::default(),
        }
    }

    pub(super) fn add(&mut self, facts: &AccountFacts) {
        self.revenue.add(facts);
        self.renewals.add(facts);
    }

    pub(super) fn fit(self) -> Estimates {
        Estimates { currency: self.currency, revenue: self.revenue.fit(), renewals: self.renewals }
    }
}
