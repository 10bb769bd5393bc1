//! Opportunities: which deals a company has been in.
//!
//! A deal is open on a date when it was created before it and not closed before it. Stage and value of a deal are not
//! read: a table holds their last state, which is known only at the end.

use super::FeatureError;
use super::firmographic::missing;
use super::recipe::{Recipe, Unit};
use super::spec::{Family, FeatureSpec};
use super::view::View;
use crate::matrix::Column;
use crate::tables::contract::TableName;

/// Features over all products.
const N_TOTAL: usize = 5;

pub(super) fn recipes(spec: &FeatureSpec) -> Vec<Recipe> {
    let recipe = |what: &str, window, unit, words: &str| {
        Recipe::new(Family::Opportunity, what, window, unit, words)
            .missing("has been in no deal")
            .told_with("all products")
    };
    let mut recipes = vec![
        recipe("open", "now", Unit::Count, "{} open deal[s]").none("no open deal"),
        recipe("won", "ever", Unit::Count, "{} deal[s] won").none("no deal won"),
        recipe("lost", "ever", Unit::Count, "{} deal[s] lost").none("no deal lost"),
        recipe("won_share", "ever", Unit::Number, "wins {} of ten deals"),
        recipe("recency", "ever", Unit::Days, "last deal opened {} day[s] ago"),
    ];
    recipes.extend(spec.products.iter().map(|product| {
        let label = &product.label;
        recipe(
            &format!("open_{}", product.name),
            "now",
            Unit::Count,
            &format!("{{}} open deal[s] for {label}"),
        )
        .none(format!("no open deal for {label}"))
        .of_product(&product.name)
    }));
    recipes
}

pub(super) fn columns(view: &View<'_>, spec: &FeatureSpec) -> Result<Vec<Column>, FeatureError> {
    let recipes = recipes(spec);
    let Some(table) = view.table(TableName::Opportunities) else {
        return Ok(recipes.iter().map(|recipe| missing(recipe.unit, view.accounts.len())).collect());
    };
    let (product, created, closed) =
        (table.text("product")?, table.time("created_at")?, table.time("closed_at")?);
    let substatus = table.text("substatus")?;
    let cut = view.as_of.micros();
    let mut values: Vec<Vec<Option<f32>>> = vec![Vec::with_capacity(view.accounts.len()); recipes.len()];
    for account in view.accounts.clone() {
        let (mut open, mut won, mut lost) = (0_u32, 0_u32, 0_u32);
        let mut last: Option<i64> = None;
        let mut open_by_product = vec![0_u32; spec.products.len()];
        for row in view.known(table, account) {
            let Some(created) = created.get(row).filter(|created| *created < cut) else { continue };
            last = Some(last.map_or(created, |last| last.max(created)));
            if closed.get(row).is_some_and(|closed| closed < cut) {
                match substatus.get(row) {
                    Some("Won") => won += 1,
                    Some("Lost") => lost += 1,
                    _ => {}
                }
                continue;
            }
            open += 1;
            let place =
                product.get(row).and_then(|name| spec.products.iter().position(|known| known.name == name));
            if let Some(place) = place {
                open_by_product[place] += 1;
            }
        }
        let decided = won + lost;
        let totals: [Option<f32>; N_TOTAL] = [
            Some(open as f32),
            Some(won as f32),
            Some(lost as f32),
            (decided > 0).then(|| 10.0 * won as f32 / decided as f32),
            last.map(|last| view.whole_days_since(last) as f32),
        ];
        let by_product = open_by_product.into_iter().map(|open| Some(open as f32));
        for (column, value) in values.iter_mut().zip(totals.into_iter().chain(by_product)) {
            column.push(value);
        }
    }
    Ok(values.into_iter().map(Column::numbers).collect())
}
