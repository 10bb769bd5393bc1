//! Sums of gradients by place: whole numbers, so that they have no order.

use std::ops::{Add, Sub};

use crate::models::MAX_PLACES;
use crate::training::histogram::{FLUSH, unpacked};

/// Sums of first and second derivatives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) first: i64,
    pub(super) second: i64,
}

impl Add for Sum {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { first: self.first + other.first, second: self.second + other.second }
    }
}

impl Sub for Sum {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { first: self.first - other.first, second: self.second - other.second }
    }
}

impl Sum {
    /// The sum of packed gradients.
    pub(super) fn of(packed: impl Iterator<Item = i64>) -> Self {
        packed.fold(Self::default(), |held, packed| {
            let (first, second) = unpacked(packed);
            held + Self { first, second }
        })
    }
}

/// The sums of every place of one column.
pub(super) type PlaceSums = [Sum; MAX_PLACES];

/// The sums of all rows by place, of one column.
pub(super) fn of_all(places: &[u8], gradients: &[i64]) -> PlaceSums {
    let mut sums = [Sum::default(); MAX_PLACES];
    for (places, gradients) in places.chunks(FLUSH).zip(gradients.chunks(FLUSH)) {
        let mut packed = InTurn::default();
        let ((fours, rest), (of_fours, of_rest)) = (places.as_chunks::<4>(), gradients.as_chunks::<4>());
        for (places, gradients) in fours.iter().zip(of_fours) {
            packed.add(*places, gradients);
        }
        for (place, gradient) in rest.iter().zip(of_rest) {
            packed.add_one(*place, *gradient);
        }
        packed.empty(&mut sums);
    }
    sums
}

/// The sums of the given rows by place, for every column: `columns` holds the place of every row, `gradients` its
/// gradient.
pub(super) fn by_place(columns: &[Vec<u8>], rows: &[u32], gradients: &[i64]) -> Vec<PlaceSums> {
    let of_rows: Vec<i64> = rows.iter().map(|row| gradients[*row as usize]).collect();
    let of_column = |column: &Vec<u8>| {
        let mut sums = [Sum::default(); MAX_PLACES];
        for (rows, gradients) in rows.chunks(FLUSH).zip(of_rows.chunks(FLUSH)) {
            let mut packed = InTurn::default();
            let ((fours, rest), (of_fours, of_rest)) = (rows.as_chunks::<4>(), gradients.as_chunks::<4>());
            for (rows, gradients) in fours.iter().zip(of_fours) {
                packed.add(rows.map(|row| column[row as usize]), gradients);
            }
            for (row, gradient) in rest.iter().zip(of_rest) {
                packed.add_one(column[*row as usize], *gradient);
            }
            packed.empty(&mut sums);
        }
        sums
    };
    columns.iter().map(of_column).collect()
}

/// Packed sums by place, of four rows in turn apart: a row need not wait until the sum of the row before, often of the same place,
/// is stored.
struct InTurn([i64; 4 * MAX_PLACES]);

impl Default for InTurn {
    fn default() -> Self {
        Self([0; 4 * MAX_PLACES])
    }
}

impl InTurn {
    fn add(&mut self, places: [u8; 4], gradients: &[i64; 4]) {
        for turn in 0..4 {
            // A place is below `MAX_PLACES`, a power of 2.
            self.0[usize::from(places[turn]) % MAX_PLACES + turn * MAX_PLACES] += gradients[turn];
        }
    }

    fn add_one(&mut self, place: u8, gradient: i64) {
        self.0[usize::from(place) % MAX_PLACES] += gradient;
    }

    /// After at most [`FLUSH`] rows.
    fn empty(self, sums: &mut PlaceSums) {
        for (at, packed) in self.0.into_iter().enumerate() {
            let (first, second) = unpacked(packed);
            sums[at % MAX_PLACES] = sums[at % MAX_PLACES] + Sum { first, second };
        }
    }
}

/// What is left of `whole` without `part`.
pub(super) fn without(whole: &[PlaceSums], part: &[PlaceSums]) -> Vec<PlaceSums> {
    let less = |(whole, part): (&PlaceSums, &PlaceSums)| {
        let mut left = *whole;
        for (left, part) in left.iter_mut().zip(part) {
            *left = *left - *part;
        }
        left
    };
    whole.iter().zip(part).map(less).collect()
}
