//! Screening of pairs: which columns say most only together.
//!
//! Every pair of the strongest columns is asked what it still says only together: the best cross of one half of the rows is
//! tried on the other half, so that chance earns nothing (as in Lou, Caruana, Gehrke and Hooker 2013,
//! <https://doi.org/10.1145/2487575.2487579>). Of columns that part the rows alike, one is asked.

use std::collections::BTreeSet;

use super::boosting::Booster;
use super::columns::Tile;
use super::cross::honest_gain;
use super::histogram::{Tables, unpacked};
use super::passes::Block;
use super::places::{Axis, coarsen};
use super::trees::Grid;
use crate::models::{FeatureBins, ModelError, Places};
use crate::parallelism::Parallelism;
use crate::seed::Seed;

/// Most columns whose pairs are looked at. Pairs of hundreds of columns would leave so few rows for each that chance would
/// choose among them.
const MOST_COLUMNS: usize = 64;
/// Places of a column of numbers while pairs are looked for.
const PLACES_OF_NUMBERS: usize = 8;
/// Most rows times pairs that are looked at: of more pairs, fewer rows.
const MOST_WORK: usize = 400_000_000;
/// Most pairs that get tables: each takes its part of every pass.
const MOST_PAIRS: usize = 20;
/// Rows whose packed sums fit their halves.
const CHUNK_ROWS: usize = 28_672;
/// Least fall of twice the log loss, on rows that did not choose the cross, for a pair to get a table.
const LEAST_GAIN: f64 = 4.0;

/// A column as pairs are looked for.
struct Side {
    column: usize,
    axis: Axis,
    places: Places,
}

/// The pairs that say most together, as grids in the order of their columns.
pub(super) fn screened(
    booster: &Booster<'_>,
    tables: &Tables,
    blocks: &[Block],
    seed: Seed,
    parallelism: &Parallelism,
) -> Result<Vec<Grid>, ModelError> {
    let [near, far, ..] = blocks else { return Ok(Vec::new()) };
    let columns = booster.columns();
    let rows = columns.rows_by_bin();
    let sides = booster
        .strongest(MOST_COLUMNS)
        .into_iter()
        .map(|column| {
            let is_level = matches!(columns.definitions()[column], FeatureBins::Level { .. });
            let most = if is_level { booster.params().joint_places } else { PLACES_OF_NUMBERS };
            let places = coarsen(columns.definitions()[column], &rows[column], most)?;
            Ok(Side { column, axis: Axis { n_places: places.n_places(), is_level }, places })
        })
        .collect::<Result<Vec<Side>, ModelError>>()?;
    let n_pairs = sides.len() * sides.len().saturating_sub(1) / 2;
    let most_rows = MOST_WORK / 2 / n_pairs.max(1);
    let halves = [near, far].map(|block| {
        let thinned = booster.thinned(block, most_rows, seed);
        let tiles = if thinned.is_empty() { &block.tiles } else { &thinned };
        Half::new(booster, tables, tiles, &sides, parallelism)
    });
    let distinct = distinct(&halves);
    let found = parallelism.map(&distinct, |at, &a| {
        let of_others = distinct[at + 1..].iter().map(|&b| {
            let axes = [sides[a].axis, sides[b].axis];
            let [one, other] = halves.each_ref().map(|half| half.sums([a, b], axes, booster.unit()));
            let limits = booster.limits();
            let gain = honest_gain(axes, &one, &other, &limits) + honest_gain(axes, &other, &one, &limits);
            (gain, [sides[a].column, sides[b].column])
        });
        of_others.collect::<Vec<(f64, [usize; 2])>>()
    });
    let mut pairs: Vec<(f64, [usize; 2])> =
        found.into_iter().flatten().filter(|(gain, _)| *gain > LEAST_GAIN).collect();
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    pairs.truncate(booster.params().joint_tables.min(MOST_PAIRS));
    pairs.sort_by_key(|(_, columns)| *columns);
    let grid = |(_, pair): (f64, [usize; 2])| {
        let most = booster.params().joint_places;
        let places = pair.map(|column| coarsen(columns.definitions()[column], &rows[column], most));
        Ok(Grid { columns: pair.to_vec(), places: places.into_iter().collect::<Result<_, _>>()? })
    };
    pairs.into_iter().map(grid).collect()
}

/// The sides, by their places in the list, without those that part the rows as one before them does.
fn distinct(halves: &[Half; 2]) -> Vec<usize> {
    let mut seen = BTreeSet::new();
    let mut is_new = |side: &usize| seen.insert(halves.each_ref().map(|half| parted(&half.places[*side])));
    (0..halves[0].places.len()).filter(|side| is_new(side)).collect()
}

/// The same parts of the rows, numbered in the order in which they are met.
fn parted(places: &[u8]) -> Vec<u8> {
    let mut numbers = [None; 256];
    let mut next = 0_u8;
    let number = |place: &u8| {
        *numbers[usize::from(*place)].get_or_insert_with(|| {
            let number = next;
            next = next.wrapping_add(1);
            number
        })
    };
    places.iter().map(number).collect()
}

/// One half of the rows that pairs are asked on: the place of every side, and gradients, a row each.
struct Half {
    places: Vec<Vec<u8>>,
    gradients: Vec<i64>,
}

impl Half {
    fn new(
        booster: &Booster<'_>,
        tables: &Tables,
        tiles: &[Tile],
        sides: &[Side],
        parallelism: &Parallelism,
    ) -> Self {
        let of_tiles = parallelism.map(tiles, |_, tile| {
            let gradients = booster.gradients(tables, tile, &mut Vec::new());
            gradients.iter().map(|gradient| gradient.packed()).collect::<Vec<i64>>()
        });
        let places = parallelism.map(sides, |_, side| {
            let bins = tiles.iter().filter_map(|tile| tile.columns().nth(side.column)).flatten();
            bins.map(|bin| side.places.of_bins()[usize::from(*bin)]).collect()
        });
        Self { places, gradients: of_tiles.concat() }
    }

    /// The sums of the gradients of every cell of two sides.
    fn sums(&self, [a, b]: [usize; 2], axes: [Axis; 2], unit: f64) -> Vec<(f64, f64)> {
        let n_cells = axes[0].n_places * axes[1].n_places;
        let (mut packed, mut sums) = (vec![0_i64; n_cells], vec![(0_i64, 0_i64); n_cells]);
        let chunks = self.places[a].chunks(CHUNK_ROWS).zip(self.places[b].chunks(CHUNK_ROWS));
        for ((of_a, of_b), gradients) in chunks.zip(self.gradients.chunks(CHUNK_ROWS)) {
            for ((a, b), gradient) in of_a.iter().zip(of_b).zip(gradients) {
                packed[usize::from(*a) * axes[1].n_places + usize::from(*b)] += gradient;
            }
            for (packed, sum) in packed.iter_mut().zip(&mut sums) {
                let (first, second) = unpacked(std::mem::take(packed));
                *sum = (sum.0 + first, sum.1 + second);
            }
        }
        sums.into_iter().map(|(g, h)| (g as f64 * unit, h as f64 * unit)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_parts_under_other_names_are_the_same() {
        assert_eq!(parted(&[7, 7, 2, 9, 2]), parted(&[0, 0, 5, 1, 5]));
        assert_ne!(parted(&[7, 7, 2]), parted(&[7, 2, 2]));
    }
}
