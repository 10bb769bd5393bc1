//! What is known of one deal, observation by observation.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::state::{ReferralState, Refused, Status};
use crate::quantity::{AsOf, MICROS_PER_DAY};

/// A moment in microseconds from 1970-01-01 UTC, written as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Moment(i64);

impl Moment {
    /// From microseconds; `None` outside the years that have dates.
    pub fn from_micros(micros: i64) -> Option<Self> {
        jiff::Timestamp::from_microsecond(micros).ok().map(|_| Self(micros))
    }

    /// Its microseconds.
    pub const fn micros(self) -> i64 {
        self.0
    }
}

impl TryFrom<String> for Moment {
    type Error = jiff::Error;

    fn try_from(text: String) -> Result<Self, jiff::Error> {
        text.parse::<jiff::Timestamp>().map(|time| Self(time.as_microsecond()))
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        jiff::Timestamp::from_microsecond(moment.0).map(|time| time.to_string()).unwrap_or_default()
    }
}

/// One deal as an export shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// The deal.
    pub opportunity_id: String,
    /// What it belongs to; several deals may share one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub engagement_id: Option<String>,
    /// The account.
    pub account_id: String,
    /// The product.
    pub product: String,
    /// When it was opened.
    pub created_at: Moment,
    /// When it was closed; `None` while it is open, or where the export does not say.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub closed_at: Option<Moment>,
    /// Where it stands.
    pub state: ReferralState,
    /// Reason code of a loss, decline or error.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<u8>,
    /// Stage, percent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stage: Option<f64>,
    /// Money.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deal_value: Option<f64>,
    /// Currency of the money.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub currency: Option<String>,
}

/// Why a row of an export was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Dropped {
    /// The state cannot be, or cannot follow the one before.
    #[error("{0}")]
    State(Refused),
    /// A field of a deal that had come to its end was edited.
    #[error("it was edited after its end")]
    EditedAfterEnd,
    /// A newer export says something else.
    #[error("a newer export says something else")]
    Stale,
    /// It was closed before it was opened.
    #[error("it was closed before it was opened")]
    EndsBeforeItBegins,
    /// It was opened or closed after the day of the export.
    #[error("it was opened or closed after the day of the export")]
    AfterTheExport,
}

impl Dropped {
    /// The name under which rows are counted.
    pub const fn name(self) -> &'static str {
        match self {
            Self::State(Refused::UnknownStatus) => "unknown_status",
            Self::State(Refused::UnknownSubstatus) => "unknown_substatus",
            Self::State(Refused::Frozen) => "frozen",
            Self::State(Refused::GoesBack) => "goes_back",
            Self::EditedAfterEnd => "edited_after_end",
            Self::Stale => "stale",
            Self::EndsBeforeItBegins => "ends_before_it_begins",
            Self::AfterTheExport => "after_the_export",
        }
    }
}

/// What an observation was worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// The deal was not known.
    Added,
    /// Its state or a field is another one.
    Changed,
    /// Nothing is new.
    None,
}

/// The last observation of a deal, and the day of the export that made it.
#[derive(Clone, Debug, PartialEq)]
pub struct Referral {
    /// The last observation that was accepted.
    pub observation: Observation,
    /// The day of its export.
    pub seen: AsOf,
}

/// All deals, by id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Referrals(BTreeMap<String, Referral>);

impl Observation {
    /// Checks the dates against each other and against the day of the export.
    fn check_dates(&self, seen: AsOf) -> Result<(), Dropped> {
        // An export is made in the course of its day.
        let end_of_day = seen.micros().saturating_add(MICROS_PER_DAY);
        if self.closed_at.is_some_and(|closed| closed < self.created_at) {
            Err(Dropped::EndsBeforeItBegins)
        } else if self.closed_at.unwrap_or(self.created_at).micros() >= end_of_day {
            Err(Dropped::AfterTheExport)
        } else {
            Ok(())
        }
    }
}

impl Referrals {
    /// Takes an observation in, or refuses it and stays as it was.
    ///
    /// # Errors
    /// Why it was refused.
    pub fn observe(&mut self, observation: Observation, seen: AsOf) -> Result<News, Dropped> {
        observation.check_dates(seen)?;
        let Some(known) = self.0.get_mut(&observation.opportunity_id) else {
            self.0.insert(observation.opportunity_id.clone(), Referral { observation, seen });
            return Ok(News::Added);
        };
        if known.observation == observation {
            return Ok(News::None);
        }
        if seen < known.seen {
            return Err(Dropped::Stale);
        }
        let state = known.observation.state;
        state.step(observation.state).map_err(Dropped::State)?;
        if state.is_frozen() {
            return Err(Dropped::EditedAfterEnd);
        }
        *known = Referral { observation, seen };
        Ok(News::Changed)
    }

    /// The deals in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Referral> {
        self.0.values()
    }

    /// A deal.
    pub fn get(&self, opportunity_id: &str) -> Option<&Referral> {
        self.0.get(opportunity_id)
    }

    /// How many deals there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Referral {
    /// The state on a day: a deal that nobody answered within `days` counts as expired.
    pub fn state_on(&self, as_of: AsOf, expires_after_days: Option<u16>) -> ReferralState {
        let state = self.observation.state;
        let unanswered = state.status() == Status::New;
        match expires_after_days {
            Some(days) if unanswered => {
                let expires = self.observation.created_at.micros() + i64::from(days) * MICROS_PER_DAY;
                if expires <= as_of.micros() { ReferralState::Expired } else { state }
            }
            _ => state,
        }
    }
}

#[cfg(test)]
mod tests {
    use ReferralState::{Accepted, Lost, Pending, Won};

    use super::*;
    use crate::seed::Seed;

    fn day(days: i32) -> AsOf {
        AsOf::new(jiff::civil::date(2026, 1, 1)).plus_days(days)
    }

    fn at(days: i32) -> Moment {
        Moment::from_micros(day(days).micros()).unwrap()
    }

    fn observation(state: ReferralState, value: f64, closed: Option<i32>) -> Observation {
        Observation {
            opportunity_id: "o1".into(),
            engagement_id: None,
            account_id: "a1".into(),
            product: "azure".into(),
            created_at: at(0),
            closed_at: closed.map(at),
            state,
            reason: None,
            stage: None,
            deal_value: Some(value),
            currency: Some("USD".into()),
        }
    }

    #[test]
    fn a_deal_is_followed_to_its_end_and_then_left_alone() {
        let mut deals = Referrals::default();
        let mut see =
            |state, value, closed, seen| deals.observe(observation(state, value, closed), day(seen));
        assert_eq!(see(Pending, 1.0, None, 5), Ok(News::Added));
        assert_eq!(see(Pending, 1.0, None, 6), Ok(News::None));
        assert_eq!(see(Accepted, 2.0, None, 7), Ok(News::Changed));
        assert_eq!(see(Accepted, 3.0, None, 7), Ok(News::Changed));
        assert_eq!(see(Accepted, 9.0, None, 6), Err(Dropped::Stale));
        assert_eq!(see(Pending, 3.0, None, 8), Err(Dropped::State(Refused::GoesBack)));
        assert_eq!(see(Won, 3.0, Some(-1), 9), Err(Dropped::EndsBeforeItBegins));
        assert_eq!(see(Won, 3.0, Some(10), 9), Err(Dropped::AfterTheExport));
        assert_eq!(see(Won, 3.0, Some(9), 9), Ok(News::Changed));
        assert_eq!(see(Won, 3.0, Some(9), 20), Ok(News::None));
        assert_eq!(see(Won, 4.0, Some(9), 20), Err(Dropped::EditedAfterEnd));
        assert_eq!(see(Lost, 3.0, Some(9), 20), Err(Dropped::State(Refused::Frozen)));
        assert_eq!(deals.get("o1").unwrap().observation, observation(Won, 3.0, Some(9)));
    }

    #[test]
    fn what_nobody_answered_expires_on_the_fourteenth_day() {
        let mut deals = Referrals::default();
        deals.observe(observation(ReferralState::Received, 1.0, None), day(0)).unwrap();
        let deal = deals.get("o1").unwrap();
        assert_eq!(deal.state_on(day(13), Some(14)), ReferralState::Received);
        assert_eq!(deal.state_on(day(14), Some(14)), ReferralState::Expired);
        assert_eq!(deal.state_on(day(99), None), ReferralState::Received);
    }

    #[test]
    fn no_sequence_of_events_corrupts_a_deal() {
        for sequence in 0..10_000_u64 {
            let seed = Seed::new(sequence).named("sequence");
            let draw =
                |what: &str, step: u32, n: f64| (seed.named(what).uniform(&step.to_le_bytes()) * n) as i32;
            let mut deals = Referrals::default();
            let mut states: Vec<ReferralState> = Vec::new();
            for step in 0..12 {
                let state = ReferralState::ALL[draw("state", step, 8.0) as usize];
                let seen = draw("seen", step, 30.0);
                let closed = (state.status() == Status::Closed).then(|| draw("closed", step, 30.0));
                let next = observation(state, f64::from(draw("value", step, 3.0)), closed);
                let before = deals.clone();
                match deals.observe(next.clone(), day(seen)) {
                    Ok(News::Added | News::Changed) => {
                        assert_eq!(deals.get("o1").unwrap().observation, next);
                        states.push(state);
                        // To see the same again changes nothing.
                        let once = deals.clone();
                        assert_eq!(deals.observe(next, day(seen)), Ok(News::None));
                        assert_eq!(deals, once);
                    }
                    Ok(News::None) | Err(_) => assert_eq!(deals, before),
                }
            }
            for pair in states.windows(2) {
                assert_eq!(pair[0].step(pair[1]), Ok(pair[1]), "{states:?}");
                assert!(!pair[0].is_frozen(), "{states:?}");
            }
        }
    }
}
