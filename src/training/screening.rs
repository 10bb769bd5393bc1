//! Which pairs of columns say more together than alone.
//!
//! FAST (Lou, Caruana, Gehrke and Hooker 2013, <https://doi.org/10.1145/2487575.2487579>): for every pair the best
//! cross cut of its grid on the gradient of the fitted main effects. The gradient is that of rows the tables have not
//! seen, so that what is left in it is not what fitting has left behind.

use super::columns::Columns;
use super::grid::{CELLS, Grid, cross_cut};
use super::histogram::{Gradient, PairSums};
use super::step::StepLimits;
use crate::models::{MAX_PLACES, PairPlaces};
use crate::parallelism::Parallelism;

/// What screening reads: rows, and the gradient of each.
#[derive(Debug)]
pub(super) struct Residuals {
    pub(super) rows: Vec<usize>,
    pub(super) gradients: Vec<Gradient>,
}

/// The pairs among `candidates` whose best cut gains at least `limits.min_gain`, strongest first.
pub(super) fn screen(
    columns: &Columns<'_>,
    candidates: &[(usize, PairPlaces)],
    residuals: &Residuals,
    limits: &StepLimits,
    scale: f64,
    parallelism: &Parallelism,
) -> Vec<Grid> {
    let packed: Vec<i64> = residuals.gradients.iter().map(|gradient| gradient.packed()).collect();
    let placed: Vec<Vec<u8>> = parallelism.map(candidates, |_, (column, places)| {
        residuals.rows.iter().map(|row| places.of_bins()[usize::from(columns.row(*row)[*column])]).collect()
    });
    let firsts: Vec<usize> = (0..candidates.len()).collect();
    let found = parallelism.map(&firsts, |_, &first| {
        let mut sums = PairSums::new();
        let mut found = Vec::new();
        for second in first + 1..candidates.len() {
            let across = placed[first].iter().map(|place| usize::from(*place) * MAX_PLACES);
            let cells = across.zip(&placed[second]).map(|(start, place)| start + usize::from(*place));
            sums.fill(&packed, cells);
            let grid = Grid {
                columns: [candidates[first].0, candidates[second].0],
                places: [candidates[first].1.clone(), candidates[second].1.clone()],
            };
            let cells: Vec<(f64, f64)> = sums.all(scale).collect();
            debug_assert_eq!(cells.len(), CELLS);
            if let Some(cut) = cross_cut(&cells, grid.shape(), limits) {
                found.push((cut.gain, grid));
            }
        }
        found
    });
    let mut found: Vec<(f64, Grid)> = found.into_iter().flatten().collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.columns.cmp(&b.1.columns)));
    found.into_iter().map(|(_, grid)| grid).collect()
}
