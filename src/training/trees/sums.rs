//! Sums of gradients by place: whole numbers, so that they have no order.

use std::ops::{Add, Sub};

use crate::models::MAX_PLACES;
use crate::training::histogram::Gradient;

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

impl From<Gradient> for Sum {
    fn from(Gradient { first, second }: Gradient) -> Self {
        Self { first, second }
    }
}

/// The sums of every place of one column.
pub(super) type PlaceSums = [Sum; MAX_PLACES];

/// The sums of the given rows by place, for every column: `columns` holds the place of every row, `gradients` its
/// gradient.
pub(super) fn by_place(columns: &[Vec<u8>], rows: &[u32], gradients: &[Sum]) -> Vec<PlaceSums> {
    let of_rows: Vec<Sum> = rows.iter().map(|row| gradients[*row as usize]).collect();
    columns
        .iter()
        .map(|places| {
            let mut sums = [Sum::default(); MAX_PLACES];
            for (row, gradient) in rows.iter().zip(&of_rows) {
                // A place is below `MAX_PLACES`, a power of 2.
                let sum = &mut sums[usize::from(places[*row as usize]) % MAX_PLACES];
                *sum = *sum + *gradient;
            }
            sums
        })
        .collect()
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
