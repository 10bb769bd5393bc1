//! Holds a challenger against the champions that are still valid, on the same accounts and the same draws.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::cases::{ScoredCase, ScoredCases};
use super::churn::Churn;
use super::replay::{Replay, Saying};
use crate::evaluation::Measure;
use crate::grid::Cluster;
use crate::metrics::{
    Redraws, auc, expected_calibration_error, log_loss, log_loss_weighted, percentile_interval,
    wilson_interval,
};
use crate::parallelism::Parallelism;
use crate::quantity::AsOf;
use crate::seed::Seed;

/// Draws behind every interval.
const DRAWS: NonZeroU32 = NonZeroU32::MIN.saturating_add(399);
/// Share of the draws that an interval holds.
const LEVEL: f64 = 0.95;
/// Bins of the calibration error.
const BINS: usize = 10;

/// What a line is worth on the cases, in itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worth {
    /// Mean logarithmic loss, in nats; `None` without both outcomes.
    pub log_loss: Option<f64>,
    /// Area under the ROC curve, all products together.
    pub auc: Option<f64>,
    /// Expected calibration error over ten bins.
    pub calibration_error: Option<f64>,
    /// Sum of the probabilities over the number of outcomes.
    pub expected_to_observed: Option<f64>,
    /// Share of the outcomes in Act Now and Evaluate over their share of the cases.
    pub lift: Option<f64>,
}

/// Cases and outcomes of one cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterRate {
    /// The cluster.
    pub cluster: Cluster,
    /// Cases.
    pub cases: u64,
    /// Those with the outcome.
    pub outcomes: u64,
    /// Share with the outcome and its 95 % interval; `None` without cases.
    pub rate: Option<Measure>,
}

/// A challenger against one champion, for fit or for intent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contest {
    /// Cases.
    pub cases: u64,
    /// Those with the outcome.
    pub outcomes: u64,
    /// The champion that did best among those still valid.
    pub opponent: String,
    /// What that champion is worth.
    pub champion: Worth,
    /// What the challenger is worth.
    pub challenger: Worth,
    /// Log loss of the challenger less that of the opponent, over that of the opponent, with the interval of the paired
    /// draws; below 0 is better. `None` without both outcomes.
    pub loss_change: Option<Measure>,
    /// The loss change that nine draws in ten stay below.
    pub loss_change_most: Option<f64>,
    /// Expected to observed of the challenger on the latest judged date, with its interval.
    pub expected_to_observed: Option<Measure>,
    /// The same of the opponent on that date.
    #[serde(default)]
    pub opponent_expected_to_observed: Option<f64>,
    /// Lift of the challenger less that of the opponent, with the interval of the paired draws.
    pub lift_change: Option<Measure>,
}

/// A challenger against everything that is still valid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The model.
    pub model: String,
    /// The version of the challenger.
    pub challenger: String,
    /// The version that scores now.
    pub champion: String,
    /// Every version it was held against, the champion first.
    pub against: Vec<String>,
    /// Outcomes are known before this date.
    pub as_of: AsOf,
    /// Dates at which intent was scored.
    pub dates: Vec<AsOf>,
    /// Fit: who is a best customer today.
    pub fit: Contest,
    /// Intent: who buys within the horizon.
    pub intent: Contest,
    /// Rate of intent's outcome by cluster of the challenger.
    pub clusters: Vec<ClusterRate>,
    /// Who changes band and cluster, and by what cause.
    pub churn: Churn,
    /// What champion and challenger say of the judged dates; a later comparison holds itself against it.
    #[serde(default)]
    pub said: Vec<Saying>,
    /// What the champion says of dates that were judged before, against what it said then.
    #[serde(default)]
    pub replays: Vec<Replay>,
}

/// Lines with their cases, and how to draw.
pub(super) struct Field<'a> {
    pub champions: &'a [(String, ScoredCases)],
    pub challenger: &'a ScoredCases,
    pub seed: Seed,
    pub parallelism: &'a Parallelism,
}

impl Field<'_> {
    pub(super) fn fit(&self) -> Contest {
        self.contest("fit", |cases| &cases.fit)
    }

    pub(super) fn intent(&self) -> Contest {
        self.contest("intent", |cases| &cases.intent)
    }

    fn contest(&self, what: &str, of: impl Fn(&ScoredCases) -> &Vec<ScoredCase>) -> Contest {
        let challenger = of(self.challenger);
        let loss = |cases: &[ScoredCase]| worth(cases).log_loss.unwrap_or(f64::INFINITY);
        // Of equals the first, which is the champion.
        let best = self.champions.iter().min_by(|a, b| loss(of(&a.1)).total_cmp(&loss(of(&b.1))));
        let (opponent, champion) =
            best.map_or((String::new(), &[][..]), |(name, cases)| (name.clone(), of(cases).as_slice()));
        let drawn = self.draws(what, champion, challenger);
        let (own, other) = (worth(challenger), worth(champion));
        let measure = |value: Option<f64>, of: &dyn Fn(&Drawn) -> Option<f64>| {
            let values: Vec<f64> = drawn.iter().filter_map(of).collect();
            let (low, high) = percentile_interval(&values, LEVEL)?;
            Some(Measure { value: value?, low, high })
        };
        let latest = latest(challenger);
        let changes: Vec<f64> = drawn.iter().filter_map(|drawn| drawn.loss_change).collect();
        Contest {
            cases: challenger.len() as u64,
            outcomes: challenger.iter().filter(|case| case.outcome).count() as u64,
            opponent,
            loss_change: measure(relative(own.log_loss, other.log_loss), &|drawn| drawn.loss_change),
            // The upper end of the interval that leaves a tenth on each side.
            loss_change_most: percentile_interval(&changes, 0.8).map(|(_, high)| high),
            expected_to_observed: measure(expected_to_observed(challenger, latest, None), &|drawn| {
                drawn.expected_to_observed
            }),
            opponent_expected_to_observed: expected_to_observed(champion, latest, None),
            lift_change: measure(difference(own.lift, other.lift), &|drawn| drawn.lift_change),
            champion: other,
            challenger: own,
        }
    }

    /// Draws accounts again, the same for both lines.
    fn draws(&self, what: &str, champion: &[ScoredCase], challenger: &[ScoredCase]) -> Vec<Drawn> {
        if champion.len() != challenger.len() || challenger.is_empty() {
            return Vec::new();
        }
        let groups: Vec<u64> = challenger.iter().map(|case| case.group).collect();
        let redraws = Redraws::of_groups(&groups, self.seed.named(what));
        let numbers: Vec<u32> = (0..DRAWS.get()).collect();
        self.parallelism.map(&numbers, |_, &number| {
            let weights: Vec<f32> = redraws.times(number).iter().map(|&times| times as f32).collect();
            let loss = |cases: &[ScoredCase]| {
                let (outcomes, probabilities) = columns(cases);
                log_loss_weighted(&outcomes, &probabilities, &weights)
            };
            let lift = |cases| lift(cases, Some(&weights));
            Drawn {
                loss_change: relative(loss(challenger), loss(champion)),
                expected_to_observed: expected_to_observed(challenger, latest(challenger), Some(&weights)),
                lift_change: difference(lift(challenger), lift(champion)),
            }
        })
    }
}

/// The measures of one draw.
struct Drawn {
    loss_change: Option<f64>,
    expected_to_observed: Option<f64>,
    lift_change: Option<f64>,
}

fn relative(of: Option<f64>, to: Option<f64>) -> Option<f64> {
    let (of, to) = (of?, to?);
    (to > 0.0).then(|| (of - to) / to)
}

fn difference(of: Option<f64>, to: Option<f64>) -> Option<f64> {
    Some(of? - to?)
}

fn columns(cases: &[ScoredCase]) -> (Vec<bool>, Vec<f64>) {
    cases.iter().map(|case| (case.outcome, case.probability)).unzip()
}

/// What a line is worth on its cases.
pub(super) fn worth(cases: &[ScoredCase]) -> Worth {
    let (outcomes, probabilities) = columns(cases);
    let both = outcomes.contains(&true) && outcomes.contains(&false);
    Worth {
        log_loss: log_loss(&outcomes, &probabilities).filter(|_| both),
        auc: auc(&outcomes, &probabilities),
        calibration_error: expected_calibration_error(&outcomes, &probabilities, BINS),
        expected_to_observed: expected_to_observed(cases, None, None),
        lift: lift(cases, None),
    }
}

fn weight(weights: Option<&[f32]>, case: usize) -> f64 {
    weights.map_or(1.0, |weights| f64::from(weights[case]))
}

/// The latest date among the cases: what came of it tells how things stand now.
fn latest(cases: &[ScoredCase]) -> Option<AsOf> {
    cases.iter().map(|case| case.date).max()
}

/// On one date, or on all where that is `None`.
fn expected_to_observed(cases: &[ScoredCase], date: Option<AsOf>, weights: Option<&[f32]>) -> Option<f64> {
    let (mut expected, mut observed) = (0.0, 0.0);
    let of_date = |case: &ScoredCase| date.is_none_or(|date| case.date == date);
    for (index, case) in cases.iter().enumerate().filter(|(_, case)| of_date(case)) {
        let weight = weight(weights, index);
        expected += weight * case.probability;
        observed += if case.outcome { weight } else { 0.0 };
    }
    (observed > 0.0).then(|| expected / observed)
}

fn lift(cases: &[ScoredCase], weights: Option<&[f32]>) -> Option<f64> {
    let (mut all, mut outcomes, mut top, mut top_outcomes) = (0.0, 0.0, 0.0, 0.0);
    for (index, case) in cases.iter().enumerate() {
        let weight = weight(weights, index);
        let is_top = matches!(case.cluster, Cluster::ActNow | Cluster::Evaluate);
        all += weight;
        top += if is_top { weight } else { 0.0 };
        if case.outcome {
            outcomes += weight;
            top_outcomes += if is_top { weight } else { 0.0 };
        }
    }
    (top > 0.0 && outcomes > 0.0).then(|| (top_outcomes / outcomes) / (top / all))
}

/// Rates of the outcome by cluster, in the order of work; clusters without cases are left out.
pub(super) fn cluster_rates(cases: &[ScoredCase]) -> Vec<ClusterRate> {
    let mut counts: BTreeMap<Cluster, (u64, u64)> = BTreeMap::new();
    for case in cases {
        let (cases, outcomes) = counts.entry(case.cluster).or_default();
        *cases += 1;
        *outcomes += u64::from(case.outcome);
    }
    counts
        .into_iter()
        .map(|(cluster, (cases, outcomes))| ClusterRate {
            cluster,
            cases,
            outcomes,
            rate: rate(outcomes, cases),
        })
        .collect()
}

/// A share with its interval.
pub(super) fn rate(outcomes: u64, cases: u64) -> Option<Measure> {
    let (low, high) = wilson_interval(outcomes as f64, cases as f64)?;
    Some(Measure { value: outcomes as f64 / cases as f64, low, high })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases(rows: &[(bool, f64, Cluster)]) -> Vec<ScoredCase> {
        let case = |(group, (outcome, probability, cluster)): (usize, &(bool, f64, Cluster))| ScoredCase {
            group: group as u64,
            date: "2026-01-25".parse().unwrap(),
            outcome: *outcome,
            probability: *probability,
            cluster: *cluster,
        };
        rows.iter().enumerate().map(case).collect()
    }

    #[test]
    fn worth_by_hand() {
        use Cluster::{ActNow, Educate, Nurture};
        let found = worth(&cases(&[
            (true, 0.8, ActNow),
            (false, 0.4, ActNow),
            (true, 0.5, Nurture),
            (false, 0.1, Educate),
        ]));
        let expected = -(libm::log(0.8) + libm::log(0.6) + libm::log(0.5) + libm::log(0.9)) / 4.0;
        assert!((found.log_loss.unwrap() - expected).abs() < 1e-9);
        assert!((found.expected_to_observed.unwrap() - 0.9).abs() < 1e-9);
        // Half of the outcomes in half of the cases.
        assert!((found.lift.unwrap() - 1.0).abs() < 1e-9);
        assert!((found.auc.unwrap() - 1.0).abs() < 1e-9);
    }

    /// A market that has turned: what a line learned of the latest date holds there, and not on dates that will not come
    /// back.
    #[test]
    fn calibration_is_judged_on_the_latest_date() {
        let at = |date: &str, outcomes: u32, probability: f64| {
            let date: AsOf = date.parse().unwrap();
            (0..1000_u32).map(move |case| ScoredCase {
                group: case.into(),
                date,
                outcome: case < outcomes,
                probability,
                cluster: Cluster::Nurture,
            })
        };
        let both = |said: f64| -> Vec<ScoredCase> {
            at("2026-03-25", 200, said).chain(at("2026-02-25", 50, said)).collect()
        };
        let cases = |said| ScoredCases { fit: Vec::new(), intent: both(said) };
        let (champions, challenger) = ([("a".to_owned(), cases(0.125))], cases(0.2));
        let (seed, parallelism) = (Seed::new(1), Parallelism::serial());
        let contest =
            Field { champions: &champions, challenger: &challenger, seed, parallelism: &parallelism }
                .intent();
        let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found}");
        close(contest.challenger.expected_to_observed.unwrap(), 1.6);
        close(contest.expected_to_observed.unwrap().value, 1.0);
        close(contest.champion.expected_to_observed.unwrap(), 1.0);
        close(contest.opponent_expected_to_observed.unwrap(), 0.625);
    }

    #[test]
    fn the_best_of_the_champions_is_the_opponent_and_draws_are_paired() {
        let row = |case: u32, skill: f64| {
            let uniform = |what: &str| Seed::new(3).named(what).uniform(&case.to_le_bytes());
            let truth = 0.05 + 0.5 * uniform("truth");
            let outcome = uniform("outcome") < truth;
            (outcome, skill * truth + (1.0 - skill) * 0.3, Cluster::Nurture)
        };
        let of = |skill: f64| {
            let rows: Vec<_> = (0..1500).map(|case| row(case, skill)).collect();
            ScoredCases { fit: cases(&rows), intent: cases(&rows) }
        };
        let champions = [("now".to_owned(), of(0.2)), ("older".to_owned(), of(0.9))];
        let field = |challenger: &ScoredCases| {
            let parallelism = Parallelism::serial();
            Field { champions: &champions, challenger, seed: Seed::new(1), parallelism: &parallelism }
                .intent()
        };
        let same = field(&of(0.9));
        assert_eq!(same.opponent, "older");
        // Paired draws of the same cases do not differ at all.
        assert_eq!(same.loss_change, Some(Measure { value: 0.0, low: 0.0, high: 0.0 }));
        let worse = field(&of(0.2)).loss_change.unwrap();
        assert!(worse.value > 0.0 && worse.low > 0.0, "{worse:?}");
        let better = field(&of(1.0)).loss_change.unwrap();
        assert!(better.value < worse.value, "{better:?}");
    }
}
