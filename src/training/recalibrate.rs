//! A fitted model with a calibration of its own time.

use super::calibrate::{Judged, learn};
use super::error::TrainError;
use super::set::TrainingSet;
use crate::models::{FittedModel, Scorer};

/// The same tables and the same scale, with the calibration learned anew on `set`: rows that the tables were not fitted on,
/// best the latest whose outcome is known.
///
/// The calibration follows when rates move and the order of accounts does not; it needs far fewer outcomes than tables do. A
/// model without a signal gets the base rate of the rows by its calibration too. The curve is the one that training learns:
/// isotonic groups, shrunk towards a logistic curve (Platt 1999; Zadrozny and Elkan 2002,
/// <https://doi.org/10.1145/775047.775151>). Cost: one look-up a row and feature, and one sort.
///
/// # Errors
/// [`TrainError::Model`] when the rows were binned by another binning than the model's.
///
/// ```
/// use propensity::matrix::{Column, FeatureMatrix};
/// use propensity::models::{Binning, BinningParams, Scorer};
/// use propensity::parallelism::Parallelism;
/// use propensity::seed::Seed;
/// use propensity::training::{AdditiveParams, TrainingRows, TrainingSet, recalibrate};
///
/// let ids = (0..800).map(|row| row.to_string()).collect();
/// let seats = Column::numbers((0..800).map(|row| Some((row % 40) as f32)));
/// let matrix = FeatureMatrix::try_new(ids, vec![("seats".to_owned(), seats)])?;
/// let binning = Binning::learn(&[&matrix], &BinningParams::default())?;
/// let binned = binning.apply(&matrix)?;
/// let groups: Vec<u64> = (0..800).collect();
/// let rows = |labels| TrainingRows::new(&binning, &binned, labels, &groups);
/// // Last year one large account in five bought and no small one; this year two in five.
/// let bought = |one_in: u64| (0..800_u64).map(|row| row % 40 >= 20 && (row / 40) % 10 < one_in).collect::<Vec<_>>();
/// let (last_year, this_year) = (bought(2), bought(4));
/// let set = TrainingSet::try_new(rows(&last_year))?;
/// let model = AdditiveParams::default().fit(&set, Seed::new(0), &Parallelism::serial())?.model;
/// let now = recalibrate(&model, &TrainingSet::try_new(rows(&this_year))?)?;
/// let expected = |model: &dyn Scorer| -> Result<f64, propensity::models::ModelError> {
///     Ok(model.score_rows(&binned)?.iter().map(|scored| scored.probability.value()).sum())
/// };
/// assert!((expected(&model)? - 80.0).abs() < 5.0 && (expected(&now)? - 160.0).abs() < 5.0);
/// assert_eq!(model.additive(), now.additive());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn recalibrate(model: &FittedModel, set: &TrainingSet<'_>) -> Result<FittedModel, TrainError> {
    model.check_binning(set.rows().binning)?;
    let rows = set.rows();
    let judged: Vec<Judged> = rows
        .binned
        .rows()
        .enumerate()
        .map(|(row, bins)| (model.margin(bins), rows.labels[row], set.weight(row)))
        .collect();
    Ok(model.clone().with_calibration(learn(&judged)?))
}
