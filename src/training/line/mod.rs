//! Trains a whole line: bins, then a fit and an intent model per product, in parallel.
//!
//! Fit models learn on the day itself: best customers against everybody else. Intent models learn on
//! monthly snapshots that lie far enough back for their outcome to be known. All of them read the same
//! binned features, so scoring bins an account once.

mod archetypes;
mod error;
mod features;
mod fit;
mod gate;
mod held_out;
mod hidden;
mod intent;
mod one_model;
mod owners;
mod renewal;
mod seasons;
mod seeds;
mod snapshots;

pub use error::LineError;
pub use held_out::{HeldOutCases, TrainedLine};
pub(crate) use seeds::best_customers;

use crate::features::{FeatureBuilder, KnownDeals};
use crate::models::{Binning, FittedModel, Lookalike};
use crate::pipeline::{Manifest, Pipeline, PipelineError, ProductModels, RenewalModel, Sample, check_date};
use crate::progress::Progress;
use crate::quantity::AsOf;
use crate::scoring::Chunking;
use crate::seed::Seed;
use crate::spec::Spec;
use crate::tables::Dataset;
use crate::training::leak_gate::PassedGate;
use crate::training::{AdditiveParams, UpdateParams};
use gate::{all_passed, record};
use intent::Side;

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
    Upsell(usize),
    Renewal,
}

/// What a job gives.
enum Made {
    Model(Outcome),
    Renewal(Option<(Outcome, Binning)>),
}

/// What a training takes over from an older line.
#[derive(Clone, Copy)]
enum Kept<'a> {
    Nothing,
    /// Its bins and fit models.
    Fit(&'a Pipeline),
    /// Its bins and all models; those of intent are updated.
    All(&'a Pipeline, &'a UpdateParams),
}

impl<'a> Kept<'a> {
    const fn line(self) -> Option<&'a Pipeline> {
        match self {
            Self::Nothing => None,
            Self::Fit(line) | Self::All(line, _) => Some(line),
        }
    }

    const fn updated(self) -> Option<&'a Pipeline> {
        match self {
            Self::All(line, _) => Some(line),
            Self::Nothing | Self::Fit(_) => None,
        }
    }

    /// The dates that are learned from: an update has seen the older ones.
    fn unseen(self, dates: Vec<AsOf>) -> Vec<AsOf> {
        let last = self.updated().and_then(|line| line.manifest().intent_snapshots.last().copied());
        dates.into_iter().filter(|date| last.is_none_or(|last| *date > last)).collect()
    }
}

/// A trained model and how many cases it saw.
struct Outcome {
    model: FittedModel,
    held_out: HeldOutCases,
    positives: u64,
    cases: u64,
    /// What is known of the seeds; of fit models only.
    lookalike: Option<Lookalike>,
    /// Owners whose looks the model began from; of intent models only.
    owners: Option<u64>,
    gate: PassedGate,
}

impl Outcome {
    /// The fit model of a product as an older line has it; its held-out cases are not known any more.
    fn kept((models, sample): (&ProductModels, &Sample)) -> Self {
        let (model, positives) = (models.fit.clone(), sample.fit_seeds);
        Self {
            model,
            held_out: HeldOutCases::default(),
            positives,
            cases: positives,
            lookalike: models.lookalike.clone(),
            owners: None,
            gate: PassedGate::default(),
        }
    }
}

impl LineTrainer<'_> {
    /// Trains fit and intent for all products.
    ///
    /// The line is the same for every number of threads and every chunk size.
    ///
    /// # Errors
    /// [`LineError::Pipeline`] when the data cannot speak of the date, [`LineError::Build`] when features cannot be
    /// built, [`LineError::Leak`] when features know the outcome and are not allowed, [`LineError::Train`] when a model
    /// cannot be trained. A product with too few outcomes is not an error: its
    /// model says so and gives every account the same score.
    pub fn train(&self, dataset: &Dataset, progress: &dyn Progress) -> Result<Pipeline, LineError> {
        Ok(self.train_judged(dataset, progress)?.pipeline)
    }

    /// [`train`](Self::train), with the cases that say how good the models are.
    ///
    /// # Errors
    /// As [`train`](Self::train).
    pub fn train_judged(&self, dataset: &Dataset, progress: &dyn Progress) -> Result<TrainedLine, LineError> {
        self.train_models(dataset, Kept::Nothing, progress)
    }

    /// Trains the intent models alone, for what they say of cases they were not shown: one entry a product.
    ///
    /// # Errors
    /// As [`train`](Self::train).
    pub fn judge_intent(
        &self,
        dataset: &Dataset,
        progress: &dyn Progress,
    ) -> Result<Vec<HeldOutCases>, LineError> {
        check_date(dataset, self.as_of)?;
        let builder = FeatureBuilder::try_new(&self.spec.features, dataset)?;
        let dates = snapshots::dates(self.spec, dataset, self.as_of);
        let material = features::Material::prepare(self, &builder, dataset, &dates, None, progress)?;
        let products: Vec<usize> = (0..self.spec.products.len()).collect();
        progress.stage("training", products.len() as u64);
        let outcomes = self.chunking.parallelism.map(&products, |_, product| {
            let outcome = intent::train(self, &material, (*product, Side::Whitespace));
            progress.advance(1);
            outcome
        });
        Ok(all_passed(outcomes)?.into_iter().map(|outcome| outcome.held_out).collect())
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
        self.train_models(dataset, Kept::Fit(kept), progress)
    }

    /// Lets the intent models of `kept` follow the outcomes of the snapshots they have not learned from yet
    /// ([`UpdateParams::update`]), and keeps its fit models and bins.
    ///
    /// # Errors
    /// As [`refresh_intent`](Self::refresh_intent).
    pub fn update_intent(
        &self,
        kept: &Pipeline,
        params: &UpdateParams,
        dataset: &Dataset,
        progress: &dyn Progress,
    ) -> Result<TrainedLine, LineError> {
        self.train_models(dataset, Kept::All(kept, params), progress)
    }

    fn train_models(
        &self,
        dataset: &Dataset,
        keeps: Kept<'_>,
        progress: &dyn Progress,
    ) -> Result<TrainedLine, LineError> {
        check_date(dataset, self.as_of)?;
        let builder = FeatureBuilder::try_new(&self.spec.features, dataset)?;
        let kept = keeps.line();
        let dates = keeps.unseen(snapshots::dates(self.spec, dataset, self.as_of));
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
        let upsells = if self.spec.intent.upsell { products.len() } else { 0 };
        let jobs: Vec<Job> = (0..products.len())
            .map(Job::Intent)
            .chain((0..fits).map(Job::Fit))
            .chain((0..upsells).map(Job::Upsell))
            .chain([Job::Renewal])
            .collect();
        progress.stage("training", jobs.len() as u64);
        let outcomes = self.chunking.parallelism.map(&jobs, |_, job| {
            let made = match job {
                Job::Fit(product) => fit::train(self, dataset, &material, *product).map(Made::Model),
                Job::Intent(product) => {
                    intent::learn(self, &material, (*product, Side::Whitespace), keeps).map(Made::Model)
                }
                Job::Upsell(product) => {
                    intent::learn(self, &material, (*product, Side::Upsell), keeps).map(Made::Model)
                }
                Job::Renewal => renewal::train(self, dataset, &material.today).map(Made::Renewal),
            };
            progress.advance(1);
            made
        });

        let mut renewal = None;
        let models = all_passed(outcomes)?.into_iter().filter_map(|made| match made {
            Made::Model(outcome) => Some(outcome),
            Made::Renewal(made) => {
                renewal = made;
                None
            }
        });
        let mut outcomes = models.collect::<Vec<_>>().into_iter();
        let mut intents: Vec<Outcome> = outcomes.by_ref().take(products.len()).collect();
        let mut fits: Vec<Outcome> = match kept {
            Some(kept) => kept.products().iter().zip(&kept.manifest().samples).map(Outcome::kept).collect(),
            None => outcomes.by_ref().take(fits).collect(),
        };
        let mut upsells: Vec<Option<Outcome>> = outcomes.map(Some).collect();
        upsells.resize_with(products.len(), || None);
        let trained = fits.iter().chain(&intents).chain(upsells.iter().flatten());
        let gate = record(trained.chain(renewal.iter().map(|(made, _)| made)).map(|outcome| &outcome.gate));
        let mut held_out = Vec::new();
        for ((fit, intent), upsell) in fits.iter_mut().zip(&mut intents).zip(&mut upsells) {
            held_out.extend([&mut fit.held_out, &mut intent.held_out].map(std::mem::take));
            held_out.extend(upsell.as_mut().map(|upsell| std::mem::take(&mut upsell.held_out)));
        }
        held_out.extend(renewal.as_mut().map(|(made, _)| std::mem::take(&mut made.held_out)));
        let renewal = renewal.map(|(made, binning)| RenewalModel::try_new(binning, made.model));
        let renewal = renewal.transpose().map_err(PipelineError::from)?;
        let samples = products.iter().zip(&fits).zip(&intents).map(|((product, fit), intent)| Sample {
            product: product.name.clone(),
            fit_seeds: fit.positives,
            intent_positives: intent.positives,
            intent_cases: intent.cases,
            intent_owners: intent.owners,
        });
        let manifest = Manifest {
            as_of: self.as_of,
            fit_as_of: kept.map(Pipeline::fit_as_of),
            intent_as_of: keeps.updated().map(Pipeline::intent_as_of),
            seed: self.seed,
            n_accounts: material.today.accounts.len() as u64,
            intent_snapshots: match keeps.updated() {
                Some(kept) => kept.manifest().intent_snapshots.iter().copied().chain(dates).collect(),
                None => dates,
            },
            samples: samples.collect(),
            leak_gate: Some(gate),
        };
        let models = products.iter().zip(fits).zip(intents).zip(upsells);
        let models = models.map(|(((product, fit), intent), upsell)| ProductModels {
            product: product.name.clone(),
            fit: fit.model,
            intent: intent.model,
            upsell: upsell.map(|upsell| upsell.model),
            lookalike: fit.lookalike,
        });
        let models = models.collect();
        let pipeline = Pipeline::try_new(self.spec.clone(), material.binning, models, manifest)?;
        Ok(TrainedLine { pipeline: pipeline.with_renewal(renewal), held_out })
    }
}
