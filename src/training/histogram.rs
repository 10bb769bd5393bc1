//! Histograms of integer gradients: sums that have no order.

use super::columns::Tile;
use crate::quantity::LogOdds;

/// Places for bins in one table: more than any feature has, so that a byte always finds one.
pub(super) const PLACES: usize = 256;

/// Gradient steps in one unit, for a row of the largest weight: 2^17.
pub(super) const UNIT: f64 = (1 << 17) as f64;

/// Rows after which packed sums are emptied: 2^13 gradients of up to 2^17 fit 31 bits.
const FLUSH: usize = 1 << 13;

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

    /// Both in one number: the first in the upper half, the second, never negative, in the lower.
    pub(super) const fn packed(self) -> i64 {
        (self.first << 32) + self.second
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

/// Sums of gradients by column and bin.
#[derive(Debug)]
pub(super) struct Histogram {
    packed: Vec<[i64; PLACES]>,
    sums: Vec<[(i64, i64); PLACES]>,
    pending: usize,
    packed_gradients: Vec<i64>,
}

impl Histogram {
    pub(super) fn new(n_columns: usize) -> Self {
        Self {
            packed: vec![[0; PLACES]; n_columns],
            sums: vec![[(0, 0); PLACES]; n_columns],
            pending: 0,
            packed_gradients: Vec::new(),
        }
    }

    pub(super) fn clear(&mut self) {
        self.packed.fill([0; PLACES]);
        self.sums.fill([(0, 0); PLACES]);
        self.pending = 0;
    }

    /// Adds the gradients of the rows of a tile; [`flush`](Self::flush) after the last one.
    pub(super) fn add_tile(&mut self, tile: &Tile, gradients: &[Gradient]) {
        if self.pending + gradients.len() > FLUSH {
            self.flush();
        }
        self.pending += gradients.len();
        self.packed_gradients.clear();
        self.packed_gradients.extend(gradients.iter().map(|gradient| gradient.packed()));
        for (table, column) in self.packed.iter_mut().zip(tile.columns()) {
            for (packed, bin) in self.packed_gradients.iter().zip(column) {
                table[usize::from(*bin)] += packed;
            }
        }
    }

    pub(super) fn flush(&mut self) {
        for (packed, sums) in self.packed.iter_mut().zip(&mut self.sums) {
            for (packed, sum) in packed.iter_mut().zip(sums) {
                let second = *packed & 0xFFFF_FFFF;
                sum.0 += (*packed - second) >> 32;
                sum.1 += second;
                *packed = 0;
            }
        }
        self.pending = 0;
    }

    /// `(sum of g, sum of h)` of every bin of a column, in units of rows of weight 1 times `scale`.
    pub(super) fn column(&self, column: usize, scale: f64) -> impl Iterator<Item = (f64, f64)> + '_ {
        let unit = scale / UNIT;
        self.sums[column].iter().map(move |(g, h)| (*g as f64 * unit, *h as f64 * unit))
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
        let mut histogram = Histogram::new(1);
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
