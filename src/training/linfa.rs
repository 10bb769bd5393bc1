//! The additive model as a linfa estimator.

use linfa::DatasetBase;
use linfa::dataset::Pr;
use linfa::traits::{Fit, PredictInplace};
use ndarray::{Array1, Array2};

use super::error::TrainError;
use super::params::AdditiveParams;
use super::set::{TrainingRows, TrainingSet};
use crate::matrix::{Column, FeatureMatrix, MatrixError};
use crate::models::{Binning, BinningParams, FittedModel, Scorer};
use crate::parallelism::Parallelism;
use crate::seed::Seed;

/// A fitted model together with its binning, over rows of plain numbers.
#[derive(Clone, Debug)]
pub struct DenseModel {
    binning: Binning,
    model: FittedModel,
}

impl DenseModel {
    /// The bins of every column.
    pub const fn binning(&self) -> &Binning {
        &self.binning
    }

    /// The fitted model.
    pub const fn model(&self) -> &FittedModel {
        &self.model
    }

    fn probabilities(&self, records: &Array2<f64>) -> Result<Vec<Pr>, TrainError> {
        let names: Vec<String> =
            self.binning.signature().features().iter().map(|feature| feature.name.clone()).collect();
        let binned = self.binning.apply(&matrix(records, &names)?)?;
        let scored = self.model.score_rows(&binned)?;
        Ok(scored.iter().map(|scored| Pr::new_unchecked(scored.probability.value() as f32)).collect())
    }
}

/// The records as a feature matrix of numbers; what is not a finite 32-bit number is missing.
fn matrix(records: &Array2<f64>, names: &[String]) -> Result<FeatureMatrix, MatrixError> {
    let ids = (0..records.nrows()).map(|row| row.to_string()).collect();
    let columns = records.columns().into_iter().enumerate().map(|(index, cells)| {
        let name = names.get(index).cloned().unwrap_or_else(|| format!("x{index}"));
        let values = cells.iter().map(|cell| Some(*cell as f32).filter(|value| value.is_finite()));
        (name, Column::numbers(values))
    });
    FeatureMatrix::try_new(ids, columns.collect())
}

/// Every row is a group of its own; a cell that is not a finite number is missing. The seed is 0 and the work
/// stays on one thread: call [`AdditiveParams::fit`] itself for more.
///
/// ```
/// use linfa::DatasetBase;
/// use linfa::traits::{Fit, Predict};
/// use ndarray::{Array1, Array2};
/// use propensity::training::AdditiveParams;
/// // 400 accounts; those with more than 100 seats buy three times in four, the others one time in four.
/// let seats = Array2::from_shape_fn((400, 1), |(i, _)| if i % 50 == 49 { f64::NAN } else { (i % 200) as f64 });
/// let bought = Array1::from_shape_fn(400, |i| if i % 200 > 100 { i % 4 != 0 } else { i % 4 == 0 });
/// let dataset = DatasetBase::new(seats, bought);
/// let model = Fit::fit(&AdditiveParams::default(), &dataset)?;
/// let probabilities = model.predict(&dataset);
/// assert!(*probabilities[150] > 0.6 && *probabilities[20] < 0.4);
/// # Ok::<(), propensity::training::TrainError>(())
/// ```
impl Fit<Array2<f64>, Array1<bool>, TrainError> for AdditiveParams {
    type Object = DenseModel;

    fn fit(&self, dataset: &DatasetBase<Array2<f64>, Array1<bool>>) -> Result<DenseModel, TrainError> {
        let matrix = matrix(&dataset.records, dataset.feature_names())?;
        let binning = Binning::learn(&[&matrix], &BinningParams::default())?;
        let binned = binning.apply(&matrix)?;
        let labels = dataset.targets.to_vec();
        let groups: Vec<u64> = (0..labels.len() as u64).collect();
        let weights = dataset.weights();
        let rows = TrainingRows { weights, ..TrainingRows::new(&binning, &binned, &labels, &groups) };
        let trained = Self::fit(self, &TrainingSet::try_new(rows)?, Seed::new(0), &Parallelism::serial())?;
        Ok(DenseModel { binning, model: trained.model })
    }
}

impl PredictInplace<Array2<f64>, Array1<Pr>> for DenseModel {
    /// Writes the probability of every row.
    ///
    /// # Panics
    /// As linfa's own models do: when rows and targets differ in number, or columns from those fitted on.
    fn predict_inplace<'a>(&'a self, records: &'a Array2<f64>, targets: &mut Array1<Pr>) {
        assert_eq!(records.nrows(), targets.len(), "one target per row");
        assert_eq!(
            records.ncols(),
            self.binning.signature().len(),
            "as many columns as the model was fitted on"
        );
        match self.probabilities(records) {
            Ok(probabilities) => targets.assign(&Array1::from(probabilities)),
            Err(error) => panic!("{error}"),
        }
    }

    fn default_target(&self, records: &Array2<f64>) -> Array1<Pr> {
        Array1::from_elem(records.nrows(), Pr::new_unchecked(0.5))
    }
}
