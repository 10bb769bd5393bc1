//! Growing all tables at once, those over two columns among them: for sets of many rows.
//!
//! First the tables of single columns grow for a while. Then every pair of columns is asked what it still says only
//! together: the best cross of one half of the rows is tried on the other half, so that chance earns nothing (screening as
//! in Lou, Caruana, Gehrke and Hooker 2013, <https://doi.org/10.1145/2487575.2487579>). The strongest pairs get tables, and
//! all tables grow on together, one pass over rows a round.

use super::boosting::{Bag, Booster, Growth, Pace};
use super::columns::Tile;
use super::cross::honest_gain;
use super::histogram::{Tables, unpacked};
use super::passes::{BagRows, Block};
use super::places::{Axis, coarsen};
use super::set::Trend;
use super::trees::Grid;
use crate::models::{FeatureBins, ModelError, Places};
use crate::parallelism::Parallelism;
use crate::seed::Seed;

/// How the tables of single columns grow before pairs are looked for.
const ALONE: Pace = Pace { rounds: 24, patience: 4, learning_rate: 0.4, leaves: 6, crosses: 0 };
/// How all tables grow.
const TOGETHER: Pace = Pace { rounds: 400, patience: 12, learning_rate: 0.25, leaves: 6, crosses: 3 };
/// Places of a column of numbers while pairs are looked for.
const SCREENING_PLACES: usize = 8;
/// Most pairs that get tables: each takes its part of every pass.
const MOST_PAIRS: usize = 20;
/// Most rows times pairs that are looked at: of more pairs, fewer rows.
const SCREENING_WORK: usize = 400_000_000;
/// Rows whose packed sums fit their halves.
const CHUNK_ROWS: usize = 28_672;
/// Least fall of twice the log loss, on rows that did not choose the cross, for a pair to get a table.
const LEAST_GAIN: f64 = 4.0;

/// What the best of the 254 splits between 255 bins of noise gains by chance at most once in twenty times: the
/// `1 - 0.05 / 254` quantile of the chi-square distribution with one degree of freedom (Bonferroni).
const BEST_SPLIT_OF_NOISE: f64 = 13.860_911_598_896_813;
/// Shrinkage of a step where splits are held to that.
const WARY_SHRINKAGE: f64 = 20.0;

/// Grows every bag; the grids are those of the joint tables, in the order in which a bag holds their entries.
///
/// Fine structure is many small splits, and so is what hundreds of columns learn of chance. The stopping rows of the first
/// bag say which it is: it is grown by all splits and by those that chance would hardly make, and the better way is that of
/// all bags.
pub(super) fn grow(
    booster: &Booster<'_>,
    bag_rows: &[BagRows],
    seed: Seed,
    parallelism: &Parallelism,
) -> Result<(Vec<Grid>, Vec<Bag>), ModelError> {
    let Some((first, others)) = bag_rows.split_first() else { return Ok((Vec::new(), Vec::new())) };
    let blocks = |bag: usize| seed.named("blocks").numbered(bag as u64);
    let wary = booster.wary(BEST_SPLIT_OF_NOISE, WARY_SHRINKAGE);
    let mut way = booster;
    let mut grown = grow_bag(booster, first, None, blocks(0), parallelism)?;
    // Parameters may be that wary already.
    if wary.limits() != booster.limits() {
        let grown_warily = grow_bag(&wary, first, None, blocks(0), parallelism)?;
        if grown_warily.loss < grown.loss {
            (way, grown) = (&wary, grown_warily);
        }
    }
    let GrownBag { grids, bag, .. } = grown;
    let mut bags = vec![bag];
    for (rows, number) in others.iter().zip(1..) {
        bags.push(grow_bag(way, rows, Some(&grids), blocks(number), parallelism)?.bag);
    }
    Ok((grids, bags))
}

/// A bag, the grids of its joint tables, and the loss of the rows that stopped it.
struct GrownBag {
    grids: Vec<Grid>,
    bag: Bag,
    loss: i128,
}

/// Grows one bag, whose grids are looked for where none are given.
fn grow_bag(
    booster: &Booster<'_>,
    rows: &BagRows,
    grids: Option<&[Grid]>,
    seed: Seed,
    parallelism: &Parallelism,
) -> Result<GrownBag, ModelError> {
    // At least two blocks: pairs are chosen on the one and asked on the other.
    let rows_per_round = booster.params().rows_per_round.min(rows.fit.len().div_ceil(2)).max(1);
    let mut passes = booster.passes(rows, rows_per_round, seed);
    let most = booster.params().rounds;
    let [first, then] = [ALONE, TOGETHER].map(|pace| Pace { rounds: pace.rounds.min(most), ..pace });
    let alone = booster.run(booster.rate_alone(rows), &passes, &[], &first, parallelism);
    let grids = match grids {
        Some(grids) => grids.to_vec(),
        None => screened(booster, &alone.tables, &passes.blocks, seed.named("screening"), parallelism)?,
    };
    passes.lay(&grids);
    let mut tables = alone.tables;
    tables.joint = grids.iter().map(|grid| vec![0; grid.n_cells()]).collect();
    let Growth { tables, rounds, loss } = booster.run(tables, &passes, &grids, &then, parallelism);
    let bag = booster.bag(tables, alone.rounds + rounds, &grids, rows);
    Ok(GrownBag { grids, bag, loss })
}

/// A column as pairs are looked for.
struct Side {
    column: usize,
    axis: Axis,
    places: Places,
}

/// The pairs that say most together, as grids.
fn screened(
    booster: &Booster<'_>,
    tables: &Tables,
    blocks: &[Block],
    seed: Seed,
    parallelism: &Parallelism,
) -> Result<Vec<Grid>, ModelError> {
    let [one, other, ..] = blocks else { return Ok(Vec::new()) };
    let columns = booster.columns();
    let rows = columns.rows_by_bin();
    let sides = (0..columns.len())
        .filter(|column| columns.trends()[*column] == Trend::Free)
        .map(|column| {
            let is_level = matches!(columns.definitions()[column], FeatureBins::Level { .. });
            let most = if is_level { booster.params().joint_places } else { SCREENING_PLACES };
            let places = coarsen(columns.definitions()[column], &rows[column], most)?;
            Ok(Side { column, axis: Axis { n_places: places.n_places(), is_level }, places })
        })
        .collect::<Result<Vec<Side>, ModelError>>()?;
    let n_pairs = sides.len() * sides.len().saturating_sub(1) / 2;
    let most_rows = SCREENING_WORK / 2 / n_pairs.max(1);
    let halves = [one, other].map(|block| {
        let thinned = booster.thinned(block, most_rows, seed);
        let tiles = if thinned.is_empty() { &block.tiles } else { &thinned };
        Half::new(booster, tables, tiles, &sides, parallelism)
    });
    let found = parallelism.map(&sides, |a, side| {
        let of_others = (a + 1..sides.len()).map(|b| {
            let axes = [side.axis, sides[b].axis];
            let sums = [0, 1].map(|half: usize| halves[half].sums((a, b), axes, booster.unit()));
            let limits = booster.limits();
            let gains = [(0, 1), (1, 0)]
                .map(|(half, other): (usize, usize)| honest_gain(axes, &sums[half], &sums[other], &limits));
            (gains[0] + gains[1], [side.column, sides[b].column])
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
    fn sums(&self, (a, b): (usize, usize), axes: [Axis; 2], unit: f64) -> Vec<(f64, f64)> {
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
