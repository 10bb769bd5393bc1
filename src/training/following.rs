//! Tables that keep to their trend while they are corrected.

use super::step::following;
use crate::models::{FIRST_BIN, FittedModel, Trend};

/// Changes a correction so that the feature's table follows its trend with it.
pub(super) fn keep_trend(
    trend: Trend,
    model: &FittedModel,
    feature: usize,
    population: &[u64],
    correction: &mut [i32],
) {
    let first = usize::from(FIRST_BIN);
    let table = model.additive().tables().iter().find(|table| table.feature() == feature);
    let was = |bin: usize| table.map_or(0, |table| table.weights()[bin]);
    let values: Vec<f64> =
        (first..correction.len()).map(|bin| f64::from(was(bin) + correction[bin])).collect();
    let weights: Vec<f64> = population[first..].iter().map(|rows| *rows as f64).collect();
    for (bin, value) in (first..).zip(following(trend, &values, &weights)) {
        correction[bin] = value.round() as i32 - was(bin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::{Column, FeatureMatrix};
    use crate::models::{Binning, BinningParams, Scorer};
    use crate::parallelism::Parallelism;
    use crate::quantity::LogOdds;
    use crate::seed::Seed;
    use crate::training::{AdditiveParams, TrainingRows, TrainingSet, UpdateParams};

    const ROWS: usize = 3000;

    #[test]
    fn a_table_keeps_its_trend_when_the_market_turns_against_it() {
        let ids = (0..ROWS).map(|row| row.to_string()).collect();
        let visits = Column::numbers((0..ROWS).map(|row| Some((row % 20) as f32)));
        let matrix = FeatureMatrix::try_new(ids, vec![("visits".to_owned(), visits)]).unwrap();
        let binning = Binning::learn(&[&matrix], &BinningParams::default()).unwrap();
        let binned = binning.apply(&matrix).unwrap();
        let groups: Vec<u64> = (0..ROWS as u64).collect();
        let bought = |rate: &dyn Fn(usize) -> f64, seed: u64| -> Vec<bool> {
            (0..ROWS).map(|row| Seed::new(seed).uniform(&row.to_le_bytes()) < rate(row % 20)).collect()
        };
        let before = bought(&|visits| 0.02 * visits as f64, 1);
        // Those who visit most stay away; nobody with 3 visits is among them.
        let since = bought(&|visits| if visits > 12 { 0.01 } else { 0.02 * visits as f64 }, 2);
        let (binning, rising) = (&binning, [Trend::Rising]);
        let rows = TrainingRows::new(binning, &binned, &before, &groups);
        let set = TrainingSet::try_new(rows).unwrap().with_trends(&rising).unwrap();
        let model = AdditiveParams::default().fit(&set, Seed::new(0), &Parallelism::serial()).unwrap().model;
        let kept: Vec<usize> = (0..ROWS).filter(|row| row % 20 != 3).collect();
        let some = binned.select_rows(&kept);
        let labels: Vec<bool> = kept.iter().map(|row| since[*row]).collect();
        let rows = TrainingRows { binned: &some, labels: &labels, groups: &groups[..kept.len()], ..rows };
        let free = TrainingSet::try_new(rows).unwrap();
        let by_visits =
            |model: &FittedModel| (0..20).map(|row| model.margin(binned.row(row))).collect::<Vec<LogOdds>>();
        let params = UpdateParams { l1: 0.0, ..UpdateParams::default() };
        let turned = by_visits(&params.update(&model, &free).unwrap());
        assert!(!turned.is_sorted(), "{turned:?}");
        let held = by_visits(&params.update(&model, &free.with_trends(&rising).unwrap()).unwrap());
        assert!(held.is_sorted() && held != by_visits(&model), "{held:?}");
    }
}
