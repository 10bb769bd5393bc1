//! Seeds: the best customers of a product, whom fit looks for.

use std::collections::{BTreeMap, BTreeSet};

use super::LineTrainer;
use super::features::Snapshot;
use crate::tables::Dataset;

/// Which accounts of the snapshot are seeds of the product: its best customers by what they paid in the trailing months.
///
/// Accounts that the spec lists are seeds in their place. Nobody is a seed whom the gate of the
/// product leaves out.
pub(super) fn seeds(
    trainer: &LineTrainer<'_>,
    dataset: &Dataset,
    today: &Snapshot,
    product: usize,
) -> Vec<bool> {
    let listed: BTreeSet<&str> = trainer.spec.products[product].seeds.iter().map(String::as_str).collect();
    let mut seeds = if listed.is_empty() {
        by_rule(trainer, today, product)
    } else {
        today.accounts.iter().map(|account| listed.contains(dataset.accounts()[*account].as_str())).collect()
    };
    seeds.iter_mut().zip(&today.admitted[product]).for_each(|(seed, admitted)| *seed &= admitted);
    seeds
}

/// Who the seeds are, in words.
pub(super) fn words(trainer: &LineTrainer<'_>, product: usize) -> String {
    let (listed, fit) = (trainer.spec.products[product].seeds.len(), &trainer.spec.fit);
    if listed > 0 {
        return format!("{listed} accounts that were listed");
    }
    format!(
        "the top {:.0} % of each tier's customers by what they paid in {} months",
        100.0 * fit.seed_share.value(),
        fit.trailing_months
    )
}

fn by_rule(trainer: &LineTrainer<'_>, today: &Snapshot, product: usize) -> Vec<bool> {
    let months = i32::from(trainer.spec.fit.trailing_months.get());
    let from = trainer.as_of.plus_months(-months);
    let value = |row: usize| today.purchases.value_within(today.accounts[row], product, from, trainer.as_of);
    best_customers(&today.tiers, value, trainer.spec.fit.seed_share.value())
}

/// The best customers: within each tier, the top share of those who paid anything, by what they paid. At least one
/// customer of a tier is among them.
pub(crate) fn best_customers(
    tiers: &[impl AsRef<str>],
    value: impl Fn(usize) -> f64,
    share: f64,
) -> Vec<bool> {
    let mut by_tier: BTreeMap<&str, Vec<(f64, usize)>> = BTreeMap::new();
    for (row, tier) in tiers.iter().enumerate() {
        let value = value(row);
        if value > 0.0 {
            by_tier.entry(tier.as_ref()).or_default().push((value, row));
        }
    }
    let mut best = vec![false; tiers.len()];
    for customers in by_tier.values_mut() {
        customers.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let wanted = (customers.len() as f64 * share).ceil() as usize;
        for (_, row) in customers.iter().take(wanted) {
            best[*row] = true;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_each_tier_and_nobody_who_paid_nothing() {
        let tiers = ["small", "small", "small", "large", "small", "large"];
        let paid = [5.0, 9.0, 0.0, 100.0, 7.0, -3.0];
        // A third of three small customers is one; the only large customer is the best of its tier.
        let best = best_customers(&tiers, |row| paid[row], 0.3);
        assert_eq!(best, [false, true, false, true, false, false]);
    }
}
