//! Trains the lookalike model of one product: best customers against everybody else.
//!
//! Everybody else is unlabelled, not negative: the score ranks how alike an account is, and its probability is that of
//! being a best customer today (Elkan and Noto 2008, <https://doi.org/10.1145/1401890.1401920>).

use super::archetypes::archetypes;
use super::features::Material;
use super::hidden::hidden_share;
use super::one_model::{ModelKind, Subject};
use super::seeds::{self, seeds};
use super::{LineError, LineTrainer, Outcome};
use crate::features::{Family, Recipe, recipes};
use crate::models::{Lookalike, Signal};
use crate::tables::Dataset;

/// Which features a fit model of `product` may read.
///
/// Nothing about the product itself, and of what was bought, subscribed to or agreed on no total over all products:
/// both hold what made an account a best customer. A competitor's product is not the product itself.
pub(super) fn readable(recipe: &Recipe, families: &[Family], product: &str) -> bool {
    let of_itself = recipe.product.as_deref() == Some(product);
    let commercial = matches!(
        recipe.family,
        Family::Subscription | Family::Transaction | Family::Agreement | Family::Opportunity
    );
    let total = recipe.product.is_none() && commercial;
    families.contains(&recipe.family) && !of_itself && !total
}

pub(super) fn train(
    trainer: &LineTrainer<'_>,
    dataset: &Dataset,
    material: &Material,
    product: usize,
) -> Result<Outcome, LineError> {
    let today = &material.today;
    let of = &trainer.spec.products[product];
    let name = &of.name;
    let is_seed = seeds(trainer, dataset, today, product);
    let recipes = recipes(&trainer.spec.features);
    let readable: Vec<bool> =
        recipes.iter().map(|recipe| readable(recipe, &trainer.spec.fit.families, name)).collect();
    // Whom the gate leaves out is neither a seed nor one of the others.
    let admitted = today.admitted(product);
    let labels: Vec<bool> = admitted.rows.iter().map(|row| is_seed[*row]).collect();
    let rows = admitted.cases(&material.binning, &labels, &readable);
    let subject = Subject { listed: !of.seeds.is_empty(), ..Subject::new(ModelKind::Fit, name) };
    let mut outcome = trainer.train_model(subject, rows, labels.len() as u64)?;
    let found = outcome.model.evidence().signal() == Signal::Found;
    outcome.lookalike = Some(Lookalike {
        seeds: seeds::words(trainer, product),
        hidden: if found { hidden_share(&outcome.held_out) } else { None },
        archetypes: archetypes(
            trainer,
            today,
            &is_seed,
            product,
            &outcome.model,
            (&material.binning, &recipes),
        )?,
    });
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Spec;

    #[test]
    fn fit_reads_nothing_that_tells_who_owns_the_product() {
        let spec = Spec::cloudascent().unwrap();
        let names: Vec<String> = recipes(&spec.features)
            .into_iter()
            .filter(|recipe| readable(recipe, &spec.features.families, "m365"))
            .map(|recipe| recipe.name)
            .collect();
        let of_m365: Vec<_> = names.iter().filter(|name| name.contains("m365")).collect();
        assert_eq!(of_m365, ["technographic__competitor_of_m365__now"]);
        for total in ["subscription__seats__now", "transaction__monetary__365d", "agreement__active__now"] {
            assert!(!names.iter().any(|name| name == total), "{total}");
        }
        for other in ["subscription__seats_azure__now", "transaction__monetary_azure__365d"] {
            assert!(names.iter().any(|name| name == other), "{other}");
        }
    }
}
