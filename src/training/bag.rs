//! A bag: rows by what they are used for, and what was learned of them.

use super::boosting::Booster;
use super::histogram::Tables;
use super::set::TrainingSet;
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

impl BagRows {
    /// The rows of bag `bag`, by the fold of each. Its tables are never fitted on its own fold and stop on the next one, or, with a
    /// later slice, on the later rows of all others.
    pub(super) fn split(set: &TrainingSet<'_>, folds: &[usize], bag: usize, n_folds: usize) -> Self {
        let mut rows = Self::default();
        let by_time = set.rows().later.is_some();
        for (row, &fold) in folds.iter().enumerate() {
            match (by_time, set.is_later(row), fold == bag) {
                (false, _, true) | (true, true, true) => rows.judge.push(row),
                (false, ..) if fold == (bag + 1) % n_folds => rows.stop.push(row),
                (true, true, false) => rows.stop.push(row),
                (false, _, false) | (true, false, false) => rows.fit.push(row),
                (true, false, true) => rows.aside.push(row),
            }
        }
        rows
    }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::seed::Seed;
    use crate::training::TrainingRows;
    use crate::training::made_rows::MadeRows;

    const ROWS: usize = 9000;

    /// 300 companies, seen thirty times each.
    #[test]
    fn a_row_serves_one_purpose_and_a_company_is_on_one_side() {
        let made = MadeRows::new(ROWS, &[("size", &|row| (row % 7) as f32)]);
        let labels: Vec<bool> = (0..ROWS).map(|row| row.is_multiple_of(3)).collect();
        let later: Vec<bool> = (0..ROWS).map(|row| row >= ROWS * 29 / 30).collect();
        let groups: Vec<u64> = (0..ROWS as u64).map(|row| row % 300).collect();
        for later in [Some(&later[..]), None] {
            let rows = TrainingRows { later, groups: &groups, ..made.rows(&labels) };
            let set = TrainingSet::try_new(rows).unwrap();
            let folds = set.folds(Seed::new(3), 8);
            for bag in 0..8 {
                let BagRows { fit, stop, judge, aside } = BagRows::split(&set, &folds, bag, 8);
                let mut all = [&fit[..], &stop, &judge, &aside].concat();
                all.sort_unstable();
                assert!(all.into_iter().eq(0..ROWS), "a row is used twice or not at all");
                let companies =
                    |rows: &[usize]| rows.iter().map(|row| groups[*row]).collect::<BTreeSet<u64>>();
                assert!(companies(&judge).is_disjoint(&companies(&fit)));
                assert!(companies(&judge).is_disjoint(&companies(&stop)));
                let kept_away = if later.is_some() { companies(&judge) } else { BTreeSet::new() };
                assert_eq!(companies(&aside), kept_away);
                assert!(aside.iter().all(|row| !set.is_later(*row)));
            }
        }
    }
}
