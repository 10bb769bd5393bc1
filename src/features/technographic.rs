//! Technographics: what technology a company runs.
//!
//! An installation counts from its first sighting, when that was known before the date. Whether it is still there is
//! not asked: a last sighting is known only in hindsight.

use std::collections::BTreeSet;

use super::FeatureError;
use super::firmographic::missing;
use super::recipe::{Recipe, Unit};
use super::spec::{Family, FeatureSpec};
use super::view::View;
use crate::matrix::Column;
use crate::tables::contract::TableName;

/// Days in which an installation is new.
const RECENT_DAYS: i64 = 90;

pub(super) fn recipes(spec: &FeatureSpec) -> Vec<Recipe> {
    let recipe =
        |what: &str, window, unit, words: &str| Recipe::new(Family::Technographic, what, window, unit, words);
    let mut recipes = vec![
        recipe("products", "now", Unit::Count, "{} technolog[y|ies] in use")
            .none("no technology known")
            .missing("no technology data"),
        recipe("vendors", "now", Unit::Count, "{} technology vendor[s]")
            .none("no technology vendor known")
            .missing("no technology data"),
        recipe("starts", "90d", Unit::Count, "{} technolog[y|ies] started in 90 days")
            .none("no technology started in 90 days")
            .missing("no technology data"),
    ];
    recipes.extend(spec.categories.iter().map(|category| {
        let spoken = category.replace('_', " ");
        recipe(category, "now", Unit::Count, &format!("{{}} {spoken} technolog[y|ies] in use"))
            .none(format!("no {spoken} technology in use"))
            .missing("no technology data")
    }));
    recipes.extend(spec.products.iter().map(|product| {
        let label = &product.label;
        recipe(
            &format!("competitor_of_{}", product.name),
            "now",
            Unit::Flag,
            &format!("uses a competitor of {label}"),
        )
        .of_product(&product.name)
        .none(format!("uses no competitor of {label}"))
        .missing("no technology data")
    }));
    recipes
}

pub(super) fn columns(view: &View<'_>, spec: &FeatureSpec) -> Result<Vec<Column>, FeatureError> {
    let recipes = recipes(spec);
    let Some(table) = view.table(TableName::Installs) else {
        return Ok(recipes.iter().map(|recipe| missing(recipe.unit, view.accounts.len())).collect());
    };
    let (product, vendor, category) =
        (table.text("product")?, table.text("vendor")?, table.text("category")?);
    let first_seen = table.time("first_seen")?;
    let mut values: Vec<Vec<Option<f32>>> = vec![Vec::with_capacity(view.accounts.len()); recipes.len()];
    for account in view.accounts.clone() {
        let (mut products, mut vendors) = (BTreeSet::new(), BTreeSet::new());
        let mut by_category = vec![BTreeSet::new(); spec.categories.len()];
        let mut recent = 0_u32;
        for row in view.known(table, account) {
            let Some(name) = product.get(row) else { continue };
            if products.insert(name) && first_seen.get(row).is_some_and(|seen| view.within(seen, RECENT_DAYS))
            {
                recent += 1;
            }
            vendors.extend(vendor.get(row));
            let place =
                category.get(row).and_then(|name| spec.categories.iter().position(|known| known == name));
            if let Some(place) = place {
                by_category[place].insert(name);
            }
        }
        let counts = [products.len(), vendors.len(), recent as usize];
        let categories = by_category.iter().map(BTreeSet::len);
        let competitors = spec.products.iter().map(|traits| {
            usize::from(traits.competitors.iter().any(|name| products.contains(name.as_str())))
        });
        let row = counts.into_iter().chain(categories).chain(competitors);
        for (column, value) in values.iter_mut().zip(row) {
            column.push(Some(value as f32));
        }
    }
    Ok(values.into_iter().map(Column::numbers).collect())
}
