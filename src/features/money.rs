//! Amounts in one currency, and exact sums of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

use serde::{Serialize, Serializer};

use super::{Family, FeatureError, FeatureSpec};
use crate::tables::Currencies;
use crate::tables::contract::TableName;

/// What one unit of each currency is worth in the currency of the features.
#[derive(Clone, Debug, PartialEq)]
pub struct Rates {
    currency: String,
    rates: BTreeMap<String, f64>,
}

impl Rates {
    /// Finds the currency of the data and a rate for every other one in it.
    ///
    /// With one currency in the data and none in the spec, amounts stay as they are. Only tables whose amounts are
    /// read need rates: agreements where their family is built, deals where they stand in for transactions.
    pub(super) fn resolve(features: &FeatureSpec, currencies: &Currencies) -> Result<Self, FeatureError> {
        let spec = &features.money;
        let mut tables = vec![TableName::Accounts, TableName::Transactions];
        if features.families.contains(&Family::Agreement) {
            tables.push(TableName::Agreements);
        }
        if !currencies.contains_key(&TableName::Transactions) {
            tables.push(TableName::Opportunities);
        }
        let mut found: BTreeMap<&'static str, &BTreeSet<String>> = BTreeMap::new();
        for name in tables {
            if let Some(currencies) = currencies.get(&name) {
                found.insert(name.as_str(), currencies);
            }
        }
        let all: BTreeSet<&String> = found.values().copied().flatten().collect();
        let base = match &spec.currency {
            Some(currency) => currency.clone(),
            // The most natural base needs no choice where there is only one; where there are several, none is natural.
            None => all.iter().next().map_or_else(String::new, ToString::to_string),
        };
        let mut rates = spec.rates.clone();
        rates.insert(base.clone(), 1.0);
        for (table, currencies) in found {
            let without: Vec<String> =
                currencies.iter().filter(|currency| !rates.contains_key(*currency)).cloned().collect();
            if !without.is_empty() {
                return Err(FeatureError::Rate { table, currencies: without, expected: base });
            }
        }
        Ok(Self { currency: base, rates })
    }

    /// The currency of the features; empty where neither the spec nor the data names one.
    pub fn currency(&self) -> &str {
        &self.currency
    }

    /// `amount` of `currency` in the currency of the features; an amount without a currency is taken as it is.
    pub fn convert(&self, amount: f64, currency: Option<&str>) -> f64 {
        currency.and_then(|currency| self.rates.get(currency)).map_or(amount, |rate| amount * rate)
    }

    /// `amount` of `currency` as exact money in the currency of the features.
    pub fn money(&self, amount: f64, currency: Option<&str>) -> Money {
        Money::from(self.convert(amount, currency))
    }
}

/// Money as a whole number of ten-thousandths of the currency unit, so that sums are exact: a purchase and its
/// cancellation leave nothing, in any order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(i128);

impl Money {
    /// Parts of one currency unit.
    const PARTS: f64 = 1e4;
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The amount in currency units.
    pub fn value(self) -> f64 {
        self.0 as f64 / Self::PARTS
    }
}

impl Serialize for Money {
    /// As a number of currency units.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

impl From<f64> for Money {
    /// Rounds to the nearest ten-thousandth; contracts bound amounts far below where that overflows.
    fn from(amount: f64) -> Self {
        Self((amount * Self::PARTS).round() as i128)
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purchase_and_its_cancellation_leave_nothing() {
        let mut sum = Money::ZERO;
        let mut floats = 0.0;
        for amount in [0.1, 0.2, 0.3, -0.3, -0.2, -0.1] {
            sum += Money::from(amount);
            floats += amount;
        }
        assert_eq!(sum, Money::ZERO);
        assert_ne!(floats, 0.0, "plain sums of the same amounts leave dust");
        assert_eq!(Money::from(6.0 * 2.55).value(), 15.3);
    }
}
