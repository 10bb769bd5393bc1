//! The whole fit: bags, calibration, scale, evidence.

use super::at_once;
use super::average::average;
use super::bag::{Bag, BagRows};
use super::boosting::Booster;
use super::calibrate::learn;
use super::columns::Columns;
use super::empirical_bayes;
use super::error::TrainError;
use super::halves;
use super::judging::{evidence, judge, shift};
use super::ladder;
use super::params::AdditiveParams;
use super::set::TrainingSet;
use super::step::StepLimits;
use super::trees::{self, Grid};
use crate::models::{AdditiveModel, Calibration, FittedModel, Rung, RungChoice, Scale, Signal};
use crate::parallelism::Parallelism;
use crate::quantity::{LogOdds, Probability};
use crate::seed::Seed;

/// Outcomes of the rarer kind below which steps are shrunk more.
const FEW_OUTCOMES: f64 = 400.0;
/// What a split gains by chance once in twenty: the 95 % quantile of the chi-square distribution with one degree of
/// freedom. With few outcomes a split has to gain more than that, or noise in many features adds up.
const CHANCE_GAIN: f64 = 3.841_458_820_694_124;
/// Outcomes of the rarer kind in all bags together: of more, fewer bags average as well.
const BAGGED_OUTCOMES: usize = 160_000;
/// Outcomes of the rarer kind that are enough to stop on, and to judge on, when there are fewer bags.
const JUDGED_OUTCOMES: usize = 5_000;

/// How the rows of a set are shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    bags: usize,
    folds: usize,
}

/// A fitted model and how it came about.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The fitted model.
    pub model: FittedModel,
    /// How it came about.
    pub report: TrainingReport,
}

/// The tables of every bag, the grids of their joint tables, and the rung they were grown on, where it was the ladder that
/// chose how.
pub(super) struct Grown {
    pub(super) grids: Vec<Grid>,
    pub(super) bags: Vec<Bag>,
    pub(super) rung: Option<RungChoice>,
}

/// How a fit went.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingReport {
    /// What each bag did.
    pub bags: Vec<BagReport>,
    /// Rows that some bag was not shown, with their probabilities.
    pub held_out: HeldOut,
    /// The shrinkage that was used: that of the parameters, or more when outcomes are few.
    pub l2: f64,
}

/// What one bag did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BagReport {
    /// Rounds that were kept.
    pub rounds: usize,
    /// Rows the tables were fitted on that are judged.
    pub rows_fitted: usize,
    /// Rows that said when to stop; with a later slice, the tables that are kept have learned from them, too.
    pub rows_stopping: usize,
    /// Rows used for neither.
    pub rows_held_out: usize,
}

/// Predictions for rows by tables that were neither fitted nor stopped on them, ascending by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeldOut {
    /// The rows, as numbered in the training set.
    pub rows: Vec<usize>,
    /// Log-odds of each.
    pub margins: Vec<LogOdds>,
    /// Probability of each, by a calibration that was not learned from it.
    pub probabilities: Vec<f64>,
}

impl AdditiveParams {
    /// Fits tables in bags, then calibration and scale on rows that no table has seen, and judges the result
    /// on them.
    ///
    /// Groups are dealt into as many folds as there are bags. Bag `b` never sees fold `b`, stops on the next
    /// one and is fitted on the rest; so every row is judged by a bag that has not seen it. Bags are fewer where they would have more
    /// than 160,000 outcomes of the rarer kind together (eight bags from 20,000 on), and from then on folds are of 5,000 of them or
    /// more, so that a bag is fitted on most rows and some rows are judged. Tables of single features
    /// grow at once; with joint tables, all tables grow by small trees, or all at once where rows are many. Few outcomes are
    /// not boosted at all: see [`Ladder`](super::Ladder). With a later
    /// slice, tables are fitted on earlier rows only and stopped and judged on later ones; boosted ones then grow as many rounds
    /// anew with the later rows of the groups a bag may see, so that what came last is learned from too, at the level of those
    /// that were judged. Without a signal
    /// (see [`Evidence`](crate::models::Evidence)) the model gives every row the base rate.
    ///
    /// # Errors
    /// [`TrainError::Params`] for parameters out of range; [`TrainError::Model`] when a fitted value cannot
    /// be made; [`TrainError::Logistic`] when the regression of a lower rung fails.
    pub fn fit(
        &self,
        set: &TrainingSet<'_>,
        seed: Seed,
        parallelism: &Parallelism,
    ) -> Result<Trained, TrainError> {
        self.fit_by(set, seed, |booster, bag_rows, choice| {
            let (grids, bags) = if choice.rung < Rung::Boosting {
                (Vec::new(), ladder::grow(booster, bag_rows, choice.rung, seed, parallelism)?)
            } else if self.joint_tables == 0 || set.n_rows() < self.joint_rows {
                let blocks = |bag: usize| seed.named("blocks").numbered(bag as u64);
                (
                    Vec::new(),
                    parallelism.map(bag_rows, |bag, rows| booster.grow(rows, blocks(bag), parallelism)),
                )
            } else if set.n_rows() >= self.rows_at_once && empirical_bayes::is_of_use(booster) {
                halves::grow(booster, bag_rows, seed, parallelism)?
            } else if set.n_rows() >= self.rows_at_once {
                at_once::grow(booster, bag_rows, seed, parallelism)?
            } else {
                trees::grow(booster, bag_rows, seed, parallelism)?
            };
            Ok(Grown { grids, bags, rung: Some(choice) })
        })
    }

    /// The whole fit around whatever grows the tables of every bag.
    pub(super) fn fit_by(
        &self,
        set: &TrainingSet<'_>,
        seed: Seed,
        grow: impl FnOnce(&Booster<'_>, &[BagRows], RungChoice) -> Result<Grown, TrainError>,
    ) -> Result<Trained, TrainError> {
        self.validate()?;
        let limits = self.limits(set);
        let Plan { bags, folds: n_folds } = self.plan(set.rarer_outcomes(), set.rows().later.is_some());
        let folds = set.folds(seed.named("bags"), n_folds);
        let bag_rows: Vec<BagRows> = (0..bags).map(|bag| BagRows::split(set, &folds, bag, n_folds)).collect();
        let columns = Columns::new(set);
        let booster = Booster::new(set, &columns, self, limits);
        let choice = self.ladder.of_set(set);
        let Grown { grids, bags, rung } = grow(&booster, &bag_rows, choice)?;
        let (held_out, judged) = judge(set, &bag_rows, &bags, seed)?;
        let judged_together = self.ladder.hears(&choice).then_some(self.judged_together);
        let evidence = evidence(set, &held_out, judged_together)?;
        let additive = match evidence.signal() {
            Signal::Found => average(set, &columns, &grids, &bags)?,
            Signal::None => constant(evidence.base_rate())?,
        };
        let base_rate = Probability::try_from(evidence.base_rate())
            .map_err(|error| crate::models::ModelError::Evidence { fault: error.to_string() })?;
        let calibration = match evidence.signal() {
            Signal::Found => learn(&judged)?,
            Signal::None => Calibration::constant(base_rate),
        };
        let reference: Vec<Probability> =
            held_out.margins.iter().map(|margin| calibration.probability(*margin)).collect();
        let weights: Vec<f32> = held_out.rows.iter().map(|row| set.weight(*row) as f32).collect();
        let scale = if reference.is_empty() {
            Scale::anchored(&[base_rate], base_rate, &self.scale)?
        } else {
            Scale::anchored_weighted(&reference, Some(&weights), base_rate, &self.scale)?
        };
        let model = FittedModel::try_new(set.rows().binning, additive, calibration, scale, evidence)?
            .with_shift(shift(set));
        let model = match rung {
            Some(rung) => model.on_rung(rung),
            None => model,
        };
        let reports = bags.iter().zip(&bag_rows).map(|(bag, rows)| BagReport {
            rounds: bag.rounds,
            rows_fitted: rows.fit.len(),
            rows_stopping: rows.stop.len(),
            rows_held_out: rows.judge.len(),
        });
        let report = TrainingReport { bags: reports.collect(), held_out, l2: limits.l2 };
        Ok(Trained { model, report })
    }

    /// How rows with `fewer` outcomes of the rarer kind are shared out: with many outcomes, fewer bags, each with a larger
    /// share of the rows.
    fn plan(&self, fewer: usize, by_time: bool) -> Plan {
        let bags = (BAGGED_OUTCOMES / fewer.max(1)).clamp(1, self.bags);
        let is_thinned = bags < self.bags && !by_time;
        let folds = if is_thinned { self.bags.max(fewer / JUDGED_OUTCOMES) } else { self.bags };
        Plan { bags, folds }
    }

    /// The limits of a step; with few outcomes it is shrunk in proportion.
    fn limits(&self, set: &TrainingSet<'_>) -> StepLimits {
        let fewer = set.rarer_outcomes().max(1) as f64;
        StepLimits {
            leaves: self.leaves,
            l2: self.l2 * (FEW_OUTCOMES / fewer).max(1.0),
            min_hessian: self.min_hessian,
            min_gain: self.min_gain.max(CHANCE_GAIN * (1.0 - fewer / FEW_OUTCOMES)),
            level_smoothing: self.level_smoothing,
        }
    }
}

fn constant(base_rate: f64) -> Result<AdditiveModel, TrainError> {
    let base = LogOdds::try_from(libm::log(base_rate / (1.0 - base_rate)))
        .map_err(|error| crate::models::ModelError::Table { fault: error.to_string() })?;
    Ok(AdditiveModel::constant(base)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Scorer;
    use crate::training::TrainingRows;
    use crate::training::made_rows::MadeRows;

    const ROWS: usize = 9000;

    /// Tables that grow alone, by small trees, and all at once.
    fn every_way() -> [AdditiveParams; 3] {
        let small_trees = AdditiveParams::with_joint_tables();
        [
            AdditiveParams::default(),
            small_trees,
            AdditiveParams { joint_rows: 1, rows_at_once: 1, ..small_trees },
        ]
    }

    /// Half of the companies are large; in the later third of the rows that tells more.
    #[test]
    fn what_came_last_is_learned_from_and_judged_without() {
        let is_large = |row: usize| row.is_multiple_of(2);
        let later: Vec<bool> = (0..ROWS).map(|row| row >= ROWS * 2 / 3).collect();
        let log_odds = |row: usize| match (is_large(row), later[row]) {
            (false, _) => -2.0,
            (true, false) => -1.0,
            (true, true) => 2.0,
        };
        let made = MadeRows::new(
            ROWS,
            &[("size", &|row| f32::from(u8::from(is_large(row)))), ("other", &|row| (row % 7) as f32)],
        );
        let labels = made.drawn(5, |row| 1.0 / (1.0 + libm::exp(-log_odds(row))));
        let rows = TrainingRows { later: Some(&later), ..made.rows(&labels) };
        let set = TrainingSet::try_new(rows).unwrap();
        for params in every_way() {
            let Trained { model, report } = params.fit(&set, Seed::new(0), &Parallelism::serial()).unwrap();
            let HeldOut { rows, margins, .. } = &report.held_out;
            assert!(rows.iter().all(|row| later[*row]));
            let judged = margins.iter().map(|margin| margin.value());
            let of_model = rows.iter().map(|row| model.margin(made.binned.row(*row)).value());
            let mean = |margins: &[f64], large: bool| {
                let side = rows.iter().zip(margins).filter(|(row, _)| is_large(**row) == large);
                let side: Vec<f64> = side.map(|(_, margin)| *margin).collect();
                side.iter().sum::<f64>() / side.len() as f64
            };
            let [judged, of_model] = [judged.collect::<Vec<f64>>(), of_model.collect()];
            // Of the rows fitted first, size moves the log-odds by 1; of all, by some 2.
            let apart = |margins: &[f64]| mean(margins, true) - mean(margins, false);
            assert!((apart(&judged) - 1.0).abs() < 0.25, "{}", apart(&judged));
            assert!(apart(&of_model) > apart(&judged) + 0.4, "{}", apart(&of_model));
            // The level stays that of what was judged.
            let level = |margins: &[f64]| margins.iter().sum::<f64>() / margins.len() as f64;
            assert!(
                (level(&judged) - level(&of_model)).abs() < 0.01,
                "{} {}",
                level(&judged),
                level(&of_model)
            );
        }
    }

    /// The odds of a purchase are five times as high in the first season as in the second, and a feature says which it is.
    #[test]
    fn what_is_known_apart_from_the_features_is_not_learned_from_them() {
        let (is_first, is_large) = (|row: usize| row < ROWS / 2, |row: usize| row.is_multiple_of(2));
        let season = |row: usize| if is_first(row) { 0.8 } else { -0.8 };
        let log_odds = |row: usize| season(row) - if is_large(row) { 0.0 } else { 1.0 };
        let flag = |holds: bool| f32::from(u8::from(holds));
        let made = MadeRows::new(
            ROWS,
            &[("first", &|row| flag(is_first(row))), ("large", &|row| flag(is_large(row)))],
        );
        let labels = made.drawn(6, |row| 1.0 / (1.0 + libm::exp(-log_odds(row))));
        let offsets: Vec<LogOdds> = (0..ROWS).map(|row| LogOdds::try_from(season(row)).unwrap()).collect();
        for params in every_way() {
            let apart = |offsets| {
                let set = TrainingSet::try_new(TrainingRows { offsets, ..made.rows(&labels) }).unwrap();
                let model = params.fit(&set, Seed::new(0), &Parallelism::serial()).unwrap().model;
                let margin = |row: usize| model.margin(made.binned.row(row)).value();
                // Of a small and a large company of the second season, and of a large one of the first.
                let [small, large, first] = [ROWS - 1, ROWS - 2, 0].map(margin);
                (first - large, large - small)
            };
            let (by_season, by_size) = apart(None);
            assert!((by_season - 1.6).abs() < 0.2 && (by_size - 1.0).abs() < 0.2, "{by_season} {by_size}");
            let (by_season, by_size) = apart(Some(&offsets));
            assert!(by_season.abs() < 0.15 && (by_size - 1.0).abs() < 0.2, "{by_season} {by_size}");
        }
    }

    /// Of companies that buy, all are there; of the others, each with one chance in five.
    #[test]
    fn rows_that_were_drawn_count_once_and_say_what_all_would() {
        let is_large = |row: usize| row.is_multiple_of(2);
        let log_odds = |row: usize| if is_large(row) { 0.0 } else { -2.0 };
        let made = MadeRows::new(
            5 * ROWS,
            &[("size", &|row| f32::from(u8::from(is_large(row)))), ("other", &|row| (row % 7) as f32)],
        );
        let labels = made.drawn(7, |row| 1.0 / (1.0 + libm::exp(-log_odds(row))));
        let lots = made.drawn(8, |_| 0.2);
        let kept: Vec<usize> = (0..5 * ROWS).filter(|row| labels[*row] || lots[*row]).collect();
        let binned = made.binned.select_rows(&kept);
        let labels: Vec<bool> = kept.iter().map(|row| labels[*row]).collect();
        let groups: Vec<u64> = kept.iter().map(|row| *row as u64).collect();
        let weights: Vec<f32> = labels.iter().map(|bought| if *bought { 1.0 } else { 5.0 }).collect();
        let drawn = vec![0.2; kept.len()];
        for params in every_way() {
            let model = |drawn| {
                let rows = TrainingRows::new(&made.binning, &binned, &labels, &groups);
                let rows = TrainingRows { weights: Some(&weights), drawn, ..rows };
                let set = TrainingSet::try_new(rows).unwrap();
                params.fit(&set, Seed::new(0), &Parallelism::serial()).unwrap().model
            };
            let [told, untold] = [model(Some(&drawn[..])), model(None)];
            assert_ne!(told.additive(), untold.additive());
            for (row, chance) in [(0, 0.5), (1, 0.1192)] {
                // Where all rows are there, and where they stand for others: the same chances, in the population.
                for model in [&told, &untold] {
                    let margin = model.margin(made.binned.row(row));
                    assert!((margin.value() - log_odds(row)).abs() < 0.1, "{margin:?} {}", log_odds(row));
                    let said = model.scored_at(margin).probability.value();
                    assert!((said - chance).abs() < 0.015, "{said} {chance}");
                }
            }
        }
    }

    #[test]
    fn many_outcomes_need_few_bags_and_small_slices() {
        let params = AdditiveParams::with_joint_tables();
        for (fewer, by_time, bags, folds) in [
            (400, false, 16, 16),
            (17_627, false, 9, 16),
            (40_000, false, 4, 16),
            (60_000, false, 2, 16),
            (110_000, false, 1, 22),
            // A later slice is stopped and judged on anyway, and so shared out as before.
            (110_000, true, 1, 16),
        ] {
            assert_eq!(params.plan(fewer, by_time), Plan { bags, folds }, "{fewer} outcomes");
        }
    }
}
