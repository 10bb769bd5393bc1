//! From what came of a deal to what a model may learn from it.
//!
//! | outcome | label |
//! |---|---|
//! | Won | a success, on the day it was closed |
//! | Lost, with no reason or reason 1, 3, 4, 6, 8, 9 | a failure |
//! | Lost, reason 2 (the customer did not respond) | a failure of half the weight |
//! | Lost or Declined, reason 5 (not a customer) or 7 (abuse, spam) | dropped: not a buyer |
//! | Declined | dropped: the partner's choice, not the customer's |
//! | Expired, or New for longer than the time to answer | dropped: nobody answered |
//! | Error | dropped |
//! | New, Active | open: censored, no label yet |
//!
//! Deals of one engagement for one product are one case: it is won when any of them is, open while any is open, and lost
//! when one was lost and none is left. Its value is that of its largest deal, never the sum, because deals of one engagement
//! are one sale told several times.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::referral::{Moment, Referral, Referrals};
use super::state::ReferralState;
use crate::quantity::AsOf;

/// How outcomes become labels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelRules {
    /// Days in which a new referral must be answered before it counts as expired; `None` where the source knows no
    /// such limit.
    pub expires_after_days: Option<u16>,
    /// Weight of a loss because the customer did not respond.
    pub no_response_weight: f64,
}

impl Default for LabelRules {
    /// 14 days, and half a case.
    fn default() -> Self {
        Self { expires_after_days: Some(14), no_response_weight: 0.5 }
    }
}

/// Why a case has no label although it has come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unlabelled {
    /// Not a customer at all.
    NotABuyer,
    /// Abuse, spam, phishing.
    Spam,
    /// The partner did not want it.
    Declined,
    /// Nobody answered in time.
    Expired,
    /// It should not have been there.
    Error,
}

impl Unlabelled {
    /// The name under which cases are counted.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotABuyer => "not_a_buyer",
            Self::Spam => "spam",
            Self::Declined => "declined",
            Self::Expired => "expired",
            Self::Error => "error",
        }
    }
}

/// What a case says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Label {
    /// A success.
    Won,
    /// A failure, of this weight.
    Lost {
        /// 1, or less where the loss says little.
        weight: f64,
    },
    /// No outcome yet.
    Open,
    /// An end that says nothing about the customer.
    Dropped(Unlabelled),
}

impl Label {
    /// Of the deals of one engagement the one with the highest rank speaks for it.
    fn rank(self) -> (u8, u64) {
        match self {
            Self::Won => (3, 0),
            Self::Open => (2, 0),
            // Weights are positive, so their bits ascend as they do.
            Self::Lost { weight } => (1, weight.to_bits()),
            Self::Dropped(_) => (0, 0),
        }
    }

    /// The name under which cases are counted.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Won => "won",
            Self::Lost { .. } => "lost",
            Self::Open => "open",
            Self::Dropped(_) => "dropped",
        }
    }
}

/// One engagement about one product.
#[derive(Clone, Debug, PartialEq)]
pub struct OutcomeCase {
    /// The engagement; the deal itself where it has none.
    pub engagement: String,
    /// The account.
    pub account_id: String,
    /// The product.
    pub product: String,
    /// When the first of its deals was opened: features must have been known before.
    pub created_at: Moment,
    /// When it came to its end; the day of the first export that says so where that gives no date.
    pub closed_at: Option<Moment>,
    /// What it says.
    pub label: Label,
    /// Money of its largest deal, with the currency.
    pub value: Option<(f64, String)>,
}

fn label(referral: &Referral, as_of: AsOf, rules: &LabelRules) -> Label {
    let reason = referral.observation.reason;
    match (referral.state_on(as_of, rules.expires_after_days), reason) {
        (ReferralState::Won, _) => Label::Won,
        (ReferralState::Lost | ReferralState::Declined, Some(5)) => Label::Dropped(Unlabelled::NotABuyer),
        (ReferralState::Lost | ReferralState::Declined, Some(7)) => Label::Dropped(Unlabelled::Spam),
        (ReferralState::Lost, Some(2)) => Label::Lost { weight: rules.no_response_weight },
        (ReferralState::Lost, _) => Label::Lost { weight: 1.0 },
        (ReferralState::Declined, _) => Label::Dropped(Unlabelled::Declined),
        (ReferralState::Expired, _) => Label::Dropped(Unlabelled::Expired),
        (ReferralState::Error, _) => Label::Dropped(Unlabelled::Error),
        (ReferralState::Pending | ReferralState::Received | ReferralState::Accepted, _) => Label::Open,
    }
}

/// The cases that deals make, as they stand on a day, in the order of engagement and product.
pub fn cases(referrals: &Referrals, as_of: AsOf, rules: &LabelRules) -> Vec<OutcomeCase> {
    let mut cases: BTreeMap<(String, String), OutcomeCase> = BTreeMap::new();
    for referral in referrals.iter() {
        let case = case(referral, label(referral, as_of, rules));
        let key = (case.engagement.clone(), case.product.clone());
        match cases.get_mut(&key) {
            Some(known) => known.join(case),
            None => {
                cases.insert(key, case);
            }
        }
    }
    cases.into_values().collect()
}

fn case(referral: &Referral, label: Label) -> OutcomeCase {
    let observation = &referral.observation;
    let closed_at = observation.closed_at.or_else(|| Moment::from_micros(referral.seen.micros()));
    let engagement = observation.engagement_id.as_ref().unwrap_or(&observation.opportunity_id);
    OutcomeCase {
        engagement: engagement.clone(),
        account_id: observation.account_id.clone(),
        product: observation.product.clone(),
        created_at: observation.created_at,
        closed_at: closed_at.filter(|_| label != Label::Open),
        label,
        value: observation.deal_value.map(|value| (value, observation.currency.clone().unwrap_or_default())),
    }
}

impl OutcomeCase {
    /// Takes another deal of the same engagement and product in.
    fn join(&mut self, other: Self) {
        let created_at = self.created_at.min(other.created_at);
        let larger = match (self.value.take(), other.value.clone()) {
            (Some(mine), Some(theirs)) => Some(if theirs.0 > mine.0 { theirs } else { mine }),
            (mine, theirs) => mine.or(theirs),
        };
        // Of two that were won the earlier sale counts.
        let earlier =
            other.label == Label::Won && self.label == Label::Won && other.closed_at < self.closed_at;
        if other.label.rank() > self.label.rank() || earlier {
            *self = other;
        }
        self.created_at = created_at;
        self.value = larger;
    }
}

#[cfg(test)]
mod tests {
    use super::super::referral::Observation;
    use super::*;

    const AS_OF: &str = "2026-04-01";

    fn moment(date: &str) -> Moment {
        Moment::from_micros(date.parse::<AsOf>().unwrap().micros()).unwrap()
    }

    fn deal(id: &str, engagement: Option<&str>, state: ReferralState, reason: Option<u8>) -> Observation {
        let closed = state.status() == super::super::state::Status::Closed;
        Observation {
            opportunity_id: id.into(),
            engagement_id: engagement.map(str::to_owned),
            account_id: "a".into(),
            product: "azure".into(),
            created_at: moment("2026-03-25"),
            closed_at: closed.then(|| moment("2026-03-30")),
            state,
            reason,
            stage: None,
            deal_value: None,
            currency: None,
        }
    }

    fn labelled(deals: Vec<Observation>) -> Vec<OutcomeCase> {
        let mut referrals = Referrals::default();
        for deal in deals {
            referrals.observe(deal, AS_OF.parse().unwrap()).unwrap();
        }
        cases(&referrals, AS_OF.parse().unwrap(), &LabelRules::default())
    }

    #[test]
    fn every_outcome_has_its_label() {
        use ReferralState::{Accepted, Declined, Error, Expired, Lost, Pending, Received, Won};
        use Unlabelled::{NotABuyer, Spam};
        let lost = Label::Lost { weight: 1.0 };
        let mut expected = vec![
            (Won, None, Label::Won),
            (Won, Some(1), Label::Won),
            (Lost, None, lost),
            (Lost, Some(2), Label::Lost { weight: 0.5 }),
            (Lost, Some(5), Label::Dropped(NotABuyer)),
            (Lost, Some(7), Label::Dropped(Spam)),
            (Declined, Some(5), Label::Dropped(NotABuyer)),
            (Declined, Some(7), Label::Dropped(Spam)),
            (Declined, None, Label::Dropped(Unlabelled::Declined)),
            (Declined, Some(1), Label::Dropped(Unlabelled::Declined)),
            (Expired, None, Label::Dropped(Unlabelled::Expired)),
            (Error, Some(3), Label::Dropped(Unlabelled::Error)),
            (Pending, None, Label::Open),
            (Received, None, Label::Open),
            (Accepted, None, Label::Open),
        ];
        expected.extend([1, 3, 4, 6, 8].map(|reason| (Lost, Some(reason), lost)));
        for (state, reason, label) in expected {
            let found = labelled(vec![deal("o", None, state, reason)]);
            assert_eq!(found[0].label, label, "{state} {reason:?}");
            assert_eq!(found[0].closed_at.is_some(), label != Label::Open, "{state}");
        }
    }

    #[test]
    fn one_engagement_is_one_case() {
        use ReferralState::{Accepted, Declined, Lost, Won};
        let of = |states: &[(ReferralState, Option<u8>, f64)]| {
            let deals = states.iter().enumerate().map(|(n, (state, reason, value))| Observation {
                deal_value: Some(*value),
                currency: Some("USD".into()),
                ..deal(&format!("o{n}"), Some("e"), *state, *reason)
            });
            let found = labelled(deals.collect());
            assert_eq!(found.len(), 1);
            (found[0].label, found[0].value.as_ref().unwrap().0)
        };
        assert_eq!(of(&[(Lost, None, 5.0), (Won, None, 3.0)]), (Label::Won, 5.0));
        assert_eq!(of(&[(Won, None, 3.0), (Won, None, 3.0)]), (Label::Won, 3.0));
        assert_eq!(of(&[(Lost, None, 5.0), (Accepted, None, 1.0)]), (Label::Open, 5.0));
        assert_eq!(of(&[(Declined, None, 1.0), (Lost, Some(2), 2.0)]), (Label::Lost { weight: 0.5 }, 2.0));
        assert_eq!(of(&[(Lost, Some(2), 1.0), (Lost, Some(3), 2.0)]), (Label::Lost { weight: 1.0 }, 2.0));
        // Another product is another case, and so is a deal without an engagement.
        let mut other = deal("x", Some("e"), Won, None);
        other.product = "m365".into();
        assert_eq!(
            labelled(vec![deal("o", Some("e"), Lost, None), other, deal("y", None, Won, None)]).len(),
            3
        );
    }
}
