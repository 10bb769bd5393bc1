//! The dates intent models learn from.

use crate::quantity::AsOf;
use crate::spec::Spec;
use crate::tables::Dataset;

/// Monthly dates, oldest first. The outcome of each is known: `date + horizon + label delay <= as_of`. The latest judges; between it and
/// the others lies a purge gap: `date + horizon <= latest`, so that no outcome that is learned from falls into the time on
/// which the model is judged (Lopez de Prado 2018, Advances in Financial Machine Learning, 7.4). Dates at which the data had
/// not begun are left out; a data set that is shorter than the horizon gives none.
pub(super) fn dates(spec: &Spec, dataset: &Dataset, as_of: AsOf) -> Vec<AsOf> {
    let horizon = i32::from(spec.intent.horizon_months.get());
    let count = i32::from(spec.intent.snapshots.get());
    let begun = dataset.time_span().map_or(i64::MIN, |(first, _)| first);
    let mut dates: Vec<AsOf> = (0..count)
        .map(|number| if number == 0 { 0 } else { number + horizon - 1 })
        .filter_map(|month| spec.intent.complete(as_of, month))
        .filter(|date| date.micros() > begun)
        .collect();
    let latest = dates.first().copied();
    dates.retain(|date| latest.is_some_and(|latest| *date == latest || date.plus_months(horizon) <= latest));
    dates.reverse();
    dates
}
