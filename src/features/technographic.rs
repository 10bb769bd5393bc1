//! Technographics: what technology a company runs.
//!
//! An installation counts from its first sighting, when that was known before the date, and goes on counting: nothing
//! in a sighting says that the technology is gone. What can be told is silence. The last sighting of a row is taken as
//! known only where the row became known at or after it; a later one was written into an older row in hindsight. A
//! technology of which any row has no such last sighting may still be there, so it does not stop; of the others, one
//! stops when its latest sighting is 90 days old.
//!
//! Ages and ends of service come from the versions in the spec: vendors publish these dates years ahead, so they are
//! known on any date. A competitor is another vendor's product, so it says nothing about owning ours.

use std::collections::{BTreeMap, BTreeSet};

use super::FeatureError;
use super::definition::Definition;
use super::firmographic::missing;
use super::recipe::{Recipe, Unit};
use super::spec::{Family, FeatureSpec, ProductTraits};
use super::view::View;
use crate::matrix::Column;
use crate::quantity::{AsOf, MICROS_PER_DAY};
use crate::tables::contract::TableName;
use crate::tables::{Table, TextColumn, TimeColumn};

/// Days in which an installation is new, and in which a stop is.
const RECENT_DAYS: i64 = 90;
/// Days without a sighting after which a technology has stopped.
const SILENT_DAYS: i64 = 90;
/// Days in which a coming end of service is near.
const YEAR_DAYS: i64 = 365;
/// Features of versions tell one story.
const VERSIONS: &str = "versions";
/// Days in a year of the calendar, on average.
const DAYS_PER_YEAR: f64 = 365.25;

fn recipe(what: &str, window: &str, unit: Unit, words: &str, none: &str) -> Recipe {
    Recipe::new(Family::Technographic, what, window, unit, words).none(none).missing("no technology data")
}

fn define(recipe: Recipe, formula: &'static str) -> Definition {
    Definition::new(recipe, formula, &[TableName::Installs])
}

pub(super) fn definitions(spec: &FeatureSpec) -> Vec<Definition> {
    let mut definitions = vec![
        define(
            recipe("products", "now", Unit::Count, "{} technolog[y|ies] in use", "no technology known"),
            "number of different products",
        ),
        define(
            recipe("vendors", "now", Unit::Count, "{} technology vendor[s]", "no technology vendor known"),
            "number of different vendors",
        ),
        define(
            recipe(
                "starts",
                "90d",
                Unit::Count,
                "{} technolog[y|ies] started in 90 days",
                "no technology started in 90 days",
            ),
            "number of different products whose first known row has T - 90 d <= first_seen < T",
        ),
        define(
            recipe(
                "stops",
                "90d",
                Unit::Count,
                "{} technolog[y|ies] not seen any more",
                "no technology stopped in 90 days",
            ),
            "number of different products that have last_seen <= known_at in all rows, the latest of them with \
             T - 180 d <= last_seen < T - 90 d",
        ),
        define(
            recipe("last_sighting", "ever", Unit::Days, "technology last seen {} day[s] ago", "technology seen today"),
            "whole days to T from the latest sighting: last_seen where last_seen <= known_at, else first_seen",
        )
        .missing("the table is absent, or no technology known"),
        define(
            recipe(
                "oldest_version_age",
                "now",
                Unit::Years,
                "runs a version that is {} year[s] old",
                "runs only new versions",
            ),
            "max over versions in use of (T - released) / 365.25 d, released by features.versions of the spec",
        )
        .missing("the table is absent, or no version in use is in the spec with its release")
        .told_with(VERSIONS),
        define(
            recipe(
                "end_of_service",
                "now",
                Unit::Count,
                "{} version[s] past the end of support",
                "no version past the end of support",
            ),
            "number of different versions in use with support_ends < T, by features.versions of the spec",
        )
        .told_with(VERSIONS),
        define(
            recipe(
                "end_of_service",
                "365d",
                Unit::Count,
                "support of {} version[s] ends within a year",
                "no support ends within a year",
            ),
            "number of different versions in use with T <= support_ends < T + 365 d",
        )
        .told_with(VERSIONS),
    ];
    definitions.extend(listed(spec));
    for product in &spec.products {
        definitions.extend(of_product(product));
    }
    definitions
}

/// The features of what the spec lists, in the order of their columns.
fn listed(spec: &FeatureSpec) -> impl Iterator<Item = Definition> + '_ {
    let ended = spec.versioned_products().into_iter().map(|product| {
        let spoken = product.replace('_', " ");
        let words = format!("runs {spoken} past the end of its support");
        let none = format!("runs no {spoken} past the end of its support");
        define(
            recipe(&format!("end_of_service_{product}"), "now", Unit::Flag, &words, &none),
            "1 when a version of it in use has support_ends < T",
        )
        .told_with(VERSIONS)
        .listed("installed product", product)
    });
    let counted = |name: &str, formula| {
        let spoken = name.replace('_', " ");
        let words = format!("{{}} {spoken} technolog[y|ies] in use");
        let none = format!("no {spoken} technology in use");
        define(recipe(name, "now", Unit::Count, &words, &none), formula)
    };
    let categories = spec.categories.iter().map(move |category| {
        counted(category, "number of different products of the category").listed("category", category)
    });
    let technologies = spec.technologies.iter().map(|technology| {
        let spoken = technology.replace('_', " ");
        define(
            recipe(
                &format!("installed_{technology}"),
                "now",
                Unit::Flag,
                &format!("uses {spoken}"),
                &format!("uses no {spoken}"),
            ),
            "1 when the product is installed",
        )
        .listed("technology", technology)
    });
    let groups = spec.technology_groups.keys().map(move |group| {
        let formula =
            "number of different products of the group installed, by features.technology_groups of the spec";
        counted(group, formula).listed("technology group", group)
    });
    ended.chain(categories).chain(technologies).chain(groups)
}

fn of_product(product: &ProductTraits) -> [Definition; 2] {
    let (name, label) = (&product.name, &product.label);
    let define = |what: &str, words: String, none: String, formula| {
        let recipe = Recipe::new(Family::Technographic, &format!("{what}_{name}"), "now", Unit::Flag, &words)
            .none(none)
            .missing("no technology data");
        Definition::new(recipe, formula, &[TableName::Installs])
    };
    [
        define(
            "uses",
            format!("{label} is in use"),
            format!("{label} not seen in use"),
            "1 when the product is installed, under its name or one of installed_as in the spec",
        )
        .of_product(name),
        define(
            "competitor_of",
            format!("uses a competitor of {label}"),
            format!("uses no competitor of {label}"),
            "1 when any of the product's competitors in the spec is installed",
        )
        .listed("product", name),
    ]
}

/// The columns of `installs` that are read.
struct Cells<'t> {
    table: &'t Table,
    product: TextColumn<'t>,
    vendor: TextColumn<'t>,
    category: TextColumn<'t>,
    version: TextColumn<'t>,
    first_seen: TimeColumn<'t>,
    last_seen: TimeColumn<'t>,
}

impl<'t> Cells<'t> {
    fn of(table: &'t Table) -> Result<Self, FeatureError> {
        Ok(Self {
            table,
            product: table.text("product")?,
            vendor: table.text("vendor")?,
            category: table.text("category")?,
            version: table.text("version")?,
            first_seen: table.time("first_seen")?,
            last_seen: table.time("last_seen")?,
        })
    }
}

/// What is known of one product at an account.
#[derive(Clone, Copy, Debug)]
struct Sightings {
    is_new: bool,
    /// The latest sighting known.
    latest: i64,
    /// Whether any row leaves open how long the product was there.
    open: bool,
}

/// What is known of the technology of an account.
#[derive(Debug, Default)]
struct Technology<'t> {
    products: BTreeMap<&'t str, Sightings>,
    vendors: BTreeSet<&'t str>,
    by_category: Vec<BTreeSet<&'t str>>,
    /// Places in the versions of the spec.
    versions: BTreeSet<usize>,
}

impl<'t> Technology<'t> {
    fn of(view: &View<'_>, spec: &FeatureSpec, cells: &Cells<'t>, account: usize) -> Self {
        let by_category = vec![BTreeSet::new(); spec.categories.len()];
        let mut technology = Self { by_category, ..Self::default() };
        for row in view.known(cells.table, account) {
            let (Some(name), Some(first)) = (cells.product.get(row), cells.first_seen.get(row)) else {
                continue;
            };
            let known_at = cells.table.known_at(row);
            let last = cells.last_seen.get(row).filter(|last| *last <= known_at);
            let sighting = last.unwrap_or(first);
            technology
                .products
                .entry(name)
                .and_modify(|known| {
                    known.latest = known.latest.max(sighting);
                    known.open |= last.is_none();
                })
                .or_insert(Sightings {
                    is_new: view.within(first, RECENT_DAYS),
                    latest: sighting,
                    open: last.is_none(),
                });
            technology.vendors.extend(cells.vendor.get(row));
            let category = cells.category.get(row);
            if let Some(place) = spec.categories.iter().position(|known| Some(known.as_str()) == category) {
                technology.by_category[place].insert(name);
            }
            let version = cells.version.get(row);
            technology.versions.extend(
                spec.versions
                    .iter()
                    .position(|known| known.product == name && Some(known.version.as_str()) == version),
            );
        }
        technology
    }

    /// The values of an account, in the order of the definitions.
    fn write(
        &self,
        view: &View<'_>,
        spec: &FeatureSpec,
        versioned: &BTreeSet<&str>,
        values: &mut Vec<Option<f32>>,
    ) {
        let count = |n: usize| Some(n as f32);
        let flag = |is: bool| Some(f32::from(u8::from(is)));
        let versions = || self.versions.iter().map(|place| &spec.versions[*place]);
        let ended = |ends: i64| ends < view.as_of.micros();
        let stopped = |known: &&Sightings| {
            !known.open && view.within(known.latest + SILENT_DAYS * MICROS_PER_DAY, RECENT_DAYS)
        };
        let ends = || versions().filter_map(|version| version.support_ends.map(AsOf::micros));
        let ages = versions().filter_map(|version| version.released).map(|day| view.days_since(day.micros()));
        let latest = self.products.values().map(|known| known.latest).max();
        values.extend([
            count(self.products.len()),
            count(self.vendors.len()),
            count(self.products.values().filter(|known| known.is_new).count()),
            count(self.products.values().filter(stopped).count()),
            latest.map(|latest| view.whole_days_since(latest) as f32),
            ages.reduce(f64::max).map(|days| (days / DAYS_PER_YEAR) as f32),
            count(ends().filter(|ends| ended(*ends)).count()),
            count(ends().filter(|ends| view.ahead(*ends, YEAR_DAYS)).count()),
        ]);
        values.extend(versioned.iter().map(|product| {
            flag(versions().any(|version| {
                version.product == *product && version.support_ends.is_some_and(|ends| ended(ends.micros()))
            }))
        }));
        values.extend(self.by_category.iter().map(|products| count(products.len())));
        let installed = |name: &String| self.products.contains_key(name.as_str());
        values.extend(spec.technologies.iter().map(|technology| flag(installed(technology))));
        let of_group = |group: &Vec<String>| group.iter().filter(|name| installed(name)).count();
        values.extend(spec.technology_groups.values().map(|group| count(of_group(group))));
        values.extend(spec.products.iter().flat_map(|product| {
            let uses = installed(&product.name) || product.installed_as.iter().any(installed);
            [flag(uses), flag(product.competitors.iter().any(installed))]
        }));
    }
}

pub(super) fn columns(view: &View<'_>, spec: &FeatureSpec) -> Result<Vec<Column>, FeatureError> {
    let definitions = definitions(spec);
    let Some(table) = view.table(TableName::Installs) else {
        return Ok(definitions.iter().map(|d| missing(d.recipe.unit, view.accounts.len())).collect());
    };
    let cells = Cells::of(table)?;
    let versioned = spec.versioned_products();
    let mut columns: Vec<Vec<Option<f32>>> = vec![Vec::with_capacity(view.accounts.len()); definitions.len()];
    let mut values = Vec::with_capacity(definitions.len());
    for account in view.accounts.clone() {
        values.clear();
        Technology::of(view, spec, &cells, account).write(view, spec, &versioned, &mut values);
        for (column, value) in columns.iter_mut().zip(&values) {
            column.push(*value);
        }
    }
    Ok(columns.into_iter().map(Column::numbers).collect())
}
