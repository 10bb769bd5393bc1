//! The contract of every scorer, and of the fit that makes one.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]
#![allow(clippy::print_stdout, reason = "a test that skips says so")]

use std::num::NonZeroUsize;

use propensity::matrix::{Column, FeatureMatrix, MatrixError};
use propensity::metrics::auc;
use propensity::models::{
    BinRange, BinnedMatrix, Binning, BinningParams, FIRST_BIN, FittedModel, MISSING_BIN, MarginBank,
    ModelError, Scorer, Signal, UNSEEN_BIN, strongest,
};
use propensity::parallelism::Parallelism;
use propensity::quantity::LogOdds;
use propensity::seed::Seed;
use propensity::training::{
    AdditiveParams, SetFault, TrainError, Trained, TrainingRows, TrainingSet, cross_validate,
};
use proptest::prelude::*;

/// Rows with a known law: seats (with gaps), industry (with rare levels), noise.
struct World {
    matrix: FeatureMatrix,
    labels: Vec<bool>,
    groups: Vec<u64>,
}

const INDUSTRIES: [&str; 5] = ["Retail", "Mining", "Health", "Energy", "Banking"];

/// `strength` scales the true log-odds around a base of about one in four; 0 is pure noise.
fn world(n_rows: u64, strength: f64, seed: u64) -> World {
    let seed = Seed::new(seed);
    let draw = |name: &str, row: u64| seed.named(name).uniform(&row.to_le_bytes());
    let (mut seats, mut industry, mut noise, mut labels) = (vec![], vec![], vec![], vec![]);
    for row in 0..n_rows {
        let size = draw("seats", row);
        let known = draw("gap", row) > 0.1;
        let sector = (draw("industry", row) * 5.0) as usize;
        seats.push(known.then_some((size * 300.0) as f32));
        industry.push(Some(if draw("rare", row) < 0.002 { "Rare" } else { INDUSTRIES[sector] }));
        noise.push(Some(draw("noise", row) as f32));
        let law = if size > 0.6 { 1.5 } else { -0.5 } + [0.0, 0.8, -0.8, 0.0, 0.4][sector];
        let odds = LogOdds::try_from(strength * law - 1.1).unwrap();
        labels.push(draw("label", row) < odds.probability().value());
    }
    let columns = vec![
        ("firmographic__seats__now".to_owned(), Column::numbers(seats)),
        ("firmographic__industry__now".to_owned(), Column::levels(&industry)),
        ("intent__noise__28d".to_owned(), Column::numbers(noise)),
    ];
    let ids = (0..n_rows).map(|row| format!("a{row}")).collect();
    World { matrix: FeatureMatrix::try_new(ids, columns).unwrap(), labels, groups: (0..n_rows).collect() }
}

fn binned(world: &World) -> (Binning, BinnedMatrix) {
    let binning = Binning::learn(&[&world.matrix], &BinningParams::default()).unwrap();
    let rows = binning.apply(&world.matrix).unwrap();
    (binning, rows)
}

fn rows<'a>(world: &'a World, binning: &'a Binning, binned: &'a BinnedMatrix) -> TrainingRows<'a> {
    let (labels, groups) = (&world.labels[..], &world.groups[..]);
    TrainingRows::new(binning, binned, labels, groups)
}

fn fit_with(world: &World, parallelism: &Parallelism) -> (Binning, BinnedMatrix, Trained) {
    let (binning, binned) = binned(world);
    let set = TrainingSet::try_new(rows(world, &binning, &binned)).unwrap();
    let trained = AdditiveParams::default().fit(&set, Seed::new(11), parallelism).unwrap();
    (binning, binned, trained)
}

fn json(model: &FittedModel) -> String {
    serde_json::to_string(model).unwrap()
}

#[test]
fn a_law_is_found_and_its_reasons_are_right() {
    let world = world(6000, 1.0, 1);
    let (binning, binned, trained) = fit_with(&world, &Parallelism::serial());
    let model = trained.model;
    let evidence = model.evidence();
    assert_eq!(evidence.signal(), Signal::Found, "{}", evidence.sentence());
    let measured = evidence.measured().unwrap();
    assert!(measured.auc > 0.72 && measured.calibration_error < 0.03, "{measured:?}");
    assert!(
        (evidence.base_rate() - world.labels.iter().filter(|l| **l).count() as f64 / 6000.0).abs() < 1e-9
    );
    // Seats carry most of the law, then the industry; noise last.
    let order: Vec<usize> = model.additive().importance().iter().map(|(feature, _)| *feature).collect();
    assert_eq!(order[..2], [0, 1]);
    // Above 180 seats speaks for, below against; nobody's noise comes first.
    for row in 0..200 {
        let bins = binned.row(row);
        let contributions = model.contributions(bins);
        if let Some(BinRange::Number { from: Some(from), .. }) = binning.range(0, bins[0])
            && from > 190.0
        {
            assert!(contributions[0] > LogOdds::ZERO, "row {row}: {from} seats");
        }
        assert_ne!(strongest(&contributions, 1)[0].feature, 2, "row {row}");
    }
    let scores = model.score_rows(&binned).unwrap();
    let high = scores.iter().filter(|scored| scored.score.value() >= 75.0).count();
    assert!((120..=480).contains(&high), "{high} of 6000 are High, 5 % expected");
}

#[test]
fn training_does_not_depend_on_threads() {
    let world = world(3000, 1.0, 2);
    let two = Parallelism::threads(NonZeroUsize::new(2).unwrap()).unwrap();
    let three = Parallelism::threads(NonZeroUsize::new(3).unwrap()).unwrap();
    let serial = fit_with(&world, &Parallelism::serial()).2;
    for parallel in [fit_with(&world, &two).2, fit_with(&world, &three).2] {
        assert_eq!(json(&parallel.model), json(&serial.model));
        assert_eq!(parallel.report, serial.report);
    }
}

#[test]
fn training_does_not_depend_on_the_order_of_rows() {
    let world = world(3000, 1.0, 3);
    let (binning, binned) = binned(&world);
    let order: Vec<usize> = (0..3000).map(|row| (row * 1009 + 17) % 3000).collect();
    let moved = binned.select_rows(&order);
    let labels: Vec<bool> = order.iter().map(|row| world.labels[*row]).collect();
    let groups: Vec<u64> = order.iter().map(|row| world.groups[*row]).collect();
    let fit = |rows| {
        let set = TrainingSet::try_new(rows).unwrap();
        let params = AdditiveParams { rows_per_round: 1000, ..AdditiveParams::default() };
        json(&params.fit(&set, Seed::new(5), &Parallelism::serial()).unwrap().model)
    };
    let straight = rows(&world, &binning, &binned);
    let shuffled = TrainingRows { binned: &moved, labels: &labels, groups: &groups, ..straight };
    assert_eq!(fit(straight), fit(shuffled));
}

#[test]
fn a_model_survives_its_file() {
    let (binning, binned, trained) = fit_with(&world(2000, 1.0, 4), &Parallelism::serial());
    let text = json(&trained.model);
    let back: FittedModel = serde_json::from_str(&text).unwrap();
    assert_eq!(back, trained.model);
    assert_eq!(json(&back), text);
    let bins: Binning = serde_json::from_str(&serde_json::to_string(&binning).unwrap()).unwrap();
    back.check_binning(&bins).unwrap();
    assert_eq!(back.score_rows(&binned).unwrap(), trained.model.score_rows(&binned).unwrap());
    assert!(serde_json::from_str::<FittedModel>(&text.replace("\"scale\"", "\"scales\"")).is_err());
}

#[test]
fn a_wrong_signature_is_refused_by_name() {
    let (binning, _, trained) = fit_with(&world(1000, 1.0, 6), &Parallelism::serial());
    let one = |name: &str, column| FeatureMatrix::try_new(vec!["a".into()], vec![(name.to_owned(), column)]);
    let found = binning.apply(&one("firmographic__seats__now", Column::levels(&[Some("ten")])).unwrap());
    assert_eq!(
        found,
        Err(MatrixError::Signature {
            missing: vec!["firmographic__industry__now".into(), "intent__noise__28d".into()],
            retyped: vec!["firmographic__seats__now".into()],
        })
    );
    let other = one("x", Column::numbers([Some(1.0)])).unwrap();
    let foreign = Binning::learn(&[&other], &BinningParams::default()).unwrap();
    let rows = foreign.apply(&other).unwrap();
    assert!(matches!(trained.model.score_rows(&rows), Err(ModelError::Binning { .. })));
    assert!(matches!(trained.model.check_binning(&foreign), Err(ModelError::Binning { .. })));
}

#[test]
fn missing_and_unseen_have_bins_of_their_own() {
    let world = world(4000, 1.0, 7);
    let (binning, _, trained) = fit_with(&world, &Parallelism::serial());
    let columns = vec![
        ("intent__noise__28d".to_owned(), Column::numbers([None, Some(f32::MAX)])),
        ("firmographic__industry__now".to_owned(), Column::levels(&[Some("Fishing"), None])),
        ("firmographic__seats__now".to_owned(), Column::numbers([None, Some(-1.0)])),
    ];
    let later = FeatureMatrix::try_new(vec!["a".into(), "b".into()], columns).unwrap();
    let binned = binning.apply(&later).unwrap();
    assert_eq!(binned.row(0), [MISSING_BIN, UNSEEN_BIN, MISSING_BIN]);
    assert_eq!(binned.row(1)[..2], [FIRST_BIN, MISSING_BIN]);
    let contributions = trained.model.contributions(binned.row(0));
    // Noise was never missing in training, and so its absence says nothing.
    assert_eq!(contributions[2], LogOdds::ZERO);
    assert_eq!(trained.model.score_rows(&binned).unwrap().len(), 2);
}

#[test]
fn noise_is_called_noise() {
    let found = (0..12).filter(|draw| {
        let world = world(1500, 0.0, 100 + draw);
        let (_, binned, trained) = fit_with(&world, &Parallelism::serial());
        let scores = trained.model.score_rows(&binned).unwrap();
        let together = scores.windows(2).all(|pair| pair[0] == pair[1]);
        assert_eq!(trained.model.evidence().signal() == Signal::None, together, "draw {draw}");
        assert!(!together || scores[0].score.value() < 55.0);
        !together
    });
    // The gate's two conditions let less than 2.5 % of noise through.
    assert_eq!(found.count(), 0);
}

#[test]
fn few_outcomes_are_never_worse_than_the_base_rate() {
    for draw in 0..4 {
        let world = world(300, 0.6, 200 + draw);
        let (binning, binned) = binned(&world);
        let set = TrainingSet::try_new(rows(&world, &binning, &binned)).unwrap();
        let params = AdditiveParams::default();
        let crossed = cross_validate(&params, &set, 4, Seed::new(1), &Parallelism::serial()).unwrap();
        let rate = world.labels.iter().filter(|label| **label).count() as f64 / 300.0;
        let base = propensity::metrics::log_loss(&world.labels, &[rate; 300]).unwrap();
        assert!(crossed.log_loss < base * 1.02, "draw {draw}: {} against {base}", crossed.log_loss);
    }
}

#[test]
fn weights_restore_the_base_rate_of_a_thinned_sample() {
    let world = world(8000, 1.0, 8);
    let (binning, binned) = binned(&world);
    // One negative in four is kept and stands for four.
    let kept: Vec<usize> = (0..8000).filter(|row| world.labels[*row] || row % 4 == 0).collect();
    let thin = binned.select_rows(&kept);
    let labels: Vec<bool> = kept.iter().map(|row| world.labels[*row]).collect();
    let groups: Vec<u64> = kept.iter().map(|row| world.groups[*row]).collect();
    let weights: Vec<f32> = labels.iter().map(|label| if *label { 1.0 } else { 4.0 }).collect();
    let rows =
        TrainingRows { weights: Some(&weights), ..TrainingRows::new(&binning, &thin, &labels, &groups) };
    let trained = AdditiveParams::default()
        .fit(&TrainingSet::try_new(rows).unwrap(), Seed::new(2), &Parallelism::serial())
        .unwrap();
    let scored = trained.model.score_rows(&binned).unwrap();
    let mean = scored.iter().map(|scored| scored.probability.value()).sum::<f64>() / 8000.0;
    let rate = world.labels.iter().filter(|label| **label).count() as f64 / 8000.0;
    assert!((mean - rate).abs() < 0.015, "mean probability {mean}, rate {rate}");
}

#[test]
fn a_later_slice_judges_and_is_not_learned_from() {
    let mut world = world(6000, 1.0, 9);
    let later: Vec<bool> = (0..6000).map(|row| row >= 4000).collect();
    // In the later slice the law is turned around: whoever learns from it would not notice.
    for row in 4000..6000 {
        world.labels[row] = !world.labels[row];
    }
    let (binning, binned) = binned(&world);
    let rows = TrainingRows { later: Some(&later), ..rows(&world, &binning, &binned) };
    let set = TrainingSet::try_new(rows).unwrap();
    let trained = AdditiveParams::default().fit(&set, Seed::new(3), &Parallelism::serial()).unwrap();
    assert_eq!(trained.model.evidence().signal(), Signal::None);
    assert_eq!(trained.model.evidence().rows(), 2000);
    assert!(trained.report.held_out.rows.iter().all(|row| *row >= 4000));
    // The rate is turned around too, and the model says so.
    let (rate, shift) = (
        |rows: &[bool]| rows.iter().filter(|label| **label).count() as f64 / rows.len() as f64,
        trained.model.shift(),
    );
    let shift = shift.unwrap();
    assert_eq!((shift.earlier, shift.latest), (rate(&world.labels[..4000]), rate(&world.labels[4000..])));
    assert!(trained.model.sentence().contains("; the rate moved from "), "{}", trained.model.sentence());
}

#[test]
fn all_faults_of_a_set_are_named_together() {
    let world = world(100, 1.0, 10);
    let (binning, binned) = binned(&world);
    let rows = TrainingRows {
        labels: &[false; 99],
        groups: &[7; 100],
        weights: Some(&[f32::NAN; 100]),
        drawn: Some(&[0.0; 100]),
        ..rows(&world, &binning, &binned)
    };
    let Err(TrainError::Set { faults }) = TrainingSet::try_new(rows) else { panic!("accepted") };
    assert_eq!(
        faults,
        [
            SetFault::Length { what: "labels", found: 99, expected: 100 },
            SetFault::Weight { row: 0, found: "NaN".into() },
            SetFault::Drawn { row: 0, found: "0".into() },
            SetFault::NoPositives,
            SetFault::Groups { found: 1, expected: 8 },
        ]
    );
}

#[test]
fn a_bank_of_models_agrees_with_each() {
    let models: Vec<_> = (20..31)
        .map(|seed| {
            let drawn = world(800, 1.0, seed);
            let labels = drawn.labels;
            let World { matrix, groups, .. } = world(800, 1.0, 20);
            fit_with(&World { matrix, labels, groups }, &Parallelism::serial())
        })
        .collect();
    let additive: Vec<_> = models.iter().map(|(_, _, trained)| trained.model.additive()).collect();
    let rows = &models[0].1;
    let bank = MarginBank::new(&additive).unwrap();
    let mut margins = vec![LogOdds::ZERO; rows.n_rows() * additive.len()];
    bank.margins_into(rows, &mut margins).unwrap();
    for (row, margins) in margins.chunks(additive.len()).enumerate() {
        let alone: Vec<LogOdds> = additive.iter().map(|model| model.margin(rows.row(row))).collect();
        assert_eq!(margins, alone);
    }
    assert_eq!(
        bank.margins_into(rows, &mut margins[1..]),
        Err(ModelError::Length { expected: 800 * 11, found: 800 * 11 - 1 })
    );
}

#[test]
fn real_opportunities_are_ranked_as_well_as_by_the_best_rival() {
    let shared = std::env::var("PROPENSITY_SHARED")
        .unwrap_or_else(|_| format!("{}/../shared", env!("CARGO_MANIFEST_DIR")));
    let path = format!("{shared}/data/ibm_sales_win_loss/WA_Fn-UseC_-Sales-Win-Loss.csv");
    let Ok(mut reader) = csv::Reader::from_path(&path) else {
        println!("skipped: {path} is absent");
        return;
    };
    let headers = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let place = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let (outcome, number) = (place("Opportunity Result"), place("Opportunity Number"));
    // Known at or after close, or not a property of the opportunity.
    let left_out = |name: &str| {
        name.contains("Days") || name == "Sales Stage Change Count" || name.starts_with("Opportunity Number")
    };
    let columns = headers
        .iter()
        .enumerate()
        .filter(|(index, name)| *index != outcome && !left_out(name))
        .map(|(index, name)| {
            let numbers: Option<Vec<Option<f32>>> =
                rows.iter().map(|row| row[index].parse().ok().map(Some)).collect();
            let levels =
                || Column::levels(&rows.iter().map(|row| Some(row[index].to_owned())).collect::<Vec<_>>());
            (name.to_owned(), numbers.map_or_else(levels, Column::numbers))
        })
        .collect();
    let ids = (0..rows.len()).map(|row| row.to_string()).collect();
    let world = World {
        matrix: FeatureMatrix::try_new(ids, columns).unwrap(),
        labels: rows.iter().map(|row| &row[outcome] == "Won").collect(),
        groups: rows.iter().map(|row| row[number].parse().unwrap()).collect(),
    };
    let (_, binned, trained) =
        fit_with(&world, &Parallelism::threads(NonZeroUsize::new(2).unwrap()).unwrap());
    let measured = trained.model.evidence().measured().unwrap();
    assert!(measured.auc > 0.825, "{}", trained.model.evidence().sentence());
    assert!(measured.calibration_error < 0.01, "{measured:?}");
    // Held-out order and the order of scores agree on what they were measured on.
    let held: Vec<f64> = trained.report.held_out.margins.iter().map(|margin| margin.value()).collect();
    assert_eq!(auc(&world.labels, &held), Some(measured.auc));
    assert_eq!(trained.model.score_rows(&binned).unwrap().len(), 78_025);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn contributions_sum_to_the_margin_and_curves_never_fall(seed in 0_u64..1000, strength in 0.0_f64..2.0) {
        let (_, binned, trained) = fit_with(&world(400, strength, seed), &Parallelism::serial());
        let model = trained.model;
        let mut scored = Vec::new();
        for row in binned.rows() {
            let sum: LogOdds = model.contributions(row).into_iter().sum();
            prop_assert_eq!(sum + model.base(), model.margin(row));
            scored.push(model.scored_at(model.margin(row)));
        }
        scored.sort_by_key(|scored| scored.margin);
        for pair in scored.windows(2) {
            prop_assert!(pair[0].probability <= pair[1].probability);
            prop_assert!(pair[0].score <= pair[1].score);
        }
        prop_assert!(scored.iter().all(|scored| (0.0..=1.0).contains(&scored.probability.value())));
    }

    #[test]
    fn rows_are_scored_each_on_its_own(order in Just((0..400_usize).collect::<Vec<_>>()).prop_shuffle()) {
        let (_, binned, trained) = fit_with(&world(400, 1.0, 42), &Parallelism::serial());
        let straight = trained.model.score_rows(&binned).unwrap();
        let moved = trained.model.score_rows(&binned.select_rows(&order)).unwrap();
        for (place, row) in order.iter().enumerate() {
            prop_assert_eq!(moved[place], straight[*row]);
        }
    }
}
