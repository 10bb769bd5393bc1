//! Tables over pairs: which ones are tried, and which of them stay.

use super::boosting::{Bag, BagRows, Booster};
use super::columns::Columns;
use super::grid::Grid;
use super::histogram::{Gradient, PLACES};
use super::params::AdditiveParams;
use super::places::coarsen;
use super::screening::{Residuals, screen};
use super::set::{TrainingSet, Trend};
use super::step::StepLimits;
use crate::models::{ModelError, PairPlaces};
use crate::parallelism::Parallelism;
use crate::quantity::LogOdds;
use crate::seed::{Seed, hash_bytes};

/// Rows that are screened.
const SCREENED_ROWS: usize = 200_000;
/// Columns whose pairs are screened: those whose own tables carry most weight.
const SCREENED_COLUMNS: usize = 40;
/// Cuts of one grid that are about as good as independent: neighbouring cuts see nearly the same rows.
const CUTS: f64 = 20.0;
/// How often chance alone may let a pair through, over all pairs together.
const CHANCE: f64 = 0.05;

/// The pairs that show an effect on rows the bags have not seen, strongest first, at most `params.pairs`.
pub(super) fn promising(
    booster: &Booster<'_>,
    bag_rows: &[BagRows],
    bags: &[Bag],
    seed: Seed,
    parallelism: &Parallelism,
) -> Result<Vec<Grid>, ModelError> {
    let (set, columns, params) = (booster.set(), booster.columns(), booster.params());
    let candidates = candidates(set, columns, params, bags)?;
    let n_pairs = candidates.len() * candidates.len().saturating_sub(1) / 2;
    if params.pairs == 0 || n_pairs == 0 {
        return Ok(Vec::new());
    }
    let (residuals, unevenness) = residuals(booster, bag_rows, bags, seed);
    // The tail of the chi-square distribution with one degree of freedom lies below `exp(-x / 2)`.
    let by_chance = 2.0 * libm::log(n_pairs as f64 * CUTS / CHANCE);
    let limits = StepLimits { min_gain: by_chance * unevenness, l2: 0.0, ..booster.limits() };
    let mut found = screen(columns, &candidates, &residuals, &limits, booster.largest_weight(), parallelism);
    found.truncate(params.pairs);
    Ok(found)
}

/// Whether each pair lowers the loss on the rows that said when to stop, over all bags.
///
/// To second order a row with the entry `e` of a pair would lose `-g e + h e^2 / 2` without it.
pub(super) fn of_use(booster: &Booster<'_>, pairs: &[Grid], bag_rows: &[BagRows], bags: &[Bag]) -> Vec<bool> {
    let columns = booster.columns();
    let mut without = vec![0_i128; pairs.len()];
    for (rows, bag) in bag_rows.iter().zip(bags) {
        for &row in &rows.stop {
            let margin = columns.margin(&bag.tables, pairs, row);
            let Gradient { first, second } = booster.gradient(margin.steps(), row);
            for ((without, grid), table) in without.iter_mut().zip(pairs).zip(&bag.tables.pairs) {
                let entry = i128::from(table[usize::from(grid.cell(columns.row(row)))]);
                // Doubled, and in units of 2^-20 steps of an entry.
                *without -= 2 * i128::from(first) * entry * i128::from(LogOdds::STEPS);
                *without += i128::from(second) * entry * entry;
            }
        }
    }
    without.into_iter().map(|more| more > 0).collect()
}

/// The columns that carry weight and may move the score freely, with their places.
fn candidates(
    set: &TrainingSet<'_>,
    columns: &Columns<'_>,
    params: &AdditiveParams,
    bags: &[Bag],
) -> Result<Vec<(usize, PairPlaces)>, ModelError> {
    let mut rows = vec![[0_u64; PLACES]; columns.len()];
    for row in 0..set.n_rows() {
        for (rows, bin) in rows.iter_mut().zip(columns.row(row)) {
            rows[usize::from(*bin)] += 1;
        }
    }
    let count = i64::try_from(bags.len().max(1)).unwrap_or(i64::MAX);
    let mut weighed: Vec<(u64, usize, [i32; PLACES])> = (0..columns.len())
        .map(|column| {
            let mut mean = [0_i32; PLACES];
            for (place, mean) in mean.iter_mut().enumerate() {
                let sum: i64 = bags.iter().map(|bag| i64::from(bag.tables.weights[column][place])).sum();
                *mean = (sum / count) as i32;
            }
            let size = mean.iter().zip(&rows[column]).map(|(w, n)| u64::from(w.unsigned_abs()) * *n).sum();
            (size, column, mean)
        })
        .filter(|(size, column, _)| *size > 0 && columns.trends()[*column] == Trend::Free)
        .collect();
    weighed.sort_by_key(|(size, column, _)| (std::cmp::Reverse(*size), *column));
    weighed.truncate(SCREENED_COLUMNS);
    weighed.sort_by_key(|(_, column, _)| *column);
    let places = |(_, column, mean): (u64, usize, [i32; PLACES])| {
        let places = coarsen(columns.definitions()[column], &rows[column], &mean, params.pair_places)?;
        Ok((column, places))
    };
    weighed.into_iter().map(places).collect()
}

/// The gradient of rows at the margins of bags that have not seen them, and how uneven their weights are:
/// `sum of w^2 p (1 - p) / sum of w p (1 - p)`, by which chance is larger than rows of equal weight would have it.
fn residuals(booster: &Booster<'_>, bag_rows: &[BagRows], bags: &[Bag], seed: Seed) -> (Residuals, f64) {
    let set = booster.set();
    let n_rows: usize = bag_rows.iter().map(|rows| rows.judge.len()).sum();
    let share = (SCREENED_ROWS as f64 / n_rows.max(1) as f64).min(1.0);
    let most = (share * u64::MAX as f64) as u64;
    let mut judged: Vec<_> = bag_rows
        .iter()
        .zip(bags)
        .flat_map(|(rows, bag)| rows.judge.iter().copied().zip(bag.judged.iter().copied()))
        .filter(|(row, _)| hash_bytes(seed.value(), &set.rows().groups[*row].to_le_bytes()) <= most)
        .collect();
    judged.sort_unstable();
    let (mut plain, mut squared) = (0_i128, 0.0);
    let gradients = judged
        .iter()
        .map(|(row, margin)| {
            let gradient = booster.gradient(margin.steps(), *row);
            plain += i128::from(gradient.second);
            squared += gradient.second as f64 * set.weight(*row);
            gradient
        })
        .collect();
    let unevenness = if plain > 0 { squared / plain as f64 } else { 1.0 };
    (Residuals { rows: judged.into_iter().map(|(row, _)| row).collect(), gradients }, unevenness)
}
