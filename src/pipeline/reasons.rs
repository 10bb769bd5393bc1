//! Reasons: the largest contributions to a score, in words.

use std::collections::BTreeMap;

use crate::features::Recipe;
use crate::matrix::{FeatureMatrix, FeatureValue};
use crate::models::{FittedModel, Scorer};
use crate::quantity::LogOdds;

/// One reason of a score: what a group of features that tell the same story adds to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The feature of the group that adds most, as an index into [`super::Pipeline::recipes`].
    pub feature: usize,
    /// What the whole group adds to the log-odds, against the average account.
    pub effect: LogOdds,
    /// What that feature says, in plain words.
    pub sentence: String,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({:+.2})", self.sentence, self.effect.value())
    }
}

/// How many reasons a score carries at most.
const MOST: usize = 3;

/// Which features are told together: the group of every feature, and how many groups there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stories {
    group_of: Vec<usize>,
    n_groups: usize,
}

impl Stories {
    pub(super) fn new(recipes: &[Recipe]) -> Self {
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        let group_of = recipes.iter().map(|recipe| {
            let next = places.len();
            *places.entry(&recipe.group).or_insert(next)
        });
        Self { group_of: group_of.collect(), n_groups: places.len() }
    }

    /// What every group adds to a score, as the names of the features group them, groups without effect left out.
    pub(super) fn effects<'r>(
        model: &FittedModel,
        bins: &[u8],
        recipes: &'r [Recipe],
    ) -> BTreeMap<&'r str, LogOdds> {
        let mut effects: BTreeMap<&str, LogOdds> = BTreeMap::new();
        for (contribution, recipe) in model.contributions(bins).into_iter().zip(recipes) {
            let effect = effects.entry(&recipe.group).or_insert(LogOdds::ZERO);
            *effect = *effect + contribution;
        }
        effects.retain(|_, effect| *effect != LogOdds::ZERO);
        effects
    }

    /// The groups that raise the score most, each by its leading feature; where none raises it, the one that lowers it
    /// most.
    ///
    /// Contributions are the score itself, so nothing is estimated here: the groups and the base add up to the margin.
    pub(super) fn leading(&self, model: &FittedModel, bins: &[u8]) -> Vec<(usize, LogOdds)> {
        let contributions = model.contributions(bins);
        let mut effects = vec![LogOdds::ZERO; self.n_groups];
        for (contribution, group) in contributions.iter().zip(&self.group_of) {
            effects[*group] = effects[*group] + *contribution;
        }
        let mut ranked: Vec<usize> =
            (0..self.n_groups).filter(|group| effects[*group] != LogOdds::ZERO).collect();
        ranked.sort_by(|a, b| effects[*b].cmp(&effects[*a]).then(a.cmp(b)));
        let n_raising = ranked.partition_point(|group| effects[*group] > LogOdds::ZERO);
        let chosen = if n_raising > 0 {
            &ranked[..n_raising.min(MOST)]
        } else {
            &ranked[ranked.len().saturating_sub(1)..]
        };
        chosen
            .iter()
            .filter_map(|group| {
                let of_group = (0..contributions.len()).filter(|feature| self.group_of[*feature] == *group);
                let raises = effects[*group] > LogOdds::ZERO;
                let strength = |feature: &usize| {
                    let steps = contributions[*feature].steps();
                    (if raises { steps } else { -steps }, usize::MAX - feature)
                };
                Some((of_group.max_by_key(strength)?, effects[*group]))
            })
            .collect()
    }

    /// [`Self::leading`] in words, with the values of a row.
    pub(super) fn reasons(
        &self,
        model: &FittedModel,
        bins: &[u8],
        recipes: &[Recipe],
        matrix: &FeatureMatrix,
        row: usize,
    ) -> Vec<Reason> {
        let leading = self.leading(model, bins);
        let reason = |(feature, effect): (usize, LogOdds)| {
            let value = matrix
                .named(&recipes[feature].name)
                .map_or(FeatureValue::Missing, |column| column.value(row));
            Reason { feature, effect, sentence: recipes[feature].sentence(value) }
        };
        leading.into_iter().map(reason).collect()
    }
}
