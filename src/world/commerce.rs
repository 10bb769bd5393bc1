//! What owners leave behind: purchases and renewals, seats month by month, agreements.

use super::calendar::{Calendar, HISTORY_MONTHS};
use super::company::Company;
use super::draws::Draws;
use super::installs::{Agreement, program_for};
use super::products::{AZURE, N_PRODUCTS, PRODUCTS, Product, Sales};
use super::purchases::History;
use crate::seed::Seed;

/// Money that changed hands.
#[derive(Clone, Debug)]
pub(super) struct Sale {
    pub(super) product: usize,
    pub(super) plan: &'static str,
    pub(super) day: i32,
    pub(super) quantity: f64,
    pub(super) amount: f64,
    pub(super) known_at: i64,
}

/// The seats of one product in one month.
#[derive(Clone, Debug)]
pub(super) struct Seats {
    pub(super) product: usize,
    pub(super) plan: &'static str,
    pub(super) month: i32,
    pub(super) sold: i64,
    pub(super) entitled: i64,
    pub(super) assigned: i64,
    pub(super) active: i64,
    pub(super) state: &'static str,
    pub(super) known_at: i64,
}

/// Everything the products of one company left behind.
#[derive(Clone, Debug, Default)]
pub(super) struct Commerce {
    pub(super) sales: Vec<Sale>,
    pub(super) seats: Vec<Seats>,
    pub(super) agreements: Vec<Agreement>,
}

/// Follows every owned product from its first purchase to the end of the world.
pub(super) fn trade(company: &Company, history: &History, calendar: &Calendar, seed: Seed) -> Commerce {
    let mut commerce = Commerce::default();
    for at in 0..N_PRODUCTS {
        let Some(first) = history.first_purchase[at] else { continue };
        let mut trader = Trader {
            company,
            calendar,
            product: &PRODUCTS[at],
            at,
            // Fit decides how much is bought; half of the spread is chance.
            generosity: libm::exp(0.45 * history.fit[at].clamp(-4.0, 4.0)),
            draws: Draws::new(seed.named(PRODUCTS[at].name)),
            commerce: &mut commerce,
        };
        match trader.product.sales {
            Sales::Seats => trader.seats(first, history.fit[at]),
            Sales::Consumption => trader.consumption(first),
            Sales::Devices => trader.devices(first),
        }
    }
    commerce.sales.sort_by_key(|sale| (sale.day, sale.product));
    commerce.seats.sort_by_key(|seats| (seats.month, seats.product));
    commerce.agreements.sort_by(|a, b| (a.started, &a.division).cmp(&(b.started, &b.division)));
    commerce
}

/// Azure consumed revenue, USD per month: the mean of the three full months before `day`; none without any.
pub(super) fn consumed_revenue(sales: &[Sale], calendar: &Calendar, day: i32) -> Option<f64> {
    let month = calendar.month_of(day);
    let (from, to) = (calendar.first_day(month - 3), calendar.first_day(month));
    let consumed: Vec<f64> = sales
        .iter()
        .filter(|sale| sale.product == AZURE && (from..to).contains(&sale.day))
        .map(|sale| sale.amount)
        .collect();
    (!consumed.is_empty()).then(|| (consumed.iter().sum::<f64>() / 3.0 * 100.0).round() / 100.0)
}

struct Trader<'a> {
    company: &'a Company,
    calendar: &'a Calendar,
    product: &'static Product,
    at: usize,
    generosity: f64,
    draws: Draws,
    commerce: &'a mut Commerce,
}

impl Trader<'_> {
    /// The first day from which purchases are on record.
    fn record_begins(&self) -> i32 {
        self.calendar.first_day(-HISTORY_MONTHS)
    }

    fn plan(&self, quantity: f64) -> &'static str {
        self.product.plans[if quantity >= 100.0 {
            2
        } else if quantity >= 10.0 {
            1
        } else {
            0
        }]
    }

    fn sell(&mut self, day: i32, plan: &'static str, quantity: f64, amount: f64) {
        if !(self.record_begins()..self.calendar.end()).contains(&day) {
            return;
        }
        let moment = self.draws.moment(day);
        self.commerce.sales.push(Sale {
            product: self.at,
            plan,
            day,
            quantity,
            amount: (amount * 100.0).round() / 100.0,
            known_at: self.draws.delayed(moment),
        });
    }

    /// Yearly terms with seats that grow, are used more or less, and may be given up at a renewal.
    fn seats(&mut self, first: i32, fit: f64) {
        let employees = self.company.employees(0) as f64;
        let wanted =
            employees * self.product.share * self.generosity.min(3.0) * self.draws.log_normal(0.55, 0.3);
        let mut seats = wanted.round().max(1.0);
        let plan = self.plan(seats);
        let discount = 1.0 - 0.05 * libm::log10(seats.max(1.0));
        let yearly = 12.0 * self.product.price * discount;
        let use_level = sigmoid_share(0.6 + 0.35 * fit + 0.5 * self.company.traits.digital, &mut self.draws);
        let mut term = first;
        loop {
            self.sell(term, plan, seats, seats * yearly);
            self.agreement(term, seats * yearly);
            let grows = self.draws.chance(0.25 * use_level);
            let extra_day = term + self.draws.whole(60, 300);
            let extra = if grows { (seats * self.draws.between(0.05, 0.35)).ceil() } else { 0.0 };
            let end = term + 365;
            if grows && extra_day < end {
                let share = f64::from(end - extra_day) / 365.0;
                self.sell(extra_day, plan, extra, extra * yearly * share);
            }
            let stays = self.draws.chance(0.82 + 0.16 * use_level);
            self.months_of_term(term, end, seats, extra_day, extra, use_level, plan, stays);
            seats += extra;
            if !stays || end >= self.calendar.end() {
                break;
            }
            term = end;
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a term is described by all of these, and only here")]
    fn months_of_term(
        &mut self,
        term: i32,
        end: i32,
        seats: f64,
        extra_day: i32,
        extra: f64,
        use_level: f64,
        plan: &'static str,
        stays: bool,
    ) {
        let record_from = -HISTORY_MONTHS + 6;
        let last = self.calendar.n_months() - 1;
        let from = self.calendar.month_of(term).max(record_from);
        let to = (self.calendar.month_of(end) - 1).min(last);
        for month in from..=to {
            let day = self.calendar.first_day(month);
            let sold = (seats + if day >= extra_day { extra } else { 0.0 }) as i64;
            // In the last month of a term that is not renewed, a part is in grace and no longer entitled.
            let grace = !stays && self.calendar.first_day(month + 1) >= end - 31;
            let entitled = if grace { (sold + 1) / 2 } else { sold };
            // Adoption takes half a year to reach its level.
            let ramp = (0.5 + f64::from((day - term).max(0)) / 365.0).min(1.0);
            let assigned = share_of(sold, 0.5 + 0.5 * use_level * ramp);
            let noise = self.draws.between(0.92, 1.08);
            let active = share_of(assigned.min(entitled), use_level * ramp * noise);
            let described = self.calendar.first_day(month + 1);
            let moment = self.draws.moment(described);
            self.commerce.seats.push(Seats {
                product: self.at,
                plan,
                month,
                sold,
                entitled,
                assigned,
                active,
                state: if grace { "grace" } else { "active" },
                known_at: self.draws.delayed(moment),
            });
        }
    }

    /// An agreement per term, for larger buyers; a renewal is a new agreement.
    fn agreement(&mut self, term: i32, revenue: f64) {
        let written = self.draws.chance(0.8);
        let moment = self.draws.moment(term);
        let known_at = self.draws.delayed(moment);
        if written && self.company.employees(0) >= 25 && term < self.calendar.end() {
            self.commerce.agreements.push(Agreement {
                program: program_for(self.company.employees(0)),
                division: self.product.name.to_owned(),
                started: term,
                ends: term + 365,
                revenue: revenue.round(),
                known_at,
            });
        }
    }

    /// A bill every month that drifts with the growth of the company.
    fn consumption(&mut self, first: i32) {
        let size = libm::exp(0.75 * self.company.size(0));
        let mut bill = self.product.price * size * self.generosity * self.draws.log_normal(1.0, 0.6);
        let drift = 0.012 + 0.01 * self.company.traits.growth;
        let plan = self.plan(bill / 50.0);
        let first_month = self.calendar.month_of(first);
        // Purchases before the record begins: the bill has grown since, so it starts where it would be.
        let last = self.calendar.n_months();
        for month in first_month..last {
            let day = if month == first_month { first } else { self.calendar.first_day(month) };
            let amount = bill * self.draws.log_normal(1.0, 0.12);
            self.sell(day, plan, 1.0, amount.max(1.0));
            bill = (bill * (1.0 + drift)).min(4.0e6);
        }
    }

    /// A batch of devices, then further ones one to three years apart.
    fn devices(&mut self, first: i32) {
        let employees = self.company.employees(0) as f64;
        let mut day = first;
        while day < self.calendar.end() {
            let wanted = employees * self.product.share * self.generosity * self.draws.log_normal(0.6, 0.5);
            let quantity = wanted.round().clamp(1.0, 20_000.0);
            let plan = self.plan(quantity);
            let price = self.product.price * self.draws.between(0.8, 1.2);
            self.sell(day, plan, quantity, quantity * price);
            day += self.draws.whole(240, 1100);
        }
    }
}

/// A share between 0 and 1 around the share with these log-odds.
fn sigmoid_share(log_odds: f64, draws: &mut Draws) -> f64 {
    super::purchases::sigmoid(log_odds + 0.6 * draws.normal())
}

fn share_of(whole: i64, share: f64) -> i64 {
    ((whole as f64 * share).round() as i64).clamp(0, whole)
}
