//! How the traps change the rows of an account.
//!
//! Each trap draws from its own stream, row after row of the rows as they were generated, so that leaving one trap
//! out leaves all others as they are. Rows are removed and companies doubled last.

use super::account::Rows;
use super::calendar::{Calendar, micros};
use super::catalogue::{MISSING_COUNTRIES, UNSEEN_INDUSTRIES};
use super::draws::Draws;
use super::traps::{Trap, TrapCounts, TrapSet};
use crate::quantity::MICROS_PER_DAY;
use crate::seed::Seed;

/// Plants the traps of the set in the rows of one account and counts what they touched.
pub(super) fn plant(
    rows: &mut Rows,
    traps: TrapSet,
    seed: Seed,
    calendar: &Calendar,
    counts: &mut TrapCounts,
) {
    let planted: [(Trap, fn(&mut Site<'_>)); 7] = [
        (Trap::UnseenCategories, unseen_categories),
        (Trap::UsageAbove100, usage_above_100),
        (Trap::BackfilledRows, backfilled_rows),
        (Trap::Cancellations, cancellations),
        (Trap::PostOutcomeColumns, post_outcome_columns),
        (Trap::MissingBlocks, missing_blocks),
        (Trap::DuplicateCompanies, duplicate_companies),
    ];
    for (trap, change) in planted {
        if traps.contains(trap) {
            let draws = Draws::new(seed.named(trap.as_str()));
            change(&mut Site { rows, draws, calendar, counts });
        }
    }
}

/// Where a trap is planted.
struct Site<'a> {
    rows: &'a mut Rows,
    draws: Draws,
    calendar: &'a Calendar,
    counts: &'a mut TrapCounts,
}

fn unseen_categories(site: &mut Site<'_>) {
    let from = site.calendar.first_day(site.calendar.n_months() - 3);
    for signal in &mut site.rows.signals {
        let (strikes, on_kind) = (site.draws.chance(0.05), site.draws.chance(0.5));
        if strikes && signal.observed_at >= micros(from) {
            if on_kind {
                signal.kind = "ai_agent_visit";
            } else {
                signal.topic = Some("quantum_computing");
            }
            site.counts.count(Trap::UnseenCategories);
        }
    }
    let strikes = site.draws.chance(0.5);
    let industry = *site.draws.pick(&UNSEEN_INDUSTRIES);
    let appears = site.rows.accounts.first().is_some_and(|account| account.valid_from >= from);
    if strikes && appears {
        for account in &mut site.rows.accounts {
            account.industry = industry;
            site.counts.count(Trap::UnseenCategories);
        }
    }
}

fn usage_above_100(site: &mut Site<'_>) {
    // Drawn for the company and its product, so that a subscription is above in all its months.
    let struck: Vec<(&str, f64)> = super::products::PRODUCTS
        .iter()
        .map(|product| (product.name, site.draws.chance(1.0 / 30.0), site.draws.between(1.05, 1.4)))
        .filter_map(|(name, strikes, factor)| strikes.then_some((name, factor)))
        .collect();
    for row in &mut site.rows.subscriptions {
        if let Some(&(_, factor)) = struck.iter().find(|&&(name, _)| name == row.product) {
            row.active = (row.entitled as f64 * factor).ceil() as i64;
            site.counts.count(Trap::UsageAbove100);
        }
    }
}

fn backfilled_rows(site: &mut Site<'_>) {
    let Site { rows, draws, counts, .. } = site;
    let known_at = rows
        .signals
        .iter_mut()
        .map(|row| &mut row.known_at)
        .chain(rows.installs.iter_mut().map(|row| &mut row.known_at))
        .chain(rows.transactions.iter_mut().map(|row| &mut row.known_at));
    for known_at in known_at {
        let (strikes, days) = (draws.chance(0.02), draws.whole(60, 150));
        if strikes {
            *known_at += i64::from(days) * MICROS_PER_DAY;
            counts.count(Trap::BackfilledRows);
        }
    }
}

fn cancellations(site: &mut Site<'_>) {
    let Site { rows, draws, calendar, counts } = site;
    let mut reversals = Vec::new();
    for row in &rows.transactions {
        let (strikes, days) = (draws.chance(0.04), draws.whole(5, 40));
        let moment = draws.moment(row.date + days);
        let known_at = draws.delayed(moment);
        if strikes && row.date + days < calendar.end() {
            let mut reversal = row.clone();
            reversal.date += days;
            reversal.quantity = -row.quantity;
            reversal.amount = -row.amount;
            reversal.known_at = known_at;
            reversals.push(reversal);
            counts.count(Trap::Cancellations);
        }
    }
    rows.transactions.append(&mut reversals);
}

/// The columns are added where rows become columns; here the cells they fill are counted.
fn post_outcome_columns(site: &mut Site<'_>) {
    let closed = site.rows.opportunities.iter().filter(|row| row.closed_at.is_some()).count();
    let customers = site.rows.accounts.iter().filter(|row| row.customer_since.is_some()).count();
    for _ in 0..closed + customers {
        site.counts.count(Trap::PostOutcomeColumns);
    }
}

fn missing_blocks(site: &mut Site<'_>) {
    let strikes = site.draws.chance(0.9);
    for account in &mut site.rows.accounts {
        if strikes && MISSING_COUNTRIES.contains(&account.country) {
            account.employees = None;
            account.annual_revenue = None;
            site.counts.count(Trap::MissingBlocks);
        }
    }
    let from = micros(site.calendar.first_day(site.calendar.n_months() / 3));
    let block = from..from + 21 * MICROS_PER_DAY;
    let counts = &mut *site.counts;
    site.rows.signals.retain(|signal| {
        let missing = signal.kind == "web_visit" && block.contains(&signal.observed_at);
        if missing {
            counts.count(Trap::MissingBlocks);
        }
        !missing
    });
}

fn duplicate_companies(site: &mut Site<'_>) {
    let (strikes, form) = (site.draws.chance(1.0 / 70.0), site.draws.whole(0, 3));
    let keeps_domain = site.draws.chance(0.5);
    if !strikes {
        return;
    }
    let mut accounts = site.rows.accounts.clone();
    for account in &mut accounts {
        account.account_id.push_str("-B");
        account.name = variant(&account.name, form);
        account.duns = None;
        account.customer_since = None;
        account.acr_monthly = None;
        if !keeps_domain {
            account.domain = None;
        }
        site.counts.count(Trap::DuplicateCompanies);
    }
    let mut installs = site.rows.installs.clone();
    for install in &mut installs {
        install.account_id.push_str("-B");
        site.counts.count(Trap::DuplicateCompanies);
    }
    site.rows.accounts.append(&mut accounts);
    site.rows.installs.append(&mut installs);
}

/// The same name as another clerk would write it.
fn variant(name: &str, form: i32) -> String {
    match form {
        0 => name.to_uppercase(),
        1 => format!("The {name}"),
        2 => name.split(' ').take(2).collect::<Vec<_>>().join(" "),
        _ => name
            .replacen(" Inc", " Incorporated", 1)
            .replacen(" Ltd", " Limited", 1)
            .replacen(" GmbH", " G.m.b.H.", 1)
            .replacen(' ', "  ", 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_is_never_the_name_itself() {
        for form in 0..4 {
            assert_ne!(variant("Alderbridge Works Ltd", form), "Alderbridge Works Ltd");
        }
        assert_eq!(variant("Alderbridge Works Ltd", 2), "Alderbridge Works");
    }
}
