//! A bag: rows by what they are used for, and what was learned of them.

use super::boosting::Booster;
use super::histogram::Tables;
use crate::quantity::LogOdds;

/// The rows of one bag, by what they are used for.
#[derive(Clone, Debug, Default)]
pub(super) struct BagRows {
    /// Tables are fitted on these.
    pub(super) fit: Vec<usize>,
    /// These say when to stop; with a later slice, they are of it.
    pub(super) stop: Vec<usize>,
    /// These are used for neither, and so show how good the tables are.
    pub(super) judge: Vec<usize>,
    /// With a later slice, the earlier rows of the groups that are judged: kept away from the tables, so that a group is never on
    /// both sides. They help to say how bags are to be grown.
    pub(super) aside: Vec<usize>,
}

/// What one bag has learned.
#[derive(Clone, Debug)]
pub(super) struct Bag {
    pub(super) tables: Tables,
    /// Rounds that were kept.
    pub(super) rounds: usize,
    /// The margins of the rows that the bag was not shown.
    pub(super) judged: Vec<LogOdds>,
}

impl Bag {
    /// The bag with the tables of another that has seen more rows, but judged by its own: they are lifted to where these put
    /// the judged rows on average, so that what calibration learns of these holds for them.
    fn with_tables_of(self, other: Self) -> Self {
        let sum = |judged: &[LogOdds]| judged.iter().map(|margin| margin.steps()).sum::<i64>();
        let count = i64::try_from(self.judged.len()).unwrap_or(i64::MAX).max(1);
        let lift = (sum(&self.judged) - sum(&other.judged)).div_euclid(count);
        let base = other.tables.base + lift;
        Self { tables: Tables { base, ..other.tables }, ..self }
    }
}

impl Booster<'_> {
    /// The bag with what came last: where there is a later slice, it is grown again with its part of the slice among the rows
    /// to be fitted, and judged by the tables that had not seen it.
    pub(super) fn with_later(&self, rows: &BagRows, bag: Bag, again: impl FnOnce(&BagRows) -> Bag) -> Bag {
        if self.set().rows().later.is_none() {
            return bag;
        }
        let mut all = rows.clone();
        all.fit.extend(&rows.stop);
        all.fit.sort_unstable();
        bag.with_tables_of(again(&all))
    }
}
