//! Boosting of small trees on the rows of one bag.

use std::collections::BTreeSet;

use super::sets::Credit;
use super::split::{LevelOrder, PlaceMask, order};
use super::sums::{PlaceSums, Sum, of_all};
use super::tree::{Growth, Tree};
use super::{Beginning, Forest, Sets, TreePace};
use crate::models::{MAX_PLACES, Places};
use crate::quantity::LogOdds;
use crate::seed::{Seed, hash_bytes};
use crate::training::bag::BagRows;
use crate::training::boosting::{CHECK_EVERY, LEAST_GAIN};
use crate::training::histogram::{FLUSH, PLACES};
use crate::training::places::Axis;
use crate::training::step::{StepLimits, step};

/// What is added in one round.
#[derive(Clone, Debug)]
pub(super) enum Move {
    /// A step of the table of one of the columns that move alone, by its place among them: a value per bin.
    Alone { at: usize, steps: Box<[i32; PLACES]> },
    /// A tree over places of several columns.
    Together(Tree),
}

/// The moves of a bag, one a round.
#[derive(Clone, Debug)]
pub(in crate::training) struct Moves {
    pub(super) made: Vec<Move>,
    credits: Vec<Credit>,
    /// The loss of the rows that were watched: before any move, and after every [`CHECK_EVERY`] of them.
    pub(in crate::training) losses: Vec<i128>,
}

impl Moves {
    /// The first moves.
    pub(in crate::training) fn first(&self, rounds: usize) -> Self {
        let mut first = self.clone();
        first.made.truncate(rounds);
        first.credits.truncate(rounds);
        first.losses.truncate(1 + rounds / CHECK_EVERY);
        first
    }

    pub(in crate::training) fn n_rounds(&self) -> usize {
        self.made.len()
    }

    /// What the moves have gained, by the sets of columns.
    pub(super) fn credit(&self) -> Credit {
        let mut credit = Credit::default();
        self.credits.iter().for_each(|of_round| credit.merge(of_round));
        credit
    }

    /// The places in the forest's list of the columns that trees have split, ascending.
    pub(super) fn columns(&self) -> Vec<usize> {
        let of_moves = self.made.iter().flat_map(|made| match made {
            Move::Together(tree) => tree.leaves(),
            Move::Alone { .. } => &[],
        });
        let columns: BTreeSet<usize> =
            of_moves.flat_map(|leaf| leaf.region.iter().map(|(at, _)| *at)).collect();
        columns.into_iter().collect()
    }
}

/// Rows that take part in the same rounds.
struct Block {
    rows: Vec<usize>,
    /// The bins of every column that moves alone, one per row.
    bins: Vec<Vec<u8>>,
    /// The places of every column that trees are over, one per row.
    places: Vec<Vec<u8>>,
    margins: Vec<i64>,
    /// Moves that are in the margins.
    applied: usize,
}

impl Block {
    /// Adds the moves that are not in the margins yet.
    fn catch_up(&mut self, moves: &[Move]) {
        for made in &moves[self.applied..] {
            match made {
                Move::Alone { at, steps } => {
                    for (margin, bin) in self.margins.iter_mut().zip(&self.bins[*at]) {
                        *margin += i64::from(steps[usize::from(*bin)]);
                    }
                }
                Move::Together(tree) => {
                    for (row, margin) in self.margins.iter_mut().enumerate() {
                        *margin += i64::from(tree.step(|at| self.places[at][row]));
                    }
                }
            }
        }
        self.applied = moves.len();
    }
}

impl Forest<'_> {
    /// Grows until the rows that are watched have seen no improvement for a while.
    pub(in crate::training) fn grow(
        &self,
        Beginning { rows, tables, grids }: &Beginning<'_>,
        watched: &[usize],
        sets: Option<&Sets>,
        pace: &TreePace,
        seed: Seed,
    ) -> Moves {
        let margin = |row: &usize| self.booster.columns().margin(tables, grids, *row).steps();
        let mut blocks = self.blocks(&rows.fit, &margin, seed);
        let mut watched = self.block(watched.to_vec(), &margin);
        let orders = (pace.levels == LevelOrder::Once).then(|| self.orders(rows, &blocks));
        let growth = Growth {
            axes: &self.axes,
            orders: orders.as_deref(),
            allowed: sets.map(|sets| &sets.allowed[..]),
            limits: &self.limits,
            leaves: pace.leaves,
            unit: self.booster.unit(),
            learning_rate: pace.learning_rate,
        };
        let limits = StepLimits { leaves: pace.leaves_alone, ..self.limits };
        let loss = |watched: &Block| self.booster.loss_at(watched.rows.iter().copied(), &watched.margins);
        let mut best = (loss(&watched), 0);
        let mut moves = Moves { made: Vec::new(), credits: Vec::new(), losses: vec![best.0] };
        for round in 1..=pace.rounds {
            let at = round % blocks.len();
            let block = &mut blocks[at];
            block.catch_up(&moves.made);
            let (made, credit) = self.round(block, &growth, &limits);
            block.applied += 1;
            moves.made.push(made);
            moves.credits.push(credit);
            if round % CHECK_EVERY == 0 {
                watched.catch_up(&moves.made);
                let loss = loss(&watched);
                moves.losses.push(loss);
                if loss < best.0 - best.0 / LEAST_GAIN {
                    best = (loss, round);
                } else if round >= best.1 + pace.patience {
                    break;
                }
            }
        }
        moves
    }

    /// The order of the places of every column, that of levels by what is left at the rate of all rows.
    fn orders(&self, rows: &BagRows, blocks: &[Block]) -> Vec<Vec<u8>> {
        let rate = self.booster.rate_alone(rows).base;
        let gradient = |row: &usize| self.booster.gradient(rate, *row).packed();
        let gradients: Vec<Vec<i64>> =
            blocks.iter().map(|block| block.rows.iter().map(gradient).collect()).collect();
        let of_column = |(at, axis): (usize, &Axis)| {
            let mut sums = [Sum::default(); MAX_PLACES];
            for (block, gradients) in blocks.iter().zip(&gradients).filter(|_| axis.is_level) {
                let of_block = of_all(&block.places[at], gradients);
                sums.iter_mut().zip(of_block).for_each(|(held, sum)| *held = *held + sum);
            }
            order(*axis, &sums, self.booster.unit(), &self.limits)
        };
        self.axes.iter().enumerate().map(of_column).collect()
    }

    /// Deals rows into blocks by the hash of their groups, so that the order of rows does not matter.
    fn blocks(&self, rows: &[usize], margin: &dyn Fn(&usize) -> i64, seed: Seed) -> Vec<Block> {
        let groups = self.booster.set().rows().groups;
        let n_blocks = rows.len().div_ceil(self.booster.params().rows_per_round).max(1);
        let mut parts: Vec<Vec<usize>> = vec![Vec::new(); n_blocks];
        for &row in rows {
            let hash = hash_bytes(seed.value(), &groups[row].to_le_bytes());
            parts[(hash % n_blocks as u64) as usize].push(row);
        }
        parts.into_iter().map(|rows| self.block(rows, margin)).collect()
    }

    fn block(&self, rows: Vec<usize>, margin: &dyn Fn(&usize) -> i64) -> Block {
        let of_column = |column: usize| rows.iter().map(move |row| self.booster.columns().row(*row)[column]);
        let places_of = |(column, places): (&usize, &Places)| {
            of_column(*column).map(|bin| places.of_bins()[usize::from(bin)]).collect()
        };
        Block {
            bins: self.alone.iter().map(|column| of_column(*column).collect()).collect(),
            places: self.columns.iter().zip(&self.places).map(places_of).collect(),
            margins: rows.iter().map(margin).collect(),
            applied: 0,
            rows,
        }
    }

    /// One move, the one that gains more: of one column by all its bins, or of several by their places.
    fn round(&self, block: &mut Block, growth: &Growth<'_>, limits: &StepLimits) -> (Move, Credit) {
        let gradients: Vec<i64> = block
            .margins
            .iter()
            .zip(&block.rows)
            .map(|(margin, row)| self.booster.gradient(*margin, *row).packed())
            .collect();
        let by_bin: Vec<[Sum; PLACES]> = block.bins.iter().map(|bins| by_bin(bins, &gradients)).collect();
        let alone = self.alone(&by_bin, limits, growth.learning_rate);
        let of_column = |at: usize| match self.alone.binary_search(&self.columns[at]) {
            Ok(alone) => by_places(&self.places[at], &by_bin[alone]),
            Err(_) => of_all(&block.places[at], &gradients),
        };
        let sums = (0..self.columns.len()).map(of_column);
        let rows = (0..block.rows.len() as u32).collect();
        let grown = growth.grow(&block.places, &gradients, rows, sums.collect());
        match alone {
            Some((gain, at, steps)) if gain > grown.gain => {
                for (margin, bin) in block.margins.iter_mut().zip(&block.bins[at]) {
                    *margin += i64::from(steps[usize::from(*bin)]);
                }
                (Move::Alone { at, steps }, Credit::default())
            }
            _ => {
                for (leaf, rows) in grown.tree.leaves().iter().zip(&grown.rows) {
                    for row in rows {
                        block.margins[*row as usize] += i64::from(leaf.step);
                    }
                }
                (Move::Together(grown.tree), grown.credit)
            }
        }
    }

    /// The step of one of the columns that move alone, the one that gains most: how far twice the log loss falls, its place among
    /// them, and the step of every bin.
    fn alone(
        &self,
        by_bin: &[[Sum; PLACES]],
        limits: &StepLimits,
        learning_rate: f64,
    ) -> Option<(f64, usize, Box<[i32; PLACES]>)> {
        let (columns, unit) = (self.booster.columns(), self.booster.unit());
        let mut best: Option<(f64, usize, Vec<f64>)> = None;
        for (at, (sums, column)) in by_bin.iter().zip(&self.alone).enumerate() {
            let bins = columns.definitions()[*column];
            let sums: Vec<(f64, f64)> = sums[..bins.n_bins()]
                .iter()
                .map(|sum| (sum.first as f64 * unit, sum.second as f64 * unit))
                .collect();
            let values = step(bins, columns.trends()[*column], &sums, limits);
            let gain = values.iter().zip(&sums).map(|(v, (g, h))| -2.0 * g * v - h * v * v).sum();
            if gain > 1e-9 && best.as_ref().is_none_or(|(most, ..)| gain > *most) {
                best = Some((gain, at, values));
            }
        }
        let (gain, at, values) = best?;
        let whole = by_bin[at].iter().fold(Sum::default(), |held, sum| held + *sum);
        let (g, h) = (whole.first as f64 * unit, whole.second as f64 * unit);
        // The step is centred; what all rows need alike goes with it.
        let shift = if h > 0.0 { -g / (h + limits.l2) } else { 0.0 };
        let rate = learning_rate * LogOdds::STEPS as f64;
        let mut steps = Box::new([0; PLACES]);
        for (step, value) in steps.iter_mut().zip(values) {
            *step = ((value + shift).clamp(-8.0, 8.0) * rate).round() as i32;
        }
        Some((gain, at, steps))
    }
}

/// The bins that fall into the places of a mask.
pub(super) fn bins_of(places: &Places, mask: PlaceMask) -> impl Iterator<Item = usize> + '_ {
    let is_inside = move |(_, place): &(usize, &u8)| mask >> **place & 1 == 1;
    places.of_bins().iter().enumerate().filter(is_inside).map(|(bin, _)| bin)
}

fn by_bin(bins: &[u8], gradients: &[i64]) -> [Sum; PLACES] {
    let mut sums = [Sum::default(); PLACES];
    for (bins, gradients) in bins.chunks(FLUSH).zip(gradients.chunks(FLUSH)) {
        let mut packed = [0; PLACES];
        for (bin, gradient) in bins.iter().zip(gradients) {
            packed[usize::from(*bin)] += gradient;
        }
        for (sum, packed) in sums.iter_mut().zip(packed) {
            *sum = *sum + Sum::of(std::iter::once(packed));
        }
    }
    sums
}

fn by_places(places: &Places, by_bin: &[Sum; PLACES]) -> PlaceSums {
    let mut sums = [Sum::default(); MAX_PLACES];
    for (place, sum) in places.of_bins().iter().zip(by_bin) {
        let held = &mut sums[usize::from(*place)];
        *held = *held + *sum;
    }
    sums
}
