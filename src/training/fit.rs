//! The whole fit: bags, calibration, scale, evidence.

use std::num::NonZeroU32;

use super::boosting::{Bag, BagRows, Booster};
use super::calibrate::{Judged, learn};
use super::columns::Columns;
use super::error::TrainError;
use super::ladder;
use super::params::AdditiveParams;
use super::set::TrainingSet;
use super::step::StepLimits;
use super::trees::{self, Grid};
use crate::metrics;
use crate::models::{
    AdditiveModel, Calibration, Evidence, FittedJoint, FittedModel, Measured, RateShift, Rung, RungChoice,
    Scale, Signal,
};
use crate::parallelism::Parallelism;
use crate::quantity::{LogOdds, Probability};
use crate::seed::Seed;

/// Outcomes of either kind below which nothing can be measured.
const MIN_OUTCOMES: usize = 10;
/// Outcomes of the rarer kind below which steps are shrunk more.
const FEW_OUTCOMES: f64 = 400.0;
/// What a split gains by chance once in twenty: the 95 % quantile of the chi-square distribution with one degree of
/// freedom. With few outcomes a split has to gain more than that, or noise in many features adds up.
const CHANCE_GAIN: f64 = 3.841_458_820_694_124;
/// Folds in which the calibration is judged on rows it was not learned from.
const CALIBRATION_FOLDS: usize = 5;

/// A fitted model and how it came about.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The fitted model.
    pub model: FittedModel,
    /// How it came about.
    pub report: TrainingReport,
}

/// The tables of every bag, the grids of their joint tables, and the rung they were grown on, where it was the ladder that
/// chose how.
pub(super) struct Grown {
    pub(super) grids: Vec<Grid>,
    pub(super) bags: Vec<Bag>,
    pub(super) rung: Option<RungChoice>,
}

/// How a fit went.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingReport {
    /// What each bag did.
    pub bags: Vec<BagReport>,
    /// Rows that some bag was not shown, with their probabilities.
    pub held_out: HeldOut,
    /// The shrinkage that was used: that of the parameters, or more when outcomes are few.
    pub l2: f64,
}

/// What one bag did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BagReport {
    /// Rounds that were kept.
    pub rounds: usize,
    /// Rows the tables were fitted on.
    pub rows_fitted: usize,
    /// Rows that said when to stop.
    pub rows_stopping: usize,
    /// Rows used for neither.
    pub rows_held_out: usize,
}

/// Predictions for rows by tables that were neither fitted nor stopped on them, ascending by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeldOut {
    /// The rows, as numbered in the training set.
    pub rows: Vec<usize>,
    /// Log-odds of each.
    pub margins: Vec<LogOdds>,
    /// Probability of each, by a calibration that was not learned from it.
    pub probabilities: Vec<f64>,
}

impl AdditiveParams {
    /// Fits tables in bags, then calibration and scale on rows that no table has seen, and judges the result
    /// on them.
    ///
    /// Groups are dealt into as many folds as there are bags. Bag `b` never sees fold `b`, stops on the next
    /// one and is fitted on the rest; so every row is judged by a bag that has not seen it. Tables of single features
    /// grow at once; with joint tables, all tables grow by small trees. Few outcomes are not boosted at all: see
    /// [`Ladder`](super::Ladder). With a later
    /// slice, tables are fitted on earlier rows only and stopped and judged on later ones. Without a signal
    /// (see [`Evidence`]) the model gives every row the base rate.
    ///
    /// # Errors
    /// [`TrainError::Params`] for parameters out of range; [`TrainError::Model`] when a fitted value cannot
    /// be made; [`TrainError::Logistic`] when the regression of a lower rung fails.
    pub fn fit(
        &self,
        set: &TrainingSet<'_>,
        seed: Seed,
        parallelism: &Parallelism,
    ) -> Result<Trained, TrainError> {
        self.fit_by(set, seed, |booster, bag_rows, choice| {
            let (grids, bags) = if choice.rung < Rung::Boosting {
                (Vec::new(), ladder::grow(booster, bag_rows, choice.rung, seed, parallelism)?)
            } else if self.joint_tables > 0 {
                trees::grow(booster, bag_rows, seed, parallelism)?
            } else {
                let blocks = |bag: usize| seed.named("blocks").numbered(bag as u64);
                (Vec::new(), parallelism.map(bag_rows, |bag, rows| booster.grow(rows, blocks(bag))))
            };
            Ok(Grown { grids, bags, rung: Some(choice) })
        })
    }

    /// The whole fit around whatever grows the tables of every bag.
    pub(super) fn fit_by(
        &self,
        set: &TrainingSet<'_>,
        seed: Seed,
        grow: impl FnOnce(&Booster<'_>, &[BagRows], RungChoice) -> Result<Grown, TrainError>,
    ) -> Result<Trained, TrainError> {
        self.validate()?;
        let limits = self.limits(set);
        let folds = set.folds(seed.named("bags"), self.bags);
        let bag_rows: Vec<BagRows> = (0..self.bags).map(|bag| split(set, &folds, bag, self.bags)).collect();
        let columns = Columns::new(set);
        let booster = Booster::new(set, &columns, self, limits);
        let choice = self.ladder.of_set(set);
        let Grown { grids, bags, rung } = grow(&booster, &bag_rows, choice)?;
        let (held_out, judged) = judge(set, &bag_rows, &bags, seed)?;
        let judged_together = self.ladder.hears(&choice).then_some(self.judged_together);
        let evidence = evidence(set, &held_out, judged_together)?;
        let additive = match evidence.signal() {
            Signal::Found => average(set, &columns, &grids, &bags)?,
            Signal::None => constant(evidence.base_rate())?,
        };
        let base_rate = Probability::try_from(evidence.base_rate())
            .map_err(|error| crate::models::ModelError::Evidence { fault: error.to_string() })?;
        let calibration = match evidence.signal() {
            Signal::Found => learn(&judged)?,
            Signal::None => Calibration::constant(base_rate),
        };
        let reference: Vec<Probability> =
            held_out.margins.iter().map(|margin| calibration.probability(*margin)).collect();
        let weights: Vec<f32> = held_out.rows.iter().map(|row| set.weight(*row) as f32).collect();
        let scale = if reference.is_empty() {
            Scale::anchored(&[base_rate], base_rate, &self.scale)?
        } else {
            Scale::anchored_weighted(&reference, Some(&weights), base_rate, &self.scale)?
        };
        let model = FittedModel::try_new(set.rows().binning, additive, calibration, scale, evidence)?
            .with_shift(shift(set));
        let model = match rung {
            Some(rung) => model.on_rung(rung),
            None => model,
        };
        let reports = bags.iter().zip(&bag_rows).map(|(bag, rows)| BagReport {
            rounds: bag.rounds,
            rows_fitted: rows.fit.len(),
            rows_stopping: rows.stop.len(),
            rows_held_out: rows.judge.len(),
        });
        let report = TrainingReport { bags: reports.collect(), held_out, l2: limits.l2 };
        Ok(Trained { model, report })
    }

    /// The limits of a step; with few outcomes it is shrunk in proportion.
    fn limits(&self, set: &TrainingSet<'_>) -> StepLimits {
        let labels = set.rows().labels;
        let positives = labels.iter().filter(|label| **label).count();
        let fewer = positives.min(labels.len() - positives).max(1) as f64;
        StepLimits {
            leaves: self.leaves,
            l2: self.l2 * (FEW_OUTCOMES / fewer).max(1.0),
            min_hessian: self.min_hessian,
            min_gain: self.min_gain.max(CHANCE_GAIN * (1.0 - fewer / FEW_OUTCOMES)),
            level_smoothing: self.level_smoothing,
        }
    }
}

fn split(set: &TrainingSet<'_>, folds: &[usize], bag: usize, bags: usize) -> BagRows {
    let mut rows = BagRows::default();
    let by_time = set.rows().later.is_some();
    for (row, &fold) in folds.iter().enumerate() {
        match (by_time, set.is_later(row), fold == bag) {
            (false, _, true) | (true, true, true) => rows.judge.push(row),
            (false, ..) if fold == (bag + 1) % bags => rows.stop.push(row),
            (true, true, false) => rows.stop.push(row),
            (false, _, false) | (true, false, false) => rows.fit.push(row),
            // Earlier rows of a held-out group: kept away, so that a group is never on both sides.
            (true, false, true) => {}
        }
    }
    rows
}

/// Whether the rate moved between the earlier rows and the later ones; weights restore the rates, counts say how sure
/// they are.
fn shift(set: &TrainingSet<'_>) -> Option<RateShift> {
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
fn judge(
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

fn evidence(
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

fn constant(base_rate: f64) -> Result<AdditiveModel, TrainError> {
    let base = LogOdds::try_from(libm::log(base_rate / (1.0 - base_rate)))
        .map_err(|error| crate::models::ModelError::Table { fault: error.to_string() })?;
    Ok(AdditiveModel::constant(base)?)
}

/// The mean of the bags' tables, pure and centred on all rows.
fn average(
    set: &TrainingSet<'_>,
    columns: &Columns<'_>,
    grids: &[Grid],
    bags: &[Bag],
) -> Result<AdditiveModel, TrainError> {
    let count = i64::try_from(bags.len()).unwrap_or(i64::MAX);
    // A mean of 32-bit numbers.
    let mean = |of_bag: &dyn Fn(&Bag) -> i64| {
        (2 * bags.iter().map(of_bag).sum::<i64>() + count).div_euclid(2 * count)
    };
    let base = LogOdds::from_steps(mean(&|bag| bag.tables.base));
    let mut population: Vec<Vec<u64>> =
        set.rows().binning.bins().iter().map(|bins| vec![0; bins.n_bins()]).collect();
    let mut cells: Vec<Vec<u64>> = grids.iter().map(|grid| vec![0; grid.n_cells()]).collect();
    for row in 0..set.n_rows() {
        let weight = ((set.weight(row) * 1024.0).round() as u64).max(1);
        let bins = columns.row(row);
        for (feature, bin) in columns.features().iter().zip(bins) {
            population[*feature][usize::from(*bin)] += weight;
        }
        for (cells, grid) in cells.iter_mut().zip(grids) {
            cells[grid.cell(bins)] += weight;
        }
    }
    let tables = columns.features().iter().zip(columns.definitions()).enumerate();
    let tables = tables
        .map(|(column, (feature, bins))| {
            let weight = |bin: usize| mean(&|bag| i64::from(bag.tables.weights[column][bin])) as i32;
            (*feature, (0..bins.n_bins()).map(weight).collect())
        })
        .collect();
    let joint = grids.iter().zip(cells).enumerate().map(|(index, (grid, population))| {
        let weight = |cell: usize| mean(&|bag| i64::from(bag.tables.joint[index][cell])) as i32;
        FittedJoint {
            features: grid.columns.iter().map(|column| columns.features()[*column]).collect(),
            places: grid.places.clone(),
            weights: (0..grid.n_cells()).map(weight).collect(),
            population,
        }
    });
    Ok(AdditiveModel::purified(base, tables, joint.collect(), &population)?)
}
