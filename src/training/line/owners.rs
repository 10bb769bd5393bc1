//! What the owners of a product look like: where its intent model begins.
//!
//! More companies own a product than buy it within the months that are learned from, and mostly for the same reasons of size,
//! industry and technology. Who owned it on the oldest snapshot tells nothing of who bought it since: none of them is a case
//! of a first purchase.

use super::features::Material;
use super::one_model::{ModelKind, Subject};
use super::{LineError, LineTrainer};
use crate::features::{Family, recipes};
use crate::models::{FittedModel, Signal};
use crate::parallelism::Parallelism;
use crate::spec::IntentLabel;
use crate::training::TrainingSet;

/// A model of who owned the product on the oldest snapshot, by what kind of company it is and what it runs; `None` where
/// owners may be cases themselves, are too few to boost, or look like everybody else.
pub(super) fn look(
    trainer: &LineTrainer<'_>,
    material: &Material,
    product: usize,
) -> Result<Option<FittedModel>, LineError> {
    let intent = &trainer.spec.intent;
    let (Some(oldest), IntentLabel::FirstPurchase) = (material.past.first(), intent.label) else {
        return Ok(None);
    };
    let name = &trainer.spec.products[product].name;
    let subject = Subject::new(ModelKind::Intent, name);
    let failed = |source| subject.failed(source);
    let admitted = oldest.admitted(product);
    let owned = |row: &usize| oldest.purchases.any_before(oldest.accounts[*row], product, oldest.as_of);
    let labels: Vec<bool> = admitted.rows.iter().map(owned).collect();
    // What an account runs or holds of any product of the list may come of owning this one.
    let describes = |family| matches!(family, Family::Firmographic | Family::Technographic);
    let readable: Vec<bool> = recipes(&trainer.spec.features)
        .iter()
        .map(|recipe| {
            describes(recipe.family) && recipe.product.is_none() && intent.families.contains(&recipe.family)
        })
        .collect();
    let rows = admitted.cases(&material.binning, &labels, &readable);
    if !trainer.boosts(rows) {
        return Ok(None);
    }
    let trends = trainer.trends(subject.kind, rows.binning).map_err(failed)?;
    let set = TrainingSet::try_new(rows).and_then(|set| set.with_trends(&trends)).map_err(failed)?;
    let params = trainer.params.told(&trainer.spec.training);
    let seed = trainer.seed.named("owners").named(name);
    let model = params.fit(&set, seed, &Parallelism::serial()).map_err(failed)?.model;
    Ok((model.evidence().signal() == Signal::Found).then_some(model))
}
