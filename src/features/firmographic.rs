//! Firmographics: what kind of company it is.
//!
//! All values come from the one row of `accounts` that held on the date ([`super::account_row`]).

use super::FeatureError;
use super::money::Rates;
use super::recipe::{Recipe, Unit};
use super::spec::Family;
use super::view::{View, account_row};
use crate::matrix::Column;
use crate::tables::contract::TableName;

pub(super) fn recipes() -> Vec<Recipe> {
    let recipe = |what, unit, words| Recipe::new(Family::Firmographic, what, "now", unit, words);
    // Headcount and revenue both say how large a company is.
    let size = |what, unit, words| recipe(what, unit, words).told_with("size");
    vec![
        size("employees", Unit::Count, "{} employee[s]").missing("headcount unknown"),
        size("annual_revenue", Unit::Money, "annual revenue {}")
            .none("no revenue")
            .missing("revenue unknown"),
        recipe("revenue_per_head", Unit::Money, "revenue per head {}").missing("revenue per head unknown"),
        recipe("age", Unit::Years, "founded {} year[s] ago").missing("year of foundation unknown"),
        recipe("sector", Unit::Name, "industry code begins with {}").missing("industry code unknown"),
        recipe("vertical", Unit::Name, "vertical is {}").missing("vertical unknown"),
        recipe("country", Unit::Name, "country is {}").missing("country unknown"),
        recipe("nonprofit", Unit::Flag, "is a non-profit")
            .none("is not a non-profit")
            .missing("non-profit status unknown"),
        recipe("subsidiary", Unit::Flag, "has a parent company").none("has no parent company"),
    ]
}

pub(super) fn columns(view: &View<'_>, rates: &Rates) -> Result<Vec<Column>, FeatureError> {
    let n_rows = view.accounts.len();
    let Some(table) = view.table(TableName::Accounts) else {
        return Ok(recipes().iter().map(|recipe| missing(recipe.unit, n_rows)).collect());
    };
    let (employees, revenue) = (table.number("employees")?, table.number("annual_revenue")?);
    let (currency, founded) = (table.text("currency")?, table.number("founded_year")?);
    let (code, vertical, country) =
        (table.text("industry_code")?, table.text("vertical")?, table.text("country")?);
    let (nonprofit, parent) = (table.flag("is_nonprofit")?, table.text("parent_account_id")?);
    let year = f64::from(view.as_of.date().year());

    let mut numbers: [Vec<Option<f32>>; 6] = Default::default();
    let mut names: [Vec<Option<&str>>; 3] = Default::default();
    for account in view.accounts.clone() {
        let row = account_row(view.dataset, account, view.as_of)?;
        // Zero employees means that nobody counted (domain rule), as for tiers.
        let heads = row.and_then(|row| employees.get(row)).filter(|heads| *heads > 0.0);
        let income = row.and_then(|row| Some(rates.convert(revenue.get(row)?, currency.get(row))));
        let values = [
            heads,
            income,
            heads.zip(income).map(|(heads, income)| income / heads),
            row.and_then(|row| founded.get(row)).map(|founded| (year - founded).max(0.0)),
            row.and_then(|row| nonprofit.get(row)).map(f64::from),
            row.map(|row| f64::from(parent.get(row).is_some())),
        ];
        for (column, value) in numbers.iter_mut().zip(values) {
            column.push(value.map(|value| value as f32));
        }
        let texts = [
            row.and_then(|row| code.get(row)).map(sector),
            row.and_then(|row| vertical.get(row)),
            row.and_then(|row| country.get(row)),
        ];
        for (column, text) in names.iter_mut().zip(texts) {
            column.push(text);
        }
    }
    let [employees, revenue, per_head, age, nonprofit, subsidiary] = numbers.map(Column::numbers);
    let [sector, vertical, country] = names.map(|names| Column::levels(&names));
    Ok(vec![employees, revenue, per_head, age, sector, vertical, country, nonprofit, subsidiary])
}

/// The first two characters of an industry code: the sector in NAICS, SIC and NACE alike.
fn sector(code: &str) -> &str {
    code.char_indices().nth(2).map_or(code, |(end, _)| &code[..end])
}

/// A column in which nothing is known.
pub(super) fn missing(unit: Unit, n_rows: usize) -> Column {
    match unit {
        Unit::Name => Column::levels::<&str>(&vec![None; n_rows]),
        _ => Column::numbers(std::iter::repeat_n(None, n_rows)),
    }
}
