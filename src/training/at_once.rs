//! Growing all tables at once, those over two columns among them: for sets of many rows and many outcomes.
//!
//! First the tables of single columns grow for a while. Then the pairs of columns that say most only together are looked for
//! (see [`screened`]) and get tables, and all tables grow on together, one pass over rows a round.

use super::bag::{Bag, BagRows};
use super::boosting::{Booster, Pace};
use super::histogram::Tables;
use super::passes::Passes;
use super::screening::screened;
use super::trees::Grid;
use crate::models::ModelError;
use crate::parallelism::Parallelism;
use crate::seed::Seed;

/// How the tables of single columns grow before pairs are looked for.
const ALONE: Pace = Pace { rounds: 24, patience: 4, learning_rate: 0.4, leaves: 6, crosses: 0 };
/// How all tables grow.
const TOGETHER: Pace = Pace { rounds: 400, patience: 12, learning_rate: 0.25, leaves: 6, crosses: 3 };

/// What the best of the 254 splits between 255 bins of noise gains by chance at most once in twenty times: the
/// `1 - 0.05 / 254` quantile of the chi-square distribution with one degree of freedom (Bonferroni).
const BEST_SPLIT_OF_NOISE: f64 = 13.860_911_598_896_813;
/// Shrinkage of a step where splits are held to that.
const WARY_SHRINKAGE: f64 = 20.0;

/// Grows every bag; the grids are those of the joint tables, in the order in which a bag holds their entries.
///
/// Fine structure is many small splits, and so is what hundreds of columns learn of chance. Rows that the first bag was not fitted
/// on say which it is: it is grown by all splits and by those that chance would hardly make, and the better way is that of all
/// bags. With a later slice, its stopping rows are few and those kept aside are many, so both are asked.
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
    let begun = Beginning { rows: first, tables: booster.start(first, &[]), seed: blocks(0) };
    let mut grown = begun.grow(booster, None, parallelism)?;
    let loss = begun.loss(booster, &grown.grids, &grown.tables, parallelism);
    // Parameters may be that wary already.
    if wary.limits() != booster.limits() {
        let grown_warily = begun.grow(&wary, None, parallelism)?;
        let loss_warily = begun.loss(booster, &grown_warily.grids, &grown_warily.tables, parallelism);
        if loss_warily < loss {
            (way, grown) = (&wary, grown_warily);
        }
    }
    let grids = grown.grids.clone();
    let mut bags = vec![begun.bag(way, grown, parallelism)];
    for (rows, number) in others.iter().zip(1..) {
        let begun = Beginning { rows, tables: booster.start(rows, &[]), seed: blocks(number) };
        let grown = begun.grow(way, Some(&grids), parallelism)?;
        bags.push(begun.bag(way, grown, parallelism));
    }
    Ok((grids, bags))
}

/// Boosted tables, the grids of those over two columns, and how many rounds each pace was kept.
struct Boosted {
    grids: Vec<Grid>,
    tables: Tables,
    rounds: [usize; 2],
}

/// The rows of a bag, the tables it begins from, and the seed of its blocks.
struct Beginning<'a> {
    rows: &'a BagRows,
    tables: Tables,
    seed: Seed,
}

impl Beginning<'_> {
    /// Boosts the tables of the bag; its grids are looked for where none are given.
    fn grow(
        &self,
        booster: &Booster<'_>,
        grids: Option<&[Grid]>,
        parallelism: &Parallelism,
    ) -> Result<Boosted, ModelError> {
        let mut passes = self.passes(booster, self.rows);
        let most = booster.params().rounds;
        let [first, then] = [ALONE, TOGETHER].map(|pace| Pace { rounds: pace.rounds.min(most), ..pace });
        let alone = booster.run(self.tables.clone(), &passes, &[], &first, parallelism);
        let grids = match grids {
            Some(grids) => grids.to_vec(),
            None => {
                screened(booster, &alone.tables, &passes.blocks, self.seed.named("screening"), parallelism)?
            }
        };
        let tables = joined(alone.tables, &mut passes, &grids);
        let together = booster.run(tables, &passes, &grids, &then, parallelism);
        Ok(Boosted { grids, tables: together.tables, rounds: [alone.rounds, together.rounds] })
    }

    /// What the rows that the bag was not fitted on, but for those that judge it, lose under tables.
    fn loss(
        &self,
        booster: &Booster<'_>,
        grids: &[Grid],
        tables: &Tables,
        parallelism: &Parallelism,
    ) -> i128 {
        let of_rows =
            |rows: &[usize]| booster.loss(tables, &booster.one_block(rows, grids).tiles, parallelism);
        of_rows(&self.rows.stop) + of_rows(&self.rows.aside)
    }

    /// The bag of the tables; with a later slice, of those that have grown as far again with it, judged by the former.
    fn bag(&self, booster: &Booster<'_>, boosted: Boosted, parallelism: &Parallelism) -> Bag {
        let Boosted { grids, tables, rounds: [first, then] } = boosted;
        let bag = booster.bag(tables, first + then, &grids, self.rows);
        booster.with_later(self.rows, bag, |all| {
            let mut passes = self.passes(booster, all);
            let alone = booster.run(self.tables.clone(), &passes, &[], &ALONE.exactly(first), parallelism);
            let tables = joined(alone.tables, &mut passes, &grids);
            let again = booster.run(tables, &passes, &grids, &TOGETHER.exactly(then), parallelism);
            booster.bag(again.tables, alone.rounds + again.rounds, &grids, all)
        })
    }

    /// At least two blocks: pairs are chosen on the one and asked on the other.
    fn passes(&self, booster: &Booster<'_>, rows: &BagRows) -> Passes {
        let rows_per_round = booster.params().rows_per_round.min(rows.fit.len().div_ceil(2)).max(1);
        booster.passes(rows, rows_per_round, self.seed)
    }
}

/// The tables with empty ones over the grids, on which the rows are laid.
fn joined(tables: Tables, passes: &mut Passes, grids: &[Grid]) -> Tables {
    passes.lay(grids);
    Tables { joint: grids.iter().map(|grid| vec![0; grid.n_cells()]).collect(), ..tables }
}
