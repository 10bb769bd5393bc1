//! `bank_marketing` in the order of its dates, cut into twenty steps: what a model says of a step before its outcomes are
//! known, if it is frozen, only calibrated anew, updated, or trained anew.

use std::error::Error;
use std::ops::Range;
use std::path::Path;

use propensity::drift::{Level, psi_of_groups};
use propensity::matrix::{Column, FeatureMatrix};
use propensity::metrics::{log_loss, population_stability_index};
use propensity::models::{BinnedMatrix, Binning, BinningParams, FittedModel, Scored, Scorer};
use propensity::parallelism::Parallelism;
use propensity::seed::Seed;
use propensity::tables::raw::{Cell, CsvFormat, RawTable};
use propensity::training::{AdditiveParams, TrainingRows, TrainingSet, UpdateParams, recalibrate};

/// Steps in all, and those that the frozen model learned from.
const STEPS: usize = 20;
const LEARNED: usize = 10;
/// Numbers; all other columns are levels. `duration` is known after the call only.
const NUMBERS: [&str; 6] = ["age", "balance", "day", "campaign", "pdays", "previous"];
const LEAK: &str = "duration";
const OUTCOME: &str = "y";
/// Standard errors around the expected loss within which the loss is in its band.
const BAND: f64 = 3.0;

/// What was said of one step, and what came of it.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) number: usize,
    pub(crate) rows: usize,
    pub(crate) positives: usize,
    /// Log loss of the model that learned from the first ten steps.
    pub(crate) frozen: f64,
    /// Of the same tables, calibrated on the step before.
    pub(crate) recalibrated: f64,
    /// Of the same tables, updated by every step since.
    pub(crate) updated: f64,
    /// Of a model trained on all steps before.
    pub(crate) retrained: f64,
    /// The highest loss the frozen model would have if its probabilities were true, three standard errors up.
    pub(crate) band: f64,
    /// Mean PSI of the features by weight, against the rows the frozen model learned from; no outcome is needed.
    pub(crate) feature_psi: f64,
    /// PSI of the frozen model's scores.
    pub(crate) score_psi: f64,
    /// The worst level of the two.
    pub(crate) level: Level,
}

/// The whole replay.
#[derive(Clone, Debug)]
pub(crate) struct Replay {
    pub(crate) steps: Vec<Step>,
}

/// The table: features and outcomes.
struct Cases {
    columns: Vec<(String, Vec<Option<String>>)>,
    labels: Vec<bool>,
}

impl Cases {
    fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        let mut table = RawTable::open(path, &CsvFormat::default())?;
        let mut columns: Vec<(String, Vec<Option<String>>)> =
            table.header().iter().map(|name| (name.clone(), Vec::new())).collect();
        while let Some(batch) = table.next_batch()? {
            for (place, (_, cells)) in columns.iter_mut().enumerate() {
                cells.extend((0..batch.n_rows()).map(|row| match batch.cell(row, place) {
                    Cell::Text(text) => Some(text.to_owned()),
                    Cell::Number(number) => Some(number.to_string()),
                    _ => None,
                }));
            }
        }
        let outcome = columns.iter().position(|(name, _)| name == OUTCOME).ok_or("no outcome")?;
        let (_, outcomes) = columns.remove(outcome);
        columns.retain(|(name, _)| name != LEAK);
        Ok(Self { columns, labels: outcomes.iter().map(|cell| cell.as_deref() == Some("yes")).collect() })
    }

    /// The rows of the steps `from..to`, counted from 0.
    fn rows(&self, steps: Range<usize>) -> Range<usize> {
        let at = |step: usize| step * self.labels.len() / STEPS;
        at(steps.start)..at(steps.end)
    }

    fn matrix(&self, rows: &Range<usize>) -> Result<FeatureMatrix, Box<dyn Error>> {
        let ids = rows.clone().map(|row| row.to_string()).collect();
        let column = |(name, cells): &(String, Vec<Option<String>>)| {
            let cells = &cells[rows.clone()];
            let number = |cell: &Option<String>| cell.as_ref().and_then(|text| text.parse::<f32>().ok());
            let column = if NUMBERS.contains(&name.as_str()) {
                Column::numbers(cells.iter().map(number))
            } else {
                Column::levels(cells)
            };
            (name.clone(), column)
        };
        Ok(FeatureMatrix::try_new(ids, self.columns.iter().map(column).collect())?)
    }

    /// Hands the rows of some steps on as a set to learn from, in order of time; the last step is the later slice of a
    /// training.
    fn set<T>(
        &self,
        steps: Range<usize>,
        (binning, binned): (&Binning, &BinnedMatrix),
        take: impl FnOnce(&TrainingSet<'_>) -> Result<T, Box<dyn Error>>,
    ) -> Result<T, Box<dyn Error>> {
        let rows = self.rows(steps.clone());
        let last = self.rows(steps.end - 1..steps.end);
        let groups: Vec<u64> = rows.clone().map(|row| row as u64).collect();
        let later: Vec<bool> = rows.clone().map(|row| last.contains(&row)).collect();
        let set = TrainingRows {
            later: (steps.len() > 1).then_some(later.as_slice()),
            ..TrainingRows::new(binning, binned, &self.labels[rows], &groups)
        };
        take(&TrainingSet::try_new(set)?)
    }
}

/// A model over bins of its own.
struct Line {
    binning: Binning,
    model: FittedModel,
}

impl Line {
    fn train(cases: &Cases, steps: Range<usize>, parallelism: &Parallelism) -> Result<Self, Box<dyn Error>> {
        let matrix = cases.matrix(&cases.rows(steps.clone()))?;
        let binning = Binning::learn(&[&matrix], &BinningParams::default())?;
        let binned = binning.apply(&matrix)?;
        let fit = |set: &TrainingSet<'_>| -> Result<FittedModel, Box<dyn Error>> {
            Ok(AdditiveParams::default().fit(set, Seed::new(0), parallelism)?.model)
        };
        let model = cases.set(steps, (&binning, &binned), fit)?;
        Ok(Self { binning, model })
    }

    fn binned(&self, cases: &Cases, steps: Range<usize>) -> Result<BinnedMatrix, Box<dyn Error>> {
        Ok(self.binning.apply(&cases.matrix(&cases.rows(steps))?)?)
    }

    fn loss(&self, cases: &Cases, step: usize) -> Result<f64, Box<dyn Error>> {
        loss(&self.model, &self.binned(cases, step..step + 1)?, &cases.labels[cases.rows(step..step + 1)])
    }
}

fn loss(model: &FittedModel, binned: &BinnedMatrix, labels: &[bool]) -> Result<f64, Box<dyn Error>> {
    let said: Vec<f64> = model.score_rows(binned)?.iter().map(|scored| scored.probability.value()).collect();
    Ok(log_loss(labels, &said).ok_or("a step has rows")?)
}

/// The expected log loss and its standard error, were the probabilities true.
fn expected_loss(scored: &[Scored]) -> (f64, f64) {
    let (mut entropy, mut variance) = (0.0, 0.0);
    for p in scored.iter().map(|scored| scored.probability.value()) {
        let odds = libm::log(p / (1.0 - p));
        entropy -= p * libm::log(p) + (1.0 - p) * libm::log(1.0 - p);
        variance += p * (1.0 - p) * odds * odds;
    }
    let n = scored.len() as f64;
    (entropy / n, variance.sqrt() / n)
}

/// Rows by bin of every feature, and by five points of the score.
struct Profile {
    features: Vec<Vec<u64>>,
    scores: Vec<u64>,
}

impl Profile {
    fn of(line: &Line, binned: &BinnedMatrix, scored: &[Scored]) -> Self {
        let mut features: Vec<Vec<u64>> =
            line.binning.bins().iter().map(|bins| vec![0; bins.n_bins()]).collect();
        for row in binned.rows() {
            for (counts, bin) in features.iter_mut().zip(row) {
                counts[usize::from(*bin)] += 1;
            }
        }
        let mut scores = vec![0; 20];
        for score in scored {
            scores[((score.score.value() / 5.0) as usize).min(19)] += 1;
        }
        Self { features, scores }
    }

    /// Mean PSI of the features by their weight in the model.
    fn feature_psi(&self, now: &Self, model: &FittedModel) -> f64 {
        let weights = model.additive().importance();
        let all: f64 = weights.iter().map(|(_, weight)| weight.value()).sum();
        let psi = |feature: usize| psi_of_groups(&self.features[feature], &now.features[feature]);
        weights.iter().map(|(feature, weight)| psi(*feature) * weight.value() / all).sum()
    }
}

impl Replay {
    pub(crate) fn run(path: &Path, parallelism: &Parallelism) -> Result<Self, Box<dyn Error>> {
        let cases = Cases::read(path)?;
        let frozen = Line::train(&cases, 0..LEARNED, parallelism)?;
        let learned = frozen.binned(&cases, 0..LEARNED)?;
        let baseline = Profile::of(&frozen, &learned, &frozen.model.score_rows(&learned)?);
        let (mut recalibrated, mut updated) = (frozen.model.clone(), frozen.model.clone());
        let mut steps = Vec::new();
        for step in LEARNED..STEPS {
            let rows = cases.rows(step..step + 1);
            let labels = &cases.labels[rows.clone()];
            let binned = frozen.binned(&cases, step..step + 1)?;
            let scored = frozen.model.score_rows(&binned)?;
            let now = Profile::of(&frozen, &binned, &scored);
            let feature_psi = baseline.feature_psi(&now, &frozen.model);
            let score_psi = population_stability_index(&baseline.scores, &now.scores).unwrap_or(0.0);
            let (expected, error) = expected_loss(&scored);
            let retrained = if step == LEARNED {
                frozen.loss(&cases, step)?
            } else {
                Line::train(&cases, 0..step, parallelism)?.loss(&cases, step)?
            };
            steps.push(Step {
                number: step + 1,
                rows: labels.len(),
                positives: labels.iter().filter(|label| **label).count(),
                frozen: loss(&frozen.model, &binned, labels)?,
                recalibrated: loss(&recalibrated, &binned, labels)?,
                updated: loss(&updated, &binned, labels)?,
                retrained,
                band: expected + BAND * error,
                feature_psi,
                score_psi,
                level: Level::of_psi(feature_psi).max(Level::of_psi(score_psi)),
            });
            // The outcomes of the step are known now.
            let known = (&frozen.binning, &binned);
            recalibrated = cases.set(step..step + 1, known, |set| Ok(recalibrate(&frozen.model, set)?))?;
            updated =
                cases.set(step..step + 1, known, |set| Ok(UpdateParams::default().update(&updated, set)?))?;
        }
        Ok(Self { steps })
    }

    /// The mean log loss over the steps.
    pub(crate) fn mean(&self, of: impl Fn(&Step) -> f64) -> f64 {
        self.steps.iter().map(of).sum::<f64>() / self.steps.len() as f64
    }

    /// The first step whose rows are flagged, before any of its outcomes is known.
    pub(crate) fn flagged(&self) -> Option<usize> {
        self.steps.iter().find(|step| step.level > Level::Stable).map(|step| step.number)
    }

    /// The first step after which the loss of the frozen model is seen to have left its band.
    pub(crate) fn lost(&self) -> Option<usize> {
        self.steps.iter().find(|step| step.frozen > step.band).map(|step| step.number)
    }
}
