//! Any classifier that gives probabilities as a challenger: what it says is distilled into tables.
//!
//! A model of this crate is a sum of table entries, so that its reasons are exact and its file holds no code. A classifier of
//! linfa, or anybody's, enters by teaching such tables: it is fitted in every bag on the rows of the bag, and tables of all
//! columns are fitted to its log-odds by backfitting (Hastie and Tibshirani 1986, <https://doi.org/10.1214/ss/1177013604>; the
//! idea of distilling into additive tables is Tan et al. 2018, <https://doi.org/10.1145/3278721.3278725>). Bags, calibration,
//! scale, evidence and the test for a signal are those of every fit, on rows that neither the classifier nor the tables
//! have seen: what it could not teach counts against it.

use linfa::DatasetBase;
use ndarray::{Array1, Array2};

use super::bag::{Bag, BagRows};
use super::boosting::Booster;
use super::error::TrainError;
use super::fit::{Grown, Trained};
use super::histogram::{PLACES, Tables};
use super::params::AdditiveParams;
use super::set::TrainingSet;
use crate::matrix::FeatureKind;
use crate::models::{FeatureBins, MISSING_BIN, WHOLE, place_of_bin};
use crate::parallelism::Parallelism;
use crate::quantity::LogOdds;
use crate::seed::Seed;

/// Rounds of backfitting.
const SWEEPS: usize = 20;
/// Rows of no difference that are added to every bin.
const PRIOR_ROWS: f64 = 2.0;
/// Levels that have a coordinate of their own.
const MOST_LEVELS: usize = 24;
/// Log-odds beyond which a classifier is not followed.
const MOST: f64 = 6.0;

/// A fitted classifier: records in, a probability a record out.
pub type FittedClassifier = Box<dyn Fn(&Array2<f64>) -> Array1<f64>>;

/// Something that learns to give probabilities, of linfa or anybody's.
///
/// Any function from a linfa data set to a [`FittedClassifier`] is one.
pub trait Classifier: Sync {
    /// Fits on records without missing cells.
    ///
    /// # Errors
    /// What the classifier says, in words.
    fn fit(&self, dataset: &DatasetBase<Array2<f64>, Array1<bool>>) -> Result<FittedClassifier, String>;
}

impl<F> Classifier for F
where
    F: Fn(&DatasetBase<Array2<f64>, Array1<bool>>) -> Result<FittedClassifier, String> + Sync,
{
    fn fit(&self, dataset: &DatasetBase<Array2<f64>, Array1<bool>>) -> Result<FittedClassifier, String> {
        self(dataset)
    }
}

impl AdditiveParams {
    /// Fits tables to what a classifier says, in bags, and judges them like any other model.
    ///
    /// A record has, for every column that can matter, its place between 0 and 1 and whether it is known for numbers, and one
    /// coordinate for each of up to 24 levels.
    ///
    /// # Errors
    /// As [`fit`](Self::fit); [`TrainError::Challenger`] with what the classifier says when it fails, or when it gives
    /// something other than probabilities.
    pub fn fit_challenger(
        &self,
        classifier: &dyn Classifier,
        set: &TrainingSet<'_>,
        seed: Seed,
        parallelism: &Parallelism,
    ) -> Result<Trained, TrainError> {
        self.fit_by(set, seed, |booster, bag_rows, _| {
            let bags = parallelism.map(bag_rows, |_, rows| taught(classifier, booster, rows));
            let bags = bags.into_iter().collect::<Result<Vec<Bag>, TrainError>>()?;
            Ok(Grown { grids: Vec::new(), bags, rung: None })
        })
    }
}

/// One bag: the classifier fitted on its rows, and tables fitted to what it says of them.
fn taught(classifier: &dyn Classifier, booster: &Booster<'_>, rows: &BagRows) -> Result<Bag, TrainError> {
    let mut tables = booster.rate_alone(rows);
    let labels: Vec<bool> = rows.fit.iter().map(|row| booster.set().rows().labels[*row]).collect();
    if labels.contains(&true) && labels.contains(&false) {
        let failed = |fault: String| TrainError::Challenger { fault };
        let dataset = DatasetBase::new(records(booster, &rows.fit), Array1::from(labels));
        let fitted = classifier.fit(&dataset).map_err(failed)?;
        let said = fitted(&dataset.records);
        let sound = said.len() == rows.fit.len() && said.iter().all(|p| (0.0..=1.0).contains(p));
        if !sound {
            return Err(failed("expected one probability from 0 to 1 for every record".to_owned()));
        }
        let log_odds: Vec<f64> =
            said.iter().map(|p| libm::log(p.max(1e-9) / (1.0 - p).max(1e-9)).clamp(-MOST, MOST)).collect();
        backfit(booster, &rows.fit, log_odds, &mut tables);
    }
    let judged = rows.judge.iter().map(|&row| booster.columns().margin(&tables, &[], row)).collect();
    Ok(Bag { tables, rounds: SWEEPS, judged })
}

/// The rows as records.
fn records(booster: &Booster<'_>, rows: &[usize]) -> Array2<f64> {
    let columns = booster.columns();
    let kinds = columns.definitions().iter().map(|bins| match bins {
        FeatureBins::Number { .. } => (FeatureKind::Number, 2),
        FeatureBins::Level { .. } => (FeatureKind::Level, bins.n_bins().min(MOST_LEVELS)),
    });
    let kinds: Vec<(FeatureKind, usize)> = kinds.collect();
    let width: usize = kinds.iter().map(|(_, width)| width).sum();
    let mut records = Array2::zeros((rows.len(), width));
    for (record, row) in rows.iter().enumerate() {
        let mut start = 0;
        for ((bin, definition), (kind, width)) in
            columns.row(*row).iter().zip(columns.definitions()).zip(&kinds)
        {
            if *kind == FeatureKind::Number {
                records[[record, start]] = place_of_bin(*bin, definition.n_bins()) as f64 / WHOLE as f64;
                records[[record, start + 1]] = if *bin == MISSING_BIN { 0.0 } else { 1.0 };
            } else if usize::from(*bin) < *width {
                records[[record, start + usize::from(*bin)]] = 1.0;
            }
            start += width;
        }
    }
    records
}

/// Tables whose sum comes close to the given log-odds: column by column, the shrunk mean of what the others leave.
fn backfit(booster: &Booster<'_>, rows: &[usize], mut left: Vec<f64>, tables: &mut Tables) {
    let columns = booster.columns();
    let mean = left.iter().sum::<f64>() / left.len().max(1) as f64;
    for value in &mut left {
        *value -= mean;
    }
    let mut values = vec![[0.0_f64; PLACES]; columns.len()];
    for _ in 0..SWEEPS {
        for (column, values) in values.iter_mut().enumerate() {
            let mut sums = [(0.0, 0.0); PLACES];
            for (row, left) in rows.iter().zip(&left) {
                let (sum, count) = &mut sums[usize::from(columns.row(*row)[column])];
                *sum += left;
                *count += 1.0;
            }
            let mut moved = [0.0; PLACES];
            for ((moved, value), (sum, count)) in moved.iter_mut().zip(values.iter_mut()).zip(sums) {
                // What stands already is part of what the rows say.
                let wanted = (sum + count * *value) / (count + PRIOR_ROWS);
                *moved = wanted - *value;
                *value = wanted;
            }
            for (row, left) in rows.iter().zip(&mut left) {
                *left -= moved[usize::from(columns.row(*row)[column])];
            }
        }
    }
    let steps = |value: f64| (value * LogOdds::STEPS as f64).round();
    tables.base = steps(mean) as i64;
    for (table, values) in tables.weights.iter_mut().zip(&values) {
        for (weight, value) in table.iter_mut().zip(values) {
            // At most a few times `MOST`.
            *weight = steps(value.clamp(-2.0 * MOST, 2.0 * MOST)) as i32;
        }
    }
}
