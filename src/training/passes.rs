//! The rows of a bag, dealt into the blocks that rounds pass over.

use super::bag::BagRows;
use super::boosting::Booster;
use super::columns::Tile;
use super::trees::Grid;
use crate::parallelism::Parallelism;
use crate::seed::{Seed, hash_bytes};

/// Rows on which the length of a joint step is found.
const PROBE_ROWS: usize = 8192;

/// Rows that take part in the same rounds.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) tiles: Vec<Tile>,
    /// Those on which the length of a joint step is found.
    pub(super) probe: Vec<Tile>,
}

/// The rows of a bag as rounds pass over them.
#[derive(Debug)]
pub(super) struct Passes {
    pub(super) blocks: Vec<Block>,
    pub(super) stop: Vec<Tile>,
}

impl Passes {
    /// Finds the cells of all rows in tables over the given grids.
    pub(super) fn lay(&mut self, grids: &[Grid]) {
        let of_blocks =
            self.blocks.iter_mut().flat_map(|block| block.tiles.iter_mut().chain(&mut block.probe));
        of_blocks.chain(&mut self.stop).for_each(|tile| tile.lay(grids));
    }
}

impl Booster<'_> {
    /// The rows of a bag; those to be fitted are dealt into blocks by the hash of their groups, so that the order of rows
    /// does not matter.
    pub(super) fn passes(&self, rows: &BagRows, rows_per_round: usize, seed: Seed) -> Passes {
        let n_blocks = rows.fit.len().div_ceil(rows_per_round).max(1);
        let probes = (rows.fit.len() / n_blocks / PROBE_ROWS).max(1) as u64;
        let mut parts: Vec<(Vec<usize>, Vec<usize>)> = vec![(Vec::new(), Vec::new()); n_blocks];
        for &row in &rows.fit {
            let hash = hash_bytes(seed.value(), &self.set().rows().groups[row].to_le_bytes());
            let (all, probe) = &mut parts[(hash % n_blocks as u64) as usize];
            all.push(row);
            if (hash >> 32).is_multiple_of(probes) {
                probe.push(row);
            }
        }
        let block = |(all, probe): (Vec<usize>, Vec<usize>)| Block {
            tiles: self.columns().tiles(&all),
            probe: self.columns().tiles(&probe),
        };
        Passes { blocks: parts.into_iter().map(block).collect(), stop: self.columns().tiles(&rows.stop) }
    }

    /// Rows as one block, laid on the grids.
    pub(super) fn one_block(&self, rows: &[usize], grids: &[Grid]) -> Block {
        let mut tiles = self.columns().tiles(rows);
        for tile in &mut tiles {
            tile.lay(grids);
        }
        Block { tiles, probe: Vec::new() }
    }

    /// About `most_rows` rows of a larger block, chosen by the hash of their groups; none of a smaller one.
    pub(super) fn thinned(&self, block: &Block, most_rows: usize, seed: Seed) -> Vec<Tile> {
        let n_rows: usize = block.tiles.iter().map(|tile| tile.rows.len()).sum();
        if n_rows <= most_rows {
            return Vec::new();
        }
        let one_in = n_rows.div_ceil(most_rows.max(1)) as u64;
        let groups = self.set().rows().groups;
        let is_kept =
            |row: &usize| hash_bytes(seed.value(), &groups[*row].to_le_bytes()).is_multiple_of(one_in);
        let rows = block.tiles.iter().flat_map(|tile| &tile.rows).map(|row| *row as usize);
        self.columns().tiles(&rows.filter(is_kept).collect::<Vec<usize>>())
    }
}

/// Tiles in as many parts as there are threads.
pub(super) fn shares<'a>(tiles: &'a [Tile], parallelism: &Parallelism) -> Vec<&'a [Tile]> {
    tiles.chunks(tiles.len().div_ceil(parallelism.n_threads()).max(1)).collect()
}
