//! Trains a whole line: bins, then a fit and an intent model per product, in parallel.
//!
//! Fit models learn on the day itself: best customers against everybody else. Intent models learn on
//! monthly snapshots that lie far enough back for their outcome to be known. All of them read the same
//! binned features, so scoring bins an account once.

mod error;
mod features;
mod fit;
mod held_out;
mod intent;
mod seeds;
mod snapshots;

pub use error::LineError;
pub use held_out::{HeldOutCases, TrainedLine};
pub(crate) use seeds::best_customers;

use std::num::NonZeroU32;

use crate::features::{FeatureBuilder, KnownDeals};
use crate::models::{AdditiveModel, Calibration, Evidence, FittedModel, ModelError, Scale};
use crate::parallelism::Parallelism;
use crate::pipeline::{Manifest, Pipeline, PipelineError, ProductModels, Sample, check_date};
use crate::progress::Progress;
use crate::quantity::{AsOf, LogOdds, Probability, QuantityError};
use crate::scoring::Chunking;
use crate::seed::Seed;
use crate::spec::Spec;
use crate::tables::Dataset;
use crate::training::{AdditiveParams, TrainError, TrainingRows, TrainingSet};

/// Everything training reads, beside the tables.
#[derive(Debug)]
pub struct LineTrainer<'a> {
    /// The policy.
    pub spec: &'a Spec,
    /// Settings of the boosting of every model.
    pub params: AdditiveParams,
    /// Only what was known before this date is seen.
    pub as_of: AsOf,
    /// Seed of everything random.
    pub seed: Seed,
    /// How accounts are cut up and worked on.
    pub chunking: Chunking,
    /// Deals that came to their end and are known beside the tables.
    pub deals: KnownDeals,
}

/// One model to train.
#[derive(Clone, Copy, Debug)]
enum Job {
    Fit(usize),
    Intent(usize),
}

/// A trained model and how many cases it saw.
struct Outcome {
    model: FittedModel,
    held_out: HeldOutCases,
    positives: u64,
    cases: u64,
}

impl Outcome {
    /// The fit model of a product as an older line has it; its held-out cases are not known any more.
    fn kept((models, sample): (&ProductModels, &Sample)) -> Self {
        let (model, positives) = (models.fit.clone(), sample.fit_seeds);
        Self { model, held_out: HeldOutCases::default(), positives, cases: positives }
    }
}

impl LineTrainer<'_> {
    /// Trains fit and intent for all products.
    ///
    /// The line is the same for every number of threads and every chunk size.
    ///
    /// # Errors
    /// [`LineError::Pipeline`] when the data cannot speak of the date, [`LineError::Build`] when features cannot be
    /// built, [`LineError::Train`] when a model cannot be trained. A product with too few outcomes is not an error: its
    /// model says so and gives every account the same score.
    pub fn train(&self, dataset: &Dataset, progress: &dyn Progress) -> Result<Pipeline, LineError> {
        Ok(self.train_judged(dataset, progress)?.pipeline)
    }

    /// [`train`](Self::train), with the cases that say how good the models are.
    ///
    /// # Errors
    /// As [`train`](Self::train).
    pub fn train_judged(&self, dataset: &Dataset, progress: &dyn Progress) -> Result<TrainedLine, LineError> {
        self.train_models(dataset, None, progress)
    }

    /// Trains the intent models anew and keeps the fit models of `kept`, with its bins.
    ///
    /// An account then stays in its row of the grid until fit is trained again.
    ///
    /// # Errors
    /// As [`train`](Self::train); [`PipelineError::Features`] and
    /// [`PipelineError::Products`] within [`LineError::Pipeline`] when the spec
    /// asks for other features or products than `kept` has.
    pub fn refresh_intent(
        &self,
        kept: &Pipeline,
        dataset: &Dataset,
        progress: &dyn Progress,
    ) -> Result<TrainedLine, LineError> {
        self.train_models(dataset, Some(kept), progress)
    }

    fn train_models(
        &self,
        dataset: &Dataset,
        kept: Option<&Pipeline>,
        progress: &dyn Progress,
    ) -> Result<TrainedLine, LineError> {
        check_date(dataset, self.as_of)?;
        let builder = FeatureBuilder::try_new(&self.spec.features, dataset)?;
        let dates = snapshots::dates(self.spec, dataset, self.as_of);
        let binning = kept.map(Pipeline::binning);
        let material = features::Material::prepare(self, &builder, dataset, &dates, binning, progress)?;

        let products = &self.spec.products;
        if let Some(kept) = kept {
            let expected: Vec<String> = products.iter().map(|product| product.name.clone()).collect();
            let found: Vec<String> = kept.products().iter().map(|models| models.product.clone()).collect();
            if expected != found {
                return Err(PipelineError::Products { expected, found }.into());
            }
        }
        let fits = if kept.is_some() { 0 } else { products.len() };
        let jobs: Vec<Job> = (0..products.len()).map(Job::Intent).chain((0..fits).map(Job::Fit)).collect();
        progress.stage("training", jobs.len() as u64);
        let outcomes = self.chunking.parallelism.map(&jobs, |_, job| {
            let outcome = match job {
                Job::Fit(product) => fit::train(self, &material, *product),
                Job::Intent(product) => intent::train(self, &material, *product),
            };
            progress.advance(1);
            outcome
        });

        let mut outcomes = outcomes.into_iter();
        let mut intents: Vec<Outcome> = outcomes.by_ref().take(products.len()).collect::<Result<_, _>>()?;
        let mut fits: Vec<Outcome> = match kept {
            Some(kept) => kept.products().iter().zip(&kept.manifest().samples).map(Outcome::kept).collect(),
            None => outcomes.collect::<Result<_, _>>()?,
        };
        let held_out = fits
            .iter_mut()
            .zip(&mut intents)
            .flat_map(|(fit, intent)| [&mut fit.held_out, &mut intent.held_out].map(std::mem::take))
            .collect();
        let samples = products.iter().zip(&fits).zip(&intents).map(|((product, fit), intent)| Sample {
            product: product.name.clone(),
            fit_seeds: fit.positives,
            intent_positives: intent.positives,
            intent_cases: intent.cases,
        });
        let manifest = Manifest {
            as_of: self.as_of,
            fit_as_of: kept.map(Pipeline::fit_as_of),
            seed: self.seed,
            n_accounts: material.today.accounts.len() as u64,
            intent_snapshots: dates,
            samples: samples.collect(),
        };
        let models = products.iter().zip(fits).zip(intents).map(|((product, fit), intent)| ProductModels {
            product: product.name.clone(),
            fit: fit.model,
            intent: intent.model,
        });
        let models = models.collect();
        let pipeline = Pipeline::try_new(self.spec.clone(), material.binning, models, manifest)?;
        Ok(TrainedLine { pipeline, held_out })
    }

    /// Trains one model on one thread: the models are what runs in parallel. With too few outcomes to learn from, the
    /// model is the rate alone and says so.
    fn train_model(
        &self,
        model: &'static str,
        product: usize,
        rows: TrainingRows<'_>,
        cases: u64,
    ) -> Result<Outcome, LineError> {
        let name = &self.spec.products[product].name;
        let failed = |source| LineError::Train { model, product: name.clone(), source };
        let positives = rows.labels.iter().filter(|label| **label).count() as u64;
        let (model, held_out) = match TrainingSet::try_new(rows) {
            Ok(set) => {
                // Fit and intent of every product.
                let n_models = u32::try_from(2 * self.spec.products.len()).unwrap_or(u32::MAX);
                let judged_together = NonZeroU32::new(n_models).unwrap_or(NonZeroU32::MIN);
                let params = AdditiveParams { scale: self.spec.scale.into(), judged_together, ..self.params };
                let seed = self.seed.named(model).named(name);
                let trained = params.fit(&set, seed, &Parallelism::serial()).map_err(failed)?;
                (trained.model, HeldOutCases::of(&set, trained.report.held_out))
            }
            Err(error) if error.too_few_outcomes() => {
                (self.rate_alone(&rows, positives, cases).map_err(failed)?, HeldOutCases::default())
            }
            Err(error) => return Err(failed(error)),
        };
        Ok(Outcome { model, held_out, positives, cases })
    }

    /// A model without tables, at the rate of the cases, drawn half a case towards one half so that it is never 0 or 1
    /// (Jeffreys 1946, <https://doi.org/10.1098/rspa.1946.0056>).
    fn rate_alone(
        &self,
        rows: &TrainingRows<'_>,
        positives: u64,
        cases: u64,
    ) -> Result<FittedModel, TrainError> {
        let cases = cases.max(positives);
        let rate = (positives as f64 + 0.5) / (cases as f64 + 1.0);
        let quantity = |error: QuantityError| ModelError::Evidence { fault: error.to_string() };
        let probability = Probability::try_from(rate).map_err(quantity)?;
        let base = LogOdds::try_from(libm::log(rate / (1.0 - rate))).map_err(quantity)?;
        Ok(FittedModel::try_new(
            rows.binning,
            AdditiveModel::constant(base)?,
            Calibration::constant(probability),
            Scale::anchored(&[probability], probability, &self.spec.scale.into())?,
            Evidence::try_new(cases, positives, rate, None)?,
        )?
        .on_rung(self.params.ladder.choose(positives, cases - positives)))
    }
}
