//! Histograms of integer gradients: sums that have no order.

use super::columns::Tile;
use crate::quantity::LogOdds;

/// Places for bins in one table: more than any feature has, so that a byte always finds one.
pub(super) const PLACES: usize = 256;

/// Gradient steps in one unit, for a row of the largest weight: 2^17.
pub(super) const UNIT: f64 = (1 << 17) as f64;

/// Bits of the second derivative in a packed sum.
const LOWER: u32 = 30;
/// Rows after which packed sums are emptied: fewer than 2^15, so that second derivatives of up to 2^15 fit 30 bits and
/// first ones of up to 2^17 the 33 above them.
pub(super) const FLUSH: usize = 30_720;
/// Bins of a column up to which four rows in turn are summed apart, and then put together: a row need not wait until the
/// sum of the row before, often of the same bin, is stored.
const NARROW: usize = PLACES / 4;

/// The tables of one bag: a weight for every bin of a column and every cell of a joint table, in 2^-20 steps.
#[derive(Clone, Debug)]
pub(super) struct Tables {
    pub(super) base: i64,
    pub(super) weights: Vec<[i32; PLACES]>,
    pub(super) joint: Vec<Vec<i32>>,
}

impl Tables {
    pub(super) fn new(base: LogOdds, n_columns: usize) -> Self {
        Self { base: base.steps(), weights: vec![[0; PLACES]; n_columns], joint: Vec::new() }
    }
}

/// First and second derivative of a row's log loss, as whole numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gradient {
    pub(super) first: i64,
    pub(super) second: i64,
}

impl Gradient {
    /// `g = w (p - y)` and `h = w p (1 - p)` for a probability and a weight of 0 to 1.
    pub(super) fn new(p: f64, label: bool, weight: f64) -> Self {
        let y = if label { 1.0 } else { 0.0 };
        Self {
            first: ((p - y) * weight * UNIT).round() as i64,
            second: (p * (1.0 - p) * weight * UNIT).round() as i64,
        }
    }

    /// Both in one number: the first in the upper bits, the second, never negative, in the lower.
    pub(super) const fn packed(self) -> i64 {
        (self.first << LOWER) + self.second
    }
}

/// The logistic function as a table: linear between points 1/256 apart, so within 2e-7, constant beyond 16.
///
/// Boosting asks for it once a row and round; the points come from `libm`, so a fit repeats on another
/// machine.
#[derive(Clone, Debug)]
pub(super) struct LogisticTable(Vec<f64>);

impl LogisticTable {
    const REACH: i64 = 16 * LogOdds::STEPS;
    const STRIDE: i64 = LogOdds::STEPS / 256;

    pub(super) fn new() -> Self {
        let points = 2 * Self::REACH / Self::STRIDE + 1;
        let point = |i| LogOdds::from_steps(i * Self::STRIDE - Self::REACH).probability().value();
        Self((0..=points).map(point).collect())
    }

    pub(super) fn at(&self, margin: LogOdds) -> f64 {
        let from_start = margin.steps().clamp(-Self::REACH, Self::REACH) + Self::REACH;
        let (place, past) = ((from_start / Self::STRIDE) as usize, from_start % Self::STRIDE);
        let (left, right) = (self.0[place], self.0[place + 1]);
        left + (right - left) * (past as f64 / Self::STRIDE as f64)
    }
}

/// First and second derivatives whose sum was packed.
pub(super) const fn unpacked(packed: i64) -> (i64, i64) {
    let second = packed & ((1 << LOWER) - 1);
    ((packed - second) >> LOWER, second)
}

/// Sums of gradients by column and bin, and by joint table and cell.
#[derive(Debug)]
pub(super) struct Histogram {
    packed: Vec<[i64; PLACES]>,
    sums: Vec<[(i64, i64); PLACES]>,
    n_bins: Vec<usize>,
    packed_cells: Vec<Vec<i64>>,
    cells: Vec<Vec<(i64, i64)>>,
    pending: usize,
    packed_gradients: Vec<i64>,
}

impl Histogram {
    /// For columns with the given numbers of bins, and joint tables with the given numbers of cells.
    pub(super) fn new(n_bins: Vec<usize>, n_cells: &[usize]) -> Self {
        Self {
            packed: vec![[0; PLACES]; n_bins.len()],
            sums: vec![[(0, 0); PLACES]; n_bins.len()],
            packed_cells: n_cells.iter().map(|n| vec![0; *n]).collect(),
            cells: n_cells.iter().map(|n| vec![(0, 0); *n]).collect(),
            n_bins,
            pending: 0,
            packed_gradients: Vec::new(),
        }
    }

    /// Adds the gradients of the rows of a tile; [`flush`](Self::flush) after the last one.
    pub(super) fn add_tile(&mut self, tile: &Tile, gradients: &[Gradient]) {
        if self.pending + gradients.len() > FLUSH {
            self.flush();
        }
        self.pending += gradients.len();
        self.packed_gradients.clear();
        self.packed_gradients.extend(gradients.iter().map(|gradient| gradient.packed()));
        for ((table, n_bins), column) in self.packed.iter_mut().zip(&self.n_bins).zip(tile.columns()) {
            if *n_bins <= NARROW {
                add_narrow(table, column, &self.packed_gradients);
            } else {
                for (packed, bin) in self.packed_gradients.iter().zip(column) {
                    table[usize::from(*bin)] += packed;
                }
            }
        }
        for (table, cells) in self.packed_cells.iter_mut().zip(tile.joint()) {
            for (packed, cell) in self.packed_gradients.iter().zip(cells) {
                table[usize::from(*cell)] += packed;
            }
        }
    }

    pub(super) fn flush(&mut self) {
        for ((packed, sums), n_bins) in self.packed.iter_mut().zip(&mut self.sums).zip(&self.n_bins) {
            let used = if *n_bins <= NARROW { PLACES } else { *n_bins };
            for (place, packed) in packed[..used].iter_mut().enumerate() {
                let bin = if *n_bins <= NARROW { place % NARROW } else { place };
                empty(packed, &mut sums[bin]);
            }
        }
        for (packed, sums) in self.packed_cells.iter_mut().zip(&mut self.cells) {
            packed.iter_mut().zip(sums).for_each(|(packed, sum)| empty(packed, sum));
        }
        self.pending = 0;
    }

    /// Adds the sums of another histogram of the same shape; both must be flushed.
    pub(super) fn merge(&mut self, other: &Self) {
        let add = |(sum, other): (&mut (i64, i64), &(i64, i64))| {
            sum.0 += other.0;
            sum.1 += other.1;
        };
        for ((sums, others), n_bins) in self.sums.iter_mut().zip(&other.sums).zip(&self.n_bins) {
            sums[..*n_bins].iter_mut().zip(&others[..*n_bins]).for_each(add);
        }
        for (sums, others) in self.cells.iter_mut().zip(&other.cells) {
            sums.iter_mut().zip(others).for_each(add);
        }
    }

    /// `(sum of g, sum of h)` of every bin of a column, in units of rows of weight 1 times `scale`.
    pub(super) fn column(&self, column: usize, scale: f64) -> impl Iterator<Item = (f64, f64)> + '_ {
        in_units(&self.sums[column][..self.n_bins[column]], scale)
    }

    /// The same of every cell of a joint table.
    pub(super) fn cells(&self, table: usize, scale: f64) -> impl Iterator<Item = (f64, f64)> + '_ {
        in_units(&self.cells[table], scale)
    }
}

fn in_units(sums: &[(i64, i64)], scale: f64) -> impl Iterator<Item = (f64, f64)> + '_ {
    let unit = scale / UNIT;
    sums.iter().map(move |(g, h)| (*g as f64 * unit, *h as f64 * unit))
}

fn empty(packed: &mut i64, sum: &mut (i64, i64)) {
    let (first, second) = unpacked(*packed);
    sum.0 += first;
    sum.1 += second;
    *packed = 0;
}

/// Sums by bin of a column with at most [`NARROW`] bins, four rows in turn apart.
fn add_narrow(table: &mut [i64; PLACES], column: &[u8], gradients: &[i64]) {
    let ((fours, rest), (of_fours, of_rest)) = (column.as_chunks::<4>(), gradients.as_chunks::<4>());
    for (bins, gradients) in fours.iter().zip(of_fours) {
        for turn in 0..4 {
            table[(usize::from(bins[turn]) + turn * NARROW) % PLACES] += gradients[turn];
        }
    }
    for (bin, gradient) in rest.iter().zip(of_rest) {
        table[usize::from(*bin)] += gradient;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_keeps_both_halves_over_many_rows() {
        let gradients = [
            Gradient { first: -131_072, second: 32_768 },
            Gradient { first: 131_072, second: 0 },
            Gradient { first: -1, second: 1 },
        ];
        let mut histogram = Histogram::new(vec![PLACES], &[]);
        for i in 0..3 * FLUSH {
            histogram.packed[0][7] += gradients[i % 3].packed();
            histogram.pending += 1;
            if histogram.pending == FLUSH {
                histogram.flush();
            }
        }
        let rounds = i64::try_from(FLUSH).unwrap();
        assert_eq!(histogram.sums[0][7], (-rounds, rounds * 32_769));
    }

    #[test]
    fn full_certainty_of_many_rows_fits_the_packed_halves() {
        for gradient in [Gradient::new(0.5, true, 1.0), Gradient::new(0.0, true, 1.0)] {
            let n = i64::try_from(FLUSH).unwrap();
            assert_eq!(unpacked(n * gradient.packed()), (n * gradient.first, n * gradient.second));
        }
    }

    #[test]
    fn gradients_by_hand() {
        let even = Gradient::new(0.5, true, 1.0);
        assert_eq!((even.first, even.second), (-65_536, 32_768));
        let half = Gradient::new(0.5, false, 0.5);
        assert_eq!((half.first, half.second), (32_768, 16_384));
    }

    #[test]
    fn the_table_is_the_logistic_function() {
        let table = LogisticTable::new();
        for steps in (-20_000_000..20_000_000).step_by(77_777) {
            let margin = LogOdds::from_steps(steps);
            assert!((table.at(margin) - margin.probability().value()).abs() < 2e-7, "{steps}");
        }
    }
}
