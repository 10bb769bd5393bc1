//! Transactions: what a company has bought, when and for how much.
//!
//! Recency, frequency and monetary value (Bult and Wansbeek 1995, <https://doi.org/10.1287/mksc.14.4.378>) per product
//! and over all products. A purchase is a row with a positive amount; a cancellation is a row with a negative one: it
//! lowers the monetary value, and a product whose amounts add up to nothing is not owned.

use super::FeatureError;
use super::firmographic::missing;
use super::money::Rates;
use super::recipe::{Recipe, Unit};
use super::spec::{Family, FeatureSpec};
use super::view::View;
use crate::matrix::Column;
use crate::tables::contract::TableName;

/// Days of the window of frequency and monetary value.
const YEAR_DAYS: i64 = 365;
/// Features over all products.
const N_TOTAL: usize = 5;
/// Features per product.
const N_PER_PRODUCT: usize = 4;

pub(super) fn recipes(spec: &FeatureSpec) -> Vec<Recipe> {
    let recipe = |what: &str, window, unit, words: &str| {
        Recipe::new(Family::Transaction, what, window, unit, words)
            .missing("has bought nothing so far")
            .told_with("all products")
    };
    let mut recipes = vec![
        recipe("tenure", "ever", Unit::Days, "first bought {} day[s] ago"),
        recipe("recency", "ever", Unit::Days, "last bought {} day[s] ago"),
        recipe("frequency", "365d", Unit::Count, "{} purchase[s] in a year").none("no purchase in a year"),
        recipe("monetary", "365d", Unit::Money, "bought for {} in a year").none("bought nothing in a year"),
        recipe("breadth", "ever", Unit::Count, "owns {} product[s]").none("owns no product"),
    ];
    for product in &spec.products {
        let (name, label) = (&product.name, &product.label);
        recipes.extend(
            [
                recipe(&format!("owns_{name}"), "ever", Unit::Flag, &format!("owns {label}"))
                    .none(format!("does not own {label}")),
                recipe(
                    &format!("recency_{name}"),
                    "ever",
                    Unit::Days,
                    &format!("last bought {label} {{}} day[s] ago"),
                )
                .missing(format!("never bought {label}")),
                recipe(
                    &format!("frequency_{name}"),
                    "365d",
                    Unit::Count,
                    &format!("{{}} purchase[s] of {label} in a year"),
                )
                .none(format!("no purchase of {label} in a year")),
                recipe(
                    &format!("monetary_{name}"),
                    "365d",
                    Unit::Money,
                    &format!("bought {label} for {{}} in a year"),
                )
                .none(format!("no money spent on {label} in a year")),
            ]
            .map(|recipe| recipe.of_product(name)),
        );
    }
    recipes
}

/// What has been bought, of one product or of all.
#[derive(Clone, Copy, Debug, Default)]
struct Purchases {
    first: Option<i64>,
    last: Option<i64>,
    in_year: u32,
    amount_in_year: f64,
    amount_ever: f64,
}

impl Purchases {
    fn add(&mut self, view: &View<'_>, date: i64, amount: f64) {
        let in_year = view.within(date, YEAR_DAYS);
        self.amount_ever += amount;
        if in_year {
            self.amount_in_year += amount;
        }
        if amount > 0.0 {
            self.first = Some(self.first.map_or(date, |first| first.min(date)));
            self.last = Some(self.last.map_or(date, |last| last.max(date)));
            self.in_year += u32::from(in_year);
        }
    }

    fn owned(&self) -> bool {
        self.amount_ever > 0.0
    }
}

pub(super) fn columns(
    view: &View<'_>,
    spec: &FeatureSpec,
    rates: &Rates,
) -> Result<Vec<Column>, FeatureError> {
    let recipes = recipes(spec);
    let Some(table) = view.table(TableName::Transactions) else {
        return Ok(recipes.iter().map(|recipe| missing(recipe.unit, view.accounts.len())).collect());
    };
    let (product, date) = (table.text("product")?, table.time("date")?);
    let (amount, currency) = (table.number("amount")?, table.text("currency")?);
    let mut values: Vec<Vec<Option<f32>>> = vec![Vec::with_capacity(view.accounts.len()); recipes.len()];
    for account in view.accounts.clone() {
        let mut total = Purchases::default();
        let mut by_product = vec![Purchases::default(); spec.products.len()];
        for row in view.known(table, account) {
            let (Some(date), Some(amount)) = (date.get(row), amount.get(row)) else { continue };
            if date >= view.as_of.micros() {
                continue;
            }
            let amount = rates.convert(amount, currency.get(row));
            total.add(view, date, amount);
            let place =
                product.get(row).and_then(|name| spec.products.iter().position(|known| known.name == name));
            if let Some(place) = place {
                by_product[place].add(view, date, amount);
            }
        }
        let days = |time: Option<i64>| time.map(|time| view.whole_days_since(time) as f32);
        let owned = by_product.iter().filter(|purchases| purchases.owned()).count();
        let totals: [Option<f32>; N_TOTAL] = [
            days(total.first),
            days(total.last),
            Some(total.in_year as f32),
            Some(total.amount_in_year as f32),
            Some(owned as f32),
        ];
        let products = by_product.iter().flat_map(|purchases| -> [Option<f32>; N_PER_PRODUCT] {
            [
                Some(f32::from(u8::from(purchases.owned()))),
                days(purchases.last),
                Some(purchases.in_year as f32),
                Some(purchases.amount_in_year as f32),
            ]
        });
        for (column, value) in values.iter_mut().zip(totals.into_iter().chain(products)) {
            column.push(value);
        }
    }
    Ok(values.into_iter().map(Column::numbers).collect())
}
