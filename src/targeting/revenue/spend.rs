//! What is spent on one product: a sum of effects of groups, each drawn towards nothing, brought back to money.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{LEAST_PEERS, PRIOR_PEERS, Peer, Peers, Potential, cents, industry, log_heads};
use crate::targeting::AccountFacts;

/// Peers at unit distance without effect that the slope of one tier is diluted by.
const PRIOR_SLOPE: f64 = 30.0;
/// Share of buyers on either side of the interval.
const TAIL: f64 = 0.05;

/// Sum and number of the residuals of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Group {
    sum: f64,
    peers: u64,
}

impl Group {
    fn add(&mut self, residual: f64) {
        self.sum += residual;
        self.peers += 1;
    }

    fn effect(self) -> f64 {
        self.sum / (self.peers as f64 + PRIOR_PEERS)
    }

    /// The group without one of its members.
    fn without(self, residual: f64) -> Self {
        Self { sum: self.sum - residual, peers: self.peers - 1 }
    }
}

/// A tier: how much more is spent in it, and how it grows with headcount there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Tier {
    group: Group,
    mean_log_heads: f64,
    slope: f64,
    /// From the mean of logarithms to the mean of money in this tier.
    smearing: f64,
}

impl Tier {
    fn fit(sized: &[(Option<f64>, f64)]) -> Self {
        let mut group = Group::default();
        for (_, residual) in sized {
            group.add(*residual);
        }
        let mean_residual = group.sum / group.peers.max(1) as f64;
        let known = || sized.iter().filter_map(|(log_heads, residual)| Some(((*log_heads)?, *residual)));
        let mean_log_heads = mean(known().map(|(log_heads, _)| log_heads));
        let centred =
            known().map(|(log_heads, residual)| (log_heads - mean_log_heads, residual - mean_residual));
        Self { group, mean_log_heads, slope: slope(centred, PRIOR_SLOPE), smearing: 1.0 }
    }

    fn by_size(&self, log_heads: Option<f64>) -> f64 {
        log_heads.map_or(0.0, |log_heads| self.slope * (log_heads - self.mean_log_heads))
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0_u64), |(sum, n), value| (sum + value, n + 1));
    if n == 0 { 0.0 } else { sum / n as f64 }
}

/// The slope through centred points, with `prior` points at unit distance without effect among them.
fn slope(points: impl Iterator<Item = (f64, f64)>, prior: f64) -> f64 {
    let (both, square) = points.fold((0.0, prior), |(both, square), (x, y)| (both + x * y, square + x * x));
    both / square
}

/// What is spent on one product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SpendModel {
    mean_log_spent: f64,
    mean_log_heads: f64,
    slope: f64,
    tiers: BTreeMap<String, Tier>,
    industries: BTreeMap<String, BTreeMap<String, Group>>,
    /// What the logarithm loses from the average peer to one who buys now.
    decline: f64,
    /// From the mean of logarithms to the mean of money, of all tiers together.
    smearing: f64,
    /// Share of the buyers that did not take everything back.
    share_kept: f64,
    /// Residuals at the ends of the interval; no low end where more than a twentieth took everything back.
    low: Option<f64>,
    high: f64,
}

impl SpendModel {
    pub(super) fn fit(peers: &Peers) -> Option<Self> {
        let Peers { kept, nothing } = peers;
        if kept.len() < LEAST_PEERS {
            return None;
        }
        let mean_log_spent = mean(kept.iter().map(|peer| peer.log_spent));
        let mean_log_heads = mean(kept.iter().filter_map(|peer| peer.log_heads));
        let centred = |peer: &Peer| Some((peer.log_heads? - mean_log_heads, peer.log_spent - mean_log_spent));
        let mut model = Self {
            mean_log_spent,
            mean_log_heads,
            slope: slope(kept.iter().filter_map(centred), 1.0),
            tiers: BTreeMap::new(),
            industries: BTreeMap::new(),
            decline: 0.0,
            smearing: 1.0,
            share_kept: kept.len() as f64 / (kept.len() as f64 + *nothing as f64),
            low: None,
            high: 0.0,
        };
        let sized: Vec<f64> =
            kept.iter().map(|peer| peer.log_spent - model.by_size(peer.log_heads)).collect();
        let mut by_tier: BTreeMap<&str, Vec<(Option<f64>, f64)>> = BTreeMap::new();
        for (peer, residual) in kept.iter().zip(&sized) {
            by_tier.entry(&peer.tier).or_default().push((peer.log_heads, *residual));
        }
        model.tiers = by_tier.iter().map(|(tier, sized)| ((*tier).to_owned(), Tier::fit(sized))).collect();
        for (peer, residual) in kept.iter().zip(&sized) {
            let tier = model.tier(&peer.tier);
            let rest = residual - tier.group.effect() - tier.by_size(peer.log_heads);
            let industries = model.industries.entry(peer.tier.clone()).or_default();
            industries.entry(peer.industry.clone()).or_default().add(rest);
        }
        let alone = |(peer, residual): (&Peer, &f64)| {
            let tier = model.tier(&peer.tier);
            let by_size = tier.by_size(peer.log_heads);
            let own = residual - tier.group.effect() - by_size;
            let industry = model.industry(&peer.tier, &peer.industry).without(own);
            residual - tier.group.without(*residual).effect() - by_size - industry.effect()
        };
        let mut residuals: Vec<f64> = kept.iter().zip(&sized).map(alone).collect();
        // Only a decline is carried on: to foretell growth from the past is a plan, not an estimate.
        let mean_years = mean(kept.iter().map(|peer| peer.years));
        let aged =
            || kept.iter().zip(&residuals).map(|(peer, residual)| (peer.years - mean_years, *residual));
        // Diluted by average peers at the usual distance, not at that of a year: all may have bought within a few months.
        let variance = mean(aged().map(|(years, _)| years * years));
        let decline = if variance > 0.0 { slope(aged(), PRIOR_PEERS * variance).max(0.0) } else { 0.0 };
        for (peer, residual) in kept.iter().zip(&mut residuals) {
            *residual -= decline * (peer.years - mean_years);
        }
        // The youngest peers whose time is over stand for those who buy next.
        let youngest = kept.iter().map(|peer| peer.years).fold(f64::INFINITY, f64::min);
        model.decline = decline * (mean_years - youngest);
        model.smearing = mean(residuals.iter().map(|residual| libm::exp(*residual)));
        for (name, tier) in &mut model.tiers {
            let of_tier = kept.iter().zip(&residuals).filter(|(peer, _)| peer.tier == *name);
            let sum: f64 = of_tier.map(|(_, residual)| libm::exp(*residual)).sum();
            tier.smearing = (sum + PRIOR_PEERS * model.smearing) / (tier.group.peers as f64 + PRIOR_PEERS);
        }
        residuals.sort_by(f64::total_cmp);
        // Of n residuals and the next one, each place is as likely: ranks of n + 1. Who kept nothing is below all.
        let places = (kept.len() as f64 + *nothing as f64 + 1.0) * TAIL;
        let from_ends = (places.floor() as usize).max(1);
        let low = from_ends.checked_sub(1 + *nothing as usize);
        model.low = low.map(|at| residuals[at]);
        model.high = residuals[residuals.len() - from_ends.min(residuals.len())];
        Some(model)
    }

    fn by_size(&self, log_heads: Option<f64>) -> f64 {
        let size = log_heads.map_or(0.0, |log_heads| log_heads - self.mean_log_heads);
        self.mean_log_spent + self.slope * size
    }

    fn tier(&self, tier: &str) -> Tier {
        self.tiers.get(tier).copied().unwrap_or_default()
    }

    fn industry(&self, tier: &str, industry: &str) -> Group {
        self.industries.get(tier).and_then(|tier| tier.get(industry)).copied().unwrap_or_default()
    }

    pub(super) fn foretell(&self, facts: &AccountFacts) -> Potential {
        let log_heads = log_heads(facts);
        let tier = self.tier(&facts.size_tier);
        let smearing =
            self.share_kept * self.tiers.get(&facts.size_tier).map_or(self.smearing, |tier| tier.smearing);
        let industry = self.industry(&facts.size_tier, industry(facts));
        let log = self.by_size(log_heads) + tier.group.effect() + tier.by_size(log_heads) + industry.effect()
            - self.decline;
        Potential {
            low: self.low.map_or(0.0, |low| cents(libm::exp(log + low))),
            mean: cents(libm::exp(log) * smearing),
            high: cents(libm::exp(log + self.high)),
            peers: industry.peers,
        }
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    fn peer(tier: &str, log_heads: Option<f64>, log_spent: f64) -> Peer {
        Peer { tier: tier.to_owned(), industry: String::new(), log_heads, years: 1.0, log_spent }
    }

    #[test]
    fn too_few_peers_say_nothing() {
        let kept = vec![peer("Medium", Some(4.0), 5.0); LEAST_PEERS - 1];
        assert!(SpendModel::fit(&Peers { kept, nothing: 100 }).is_none());
    }

    #[test]
    fn a_group_is_drawn_towards_all_by_its_size() {
        // Forty peers without headcount: two tiers of twenty, at +1 and -1. Ten average peers are added to each, so the
        // effect is 20 / 30; what is left, a third, is spread over one industry: 20/3 over 30.
        let kept = (0..40).map(|at| if at % 2 == 0 { peer("A", None, 1.0) } else { peer("B", None, -1.0) });
        let model = SpendModel::fit(&Peers { kept: kept.collect(), nothing: 0 }).unwrap();
        assert!((model.tier("A").group.effect() - 20.0 / 30.0).abs() < 1e-12);
        assert!((model.industry("A", "").effect() - 20.0 / 3.0 / 30.0).abs() < 1e-12);
        assert_eq!(model.tier("C").group.effect(), 0.0);
        assert_eq!(model.decline, 0.0);
    }

    #[test]
    fn spend_grows_with_headcount_and_falls_to_those_who_buy_last() {
        // Spend is headcount to the power of one, and a tenth less in the logarithm for every year later.
        let kept = (0..4000).map(|at| {
            let (log_heads, years) = (f64::from(at % 7), 1.0 + f64::from(at % 5));
            Peer { years, ..peer("A", Some(log_heads), log_heads + 0.1 * years) }
        });
        let model = SpendModel::fit(&Peers { kept: kept.collect(), nothing: 0 }).unwrap();
        assert!((model.slope + model.tier("A").slope - 1.0).abs() < 0.01, "{model:?}");
        // The average peer bought three years ago, the youngest one year ago.
        assert!((model.decline - 0.2).abs() < 0.01, "{}", model.decline);
    }

    #[test]
    fn a_tier_that_scatters_less_is_brought_back_by_less() {
        // The logarithm is 5 in one tier, 4 or 6 in the other: money is e^5 there, and cosh(1) times as much here.
        let kept = (0..8000).map(|at| match at % 4 {
            0 => peer("B", None, 4.0),
            2 => peer("B", None, 6.0),
            _ => peer("A", None, 5.0),
        });
        let model = SpendModel::fit(&Peers { kept: kept.collect(), nothing: 0 }).unwrap();
        assert!((model.tier("A").smearing - 1.0).abs() < 0.01, "{model:?}");
        assert!((model.tier("B").smearing - 1.543).abs() < 0.01, "{model:?}");
    }

    #[test]
    fn who_takes_everything_back_lowers_the_mean_and_opens_the_interval() {
        let kept: Vec<Peer> = (0..95).map(|at| peer("A", None, f64::from(at % 2))).collect();
        let without = SpendModel::fit(&Peers { kept: kept.clone(), nothing: 0 }).unwrap();
        let with = SpendModel::fit(&Peers { kept, nothing: 5 }).unwrap();
        assert_eq!((without.share_kept, with.share_kept), (1.0, 0.95));
        assert_eq!(without.smearing, with.smearing);
        assert!(without.low.is_some() && with.low.is_none());
    }
}
