//! Reasons: the largest contributions to a score, in words.

use crate::features::Recipe;
use crate::matrix::{FeatureMatrix, FeatureValue};
use crate::models::{FittedModel, Scorer};
use crate::quantity::LogOdds;

/// One reason of a score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Index of the feature, in the order of [`super::Pipeline::recipes`].
    pub feature: usize,
    /// What it adds to the log-odds, against the average account.
    pub effect: LogOdds,
    /// What it says, in plain words.
    pub sentence: String,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({:+.2})", self.sentence, self.effect.value())
    }
}

/// How many reasons a score carries at most.
const MOST: usize = 3;

/// The features that raise the score most; where none raises it, the one that lowers it most.
///
/// Contributions are the score itself, so nothing is estimated here. Features with the same words (two windows over
/// the same signals) are said once, with the larger effect first.
pub(super) fn reasons(
    model: &FittedModel,
    bins: &[u8],
    recipes: &[Recipe],
    matrix: &FeatureMatrix,
    row: usize,
) -> Vec<Reason> {
    let mut effects: Vec<(usize, LogOdds)> = model
        .contributions(bins)
        .into_iter()
        .enumerate()
        .filter(|(_, effect)| *effect != LogOdds::ZERO)
        .collect();
    effects.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let raising = effects.iter().filter(|(_, effect)| *effect > LogOdds::ZERO).take(MOST);
    let mut chosen: Vec<(usize, LogOdds)> = raising.copied().collect();
    if chosen.is_empty() {
        chosen.extend(effects.last().copied());
    }
    let mut said: Vec<Reason> = Vec::with_capacity(chosen.len());
    for (feature, effect) in chosen {
        let value =
            matrix.named(&recipes[feature].name).map_or(FeatureValue::Missing, |column| column.value(row));
        let sentence = recipes[feature].sentence(value);
        if !said.iter().any(|reason| reason.sentence == sentence) {
            said.push(Reason { feature, effect, sentence });
        }
    }
    said
}
