//! What a page says, in the shape in which its script reads it. Tuples keep thousands of accounts small.

use serde::Serialize;

/// The whole content.
#[derive(Debug, Serialize)]
pub(super) struct Content {
    pub(super) as_of: String,
    pub(super) spec: String,
    pub(super) model: String,
    pub(super) version: &'static str,
    pub(super) currency: Option<String>,
    pub(super) accounts_total: u64,
    pub(super) customers: u64,
    pub(super) corporate: u64,
    /// First and last day.
    pub(super) fiscal_year: [String; 2],
    pub(super) expiring: Expiring,
    pub(super) tiers: Vec<String>,
    pub(super) clusters: Vec<&'static str>,
    pub(super) products: Vec<Product>,
    /// Name, area and accounts of each cohort.
    pub(super) cohorts: Vec<(String, String, u64)>,
    pub(super) catalogue: String,
    pub(super) previous: Option<String>,
    /// Names of groups of features.
    pub(super) groups: Vec<String>,
    /// Sentences, by the numbers that accounts use.
    pub(super) texts: Vec<String>,
    pub(super) accounts: Vec<Account>,
}

/// Agreements that end in the fiscal year.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Expiring {
    pub(super) agreements: u64,
    pub(super) revenue: f64,
    /// Those that are not renewed yet.
    pub(super) open: u64,
    pub(super) open_revenue: f64,
}

/// One product.
#[derive(Debug, Serialize)]
pub(super) struct Product {
    pub(super) label: String,
    /// The evidence for the fit and the intent model, in a sentence.
    pub(super) evidence: [String; 2],
    /// Accounts, and what they bought of it in 12 months, by fit band and intent band, High first.
    pub(super) grid: [[(u64, f64); 4]; 4],
    pub(super) labels: [[String; 4]; 4],
    /// Accounts by tier and cluster.
    pub(super) tiers: Vec<[u64; 5]>,
    /// Accounts in Act Now that may still buy it.
    pub(super) to_call: u64,
    /// Of the fit and the intent model.
    pub(super) quality: [Option<Worth>; 2],
    pub(super) moves: Option<Moves>,
}

/// What a model is worth.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Worth {
    /// Value, low and high.
    pub(super) auc: [f64; 3],
    /// Depth, gain, low and high.
    pub(super) gains: Vec<[f64; 4]>,
    /// Cases, what was said, what came true.
    pub(super) reliability: Vec<[f64; 3]>,
}

/// Where accounts went since an earlier run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Moves {
    /// Accounts by cluster then and now.
    pub(super) between: [[u64; 5]; 5],
    pub(super) arrived: u64,
    pub(super) gone: u64,
}

/// One account: id, name, tier, whether it may be corporate, place, industry, people, domain, cohorts, events, scores.
#[derive(Debug, Serialize)]
pub(super) struct Account(
    pub(super) String,
    pub(super) Option<String>,
    pub(super) usize,
    pub(super) u8,
    pub(super) Option<String>,
    pub(super) Option<String>,
    pub(super) Option<u64>,
    pub(super) Option<String>,
    pub(super) Vec<usize>,
    pub(super) Vec<(String, usize)>,
    pub(super) Vec<Score>,
);

/// One product of an account: fit, intent, probability, cell, cluster, rank, whether it is owned, what makes fit and
/// intent, both in words, the earlier fit, intent and cell, and the place in the grid.
#[derive(Debug, Serialize)]
pub(super) struct Score(
    pub(super) f64,
    pub(super) f64,
    pub(super) f64,
    pub(super) Option<String>,
    pub(super) usize,
    pub(super) Option<u8>,
    pub(super) u8,
    pub(super) Fall,
    pub(super) Fall,
    pub(super) Vec<usize>,
    pub(super) Vec<usize>,
    pub(super) Option<(f64, f64, Option<String>)>,
    pub(super) Option<usize>,
);

/// A waterfall: the log-odds of the average account, those of this one, and the largest steps between as group and
/// effect in turn.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Fall(pub(super) f64, pub(super) f64, pub(super) Vec<f64>);
