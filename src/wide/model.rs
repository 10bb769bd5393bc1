//! The model of a wide table: recipe, bins, scorer and bands as one value.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::recipe::Recipe;
use super::{Target, WideError};
use crate::artifact::{self, Header, Origin, Payload};
use crate::grid::Cuts;
use crate::models::{Binning, FittedModel, ModelError, TrendRules};
use crate::training::CrossValidation;
use crate::training::leak_gate::PassedGate;

/// Everything that is needed to score a wide table: how its cells are read, its bins, its fitted model and
/// its bands.
///
/// Made by [`TableTraining`](super::TableTraining), kept in one model file of kind `wide`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "WideShape", into = "WideShape")]
pub struct WideModel {
    target: Target,
    group: Option<String>,
    recipe: Recipe,
    binning: Binning,
    model: FittedModel,
    cuts: Cuts,
    cross_validation: CrossValidated,
    leak_gate: Option<PassedGate>,
    trends: TrendRules,
}

/// The form of a [`WideModel`] in a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WideShape {
    target: Target,
    group: Option<String>,
    recipe: Recipe,
    binning: Binning,
    model: FittedModel,
    cuts: Cuts,
    cross_validation: CrossValidated,
    /// Absent in files that were written before there was a gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    leak_gate: Option<PassedGate>,
    #[serde(default, skip_serializing_if = "TrendRules::is_empty")]
    trends: TrendRules,
}

/// The parts of a [`WideModel`] that belong together.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    pub(super) target: Target,
    pub(super) group: Option<String>,
    pub(super) recipe: Recipe,
    pub(super) binning: Binning,
    pub(super) model: FittedModel,
    pub(super) cross_validation: CrossValidated,
    pub(super) leak_gate: Option<PassedGate>,
    pub(super) trends: TrendRules,
}

impl Payload for WideModel {
    const KIND: &'static str = "wide";
}

impl TryFrom<WideShape> for WideModel {
    type Error = ModelError;

    fn try_from(shape: WideShape) -> Result<Self, ModelError> {
        let WideShape { target, group, recipe, binning, model, cuts, cross_validation, leak_gate, trends } =
            shape;
        let parts = Parts { target, group, recipe, binning, model, cross_validation, leak_gate, trends };
        Ok(Self { cuts, ..Self::try_new(parts)? })
    }
}

impl From<WideModel> for WideShape {
    fn from(model: WideModel) -> Self {
        let WideModel { target, group, recipe, binning, model, cuts, cross_validation, leak_gate, trends } =
            model;
        Self { target, group, recipe, binning, model, cuts, cross_validation, leak_gate, trends }
    }
}

impl WideModel {
    /// Joins the parts, with the default cuts of the bands.
    pub(super) fn try_new(parts: Parts) -> Result<Self, ModelError> {
        let Parts { target, group, recipe, binning, model, cross_validation, leak_gate, trends } = parts;
        model.check_binning(&binning)?;
        let features = binning.signature().features().iter().map(|feature| feature.name.as_str());
        if !features.eq(recipe.features().map(|rule| rule.name.as_str())) {
            let fault = "the columns of the recipe are not those of the bins".to_owned();
            return Err(ModelError::Bins { feature: "(all)".to_owned(), fault });
        }
        Ok(Self {
            target,
            group,
            recipe,
            binning,
            model,
            cuts: Cuts::default(),
            cross_validation,
            leak_gate,
            trends,
        })
    }

    /// Reads a model file of kind `wide`.
    ///
    /// # Errors
    /// [`WideError::Artifact`] when the file is not there, damaged, of another kind or of another version.
    pub fn load(path: &Path) -> Result<(Header, Self), WideError> {
        Ok(artifact::load(path)?)
    }

    /// Writes a model file, whole or not at all.
    ///
    /// # Errors
    /// [`WideError::Artifact`] when the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<Header, WideError> {
        let origin = Origin { as_of: None, signature: self.binning.signature().fingerprint() };
        Ok(artifact::save(self, &origin, path)?)
    }

    /// The outcome it predicts.
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// The column whose equal values were kept in one fold.
    pub fn group(&self) -> Option<&str> {
        self.group.as_deref()
    }

    /// How cells are read.
    pub const fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// How values become bins.
    pub const fn binning(&self) -> &Binning {
        &self.binning
    }

    /// The fitted scorer.
    pub const fn scorer(&self) -> &FittedModel {
        &self.model
    }

    /// Where the bands begin.
    pub const fn cuts(&self) -> &Cuts {
        &self.cuts
    }

    /// What cross-validation measured.
    pub const fn cross_validation(&self) -> &CrossValidated {
        &self.cross_validation
    }

    /// The columns that move the score one way only.
    pub const fn trends(&self) -> &TrendRules {
        &self.trends
    }

    /// What the leak gate let through when the model was trained; `None` in files that are older than the gate.
    pub const fn leak_gate(&self) -> Option<&PassedGate> {
        self.leak_gate.as_ref()
    }

    /// Columns with their mean absolute contribution in log-odds, largest first; columns that add nothing are
    /// left out.
    pub fn importance(&self) -> Vec<(&str, f64)> {
        let features = self.binning.signature().features();
        let named = |(feature, size): (usize, crate::quantity::LogOdds)| {
            Some((features.get(feature)?.name.as_str(), size.value()))
        };
        self.model.additive().importance().into_iter().filter_map(named).collect()
    }
}

/// Quality on rows that the model had not seen: fitted on all folds but one and measured on that one, for
/// every fold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrossValidated {
    /// Rows with a known outcome.
    pub rows: u64,
    /// Rows with the wanted outcome.
    pub positives: u64,
    /// Area under the ROC curve in each fold that holds both outcomes.
    pub fold_aucs: Vec<f64>,
    /// Mean of the folds' areas.
    pub auc: f64,
    /// Mean logarithmic loss over all rows, in nats.
    pub log_loss: f64,
    /// Mean squared error of the probability over all rows.
    pub brier: f64,
    /// Expected calibration error over ten bins of equal count.
    pub calibration_error: f64,
}

impl CrossValidated {
    /// Keeps the measures and the numbers of rows they rest on.
    pub(super) fn new(labels: &[bool], measured: &CrossValidation) -> Self {
        Self {
            rows: labels.len() as u64,
            positives: labels.iter().filter(|&&label| label).count() as u64,
            fold_aucs: measured.fold_aucs.clone(),
            auc: measured.auc,
            log_loss: measured.log_loss,
            brier: measured.brier,
            calibration_error: measured.calibration_error,
        }
    }

    /// Share of rows with the wanted outcome.
    pub fn base_rate(&self) -> f64 {
        self.positives as f64 / self.rows.max(1) as f64
    }

    /// Mean logarithmic loss when every row is given the base rate: `-p ln p - (1 - p) ln (1 - p)`.
    pub fn log_loss_of_base_rate(&self) -> f64 {
        let p = self.base_rate();
        let term = |p: f64| if p > 0.0 { -p * libm::log(p) } else { 0.0 };
        term(p) + term(1.0 - p)
    }

    /// Mean squared error when every row is given the base rate: `p (1 - p)`.
    pub fn brier_of_base_rate(&self) -> f64 {
        self.base_rate() * (1.0 - self.base_rate())
    }
}

impl fmt::Display for CrossValidated {
    /// Writes a table: measure, model, base rate.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {:20}  {:>7}  {:>9}", "measure", "model", "base rate")?;
        let lines = [
            ("AUC", self.auc, Some(0.5)),
            ("log loss", self.log_loss, Some(self.log_loss_of_base_rate())),
            ("Brier score", self.brier, Some(self.brier_of_base_rate())),
            ("calibration error", self.calibration_error, None),
        ];
        for (name, model, base) in lines {
            let base = base.map_or_else(|| "-".to_owned(), |base| format!("{base:.4}"));
            write!(f, "  {name:20}  {model:>7.4}  {base:>9}")?;
            if name == "AUC" {
                let lowest = self.fold_aucs.iter().copied().fold(f64::INFINITY, f64::min);
                let highest = self.fold_aucs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                write!(f, "   folds {lowest:.4} to {highest:.4}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_rate_is_measured_by_hand() {
        let measured = CrossValidated {
            rows: 4,
            positives: 1,
            fold_aucs: vec![0.75, 0.85],
            auc: 0.8,
            log_loss: 0.5,
            brier: 0.1,
            calibration_error: 0.01,
        };
        assert_eq!(measured.brier_of_base_rate(), 0.1875); // 0.25 * 0.75
        // -(0.25 ln 0.25 + 0.75 ln 0.75)
        assert!((measured.log_loss_of_base_rate() - 0.562_335_144_618_808_4).abs() < 1e-15);
        let text = measured.to_string();
        assert!(text.contains("0.8000     0.5000   folds 0.7500 to 0.8500"), "{text}");
    }
}
