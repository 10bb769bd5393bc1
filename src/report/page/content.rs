//! What a page says, in the shape in which its script reads it. Tuples keep thousands of accounts small.

use serde::Serialize;

use crate::features::Money;
use crate::report::ReportTotals;

/// The whole content.
#[derive(Debug, Serialize)]
pub(super) struct Content {
    pub(super) as_of: String,
    pub(super) spec: String,
    pub(super) model: String,
    pub(super) version: &'static str,
    pub(super) currency: Option<String>,
    pub(super) accounts_total: u64,
    /// Sums over customers, those that may be corporate left out: the same as those of a report.
    pub(super) totals: ReportTotals,
    /// First and last day.
    pub(super) fiscal_year: [String; 2],
    pub(super) tiers: Vec<String>,
    pub(super) clusters: Vec<&'static str>,
    pub(super) products: Vec<Product>,
    /// Name and customers of each cohort.
    pub(super) cohorts: Vec<(String, u64)>,
    pub(super) catalogue: String,
    pub(super) previous: Option<String>,
    /// Names of groups of features.
    pub(super) groups: Vec<String>,
    pub(super) accounts: Vec<Account>,
    #[serde(skip)]
    pub(super) details: Details,
}

/// One product.
#[derive(Debug, Serialize)]
pub(super) struct Product {
    pub(super) name: String,
    pub(super) label: String,
    /// The evidence for the fit and the intent model, in a sentence.
    pub(super) evidence: [String; 2],
    /// Accounts, and what they bought of it in 12 months, by fit band and intent band, High first.
    pub(super) grid: [[(u64, Option<Money>); 4]; 4],
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

/// One account of the table: id, name, tier, whether it may be corporate, place, industry, domain, cohorts, scores.
#[derive(Debug, Serialize)]
pub(super) struct Account(
    pub(super) String,
    pub(super) Option<String>,
    pub(super) usize,
    pub(super) u8,
    pub(super) Option<String>,
    pub(super) Option<String>,
    pub(super) Option<String>,
    pub(super) Vec<usize>,
    pub(super) Vec<Score>,
);

/// One product of an account: fit, intent, probability, cluster, rank, whether it is owned, and the place in the grid.
#[derive(Debug, Serialize)]
pub(super) struct Score(
    pub(super) f64,
    pub(super) f64,
    pub(super) f64,
    pub(super) usize,
    pub(super) Option<u8>,
    pub(super) u8,
    pub(super) Option<usize>,
);

/// What only the card of an account shows. It stands in a block of its own, a line an account, which a browser does not
/// look at before a card is opened.
#[derive(Debug, Serialize)]
pub(super) struct Details {
    /// Sentences, by the numbers that cards use.
    pub(super) texts: Vec<String>,
    /// In the order of the accounts of the table.
    pub(super) cards: Vec<Card>,
}

/// People, events and, by product, what makes the scores.
#[derive(Debug, Serialize)]
pub(super) struct Card(pub(super) Option<u64>, pub(super) Vec<(String, usize)>, pub(super) Vec<Reasons>);

/// What makes fit and intent, both in words, the earlier fit, intent and cell, and the kind of best customer the account is
/// closest to.
#[derive(Debug, Serialize)]
pub(super) struct Reasons(
    pub(super) Fall,
    pub(super) Fall,
    pub(super) Vec<usize>,
    pub(super) Vec<usize>,
    pub(super) Option<(f64, f64, Option<String>)>,
    pub(super) Option<usize>,
);

/// A waterfall, in hundredths of log-odds: the average account, this one, and the largest steps between.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(into = "Vec<i64>")]
pub(super) struct Fall {
    pub(super) base: i64,
    pub(super) margin: i64,
    /// Place of the group of features, and effect.
    pub(super) steps: Vec<(u16, i64)>,
}

impl From<Fall> for Vec<i64> {
    fn from(Fall { base, margin, steps }: Fall) -> Self {
        let steps = steps.iter().flat_map(|(group, effect)| [i64::from(*group), *effect]);
        [base, margin].into_iter().chain(steps).collect()
    }
}
