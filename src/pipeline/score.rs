//! Scoring: every known account, for every product.

use std::ops::Range;

use super::{Pipeline, PipelineError, Reason, RenewalScore};
use crate::features::{FeatureBuilder, Purchases, account_row, known_rows};
use crate::grid::Placement;
use crate::matrix::{FeatureMatrix, FeatureValue};
use crate::models::{Scored, Scorer};
use crate::progress::Progress;
use crate::quantity::{AsOf, MICROS_PER_DAY};
use crate::scoring::Chunking;
use crate::tables::Dataset;
use crate::tables::contract::TableName;
use crate::targeting::{FactsBuilder, TierAssignment};

/// Days after the last known row up to which a date can still be scored: a month and a half of silence is a feed that
/// is late, more is another data set.
const MOST_SILENT_DAYS: i64 = 45;

/// The scores of one account.
#[derive(Clone, Debug)]
pub struct ScoredAccount<'a> {
    /// The account.
    pub account_id: String,
    /// Its name, where it is known.
    pub name: Option<String>,
    /// Its SMB tier.
    pub tier: TierAssignment<'a>,
    /// The bin of each feature, in the order of [`Pipeline::recipes`]: all that the scores depend on.
    pub bins: Vec<u8>,
    /// One entry per product, in the order of the spec.
    pub products: Vec<ProductScore<'a>>,
    /// Its agreements that may still be renewed, by end, where the line has a model of renewals.
    pub renewals: Vec<RenewalScore>,
}

/// The scores of one account for one product.
#[derive(Clone, Debug)]
pub struct ProductScore<'a> {
    /// Does it look like our best customers?
    pub fit: Scored,
    /// Is something happening?
    pub intent: Scored,
    /// Will an owner buy more? Of accounts that have bought the product, where the line has such a model.
    pub upsell: Option<Scored>,
    /// The kind of best customer the account is closest to.
    pub archetype: Option<&'a str>,
    /// Why the gate of the product leaves the account out: its scores mean nothing then, and are written nowhere.
    pub left_out: Option<String>,
    /// Where the two scores fall on the grid.
    pub placement: Placement<'a>,
    /// Whether the account has bought the product before.
    pub owned: bool,
    /// What makes the fit score.
    pub fit_reasons: Vec<Reason>,
    /// What makes the intent score.
    pub intent_reasons: Vec<Reason>,
}

impl Pipeline {
    /// Scores all accounts known before `as_of`, chunk by chunk, and hands them to `sink` in the order of their ids.
    ///
    /// Memory is bounded by the chunks in work. The accounts handed on are the same for every chunking.
    ///
    /// # Errors
    /// [`PipelineError::TooEarly`] or [`PipelineError::TooLate`] when the data cannot speak of the date,
    /// [`PipelineError::ModelOfLaterDate`] when the line was trained on what was known only after it,
    /// [`PipelineError::Build`] when features cannot be built, and every error of `sink`.
    pub fn score<'a, E>(
        &'a self,
        dataset: &Dataset,
        as_of: AsOf,
        chunking: &Chunking,
        progress: &dyn Progress,
        sink: impl FnMut(Vec<ScoredAccount<'a>>) -> Result<(), E>,
    ) -> Result<(), E>
    where
        E: From<PipelineError> + Send,
    {
        if self.as_of() > as_of {
            let (as_of, trained) = (as_of.to_string(), self.as_of().to_string());
            return Err(PipelineError::ModelOfLaterDate { as_of, trained }.into());
        }
        self.score_in_hindsight(dataset, as_of, chunking, progress, sink)
    }

    /// [`score`](Self::score), at a date at which the line may not have existed yet.
    ///
    /// What it says of accounts it was trained on would know their future. It is for accounts that were kept from
    /// training, so that lines of different dates can be held against each other.
    ///
    /// # Errors
    /// As [`score`](Self::score), but for the date of the line.
    pub fn score_in_hindsight<'a, E>(
        &'a self,
        dataset: &Dataset,
        as_of: AsOf,
        chunking: &Chunking,
        progress: &dyn Progress,
        mut sink: impl FnMut(Vec<ScoredAccount<'a>>) -> Result<(), E>,
    ) -> Result<(), E>
    where
        E: From<PipelineError> + Send,
    {
        check_date(dataset, as_of)?;
        let builder = FeatureBuilder::try_new(&self.spec.features, dataset).map_err(PipelineError::from)?;
        let facts = self.renewal.as_ref().map(|_| {
            FactsBuilder::try_new(&self.spec.features, &self.spec.tiers, dataset).map_err(PipelineError::from)
        });
        let facts = facts.transpose()?;
        progress.stage("scoring", dataset.accounts().len() as u64);
        let work = |accounts: Range<usize>| {
            let n_accounts = accounts.len() as u64;
            let scored = self.score_chunk((&builder, facts.as_ref()), dataset, accounts, as_of)?;
            progress.advance(n_accounts);
            Ok::<_, E>(scored)
        };
        chunking.in_order(dataset.accounts().len(), work, &mut sink)
    }

    /// What the model of renewals says of the agreements of an account.
    fn renewals(
        &self,
        facts: Option<&FactsBuilder<'_>>,
        dataset: &Dataset,
        account: usize,
        as_of: AsOf,
    ) -> Result<Vec<RenewalScore>, PipelineError> {
        let agreements = dataset.table(TableName::Agreements);
        let (Some(model), Some(builder), Some(agreements)) = (&self.renewal, facts, agreements) else {
            return Ok(Vec::new());
        };
        if known_rows(agreements, account, as_of).is_empty() {
            return Ok(Vec::new());
        }
        match builder.build(dataset, account..account + 1, as_of)?.first() {
            Some(facts) => model.of_account(facts),
            None => Ok(Vec::new()),
        }
    }

    fn score_chunk(
        &self,
        (builder, facts): (&FeatureBuilder, Option<&FactsBuilder<'_>>),
        dataset: &Dataset,
        accounts: Range<usize>,
        as_of: AsOf,
    ) -> Result<Vec<ScoredAccount<'_>>, PipelineError> {
        let matrix = builder.build(dataset, accounts.clone(), as_of)?;
        let binned = self.binning.apply(&matrix)?;
        let purchases = Purchases::collect(builder, dataset, accounts.clone(), as_of)?;
        let Some(table) = dataset.table(TableName::Accounts) else { return Ok(Vec::new()) };
        let (names, employees, acr) =
            (table.text("name")?, table.number("employees")?, table.number("acr_monthly")?);
        let mut scored = Vec::with_capacity(accounts.len());
        for (row, account) in accounts.enumerate() {
            let Some(attributes) = account_row(dataset, account, as_of)? else { continue };
            let bins = binned.row(row);
            let heads = employees.get(attributes).map(|heads| heads as u64);
            let tier = self.spec.tiers.assign(heads, acr.get(attributes));
            let products = self.products.iter().zip(&self.spec.products).enumerate().map(
                |(index, (models, product))| {
                    let (fit, intent) = (
                        models.fit.scored_at(models.fit.margin(bins)),
                        models.intent.scored_at(models.intent.margin(bins)),
                    );
                    let competitor =
                        product.gate.competitor_installed && has_competitor(&matrix, &product.name, row);
                    let left_out = product.gate.reason(tier.tier, heads, competitor);
                    let scored = left_out.is_none();
                    let owned = purchases.first(account, index).is_some();
                    let reasons = |model| {
                        if !scored {
                            return Vec::new();
                        }
                        self.stories.reasons(model, bins, &self.recipes, &matrix, row)
                    };
                    ProductScore {
                        placement: self.spec.grid.place(
                            scored.then_some(fit.score),
                            scored.then_some(intent.score),
                            &product.fit_cuts,
                            &product.intent_cuts,
                        ),
                        upsell: models
                            .upsell
                            .as_ref()
                            .filter(|_| owned && scored)
                            .map(|upsell| upsell.scored_at(upsell.margin(bins))),
                        archetype: models
                            .lookalike
                            .as_ref()
                            .and_then(|lookalike| lookalike.archetypes.as_ref())
                            .filter(|_| scored)
                            .map(|archetypes| archetypes.nearest(&self.binning, bins).name.as_str()),
                        left_out,
                        fit,
                        intent,
                        owned,
                        fit_reasons: reasons(&models.fit),
                        intent_reasons: reasons(&models.intent),
                    }
                },
            );
            scored.push(ScoredAccount {
                account_id: dataset.accounts()[account].clone(),
                name: names.get(attributes).map(str::to_owned),
                tier,
                products: products.collect(),
                renewals: self.renewals(facts, dataset, account, as_of)?,
                bins: bins.to_vec(),
            });
        }
        Ok(scored)
    }
}

/// Whether an account is known to run a competitor of a product, by the feature that counts them.
pub(crate) fn has_competitor(matrix: &FeatureMatrix, product: &str, row: usize) -> bool {
    let column = matrix.named(&format!("technographic__competitor_of_{product}__now"));
    matches!(column.map(|column| column.value(row)), Some(FeatureValue::Number(number)) if number > 0.0)
}

/// Refuses a date before which nothing was known, or that lies far behind the last row.
///
/// # Errors
/// [`PipelineError::TooEarly`] or [`PipelineError::TooLate`].
pub fn check_date(dataset: &Dataset, as_of: AsOf) -> Result<(), PipelineError> {
    check_date_within(dataset.time_span(), as_of)
}

/// [`check_date`] for data whose first and last row became known at these microseconds.
///
/// # Errors
/// [`PipelineError::TooEarly`] or [`PipelineError::TooLate`].
pub fn check_date_within(span: Option<(i64, i64)>, as_of: AsOf) -> Result<(), PipelineError> {
    let Some((first, last)) = span else { return Ok(()) };
    if as_of.micros() <= first {
        return Err(PipelineError::TooEarly { as_of: as_of.to_string(), first: moment(first) });
    }
    if as_of.micros() > last.saturating_add(MOST_SILENT_DAYS * MICROS_PER_DAY) {
        return Err(PipelineError::TooLate {
            as_of: as_of.to_string(),
            last: moment(last),
            limit_days: MOST_SILENT_DAYS,
        });
    }
    Ok(())
}

fn moment(micros: i64) -> String {
    jiff::Timestamp::from_microsecond(micros).map_or_else(|_| micros.to_string(), |time| time.to_string())
}
