//! Two columns as a grid: which cell a row falls into, and one step of a table over the cells.

use super::step::StepLimits;
use crate::models::{MAX_PLACES, PairPlaces};

/// Room for cells in one table, so that a cell has the same number whatever the pair.
pub(super) const CELLS: usize = MAX_PLACES * MAX_PLACES;

/// A pair of columns and how their bins fall into places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grid {
    /// The columns, the lower first.
    pub(super) columns: [usize; 2],
    pub(super) places: [PairPlaces; 2],
}

impl Grid {
    /// The cell of a row of bins, a byte a column.
    pub(super) fn cell(&self, bins: &[u8]) -> u16 {
        let [first, second] = [0, 1].map(|axis| {
            let places = self.places[axis].of_bins();
            u16::from(places[usize::from(bins[self.columns[axis]])])
        });
        first * MAX_PLACES as u16 + second
    }

    /// The cells that rows can fall into, row after row.
    pub(super) fn cells(&self) -> impl Iterator<Item = usize> + Clone + use<> {
        let [n_rows, n_columns] = self.shape();
        (0..n_rows).flat_map(move |row| (0..n_columns).map(move |column| row * MAX_PLACES + column))
    }

    /// Number of places a side.
    pub(super) fn shape(&self) -> [usize; 2] {
        self.places.each_ref().map(PairPlaces::n_places)
    }
}

/// A cross cut of a grid: places below `at` and from `at` on, on both sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct CrossCut {
    pub(super) at: [usize; 2],
    /// Fall of twice the log loss that the interaction of the four quarters brings; of noise, 1 on average.
    pub(super) gain: f64,
    /// The step of the quarters: low-low, low-high, high-low, high-high.
    values: [f64; 4],
}

impl CrossCut {
    /// The step of a cell.
    pub(super) fn value(&self, first: usize, second: usize) -> f64 {
        self.values[2 * usize::from(first >= self.at[0]) + usize::from(second >= self.at[1])]
    }
}

/// The cross cut whose interaction lowers the loss most (FAST: Lou, Caruana, Gehrke and Hooker 2013,
/// <https://doi.org/10.1145/2487575.2487579>).
///
/// Quarters with sums `G`, `H` of first and second derivatives have the contrast `d = -G1/H1 + G2/H2 + G3/H3 - G4/H4`
/// with the information `I = 1 / (1/H1 + 1/H2 + 1/H3 + 1/H4)`, and the gain is `d^2 I^2 / (I + l2)`. The step of a
/// quarter is `+-d I^2 / (I + l2) / H`: over either half its mean, weighted by `H`, is 0, so that it says nothing the two
/// columns could say alone. `O(places^2)`.
pub(super) fn cross_cut(sums: &[(f64, f64)], shape: [usize; 2], limits: &StepLimits) -> Option<CrossCut> {
    let [n_rows, n_columns] = shape;
    // prefix[r][c]: the sums of all cells above and left.
    let across = n_columns + 1;
    let mut prefix = vec![(0.0, 0.0); (n_rows + 1) * across];
    for row in 0..n_rows {
        let mut held = (0.0, 0.0);
        for column in 0..n_columns {
            let cell = sums[row * MAX_PLACES + column];
            held = (held.0 + cell.0, held.1 + cell.1);
            let above = prefix[row * across + column + 1];
            prefix[(row + 1) * across + column + 1] = (above.0 + held.0, above.1 + held.1);
        }
    }
    let at = |row: usize, column: usize| prefix[row * across + column];
    let less = |a: (f64, f64), b: (f64, f64)| (a.0 - b.0, a.1 - b.1);
    let whole = at(n_rows, n_columns);
    let least = limits.min_hessian.max(1e-9);
    let mut best: Option<(f64, [usize; 2], [f64; 4], f64)> = None;
    for row in 1..n_rows {
        let above = at(row, n_columns);
        for column in 1..n_columns {
            let low_low = at(row, column);
            let left = at(n_rows, column);
            let (low_high, high_low) = (less(above, low_low), less(left, low_low));
            let high_high = less(less(whole, above), high_low);
            let quarters = [low_low, low_high, high_low, high_high];
            if quarters.iter().any(|quarter| quarter.1 < least) {
                continue;
            }
            let inverse = quarters.map(|(_, h)| 1.0 / h);
            let information = 1.0 / (inverse[0] + inverse[1] + inverse[2] + inverse[3]);
            let contrast = -low_low.0 * inverse[0] + low_high.0 * inverse[1] + high_low.0 * inverse[2]
                - high_high.0 * inverse[3];
            let strength = contrast * information * information / (information + limits.l2);
            let gain = strength * contrast;
            if best.is_none_or(|(most, ..)| gain > most) {
                best = Some((gain, [row, column], inverse, strength));
            }
        }
    }
    let (gain, at, inverse, strength) = best.filter(|(gain, ..)| *gain > limits.min_gain.max(1e-9))?;
    let sign = [1.0, -1.0, -1.0, 1.0];
    Some(CrossCut {
        at,
        gain,
        values: [0, 1, 2, 3].map(|quarter| sign[quarter] * strength * inverse[quarter]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: StepLimits =
        StepLimits { leaves: 2, l2: 0.0, min_hessian: 0.0, min_gain: 0.0, level_smoothing: 0.0 };

    fn sums(cells: &[(usize, usize, f64, f64)]) -> Vec<(f64, f64)> {
        let mut sums = vec![(0.0, 0.0); CELLS];
        for (row, column, g, h) in cells {
            sums[row * MAX_PLACES + column] = (*g, *h);
        }
        sums
    }

    #[test]
    fn an_interaction_is_cut_where_it_turns() {
        // Three places a side; the corner of the last places has too few outcomes, the rest too many.
        let cells: Vec<_> =
            (0..9).map(|cell| (cell / 3, cell % 3, if cell == 8 { 4.0 } else { -0.5 }, 1.0)).collect();
        let cut = cross_cut(&sums(&cells), [3, 3], &FREE).unwrap();
        assert_eq!(cut.at, [2, 2]);
        // Quarters: G -2, -1, -1, 4 and H 4, 2, 2, 1: d = 0.5 - 0.5 - 0.5 - 4 = -4.5, I = 1 / 2.25.
        assert!((cut.gain - 4.5 * 4.5 / 2.25).abs() < 1e-12, "{cut:?}");
        let found = [cut.value(0, 0), cut.value(0, 2), cut.value(2, 1), cut.value(2, 2)];
        for (found, expected) in found.iter().zip([-0.5, 1.0, 1.0, -2.0]) {
            assert!((found - expected).abs() < 1e-12, "{cut:?}");
        }
    }

    #[test]
    fn what_the_columns_say_alone_is_no_interaction() {
        let cells: Vec<_> =
            (0..4).map(|cell| (cell / 2, cell % 2, (cell / 2 + cell % 2) as f64, 1.0)).collect();
        assert_eq!(cross_cut(&sums(&cells), [2, 2], &FREE), None);
    }

    #[test]
    fn shrinkage_and_least_support_hold_a_cut_back() {
        let cells = [(0, 0, -1.0, 1.0), (0, 1, 1.0, 1.0), (1, 0, 1.0, 1.0), (1, 1, -1.0, 1.0)];
        let free = cross_cut(&sums(&cells), [2, 2], &FREE).unwrap();
        assert_eq!((free.value(0, 0), free.gain), (1.0, 4.0));
        let shrunk = cross_cut(&sums(&cells), [2, 2], &StepLimits { l2: 0.25, ..FREE }).unwrap();
        assert_eq!((shrunk.value(0, 1), shrunk.gain), (-0.5, 2.0));
        assert_eq!(cross_cut(&sums(&cells), [2, 2], &StepLimits { min_hessian: 1.5, ..FREE }), None);
        assert_eq!(cross_cut(&sums(&cells), [2, 2], &StepLimits { min_gain: 4.0, ..FREE }), None);
    }
}
