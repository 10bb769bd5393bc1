//! From probability to a score of 0 to 100, anchored once so that a 75 keeps its meaning.

use serde::{Deserialize, Serialize};

use super::error::ModelError;
use super::knots::interpolate;
use crate::quantity::{Probability, Score};

/// One point of a scale.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScaleKnot {
    /// Probability of the outcome.
    pub probability: Probability,
    /// The score it gets.
    pub score: Score,
}

/// A strictly monotone curve from probability (0 to 1) to score (0 to 100), linear between knots.
///
/// ```
/// use propensity::models::{Scale, ScaleParams};
/// use propensity::quantity::{Probability, Score};
/// // No signal: every account has the base rate. All scores stay together, and nobody is High.
/// let base_rate = Probability::try_from(0.02)?;
/// let scale = Scale::anchored(&[base_rate; 500], base_rate, &ScaleParams::default())?;
/// assert!(scale.score(base_rate) < Score::whole(55));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "ScaleShape", into = "ScaleShape")]
pub struct Scale {
    knots: Vec<ScaleKnot>,
}

/// The form of a [`Scale`] in a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScaleShape {
    knots: Vec<ScaleKnot>,
}

impl TryFrom<ScaleShape> for Scale {
    type Error = ModelError;

    fn try_from(shape: ScaleShape) -> Result<Self, ModelError> {
        Self::try_new(shape.knots)
    }
}

impl From<Scale> for ScaleShape {
    fn from(scale: Scale) -> Self {
        Self { knots: scale.knots }
    }
}

/// Where a scale is anchored: for each of the scores 75, 55 and 30, a share of the reference population and a least
/// lift.
///
/// The probability that gets the score is the larger of two: the one that the share of the population reaches, and the
/// one whose odds are `lift` times the odds of the base rate. The second keeps a population without differences from
/// being spread over the scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScaleParams {
    /// Shares of the population at or above 75, 55 and 30: ascending, between 0 and 1.
    pub shares: [f64; 3],
    /// Least odds over those of the base rate for 75, 55 and 30: descending, at least 1.
    pub lifts: [f64; 3],
}

impl Default for ScaleParams {
    /// The best 5 %, 15 % and 40 %, with at least 2.0, 1.4 and 1.0 times the base odds.
    fn default() -> Self {
        Self { shares: [0.05, 0.15, 0.40], lifts: [2.0, 1.4, 1.0] }
    }
}

impl ScaleParams {
    fn check(&self) -> Result<(), ModelError> {
        let wrong = |what, values: &[f64], expected| {
            Err(ModelError::Params { what, found: format!("{values:?}"), expected })
        };
        let [high, medium, low] = self.shares;
        if !(0.0 < high && high < medium && medium < low && low < 1.0) {
            return wrong("scale shares", &self.shares, "ascending shares between 0 and 1");
        }
        let [high, medium, low] = self.lifts;
        if !(high.is_finite() && high > medium && medium > low && low >= 1.0) {
            return wrong("scale lifts", &self.lifts, "descending lifts of at least 1");
        }
        Ok(())
    }
}

/// Scores that are anchored, in the order of [`ScaleParams`].
const ANCHORS: [Score; 3] = [Score::whole(75), Score::whole(55), Score::whole(30)];
/// What the best of a thousand of the reference population gets, so that a list keeps its order at the top.
const SUMMIT: Score = Score::whole(98);

impl Scale {
    /// A curve through knots that ascend strictly in both, from probability 0 at score 0 to probability 1 at 100.
    ///
    /// # Errors
    /// [`ModelError::Knots`] when an end is missing or the order is broken.
    pub fn try_new(knots: Vec<ScaleKnot>) -> Result<Self, ModelError> {
        let ends =
            [knots.first(), knots.last()].map(|end| end.map(|knot| (knot.probability.value(), knot.score)));
        let fault = if ends != [Some((0.0, Score::MIN)), Some((1.0, Score::MAX))] {
            "expected to run from probability 0 at score 0 to probability 1 at score 100"
        } else if !knots.is_sorted_by(|a, b| a.probability < b.probability && a.score < b.score) {
            "probabilities and scores do not both ascend"
        } else {
            return Ok(Self { knots });
        };
        Err(ModelError::Knots { curve: "scale", fault: fault.to_owned() })
    }

    /// Anchors a scale on the probabilities of a reference population (accounts, as many as there are, in any order).
    ///
    /// # Errors
    /// [`ModelError::Params`] for parameters out of range, no reference, or a base rate of 0 or 1.
    pub fn anchored(
        reference: &[Probability],
        base_rate: Probability,
        params: &ScaleParams,
    ) -> Result<Self, ModelError> {
        Self::anchored_weighted(reference, None, base_rate, params)
    }

    /// [`anchored`](Self::anchored) for a reference of which each row stands for `weight` rows of the population.
    ///
    /// # Errors
    /// As [`anchored`](Self::anchored); also [`ModelError::Params`] when weights and reference differ in length.
    pub fn anchored_weighted(
        reference: &[Probability],
        weights: Option<&[f32]>,
        base_rate: Probability,
        params: &ScaleParams,
    ) -> Result<Self, ModelError> {
        params.check()?;
        let base = base_rate.value();
        if reference.is_empty() || weights.is_some_and(|weights| weights.len() != reference.len()) {
            return Err(ModelError::Params {
                what: "scale reference",
                found: format!(
                    "{} probabilities, {} weights",
                    reference.len(),
                    weights.map_or(0, <[f32]>::len)
                ),
                expected: "at least one probability, and one weight for each if any",
            });
        }
        if base <= 0.0 || base >= 1.0 {
            let found = base.to_string();
            return Err(ModelError::Params { what: "base rate", found, expected: "above 0 and below 1" });
        }
        let ranked = Ranked::new(reference, weights);
        let mut points = vec![(0.0, Score::MIN)];
        for anchor in (0..ANCHORS.len()).rev() {
            let odds = params.lifts[anchor] * base / (1.0 - base);
            let cut = ranked.reached_by(params.shares[anchor]).max(odds / (1.0 + odds));
            push_above(&mut points, cut, ANCHORS[anchor]);
        }
        let summit = ranked.reached_by(0.001);
        let highest = points[points.len() - 1].0;
        if summit > highest && summit < 1.0 {
            push_above(&mut points, summit, SUMMIT);
        }
        points.push((1.0, Score::MAX));
        let knots = points
            .into_iter()
            .map(|(value, score)| Ok(ScaleKnot { probability: Probability::try_from(value)?, score }))
            .collect::<Result<_, crate::quantity::QuantityError>>()
            .map_err(|error| ModelError::Knots { curve: "scale", fault: error.to_string() })?;
        Self::try_new(knots)
    }

    /// The knots, ascending.
    pub fn knots(&self) -> &[ScaleKnot] {
        &self.knots
    }

    /// The score of a probability, cut (not rounded) to thousandths; never falls as the probability rises.
    pub fn score(&self, probability: Probability) -> Score {
        let point = |knot: &ScaleKnot| (knot.probability.value(), f64::from(knot.score.thousandths()));
        // Between 0 and 100,000, so it fits.
        Score::from_thousandths(interpolate(&self.knots, point, probability.value()) as u32)
    }
}

/// Adds a point strictly above the last and strictly below 1, however close the cuts are.
fn push_above(points: &mut Vec<(f64, Score)>, cut: f64, score: Score) {
    let last = points[points.len() - 1].0;
    let cut = cut.min(1.0 - 1e-6);
    points.push((if cut > last { cut } else { f64::midpoint(last, 1.0).min(last + 1e-9) }, score));
}

/// Probabilities from the highest down, with the share of the population down to each.
struct Ranked(Vec<(f64, f64)>);

impl Ranked {
    fn new(reference: &[Probability], weights: Option<&[f32]>) -> Self {
        let mut rows: Vec<(f64, f64)> = reference
            .iter()
            .enumerate()
            .map(|(row, probability)| {
                (probability.value(), weights.map_or(1.0, |weights| f64::from(weights[row])))
            })
            .collect();
        rows.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1)));
        let total: f64 = rows.iter().map(|row| row.1).sum();
        let mut held = 0.0;
        for row in &mut rows {
            held += row.1;
            row.1 = held / total;
        }
        Self(rows)
    }

    /// The highest probability such that at least `share` of the population is at or above it.
    fn reached_by(&self, share: f64) -> f64 {
        let place = self.0.partition_point(|(_, held)| *held < share);
        self.0.get(place).or(self.0.last()).map_or(0.0, |(probability, _)| *probability)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn probability(value: f64) -> Probability {
        Probability::try_from(value).unwrap()
    }

    #[test]
    fn anchors_by_hand() {
        // Probabilities 0.001 to 0.100 in hundred steps, base rate 0.05: the shares reach 0.096, 0.086 and 0.061; odds
        // of 2, 1.4 and 1 times 1/19 are 0.0952, 0.0686 and 0.05.
        let reference: Vec<_> = (1..=100).map(|i| probability(f64::from(i) / 1000.0)).collect();
        let scale = Scale::anchored(&reference, probability(0.05), &ScaleParams::default()).unwrap();
        let points: Vec<_> =
            scale.knots().iter().map(|knot| (knot.probability.value(), knot.score.value())).collect();
        assert_eq!(
            points,
            [(0.0, 0.0), (0.061, 30.0), (0.086, 55.0), (0.096, 75.0), (0.1, 98.0), (1.0, 100.0)]
        );
        assert_eq!(scale.score(probability(0.0305)), Score::whole(15));
    }

    #[test]
    fn without_differences_nobody_is_high() {
        for base in [0.0001, 0.02, 0.5, 0.632, 0.999] {
            let scale = Scale::anchored(&[probability(base); 40], probability(base), &ScaleParams::default())
                .unwrap();
            assert_eq!(scale.score(probability(base)), Score::whole(30), "base rate {base}");
        }
    }

    proptest! {
        #[test]
        fn the_scale_is_strictly_monotone_for_any_reference(
            reference in prop::collection::vec(0.0_f64..=1.0, 1..60),
            base in 0.0001_f64..0.9999,
        ) {
            let reference: Vec<_> = reference.into_iter().map(probability).collect();
            let scale = Scale::anchored(&reference, probability(base), &ScaleParams::default()).unwrap();
            for knot in scale.knots() {
                prop_assert_eq!(scale.score(knot.probability), knot.score);
            }
            let mut sorted = reference;
            sorted.sort_by(|a, b| a.value().total_cmp(&b.value()));
            prop_assert!(sorted.windows(2).all(|pair| scale.score(pair[0]) <= scale.score(pair[1])));
        }
    }
}
