//! The dates intent models learn from.

use crate::quantity::AsOf;
use crate::spec::Spec;
use crate::tables::Dataset;

/// Monthly dates, oldest first. The outcome of each is known: `date + horizon <= as_of`. Dates at which the data had
/// not begun are left out; a data set that is shorter than the horizon gives none.
pub(super) fn dates(spec: &Spec, dataset: &Dataset, as_of: AsOf) -> Vec<AsOf> {
    let horizon = i32::from(spec.intent.horizon_months.get());
    let count = i32::from(spec.intent.snapshots.get());
    let begun = dataset.time_span().map_or(i64::MIN, |(first, _)| first);
    let mut dates: Vec<AsOf> = (0..count)
        .map(|month| as_of.plus_months(-horizon - month))
        // The end of a shorter month plus the horizon may pass the date; such a date would leak its last days.
        .filter(|date| date.plus_months(horizon) <= as_of && date.micros() > begun)
        .collect();
    dates.reverse();
    dates
}
