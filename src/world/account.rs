//! One account from its seed to its rows in every table.

use super::calendar::{Calendar, micros};
use super::catalogue::TOPICS;
use super::commerce::{Commerce, consumed_revenue, trade};
use super::company::Company;
use super::draws::Draws;
use super::installs::{Agreement, Install, find, legacy_agreements};
use super::planted;
use super::products::{N_PRODUCTS, PRODUCTS};
use super::purchases::{Background, Deal, History, latent_fit, simulate};
use super::rows::{
    AccountRow, AgreementRow, InstallRow, OpportunityRow, SignalRow, SubscriptionRow, TraitRow,
    TransactionRow, TruthRow,
};
use super::signals::{Signal, observe};
use super::traps::{TrapCounts, TrapSet};
use crate::seed::Seed;

/// The rows of one account, or of many after one another.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    pub(super) accounts: Vec<AccountRow>,
    pub(super) installs: Vec<InstallRow>,
    pub(super) signals: Vec<SignalRow>,
    pub(super) subscriptions: Vec<SubscriptionRow>,
    pub(super) transactions: Vec<TransactionRow>,
    pub(super) agreements: Vec<AgreementRow>,
    pub(super) opportunities: Vec<OpportunityRow>,
    pub(super) probabilities: Vec<TruthRow>,
    pub(super) traits: Vec<TraitRow>,
}

impl Rows {
    pub(super) fn append(&mut self, mut other: Self) {
        self.accounts.append(&mut other.accounts);
        self.installs.append(&mut other.installs);
        self.signals.append(&mut other.signals);
        self.subscriptions.append(&mut other.subscriptions);
        self.transactions.append(&mut other.transactions);
        self.agreements.append(&mut other.agreements);
        self.opportunities.append(&mut other.opportunities);
        self.probabilities.append(&mut other.probabilities);
        self.traits.append(&mut other.traits);
    }
}

/// All rows of the account with this number, traps included.
pub(super) fn rows(index: u64, seed: Seed, calendar: &Calendar, traps: TrapSet) -> (Rows, TrapCounts) {
    let seed_for = |purpose: &str| seed.named(purpose).numbered(index);
    let start_year = 1970 + calendar.start() / 365;
    let company = Company::new(index, seed_for("company"), start_year);
    let entry = &mut Draws::new(seed_for("entry"));
    // One in twenty companies appears during the world, the others long before.
    let newcomer = entry.chance(0.05) && calendar.n_months() > 1;
    let (entry_month, valid_from) = if newcomer {
        let month = entry.whole(1, calendar.n_months() - 1);
        (month, entry.whole(calendar.first_day(month), calendar.first_day(month + 1) - 6))
    } else {
        (0, calendar.start() - entry.whole(600, 1200))
    };
    let installs = find(&company, calendar, entry_month, seed_for("installs"));
    let signals = observe(&company, &installs, calendar, entry_month, seed_for("signals"));
    let legacy = legacy_agreements(&company, &installs, calendar, seed_for("legacy"));
    let background = Background {
        company: &company,
        installs: &installs,
        signals: &signals,
        agreements: &legacy,
        calendar,
        entry_month,
    };
    let history = simulate(&background, seed_for("history"));
    let commerce = trade(&company, &history, calendar, seed_for("commerce"));
    let mut draws = Draws::new(seed_for("rows"));
    let agreements: Vec<&Agreement> = legacy.iter().chain(&commerce.agreements).collect();
    let mut rows = Rows {
        accounts: account_rows(&company, &history, &commerce, calendar, valid_from, &mut draws),
        installs: installs.iter().map(|install| install_row(&company, install)).collect(),
        signals: signals.iter().map(|signal| signal_row(&company, signal)).collect(),
        agreements: agreement_rows(&company, &agreements),
        opportunities: opportunity_rows(&company, &history, &commerce, calendar, &mut draws),
        probabilities: truth_rows(&company, &history, calendar),
        traits: trait_rows(&company, &history, calendar),
        ..Rows::default()
    };
    commerce_rows(&company, &commerce, calendar, &mut rows);
    let mut counts = TrapCounts::default();
    planted::plant(&mut rows, traps, seed_for("traps"), calendar, &mut counts);
    (rows, counts)
}

/// One row, and another at each year of the world in which headcount or Azure consumption has moved.
fn account_rows(
    company: &Company,
    history: &History,
    commerce: &Commerce,
    calendar: &Calendar,
    valid_from: i32,
    draws: &mut Draws,
) -> Vec<AccountRow> {
    let customer_since = history.first_purchase.iter().flatten().min().copied();
    let mut rows: Vec<AccountRow> = Vec::new();
    let years = (0..(calendar.n_months() + 11) / 12).map(|year| (year, calendar.first_day(12 * year)));
    let days = std::iter::once((0, valid_from)).chain(years.filter(|&(_, day)| day > valid_from));
    for (year, day) in days {
        let moment = draws.moment(day);
        let known_at = draws.delayed(moment);
        let employees = company.employees(year);
        let acr_monthly = consumed_revenue(&commerce.sales, calendar, day);
        let moved = rows.last().is_none_or(|last| {
            let before = last.employees.unwrap_or_default();
            (employees - before).abs() * 20 >= before.max(1) || acr_monthly.is_some()
        });
        if moved {
            rows.push(AccountRow {
                account_id: company.id.clone(),
                name: company.name.clone(),
                domain: Some(company.domain.clone()),
                country: company.country.code,
                state: company.state,
                city: company.city,
                postal_code: company.postal_code.clone(),
                industry: (company.industry.scheme, company.industry.code, company.industry.vertical),
                employees: Some(employees),
                annual_revenue: Some(company.revenue(year)),
                founded_year: company.founded_year,
                parent: company.parent.clone(),
                duns: Some(company.duns.clone()),
                is_nonprofit: company.is_nonprofit,
                acr_monthly,
                valid_from: day,
                known_at,
                customer_since,
            });
        }
    }
    rows
}

fn install_row(company: &Company, install: &Install) -> InstallRow {
    InstallRow {
        account_id: company.id.clone(),
        product: install.technology.product,
        vendor: install.technology.vendor,
        category: install.technology.category,
        version: install.version,
        first_seen: install.first_seen,
        last_seen: install.last_seen,
        intensity: install.intensity,
        known_at: install.known_at,
    }
}

fn signal_row(company: &Company, signal: &Signal) -> SignalRow {
    SignalRow {
        account_id: (!signal.by_domain).then(|| company.id.clone()),
        domain: signal.by_domain.then(|| company.domain.clone()),
        kind: signal.kind,
        topic: signal.topic.map(|topic| TOPICS[topic]),
        observed_at: signal.observed_at,
        event_at: signal.event_at,
        intensity: signal.intensity,
        source: signal.source,
        known_at: signal.known_at,
    }
}

fn agreement_rows(company: &Company, agreements: &[&Agreement]) -> Vec<AgreementRow> {
    agreements
        .iter()
        .enumerate()
        .map(|(at, agreement)| AgreementRow {
            agreement_id: format!("AG-{}-{:02}", company.id, at + 1),
            account_id: company.id.clone(),
            program: agreement.program,
            division: agreement.division.clone(),
            end_date: agreement.ends,
            expiration_type: if agreement.program == "CSP" { "automatic renewal" } else { "ends" },
            revenue: agreement.revenue,
            started_at: agreement.started,
            known_at: agreement.known_at,
        })
        .collect()
}

fn commerce_rows(company: &Company, commerce: &Commerce, calendar: &Calendar, rows: &mut Rows) {
    rows.transactions = commerce
        .sales
        .iter()
        .map(|sale| TransactionRow {
            account_id: company.id.clone(),
            partner_id: company.partner.clone(),
            product: PRODUCTS[sale.product].name,
            sku: sale.plan,
            date: sale.day,
            quantity: sale.quantity,
            amount: sale.amount,
            known_at: sale.known_at,
        })
        .collect();
    rows.subscriptions = commerce
        .seats
        .iter()
        .map(|seats| SubscriptionRow {
            account_id: company.id.clone(),
            partner_id: company.partner.clone(),
            product: PRODUCTS[seats.product].name,
            sku: seats.plan,
            month: calendar.first_day(seats.month),
            sold: seats.sold,
            entitled: seats.entitled,
            assigned: seats.assigned,
            active: seats.active,
            state: seats.state,
            known_at: seats.known_at,
        })
        .collect();
}

fn opportunity_rows(
    company: &Company,
    history: &History,
    commerce: &Commerce,
    calendar: &Calendar,
    draws: &mut Draws,
) -> Vec<OpportunityRow> {
    let mut rows = Vec::new();
    for (at, deal) in history.deals.iter().enumerate() {
        let created_at = draws.moment(deal.created);
        let outcome = close(deal, calendar, draws);
        let first_sale = || {
            let same =
                |sale: &&super::commerce::Sale| sale.product == deal.product && sale.day >= deal.closes;
            commerce.sales.iter().find(same).map(|sale| sale.amount)
        };
        let guess = (draws.log_normal(40.0, 0.8) * company.employees(0) as f64).max(100.0).round();
        // The moment of closing is late on its day, so that it is never before the moment of creation.
        let closed_at = outcome.closed.map(|day| micros(day) + 86_399_000_000);
        rows.push(OpportunityRow {
            opportunity_id: format!("OP-{}-{:02}", company.id, at + 1),
            engagement_id: format!("EN-{}-{:02}", company.id, at / 2 + 1),
            account_id: company.id.clone(),
            product: PRODUCTS[deal.product].name,
            created_at,
            closed_at,
            status: outcome.status,
            substatus: outcome.substatus,
            reason: outcome.reason,
            stage: outcome.stage,
            deal_value: if deal.won { first_sale().unwrap_or(guess) } else { guess },
            known_at: draws.delayed(created_at),
        });
    }
    rows
}

struct Outcome {
    status: &'static str,
    substatus: &'static str,
    reason: Option<i64>,
    stage: f64,
    closed: Option<i32>,
}

/// The state of a deal at the end of the world, by the transitions that are allowed.
fn close(deal: &Deal, calendar: &Calendar, draws: &mut Draws) -> Outcome {
    let luck = draws.uniform();
    let stage = *draws.pick(&[10.0, 20.0, 40.0, 60.0, 80.0]);
    let reason = i64::from(draws.whole(1, 8));
    let closed = |substatus, reason, stage, day: i32| Outcome {
        status: "Closed",
        substatus,
        reason,
        stage,
        closed: Some(day),
    };
    if deal.won {
        return closed("Won", None, 100.0, deal.closes);
    }
    // Nobody answers within two weeks, or somebody declines, long before a deal could be lost.
    let early = deal.created + 14;
    match luck {
        _ if early >= calendar.end() => {
            let substatus = if luck < 0.5 { "Pending" } else { "Received" };
            Outcome { status: "New", substatus, reason: None, stage: 0.0, closed: None }
        }
        ..0.15 => closed("Expired", None, 0.0, early),
        ..0.30 => closed("Declined", Some(reason), 0.0, early),
        ..0.33 => closed("Error", Some(reason), 0.0, early),
        _ if deal.closes >= calendar.end() => {
            Outcome { status: "Active", substatus: "Accepted", reason: None, stage, closed: None }
        }
        _ => closed("Lost", Some(reason), stage, deal.closes),
    }
}

fn truth_rows(company: &Company, history: &History, calendar: &Calendar) -> Vec<TruthRow> {
    let mut rows = Vec::with_capacity(history.probabilities.len() * N_PRODUCTS);
    for (at, product) in PRODUCTS.iter().enumerate() {
        for (month, probabilities) in (history.first_month..).zip(&history.probabilities) {
            rows.push(TruthRow {
                account_id: company.id.clone(),
                product: product.name,
                month: calendar.first_day(month),
                probability: probabilities[at],
            });
        }
    }
    rows
}

fn trait_rows(company: &Company, history: &History, calendar: &Calendar) -> Vec<TraitRow> {
    PRODUCTS
        .iter()
        .enumerate()
        .map(|(at, product)| TraitRow {
            account_id: company.id.clone(),
            product: product.name,
            fit: history.fit[at],
            latent_fit: latent_fit(at, company),
            latent: company.traits.latent(),
            loudness: company.traits.loudness,
            owned_at_start: history.first_purchase[at].is_some_and(|day| day < calendar.start()),
        })
        .collect()
}
