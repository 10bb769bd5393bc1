//! Amounts in one currency.

use std::collections::{BTreeMap, BTreeSet};

use super::{FeatureError, MoneySpec};
use crate::tables::Dataset;
use crate::tables::contract::TableName;

/// What one unit of each currency is worth in the currency of the features.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rates {
    rates: BTreeMap<String, f64>,
}

impl Rates {
    /// Finds the currency of the data and a rate for every other one in it.
    ///
    /// With one currency in the data and none in the spec, amounts stay as they are.
    pub(super) fn resolve(spec: &MoneySpec, dataset: &Dataset) -> Result<Self, FeatureError> {
        let mut found: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
        for name in [TableName::Accounts, TableName::Transactions] {
            if let Some(table) = dataset.table(name) {
                found.insert(name.as_str(), table.text("currency")?.levels().map(str::to_owned).collect());
            }
        }
        let all: BTreeSet<&String> = found.values().flatten().collect();
        let base = match &spec.currency {
            Some(currency) => currency.clone(),
            // The most natural base needs no choice where there is only one; where there are several, none is natural.
            None => all.iter().next().map_or_else(String::new, ToString::to_string),
        };
        let mut rates = spec.rates.clone();
        rates.insert(base.clone(), 1.0);
        for (table, currencies) in &found {
            let without: Vec<String> =
                currencies.iter().filter(|currency| !rates.contains_key(*currency)).cloned().collect();
            if !without.is_empty() {
                return Err(FeatureError::Rate { table, currencies: without, expected: base });
            }
        }
        Ok(Self { rates })
    }

    /// `amount` of `currency` in the currency of the features; an amount without a currency is taken as it is.
    pub(super) fn convert(&self, amount: f64, currency: Option<&str>) -> f64 {
        currency.and_then(|currency| self.rates.get(currency)).map_or(amount, |rate| amount * rate)
    }
}
