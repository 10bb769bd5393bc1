//! Will an agreement be renewed? One model for the agreements of all divisions.

use serde::{Deserialize, Serialize};

use super::PipelineError;
use crate::matrix::{FeatureMatrix, FeatureValue};
use crate::models::{Binning, FittedModel, ModelError, Scorer, strongest};
use crate::quantity::{AsOf, Probability};
use crate::targeting::{AccountFacts, Agreement, RENEWAL_FEATURES, may_be_renewed, renewal_features};

/// How many reasons a probability carries at most.
const MOST: usize = 3;

/// What is said of one agreement.
#[derive(Clone, Debug, PartialEq)]
pub struct RenewalScore {
    /// The agreement.
    pub agreement: String,
    /// What is up for renewal.
    pub division: Option<String>,
    /// Its last day.
    pub ends: AsOf,
    /// Probability that it is renewed, or still paid for, by the end of the days of grace.
    pub probability: Probability,
    /// What moves the probability most, in words, with what each adds to the log-odds; empty without a signal.
    pub reasons: String,
}

impl RenewalScore {
    /// Whether it is said of this agreement.
    pub fn is_of(&self, agreement: &Agreement) -> bool {
        self.agreement == agreement.id && self.ends == agreement.ends && self.division == agreement.division
    }
}

/// The model of renewals, with bins of its own: it reads agreements, not accounts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub struct RenewalModel {
    binning: Binning,
    model: FittedModel,
}

/// The shape of a [`RenewalModel`] in the model file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    binning: Binning,
    model: FittedModel,
}

impl From<RenewalModel> for Parts {
    fn from(RenewalModel { binning, model }: RenewalModel) -> Self {
        Self { binning, model }
    }
}

impl TryFrom<Parts> for RenewalModel {
    type Error = ModelError;

    fn try_from(Parts { binning, model }: Parts) -> Result<Self, ModelError> {
        Self::try_new(binning, model)
    }
}

impl RenewalModel {
    /// Joins bins and model.
    ///
    /// # Errors
    /// [`ModelError::Binning`] when the model was fitted on other bins.
    pub fn try_new(binning: Binning, model: FittedModel) -> Result<Self, ModelError> {
        model.check_binning(&binning)?;
        Ok(Self { binning, model })
    }

    /// The fitted model.
    pub const fn model(&self) -> &FittedModel {
        &self.model
    }

    /// Its bins.
    pub const fn binning(&self) -> &Binning {
        &self.binning
    }

    /// What it says of the agreements of an account that [may still be renewed](may_be_renewed), by end and id.
    ///
    /// # Errors
    /// [`PipelineError::Matrix`] when the features are not those of the model.
    pub fn of_account(&self, facts: &AccountFacts) -> Result<Vec<RenewalScore>, PipelineError> {
        let open: Vec<(&AccountFacts, &Agreement)> = facts
            .agreements
            .iter()
            .filter(|agreement| may_be_renewed(facts, agreement))
            .map(|agreement| (facts, agreement))
            .collect();
        if open.is_empty() {
            return Ok(Vec::new());
        }
        let matrix = renewal_features(&open)?;
        let binned = self.binning.apply(&matrix)?;
        let scores = open.iter().zip(binned.rows()).enumerate().map(|(row, ((_, agreement), bins))| {
            let margin = self.model.margin(bins);
            RenewalScore {
                agreement: agreement.id.clone(),
                division: agreement.division.clone(),
                ends: agreement.ends,
                probability: self.model.probability(margin),
                reasons: self.reasons(&matrix, row, bins),
            }
        });
        Ok(scores.collect())
    }

    fn reasons(&self, matrix: &FeatureMatrix, row: usize, bins: &[u8]) -> String {
        let features = self.binning.signature().features();
        let told = strongest(&self.model.contributions(bins), MOST).into_iter().map(|reason| {
            let name = features[reason.feature].name.as_str();
            let words = RENEWAL_FEATURES.iter().find(|(known, _)| *known == name);
            let words = words.map_or(name, |(_, words)| *words);
            let value = match matrix.named(name).map_or(FeatureValue::Missing, |column| column.value(row)) {
                FeatureValue::Missing => "unknown".to_owned(),
                FeatureValue::Level(level) => level.to_owned(),
                FeatureValue::Number(number) => format!("{number:.0}"),
            };
            format!("{words} {value} ({:+.2})", reason.evidence.value())
        });
        told.collect::<Vec<_>>().join("; ")
    }
}
