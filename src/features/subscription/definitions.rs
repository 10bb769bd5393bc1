//! The features of subscriptions, in the order of their columns.

use crate::features::definition::Definition;
use crate::features::recipe::{Recipe, Unit};
use crate::features::spec::{Family, FeatureSpec};
use crate::tables::contract::TableName;

const TABLES: &[TableName] = &[TableName::Subscriptions];
const ABSENT: &str = "the table is absent";

pub(in crate::features) fn definitions(spec: &FeatureSpec) -> Vec<Definition> {
    let define = |what: &str, words: &str, formula| {
        let recipe = Recipe::new(Family::Subscription, what, "now", Unit::Count, words);
        Definition::new(recipe.missing("no subscription data").told_with("all products"), formula, TABLES)
    };
    let mut definitions = vec![
        define("products", "subscribes to {} product[s]", "number of products that are owned"),
        define("seats", "{} seat[s] in all", "sum of the seats of all products"),
        define("over_used", "{} product[s] used beyond entitlement", "number of products with over_use = 1"),
    ];
    for product in &spec.products {
        let subject = Subject { name: &product.name, label: &product.label };
        definitions.extend(subject.holding());
        definitions.extend(subject.usage());
        definitions.push(subject.state());
    }
    definitions
}

/// The product that features speak of.
#[derive(Clone, Copy)]
struct Subject<'a> {
    name: &'a str,
    label: &'a str,
}

impl Subject<'_> {
    /// A feature with the sentences for a value and for zero.
    fn recipe(self, what: &str, window: &str, unit: Unit, words: &str, none: &str) -> Recipe {
        Recipe::new(Family::Subscription, &format!("{what}_{}", self.name), window, unit, words)
            .none(none)
            .missing(format!("no subscription to {}", self.label))
    }

    fn define(self, recipe: Recipe, formula: &'static str, missing: &'static str) -> Definition {
        Definition::new(recipe, formula, TABLES).of_product(self.name).missing(missing)
    }

    /// What is held: ownership, seats, their share of the workforce, their growth.
    fn holding(self) -> [Definition; 4] {
        let label = self.label;
        let (words, none) = (format!("subscribes to {label}"), format!("does not subscribe to {label}"));
        let owns = self.define(
            self.recipe("owns", "now", Unit::Flag, &words, &none),
            "1 when a plan of the current month is neither trial nor cancelled, with seats_sold > 0 or not given",
            ABSENT,
        );
        let (words, none) = (format!("{{}} seat[s] of {label}"), format!("no seats of {label}"));
        let seats = self.define(
            self.recipe("seats", "now", Unit::Count, &words, &none),
            "sum of seats_sold over the plans of the current month that are not cancelled; 0 where there is none",
            "the table is absent, or no plan of the current month gives its seats",
        );
        let words = format!("{label} seats for {{}} % of the workforce");
        let none = format!("no {label} seats for the workforce");
        let mut penetration = self.define(
            self.recipe("penetration", "now", Unit::Number, &words, &none),
            "100 * seats / employees, not clamped; employees of the accounts row that held on T",
            "the table is absent, seats are missing, or employees are unknown or 0",
        );
        penetration.tables = &[TableName::Subscriptions, TableName::Accounts];
        let words = format!("{label} seats changed by {{}} % in three months");
        let none = format!("{label} seats unchanged in three months");
        let growth = self.define(
            self.recipe("growth", "3m", Unit::Number, &words, &none),
            "100 * (seats / seats three calendar months earlier - 1), as far as that month is known",
            "the table is absent, no current subscription, or no seats known three months earlier",
        );
        [owns, seats, penetration, growth]
    }

    /// How much of it is deployed and in use.
    fn usage(self) -> [Definition; 4] {
        let label = self.label;
        let no_usage = "the table is absent, no current subscription, or the usage base is 0 or not given";
        let words = format!("{{}} % of {label} seats deployed");
        let none = format!("no {label} seat deployed");
        let deployment = self.define(
            self.recipe("deployment", "now", Unit::Number, &words, &none),
            "100 * seats_assigned / seats_sold, not clamped",
            "the table is absent, no current subscription, or seats_sold is 0 or not given",
        );
        let (words, none) = (format!("{{}} % of {label} seats in use"), format!("no {label} seat in use"));
        let usage = self.define(
            self.recipe("usage", "28d", Unit::Number, &words, &none),
            "100 * seats_active_28d / base, not clamped; base is features.usage_base of the spec, by default \
             seats_entitled",
            no_usage,
        );
        let words = format!("{{}} % of {label} seats in use, at most 100");
        let capped = self.define(
            self.recipe("usage_capped", "28d", Unit::Number, &words, &none),
            "min(usage, 100)",
            no_usage,
        );
        let words = format!("uses {label} beyond its entitlement");
        let none = format!("uses {label} within its entitlement");
        let over_use = self.define(
            self.recipe("over_use", "28d", Unit::Flag, &words, &none),
            "1 when usage > 100",
            no_usage,
        );
        [deployment, usage, capped, over_use]
    }

    fn state(self) -> Definition {
        let words = format!("subscription to {} is {{}}", self.label);
        self.define(
            self.recipe("state", "now", Unit::Name, &words, ""),
            "the strongest state of the current month: active, grace, trial, any other, cancelled; ended when the \
             latest known month began more than 120 days before T",
            "the table is absent, never subscribed, or no state given",
        )
    }
}
