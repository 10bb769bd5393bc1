//! Who bought what and when: for ownership, for seeds and for labels.
//!
//! A purchase is a transaction with a positive amount, or a deal that was won. Cancellations are negative amounts; they
//! lower the value. Only what was known before a date is collected.

use std::ops::Range;

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
        let products: Vec<&str> = builder.spec.products.iter().map(|product| product.name.as_str()).collect();
        let mut purchases = Self {
            first_account: accounts.start,
            n_products: products.len(),
            events: vec![Vec::new(); accounts.len() * products.len()],
        };
        purchases.add_transactions(&builder.rates, dataset, accounts.clone(), as_of, &products)?;
        purchases.add_deals(&builder.rates, dataset, accounts, as_of, &products)?;
        for events in &mut purchases.events {
            events.sort_by(|a, b| a.date.cmp(&b.date).then(a.amount.total_cmp(&b.amount)));
        }
        Ok(purchases)
    }

    fn add_transactions(
        &mut self,
        rates: &Rates,
        dataset: &Dataset,
        accounts: Range<usize>,
        as_of: AsOf,
        products: &[&str],
    ) -> Result<(), FeatureError> {
        let Some(table) = dataset.table(TableName::Transactions) else { return Ok(()) };
        let (product, date) = (table.text("product")?, table.time("date")?);
        let (amount, currency) = (table.number("amount")?, table.text("currency")?);
        for account in accounts {
            for row in known_rows(table, account, as_of) {
                let place =
                    product.get(row).and_then(|name| products.iter().position(|known| *known == name));
                let (Some(place), Some(date), Some(amount)) = (place, date.get(row), amount.get(row)) else {
                    continue;
                };
                let amount = rates.convert(amount, currency.get(row));
                self.push(account, place, Event { date, amount, bought: amount > 0.0 });
            }
        }
        Ok(())
    }

    fn add_deals(
        &mut self,
        rates: &Rates,
        dataset: &Dataset,
        accounts: Range<usize>,
        as_of: AsOf,
        products: &[&str],
    ) -> Result<(), FeatureError> {
        let Some(table) = dataset.table(TableName::Opportunities) else { return Ok(()) };
        let valued = dataset.table(TableName::Transactions).is_none();
        let (product, closed) = (table.text("product")?, table.time("closed_at")?);
        let (substatus, value) = (table.text("substatus")?, table.number("deal_value")?);
        let currency = table.text("currency")?;
        for account in accounts {
            for row in known_rows(table, account, as_of) {
                let place =
                    product.get(row).and_then(|name| products.iter().position(|known| *known == name));
                let (Some(place), Some(date), Some("Won")) = (place, closed.get(row), substatus.get(row))
                else {
                    continue;
                };
                if date < as_of.micros() {
                    let amount = value.get(row).filter(|_| valued).unwrap_or(0.0);
                    self.push(
                        account,
                        place,
                        Event { date, amount: rates.convert(amount, currency.get(row)), bought: true },
                    );
                }
            }
        }
        Ok(())
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

    /// Whether the account bought the product in `from <= date < to`.
    pub fn any_within(&self, account: usize, product: usize, from: AsOf, to: AsOf) -> bool {
        let (from, to) = (from.micros(), to.micros());
        self.of(account, product).iter().any(|event| event.bought && event.date >= from && event.date < to)
    }

    /// What the account paid for the product in `from <= date < to`, cancellations taken off.
    pub fn value_within(&self, account: usize, product: usize, from: AsOf, to: AsOf) -> f64 {
        let (from, to) = (from.micros(), to.micros());
        let within = self.of(account, product).iter().filter(|event| event.date >= from && event.date < to);
        within.map(|event| event.amount).sum()
    }
}
