//! Whether the past is still what it was: what a line says of a past date, held against what it said of it before.
//!
//! A line scores a past date from what was known then, so what it says of that date does not change, however much is
//! delivered later. Where it does change, the history of a table was rewritten, say by a delivery whose keys slipped by a row.
//! A challenger that learned from such a history is judged on it too, and no measure of outcomes shows the fault.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cases::ScoredCase;
use crate::quantity::AsOf;

/// Groups of accounts whose means are kept; enough to tell, few enough to keep in every comparison.
const GROUPS: u64 = 64;

/// What a version said of a date on which intent was judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saying {
    /// The version.
    pub version: String,
    /// The date.
    pub date: AsOf,
    /// Mean probability of each of 64 groups of accounts, by a hash of the account; `None` where a group has no case.
    pub means: Vec<Option<f64>>,
}

/// A saying held against an earlier one of the same version on the same date.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// The version.
    pub version: String,
    /// The date.
    pub date: AsOf,
    /// Pearson correlation of the means of groups, before and now: 1 where nothing was rewritten.
    pub correlation: f64,
}

impl Replay {
    /// The correlation below which the history of a table counts as rewritten: where one case in a hundred is gone, it is about
    /// 0.99.
    pub const REWRITTEN: f64 = 0.98;

    /// Whether the history is the one that was judged before.
    pub fn holds(&self) -> bool {
        self.correlation >= Self::REWRITTEN
    }
}

impl Saying {
    /// What a version says of each date, in the order of dates.
    pub(super) fn of(version: &str, cases: &[ScoredCase]) -> Vec<Self> {
        let mut sums: BTreeMap<AsOf, Vec<(f64, u64)>> = BTreeMap::new();
        for case in cases {
            let groups = sums.entry(case.date).or_insert_with(|| vec![(0.0, 0); GROUPS as usize]);
            let (sum, count) = &mut groups[(case.group % GROUPS) as usize];
            *sum += case.probability;
            *count += 1;
        }
        let mean = |(sum, count): (f64, u64)| (count > 0).then(|| sum / count as f64);
        sums.into_iter()
            .map(|(date, groups)| Self {
                version: version.to_owned(),
                date,
                means: groups.into_iter().map(mean).collect(),
            })
            .collect()
    }

    /// Holds it against what the same version said of the same date before; `None` when that is another one, or no group has
    /// cases in both.
    pub fn against(&self, before: &Self) -> Option<Replay> {
        if self.version != before.version || self.date != before.date {
            return None;
        }
        let pairs: Vec<(f64, f64)> = before
            .means
            .iter()
            .zip(&self.means)
            .filter_map(|(before, now)| Some(((*before)?, (*now)?)))
            .collect();
        let correlation = correlation(&pairs)?;
        Some(Replay { version: self.version.clone(), date: self.date, correlation })
    }
}

/// Pearson's correlation; 1 for pairs of equals, 0 where one side does not vary and the other differs.
fn correlation(pairs: &[(f64, f64)]) -> Option<f64> {
    if pairs.is_empty() {
        return None;
    }
    if pairs.iter().all(|(a, b)| (a - b).abs() < 1e-12) {
        return Some(1.0);
    }
    let n = pairs.len() as f64;
    let mean_a = pairs.iter().map(|(a, _)| a).sum::<f64>() / n;
    let mean_b = pairs.iter().map(|(_, b)| b).sum::<f64>() / n;
    let (mut both, mut of_a, mut of_b) = (0.0, 0.0, 0.0);
    for (a, b) in pairs {
        let (a, b) = (a - mean_a, b - mean_b);
        both += a * b;
        of_a += a * a;
        of_b += b * b;
    }
    Some(if of_a > 0.0 && of_b > 0.0 { both / (of_a * of_b).sqrt() } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Cluster;
    use crate::seed::Seed;

    fn day(text: &str) -> AsOf {
        text.parse().unwrap()
    }

    /// What a line says of 2,000 accounts on two dates, which depends on what it knows of each.
    fn cases(knows: impl Fn(u64) -> u64) -> Vec<ScoredCase> {
        let uniform = |account: u64| Seed::new(1).uniform(&account.to_le_bytes());
        let case = |account: u64, date| ScoredCase {
            group: crate::seed::hash_bytes(0, &account.to_le_bytes()),
            date,
            outcome: false,
            probability: uniform(knows(account)).powi(8),
            cluster: Cluster::Nurture,
        };
        let dates = [day("2026-02-25"), day("2026-01-25")];
        dates.iter().flat_map(|date| (0..2000).map(move |account| case(account, *date))).collect()
    }

    fn correlations(before: &[ScoredCase], now: &[ScoredCase]) -> Vec<f64> {
        let before = Saying::of("a", before);
        let replays =
            Saying::of("a", now).iter().zip(&before).map(|(now, before)| now.against(before)).collect();
        let replays: Option<Vec<Replay>> = replays;
        replays.unwrap().iter().map(|replay| replay.correlation).collect()
    }

    #[test]
    fn a_past_that_was_not_rewritten_is_the_same() {
        assert_eq!(correlations(&cases(|account| account), &cases(|account| account)), [1.0, 1.0]);
        // A few cases that are gone, say because a purchase became known late, are no rewriting.
        let all = cases(|account| account);
        let fewer: Vec<ScoredCase> =
            all.iter().copied().enumerate().filter(|(at, _)| at % 100 != 0).map(|(_, case)| case).collect();
        assert!(
            correlations(&all, &fewer).iter().all(|&found| found > Replay::REWRITTEN),
            "{:?}",
            correlations(&all, &fewer)
        );
    }

    #[test]
    fn keys_that_slipped_by_a_row_show() {
        let found = correlations(&cases(|account| account), &cases(|account| (account + 1) % 2000));
        assert!(found.iter().all(|&found| found.abs() < 0.5), "{found:?}");
        // In half of the accounts: halfway.
        let half = correlations(&cases(|account| account), &cases(|account| account + account % 2 * 2));
        assert!(half.iter().all(|&found| found < 0.85), "{half:?}");
    }

    #[test]
    fn another_version_or_date_says_nothing_of_the_past() {
        let of = |version| Saying::of(version, &cases(|account| account));
        assert_eq!(of("a")[0].date, day("2026-01-25"));
        assert!(of("a")[0].against(&of("b")[0]).is_none());
        assert!(of("a")[0].against(&of("a")[1]).is_none());
    }

    #[test]
    fn a_line_that_says_the_same_of_all_is_no_rewriting() {
        assert_eq!(correlation(&[(0.1, 0.1), (0.1, 0.1)]), Some(1.0));
        assert_eq!(correlation(&[(0.1, 0.2), (0.1, 0.3)]), Some(0.0));
        assert_eq!(correlation(&[]), None);
    }
}
