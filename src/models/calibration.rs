//! From log-odds to a probability that comes true as often as it says.

use serde::{Deserialize, Serialize};

use super::error::ModelError;
use super::knots::interpolate;
use crate::quantity::{LogOdds, Probability};

/// One point of a calibration curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationKnot {
    /// Log-odds of the additive model.
    pub margin: LogOdds,
    /// Probability of the outcome at that margin.
    pub probability: Probability,
}

/// A monotone curve from log-odds to probability: linear between knots, constant outside, no exponential.
///
/// ```
/// use propensity::models::{Calibration, CalibrationKnot};
/// use propensity::quantity::{LogOdds, Probability};
/// let knot = |margin, probability| {
///     Ok::<_, Box<dyn std::error::Error>>(CalibrationKnot {
///         margin: LogOdds::try_from(margin)?,
///         probability: Probability::try_from(probability)?,
///     })
/// };
/// let calibration = Calibration::try_new(vec![knot(-1.0, 0.1)?, knot(1.0, 0.3)?])?;
/// assert_eq!(calibration.probability(LogOdds::ZERO).value(), 0.2);
/// assert_eq!(calibration.probability(LogOdds::try_from(9.0)?).value(), 0.3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "CalibrationShape", into = "CalibrationShape")]
pub struct Calibration {
    knots: Vec<CalibrationKnot>,
}

/// The form of a [`Calibration`] in a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CalibrationShape {
    knots: Vec<CalibrationKnot>,
}

impl TryFrom<CalibrationShape> for Calibration {
    type Error = ModelError;

    fn try_from(shape: CalibrationShape) -> Result<Self, ModelError> {
        Self::try_new(shape.knots)
    }
}

impl From<Calibration> for CalibrationShape {
    fn from(calibration: Calibration) -> Self {
        Self { knots: calibration.knots }
    }
}

impl Calibration {
    /// A curve through knots with strictly ascending margins and probabilities that do not fall.
    ///
    /// # Errors
    /// [`ModelError::Knots`] when there is no knot or the order is broken.
    pub fn try_new(knots: Vec<CalibrationKnot>) -> Result<Self, ModelError> {
        let fault = if knots.is_empty() {
            "there is none"
        } else if !knots.is_sorted_by(|a, b| a.margin < b.margin) {
            "margins do not ascend"
        } else if !knots.is_sorted_by(|a, b| a.probability <= b.probability) {
            "probabilities fall"
        } else {
            return Ok(Self { knots });
        };
        Err(ModelError::Knots { curve: "calibration", fault: fault.to_owned() })
    }

    /// The same probability for every margin.
    pub fn constant(probability: Probability) -> Self {
        Self { knots: vec![CalibrationKnot { margin: LogOdds::ZERO, probability }] }
    }

    /// The knots, ascending.
    pub fn knots(&self) -> &[CalibrationKnot] {
        &self.knots
    }

    /// The probability at a margin; never falls as the margin rises.
    pub fn probability(&self, margin: LogOdds) -> Probability {
        let point = |knot: &CalibrationKnot| (knot.margin.steps() as f64, knot.probability.value());
        let value = interpolate(&self.knots, point, margin.steps() as f64);
        // Held between two probabilities, so it is one; the fall-back is never taken.
        Probability::try_from(value).unwrap_or(self.knots[0].probability)
    }
}
