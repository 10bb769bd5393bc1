//! Columns as a grid: which cell a row falls into.

use super::split::PlaceMask;
use crate::models::Places;

/// Two or three columns and how their bins fall into places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::training) struct Grid {
    /// The columns, ascending.
    pub(in crate::training) columns: Vec<usize>,
    pub(in crate::training) places: Vec<Places>,
}

impl Grid {
    pub(in crate::training) fn n_cells(&self) -> usize {
        self.places.iter().map(Places::n_places).product()
    }

    /// The cell of a row of bins, a byte a column.
    pub(in crate::training) fn cell(&self, bins: &[u8]) -> usize {
        self.columns.iter().zip(&self.places).fold(0, |cell, (column, places)| {
            cell * places.n_places() + usize::from(places.of_bins()[usize::from(bins[*column])])
        })
    }

    /// Adds a step to the cells of a region: a mask of places for some of the columns, all places of the others.
    pub(super) fn add(&self, table: &mut [i32], region: &[(usize, PlaceMask)], step: i32) {
        let masks: Vec<(PlaceMask, usize)> = self
            .columns
            .iter()
            .zip(&self.places)
            .map(|(column, places)| {
                let mask = region.iter().find(|(held, _)| held == column).map_or(!0, |(_, mask)| *mask);
                (mask, places.n_places())
            })
            .collect();
        for (cell, weight) in table.iter_mut().enumerate() {
            let mut left = cell;
            let is_inside = masks.iter().rev().all(|(mask, n_places)| {
                let place = left % n_places;
                left /= n_places;
                mask >> place & 1 == 1
            });
            if is_inside {
                *weight = weight.saturating_add(step);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_reaches_the_cells_of_its_region_and_no_other() {
        let places = |of_bins: &[u8]| Places::try_new(of_bins.to_vec()).unwrap();
        let grid = Grid { columns: vec![1, 4], places: vec![places(&[0, 1, 2]), places(&[0, 1, 2, 2, 3])] };
        let mut table = vec![0; grid.n_cells()];
        grid.add(&mut table, &[(4, 0b1001)], 5);
        grid.add(&mut table, &[(4, 0b1000), (1, 0b100)], 2);
        assert_eq!(table, [5, 0, 0, 5, 5, 0, 0, 5, 5, 0, 0, 7]);
        assert_eq!(table[grid.cell(&[9, 2, 9, 9, 4])], 7);
        assert_eq!(table[grid.cell(&[9, 2, 9, 9, 3])], 0);
    }
}
