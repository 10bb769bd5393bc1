//! Subscriptions: what a company subscribes to, how much of it is in use, and how that moves.
//!
//! A row describes one plan in one month. The seats of a product are the sum over its plans and partners in the latest
//! month of which any row is known. A product whose latest known month began more than 120 days before the date has
//! ended: rows come monthly, a month is known after its end, and late feeds lag by two more. Cancelled plans hold no
//! seats; trials hold seats but are not ownership.

mod definitions;

pub(super) use definitions::definitions;

use std::collections::BTreeMap;

use super::FeatureError;
use super::definition::Definition;
use super::firmographic::missing;
use super::licence::LicenceMetrics;
use super::spec::FeatureSpec;
use super::view::View;
use crate::matrix::Column;
use crate::quantity::MICROS_PER_DAY;
use crate::tables::contract::TableName;
use crate::tables::{NumberColumn, Table, TextColumn, TimeColumn};

/// Days from the first of a month after which a product without a newer month has ended.
pub const STALE_DAYS: i64 = 120;
/// Months over which growth is measured.
const GROWTH_MONTHS: i32 = 3;
/// Features over all products.
const N_TOTAL: usize = 3;
/// Features per product that are numbers; the state follows them.
const N_NUMBERS: usize = 8;
/// The state of a product whose months have stopped.
const ENDED: &str = "ended";
/// The state of a plan that cannot be used any more.
pub const CANCELLED: &str = "cancelled";
/// States from the strongest; one not listed stands between trial and cancelled.
const STATES: [&str; 3] = ["active", "grace", "trial"];

/// The columns of `subscriptions` that are read.
#[derive(Clone, Copy)]
struct Cells<'t> {
    table: &'t Table,
    product: TextColumn<'t>,
    month: TimeColumn<'t>,
    state: TextColumn<'t>,
    sold: NumberColumn<'t>,
    entitled: NumberColumn<'t>,
    assigned: NumberColumn<'t>,
    active: NumberColumn<'t>,
}

impl<'t> Cells<'t> {
    fn of(table: &'t Table) -> Result<Self, FeatureError> {
        Ok(Self {
            table,
            product: table.text("product")?,
            month: table.time("month")?,
            state: table.text("state")?,
            sold: table.number("seats_sold")?,
            entitled: table.number("seats_entitled")?,
            assigned: table.number("seats_assigned")?,
            active: table.number("seats_active_28d")?,
        })
    }

    fn seats(&self, row: usize) -> LicenceMetrics {
        // Contracts bound seats to whole numbers from 0 to a billion.
        let count = |column: NumberColumn<'_>| column.get(row).map(|seats| seats as u64);
        LicenceMetrics {
            sold: count(self.sold),
            entitled: count(self.entitled),
            assigned: count(self.assigned),
            active_28d: count(self.active),
        }
    }
}

/// The plans of one product in one month, together.
#[derive(Clone, Copy, Debug, Default)]
struct Month<'t> {
    starts: i64,
    seats: LicenceMetrics,
    /// Whether any plan is not cancelled.
    live: bool,
    owned: bool,
    state: Option<&'t str>,
}

impl<'t> Month<'t> {
    fn add(&mut self, starts: i64, seats: LicenceMetrics, state: Option<&'t str>) {
        self.starts = self.starts.max(starts);
        if state != Some(CANCELLED) {
            self.live = true;
            self.seats.add(seats);
            self.owned |= state != Some("trial") && seats.sold != Some(0);
        }
        let rank = |state: &str| match STATES.iter().position(|known| *known == state) {
            Some(rank) => rank,
            None => STATES.len() + usize::from(state == CANCELLED),
        };
        self.state = match (self.state, state) {
            (Some(kept), Some(found)) => {
                Some(if (rank(found), found) < (rank(kept), kept) { found } else { kept })
            }
            (kept, found) => kept.or(found),
        };
    }
}

/// All known months of one product, by calendar month.
type Months<'t> = BTreeMap<i32, Month<'t>>;

pub(super) fn columns(view: &View<'_>, spec: &FeatureSpec) -> Result<Vec<Column>, FeatureError> {
    let Some(table) = view.table(TableName::Subscriptions) else {
        let absent = |definition: &Definition| missing(definition.recipe.unit, view.accounts.len());
        return Ok(definitions(spec).iter().map(absent).collect());
    };
    let cells = Cells::of(table)?;
    let heads = view.table(TableName::Accounts).map(|accounts| accounts.number("employees")).transpose()?;
    let n_products = spec.products.len();
    let mut totals: [Vec<Option<f32>>; N_TOTAL] = Default::default();
    let mut numbers: Vec<[Vec<Option<f32>>; N_NUMBERS]> = vec![Default::default(); n_products];
    let mut states: Vec<Vec<Option<&str>>> = vec![Vec::new(); n_products];
    for account in view.accounts.clone() {
        let employees =
            view.attributes(account)?.and_then(|row| heads?.get(row)).filter(|heads| *heads > 0.0);
        let (mut products, mut seats, mut over_used) = (0_u32, 0_u64, 0_u32);
        for (place, months) in months_of(view, spec, &cells, account).iter().enumerate() {
            let standing = Standing::of(view, months);
            let metrics = standing.current.seats;
            products += u32::from(standing.current.owned);
            seats += metrics.sold.unwrap_or(0);
            over_used += u32::from(metrics.over_use(spec.usage_base) == Some(true));
            let values = standing.values(spec, employees);
            for (column, value) in numbers[place].iter_mut().zip(values) {
                column.push(value.map(|value| value as f32));
            }
            states[place].push(standing.state);
        }
        for (column, value) in totals.iter_mut().zip([products as f32, seats as f32, over_used as f32]) {
            column.push(Some(value));
        }
    }
    let mut columns: Vec<Column> = totals.map(Column::numbers).into();
    for (numbers, states) in numbers.into_iter().zip(&states) {
        columns.extend(numbers.map(Column::numbers));
        columns.push(Column::levels(states));
    }
    Ok(columns)
}

/// The known months of every product of the spec.
fn months_of<'t>(view: &View<'_>, spec: &FeatureSpec, cells: &Cells<'t>, account: usize) -> Vec<Months<'t>> {
    let mut months: Vec<Months<'t>> = vec![Months::new(); spec.products.len()];
    for row in view.known(cells.table, account) {
        let place = cells.product.get(row).and_then(|name| spec.product_place(name));
        let (Some(place), Some(starts)) = (place, cells.month.get(row)) else { continue };
        if starts < view.as_of.micros() {
            let month = months[place].entry(calendar_month(starts)).or_default();
            month.add(starts, cells.seats(row), cells.state.get(row));
        }
    }
    months
}

/// Where a product stands on the date.
#[derive(Clone, Copy, Debug, Default)]
struct Standing<'t> {
    /// The latest month; empty where the product has ended or never was.
    current: Month<'t>,
    /// Seats three calendar months before the latest month.
    earlier: Option<u64>,
    state: Option<&'t str>,
}

impl<'t> Standing<'t> {
    fn of(view: &View<'_>, months: &Months<'t>) -> Self {
        let Some((at, latest)) = months.last_key_value() else { return Self::default() };
        if latest.starts < view.as_of.micros() - STALE_DAYS * MICROS_PER_DAY {
            return Self { state: Some(ENDED), ..Self::default() };
        }
        let earlier = months.get(&(at - GROWTH_MONTHS)).and_then(|month| month.seats.sold);
        Self { current: *latest, earlier, state: latest.state }
    }

    /// The numbers of a product, in the order of their definitions.
    fn values(&self, spec: &FeatureSpec, employees: Option<f64>) -> [Option<f64>; N_NUMBERS] {
        let metrics = self.current.seats;
        let seats = if self.current.live { metrics.sold } else { Some(0) }.map(|seats| seats as f64);
        let base = spec.usage_base;
        let earlier = self.earlier.filter(|seats| *seats > 0).map(|seats| seats as f64);
        let growth = seats.zip(earlier).filter(|_| self.current.live);
        [
            Some(f64::from(self.current.owned)),
            seats,
            seats.zip(employees).map(|(seats, employees)| 100.0 * seats / employees),
            growth.map(|(seats, earlier)| 100.0 * (seats / earlier - 1.0)),
            metrics.deployment_percent(),
            metrics.usage_percent(base),
            metrics.usage_percent_capped(base),
            metrics.over_use(base).map(f64::from),
        ]
    }
}

/// The calendar month of a moment, counted from the year 0.
fn calendar_month(micros: i64) -> i32 {
    let days = micros.div_euclid(MICROS_PER_DAY);
    // Times in a table are dates that can be written, so their days always fit a span.
    let span = jiff::Span::new().try_days(days).unwrap_or_default();
    let date = jiff::civil::date(1970, 1, 1).saturating_add(span);
    i32::from(date.year()) * 12 + i32::from(date.month()) - 1
}
