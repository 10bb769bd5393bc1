//! Whether the tables arrive as they used to: a feed that has dried up or is repeated makes a model that looks fine.

use serde::Serialize;

use crate::quantity::{AsOf, MICROS_PER_DAY};
use crate::tables::Dataset;
use crate::tables::contract::TableName;

/// Days of one period.
const PERIOD_DAYS: i64 = 28;
/// Periods before the last one.
const PERIODS: usize = 6;
/// Rows in a usual period below which nothing is said: too few to tell.
const FEWEST: u64 = 50;

/// How the rows of one table arrive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FeedReport {
    /// The table.
    pub table: TableName,
    /// Rows that became known in the last 28 days before the date.
    pub last: u64,
    /// The median of the six periods of 28 days before them.
    pub usual: u64,
}

impl FeedReport {
    /// Rows of the last period as a share of the usual; `None` where the usual are too few to tell.
    pub fn share(&self) -> Option<f64> {
        (self.usual >= FEWEST).then(|| self.last as f64 / self.usual as f64)
    }
}

/// Counts the rows of every table of events by when they became known.
pub fn feeds(dataset: &Dataset, as_of: AsOf) -> Vec<FeedReport> {
    let tables = TableName::ALL.into_iter().filter(|table| *table != TableName::Accounts);
    let report = |table: TableName| {
        let rows = dataset.table(table)?;
        let mut counts = [0_u64; PERIODS + 1];
        for row in 0..rows.n_rows() {
            let age = (as_of.micros() - 1).saturating_sub(rows.known_at(row));
            let period = usize::try_from(age.div_euclid(PERIOD_DAYS * MICROS_PER_DAY)).ok();
            if let Some(count) = period.and_then(|period| counts.get_mut(period)) {
                *count += 1;
            }
        }
        let [last, mut before @ ..] = counts;
        before.sort_unstable();
        Some(FeedReport { table, last, usual: before[PERIODS / 2] })
    };
    tables.filter_map(report).collect()
}
