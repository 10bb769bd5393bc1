//! One step of one table: a few values over ordered bins.

use crate::models::{FIRST_BIN, FeatureBins};

/// What limits a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct StepLimits {
    pub(super) leaves: usize,
    pub(super) l2: f64,
    pub(super) min_hessian: f64,
    pub(super) level_smoothing: f64,
}

/// A run of ordered bins and the best way to split it.
#[derive(Clone, Copy, Debug)]
struct Segment {
    start: usize,
    end: usize,
    best: Option<(f64, usize)>,
}

/// The Newton step of one feature: `-g / (h + l2)` on at most `leaves` runs of its bins, as log-odds per bin.
///
/// Numbers keep their order; levels are ordered by `-g / (h + smoothing)`. Missing and unseen have a value of their
/// own. The step is centred: its mean, weighted by `h`, is 0, so that steps of several features do not push the
/// intercept together. Bins of levels without rows do not move.
pub(super) fn step(bins: &FeatureBins, sums: &[(f64, f64)], limits: &StepLimits) -> Vec<f64> {
    let n_bins = bins.n_bins();
    let first = usize::from(FIRST_BIN);
    let mut order: Vec<usize> = (first..n_bins).collect();
    if matches!(bins, FeatureBins::Level { .. }) {
        order.retain(|&bin| sums[bin].1 > 0.0);
        let key = |bin: usize| -sums[bin].0 / (sums[bin].1 + limits.level_smoothing.max(1e-9));
        order.sort_by(|&a, &b| key(a).total_cmp(&key(b)).then(a.cmp(&b)));
    }
    let mut step = vec![0.0; n_bins];
    for apart in 0..first {
        step[apart] = newton(sums[apart], limits.l2);
    }
    for segment in segments(&order, sums, limits) {
        let run = &order[segment.start..segment.end];
        let sum = run.iter().fold((0.0, 0.0), |sum, &bin| (sum.0 + sums[bin].0, sum.1 + sums[bin].1));
        let value = newton(sum, limits.l2);
        for &bin in run {
            step[bin] = value;
        }
    }
    let (moved, weight) =
        step.iter().zip(sums).fold((0.0, 0.0), |held, (value, sum)| (held.0 + value * sum.1, held.1 + sum.1));
    if weight > 0.0 {
        let mean = moved / weight;
        for (value, sum) in step.iter_mut().zip(sums) {
            if sum.1 > 0.0 || *value != 0.0 {
                *value -= mean;
            }
        }
    }
    step
}

fn newton(sum: (f64, f64), l2: f64) -> f64 {
    if sum.1 > 0.0 { -sum.0 / (sum.1 + l2) } else { 0.0 }
}

/// Splits the ordered bins greedily where the loss falls most.
fn segments(order: &[usize], sums: &[(f64, f64)], limits: &StepLimits) -> Vec<Segment> {
    let mut prefix = Vec::with_capacity(order.len() + 1);
    let mut held = (0.0, 0.0);
    prefix.push(held);
    for &bin in order {
        held = (held.0 + sums[bin].0, held.1 + sums[bin].1);
        prefix.push(held);
    }
    let mut found =
        vec![Segment { start: 0, end: order.len(), best: best_split(&prefix, 0, order.len(), limits) }];
    while found.len() < limits.leaves {
        let mut widest: Option<(f64, usize, usize)> = None;
        for (index, segment) in found.iter().enumerate() {
            if let Some((gain, at)) = segment.best
                && widest.is_none_or(|(most, ..)| gain > most)
            {
                widest = Some((gain, index, at));
            }
        }
        let Some((_, index, at)) = widest else { break };
        let Segment { start, end, .. } = found[index];
        found[index] = Segment { start, end: at, best: best_split(&prefix, start, at, limits) };
        found.push(Segment { start: at, end, best: best_split(&prefix, at, end, limits) });
    }
    found
}

fn best_split(prefix: &[(f64, f64)], start: usize, end: usize, limits: &StepLimits) -> Option<(f64, usize)> {
    let (from, to) = (prefix[start], prefix[end]);
    let value = |g: f64, h: f64| g * g / (h + limits.l2 + 1e-9);
    let whole = value(to.0 - from.0, to.1 - from.1);
    let mut best: Option<(f64, usize)> = None;
    for at in start + 1..end {
        let here = prefix[at];
        let (left, right) = (here.1 - from.1, to.1 - here.1);
        if left < limits.min_hessian || right < limits.min_hessian {
            continue;
        }
        let gain = value(here.0 - from.0, left) + value(to.0 - here.0, right) - whole;
        if gain > 1e-9 && best.is_none_or(|(most, _)| gain > most) {
            best = Some((gain, at));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: StepLimits = StepLimits { leaves: 2, l2: 0.0, min_hessian: 0.0, level_smoothing: 0.0 };

    #[test]
    fn numbers_split_where_the_gradient_turns() {
        let bins = FeatureBins::Number { cuts: vec![1.0, 2.0, 3.0] };
        // Missing (none), unseen (none), then four bins.
        let sums = [(0.0, 0.0), (0.0, 0.0), (2.0, 1.0), (2.0, 1.0), (-4.0, 1.0), (-4.0, 1.0)];
        // Values -2 and 4, centred by their mean 1; missing has no rows and does not move.
        assert_eq!(step(&bins, &sums, &FREE), [0.0, 0.0, -3.0, -3.0, 3.0, 3.0]);
    }

    #[test]
    fn levels_are_put_in_order_first_and_missing_stands_alone() {
        let bins = FeatureBins::Level { levels: vec!["a".into(), "b".into(), "c".into()] };
        let sums = [(-6.0, 1.0), (0.0, 0.0), (-3.0, 1.0), (6.0, 1.0), (-3.0, 1.0)];
        // Missing 6; a and c together 3; b -6; mean (6 + 3 + 3 - 6) / 4 = 1.5.
        assert_eq!(step(&bins, &sums, &FREE), [4.5, 0.0, 1.5, -7.5, 1.5]);
    }

    #[test]
    fn shrinkage_and_least_support_hold_a_step_back() {
        let bins = FeatureBins::Number { cuts: vec![1.0] };
        let sums = [(0.0, 0.0), (0.0, 0.0), (2.0, 1.0), (-2.0, 1.0)];
        assert_eq!(step(&bins, &sums, &StepLimits { l2: 1.0, ..FREE }), [0.0, 0.0, -1.0, 1.0]);
        assert_eq!(step(&bins, &sums, &StepLimits { min_hessian: 1.5, ..FREE }), [0.0; 4]);
    }
}
