//! Values that occur almost only with one outcome: dates filled in on closing, counts that begin with the contract.

use super::{Asked, LeakLimits, LeakReason};
use crate::models::{MAX_BINS, MISSING_BIN};
use crate::training::TrainingSet;

/// Standard errors of a one-sided 95 % bound.
const REACH: f64 = 1.645;

/// Rows of either outcome in some bins.
#[derive(Clone, Copy, Debug, Default)]
struct Rows {
    positives: f64,
    negatives: f64,
}

/// The value of a column, or the absence of one, that occurs almost only with one outcome, if there is one.
///
/// Asked of every bin and of everything but that bin: a number that is 0 for all cases that did not close has its own
/// bin, and so has what is missing.
pub(super) fn only_where(asked: &Asked<'_>, feature: usize) -> Option<LeakReason> {
    let Asked { set, independent, limits, .. } = *asked;
    let (mut bins, mut all) = ([Rows::default(); MAX_BINS], Rows::default());
    for (row, label) in set.rows().binned.rows().zip(set.rows().labels) {
        let one = if *label {
            Rows { positives: 1.0, negatives: 0.0 }
        } else {
            Rows { positives: 0.0, negatives: 1.0 }
        };
        for sum in [&mut bins[usize::from(row[feature])], &mut all] {
            sum.positives += one.positives;
            sum.negatives += one.negatives;
        }
    }
    let mut strongest: Option<(f64, LeakReason)> = None;
    for (bin, inside) in bins.iter().enumerate().filter(|(_, rows)| rows.positives + rows.negatives > 0.0) {
        let outside =
            Rows { positives: all.positives - inside.positives, negatives: all.negatives - inside.negatives };
        for (rows, is_inside) in [(*inside, true), (outside, false)] {
            let factor = odds_factor(rows, all, independent, limits);
            if factor < limits.odds_factor || strongest.as_ref().is_some_and(|(found, _)| *found >= factor) {
                continue;
            }
            let with_outcome = rows.positives / all.positives;
            let without_outcome = rows.negatives / all.negatives;
            let what = words(set, feature, bin, is_inside);
            strongest = Some((factor, LeakReason::OnlyWhere { what, with_outcome, without_outcome }));
        }
    }
    strongest.map(|(_, reason)| reason)
}

/// How many times more often the rows occur with one outcome than with the other, at least; 0 where they cover too
/// little of it.
fn odds_factor(rows: Rows, all: Rows, independent: f64, limits: &LeakLimits) -> f64 {
    let factor = |many: f64, of_many: f64, few: f64, of_few: f64| {
        if many / of_many < limits.covered {
            return 0.0;
        }
        let (low, _) = wilson(many * independent, of_many * independent);
        let (_, high) = wilson(few * independent, of_few * independent);
        low / high
    };
    factor(rows.positives, all.positives, rows.negatives, all.negatives).max(factor(
        rows.negatives,
        all.negatives,
        rows.positives,
        all.positives,
    ))
}

/// The one-sided 95 % bounds of a share (Wilson 1927, <https://doi.org/10.1080/01621459.1927.10502953>).
fn wilson(found: f64, n: f64) -> (f64, f64) {
    let (share, square) = (found / n, REACH * REACH);
    let centre = (share + square / (2.0 * n)) / (1.0 + square / n);
    let half =
        REACH / (1.0 + square / n) * (share * (1.0 - share) / n + square / (4.0 * n * n)).max(0.0).sqrt();
    ((centre - half).max(0.0), centre + half)
}

fn words(set: &TrainingSet<'_>, feature: usize, bin: usize, is_inside: bool) -> String {
    // There are at most 255 bins.
    let bin = bin as u8;
    if bin == MISSING_BIN {
        return if is_inside { "missing" } else { "filled" }.to_owned();
    }
    let range = set.rows().binning.range(feature, bin).map_or_else(String::new, |range| range.to_string());
    if is_inside { format!("at {range:?}") } else { format!("at anything but {range:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_by_hand() {
        // 8 of 10: (0.8 + 0.135301) / 1.270603 +- 1.645 / 1.270603 * sqrt(0.016 + 0.006765).
        let (low, high) = wilson(8.0, 10.0);
        assert!((low - 0.540_768).abs() < 1e-4 && (high - 0.931_451).abs() < 1e-4, "{low} {high}");
        // None of 100: 2.706025 / (100 + 2.706025).
        let (low, high) = wilson(0.0, 100.0);
        assert!(low == 0.0 && (high - 0.026_347).abs() < 1e-4, "{high}");
    }
}
