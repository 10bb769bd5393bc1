//! Scoring 14 models of 60 features: margins one model at a time, margins side by side, and with every contribution.

#![allow(missing_docs, reason = "the macro of criterion makes an item without documentation")]
#![allow(clippy::expect_used, reason = "a bench that cannot be set up has nothing to time")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use propensity::matrix::{Column, FeatureMatrix};
use propensity::models::{AdditiveModel, BinnedMatrix, Binning, BinningParams, MarginBank};
use propensity::quantity::LogOdds;
use propensity::seed::Seed;

const N_ROWS: u64 = 10_000;
const N_FEATURES: u64 = 60;
const N_MODELS: u64 = 14;

fn rows() -> (Binning, BinnedMatrix) {
    let columns = (0..N_FEATURES)
        .map(|feature| {
            let seed = Seed::new(1).numbered(feature);
            let values = (0..N_ROWS).map(|row| Some(seed.uniform(&row.to_le_bytes()) as f32));
            (format!("feature_{feature}"), Column::numbers(values))
        })
        .collect();
    let matrix = FeatureMatrix::try_new((0..N_ROWS).map(|row| row.to_string()).collect(), columns);
    let matrix = matrix.expect("the columns are well formed");
    let binning = Binning::learn(&[&matrix], &BinningParams::default()).expect("the parameters are in range");
    let binned = binning.apply(&matrix).expect("the matrix has its own signature");
    (binning, binned)
}

fn model(binning: &Binning, seed: Seed) -> AdditiveModel {
    let mut population = Vec::new();
    let mut tables = Vec::new();
    for (feature, bins) in binning.bins().iter().enumerate() {
        let seed = seed.numbered(feature as u64);
        let weight = |bin: usize| ((seed.uniform(&bin.to_le_bytes()) - 0.5) * 1e6) as i32;
        tables.push((feature, (0..bins.n_bins()).map(weight).collect()));
        population.push(vec![1; bins.n_bins()]);
    }
    AdditiveModel::centred(LogOdds::ZERO, tables, &population).expect("the tables fit the bins")
}

fn scoring(criterion: &mut Criterion) {
    let (binning, rows) = rows();
    let models: Vec<_> = (0..N_MODELS).map(|index| model(&binning, Seed::new(2).numbered(index))).collect();
    let bank = MarginBank::new(&models.iter().collect::<Vec<_>>()).expect("the models share their bins");
    let n_models = models.len();
    let mut margins = vec![LogOdds::ZERO; rows.n_rows() * n_models];
    bank.margins_into(&rows, &mut margins).expect("there is room");
    let mut contributions = vec![LogOdds::ZERO; rows.n_features()];
    for (row, margins) in rows.rows().zip(margins.chunks(n_models)) {
        for (model, margin) in models.iter().zip(margins) {
            model.contributions_into(row, &mut contributions);
            let sum: LogOdds = contributions.iter().copied().sum();
            assert_eq!(*margin, model.base() + sum);
            assert_eq!(*margin, model.margin(row));
        }
    }

    let mut group = criterion.benchmark_group("14 models x 60 features");
    group.throughput(Throughput::Elements(N_ROWS));
    group.bench_function("margins, model by model", |bencher| {
        bencher.iter(|| {
            for (model, margins) in models.iter().zip(margins.chunks_mut(rows.n_rows())) {
                model.margins_into(&rows, margins).expect("there is room");
            }
            margins[0]
        });
    });
    group.bench_function("margins, side by side", |bencher| {
        bencher.iter(|| bank.margins_into(&rows, &mut margins).expect("there is room"));
    });
    group.bench_function("every contribution", |bencher| {
        bencher.iter(|| {
            let mut sum = LogOdds::ZERO;
            for row in rows.rows() {
                for model in &models {
                    model.contributions_into(row, &mut contributions);
                    sum = sum + contributions[contributions.len() - 1];
                }
            }
            sum
        });
    });
    group.finish();
}

criterion_group!(benches, scoring);
criterion_main!(benches);
