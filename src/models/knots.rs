//! Piecewise linear curves through knots.

/// The value at `x` of the curve through `knots` (ascending in x): linear between knots, constant outside.
///
/// Exact at the knots and monotone where they are: the share of the way is rounded monotonically, and the result is
/// held within the two values around it. No knots give 0.
pub(super) fn interpolate<K>(knots: &[K], point: impl Fn(&K) -> (f64, f64), x: f64) -> f64 {
    let after = knots.partition_point(|knot| point(knot).0 <= x);
    let left = after.checked_sub(1).and_then(|index| knots.get(index)).map(&point);
    match (left, knots.get(after).map(&point)) {
        (Some((x0, y0)), Some((x1, y1))) => {
            let share = (x - x0) / (x1 - x0);
            (y0 + (y1 - y0) * share).clamp(y0.min(y1), y0.max(y1))
        }
        (Some((_, y)), None) | (None, Some((_, y))) => y,
        (None, None) => 0.0,
    }
}
