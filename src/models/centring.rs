//! Makes additive models: tables are purified, centred on a population, and corrected.

use std::collections::BTreeMap;

use super::additive::{AdditiveModel, FeatureTable};
use super::bins::UNSEEN_BIN;
use super::error::ModelError;
use super::joint::FittedJoint;
use super::purify::purified;
use super::share::{importance, mean_weight};
use crate::quantity::LogOdds;

impl AdditiveModel {
    /// Centres tables (feature, weights) on a population given as rows per bin of every feature, and moves
    /// their means into the base.
    ///
    /// A mean is rounded to the nearest step. Missing and unseen bins no row of the population fell into
    /// weigh 0: no evidence. Tables without any weight are left out.
    ///
    /// # Errors
    /// [`ModelError::Table`] when a table and the counts of its feature differ in length, features repeat, or
    /// margins could exceed 2048.
    pub fn centred(
        base: LogOdds,
        tables: Vec<(usize, Vec<i32>)>,
        population: &[Vec<u64>],
    ) -> Result<Self, ModelError> {
        Self::purified(base, tables, Vec::new(), population)
    }

    /// Purifies joint tables, then centres the tables as [`centred`](Self::centred) does.
    ///
    /// Means of a joint table over one of its features move into tables over the others, so that it holds only what
    /// its features say all together. Every feature of a joint table needs a table. Joint tables without any weight are
    /// left out.
    ///
    /// # Errors
    /// [`ModelError::Table`] as above, and when a joint table speaks of a feature without a table, does not fit its
    /// bins, gives it other places than another one does, or is there twice.
    pub fn purified(
        base: LogOdds,
        tables: Vec<(usize, Vec<i32>)>,
        joint: Vec<FittedJoint>,
        population: &[Vec<u64>],
    ) -> Result<Self, ModelError> {
        let mut base = base;
        let n_tables = tables.len();
        let mut tables: BTreeMap<usize, Vec<i32>> = tables.into_iter().collect();
        if tables.len() != n_tables {
            return Err(ModelError::Table { fault: "a feature has two tables".to_owned() });
        }
        let joint = purified(joint, &mut tables)?;
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
            let shift = mean_weight(&weights, counts);
            for (bin, weight) in weights.iter_mut().enumerate() {
                let unheard = counts[bin] == 0 && bin <= usize::from(UNSEEN_BIN);
                *weight = if unheard { 0 } else { weight.saturating_sub(shift) };
            }
            base = base + LogOdds::from_steps(i64::from(shift));
            if weights.iter().any(|weight| *weight != 0) {
                let importance = importance(&weights, counts);
                centred.push(FeatureTable { feature, importance, weights });
            }
        }
        Self::try_new(base, centred, joint)
    }

    /// The same model with `corrections` added to the tables of its features, and `shift` to its base.
    ///
    /// Corrections are centred on `population`, the rows of every bin they were learned from: their mean goes to the base,
    /// so that a contribution stays one against the mean. A bin that no row was in keeps its weight. Joint tables stay.
    ///
    /// # Errors
    /// [`ModelError::Table`] when a correction has other bins than its table or its population, or a margin could become too
    /// large.
    pub fn corrected(
        &self,
        shift: LogOdds,
        corrections: &[(usize, Vec<i32>)],
        population: &[Vec<u64>],
    ) -> Result<Self, ModelError> {
        let mut base = self.base() + shift;
        let mut tables: BTreeMap<usize, FeatureTable> =
            self.tables().iter().map(|table| (table.feature, table.clone())).collect();
        for (feature, correction) in corrections {
            let counts = population.get(*feature).map_or(&[][..], Vec::as_slice);
            let table = tables.entry(*feature).or_insert_with(|| FeatureTable {
                feature: *feature,
                importance: 0,
                weights: vec![0; correction.len()],
            });
            if counts.len() != correction.len() || table.weights.len() != correction.len() {
                let fault = format!(
                    "the correction of feature {feature} has {} bins, its table {}, its population {}",
                    correction.len(),
                    table.weights.len(),
                    counts.len()
                );
                return Err(ModelError::Table { fault });
            }
            let mean = mean_weight(correction, counts);
            for ((weight, change), count) in table.weights.iter_mut().zip(correction).zip(counts) {
                if *count > 0 {
                    *weight = weight.saturating_add(change.saturating_sub(mean));
                }
            }
            table.importance = importance(&table.weights, counts);
            base = base + LogOdds::from_steps(i64::from(mean));
        }
        tables.retain(|_, table| table.weights.iter().any(|weight| *weight != 0));
        Self::try_new(base, tables.into_values().collect(), self.joint().to_vec())
    }
}
