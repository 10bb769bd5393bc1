//! Floor 3: placing accounts in the grid and putting them in the order of work.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use propensity::grid::{Cluster, Cuts, GridScheme, Priority};
use propensity::quantity::Score;
use propensity::seed::Seed;

/// An account with its two scores; one in eight lacks an intent score, one in sixteen a fit score.
struct Account {
    id: String,
    fit: Option<Score>,
    intent: Option<Score>,
}

fn accounts(rows: u32) -> Vec<Account> {
    let score = |purpose: &str, row: u32, missing: f64| {
        let drawn = Seed::new(1).named(purpose).uniform(&row.to_le_bytes());
        (drawn >= missing).then(|| Score::from_thousandths((drawn * 100_000.0) as u32))
    };
    (0..rows)
        .map(|row| Account {
            id: format!("account-{row:07}"),
            fit: score("fit", row, 0.0625),
            intent: score("intent", row, 0.125),
        })
        .collect()
}

fn place(c: &mut Criterion) {
    let (scheme, cuts) = (GridScheme::default(), Cuts::default());
    let mut group = c.benchmark_group("grid/place");
    for rows in [10_000, 100_000] {
        let accounts = accounts(rows);
        let not_scored = |accounts: &[Account]| {
            let placed =
                accounts.iter().map(|account| scheme.place(account.fit, account.intent, &cuts, &cuts));
            placed.filter(|placement| placement.cluster == Cluster::NotScored).count()
        };
        let expected = accounts.iter().filter(|account| account.fit.is_none()).count();
        assert_eq!(not_scored(&accounts), expected, "a fast wrong answer is no answer");
        group.throughput(Throughput::Elements(u64::from(rows)));
        group.bench_function(BenchmarkId::from_parameter(format!("rows={rows}")), |b| {
            b.iter(|| not_scored(black_box(&accounts)));
        });
    }
    group.finish();
}

fn order(c: &mut Criterion) {
    let (scheme, cuts) = (GridScheme::default(), Cuts::default());
    let mut group = c.benchmark_group("grid/order");
    for rows in [10_000, 100_000] {
        let accounts = accounts(rows);
        let list: Vec<Priority<'_>> = accounts
            .iter()
            .map(|account| Priority {
                rank: scheme.place(account.fit, account.intent, &cuts, &cuts).rank,
                fit: account.fit,
                intent: account.intent,
                id: &account.id,
            })
            .collect();
        group.throughput(Throughput::Elements(u64::from(rows)));
        group.bench_function(BenchmarkId::from_parameter(format!("rows={rows}")), |b| {
            b.iter(|| {
                let mut list = black_box(&list).clone();
                list.sort_unstable();
                list
            });
        });
    }
    group.finish();
}

criterion_group!(benches, place, order);
criterion_main!(benches);
