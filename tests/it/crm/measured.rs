//! How many of the pairs found are right, and how many of the right ones are found.

use std::fmt;

/// Pairs found, those of them that are right, and those that are there to be found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Measured {
    pub(super) found: usize,
    pub(super) right: usize,
    pub(super) there: usize,
}

impl Measured {
    pub(super) fn precision(self) -> f64 {
        self.right as f64 / self.found.max(1) as f64
    }

    pub(super) fn recall(self) -> f64 {
        self.right as f64 / self.there.max(1) as f64
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { found, right, there } = self;
        let (precision, recall) = (self.precision(), self.recall());
        write!(f, "precision {precision:.4} ({right} of {found}), recall {recall:.4} ({right} of {there})")
    }
}
