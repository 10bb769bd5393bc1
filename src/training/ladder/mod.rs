//! The small-data ladder: how much is learned from how many outcomes.
//!
//! Under 40 outcomes of either kind, tables would learn the rows by heart: there is the rate, and the evidence of all
//! columns taken together, with one coefficient. Then a coefficient a column, then boosting. Whatever the rung, a model
//! whose held-out rows show no signal gives everybody the rate.

mod evidence;

use std::collections::BTreeMap;

pub(super) use evidence::grow;

use super::set::TrainingSet;
use crate::models::{Rung, RungChoice};

/// Where the rungs of the ladder begin, in independent cases of the rarer outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ladder {
    /// From here on the columns are heard at all: 20. On draws from two public tables, what is said of 10 to 15 cases of the
    /// rarer outcome does as much harm as good.
    pub evidence_from: u64,
    /// From here on there is a coefficient a column: 40.
    pub logistic_from: u64,
    /// From here on tables are boosted: 100. On draws from two public tables, boosting and logistic regression predict
    /// equally well at 50 to 60 cases of the rarer outcome, and boosting better at 90 to 120.
    pub boosting_from: u64,
}

impl Default for Ladder {
    fn default() -> Self {
        Self { evidence_from: 20, logistic_from: 40, boosting_from: 100 }
    }
}

impl Ladder {
    /// Boosting, however few outcomes there are: for those who know better, and for tests of the boosting itself.
    pub const BOOSTING: Self = Self { evidence_from: 0, logistic_from: 0, boosting_from: 0 };

    /// The rung for a number of independent cases with and without the outcome.
    ///
    /// ```
    /// use propensity::models::Rung;
    /// use propensity::training::Ladder;
    /// let rung = |with, without| Ladder::default().choose(with, without).rung;
    /// assert_eq!([rung(39, 900), rung(40, 40), rung(5000, 39)], [Rung::Prior, Rung::Logistic, Rung::Prior]);
    /// assert_eq!(rung(2000, 2000), Rung::Boosting);
    /// ```
    pub fn choose(&self, with_outcome: u64, without_outcome: u64) -> RungChoice {
        let rarer = with_outcome.min(without_outcome);
        let (rung, limit) = if rarer >= self.boosting_from {
            (Rung::Boosting, self.boosting_from)
        } else if rarer >= self.logistic_from {
            (Rung::Logistic, self.boosting_from)
        } else {
            (Rung::Prior, self.logistic_from)
        };
        RungChoice { rung, with_outcome, without_outcome, limit }
    }

    /// Whether there are enough outcomes for the columns to be heard.
    pub(super) const fn hears(&self, choice: &RungChoice) -> bool {
        let rarer = if choice.with_outcome < choice.without_outcome {
            choice.with_outcome
        } else {
            choice.without_outcome
        };
        rarer >= self.evidence_from
    }

    /// The rung for a set: its groups are counted, one with any row that has the outcome as a case with it.
    pub(super) fn of_set(&self, set: &TrainingSet<'_>) -> RungChoice {
        let rows = set.rows();
        let mut groups: BTreeMap<u64, bool> = BTreeMap::new();
        for (group, label) in rows.groups.iter().zip(rows.labels) {
            *groups.entry(*group).or_default() |= *label;
        }
        let with = groups.values().filter(|label| **label).count() as u64;
        self.choose(with, groups.len() as u64 - with)
    }
}
