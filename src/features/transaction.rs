//! Transactions: what a company has bought, when and for how much.
//!
//! Recency, frequency and monetary value (Bult and Wansbeek 1995, <https://doi.org/10.1287/mksc.14.4.378>) per product
//! and over all products. A purchase is a row with a positive amount. A cancellation is a row with a negative one: it
//! lowers the monetary value on its own date and is no purchase, and a product whose amounts add up to nothing is not
//! owned. The purchase it reverses stays a purchase, because on the dates between it was one. Equal rows count each: an
//! invoice may hold a line twice, and a mapping drops exact duplicates where a source is known to repeat rows.
//!
//! Sums are exact ([`super::money::Money`]), so they do not depend on the order of rows.

use super::FeatureError;
use super::definition::Definition;
use super::firmographic::missing;
use super::money::{Money, Rates};
use super::recipe::{Recipe, Unit};
use super::spec::{Family, FeatureSpec, ProductTraits};
use super::view::View;
use crate::matrix::Column;
use crate::tables::contract::TableName;

/// Windows in days, as features are named after them, and in words; `None` has no limit.
const WINDOWS: [(Option<i64>, &str, &str); 3] = [
    (Some(TREND_DAYS), "90d", "in 90 days"),
    (Some(YEAR_DAYS), "365d", "in a year"),
    (None, "ever", "so far"),
];
/// Days of the window of cancellations.
const YEAR_DAYS: i64 = 365;
/// Days of each of the two windows of the trend.
const TREND_DAYS: i64 = 90;

const FREQUENCY: &str = "number of rows with amount > 0 and date in the window";
const MONETARY: &str = "sum of amount over rows with date in the window, cancellations taken off";
const TREND: &str =
    "100 * (a - b) / (|a| + |b|), a = sum of amount in [T - 90 d, T), b = in [T - 180 d, T - 90 d)";

fn recipe(what: &str, window: &str, unit: Unit, words: &str, none: &str) -> Recipe {
    Recipe::new(Family::Transaction, what, window, unit, words)
        .none(none)
        .missing("has bought nothing so far")
        .told_with("all products")
}

fn define(recipe: Recipe, formula: &'static str) -> Definition {
    Definition::new(recipe, formula, &[TableName::Transactions])
}

pub(super) fn definitions(spec: &FeatureSpec) -> Vec<Definition> {
    let nothing_bought = "the table is absent, or nothing bought so far";
    let mut definitions = vec![
        define(
            recipe("tenure", "ever", Unit::Days, "first bought {} day[s] ago", ""),
            "whole days from the earliest date with amount > 0 to T",
        )
        .missing(nothing_bought),
        define(
            recipe("recency", "ever", Unit::Days, "last bought {} day[s] ago", ""),
            "whole days from the latest date with amount > 0 to T",
        )
        .missing(nothing_bought),
        define(
            recipe("breadth", "ever", Unit::Count, "owns {} product[s]", "owns no product"),
            "number of products of the spec that are owned",
        ),
        define(
            recipe(
                "cancellations",
                "365d",
                Unit::Count,
                "{} cancellation[s] in a year",
                "no cancellation in a year",
            ),
            "number of rows with amount < 0 and T - 365 d <= date < T",
        ),
        define(
            recipe(
                "trend",
                "90d",
                Unit::Number,
                "spending trend {} of -100 to 100",
                "spends as in the 90 days before",
            ),
            TREND,
        )
        .missing("the table is absent, or no money moved in 180 days"),
    ];
    for (_, window, spoken) in WINDOWS {
        let (words, none) = (format!("{{}} purchase[s] {spoken}"), format!("no purchase {spoken}"));
        definitions.push(define(recipe("frequency", window, Unit::Count, &words, &none), FREQUENCY));
        let (words, none) = (format!("bought for {{}} {spoken}"), format!("bought nothing {spoken}"));
        definitions.push(define(recipe("monetary", window, Unit::Money, &words, &none), MONETARY));
    }
    for product in &spec.products {
        definitions.extend(of_product(product));
    }
    definitions
}

fn of_product(product: &ProductTraits) -> Vec<Definition> {
    let ProductTraits { name, label, .. } = product;
    let of = |what: &str| format!("{what}_{name}");
    let mut definitions = vec![
        define(
            recipe(
                &of("owns"),
                "ever",
                Unit::Flag,
                &format!("owns {label}"),
                &format!("does not own {label}"),
            ),
            "1 when the sum of amount over all rows of the product is positive",
        ),
        define(
            recipe(&of("recency"), "ever", Unit::Days, &format!("last bought {label} {{}} day[s] ago"), "")
                .missing(format!("never bought {label}")),
            "whole days from the latest date with amount > 0 to T",
        )
        .missing("the table is absent, or the product was never bought"),
        define(
            recipe(
                &of("trend"),
                "90d",
                Unit::Number,
                &format!("spending trend {{}} of -100 to 100 for {label}"),
                &format!("spends on {label} as in the 90 days before"),
            )
            .missing(format!("no money spent on {label} in 180 days")),
            TREND,
        )
        .missing("the table is absent, or no money moved for the product in 180 days"),
    ];
    for (_, window, spoken) in WINDOWS {
        let words = format!("{{}} purchase[s] of {label} {spoken}");
        let none = format!("no purchase of {label} {spoken}");
        definitions.push(define(recipe(&of("frequency"), window, Unit::Count, &words, &none), FREQUENCY));
        let words = format!("bought {label} for {{}} {spoken}");
        let none = format!("no money spent on {label} {spoken}");
        definitions.push(define(recipe(&of("monetary"), window, Unit::Money, &words, &none), MONETARY));
    }
    definitions.into_iter().map(|definition| definition.of_product(name)).collect()
}

/// What has been bought, of one product or of all.
#[derive(Clone, Copy, Debug, Default)]
struct Purchases {
    first: Option<i64>,
    last: Option<i64>,
    /// Purchases and money, for each of [`WINDOWS`].
    counts: [u32; WINDOWS.len()],
    money: [Money; WINDOWS.len()],
    /// Money in the two windows of the trend.
    recent: Money,
    before: Money,
    cancellations: u32,
}

impl Purchases {
    fn add(&mut self, view: &View<'_>, date: i64, amount: f64, money: Money) {
        let bought = amount > 0.0;
        if bought {
            self.first = Some(self.first.map_or(date, |first| first.min(date)));
            self.last = Some(self.last.map_or(date, |last| last.max(date)));
        }
        for (place, (days, ..)) in WINDOWS.into_iter().enumerate() {
            if days.is_none_or(|days| view.within(date, days)) {
                self.counts[place] += u32::from(bought);
                self.money[place] += money;
            }
        }
        if view.within(date, TREND_DAYS) {
            self.recent += money;
        } else if view.within(date, 2 * TREND_DAYS) {
            self.before += money;
        }
        self.cancellations += u32::from(amount < 0.0 && view.within(date, YEAR_DAYS));
    }

    fn owned(&self) -> bool {
        let [.., ever] = self.money;
        ever > Money::ZERO
    }

    fn trend(&self) -> Option<f32> {
        let (recent, before) = (self.recent.value(), self.before.value());
        let all = recent.abs() + before.abs();
        (all > 0.0).then(|| (100.0 * (recent - before) / all) as f32)
    }

    fn windows(&self) -> impl Iterator<Item = Option<f32>> {
        self.counts
            .into_iter()
            .zip(self.money)
            .flat_map(|(n, money)| [Some(n as f32), Some(money.value() as f32)])
    }
}

pub(super) fn columns(
    view: &View<'_>,
    spec: &FeatureSpec,
    rates: &Rates,
) -> Result<Vec<Column>, FeatureError> {
    let definitions = definitions(spec);
    let Some(table) = view.table(TableName::Transactions) else {
        return Ok(definitions.iter().map(|d| missing(d.recipe.unit, view.accounts.len())).collect());
    };
    let (product, date) = (table.text("product")?, table.time("date")?);
    let (amount, currency) = (table.number("amount")?, table.text("currency")?);
    let mut columns: Vec<Vec<Option<f32>>> = vec![Vec::with_capacity(view.accounts.len()); definitions.len()];
    let mut values: Vec<Option<f32>> = Vec::with_capacity(definitions.len());
    for account in view.accounts.clone() {
        let mut total = Purchases::default();
        let mut by_product = vec![Purchases::default(); spec.products.len()];
        for row in view.known(table, account) {
            let (Some(date), Some(amount)) = (date.get(row), amount.get(row)) else { continue };
            if date >= view.as_of.micros() {
                continue;
            }
            let money = rates.money(amount, currency.get(row));
            total.add(view, date, amount, money);
            if let Some(place) = product.get(row).and_then(|name| spec.product_place(name)) {
                by_product[place].add(view, date, amount, money);
            }
        }
        let days = |time: Option<i64>| time.map(|time| view.whole_days_since(time) as f32);
        let owned = by_product.iter().filter(|purchases| purchases.owned()).count();
        values.clear();
        values.extend([
            days(total.first),
            days(total.last),
            Some(owned as f32),
            Some(total.cancellations as f32),
            total.trend(),
        ]);
        values.extend(total.windows());
        for purchases in &by_product {
            let owns = f32::from(u8::from(purchases.owned()));
            values.extend([Some(owns), days(purchases.last), purchases.trend()]);
            values.extend(purchases.windows());
        }
        for (column, value) in columns.iter_mut().zip(&values) {
            column.push(*value);
        }
    }
    Ok(columns.into_iter().map(Column::numbers).collect())
}
