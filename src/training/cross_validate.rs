//! Cross-validation: how good the whole fit is on groups it has never seen.

use super::error::{ParamFault, TrainError};
use super::params::AdditiveParams;
use super::set::{TrainingRows, TrainingSet};
use crate::metrics;
use crate::models::Scorer;
use crate::parallelism::Parallelism;
use crate::quantity::LogOdds;
use crate::seed::Seed;

/// Out-of-fold predictions and what they are worth.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossValidation {
    /// The probability of every row, by a model fitted on other folds.
    pub probabilities: Vec<f64>,
    /// AUC of each fold.
    pub fold_aucs: Vec<f64>,
    /// Mean of the folds' AUC: models of different folds are never compared.
    pub auc: f64,
    /// Log loss over all rows, by weight.
    pub log_loss: f64,
    /// Brier score over all rows, by weight.
    pub brier: f64,
    /// Expected calibration error over all rows, ten bins of equal count.
    pub calibration_error: f64,
}

/// Fits on all folds but one and predicts that one, for every fold; groups are dealt into folds by hash.
///
/// With a later slice, both slices of a held-out group are held out and all of its rows are predicted. Cost:
/// `folds` fits.
///
/// # Errors
/// [`TrainError::Params`] for fewer than 2 folds or parameters out of range; [`TrainError::Set`] when a fold
/// leaves too little to learn from.
pub fn cross_validate(
    params: &AdditiveParams,
    set: &TrainingSet<'_>,
    folds: usize,
    seed: Seed,
    parallelism: &Parallelism,
) -> Result<CrossValidation, TrainError> {
    params.validate()?;
    if folds < 2 {
        let fault = ParamFault { name: "folds", found: folds.to_string(), expected: "at least 2" };
        return Err(TrainError::Params { faults: vec![fault] });
    }
    let fold_of = set.folds(seed.named("folds"), folds);
    let all = set.rows();
    let mut probabilities = vec![0.0; set.n_rows()];
    let mut fold_aucs = Vec::with_capacity(folds);
    for fold in 0..folds {
        let (held, kept): (Vec<usize>, Vec<usize>) = (0..set.n_rows()).partition(|row| fold_of[*row] == fold);
        let part = Part::new(all, &kept);
        let training = part.rows(all);
        let mut training = TrainingSet::try_new(training)?;
        if let Some(trends) = set.trends() {
            training = training.with_trends(trends)?;
        }
        if let Some(prior) = set.prior() {
            training = training.with_prior(prior)?;
        }
        let trained = params.fit(&training, seed.numbered(fold as u64), parallelism)?;
        for &row in &held {
            let margin = trained.model.margin(all.binned.row(row));
            probabilities[row] = trained.model.probability(margin).value();
        }
        let labels: Vec<bool> = held.iter().map(|row| all.labels[*row]).collect();
        let scores: Vec<f64> = held.iter().map(|row| probabilities[*row]).collect();
        fold_aucs.extend(metrics::auc(&labels, &scores));
    }
    let weights: Vec<f32> = (0..set.n_rows()).map(|row| set.weight(row) as f32).collect();
    let measured = (
        metrics::log_loss_weighted(all.labels, &probabilities, &weights),
        metrics::brier_weighted(all.labels, &probabilities, &weights),
        metrics::expected_calibration_error(all.labels, &probabilities, 10),
    );
    let ((Some(log_loss), Some(brier), Some(calibration_error)), false) = (measured, fold_aucs.is_empty())
    else {
        let found = "one outcome in every fold".to_owned();
        let fault = ParamFault { name: "folds", found, expected: "folds that hold both outcomes" };
        return Err(TrainError::Params { faults: vec![fault] });
    };
    let auc = fold_aucs.iter().sum::<f64>() / fold_aucs.len() as f64;
    Ok(CrossValidation { probabilities, fold_aucs, auc, log_loss, brier, calibration_error })
}

/// Some rows of a set, copied.
struct Part {
    binned: crate::models::BinnedMatrix,
    labels: Vec<bool>,
    groups: Vec<u64>,
    weights: Option<Vec<f32>>,
    drawn: Option<Vec<f32>>,
    offsets: Option<Vec<LogOdds>>,
    later: Option<Vec<bool>>,
}

impl Part {
    fn new(all: &TrainingRows<'_>, kept: &[usize]) -> Self {
        fn pick<T: Copy>(values: &[T], kept: &[usize]) -> Vec<T> {
            kept.iter().map(|row| values[*row]).collect()
        }
        Self {
            binned: all.binned.select_rows(kept),
            labels: pick(all.labels, kept),
            groups: pick(all.groups, kept),
            weights: all.weights.map(|weights| pick(weights, kept)),
            drawn: all.drawn.map(|drawn| pick(drawn, kept)),
            offsets: all.offsets.map(|offsets| pick(offsets, kept)),
            later: all.later.map(|later| pick(later, kept)),
        }
    }

    fn rows<'a>(&'a self, all: &TrainingRows<'a>) -> TrainingRows<'a> {
        TrainingRows {
            weights: self.weights.as_deref(),
            drawn: self.drawn.as_deref(),
            offsets: self.offsets.as_deref(),
            later: self.later.as_deref(),
            features: all.features,
            ..TrainingRows::new(all.binning, &self.binned, &self.labels, &self.groups)
        }
    }
}
