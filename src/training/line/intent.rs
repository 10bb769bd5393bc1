//! Trains the intent model of one product: who buys within the horizon, on several monthly snapshots.
//!
//! The latest snapshot is kept from the tables and serves calibration and evidence. Cases without success beyond the
//! spec's number are drawn by hash and weighted, so that rates stay what they are.

use super::features::{Material, Snapshot};
use super::{LineError, LineTrainer, Outcome};
use crate::features::{Family, recipes};
use crate::models::BinnedMatrix;
use crate::spec::IntentLabel;
use crate::training::TrainingRows;

/// The cases of one snapshot: rows of its matrix, with their outcome and weight.
struct Cases {
    rows: Vec<usize>,
    labels: Vec<bool>,
    weights: Vec<f32>,
    total: u64,
}

impl Cases {
    fn collect(trainer: &LineTrainer<'_>, snapshot: &Snapshot, product: usize, most_negatives: f64) -> Self {
        let horizon = i32::from(trainer.spec.intent.horizon_months.get());
        let end = snapshot.as_of.plus_months(horizon);
        let mut all: Vec<(usize, bool, f64)> = Vec::new();
        for (row, account) in snapshot.accounts.iter().enumerate() {
            let purchases = &snapshot.purchases;
            // An account that had bought is no case, even where the purchase became known only later.
            let had = purchases.first(*account, product).is_some_and(|first| first < snapshot.as_of.micros());
            if had && trainer.spec.intent.label == IntentLabel::FirstPurchase {
                continue;
            }
            if purchases.any_within(*account, product, snapshot.as_of, end) {
                all.push((row, true, 1.0));
            } else if let Some(weight) = purchases.weight_within(*account, product, snapshot.as_of, end) {
                all.push((row, false, weight));
            }
        }
        let total = all.len() as u64;
        let negatives = all.iter().filter(|(_, bought, _)| !bought).count() as f64;
        let keep = (most_negatives / negatives.max(1.0)).min(1.0);
        let seed = trainer.seed.named("cases").numbered(snapshot.as_of.days().unsigned_abs().into());
        let mut cases = Self { rows: Vec::new(), labels: Vec::new(), weights: Vec::new(), total };
        for (row, bought, weight) in all {
            if bought || keep >= 1.0 || seed.uniform(&snapshot.groups[row].to_le_bytes()) < keep {
                cases.rows.push(row);
                cases.labels.push(bought);
                cases.weights.push(if bought { 1.0 } else { (weight / keep) as f32 });
            }
        }
        cases
    }
}

pub(super) fn train(
    trainer: &LineTrainer<'_>,
    material: &Material,
    product: usize,
) -> Result<Outcome, LineError> {
    let spec = &trainer.spec.intent;
    let name = &trainer.spec.products[product].name;
    let most = f64::from(spec.max_negatives.get()) / material.past.len().max(1) as f64;
    let (mut parts, mut labels, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    let (mut groups, mut later, mut total) = (Vec::new(), Vec::new(), 0);
    for (index, snapshot) in material.past.iter().enumerate() {
        let cases = Cases::collect(trainer, snapshot, product, most);
        let is_last = material.past.len() > 1 && index + 1 == material.past.len();
        groups.extend(cases.rows.iter().map(|row| snapshot.groups[*row]));
        later.extend(std::iter::repeat_n(is_last, cases.rows.len()));
        parts.push(snapshot.binned.select_rows(&cases.rows));
        labels.extend(cases.labels);
        weights.extend(cases.weights);
        total += cases.total;
    }
    let binned = match BinnedMatrix::stack(&parts) {
        Ok(binned) => binned,
        // No snapshot at all: the history is shorter than the horizon.
        Err(_) => material.today.binned.select_rows(&[]),
    };
    let first_purchase = spec.label == IntentLabel::FirstPurchase;
    let readable: Vec<bool> = recipes(&trainer.spec.features)
        .iter()
        .map(|recipe| {
            // Nobody in the cases owns the product, so its own purchases say nothing.
            let own = recipe.family == Family::Transaction && recipe.product.as_ref() == Some(name);
            spec.families.contains(&recipe.family) && !(own && first_purchase)
        })
        .collect();
    let rows = TrainingRows {
        binning: &material.binning,
        binned: &binned,
        labels: &labels,
        groups: &groups,
        weights: Some(&weights),
        later: (material.past.len() > 1).then_some(later.as_slice()),
        features: Some(&readable),
    };
    trainer.train_model("intent", product, rows, total)
}
