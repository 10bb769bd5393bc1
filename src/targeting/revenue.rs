//! Potential revenue: what an account would spend if it bought, from peers.
//!
//! Peers are earlier buyers. The logarithm of what they spent is explained by headcount (a slope of its own in every tier),
//! tier by headcount, industry within tier, and how long ago they first bought: the keenest buy first, so those who come
//! next spend less. The effect of a group is its mean, drawn towards nothing as if [`PRIOR_PEERS`] average peers were added
//! (James and Stein 1961; Efron and Morris 1975, <https://doi.org/10.1080/01621459.1975.10479864>). Money is not logarithms,
//! so the mean is brought back by the smearing factor of Duan (1983, <https://doi.org/10.1080/01621459.1983.10478017>), of
//! each tier for itself because large companies scatter less than small ones (Manning 1998,
//! <https://doi.org/10.1016/S0167-6296(98)00025-3>), and lowered by the share of peers who took everything back. The interval holds nine in ten: its ends are the quantiles of
//! what peers spent against what was foretold of them without themselves in their groups (split conformal, Vovk et al.
//! 2005), so it claims no shape of the distribution.
//!
//! The probability of a purchase is not in it: that gives the expected value, which stands apart.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::AccountFacts;

/// How many average peers the effect of a group is diluted by.
pub const PRIOR_PEERS: f64 = 10.0;
/// Fewer earlier buyers than this say nothing about the next one.
pub const LEAST_PEERS: usize = 20;
/// Peers at unit distance without effect that the slope of one tier is diluted by.
const PRIOR_SLOPE: f64 = 30.0;
/// Days in a year of the calendar, on average.
const DAYS_PER_YEAR: f64 = 365.25;
/// Share of buyers on either side of the interval.
const TAIL: f64 = 0.05;
/// Upper edges of the bands of potential revenue, but for the last, which is open.
const BAND_EDGES: [f64; 5] = [1e3, 5e3, 1e4, 2.5e4, 1e5];

/// What is foretold: money of twelve months, in the currency of the features, in whole cents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Potential {
    /// One in twenty spends less.
    pub low: f64,
    /// The mean.
    pub mean: f64,
    /// One in twenty spends more.
    pub high: f64,
    /// Earlier buyers in the same tier and industry.
    pub peers: u64,
}

impl Potential {
    /// The band that the mean falls into, such as `5000-9999`; an edge belongs to the upper band.
    pub fn band(&self) -> String {
        let at = BAND_EDGES.partition_point(|edge| *edge <= self.mean);
        let low = if at == 0 { 0.0 } else { BAND_EDGES[at - 1] };
        match BAND_EDGES.get(at) {
            Some(high) => format!("{low}-{}", high - 1.0),
            None => format!("{low}+"),
        }
    }
}

/// One earlier buyer.
#[derive(Clone, Debug)]
struct Peer {
    tier: String,
    industry: String,
    log_heads: Option<f64>,
    /// Years since the first purchase.
    years: f64,
    log_spent: f64,
}

/// The earlier buyers of one product.
#[derive(Clone, Debug, Default)]
struct Peers {
    kept: Vec<Peer>,
    /// Buyers who took everything back.
    nothing: u64,
}

/// Collects earlier buyers, account by account.
#[derive(Clone, Debug, Default)]
pub struct RevenueTrainer {
    first_year: BTreeMap<String, Peers>,
    running_year: BTreeMap<String, Peers>,
}

impl RevenueTrainer {
    /// Takes in what an account has bought.
    pub fn add(&mut self, facts: &AccountFacts) {
        for bought in &facts.bought {
            let days = f64::from(facts.as_of.days() - bought.first.days());
            let mut peer = Peer {
                tier: facts.size_tier.clone(),
                industry: industry(facts).to_owned(),
                log_heads: log_heads(facts),
                years: days / DAYS_PER_YEAR,
                log_spent: 0.0,
            };
            if let Some(spent) = bought.first_spend {
                let peers = self.first_year.entry(bought.product.clone()).or_default();
                if spent > 0.0 {
                    peer.log_spent = libm::log(spent);
                    peers.kept.push(peer.clone());
                } else {
                    peers.nothing += 1;
                }
            }
            // Owners that spend nothing any more are none.
            if bought.first <= facts.as_of.plus_months(-12) && bought.value_12m > 0.0 {
                let log_spent = libm::log(bought.value_12m);
                let peers = self.running_year.entry(bought.product.clone()).or_default();
                peers.kept.push(Peer { log_spent, years: 0.0, ..peer });
            }
        }
    }

    /// Fits the models of all products with enough peers.
    pub fn fit(self) -> RevenueModel {
        let fit = |peers: BTreeMap<String, Peers>| {
            peers
                .into_iter()
                .filter_map(|(product, peers)| Some((product, SpendModel::fit(&peers)?)))
                .collect()
        };
        RevenueModel { first_year: fit(self.first_year), running_year: fit(self.running_year) }
    }
}

fn industry(facts: &AccountFacts) -> &str {
    facts.firm.vertical.as_deref().unwrap_or_default()
}

fn log_heads(facts: &AccountFacts) -> Option<f64> {
    facts.firm.employees.map(|heads| libm::log(heads as f64))
}

/// The fitted models of all products.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevenueModel {
    first_year: BTreeMap<String, SpendModel>,
    running_year: BTreeMap<String, SpendModel>,
}

impl RevenueModel {
    /// What an account would spend on a product in its first twelve months as a customer of it; `None` where too few have
    /// bought it.
    pub fn if_won(&self, facts: &AccountFacts, product: &str) -> Option<Potential> {
        Some(self.first_year.get(product)?.foretell(facts))
    }

    /// What owners of a product like this account spend on it in twelve months.
    pub fn of_owners_alike(&self, facts: &AccountFacts, product: &str) -> Option<Potential> {
        Some(self.running_year.get(product)?.foretell(facts))
    }

    /// What an owner spends less than owners like it, in twelve months; nothing where it spends as much.
    pub fn upsell(&self, facts: &AccountFacts, product: &str) -> Option<f64> {
        let alike = self.of_owners_alike(facts, product)?;
        let spent = facts.bought(product).map_or(0.0, |bought| bought.value_12m);
        Some(cents((alike.mean - spent).max(0.0)))
    }
}

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
struct SpendModel {
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
    fn fit(peers: &Peers) -> Option<Self> {
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

    fn foretell(&self, facts: &AccountFacts) -> Potential {
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

/// Rounded to whole cents, so that sums of what is shown are what is shown as their sum.
pub fn cents(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
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

    #[test]
    fn edges_belong_to_the_upper_band() {
        let band = |mean: f64| Potential { low: 0.0, mean, high: 0.0, peers: 0 }.band();
        let found = [0.0, 999.99, 1000.0, 24_999.99, 25_000.0, 100_000.0].map(band);
        assert_eq!(found, ["0-999", "0-999", "1000-4999", "10000-24999", "25000-99999", "100000+"]);
    }
}
