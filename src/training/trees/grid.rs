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

    /// Counts of cells, and beside them `prior` for every cell, shared out as if the columns did not depend on each other.
    ///
    /// Most cells of a fine grid hold few rows or none, and means over what they happen to hold would tell what several columns
    /// say together as if fewer said it. The shares of every column stay what they are (smoothing the density before
    /// purification: Lengerich et al. 2020, <https://arxiv.org/abs/1911.04974>).
    pub(in crate::training) fn smoothed(&self, mut counts: Vec<u64>, prior: u64) -> Vec<u64> {
        let all = counts.iter().sum::<u64>() as f64;
        let mut shares: Vec<Vec<f64>> =
            self.places.iter().map(|places| vec![0.0; places.n_places()]).collect();
        for (cell, count) in counts.iter().enumerate() {
            for (of_column, place) in shares.iter_mut().zip(self.places_of(cell)) {
                of_column[place] += *count as f64 / all.max(1.0);
            }
        }
        let spread = prior as f64 * counts.len() as f64;
        for (cell, count) in counts.iter_mut().enumerate() {
            let share: f64 =
                shares.iter().zip(self.places_of(cell)).map(|(of_column, place)| of_column[place]).product();
            *count += (spread * share).round() as u64;
        }
        counts
    }

    /// The place of every column in a cell.
    fn places_of(&self, cell: usize) -> impl Iterator<Item = usize> + '_ {
        let mut stride = self.n_cells();
        let mut left = cell;
        self.places.iter().map(move |places| {
            stride /= places.n_places();
            let place = left / stride;
            left %= stride;
            place
        })
    }

    /// Adds a step to the cells of a region: a mask of places for some of the columns, all places of the others.
    pub(super) fn add(&self, table: &mut [i32], region: &[(usize, PlaceMask)], step: i32) {
        let mut cells = vec![0];
        for (column, places) in self.columns.iter().zip(&self.places) {
            let mask = region.iter().find(|(held, _)| held == column).map_or(!0, |(_, mask)| *mask);
            let n_places = places.n_places();
            let inside: Vec<usize> = (0..n_places).filter(|place| mask >> place & 1 == 1).collect();
            cells = cells
                .iter()
                .flat_map(|cell| inside.iter().map(move |place| cell * n_places + place))
                .collect();
        }
        for cell in cells {
            table[cell] = table[cell].saturating_add(step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smoothing_keeps_the_shares_of_every_column() {
        let places = Places::try_new(vec![0, 1, 2]).unwrap();
        let grid = Grid { columns: vec![0, 1], places: vec![places.clone(), places] };
        // No row is unseen; the first column is missing in 2 of 8 rows, the second in 4.
        let counts = vec![2, 0, 0, 0, 0, 0, 2, 0, 4];
        let smoothed = grid.smoothed(counts, 16);
        // 144 beside 8: shares of 1/4 and 3/4, 1/2 and 1/2.
        assert_eq!(smoothed, [20, 0, 18, 0, 0, 0, 56, 0, 58]);
        assert_eq!(smoothed.iter().sum::<u64>(), 8 + 144);
        assert_eq!((20 + 18) * 8, (8 + 144) * 2);
    }

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
