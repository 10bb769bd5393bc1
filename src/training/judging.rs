//! What the rows say that no table was fitted on: probabilities nobody peeked at, and the evidence made of them.

use std::num::NonZeroU32;

use super::bag::{Bag, BagRows};
use super::calibrate::{Judged, learn};
use super::error::TrainError;
use super::fit::HeldOut;
use super::set::TrainingSet;
use crate::metrics;
use crate::models::{Evidence, Measured, RateShift};
use crate::quantity::LogOdds;
use crate::seed::Seed;

/// Outcomes of either kind below which nothing can be measured.
const MIN_OUTCOMES: usize = 10;
/// Folds in which the calibration is judged on rows it was not learned from.
const CALIBRATION_FOLDS: usize = 5;

/// Whether the rate moved between the earlier rows and the later ones; weights restore the rates, counts say how sure
/// they are.
pub(super) fn shift(set: &TrainingSet<'_>) -> Option<RateShift> {
    let later = set.rows().later?;
    let slice = |wanted: bool| {
        let (mut with, mut all) = (0.0, 0.0);
        for (row, _) in later.iter().enumerate().filter(|(_, is_later)| **is_later == wanted) {
            all += set.weight(row);
            with += if set.rows().labels[row] { set.weight(row) } else { 0.0 };
        }
        (with.round() as u64, all.round() as u64)
    };
    RateShift::found(slice(false), slice(true))
}

/// Collects what the bags say of rows they have not seen.
pub(super) fn judge(
    set: &TrainingSet<'_>,
    bag_rows: &[BagRows],
    bags: &[Bag],
    seed: Seed,
) -> Result<(HeldOut, Vec<Judged>), TrainError> {
    let mut margins: Vec<(usize, LogOdds)> = bag_rows
        .iter()
        .zip(bags)
        .flat_map(|(rows, bag)| rows.judge.iter().copied().zip(bag.judged.iter().copied()))
        .collect();
    margins.sort_unstable_by_key(|(row, _)| *row);
    let judged: Vec<Judged> =
        margins.iter().map(|&(row, margin)| (margin, set.rows().labels[row], set.weight(row))).collect();
    let folds = set.folds(seed.named("calibration"), CALIBRATION_FOLDS);
    let mut probabilities = vec![0.0; judged.len()];
    for fold in 0..CALIBRATION_FOLDS {
        let others: Vec<Judged> = margins
            .iter()
            .zip(&judged)
            .filter(|((row, _), _)| folds[*row] != fold)
            .map(|(_, judged)| *judged)
            .collect();
        let both = others.iter().any(|row| row.1) && others.iter().any(|row| !row.1);
        let curve = if both { Some(learn(&others)?) } else { None };
        for (place, (_, margin)) in margins.iter().enumerate().filter(|(_, (row, _))| folds[*row] == fold) {
            let probability = curve.as_ref().map_or(margin.probability(), |curve| curve.probability(*margin));
            probabilities[place] = probability.value();
        }
    }
    let (rows, margins) = margins.into_iter().unzip();
    Ok((HeldOut { rows, margins, probabilities }, judged))
}

pub(super) fn evidence(
    set: &TrainingSet<'_>,
    held_out: &HeldOut,
    judged_together: Option<NonZeroU32>,
) -> Result<Evidence, TrainError> {
    let labels: Vec<bool> = held_out.rows.iter().map(|row| set.rows().labels[*row]).collect();
    let weights: Vec<f32> = held_out.rows.iter().map(|row| set.weight(*row) as f32).collect();
    let positives = labels.iter().filter(|label| **label).count();
    let mut kept = vec![false; set.n_rows()];
    held_out.rows.iter().for_each(|row| kept[*row] = true);
    let found = set.base_rate(|row| kept[row]);
    // Judged rows may lack an outcome when a later slice is tiny; then the rate of all rows is the best there
    // is.
    let base_rate = if found > 0.0 && found < 1.0 { found } else { set.base_rate(|_| true) };
    let measured = (positives.min(labels.len() - positives) >= MIN_OUTCOMES)
        .then_some(judged_together)
        .flatten()
        .and_then(|judged_together| measure(&labels, &weights, held_out, base_rate, judged_together));
    Ok(Evidence::try_new(labels.len() as u64, positives as u64, base_rate, measured)?)
}

fn measure(
    labels: &[bool],
    weights: &[f32],
    held_out: &HeldOut,
    base_rate: f64,
    judged_together: NonZeroU32,
) -> Option<Measured> {
    let scores: Vec<f64> = held_out.margins.iter().map(|margin| margin.steps() as f64).collect();
    let interval = metrics::auc_interval_among(labels, &scores, judged_together)?;
    let probabilities = &held_out.probabilities;
    Some(Measured {
        auc: interval.auc,
        auc_low: interval.low,
        auc_high: interval.high,
        judged_together,
        log_loss: metrics::log_loss_weighted(labels, probabilities, weights)?,
        log_loss_of_base_rate: metrics::log_loss_weighted(labels, &vec![base_rate; labels.len()], weights)?,
        brier: metrics::brier_weighted(labels, probabilities, weights)?,
        calibration_error: metrics::expected_calibration_error(labels, probabilities, 10)?,
    })
}
