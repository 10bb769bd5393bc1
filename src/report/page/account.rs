//! One account of a run, as the page counts and shows it.

use std::cmp::Reverse;

use super::content::Fall;
use crate::models::{FittedModel, Scorer};
use crate::pipeline::Pipeline;
use crate::quantity::{AsOf, LogOdds, Score};
use crate::report::explanation::without_money;
use crate::report::totals::{Counting, CustomerShare};
use crate::report::{Customer, ReportError, ScoreRow, Viewer};
use crate::targeting::AccountFacts;

/// Steps of a waterfall that are named; the rest is one step.
const MOST_STEPS: usize = 6;
/// Dated facts that a card shows.
const MOST_EVENTS: usize = 12;
/// Months around the date within which ends of support are told.
const SUPPORT_MONTHS: i32 = 24;

/// What digesting an account needs to know of the run.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) pipeline: &'a Pipeline,
    pub(super) counting: Counting<'a>,
    /// The group of every feature, by its place among the groups.
    pub(super) group_of: Vec<usize>,
    pub(super) n_groups: usize,
}

/// The order of every list, over all products of an account: rank, fit, intent, id.
pub(super) type Priority = (u8, Reverse<Option<Score>>, Reverse<Option<Score>>, String);

/// An account, taken apart.
#[derive(Debug)]
pub(super) struct Digest {
    pub(super) priority: Priority,
    pub(super) facts: AccountFacts,
    pub(super) scores: Vec<ScoreRow>,
    /// What makes fit and intent, by product.
    pub(super) falls: Vec<[Fall; 2]>,
    /// What it adds to the totals.
    pub(super) share: CustomerShare,
    /// Cohorts it belongs to, by their places in the catalogue.
    pub(super) cohorts: Vec<usize>,
    pub(super) events: Vec<(AsOf, String)>,
}

pub(super) fn digest(context: &Context<'_>, customer: &Customer) -> Result<Digest, ReportError> {
    let products = context.pipeline.products();
    let falls = products
        .iter()
        .map(|models| [&models.fit, &models.intent].map(|model| context.waterfall(model, &customer.bins)));
    let mut scores = customer.scores.clone();
    if context.counting.viewer == Viewer::Report {
        for (row, models) in scores.iter_mut().zip(products) {
            row.fit_reasons = without_money(context.pipeline, customer, &models.fit, &row.fit_reasons)?;
            row.intent_reasons =
                without_money(context.pipeline, customer, &models.intent, &row.intent_reasons)?;
        }
    }
    let share = context.counting.share(customer);
    let id = &customer.facts.account_id;
    let of_row = |row: &ScoreRow| {
        (row.rank.unwrap_or(u8::MAX), Reverse(row.fit_score), Reverse(row.intent_score), id.clone())
    };
    let last = || (u8::MAX, Reverse(None), Reverse(None), id.clone());
    Ok(Digest {
        priority: customer.scores.iter().map(of_row).min().unwrap_or_else(last),
        falls: falls.collect(),
        cohorts: share.cohorts.clone(),
        share,
        events: events(context, &customer.facts)?,
        scores,
        facts: customer.facts.clone(),
    })
}

impl Context<'_> {
    /// The steps from the average account to one with these bins, the largest first. They and the rest add up exactly,
    /// because the contributions are the score.
    fn waterfall(&self, model: &FittedModel, bins: &[u8]) -> Fall {
        let mut effects = vec![LogOdds::ZERO; self.n_groups];
        for (effect, group) in model.contributions(bins).into_iter().zip(&self.group_of) {
            effects[*group] = effects[*group] + effect;
        }
        let mut steps: Vec<(usize, LogOdds)> =
            effects.into_iter().enumerate().filter(|(_, effect)| *effect != LogOdds::ZERO).collect();
        steps.sort_by_key(|(group, effect)| (Reverse(effect.steps().abs()), *group));
        let named = steps.iter().take(MOST_STEPS).map(|(group, effect)| (*group as u16, hundredths(*effect)));
        Fall {
            base: hundredths(model.base()),
            margin: hundredths(model.margin(bins)),
            steps: named.collect(),
        }
    }
}

/// Log-odds as the page shows them.
fn hundredths(log_odds: LogOdds) -> i64 {
    (log_odds.value() * 100.0).round() as i64
}

/// What has a date, latest first; amounts for those who may see them.
fn events(context: &Context<'_>, facts: &AccountFacts) -> Result<Vec<(AsOf, String)>, ReportError> {
    let renewals = match context.pipeline.renewal() {
        Some(model) => model.of_account(facts)?,
        None => Vec::new(),
    };
    let mut events = Vec::new();
    for bought in &facts.bought {
        events.push((bought.last, format!("Last bought {}", bought.product)));
        if bought.first != bought.last {
            events.push((bought.first, format!("First bought {}", bought.product)));
        }
    }
    for agreement in &facts.agreements {
        let what = agreement.division.as_deref().or(agreement.program.as_deref()).unwrap_or("Agreement");
        let state = if agreement.renewed { ", renewed" } else { "" };
        let revenue = agreement.revenue.filter(|_| context.counting.viewer == Viewer::Executive);
        let money = revenue.map(|money| format!(", worth {money:.0}")).unwrap_or_default();
        let chance =
            renewals.iter().find(|renewal| renewal.is_of(agreement)).map_or_else(String::new, |renewal| {
                format!(", renewal {:.0} % likely", 100.0 * renewal.probability.value())
            });
        events.push((agreement.ends, format!("Agreement on {what} ends{money}{state}{chance}")));
    }
    let (from, to) = (facts.as_of.plus_months(-SUPPORT_MONTHS), facts.as_of.plus_months(SUPPORT_MONTHS));
    for installed in &facts.installs {
        if let Some(day) = installed.support_ends.filter(|day| (from..=to).contains(day)) {
            let version = installed.version.as_deref().unwrap_or_default();
            events.push((day, format!("Support of {} {version} ends", installed.product)));
        }
    }
    events.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    events.dedup();
    events.truncate(MOST_EVENTS);
    Ok(events)
}
