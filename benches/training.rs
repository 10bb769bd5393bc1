//! Beside the line: binning, histogram building, screening of pairs and sets, and a full fit, on 40,000 rows of 24 features with one pair in the truth.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]
#![allow(clippy::expect_used, reason = "a bench that cannot be set up has nothing to time")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use propensity::matrix::{Column, FeatureMatrix};
use propensity::models::{BinnedMatrix, Binning, BinningParams, FittedModel};
use propensity::parallelism::Parallelism;
use propensity::quantity::LogOdds;
use propensity::seed::Seed;
use propensity::training::{AdditiveParams, TrainingRows, TrainingSet};

const N_ROWS: u64 = 40_000;
const N_FEATURES: u64 = 24;

fn cases() -> (FeatureMatrix, Vec<bool>) {
    let seed = Seed::new(1);
    let draw = |feature: u64, row: u64| seed.numbered(feature).uniform(&row.to_le_bytes());
    let columns = (0..N_FEATURES)
        .map(|feature| {
            // Numbers with gaps, counts and flags.
            let value = |row| match feature % 3 {
                0 => (draw(feature + 100, row) > 0.15).then(|| draw(feature, row) as f32),
                1 => Some((draw(feature, row) * 8.0).floor() as f32),
                _ => Some(draw(feature, row).round() as f32),
            };
            (format!("feature_{feature}"), Column::numbers((0..N_ROWS).map(value)))
        })
        .collect();
    let labels = (0..N_ROWS).map(|row| {
        let together = if (draw(0, row) > 0.5) == (draw(3, row) > 0.5) { 0.8 } else { -0.8 };
        let alone = 2.0 * draw(1, row) - 1.5 * draw(2, row).round();
        let odds = LogOdds::try_from(together + alone - 2.0).expect("small");
        draw(99, row) < odds.probability().value()
    });
    let ids = (0..N_ROWS).map(|row| row.to_string()).collect();
    (FeatureMatrix::try_new(ids, columns).expect("the columns are well formed"), labels.collect())
}

fn fit(binning: &Binning, binned: &BinnedMatrix, labels: &[bool], params: &AdditiveParams) -> FittedModel {
    let groups: Vec<u64> = (0..N_ROWS).collect();
    let rows = TrainingRows::new(binning, binned, labels, &groups);
    let set = TrainingSet::try_new(rows).expect("the rows are well formed");
    params.fit(&set, Seed::new(2), &Parallelism::serial()).expect("the rows can be learned from").model
}

fn training(criterion: &mut Criterion) {
    let (matrix, labels) = cases();
    let binning = Binning::learn(&[&matrix], &BinningParams::default()).expect("the parameters are in range");
    let binned = binning.apply(&matrix).expect("the matrix has its own signature");
    // One round is one pass over the rows for histograms, a step of every table, and a look at the stopping rows.
    let one_round = AdditiveParams { rounds: 4, bags: 3, ..AdditiveParams::default() };
    // Four rounds of single columns, every pair asked once, four rounds with the pairs that were found.
    let screening =
        AdditiveParams { rounds: 4, bags: 3, rows_at_once: 1, ..AdditiveParams::with_joint_tables() };
    // Two searches of four trees, and four trees over the sets they found.
    let trees = AdditiveParams { rounds: 4, bags: 3, ..AdditiveParams::with_joint_tables() };
    let whole = AdditiveParams { bags: 3, rounds: 200, ..AdditiveParams::with_joint_tables() };
    let at_once = AdditiveParams { rows_at_once: 1, ..whole };
    for params in [&whole, &at_once] {
        let found = fit(&binning, &binned, &labels, params);
        assert!(found.additive().joint().iter().any(|table| table.features() == [0, 3]));
    }

    let mut group = criterion.benchmark_group("40,000 rows x 24 features");
    group.sample_size(10);
    group.throughput(Throughput::Elements(N_ROWS));
    group.bench_function("binning: learning bins", |bencher| {
        bencher.iter(|| Binning::learn(&[black_box(&matrix)], &BinningParams::default()));
    });
    group.bench_function("binning: applying bins", |bencher| {
        bencher.iter(|| binning.apply(black_box(&matrix)));
    });
    for (name, params) in [
        ("histogram building: four rounds in three bags", &one_round),
        ("pair screening: all pairs, with eight rounds in three bags", &screening),
        ("screening of sets by trees: twelve trees in three bags", &trees),
        ("a full fit: 200 trees in three bags", &whole),
        ("a full fit: all tables at once in three bags", &at_once),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| fit(&binning, &binned, &labels, black_box(params)));
        });
    }
    group.finish();
}

criterion_group!(benches, training);
criterion_main!(benches);
