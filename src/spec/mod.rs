//! The spec: everything that is policy, as data.
//!
//! Products, features, seeds, horizons, bands, grid scheme and tiers are read from one TOML file, such as
//! `models/cloudascent.toml`. A spec that has been read is sound: [`Spec::from_toml`] reports all its faults together.
//! The spec of a fitted line is part of its model file, because scoring follows the same policy.

mod cadence;
mod gate;
mod preset;
mod scale;
mod seeds;
mod training;
mod trends;

use std::collections::BTreeSet;
use std::num::{NonZeroU8, NonZeroU32};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use cadence::CadenceSpec;
pub use gate::{GateSpec, LeakSpec};
pub use scale::ScaleSpec;
pub use training::TrainingSpec;

use crate::error::Coded;
use crate::features::{Family, FeatureSpec, ProductTraits};
use crate::grid::{Cuts, GridScheme};
use crate::models::TrendRules;
use crate::quantity::{AsOf, Share};
use crate::targeting::TierPreset;

/// A spec could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// The file is not there or cannot be read.
    #[error("cannot read spec {path}: {source}; check the path and its permissions")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The text is not TOML of the expected shape.
    #[error("spec {path}: {source}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What the TOML reader said, with line and column.
        source: Box<toml::de::Error>,
    },
    /// The shape is right but the content is not sound.
    #[error("spec {path} has {} faults:\n  {}", .faults.len(), .faults.join("\n  "))]
    Unsound {
        /// The file.
        path: PathBuf,
        /// All faults, in words.
        faults: Vec<String>,
    },
    /// A list of best customers cannot be used.
    #[error("seeds {path}: {fault}")]
    Seeds {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        fault: String,
    },
    /// Accounts that were listed as best customers are not in the data.
    #[error(
        "{unknown} of {listed} accounts listed as best customers of {product} are not in the data, {first:?} first; check the list and the ids of accounts"
    )]
    UnknownSeeds {
        /// The product.
        product: String,
        /// Accounts listed.
        listed: usize,
        /// How many of them are not known.
        unknown: usize,
        /// The first of those.
        first: String,
    },
}

impl Coded for SpecError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "E_SPEC_UNREADABLE",
            Self::Malformed { .. } => "E_SPEC_MALFORMED",
            Self::Unsound { .. } => "E_SPEC_UNSOUND",
            Self::Seeds { .. } => "E_SPEC_SEEDS",
            Self::UnknownSeeds { .. } => "E_SEEDS_UNKNOWN",
        }
    }
}

/// The policy of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name of the spec, carried into every output.
    pub name: String,
    /// Which tiers (SMB sub-segments) companies fall into.
    #[serde(default, deserialize_with = "preset::name_or_whole")]
    pub tiers: TierPreset,
    /// Which cell of the grid belongs to which cluster.
    #[serde(default, deserialize_with = "preset::name_or_whole")]
    pub grid: GridScheme,
    /// Which features are built.
    pub features: FeatureSpec,
    /// How the fit models are trained.
    pub fit: FitSpec,
    /// How the intent models are trained.
    pub intent: IntentSpec,
    /// Where the scores 75, 55 and 30 are anchored.
    #[serde(default)]
    pub scale: ScaleSpec,
    /// When models are trained again.
    #[serde(default, skip_serializing_if = "CadenceSpec::is_default")]
    pub cadence: CadenceSpec,
    /// How models are boosted, where it is other than usual.
    #[serde(default, skip_serializing_if = "TrainingSpec::is_default")]
    pub training: TrainingSpec,
    /// What the leak gate lets through.
    #[serde(default, skip_serializing_if = "LeakSpec::is_default")]
    pub leaks: LeakSpec,
    /// The products, in the order of every output.
    #[serde(rename = "product")]
    pub products: Vec<ProductSpec>,
}

/// A product and what is special about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductSpec {
    /// Its name in all tables.
    pub name: String,
    /// How it is written for people.
    pub label: String,
    /// Installed products that compete with it.
    #[serde(default)]
    pub competitors: Vec<String>,
    /// Names, beside its own, under which it is found installed.
    #[serde(default)]
    pub installed_as: Vec<String>,
    /// Scores that part the fit bands.
    #[serde(default)]
    pub fit_cuts: Cuts,
    /// Scores that part the intent bands.
    #[serde(default)]
    pub intent_cuts: Cuts,
    /// Which accounts get a score; all when left out.
    #[serde(default, skip_serializing_if = "GateSpec::is_open")]
    pub gate: GateSpec,
    /// The accounts fit looks for, by their ids, in place of the rule of [`FitSpec`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seeds: Vec<String>,
}

/// How the lookalike model of each product is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitSpec {
    /// Families the model may read. Features of the product itself are never read: a customer of the product would be
    /// known by them.
    pub families: Vec<Family>,
    /// Share of a tier's customers of the product, by trailing value, that are its best customers.
    pub seed_share: Share,
    /// Months of the trailing value.
    pub trailing_months: NonZeroU8,
    /// Features that may move fit one way only.
    #[serde(default, skip_serializing_if = "TrendRules::is_empty")]
    pub trends: TrendRules,
}

/// What counts as a success of an intent model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntentLabel {
    /// The first purchase of the product, by an account that had none.
    FirstPurchase,
    /// Any purchase of the product.
    AnyPurchase,
}

/// How the intent model of each product is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntentSpec {
    /// Families the model may read.
    pub families: Vec<Family>,
    /// What counts as a success.
    #[serde(default = "first_purchase")]
    pub label: IntentLabel,
    /// Months after a snapshot in which a success counts.
    pub horizon_months: NonZeroU8,
    /// Monthly snapshots learned from; the latest says when to stop, and calibrates.
    pub snapshots: NonZeroU8,
    /// Most cases without success that a product learns from; more are drawn by hash and weighted.
    #[serde(default = "max_negatives")]
    pub max_negatives: NonZeroU32,
    /// Whether a third model of each product says which of its owners will buy more of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub upsell: bool,
    /// Days after which purchases are known; outcomes of the last days before a date are not complete, and no horizon that is
    /// learned from or judged on ends in them.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub label_delay_days: u16,
    /// Features that may move intent, and upsell, one way only.
    #[serde(default, skip_serializing_if = "TrendRules::is_empty")]
    pub trends: TrendRules,
}

impl IntentSpec {
    /// The last of the monthly dates whose outcomes are complete on `as_of`, and those before it: the horizon of each, and the
    /// label delay after it, end by then. `months` back are left out where the end of a shorter month would leak its last days.
    ///
    /// ```
    /// use propensity::quantity::AsOf;
    /// use propensity::spec::Spec;
    ///
    /// let mut intent = Spec::cloudascent()?.intent;
    /// let as_of: AsOf = "2026-03-25".parse()?;
    /// assert_eq!(intent.complete(as_of, 0), Some("2025-12-25".parse()?));
    /// intent.label_delay_days = 10;
    /// assert_eq!(intent.complete(as_of, 0), Some("2025-12-15".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn complete(&self, as_of: AsOf, months: i32) -> Option<AsOf> {
        let horizon = i32::from(self.horizon_months.get());
        let known = as_of.plus_days(-i32::from(self.label_delay_days));
        let date = known.plus_months(-horizon - months);
        (date.plus_months(horizon) <= known).then_some(date)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
const fn is_nought(days: &u16) -> bool {
    *days == 0
}

const fn first_purchase() -> IntentLabel {
    IntentLabel::FirstPurchase
}

const fn max_negatives() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(199_999)
}

impl Spec {
    /// Reads a spec from a file.
    ///
    /// # Errors
    /// [`SpecError::Unreadable`], else as [`Spec::from_toml`].
    pub fn load(path: &Path) -> Result<Self, SpecError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| SpecError::Unreadable { path: path.to_path_buf(), source })?;
        Self::from_toml(&text, path)
    }

    /// Reads a spec from text; `path` is only for messages.
    ///
    /// # Errors
    /// [`SpecError::Malformed`] with line and column, or [`SpecError::Unsound`] with all faults.
    pub fn from_toml(text: &str, path: &Path) -> Result<Self, SpecError> {
        let spec: Self = toml::from_str(text)
            .map_err(|source| SpecError::Malformed { path: path.to_path_buf(), source: Box::new(source) })?;
        spec.checked(path)
    }

    /// A spec that is sound, with its products told to the feature builders.
    pub(crate) fn checked(mut self, path: &Path) -> Result<Self, SpecError> {
        self.features.products = self.products.iter().map(ProductSpec::traits).collect();
        let mut faults = self.faults();
        // What the features are called is only known of sound ones.
        if faults.is_empty() {
            faults = self.trend_faults();
        }
        if !faults.is_empty() {
            return Err(SpecError::Unsound { path: path.to_path_buf(), faults });
        }
        Ok(self)
    }

    /// The text of the spec that ships with the library: `models/cloudascent.toml`.
    pub const CLOUDASCENT: &str = include_str!("../../models/cloudascent.toml");

    /// The spec that ships with the library: `models/cloudascent.toml`.
    ///
    /// # Errors
    /// As [`Spec::from_toml`]; a test holds that there are none.
    pub fn cloudascent() -> Result<Self, SpecError> {
        Self::from_toml(Self::CLOUDASCENT, Path::new("models/cloudascent.toml"))
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = self.features.faults();
        if self.products.is_empty() {
            faults.push("there is no [[product]]; name at least one".to_owned());
        }
        let mut seen = BTreeSet::new();
        for product in &self.products {
            if !seen.insert(&product.name) {
                faults.push(format!("product {:?} is there twice", product.name));
            }
        }
        for product in &self.products {
            let known = |tier: &String| self.tiers.tiers().iter().any(|other| other.name == *tier);
            let unknown = product.gate.tiers.iter().filter(|tier| !known(tier));
            faults.extend(unknown.map(|tier| {
                format!("product {:?} has a gate of tier {tier:?}, which the tiers do not have", product.name)
            }));
            if product.gate.competitor_installed && !self.features.families.contains(&Family::Technographic) {
                faults.push(format!(
                    "product {:?} has a gate of competitors, but features.families does not build technographic",
                    product.name
                ));
            }
        }
        faults.extend(self.cadence.fault());
        let (shares, lifts) = (self.scale.shares, self.scale.lifts);
        if !(shares[0] > 0.0 && shares.is_sorted_by(|a, b| a < b) && shares[2] < 1.0) {
            faults
                .push(format!("scale.shares is {shares:?}; expected three ascending shares between 0 and 1"));
        }
        if !(lifts[0].is_finite() && lifts.is_sorted_by(|a, b| a > b) && lifts[2] >= 1.0) {
            faults.push(format!("scale.lifts is {lifts:?}; expected three descending numbers from 1 up"));
        }
        for (model, families) in [("fit", &self.fit.families), ("intent", &self.intent.families)] {
            if families.is_empty() {
                faults.push(format!("{model}.families is empty; name at least one family"));
            }
            for family in families.iter().filter(|family| !self.features.families.contains(family)) {
                faults.push(format!(
                    "{model}.families names {family:?}, which features.families does not build"
                ));
            }
        }
        faults
    }
}

impl ProductSpec {
    fn traits(&self) -> ProductTraits {
        ProductTraits {
            name: self.name.clone(),
            label: self.label.clone(),
            competitors: self.competitors.clone(),
            installed_as: self.installed_as.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_spec_is_sound() {
        let spec = Spec::cloudascent().unwrap();
        assert_eq!(spec.products.len(), 7);
        assert_eq!(spec.features.products.len(), 7);
    }

    #[test]
    fn all_faults_are_reported_together() {
        let text = include_str!("../../models/cloudascent.toml")
            .replace("name = \"surface\"", "name = \"azure\"")
            .replacen("families = [\"firmographic\", ", "families = [", 1)
            .replacen("technologies = [", "technologies = [\"security\", ", 1);
        let error = Spec::from_toml(&text, Path::new("broken.toml")).unwrap_err().to_string();
        assert!(error.contains("\"azure\" is there twice"), "{error}");
        assert!(error.contains("fit.families names Firmographic"), "{error}");
        assert!(
            error.contains("features.technologies names \"security\", which is Security itself"),
            "{error}"
        );
    }

    #[test]
    fn a_misspelt_key_is_refused_with_its_line() {
        let error = Spec::from_toml("name = \"x\"\ntierz = \"smb_2025\"\n", Path::new("x.toml")).unwrap_err();
        assert_eq!(error.code(), "E_SPEC_MALFORMED");
        assert!(error.to_string().contains("tierz"), "{error}");
    }
}
