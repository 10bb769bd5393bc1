//! Deals of a registry as training and judging take them.

use std::collections::BTreeSet;

use crate::features::{DealEnd, KnownDeal, KnownDeals};
use crate::feedback::{Label, LabelRules, Moment, Referrals, Status, cases};
use crate::quantity::AsOf;

/// The deals that came to their end before `as_of`, one for each engagement and product, with what they teach.
pub(super) fn known_deals(referrals: &Referrals, as_of: AsOf, rules: &LabelRules) -> KnownDeals {
    let (mut deals, mut won_engagements) = (Vec::new(), BTreeSet::new());
    for case in cases(referrals, as_of, rules) {
        let Some(closed_at) = case.closed_at.map(Moment::micros) else { continue };
        let end = match case.label {
            Label::Won => DealEnd::Won(case.value),
            Label::Lost { weight } => DealEnd::Lost(weight),
            Label::Dropped(_) => DealEnd::Unknown,
            Label::Open => continue,
        };
        if closed_at >= as_of.micros() {
            continue;
        }
        if matches!(end, DealEnd::Won(_)) {
            won_engagements.insert((case.engagement, case.product.clone()));
        }
        deals.push(KnownDeal { account_id: case.account_id, product: case.product, closed_at, end });
    }
    let ended = referrals.iter().filter(|referral| {
        let closes_later = |closed: Moment| closed.micros() >= as_of.micros();
        let state = referral.state_on(as_of, rules.expires_after_days);
        state.status() == Status::Closed && !referral.observation.closed_at.is_some_and(closes_later)
    });
    let opportunities = ended.map(|referral| referral.observation.opportunity_id.clone()).collect();
    KnownDeals::new(deals, opportunities, won_engagements)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feedback::{Observation, ReferralState};

    #[test]
    fn an_engagement_is_one_deal_and_what_is_open_or_later_is_none() {
        let moment = |date: &str| Moment::from_micros(date.parse::<AsOf>().unwrap().micros()).unwrap();
        let seen: AsOf = "2026-03-25".parse().unwrap();
        let mut referrals = Referrals::default();
        let rows = [
            ("d1", "e1", ReferralState::Won, None, Some("2026-03-01")),
            ("d2", "e1", ReferralState::Lost, None, Some("2026-02-01")),
            ("d3", "e2", ReferralState::Lost, Some(2), Some("2026-03-01")),
            ("d4", "e3", ReferralState::Declined, None, Some("2026-03-01")),
            ("d5", "e4", ReferralState::Accepted, None, None),
            ("d6", "e5", ReferralState::Won, None, Some("2026-03-25")),
        ];
        for (id, engagement, state, reason, closed) in rows {
            let observation = Observation {
                opportunity_id: id.into(),
                engagement_id: Some(engagement.into()),
                account_id: "a".into(),
                product: "azure".into(),
                created_at: moment("2026-01-01"),
                closed_at: closed.map(moment),
                state,
                reason,
                stage: None,
                deal_value: None,
                currency: None,
            };
            referrals.observe(observation, seen).unwrap();
        }
        let deal = |closed: &str, end| KnownDeal {
            account_id: "a".into(),
            product: "azure".into(),
            closed_at: moment(closed).micros(),
            end,
        };
        let expected = KnownDeals::new(
            [
                deal("2026-03-01", DealEnd::Won(None)),
                deal("2026-03-01", DealEnd::Lost(0.5)),
                deal("2026-03-01", DealEnd::Unknown),
            ],
            ["d1", "d2", "d3", "d4"].map(str::to_owned).into(),
            [("e1".to_owned(), "azure".to_owned())].into(),
        );
        assert_eq!(known_deals(&referrals, seen, &LabelRules::default()), expected);
    }
}
