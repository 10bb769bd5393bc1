//! A fitted model of one product: from a row of bins to a score with its reasons.

use serde::{Deserialize, Serialize};

use super::additive::{AdditiveModel, FeatureTable};
use super::binned::BinnedMatrix;
use super::binning::{Binning, BinningFingerprint};
use super::calibration::Calibration;
use super::error::ModelError;
use super::evidence::{Evidence, Signal};
use super::joint::{JointTable, Places};
use super::rung::{RateShift, RungChoice};
use super::scale::Scale;
use crate::matrix::FeatureSignature;
use crate::quantity::{LogOdds, Probability, Score};

/// What a scorer says of one row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// The sum of the base and all contributions.
    pub margin: LogOdds,
    /// How often the outcome comes true at that margin.
    pub probability: Probability,
    /// The probability on the scale of 0 to 100.
    pub score: Score,
}

/// Anything that scores rows of bins by an exact sum of contributions.
///
/// A row is one of a [`BinnedMatrix`] made by the binning named by [`binning`](Self::binning). Whoever
/// implements the trait keeps three promises: [`base`](Self::base) plus the contributions is the margin, to
/// the step; probability never falls as the margin rises; score never falls as the probability rises.
pub trait Scorer: Send + Sync {
    /// Names and kinds of the features, in the order of a row.
    fn signature(&self) -> &FeatureSignature;

    /// Fingerprint of the binning that makes the rows.
    fn binning(&self) -> BinningFingerprint;

    /// The log-odds of the average row.
    fn base(&self) -> LogOdds;

    /// The log-odds of a row.
    fn margin(&self, row: &[u8]) -> LogOdds;

    /// What every feature of a row adds, in the order of the signature.
    fn contributions_into(&self, row: &[u8], contributions: &mut [LogOdds]);

    /// The probability of the outcome at a margin.
    fn probability(&self, margin: LogOdds) -> Probability;

    /// The score of a probability.
    fn score(&self, probability: Probability) -> Score;

    /// What every feature of a row adds, in the order of the signature.
    fn contributions(&self, row: &[u8]) -> Vec<LogOdds> {
        let mut contributions = vec![LogOdds::ZERO; row.len()];
        self.contributions_into(row, &mut contributions);
        contributions
    }

    /// Probability and score of a margin that was computed elsewhere, by a [`MarginBank`](super::MarginBank)
    /// say.
    fn scored_at(&self, margin: LogOdds) -> Scored {
        let probability = self.probability(margin);
        Scored { margin, probability, score: self.score(probability) }
    }

    /// Scores every row of a matrix.
    ///
    /// # Errors
    /// [`ModelError::Binning`] when the matrix was made by another binning.
    fn score_rows(&self, rows: &BinnedMatrix) -> Result<Vec<Scored>, ModelError> {
        if rows.binning() == self.binning() {
            Ok(rows.rows().map(|row| self.scored_at(self.margin(row))).collect())
        } else {
            let (expected, found) = (self.binning().to_string(), rows.binning().to_string());
            Err(ModelError::Binning { expected, found })
        }
    }
}

/// The fitted model of one product: tables, calibration, scale, and what is known of its quality.
///
/// Fitted by `training`; the binning is kept beside it, because one serves all products.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "FittedShape", into = "FittedShape")]
pub struct FittedModel {
    signature: FeatureSignature,
    binning: BinningFingerprint,
    additive: AdditiveModel,
    calibration: Calibration,
    scale: Scale,
    evidence: Evidence,
    rung: Option<RungChoice>,
    shift: Option<RateShift>,
}

/// The form of a [`FittedModel`] in a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FittedShape {
    signature: FeatureSignature,
    binning: BinningFingerprint,
    additive: AdditiveModel,
    calibration: Calibration,
    scale: Scale,
    evidence: Evidence,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    rung: Option<RungChoice>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    shift: Option<RateShift>,
}

impl TryFrom<FittedShape> for FittedModel {
    type Error = ModelError;

    fn try_from(shape: FittedShape) -> Result<Self, ModelError> {
        let FittedShape { signature, binning, additive, calibration, scale, evidence, rung, shift } = shape;
        Self { signature, binning, additive, calibration, scale, evidence, rung, shift }.checked()
    }
}

impl From<FittedModel> for FittedShape {
    fn from(model: FittedModel) -> Self {
        let FittedModel { signature, binning, additive, calibration, scale, evidence, rung, shift } = model;
        Self { signature, binning, additive, calibration, scale, evidence, rung, shift }
    }
}

impl FittedModel {
    /// Joins the parts of a model fitted on rows of `binning`.
    ///
    /// # Errors
    /// [`ModelError::Table`] when a table speaks of a feature or of bins the binning does not have, or when a
    /// model without signal has tables.
    pub fn try_new(
        binning: &Binning,
        additive: AdditiveModel,
        calibration: Calibration,
        scale: Scale,
        evidence: Evidence,
    ) -> Result<Self, ModelError> {
        let model = Self {
            signature: binning.signature().clone(),
            binning: binning.fingerprint(),
            additive,
            calibration,
            scale,
            evidence,
            rung: None,
            shift: None,
        }
        .checked()?;
        model.check_binning(binning)?;
        Ok(model)
    }

    fn checked(self) -> Result<Self, ModelError> {
        let (tables, joint) = (self.additive.tables(), self.additive.joint());
        let together = joint.iter().flat_map(JointTable::features).copied();
        let spoken_of = tables.iter().map(FeatureTable::feature).chain(together);
        let fault = if let Some(feature) = spoken_of.filter(|feature| *feature >= self.signature.len()).max()
        {
            format!("a table speaks of feature {feature}, but there are {}", self.signature.len())
        } else if self.evidence.signal() == Signal::None && !(tables.is_empty() && joint.is_empty()) {
            "tables without a signal".to_owned()
        } else {
            return Ok(self);
        };
        Err(ModelError::Table { fault })
    }

    /// Checks that the model was fitted on rows of `binning`: call it once after reading both from a file.
    ///
    /// # Errors
    /// [`ModelError::Binning`] for another binning, [`ModelError::Table`] for a table of another length than
    /// its feature has bins.
    pub fn check_binning(&self, binning: &Binning) -> Result<(), ModelError> {
        if binning.fingerprint() != self.binning {
            let (expected, found) = (self.binning.to_string(), binning.fingerprint().to_string());
            return Err(ModelError::Binning { expected, found });
        }
        let tables = self.additive.tables().iter().map(|table| (table.feature(), table.weights().len()));
        let together = self.additive.joint().iter().flat_map(|table| {
            table.features().iter().copied().zip(table.places().iter().map(Places::n_bins))
        });
        for (feature, found) in tables.chain(together) {
            let expected = binning.bins()[feature].n_bins();
            if found != expected {
                let fault = format!("table of feature {feature} has {found} bins, expected {expected}");
                return Err(ModelError::Table { fault });
            }
        }
        Ok(())
    }

    /// The same model with another calibration.
    #[must_use]
    pub fn with_calibration(self, calibration: Calibration) -> Self {
        Self { calibration, ..self }
    }

    /// The same model with other tables over the same bins.
    ///
    /// # Errors
    /// [`ModelError::Table`] when they speak of a feature that is not there, or of any where no signal was found.
    pub fn with_additive(self, additive: AdditiveModel) -> Result<Self, ModelError> {
        Self { additive, ..self }.checked()
    }

    /// The same model on another scale: one that was carried over, or anchored on another population.
    #[must_use]
    pub fn with_scale(self, scale: Scale) -> Self {
        Self { scale, ..self }
    }

    /// The same model, with the rung of the small-data ladder it was learned on.
    #[must_use]
    pub fn on_rung(self, rung: RungChoice) -> Self {
        Self { rung: Some(rung), ..self }
    }

    /// The rung of the small-data ladder the model was learned on; a model of an older release does not say.
    pub const fn rung(&self) -> Option<&RungChoice> {
        self.rung.as_ref()
    }

    /// The same model, with what is known of a shift of the rate between the slices it was learned and calibrated on.
    #[must_use]
    pub fn with_shift(self, shift: Option<RateShift>) -> Self {
        Self { shift, ..self }
    }

    /// The shift of the rate between the earlier slices and the latest one, where there was one.
    pub const fn shift(&self) -> Option<&RateShift> {
        self.shift.as_ref()
    }

    /// Verdict and rung in plain words: what every report says of a model.
    pub fn sentence(&self) -> String {
        let mut sentence = self.evidence.sentence();
        if let Some(rung) = &self.rung {
            sentence = format!("{sentence}; learned by {}", rung.sentence());
        }
        if let Some(shift) = &self.shift {
            sentence = format!("{sentence}; {}", shift.sentence());
        }
        sentence
    }

    /// The tables.
    pub const fn additive(&self) -> &AdditiveModel {
        &self.additive
    }

    /// The curve from log-odds to probability.
    pub const fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// The curve from probability to score.
    pub const fn scale(&self) -> &Scale {
        &self.scale
    }

    /// What is known of the model's quality.
    pub const fn evidence(&self) -> &Evidence {
        &self.evidence
    }
}

impl Scorer for FittedModel {
    fn signature(&self) -> &FeatureSignature {
        &self.signature
    }

    fn binning(&self) -> BinningFingerprint {
        self.binning
    }

    fn base(&self) -> LogOdds {
        self.additive.base()
    }

    fn margin(&self, row: &[u8]) -> LogOdds {
        self.additive.margin(row)
    }

    fn contributions_into(&self, row: &[u8], contributions: &mut [LogOdds]) {
        self.additive.contributions_into(row, contributions);
    }

    fn probability(&self, margin: LogOdds) -> Probability {
        self.calibration.probability(margin)
    }

    fn score(&self, probability: Probability) -> Score {
        self.scale.score(probability)
    }
}
