//! Opportunities: which deals a company has been in.
//!
//! A deal is open on a date when it was created before it and not closed before it. A table holds the last state of a
//! deal only, so its substatus is read where `closed_at` lies before the date, and its stage and value never are.
//!
//! The win rate is that of a beta prior with mean one half and the weight of two deals (the rule of succession, Laplace
//! 1774): one lost deal is no proof that all will be.

use super::FeatureError;
use super::definition::Definition;
use super::firmographic::missing;
use super::recipe::{Recipe, Unit};
use super::spec::{Family, FeatureSpec};
use super::view::View;
use crate::matrix::Column;
use crate::tables::contract::TableName;

/// Days of the shorter window of outcomes.
const YEAR_DAYS: i64 = 365;
/// Deals won and deals lost that the prior of the win rate stands for.
const PRIOR: f64 = 1.0;

pub(super) fn definitions(spec: &FeatureSpec) -> Vec<Definition> {
    let define = |what: &str, window, unit, words: &str, none: &str, formula| {
        let recipe = Recipe::new(Family::Opportunity, what, window, unit, words)
            .none(none)
            .missing("has been in no deal")
            .told_with("all products");
        Definition::new(recipe, formula, &[TableName::Opportunities])
    };
    let no_outcome = "the table is absent, or no deal won or lost so far";
    let mut definitions = vec![
        define(
            "open",
            "now",
            Unit::Count,
            "{} open deal[s]",
            "no open deal",
            "number of deals with created_at < T and no closed_at < T",
        ),
        define(
            "won",
            "ever",
            Unit::Count,
            "{} deal[s] won",
            "no deal won",
            "number of deals with closed_at < T and substatus Won",
        ),
        define(
            "lost",
            "ever",
            Unit::Count,
            "{} deal[s] lost",
            "no deal lost",
            "number of deals with closed_at < T and substatus Lost",
        ),
        define(
            "won",
            "365d",
            Unit::Count,
            "{} deal[s] won in a year",
            "no deal won in a year",
            "number of deals with T - 365 d <= closed_at < T and substatus Won",
        ),
        define(
            "lost",
            "365d",
            Unit::Count,
            "{} deal[s] lost in a year",
            "no deal lost in a year",
            "number of deals with T - 365 d <= closed_at < T and substatus Lost",
        ),
        define(
            "won_share",
            "ever",
            Unit::Number,
            "wins {} of ten deals",
            "wins none of its deals",
            "10 * won / (won + lost), not shrunk",
        )
        .missing(no_outcome),
        define(
            "win_rate",
            "ever",
            Unit::Number,
            "wins {} % of its deals",
            "wins none of its deals",
            "100 * (won + 1) / (won + lost + 2): the mean of a beta distribution that began as Beta(1, 1)",
        )
        .missing(no_outcome),
        define(
            "recency",
            "ever",
            Unit::Days,
            "last deal opened {} day[s] ago",
            "",
            "whole days from the latest created_at < T to T",
        )
        .missing("the table is absent, or no deal so far"),
        define(
            "closed_recency",
            "ever",
            Unit::Days,
            "last deal won or lost {} day[s] ago",
            "",
            "whole days from the latest closed_at < T of a deal won or lost to T",
        )
        .missing(no_outcome),
    ];
    definitions.extend(spec.products.iter().map(|product| {
        let label = &product.label;
        define(
            &format!("open_{}", product.name),
            "now",
            Unit::Count,
            &format!("{{}} open deal[s] for {label}"),
            &format!("no open deal for {label}"),
            "number of deals for the product with created_at < T and no closed_at < T",
        )
        .of_product(&product.name)
    }));
    definitions
}

/// The deals of an account, as they stood on the date.
#[derive(Debug, Default)]
struct Deals {
    won: u32,
    lost: u32,
    won_in_year: u32,
    lost_in_year: u32,
    last_created: Option<i64>,
    last_closed: Option<i64>,
    open: u32,
    open_by_product: Vec<u32>,
}

impl Deals {
    /// Adds a deal that was closed before the date.
    fn close(&mut self, view: &View<'_>, closed: i64, substatus: Option<&str>) {
        let in_year = u32::from(view.within(closed, YEAR_DAYS));
        match substatus {
            Some("Won") => {
                self.won += 1;
                self.won_in_year += in_year;
            }
            Some("Lost") => {
                self.lost += 1;
                self.lost_in_year += in_year;
            }
            _ => return,
        }
        self.last_closed = self.last_closed.max(Some(closed));
    }

    /// The values of an account, in the order of the definitions.
    fn values(&self, view: &View<'_>) -> impl Iterator<Item = Option<f32>> {
        let days = |time: Option<i64>| time.map(|time| view.whole_days_since(time) as f32);
        let (won, decided) = (f64::from(self.won), f64::from(self.won + self.lost));
        let rate = |of: f64| (decided > 0.0).then_some(of as f32);
        let totals = [
            Some(self.open as f32),
            Some(self.won as f32),
            Some(self.lost as f32),
            Some(self.won_in_year as f32),
            Some(self.lost_in_year as f32),
            rate(10.0 * won / decided),
            rate(100.0 * (won + PRIOR) / (decided + 2.0 * PRIOR)),
            days(self.last_created),
            days(self.last_closed),
        ];
        totals.into_iter().chain(self.open_by_product.iter().map(|open| Some(*open as f32)))
    }
}

pub(super) fn columns(view: &View<'_>, spec: &FeatureSpec) -> Result<Vec<Column>, FeatureError> {
    let definitions = definitions(spec);
    let Some(table) = view.table(TableName::Opportunities) else {
        return Ok(definitions.iter().map(|d| missing(d.recipe.unit, view.accounts.len())).collect());
    };
    let (product, created, closed) =
        (table.text("product")?, table.time("created_at")?, table.time("closed_at")?);
    let substatus = table.text("substatus")?;
    let cut = view.as_of.micros();
    let mut columns: Vec<Vec<Option<f32>>> = vec![Vec::with_capacity(view.accounts.len()); definitions.len()];
    for account in view.accounts.clone() {
        let mut deals = Deals { open_by_product: vec![0; spec.products.len()], ..Deals::default() };
        for row in view.known(table, account) {
            let Some(created) = created.get(row).filter(|created| *created < cut) else { continue };
            deals.last_created = deals.last_created.max(Some(created));
            if let Some(closed) = closed.get(row).filter(|closed| *closed < cut) {
                deals.close(view, closed, substatus.get(row));
                continue;
            }
            deals.open += 1;
            if let Some(place) = product.get(row).and_then(|name| spec.product_place(name)) {
                deals.open_by_product[place] += 1;
            }
        }
        for (column, value) in columns.iter_mut().zip(deals.values(view)) {
            column.push(value);
        }
    }
    Ok(columns.into_iter().map(Column::numbers).collect())
}
