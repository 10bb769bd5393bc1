//! Growing every bag in halves, by small trees and by empirical Bayes: for sets of many rows and few outcomes.
//!
//! Where hundreds of columns hear of few outcomes, tables that all step at once gain of chance as fast as of what is there. Trees
//! of three leaves step where most is to be gained, shrunk much, and find what two columns say only together; each is a sum of
//! tables over at most two columns. Empirical Bayes hears columns that say little each (see [`empirical_bayes`]). The two err
//! differently, so the mean of both ranks better than either.

use super::bag::{Bag, BagRows};
use super::boosting::{Booster, CHECK_EVERY};
use super::empirical_bayes::{Ground, Shrinkage};
use super::histogram::Tables;
use super::trees::{Beginning, Forest, Grid, LevelOrder, Moves, TreePace};
use crate::models::ModelError;
use crate::parallelism::Parallelism;
use crate::seed::Seed;

/// How trees grow: with three leaves, the way to a leaf is over two columns at most.
const GROWTH: TreePace = TreePace {
    rounds: 160,
    patience: 160,
    learning_rate: 0.2,
    leaves: 3,
    leaves_alone: 2,
    levels: LevelOrder::Once,
};
/// How they grow on the first bag, over all columns, to find those that they are over and the pairs of these.
const SEARCH: TreePace = TreePace { rounds: 60, patience: 60, learning_rate: 0.4, ..GROWTH };
/// Least fall of twice the log loss that a split must bring.
const LEAST_GAIN: f64 = 1.0;
/// Shrinkage of a leaf, in units of `p (1 - p)` summed over rows.
const SHRINKAGE: f64 = 20.0;

/// Grows every bag; the grids are those of the joint tables, in the order in which a bag holds their entries.
///
/// All bags grow as many trees: so many that the rows which they were not fitted on, but for those that judge them, lose least in
/// all bags together. Those of the first bag also say whether the mean with the tables by empirical Bayes is better.
pub(super) fn grow(
    booster: &Booster<'_>,
    bag_rows: &[BagRows],
    seed: Seed,
    parallelism: &Parallelism,
) -> Result<(Vec<Grid>, Vec<Bag>), ModelError> {
    let booster = &booster.wary(LEAST_GAIN, SHRINKAGE);
    let most = booster.params().rounds;
    let [search, growth] = [SEARCH, GROWTH].map(|pace| TreePace { rounds: pace.rounds.min(most), ..pace });
    let blocks = |bag: usize| seed.named("blocks").numbered(bag as u64);
    let grids = booster.prior_grids();
    let starts = parallelism.map(bag_rows, |_, rows| booster.start(rows, &grids));
    let mut beginnings: Vec<Beginning<'_>> = bag_rows
        .iter()
        .zip(starts)
        .map(|(rows, tables)| Beginning { rows, tables, grids: grids.clone() })
        .collect();
    let Some(first) = beginnings.first() else { return Ok((Vec::new(), Vec::new())) };
    let (forest, sets) = Forest::found(booster, first, &search, blocks(0))?;
    let grids = &sets.grids;
    for beginning in &mut beginnings {
        beginning.lay(grids);
    }
    let grown = parallelism.map(&beginnings, |bag, beginning| {
        forest.grow(beginning, &watched(beginning.rows), Some(&sets), &growth, blocks(bag))
    });
    let rounds = least_lost(&grown);
    let by_trees =
        |(beginning, moves): (&Beginning<'_>, &Moves)| forest.tables(&moves.first(rounds), &sets, beginning);
    let trees: Vec<Tables> = beginnings.iter().zip(&grown).map(by_trees).collect();
    let shrinkage = shrinkage(booster, &beginnings[0], &trees[0], grids, parallelism)?;
    let halves = |beginning: &Beginning<'_>, trees: Tables| {
        let Some(shrinkage) = &shrinkage else { return trees };
        let block = booster.one_block(&beginning.rows.fit, grids);
        let ground = Ground { block: &block, grids, start: &beginning.tables, grown: &trees };
        mean(&trees, &shrinkage.tables(booster, ground, parallelism))
    };
    let again = growth.exactly(rounds);
    let bags = beginnings.iter().zip(trees).enumerate().map(|(bag, (beginning, trees))| {
        let judged = booster.bag(halves(beginning, trees), rounds, grids, beginning.rows);
        booster.with_later(beginning.rows, judged, |all| {
            let beginning = Beginning { rows: all, ..beginning.clone() };
            let moves = forest.grow(&beginning, &[], Some(&sets), &again, blocks(bag));
            let trees = forest.tables(&moves, &sets, &beginning);
            booster.bag(halves(&beginning, trees), rounds, grids, all)
        })
    });
    let bags = bags.collect();
    Ok((sets.grids, bags))
}

/// What tables by empirical Bayes are made of, where the mean with them is better than the trees of the first bag alone.
fn shrinkage(
    booster: &Booster<'_>,
    beginning: &Beginning<'_>,
    trees: &Tables,
    grids: &[Grid],
    parallelism: &Parallelism,
) -> Result<Option<Shrinkage>, ModelError> {
    let block = booster.one_block(&beginning.rows.fit, grids);
    let ground = Ground { block: &block, grids, start: &beginning.tables, grown: trees };
    let learned = Shrinkage::learn(booster, ground, parallelism)?;
    let both = mean(trees, &learned.tables(booster, ground, parallelism));
    let watched = booster.one_block(&watched(beginning.rows), grids).tiles;
    let loss = |tables: &Tables| booster.loss(tables, &watched, parallelism);
    Ok((loss(&both) < loss(trees)).then_some(learned))
}

/// The mean of the tables of two.
fn mean(one: &Tables, other: &Tables) -> Tables {
    let mut mean = one.clone();
    mean.base = (one.base + other.base).div_euclid(2);
    let alone = mean.weights.as_flattened_mut().iter_mut().zip(other.weights.as_flattened());
    let together = mean.joint.iter_mut().flatten().zip(other.joint.iter().flatten());
    for (weight, other) in alone.chain(together) {
        *weight = weight.midpoint(*other);
    }
    mean
}

/// The rows that a bag was not fitted on, but for those that judge it.
fn watched(rows: &BagRows) -> Vec<usize> {
    [&rows.stop[..], &rows.aside].concat()
}

/// The round after which all bags together have lost least.
fn least_lost(grown: &[Moves]) -> usize {
    let n_checks = grown.iter().map(|moves| moves.losses.len()).min().unwrap_or_default();
    let lost = |check: &usize| grown.iter().map(|moves| moves.losses[*check]).sum::<i128>();
    (0..n_checks).min_by_key(lost).unwrap_or_default() * CHECK_EVERY
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{FittedModel, Scorer};
    use crate::training::made_rows::MadeRows;
    use crate::training::{AdditiveParams, TrainingRows, TrainingSet};

    const ROWS: usize = 12_000;

    fn number(row: usize, column: u64) -> f32 {
        (Seed::new(column).uniform(&row.to_le_bytes()) * 20.0).floor() as f32
    }

    /// Two columns that say nothing alone, one that does, and nine that say nothing.
    fn made() -> MadeRows {
        let names: Vec<String> = (0..12).map(|column| format!("column_{column:02}")).collect();
        let of_rows: Vec<_> = (0..12).map(|column| move |row: usize| number(row, column)).collect();
        let columns: Vec<(&str, &dyn Fn(usize) -> f32)> = names
            .iter()
            .zip(&of_rows)
            .map(|(name, of_row)| (name.as_str(), of_row as &dyn Fn(usize) -> f32))
            .collect();
        MadeRows::new(ROWS, &columns)
    }

    fn both_sides_alike(row: usize) -> bool {
        (number(row, 3) < 10.0) == (number(row, 7) < 10.0)
    }

    fn log_odds(row: usize) -> f64 {
        -1.0 + if both_sides_alike(row) { 0.8 } else { -0.8 } + if number(row, 5) < 10.0 { 0.5 } else { -0.5 }
    }

    fn labels(made: &MadeRows) -> Vec<bool> {
        made.drawn(100, |row| 1.0 / (1.0 + libm::exp(-log_odds(row))))
    }

    fn fitted(set: &TrainingSet<'_>, parallelism: &Parallelism) -> FittedModel {
        let params = AdditiveParams { joint_rows: 1, rows_at_once: 1, ..AdditiveParams::default() };
        params.fit(set, Seed::new(0), parallelism).unwrap().model
    }

    #[test]
    fn what_columns_say_only_together_is_found_among_many_and_learned() {
        let made = made();
        let labels = labels(&made);
        let later: Vec<bool> = (0..ROWS).map(|row| row >= ROWS * 3 / 4).collect();
        for later in [None, Some(&later[..])] {
            let set = TrainingSet::try_new(TrainingRows { later, ..made.rows(&labels) }).unwrap();
            let model = fitted(&set, &Parallelism::serial());
            let strongest = model.additive().joint().iter().max_by_key(|table| table.importance()).unwrap();
            assert_eq!(strongest.features(), [3, 7]);
            let differs = |row: usize| model.margin(made.binned.row(row)).value() - log_odds(row);
            let error = (0..ROWS).map(|row| differs(row).powi(2)).sum::<f64>() / ROWS as f64;
            // Without the pair it is .64. The half by empirical Bayes has no pairs of numbers, so a quarter of that stays.
            assert!(error < 0.2, "{error}");
            let threads = Parallelism::threads(std::num::NonZeroUsize::new(3).unwrap()).unwrap();
            assert_eq!(fitted(&set, &threads), model);
        }
    }

    /// A prior knows a pair; too few cases to find it again bear it out.
    #[test]
    fn what_a_prior_says_of_two_columns_is_taken_over() {
        let made = made();
        let labels = labels(&made);
        let prior = fitted(&TrainingSet::try_new(made.rows(&labels)).unwrap(), &Parallelism::serial());
        let rarely = made.drawn(101, |row| 0.08 / (1.0 + libm::exp(-log_odds(row))));
        let set = TrainingSet::try_new(made.rows(&rarely)).unwrap().with_prior(prior.additive()).unwrap();
        let model = fitted(&set, &Parallelism::serial());
        let mean = |alike: bool| {
            let rows: Vec<usize> = (0..ROWS).filter(|row| both_sides_alike(*row) == alike).collect();
            rows.iter().map(|row| model.margin(made.binned.row(*row)).value()).sum::<f64>()
                / rows.len() as f64
        };
        // It is .9 in the prior, .7 of which is taken. Some 300 cases among twelve columns would not tell.
        let apart = mean(true) - mean(false);
        assert!(apart > 0.4, "{apart}");
    }
}
