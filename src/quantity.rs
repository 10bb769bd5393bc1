//! Validated values: once one exists, it is in range and never NaN.
//!
//! Scores, probabilities and log-odds are what the models speak; [`AsOf`] is the date before which everything must
//! have been known. Scores and log-odds are whole numbers inside, so that sums have no order and comparisons no
//! rounding.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::error::Coded;

/// A value is outside what its type can hold.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum QuantityError {
    /// A score is not between 0 and 100.
    #[error("score {found} is outside 0 to 100")]
    Score {
        /// What was found.
        found: f64,
    },
    /// A probability is not between 0 and 1.
    #[error("probability {found} is outside 0 to 1")]
    Probability {
        /// What was found.
        found: f64,
    },
    /// A share is not strictly between 0 and 1.
    #[error("share {found} is not strictly between 0 and 1")]
    Share {
        /// What was found.
        found: f64,
    },
    /// Log-odds are not finite or beyond what 32 bits at 2^-20 hold.
    #[error("log-odds {found} are outside -2000 to 2000")]
    LogOdds {
        /// What was found.
        found: f64,
    },
    /// A date is not of the form `2026-03-01`, or does not exist.
    #[error("date {found:?} is not a calendar date; expected the form 2026-03-01")]
    Date {
        /// What was found.
        found: String,
    },
}

impl Coded for QuantityError {
    fn code(&self) -> &'static str {
        match self {
            Self::Score { .. } => "E_SCORE_RANGE",
            Self::Probability { .. } => "E_PROBABILITY_RANGE",
            Self::Share { .. } => "E_SHARE_RANGE",
            Self::LogOdds { .. } => "E_LOG_ODDS_RANGE",
            Self::Date { .. } => "E_DATE",
        }
    }
}

/// A score from 0 to 100, held in thousandths.
///
/// A band is always taken from the held value, so 54.999 is below a cut at 55 and stays there when it is written out
/// and read back.
///
/// ```
/// use propensity::quantity::Score;
/// let score = Score::try_from(54.999)?;
/// assert!(score < Score::try_from(55.0)?);
/// assert_eq!(score.to_string(), "54.999");
/// assert_eq!(format!("{score:.1}"), "54.9"); // never rounded up over a cut
/// assert!(Score::try_from(f64::NAN).is_err());
/// # Ok::<(), propensity::quantity::QuantityError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Score(u32);

impl Score {
    /// The lowest score, 0.
    pub const MIN: Self = Self(0);
    /// The highest score, 100.
    pub const MAX: Self = Self(100_000);

    /// A whole-number score; numbers over 100 become 100.
    pub const fn whole(score: u8) -> Self {
        Self(if score > 100 { 100_000 } else { score as u32 * 1000 })
    }

    /// The score in thousandths; numbers over 100,000 become 100,000.
    pub const fn from_thousandths(thousandths: u32) -> Self {
        Self(if thousandths > 100_000 { 100_000 } else { thousandths })
    }

    /// The score in thousandths.
    pub const fn thousandths(self) -> u32 {
        self.0
    }

    /// The score as a number from 0 to 100.
    pub fn value(self) -> f64 {
        f64::from(self.0) / 1000.0
    }
}

impl TryFrom<f64> for Score {
    type Error = QuantityError;

    /// Rounds down to thousandths.
    fn try_from(found: f64) -> Result<Self, QuantityError> {
        if (0.0..=100.0).contains(&found) {
            // The small term undoes representation error only: 54.999 is 54998.99999 thousandths as a float.
            Ok(Self(((found * 1000.0 + 1e-6).floor()) as u32))
        } else {
            Err(QuantityError::Score { found })
        }
    }
}

impl From<Score> for f64 {
    fn from(score: Score) -> Self {
        score.value()
    }
}

impl fmt::Display for Score {
    /// Writes up to three decimals, or as many as the precision asks for, always cut and never rounded up.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:03}", self.0 % 1000);
        let shown = match f.precision() {
            Some(precision) => &digits[..precision.min(3)],
            None => digits.trim_end_matches('0'),
        };
        let text = if shown.is_empty() {
            format!("{}", self.0 / 1000)
        } else {
            format!("{}.{shown}", self.0 / 1000)
        };
        f.pad_integral(true, "", &text)
    }
}

/// A probability, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Probability(f64);

impl Probability {
    /// The probability as a number from 0 to 1.
    pub const fn value(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Probability {
    type Error = QuantityError;

    fn try_from(found: f64) -> Result<Self, QuantityError> {
        if (0.0..=1.0).contains(&found) { Ok(Self(found)) } else { Err(QuantityError::Probability { found }) }
    }
}

impl From<Probability> for f64 {
    fn from(probability: Probability) -> Self {
        probability.0
    }
}

/// A share strictly between 0 and 1: of customers, of rows.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Share(f64);

impl Share {
    /// The share as a number between 0 and 1.
    pub const fn value(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Share {
    type Error = QuantityError;

    fn try_from(found: f64) -> Result<Self, QuantityError> {
        if found > 0.0 && found < 1.0 { Ok(Self(found)) } else { Err(QuantityError::Share { found }) }
    }
}

impl From<Share> for f64 {
    fn from(share: Share) -> Self {
        share.0
    }
}

/// Log-odds, `ln(p / (1 - p))`, as a whole number of 2^-20 steps.
///
/// Sums of log-odds are sums of integers: the order of the terms, and so the number of threads, cannot change them.
///
/// ```
/// use propensity::quantity::LogOdds;
/// let parts = [LogOdds::try_from(0.1)?, LogOdds::try_from(0.2)?, LogOdds::try_from(-0.3)?];
/// let forwards: LogOdds = parts.iter().copied().sum();
/// let backwards: LogOdds = parts.iter().rev().copied().sum();
/// assert_eq!(forwards, backwards);
/// # Ok::<(), propensity::quantity::QuantityError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LogOdds(i64);

impl LogOdds {
    /// Steps in one unit of log-odds: 2^20.
    pub const STEPS: i64 = 1 << 20;
    /// No evidence either way.
    pub const ZERO: Self = Self(0);

    /// From a number of 2^-20 steps.
    pub const fn from_steps(steps: i64) -> Self {
        Self(steps)
    }

    /// The number of 2^-20 steps.
    pub const fn steps(self) -> i64 {
        self.0
    }

    /// The log-odds as a real number.
    pub fn value(self) -> f64 {
        self.0 as f64 / Self::STEPS as f64
    }

    /// The probability that has these log-odds: `1 / (1 + exp(-x))`, by `libm`, so the same on every machine.
    pub fn probability(self) -> Probability {
        Probability(1.0 / (1.0 + libm::exp(-self.value())))
    }
}

impl TryFrom<f64> for LogOdds {
    type Error = QuantityError;

    /// Rounds to the nearest step.
    fn try_from(found: f64) -> Result<Self, QuantityError> {
        if found.abs() <= 2000.0 {
            Ok(Self((found * Self::STEPS as f64).round() as i64))
        } else {
            Err(QuantityError::LogOdds { found })
        }
    }
}

impl std::ops::Add for LogOdds {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl std::ops::Sub for LogOdds {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl std::iter::Sum for LogOdds {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        Self(terms.map(|term| term.0).sum())
    }
}

/// The date a question is asked: a row counts when it was known strictly before this day began, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AsOf(Date);

/// Microseconds in a day.
pub const MICROS_PER_DAY: i64 = 86_400_000_000;

impl AsOf {
    /// The start of this date.
    pub const fn new(date: Date) -> Self {
        Self(date)
    }

    /// The calendar date.
    pub const fn date(self) -> Date {
        self.0
    }

    /// The first microsecond of the date, counted from 1970-01-01 UTC. A row is known when its time is below this.
    pub fn micros(self) -> i64 {
        i64::from(self.days()) * MICROS_PER_DAY
    }

    /// Days from 1970-01-01 to this date.
    pub fn days(self) -> i32 {
        // Years begin in March here, so that the day that leap years have is the last of its year.
        let (month, day) = (i32::from(self.0.month()), i32::from(self.0.day()));
        let year = i32::from(self.0.year()) - i32::from(month < 3);
        // Days before a month, counted from March: 31, 30, 31, 30, 31 again and again.
        let in_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        // 719 468 days lie between 0000-03-01 and 1970-01-01.
        365 * year + leap_days + in_year - 719_468
    }

    /// The same day `months` later (earlier when negative), moved to the end of a shorter month.
    #[must_use]
    pub fn plus_months(self, months: i32) -> Self {
        Self(self.0.saturating_add(jiff::Span::new().months(months)))
    }

    /// `days` later, earlier when negative.
    #[must_use]
    pub fn plus_days(self, days: i32) -> Self {
        Self(self.0.saturating_add(jiff::Span::new().days(days)))
    }
}

impl FromStr for AsOf {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        text.trim().parse::<Date>().map(Self).map_err(|_| QuantityError::Date { found: text.to_owned() })
    }
}

impl TryFrom<String> for AsOf {
    type Error = QuantityError;

    fn try_from(text: String) -> Result<Self, QuantityError> {
        text.parse()
    }
}

impl From<AsOf> for String {
    fn from(as_of: AsOf) -> Self {
        as_of.to_string()
    }
}

impl fmt::Display for AsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_count_from_1970_over_all_dates() {
        let epoch = Date::constant(1970, 1, 1);
        let span = |date: Date| date.since((jiff::Unit::Day, epoch)).unwrap().get_days();
        let mut date = Date::MIN;
        loop {
            assert_eq!(AsOf::new(date).days(), span(date), "{date}");
            // A prime number of days, so that every day of the year has its turn.
            let Ok(next) = date.checked_add(jiff::Span::new().days(97)) else { break };
            date = next;
        }
        assert_eq!(AsOf::new(epoch).days(), 0);
    }

    #[test]
    fn a_score_keeps_its_thousandths() {
        for (found, thousandths) in [(0.0, 0), (54.999, 54_999), (74.9, 74_900), (100.0, 100_000)] {
            assert_eq!(Score::try_from(found).unwrap().thousandths(), thousandths);
        }
        assert_eq!(Score::try_from(-0.001), Err(QuantityError::Score { found: -0.001 }));
        assert!(Score::try_from(100.001).is_err());
    }

    #[test]
    fn every_score_survives_its_text() {
        for thousandths in 0..=100_000 {
            let score = Score::from_thousandths(thousandths);
            let back: f64 = score.to_string().parse().unwrap();
            assert_eq!(Score::try_from(back).unwrap(), score);
        }
    }

    #[test]
    fn as_of_counts_days_in_utc() {
        let as_of: AsOf = "1970-01-02".parse().unwrap();
        assert_eq!(as_of.micros(), MICROS_PER_DAY);
        assert_eq!("2026-03-31".parse::<AsOf>().unwrap().plus_months(-1).to_string(), "2026-02-28");
        assert!("2026-02-30".parse::<AsOf>().is_err());
    }
}
