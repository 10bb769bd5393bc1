//! What tables are made of: parts, each of which says one number of some places.

use super::super::boosting::Booster;
use super::super::histogram::PLACES;
use super::super::places::{Axis, coarsen};
use super::super::trees::Grid;
use crate::models::{FIRST_BIN, FeatureBins, MISSING_BIN, ModelError, Trend, UNSEEN_BIN};

/// Most places of a number, and of levels, beside missing and unseen.
const PLACES_OF_NUMBERS: usize = 10;
const PLACES_OF_LEVELS: usize = 30;
/// Places by which a number is cut within a level.
const CUTS_WITHIN: usize = 8;
/// Most tables over a number and a level that have terms: each has as many parts as twenty columns.
const MOST_WITHIN: usize = 10;
/// Ranks of a number within a level.
const RANKS: usize = 20;

/// The table that a term is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Column(usize),
    Grid(usize),
}

/// Parts whose sizes are drawn from one normal distribution, as far as is known before any outcome is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Family(pub(super) usize);

impl Family {
    /// That something is not known, of any column.
    const MISSING: Self = Self(0);
    /// The one cut of any column that has no more.
    const FLAG: Self = Self(1);
    /// The first of those that are of one table alone.
    const FIRST_OWN: usize = 2;

    /// Whether it is of one table alone.
    pub(super) const fn is_own(self) -> bool {
        self.0 >= Self::FIRST_OWN
    }
}

/// One number that is added to a table at some places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) places: Vec<u8>,
    pub(super) family: Family,
}

/// The places of a table, and the parts it is made of.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) source: Source,
    /// The place of each bin of the column, or of each cell of the grid.
    pub(super) places: Vec<u8>,
    pub(super) n_places: usize,
    pub(super) parts: Vec<Part>,
}

/// All terms of the columns without a trend and of the first grids over a number and a level, and the number of families.
pub(super) fn terms(booster: &Booster<'_>, grids: &[Grid]) -> Result<(Vec<Term>, usize), ModelError> {
    let columns = booster.columns();
    let rows = columns.rows_by_bin();
    let mut terms = Vec::new();
    let mut n_families = Family::FIRST_OWN;
    let mut own = || {
        n_families += 1;
        Family(n_families - 1)
    };
    for (column, bins) in columns.definitions().iter().enumerate() {
        if columns.trends()[column] == Trend::Free {
            let family = own();
            terms.push(of_column(column, bins, &rows[column], family)?);
        }
    }
    let within = grids.iter().enumerate();
    let within = within.filter_map(|(at, grid)| Within::new(booster, grid).map(|within| (at, within)));
    for (at, within) in within.take(MOST_WITHIN) {
        let families = [own(), own()];
        terms.push(within.ranks(at, families[0]));
        terms.push(within.cuts(at, families[1]));
    }
    Ok((terms, n_families))
}

fn of_column(
    column: usize,
    bins: &FeatureBins,
    rows: &[u64; PLACES],
    own: Family,
) -> Result<Term, ModelError> {
    let is_level = matches!(bins, FeatureBins::Level { .. });
    let most = if is_level { PLACES_OF_LEVELS } else { PLACES_OF_NUMBERS };
    let coarse = coarsen(bins, rows, most)?;
    let n_places = coarse.n_places();
    let mut parts = Vec::new();
    if rows[usize::from(MISSING_BIN)] > 0 {
        let family = if is_level { own } else { Family::MISSING };
        parts.push(Part { places: vec![MISSING_BIN], family });
    }
    // Far fewer than 256.
    let known = FIRST_BIN..n_places as u8;
    if is_level {
        parts.extend(known.map(|place| Part { places: vec![place], family: own }));
    } else {
        let family = if known.len() == 2 { Family::FLAG } else { own };
        let from = |place: u8| Part { places: (place..known.end).collect(), family };
        parts.extend(known.clone().skip(1).map(from));
    }
    Ok(Term { source: Source::Column(column), places: coarse.of_bins().to_vec(), n_places, parts })
}

/// The rank of each cell, of [`RANKS`] of equal weight, where one column is a number and the other a level: how high the number
/// is for its level. None for cells in which either is not known.
fn ranks(axes: [Axis; 2], weight: impl Fn(usize) -> f64) -> Option<Vec<Option<usize>>> {
    let number = match axes.map(|axis| axis.is_level) {
        [false, true] => 0,
        [true, false] => 1,
        _ => return None,
    };
    let width = axes[1].n_places;
    let cell = |of_number: usize, of_level: usize| match number {
        0 => of_number * width + of_level,
        _ => of_level * width + of_number,
    };
    let mut ranks = vec![None; axes[0].n_places * axes[1].n_places];
    for level in (0..axes[1 - number].n_places).filter(|level| *level != usize::from(UNSEEN_BIN)) {
        let known = usize::from(FIRST_BIN)..axes[number].n_places;
        let whole: f64 = known.clone().map(|place| weight(cell(place, level))).sum();
        let mut below = 0.0;
        for place in known {
            let cell = cell(place, level);
            let middle = below + weight(cell) / 2.0;
            below += weight(cell);
            if whole > 0.0 {
                ranks[cell] = Some(((middle / whole * RANKS as f64) as usize).min(RANKS - 1));
            }
        }
    }
    Some(ranks)
}

/// A number within each level of another column.
struct Within {
    /// The place of the number and that of the level, of each cell.
    cells: Vec<[usize; 2]>,
    n_numbers: usize,
    n_levels: usize,
    ranks: Vec<Option<usize>>,
}

impl Within {
    /// None where the grid is not over a number and a level.
    fn new(booster: &Booster<'_>, grid: &Grid) -> Option<Self> {
        let axes = booster.axes(grid);
        let mut rows = vec![0_u32; grid.n_cells()];
        for row in 0..booster.set().n_rows() {
            rows[grid.cell(booster.columns().row(row))] += 1;
        }
        let ranks = ranks(axes, |cell| f64::from(rows[cell]))?;
        let number = usize::from(axes[0].is_level);
        let cells = (0..grid.n_cells()).map(|cell| {
            let places = [cell / axes[1].n_places, cell % axes[1].n_places];
            [places[number], places[1 - number]]
        });
        let (n_numbers, n_levels) = (axes[number].n_places, axes[1 - number].n_places);
        Some(Self { cells: cells.collect(), n_numbers, n_levels, ranks })
    }

    /// High or low for its level, whatever the level is: what is usual differs from level to level.
    fn ranks(&self, grid: usize, family: Family) -> Term {
        // At most `RANKS`.
        let places = self.ranks.iter().map(|rank| rank.map_or(0, |rank| 1 + rank as u8)).collect();
        let parts = (2..=RANKS as u8).map(|from| Part { places: (from..=RANKS as u8).collect(), family });
        Term { source: Source::Grid(grid), places, n_places: RANKS + 1, parts: parts.collect() }
    }

    /// Cuts of the number, for each level apart.
    fn cuts(&self, grid: usize, family: Family) -> Term {
        let (first, n_levels) = (usize::from(FIRST_BIN), self.n_levels);
        let n_numbers = self.n_numbers - first;
        let most = CUTS_WITHIN.min(n_numbers).min((PLACES - 1) / n_levels);
        let place = |[number, level]: &[usize; 2]| {
            let is_known = *number >= first && *level != usize::from(UNSEEN_BIN);
            // Places of the number hold about equal shares of the rows. At most 255 in all.
            if is_known { (1 + level * most + (number - first) * most / n_numbers) as u8 } else { 0 }
        };
        let (places, n_places) = (self.cells.iter().map(place).collect(), 1 + n_levels * most);
        let levels = (0..n_levels).filter(|level| *level != usize::from(UNSEEN_BIN));
        let parts = levels.flat_map(|level| {
            (1..most).map(move |from| Part {
                // At most 255 in all.
                places: (from..most).map(|cut| (1 + level * most + cut) as u8).collect(),
                family,
            })
        });
        Term { source: Source::Grid(grid), places, n_places, parts: parts.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: Axis = Axis { n_places: 5, is_level: false };
    const LEVEL: Axis = Axis { n_places: 4, is_level: true };

    #[test]
    fn a_rank_is_within_a_level() {
        // Three places of the number. The level of place 2 has its rows low, that of place 3 high; the level is missing in one row.
        let mut rows = [0.0; 20];
        (rows[2 * 4 + 2], rows[3 * 4 + 2]) = (90.0, 10.0);
        (rows[3 * 4 + 3], rows[4 * 4 + 3]) = (10.0, 90.0);
        rows[2 * 4] = 1.0;
        let ranks_of = ranks([NUMBER, LEVEL], |cell| rows[cell]).unwrap();
        let rank = |number: usize, level: usize| ranks_of[number * 4 + level];
        assert_eq!([rank(2, 2), rank(3, 2)], [Some(9), Some(19)]);
        assert_eq!([rank(3, 3), rank(4, 3)], [Some(1), Some(11)]);
        assert_eq!(rank(2, 0), Some(10));
        // Of a missing number or an unseen level nothing is said.
        assert_eq!([rank(0, 2), rank(2, 1)], [None; 2]);
        // The other way round it is the same.
        let turned = ranks([LEVEL, NUMBER], |cell| rows[cell % 5 * 4 + cell / 5]).unwrap();
        assert_eq!(turned[2 * 5 + 3], rank(3, 2));
        assert!(ranks([NUMBER; 2], |_| 1.0).is_none() && ranks([LEVEL; 2], |_| 1.0).is_none());
    }
}
