//! One step of a table over two columns: crossed cuts, pure as they are made.
//!
//! A cross cuts one column in two and each side by the other column, so that four values say how the two speak together
//! (Lou, Caruana, Gehrke and Hooker 2013, <https://doi.org/10.1145/2487575.2487579>). Levels have no order of their own
//! and are put in order on each side apart: what they say alone is in the tables of single columns, and so near 0 here.

use super::places::Axis;
use super::step::StepLimits;
use crate::models::{FIRST_BIN, MISSING_BIN, UNSEEN_BIN};

/// Rounds in which means of rows and columns are taken out of a step, each less than what the one before left.
const SWEEPS: usize = 4;
/// Least fall of twice the log loss that a cross must bring: several times what one of many brings by chance.
const LEAST_GAIN: f64 = 4.0;

/// Sums of first and second derivatives.
type Sum = (f64, f64);

/// Places of a column, a bit each.
type Mask = u32;

/// One column cut in two, and each side cut by the other.
#[derive(Clone, Copy, Debug)]
struct Cross {
    /// Which column is cut first.
    first: usize,
    /// Its places on the near side.
    near: Mask,
    /// The places of the other column that are apart, on the near side and on the far one.
    apart: [Mask; 2],
}

/// The sum of at most `crosses` crosses, a value per cell; cells of unseen values do not move.
pub(super) fn cross_step(axes: [Axis; 2], sums: &[Sum], limits: &StepLimits, crosses: usize) -> Vec<f64> {
    let mut step = vec![0.0; sums.len()];
    let mut left = heard(axes, sums);
    for _ in 0..crosses {
        let Some(cross) = best_cross(axes, &left, limits) else { break };
        let piece = values(axes, &left, cross, limits);
        if gain(&left, &piece) <= limits.min_gain.max(LEAST_GAIN) {
            break;
        }
        for ((step, left), piece) in step.iter_mut().zip(&mut left).zip(piece) {
            *step += piece;
            left.0 += left.1 * piece;
        }
    }
    step
}

/// How far twice the log loss of other rows would fall by the cross that is best for the given ones.
///
/// What either column says alone is taken out of both before.
pub(super) fn honest_gain(axes: [Axis; 2], sums: &[Sum], of_others: &[Sum], limits: &StepLimits) -> f64 {
    let [sums, of_others] = [sums, of_others].map(|sums| {
        let mut sums = heard(axes, sums);
        let alone = alone(axes, &sums);
        sums.iter_mut().zip(alone).for_each(|(sum, alone)| sum.0 += sum.1 * alone);
        sums
    });
    best_cross(axes, &sums, limits).map_or(0.0, |cross| gain(&of_others, &values(axes, &sums, cross, limits)))
}

/// Sums without those of cells of unseen values.
fn heard(axes: [Axis; 2], sums: &[Sum]) -> Vec<Sum> {
    let unseen = usize::from(UNSEEN_BIN);
    let is_heard = |cell: usize| cell / axes[1].n_places != unseen && cell % axes[1].n_places != unseen;
    sums.iter().enumerate().map(|(cell, sum)| if is_heard(cell) { *sum } else { (0.0, 0.0) }).collect()
}

fn add(a: Sum, b: Sum) -> Sum {
    (a.0 + b.0, a.1 + b.1)
}

fn less(a: Sum, b: Sum) -> Sum {
    (a.0 - b.0, a.1 - b.1)
}

fn worth((g, h): Sum, limits: &StepLimits) -> f64 {
    g * g / (h + limits.l2 + 1e-9)
}

/// The Newton step of either column alone, in turn, as the sum in every cell.
fn alone(axes: [Axis; 2], sums: &[Sum]) -> Vec<f64> {
    let width = axes[1].n_places;
    let mut step = vec![0.0; sums.len()];
    for _ in 0..SWEEPS {
        for (side, axis) in axes.iter().enumerate() {
            let place = |cell: usize| if side == 0 { cell / width } else { cell % width };
            let mut of_places = vec![(0.0, 0.0); axis.n_places];
            for (cell, ((g, h), step)) in sums.iter().zip(&step).enumerate() {
                of_places[place(cell)] = add(of_places[place(cell)], (g + h * step, *h));
            }
            for (cell, step) in step.iter_mut().enumerate() {
                let (g, h) = of_places[place(cell)];
                *step -= if h > 0.0 { g / h } else { 0.0 };
            }
        }
    }
    step
}

/// The cross whose four values would lower the loss most, were they free.
fn best_cross(axes: [Axis; 2], sums: &[Sum], limits: &StepLimits) -> Option<Cross> {
    let width = axes[1].n_places;
    let mut best: Option<(f64, Cross)> = None;
    for first in 0..2 {
        let (rows, columns) = (axes[first].n_places, axes[1 - first].n_places);
        let at =
            |row: usize, column: usize| if first == 0 { row * width + column } else { column * width + row };
        let of_row = |row: usize| (0..columns).map(move |column| sums[at(row, column)]);
        let mut whole = vec![(0.0, 0.0); columns];
        for row in 0..rows {
            whole.iter_mut().zip(of_row(row)).for_each(|(held, sum)| *held = add(*held, sum));
        }
        let (mut near, mut mask) = (vec![(0.0, 0.0); columns], 0);
        for row in (0..rows).filter(|row| *row != usize::from(UNSEEN_BIN)) {
            if axes[first].is_level {
                (near, mask) = (vec![(0.0, 0.0); columns], 0);
            }
            mask |= 1 << row;
            near.iter_mut().zip(of_row(row)).for_each(|(held, sum)| *held = add(*held, sum));
            let far: Vec<Sum> = whole.iter().zip(&near).map(|(whole, near)| less(*whole, *near)).collect();
            let sides = [cut(axes[1 - first], &near, limits), cut(axes[1 - first], &far, limits)];
            if let [Some(on_near), Some(on_far)] = sides {
                let worth = on_near.0 + on_far.0;
                if best.is_none_or(|(most, _)| worth > most) {
                    best = Some((worth, Cross { first, near: mask, apart: [on_near.1, on_far.1] }));
                }
            }
        }
    }
    best.map(|(_, cross)| cross)
}

/// The cut in two of a column's places that is worth most, what both sides are worth, and the places of the one side.
fn cut(axis: Axis, sums: &[Sum], limits: &StepLimits) -> Option<(f64, Mask)> {
    let first = usize::from(FIRST_BIN);
    let mut order: Vec<usize> = (first..axis.n_places).collect();
    order.insert(0, usize::from(MISSING_BIN));
    order.retain(|place| sums[*place].1 > 0.0);
    if axis.is_level {
        let key = |place: usize| -sums[place].0 / (sums[place].1 + limits.level_smoothing.max(1e-9));
        order.sort_by(|&a, &b| key(a).total_cmp(&key(b)).then(a.cmp(&b)));
    }
    let whole = order.iter().fold((0.0, 0.0), |held, place| add(held, sums[*place]));
    let least = limits.min_hessian.max(1e-9);
    let (mut near, mut mask) = ((0.0, 0.0), 0);
    let mut best: Option<(f64, Mask)> = None;
    for place in order {
        near = add(near, sums[place]);
        mask |= 1 << place;
        let far = less(whole, near);
        if near.1 >= least && far.1 >= least {
            let worth = worth(near, limits) + worth(far, limits);
            if best.is_none_or(|(most, _)| worth > most) {
                best = Some((worth, mask));
            }
        }
    }
    best
}

/// The four Newton steps of a cross without what either column says alone: one value per cell.
fn values(axes: [Axis; 2], sums: &[Sum], cross: Cross, limits: &StepLimits) -> Vec<f64> {
    let width = axes[1].n_places;
    let part = |cell: usize| {
        let places = [cell / width, cell % width];
        let side = usize::from(cross.near >> places[cross.first] & 1 == 0);
        2 * side + usize::from(cross.apart[side] >> places[1 - cross.first] & 1 == 0)
    };
    let mut parts = [(0.0, 0.0); 4];
    for (cell, sum) in sums.iter().enumerate() {
        parts[part(cell)] = add(parts[part(cell)], *sum);
    }
    let steps = parts.map(|(g, h)| if h > 0.0 { -g / (h + limits.l2) } else { 0.0 });
    // Of a value `v` with curvature `h`, the mean over a place is its Newton step at the gradient `-h v`.
    let as_sums: Vec<Sum> =
        sums.iter().enumerate().map(|(cell, (_, h))| (h * steps[part(cell)], *h)).collect();
    let mean = alone(axes, &as_sums);
    let unseen = usize::from(UNSEEN_BIN);
    (0..sums.len())
        .map(|cell| {
            let is_heard = cell / width != unseen && cell % width != unseen;
            if is_heard && sums[cell].1 > 0.0 { steps[part(cell)] + mean[cell] } else { 0.0 }
        })
        .collect()
}

/// How far twice the log loss falls by a step.
fn gain(sums: &[Sum], step: &[f64]) -> f64 {
    sums.iter().zip(step).map(|((g, h), v)| -2.0 * g * v - h * v * v).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: StepLimits =
        StepLimits { leaves: 2, l2: 0.0, min_hessian: 0.0, min_gain: 0.0, level_smoothing: 0.0 };
    const NUMBER: Axis = Axis { n_places: 4, is_level: false };

    /// Known cells of two by two places; nothing missing or unseen.
    fn known(of: [[Sum; 2]; 2]) -> Vec<Sum> {
        let mut sums = vec![(0.0, 0.0); 16];
        for (row, of_row) in of.iter().enumerate() {
            for (column, sum) in of_row.iter().enumerate() {
                sums[(row + 2) * 4 + column + 2] = *sum;
            }
        }
        sums
    }

    #[test]
    fn a_cross_is_what_is_left_without_rows_and_columns() {
        // Newton steps -2, -4 / -6, -16 with even weights: mean -7, rows +4 and -4, columns +3 and -3; left -2, 2 / 2, -2.
        let sums = known([[(2.0, 1.0), (4.0, 1.0)], [(6.0, 1.0), (16.0, 1.0)]]);
        let step = cross_step([NUMBER; 2], &sums, &FREE, 3);
        let expected = known([[(-2.0, 0.0), (2.0, 0.0)], [(2.0, 0.0), (-2.0, 0.0)]]);
        for (step, (expected, _)) in step.iter().zip(expected) {
            assert!((step - expected).abs() < 1e-9, "{step} for {expected}");
        }
    }

    #[test]
    fn noise_moves_nothing_and_neither_do_unseen_values() {
        let mut sums = known([[(0.5, 1.0), (-0.5, 1.0)], [(-0.5, 1.0), (0.5, 1.0)]]);
        // It would lower twice the loss by 1.
        assert_eq!(cross_step([NUMBER; 2], &sums, &FREE, 3), [0.0; 16]);
        let strong = known([[(-9.0, 1.0), (9.0, 1.0)], [(9.0, 1.0), (-9.0, 1.0)]]);
        sums.copy_from_slice(&strong);
        // Unseen beside either known place.
        (sums[6], sums[7]) = ((99.0, 1.0), (-99.0, 1.0));
        let step = cross_step([NUMBER; 2], &sums, &FREE, 1);
        assert!(step[4..8].iter().all(|value| *value == 0.0), "{step:?}");
        assert!((step[10] - 9.0).abs() < 1e-9, "{step:?}");
    }

    #[test]
    fn levels_are_put_in_order_on_each_side() {
        // Three levels; on the near side of the number the second is high, on the far side it is low.
        let level = Axis { n_places: 5, is_level: true };
        let mut sums = vec![(0.0, 0.0); 20];
        for (place, g) in [(2, 6.0), (3, -12.0), (4, 6.0)] {
            sums[2 * 5 + place] = (g, 2.0);
            sums[3 * 5 + place] = (-g, 2.0);
        }
        let step = cross_step([NUMBER, level], &sums, &FREE, 1);
        let found: Vec<i32> = [12, 13, 14, 17, 18, 19].map(|cell| step[cell].round() as i32).to_vec();
        assert_eq!(found, [-3, 6, -3, 3, -6, 3]);
    }

    #[test]
    fn what_one_column_says_alone_is_no_gain_of_two() {
        let alone = known([[(-9.0, 3.0), (-9.0, 3.0)], [(9.0, 3.0), (9.0, 3.0)]]);
        assert!(honest_gain([NUMBER; 2], &alone, &alone, &FREE).abs() < 1e-9);
        let together = known([[(-9.0, 3.0), (9.0, 3.0)], [(9.0, 3.0), (-9.0, 3.0)]]);
        // Four cells of 81 / 3 each, and the same lost on rows that say the opposite, plus what the step itself costs.
        assert!((honest_gain([NUMBER; 2], &together, &together, &FREE) - 108.0).abs() < 1e-6);
        let opposite: Vec<Sum> = together.iter().map(|(g, h)| (-g, *h)).collect();
        assert!((honest_gain([NUMBER; 2], &together, &opposite, &FREE) + 324.0).abs() < 1e-6);
    }
}
