//! Updates of a fitted model's tables between two trainings, by linfa's follow-the-regularised-leader.

use linfa::dataset::Pr;
use linfa::{DatasetBase, ParamGuard};
use linfa_ftrl::{Ftrl, FtrlParams};
use ndarray::{Array1, Array2};
use rand::RngCore;

use super::calibrate::{Judged, learn};
use super::error::{ParamFault, TrainError};
use super::following::keep_trend;
use super::set::TrainingSet;
use crate::models::{AdditiveModel, FIRST_BIN, FeatureTable, FittedModel, JointTable, Scorer, Signal, Trend};
use crate::quantity::LogOdds;

/// Fewest rows of either outcome an update learns from.
const FEWEST_OUTCOMES: usize = 10;

/// How the tables of a model follow new outcomes between two trainings.
///
/// FTRL-proximal (McMahan et al. 2013, "Ad Click Prediction: a View from the Trenches",
/// <https://doi.org/10.1145/2487575.2488200>) learns one correction for each bin of each feature the model has a table for,
/// and one for all rows, starting from the tables as they are. With the gradients `g = p - y` of a bin, their sum `z` (less
/// what earlier corrections account for) and the sum `n` of their squares, the correction is
/// `-(z - sign(z) l1) / ((beta + sqrt n) / alpha + l2)`, and 0 while `|z| <= l1`: a bin must have missed by more than `l1`
/// outcomes before it moves, and moves less and less.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UpdateParams {
    /// Size of the steps: above 0.
    pub alpha: f64,
    /// Caution of the first steps: at least 0.
    pub beta: f64,
    /// Missed outcomes that a bin must exceed before it is corrected: 0 to 1.
    pub l1: f64,
    /// Shrinkage of the corrections: 0 to 1.
    pub l2: f64,
    /// Rows that are learned from at once: at least 1.
    pub batch_rows: usize,
}

impl Default for UpdateParams {
    fn default() -> Self {
        Self { alpha: 0.1, beta: 1.0, l1: 1.0, l2: 1.0, batch_rows: 32 }
    }
}

/// Draws nothing: linfa starts its sums at random, and these shall start at 0.
#[derive(Clone, Debug)]
struct Zeros;

impl RngCore for Zeros {
    fn next_u32(&mut self) -> u32 {
        0
    }

    fn next_u64(&mut self) -> u64 {
        0
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        bytes.fill(0);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand::Error> {
        bytes.fill(0);
        Ok(())
    }
}

/// Where the bins of the corrected features stand among the columns of linfa; the last column is that of all rows.
struct Layout {
    /// Feature, its first column, its number of bins.
    features: Vec<(usize, usize, usize)>,
    columns: usize,
}

impl Layout {
    fn of(model: &FittedModel, set: &TrainingSet<'_>) -> Self {
        let (tables, joint) = (model.additive().tables(), model.additive().joint());
        let together = joint.iter().flat_map(JointTable::features).copied();
        let mut spoken_of: Vec<usize> = tables.iter().map(FeatureTable::feature).chain(together).collect();
        spoken_of.sort_unstable();
        spoken_of.dedup();
        let bins = set.rows().binning.bins();
        let mut columns = 0;
        let mut features = Vec::with_capacity(spoken_of.len());
        for feature in spoken_of.into_iter().filter(|feature| set.reads(*feature)) {
            features.push((feature, columns, bins[feature].n_bins()));
            columns += bins[feature].n_bins();
        }
        Self { features, columns: columns + 1 }
    }

    /// The columns that are 1 for a row.
    fn columns_of<'a>(&'a self, row: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        let all = std::iter::once(self.columns - 1);
        self.features.iter().map(|(feature, first, _)| first + usize::from(row[*feature])).chain(all)
    }
}

impl UpdateParams {
    /// The model with its tables corrected by the outcomes of `set`, whose rows are in order of time, and calibrated on the
    /// second half of them: by what was said of each row before it was learned from. The scale stays,
    /// and so does which features speak.
    ///
    /// A model without a signal, and one that gets fewer than 10 rows of either outcome, stays as it is. Rows are learned
    /// from in the order given, on one thread, so that the same rows give the same bytes. Features with a trend keep to it.
    ///
    /// Cost: `rows x bins` of the tables in floating-point products.
    ///
    /// # Errors
    /// [`TrainError::Params`] with every parameter out of range, [`TrainError::Model`] when the rows were binned by another
    /// binning than the model's, [`TrainError::Linfa`] as linfa says.
    ///
    /// ```
    /// use propensity::matrix::{Column, FeatureMatrix};
    /// use propensity::models::{Binning, BinningParams, Scorer};
    /// use propensity::parallelism::Parallelism;
    /// use propensity::seed::Seed;
    /// use propensity::training::{AdditiveParams, TrainingRows, TrainingSet, UpdateParams};
    ///
    /// let ids = (0..4000).map(|row| row.to_string()).collect();
    /// let levels: Vec<Option<&str>> = (0..4000).map(|row| Some(["bank", "shop"][row % 2])).collect();
    /// let matrix = FeatureMatrix::try_new(ids, vec![("industry".to_owned(), Column::levels(&levels))])?;
    /// let binning = Binning::learn(&[&matrix], &BinningParams::default())?;
    /// let binned = binning.apply(&matrix)?;
    /// let groups: Vec<u64> = (0..4000).collect();
    /// let rows = |labels| TrainingRows::new(&binning, &binned, labels, &groups);
    /// // Banks bought one time in five and shops one in eight; since then it is one in ten and one in four.
    /// let bought = |bank: usize, shop: usize| -> Vec<bool> {
    ///     (0..4000).map(|row| (row / 2) % [bank, shop][row % 2] == 0).collect()
    /// };
    /// let (before, since) = (bought(5, 8), bought(10, 4));
    /// let set = TrainingSet::try_new(rows(&before))?;
    /// let model = AdditiveParams::default().fit(&set, Seed::new(0), &Parallelism::serial())?.model;
    /// let updated = UpdateParams::default().update(&model, &TrainingSet::try_new(rows(&since))?)?;
    /// let leads = |model: &dyn Scorer| model.margin(binned.row(0)) > model.margin(binned.row(1));
    /// assert!(leads(&model) && !leads(&updated));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn update(&self, model: &FittedModel, set: &TrainingSet<'_>) -> Result<FittedModel, TrainError> {
        self.validate()?;
        let rows = set.rows();
        model.check_binning(rows.binning)?;
        let won = rows.labels.iter().filter(|label| **label).count();
        if model.evidence().signal() == Signal::None || won.min(rows.labels.len() - won) < FEWEST_OUTCOMES {
            return Ok(model.clone());
        }
        let layout = Layout::of(model, set);
        let mut learner = self.learner(layout.columns)?;
        let said = self.learn(model, set, &layout, &mut learner);
        let additive = corrected(model, set, &layout, &learner)?;
        let calibration = learn(calibrating(&said))?;
        Ok(model.clone().with_additive(additive)?.with_calibration(calibration))
    }

    fn learner(&self, columns: usize) -> Result<Ftrl<f64>, TrainError> {
        let Self { alpha, beta, l1, l2, .. } = *self;
        let checked = FtrlParams::new(alpha, beta, l1, l2, Zeros).check();
        let params = checked.map_err(|error| linfa::Error::Parameters(error.to_string()))?;
        Ok(Ftrl::new(params, columns))
    }

    /// Learns batch by batch; returns what was said of every row before it was learned from.
    fn learn(
        &self,
        model: &FittedModel,
        set: &TrainingSet<'_>,
        layout: &Layout,
        learner: &mut Ftrl<f64>,
    ) -> Vec<Judged> {
        let rows = set.rows();
        let mut said: Vec<Judged> = Vec::with_capacity(set.n_rows());
        for first in (0..set.n_rows()).step_by(self.batch_rows) {
            let batch = first..(first + self.batch_rows).min(set.n_rows());
            let corrections = learner.get_weights();
            let mut records = Array2::<f64>::zeros((batch.len(), layout.columns));
            let mut probabilities = Array1::from_elem(batch.len(), Pr::new_unchecked(0.0));
            for (place, row) in batch.clone().enumerate() {
                let bins = rows.binned.row(row);
                let correction: f64 = layout.columns_of(bins).map(|column| corrections[column]).sum();
                let margin = model.margin(bins) + steps(correction);
                probabilities[place] = Pr::new_unchecked(margin.probability().value() as f32);
                for column in layout.columns_of(bins) {
                    records[[place, column]] = set.weight(row);
                }
                said.push((margin, rows.labels[row], set.weight(row)));
            }
            let labels = Array1::from_vec(rows.labels[batch].to_vec());
            learner.update(&DatasetBase::new(records, labels), probabilities.view());
        }
        said
    }

    fn validate(&self) -> Result<(), TrainError> {
        let Self { alpha, beta, l1, l2, batch_rows } = *self;
        let checks = [
            ("alpha", alpha.is_finite() && alpha > 0.0, alpha.to_string(), "above 0"),
            ("beta", beta.is_finite() && beta >= 0.0, beta.to_string(), "at least 0"),
            ("l1", (0.0..=1.0).contains(&l1), l1.to_string(), "0 to 1"),
            ("l2", (0.0..=1.0).contains(&l2), l2.to_string(), "0 to 1"),
            ("batch_rows", batch_rows > 0, batch_rows.to_string(), "at least 1"),
        ];
        let faults: Vec<ParamFault> = checks
            .into_iter()
            .filter(|(_, holds, ..)| !holds)
            .map(|(name, _, found, expected)| ParamFault { name, found, expected })
            .collect();
        if faults.is_empty() { Ok(()) } else { Err(TrainError::Params { faults }) }
    }
}

/// A correction in whole steps; none moves further than 64 log-odds.
fn steps(correction: f64) -> LogOdds {
    LogOdds::from_steps((correction.clamp(-64.0, 64.0) * LogOdds::STEPS as f64).round() as i64)
}

/// The tables with what was learned added to them.
fn corrected(
    model: &FittedModel,
    set: &TrainingSet<'_>,
    layout: &Layout,
    learner: &Ftrl<f64>,
) -> Result<AdditiveModel, TrainError> {
    let learned = learner.get_weights();
    let whole = |column: usize| steps(learned[column]).steps() as i32;
    let mut population: Vec<Vec<u64>> =
        set.rows().binning.bins().iter().map(|bins| vec![0; bins.n_bins()]).collect();
    for row in set.rows().binned.rows() {
        for (counts, bin) in population.iter_mut().zip(row) {
            counts[usize::from(*bin)] += 1;
        }
    }
    // Between bins that follow a trend, one that no row is in moves with its neighbours.
    for (_, counts) in
        population.iter_mut().enumerate().filter(|(feature, _)| set.trend(*feature) != Trend::Free)
    {
        counts[usize::from(FIRST_BIN)..].iter_mut().for_each(|rows| *rows = (*rows).max(1));
    }
    let corrections: Vec<(usize, Vec<i32>)> = layout
        .features
        .iter()
        .map(|(feature, first, bins)| {
            let mut correction: Vec<i32> = (*first..first + bins).map(whole).collect();
            if set.trend(*feature) != Trend::Free {
                keep_trend(set.trend(*feature), model, *feature, &population[*feature], &mut correction);
            }
            (*feature, correction)
        })
        .collect();
    let shift = LogOdds::from_steps(i64::from(whole(layout.columns - 1)));
    Ok(model.additive().corrected(shift, &corrections, &population)?)
}

/// What the calibration is learned from: the second half; all rows where that has one outcome only.
fn calibrating(said: &[Judged]) -> &[Judged] {
    let last = &said[said.len() / 2..];
    let both = last.iter().any(|row| row.1) && last.iter().any(|row| !row.1);
    if both { last } else { said }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::{Column, FeatureMatrix};
    use crate::models::{BinnedMatrix, Binning, BinningParams};
    use crate::parallelism::Parallelism;
    use crate::seed::Seed;
    use crate::training::{AdditiveParams, TrainingRows};

    const ROWS: usize = 3000;

    /// Two features, of which the first may be read, and rows with and without it.
    fn binned() -> (Binning, BinnedMatrix) {
        let ids = (0..ROWS).map(|row| row.to_string()).collect();
        let level = |row: usize| if row % 50 == 49 { None } else { Some(["a", "b", "c"][row % 3]) };
        let speaks: Vec<Option<&str>> = (0..ROWS).map(level).collect();
        let silent = Column::numbers((0..ROWS).map(|row| Some((row * 7919 % 101) as f32)));
        let columns = vec![("speaks".to_owned(), Column::levels(&speaks)), ("silent".to_owned(), silent)];
        let matrix = FeatureMatrix::try_new(ids, columns).unwrap();
        let binning = Binning::learn(&[&matrix], &BinningParams::default()).unwrap();
        let binned = binning.apply(&matrix).unwrap();
        (binning, binned)
    }

    /// Every account of a level buys with the rate of the level.
    fn outcomes(rates: [f64; 3], seed: u64) -> Vec<bool> {
        let seed = Seed::new(seed);
        (0..ROWS).map(|row| seed.uniform(&row.to_le_bytes()) < rates[row % 3]).collect()
    }

    fn with_set<T>(labels: &[bool], weights: Option<&[f32]>, use_set: impl Fn(&TrainingSet<'_>) -> T) -> T {
        let (binning, binned) = binned();
        let groups: Vec<u64> = (0..ROWS as u64).collect();
        let (binning, binned, groups) = (&binning, &binned, &groups[..]);
        let features = Some(&[true, false][..]);
        let rows = TrainingRows { weights, features, ..TrainingRows::new(binning, binned, labels, groups) };
        use_set(&TrainingSet::try_new(rows).unwrap())
    }

    fn trained(rates: [f64; 3]) -> FittedModel {
        let fit = |set: &TrainingSet<'_>| {
            AdditiveParams::default().fit(set, Seed::new(0), &Parallelism::serial()).unwrap().model
        };
        with_set(&outcomes(rates, 1), None, fit)
    }

    fn updated(model: &FittedModel, labels: &[bool], params: UpdateParams) -> FittedModel {
        with_set(labels, None, |set| params.update(model, set).unwrap())
    }

    #[test]
    fn one_batch_by_hand() {
        // All rows in one batch, so z and n are the sum of the misses of a bin and its square.
        let model = trained([0.1, 0.2, 0.3]);
        let labels = outcomes([0.3, 0.2, 0.1], 2);
        let params = UpdateParams { batch_rows: ROWS, ..UpdateParams::default() };
        let (binning, binned) = binned();
        let miss = |row: usize| {
            let said = f64::from(model.margin(binned.row(row)).probability().value() as f32);
            said - f64::from(u8::from(labels[row]))
        };
        let weight = |z: f64| {
            let shrunk = if z.abs() <= params.l1 { 0.0 } else { z.signum() * params.l1 - z };
            shrunk / ((params.beta + z.abs()) / params.alpha + params.l2)
        };
        let sum = |keep: &dyn Fn(usize) -> bool| (0..ROWS).filter(|row| keep(*row)).map(miss).sum::<f64>();
        let all = weight(sum(&|_| true));
        let new = updated(&model, &labels, params);
        for row in [0, 1, 2, 49] {
            let bin = binned.row(row)[0];
            let expected = all + weight(sum(&|other| binned.row(other)[0] == bin));
            let moved = new.margin(binned.row(row)).value() - model.margin(binned.row(row)).value();
            assert!((moved - expected).abs() < 1e-5, "row {row}: {moved} instead of {expected}");
        }
        assert!(new.check_binning(&binning).is_ok());
        assert_eq!(new.scale(), model.scale());
        // The silent feature has no table, before and after.
        let features = |model: &FittedModel| -> Vec<usize> {
            model.additive().tables().iter().map(FeatureTable::feature).collect()
        };
        assert_eq!((features(&model), features(&new)), (vec![0], vec![0]));
    }

    #[test]
    fn tables_follow_a_market_that_turns_and_stay_where_it_does_not() {
        let rates = [0.05, 0.15, 0.3];
        let model = trained(rates);
        let loss = |model: &FittedModel, rates: [f64; 3]| {
            let (labels, (_, binned)) = (outcomes(rates, 9), binned());
            let said: Vec<f64> =
                model.score_rows(&binned).unwrap().iter().map(|scored| scored.probability.value()).collect();
            crate::metrics::log_loss(&labels, &said).unwrap()
        };
        let turned = [0.3, 0.15, 0.05];
        let follows = updated(&model, &outcomes(turned, 2), UpdateParams::default());
        assert!(loss(&follows, turned) < loss(&model, turned) - 0.03);
        let stays = updated(&model, &outcomes(rates, 2), UpdateParams::default());
        assert!((loss(&stays, rates) - loss(&model, rates)).abs() < 0.005);
    }

    #[test]
    fn few_outcomes_and_models_without_a_signal_change_nothing() {
        let model = trained([0.05, 0.15, 0.3]);
        let mut few = vec![false; ROWS];
        few[..9].fill(true);
        assert_eq!(updated(&model, &few, UpdateParams::default()), model);
        let silent = trained([0.2, 0.2, 0.2]);
        assert_eq!(silent.evidence().signal(), Signal::None);
        assert_eq!(updated(&silent, &outcomes([0.5, 0.1, 0.1], 3), UpdateParams::default()), silent);
    }

    #[test]
    fn a_row_that_stands_for_two_counts_twice() {
        let model = trained([0.05, 0.15, 0.3]);
        let labels = outcomes([0.3, 0.15, 0.05], 2);
        let params = UpdateParams { batch_rows: ROWS, ..UpdateParams::default() };
        let base = |weights: &[f32]| {
            with_set(&labels, Some(weights), |set| params.update(&model, set).unwrap()).additive().clone()
        };
        assert_eq!(base(&[1.0; ROWS]), *updated(&model, &labels, params).additive());
        assert_ne!(base(&[2.0; ROWS]), base(&[1.0; ROWS]));
    }

    #[test]
    fn all_faults_are_named_together() {
        let params = UpdateParams { alpha: 0.0, l1: 2.0, batch_rows: 0, ..UpdateParams::default() };
        let model = trained([0.05, 0.15, 0.3]);
        let error = with_set(&outcomes([0.1; 3], 2), None, |set| params.update(&model, set).unwrap_err());
        assert_eq!(
            error.to_string(),
            "training parameters: alpha is 0, expected above 0; l1 is 2, expected 0 to 1; batch_rows is 0, expected at least 1"
        );
    }
}
