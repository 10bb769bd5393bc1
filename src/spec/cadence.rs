//! When models are trained again.

use std::num::{NonZeroU8, NonZeroU32};

use serde::{Deserialize, Serialize};

use crate::quantity::AsOf;

/// When models are trained again: whole months, counted from release day to release day.
///
/// ```
/// use propensity::spec::CadenceSpec;
/// let cadence = CadenceSpec::default();
/// let on = |last: &str, date: &str| Ok::<_, propensity::quantity::QuantityError>((last.parse()?, date.parse()?));
/// let (last, date) = on("2026-01-25", "2026-02-24")?;
/// assert!(!cadence.is_due(cadence.intent_months, last, date));
/// let (last, date) = on("2026-01-25", "2026-02-25")?;
/// assert!(cadence.is_due(cadence.intent_months, last, date) && !cadence.is_due(cadence.fit_months, last, date));
/// # Ok::<(), propensity::quantity::QuantityError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CadenceSpec {
    /// Months between two trainings of the fit models.
    pub fit_months: NonZeroU8,
    /// Months between two trainings of the intent models.
    pub intent_months: NonZeroU8,
    /// Months between two looks at accounts that are new.
    pub new_customers_months: NonZeroU8,
    /// Day of the month on which new models and lists come out: 1 to 28.
    pub release_day: u8,
    /// Months between two steps of the intent models, trained or only updated; never updated when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_months: Option<NonZeroU8>,
    /// Outcomes that came in since the last training after which intent is due before its time; never when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_outcomes: Option<NonZeroU32>,
}

impl Default for CadenceSpec {
    /// Fit quarterly, intent monthly, new customers every three months, on the 25th.
    fn default() -> Self {
        let quarterly = NonZeroU8::MIN.saturating_add(2);
        Self {
            fit_months: quarterly,
            intent_months: NonZeroU8::MIN,
            new_customers_months: quarterly,
            release_day: 25,
            update_months: None,
            after_outcomes: None,
        }
    }
}

impl CadenceSpec {
    /// Whether what was last done on `last`, and is done every `months`, is due on `date`.
    pub fn is_due(&self, months: NonZeroU8, last: AsOf, date: AsOf) -> bool {
        self.releases(date) - self.releases(last) >= i32::from(months.get())
    }

    /// The first day after `last` on which it is due.
    pub fn next(&self, months: NonZeroU8, last: AsOf) -> AsOf {
        let date = last.date();
        let day = i32::from(date.day());
        let to_release = i32::from(self.release_day) - day;
        // The release of the month of `last` is behind it or ahead of it; the month is counted from there.
        let release = last.plus_days(to_release);
        let passed = i32::from(to_release > 0);
        release.plus_months(i32::from(months.get()) - passed)
    }

    /// Releases from a fixed day in the past up to and on a date.
    fn releases(&self, date: AsOf) -> i32 {
        let date = date.date();
        let before = i32::from(i32::from(date.day()) < i32::from(self.release_day));
        i32::from(date.year()) * 12 + i32::from(date.month()) - before
    }

    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn fault(&self) -> Option<String> {
        let fine = (1..=28).contains(&self.release_day);
        (!fine).then(|| {
            format!(
                "cadence.release_day is {}; expected a day that every month has: 1 to 28",
                self.release_day
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_day_is_the_first_on_which_it_is_due() {
        for release_day in [1, 15, 25, 28] {
            let cadence = CadenceSpec { release_day, ..CadenceSpec::default() };
            for start in 0..400 {
                let last = "2027-11-20".parse::<AsOf>().unwrap().plus_days(start);
                for months in [cadence.intent_months, cadence.fit_months] {
                    let next = cadence.next(months, last);
                    assert_eq!(next.date().day(), release_day.cast_signed());
                    assert!(cadence.is_due(months, last, next), "{last} {next}");
                    assert!(!cadence.is_due(months, last, next.plus_days(-1)), "{last} {next}");
                }
            }
        }
    }
}
