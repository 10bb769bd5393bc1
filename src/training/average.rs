//! From bags to a model: the mean of their tables, as entries that say what a row adds beside the average row.

use super::bag::Bag;
use super::columns::Columns;
use super::error::TrainError;
use super::set::TrainingSet;
use super::trees::Grid;
use crate::models::{AdditiveModel, FittedJoint};
use crate::quantity::LogOdds;

/// A row of weight 1, as it is counted in a population.
const ROW: u64 = 1024;

/// The mean of the bags' tables, pure and centred on all rows.
pub(super) fn average(
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
        let weight = ((set.weight(row) * ROW as f64).round() as u64).max(1);
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
            population: grid.smoothed(population, ROW),
        }
    });
    Ok(AdditiveModel::purified(base, tables, joint.collect(), &population)?)
}
