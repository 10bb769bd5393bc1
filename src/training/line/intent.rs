//! Trains the intent model of one product: who buys within the horizon, on several monthly snapshots.
//!
//! Whitespace is who does not own the product and buys it; upsell is who has owned it for a year and pays more within the
//! horizon than in the same months of the year before, by a tenth at least.
//!
//! The latest snapshot says when to stop and serves calibration and evidence, by tables that have not seen it; those that are
//! kept have grown with it. Cases without success beyond the
//! spec's number are drawn by hash and weighted, so that rates stay what they are.

use super::features::{Material, Snapshot};
use super::one_model::{ModelKind, Subject};
use super::owners;
use super::seasons;
use super::{HeldOutCases, Kept, LineError, LineTrainer, Outcome};
use crate::features::{Family, recipes};
use crate::models::{BinnedMatrix, FittedModel};
use crate::quantity::LogOdds;
use crate::spec::IntentLabel;
use crate::training::leak_gate::PassedGate;
use crate::training::{TrainingRows, TrainingSet, UpdateParams};

/// Which customers an intent model is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Those the spec asks about: who buys for the first time, or at all.
    Whitespace,
    /// Owners: who will pay more.
    Upsell,
}

impl Side {
    /// What its model answers.
    const fn kind(self) -> ModelKind {
        match self {
            Self::Whitespace => ModelKind::Intent,
            Self::Upsell => ModelKind::Upsell,
        }
    }
}

/// How much more an owner pays at least, for it to count as a success: a tenth.
const MORE: f64 = 1.1;

/// The cases of one snapshot: rows of its matrix, with their outcome and weight.
struct Cases {
    rows: Vec<usize>,
    labels: Vec<bool>,
    weights: Vec<f32>,
    /// The share that was drawn of the cases without success.
    drawn: f64,
    total: u64,
}

impl Cases {
    fn collect(
        trainer: &LineTrainer<'_>,
        snapshot: &Snapshot,
        (product, side): (usize, Side),
        most_negatives: f64,
    ) -> Self {
        let horizon = i32::from(trainer.spec.intent.horizon_months.get());
        let end = snapshot.as_of.plus_months(horizon);
        let mut all: Vec<(usize, bool, f64)> = Vec::new();
        for (row, account) in snapshot.accounts.iter().enumerate() {
            if !snapshot.admitted[product][row] {
                continue;
            }
            let purchases = &snapshot.purchases;
            // An account that had bought is no case, even where the purchase became known only later.
            let had = purchases.any_before(*account, product, snapshot.as_of);
            if side == Side::Upsell {
                // The same months a year before: who pays yearly is not taken for a success once a year.
                let year_ago = snapshot.as_of.plus_months(-12);
                if purchases.any_before(*account, product, year_ago) {
                    let paid = |from, to| purchases.value_within(*account, product, from, to);
                    let (earlier, now) =
                        (paid(year_ago, year_ago.plus_months(horizon)), paid(snapshot.as_of, end));
                    all.push((row, now > 0.0 && now >= MORE * earlier, 1.0));
                }
                continue;
            }
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
        let mut cases =
            Self { rows: Vec::new(), labels: Vec::new(), weights: Vec::new(), drawn: keep, total };
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

/// The cases of one product on all snapshots.
struct Stacked {
    binned: BinnedMatrix,
    labels: Vec<bool>,
    weights: Vec<f32>,
    drawn: Vec<f32>,
    /// How far the rate of their snapshot is from that of all.
    offsets: Vec<LogOdds>,
    groups: Vec<u64>,
    /// Which are of the last snapshot, where there are more.
    later: Option<Vec<bool>>,
    /// Which features intent may read.
    readable: Vec<bool>,
    /// All cases, before any were drawn.
    total: u64,
}

impl Stacked {
    fn collect(trainer: &LineTrainer<'_>, material: &Material, about: (usize, Side)) -> Self {
        let (product, side) = about;
        let spec = &trainer.spec.intent;
        let name = &trainer.spec.products[product].name;
        let most = f64::from(spec.max_negatives.get()) / material.past.len().max(1) as f64;
        let (mut parts, mut labels) = (Vec::new(), Vec::new());
        let (mut weights, mut drawn) = (Vec::new(), Vec::new());
        let (mut groups, mut later, mut n_cases, mut total) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for (index, snapshot) in material.past.iter().enumerate() {
            let cases = Cases::collect(trainer, snapshot, about, most);
            let is_last = material.past.len() > 1 && index + 1 == material.past.len();
            groups.extend(cases.rows.iter().map(|row| snapshot.groups[*row]));
            later.extend(std::iter::repeat_n(is_last, cases.rows.len()));
            parts.push(snapshot.binned.select_rows(&cases.rows));
            labels.extend(cases.labels);
            weights.extend(cases.weights);
            n_cases.push(cases.rows.len());
            drawn.extend(std::iter::repeat_n(cases.drawn as f32, cases.rows.len()));
            total += cases.total;
        }
        let binned = match BinnedMatrix::stack(&parts) {
            Ok(binned) => binned,
            // No snapshot at all: the history is shorter than the horizon.
            Err(_) => material.today.binned.select_rows(&[]),
        };
        let first_purchase = spec.label == IntentLabel::FirstPurchase && side == Side::Whitespace;
        let readable = recipes(&trainer.spec.features)
            .iter()
            .map(|recipe| {
                // Nobody in the cases owns the product, so its own purchases say nothing.
                let own = recipe.family == Family::Transaction && recipe.product.as_ref() == Some(name);
                spec.families.contains(&recipe.family) && !(own && first_purchase)
            })
            .collect();
        let later = (material.past.len() > 1).then_some(later);
        let offsets = seasons::offsets(&labels, &weights, &n_cases);
        Self { binned, labels, weights, drawn, offsets, groups, later, readable, total }
    }

    fn rows<'a>(&'a self, material: &'a Material) -> TrainingRows<'a> {
        TrainingRows {
            weights: Some(&self.weights),
            drawn: Some(&self.drawn),
            offsets: Some(&self.offsets),
            later: self.later.as_deref(),
            features: Some(&self.readable),
            ..TrainingRows::new(&material.binning, &self.binned, &self.labels, &self.groups)
        }
    }
}

/// Lets the model follow where an older line is updated and has one, and trains it anew otherwise.
pub(super) fn learn(
    trainer: &LineTrainer<'_>,
    material: &Material,
    (product, side): (usize, Side),
    keeps: Kept<'_>,
) -> Result<Outcome, LineError> {
    let Kept::All(kept, params) = keeps else { return train(trainer, material, (product, side)) };
    let old = &kept.products()[product];
    match (side, &old.upsell) {
        (Side::Whitespace, _) => {
            let outcome = update(trainer, material, (product, side), (&old.intent, params))?;
            let seen = &kept.manifest().samples[product];
            Ok(Outcome {
                positives: seen.intent_positives + outcome.positives,
                cases: seen.intent_cases + outcome.cases,
                owners: seen.intent_owners,
                ..outcome
            })
        }
        (Side::Upsell, Some(upsell)) => update(trainer, material, (product, side), (upsell, params)),
        (Side::Upsell, None) => train(trainer, material, (product, side)),
    }
}

/// Trains the model anew.
pub(super) fn train(
    trainer: &LineTrainer<'_>,
    material: &Material,
    about: (usize, Side),
) -> Result<Outcome, LineError> {
    let (product, side) = about;
    let cases = Stacked::collect(trainer, material, about);
    let rows = cases.rows(material);
    let subject = Subject::new(side.kind(), &trainer.spec.products[product].name);
    let owners = match side {
        Side::Whitespace if trainer.boosts(rows) => owners::look(trainer, material, product)?,
        Side::Whitespace | Side::Upsell => None,
    };
    let prior = owners.as_ref().map(FittedModel::additive);
    let outcome = trainer.train_model(Subject { prior, ..subject }, rows, cases.total)?;
    Ok(Outcome { owners: owners.map(|owners| owners.evidence().positives()), ..outcome })
}

/// Lets a model follow the cases; it stays where they are too few. The counts are those of the new cases.
fn update(
    trainer: &LineTrainer<'_>,
    material: &Material,
    (product, side): (usize, Side),
    (old, params): (&FittedModel, &UpdateParams),
) -> Result<Outcome, LineError> {
    let cases = Stacked::collect(trainer, material, (product, side));
    let subject = Subject::new(side.kind(), &trainer.spec.products[product].name);
    let failed = |source| subject.failed(source);
    // Which of them came last is of no use here.
    let trends = trainer.trends(side.kind(), &material.binning).map_err(failed)?;
    let rows = TrainingRows { later: None, ..cases.rows(material) };
    let model = match TrainingSet::try_new(rows).and_then(|set| set.with_trends(&trends)) {
        Ok(set) => params.update(old, &set).map_err(failed)?,
        Err(error) if error.too_few_outcomes() => old.clone(),
        Err(error) => return Err(failed(error)),
    };
    Ok(Outcome {
        model,
        held_out: HeldOutCases::default(),
        positives: cases.labels.iter().filter(|label| **label).count() as u64,
        cases: cases.total,
        lookalike: None,
        owners: None,
        gate: PassedGate::default(),
    })
}
