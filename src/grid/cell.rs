//! The sixteen cells.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Band;

/// One of the sixteen cells of the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// The row.
    pub fit: Band,
    /// The column.
    pub intent: Band,
}

impl Cell {
    /// All sixteen, row by row, the cell with both bands High first.
    pub fn all() -> impl Iterator<Item = Self> {
        Band::ALL.into_iter().flat_map(|fit| Band::ALL.into_iter().map(move |intent| Self { fit, intent }))
    }

    /// The place in [`all`](Self::all), 0 to 15.
    pub const fn index(self) -> usize {
        self.fit.index() * 4 + self.intent.index()
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fit {}, intent {}", self.fit, self.intent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_stands_at_its_index() {
        let indices: Vec<usize> = Cell::all().map(Cell::index).collect();
        assert_eq!(indices, (0..16).collect::<Vec<_>>());
    }
}
