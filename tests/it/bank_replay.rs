//! `bank_marketing` in date order: a frozen model loses, a calibrated one less, a retrained one least, and drift is flagged
//! before the loss shows. Skipped where the data is absent.

#[path = "../../benches/replay/steps.rs"]
mod steps;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use propensity::drift::Level;
use propensity::parallelism::Parallelism;
use steps::{Replay, Step};

#[test]
fn what_follows_the_market_beats_what_is_frozen() {
    let root = std::env::var_os("PROPENSITY_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let table = root.join("data/bank_marketing/bank-full.csv");
    if !table.exists() {
        println!("skipped: {} is not there", table.display());
        return;
    }
    let parallelism = Parallelism::threads(NonZeroUsize::MIN.saturating_add(1)).unwrap();
    let replay = Replay::run(&table, &parallelism).unwrap();
    let numbers: Vec<usize> = replay.steps.iter().map(|step| step.number).collect();
    assert_eq!(numbers, (11..=20).collect::<Vec<_>>());
    assert_eq!(replay.steps.iter().map(|step| step.rows).sum::<usize>(), 22_606);
    // Half of the last rows buy, where hardly one in twenty did when the frozen model was trained.
    let last = &replay.steps[9];
    assert!((0.4..0.6).contains(&(last.positives as f64 / last.rows as f64)), "{last:?}");
    for step in &replay.steps {
        assert_eq!(step.level, Level::of_psi(step.feature_psi.max(step.score_psi)), "{step:?}");
    }
    // All four say the same of the first step after the training.
    let first = &replay.steps[0];
    assert_eq!([first.recalibrated, first.updated, first.retrained], [first.frozen; 3]);

    let mean = |of: fn(&Step) -> f64| replay.mean(of);
    let (frozen, recalibrated) = (mean(|step| step.frozen), mean(|step| step.recalibrated));
    let (updated, retrained) = (mean(|step| step.updated), mean(|step| step.retrained));
    assert!(frozen > recalibrated + 0.05, "{frozen} {recalibrated}");
    assert!(recalibrated > retrained, "{recalibrated} {retrained}");
    assert!(frozen > updated + 0.05, "{frozen} {updated}");
    // The rows of a step are flagged while they are scored; that the loss has left its band is seen when their outcomes
    // are known.
    let (flagged, lost) = (replay.flagged().unwrap(), replay.lost().unwrap());
    assert!(flagged <= lost, "flagged at {flagged}, lost after {lost}");
}
