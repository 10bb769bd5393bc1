//! Boosting of small trees on the rows of one bag.

use super::sets::{ColumnSet, Credit};
use super::split::PlaceMask;
use super::sums::{PlaceSums, Sum};
use super::tree::{Growth, Tree};
use super::{Beginning, Forest};
use crate::models::{MAX_PLACES, Places};
use crate::quantity::LogOdds;
use crate::seed::{Seed, hash_bytes};
use crate::training::boosting::{CHECK_EVERY, LEAST_GAIN, Pace};
use crate::training::histogram::PLACES;
use crate::training::step::{StepLimits, step};

/// What is added in one round.
#[derive(Clone, Debug)]
pub(super) enum Move {
    /// A step of the table of one column, a value per bin.
    Alone { column: usize, steps: Box<[i32; PLACES]> },
    /// A tree over places of several columns.
    Together(Tree),
}

/// The moves of a bag, as far as they lowered the loss of the rows that say when to stop.
#[derive(Clone, Debug)]
pub(super) struct Moves {
    pub(super) made: Vec<Move>,
    pub(super) credit: Credit,
    /// The loss of those rows after them.
    pub(super) loss: i128,
}

/// Rows that take part in the same rounds.
struct Block {
    rows: Vec<usize>,
    /// The bins of every column, one per row.
    bins: Vec<Vec<u8>>,
    /// The places of every column that trees are over, one per row.
    places: Vec<Vec<u8>>,
    margins: Vec<i64>,
    /// Moves that are in the margins.
    applied: usize,
}

impl Forest<'_> {
    /// Grows until the stopping rows see no improvement.
    pub(super) fn grow(
        &self,
        Beginning { rows, tables }: &Beginning<'_>,
        allowed: Option<&[ColumnSet]>,
        pace: &Pace,
        seed: Seed,
    ) -> Moves {
        let margin = |row: &usize| self.booster.columns().margin(tables, &[], *row).steps();
        let mut blocks = self.blocks(&rows.fit, &margin, seed);
        let mut stop: Vec<i64> = rows.stop.iter().map(margin).collect();
        let growth = Growth {
            axes: &self.axes,
            allowed,
            limits: &self.limits,
            unit: self.booster.unit(),
            learning_rate: pace.learning_rate,
        };
        let limits = StepLimits { leaves: pace.leaves, ..self.limits };
        let (mut moves, mut credits) = (Vec::new(), Vec::new());
        let mut best = (self.booster.loss_at(rows.stop.iter().copied(), &stop), 0);
        for round in 1..=pace.rounds {
            let at = round % blocks.len();
            let block = &mut blocks[at];
            self.catch_up(block, &moves);
            let (made, credit) = self.round(block, &growth, &limits);
            for (margin, row) in stop.iter_mut().zip(&rows.stop) {
                *margin += i64::from(self.step_of(&made, self.booster.columns().row(*row)));
            }
            block.applied += 1;
            moves.push(made);
            credits.push(credit);
            if round % CHECK_EVERY == 0 {
                let loss = self.booster.loss_at(rows.stop.iter().copied(), &stop);
                if loss < best.0 - best.0 / LEAST_GAIN {
                    best = (loss, round);
                } else if round >= best.1 + pace.patience {
                    break;
                }
            }
        }
        moves.truncate(best.1);
        let mut credit = Credit::default();
        credits.iter().take(best.1).for_each(|of_round| credit.merge(of_round));
        Moves { made: moves, credit, loss: best.0 }
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
        let columns = self.booster.columns();
        let block = |rows: Vec<usize>| Block {
            bins: (0..columns.len())
                .map(|column| rows.iter().map(|row| columns.row(*row)[column]).collect())
                .collect(),
            places: self
                .columns
                .iter()
                .zip(&self.places)
                .map(|(column, places)| {
                    rows.iter().map(|row| place(places, columns.row(*row)[*column])).collect()
                })
                .collect(),
            margins: rows.iter().map(margin).collect(),
            applied: 0,
            rows,
        };
        parts.into_iter().map(block).collect()
    }

    /// Adds the moves made while the block had no turn.
    fn catch_up(&self, block: &mut Block, moves: &[Move]) {
        for made in &moves[block.applied..] {
            for (margin, row) in block.margins.iter_mut().zip(&block.rows) {
                *margin += i64::from(self.step_of(made, self.booster.columns().row(*row)));
            }
        }
        block.applied = moves.len();
    }

    /// What a move adds to a row of bins, a byte a column.
    fn step_of(&self, made: &Move, bins: &[u8]) -> i32 {
        match made {
            Move::Alone { column, steps } => steps[usize::from(bins[*column])],
            Move::Together(tree) => tree.step(|at| place(&self.places[at], bins[self.columns[at]])),
        }
    }

    /// One move, the one that gains more: of one column by all its bins, or of several by their places.
    fn round(&self, block: &mut Block, growth: &Growth<'_>, limits: &StepLimits) -> (Move, Credit) {
        let gradients: Vec<Sum> = block
            .margins
            .iter()
            .zip(&block.rows)
            .map(|(margin, row)| self.booster.gradient(*margin, *row).into())
            .collect();
        let by_bin: Vec<[Sum; PLACES]> = block.bins.iter().map(|bins| by_bin(bins, &gradients)).collect();
        let alone = self.alone(&by_bin, limits, growth.learning_rate);
        let sums =
            self.columns.iter().zip(&self.places).map(|(column, places)| by_places(places, &by_bin[*column]));
        let rows = (0..block.rows.len() as u32).collect();
        let grown = growth.grow(&block.places, &gradients, rows, sums.collect());
        match alone {
            Some((gain, column, steps)) if gain > grown.gain => {
                for (margin, bin) in block.margins.iter_mut().zip(&block.bins[column]) {
                    *margin += i64::from(steps[usize::from(*bin)]);
                }
                (Move::Alone { column, steps }, Credit::default())
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

    /// The step of one column that gains most: how far twice the log loss falls, the column, and the step of every bin.
    fn alone(
        &self,
        by_bin: &[[Sum; PLACES]],
        limits: &StepLimits,
        learning_rate: f64,
    ) -> Option<(f64, usize, Box<[i32; PLACES]>)> {
        let (columns, unit) = (self.booster.columns(), self.booster.unit());
        let mut best: Option<(f64, usize, Vec<f64>)> = None;
        for (column, sums) in by_bin.iter().enumerate() {
            let bins = columns.definitions()[column];
            let sums: Vec<(f64, f64)> = sums[..bins.n_bins()]
                .iter()
                .map(|sum| (sum.first as f64 * unit, sum.second as f64 * unit))
                .collect();
            let values = step(bins, columns.trends()[column], &sums, limits);
            let gain = values.iter().zip(&sums).map(|(v, (g, h))| -2.0 * g * v - h * v * v).sum();
            if gain > 1e-9 && best.as_ref().is_none_or(|(most, ..)| gain > *most) {
                best = Some((gain, column, values));
            }
        }
        let (gain, column, values) = best?;
        let whole = by_bin[column].iter().fold(Sum::default(), |held, sum| held + *sum);
        let (g, h) = (whole.first as f64 * unit, whole.second as f64 * unit);
        // The step is centred; what all rows need alike goes with it.
        let shift = if h > 0.0 { -g / (h + limits.l2) } else { 0.0 };
        let rate = learning_rate * LogOdds::STEPS as f64;
        let mut steps = Box::new([0; PLACES]);
        for (step, value) in steps.iter_mut().zip(values) {
            *step = ((value + shift).clamp(-8.0, 8.0) * rate).round() as i32;
        }
        Some((gain, column, steps))
    }
}

pub(super) fn place(places: &Places, bin: u8) -> u8 {
    places.of_bins()[usize::from(bin)]
}

/// The bins that fall into the places of a mask.
pub(super) fn bins_of(places: &Places, mask: PlaceMask) -> impl Iterator<Item = usize> + '_ {
    let is_inside = move |(_, place): &(usize, &u8)| mask >> **place & 1 == 1;
    places.of_bins().iter().enumerate().filter(is_inside).map(|(bin, _)| bin)
}

fn by_bin(bins: &[u8], gradients: &[Sum]) -> [Sum; PLACES] {
    let mut sums = [Sum::default(); PLACES];
    for (bin, gradient) in bins.iter().zip(gradients) {
        let sum = &mut sums[usize::from(*bin)];
        *sum = *sum + *gradient;
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
