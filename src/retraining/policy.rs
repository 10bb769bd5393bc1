//! The policy that decides by measures.

use super::compare::{Comparison, Contest};
use super::feeds::FeedReport;
use super::hook::{BeforeFit, RetrainHook, Verdict};
use super::replay::Replay;
use super::worth::ClusterRate;

/// When a challenger may replace the champion.
///
/// Not worse than the best model still valid: nine paired draws in ten must stay within `most_loss` of its log loss. The
/// margin does not add up over the cycles, because every challenger meets every champion that was not withdrawn, on the
/// same accounts. Calibration must hold on the latest date whose outcome is known, lift must not fall, and rates must fall
/// from Act Now to Educate, each as far as the cases can tell. The history that was learned from must be the one that the
/// champion saw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// Most relative rise of the log loss.
    pub most_loss: f64,
    /// Outcomes among the judged cases of intent below which nothing can be told and nothing is promoted.
    pub fewest_outcomes: u64,
    /// Expected over observed may leave `1 / most_bias ..= most_bias` only as far as chance explains it.
    pub most_bias: f64,
    /// Rows of the last four weeks as a share of the usual below which a feed counts as broken.
    pub least_feed: f64,
    /// The same above which a feed counts as repeated.
    pub most_feed: f64,
}

impl Default for Policy {
    /// 1 % of the log loss, 20 outcomes, a quarter off in calibration, feeds between a half and two and a half of the
    /// usual.
    fn default() -> Self {
        Self { most_loss: 0.01, fewest_outcomes: 20, most_bias: 1.25, least_feed: 0.5, most_feed: 2.5 }
    }
}

impl RetrainHook for Policy {
    fn name(&self) -> String {
        "policy".to_owned()
    }

    fn before_fit(&self, before: &BeforeFit) -> Result<Verdict, String> {
        Ok(Verdict::of(before.feeds.iter().filter_map(|feed| self.feed_fault(feed)).collect()))
    }

    fn judge(&self, comparison: &Comparison) -> Result<Verdict, String> {
        let mut reasons: Vec<String> = Self::rewritten(comparison).into_iter().collect();
        if comparison.intent.outcomes < self.fewest_outcomes {
            reasons.push(format!(
                "{} outcomes in {} judged cases are too few to tell which is better; expected at least {}",
                comparison.intent.outcomes, comparison.intent.cases, self.fewest_outcomes
            ));
        } else {
            reasons.extend(self.faults("intent", &comparison.intent));
            reasons.extend(self.faults("fit", &comparison.fit));
            reasons.extend(inversion(&comparison.clusters));
        }
        Ok(Verdict::of(reasons))
    }
}

impl Policy {
    fn feed_fault(&self, feed: &FeedReport) -> Option<String> {
        let share = feed.share()?;
        let what = if share < self.least_feed {
            "has dried up"
        } else if share > self.most_feed {
            "has swollen"
        } else {
            return None;
        };
        Some(format!(
            "the feed of {} {what}: {} rows became known in the last four weeks, usual are {}",
            feed.table, feed.last, feed.usual
        ))
    }

    fn rewritten(comparison: &Comparison) -> Option<String> {
        let replay = comparison.replays.iter().find(|replay| !replay.holds())?;
        Some(format!(
            "what {} says of {} agrees with what it said of that date before to {:.3}; expected at least {:.3}: the history of a table was rewritten since; deliver it again, or, where it was put right, promote by hand",
            replay.version,
            replay.date,
            replay.correlation,
            Replay::REWRITTEN
        ))
    }

    fn faults(&self, what: &str, contest: &Contest) -> Vec<String> {
        let mut faults = Vec::new();
        if let (Some(change), Some(most)) = (contest.loss_change, contest.loss_change_most)
            && most > self.most_loss
        {
            faults.push(format!(
                "{what}: log loss against {} changes by {:+.2} %, in one draw of ten by more than {:+.2} %; allowed are {:+.2} %",
                contest.opponent,
                100.0 * change.value,
                100.0 * most,
                100.0 * self.most_loss
            ));
        }
        if let Some(ratio) = contest.expected_to_observed {
            let off = ratio.low > self.most_bias || ratio.high < 1.0 / self.most_bias;
            let distance = |ratio: f64| libm::log(ratio).abs();
            let opponent = contest.opponent_expected_to_observed.map_or(f64::INFINITY, distance);
            if off && distance(ratio.value) > opponent {
                faults.push(format!(
                    "{what}: calibration does not hold on the latest date: {:.2} expected for one observed, {:.2} to {:.2}",
                    ratio.value, ratio.low, ratio.high
                ));
            }
        }
        if let Some(change) = contest.lift_change.filter(|change| change.high < 0.0) {
            faults.push(format!(
                "{what}: lift among as many of the best falls by {:.2}, {:.2} to {:.2}",
                -change.value, -change.high, -change.low
            ));
        }
        faults
    }
}

/// A cluster whose rate lies below that of a later one, beyond both intervals.
fn inversion(clusters: &[ClusterRate]) -> Option<String> {
    clusters.iter().enumerate().find_map(|(place, earlier)| {
        let later = clusters[place + 1..]
            .iter()
            .find(|later| matches!((earlier.rate, later.rate), (Some(a), Some(b)) if a.high < b.low))?;
        Some(format!(
            "{} has a lower rate than {}: {} of {} against {} of {}",
            earlier.cluster, later.cluster, earlier.outcomes, earlier.cases, later.outcomes, later.cases
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::super::cases::{ScoredCase, ScoredCases};
    use super::super::compare::Field;
    use super::super::worth::{Worth, rate};
    use super::*;
    use crate::evaluation::Measure;
    use crate::grid::Cluster;
    use crate::parallelism::Parallelism;
    use crate::seed::Seed;
    use crate::tables::contract::TableName;

    fn contest() -> Contest {
        let worth = Worth {
            log_loss: Some(0.2),
            auc: Some(0.7),
            calibration_error: Some(0.01),
            expected_to_observed: Some(1.0),
            lift: Some(2.0),
        };
        let level = |value| Some(Measure { value, low: value - 0.001, high: value + 0.001 });
        Contest {
            cases: 1000,
            outcomes: 50,
            opponent: "a".into(),
            champion: worth.clone(),
            challenger: worth,
            loss_change: level(0.0),
            loss_change_most: Some(0.001),
            expected_to_observed: level(1.0),
            opponent_expected_to_observed: Some(1.0),
            lift_change: level(0.0),
        }
    }

    fn comparison() -> Comparison {
        let of = |cluster, outcomes| ClusterRate { cluster, cases: 400, outcomes, rate: rate(outcomes, 400) };
        Comparison {
            model: "m".into(),
            challenger: "b".into(),
            champion: "a".into(),
            against: vec!["a".into()],
            as_of: "2026-03-25".parse().unwrap(),
            dates: Vec::new(),
            fit: contest(),
            intent: contest(),
            clusters: vec![of(Cluster::ActNow, 40), of(Cluster::Nurture, 20), of(Cluster::Educate, 22)],
            churn: super::super::churn::Churn::default(),
            said: Vec::new(),
            replays: Vec::new(),
        }
    }

    fn reasons(change: impl Fn(&mut Comparison)) -> Vec<String> {
        let mut comparison = comparison();
        change(&mut comparison);
        match Policy::default().judge(&comparison).unwrap() {
            Verdict::Go => Vec::new(),
            Verdict::Stop(reasons) => reasons,
        }
    }

    /// A change to a comparison that is sound.
    type Change<'a> = &'a dyn Fn(&mut Comparison);

    #[test]
    fn each_gate_says_no_by_itself() {
        assert!(reasons(|_| {}).is_empty());
        let cases: [(&str, Change<'_>); 6] = [
            ("too few", &|it| it.intent.outcomes = 19),
            ("intent: log loss against a", &|it| it.intent.loss_change_most = Some(0.02)),
            ("fit: calibration does not hold", &|it| {
                it.fit.expected_to_observed = Some(Measure { value: 2.0, low: 1.5, high: 2.5 });
            }),
            ("intent: lift among as many of the best falls by 0.50", &|it| {
                it.intent.lift_change = Some(Measure { value: -0.5, low: -0.9, high: -0.1 });
            }),
            ("what a says of 2025-12-25 agrees with what it said of that date before to 0.71", &|it| {
                let date = "2025-12-25".parse().unwrap();
                it.replays = vec![Replay { version: "a".into(), date, correlation: 0.71 }];
            }),
            ("Act Now has a lower rate than Educate", &|it| {
                it.clusters[0].outcomes = 2;
                it.clusters[0].rate = rate(2, 400);
                it.clusters.remove(1);
            }),
        ];
        for (words, change) in cases {
            let found = reasons(change);
            assert_eq!(found.len(), 1, "{words}: {found:?}");
            assert!(found[0].starts_with(words) || found[0].contains(words), "{found:?}");
        }
        // A calibration that is off, but less than that of the champion, is no reason to keep the champion.
        let both_off = |it: &mut Comparison| {
            it.intent.expected_to_observed = Some(Measure { value: 2.0, low: 1.5, high: 2.5 });
            it.intent.opponent_expected_to_observed = Some(3.0);
        };
        assert!(reasons(both_off).is_empty());
    }

    #[test]
    fn a_feed_that_dries_up_or_swells_stops_the_training() {
        let verdict = |last, usual| {
            let feeds = vec![FeedReport { table: TableName::Signals, last, usual }];
            let as_of = "2026-03-25".parse().unwrap();
            let before = BeforeFit { model: "m".into(), as_of, champion: None, due: None, feeds };
            Policy::default().before_fit(&before).unwrap()
        };
        assert_eq!(verdict(1000, 1000), Verdict::Go);
        assert_eq!(verdict(500, 1000), Verdict::Go);
        assert!(matches!(verdict(499, 1000), Verdict::Stop(_)));
        assert!(matches!(verdict(2600, 1000), Verdict::Stop(_)));
        assert_eq!(verdict(0, 49), Verdict::Go);
    }

    /// Cases whose truth is known, as a line sees them whose log-odds are off by `noise`.
    fn seen(line: u64, noise: f64, world: u64) -> ScoredCases {
        let cases = (0..700_u32).map(|case| {
            let uniform = |seed: Seed| seed.uniform(&case.to_le_bytes()).clamp(1e-9, 1.0 - 1e-9);
            let truth = truth(case);
            let outcome = uniform(Seed::new(world).named("outcome")) < truth;
            // Two uniforms are a normal deviate (Box and Muller 1958).
            let (u, v) = (uniform(Seed::new(line).named("u")), uniform(Seed::new(line).named("v")));
            let normal = (-2.0 * libm::log(u)).sqrt() * libm::cos(std::f64::consts::TAU * v);
            let margin = libm::log(truth / (1.0 - truth)) + noise * normal;
            let probability = 1.0 / (1.0 + libm::exp(-margin));
            let cluster = if probability > 0.3 { Cluster::ActNow } else { Cluster::Nurture };
            let date = "2026-01-25".parse().unwrap();
            ScoredCase { group: case.into(), date, outcome, probability, cluster }
        });
        let cases: Vec<ScoredCase> = cases.collect();
        ScoredCases { fit: cases.clone(), intent: cases }
    }

    fn truth(case: u32) -> f64 {
        0.02 + 0.5 * Seed::new(1).named("truth").uniform(&case.to_le_bytes())
    }

    /// The log loss that a line will have in the long run: by the truth, not by any outcomes.
    fn true_loss(cases: &ScoredCases) -> f64 {
        let loss = |(case, row): (u32, &ScoredCase)| {
            let (truth, p) = (truth(case), row.probability);
            -truth * libm::log(p) - (1.0 - truth) * libm::log(1.0 - p)
        };
        (0..).zip(&cases.intent).map(loss).sum::<f64>() / cases.intent.len() as f64
    }

    #[test]
    fn twenty_four_noisy_cycles_do_not_wear_the_champion_down() {
        let (policy, parallelism) = (Policy::default(), Parallelism::serial());
        let (mut changes, mut promotions) = (Vec::new(), 0);
        for world in 0..4_u64 {
            let lines = Seed::new(world).named("lines");
            // A line is its seed and its noise; outcomes are new in every cycle, the truth never changes.
            let mut valid: Vec<(u64, f64)> = vec![(lines.value(), 0.5)];
            let start = true_loss(&seen(valid[0].0, valid[0].1, 0));
            for cycle in 0..24_u64 {
                let seed = lines.numbered(cycle);
                let challenger = (seed.value(), 0.35 + 0.3 * seed.uniform(b"noise"));
                let outcomes = seed.named("outcomes").value();
                let champions: Vec<(String, ScoredCases)> = valid
                    .iter()
                    .rev()
                    .take(6)
                    .map(|(line, noise)| (line.to_string(), seen(*line, *noise, outcomes)))
                    .collect();
                let cases = seen(challenger.0, challenger.1, outcomes);
                let field =
                    Field { champions: &champions, challenger: &cases, seed, parallelism: &parallelism };
                let contest = field.intent();
                if policy.faults("intent", &contest).is_empty() {
                    valid.push(challenger);
                    promotions += 1;
                }
            }
            let (line, noise) = valid[valid.len() - 1];
            changes.push(start - true_loss(&seen(line, noise, 0)));
        }
        let n = changes.len() as f64;
        let mean = changes.iter().sum::<f64>() / n;
        let variance =
            changes.iter().map(|change| (change - mean) * (change - mean)).sum::<f64>() / (n - 1.0);
        let upper = mean + 2.0 * (variance / n).sqrt();
        assert!(promotions > 4, "{promotions} promotions: the policy lets challengers through");
        assert!(upper >= 0.0 && mean > -0.002, "{mean} {changes:?}");
    }
}
