//! Drift: how far accounts and scores have moved from what a line was trained on.
//!
//! A line carries the profile of its training day in its file ([`Pipeline::baseline`](crate::pipeline::Pipeline::baseline));
//! [`DriftReport::between`] holds another day's profile against it. The measure is the population stability index (PSI,
//! [`population_stability_index`]) over at most ten groups of bins, missing and
//! unseen apart; below 0.10 nothing has moved, from 0.10 on it is worth a look, from 0.20 on something must be done.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::metrics::population_stability_index;
use crate::models::{FIRST_BIN, MISSING_BIN, UNSEEN_BIN};
use crate::pipeline::{Pipeline, Profile, ScoreProfile};

/// Groups of bins that a feature is compared over, missing and unseen apart.
const GROUPS: u64 = 10;

/// How far something has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Not worth a look.
    Stable,
    /// Worth a look.
    Watch,
    /// Something must be done.
    Act,
}

impl Level {
    /// The level of a PSI: from 0.10 on [`Level::Watch`], from 0.20 on [`Level::Act`].
    ///
    /// ```
    /// use propensity::drift::Level;
    /// assert_eq!([0.0999, 0.1, 0.1999, 0.2].map(Level::of_psi), [Level::Stable, Level::Watch, Level::Watch, Level::Act]);
    /// ```
    pub fn of_psi(psi: f64) -> Self {
        Self::of(psi, 0.10, 0.20)
    }

    /// The level of a rate that was expected to be `before` and is now `now`: a quarter or a half up, or as much down.
    pub fn of_rate(before: f64, now: f64) -> Self {
        if before > 0.0 && now > 0.0 {
            Self::of(libm::log(now / before).abs(), libm::log(1.25), libm::log(1.5))
        } else {
            Self::Stable
        }
    }

    fn of(distance: f64, watch: f64, act: f64) -> Self {
        if distance >= act {
            Self::Act
        } else if distance >= watch {
            Self::Watch
        } else {
            Self::Stable
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Stable => "stable",
            Self::Watch => "watch",
            Self::Act => "act",
        })
    }
}

/// A value then and now.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// On the day of training.
    pub before: f64,
    /// On the day asked about.
    pub now: f64,
}

/// How far a feature has moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureDrift {
    /// The feature.
    pub feature: String,
    /// PSI over at most ten groups of bins, missing and unseen.
    pub psi: f64,
    /// Share of the accounts without a value.
    pub missing: Change,
    /// Share of the accounts with a value that training did not see.
    pub unseen: Change,
    /// Its share of what moves all models: mean absolute contributions.
    pub weight: f64,
    /// The level of its PSI.
    pub level: Level,
}

/// How far the scores of one model have moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelDrift {
    /// The model, such as `azure intent`.
    pub model: String,
    /// PSI of its scores, five points a bin.
    pub score_psi: f64,
    /// PSI of its bands.
    pub band_psi: f64,
    /// The rate of the outcome that it expects.
    pub expected_rate: Change,
    /// The log loss it will have if its probabilities are true, without any outcome known.
    pub expected_log_loss: Change,
    /// The worst of scores, bands and expected rate.
    pub level: Level,
}

/// How far accounts and scores have moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriftReport {
    /// The day of training.
    pub trained: crate::quantity::AsOf,
    /// The day asked about.
    pub as_of: crate::quantity::AsOf,
    /// Accounts.
    pub accounts: Change,
    /// Mean PSI of the features, each by its weight.
    pub feature_psi: f64,
    /// The worst of the level of `feature_psi` and those of the models. Single features do not decide: ages and tenures
    /// move by themselves.
    pub level: Level,
    /// By PSI, largest first.
    pub features: Vec<FeatureDrift>,
    /// Fit, then intent, of every product.
    pub models: Vec<ModelDrift>,
}

impl DriftReport {
    /// Holds `now` against `before`, both profiles of `line`.
    pub fn between(line: &Pipeline, before: &Profile, now: &Profile) -> Self {
        let mut features = features(line, before, now);
        features.sort_by(|a, b| b.psi.total_cmp(&a.psi).then_with(|| a.feature.cmp(&b.feature)));
        let models = models(line, before, now);
        let feature_psi = features.iter().map(|feature| feature.psi * feature.weight).sum();
        let worst = models.iter().map(|model| model.level).max().unwrap_or(Level::Stable);
        Self {
            trained: before.as_of,
            as_of: now.as_of,
            accounts: Change { before: before.accounts as f64, now: now.accounts as f64 },
            feature_psi,
            level: worst.max(Level::of_psi(feature_psi)),
            features,
            models,
        }
    }
}

fn features(line: &Pipeline, before: &Profile, now: &Profile) -> Vec<FeatureDrift> {
    let mut weights = vec![0.0; before.features.len()];
    for models in line.products() {
        for model in [&models.fit, &models.intent] {
            for (feature, importance) in model.additive().importance() {
                weights[feature] += importance.value();
            }
        }
    }
    let all: f64 = weights.iter().sum();
    let names = line.binning().signature().features();
    let counts = before.features.iter().zip(&now.features);
    names
        .iter()
        .zip(counts)
        .zip(weights)
        .map(|((feature, (before, now)), weight)| {
            let share = |bin: u8| Change { before: share(before, bin), now: share(now, bin) };
            let psi = psi_of_groups(before, now);
            FeatureDrift {
                feature: feature.name.clone(),
                psi,
                missing: share(MISSING_BIN),
                unseen: share(UNSEEN_BIN),
                weight: if all > 0.0 { weight / all } else { 0.0 },
                level: Level::of_psi(psi),
            }
        })
        .collect()
}

fn share(counts: &[u64], bin: u8) -> f64 {
    let all: u64 = counts.iter().sum();
    counts.get(usize::from(bin)).map_or(0.0, |count| *count as f64 / all.max(1) as f64)
}

/// The PSI of a feature, from counts by bin then and now: over at most ten groups of neighbouring bins that held equal parts
/// of `before`, so that it does not grow with the number of bins by chance alone; missing and unseen are groups of their own.
///
/// ```
/// use propensity::drift::{Level, psi_of_groups};
/// // Missing, unseen, and four bins; half of the rows have moved from the first bin to the last.
/// let (before, now) = ([0, 0, 100, 100, 100, 100], [0, 0, 50, 100, 100, 150]);
/// let psi = psi_of_groups(&before, &now);
/// assert!((psi - 0.1355).abs() < 1e-4);
/// assert_eq!(Level::of_psi(psi), Level::Watch);
/// ```
pub fn psi_of_groups(before: &[u64], now: &[u64]) -> f64 {
    let first = usize::from(FIRST_BIN).min(before.len());
    let all: u64 = before[first..].iter().sum();
    let (mut old, mut new) = (before[..first].to_vec(), now[..first.min(now.len())].to_vec());
    let (mut held, mut is_full) = (0, true);
    for (before, now) in before[first..].iter().zip(&now[first..]) {
        if is_full {
            old.push(0);
            new.push(0);
        }
        if let (Some(old), Some(new)) = (old.last_mut(), new.last_mut()) {
            *old += before;
            *new += now;
        }
        held += before;
        let groups = (old.len() - first) as u64;
        is_full = held * GROUPS >= all * groups;
    }
    population_stability_index(&old, &new).unwrap_or(0.0)
}

fn models(line: &Pipeline, before: &Profile, now: &Profile) -> Vec<ModelDrift> {
    let products = line.products().iter().zip(before.products.iter().zip(&now.products));
    products
        .flat_map(|(models, (before, now))| {
            [("fit", &before.fit, &now.fit), ("intent", &before.intent, &now.intent)]
                .map(|(what, before, now)| model(format!("{} {what}", models.product), before, now))
        })
        .collect()
}

fn model(model: String, before: &ScoreProfile, now: &ScoreProfile) -> ModelDrift {
    let psi = |before: &[u64], now: &[u64]| population_stability_index(before, now).unwrap_or(0.0);
    let change = |of: &dyn Fn(&ScoreProfile) -> Option<f64>| Change {
        before: of(before).unwrap_or(0.0),
        now: of(now).unwrap_or(0.0),
    };
    let (score_psi, band_psi) = (psi(&before.scores, &now.scores), psi(&before.bands, &now.bands));
    let expected_rate = change(&ScoreProfile::expected_rate);
    ModelDrift {
        model,
        score_psi,
        band_psi,
        expected_rate,
        expected_log_loss: change(&ScoreProfile::expected_log_loss),
        level: Level::of_psi(score_psi.max(band_psi))
            .max(Level::of_rate(expected_rate.before, expected_rate.now)),
    }
}

#[cfg(test)]
mod tests {
    use Level::{Act, Stable, Watch};

    use super::*;

    #[test]
    fn groups_hold_equal_parts_and_keep_missing_and_unseen_apart() {
        // 100 bins of equal count become ten groups; the PSI of a shift by half of the range is that of ten groups.
        let before: Vec<u64> = [50, 0].into_iter().chain([10; 100]).collect();
        assert!(psi_of_groups(&before, &before).abs() < 1e-12);
        let shifted: Vec<u64> = [50, 0].into_iter().chain([0; 50]).chain([20; 50]).collect();
        let groups = |counts: [u64; 2]| -> Vec<u64> {
            [50, 0].into_iter().chain([counts[0]; 5]).chain([counts[1]; 5]).collect()
        };
        let expected = population_stability_index(&groups([100, 100]), &groups([0, 200])).unwrap();
        assert!((psi_of_groups(&before, &shifted) - expected).abs() < 1e-12);
        // What was missing now and then has a group of its own.
        let gone: Vec<u64> = [1050, 0].into_iter().chain([0; 100]).collect();
        assert_eq!(Level::of_psi(psi_of_groups(&before, &gone)), Act);
        let unseen: Vec<u64> = [50, 300].into_iter().chain([7; 100]).collect();
        assert_eq!(Level::of_psi(psi_of_groups(&before, &unseen)), Act);
        // One bin that holds nearly all is a group; the rest share the others.
        let peak: Vec<u64> = [0, 0, 900, 50, 50].into();
        assert!(psi_of_groups(&peak, &peak).abs() < 1e-12);
        assert!(psi_of_groups(&peak, &[0, 0, 500, 250, 250]) > 0.2);
    }

    #[test]
    fn rates_have_levels_in_both_directions() {
        let levels = [0.02, 0.0249, 0.0251, 0.031, 0.0159, 0.013].map(|now| Level::of_rate(0.02, now));
        assert_eq!(levels, [Stable, Stable, Watch, Act, Watch, Act]);
        assert_eq!(Level::of_rate(0.0, 0.5), Stable);
    }
}
