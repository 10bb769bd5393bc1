//! When the record of purchases begins.

use std::collections::BTreeMap;

use super::build::day_of;
use crate::features::FeatureError;
use crate::quantity::AsOf;
use crate::tables::Dataset;
use crate::tables::contract::TableName;

/// The earliest transaction of a data set, as known on any date.
///
/// A customer of before the record shows up in it with a purchase that only looks like the first.
#[derive(Clone, Debug, Default)]
pub(super) struct RecordBegins {
    /// By when it became known: the dates of transactions that were the earliest until then, so later entries are
    /// earlier days.
    earliest: BTreeMap<i64, i64>,
}

impl RecordBegins {
    pub(super) fn read(dataset: &Dataset) -> Result<Self, FeatureError> {
        let mut record = Self::default();
        if let Some(table) = dataset.table(TableName::Transactions) {
            let date = table.time("date")?;
            for row in 0..table.n_rows() {
                if let Some(date) = date.get(row) {
                    record.add(table.known_at(row), date);
                }
            }
        }
        Ok(record)
    }

    fn add(&mut self, known_at: i64, date: i64) {
        if self.earliest.range(..=known_at).next_back().is_some_and(|(_, earliest)| *earliest <= date) {
            return;
        }
        let later = self.earliest.range(known_at..).take_while(|(_, earliest)| **earliest >= date);
        let outdone: Vec<i64> = later.map(|(known_at, _)| *known_at).collect();
        for known_at in outdone {
            self.earliest.remove(&known_at);
        }
        self.earliest.insert(known_at, date);
    }

    /// The day of the earliest transaction known before `as_of`.
    pub(super) fn before(&self, as_of: AsOf) -> Option<AsOf> {
        self.earliest.range(..as_of.micros()).next_back().map(|(_, date)| day_of(*date))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_filled_in_later_do_not_change_what_was_known() {
        let day = crate::quantity::MICROS_PER_DAY;
        let rows = [(10, 9), (12, 8), (11, 8), (30, 2), (40, 5), (15, 8)];
        let as_of = |days: i64| AsOf::new(day_of(days * day).date());
        let mut backwards = rows;
        backwards.reverse();
        for rows in [rows, backwards] {
            let mut record = RecordBegins::default();
            for (known, date) in rows {
                record.add(known * day, date * day);
            }
            let found: Vec<Option<AsOf>> = [10, 11, 12, 30, 31, 50].map(|at| record.before(as_of(at))).into();
            let days = [None, Some(9), Some(8), Some(8), Some(2), Some(2)];
            assert_eq!(found, days.map(|date| date.map(as_of)));
            assert_eq!(record.earliest.len(), 3);
        }
    }
}
