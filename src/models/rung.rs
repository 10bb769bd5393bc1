//! How much a model was allowed to learn, by how many outcomes there were.

use std::fmt;

use serde::{Deserialize, Serialize};

/// That the rate of the outcome differs between the earlier slices and the latest one by more than chance explains.
///
/// Tables are learned on the earlier slices, calibration on the latest: probabilities follow the latest rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateShift {
    /// The rate in the earlier slices.
    pub earlier: f64,
    /// The rate in the latest slice.
    pub latest: f64,
}

impl RateShift {
    /// Compares the cases with the outcome, and all cases, of the earlier slices and of the latest one; `None` where the
    /// difference is within three standard errors of a difference of shares, as it is by chance in 99.7 of 100 cases.
    ///
    /// ```
    /// use propensity::models::RateShift;
    /// assert_eq!(RateShift::found((100, 10_000), (12, 1000)), None);
    /// let shift = RateShift::found((100, 10_000), (30, 1000)).map(|shift| shift.sentence());
    /// assert_eq!(shift.as_deref(), Some("the rate moved from 1.00 % in the earlier slices to 3.00 % in the latest"));
    /// ```
    pub fn found(earlier: (u64, u64), latest: (u64, u64)) -> Option<Self> {
        let rate = |(with, all): (u64, u64)| with as f64 / all.max(1) as f64;
        let (n, m) = (earlier.1.max(1) as f64, latest.1.max(1) as f64);
        let pooled = (earlier.0 + latest.0) as f64 / (n + m);
        let error = (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt();
        let shift = Self { earlier: rate(earlier), latest: rate(latest) };
        ((shift.latest - shift.earlier).abs() > 3.0 * error).then_some(shift)
    }

    /// The shift in plain words.
    pub fn sentence(&self) -> String {
        let Self { earlier, latest } = self;
        format!(
            "the rate moved from {:.2} % in the earlier slices to {:.2} % in the latest",
            100.0 * earlier,
            100.0 * latest
        )
    }
}

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
