//! The best split of one column: some of its places against the others.

use super::sums::{PlaceSums, Sum};
use crate::models::FIRST_BIN;
use crate::training::places::Axis;
use crate::training::step::StepLimits;

/// When levels are put in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::training) enum LevelOrder {
    /// Once for all trees, by what is left at the rate of all rows: a split of many levels has no more ways to fit chance than one of a
    /// number.
    Once,
    /// At every split anew: so a tree can say that other levels are alike there.
    EverySplit,
}

/// Places on one side of a split, a bit each.
pub(super) type PlaceMask = u32;

/// A split and what it is worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Split {
    /// Fall of twice the log loss.
    pub(super) gain: f64,
    /// The places on the left.
    pub(super) left: PlaceMask,
}

/// `G^2 / (H + l2)`: how far twice the log loss falls when rows with these sums take their Newton step.
pub(super) fn worth(sum: Sum, unit: f64, l2: f64) -> f64 {
    let (g, h) = (sum.first as f64 * unit, sum.second as f64 * unit);
    g * g / (h + l2 + 1e-9)
}

/// The split of a column that gains most, at least `limits.min_gain`, where its known places are in this order.
///
/// Missing is tried on either side, and alone.
pub(super) fn best_split(order: &[u8], sums: &PlaceSums, unit: f64, limits: &StepLimits) -> Option<Split> {
    let whole = sums.iter().fold(Sum::default(), |held, sum| held + *sum);
    let unsplit = worth(whole, unit, limits.l2);
    let mut best: Option<Split> = None;
    let mut consider = |left: Sum, mask: PlaceMask| {
        let right = whole - left;
        let least = limits.min_hessian.max(1e-9);
        if (left.second as f64) * unit < least || (right.second as f64) * unit < least {
            return;
        }
        let gain = worth(left, unit, limits.l2) + worth(right, unit, limits.l2) - unsplit;
        if gain > limits.min_gain.max(1e-9) && best.is_none_or(|best| gain > best.gain) {
            best = Some(Split { gain, left: mask });
        }
    };
    let missing = sums[0];
    let (mut left, mut mask) = (Sum::default(), 0);
    for (index, place) in order.iter().enumerate() {
        left = left + sums[usize::from(*place)];
        mask |= 1 << place;
        let is_last = index + 1 == order.len();
        if missing.second > 0 {
            if !is_last {
                consider(left + missing, mask | 1);
            }
            consider(left, mask);
        } else if !is_last {
            consider(left, mask);
        }
    }
    best
}

/// The order in which the known places of a column are split.
///
/// Numbers keep theirs; levels are ordered by `-g / (h + smoothing)` of these sums, and those without rows are left out.
pub(super) fn order(axis: Axis, sums: &PlaceSums, unit: f64, limits: &StepLimits) -> Vec<u8> {
    // At most `MAX_PLACES`.
    let mut order: Vec<u8> = (FIRST_BIN..axis.n_places as u8).collect();
    if axis.is_level {
        order.retain(|place| sums[usize::from(*place)].second > 0);
        let key = |place: u8| {
            let sum = sums[usize::from(place)];
            -(sum.first as f64) / (sum.second as f64 + limits.level_smoothing.max(1e-9) / unit)
        };
        order.sort_by(|&a, &b| key(a).total_cmp(&key(b)).then(a.cmp(&b)));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::MAX_PLACES;

    const FREE: StepLimits =
        StepLimits { leaves: 2, l2: 0.0, min_hessian: 0.0, min_gain: 0.0, level_smoothing: 0.0 };
    const NUMBER: Axis = Axis { n_places: 6, is_level: false };

    fn best(axis: Axis, of: &PlaceSums, limits: &StepLimits) -> Option<Split> {
        best_split(&order(axis, of, 1.0, limits), of, 1.0, limits)
    }

    fn sums(of: &[(i64, i64)]) -> PlaceSums {
        let mut sums = [Sum::default(); MAX_PLACES];
        for (sum, (first, second)) in sums.iter_mut().zip(of) {
            *sum = Sum { first: *first, second: *second };
        }
        sums
    }

    #[test]
    fn numbers_split_where_the_gradient_turns_and_missing_takes_the_better_side() {
        let split = best(NUMBER, &sums(&[(-3, 1), (0, 0), (2, 1), (2, 1), (-4, 1), (-4, 1)]), &FREE).unwrap();
        // Left: places 2 and 3, G 4, H 2; right: the others, G -11, H 3; together G -7, H 5.
        assert_eq!(split.left, 0b1100);
        assert!((split.gain - (8.0 + 121.0 / 3.0 - 49.0 / 5.0)).abs() < 1e-6);
    }

    #[test]
    fn missing_can_stand_alone() {
        let axis = Axis { n_places: 5, ..NUMBER };
        let sums = sums(&[(-3, 1), (0, 0), (1, 1), (1, 1), (1, 1)]);
        let split = best(axis, &sums, &FREE).unwrap();
        assert_eq!(split.left, 0b1_1100);
        assert!((split.gain - (3.0 + 9.0)).abs() < 1e-6);
    }

    #[test]
    fn levels_are_put_in_order_first() {
        let axis = Axis { n_places: 5, is_level: true };
        let split = best(axis, &sums(&[(0, 0), (0, 0), (-3, 1), (6, 1), (-3, 1)]), &FREE).unwrap();
        assert_eq!(split.left, 0b01000);
        assert!((split.gain - (36.0 + 18.0)).abs() < 1e-6);
    }

    #[test]
    fn a_split_must_gain_and_both_sides_must_be_heard() {
        let flat = sums(&[(0, 0), (0, 0), (1, 1), (1, 1)]);
        assert_eq!(best(NUMBER, &flat, &FREE), None);
        let turn = sums(&[(0, 0), (0, 0), (2, 1), (-2, 1)]);
        assert!(best(NUMBER, &turn, &FREE).is_some());
        assert_eq!(best(NUMBER, &turn, &StepLimits { min_hessian: 1.5, ..FREE }), None);
        assert_eq!(best(NUMBER, &turn, &StepLimits { min_gain: 9.0, ..FREE }), None);
    }
}
