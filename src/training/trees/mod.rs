//! Boosting by small trees, and the tables they add up to.
//!
//! A tree over at most three columns is a table over them: each leaf adds its step to the cells of its region. A first
//! run grows trees over any columns and notes what every set of two or three gains (Friedman 2001,
//! <https://doi.org/10.1214/aos/1013203451>); a second one may only use the strongest sets, so that its trees add up to
//! that many tables and the score stays a sum of few entries. Trees see columns by coarse places. Against each stands the
//! best step of a single column by all of its bins, and the one that gains more is taken: so a column that needs fine
//! cuts gets them in its own table, and one that must follow a trend moves only there.

mod bag;
mod grid;
mod sets;
mod split;
mod sums;
mod tree;

use bag::{Move, Moves, bins_of};
pub(super) use grid::Grid;
use sets::{ColumnSet, Credit, MOST_COLUMNS};

use super::bag::{Bag, BagRows};
use super::boosting::{Booster, Pace};
use super::histogram::Tables;
use super::places::{Axis, coarsen};
use super::step::StepLimits;
use crate::models::{FeatureBins, ModelError, Places};
use crate::parallelism::Parallelism;
use crate::seed::Seed;

/// How much larger the steps of the search are than those of the fit.
const SEARCH_HASTE: f64 = 3.0;
/// Most rounds of the search.
const SEARCH_ROUNDS: usize = 160;

/// What the bags of a fit have in common.
#[derive(Debug)]
struct Forest<'a> {
    booster: &'a Booster<'a>,
    limits: StepLimits,
    /// The columns that trees are over.
    columns: Vec<usize>,
    /// How the bins of each fall into places.
    places: Vec<Places>,
    axes: Vec<Axis>,
}

/// The rows of a bag, and the tables that all its growth begins from.
struct Beginning<'a> {
    rows: &'a BagRows,
    tables: Tables,
}

/// Grows every bag; the grids are those of the joint tables, in the order in which a bag holds their entries.
pub(super) fn grow(
    booster: &Booster<'_>,
    bag_rows: &[BagRows],
    seed: Seed,
    parallelism: &Parallelism,
) -> Result<(Vec<Grid>, Vec<Bag>), ModelError> {
    let forest = Forest::new(booster)?;
    let params = booster.params();
    let whole = Pace {
        rounds: params.rounds,
        patience: params.patience,
        learning_rate: params.learning_rate,
        leaves: params.leaves,
        crosses: 0,
    };
    let blocks = |bag: usize| seed.named("blocks").numbered(bag as u64);
    let starts = parallelism.map(bag_rows, |_, rows| booster.start(rows));
    let beginnings: Vec<Beginning<'_>> =
        bag_rows.iter().zip(starts).map(|(rows, tables)| Beginning { rows, tables }).collect();
    let search = |leaves: usize| {
        let pace = Pace {
            rounds: params.rounds.min(SEARCH_ROUNDS),
            patience: (params.patience / 2).max(1),
            learning_rate: (params.learning_rate * SEARCH_HASTE).min(1.0),
            leaves,
            crosses: 0,
        };
        let found = parallelism.map(&beginnings, |bag, beginning| {
            let Moves { credit, loss, .. } = forest.grow(beginning, None, &pace, blocks(bag));
            (loss, credit)
        });
        let mut credit = Credit::default();
        let mut loss = 0;
        for (of_bag, found) in &found {
            loss += of_bag;
            credit.merge(found);
        }
        (loss, leaves, credit)
    };
    // A column with many cuts in one step learns what has many spikes, and noise. The stopping rows say which it is.
    let (plain, fine) = (search(2), search(params.leaves));
    let (_, leaves, credit) = if fine.0 < plain.0 { fine } else { plain };
    let sets = credit.strongest(params.joint_tables);
    let grids: Vec<Grid> = sets.iter().map(|set| forest.grid(*set)).collect();
    let pace = Pace { leaves, ..whole };
    let bags = parallelism.map(&beginnings, |bag, beginning| {
        let grown = |beginning: &Beginning<'_>, pace: &Pace| {
            let moves = forest.grow(beginning, Some(&sets), pace, blocks(bag));
            forest.bag(&moves, &sets, &grids, beginning)
        };
        let bag = grown(beginning, &pace);
        let again = pace.exactly(bag.rounds);
        booster.with_later(beginning.rows, bag, |rows| {
            grown(&Beginning { rows, tables: beginning.tables.clone() }, &again)
        })
    });
    Ok((grids, bags))
}

impl<'a> Forest<'a> {
    fn new(booster: &'a Booster<'a>) -> Result<Self, ModelError> {
        let all = booster.columns();
        let rows = all.rows_by_bin();
        let columns = booster.strongest(MOST_COLUMNS);
        let most = booster.params().joint_places;
        let places = columns
            .iter()
            .map(|column| coarsen(all.definitions()[*column], &rows[*column], most))
            .collect::<Result<Vec<Places>, _>>()?;
        let axes = columns
            .iter()
            .zip(&places)
            .map(|(column, places)| Axis {
                n_places: places.n_places(),
                is_level: matches!(all.definitions()[*column], FeatureBins::Level { .. }),
            })
            .collect();
        Ok(Self { booster, limits: booster.limits(), columns, places, axes })
    }

    fn grid(&self, set: ColumnSet) -> Grid {
        let (columns, places) = set.columns().map(|at| (self.columns[at], self.places[at].clone())).unzip();
        Grid { columns, places }
    }

    /// The tables that the moves of a bag add up to.
    fn bag(&self, grown: &Moves, sets: &[ColumnSet], grids: &[Grid], beginning: &Beginning<'_>) -> Bag {
        let mut tables = beginning.tables.clone();
        tables.joint = grids.iter().map(|grid| vec![0; grid.n_cells()]).collect();
        for made in &grown.made {
            match made {
                Move::Alone { column, steps } => {
                    for (weight, step) in tables.weights[*column].iter_mut().zip(steps.iter()) {
                        *weight = weight.saturating_add(*step);
                    }
                }
                Move::Together(tree) => {
                    for leaf in tree.leaves() {
                        let holding = sets.iter().position(|set| leaf.columns.is_within(*set));
                        match (&leaf.region[..], holding) {
                            ([(at, mask)], _) => {
                                for bin in bins_of(&self.places[*at], *mask) {
                                    let weight = &mut tables.weights[self.columns[*at]][bin];
                                    *weight = weight.saturating_add(leaf.step);
                                }
                            }
                            (region @ [_, _, ..], Some(index)) => {
                                let region: Vec<_> =
                                    region.iter().map(|(at, mask)| (self.columns[*at], *mask)).collect();
                                grids[index].add(&mut tables.joint[index], &region, leaf.step);
                            }
                            _ => tables.base += i64::from(leaf.step),
                        }
                    }
                }
            }
        }
        self.booster.bag(tables, grown.made.len(), grids, beginning.rows)
    }
}
