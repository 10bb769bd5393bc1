//! Trains one model of a line, whatever it is about: the gate before it, the fit, and the rate alone where outcomes are few.

use std::num::NonZeroU32;

use super::{HeldOutCases, LineError, LineTrainer, Outcome};
use crate::models::{AdditiveModel, Binning, Calibration, Evidence, FittedModel, ModelError, Scale, Trend};
use crate::parallelism::Parallelism;
use crate::quantity::{LogOdds, Probability, QuantityError};
use crate::training::leak_gate::PassedGate;
use crate::training::{AdditiveParams, TrainError, TrainingRows, TrainingSet};

/// What a model is called, and what it is of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    /// `fit`, `intent`, `upsell` or `renewal`.
    pub(super) model: &'static str,
    /// The product, or what else it is of.
    pub(super) of: &'a str,
    /// Whether its outcomes are a list that was given.
    pub(super) listed: bool,
    /// A model of an outcome that is alike, where its tables begin.
    pub(super) prior: Option<&'a AdditiveModel>,
}

impl LineTrainer<'_> {
    /// Trains a model of a product.
    pub(super) fn train_model(
        &self,
        model: &'static str,
        product: usize,
        rows: TrainingRows<'_>,
        prior: Option<&AdditiveModel>,
        cases: u64,
    ) -> Result<Outcome, LineError> {
        let product = &self.spec.products[product];
        let listed = model == "fit" && !product.seeds.is_empty();
        self.train_subject(Subject { model, of: &product.name, listed, prior }, rows, cases)
    }

    /// Trains one model on one thread: the models are what runs in parallel. With too few outcomes to learn from, the
    /// model is the rate alone and says so.
    pub(super) fn train_subject(
        &self,
        subject: Subject<'_>,
        rows: TrainingRows<'_>,
        cases: u64,
    ) -> Result<Outcome, LineError> {
        let Subject { model, of, prior, .. } = subject;
        let failed = |source| LineError::Train { model, product: of.to_owned(), source };
        let positives = rows.labels.iter().filter(|label| **label).count() as u64;
        let mut gate = PassedGate::default();
        let trends = self.trends(model, rows.binning).map_err(failed)?;
        let set = TrainingSet::try_new(rows).and_then(|set| set.with_trends(&trends));
        let set = set.and_then(|set| match prior {
            Some(prior) => set.with_prior(prior),
            None => Ok(set),
        });
        let (model, held_out) = match set {
            Ok(set) => {
                // Of so few outcomes no column is heard, so none can tell: and by chance, some would seem to.
                let ladder = self.params.ladder;
                if ladder.hears(&ladder.of_set(&set)) {
                    gate = self.ask(&set, subject)?;
                }
                // Fit and intent of every product, and upsell where it is wanted.
                let kinds = if self.spec.intent.upsell { 3 } else { 2 };
                let n_models = u32::try_from(kinds * self.spec.products.len()).unwrap_or(u32::MAX);
                let judged_together = NonZeroU32::new(n_models).unwrap_or(NonZeroU32::MIN);
                let params = self.params.told(&self.spec.training);
                let params = AdditiveParams { scale: self.spec.scale.into(), judged_together, ..params };
                let seed = self.seed.named(model).named(of);
                let trained = params.fit(&set, seed, &Parallelism::serial()).map_err(failed)?;
                (trained.model, HeldOutCases::of(&set, trained.report.held_out))
            }
            Err(error) if error.too_few_outcomes() => {
                (self.rate_alone(&rows, positives, cases).map_err(failed)?, HeldOutCases::default())
            }
            Err(error) => return Err(failed(error)),
        };
        Ok(Outcome { model, held_out, positives, cases, lookalike: None, gate })
    }

    /// Which features a model may move one way only.
    pub(super) fn trends(&self, model: &str, binning: &Binning) -> Result<Vec<Trend>, TrainError> {
        let features = binning.signature().features();
        match model {
            "fit" => Ok(self.spec.fit.trends.trends(features)?),
            "intent" | "upsell" => Ok(self.spec.intent.trends.trends(features)?),
            _ => Ok(vec![Trend::Free; features.len()]),
        }
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
