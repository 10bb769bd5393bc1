//! Learns a calibration curve: isotonic groups, shrunk towards a logistic curve.
//!
//! A logistic curve of two parameters (Platt 1999) says what few outcomes can say; pooled adjacent violators over groups
//! (Zadrozny and Elkan 2002, <https://doi.org/10.1145/775047.775151>) corrects it where there are many.

use crate::models::{Calibration, CalibrationKnot, ModelError};
use crate::quantity::{LogOdds, Probability};

/// A row with a known outcome: margin, outcome, weight.
pub(super) type Judged = (LogOdds, bool, f64);

/// Positives' worth of trust in the logistic curve, per group.
const PRIOR_POSITIVES: f64 = 10.0;

/// Rows of neighbouring margins.
#[derive(Clone, Copy, Debug)]
struct Group {
    /// Mean margin in log-odds.
    margin: f64,
    weight: f64,
    positive: f64,
}

/// Learns the curve from rows the model was not fitted on; at least one of each outcome.
pub(super) fn learn(rows: &[Judged]) -> Result<Calibration, ModelError> {
    let mut rows = rows.to_vec();
    rows.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.total_cmp(&b.2)));
    let positives = rows.iter().filter(|row| row.1).count();
    let fewer = positives.min(rows.len() - positives);
    let total: f64 = rows.iter().map(|row| row.2).sum();
    let positive: f64 = rows.iter().filter(|row| row.1).map(|row| row.2).sum();
    let base = positive / total;
    // Weights in units of rows: a row stands for itself as far as certainty goes.
    let unit = rows.len() as f64 / total;
    let curve = Logistic::fit(&grouped(&rows, 200), unit, base);
    let groups = grouped(&rows, (fewer / 20).clamp(16, 50));
    let prior = PRIOR_POSITIVES * (positive / positives as f64) / base;
    let pooled = pool(groups.iter().map(|group| Pool {
        margin: group.margin,
        weight: group.weight + prior,
        value: (group.positive + prior * curve.at(group.margin)) / (group.weight + prior),
    }));
    let ends = (rows[0].0, rows[rows.len() - 1].0);
    Calibration::try_new(knots(&pooled, &curve, ends))
}

fn grouped(rows: &[Judged], groups: usize) -> Vec<Group> {
    let mut made = Vec::with_capacity(groups);
    let mut start = 0;
    for group in 1..=groups {
        let mut end = group * rows.len() / groups;
        while end > start && end < rows.len() && rows[end].0 == rows[end - 1].0 {
            end += 1;
        }
        if end <= start {
            continue;
        }
        let (mut margin, mut weight, mut positive) = (0.0, 0.0, 0.0);
        for row in &rows[start..end] {
            margin += row.0.value() * row.2;
            weight += row.2;
            positive += if row.1 { row.2 } else { 0.0 };
        }
        made.push(Group { margin: margin / weight, weight, positive });
        start = end;
    }
    made
}

/// `p = 1 / (1 + exp(-(slope * margin + shift)))`.
#[derive(Clone, Copy, Debug)]
struct Logistic {
    slope: f64,
    shift: f64,
}

impl Logistic {
    /// Newton's method from the identity, which also holds the slope back a little; the slope stays at 0 or above.
    fn fit(groups: &[Group], unit: f64, base: f64) -> Self {
        let mut curve = Self { slope: 1.0, shift: 0.0 };
        for _ in 0..50 {
            let (mut g0, mut g1) = (0.0, curve.slope - 1.0);
            let (mut h00, mut h01, mut h11) = (1e-6, 0.0, 1.0);
            for group in groups {
                let p = curve.at(group.margin);
                let miss = (group.weight * p - group.positive) * unit;
                let spread = group.weight * p * (1.0 - p) * unit;
                g0 += miss;
                g1 += miss * group.margin;
                h00 += spread;
                h01 += spread * group.margin;
                h11 += spread * group.margin * group.margin;
            }
            let determinant = h00 * h11 - h01 * h01;
            if determinant <= 1e-12 {
                break;
            }
            let shift = ((g0 * h11 - g1 * h01) / determinant).clamp(-2.0, 2.0);
            let slope = ((g1 * h00 - g0 * h01) / determinant).clamp(-1.0, 1.0);
            curve.shift = (curve.shift - shift).clamp(-30.0, 30.0);
            curve.slope = (curve.slope - slope).clamp(0.0, 5.0);
            if shift.abs() < 1e-10 && slope.abs() < 1e-10 {
                break;
            }
        }
        if curve.slope > 0.0 { curve } else { Self { slope: 0.0, shift: logit(base) } }
    }

    fn at(&self, margin: f64) -> f64 {
        sigmoid(self.slope * margin + self.shift)
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

fn logit(p: f64) -> f64 {
    let p = p.clamp(1e-9, 1.0 - 1e-9);
    libm::log(p / (1.0 - p))
}

#[derive(Clone, Copy, Debug)]
struct Pool {
    margin: f64,
    weight: f64,
    value: f64,
}

/// Pools neighbours until values rise strictly.
fn pool(groups: impl Iterator<Item = Pool>) -> Vec<Pool> {
    let mut pools: Vec<Pool> = Vec::new();
    for group in groups {
        let mut last = group;
        while let Some(before) = pools.pop_if(|before| before.value >= last.value) {
            let weight = before.weight + last.weight;
            let mean = |a: f64, b: f64| (a * before.weight + b * last.weight) / weight;
            last = Pool {
                margin: mean(before.margin, last.margin),
                weight,
                value: mean(before.value, last.value),
            };
        }
        pools.push(last);
    }
    pools
}

/// A knot in the middle of every pool, and one at each end so that the best and the worst keep their order.
fn knots(pools: &[Pool], curve: &Logistic, ends: (LogOdds, LogOdds)) -> Vec<CalibrationKnot> {
    let beyond = |pool: &Pool, end: LogOdds| {
        // No further than two units of log-odds from what was observed.
        let away = (curve.slope * (end.value() - pool.margin)).clamp(-2.0, 2.0);
        (end, sigmoid(logit(pool.value) + away))
    };
    let middle = |pool: &Pool| {
        let margin = LogOdds::from_steps((pool.margin * LogOdds::STEPS as f64).round() as i64);
        (margin, pool.value)
    };
    let first = pools.first().map(|pool| beyond(pool, ends.0));
    let last = pools.last().map(|pool| beyond(pool, ends.1));
    let mut knots: Vec<CalibrationKnot> = Vec::new();
    for (margin, value) in first.into_iter().chain(pools.iter().map(middle)).chain(last) {
        let rises = knots.last().is_none_or(|knot| margin > knot.margin && value >= knot.probability.value());
        if let (true, Ok(probability)) = (rises, Probability::try_from(value)) {
            knots.push(CalibrationKnot { margin, probability });
        }
    }
    knots
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::seed::Seed;

    #[test]
    fn many_outcomes_bend_the_curve_to_what_happened() {
        // Three margins with rates 0.1, 0.2 and 0.9: no logistic curve goes through all three.
        let mut rows: Vec<Judged> = Vec::new();
        for (margin, rate) in [(-1.0, 1_000), (0.0, 2_000), (1.0, 9_000)] {
            let margin = LogOdds::try_from(margin).unwrap();
            rows.extend((0..10_000).map(|i| (margin, i < rate, 1.0)));
        }
        let curve = learn(&rows).unwrap();
        for (margin, rate) in [(-1.0, 0.1), (0.0, 0.2), (1.0, 0.9)] {
            let found = curve.probability(LogOdds::try_from(margin).unwrap()).value();
            assert!((found - rate).abs() < 0.002, "{margin}: {found}");
        }
    }

    #[test]
    fn an_order_that_is_upside_down_gives_the_base_rate() {
        let rows: Vec<Judged> = (0..2000_i64).map(|i| (LogOdds::from_steps(i << 10), i < 500, 1.0)).collect();
        let curve = learn(&rows).unwrap();
        assert_eq!(curve.knots().len(), 1);
        assert!((curve.knots()[0].probability.value() - 0.25).abs() < 1e-6);
    }

    #[test]
    fn rows_may_come_in_any_order() {
        let seed = Seed::new(3);
        let mut rows: Vec<Judged> = (0..3000_u32)
            .map(|i| {
                let u = seed.uniform(&i.to_le_bytes());
                (
                    LogOdds::try_from(4.0 * u - 3.0).unwrap(),
                    seed.named("y").uniform(&i.to_le_bytes()) < u * u,
                    1.0,
                )
            })
            .collect();
        let curve = learn(&rows).unwrap();
        rows.reverse();
        assert_eq!(learn(&rows).unwrap(), curve);
    }

    proptest! {
        #[test]
        fn the_curve_never_falls(rows in prop::collection::vec((-3_000_000_i64..3_000_000, any::<bool>()), 2..300)) {
            prop_assume!(rows.iter().any(|row| row.1) && rows.iter().any(|row| !row.1));
            let judged: Vec<Judged> =
                rows.iter().map(|(margin, label)| (LogOdds::from_steps(*margin), *label, 1.0)).collect();
            let curve = learn(&judged).unwrap();
            let mut margins: Vec<i64> = rows.iter().map(|row| row.0).collect();
            margins.sort_unstable();
            let found: Vec<f64> =
                margins.iter().map(|margin| curve.probability(LogOdds::from_steps(*margin)).value()).collect();
            prop_assert!(found.windows(2).all(|pair| pair[0] <= pair[1]));
            prop_assert!(found.iter().all(|p| *p > 0.0 && *p < 1.0));
        }
    }
}
