//! What came of a list: recommendations held against the deals that sellers worked.

use std::collections::BTreeMap;

use serde::Serialize;

use super::label::{Label, OutcomeCase};
use super::list::{ListedRow, ScoredList};
use crate::grid::Cluster;
use crate::metrics::wilson_interval;
use crate::quantity::AsOf;

/// A share with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rate {
    /// The share.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Rate {
    fn of(successes: f64, trials: f64) -> Option<Self> {
        let (low, high) = wilson_interval(successes, trials)?;
        Some(Self { value: successes / trials, low, high })
    }
}

/// What came of one cluster of one product.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ClusterReality {
    /// Accounts on the list.
    pub accounts: u64,
    /// Those with a deal that was opened in time.
    pub acted: u64,
    /// Cases that were won.
    pub won: u64,
    /// Cases that were lost.
    pub lost: u64,
    /// Cases without an outcome yet.
    pub open: u64,
    /// Cases whose end says nothing about the customer.
    pub without_label: u64,
    /// Won over won and lost, with the interval of Wilson.
    pub win_rate: Option<Rate>,
    /// The same as if every account had been worked with the same chance; `None` where the list does not say the chances.
    pub corrected_win_rate: Option<Rate>,
    /// Its share of all that was won.
    pub coverage: Option<f64>,
    /// Coverage over its share of the accounts.
    pub lift: Option<f64>,
    /// Money that was won, by currency.
    pub revenue_won: BTreeMap<String, f64>,
}

/// A cluster whose win rate lies below that of a later one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Reversal {
    /// The cluster that should be better.
    pub earlier: Cluster,
    /// The cluster that was.
    pub later: Cluster,
    /// Whether the two intervals lie apart, so that chance does not explain it.
    pub beyond_chance: bool,
}

/// What came of the list for one product.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ProductReality {
    /// By cluster, in the order of work; clusters without accounts are left out.
    pub clusters: BTreeMap<Cluster, ClusterReality>,
    /// Won over won and lost, all clusters together.
    pub win_rate: Option<Rate>,
    /// The same as if every account had been worked with the same chance.
    pub corrected_win_rate: Option<Rate>,
    /// Clusters in the wrong order.
    pub reversals: Vec<Reversal>,
    /// Cases of accounts that are not on the list.
    pub unlisted: u64,
}

/// What came of a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reality {
    /// The date of the list.
    pub list_as_of: AsOf,
    /// The version that scored.
    pub model_version: String,
    /// Deals count that were opened from the date of the list on and before this one.
    pub opened_before: AsOf,
    /// By product.
    pub products: BTreeMap<String, ProductReality>,
}

/// Sums over the cases of a cluster or of a product that came to an end that counts.
#[derive(Clone, Copy, Debug, Default)]
struct Decided {
    won: f64,
    all: f64,
    /// Sums of weights and squared weights of inverse propensity.
    weighted_won: f64,
    weights: f64,
    squares: f64,
    /// Cases whose chance is not known.
    unknown: u64,
}

impl Decided {
    fn add(&mut self, won: bool, acted_probability: Option<f64>) {
        self.all += 1.0;
        self.won += f64::from(u8::from(won));
        match acted_probability {
            Some(probability) => {
                let weight = 1.0 / probability;
                self.weights += weight;
                self.squares += weight * weight;
                self.weighted_won += if won { weight } else { 0.0 };
            }
            None => self.unknown += 1,
        }
    }

    fn rate(&self) -> Option<Rate> {
        Rate::of(self.won, self.all)
    }

    /// The ratio estimate of Hájek (1971), at the effective number of cases of Kish (1965): `(sum w)^2 / sum w^2`.
    fn corrected(&self) -> Option<Rate> {
        if self.unknown > 0 || self.squares <= 0.0 {
            return None;
        }
        let effective = self.weights * self.weights / self.squares;
        Rate::of(effective * self.weighted_won / self.weights, effective)
    }
}

impl Reality {
    /// Holds a list against the cases that were opened from its date on and before `opened_before`.
    ///
    /// Accounts were worked because an earlier list put them first, so the won among the worked say too much of those that
    /// were hardly worked. Where the list says with which chance each row was to be worked (a small random share outside the
    /// top, logged), each case counts with the inverse of its chance (Horvitz and Thompson 1952,
    /// <https://doi.org/10.1080/01621459.1952.10483446>).
    pub fn of(list: &ScoredList, cases: &[OutcomeCase], opened_before: AsOf) -> Self {
        let in_time = |case: &&OutcomeCase| {
            (list.as_of.micros()..opened_before.micros()).contains(&case.created_at.micros())
        };
        let mut by_product: BTreeMap<&str, Vec<&OutcomeCase>> = BTreeMap::new();
        for case in cases.iter().filter(in_time) {
            by_product.entry(&case.product).or_default().push(case);
        }
        let products = list.rows.iter().map(|(product, rows)| {
            let cases = by_product.get(product.as_str()).map_or(&[][..], Vec::as_slice);
            (product.clone(), ProductReality::of(rows, cases))
        });
        Self {
            list_as_of: list.as_of,
            model_version: list.model_version.clone(),
            opened_before,
            products: products.collect(),
        }
    }
}

impl ProductReality {
    fn of(rows: &BTreeMap<String, ListedRow>, cases: &[&OutcomeCase]) -> Self {
        let mut reality = Self::default();
        let mut decided: BTreeMap<Cluster, Decided> = BTreeMap::new();
        let mut all = Decided::default();
        for row in rows.values() {
            reality.clusters.entry(row.cluster).or_default().accounts += 1;
        }
        let mut of_account: BTreeMap<&str, Vec<&OutcomeCase>> = BTreeMap::new();
        for case in cases {
            of_account.entry(&case.account_id).or_default().push(case);
        }
        for (account, cases) in of_account {
            let Some(row) = rows.get(account) else {
                reality.unlisted += cases.len() as u64;
                continue;
            };
            let found = reality.clusters.entry(row.cluster).or_default();
            found.acted += 1;
            for case in cases {
                found.take(case);
                if let Label::Won | Label::Lost { .. } = case.label {
                    let won = case.label == Label::Won;
                    decided.entry(row.cluster).or_default().add(won, row.acted_probability);
                    all.add(won, row.acted_probability);
                }
            }
        }
        reality.win_rate = all.rate();
        reality.corrected_win_rate = all.corrected();
        let (won, accounts) = (all.won, rows.len() as f64);
        for (cluster, found) in &mut reality.clusters {
            let of_cluster = decided.get(cluster).copied().unwrap_or_default();
            found.win_rate = of_cluster.rate();
            found.corrected_win_rate = of_cluster.corrected();
            found.coverage = (won > 0.0).then(|| of_cluster.won / won);
            found.lift = found.coverage.map(|coverage| coverage / (found.accounts as f64 / accounts));
        }
        reality.reversals = reversals(&reality.clusters);
        reality
    }
}

impl ClusterReality {
    fn take(&mut self, case: &OutcomeCase) {
        match case.label {
            Label::Won => {
                self.won += 1;
                if let Some((value, currency)) = &case.value {
                    *self.revenue_won.entry(currency.clone()).or_default() += value;
                }
            }
            Label::Lost { .. } => self.lost += 1,
            Label::Open => self.open += 1,
            Label::Dropped(_) => self.without_label += 1,
        }
    }
}

/// Every pair of neighbours, among the clusters whose win rate is known, in the wrong order.
fn reversals(clusters: &BTreeMap<Cluster, ClusterReality>) -> Vec<Reversal> {
    let rates: Vec<(Cluster, Rate)> = clusters
        .iter()
        .filter(|(cluster, _)| **cluster != Cluster::NotScored)
        .filter_map(|(cluster, found)| Some((*cluster, found.win_rate?)))
        .collect();
    rates
        .windows(2)
        .filter(|pair| pair[0].1.value < pair[1].1.value)
        .map(|pair| Reversal {
            earlier: pair[0].0,
            later: pair[1].0,
            beyond_chance: pair[0].1.high < pair[1].1.low,
        })
        .collect()
}
