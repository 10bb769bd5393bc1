//! The parameters of an additive model's training.

use std::num::NonZeroU32;

use super::error::{ParamFault, TrainError};
use super::ladder::Ladder;
use crate::models::ScaleParams;
use crate::spec::TrainingSpec;

/// How an additive model is fitted. The defaults suit sets from a few hundred rows to millions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdditiveParams {
    /// Most rounds of boosting: 1 to 10,000. In each, every feature's table takes one step.
    pub rounds: usize,
    /// Share of the best joint step that is taken each round: above 0, at most 1.
    pub learning_rate: f64,
    /// Most different values in one step of one table, missing and unseen apart: 2 to 64.
    pub leaves: usize,
    /// Shrinkage of a step towards 0, in units of `p (1 - p)` summed over rows: at least 0.
    pub l2: f64,
    /// Least sum of `p (1 - p)` behind a value of a step: at least 0.
    pub min_hessian: f64,
    /// Least fall of twice the log loss that a split must bring: at least 0. A split of noise brings about 1
    /// by chance, the best of many splits several times that.
    pub min_gain: f64,
    /// Shrinkage of a level towards the average when levels are put in order, same unit as `l2`: at least 0.
    pub level_smoothing: f64,
    /// Bags, each with its own rows held out: 3 to 64; fewer where they would have more than 160,000 outcomes of the rarer kind
    /// together. The tables are the mean over bags. The more bags, the more of the rows each is fitted on.
    pub bags: usize,
    /// Rounds without improvement on held-out rows after which a bag stops: at least 1.
    pub patience: usize,
    /// Rows that take part in one round, chosen in turn: at least 1,000. Sets up to this size take part
    /// whole.
    pub rows_per_round: usize,
    /// Most tables over two or three features, for what they say only together: 0 to 100. With 0, the tables of all
    /// features grow at once, which is many times faster; with more, by small trees, one after the other. From
    /// `rows_at_once` rows on there are at most 20 of them where outcomes are many; where they are few, those of a prior come
    /// on top.
    pub joint_tables: usize,
    /// Rows from which joint tables are looked for: at least 1.
    pub joint_rows: usize,
    /// Rows from which joint tables are over two features and growth keeps a pace of its own: at least 1. With fewer than 1,000
    /// outcomes of the rarer kind a column, half of each bag grows by small trees and half by empirical Bayes. With more, all
    /// tables grow at once: passes over so many rows are dear and their steps are sure, and small trees, one after the other,
    /// take several times as long.
    pub rows_at_once: usize,
    /// Most places of a feature in a joint table, missing and unseen apart: 2 to 30.
    pub joint_places: usize,
    /// Where the rungs of the small-data ladder begin.
    pub ladder: Ladder,
    /// Models that are judged together with this one, itself among them: the more there are, the more a model must
    /// show before its signal counts as found.
    pub judged_together: NonZeroU32,
    /// Where the scale of 0 to 100 is anchored.
    pub scale: ScaleParams,
}

impl Default for AdditiveParams {
    fn default() -> Self {
        Self {
            rounds: 1000,
            learning_rate: 0.2,
            leaves: 4,
            l2: 2.0,
            min_hessian: 2.0,
            min_gain: 0.0,
            level_smoothing: 5.0,
            bags: 8,
            patience: 40,
            rows_per_round: 250_000,
            joint_tables: 40,
            joint_rows: 50_000,
            rows_at_once: 50_000,
            joint_places: 16,
            ladder: Ladder::default(),
            judged_together: NonZeroU32::MIN,
            scale: ScaleParams::default(),
        }
    }
}

impl AdditiveParams {
    /// Small trees and the joint tables they add up to: where features speak together, as they do in most wide tables, it
    /// ranks better, at several times the time of the default.
    pub fn with_joint_tables() -> Self {
        Self {
            rounds: 2000,
            learning_rate: 0.1,
            leaves: 8,
            l2: 3.0,
            min_hessian: 6.0,
            bags: 16,
            patience: 120,
            level_smoothing: 20.0,
            joint_tables: 60,
            joint_rows: 1,
            rows_at_once: 250_000,
            joint_places: 30,
            ..Self::default()
        }
    }

    /// The same parameters, where a spec does not say otherwise.
    #[must_use]
    pub fn told(self, spec: &TrainingSpec) -> Self {
        Self {
            learning_rate: spec.learning_rate.unwrap_or(self.learning_rate),
            leaves: spec.leaves.unwrap_or(self.leaves),
            l2: spec.l2.unwrap_or(self.l2),
            min_gain: spec.min_gain.unwrap_or(self.min_gain),
            level_smoothing: spec.level_smoothing.unwrap_or(self.level_smoothing),
            bags: spec.bags.unwrap_or(self.bags),
            joint_tables: spec.joint_tables.unwrap_or(self.joint_tables),
            ..self
        }
    }

    /// Checks every parameter.
    ///
    /// # Errors
    /// [`TrainError::Params`] with every fault.
    pub fn validate(&self) -> Result<(), TrainError> {
        let mut faults = Vec::new();
        let mut check = |name, holds: bool, found: String, expected| {
            if !holds {
                faults.push(ParamFault { name, found, expected });
            }
        };
        let amount = |value: f64| value.is_finite() && value >= 0.0;
        check("rounds", (1..=10_000).contains(&self.rounds), self.rounds.to_string(), "1 to 10000");
        check(
            "learning_rate",
            self.learning_rate > 0.0 && self.learning_rate <= 1.0,
            self.learning_rate.to_string(),
            "above 0, at most 1",
        );
        check("joint_tables", self.joint_tables <= 100, self.joint_tables.to_string(), "0 to 100");
        check(
            "joint_places",
            (2..=30).contains(&self.joint_places),
            self.joint_places.to_string(),
            "2 to 30",
        );
        check("leaves", (2..=64).contains(&self.leaves), self.leaves.to_string(), "2 to 64");
        check("l2", amount(self.l2), self.l2.to_string(), "at least 0");
        check("min_gain", amount(self.min_gain), self.min_gain.to_string(), "at least 0");
        check("min_hessian", amount(self.min_hessian), self.min_hessian.to_string(), "at least 0");
        check(
            "level_smoothing",
            amount(self.level_smoothing),
            self.level_smoothing.to_string(),
            "at least 0",
        );
        check("bags", (3..=64).contains(&self.bags), self.bags.to_string(), "3 to 64");
        check("joint_rows", self.joint_rows >= 1, self.joint_rows.to_string(), "at least 1");
        check("rows_at_once", self.rows_at_once >= 1, self.rows_at_once.to_string(), "at least 1");
        check("patience", self.patience >= 1, self.patience.to_string(), "at least 1");
        check(
            "rows_per_round",
            self.rows_per_round >= 1000,
            self.rows_per_round.to_string(),
            "at least 1000",
        );
        if faults.is_empty() { Ok(()) } else { Err(TrainError::Params { faults }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_faults_are_named_together() {
        let params =
            AdditiveParams { rounds: 0, learning_rate: f64::NAN, bags: 1, ..AdditiveParams::default() };
        let message = params.validate().unwrap_err().to_string();
        assert_eq!(
            message,
            "training parameters: rounds is 0, expected 1 to 10000; learning_rate is NaN, expected above 0, at most 1; \
             bags is 1, expected 3 to 64"
        );
        assert!(AdditiveParams::default().validate().is_ok());
        assert!(AdditiveParams::with_joint_tables().validate().is_ok());
    }
}
