//! How well one column alone ranks the outcome.

use super::Asked;
use crate::matrix::FeatureKind;
use crate::metrics::Ranking;
use crate::models::{FIRST_BIN, MAX_BINS, MISSING_BIN, UNSEEN_BIN};
use crate::training::TrainingSet;

/// Places that a column's numbers are put into before their rates are learned: few, so that each rate rests on many
/// rows.
const PLACES: usize = 32;
/// Rows at the base rate that are added to each place.
const PRIOR_ROWS: f64 = 10.0;
/// Standard errors of a two-sided 95 % interval.
const REACH: f64 = 1.96;

/// How well one column alone ranks the outcome.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe {
    /// AUC of the outcome rates of its values, learned on other folds, or of its order; whichever is larger.
    pub(super) auc: f64,
    /// Lower end of the 95 % interval.
    pub(super) auc_low: f64,
    /// Values that occur, missing among them.
    pub(super) n_values: usize,
}

impl Probe {
    pub(super) fn of(asked: &Asked<'_>, feature: usize) -> Self {
        let Asked { set, folds, .. } = *asked;
        let rows = set.rows();
        let bins: Vec<u8> = rows.binned.rows().map(|row| row[feature]).collect();
        let mut counts = [0_usize; MAX_BINS];
        for bin in &bins {
            counts[usize::from(*bin)] += 1;
        }
        let is_number = rows.binning.signature().features()[feature].kind == FeatureKind::Number;
        let place_of = if is_number { places(&counts) } else { std::array::from_fn(|bin| bin) };
        let auc = by_rates(set, folds, &bins, &place_of).unwrap_or(0.5);
        let auc = if is_number { auc.max(by_order(set, &bins).unwrap_or(0.5)) } else { auc };
        let n_values = counts.iter().filter(|count| **count > 0).count();
        Self { auc, auc_low: auc - REACH * standard_error(asked, auc), n_values }
    }
}

/// Neighbouring bins of numbers put together into [`PLACES`] of about equal count; missing stays apart.
fn places(counts: &[usize; MAX_BINS]) -> [usize; MAX_BINS] {
    let known: usize = counts[usize::from(FIRST_BIN)..].iter().sum();
    let mut before = 0;
    std::array::from_fn(|bin| {
        if bin < usize::from(FIRST_BIN) {
            return bin;
        }
        let place = usize::from(FIRST_BIN) + before * PLACES / known.max(1);
        before += counts[bin];
        place
    })
}

/// Mean over folds, by pairs, of the AUC of rates that were learned on the other folds.
fn by_rates(
    set: &TrainingSet<'_>,
    folds: &[usize],
    bins: &[u8],
    place_of: &[usize; MAX_BINS],
) -> Option<f64> {
    let labels = set.rows().labels;
    let n_folds = folds.iter().max()? + 1;
    // Rows and positives of every fold and place.
    let mut seen = vec![[(0_u64, 0_u64); MAX_BINS]; n_folds];
    for ((bin, label), fold) in bins.iter().zip(labels).zip(folds) {
        let (rows, positives) = &mut seen[*fold][place_of[usize::from(*bin)]];
        *rows += 1;
        *positives += u64::from(*label);
    }
    let (mut won, mut pairs) = (0.0, 0.0);
    for fold in 0..n_folds {
        let others = |place: usize| {
            seen.iter()
                .enumerate()
                .filter(|(other, _)| *other != fold)
                .fold((0, 0), |sum, (_, seen)| (sum.0 + seen[place].0, sum.1 + seen[place].1))
        };
        let learned: Vec<(u64, u64)> = (0..MAX_BINS).map(others).collect();
        let (rows, positives) = learned.iter().fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
        let base_rate = positives as f64 / rows.max(1) as f64;
        let rate = |bin: u8| {
            let (rows, positives) = learned[place_of[usize::from(bin)]];
            (positives as f64 + PRIOR_ROWS * base_rate) / (rows as f64 + PRIOR_ROWS)
        };
        let inside = || (0..bins.len()).filter(|row| folds[*row] == fold);
        let labels: Vec<bool> = inside().map(|row| labels[row]).collect();
        let scores: Vec<f64> = inside().map(|row| rate(bins[row])).collect();
        let Some(auc) = Ranking::try_new(&labels, &scores).and_then(|ranking| ranking.counted().auc()) else {
            continue;
        };
        let positives = labels.iter().filter(|label| **label).count() as f64;
        let n_pairs = positives * (labels.len() as f64 - positives);
        won += auc * n_pairs;
        pairs += n_pairs;
    }
    (pairs > 0.0).then(|| won / pairs)
}

/// AUC of the numbers themselves, in the better direction; rows without a number are left out and count half.
fn by_order(set: &TrainingSet<'_>, bins: &[u8]) -> Option<f64> {
    let known = |row: &usize| bins[*row] != MISSING_BIN && bins[*row] != UNSEEN_BIN;
    let rows: Vec<usize> = (0..bins.len()).filter(known).collect();
    let all = set.rows().labels;
    let labels: Vec<bool> = rows.iter().map(|row| all[*row]).collect();
    let scores: Vec<f64> = rows.iter().map(|row| f64::from(bins[*row])).collect();
    let auc = Ranking::try_new(&labels, &scores)?.counted().auc()?;
    let pairs = |labels: &[bool]| {
        let positives = labels.iter().filter(|label| **label).count() as f64;
        positives * (labels.len() as f64 - positives)
    };
    let share = pairs(&labels) / pairs(all);
    Some(auc.max(1.0 - auc) * share + 0.5 * (1.0 - share))
}

/// Standard error of an AUC by Hanley and McNeil (1982, <https://doi.org/10.1148/radiology.143.1.7063747>), with groups
/// counted as one case each.
fn standard_error(asked: &Asked<'_>, auc: f64) -> f64 {
    let Asked { set, independent, .. } = *asked;
    let positives = set.rows().labels.iter().filter(|label| **label).count() as f64 * independent;
    let negatives = set.n_rows() as f64 * independent - positives;
    let (q1, q2) = (auc / (2.0 - auc), 2.0 * auc * auc / (1.0 + auc));
    let spread = auc * (1.0 - auc)
        + (positives - 1.0).max(0.0) * (q1 - auc * auc)
        + (negatives - 1.0).max(0.0) * (q2 - auc * auc);
    // A perfect order of few rows is not certain: never less than the variance of one pair.
    (spread.max(0.25) / (positives * negatives).max(1.0)).sqrt()
}
