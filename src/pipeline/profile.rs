//! A profile of the accounts on a date: how features and scores are spread, as whole numbers.

use serde::{Deserialize, Serialize};

use super::{Pipeline, PipelineError, ScoredAccount, check_date};
use crate::features::{FeatureBuilder, account_row};
use crate::models::{BinnedMatrix, FittedModel, Scored, Scorer};
use crate::progress::Progress;
use crate::quantity::AsOf;
use crate::scoring::Chunking;
use crate::tables::Dataset;

/// Bins of a histogram of scores: five points each.
const SCORE_BINS: usize = 20;
/// Steps in one unit of a sum of probabilities: 2^32.
const STEPS: f64 = (1_u64 << 32) as f64;

/// How the scores of one model are spread.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreProfile {
    /// Accounts by score, five points a bin; 100 is in the last.
    pub scores: Vec<u64>,
    /// Accounts by band of the score, lowest first.
    pub bands: [u64; 4],
    /// Sum of the probabilities, in steps of 2^-32.
    probability: u64,
    /// Sum of `-p ln p - (1 - p) ln (1 - p)`, in steps of 2^-32.
    entropy: u64,
}

impl ScoreProfile {
    fn take(&mut self, scored: Scored, band: usize) {
        self.scores.resize(SCORE_BINS, 0);
        let bin = (scored.score.thousandths() as usize * SCORE_BINS / 100_000).min(SCORE_BINS - 1);
        self.scores[bin] += 1;
        self.bands[band] += 1;
        let p = scored.probability.value();
        let surprise = |p: f64| if p > 0.0 { -p * libm::log(p) } else { 0.0 };
        self.probability += (p * STEPS).round() as u64;
        self.entropy += ((surprise(p) + surprise(1.0 - p)) * STEPS).round() as u64;
    }

    fn add(&mut self, other: &Self) {
        self.scores.resize(SCORE_BINS, 0);
        add(&mut self.scores, &other.scores);
        add(&mut self.bands, &other.bands);
        self.probability += other.probability;
        self.entropy += other.entropy;
    }

    fn rows(&self) -> u64 {
        self.bands.iter().sum()
    }

    /// Mean probability: the rate of the outcome that the model expects. `None` without accounts.
    pub fn expected_rate(&self) -> Option<f64> {
        (self.rows() > 0).then(|| self.probability as f64 / STEPS / self.rows() as f64)
    }

    /// The log loss the model will have if its probabilities are true, without any outcome known. `None` without accounts.
    pub fn expected_log_loss(&self) -> Option<f64> {
        (self.rows() > 0).then(|| self.entropy as f64 / STEPS / self.rows() as f64)
    }
}

/// How the accounts of one product are spread.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductProfile {
    /// Scores of fit.
    pub fit: ScoreProfile,
    /// Scores of intent.
    pub intent: ScoreProfile,
}

/// How features and scores are spread over the accounts that are known on a date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The date.
    pub as_of: AsOf,
    /// Accounts.
    pub accounts: u64,
    /// Of every feature, accounts by bin: missing, unseen, then the bins of the model.
    pub features: Vec<Vec<u64>>,
    /// Of every product.
    pub products: Vec<ProductProfile>,
}

fn add(counts: &mut [u64], others: &[u64]) {
    for (count, other) in counts.iter_mut().zip(others) {
        *count += other;
    }
}

impl Profile {
    /// The profile of no account yet.
    pub fn empty(line: &Pipeline, as_of: AsOf) -> Self {
        Self {
            as_of,
            accounts: 0,
            features: line.binning().bins().iter().map(|bins| vec![0; bins.n_bins()]).collect(),
            products: vec![ProductProfile::default(); line.products().len()],
        }
    }

    /// Counts an account that `line` has scored: in whole numbers, so the order of the accounts does not matter.
    pub fn count(&mut self, line: &Pipeline, account: &ScoredAccount<'_>) {
        let scores = account.products.iter().map(|product| (product.fit, product.intent));
        self.take(line, &account.bins, scores);
    }

    fn take(&mut self, line: &Pipeline, bins: &[u8], scores: impl Iterator<Item = (Scored, Scored)>) {
        self.accounts += 1;
        for (counts, bin) in self.features.iter_mut().zip(bins) {
            counts[usize::from(*bin)] += 1;
        }
        for (((fit, intent), product), found) in scores.zip(&line.spec.products).zip(&mut self.products) {
            found.fit.take(fit, product.fit_cuts.band(fit.score) as usize);
            found.intent.take(intent, product.intent_cuts.band(intent.score) as usize);
        }
    }

    fn add(&mut self, other: &Self) {
        self.accounts += other.accounts;
        for (own, other) in self.features.iter_mut().zip(&other.features) {
            add(own, other);
        }
        for (own, other) in self.products.iter_mut().zip(&other.products) {
            own.fit.add(&other.fit);
            own.intent.add(&other.intent);
        }
    }
}

impl Pipeline {
    /// Counts how features and scores are spread on a date: one pass over the accounts, in whole numbers, so the same for any
    /// chunking.
    ///
    /// # Errors
    /// As [`score`](Self::score), but for the date of the line.
    pub fn profile(
        &self,
        dataset: &Dataset,
        as_of: AsOf,
        chunking: &Chunking,
        progress: &dyn Progress,
    ) -> Result<Profile, PipelineError> {
        check_date(dataset, as_of)?;
        let builder = FeatureBuilder::try_new(&self.spec.features, dataset)?;
        progress.stage("profile", dataset.accounts().len() as u64);
        let mut profile = Profile::empty(self, as_of);
        chunking.in_order(
            dataset.accounts().len(),
            |accounts| {
                let n_accounts = accounts.len() as u64;
                let matrix = builder.build(dataset, accounts.clone(), as_of)?;
                let binned = self.binning.apply(&matrix)?;
                let mut known = Vec::with_capacity(accounts.len());
                for (row, account) in accounts.enumerate() {
                    if account_row(dataset, account, as_of)?.is_some() {
                        known.push(row);
                    }
                }
                progress.advance(n_accounts);
                Ok::<_, PipelineError>(self.profile_rows(&binned, &known, as_of))
            },
            |part| {
                profile.add(&part);
                Ok(())
            },
        )?;
        Ok(profile)
    }

    fn profile_rows(&self, binned: &BinnedMatrix, known: &[usize], as_of: AsOf) -> Profile {
        let mut profile = Profile::empty(self, as_of);
        for row in known {
            let bins = binned.row(*row);
            let scored = |model: &FittedModel| model.scored_at(model.margin(bins));
            let scores = self.products.iter().map(|models| (scored(&models.fit), scored(&models.intent)));
            profile.take(self, bins, scores);
        }
        profile
    }

    /// The line with the profile of the accounts it was trained on, so that drift can be told by the model file alone.
    ///
    /// # Errors
    /// [`PipelineError::Profile`] when the profile is of another line.
    pub fn with_baseline(self, baseline: Profile) -> Result<Self, PipelineError> {
        let bins = self.binning.bins().iter().map(crate::models::FeatureBins::n_bins);
        if !bins.eq(baseline.features.iter().map(Vec::len)) || baseline.products.len() != self.products.len()
        {
            return Err(PipelineError::Profile {
                features: baseline.features.len(),
                products: baseline.products.len(),
            });
        }
        Ok(Self { baseline: Some(baseline), ..self })
    }

    /// The profile of the accounts the line was trained on; files of older releases have none.
    pub const fn baseline(&self) -> Option<&Profile> {
        self.baseline.as_ref()
    }
}
