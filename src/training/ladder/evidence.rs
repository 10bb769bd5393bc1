//! The lower rungs: the evidence of each column, weighed by a logistic regression.
//!
//! The evidence of a column is its shrunk Newton step from the base rate: a log-odds for every bin. What the regression
//! learns from is the evidence that other folds give a row, so that a column which only learned its rows by heart is
//! found out and gets no weight. The table of a column is its evidence times its coefficient: still a sum of table
//! entries. Scorecards are made so (Siddiqi 2006, Credit Risk Scorecards).

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2, ShapeBuilder};

use crate::models::Rung;
use crate::parallelism::Parallelism;
use crate::quantity::LogOdds;
use crate::seed::{Seed, hash_bytes};
use crate::training::bag::{Bag, BagRows};
use crate::training::boosting::Booster;
use crate::training::error::TrainError;
use crate::training::histogram::{PLACES, Tables};
use crate::training::step::{StepLimits, step};

/// Folds within the rows of a bag.
const FOLDS: u64 = 4;
/// Cases of the rarer outcome a coefficient rests on (Peduzzi et al. 1996 ask for ten where nothing is shrunk,
/// <https://doi.org/10.1016/S0895-4356(96)00236-3>).
const CASES_PER_COLUMN: usize = 5;
/// Shrinkage of coefficients.
const ALPHA: f64 = 1.0;
/// Coefficients are cut to this fraction: the regression ends within a tolerance, and the last bits of a sum differ
/// from processor to processor.
const GRAIN: f64 = 1.0 / 1024.0;

/// Grows the tables of every bag; rows that would say when to stop are learned from too, unless they are later ones.
pub(in crate::training) fn grow(
    booster: &Booster<'_>,
    bag_rows: &[BagRows],
    rung: Rung,
    seed: Seed,
    parallelism: &Parallelism,
) -> Result<Vec<Bag>, TrainError> {
    let by_time = booster.set().rows().later.is_some();
    let bags = parallelism.map(bag_rows, |bag, rows| {
        let mut fit = rows.fit.clone();
        if !by_time {
            fit.extend(&rows.stop);
            fit.sort_unstable();
        }
        let learner = Learner { booster, fit: &fit, seed: seed.named("evidence").numbered(bag as u64) };
        let tables = learner.tables(rung)?;
        let judged = rows.judge.iter().map(|&row| booster.columns().margin(&tables, &[], row)).collect();
        Ok(Bag { tables, rounds: 1, judged })
    });
    bags.into_iter().collect()
}

/// A log-odds for every bin of every column.
type Evidence = Vec<Vec<f64>>;

/// What learns from the rows of one bag.
struct Learner<'a> {
    booster: &'a Booster<'a>,
    fit: &'a [usize],
    seed: Seed,
}

impl Learner<'_> {
    fn tables(&self, rung: Rung) -> Result<Tables, TrainError> {
        let rows = BagRows { fit: self.fit.to_vec(), ..BagRows::default() };
        let mut tables = self.booster.rate_alone(&rows);
        let labels: Vec<bool> = self.fit.iter().map(|row| self.booster.set().rows().labels[*row]).collect();
        let with = labels.iter().filter(|label| **label).count();
        let rarer = with.min(labels.len() - with);
        if rarer == 0 {
            return Ok(tables);
        }
        let crossed = self.crossed();
        let whole = self.evidence(self.fit, tables.base);
        let coefficients = match rung {
            Rung::Prior => {
                let together = |place: usize| crossed.iter().map(|column| column[place]).sum();
                let together: Vec<f64> = (0..self.fit.len()).map(together).collect();
                let one = coefficients(&[&together], &labels)?[0];
                vec![one; whole.len()]
            }
            Rung::Logistic | Rung::Boosting => by_column(&crossed, &labels, rarer)?,
        };
        for ((table, evidence), coefficient) in tables.weights.iter_mut().zip(&whole).zip(coefficients) {
            for (weight, value) in table.iter_mut().zip(evidence) {
                let value = (coefficient * value).clamp(-8.0, 8.0);
                // At most 8 in 2^-20.
                *weight = (value * LogOdds::STEPS as f64).round() as i32;
            }
        }
        Ok(tables)
    }

    /// The evidence of every column for every row, by rows of other folds; a group is in one fold.
    fn crossed(&self) -> Vec<Vec<f64>> {
        let (columns, groups) = (self.booster.columns(), self.booster.set().rows().groups);
        let fold_of = |row: &usize| hash_bytes(self.seed.value(), &groups[*row].to_le_bytes()) % FOLDS;
        let mut crossed = vec![vec![0.0; self.fit.len()]; columns.len()];
        for fold in 0..FOLDS {
            let others: Vec<usize> = self.fit.iter().copied().filter(|row| fold_of(row) != fold).collect();
            let base = self.booster.rate_alone(&BagRows { fit: others.clone(), ..BagRows::default() }).base;
            let evidence = self.evidence(&others, base);
            for (place, row) in self.fit.iter().enumerate().filter(|(_, row)| fold_of(row) == fold) {
                for ((crossed, evidence), bin) in crossed.iter_mut().zip(&evidence).zip(columns.row(*row)) {
                    crossed[place] = evidence[usize::from(*bin)];
                }
            }
        }
        crossed
    }

    /// The shrunk Newton step of every column from the base.
    fn evidence(&self, rows: &[usize], base: i64) -> Evidence {
        let columns = self.booster.columns();
        let mut sums = vec![[(0_i64, 0_i64); PLACES]; columns.len()];
        for &row in rows {
            let gradient = self.booster.gradient(base, row);
            for (sums, bin) in sums.iter_mut().zip(columns.row(row)) {
                let (first, second) = &mut sums[usize::from(*bin)];
                *first += gradient.first;
                *second += gradient.second;
            }
        }
        let unit = self.booster.unit();
        let params = self.booster.params();
        // What is left of chance is found out by crossing: shrinking by the number of outcomes too would leave nothing.
        let limits = StepLimits { l2: params.l2, min_gain: params.min_gain, ..self.booster.limits() };
        let definitions = columns.definitions().iter().zip(columns.trends());
        definitions
            .zip(sums)
            .map(|((bins, trend), sums)| {
                let sums: Vec<(f64, f64)> = sums[..bins.n_bins()]
                    .iter()
                    .map(|(first, second)| (*first as f64 * unit, *second as f64 * unit))
                    .collect();
                step(bins, *trend, &sums, &limits)
            })
            .collect()
    }
}

/// A coefficient for every column: for the columns whose evidence tells most of rows it was not taken from, and 0
/// for the others.
fn by_column(crossed: &[Vec<f64>], labels: &[bool], rarer: usize) -> Result<Vec<f64>, TrainError> {
    let rate = labels.iter().filter(|label| **label).count() as f64 / labels.len() as f64;
    let mut told: Vec<(f64, usize)> = crossed
        .iter()
        .enumerate()
        .map(|(column, values)| (told(values, labels, rate), column))
        .filter(|(told, _)| *told > 0.0)
        .collect();
    told.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut chosen: Vec<usize> =
        told.iter().take((rarer / CASES_PER_COLUMN).max(1)).map(|(_, column)| *column).collect();
    let mut all = vec![0.0; crossed.len()];
    // A negative coefficient turns the evidence of a column around: such columns are left out, one fit after the other.
    while !chosen.is_empty() {
        let columns: Vec<&[f64]> = chosen.iter().map(|column| crossed[*column].as_slice()).collect();
        let found = coefficients(&columns, labels)?;
        if found.iter().all(|coefficient| *coefficient > 0.0) {
            chosen.iter().zip(found).for_each(|(column, coefficient)| all[*column] = coefficient);
            break;
        }
        let mut kept = found.iter();
        chosen.retain(|_| kept.next().is_some_and(|coefficient| *coefficient > 0.0));
    }
    Ok(all)
}

/// By how much a column's evidence lowers the log loss of rows it was not taken from, to the second order.
fn told(values: &[f64], labels: &[bool], rate: f64) -> f64 {
    let of_row = |(value, label): (&f64, &bool)| {
        let missed = if *label { 1.0 - rate } else { -rate };
        value * missed - 0.5 * value * value * rate * (1.0 - rate)
    };
    values.iter().zip(labels).map(of_row).sum()
}

/// The coefficient of every column, by logistic regression.
fn coefficients(columns: &[&[f64]], labels: &[bool]) -> Result<Vec<f64>, TrainError> {
    if columns.iter().copied().flatten().all(|value| *value == 0.0) {
        return Ok(vec![0.0; columns.len()]);
    }
    // Column by column in memory: the gradient, one sum a column, takes most of the time.
    let shape = (labels.len(), columns.len()).f();
    let records = Array2::from_shape_fn(shape, |(row, column)| columns[column][row]);
    let dataset = DatasetBase::new(records, Array1::from(labels.to_vec()));
    let fitted = LogisticRegression::default()
        .alpha(ALPHA)
        .max_iterations(200)
        .gradient_tolerance(1e-6)
        .fit(&dataset)
        .map_err(|error| TrainError::Logistic { fault: error.to_string() })?;
    // linfa calls the more frequent class positive.
    let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
    Ok(fitted.params().iter().map(|value| (sign * value / GRAIN).round() * GRAIN).collect())
}
