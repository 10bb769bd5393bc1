//! What lines say of the accounts that were kept from training, and what came of them.

use std::num::NonZeroU8;

use super::RetrainError;
use super::reserve::Slice;
use crate::features::{FeatureBuilder, KnownDeals, Purchases};
use crate::grid::{Band, Cluster};
use crate::models::Scored;
use crate::pipeline::Pipeline;
use crate::progress::Unwatched;
use crate::quantity::AsOf;
use crate::scoring::Chunking;
use crate::seed::{Seed, hash_bytes};
use crate::spec::{IntentLabel, Spec};
use crate::tables::Dataset;
use crate::training::line::best_customers;

/// Most accounts a comparison scores; more are drawn by hash.
const MOST_ACCOUNTS: usize = 20_000;
/// Monthly dates intent is judged on.
const DATES: NonZeroU8 = NonZeroU8::MIN.saturating_add(2);

/// The accounts of a slice, with what came of them up to a date. Every line that is judged on it meets the same cases in
/// the same order.
#[derive(Debug)]
pub struct JudgingGround {
    dataset: Dataset,
    purchases: Purchases,
    as_of: AsOf,
    dates: Vec<AsOf>,
    chunking: Chunking,
}

/// A case as one line scored it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoredCase {
    /// A hash of the account.
    pub group: u64,
    /// The date it was scored at.
    pub date: AsOf,
    /// What came of it.
    pub outcome: bool,
    /// What the line said.
    pub probability: f64,
    /// Where the line put the account.
    pub cluster: Cluster,
}

/// The cases of a line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScoredCases {
    /// Best customers of today, or not.
    pub fit: Vec<ScoredCase>,
    /// Purchases within the horizon, or none.
    pub intent: Vec<ScoredCase>,
}

/// Where a line puts an account for a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Row of the grid.
    pub fit: Option<Band>,
    /// Column of the grid.
    pub intent: Option<Band>,
    /// Cluster.
    pub cluster: Cluster,
}

/// What a line said of an account for a product, before it was put on the grid.
#[derive(Clone, Copy, Debug)]
pub struct Said {
    /// Fit.
    pub fit: Scored,
    /// Intent.
    pub intent: Scored,
}

/// Accounts by id with what a line said of each product and where that put them, in the order of ids and products.
pub type Standings = Vec<(String, Vec<(Said, Standing)>)>;

impl JudgingGround {
    /// The accounts of a slice as they are known on `as_of`.
    ///
    /// Intent is judged on up to three monthly dates whose horizon and label delay end by then; they come after those most training cases
    /// are from, and the accounts are none that any line was trained on. `deals` are known beside the tables.
    ///
    /// # Errors
    /// [`RetrainError::Features`] when purchases cannot be read.
    pub fn new(
        dataset: &Dataset,
        spec: &Spec,
        slice: Slice,
        as_of: AsOf,
        chunking: &Chunking,
        deals: &KnownDeals,
    ) -> Result<Self, RetrainError> {
        let n_accounts = dataset.accounts().iter().filter(|id| Slice::of(id) == slice).count();
        let share = MOST_ACCOUNTS as f64 / n_accounts.max(1) as f64;
        let drawn = |id: &str| share >= 1.0 || Seed::new(0).named("judging").uniform(id.as_bytes()) < share;
        let dataset = dataset.part(|id| Slice::of(id) == slice && drawn(id));
        let builder = FeatureBuilder::try_new(&spec.features, &dataset)?;
        let accounts = 0..dataset.accounts().len();
        let purchases = Purchases::collect_beside(deals, &builder, &dataset, accounts, as_of)?;
        let begun = dataset.time_span().map_or(i64::MAX, |(first, _)| first);
        let dates = (0..i32::from(DATES.get()))
            .filter_map(|month| spec.intent.complete(as_of, month))
            .filter(|date| date.micros() > begun)
            .collect();
        Ok(Self { dataset, purchases, as_of, dates, chunking: chunking.clone() })
    }

    /// The dates intent is judged on, latest first.
    pub fn dates(&self) -> &[AsOf] {
        &self.dates
    }

    /// The cases as a line scores them.
    ///
    /// # Errors
    /// [`RetrainError::Score`] when it cannot score at a date.
    pub fn cases(&self, line: &Pipeline) -> Result<ScoredCases, RetrainError> {
        Ok(ScoredCases { fit: self.fit(line)?, intent: self.intent(line)? })
    }

    fn intent(&self, line: &Pipeline) -> Result<Vec<ScoredCase>, RetrainError> {
        let spec = line.spec();
        let horizon = i32::from(spec.intent.horizon_months.get());
        let first_only = spec.intent.label == IntentLabel::FirstPurchase;
        let mut cases = Vec::new();
        for date in &self.dates {
            self.each(line, *date, |index, group, _, products| {
                for (product, (said, standing)) in products.iter().enumerate() {
                    let had = self.purchases.any_before(index, product, *date);
                    let end = date.plus_months(horizon);
                    let outcome = self.purchases.any_within(index, product, *date, end);
                    let is_case =
                        outcome || self.purchases.weight_within(index, product, *date, end).is_some();
                    if is_case && !(first_only && had) {
                        let probability = said.intent.probability.value();
                        let (date, cluster) = (*date, standing.cluster);
                        cases.push(ScoredCase { group, date, outcome, probability, cluster });
                    }
                }
            })?;
        }
        Ok(cases)
    }

    fn fit(&self, line: &Pipeline) -> Result<Vec<ScoredCase>, RetrainError> {
        let spec = line.spec();
        let from = self.as_of.plus_months(-i32::from(spec.fit.trailing_months.get()));
        let (mut accounts, mut tiers, mut scored) = (Vec::new(), Vec::new(), Vec::new());
        self.each(line, self.as_of, |index, group, tier, products| {
            accounts.push(index);
            tiers.push(tier.to_owned());
            scored.push((group, products.to_vec()));
        })?;
        let mut cases = Vec::new();
        for product in 0..spec.products.len() {
            let value = |row: usize| self.purchases.value_within(accounts[row], product, from, self.as_of);
            let best = best_customers(&tiers, value, spec.fit.seed_share.value());
            cases.extend(scored.iter().zip(best).map(|((group, products), outcome)| {
                let (said, standing) = products[product];
                let probability = said.fit.probability.value();
                let (date, cluster) = (self.as_of, standing.cluster);
                ScoredCase { group: *group, date, outcome, probability, cluster }
            }));
        }
        Ok(cases)
    }

    /// Where a line puts every account on a date.
    ///
    /// # Errors
    /// As [`cases`](Self::cases).
    pub fn standings(&self, line: &Pipeline, date: AsOf) -> Result<Standings, RetrainError> {
        let mut standings = Vec::new();
        self.each(line, date, |index, _, _, products| {
            standings.push((self.dataset.accounts()[index].clone(), products.to_vec()));
        })?;
        Ok(standings)
    }

    /// The date up to which outcomes are known.
    pub const fn as_of(&self) -> AsOf {
        self.as_of
    }

    /// Hands on every account known on a date: its index, a hash of its id, its tier, and its products.
    fn each(
        &self,
        line: &Pipeline,
        date: AsOf,
        mut take: impl FnMut(usize, u64, &str, &[(Said, Standing)]),
    ) -> Result<(), RetrainError> {
        line.score_in_hindsight(&self.dataset, date, &self.chunking, &Unwatched, |accounts| {
            for account in accounts {
                let Ok(index) = self.dataset.accounts().binary_search(&account.account_id) else { continue };
                let group = hash_bytes(0, account.account_id.as_bytes());
                let products: Vec<(Said, Standing)> = account
                    .products
                    .iter()
                    .map(|score| {
                        let place = &score.placement;
                        let standing = Standing {
                            fit: place.fit_band,
                            intent: place.intent_band,
                            cluster: place.cluster,
                        };
                        (Said { fit: score.fit, intent: score.intent }, standing)
                    })
                    .collect();
                take(index, group, account.tier.tier, &products);
            }
            Ok::<_, RetrainError>(())
        })
    }
}
