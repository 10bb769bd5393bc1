//! First purchases: the probability of each, month by month, and the draw that decides it.

use super::calendar::{Calendar, micros};
use super::company::Company;
use super::draws::Draws;
use super::installs::{Agreement, Holdings, Install, modernity};
use super::products::{AZURE, D365_BC, D365_SP, M365, N_PRODUCTS, POWER_APPS, PRODUCTS, SECURITY, SURFACE};
use super::signals::{Interest, Signal};
use crate::seed::Seed;

/// `1 / (1 + exp(-x))`, the same on every machine.
pub(super) fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-log_odds))
}

/// What the past of a company is made of, in one place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Background<'a> {
    pub(super) company: &'a Company,
    pub(super) installs: &'a [Install],
    pub(super) signals: &'a [Signal],
    pub(super) agreements: &'a [Agreement],
    pub(super) calendar: &'a Calendar,
    /// The month in which the company appears; 0 for companies known before the start.
    pub(super) entry_month: i32,
}

/// A deal.
#[derive(Clone, Debug)]
pub(super) struct Deal {
    pub(super) product: usize,
    pub(super) created: i32,
    /// The day it closes if nothing is bought before; for a won deal, the day of the purchase.
    pub(super) closes: i32,
    pub(super) won: bool,
}

/// What a company bought, and how likely each first purchase was.
#[derive(Clone, Debug)]
pub(super) struct History {
    /// The day of the first purchase of each product.
    pub(super) first_purchase: [Option<i32>; N_PRODUCTS],
    /// Latent fit of each product at the start, in log-odds.
    pub(super) fit: [f64; N_PRODUCTS],
    /// For each month from [`first_month`](Self::first_month) on, the probability of a first purchase of each
    /// product; none where it is owned.
    pub(super) probabilities: Vec<[Option<f32>; N_PRODUCTS]>,
    /// The first month of `probabilities`.
    pub(super) first_month: i32,
    /// Deals, in the order they were created.
    pub(super) deals: Vec<Deal>,
}

/// Lives a company through the months of the world.
pub(super) fn simulate(background: &Background<'_>, seed: Seed) -> History {
    let Background { company, installs, calendar, entry_month, .. } = *background;
    let holdings = PRODUCTS.each_ref().map(|product| Holdings::new(product, installs));
    let fit =
        std::array::from_fn(|at| fit_of(at, background, 0, calendar.start().max(first_day(background))));
    let mut history = History {
        first_purchase: [None; N_PRODUCTS],
        fit,
        probabilities: Vec::new(),
        first_month: if entry_month > 0 { entry_month + 1 } else { 0 },
        deals: Vec::new(),
    };
    if entry_month <= 0 {
        own_before_start(&mut history, company, calendar, seed.named("owned"));
    }
    let purchase_draws = &mut Draws::new(seed.named("purchases"));
    let deal_draws = &mut Draws::new(seed.named("deals"));
    let mut open: [Option<Deal>; N_PRODUCTS] = std::array::from_fn(|_| None);
    for month in history.first_month..calendar.n_months() {
        let (day, next) = (calendar.first_day(month), calendar.first_day(month + 1));
        let interests = Interest::on(day, background.signals);
        let modern = modernity(installs, day);
        let owned: [bool; N_PRODUCTS] =
            history.first_purchase.map(|first| first.is_some_and(|first| first < day));
        let mut probabilities = [None; N_PRODUCTS];
        for at in 0..N_PRODUCTS {
            // Drawn for every product and month, so that one purchase does not shift the draws of another.
            let (luck, when) = (purchase_draws.uniform(), purchase_draws.whole(day, next - 1));
            if owned[at] {
                continue;
            }
            let fit = observed_fit(at, company, modern, month / 12) + latent_fit(at, company);
            let log_odds = PRODUCTS[at].base
                + fit
                + intent(&interests[at], at, &holdings[at], background, day)
                + prerequisites(at, owned)
                + season(at, company, calendar.month_of_year(month))
                + if open[at].is_some() { 0.9 } else { 0.0 };
            // The draw uses what is written, at the precision in which it is written.
            let probability = sigmoid(log_odds) as f32;
            probabilities[at] = Some(probability);
            let bought = (luck < f64::from(probability)).then_some(when);
            history.first_purchase[at] = bought;
            let deal_odds = -7.2 + 0.7 * fit + 2.2 * saturation(interests[at].level);
            DealMonth { product: at, day, next, bought, log_odds: deal_odds }.live(
                &mut open[at],
                &mut history.deals,
                deal_draws,
            );
        }
        history.probabilities.push(probabilities);
    }
    history.deals.extend(open.into_iter().flatten());
    history.deals.sort_by_key(|deal| (deal.created, deal.product));
    history
}

fn first_day(background: &Background<'_>) -> i32 {
    background.calendar.first_day(background.entry_month.max(0))
}

fn fit_of(at: usize, background: &Background<'_>, year: i32, day: i32) -> f64 {
    observed_fit(at, background.company, modernity(background.installs, day), year)
        + latent_fit(at, background.company)
}

/// The part of fit that the tables show.
fn observed_fit(at: usize, company: &Company, modern: f64, year: i32) -> f64 {
    let product = &PRODUCTS[at];
    let size = company.size(year);
    let employees = company.employees(year);
    let threshold = employees >= 25 && product.threshold.contains(&company.industry.vertical);
    let too_large = at == D365_BC && employees >= 300;
    product.size * size
        + product.curve * (size - 0.5) * (size - 0.5)
        + product.wealth * company.wealth()
        + product.modern * (2.0 * modern - 1.0)
        + company.industry.pull[at]
        + company.country.pull
        + if threshold { 0.8 } else { 0.0 }
        + if too_large { -1.5 } else { 0.0 }
}

/// The part of fit that no table shows.
pub(super) fn latent_fit(at: usize, company: &Company) -> f64 {
    let weights = PRODUCTS[at].latent;
    0.4 * weights.iter().zip(company.traits.latent()).map(|(weight, latent)| weight * latent).sum::<f64>()
}

fn saturation(level: f64) -> f64 {
    1.0 - libm::exp(-level / 4.0)
}

/// What signals, holdings and renewals add on the morning of `day`.
fn intent(interest: &Interest, at: usize, holdings: &Holdings, background: &Background<'_>, day: i32) -> f64 {
    let product = &PRODUCTS[at];
    let agreement_due = background.agreements.iter().any(|agreement| {
        (day..day + 90).contains(&agreement.ends)
            && agreement.known_at < micros(day)
            && product.succeeds.contains(&agreement.division.as_str())
    });
    let competitor = holdings.has_competitor(day);
    let renewal = interest.renewal || agreement_due;
    // Three things together, none of which says it alone.
    let displaced = (competitor || holdings.has_unsupported(day)) && renewal && interest.level >= 1.0;
    let gated = at == POWER_APPS && !competitor;
    3.1 * saturation(interest.level)
        + if interest.surge { 0.4 } else { 0.0 }
        + if displaced { 1.5 } else { 0.0 }
        + if renewal { 0.3 } else { 0.0 }
        + if holdings.has_unsupported(day) { 0.5 } else { 0.0 }
        + if competitor && interest.level < 1.0 { -0.4 } else { 0.0 }
        + if gated { -0.6 } else { 0.0 }
        + if interest.funding { 0.5 } else { 0.0 }
        + if interest.hiring && at == SURFACE { 0.7 } else { 0.0 }
}

fn prerequisites(at: usize, owned: [bool; N_PRODUCTS]) -> f64 {
    PRODUCTS[at].after.iter().filter(|&&(other, _)| owned[other]).map(|&(_, weight)| weight).sum()
}

/// A yearly wave for the product and a smaller one for the industry.
fn season(at: usize, company: &Company, month_of_year: u8) -> f64 {
    let wave =
        |peak: u8| libm::cos(std::f64::consts::TAU * (f64::from(month_of_year) - f64::from(peak)) / 12.0);
    let (peak, strength) = PRODUCTS[at].season;
    strength * wave(peak) + 0.2 * wave(company.industry.peak)
}

/// Products bought in the three years before the start, likelier with fit.
fn own_before_start(history: &mut History, company: &Company, calendar: &Calendar, seed: Seed) {
    let draws = &mut Draws::new(seed);
    let mut owned = [false; N_PRODUCTS];
    // m365 first: most others build on it.
    for at in [M365, AZURE, D365_BC, D365_SP, POWER_APPS, SURFACE, SECURITY] {
        let log_odds = PRODUCTS[at].base_owned + 0.9 * history.fit[at] + prerequisites(at, owned);
        let day = calendar.start() - 1 - draws.whole(0, 1094).min(company_age(company, calendar));
        if draws.chance(sigmoid(log_odds)) {
            owned[at] = true;
            history.first_purchase[at] = Some(day);
        }
    }
}

fn company_age(company: &Company, calendar: &Calendar) -> i32 {
    // Founded years are at least two years back, and purchases come after the foundation.
    let years = (1970 + i64::from(calendar.start()) / 365 - company.founded_year).clamp(1, 3);
    years as i32 * 365
}

/// A month in the life of the deals of one product.
struct DealMonth {
    product: usize,
    day: i32,
    next: i32,
    /// The day of the first purchase, if it is in this month.
    bought: Option<i32>,
    /// Log-odds that a deal begins.
    log_odds: f64,
}

impl DealMonth {
    /// Moves the open deal of the product on: it may be won, run out, or begin.
    fn live(&self, open: &mut Option<Deal>, closed: &mut Vec<Deal>, draws: &mut Draws) {
        // Drawn every month, for the reason given at the purchases.
        let (begins, from_purchase) = (draws.chance(sigmoid(self.log_odds)), draws.chance(0.4));
        let created = draws.whole(self.day, self.next - 1);
        let (length, lead) = (draws.whole(30, 120), draws.whole(0, 25));
        let Self { product, bought, .. } = *self;
        match (bought, open.take()) {
            (Some(purchase), Some(deal)) => {
                closed.push(Deal { closes: purchase.max(deal.created), won: true, ..deal });
            }
            (Some(purchase), None) if from_purchase => {
                let created = (purchase - lead).max(self.day);
                closed.push(Deal { product, created, closes: purchase, won: true });
            }
            (None, Some(deal)) if deal.closes < self.next => closed.push(deal),
            (None, Some(deal)) => *open = Some(deal),
            (None, None) if begins => {
                *open = Some(Deal { product, created, closes: created + length, won: false });
            }
            (_, None) => {}
        }
    }
}
