//! Building features, the dearest part of a run.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]
#![allow(clippy::expect_used, reason = "a bench that meets what it does not expect must fail")]

use std::hint::black_box;
use std::path::Path;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use propensity::features::FeatureBuilder;
use propensity::quantity::AsOf;
use propensity::spec::Spec;
use propensity::tables::{Dataset, ReadOptions};

fn build(criterion: &mut Criterion) {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("data-samples");
    let dataset = Dataset::read(samples, None, &ReadOptions::default()).expect("the samples are sound");
    let spec = Spec::cloudascent().expect("the shipped spec is sound");
    let as_of: AsOf = "2026-01-01".parse().expect("a date");
    let builder = FeatureBuilder::try_new(&spec.features, &dataset).expect("one currency");

    // A fast wrong answer fails: the parts of a split are the whole.
    let whole = builder.build(&dataset, 0..200, as_of).expect("contracts hold");
    let part = builder.build(&dataset, 150..200, as_of).expect("contracts hold");
    assert!((0..whole.n_features()).all(|f| whole.column(f).value(199) == part.column(f).value(49)));

    let mut group = criterion.benchmark_group("features/build");
    for n_accounts in [100_usize, 1000] {
        group.throughput(Throughput::Elements(n_accounts as u64));
        let id = BenchmarkId::from_parameter(format!("rows={n_accounts},cols={}", builder.recipes().len()));
        group.bench_with_input(id, &n_accounts, |bencher, n_accounts| {
            bencher.iter(|| builder.build(black_box(&dataset), 0..*n_accounts, as_of));
        });
    }
    group.finish();
}

criterion_group!(benches, build);
criterion_main!(benches);
