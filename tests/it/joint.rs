//! Tables over several features, and tables that follow a trend.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::num::NonZeroUsize;

use propensity::matrix::{Column, FeatureMatrix};
use propensity::models::{BinnedMatrix, Binning, BinningParams, FittedModel, MarginBank, Scorer, Signal};
use propensity::parallelism::Parallelism;
use propensity::quantity::LogOdds;
use propensity::seed::Seed;
use propensity::training::{
    AdditiveParams, SetFault, TrainError, TrainingRows, TrainingSet, Trend, cross_validate,
};
use proptest::prelude::*;

/// Rows of four features, `size` with gaps, `age`, `visits` and `sector`, and outcomes of a known law.
struct Cases {
    binning: Binning,
    binned: BinnedMatrix,
    labels: Vec<bool>,
    groups: Vec<u64>,
}

const SECTORS: [&str; 4] = ["Energy", "Health", "Mining", "Retail"];

impl Cases {
    /// `law` gives log-odds from size, age and visits, each from 0 to 1, and the place of the sector.
    fn new(n_rows: u64, seed: u64, law: impl Fn([f64; 3], usize) -> f64) -> Self {
        let seed = Seed::new(seed);
        let draw = |name: &str, row: u64| seed.named(name).uniform(&row.to_le_bytes());
        let (mut numbers, mut sectors, mut labels) = (vec![Vec::new(); 3], Vec::new(), Vec::new());
        for row in 0..n_rows {
            let values = ["size", "age", "visits"].map(|name| draw(name, row));
            let sector = (draw("sector", row) * 4.0) as usize;
            let gap = draw("gap", row) < 0.1;
            for (index, column) in numbers.iter_mut().enumerate() {
                column.push((index > 0 || !gap).then_some(values[index] as f32));
            }
            sectors.push(Some(SECTORS[sector]));
            let odds = LogOdds::try_from(law(values, sector)).unwrap();
            labels.push(draw("label", row) < odds.probability().value());
        }
        let mut columns: Vec<(String, Column)> = ["size", "age", "visits"]
            .iter()
            .zip(numbers)
            .map(|(name, values)| ((*name).to_owned(), Column::numbers(values)))
            .collect();
        columns.push(("sector".to_owned(), Column::levels(&sectors)));
        let ids = (0..n_rows).map(|row| row.to_string()).collect();
        let matrix = FeatureMatrix::try_new(ids, columns).unwrap();
        let binning = Binning::learn(&[&matrix], &BinningParams::default()).unwrap();
        let binned = binning.apply(&matrix).unwrap();
        Self { binning, binned, labels, groups: (0..n_rows).collect() }
    }

    fn set(&self) -> TrainingSet<'_> {
        let (binning, binned) = (&self.binning, &self.binned);
        let (labels, groups) = (&self.labels[..], &self.groups[..]);
        TrainingSet::try_new(TrainingRows::new(binning, binned, labels, groups)).unwrap()
    }

    fn fit(&self, params: &AdditiveParams, parallelism: &Parallelism) -> FittedModel {
        params.fit(&self.set(), Seed::new(3), parallelism).unwrap().model
    }
}

/// Size and age speak only together; visits speak alone.
fn together([size, age, visits]: [f64; 3], _: usize) -> f64 {
    let agree = if (size > 0.5) == (age > 0.5) { 1.2 } else { -1.2 };
    agree + visits - 0.5
}

/// The features of every joint table with the mean size of its entries.
fn joint_of(model: &FittedModel) -> Vec<(Vec<usize>, f64)> {
    let tables = model.additive().joint().iter();
    tables.map(|table| (table.features().to_vec(), table.importance().value())).collect()
}

fn quick() -> AdditiveParams {
    AdditiveParams { bags: 3, learning_rate: 0.1, patience: 30, ..AdditiveParams::with_joint_tables() }
}

/// As sets of many rows are fitted: all tables at once, those over two features among them.
fn at_once() -> AdditiveParams {
    AdditiveParams { bags: 3, rows_at_once: 1, ..AdditiveParams::with_joint_tables() }
}

#[test]
fn what_two_features_say_only_together_is_found_by_all_tables_at_once() {
    // As many rows as this way is for: of fewer, steps are shrunk more.
    let cases = Cases::new(60_000, 1, together);
    let model = cases.fit(&at_once(), &Parallelism::serial());
    let joint = joint_of(&model);
    let of_pair = joint.iter().find(|(features, _)| features == &[0, 1]).unwrap().1;
    let of_others = joint.iter().filter(|(features, _)| features != &[0, 1]).map(|(_, size)| *size);
    assert!(of_pair > 0.8 && of_others.fold(0.0, f64::max) < 0.1, "{joint:?}");
    // The truth itself reaches an AUC of 0.79 to 0.80.
    let auc = model.evidence().measured().unwrap().auc;
    assert!(auc > 0.75, "{auc}");
}

#[test]
fn a_pair_is_found_among_a_hundred_columns_and_told_once() {
    const ROWS: u64 = 20_000;
    let seed = Seed::new(8);
    let draw = |name: &str, row: u64| seed.named(name).uniform(&row.to_le_bytes());
    let labels: Vec<bool> = (0..ROWS)
        .map(|row| {
            let odds = together(["size", "age", "visits"].map(|name| draw(name, row)), 0);
            // The two speak alone as well: those that say nothing alone are not looked for among so many.
            let alone = draw("size", row) + draw("age", row) - 1.0;
            draw("label", row) < LogOdds::try_from(odds + alone).unwrap().probability().value()
        })
        .collect();
    // Heads part the rows as size does.
    let column = |name: &str, times: f64| {
        let values = (0..ROWS).map(|row| Some((times * draw(name, row)) as f32));
        Column::numbers(values.collect::<Vec<_>>())
    };
    let mut columns = vec![
        ("size".to_owned(), column("size", 1.0)),
        ("age".to_owned(), column("age", 1.0)),
        ("heads".to_owned(), column("size", 64.0)),
        ("visits".to_owned(), column("visits", 1.0)),
    ];
    columns.extend((0..96).map(|noise| (format!("noise_{noise}"), column(&format!("noise {noise}"), 1.0))));
    let matrix = FeatureMatrix::try_new((0..ROWS).map(|row| row.to_string()).collect(), columns).unwrap();
    let binning = Binning::learn(&[&matrix], &BinningParams::default()).unwrap();
    let cases =
        Cases { binned: binning.apply(&matrix).unwrap(), binning, labels, groups: (0..ROWS).collect() };
    let mut joint = joint_of(&cases.fit(&at_once(), &Parallelism::serial()));
    joint.sort_by(|a, b| b.1.total_cmp(&a.1));
    assert_eq!(joint[0].0, [0, 1], "{joint:?}");
    assert!(joint.iter().all(|(features, _)| features != &[1, 2]), "{joint:?}");
    assert!(joint[0].1 > 0.5 && joint.get(1).is_none_or(|(_, size)| *size < 0.1), "{joint:?}");
}

#[test]
fn all_tables_at_once_find_no_pair_where_there_is_none() {
    let law = |[size, age, visits]: [f64; 3], sector: usize| {
        2.0 * size - 1.5 * age + [0.5, -0.5, 0.0, 0.3][sector] + (6.0 * visits).sin() - 1.0
    };
    let model = Cases::new(12_000, 20, law).fit(&at_once(), &Parallelism::serial());
    assert_eq!(model.evidence().signal(), Signal::Found);
    let alone: f64 = model.additive().tables().iter().map(|table| table.importance().value()).sum();
    let together: f64 = joint_of(&model).iter().map(|(_, size)| size).sum();
    assert!(together < 0.1 * alone, "{together} together, {alone} alone");
}

#[test]
fn what_two_features_say_only_together_is_found() {
    let cases = Cases::new(5000, 1, together);
    let joint = joint_of(&cases.fit(&quick(), &Parallelism::serial()));
    let of_pair = joint.iter().find(|(features, _)| features == &[0, 1]).unwrap().1;
    let of_others = joint.iter().filter(|(features, _)| features != &[0, 1]).map(|(_, size)| *size);
    // The law moves every row by 1.2, of which shrinkage and early stopping leave a part; what chance makes of the other
    // tables stays far below.
    assert!(of_pair > 0.7 && of_others.fold(0.0, f64::max) < 0.1, "{joint:?}");
    let alone = AdditiveParams { joint_tables: 0, ..AdditiveParams::default() };
    let measured = |params: &AdditiveParams| {
        cross_validate(params, &cases.set(), 3, Seed::new(9), &Parallelism::serial()).unwrap().auc
    };
    let (with, without) = (measured(&quick()), measured(&alone));
    // The law itself reaches about 0.79; visits alone reach 0.57.
    assert!(with > 0.72 && without < 0.6, "{with} with joint tables, {without} without");
}

/// Three features speak only all together: no two of them say anything.
#[test]
fn what_three_features_say_only_together_is_found() {
    let law = |values: [f64; 3], _: usize| {
        let high = values.iter().filter(|value| **value > 0.5).count();
        if high % 2 == 1 { 1.5 } else { -1.5 }
    };
    let cases = Cases::new(8000, 7, law);
    let joint = joint_of(&cases.fit(&quick(), &Parallelism::serial()));
    let of_three = joint.iter().find(|(features, _)| features == &[0, 1, 2]).unwrap().1;
    let of_pairs = joint.iter().filter(|(features, _)| features.len() == 2).map(|(_, size)| *size);
    assert!(of_three > 0.6 && of_pairs.fold(0.0, f64::max) < 0.2, "{joint:?}");
}

#[test]
fn what_features_say_alone_stays_in_their_own_tables() {
    let law = |[size, age, visits]: [f64; 3], sector: usize| {
        2.0 * size - 1.5 * age + [0.5, -0.5, 0.0, 0.3][sector] + (6.0 * visits).sin() - 1.0
    };
    for seed in 20..22 {
        let model = Cases::new(4000, seed, law).fit(&quick(), &Parallelism::serial());
        assert_eq!(model.evidence().signal(), Signal::Found);
        let alone: f64 = model.additive().tables().iter().map(|table| table.importance().value()).sum();
        let together: f64 = joint_of(&model).iter().map(|(_, size)| size).sum();
        assert!(together < 0.35 * alone, "seed {seed}: {together} together, {alone} alone");
    }
}

#[test]
fn reasons_and_banks_hold_joint_tables_to_the_step() {
    let cases = Cases::new(3000, 2, together);
    let models: Vec<FittedModel> =
        [AdditiveParams::default(), quick()].map(|params| cases.fit(&params, &Parallelism::serial())).into();
    assert!(models[0].additive().joint().is_empty());
    let sizes = |model: &FittedModel| -> Vec<usize> {
        model.additive().joint().iter().map(|table| table.features().len()).collect()
    };
    assert!(sizes(&models[1]).contains(&2) && sizes(&models[1]).contains(&3));
    let nine: Vec<_> = models.iter().cycle().take(9).map(FittedModel::additive).collect();
    let bank = MarginBank::new(&nine).unwrap();
    let mut margins = vec![LogOdds::ZERO; 9];
    let mut rows: Vec<Vec<u8>> = cases.binned.rows().map(<[u8]>::to_vec).collect();
    // Missing and unseen as well, which training never saw together.
    rows.extend([vec![0; 4], vec![1; 4], vec![0, 1, 0, 1]]);
    for row in &rows {
        bank.margins_of(row, &mut margins);
        for (model, margin) in models.iter().cycle().zip(&margins) {
            assert_eq!(model.margin(row), *margin);
            let sum: LogOdds = model.contributions(row).into_iter().sum();
            assert_eq!(sum + model.base(), *margin);
        }
    }
    let text = serde_json::to_string(&models[1]).unwrap();
    let back: FittedModel = serde_json::from_str(&text).unwrap();
    assert_eq!(back, models[1]);
    back.check_binning(&cases.binning).unwrap();
    assert_eq!(serde_json::to_string(&back).unwrap(), text);
    // A table of a feature that is not there.
    let damaged = text.replacen("\"features\":[0,1]", "\"features\":[0,9]", 1);
    assert!(damaged != text && serde_json::from_str::<FittedModel>(&damaged).is_err());
}

#[test]
fn joint_tables_do_not_depend_on_threads_or_on_the_order_of_rows() {
    let trees = AdditiveParams { rows_per_round: 1000, rounds: 60, ..quick() };
    // Enough rows for threads to share the work of a round.
    for (n_rows, params) in [(3000, trees), (100_000, AdditiveParams { rounds: 8, ..at_once() })] {
        the_same_for_any_threads_and_order(n_rows, &params);
    }
}

fn the_same_for_any_threads_and_order(n_rows: u64, params: &AdditiveParams) {
    let cases = Cases::new(n_rows, 4, together);
    let three = Parallelism::threads(NonZeroUsize::new(3).unwrap()).unwrap();
    let serial = cases.fit(params, &Parallelism::serial());
    assert!(!serial.additive().joint().is_empty());
    assert_eq!(cases.fit(params, &three), serial);
    let n_rows = cases.labels.len();
    let order: Vec<usize> = (0..n_rows).map(|row| (row * 1009 + 17) % n_rows).collect();
    let moved = Cases {
        binned: cases.binned.select_rows(&order),
        labels: order.iter().map(|row| cases.labels[*row]).collect(),
        groups: order.iter().map(|row| cases.groups[*row]).collect(),
        binning: cases.binning,
    };
    assert_eq!(moved.fit(params, &Parallelism::serial()), serial);
}

#[test]
fn trends_are_checked() {
    let cases = Cases::new(200, 6, together);
    let fault = |trends: &[Trend]| match cases.set().with_trends(trends) {
        Err(TrainError::Set { faults }) => faults,
        other => panic!("{other:?}"),
    };
    assert_eq!(fault(&[Trend::Free; 3]), [SetFault::Length { what: "trends", found: 3, expected: 4 }]);
    assert_eq!(fault(&[Trend::Rising; 4]), [SetFault::Trend { feature: "sector".into() }]);
}

#[test]
fn contributions_are_the_score_for_every_row_of_a_million() {
    let cases = Cases::new(3000, 11, together);
    let model = cases.fit(&quick(), &Parallelism::serial());
    assert!(!model.additive().joint().is_empty());
    let n_bins: Vec<u64> = cases.binning.bins().iter().map(|bins| bins.n_bins() as u64).collect();
    // Any bins, missing and unseen among them, from a counter that is spread by an odd factor.
    let (mut row, mut parts) = (vec![0_u8; n_bins.len()], vec![LogOdds::ZERO; n_bins.len()]);
    for number in 0..1_000_000_u64 {
        let mut left = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 8;
        for (bin, n_bins) in row.iter_mut().zip(&n_bins) {
            *bin = (left % n_bins) as u8;
            left /= n_bins;
        }
        model.contributions_into(&row, &mut parts);
        let sum = parts.iter().fold(model.base(), |sum, part| sum + *part);
        assert_eq!(sum, model.margin(&row), "{row:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn a_score_follows_the_trends_whatever_the_outcomes_say(
        seed in 0_u64..1000,
        slopes in prop::array::uniform3(-3.0_f64..3.0),
        trends in prop::array::uniform3(prop::sample::select(vec![Trend::Free, Trend::Rising, Trend::Falling])),
        params in prop::sample::select(vec![AdditiveParams { rounds: 80, ..quick() }, at_once()]),
    ) {
        let law = |values: [f64; 3], _: usize| {
            let alone: f64 = values.iter().zip(slopes).map(|(value, slope)| slope * (value - 0.5)).sum();
            alone + if (values[0] > 0.5) == (values[1] > 0.5) { 1.0 } else { -1.0 }
        };
        let cases = Cases::new(800, seed, law);
        let trends = [trends[0], trends[1], trends[2], Trend::Free];
        let set = cases.set().with_trends(&trends).unwrap();
        let model = params.fit(&set, Seed::new(1), &Parallelism::serial()).unwrap().model;
        for row in cases.binned.rows().step_by(40) {
            for feature in (0..3).filter(|feature| trends[*feature] != Trend::Free) {
                let mut row = row.to_vec();
                let n_bins = cases.binning.bins()[feature].n_bins() as u8;
                let margins: Vec<LogOdds> = (2..n_bins)
                    .map(|bin| {
                        row[feature] = bin;
                        model.margin(&row)
                    })
                    .collect();
                let follows = margins.windows(2).all(|pair| match trends[feature] {
                    Trend::Falling => pair[0] >= pair[1],
                    _ => pair[0] <= pair[1],
                });
                prop_assert!(follows, "feature {}: {:?}", feature, margins);
            }
        }
    }
}
