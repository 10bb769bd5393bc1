//! Trains the model of renewals: will an agreement that ends be renewed, or still be paid for?
//!
//! Every agreement that ended and whose days of grace are over is one case. It is seen on one date, drawn between eleven months
//! before its end and two months after it, as everything was known then; where a later agreement was known by that date, nobody would
//! have asked, and it is no case. So outcomes are independent but for those of one account, which are judged together. It
//! succeeds when a later agreement for the same division begins around its end, or when its division is a product of
//! the spec that the account pays for between the end and the end of grace.

use super::features::Snapshot;
use super::one_model::{ModelKind, Subject};
use super::{LineError, LineTrainer, Outcome};
use crate::features::known_rows;
use crate::models::{Binning, BinningParams};
use crate::pipeline::PipelineError;
use crate::quantity::AsOf;
use crate::tables::Dataset;
use crate::tables::contract::TableName;
use crate::targeting::{
    AccountFacts, Agreement, FactsBuilder, RENEWAL_GRACE_DAYS, may_be_renewed, renewal_features,
};
use crate::training::TrainingRows;

/// Months before its end at which an agreement is seen at the earliest and at the latest.
const LEADS: std::ops::RangeInclusive<i32> = -2..=11;
/// Months back from the day of training in which an agreement may have ended: older ones say little of today.
const MOST_MONTHS: i32 = 36;
/// Agreements that are learned from; of more, accounts are drawn.
const MOST_AGREEMENTS: f64 = 200_000.0;

/// A case: the facts on the date it is seen, its place among their agreements, and whether it was renewed.
struct Case {
    facts: AccountFacts,
    agreement: usize,
    renewed: bool,
    group: u64,
}

/// What cases are collected from.
struct Source<'a> {
    trainer: &'a LineTrainer<'a>,
    dataset: &'a Dataset,
    builder: FactsBuilder<'a>,
    today: &'a Snapshot,
    begun: i64,
}

/// Trains the model; `None` where no agreement has ended yet.
pub(super) fn train(
    trainer: &LineTrainer<'_>,
    dataset: &Dataset,
    today: &Snapshot,
) -> Result<Option<(Outcome, Binning)>, LineError> {
    let Some(table) = dataset.table(TableName::Agreements) else { return Ok(None) };
    let builder = FactsBuilder::try_new(&trainer.spec.features, &trainer.spec.tiers, dataset)?;
    let begun = dataset.time_span().map_or(i64::MIN, |(first, _)| first);
    let source = Source { trainer, dataset, builder, today, begun };
    let share = MOST_AGREEMENTS / (table.n_rows() as f64).max(1.0);
    let drawn = trainer.seed.named("agreements");
    let mut cases = Vec::new();
    for (account, group) in today.accounts.iter().zip(&today.groups) {
        if known_rows(table, *account, trainer.as_of).is_empty()
            || (share < 1.0 && drawn.uniform(&group.to_le_bytes()) >= share)
        {
            continue;
        }
        source.add(&mut cases, (*account, *group))?;
    }
    if cases.is_empty() {
        return Ok(None);
    }
    let rows: Vec<(&AccountFacts, &Agreement)> =
        cases.iter().map(|case| (&case.facts, &case.facts.agreements[case.agreement])).collect();
    let matrix = renewal_features(&rows).map_err(PipelineError::from)?;
    let binning = Binning::learn(&[&matrix], &BinningParams::default()).map_err(PipelineError::from)?;
    let binned = binning.apply(&matrix).map_err(PipelineError::from)?;
    let labels: Vec<bool> = cases.iter().map(|case| case.renewed).collect();
    let groups: Vec<u64> = cases.iter().map(|case| case.group).collect();
    let rows = TrainingRows::new(&binning, &binned, &labels, &groups);
    let subject = Subject::new(ModelKind::Renewal, "agreements");
    let outcome = trainer.train_model(subject, rows, labels.len() as u64)?;
    Ok(Some((outcome, binning)))
}

impl Source<'_> {
    /// Adds the agreements of an account whose fate is known.
    fn add(&self, cases: &mut Vec<Case>, (account, group): (usize, u64)) -> Result<(), LineError> {
        let as_of = self.trainer.as_of;
        let Some(now) = self.facts(account, as_of)? else { return Ok(()) };
        let oldest = as_of.plus_months(-MOST_MONTHS);
        for agreement in &now.agreements {
            let is_settled = agreement.ends.days() + RENEWAL_GRACE_DAYS <= as_of.days();
            if !is_settled || agreement.ends < oldest {
                continue;
            }
            if let Some((facts, place)) = self.seen(account, agreement)? {
                let renewed = agreement.renewed || self.pays_on(account, agreement);
                cases.push(Case { facts, agreement: place, renewed, group });
            }
        }
        Ok(())
    }

    /// What was known of an agreement on the date it is seen, and its place there. An agreement that was entered after the
    /// date is seen on the first later one on which it was known; one that was known to be renewed is not seen at all.
    fn seen(
        &self,
        account: usize,
        agreement: &Agreement,
    ) -> Result<Option<(AccountFacts, usize)>, LineError> {
        let key = format!("{}|{}", self.dataset.accounts()[account], agreement.id);
        let (latest, earliest) = (*LEADS.start(), *LEADS.end());
        let drawn = self.trainer.seed.named("seen").uniform(key.as_bytes());
        let lead = latest + (drawn * f64::from(earliest - latest + 1)) as i32;
        for lead in (latest..=lead).rev() {
            let date = agreement.ends.plus_months(-lead);
            if date.micros() <= self.begun {
                continue;
            }
            let Some(facts) = self.facts(account, date)? else { continue };
            let place = facts.agreements.iter().position(|known| {
                known.id == agreement.id
                    && known.division == agreement.division
                    && known.ends == agreement.ends
            });
            if let Some(place) = place {
                let asked = may_be_renewed(&facts, &facts.agreements[place]);
                return Ok(asked.then_some((facts, place)));
            }
        }
        Ok(None)
    }

    fn facts(&self, account: usize, date: AsOf) -> Result<Option<AccountFacts>, LineError> {
        Ok(self.builder.build(self.dataset, account..account + 1, date)?.pop())
    }

    /// Whether the account pays for what the agreement was about between its end and the end of grace.
    fn pays_on(&self, account: usize, agreement: &Agreement) -> bool {
        let products = &self.trainer.spec.products;
        let place = products.iter().position(|product| agreement.division.as_ref() == Some(&product.name));
        let until = agreement.ends.plus_days(RENEWAL_GRACE_DAYS);
        place.is_some_and(|product| self.today.purchases.any_within(account, product, agreement.ends, until))
    }
}
