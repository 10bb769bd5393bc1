//! Tuning: which settings of the boosting predict best, by successive halving on the time split.
//!
//! Trials are drawn by seed; the first is the spec as it stands. All of them train on a quarter of the accounts, the better half
//! on half of them, the better half of those on all (Jamieson and Talwalkar 2016,
//! <https://proceedings.mlr.press/v51/jamieson16.html>). A trial is worth what its intent models say of accounts they were
//! not shown, on the latest snapshot: the mean over products of log loss as a share of the rate's. Every trial is held against
//! the first on the same accounts, with an interval, so that a gain that chance explains is called so.

mod ledger;
mod trial;

use std::path::Path;

pub use ledger::TuneError;
use ledger::{Key, Ledger};
use trial::Contributions;
pub use trial::Trial;

use super::AdditiveParams;
use super::line::LineTrainer;
use crate::features::KnownDeals;
use crate::progress::Progress;
use crate::quantity::AsOf;
use crate::scoring::Chunking;
use crate::seed::Seed;
use crate::spec::{Spec, TrainingSpec};
use crate::tables::Dataset;

/// Shares of the accounts that trials train on, rung by rung.
const SHARES: [f64; 3] = [0.25, 0.5, 1.0];
/// Standard errors of a 95 % interval.
const REACH: f64 = 1.96;

/// A search.
#[derive(Debug)]
pub struct Tuning<'a> {
    /// The policy; its settings of the boosting are the first trial.
    pub spec: &'a Spec,
    /// Settings the spec does not speak of.
    pub params: AdditiveParams,
    /// Only what was known before this date is seen.
    pub as_of: AsOf,
    /// Seed of the draws of trials and of everything else random.
    pub seed: Seed,
    /// Trials, the first among them: at least 2.
    pub trials: usize,
    /// How accounts are cut up and worked on.
    pub chunking: Chunking,
    /// Where results are kept, so that a search that was stopped goes on.
    pub folder: &'a Path,
}

/// One line of the table of trials.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialRow {
    /// Number of the trial; 0 is the spec as it stands.
    pub trial: usize,
    /// Its settings.
    pub settings: TrainingSpec,
    /// Share of the accounts it was last trained on.
    pub share: f64,
    /// Seconds of its trainings, all rungs together.
    pub seconds: f64,
    /// Log loss as a share of the rate's, mean over products; lower is better.
    pub loss: f64,
    /// Loss less that of the first trial on the same accounts: mean, and the ends of its 95 % interval.
    pub against_first: [f64; 3],
}

/// What a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct Tuned {
    /// All trials: those that came furthest first, then by loss.
    pub rows: Vec<TrialRow>,
    /// The settings of the best.
    pub winner: TrainingSpec,
    /// Whether the best is better than the spec as it stands by more than chance explains.
    pub beyond_noise: bool,
}

impl Tuning<'_> {
    /// Runs the search, or goes on with it; `seconds` says the time that has passed.
    ///
    /// Results do not depend on threads, chunks, or on how often the search was stopped. Cost: `trials / 4 + trials / 4 +
    /// trials / 4` trainings of the whole line.
    ///
    /// # Errors
    /// [`TuneError::Trials`] for fewer than two, [`TuneError::NothingToJudge`] when no intent model has enough outcomes,
    /// [`TuneError::Other`] when the folder holds another search, [`TuneError::Line`] when training fails, and those of files.
    pub fn run(
        &self,
        dataset: &Dataset,
        progress: &dyn Progress,
        seconds: &dyn Fn() -> f64,
    ) -> Result<Tuned, TuneError> {
        if self.trials < 2 {
            return Err(TuneError::Trials { found: self.trials });
        }
        let ledger = Ledger::open(self.folder, &Key::of(self, dataset)?)?;
        let trials: Vec<Trial> = (0..self.trials).map(|number| Trial::draw(self, number)).collect();
        let mut rows: Vec<Option<TrialRow>> = vec![None; trials.len()];
        let mut alive: Vec<usize> = (0..trials.len()).collect();
        for (rung, share) in SHARES.into_iter().enumerate() {
            let seed = self.seed.named("tuning accounts");
            let part = dataset.part(|id| seed.uniform(id.as_bytes()) < share);
            let mut first: Option<Contributions> = None;
            for &number in &alive {
                let trial = &trials[number];
                let kept = ledger.read(rung, number)?;
                let found = if let Some(kept) = kept {
                    kept
                } else {
                    let found = self.judge(trial, &part, progress, seconds)?;
                    ledger.write(rung, number, &found)?;
                    found
                };
                let base = first.get_or_insert_with(|| found.clone());
                let spent = rows[number].as_ref().map_or(0.0, |row| row.seconds);
                rows[number] = Some(TrialRow {
                    trial: number,
                    settings: trial.settings,
                    share,
                    seconds: spent + found.seconds,
                    loss: found.loss(),
                    against_first: found.less(base, REACH),
                });
            }
            // The first trial stays: the others are held against it.
            let loss = |number: &usize| rows[*number].as_ref().map_or(f64::INFINITY, |row| row.loss);
            let mut others: Vec<usize> = alive.iter().copied().filter(|number| *number > 0).collect();
            others.sort_by(|a, b| loss(a).total_cmp(&loss(b)).then(a.cmp(b)));
            others.truncate(others.len().div_ceil(2));
            alive = std::iter::once(0).chain(others).collect();
        }
        let mut rows: Vec<TrialRow> = rows.into_iter().flatten().collect();
        rows.sort_by(|a, b| {
            b.share.total_cmp(&a.share).then(a.loss.total_cmp(&b.loss)).then(a.trial.cmp(&b.trial))
        });
        let best = &rows[0];
        let beyond_noise = best.trial > 0 && best.against_first[2] < 0.0;
        Ok(Tuned { winner: best.settings, beyond_noise, rows })
    }

    /// Trains a line with the settings of a trial and says what it is worth.
    fn judge(
        &self,
        trial: &Trial,
        dataset: &Dataset,
        progress: &dyn Progress,
        seconds: &dyn Fn() -> f64,
    ) -> Result<Contributions, TuneError> {
        let mut spec = self.spec.clone();
        spec.training = trial.settings;
        // Fit and upsell are not what is judged.
        spec.intent.upsell = false;
        let trainer = LineTrainer {
            spec: &spec,
            params: self.params,
            as_of: self.as_of,
            seed: self.seed,
            chunking: self.chunking.clone(),
            deals: KnownDeals::default(),
        };
        let started = seconds();
        let held_out = trainer.judge_intent(dataset, progress)?;
        Contributions::of(&held_out, seconds() - started).ok_or(TuneError::NothingToJudge)
    }
}
