//! The fitted line as one value: build features, score, place on the grid, explain; save and load.
//!
//! A [`Pipeline`] holds everything scoring needs: the policy it was trained under, the bins, a fit and an intent model
//! per product, and where it comes from. It is immutable; `training` makes it, and [`Pipeline::save`] writes it as one
//! model file without code. Nothing here sees a label.

mod change;
mod error;
mod manifest;
mod profile;
mod reasons;
mod renewal;
mod score;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

pub(crate) use change::moved_groups;
pub use change::{BASE_GROUP, Cause, ChangePart, ProductChange, ScoreChange, ScoredFrom, score_changes};
pub use error::PipelineError;
pub use manifest::{LeakRecord, Manifest, Sample};
pub use profile::{ProductProfile, Profile, ScoreProfile};
pub use reasons::Reason;
use reasons::Stories;
pub use renewal::{RenewalModel, RenewalScore};
pub(crate) use score::has_competitor;
pub use score::{ProductScore, ScoredAccount, check_date, check_date_within};

use crate::artifact::{self, ArtifactError, Header, Origin, Payload};
use crate::features::{Recipe, recipes};
use crate::models::{Binning, FittedModel, Lookalike};
use crate::quantity::{AsOf, LogOdds};
use crate::spec::Spec;

/// The two models of a product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductModels {
    /// The product, as named in the spec.
    pub product: String,
    /// Does it look like our best customers?
    pub fit: FittedModel,
    /// Is something happening?
    pub intent: FittedModel,
    /// Will an owner buy more? Of lines whose spec asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upsell: Option<FittedModel>,
    /// What is known of the best customers beside the fit model; lines of older releases do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookalike: Option<Lookalike>,
}

/// Everything a run needs to score: policy, bins, models and their origin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Shape", into = "Shape")]
pub struct Pipeline {
    spec: Spec,
    recipes: Vec<Recipe>,
    stories: Stories,
    binning: Binning,
    products: Vec<ProductModels>,
    manifest: Manifest,
    baseline: Option<Profile>,
    renewal: Option<RenewalModel>,
}

/// The shape of a pipeline in the model file, format version 1.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    spec: Spec,
    binning: Binning,
    products: Vec<ProductModels>,
    manifest: Manifest,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    baseline: Option<Profile>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    renewal: Option<RenewalModel>,
}

impl From<Pipeline> for Shape {
    fn from(pipeline: Pipeline) -> Self {
        let Pipeline { spec, recipes: _, stories: _, binning, products, manifest, baseline, renewal } =
            pipeline;
        Self { spec, binning, products, manifest, baseline, renewal }
    }
}

impl TryFrom<Shape> for Pipeline {
    type Error = PipelineError;

    fn try_from(shape: Shape) -> Result<Self, PipelineError> {
        let spec = shape.spec.checked(Path::new("in the model file"))?;
        let line =
            Self::try_new(spec, shape.binning, shape.products, shape.manifest)?.with_renewal(shape.renewal);
        match shape.baseline {
            Some(baseline) => line.with_baseline(baseline),
            None => Ok(line),
        }
    }
}

impl Payload for Pipeline {
    const KIND: &'static str = "pipeline";
}

impl Pipeline {
    /// Joins the parts of a fitted line.
    ///
    /// # Errors
    /// [`PipelineError::Products`] when the models are not those of the products of the spec, in their order;
    /// [`PipelineError::Features`] when the bins are for features the spec does not declare; [`PipelineError::Model`]
    /// when a model was fitted on other bins.
    pub fn try_new(
        spec: Spec,
        binning: Binning,
        products: Vec<ProductModels>,
        manifest: Manifest,
    ) -> Result<Self, PipelineError> {
        let expected: Vec<String> = spec.products.iter().map(|product| product.name.clone()).collect();
        let found: Vec<String> = products.iter().map(|models| models.product.clone()).collect();
        if expected != found {
            return Err(PipelineError::Products { expected, found });
        }
        // A release may declare more features than a model was trained on; it may not forget one.
        let mut known: BTreeMap<String, Recipe> =
            recipes(&spec.features).into_iter().map(|recipe| (recipe.name.clone(), recipe)).collect();
        let names = binning.signature().features().iter().map(|feature| feature.name.as_str());
        let (recipes, missing) = names.fold((Vec::new(), Vec::new()), |(mut found, mut missing), name| {
            match known.remove(name) {
                Some(recipe) => found.push(recipe),
                None => missing.push(name.to_owned()),
            }
            (found, missing)
        });
        if !missing.is_empty() {
            return Err(PipelineError::Features { missing });
        }
        for models in &products {
            for model in [&models.fit, &models.intent].into_iter().chain(&models.upsell) {
                model.check_binning(&binning)?;
            }
            let lookalike = models.lookalike.as_ref();
            if let Some(archetypes) = lookalike.and_then(|lookalike| lookalike.archetypes.as_ref()) {
                archetypes.check_binning(&binning)?;
            }
        }
        let stories = Stories::new(&recipes);
        Ok(Self { spec, recipes, stories, binning, products, manifest, baseline: None, renewal: None })
    }

    /// The same line with a model of renewals, or without one.
    #[must_use]
    pub fn with_renewal(self, renewal: Option<RenewalModel>) -> Self {
        Self { renewal, ..self }
    }

    /// Will an agreement be renewed? Lines of older releases do not know, nor do those trained where none had ended.
    pub const fn renewal(&self) -> Option<&RenewalModel> {
        self.renewal.as_ref()
    }

    /// The policy the line was trained under and scores by.
    pub const fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The features, in the order the models read them.
    pub fn recipes(&self) -> &[Recipe] {
        &self.recipes
    }

    /// The models, in the order of the products of the spec.
    pub fn products(&self) -> &[ProductModels] {
        &self.products
    }

    /// Where the line comes from.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The bins of the features.
    pub const fn binning(&self) -> &Binning {
        &self.binning
    }

    /// What every group of features that tell one story adds to the margin of a model of this line, by its name; with the
    /// base of the model they add up to the margin.
    ///
    /// # Errors
    /// [`PipelineError::Bins`] when `bins` is not a row of this line.
    pub fn effects(
        &self,
        model: &FittedModel,
        bins: &[u8],
    ) -> Result<BTreeMap<&str, LogOdds>, PipelineError> {
        self.check_bins(bins)?;
        Ok(Stories::effects(model, bins, &self.recipes))
    }

    /// The features that the reasons of a score speak of, in the order of the reasons.
    ///
    /// # Errors
    /// [`PipelineError::Bins`] when `bins` is not a row of this line.
    pub fn reason_features(&self, model: &FittedModel, bins: &[u8]) -> Result<Vec<&Recipe>, PipelineError> {
        self.check_bins(bins)?;
        let leading = self.stories.leading(model, bins);
        Ok(leading.into_iter().map(|(feature, _)| &self.recipes[feature]).collect())
    }

    /// Bins come back from files, so they are checked before a table is looked into.
    fn check_bins(&self, bins: &[u8]) -> Result<(), PipelineError> {
        let sound = bins.len() == self.recipes.len()
            && bins.iter().enumerate().all(|(feature, bin)| self.binning.range(feature, *bin).is_some());
        if sound {
            Ok(())
        } else {
            Err(PipelineError::Bins { expected: self.recipes.len(), found: bins.len() })
        }
    }

    fn origin(&self) -> Origin {
        Origin { as_of: Some(self.manifest.as_of), signature: self.binning.signature().fingerprint() }
    }

    /// The header and the bytes of the model file; equal lines give equal bytes.
    ///
    /// # Errors
    /// [`ArtifactError::Payload`] when a part has no JSON form.
    pub fn to_bytes(&self) -> Result<(Header, Vec<u8>), ArtifactError> {
        artifact::to_bytes(self, &self.origin())
    }

    /// Writes the model file, whole or not at all.
    ///
    /// # Errors
    /// [`ArtifactError::Output`] when the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<Header, ArtifactError> {
        artifact::save(self, &self.origin(), path)
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// Every [`ArtifactError`] of [`artifact::load`].
    pub fn load(path: &Path) -> Result<(Header, Self), ArtifactError> {
        artifact::load(path)
    }

    /// The date of the knowledge the line was trained on.
    pub const fn as_of(&self) -> AsOf {
        self.manifest.as_of
    }

    /// The date of the knowledge the fit models were trained on.
    pub fn fit_as_of(&self) -> AsOf {
        self.manifest.fit_as_of.unwrap_or(self.manifest.as_of)
    }

    /// The date of the knowledge the intent models were last trained anew on; [`as_of`](Self::as_of) is later where they
    /// were updated since.
    pub fn intent_as_of(&self) -> AsOf {
        self.manifest.intent_as_of.unwrap_or(self.manifest.as_of)
    }
}
