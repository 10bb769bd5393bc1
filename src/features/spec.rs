//! What the feature builders are told: products, topics, kinds, windows. It is part of the spec and of the model file.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};

use super::licence::UsageBase;
use super::signal_measures::SignalMeasures;
use super::technographic;
use crate::quantity::AsOf;

/// A product as the feature builders see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductTraits {
    /// The name in all tables.
    pub name: String,
    /// How it is written for people.
    pub label: String,
    /// Installed products that compete with it.
    #[serde(default)]
    pub competitors: Vec<String>,
    /// Names, beside its own, under which the product is found installed.
    #[serde(default)]
    pub installed_as: Vec<String>,
}

/// A version of an installed product and the dates of its life, as its vendor published them in advance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductVersion {
    /// The installed product, as `installs` names it.
    pub product: String,
    /// The version, as `installs` names it.
    pub version: String,
    /// The day it came out.
    #[serde(default)]
    pub released: Option<AsOf>,
    /// The last day of its support; `None` while no end is published.
    #[serde(default)]
    pub support_ends: Option<AsOf>,
}

/// Declares which features are built.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureSpec {
    /// Families to build, in this order.
    pub families: Vec<Family>,
    /// Windows of counts, in days.
    #[serde(default = "default_windows")]
    pub windows_days: Vec<NonZeroU16>,
    /// Half-lives of decayed counts, in days.
    #[serde(default = "default_half_lives")]
    pub half_lives_days: Vec<NonZeroU16>,
    /// Window of forward events, in days after `as_of`.
    #[serde(default = "default_forward")]
    pub forward_days: NonZeroU16,
    /// Signal topics that get features of their own; all others count as `other`.
    #[serde(default)]
    pub topics: Vec<String>,
    /// Signal kinds that get features of their own; all others count as `other`.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// What is measured of signals; everything unless some measures are named.
    #[serde(default, skip_serializing_if = "SignalMeasures::is_all")]
    pub signal_measures: SignalMeasures,
    /// Categories of installed technology that get features of their own.
    #[serde(default)]
    pub categories: Vec<String>,
    /// Installed products that get features of their own, none of them a product of the spec.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub technologies: Vec<String>,
    /// Installed products that are counted together, by the name of the group: none of them a product of the spec, and no group
    /// named like a category or another technographic feature.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub technology_groups: BTreeMap<String, Vec<String>>,
    /// Versions of installed products, for their age and their end of service.
    #[serde(default)]
    pub versions: Vec<ProductVersion>,
    /// What active seats are a share of.
    #[serde(default)]
    pub usage_base: UsageBase,
    /// Money: the currency of all amounts, and what one unit of another is worth in it.
    #[serde(default)]
    pub money: MoneySpec,
    /// The products, set from the product list of the spec; not part of any file.
    #[serde(skip)]
    pub products: Vec<ProductTraits>,
}

/// How amounts in several currencies are brought to one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoneySpec {
    /// ISO 4217 code of the currency of all money features; `None` takes the one currency of the data.
    #[serde(default)]
    pub currency: Option<String>,
    /// What one unit of another currency is worth in `currency`.
    #[serde(default)]
    pub rates: BTreeMap<String, f64>,
}

/// A family of features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// What kind of company it is.
    Firmographic,
    /// What technology it runs.
    Technographic,
    /// What it subscribes to, and how far that is in use.
    Subscription,
    /// What it has bought.
    Transaction,
    /// Which agreements it holds, and when they end.
    Agreement,
    /// Which deals it has been in.
    Opportunity,
    /// What is happening there.
    Intent,
}

impl Family {
    /// The name that starts every feature of the family.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Firmographic => "firmographic",
            Self::Technographic => "technographic",
            Self::Subscription => "subscription",
            Self::Transaction => "transaction",
            Self::Agreement => "agreement",
            Self::Opportunity => "opportunity",
            Self::Intent => "intent",
        }
    }
}

fn days<const N: usize>(values: [u16; N]) -> Vec<NonZeroU16> {
    values.into_iter().filter_map(NonZeroU16::new).collect()
}

fn default_windows() -> Vec<NonZeroU16> {
    days([7, 28, 90])
}

fn default_half_lives() -> Vec<NonZeroU16> {
    days([28])
}

const fn default_forward() -> NonZeroU16 {
    NonZeroU16::MIN.saturating_add(59)
}

impl FeatureSpec {
    /// The installed products in the list of versions, each once, in alphabetical order.
    pub(super) fn versioned_products(&self) -> BTreeSet<&str> {
        self.versions.iter().map(|version| version.product.as_str()).collect()
    }

    /// The place of a product in the list of products.
    pub(super) fn product_place(&self, name: &str) -> Option<usize> {
        self.products.iter().position(|product| product.name == name)
    }

    /// Everything wrong with the spec, in words; empty when it is sound.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.families.is_empty() {
            faults.push("features.families is empty; name at least one family".to_owned());
        }
        if self.families.contains(&Family::Intent) && self.signal_measures.is_empty() {
            faults.push("features.signal_measures is empty; name at least one measure".to_owned());
        }
        self.list_faults(&mut faults);
        let mut versions = BTreeSet::new();
        for ProductVersion { product, version, released, support_ends } in &self.versions {
            if !versions.insert((product, version)) {
                faults.push(format!("features.versions has {product:?} {version:?} twice"));
            }
            if let (Some(released), Some(ends)) = (released, support_ends)
                && ends < released
            {
                faults.push(format!(
                    "features.versions: {product:?} {version:?} is released {released} after its support ends {ends}"
                ));
            }
        }
        for (currency, rate) in &self.money.rates {
            if !(rate.is_finite() && *rate > 0.0) {
                faults.push(format!("features.money.rates.{currency} is {rate}; expected a positive number"));
            }
        }
        if !self.money.rates.is_empty() && self.money.currency.is_none() {
            faults.push("features.money.rates needs features.money.currency".to_owned());
        }
        faults
    }

    /// What is wrong with the lists of names.
    fn list_faults(&self, faults: &mut Vec<String>) {
        let named = |(list, names): (&str, _)| (list.to_owned(), names);
        let groups = self.technology_groups.iter();
        let groups = groups.map(|(group, names)| (format!("technology_groups.{group}"), names));
        let installs: Vec<(String, &Vec<String>)> =
            std::iter::once(named(("technologies", &self.technologies))).chain(groups).collect();
        let others =
            [("topics", &self.topics), ("kinds", &self.kinds), ("categories", &self.categories)].map(named);
        for (list, names) in others.iter().chain(&installs) {
            let mut seen = BTreeSet::new();
            for name in *names {
                if !seen.insert(name) {
                    faults.push(format!("features.{list} names {name:?} twice"));
                }
                if name == "other" {
                    faults.push(format!(
                        "features.{list} names \"other\", which stands for all names not listed"
                    ));
                }
            }
        }
        for (list, names) in &installs {
            for product in &self.products {
                let own = std::iter::once(&product.name).chain(&product.installed_as);
                faults.extend(own.filter(|name| names.contains(name)).map(|name| {
                    format!(
                        "features.{list} names {name:?}, which is {} itself; uses_{} says that already, leave it out",
                        product.label, product.name
                    )
                }));
            }
        }
        let technographic = technographic::definitions(self);
        for (group, names) in &self.technology_groups {
            if names.is_empty() {
                faults.push(format!(
                    "features.technology_groups.{group} is empty; name installed products or leave it out"
                ));
            }
            let feature = format!("technographic__{group}__now");
            if technographic.iter().filter(|definition| definition.recipe.name == feature).count() > 1 {
                faults.push(format!(
                    "features.technology_groups.{group} would be the second {feature}; choose another name"
                ));
            }
        }
    }
}
