//! Who bought what and when: for ownership, for seeds and for labels.
//!
//! A purchase is a transaction with a positive amount, or a deal that was won. Cancellations are negative amounts; they
//! lower the value. Only what was known before a date is collected.

use std::collections::BTreeMap;
use std::ops::Range;

use super::deals::{DealEnd, KnownDeals};
use super::money::Rates;
use super::view::known_rows;
use super::{FeatureBuilder, FeatureError};
use crate::quantity::AsOf;
use crate::tables::Dataset;
use crate::tables::contract::TableName;

/// One purchase or cancellation.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Event {
    date: i64,
    amount: f64,
    bought: bool,
}

/// The purchases of a range of accounts, per product, as known before a date.
#[derive(Clone, Debug)]
pub struct Purchases {
    first_account: usize,
    n_products: usize,
    /// Events of account `a` and product `p` are at `(a - first_account) * n_products + p`, by date.
    events: Vec<Vec<Event>>,
    /// Known deals without a sale, at the same places: when they ended, and the weight of the case; `None` for an end
    /// that says nothing.
    unsold: BTreeMap<usize, Vec<(i64, Option<f64>)>>,
}

/// What purchases are collected from.
struct Source<'a> {
    rates: &'a Rates,
    dataset: &'a Dataset,
    accounts: Range<usize>,
    as_of: AsOf,
    products: &'a [&'a str],
}

impl Source<'_> {
    fn place(&self, product: &str) -> Option<usize> {
        self.products.iter().position(|known| *known == product)
    }

    /// Deals have a value only where no transaction tells what was paid.
    fn values_deals(&self) -> bool {
        self.dataset.table(TableName::Transactions).is_none()
    }
}

impl Purchases {
    /// Collects the purchases of `accounts` known before `as_of`.
    ///
    /// The value of a purchase is the amount of its transaction. Where the data set has no transactions at all, it is
    /// the value of the won deal.
    ///
    /// # Errors
    /// [`FeatureError::Tables`] when a table lacks a column of its contract.
    pub fn collect(
        builder: &FeatureBuilder,
        dataset: &Dataset,
        accounts: Range<usize>,
        as_of: AsOf,
    ) -> Result<Self, FeatureError> {
        Self::collect_beside(&KnownDeals::default(), builder, dataset, accounts, as_of)
    }

    /// [`Self::collect`], with deals that are known beside the tables.
    ///
    /// # Errors
    /// As [`Self::collect`].
    pub fn collect_beside(
        deals: &KnownDeals,
        builder: &FeatureBuilder,
        dataset: &Dataset,
        accounts: Range<usize>,
        as_of: AsOf,
    ) -> Result<Self, FeatureError> {
        let products: Vec<&str> = builder.spec.products.iter().map(|product| product.name.as_str()).collect();
        let mut purchases = Self {
            first_account: accounts.start,
            n_products: products.len(),
            events: vec![Vec::new(); accounts.len() * products.len()],
            unsold: BTreeMap::new(),
        };
        let source = Source { rates: &builder.rates, dataset, accounts, as_of, products: &products };
        purchases.add_transactions(&source)?;
        purchases.add_deals(&source, deals)?;
        purchases.add_known(&source, deals);
        for events in &mut purchases.events {
            events.sort_by(|a, b| a.date.cmp(&b.date).then(a.amount.total_cmp(&b.amount)));
        }
        Ok(purchases)
    }

    fn add_transactions(&mut self, source: &Source<'_>) -> Result<(), FeatureError> {
        let Some(table) = source.dataset.table(TableName::Transactions) else { return Ok(()) };
        let (product, date) = (table.text("product")?, table.time("date")?);
        let (amount, currency) = (table.number("amount")?, table.text("currency")?);
        for account in source.accounts.clone() {
            for row in known_rows(table, account, source.as_of) {
                let place = product.get(row).and_then(|name| source.place(name));
                let (Some(place), Some(date), Some(amount)) = (place, date.get(row), amount.get(row)) else {
                    continue;
                };
                let amount = source.rates.convert(amount, currency.get(row));
                self.push(account, place, Event { date, amount, bought: amount > 0.0 });
            }
        }
        Ok(())
    }

    fn add_deals(&mut self, source: &Source<'_>, known: &KnownDeals) -> Result<(), FeatureError> {
        let Some(table) = source.dataset.table(TableName::Opportunities) else { return Ok(()) };
        let (product, closed) = (table.text("product")?, table.time("closed_at")?);
        let (substatus, value) = (table.text("substatus")?, table.number("deal_value")?);
        let (currency, valued) = (table.text("currency")?, source.values_deals());
        let is_known = known.among(table)?;
        for account in source.accounts.clone() {
            for row in known_rows(table, account, source.as_of) {
                let (Some(name), Some(date), Some("Won")) =
                    (product.get(row), closed.get(row), substatus.get(row))
                else {
                    continue;
                };
                let Some(place) = source.place(name) else { continue };
                if date < source.as_of.micros() && !is_known(row, name) {
                    let amount = value.get(row).filter(|_| valued).unwrap_or(0.0);
                    let amount = source.rates.convert(amount, currency.get(row));
                    self.push(account, place, Event { date, amount, bought: true });
                }
            }
        }
        Ok(())
    }

    fn add_known(&mut self, source: &Source<'_>, known: &KnownDeals) {
        for account in source.accounts.clone() {
            for deal in known.of(&source.dataset.accounts()[account]) {
                let date = deal.closed_at;
                let Some(place) = source.place(&deal.product).filter(|_| date < source.as_of.micros()) else {
                    continue;
                };
                match &deal.end {
                    DealEnd::Won(value) => {
                        let value = value.as_ref().filter(|_| source.values_deals());
                        let amount = value
                            .map_or(0.0, |(amount, currency)| source.rates.convert(*amount, Some(currency)));
                        self.push(account, place, Event { date, amount, bought: true });
                    }
                    DealEnd::Lost(weight) => self.unsold(account, place).push((date, Some(*weight))),
                    DealEnd::Unknown => self.unsold(account, place).push((date, None)),
                }
            }
        }
    }

    fn unsold(&mut self, account: usize, product: usize) -> &mut Vec<(i64, Option<f64>)> {
        self.unsold.entry((account - self.first_account) * self.n_products + product).or_default()
    }

    fn push(&mut self, account: usize, product: usize, event: Event) {
        self.events[(account - self.first_account) * self.n_products + product].push(event);
    }

    fn of(&self, account: usize, product: usize) -> &[Event] {
        &self.events[(account - self.first_account) * self.n_products + product]
    }

    /// When the account first bought the product, in microseconds.
    pub fn first(&self, account: usize, product: usize) -> Option<i64> {
        self.of(account, product).iter().find(|event| event.bought).map(|event| event.date)
    }

    /// Whether the account bought the product before `date`.
    pub fn any_before(&self, account: usize, product: usize, date: AsOf) -> bool {
        self.first(account, product).is_some_and(|first| first < date.micros())
    }

    /// Whether the account bought the product in `from <= date < to`.
    pub fn any_within(&self, account: usize, product: usize, from: AsOf, to: AsOf) -> bool {
        let (from, to) = (from.micros(), to.micros());
        self.of(account, product).iter().any(|event| event.bought && event.date >= from && event.date < to)
    }

    /// What the case of an account that bought nothing in `from <= date < to` weighs: 1, or less where a known deal was lost
    /// for a reason that says little. `None` where a deal ended then and no known end says anything of the customer: that
    /// is no case.
    pub fn weight_within(&self, account: usize, product: usize, from: AsOf, to: AsOf) -> Option<f64> {
        let place = (account - self.first_account) * self.n_products + product;
        let ends = self.unsold.get(&place).map_or(&[][..], Vec::as_slice).iter();
        let within = ends.filter(|(date, _)| *date >= from.micros() && *date < to.micros());
        let weights: Vec<Option<f64>> = within.map(|(_, weight)| *weight).collect();
        if weights.is_empty() { Some(1.0) } else { weights.into_iter().flatten().max_by(f64::total_cmp) }
    }

    /// What the account paid for the product in `from <= date < to`, cancellations taken off.
    pub fn value_within(&self, account: usize, product: usize, from: AsOf, to: AsOf) -> f64 {
        let (from, to) = (from.micros(), to.micros());
        let within = self.of(account, product).iter().filter(|event| event.date >= from && event.date < to);
        within.map(|event| event.amount).sum()
    }
}
