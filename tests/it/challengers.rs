//! Classifiers of linfa as challengers: what they say becomes tables with exact reasons, judged like any model.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2};
use propensity::matrix::{Column, FeatureMatrix};
use propensity::models::{Binning, BinningParams, Scorer, Signal};
use propensity::parallelism::Parallelism;
use propensity::seed::Seed;
use propensity::training::{AdditiveParams, FittedClassifier, TrainError, TrainingRows, TrainingSet};

type Dataset = DatasetBase<Array2<f64>, Array1<bool>>;

/// linfa's logistic regression.
fn logistic(dataset: &Dataset) -> Result<FittedClassifier, String> {
    let fitted = LogisticRegression::default().alpha(1.0).fit(dataset).map_err(|error| error.to_string())?;
    let positive = fitted.labels().pos.class;
    Ok(Box::new(move |records: &Array2<f64>| {
        let said = fitted.predict_probabilities(records);
        if positive { said } else { said.mapv(|p| 1.0 - p) }
    }))
}

/// Two thousand accounts that buy by their seats and their trade, and how likely each was to.
fn accounts() -> (FeatureMatrix, Vec<bool>, Vec<f64>) {
    let seed = Seed::new(17).named("challengers");
    let uniform = |what: &str, row: usize| seed.named(what).uniform(&row.to_le_bytes());
    let n = 2000;
    let seats = |row: usize| (uniform("seats", row) * 100.0).floor();
    let trade = |row: usize| ["law", "ships", "steel"][(uniform("trade", row) * 3.0) as usize];
    let truth: Vec<f64> = (0..n)
        .map(|row| {
            let log_odds = 0.04 * (seats(row) - 50.0) + if trade(row) == "law" { 1.0 } else { -0.5 };
            1.0 / (1.0 + libm::exp(-log_odds))
        })
        .collect();
    let bought = (0..n).map(|row| uniform("bought", row) < truth[row]).collect();
    let trades: Vec<Option<&str>> = (0..n).map(|row| (row % 20 > 0).then(|| trade(row))).collect();
    let columns = vec![
        ("noise".to_owned(), Column::numbers((0..n).map(|row| Some(uniform("noise", row) as f32)))),
        ("seats".to_owned(), Column::numbers((0..n).map(|row| Some(seats(row) as f32)))),
        ("trade".to_owned(), Column::levels(&trades)),
    ];
    let ids = (0..n).map(|row| row.to_string()).collect();
    (FeatureMatrix::try_new(ids, columns).unwrap(), bought, truth)
}

#[test]
fn a_logistic_regression_of_linfa_enters_as_a_challenger() {
    let (matrix, bought, truth) = accounts();
    let binning = Binning::learn(&[&matrix], &BinningParams::default()).unwrap();
    let binned = binning.apply(&matrix).unwrap();
    let groups: Vec<u64> = (0..bought.len() as u64).collect();
    let rows = TrainingRows::new(&binning, &binned, &bought, &groups);
    let set = TrainingSet::try_new(rows).unwrap();
    let (params, seed) = (AdditiveParams::default(), Seed::new(3));
    let challenger = params.fit_challenger(&logistic, &set, seed, &Parallelism::serial()).unwrap().model;
    assert_eq!(challenger.evidence().signal(), Signal::Found, "{}", challenger.sentence());
    assert_eq!(challenger.rung(), None, "no rung of the ladder was taken");
    let auc = propensity::metrics::auc(&bought, &truth).unwrap();
    let measured = challenger.evidence().measured().unwrap();
    // The law is linear in what the regression sees, so it comes close to the truth.
    assert!(measured.auc > auc - 0.02, "{} of {auc}", measured.auc);
    // The champion learned from the same rows, and both were judged on the same held-out rows.
    let champion = params.fit(&set, seed, &Parallelism::serial()).unwrap().model;
    let own = champion.evidence().measured().unwrap();
    assert!((own.log_loss - measured.log_loss).abs() < 0.03, "{own:?} {measured:?}");
    // Reasons are the score: seats first, noise last.
    let order: Vec<usize> = challenger.additive().importance().iter().map(|(feature, _)| *feature).collect();
    assert_eq!(order[0], 1, "{order:?}");
    for row in binned.rows() {
        let sum = challenger.contributions(row).into_iter().fold(challenger.base(), |sum, part| sum + part);
        assert_eq!(sum, challenger.margin(row));
    }
    // The same on any number of threads, and from its file.
    let threads = Parallelism::threads(3.try_into().unwrap()).unwrap();
    let again = params.fit_challenger(&logistic, &set, seed, &threads).unwrap().model;
    assert_eq!(again, challenger);

    let refuses = |_: &Dataset| -> Result<FittedClassifier, String> { Err("no convergence".to_owned()) };
    let error = params.fit_challenger(&refuses, &set, seed, &threads).unwrap_err();
    assert!(matches!(&error, TrainError::Challenger { fault } if fault == "no convergence"), "{error}");
    let wild = |_: &Dataset| -> Result<FittedClassifier, String> {
        Ok(Box::new(|records: &Array2<f64>| Array1::from_elem(records.nrows(), 1.5)))
    };
    let error = params.fit_challenger(&wild, &set, seed, &threads).unwrap_err();
    assert!(error.to_string().contains("one probability from 0 to 1"), "{error}");
}
