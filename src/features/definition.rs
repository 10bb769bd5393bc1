//! A definition is a recipe with all that the catalogue of features says of it.

use super::intent;
use super::recipe::Recipe;
use super::spec::{Family, FeatureSpec};
use super::{agreement, firmographic, opportunity, subscription, technographic, transaction};
use crate::tables::contract::TableName;

/// How one feature follows from the tables.
///
/// ```
/// use propensity::features::{Family, definitions};
/// use propensity::spec::Spec;
/// let definitions = definitions(&Spec::cloudascent()?.features);
/// let recency = definitions.iter().find(|d| d.recipe.name == "transaction__recency_azure__ever");
/// let recency = recency.ok_or("no such feature")?;
/// assert_eq!(recency.pattern, "transaction__recency_<product>__ever");
/// assert_eq!(recency.recipe.family, Family::Transaction);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// What the feature is.
    pub recipe: Recipe,
    /// Its name with `<product>`, `<topic>` and the like in place of what the spec lists.
    pub pattern: String,
    /// How the value is computed, as of the date `T`.
    pub formula: &'static str,
    /// When the value is missing.
    pub missing: &'static str,
    /// The tables it reads.
    pub tables: &'static [TableName],
}

impl Definition {
    /// A feature that is missing only where its first table is.
    pub(super) fn new(recipe: Recipe, formula: &'static str, tables: &'static [TableName]) -> Self {
        let pattern = recipe.name.clone();
        Self { recipe, pattern, formula, missing: "the table is absent", tables }
    }

    /// When the value is missing, beside an absent table.
    #[must_use]
    pub(super) fn missing(mut self, when: &'static str) -> Self {
        self.missing = when;
        self
    }

    /// The feature is told together with others of its family that have the same `name`.
    #[must_use]
    pub(super) fn told_with(mut self, name: &str) -> Self {
        self.recipe = self.recipe.told_with(name);
        self
    }

    /// The feature stands for one of a list in the spec, which ends what the feature is: `name` of `<kind>`.
    #[must_use]
    pub(super) fn listed(mut self, kind: &str, name: &str) -> Self {
        self.pattern = self.pattern.replace(&format!("{name}__"), &format!("<{kind}>__"));
        self
    }

    /// The feature speaks of `product`.
    #[must_use]
    pub(super) fn of_product(mut self, product: &str) -> Self {
        self.recipe = self.recipe.of_product(product);
        self.listed("product", product)
    }
}

/// The features `spec` declares, with their formulas, in the order of their columns.
pub fn definitions(spec: &FeatureSpec) -> Vec<Definition> {
    spec.families
        .iter()
        .flat_map(|family| match family {
            Family::Firmographic => firmographic::definitions(),
            Family::Technographic => technographic::definitions(spec),
            Family::Subscription => subscription::definitions(spec),
            Family::Transaction => transaction::definitions(spec),
            Family::Agreement => agreement::definitions(),
            Family::Opportunity => opportunity::definitions(spec),
            Family::Intent => {
                intent::recipes(spec).into_iter().map(|recipe| of_signals(recipe, spec)).collect()
            }
        })
        .collect()
}

/// The definition of a feature of signals, by what its name begins and ends with.
fn of_signals(recipe: Recipe, spec: &FeatureSpec) -> Definition {
    let what = recipe.name.split("__").nth(1).unwrap_or_default().to_owned();
    let formula = if what.starts_with("surge") {
        "the 3 weeks before T against the 12 before those, 50 is usual and 60 surging; see surge.md"
    } else if what.ends_with("_decayed") {
        "sum of intensity * 2^(-a / h), a = days from observed_at to T, h = the half-life in the name"
    } else if what.ends_with("_recency") {
        "whole days from the latest observed_at to T"
    } else if what.ends_with("_momentum") {
        "(n28 + 1) / (n84 / 3 + 1), n28 = signals in the 28 days before T, n84 = in the 84 before those"
    } else if what == "forward_events" {
        "number of rows with T <= event_at < T + window"
    } else if what == "topics" {
        "number of different topics, all that are not listed as one, with observed_at in the window"
    } else {
        "number of rows with T - window <= observed_at < T"
    };
    let missing = if what.ends_with("_recency") {
        "the table is absent, or no such signal yet"
    } else {
        "the table is absent"
    };
    // The longest that fits: one topic's name may begin another's.
    let stems = spec.topics.iter().map(String::as_str).chain(["other"]).map(|topic| format!("topic_{topic}"));
    let topic = stems.filter(|stem| what.contains(stem.as_str())).max_by_key(String::len);
    let kind = what.strip_prefix("kind_").map(str::to_owned);
    let mut definition = Definition::new(recipe, formula, &[TableName::Signals]).missing(missing);
    if let Some(topic) = topic {
        definition.pattern = definition.pattern.replace(&topic, "topic_<topic>");
    } else if let Some(kind) = kind {
        definition = definition.listed("kind", &kind);
    }
    definition
}
