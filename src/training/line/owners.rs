//! What the owners of a product look like: where its intent model begins.
//!
//! More companies own a product than buy it within the months that are learned from, and mostly for the same reasons of size,
//! industry and technology. Who owned it on the oldest snapshot tells nothing of who bought it since: none of them is a case
//! of a first purchase.

use super::features::Material;
use super::{LineError, LineTrainer};
use crate::features::{Family, recipes};
use crate::models::{AdditiveModel, Rung, Signal};
use crate::parallelism::Parallelism;
use crate::spec::IntentLabel;
use crate::training::{AdditiveParams, TrainingRows, TrainingSet};

/// A model of who owned the product on the oldest snapshot, by what kind of company it is and what it runs; `None` where
/// owners may be cases themselves, are too few to boost, or look like everybody else.
pub(super) fn look(
    trainer: &LineTrainer<'_>,
    material: &Material,
    product: usize,
) -> Result<Option<AdditiveModel>, LineError> {
    let intent = &trainer.spec.intent;
    let (Some(oldest), IntentLabel::FirstPurchase) = (material.past.first(), intent.label) else {
        return Ok(None);
    };
    let name = &trainer.spec.products[product].name;
    let failed = |source| LineError::Train { model: "intent", product: name.clone(), source };
    let admitted: Vec<usize> =
        (0..oldest.accounts.len()).filter(|row| oldest.admitted[product][*row]).collect();
    let owned = |row: &usize| {
        let first = oldest.purchases.first(oldest.accounts[*row], product);
        first.is_some_and(|first| first < oldest.as_of.micros())
    };
    let labels: Vec<bool> = admitted.iter().map(owned).collect();
    let groups: Vec<u64> = admitted.iter().map(|row| oldest.groups[*row]).collect();
    // What an account runs or holds of any product of the list may come of owning this one.
    let describes = |family| matches!(family, Family::Firmographic | Family::Technographic);
    let readable: Vec<bool> = recipes(&trainer.spec.features)
        .iter()
        .map(|recipe| {
            describes(recipe.family) && recipe.product.is_none() && intent.families.contains(&recipe.family)
        })
        .collect();
    let rows = TrainingRows {
        binning: &material.binning,
        binned: &oldest.binned.select_rows(&admitted),
        labels: &labels,
        groups: &groups,
        weights: None,
        later: None,
        features: Some(&readable),
    };
    let trends = trainer.trends("intent", rows.binning).map_err(failed)?;
    let set = match TrainingSet::try_new(rows).and_then(|set| set.with_trends(&trends)) {
        Ok(set) => set,
        Err(error) if error.too_few_outcomes() => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if trainer.params.ladder.of_set(&set).rung < Rung::Boosting {
        return Ok(None);
    }
    let params = AdditiveParams { joint_tables: 0, ..trainer.params.told(&trainer.spec.training) };
    let seed = trainer.seed.named("owners").named(name);
    let model = params.fit(&set, seed, &Parallelism::serial()).map_err(failed)?.model;
    Ok((model.evidence().signal() == Signal::Found).then(|| model.additive().clone()))
}
