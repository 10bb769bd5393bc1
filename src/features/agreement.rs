//! Agreements: which ones a company holds, and when they end.
//!
//! An agreement is known from its row's `known_at` on, its end date with it, so an end that lies ahead is a legal
//! feature. Its `state` is not read: the table holds only the last one, which may have been written later than the row
//! became known. An agreement runs from `started_at` (always, where that is missing) to the end of its last day.

use std::collections::BTreeSet;

use super::FeatureError;
use super::definition::Definition;
use super::firmographic::missing;
use super::money::{Money, Rates};
use super::recipe::{Recipe, Unit};
use super::spec::Family;
use super::view::View;
use crate::matrix::Column;
use crate::tables::contract::TableName;

/// Windows of what ends, in days.
const NEAR_DAYS: i64 = 90;
const YEAR_DAYS: i64 = 365;
/// When something ends and what ends with it is one story.
const RENEWAL: &str = "renewal";
/// Features that are numbers; the program follows them.
const N_NUMBERS: usize = 6;

pub(super) fn definitions() -> Vec<Definition> {
    let define = |what, window, unit, words: &str, none: &str, formula| {
        let recipe =
            Recipe::new(Family::Agreement, what, window, unit, words).none(none).missing("no agreement data");
        Definition::new(recipe, formula, &[TableName::Agreements])
    };
    let none_ahead = "the table is absent, or no known agreement ends from T on";
    let mut definitions = vec![
        define(
            "active",
            "now",
            Unit::Count,
            "{} agreement[s] running",
            "no agreement running",
            "number of rows with started_at < T <= end_date",
        ),
        define(
            "next_end",
            "now",
            Unit::Days,
            "an agreement ends in {} day[s]",
            "",
            "days from T to the earliest end_date >= T",
        )
        .missing(none_ahead)
        .told_with(RENEWAL),
    ];
    for (window, words, none) in [
        ("90d", "{} expires within 90 days", "no revenue expires within 90 days"),
        ("365d", "{} expires within a year", "no revenue expires within a year"),
    ] {
        definitions.push(
            define(
                "expiring_revenue",
                window,
                Unit::Money,
                words,
                none,
                "sum of expiring_revenue over rows with T <= end_date < T + window; 0 where none ends",
            )
            .missing("the table is absent, or agreements end but none gives its revenue")
            .told_with(RENEWAL),
        );
    }
    definitions.extend([
        define(
            "ended",
            "365d",
            Unit::Count,
            "{} agreement[s] ended in a year",
            "no agreement ended in a year",
            "number of rows with T - 365 d <= end_date < T",
        ),
        define(
            "programs",
            "now",
            Unit::Count,
            "{} licence program[s]",
            "no licence program",
            "number of different programs over rows with started_at < T <= end_date",
        ),
        define(
            "program",
            "now",
            Unit::Name,
            "the agreement that ends next is of program {}",
            "",
            "program of the row with the earliest end_date >= T",
        )
        .missing(none_ahead),
    ]);
    definitions
}

/// Revenue of agreements that end in a window.
#[derive(Clone, Copy, Debug, Default)]
struct Expiring {
    n_rows: u32,
    revenue: Option<Money>,
}

impl Expiring {
    fn add(&mut self, revenue: Option<Money>) {
        self.n_rows += 1;
        if let Some(revenue) = revenue {
            *self.revenue.get_or_insert(Money::ZERO) += revenue;
        }
    }

    fn value(self) -> Option<f32> {
        match self.revenue {
            Some(revenue) => Some(revenue.value() as f32),
            None => (self.n_rows == 0).then_some(0.0),
        }
    }
}

pub(super) fn columns(view: &View<'_>, rates: &Rates) -> Result<Vec<Column>, FeatureError> {
    let Some(table) = view.table(TableName::Agreements) else {
        let absent = |definition: &Definition| missing(definition.recipe.unit, view.accounts.len());
        return Ok(definitions().iter().map(absent).collect());
    };
    let (end_date, started_at) = (table.time("end_date")?, table.time("started_at")?);
    let (program, revenue) = (table.text("program")?, table.number("expiring_revenue")?);
    let currency = table.text("currency")?;
    let cut = view.as_of.micros();
    let mut numbers: [Vec<Option<f32>>; N_NUMBERS] = Default::default();
    let mut next_programs: Vec<Option<&str>> = Vec::with_capacity(view.accounts.len());
    for account in view.accounts.clone() {
        let (mut active, mut ended) = (0_u32, 0_u32);
        let (mut near, mut year) = (Expiring::default(), Expiring::default());
        let mut next: Option<(i64, usize)> = None;
        let mut programs = BTreeSet::new();
        for row in view.known(table, account) {
            let Some(end) = end_date.get(row) else { continue };
            if end < cut {
                ended += u32::from(view.within(end, YEAR_DAYS));
                continue;
            }
            next = Some(next.map_or((end, row), |next| next.min((end, row))));
            if started_at.get(row).is_none_or(|started| started < cut) {
                active += 1;
                programs.extend(program.get(row));
            }
            let money = revenue.get(row).map(|amount| rates.money(amount, currency.get(row)));
            if view.ahead(end, NEAR_DAYS) {
                near.add(money);
            }
            if view.ahead(end, YEAR_DAYS) {
                year.add(money);
            }
        }
        let values: [Option<f32>; N_NUMBERS] = [
            Some(active as f32),
            next.map(|(end, _)| view.whole_days_until(end) as f32),
            near.value(),
            year.value(),
            Some(ended as f32),
            Some(programs.len() as f32),
        ];
        for (column, value) in numbers.iter_mut().zip(values) {
            column.push(value);
        }
        next_programs.push(next.and_then(|(_, row)| program.get(row)));
    }
    let program = Column::levels(&next_programs);
    Ok(numbers.map(Column::numbers).into_iter().chain(std::iter::once(program)).collect())
}
