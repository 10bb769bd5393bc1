//! One step of one table: a few values over ordered bins.

use crate::models::{FIRST_BIN, FeatureBins, Trend};

/// What limits a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct StepLimits {
    pub(super) leaves: usize,
    pub(super) l2: f64,
    pub(super) min_hessian: f64,
    pub(super) min_gain: f64,
    pub(super) level_smoothing: f64,
}

/// How the values of a step may follow each other along ordered bins.
fn follow(trend: Trend, runs: Vec<Run>, l2: f64) -> Vec<Run> {
    let falls = |before: &Run, after: &Run| match trend {
        Trend::Free => false,
        Trend::Rising => newton(before.sum, l2) > newton(after.sum, l2),
        Trend::Falling => newton(before.sum, l2) < newton(after.sum, l2),
    };
    let mut kept: Vec<Run> = Vec::with_capacity(runs.len());
    for run in runs {
        let mut last = run;
        while let Some(before) = kept.pop_if(|before| falls(before, &last)) {
            let sum = (before.sum.0 + last.sum.0, before.sum.1 + last.sum.1);
            last = Run { start: before.start, end: last.end, sum };
        }
        kept.push(last);
    }
    kept
}

/// Values of ordered bins that follow the trend: neighbours that break it take their mean by weight.
pub(super) fn following(trend: Trend, values: &[f64], weights: &[f64]) -> Vec<f64> {
    let bins = values.iter().zip(weights).enumerate();
    let runs =
        bins.map(|(bin, (value, weight))| Run { start: bin, end: bin + 1, sum: (-value * weight, *weight) });
    let followed = follow(trend, runs.collect(), 0.0);
    followed.iter().flat_map(|run| std::iter::repeat_n(newton(run.sum, 0.0), run.end - run.start)).collect()
}

/// Ordered bins that take one value, and their sums.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Run {
    start: usize,
    end: usize,
    sum: (f64, f64),
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
/// Numbers keep their order; levels are ordered by `-g / (h + smoothing)`. Missing and unseen have a value of
/// their own. The step is centred: its mean, weighted by `h`, is 0, so that steps of several features do not
/// push the intercept together. Bins of numbers without rows move with their run, those of levels do not move. Runs that break the trend are put together
/// (pooled adjacent violators), so that a sum of steps keeps to it.
pub(super) fn step(bins: &FeatureBins, trend: Trend, sums: &[(f64, f64)], limits: &StepLimits) -> Vec<f64> {
    let n_bins = bins.n_bins();
    let first = usize::from(FIRST_BIN);
    let mut order: Vec<usize> = (first..n_bins).collect();
    if matches!(bins, FeatureBins::Level { .. }) {
        order.retain(|&bin| sums[bin].1 > 0.0);
        let key = |bin: usize| -sums[bin].0 / (sums[bin].1 + limits.level_smoothing.max(1e-9));
        order.sort_by(|&a, &b| key(a).total_cmp(&key(b)).then(a.cmp(&b)));
    }
    let (mut step, mut moves) = (vec![0.0; n_bins], vec![false; n_bins]);
    for apart in 0..first {
        step[apart] = newton(sums[apart], limits.l2);
        moves[apart] = sums[apart].1 > 0.0;
    }
    let mut found = segments(&order, sums, limits);
    found.sort_by_key(|segment| segment.start);
    let runs = found.iter().map(|&Segment { start, end, .. }| {
        let sum =
            order[start..end].iter().fold((0.0, 0.0), |sum, &bin| (sum.0 + sums[bin].0, sum.1 + sums[bin].1));
        Run { start, end, sum }
    });
    for run in follow(trend, runs.collect(), limits.l2) {
        let value = newton(run.sum, limits.l2);
        for &bin in &order[run.start..run.end] {
            (step[bin], moves[bin]) = (value, true);
        }
    }
    let (moved, weight) =
        step.iter().zip(sums).fold((0.0, 0.0), |held, (value, sum)| (held.0 + value * sum.1, held.1 + sum.1));
    if weight > 0.0 {
        let mean = moved / weight;
        for (value, moves) in step.iter_mut().zip(moves) {
            if moves {
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
    for (at, here) in prefix.iter().enumerate().take(end).skip(start + 1) {
        let (left, right) = (here.1 - from.1, to.1 - here.1);
        if left < limits.min_hessian || right < limits.min_hessian {
            continue;
        }
        let gain = value(here.0 - from.0, left) + value(to.0 - here.0, right) - whole;
        if gain > limits.min_gain.max(1e-9) && best.is_none_or(|(most, _)| gain > most) {
            best = Some((gain, at));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: StepLimits =
        StepLimits { leaves: 2, l2: 0.0, min_hessian: 0.0, min_gain: 0.0, level_smoothing: 0.0 };

    #[test]
    fn numbers_split_where_the_gradient_turns() {
        let bins = FeatureBins::Number { cuts: vec![1.0, 2.0, 3.0] };
        // Missing (none), unseen (none), then four bins.
        let sums = [(0.0, 0.0), (0.0, 0.0), (2.0, 1.0), (2.0, 1.0), (-4.0, 1.0), (-4.0, 1.0)];
        // Values -2 and 4, centred by their mean 1; missing has no rows and does not move.
        assert_eq!(step(&bins, Trend::Free, &sums, &FREE), [0.0, 0.0, -3.0, -3.0, 3.0, 3.0]);
    }

    #[test]
    fn runs_that_break_the_trend_are_put_together() {
        let bins = FeatureBins::Number { cuts: vec![1.0, 2.0] };
        // Values -2, 4, 1: rising keeps -2 and pools the rest to 2.5; falling pools the first two to 1.
        let sums = [(0.0, 0.0), (0.0, 0.0), (2.0, 1.0), (-4.0, 1.0), (-1.0, 1.0)];
        let limits = StepLimits { leaves: 3, ..FREE };
        assert_eq!(step(&bins, Trend::Free, &sums, &limits), [0.0, 0.0, -3.0, 3.0, 0.0]);
        assert_eq!(step(&bins, Trend::Rising, &sums, &limits), [0.0, 0.0, -3.0, 1.5, 1.5]);
        assert_eq!(step(&bins, Trend::Falling, &sums, &limits), [0.0; 5]);
    }

    #[test]
    fn a_bin_of_numbers_without_rows_moves_with_its_run() {
        let bins = FeatureBins::Number { cuts: vec![1.0, 2.0] };
        // No row in the first bin, whose run stays at 0; then 4; the mean is 2.
        let sums = [(0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (0.0, 1.0), (-4.0, 1.0)];
        for trend in [Trend::Free, Trend::Rising] {
            assert_eq!(step(&bins, trend, &sums, &FREE), [0.0, 0.0, -2.0, -2.0, 2.0]);
        }
    }

    #[test]
    fn levels_are_put_in_order_first_and_missing_stands_alone() {
        let bins = FeatureBins::Level { levels: vec!["a".into(), "b".into(), "c".into()] };
        let sums = [(-6.0, 1.0), (0.0, 0.0), (-3.0, 1.0), (6.0, 1.0), (-3.0, 1.0)];
        // Missing 6; a and c together 3; b -6; mean (6 + 3 + 3 - 6) / 4 = 1.5.
        assert_eq!(step(&bins, Trend::Free, &sums, &FREE), [4.5, 0.0, 1.5, -7.5, 1.5]);
    }

    #[test]
    fn shrinkage_and_least_support_hold_a_step_back() {
        let bins = FeatureBins::Number { cuts: vec![1.0] };
        let sums = [(0.0, 0.0), (0.0, 0.0), (2.0, 1.0), (-2.0, 1.0)];
        assert_eq!(step(&bins, Trend::Free, &sums, &StepLimits { l2: 1.0, ..FREE }), [0.0, 0.0, -1.0, 1.0]);
        assert_eq!(step(&bins, Trend::Free, &sums, &StepLimits { min_hessian: 1.5, ..FREE }), [0.0; 4]);
    }
}
