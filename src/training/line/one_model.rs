//! Trains one model of a line, whatever it is about: the gate before it, the fit, and the rate alone where outcomes are few.

use std::num::NonZeroU32;

use super::{HeldOutCases, LineError, LineTrainer, Outcome};
use crate::models::{
    AdditiveModel, Binning, Calibration, Evidence, FittedModel, ModelError, Rung, Scale, Trend,
};
use crate::parallelism::Parallelism;
use crate::quantity::{LogOdds, Probability, QuantityError};
use crate::training::leak_gate::PassedGate;
use crate::training::{AdditiveParams, TrainError, TrainingRows, TrainingSet};

/// The questions that models of a line answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ModelKind {
    /// Does it look like our best customers?
    Fit,
    /// Will it buy?
    Intent,
    /// Will an owner pay more?
    Upsell,
    /// Will an agreement be renewed?
    Renewal,
}

impl ModelKind {
    /// What its models are called, in messages and where seeds are named.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Fit => "fit",
            Self::Intent => "intent",
            Self::Upsell => "upsell",
            Self::Renewal => "renewal",
        }
    }
}

/// What a model answers, and what it is of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) kind: ModelKind,
    /// The product, or what else it is of.
    pub(super) of: &'a str,
    /// Whether its outcomes are a list that was given.
    pub(super) listed: bool,
    /// A model of an outcome that is alike, where its tables begin.
    pub(super) prior: Option<&'a AdditiveModel>,
}

impl<'a> Subject<'a> {
    /// The model of a kind, of something that is no product or of one without a list of seeds.
    pub(super) const fn new(kind: ModelKind, of: &'a str) -> Self {
        Self { kind, of, listed: false, prior: None }
    }

    /// An error in the training of the model.
    pub(super) fn failed(&self, source: TrainError) -> LineError {
        LineError::Train { model: self.kind.name(), product: self.of.to_owned(), source }
    }
}

impl LineTrainer<'_> {
    /// Whether rows have outcomes enough for their tables to be boosted.
    pub(super) fn boosts(&self, rows: TrainingRows<'_>) -> bool {
        TrainingSet::try_new(rows).is_ok_and(|set| self.params.ladder.of_set(&set).rung >= Rung::Boosting)
    }

    /// Trains one model on one thread: the models are what runs in parallel. With too few outcomes to learn from, the
    /// model is the rate alone and says so.
    pub(super) fn train_model(
        &self,
        subject: Subject<'_>,
        rows: TrainingRows<'_>,
        cases: u64,
    ) -> Result<Outcome, LineError> {
        let Subject { kind, of, prior, .. } = subject;
        let failed = |source| subject.failed(source);
        let positives = rows.labels.iter().filter(|label| **label).count() as u64;
        let mut gate = PassedGate::default();
        let trends = self.trends(kind, rows.binning).map_err(failed)?;
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
                // Fit and intent of every product, and upsell where it is wanted; and that of renewals.
                let kinds = if self.spec.intent.upsell { 3 } else { 2 };
                let n_models = u32::try_from(kinds * self.spec.products.len() + 1).unwrap_or(u32::MAX);
                let judged_together = NonZeroU32::new(n_models).unwrap_or(NonZeroU32::MIN);
                let params = self.params.told(&self.spec.training);
                let params = AdditiveParams { scale: self.spec.scale.into(), judged_together, ..params };
                let seed = self.seed.named(kind.name()).named(of);
                let trained = params.fit(&set, seed, &Parallelism::serial()).map_err(failed)?;
                (trained.model, HeldOutCases::of(&set, trained.report.held_out))
            }
            Err(error) if error.too_few_outcomes() => {
                (self.rate_alone(&rows, positives, cases).map_err(failed)?, HeldOutCases::default())
            }
            Err(error) => return Err(failed(error)),
        };
        Ok(Outcome { model, held_out, positives, cases, lookalike: None, owners: None, gate })
    }

    /// Which features a model may move one way only.
    pub(super) fn trends(&self, kind: ModelKind, binning: &Binning) -> Result<Vec<Trend>, TrainError> {
        let features = binning.signature().features();
        match kind {
            ModelKind::Fit => Ok(self.spec.fit.trends.trends(features)?),
            ModelKind::Intent | ModelKind::Upsell => Ok(self.spec.intent.trends.trends(features)?),
            ModelKind::Renewal => Ok(vec![Trend::Free; features.len()]),
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
