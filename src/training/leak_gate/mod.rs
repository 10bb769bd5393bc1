//! The leak gate: columns that know the outcome are refused before anything is learned from them.
//!
//! A leak is a column that could not have been filled in when the score was needed. It makes every measure of quality
//! look good and every later score worthless, and no measure on the same table can show it. So the gate asks, of each
//! column alone, four questions, and one of the rows:
//!
//! 1. Does it rank the outcome better than anything known beforehand plausibly does? ([`LeakReason::Telling`])
//! 2. Is it filled, missing, or at one value, almost only where the outcome is there or almost only where it is not?
//!    ([`LeakReason::OnlyWhere`])
//! 3. Is it named after the course or the end of the case, such as `Elapsed Days In Sales Stage` or `closed_at`, and
//!    tells the outcome apart? ([`LeakReason::Named`])
//! 4. Is it a key, or does it give every group a level of its own? ([`LeakReason::Key`], [`LeakReason::LevelPerGroup`])
//! 5. Are there copies of rows in other groups, so that held-out rows are known rows? ([`LeakReason::Copies`])
//!
//! Every limit is in [`LeakLimits`] with its reason. Names are asked only where columns are somebody's own: features
//! that were built as of a date cannot lie by name. What a name alone shows is never enough: the column must also tell
//! the outcomes apart. And a column that is strong but not implausible is questioned, not refused.

mod atoms;
mod copies;
mod finding;
mod keys;
mod names;
mod probe;

use std::num::NonZeroUsize;

pub(crate) use names::ends_as_key;

pub use finding::{LeakFinding, LeakReason, LeakRefusal, LeakReport, PassedGate};

use super::TrainingSet;
use crate::matrix::FeatureMatrix;
use crate::parallelism::Parallelism;
use crate::seed::Seed;

/// The limits of the gate, each with the reason for its default.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeakLimits {
    /// A column that alone reaches this AUC is refused: 0.9.
    ///
    /// Two normal distributions with an AUC of 0.9 lie 1.8 standard deviations apart (`AUC = Phi(d / sqrt 2)`). Whole
    /// models of sales outcomes reach 0.7 to 0.85; one column alone beyond them all is an echo of the outcome far more
    /// often than a cause of it.
    pub telling_auc: f64,
    /// The same for a column with two values: 0.85.
    ///
    /// One cut loses much of what a scale holds: the best cut through the distributions above has an AUC of
    /// `Phi(d / 2)`, 0.82. Two values that reach 0.85 agree with the outcome in 85 % of the cases of both kinds.
    pub telling_auc_of_two_values: f64,
    /// A column with a lower end of its AUC above this is questioned, and refused only with a lower end above it: 0.8.
    pub strong_auc: f64,
    /// How many times more often a value must occur with one outcome than with the other, at least, with both bounds at 95 %: 30.
    ///
    /// Thirty times the odds turns a base rate of 10 % into 77 %. Strong honest levels (a customer of the last two
    /// years, a success in the last campaign) multiply the odds by 10 to 20.
    pub odds_factor: f64,
    /// Least share of one outcome's rows that such a value must cover: 0.05. Rarer values decide little, and many are
    /// tried.
    pub covered: f64,
    /// A column named after the end of the case is refused from this AUC: 0.6.
    pub named_auc: f64,
    /// Lower end of the AUC from which a column named so counts as telling: 0.55.
    pub named_auc_low: f64,
    /// Share of distinct values from which levels, or whole numbers named as keys, are a key: 0.9.
    pub key_share: f64,
    /// Least number of groups that have a level each: 20. Few groups with few levels say nothing.
    pub groups_with_levels: usize,
    /// Least share of rows with a copy in another group: 0.01. Fewer move no measure.
    pub copied_rows: f64,
    /// Rows that are equal by chance differ in outcome nearly as often as strangers; copies never do. Refused when the
    /// rate of disagreement is, with 99.9 %, less than this share of that among strangers: 0.25. To stay below it by
    /// honest means, columns would have to explain three quarters of the variance of the outcome.
    pub disagreement: f64,
}

impl Default for LeakLimits {
    fn default() -> Self {
        Self {
            telling_auc: 0.9,
            telling_auc_of_two_values: 0.85,
            strong_auc: 0.8,
            odds_factor: 30.0,
            covered: 0.05,
            named_auc: 0.6,
            named_auc_low: 0.55,
            key_share: 0.9,
            groups_with_levels: 20,
            copied_rows: 0.01,
            disagreement: 0.25,
        }
    }
}

/// Where the columns come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Columns<'a> {
    /// Somebody's own table: names and values are asked too.
    Given(&'a FeatureMatrix),
    /// Features that were built as of a date: what they are named after was known.
    Built,
}

/// The gate before training.
///
/// ```
/// use propensity::matrix::{Column, FeatureMatrix};
/// use propensity::models::{Binning, BinningParams};
/// use propensity::parallelism::Parallelism;
/// use propensity::seed::Seed;
/// use propensity::training::leak_gate::{Columns, LeakGate};
/// use propensity::training::{TrainingRows, TrainingSet};
///
/// let won: Vec<bool> = (0..400).map(|row| row % 3 == 0).collect();
/// let ids = (0..400).map(|row| row.to_string()).collect();
/// let seats = Column::numbers((0..400).map(|row| Some((row % 40) as f32)));
/// // An invoice is written for three in four deals that were won, and for no other.
/// let invoice = Column::numbers((0..400).map(|row| (row % 3 == 0 && row % 4 > 0).then_some(1.0)));
/// let matrix = FeatureMatrix::try_new(ids, vec![("seats".into(), seats), ("invoice".into(), invoice)])?;
/// let binning = Binning::learn(&[&matrix], &BinningParams::default())?;
/// let binned = binning.apply(&matrix)?;
/// let groups: Vec<u64> = (0..400).collect();
/// let set = TrainingSet::try_new(TrainingRows::new(&binning, &binned, &won, &groups))?;
/// let report = LeakGate::default().inspect(&set, Columns::Given(&matrix), Seed::new(0), &Parallelism::serial());
/// let columns: Vec<_> = report.leaks.iter().filter_map(|leak| leak.column.as_deref()).collect();
/// assert_eq!(columns, ["invoice"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LeakGate {
    /// Its limits.
    pub limits: LeakLimits,
}

/// Folds in which a column's rates are learned and asked.
const FOLDS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4);

impl LeakGate {
    /// Inspects every column the set may read, and its rows.
    ///
    /// The report is the same for any order of rows and any `parallelism`. Cost: `O(n_rows)` a column and a question,
    /// and one sort of at most 100,000 hashes a column.
    pub fn inspect(
        &self,
        set: &TrainingSet<'_>,
        columns: Columns<'_>,
        seed: Seed,
        parallelism: &Parallelism,
    ) -> LeakReport {
        let folds = set.folds(seed.named("leak gate"), FOLDS.get());
        let asked = Asked { set, folds: &folds, independent: set.independent_share(), limits: &self.limits };
        let features = set.rows().binning.signature().features();
        let readable: Vec<usize> = (0..features.len()).filter(|feature| set.reads(*feature)).collect();
        let found = parallelism.map(&readable, |_, &feature| {
            let name = &features[feature].name;
            asked.column(feature, name, columns).map(|(verdict, reason)| {
                (verdict, LeakFinding { model: None, column: Some(name.clone()), reason })
            })
        });
        let (mut leaks, mut questions) = (Vec::new(), Vec::new());
        for (verdict, finding) in found.into_iter().flatten() {
            match verdict {
                Verdict::Refused => leaks.push(finding),
                Verdict::Questioned => questions.push(finding),
            }
        }
        // Rows that agree in a column that knows the outcome agree in the outcome: such columns cannot show copies.
        let is_leak = |feature: &usize| {
            let name = &features[*feature].name;
            leaks.iter().any(|leak: &LeakFinding| leak.column.as_ref() == Some(name))
        };
        let honest: Vec<usize> = readable.iter().copied().filter(|feature| !is_leak(feature)).collect();
        leaks.extend(copies::found(set, &honest, &self.limits, parallelism).map(|reason| LeakFinding {
            model: None,
            column: None,
            reason,
        }));
        LeakReport { columns: readable.len() as u64, leaks, questions }
    }
}

/// What every question about a column reads.
#[derive(Clone, Copy)]
struct Asked<'a> {
    set: &'a TrainingSet<'a>,
    folds: &'a [usize],
    /// Groups per row: how many independent cases a row counts for.
    independent: f64,
    limits: &'a LeakLimits,
}

impl Asked<'_> {
    /// The first reason against a column, strongest first.
    fn column(&self, feature: usize, name: &str, columns: Columns<'_>) -> Option<(Verdict, LeakReason)> {
        let limits = self.limits;
        let probe = probe::Probe::of(self, feature);
        let given = match columns {
            Columns::Given(matrix) => matrix.named(name),
            Columns::Built => None,
        };
        let ceiling = if probe.n_values <= 2 { limits.telling_auc_of_two_values } else { limits.telling_auc };
        let refused = |reason| Some((Verdict::Refused, reason));
        if probe.auc >= ceiling && probe.auc_low > limits.strong_auc {
            return refused(LeakReason::Telling { auc: probe.auc, auc_low: probe.auc_low });
        }
        if let Some(reason) = atoms::only_where(self, feature) {
            return refused(reason);
        }
        let told = given
            .and_then(|_| names::after_the_end(name))
            .filter(|_| probe.auc >= limits.named_auc && probe.auc_low > limits.named_auc_low);
        if let Some(words) = told {
            return refused(LeakReason::Named { words, auc: probe.auc, auc_low: probe.auc_low });
        }
        if let Some(reason) = given.and_then(|column| keys::key(name, column, limits)) {
            return refused(reason);
        }
        if let Some(reason) = keys::level_per_group(self.set, feature, limits) {
            return refused(reason);
        }
        (probe.auc_low > limits.strong_auc)
            .then_some((Verdict::Questioned, LeakReason::Telling { auc: probe.auc, auc_low: probe.auc_low }))
    }
}

#[derive(Clone, Copy, Debug)]
enum Verdict {
    Refused,
    Questioned,
}
