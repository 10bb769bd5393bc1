//! Purchases, plans and agreements of one account.

use std::collections::{BTreeMap, BTreeSet};

use super::build::day_of;
use super::{Agreement, Bought, Holding, Transacted};
use crate::features::{
    CANCELLED_STATE, FeatureError, LicenceMetrics, Money, Rates, STALE_SUBSCRIPTION_DAYS, known_rows,
};
use crate::quantity::{AsOf, MICROS_PER_DAY};
use crate::tables::contract::TableName;
use crate::tables::{Dataset, Table};

/// Days around the end of an agreement in which the one that follows it starts.
const RENEWAL_GAP_DAYS: i32 = 60;

/// What counts as the spend of a new customer.
#[derive(Clone, Copy, Debug)]
pub(super) struct FirstSpend {
    /// Months from the first purchase on.
    pub(super) months: i32,
    /// First purchases on record before this day may not be the first.
    pub(super) from: Option<AsOf>,
}

/// What was paid for one product.
#[derive(Clone, Debug, Default)]
struct Purchases {
    first: Option<i64>,
    last: Option<i64>,
    rows: Vec<Line>,
    skus: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug)]
struct Line {
    date: i64,
    units: f64,
    money: Money,
}

/// The transactions of an account.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    as_of: AsOf,
    products: BTreeMap<String, Purchases>,
    partners: BTreeMap<String, i64>,
    pub(super) last_transaction: Option<AsOf>,
}

impl Ledger {
    pub(super) fn read(
        dataset: &Dataset,
        account: usize,
        as_of: AsOf,
        rates: &Rates,
    ) -> Result<Self, FeatureError> {
        let mut ledger =
            Self { as_of, products: BTreeMap::new(), partners: BTreeMap::new(), last_transaction: None };
        if let Some(table) = dataset.table(TableName::Transactions) {
            ledger.add_transactions(table, account, rates)?;
        } else if let Some(table) = dataset.table(TableName::Opportunities) {
            ledger.add_won_deals(table, account, rates)?;
        }
        Ok(ledger)
    }

    fn add_transactions(&mut self, table: &Table, account: usize, rates: &Rates) -> Result<(), FeatureError> {
        let (product, sku) = (table.text("product")?, table.text("sku")?);
        let (date, quantity) = (table.time("date")?, table.number("quantity")?);
        let (amount, currency) = (table.number("amount")?, table.text("currency")?);
        let partner = table.text("partner_id")?;
        let mut latest: Option<i64> = None;
        for row in known_rows(table, account, self.as_of) {
            let (Some(date), Some(paid)) = (date.get(row), amount.get(row)) else { continue };
            if date >= self.as_of.micros() {
                continue;
            }
            latest = latest.max(Some(date));
            if let Some(partner) = partner.get(row) {
                let last = self.partners.entry(partner.to_owned()).or_insert(date);
                *last = date.max(*last);
            }
            let Some(name) = product.get(row) else { continue };
            let units = quantity.get(row).unwrap_or(if paid < 0.0 { -1.0 } else { 1.0 });
            let money = rates.money(paid, currency.get(row));
            self.add(name, sku.get(row), paid > 0.0, Line { date, units, money });
        }
        self.last_transaction = latest.map(day_of);
        Ok(())
    }

    /// Won deals stand for purchases where there is no table of transactions.
    fn add_won_deals(&mut self, table: &Table, account: usize, rates: &Rates) -> Result<(), FeatureError> {
        let (product, closed) = (table.text("product")?, table.time("closed_at")?);
        let (substatus, value) = (table.text("substatus")?, table.number("deal_value")?);
        let currency = table.text("currency")?;
        for row in known_rows(table, account, self.as_of) {
            let (Some(name), Some(date), Some("Won")) =
                (product.get(row), closed.get(row), substatus.get(row))
            else {
                continue;
            };
            if date < self.as_of.micros() {
                let money = rates.money(value.get(row).unwrap_or(0.0), currency.get(row));
                self.add(name, None, true, Line { date, units: 1.0, money });
            }
        }
        Ok(())
    }

    fn add(&mut self, product: &str, sku: Option<&str>, bought: bool, line: Line) {
        let purchases = self.products.entry(product.to_owned()).or_default();
        if bought {
            purchases.first = Some(purchases.first.map_or(line.date, |first| first.min(line.date)));
            purchases.last = purchases.last.max(Some(line.date));
            purchases.skus.extend(sku.map(str::to_owned));
        }
        purchases.rows.push(line);
    }

    pub(super) fn partners(&self) -> Vec<Transacted> {
        let of =
            |(partner, last): (&String, &i64)| Transacted { partner: partner.clone(), last: day_of(*last) };
        self.partners.iter().map(of).collect()
    }

    /// Products with a purchase; one that was only ever cancelled was not bought.
    pub(super) fn bought(&self, spend: FirstSpend) -> Vec<Bought> {
        let bought = self.products.iter().filter_map(|(product, purchases)| {
            let (first, last) = (day_of(purchases.first?), day_of(purchases.last?));
            let money = |from: Option<AsOf>, to: AsOf| {
                let mut sum = Money::ZERO;
                for line in purchases.rows.iter().filter(|line| within(line.date, from, to)) {
                    sum += line.money;
                }
                sum.value()
            };
            let units = |from: Option<AsOf>| {
                let lines = purchases.rows.iter().filter(|line| within(line.date, from, self.as_of));
                // Summed in the order of the rows, which is that of the table.
                lines.map(|line| line.units).sum::<f64>()
            };
            let this_month = AsOf::new(self.as_of.date().first_of_month());
            let over = first.plus_months(spend.months);
            let is_first = spend.from.is_none_or(|from| first >= from);
            Some(Bought {
                product: product.clone(),
                first,
                last,
                units: units(None),
                units_36m: units(Some(self.as_of.plus_months(-36))),
                value: money(None, self.as_of),
                value_12m: money(Some(self.as_of.plus_months(-12)), self.as_of),
                value_3m: money(Some(this_month.plus_months(-3)), this_month),
                first_spend: (over <= self.as_of && is_first).then(|| money(Some(first), over)),
                skus: purchases.skus.iter().cloned().collect(),
            })
        });
        bought.collect()
    }
}

fn within(date: i64, from: Option<AsOf>, to: AsOf) -> bool {
    from.is_none_or(|from| date >= from.micros()) && date < to.micros()
}

/// The plans of every product in the latest month known of the product, over all partners.
pub(super) fn holdings(dataset: &Dataset, account: usize, as_of: AsOf) -> Result<Vec<Holding>, FeatureError> {
    let Some(table) = dataset.table(TableName::Subscriptions) else { return Ok(Vec::new()) };
    let (product, sku) = (table.text("product")?, table.text("sku")?);
    let (month, state) = (table.time("month")?, table.text("state")?);
    let count = |name: &str| table.number(name);
    let (sold, entitled) = (count("seats_sold")?, count("seats_entitled")?);
    let (assigned, active) = (count("seats_assigned")?, count("seats_active_28d")?);
    let mut latest: BTreeMap<&str, i64> = BTreeMap::new();
    for row in known_rows(table, account, as_of) {
        if let (Some(name), Some(month)) = (product.get(row), month.get(row))
            && month < as_of.micros()
        {
            let kept = latest.entry(name).or_insert(month);
            *kept = month.max(*kept);
        }
    }
    let mut plans: BTreeMap<(&str, Option<&str>, Option<&str>), LicenceMetrics> = BTreeMap::new();
    for row in known_rows(table, account, as_of) {
        let Some(name) = product.get(row) else { continue };
        if month.get(row).is_none() || latest.get(name).copied() != month.get(row) {
            continue;
        }
        let seats = LicenceMetrics {
            sold: sold.get(row).map(|seats| seats as u64),
            entitled: entitled.get(row).map(|seats| seats as u64),
            assigned: assigned.get(row).map(|seats| seats as u64),
            active_28d: active.get(row).map(|seats| seats as u64),
        };
        plans.entry((name, sku.get(row), state.get(row))).or_default().add(seats);
    }
    let stale = as_of.micros() - STALE_SUBSCRIPTION_DAYS * MICROS_PER_DAY;
    let holdings = plans.into_iter().map(|((product, plan, state), seats)| {
        let ended = latest.get(product).is_some_and(|month| *month < stale);
        Holding {
            product: product.to_owned(),
            plan: plan.map(str::to_owned),
            seats,
            state: if ended { Some("ended".to_owned()) } else { state.map(str::to_owned) },
            live: !ended && state != Some(CANCELLED_STATE),
        }
    });
    Ok(holdings.collect())
}

/// The agreements known, by end and id.
pub(super) fn agreements(
    dataset: &Dataset,
    account: usize,
    as_of: AsOf,
    rates: &Rates,
) -> Result<Vec<Agreement>, FeatureError> {
    let Some(table) = dataset.table(TableName::Agreements) else { return Ok(Vec::new()) };
    let (id, program) = (table.text("agreement_id")?, table.text("program")?);
    let (division, end) = (table.text("product_division")?, table.time("end_date")?);
    let (expiration, revenue) = (table.text("expiration_type")?, table.number("expiring_revenue")?);
    let (currency, started) = (table.text("currency")?, table.time("started_at")?);
    let mut agreements = Vec::new();
    for row in known_rows(table, account, as_of) {
        let (Some(id), Some(end)) = (id.get(row), end.get(row)) else { continue };
        agreements.push(Agreement {
            id: id.to_owned(),
            program: program.get(row).map(str::to_owned),
            division: division.get(row).map(str::to_owned),
            ends: day_of(end),
            expiration: expiration.get(row).map(str::to_owned),
            revenue: revenue.get(row).map(|amount| rates.money(amount, currency.get(row)).value()),
            started: started.get(row).map(day_of),
            renewed: false,
        });
    }
    agreements.sort_by(|a, b| (a.ends, &a.id).cmp(&(b.ends, &b.id)));
    let renewed: Vec<bool> =
        agreements.iter().map(|agreement| agreements.iter().any(|next| follows(agreement, next))).collect();
    for (agreement, renewed) in agreements.iter_mut().zip(renewed) {
        agreement.renewed = renewed;
    }
    Ok(agreements)
}

/// Whether `next` takes over from `agreement`: the same division, started around the end, ending later.
fn follows(agreement: &Agreement, next: &Agreement) -> bool {
    agreement.division == next.division
        && next.ends > agreement.ends
        && next
            .started
            .is_some_and(|started| (started.days() - agreement.ends.days()).abs() <= RENEWAL_GAP_DAYS)
}
