//! Seeds: the best customers of a product, whom fit looks for.

use std::collections::BTreeMap;

use super::LineTrainer;
use super::features::Snapshot;

/// Which accounts of the snapshot are seeds of the product: within each tier, the top share of its customers by what
/// they paid in the trailing months. Customers who paid nothing in that time are none. At least one customer of a tier
/// is a seed.
pub(super) fn seeds(trainer: &LineTrainer<'_>, today: &Snapshot, product: usize) -> Vec<bool> {
    let months = i32::from(trainer.spec.fit.trailing_months.get());
    let from = trainer.as_of.plus_months(-months);
    let mut by_tier: BTreeMap<&str, Vec<(f64, usize)>> = BTreeMap::new();
    for (row, account) in today.accounts.iter().enumerate() {
        let value = today.purchases.value_within(*account, product, from, trainer.as_of);
        if value > 0.0 {
            by_tier.entry(today.tiers[row].as_str()).or_default().push((value, row));
        }
    }
    let mut seeds = vec![false; today.accounts.len()];
    for customers in by_tier.values_mut() {
        customers.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let wanted = (customers.len() as f64 * trainer.spec.fit.seed_share.value()).ceil() as usize;
        for (_, row) in customers.iter().take(wanted) {
            seeds[*row] = true;
        }
    }
    seeds
}
