//! The additive model: a score is an exact sum of table entries, one per feature and one for features that speak together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::binned::BinnedMatrix;
use super::bins::{MAX_BINS, UNSEEN_BIN};
use super::error::ModelError;
use super::joint::JointTable;
use crate::quantity::LogOdds;

/// The weights of one feature: for each of its bins, 2^-20 steps of log-odds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureTable {
    pub(super) feature: usize,
    pub(super) importance: u32,
    pub(super) weights: Vec<i32>,
}

impl FeatureTable {
    /// Place of the feature in the binning's signature.
    pub const fn feature(&self) -> usize {
        self.feature
    }

    /// One weight per bin, in 2^-20 steps.
    pub fn weights(&self) -> &[i32] {
        &self.weights
    }

    /// The mean of `|contribution|` over the population the model was fitted on.
    pub const fn importance(&self) -> LogOdds {
        LogOdds::from_steps(self.importance as i64)
    }
}

/// `margin(row) = base + sum over features f of table[f][bin(row, f)] + sum over joint tables of the
/// entry of the row's cell`, in whole steps of log-odds.
///
/// Every table has mean 0 over the population it was fitted on, to the nearest step, so that a contribution
/// says how far a row stands from the average row. An entry of a joint table is the contribution of
/// its features in equal parts.
/// Every margin fits 32 bits: the largest weights and the base together stay below 2048.
///
/// ```
/// use propensity::models::AdditiveModel;
/// use propensity::quantity::LogOdds;
/// // One feature with bins missing, unseen, "low", "high"; three rows are low and one is high.
/// let table = (0, vec![0, 0, 0, 4000]);
/// let model = AdditiveModel::centred(LogOdds::from_steps(500), vec![table], &[vec![0, 0, 3, 1]])?;
/// assert_eq!(model.base(), LogOdds::from_steps(1500));
/// assert_eq!(model.contribution(0, 3), LogOdds::from_steps(3000));
/// assert_eq!(model.margin(&[2]), LogOdds::from_steps(500));
/// # Ok::<(), propensity::models::ModelError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "AdditiveShape", into = "AdditiveShape")]
pub struct AdditiveModel {
    base: LogOdds,
    tables: Vec<FeatureTable>,
    joint: Vec<JointTable>,
}

/// The form of an [`AdditiveModel`] in a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AdditiveShape {
    base: LogOdds,
    tables: Vec<FeatureTable>,
    #[serde(default, skip_serializing_if = "Vec::is_empty", alias = "pairs")]
    joint: Vec<JointTable>,
}

impl TryFrom<AdditiveShape> for AdditiveModel {
    type Error = ModelError;

    fn try_from(AdditiveShape { base, tables, joint }: AdditiveShape) -> Result<Self, ModelError> {
        Self::try_new(base, tables, joint)
    }
}

impl From<AdditiveModel> for AdditiveShape {
    fn from(AdditiveModel { base, tables, joint }: AdditiveModel) -> Self {
        Self { base, tables, joint }
    }
}

impl AdditiveModel {
    pub(super) fn try_new(
        base: LogOdds,
        tables: Vec<FeatureTable>,
        joint: Vec<JointTable>,
    ) -> Result<Self, ModelError> {
        let fault = |fault: String| Err(ModelError::Table { fault });
        if !tables.is_sorted_by(|a, b| a.feature < b.feature) {
            return fault("tables are not in ascending order of their features".to_owned());
        }
        if !joint.is_sorted_by(|a, b| a.features() < b.features()) {
            return fault("joint tables are not in ascending order of their features".to_owned());
        }
        let largest = |weights: &[i32]| {
            weights.iter().map(|weight| u64::from(weight.unsigned_abs())).max().unwrap_or(0)
        };
        let mut reach = base.steps().unsigned_abs();
        for table in &tables {
            if !(usize::from(UNSEEN_BIN) + 1..=MAX_BINS).contains(&table.weights.len()) {
                return fault(format!("table of feature {} has {} bins", table.feature, table.weights.len()));
            }
            reach = reach.saturating_add(largest(&table.weights));
        }
        let together: u64 = joint.iter().map(|table| largest(table.weights())).sum();
        reach = reach.saturating_add(together);
        if reach > i32::MAX as u64 {
            return fault("a margin could exceed 2048 log-odds".to_owned());
        }
        Ok(Self { base, tables, joint })
    }

    /// A model that gives every row the same log-odds.
    ///
    /// # Errors
    /// [`ModelError::Table`] for log-odds beyond 2048.
    pub fn constant(base: LogOdds) -> Result<Self, ModelError> {
        Self::try_new(base, Vec::new(), Vec::new())
    }

    /// The log-odds of the average row.
    pub const fn base(&self) -> LogOdds {
        self.base
    }

    /// The tables of the features that carry weight, in ascending order of features.
    pub fn tables(&self) -> &[FeatureTable] {
        &self.tables
    }

    /// The tables over two or three features, in ascending order of their features.
    pub fn joint(&self) -> &[JointTable] {
        &self.joint
    }

    /// What bin `bin` of feature `feature` adds by itself, joint tables apart; nothing for a feature without a table.
    pub fn contribution(&self, feature: usize, bin: u8) -> LogOdds {
        let steps = self
            .tables
            .binary_search_by_key(&feature, |table| table.feature)
            .ok()
            .and_then(|index| self.tables[index].weights.get(usize::from(bin)))
            .map_or(0, |weight| i64::from(*weight));
        LogOdds::from_steps(steps)
    }

    /// The log-odds of a row of bins.
    ///
    /// # Panics
    /// When the row is not one of the binning the model was fitted with.
    pub fn margin(&self, row: &[u8]) -> LogOdds {
        let sum: i64 =
            self.tables.iter().map(|table| i64::from(table.weights[usize::from(row[table.feature])])).sum();
        let together: i64 = self.joint.iter().map(|table| i64::from(table.entry(row))).sum();
        LogOdds::from_steps(self.base.steps() + sum + together)
    }

    /// The log-odds of every row.
    ///
    /// # Errors
    /// [`ModelError::Length`] when `margins` has not one place per row.
    pub fn margins_into(&self, rows: &BinnedMatrix, margins: &mut [LogOdds]) -> Result<(), ModelError> {
        if margins.len() != rows.n_rows() {
            return Err(ModelError::Length { expected: rows.n_rows(), found: margins.len() });
        }
        for (margin, row) in margins.iter_mut().zip(rows.rows()) {
            *margin = self.margin(row);
        }
        Ok(())
    }

    /// What every feature of a row adds, in the order of the signature; with the base they sum to the margin
    /// exactly.
    ///
    /// # Panics
    /// When the row is not one of the binning the model was fitted with, or `contributions` is shorter than
    /// the row.
    pub fn contributions_into(&self, row: &[u8], contributions: &mut [LogOdds]) {
        contributions[..row.len()].fill(LogOdds::ZERO);
        for table in &self.tables {
            let weight = table.weights[usize::from(row[table.feature])];
            contributions[table.feature] = LogOdds::from_steps(i64::from(weight));
        }
        for table in &self.joint {
            let parts = JointTable::parts(table.entry(row), table.features().len());
            for (&feature, part) in table.features().iter().zip(parts) {
                contributions[feature] = contributions[feature] + LogOdds::from_steps(i64::from(part));
            }
        }
    }

    /// The features that carry weight, the heaviest first, with the mean of `|table entry|` and their part of
    /// that of each joint table: at least the mean of their `|contribution|`, and equal to it for a feature in none.
    pub fn importance(&self) -> Vec<(usize, LogOdds)> {
        let mut sizes: BTreeMap<usize, i64> =
            self.tables.iter().map(|table| (table.feature, i64::from(table.importance))).collect();
        for table in &self.joint {
            let n = i64::try_from(table.features().len()).unwrap_or(i64::MAX);
            for feature in table.features() {
                *sizes.entry(*feature).or_default() += (table.importance().steps() + n - 1) / n;
            }
        }
        let mut order: Vec<_> =
            sizes.into_iter().map(|(feature, size)| (feature, LogOdds::from_steps(size))).collect();
        order.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{FittedJoint, Places};

    fn model() -> AdditiveModel {
        // Feature 1: mean (2 * 30 + 1 * -90 + 1 * 10) / 4 = -5. Feature 0 has no weight and is dropped.
        AdditiveModel::centred(
            LogOdds::from_steps(100),
            vec![(0, vec![0, 0, 0]), (1, vec![10, 77, 30, -90])],
            &[vec![0, 0, 4], vec![1, 0, 2, 1]],
        )
        .unwrap()
    }

    #[test]
    fn tables_are_centred_by_hand() {
        let model = model();
        assert_eq!(model.base().steps(), 95);
        assert_eq!(model.tables().len(), 1);
        // The unseen bin has no rows and so no evidence.
        assert_eq!(model.tables()[0].weights(), [15, 0, 35, -85]);
        assert_eq!(model.importance(), [(1, LogOdds::from_steps((15 + 35 * 2 + 85 + 2) / 4))]);
        assert_eq!(model.margin(&[2, 3]).steps(), 10);
        let mut parts = [LogOdds::ZERO; 2];
        model.contributions_into(&[2, 3], &mut parts);
        assert_eq!(parts.map(LogOdds::steps), [0, -85]);
    }

    #[test]
    fn corrections_are_added_and_centred_by_hand() {
        // Feature 1 has [15, 0, 35, -85] and base 95. Rows in bins 2 and 3 alone: mean of 40 and 20 is 30.
        let population = [vec![0, 0, 2], vec![0, 0, 1, 1]];
        let corrected =
            model().corrected(LogOdds::from_steps(7), &[(1, vec![99, 99, 40, 20])], &population).unwrap();
        assert_eq!(corrected.base().steps(), 95 + 7 + 30);
        assert_eq!(corrected.tables()[0].weights(), [15, 0, 45, -95]);
        assert_eq!(corrected.importance(), [(1, LogOdds::from_steps(70))]);
        // What a row scores has moved by the shift and its correction, to the step.
        for (bin, correction) in [(2, 40), (3, 20)] {
            let (before, after) = (model().margin(&[2, bin]), corrected.margin(&[2, bin]));
            assert_eq!(after.steps() - before.steps(), 7 + correction);
        }
        assert_eq!(model().corrected(LogOdds::ZERO, &[], &population).unwrap(), model());
        let foreign = model().corrected(LogOdds::ZERO, &[(1, vec![1, 2, 3])], &population);
        assert!(matches!(foreign, Err(ModelError::Table { .. })));
    }

    #[test]
    fn a_damaged_file_is_refused() {
        let text = serde_json::to_string(&model()).unwrap();
        assert_eq!(serde_json::from_str::<AdditiveModel>(&text).unwrap(), model());
        for (from, to) in
            [("[15,0,35,-85]", "[15]"), ("-85", "-2147483648"), ("\"base\"", "\"extra\":1,\"base\"")]
        {
            assert!(serde_json::from_str::<AdditiveModel>(&text.replace(from, to)).is_err(), "{to}");
        }
    }

    /// Two features of two known bins each; their pair is worth 9 where both are high and as much where both are low.
    fn paired() -> AdditiveModel {
        let places = || Places::try_new(vec![0, 1, 2, 3]).unwrap();
        let (mut weights, mut population) = (vec![0; 16], vec![0; 16]);
        for (cell, weight) in [(10, 9), (11, -9), (14, -9), (15, 9)] {
            (weights[cell], population[cell]) = (weight, 1);
        }
        let pair =
            FittedJoint { features: vec![1, 2], places: vec![places(), places()], weights, population };
        let tables = vec![(1, vec![0, 0, -4, 4]), (2, vec![0, 0, 0, 0])];
        let counts = vec![0, 0, 2, 2];
        let population = [vec![4], counts.clone(), counts];
        AdditiveModel::purified(LogOdds::from_steps(100), tables, vec![pair], &population).unwrap()
    }

    #[test]
    fn a_pair_belongs_half_to_each_of_its_features() {
        let model = paired();
        assert_eq!(model.margin(&[2, 3, 3]).steps(), 100 + 4 + 9);
        assert_eq!(model.margin(&[2, 3, 1]).steps(), 100 + 4);
        let mut parts = [LogOdds::ZERO; 3];
        model.contributions_into(&[2, 3, 3], &mut parts);
        assert_eq!(parts.map(LogOdds::steps), [0, 4 + 5, 4]);
        model.contributions_into(&[2, 2, 3], &mut parts);
        assert_eq!(parts.map(LogOdds::steps), [0, -4 - 5, -4]);
        // Feature 2 has no weight of its own, and still moves the score.
        assert_eq!(model.tables().len(), 1);
        assert_eq!(model.importance(), [(1, LogOdds::from_steps(4 + 5)), (2, LogOdds::from_steps(5))]);
        let text = serde_json::to_string(&model).unwrap();
        assert_eq!(serde_json::from_str::<AdditiveModel>(&text).unwrap(), model);
        assert!(serde_json::from_str::<AdditiveModel>(&text.replace("[1,2]", "[2,2]")).is_err());
    }

    #[test]
    fn a_file_without_joint_tables_does_not_speak_of_them() {
        assert!(!serde_json::to_string(&model()).unwrap().contains("joint"));
    }

    #[test]
    fn tables_and_population_must_agree() {
        let made = AdditiveModel::centred(LogOdds::ZERO, vec![(0, vec![1, 2, 3])], &[vec![1, 1]]);
        assert!(matches!(made, Err(ModelError::Table { .. })));
    }
}
