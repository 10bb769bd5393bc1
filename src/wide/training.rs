//! Training on a wide table: from a file and a question to a fitted model.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;

use super::encoding::Encoder;
use super::groups::{group_key, groups_of_rows};
use super::model::Parts;
use super::source::{Binding, BrokenRows, refuse};
use super::{
    ColumnPattern, CrossValidated, Inference, Recipe, SeenValues, Target, WideError, WideModel, cell,
};
use crate::matrix::FeatureMatrix;
use crate::models::{BinnedMatrix, Binning, BinningParams, TrendRules};
use crate::parallelism::Parallelism;
use crate::seed::Seed;
use crate::tables::raw::{CsvFormat, FileDigest, RawTable};
use crate::training::leak_gate::{Columns, LeakFinding, LeakGate, LeakReport, PassedGate};
use crate::training::{AdditiveParams, TrainError, TrainingRows, TrainingSet, cross_validate};

/// What to train on a wide table.
///
/// ```
/// use propensity::parallelism::Parallelism;
/// use propensity::seed::Seed;
/// use propensity::wide::{ScoringOptions, TableTraining};
/// # let folder = tempfile::tempdir()?;
/// # let table = folder.path().join("deals.csv");
/// let won = |i: usize| if i % 40 + i * 7 % 60 >= 50 { "yes" } else { "no" };
/// let deals: String = (0..400).map(|i| format!("{},{}\n", i % 40, won(i))).collect();
/// std::fs::write(&table, format!("seats,won\n{deals}"))?;
///
/// let training = TableTraining::new("won=yes".parse()?);
/// let inference = training.prepare(&table)?;
/// let trained = training.fit(&table, inference.recipe(), Seed::new(0), &Parallelism::serial())?;
/// assert!(trained.model().cross_validation().auc > 0.6);
/// assert_eq!(trained.model().leak_gate().map(|gate| gate.columns), Some(1));
///
/// let mut scores = Vec::new();
/// let options = ScoringOptions::default();
/// let summary = trained.model().score(&table, &mut scores, &options, &Parallelism::serial())?;
/// assert_eq!(summary.rows(), 400);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct TableTraining {
    /// The outcome to predict.
    pub target: Target,
    /// Columns that must not be used: known only afterwards, or not to be decided upon.
    pub drop: Vec<ColumnPattern>,
    /// A column whose equal values belong to one case: its rows are never split between fitting and
    /// measuring.
    pub group: Option<String>,
    /// How cells are read; inferred from the table when not given.
    pub recipe: Option<Recipe>,
    /// Columns that the leak gate lets through: they were known before the outcome, whatever they look like.
    pub allow: Vec<ColumnPattern>,
    /// Whether the leak gate lets copies of rows through.
    pub allow_copies: bool,
    /// Columns that may move the score one way only.
    pub trends: TrendRules,
    /// Number of folds of the cross-validation; fewer than 2 count as 2.
    pub folds: NonZeroUsize,
    /// How values become bins.
    pub binning: BinningParams,
    /// How the model is fitted.
    pub params: AdditiveParams,
}

impl TableTraining {
    /// Training for `target` with everything else as usual.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            drop: Vec::new(),
            group: None,
            recipe: None,
            allow: Vec::new(),
            allow_copies: false,
            trends: TrendRules::default(),
            folds: NonZeroUsize::MIN.saturating_add(4),
            binning: BinningParams::default(),
            params: AdditiveParams::with_joint_tables(),
        }
    }

    /// Decides how every column of `table` is read: by the given recipe or by inference, without the columns
    /// that were dropped, the target and the group.
    ///
    /// # Errors
    /// [`WideError::Raw`], [`WideError::Schema`] and [`WideError::NoRows`] when the table cannot be read;
    /// [`WideError::UnknownColumn`] when the target, the group or a dropped column is not there;
    /// [`WideError::NoFeatures`] when nothing is left.
    pub fn prepare(&self, table: &Path) -> Result<Inference, WideError> {
        let format = self.recipe.as_ref().map_or_else(CsvFormat::default, Recipe::format);
        let raw = RawTable::open(table, &format)?;
        self.check_names(table, raw.header())?;
        let inference = Inference::of(table, &format)?;
        let recipe = self.recipe.as_ref().unwrap_or_else(|| inference.recipe()).clone();
        let recipe = recipe.dropping(|name| {
            if name == self.target.column {
                Some("the target".to_owned())
            } else if self.group.as_deref() == Some(name) {
                Some("the group".to_owned())
            } else {
                let pattern = self.drop.iter().find(|pattern| pattern.matches(name))?;
                Some(format!("dropped by {:?}", pattern.as_str()))
            }
        });
        if recipe.features().next().is_none() {
            return Err(WideError::NoFeatures { path: table.to_path_buf() });
        }
        Ok(inference.with_recipe(recipe))
    }

    /// Every name that was given must be a column; all faults of one flag together.
    fn check_names<'a>(&'a self, table: &Path, header: &[String]) -> Result<(), WideError> {
        let present = |name: &str| header.iter().any(|column| column == name);
        let unmatched = |patterns: &'a [ColumnPattern]| -> Vec<&'a str> {
            let fits = |pattern: &ColumnPattern| header.iter().any(|column| pattern.matches(column));
            patterns.iter().filter(|pattern| !fits(pattern)).map(ColumnPattern::as_str).collect()
        };
        let named = [
            ("--target", vec![self.target.column.as_str()]),
            ("--group", self.group.iter().map(String::as_str).collect()),
            ("--allow", unmatched(&self.allow)),
            ("--rising", unmatched(&self.trends.rising)),
            ("--falling", unmatched(&self.trends.falling)),
            ("--drop", unmatched(&self.drop)),
        ];
        for (flag, names) in named {
            let columns: Vec<String> =
                names.into_iter().filter(|name| !present(name)).map(str::to_owned).collect();
            if !columns.is_empty() {
                let (path, header) = (table.to_path_buf(), header.to_vec());
                return Err(WideError::UnknownColumn { path, flag, columns, header });
            }
        }
        Ok(())
    }

    /// Asks the leak gate alone: what it finds, allowed or not, without training.
    ///
    /// # Errors
    /// As [`fit`](Self::fit), but for leaks.
    pub fn inspect(
        &self,
        table: &Path,
        recipe: &Recipe,
        seed: Seed,
        parallelism: &Parallelism,
    ) -> Result<LeakReport, WideError> {
        let cases = self.read(table, recipe)?;
        let binning = Binning::learn_on(&[&cases.matrix], &self.binning, parallelism)?;
        let binned = binning.apply_on(&cases.matrix, parallelism)?;
        let set = cases.training_set(&binning, &binned)?;
        Ok(LeakGate::default().inspect(&set, Columns::Given(&cases.matrix), seed, parallelism))
    }

    /// Trains on `table` as [`prepare`](Self::prepare) decided to read it.
    ///
    /// The same table, seed and parameters give the same model for every `parallelism` and every order of
    /// rows. Memory grows with the table: 5 bytes a cell, and the table of bins.
    ///
    /// # Errors
    /// [`WideError::Schema`] with every column that is missing or cannot be of its kind;
    /// [`WideError::UnknownTargetValue`] and [`WideError::OneOutcome`] for a target that does not divide the
    /// rows; [`WideError::Leak`] with every column that knows the outcome and is not allowed; [`WideError::Train`] when there are too few rows to fit on.
    pub fn fit(
        &self,
        table: &Path,
        recipe: &Recipe,
        seed: Seed,
        parallelism: &Parallelism,
    ) -> Result<TrainedTable, WideError> {
        let cases = self.read(table, recipe)?;
        let binning = Binning::learn_on(&[&cases.matrix], &self.binning, parallelism)?;
        let binned = binning.apply_on(&cases.matrix, parallelism)?;
        let trends = self.trends.trends(binning.signature().features()).map_err(TrainError::from)?;
        let set = cases.training_set(&binning, &binned)?.with_trends(&trends)?;
        let report = LeakGate::default().inspect(&set, Columns::Given(&cases.matrix), seed, parallelism);
        let leak_gate = self.pass(table, report)?;
        let folds = self.folds.get().max(2);
        let validated = cross_validate(&self.params, &set, folds, seed.named("folds"), parallelism)?;
        let cross_validation = CrossValidated::new(&cases.labels, &validated);
        let trained = self.params.fit(&set, seed.named("fit"), parallelism)?;
        let model = WideModel::try_new(Parts {
            target: self.target.clone(),
            group: self.group.clone(),
            recipe: recipe.clone(),
            binning,
            model: trained.model,
            cross_validation,
            leak_gate: Some(leak_gate),
            trends: self.trends.clone(),
        })?;
        let Cases { labels, groups, rows_without_target, outcomes, source, .. } = cases;
        let held_out = HeldOutRows { outcomes: labels, probabilities: validated.probabilities, groups };
        Ok(TrainedTable { model, rows_without_target, outcomes, held_out, source })
    }

    /// Refuses columns and rows that know the outcome, but for those that are allowed.
    fn pass(&self, table: &Path, report: LeakReport) -> Result<PassedGate, WideError> {
        let allows = |leak: &LeakFinding| match &leak.column {
            Some(column) => self.allow.iter().any(|pattern| pattern.matches(column)),
            None => self.allow_copies,
        };
        report.pass(allows).map_err(|refusal| WideError::Leak { path: table.to_path_buf(), refusal })
    }

    fn one_outcome(&self, table: &Path) -> WideError {
        let Target { column, value } = self.target.clone();
        WideError::OneOutcome { path: table.to_path_buf(), column, wanted: value }
    }

    /// Reads all rows with a known outcome.
    pub(super) fn read(&self, table: &Path, recipe: &Recipe) -> Result<Cases, WideError> {
        let mut raw = RawTable::open(table, &recipe.format())?;
        let header = raw.header().to_vec();
        self.check_names(table, &header)?;
        let (binding, missing) = Binding::new(recipe, &header);
        let position = |name: &String| header.iter().position(|column| column == name).unwrap_or(usize::MAX);
        let target = position(&self.target.column);
        let group = self.group.as_ref().map(position);
        let mut encoder = Encoder::new(&binding);
        let mut broken = BrokenRows::default();
        let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
        let (mut labels, mut keys) = (Vec::new(), Vec::new());
        let mut rows_without_target = 0;
        while let Some(batch) = raw.next_batch()? {
            broken.insert(&header, &batch);
            let mut rows = Vec::with_capacity(batch.n_rows());
            for row in 0..batch.n_rows() {
                let outcome = cell::text(batch.cell(row, target))
                    .filter(|text| !recipe.missing().contains(text.as_ref()));
                let Some(outcome) = outcome else {
                    rows_without_target += 1;
                    continue;
                };
                labels.push(outcome == self.target.value.as_str());
                keys.push(group_key(&batch, row, group, header.len()));
                rows.push(row);
                match outcomes.get_mut(outcome.as_ref()) {
                    Some(count) => *count += 1,
                    None => {
                        outcomes.insert(outcome.into_owned(), 1);
                    }
                }
            }
            encoder.push_rows(&batch, &rows);
        }
        let ids = (1..=labels.len()).map(|case| case.to_string()).collect();
        let (matrix, retyped) = encoder.finish(ids)?;
        let faults = missing.into_iter().chain(retyped.faults(&binding)).chain(broken.faults()).collect();
        refuse(table, faults)?;
        let outcomes = SeenValues::new(outcomes);
        if !labels.contains(&true) {
            let Target { column, value } = self.target.clone();
            let path = table.to_path_buf();
            return Err(WideError::UnknownTargetValue { path, column, wanted: value, seen: outcomes });
        }
        if !labels.contains(&false) {
            return Err(self.one_outcome(table));
        }
        let groups = if group.is_some() { keys } else { groups_of_rows(keys) };
        Ok(Cases { matrix, labels, groups, rows_without_target, outcomes, source: raw.digest() })
    }
}

/// The rows of a table that have an outcome.
pub(super) struct Cases {
    pub(super) matrix: FeatureMatrix,
    pub(super) labels: Vec<bool>,
    pub(super) groups: Vec<u64>,
    pub(super) rows_without_target: u64,
    outcomes: SeenValues,
    source: Option<FileDigest>,
}

impl Cases {
    fn training_set<'a>(
        &'a self,
        binning: &'a Binning,
        binned: &'a BinnedMatrix,
    ) -> Result<TrainingSet<'a>, TrainError> {
        TrainingSet::try_new(TrainingRows::new(binning, binned, &self.labels, &self.groups))
    }
}

/// A trained model, and what was found in its table.
#[derive(Clone, Debug)]
pub struct TrainedTable {
    model: WideModel,
    rows_without_target: u64,
    outcomes: SeenValues,
    held_out: HeldOutRows,
    source: Option<FileDigest>,
}

/// Rows with what a model of cross-validation that was not shown them says.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldOutRows {
    /// Whether each has the outcome.
    pub outcomes: Vec<bool>,
    /// Probability of each.
    pub probabilities: Vec<f64>,
    /// What each belongs to.
    pub groups: Vec<u64>,
}

impl TrainedTable {
    /// The model.
    pub const fn model(&self) -> &WideModel {
        &self.model
    }

    /// Rows left out because their outcome is missing.
    pub const fn rows_without_target(&self) -> u64 {
        self.rows_without_target
    }

    /// What cross-validation said of each row.
    pub const fn held_out(&self) -> &HeldOutRows {
        &self.held_out
    }

    /// The table that was read, by hash; `None` where a reader keeps none.
    pub const fn source(&self) -> Option<&FileDigest> {
        self.source.as_ref()
    }

    /// The values of the outcome column.
    pub const fn outcomes(&self) -> &SeenValues {
        &self.outcomes
    }
}
