//! The additive model: a score is an exact sum of one table entry per feature.

use serde::{Deserialize, Serialize};

use super::binned::BinnedMatrix;
use super::binning::{MAX_BINS, MISSING_BIN, UNSEEN_BIN};
use super::error::ModelError;
use crate::quantity::LogOdds;

/// The weights of one feature: for each of its bins, 2^-20 steps of log-odds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureTable {
    feature: usize,
    importance: u32,
    weights: Vec<i32>,
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

/// `margin(row) = base + sum over features of table[feature][bin(row, feature)]`, in whole steps of log-odds.
///
/// Every table has mean 0 over the population it was fitted on, to the nearest step, so that a contribution says how
/// far a row stands from the average row. Every margin fits 32 bits: the largest weights and the base together stay
/// below 2048.
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
}

/// The form of an [`AdditiveModel`] in a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AdditiveShape {
    base: LogOdds,
    tables: Vec<FeatureTable>,
}

impl TryFrom<AdditiveShape> for AdditiveModel {
    type Error = ModelError;

    fn try_from(AdditiveShape { base, tables }: AdditiveShape) -> Result<Self, ModelError> {
        Self::try_new(base, tables)
    }
}

impl From<AdditiveModel> for AdditiveShape {
    fn from(AdditiveModel { base, tables }: AdditiveModel) -> Self {
        Self { base, tables }
    }
}

impl AdditiveModel {
    fn try_new(base: LogOdds, tables: Vec<FeatureTable>) -> Result<Self, ModelError> {
        let fault = |fault: String| Err(ModelError::Table { fault });
        if !tables.is_sorted_by(|a, b| a.feature < b.feature) {
            return fault("tables are not in ascending order of their features".to_owned());
        }
        let mut reach = base.steps().unsigned_abs();
        for table in &tables {
            if !(usize::from(UNSEEN_BIN) + 1..=MAX_BINS).contains(&table.weights.len()) {
                return fault(format!("table of feature {} has {} bins", table.feature, table.weights.len()));
            }
            let largest = table.weights.iter().map(|weight| weight.unsigned_abs()).max().unwrap_or(0);
            reach = reach.saturating_add(u64::from(largest));
        }
        if reach > i32::MAX as u64 {
            return fault("a margin could exceed 2048 log-odds".to_owned());
        }
        Ok(Self { base, tables })
    }

    /// A model that gives every row the same log-odds.
    ///
    /// # Errors
    /// [`ModelError::Table`] for log-odds beyond 2048.
    pub fn constant(base: LogOdds) -> Result<Self, ModelError> {
        Self::try_new(base, Vec::new())
    }

    /// Centres tables (feature, weights) on a population given as rows per bin of every feature, and moves their means
    /// into the base.
    ///
    /// A mean is rounded to the nearest step. Missing and unseen bins no row of the population fell into weigh 0: no
    /// evidence. Tables without any weight are left out.
    ///
    /// # Errors
    /// [`ModelError::Table`] when a table and the counts of its feature differ in length, features repeat, or margins
    /// could exceed 2048.
    pub fn centred(
        base: LogOdds,
        tables: Vec<(usize, Vec<i32>)>,
        population: &[Vec<u64>],
    ) -> Result<Self, ModelError> {
        let mut base = base;
        let mut centred = Vec::with_capacity(tables.len());
        for (feature, mut weights) in tables {
            let counts = population.get(feature).map_or(&[][..], Vec::as_slice);
            if counts.len() != weights.len() {
                let fault = format!(
                    "table of feature {feature} has {} bins, its population {}",
                    weights.len(),
                    counts.len()
                );
                return Err(ModelError::Table { fault });
            }
            let rows: i128 = counts.iter().map(|count| i128::from(*count)).sum();
            let mean = rounded_share(weighted_sum(&weights, counts, |weight| weight), rows);
            let shift = i32::try_from(mean).unwrap_or(0);
            for (bin, weight) in weights.iter_mut().enumerate() {
                let unheard = counts[bin] == 0 && bin <= usize::from(UNSEEN_BIN.max(MISSING_BIN));
                *weight = if unheard { 0 } else { weight.saturating_sub(shift) };
            }
            base = base + LogOdds::from_steps(i64::from(shift));
            if weights.iter().any(|weight| *weight != 0) {
                let size = rounded_share(weighted_sum(&weights, counts, i128::abs), rows);
                let importance = u32::try_from(size).unwrap_or(u32::MAX);
                centred.push(FeatureTable { feature, importance, weights });
            }
        }
        centred.sort_by_key(|table| table.feature);
        Self::try_new(base, centred)
    }

    /// The log-odds of the average row.
    pub const fn base(&self) -> LogOdds {
        self.base
    }

    /// The tables of the features that carry weight, in ascending order of features.
    pub fn tables(&self) -> &[FeatureTable] {
        &self.tables
    }

    /// What bin `bin` of feature `feature` adds; nothing for a feature without a table.
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
        LogOdds::from_steps(self.base.steps() + sum)
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

    /// What every feature of a row adds, in the order of the signature; with the base they sum to the margin exactly.
    ///
    /// # Panics
    /// When the row is not one of the binning the model was fitted with, or `contributions` is shorter than the row.
    pub fn contributions_into(&self, row: &[u8], contributions: &mut [LogOdds]) {
        contributions[..row.len()].fill(LogOdds::ZERO);
        for table in &self.tables {
            let weight = table.weights[usize::from(row[table.feature])];
            contributions[table.feature] = LogOdds::from_steps(i64::from(weight));
        }
    }

    /// The features that carry weight with the mean of their `|contribution|`, the heaviest first.
    pub fn importance(&self) -> Vec<(usize, LogOdds)> {
        let mut order: Vec<_> = self.tables.iter().map(|table| (table.feature, table.importance())).collect();
        order.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        order
    }
}

fn weighted_sum(weights: &[i32], counts: &[u64], of: impl Fn(i128) -> i128) -> i128 {
    weights.iter().zip(counts).map(|(weight, count)| of(i128::from(*weight)) * i128::from(*count)).sum()
}

/// `sum / count` to the nearest whole number, halves up; 0 for a count of 0.
const fn rounded_share(sum: i128, count: i128) -> i128 {
    if count == 0 { 0 } else { (2 * sum + count).div_euclid(2 * count) }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_damaged_file_is_refused() {
        let text = serde_json::to_string(&model()).unwrap();
        assert_eq!(serde_json::from_str::<AdditiveModel>(&text).unwrap(), model());
        for (from, to) in
            [("[15,0,35,-85]", "[15]"), ("-85", "-2147483648"), ("\"base\"", "\"extra\":1,\"base\"")]
        {
            assert!(serde_json::from_str::<AdditiveModel>(&text.replace(from, to)).is_err(), "{to}");
        }
    }

    #[test]
    fn tables_and_population_must_agree() {
        let made = AdditiveModel::centred(LogOdds::ZERO, vec![(0, vec![1, 2, 3])], &[vec![1, 1]]);
        assert!(matches!(made, Err(ModelError::Table { .. })));
    }
}
