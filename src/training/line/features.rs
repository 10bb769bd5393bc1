//! The material all models of a line learn from: bins, and binned features on every date.

use std::ops::Range;
use std::sync::Arc;

use super::{LineError, LineTrainer};
use crate::features::{FeatureBuilder, Purchases, account_row};
use crate::matrix::FeatureMatrix;
use crate::models::{BinnedMatrix, Binning, BinningParams};
use crate::pipeline::{PipelineError, has_competitor};
use crate::progress::Progress;
use crate::quantity::AsOf;
use crate::seed::hash_bytes;
use crate::tables::Dataset;
use crate::tables::contract::TableName;
use crate::training::TrainingRows;

/// Accounts the bins are learned from. More are sampled.
const MOST_FOR_BINS: usize = 40_000;
/// Most accounts the models learn from, on all dates together. More are sampled, the same on every date.
const MOST_FOR_MODELS: usize = 2_500_000;
/// Accounts that are sampled together.
const BLOCK: usize = 256;

/// The accounts known on a date, their binned features, tiers and purchases.
pub(super) struct Snapshot {
    pub(super) as_of: AsOf,
    /// Indices into the accounts of the data set.
    pub(super) accounts: Vec<usize>,
    /// One row per account.
    pub(super) binned: BinnedMatrix,
    /// A hash of the id of each account: what splits and samples go by, whatever other accounts there are.
    pub(super) groups: Vec<u64>,
    /// The tier of each account.
    pub(super) tiers: Vec<String>,
    /// For each product whether the gate admits each account.
    pub(super) admitted: Vec<Vec<bool>>,
    /// All that is known on the day of training, so that outcomes can be looked up.
    pub(super) purchases: Arc<Purchases>,
}

/// The accounts of a snapshot that the gate of a product admits.
pub(super) struct Admitted {
    /// Their rows in the snapshot.
    pub(super) rows: Vec<usize>,
    binned: BinnedMatrix,
    groups: Vec<u64>,
}

impl Snapshot {
    /// Who is asked about a product.
    pub(super) fn admitted(&self, product: usize) -> Admitted {
        let rows: Vec<usize> = (0..self.accounts.len()).filter(|row| self.admitted[product][*row]).collect();
        let groups = rows.iter().map(|row| self.groups[*row]).collect();
        Admitted { binned: self.binned.select_rows(&rows), groups, rows }
    }
}

impl Admitted {
    /// One case an account.
    pub(super) fn cases<'a>(
        &'a self,
        binning: &'a Binning,
        labels: &'a [bool],
        readable: &'a [bool],
    ) -> TrainingRows<'a> {
        TrainingRows {
            features: Some(readable),
            ..TrainingRows::new(binning, &self.binned, labels, &self.groups)
        }
    }
}

/// Bins and snapshots.
pub(super) struct Material {
    pub(super) binning: Binning,
    /// The day of training.
    pub(super) today: Snapshot,
    /// The dates intent learns from, oldest first.
    pub(super) past: Vec<Snapshot>,
}

/// What a part of a snapshot is put together from.
struct Part {
    accounts: Vec<usize>,
    binned: BinnedMatrix,
    tiers: Vec<String>,
    admitted: Vec<Vec<bool>>,
}

impl Material {
    pub(super) fn prepare(
        trainer: &LineTrainer<'_>,
        builder: &FeatureBuilder,
        dataset: &Dataset,
        dates: &[AsOf],
        binning: Option<&Binning>,
        progress: &dyn Progress,
    ) -> Result<Self, LineError> {
        progress.stage("features", dates.len() as u64 + 2);
        let n_accounts = dataset.accounts().len();
        let mut known_today = Vec::with_capacity(n_accounts);
        for account in 0..n_accounts {
            if account_row(dataset, account, trainer.as_of)?.is_some() {
                known_today.push(account);
            }
        }
        let binning = match binning {
            Some(binning) => binning.clone(),
            None => learn_bins(trainer, builder, dataset, &known_today, dates)?,
        };
        progress.advance(1);
        let purchases =
            Purchases::collect_beside(&trainer.deals, builder, dataset, 0..n_accounts, trainer.as_of)?;
        let purchases = Arc::new(purchases);
        let blocks = blocks(&known_today, MOST_FOR_MODELS / (dates.len() + 1));
        let source = Source { trainer, builder, dataset, binning: &binning, blocks, purchases };
        let snapshot = |date: AsOf| {
            let snapshot = source.snapshot(date);
            progress.advance(1);
            snapshot
        };
        let today = snapshot(trainer.as_of)?;
        let past = dates.iter().map(|date| snapshot(*date)).collect::<Result<_, _>>()?;
        Ok(Self { binning, today, past })
    }
}

/// Learns the bins from accounts as they are known today and as they were on the first of the dates.
fn learn_bins(
    trainer: &LineTrainer<'_>,
    builder: &FeatureBuilder,
    dataset: &Dataset,
    known_today: &[usize],
    dates: &[AsOf],
) -> Result<Binning, LineError> {
    let mut samples: Vec<FeatureMatrix> = Vec::new();
    let first_and_last = std::iter::once(trainer.as_of).chain(dates.first().copied());
    for date in first_and_last {
        let blocks = blocks(known_today, MOST_FOR_BINS);
        let built =
            trainer.chunking.parallelism.map(&blocks, |_, rows| builder.build(dataset, rows.clone(), date));
        for matrix in built {
            samples.push(matrix?);
        }
    }
    let samples: Vec<&FeatureMatrix> = samples.iter().collect();
    Ok(Binning::learn(&samples, &BinningParams::default()).map_err(PipelineError::from)?)
}

/// What snapshots are taken of.
struct Source<'a> {
    trainer: &'a LineTrainer<'a>,
    builder: &'a FeatureBuilder,
    dataset: &'a Dataset,
    binning: &'a Binning,
    blocks: Vec<Range<usize>>,
    purchases: Arc<Purchases>,
}

impl Source<'_> {
    fn snapshot(&self, as_of: AsOf) -> Result<Snapshot, LineError> {
        let Self { trainer, builder, dataset, binning, blocks, purchases } = self;
        let parts = trainer.chunking.parallelism.map(blocks, |_, rows| -> Result<Part, LineError> {
            let matrix = builder.build(dataset, rows.clone(), as_of)?;
            let binned = binning.apply(&matrix).map_err(PipelineError::from)?;
            known(trainer, dataset, rows.clone(), as_of, (&matrix, &binned))
        });
        let (mut accounts, mut pieces, mut tiers) = (Vec::new(), Vec::new(), Vec::new());
        let mut admitted = vec![Vec::new(); trainer.spec.products.len()];
        for part in parts {
            let part = part?;
            accounts.extend(part.accounts);
            pieces.push(part.binned);
            tiers.extend(part.tiers);
            admitted.iter_mut().zip(part.admitted).for_each(|(all, part)| all.extend(part));
        }
        let binned = BinnedMatrix::stack(&pieces).map_err(PipelineError::from)?;
        let groups =
            accounts.iter().map(|account| hash_bytes(0, dataset.accounts()[*account].as_bytes())).collect();
        Ok(Snapshot { as_of, accounts, binned, groups, tiers, admitted, purchases: Arc::clone(purchases) })
    }
}

/// Keeps the accounts of a block that were known on the date.
fn known(
    trainer: &LineTrainer<'_>,
    dataset: &Dataset,
    rows: Range<usize>,
    as_of: AsOf,
    (matrix, binned): (&FeatureMatrix, &BinnedMatrix),
) -> Result<Part, LineError> {
    let (mut accounts, mut keep, mut tiers) = (Vec::new(), Vec::new(), Vec::new());
    let mut admitted = vec![Vec::new(); trainer.spec.products.len()];
    let table = dataset.table(TableName::Accounts);
    for (row, account) in rows.enumerate() {
        let (Some(table), Some(attributes)) = (table, account_row(dataset, account, as_of)?) else {
            continue;
        };
        let employees =
            table.number("employees").map_err(crate::features::FeatureError::from)?.get(attributes);
        let acr = table.number("acr_monthly").map_err(crate::features::FeatureError::from)?.get(attributes);
        let heads = employees.map(|heads| heads as u64);
        let tier = trainer.spec.tiers.assign(heads, acr).tier.to_string();
        for (admitted, product) in admitted.iter_mut().zip(&trainer.spec.products) {
            let competitor = product.gate.competitor_installed && has_competitor(matrix, &product.name, row);
            admitted.push(product.gate.admits(&tier, heads, competitor));
        }
        accounts.push(account);
        keep.push(row);
        tiers.push(tier);
    }
    Ok(Part { accounts, binned: binned.select_rows(&keep), tiers, admitted })
}

/// Blocks of accounts, evenly spread, that hold about `most` of the `known` accounts together; all of them when there
/// are fewer. Accounts that are not known between those that are come along and are left out later.
fn blocks(known: &[usize], most: usize) -> Vec<Range<usize>> {
    let all = known.len().div_ceil(BLOCK);
    let wanted = most.div_ceil(BLOCK).min(all);
    (0..wanted)
        .map(|block| block * all / wanted * BLOCK)
        .filter_map(|start| {
            let block = &known[start..(start + BLOCK).min(known.len())];
            Some(*block.first()?..*block.last()? + 1)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_all_accounts_or_spread_evenly() {
        let accounts = |n: usize| (0..n).collect::<Vec<_>>();
        let all: usize = blocks(&accounts(1000), 40_000).iter().map(Range::len).sum();
        assert_eq!(all, 1000);
        assert_eq!(blocks(&[3, 5, 9], 40_000), vec![3..10]);
        assert!(blocks(&[], 40_000).is_empty());
        let some = blocks(&accounts(1_000_000), 40_000);
        assert_eq!(some.len(), 157);
        assert!(some.windows(2).all(|pair| pair[0].end <= pair[1].start));
        assert!(some.last().unwrap().start > 980_000);
    }
}
