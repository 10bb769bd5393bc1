//! Holds a challenger against the champions that are still valid, on the same accounts and the same draws.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::cases::{ScoredCase, ScoredCases};
use super::churn::Churn;
use super::replay::{Replay, Saying};
use super::worth::{
    Best, ClusterRate, Worth, columns, expected_to_observed, latest, log_loss, worth_in_order,
};
use crate::evaluation::Measure;
use crate::metrics::{Redraws, log_loss_weighted, percentile_interval};
use crate::parallelism::Parallelism;
use crate::quantity::AsOf;
use crate::seed::Seed;

/// Draws behind every interval.
const DRAWS: NonZeroU32 = NonZeroU32::MIN.saturating_add(399);
/// Share of the draws that an interval holds.
const LEVEL: f64 = 0.95;

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
    /// Lift of the challenger less that of the opponent, both among as many of their best cases as the one that puts fewer into
    /// Act Now and Evaluate has there; with the interval of the paired draws.
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
        let loss = |cases: &[ScoredCase]| log_loss(cases).unwrap_or(f64::INFINITY);
        // Of equals the first, which is the champion.
        let best = self.champions.iter().min_by(|a, b| loss(of(&a.1)).total_cmp(&loss(of(&b.1))));
        let (opponent, champion) =
            best.map_or((String::new(), &[][..]), |(name, cases)| (name.clone(), of(cases).as_slice()));
        let (ours, theirs) = (Best::of(challenger), Best::of(champion));
        let depth = ours.share.min(theirs.share);
        let latest = latest(challenger);
        let drawn = self.draws(what, (champion, &theirs), (challenger, &ours), (depth, latest));
        let (own, other) = (worth_in_order(challenger, &ours), worth_in_order(champion, &theirs));
        let measure = |value: Option<f64>, of: &dyn Fn(&Drawn) -> Option<f64>| {
            let values: Vec<f64> = drawn.iter().filter_map(of).collect();
            let (low, high) = percentile_interval(&values, LEVEL)?;
            Some(Measure { value: value?, low, high })
        };
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
            lift_change: measure(
                difference(ours.lift(challenger, depth, None), theirs.lift(champion, depth, None)),
                &|drawn| drawn.lift_change,
            ),
            champion: other,
            challenger: own,
        }
    }

    /// Draws accounts again, the same for both lines.
    fn draws(
        &self,
        what: &str,
        (champion, theirs): (&[ScoredCase], &Best),
        (challenger, ours): (&[ScoredCase], &Best),
        (depth, latest): (f64, Option<AsOf>),
    ) -> Vec<Drawn> {
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
            Drawn {
                loss_change: relative(loss(challenger), loss(champion)),
                expected_to_observed: expected_to_observed(challenger, latest, Some(&weights)),
                lift_change: difference(
                    ours.lift(challenger, depth, Some(&weights)),
                    theirs.lift(champion, depth, Some(&weights)),
                ),
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::grid::Cluster;

    pub(in super::super) fn cases(rows: &[(bool, f64, Cluster)]) -> Vec<ScoredCase> {
        let case = |(group, (outcome, probability, cluster)): (usize, &(bool, f64, Cluster))| ScoredCase {
            group: group as u64,
            date: "2026-01-25".parse().unwrap(),
            outcome: *outcome,
            probability: *probability,
            cluster: *cluster,
        };
        rows.iter().enumerate().map(case).collect()
    }

    /// A market that has grown: the challenger says more of all, puts more into its top, and orders them as the champion does.
    #[test]
    fn lift_is_compared_among_as_many_of_the_best() {
        use Cluster::{ActNow, Educate};
        let cases_of = |n_top: usize, factor: f64| {
            let rows: Vec<_> = (0..1000)
                .map(|case| {
                    let cluster = if case < n_top { ActNow } else { Educate };
                    (case % 10 == 0 && case < 500, factor * (1.0 - case as f64 / 1000.0), cluster)
                })
                .collect();
            cases(&rows)
        };
        let of = |n_top, factor| ScoredCases { fit: cases_of(n_top, factor), intent: Vec::new() };
        let (champions, challenger) = ([("a".to_owned(), of(200, 0.1))], of(600, 0.2));
        let (seed, parallelism) = (Seed::new(1), Parallelism::serial());
        let contest =
            Field { champions: &champions, challenger: &challenger, seed, parallelism: &parallelism }.fit();
        assert_eq!((contest.champion.lift, contest.challenger.lift), (Some(2.0), Some(1.0 / 0.6)));
        assert_eq!(contest.lift_change, Some(Measure { value: 0.0, low: 0.0, high: 0.0 }));
        // A challenger that puts the outcomes last falls behind.
        let mut turned = of(600, 0.2);
        turned.fit.iter_mut().for_each(|case| case.outcome = !case.outcome && case.group >= 500);
        let worse =
            Field { champions: &champions, challenger: &turned, seed, parallelism: &parallelism }.fit();
        assert!(worse.lift_change.unwrap().high < 0.0, "{:?}", worse.lift_change);
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
