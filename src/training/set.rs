//! Rows to learn from, checked together.

use std::collections::BTreeSet;

use super::error::{SetFault, TrainError};
use super::prior;
use crate::matrix::FeatureKind;
use crate::models::{AdditiveModel, BinnedMatrix, Binning, Trend};
use crate::quantity::LogOdds;
use crate::seed::{Seed, hash_bytes};

/// The parts of a [`TrainingSet`], before they are checked.
#[derive(Clone, Copy, Debug)]
pub struct TrainingRows<'a> {
    /// The binning that made the rows.
    pub binning: &'a Binning,
    /// The rows, `n_rows x n_features`.
    pub binned: &'a BinnedMatrix,
    /// Whether each row had the outcome.
    pub labels: &'a [bool],
    /// What each row belongs to (an account, an opportunity); rows of one group are never split.
    pub groups: &'a [u64],
    /// How many rows of the population each row stands for; 1 when absent.
    pub weights: Option<&'a [f32]>,
    /// The share that was drawn of the rows without the outcome among which a row is, where only some of them were; 1 when absent.
    /// Weights are as they are in the population all the same.
    ///
    /// Boosted tables count a row that stands for many as one, at odds that are higher by as much: so they learn most of what was
    /// drawn (prior correction: Prentice and Pyke 1979, <https://doi.org/10.1093/biomet/66.3.403>). The logistic regression of a lower
    /// rung and updates do not look at it.
    pub drawn: Option<&'a [f32]>,
    /// What of the log-odds of each row is known apart from its features, such as the season it is of; 0 when absent. Boosted tables
    /// learn what is left beyond it, and score without it. The logistic regression of a lower rung and updates do not look at it.
    pub offsets: Option<&'a [LogOdds]>,
    /// Which rows are of the later time slice: used for stopping, calibration and judging. Tables that are judged have not been
    /// fitted on them.
    pub later: Option<&'a [bool]>,
    /// Which features may be read; all when absent.
    pub features: Option<&'a [bool]>,
}

impl<'a> TrainingRows<'a> {
    /// Rows of which nothing else is said: each stands for itself, none is later, and every feature may be read.
    ///
    /// What is said of them goes before it: `TrainingRows { weights: Some(&weights), ..TrainingRows::new(..) }`.
    pub const fn new(
        binning: &'a Binning,
        binned: &'a BinnedMatrix,
        labels: &'a [bool],
        groups: &'a [u64],
    ) -> Self {
        let (weights, drawn, offsets, later, features) = (None, None, None, None, None);
        Self { binning, binned, labels, groups, weights, drawn, offsets, later, features }
    }
}

/// Rows to learn from: lengths agree, both outcomes occur, weights are positive.
#[derive(Clone, Copy, Debug)]
pub struct TrainingSet<'a> {
    rows: TrainingRows<'a>,
    trends: Option<&'a [Trend]>,
    prior: Option<&'a AdditiveModel>,
}

/// Fewest groups a set may have.
const MIN_GROUPS: usize = 8;

impl<'a> TrainingSet<'a> {
    /// Checks the parts.
    ///
    /// # Errors
    /// [`TrainError::Set`] with every fault: lengths, a foreign binning, an outcome that is missing (overall
    /// or on one side of the time split), weights that are not positive, fewer than 8 groups.
    pub fn try_new(rows: TrainingRows<'a>) -> Result<Self, TrainError> {
        let mut faults = Vec::new();
        let expected = rows.binned.n_rows();
        let lengths = [
            ("labels", Some(rows.labels.len())),
            ("groups", Some(rows.groups.len())),
            ("weights", rows.weights.map(<[f32]>::len)),
            ("drawn", rows.drawn.map(<[f32]>::len)),
            ("offsets", rows.offsets.map(<[LogOdds]>::len)),
            ("later", rows.later.map(<[bool]>::len)),
        ];
        for (what, found) in lengths {
            if let Some(found) = found.filter(|found| *found != expected) {
                faults.push(SetFault::Length { what, found, expected });
            }
        }
        let (found, expected) = (rows.features.map(<[bool]>::len), rows.binned.n_features());
        if let Some(found) = found.filter(|found| *found != expected) {
            faults.push(SetFault::Length { what: "features", found, expected });
        }
        if rows.binned.binning() != rows.binning.fingerprint() {
            faults.push(SetFault::Binning);
        }
        if let Some((row, weight)) =
            rows.weights.into_iter().flatten().enumerate().find(|(_, w)| !(w.is_finite() && **w > 0.0))
        {
            faults.push(SetFault::Weight { row, found: weight.to_string() });
        }
        if let Some((row, share)) =
            rows.drawn.into_iter().flatten().enumerate().find(|(_, share)| !(**share > 0.0 && **share <= 1.0))
        {
            faults.push(SetFault::Drawn { row, found: share.to_string() });
        }
        if !rows.labels.contains(&true) {
            faults.push(SetFault::NoPositives);
        } else if !rows.labels.contains(&false) {
            faults.push(SetFault::NoNegatives);
        } else if let Some(later) = rows.later {
            for (side, fault) in [(false, SetFault::OneClassEarlier), (true, SetFault::OneClassLater)] {
                let labels = || {
                    rows.labels.iter().zip(later).filter(move |(_, l)| **l == side).map(|(label, _)| *label)
                };
                if labels().all(|label| label) || labels().all(|label| !label) {
                    faults.push(fault);
                }
            }
        }
        let mut distinct = rows.groups.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let groups = distinct.len();
        if groups < MIN_GROUPS {
            faults.push(SetFault::Groups { found: groups, expected: MIN_GROUPS });
        }
        if faults.is_empty() {
            Ok(Self { rows, trends: None, prior: None })
        } else {
            Err(TrainError::Set { faults })
        }
    }

    /// The same rows with a trend for every feature, in the order of the signature.
    ///
    /// The table of a feature with a trend is monotone over its bins of known values, and the feature is in no pair, so
    /// that the score as a whole follows the trend. Missing and unseen stand outside it.
    ///
    /// # Errors
    /// [`TrainError::Set`] when there is not one trend per feature, with every one other than free for a feature of levels, and
    /// with every table of a prior that turns against its trend.
    pub fn with_trends(self, trends: &'a [Trend]) -> Result<Self, TrainError> {
        let (found, expected) = (trends.len(), self.n_features());
        if found != expected {
            return Err(TrainError::Set {
                faults: vec![SetFault::Length { what: "trends", found, expected }],
            });
        }
        let features = self.rows.binning.signature().features();
        let mut faults: Vec<SetFault> = features
            .iter()
            .zip(trends)
            .filter(|(feature, trend)| feature.kind == FeatureKind::Level && **trend != Trend::Free)
            .map(|(feature, _)| SetFault::Trend { feature: feature.name.clone() })
            .collect();
        if let Some(prior) = self.prior {
            faults.extend(prior::faults(prior, self.rows.binning, Some(trends)));
        }
        if faults.is_empty() {
            Ok(Self { trends: Some(trends), ..self })
        } else {
            Err(TrainError::Set { faults })
        }
    }

    /// The same rows, with a model of an outcome that is alike, from whose tables of single features boosting begins.
    ///
    /// The tables are taken over with one factor of 0 to 0.7, as far as the rows that are fitted bear them out. Rows that the
    /// prior was fitted on may be among them if it tells nothing of their outcome. Few outcomes, which are not boosted, begin
    /// without it.
    ///
    /// # Errors
    /// [`TrainError::Set`] with every table of another binning, and every one that turns against a trend.
    pub fn with_prior(self, prior: &'a AdditiveModel) -> Result<Self, TrainError> {
        let faults = prior::faults(prior, self.rows.binning, self.trends);
        if faults.is_empty() {
            Ok(Self { prior: Some(prior), ..self })
        } else {
            Err(TrainError::Set { faults })
        }
    }

    /// The model that was given for boosting to begin from.
    pub(super) const fn prior(&self) -> Option<&'a AdditiveModel> {
        self.prior
    }

    /// How a feature may move the score.
    pub fn trend(&self, feature: usize) -> Trend {
        self.trends.map_or(Trend::Free, |trends| trends[feature])
    }

    /// The trends that were given.
    pub(super) const fn trends(&self) -> Option<&'a [Trend]> {
        self.trends
    }

    /// Number of rows.
    pub const fn n_rows(&self) -> usize {
        self.rows.binned.n_rows()
    }

    /// Number of features.
    pub const fn n_features(&self) -> usize {
        self.rows.binned.n_features()
    }

    /// Whether a feature may be read.
    pub fn reads(&self, feature: usize) -> bool {
        self.rows.features.is_none_or(|features| features[feature])
    }

    /// The parts.
    pub const fn rows(&self) -> &TrainingRows<'a> {
        &self.rows
    }

    /// How many rows of the population a row stands for.
    pub fn weight(&self, row: usize) -> f64 {
        self.rows.weights.map_or(1.0, |weights| f64::from(weights[row]))
    }

    /// How much a row counts where tables are boosted: without what it stands for of rows that were not drawn.
    pub(super) fn weight_drawn(&self, row: usize) -> f64 {
        if self.rows.labels[row] { self.weight(row) } else { self.weight(row) * self.drawn(row) }
    }

    fn drawn(&self, row: usize) -> f64 {
        self.rows.drawn.map_or(1.0, |drawn| f64::from(drawn[row]))
    }

    /// How much higher the log-odds of each row are, among the rows that were drawn, than its features say.
    pub(super) fn offsets(&self) -> Vec<LogOdds> {
        let offset = |row: usize| {
            let known = self.rows.offsets.map_or(LogOdds::ZERO, |offsets| offsets[row]);
            // A share is over 0, so that its logarithm is finite.
            known + LogOdds::try_from(-libm::log(self.drawn(row))).unwrap_or(LogOdds::ZERO)
        };
        (0..self.n_rows()).map(offset).collect()
    }

    /// Whether a row is of the later time slice.
    pub fn is_later(&self, row: usize) -> bool {
        self.rows.later.is_some_and(|later| later[row])
    }

    /// The rate of the outcome among the rows that `keep` holds, by weight.
    pub(super) fn base_rate(&self, keep: impl Fn(usize) -> bool) -> f64 {
        // Whole numbers, so that the order of rows does not matter.
        let (mut all, mut positive) = (0_i128, 0_i128);
        for (row, label) in self.rows.labels.iter().enumerate().filter(|(row, _)| keep(*row)) {
            let weight = (self.weight(row) * f64::from(1 << 20)).round() as i128;
            all += weight;
            positive += if *label { weight } else { 0 };
        }
        positive as f64 / all as f64
    }

    /// How many rows have the rarer of the two outcomes.
    pub(super) fn rarer_outcomes(&self) -> usize {
        let positives = self.rows.labels.iter().filter(|label| **label).count();
        positives.min(self.rows.labels.len() - positives)
    }

    /// Groups per row, at most 1: rows of one group count as one case where independence matters.
    pub(super) fn independent_share(&self) -> f64 {
        let groups = self.rows.groups.iter().collect::<BTreeSet<_>>().len();
        groups as f64 / self.rows.groups.len().max(1) as f64
    }

    /// Deals the groups into `folds` of equal size, by hash: a fold for every row.
    ///
    /// Groups with the outcome are dealt first, so that every fold gets its share of them.
    pub(super) fn folds(&self, seed: Seed, folds: usize) -> Vec<usize> {
        let mut groups: Vec<(u64, bool)> =
            self.rows.groups.iter().copied().zip(self.rows.labels.iter().copied()).collect();
        groups.sort_unstable();
        let mut order: Vec<(bool, u64, u64)> = groups
            .chunk_by(|a, b| a.0 == b.0)
            .map(|rows| {
                let group = rows[0].0;
                let outcome = rows.iter().any(|(_, label)| *label);
                (!outcome, hash_bytes(seed.value(), &group.to_le_bytes()), group)
            })
            .collect();
        order.sort_unstable();
        let mut dealt: Vec<(u64, usize)> =
            order.into_iter().enumerate().map(|(place, (_, _, group))| (group, place % folds)).collect();
        dealt.sort_unstable();
        let fold_of = |group: &u64| {
            let place = dealt.partition_point(|(dealt, _)| dealt < group);
            dealt[place].1
        };
        self.rows.groups.iter().map(fold_of).collect()
    }
}
