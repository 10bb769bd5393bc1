//! Boosting by small trees, and the tables they add up to.
//!
//! A tree over at most three columns is a table over them: each leaf adds its step to the cells of its region. A first
//! run grows trees over any columns and notes what every set of two or three gains (Friedman 2001,
//! <https://doi.org/10.1214/aos/1013203451>); a second one may only use the strongest sets, so that its trees add up to
//! that many tables and the score stays a sum of few entries. Trees see columns by coarse places. Against each stands the
//! best step of a single column by all of its bins, and the one that gains more is taken: so a column that needs fine
//! cuts gets them in its own table, and one that must follow a trend moves only there.
//!
//! Where rows are many and outcomes few, one search on one bag finds columns and pairs (see [`halves`](super::halves)).

mod bag;
mod grid;
mod sets;
mod split;
mod sums;
mod tree;

pub(super) use bag::Moves;
use bag::{Move, bins_of};
pub(super) use grid::Grid;
use sets::{ColumnSet, Credit};
pub(super) use split::LevelOrder;

use super::bag::{Bag, BagRows};
use super::boosting::{Booster, CHECK_EVERY, LEAST_GAIN};
use super::histogram::Tables;
use super::places::{Axis, coarsen};
use super::step::StepLimits;
use crate::models::{FeatureBins, MAX_JOINT, ModelError, Places, Trend};
use crate::parallelism::Parallelism;
use crate::seed::Seed;

/// How much larger the steps of the search are than those of the fit.
const SEARCH_HASTE: f64 = 3.0;
/// Most rounds of the search.
const SEARCH_ROUNDS: usize = 160;
/// Most columns that trees of smaller sets are over: the strongest, alone.
const MOST_COLUMNS: usize = 64;
/// Leaves of a tree that is as deep as it may be: one of three columns.
const ALL_LEAVES: usize = 1 << MAX_JOINT;

/// How trees are grown.
#[derive(Clone, Copy, Debug)]
pub(super) struct TreePace {
    /// Most rounds.
    pub(super) rounds: usize,
    /// Rounds without improvement after which a bag stops.
    pub(super) patience: usize,
    pub(super) learning_rate: f64,
    /// Most leaves of a tree.
    pub(super) leaves: usize,
    /// Most values in the step of a column that moves alone.
    pub(super) leaves_alone: usize,
    /// When levels are put in order.
    pub(super) levels: LevelOrder,
}

impl TreePace {
    /// The same pace for so many rounds, whatever the rows that are watched say.
    pub(super) fn exactly(self, rounds: usize) -> Self {
        Self { rounds, patience: rounds.max(1), ..self }
    }
}

/// What the bags of a fit have in common.
#[derive(Debug)]
pub(super) struct Forest<'a> {
    booster: &'a Booster<'a>,
    limits: StepLimits,
    /// The columns that trees are over.
    columns: Vec<usize>,
    /// How the bins of each fall into places.
    places: Vec<Places>,
    axes: Vec<Axis>,
    /// The columns that also move alone, by all of their bins.
    alone: Vec<usize>,
}

/// The rows of a bag, the tables that all its growth begins from, and the grids of the joint ones among them.
#[derive(Clone, Debug)]
pub(super) struct Beginning<'a> {
    pub(super) rows: &'a BagRows,
    pub(super) tables: Tables,
    pub(super) grids: Vec<Grid>,
}

impl Beginning<'_> {
    /// With empty tables over the grids that are not there yet; those that are there come first.
    pub(super) fn lay(&mut self, grids: &[Grid]) {
        let more = grids.iter().skip(self.grids.len()).map(|grid| vec![0; grid.n_cells()]);
        self.tables.joint.extend(more);
        self.grids = grids.to_vec();
    }
}

/// Grows every bag; the grids are those of the joint tables, in the order in which a bag holds their entries.
pub(super) fn grow(
    booster: &Booster<'_>,
    bag_rows: &[BagRows],
    seed: Seed,
    parallelism: &Parallelism,
) -> Result<(Vec<Grid>, Vec<Bag>), ModelError> {
    let all = (0..booster.columns().len()).collect();
    let forest = Forest::new(booster, booster.strongest(MOST_COLUMNS), all, &[])?;
    let params = booster.params();
    let whole = TreePace {
        rounds: params.rounds,
        patience: params.patience,
        learning_rate: params.learning_rate,
        leaves: ALL_LEAVES,
        leaves_alone: params.leaves,
        levels: LevelOrder::EverySplit,
    };
    let blocks = |bag: usize| seed.named("blocks").numbered(bag as u64);
    let starts = parallelism.map(bag_rows, |_, rows| booster.start(rows, &[]));
    let beginnings: Vec<Beginning<'_>> = bag_rows
        .iter()
        .zip(starts)
        .map(|(rows, tables)| Beginning { rows, tables, grids: Vec::new() })
        .collect();
    let until_worse = |beginning: &Beginning<'_>, sets: Option<&Sets>, pace: &TreePace, bag| {
        let moves = forest.grow(beginning, &beginning.rows.stop, sets, pace, blocks(bag));
        moves.first(best_round(&moves.losses))
    };
    let search = |leaves_alone: usize| {
        let pace = TreePace {
            rounds: params.rounds.min(SEARCH_ROUNDS),
            patience: (params.patience / 2).max(1),
            learning_rate: (params.learning_rate * SEARCH_HASTE).min(1.0),
            leaves_alone,
            ..whole
        };
        let found = parallelism.map(&beginnings, |bag, beginning| {
            let moves = until_worse(beginning, None, &pace, bag);
            (moves.losses.last().copied().unwrap_or_default(), moves.credit())
        });
        let mut credit = Credit::default();
        let mut loss = 0;
        for (of_bag, found) in &found {
            loss += of_bag;
            credit.merge(found);
        }
        (loss, leaves_alone, credit)
    };
    // A column with many cuts in one step learns what has many spikes, and noise. The stopping rows say which it is.
    let (plain, fine) = (search(2), search(params.leaves));
    let (_, leaves_alone, credit) = if fine.0 < plain.0 { fine } else { plain };
    let sets = forest.sets(&credit, params.joint_tables);
    let pace = TreePace { leaves_alone, ..whole };
    let bags = parallelism.map(&beginnings, |bag, beginning| {
        let moves = until_worse(beginning, Some(&sets), &pace, bag);
        let again = pace.exactly(moves.n_rounds());
        let grown = |beginning: &Beginning<'_>, moves: &Moves| {
            let tables = forest.tables(moves, &sets, beginning);
            booster.bag(tables, moves.n_rounds(), &sets.grids, beginning.rows)
        };
        booster.with_later(beginning.rows, grown(beginning, &moves), |rows| {
            let beginning = Beginning { rows, ..beginning.clone() };
            let moves = until_worse(&beginning, Some(&sets), &again, bag);
            grown(&beginning, &moves)
        })
    });
    Ok((sets.grids, bags))
}

/// The round after which the loss was least, as far as it fell by more than is worth the wait.
fn best_round(losses: &[i128]) -> usize {
    let (mut best, mut least) = (0, losses.first().copied().unwrap_or_default());
    for (check, loss) in losses.iter().enumerate() {
        if *loss < least - least / LEAST_GAIN {
            (best, least) = (check, *loss);
        }
    }
    best * CHECK_EVERY
}

/// The sets of columns that have joint tables.
#[derive(Debug)]
pub(super) struct Sets {
    columns: Vec<ColumnSet>,
    /// The sets whose columns may stand on one way of a tree.
    allowed: Vec<ColumnSet>,
    /// The grids of the joint tables.
    pub(super) grids: Vec<Grid>,
}

impl Sets {
    /// With sets of grids that are there already before the others; one whose columns have no place in the forest's list is of no
    /// tree.
    fn begin_with(&mut self, grids: &[Grid], place: impl Fn(usize) -> Option<usize>) {
        let set = |grid: &Grid| {
            let places: Option<Vec<usize>> = grid.columns.iter().map(|column| place(*column)).collect();
            places.unwrap_or_default().into_iter().fold(ColumnSet::default(), ColumnSet::with)
        };
        let known: Vec<ColumnSet> = grids.iter().map(set).collect();
        let others = self.columns.iter().zip(&self.grids).filter(|(set, _)| !known.contains(set));
        let (columns, of_others): (Vec<ColumnSet>, Vec<Grid>) =
            others.map(|(set, grid)| (*set, grid.clone())).unzip();
        self.columns = [known, columns].concat();
        self.grids = [grids.to_vec(), of_others].concat();
        self.allowed.clone_from(&self.columns);
    }
}

impl<'a> Forest<'a> {
    /// Trees over `columns`, beside steps of the columns that move `alone`; columns of grids that are there already keep the places
    /// they have in them.
    fn new(
        booster: &'a Booster<'a>,
        columns: Vec<usize>,
        alone: Vec<usize>,
        grids: &[Grid],
    ) -> Result<Self, ModelError> {
        let all = booster.columns();
        let rows = all.rows_by_bin();
        let most = booster.params().joint_places;
        let known = |column: &usize| {
            let mut of_grids = grids.iter().flat_map(|grid| grid.columns.iter().zip(&grid.places));
            of_grids.find(|(of_grid, _)| *of_grid == column)
        };
        let places = columns
            .iter()
            .map(|column| match known(column) {
                Some((_, places)) => Ok(places.clone()),
                None => coarsen(all.definitions()[*column], &rows[*column], most),
            })
            .collect::<Result<Vec<Places>, _>>()?;
        let axes = columns
            .iter()
            .zip(&places)
            .map(|(column, places)| Axis {
                n_places: places.n_places(),
                is_level: matches!(all.definitions()[*column], FeatureBins::Level { .. }),
            })
            .collect();
        Ok(Self { booster, limits: booster.limits(), columns, places, axes, alone })
    }

    /// The sets with most credit, at most `most` of them.
    fn sets(&self, credit: &Credit, most: usize) -> Sets {
        let columns = credit.strongest(most);
        let grid = |set: &ColumnSet| {
            let (columns, places) =
                set.columns().map(|at| (self.columns[at], self.places[at].clone())).unzip();
            Grid { columns, places }
        };
        Sets { grids: columns.iter().map(grid).collect(), allowed: columns.clone(), columns }
    }

    /// The trees over columns that trees over any of them split, and the sets of two or three of these that say most together. Other
    /// columns than those with a trend do not move alone.
    pub(super) fn found(
        booster: &'a Booster<'a>,
        beginning: &Beginning<'_>,
        pace: &TreePace,
        seed: Seed,
    ) -> Result<(Self, Sets), ModelError> {
        let free = booster.columns().trends().iter().map(|trend| *trend == Trend::Free);
        let (columns, alone): (Vec<(usize, bool)>, Vec<_>) = free.enumerate().partition(|(_, free)| *free);
        let [columns, alone] = [columns, alone]
            .map(|columns| columns.into_iter().map(|(column, _)| column).collect::<Vec<usize>>());
        let all = Self::new(booster, columns, alone.clone(), &[])?;
        let moves = all.grow(beginning, &[], None, pace, seed);
        let split: Vec<usize> = moves.columns();
        let columns = split.iter().map(|at| all.columns[*at]).collect();
        let forest = Self::new(booster, columns, alone, &beginning.grids)?;
        let credit = moves.credit().among(&split);
        let mut sets = forest.sets(&credit, booster.params().joint_tables);
        sets.begin_with(&beginning.grids, |column| forest.columns.binary_search(&column).ok());
        sets.allowed.extend((0..split.len()).map(|at| ColumnSet::default().with(at)));
        Ok((forest, sets))
    }

    /// The tables that the moves of a bag add up to, from those that it began from.
    pub(super) fn tables(&self, grown: &Moves, sets: &Sets, beginning: &Beginning<'_>) -> Tables {
        let Sets { columns, grids, .. } = sets;
        let mut beginning = beginning.clone();
        beginning.lay(grids);
        let mut tables = beginning.tables;
        for made in &grown.made {
            match made {
                Move::Alone { at, steps } => {
                    for (weight, step) in tables.weights[self.alone[*at]].iter_mut().zip(steps.iter()) {
                        *weight = weight.saturating_add(*step);
                    }
                }
                Move::Together(tree) => {
                    for leaf in tree.leaves() {
                        let holding = columns.iter().position(|set| leaf.columns.is_within(*set));
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
        tables
    }
}
