//! How much a model was allowed to learn, by how many outcomes there were.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A rung of the small-data ladder: with few outcomes, less is learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// The rate, and all columns as one piece of evidence, shrunk towards it.
    Prior,
    /// Logistic regression on the bins: a coefficient a column.
    Logistic,
    /// Boosting.
    Boosting,
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prior => "prior and shrinkage",
            Self::Logistic => "logistic regression on the bins",
            Self::Boosting => "boosting",
        })
    }
}

/// The rung a model was learned on, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RungChoice {
    /// The rung.
    pub rung: Rung,
    /// Independent cases with the outcome.
    pub with_outcome: u64,
    /// Independent cases without it.
    pub without_outcome: u64,
    /// The number of cases of the rarer outcome from which the next rung would have been taken; on the last rung, the
    /// number from which it is taken.
    pub limit: u64,
}

impl RungChoice {
    /// Rung and reason in plain words.
    ///
    /// ```
    /// use propensity::models::{Rung, RungChoice};
    /// let choice = RungChoice { rung: Rung::Prior, with_outcome: 14, without_outcome: 46, limit: 40 };
    /// assert_eq!(
    ///     choice.sentence(),
    ///     "prior and shrinkage, because 14 cases with the outcome and 46 without are fewer than 40 of either"
    /// );
    /// ```
    pub fn sentence(&self) -> String {
        let Self { rung, with_outcome, without_outcome, limit } = self;
        let counts = format!("{with_outcome} cases with the outcome and {without_outcome} without");
        match rung {
            Rung::Prior => format!("{rung}, because {counts} are fewer than {limit} of either"),
            Rung::Logistic => format!(
                "{rung}, because {counts} are fewer than the {limit} of either that boosting asks for"
            ),
            Rung::Boosting => format!("{rung}, because {counts} are at least {limit} of either"),
        }
    }
}
