//! Firmographics: what kind of company it is.
//!
//! All values come from the one row of `accounts` that held on the date ([`super::account_row`]). Changes compare it
//! with the row that held 365 days before; both are read as known on the date, so a late correction of the past counts.

use std::borrow::Cow;

use super::FeatureError;
use super::definition::Definition;
use super::money::Rates;
use super::recipe::{Recipe, Unit};
use super::spec::Family;
use super::view::View;
use crate::matrix::Column;
use crate::quantity::MICROS_PER_DAY;
use crate::tables::contract::TableName;

/// Days over which changes are measured.
const YEAR_DAYS: i64 = 365;
/// Features that are numbers, and those that are names.
const N_NUMBERS: usize = 8;
const N_NAMES: usize = 5;

pub(super) fn definitions() -> Vec<Definition> {
    let recipe = |what, unit, words| Recipe::new(Family::Firmographic, what, "now", unit, words);
    // Headcount and revenue both say how large a company is, codes what it does, country and state where it is.
    let size = |what, unit, words| recipe(what, unit, words).told_with("size");
    let trade = |what, words| recipe(what, Unit::Name, words).told_with("industry");
    let place = |what, words| recipe(what, Unit::Name, words).told_with("place");
    let change = |what, words| Recipe::new(Family::Firmographic, what, "365d", Unit::Number, words);
    let define =
        |recipe, formula, missing| Definition::new(recipe, formula, &[TableName::Accounts]).missing(missing);
    let no_heads = "the account is not known, or employees are unknown or 0";
    let no_revenue = "the account is not known, or gives no revenue";
    let not_given = "the account is not known, or does not give it";
    vec![
        define(
            size("employees", Unit::Count, "{} employee[s]").missing("headcount unknown"),
            "employees",
            no_heads,
        ),
        define(
            size("annual_revenue", Unit::Money, "annual revenue {}")
                .none("no revenue")
                .missing("revenue unknown"),
            "annual_revenue in the currency of the spec",
            no_revenue,
        ),
        define(
            recipe("revenue_per_head", Unit::Money, "revenue per head {}")
                .missing("revenue per head unknown"),
            "annual_revenue / employees",
            "as employees or annual_revenue",
        ),
        define(
            recipe("age", Unit::Years, "founded {} year[s] ago").missing("year of foundation unknown"),
            "max(calendar year of T - founded_year, 0)",
            not_given,
        ),
        define(
            recipe("nonprofit", Unit::Flag, "is a non-profit")
                .none("is not a non-profit")
                .missing("non-profit status unknown"),
            "is_nonprofit",
            not_given,
        ),
        define(
            recipe("subsidiary", Unit::Flag, "has a parent company").none("has no parent company"),
            "1 when parent_account_id is given",
            "the account is not known",
        ),
        define(
            change("employees_change", "headcount changed by {} % in a year")
                .none("headcount unchanged in a year")
                .missing("change of headcount unknown"),
            "100 * (employees / employees of the row that held at T - 365 d - 1)",
            "no row held a year before, or employees are unknown or 0 in either",
        ),
        define(
            change("annual_revenue_change", "revenue changed by {} % in a year")
                .none("revenue unchanged in a year")
                .missing("change of revenue unknown"),
            "100 * (annual_revenue / annual_revenue of the row that held at T - 365 d - 1)",
            "no row held a year before, or revenue is not given in either, or not above 0 then",
        ),
        define(
            trade("sector", "industry code begins with {}").missing("industry code unknown"),
            "first two characters of industry_code",
            not_given,
        ),
        define(
            trade("industry", "industry code is {}").missing("industry code unknown"),
            "industry_code, behind its industry_scheme where that is given",
            not_given,
        ),
        define(
            recipe("vertical", Unit::Name, "vertical is {}").missing("vertical unknown"),
            "vertical",
            not_given,
        ),
        define(place("country", "country is {}").missing("country unknown"), "country", not_given),
        define(
            place("state", "is in {}").missing("state or province unknown"),
            "state, behind its country where that is given",
            not_given,
        ),
    ]
}

pub(super) fn columns(view: &View<'_>, rates: &Rates) -> Result<Vec<Column>, FeatureError> {
    let n_rows = view.accounts.len();
    let Some(table) = view.table(TableName::Accounts) else {
        return Ok(definitions().iter().map(|d| missing(d.recipe.unit, n_rows)).collect());
    };
    let (employees, revenue) = (table.number("employees")?, table.number("annual_revenue")?);
    let (currency, founded) = (table.text("currency")?, table.number("founded_year")?);
    let (code, scheme) = (table.text("industry_code")?, table.text("industry_scheme")?);
    let (vertical, country, state) = (table.text("vertical")?, table.text("country")?, table.text("state")?);
    let (nonprofit, parent) = (table.flag("is_nonprofit")?, table.text("parent_account_id")?);
    let valid_from = table.time("valid_from")?;
    let year = f64::from(view.as_of.date().year());
    let year_before = view.as_of.micros() - YEAR_DAYS * MICROS_PER_DAY;
    // Zero employees means that nobody counted (domain rule), as for tiers.
    let heads_of = |row: usize| employees.get(row).filter(|heads| *heads > 0.0);
    let income_of = |row: usize| Some(rates.convert(revenue.get(row)?, currency.get(row)));

    let mut numbers: [Vec<Option<f32>>; N_NUMBERS] = Default::default();
    let mut names: [Vec<Option<Cow<'_, str>>>; N_NAMES] = Default::default();
    for account in view.accounts.clone() {
        let row = view.attributes(account)?;
        let before = view.attributes_before(table, valid_from, account, year_before);
        let (heads, income) = (row.and_then(heads_of), row.and_then(income_of));
        let income_before = before.and_then(income_of).filter(|income| *income > 0.0);
        let values = [
            heads,
            income,
            heads.zip(income).map(|(heads, income)| income / heads),
            row.and_then(|row| founded.get(row)).map(|founded| (year - founded).max(0.0)),
            row.and_then(|row| nonprofit.get(row)).map(f64::from),
            row.map(|row| f64::from(parent.get(row).is_some())),
            heads.zip(before.and_then(heads_of)).map(change_percent),
            income.zip(income_before).map(change_percent),
        ];
        for (column, value) in numbers.iter_mut().zip(values) {
            column.push(value.map(|value| value as f32));
        }
        let texts = [
            row.and_then(|row| code.get(row)).map(sector).map(Cow::Borrowed),
            row.and_then(|row| Some(behind(scheme.get(row), code.get(row)?))),
            row.and_then(|row| vertical.get(row)).map(Cow::Borrowed),
            row.and_then(|row| country.get(row)).map(Cow::Borrowed),
            row.and_then(|row| Some(behind(country.get(row), state.get(row)?))),
        ];
        for (column, text) in names.iter_mut().zip(texts) {
            column.push(text);
        }
    }
    let names = names.map(|names| Column::levels(&names));
    Ok(numbers.map(Column::numbers).into_iter().chain(names).collect())
}

/// How far the first of two numbers lies above the second, in percent of it.
fn change_percent((now, before): (f64, f64)) -> f64 {
    100.0 * (now / before - 1.0)
}

/// A name within what it belongs to, such as `US WA`: the same name elsewhere is another one.
fn behind<'t>(within: Option<&str>, name: &'t str) -> Cow<'t, str> {
    within.map_or(Cow::Borrowed(name), |within| Cow::Owned(format!("{within} {name}")))
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
