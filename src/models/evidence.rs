//! What is known about the quality of a fitted model, and whether there was anything to learn.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::error::ModelError;

/// Whether the columns tell the two outcomes apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// They do, on rows that were not used for fitting.
    Found,
    /// They do not, or there are too few outcomes to tell; every account gets the base rate.
    None,
}

/// Measures on rows that were used neither for fitting nor for stopping.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// Area under the ROC curve.
    pub auc: f64,
    /// Lower end of its 95 % interval, by the method of [`auc_interval`](crate::metrics::auc_interval).
    pub auc_low: f64,
    /// Upper end of its 95 % interval.
    pub auc_high: f64,
    /// Models judged together with this one, itself among them; the interval of each is widened for it.
    pub judged_together: NonZeroU32,
    /// Mean surprise of the calibrated probabilities, in nats; calibrated on other rows than it is measured
    /// on.
    pub log_loss: f64,
    /// Mean surprise of the base rate given to every row.
    pub log_loss_of_base_rate: f64,
    /// Mean squared error of the calibrated probabilities.
    pub brier: f64,
    /// Expected calibration error over ten bins of equal count.
    pub calibration_error: f64,
}

/// The outcomes a model was judged on, and the verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "EvidenceShape", into = "EvidenceShape")]
pub struct Evidence {
    rows: u64,
    positives: u64,
    base_rate: f64,
    signal: Signal,
    measured: Option<Measured>,
}

/// The form of [`Evidence`] in a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EvidenceShape {
    rows: u64,
    positives: u64,
    base_rate: f64,
    signal: Signal,
    measured: Option<Measured>,
}

impl TryFrom<EvidenceShape> for Evidence {
    type Error = ModelError;

    fn try_from(shape: EvidenceShape) -> Result<Self, ModelError> {
        let EvidenceShape { rows, positives, base_rate, signal, measured } = shape;
        let evidence = Self::try_new(rows, positives, base_rate, measured)?;
        if evidence.signal == signal {
            Ok(evidence)
        } else {
            let fault = format!("the signal is {signal:?}, but the measures say {:?}", evidence.signal);
            Err(ModelError::Evidence { fault })
        }
    }
}

impl From<Evidence> for EvidenceShape {
    fn from(evidence: Evidence) -> Self {
        let Evidence { rows, positives, base_rate, signal, measured } = evidence;
        Self { rows, positives, base_rate, signal, measured }
    }
}

impl Evidence {
    /// Judges measures: a signal is found when the AUC interval lies above 0.5 and the log loss beats the
    /// base rate's.
    ///
    /// # Errors
    /// [`ModelError::Evidence`] when positives exceed rows, the base rate is not between 0 and 1, or a
    /// measure is out of its range.
    pub fn try_new(
        rows: u64,
        positives: u64,
        base_rate: f64,
        measured: Option<Measured>,
    ) -> Result<Self, ModelError> {
        let fault = |fault: String| Err(ModelError::Evidence { fault });
        if positives > rows {
            return fault(format!("{positives} positives among {rows} rows"));
        }
        if !(base_rate > 0.0 && base_rate < 1.0) {
            return fault(format!("base rate {base_rate} is not between 0 and 1"));
        }
        let mut signal = Signal::None;
        if let Some(m) = &measured {
            let shares = [m.auc_low, m.auc, m.auc_high, m.brier, m.calibration_error];
            let losses = [m.log_loss, m.log_loss_of_base_rate];
            if shares.iter().any(|share| !(0.0..=1.0).contains(share))
                || losses.iter().any(|loss| !loss.is_finite() || *loss < 0.0)
                || m.auc < m.auc_low
                || m.auc > m.auc_high
            {
                return fault(format!("a measure is out of range: {m:?}"));
            }
            if m.auc_low > 0.5 && m.log_loss < m.log_loss_of_base_rate {
                signal = Signal::Found;
            }
        }
        Ok(Self { rows, positives, base_rate, signal, measured })
    }

    /// Rows with a known outcome that the model was judged on.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// How many of them had the outcome.
    pub const fn positives(&self) -> u64 {
        self.positives
    }

    /// Rate of the outcome in the population, by weight.
    pub const fn base_rate(&self) -> f64 {
        self.base_rate
    }

    /// Whether there was anything to learn.
    pub const fn signal(&self) -> Signal {
        self.signal
    }

    /// The measures; `None` when there were too few outcomes to measure.
    pub const fn measured(&self) -> Option<&Measured> {
        self.measured.as_ref()
    }

    /// The verdict in plain words.
    ///
    /// ```
    /// use propensity::models::Evidence;
    /// let evidence = Evidence::try_new(40, 1, 0.025, None)?;
    /// assert_eq!(
    ///     evidence.sentence(),
    ///     "no signal: 1 of 40 rows has the outcome, too few to measure; all scores stay together"
    /// );
    /// # Ok::<(), propensity::models::ModelError>(())
    /// ```
    pub fn sentence(&self) -> String {
        let (rows, positives) = (self.rows, self.positives);
        let Some(m) = &self.measured else {
            let verb = if positives == 1 { "has" } else { "have" };
            return format!(
                "no signal: {positives} of {rows} rows {verb} the outcome, too few to measure; all scores stay together"
            );
        };
        let among = match m.judged_together.get() {
            1 => String::new(),
            judged => format!(" as one of {judged} models"),
        };
        let interval = format!("AUC {:.3}, 95 % interval {:.3}-{:.3}{among}", m.auc, m.auc_low, m.auc_high);
        match self.signal {
            Signal::Found => format!(
                "signal found: {interval}; log loss {:.4} against {:.4} for the base rate, on {rows} rows with \
                 {positives} outcomes that were not used for fitting",
                m.log_loss, m.log_loss_of_base_rate
            ),
            Signal::None if m.auc_low > 0.5 => format!(
                "no signal: the columns given order the outcomes ({interval}) but do not predict them better than the \
                 base rate (log loss {:.4} against {:.4}); all scores stay together",
                m.log_loss, m.log_loss_of_base_rate
            ),
            Signal::None => format!(
                "no signal: the columns given do not tell the two outcomes apart ({interval}); all scores stay together"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEASURED: Measured = Measured {
        auc: 0.507,
        auc_low: 0.49,
        auc_high: 0.524,
        judged_together: NonZeroU32::MIN,
        log_loss: 0.66,
        log_loss_of_base_rate: 0.658,
        brier: 0.23,
        calibration_error: 0.01,
    };

    #[test]
    fn a_coin_is_called_a_coin() {
        let evidence = Evidence::try_new(6711, 4238, 0.632, Some(MEASURED)).unwrap();
        assert_eq!(evidence.signal(), Signal::None);
        assert_eq!(
            evidence.sentence(),
            "no signal: the columns given do not tell the two outcomes apart (AUC 0.507, 95 % interval 0.490-0.524); \
             all scores stay together"
        );
    }

    #[test]
    fn a_file_cannot_claim_a_signal() {
        let evidence = Evidence::try_new(6711, 4238, 0.632, Some(MEASURED)).unwrap();
        let text = serde_json::to_string(&evidence).unwrap();
        assert_eq!(serde_json::from_str::<Evidence>(&text).unwrap(), evidence);
        let claimed = text.replace("\"none\"", "\"found\"");
        assert!(serde_json::from_str::<Evidence>(&claimed).is_err());
    }
}
