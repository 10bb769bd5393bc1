//! Why a score changed from one run to a later one: an exact sum of causes.
//!
//! Steps lead from what the earlier run said to what the later one says. Each changes one thing and keeps all others, so
//! the differences between neighbours add up to the whole, in whole numbers:
//!
//! | cause | what changes in its step |
//! |---|---|
//! | correction | the stored row of the earlier run becomes the row that its date gives in the tables of today |
//! | decay | the date becomes the later one; still only rows count that were known on the earlier date |
//! | new events | rows of events count that became known since |
//! | firmographics | rows of accounts count that became known or valid since |
//! | model | the tables of the later model speak, under the calibration and the scale of the earlier one |
//! | calibration | the calibration and the scale become those of the later model |
//!
//! With `m(model, row)` the margin and `s(model, margin)` the score at a margin, the steps of a score are
//! `s(old, m(old, row_k)) - s(old, m(old, row_k-1))` for the four causes in the data, then `s(old, m(new, row)) - s(old, m(old,
//! row))`, then `s(new, m(new, row)) - s(old, m(new, row))`. Where two causes work together, such as a new event in a feature
//! that also ages, the share of each depends on the order of the steps; the order is the one above, and the sum does not
//! depend on it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Pipeline, PipelineError};
use crate::features::{FeatureBuilder, Vantage};
use crate::models::{FittedModel, Scorer};
use crate::quantity::{AsOf, LogOdds, Score};
use crate::tables::Dataset;

/// What a run knows of an account: by which line it was scored, on which date, and from which row of bins.
#[derive(Clone, Copy, Debug)]
pub struct ScoredFrom<'a> {
    /// The line.
    pub line: &'a Pipeline,
    /// The date.
    pub as_of: AsOf,
    /// The bin of every feature.
    pub bins: &'a [u8],
}

/// Why a score changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// What was known on the earlier date reads otherwise in the tables of today.
    Correction,
    /// Time has passed over what was known.
    Decay,
    /// Events became known.
    NewEvents,
    /// Attributes of the company became known or valid.
    Firmographics,
    /// The tables of the model are others.
    Model,
    /// A margin means another probability, or a probability another score.
    Calibration,
}

impl Cause {
    /// All causes, in the order of their steps.
    pub const ALL: [Self; 6] =
        [Self::Correction, Self::Decay, Self::NewEvents, Self::Firmographics, Self::Model, Self::Calibration];

    /// The name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Correction => "corrections",
            Self::Decay => "decay",
            Self::NewEvents => "new events",
            Self::Firmographics => "firmographics",
            Self::Model => "model",
            Self::Calibration => "calibration",
        }
    }
}

/// What one cause adds to a score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangePart {
    /// The cause.
    pub cause: Cause,
    /// What it adds to the margin, in steps of 2^-20 log-odds.
    pub margin: LogOdds,
    /// What it adds to the score, in thousandths of a point.
    pub thousandths: i64,
    /// What it adds to the margin through each group of features, largest first; they add up to `margin`.
    pub groups: Vec<(String, LogOdds)>,
}

/// The change of one score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreChange {
    /// The margin in the earlier run.
    pub margin_before: LogOdds,
    /// The margin in the later run.
    pub margin_after: LogOdds,
    /// The score in the earlier run.
    pub score_before: Score,
    /// The score in the later run.
    pub score_after: Score,
    /// One part a cause, in their order. Margins add up to `margin_after - margin_before`, thousandths to `score_after -
    /// score_before`, both to the last step.
    pub parts: Vec<ChangePart>,
}

/// The changes of an account for one product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductChange {
    /// The product.
    pub product: String,
    /// Of fit.
    pub fit: ScoreChange,
    /// Of intent.
    pub intent: ScoreChange,
}

/// The group of a difference that no feature makes: the average account of the model.
pub const BASE_GROUP: &str = "base rate";

/// Why the scores of an account changed, for every product that both lines know; `dataset` holds the tables of the later run.
///
/// # Errors
/// [`PipelineError::Backwards`] when `before` is the later one, [`PipelineError::UnknownAccount`] when the tables do not
/// have the account, [`PipelineError::OtherTables`] when they do not give the row of the later run,
/// [`PipelineError::Bins`] when a row is not one of its line, [`PipelineError::Build`] when features cannot be built.
pub fn score_changes(
    dataset: &Dataset,
    account: &str,
    before: ScoredFrom<'_>,
    after: ScoredFrom<'_>,
) -> Result<Vec<ProductChange>, PipelineError> {
    let (then, now) = (before.as_of, after.as_of);
    if then > now {
        return Err(PipelineError::Backwards { before: then.to_string(), after: now.to_string() });
    }
    let place = dataset.accounts().binary_search_by(|known| known.as_str().cmp(account));
    let place = place.map_err(|_| PipelineError::UnknownAccount { account: account.to_owned() })?;
    let row = |line: &Pipeline, builder: &FeatureBuilder, from: Vantage| -> Result<_, PipelineError> {
        let matrix = builder.build_from(dataset, place..place + 1, from)?;
        Ok(line.binning.apply(&matrix)?.row(0).to_vec())
    };
    let builder = FeatureBuilder::try_new(&after.line.spec.features, dataset)?;
    let rebuilt = row(after.line, &builder, now.into())?;
    if rebuilt != after.bins {
        let names = after.line.recipes.iter().map(|recipe| &recipe.name);
        let pairs = names.zip(rebuilt.iter().zip(after.bins));
        let features = pairs.filter(|(_, (new, old))| new != old).map(|(name, _)| name.clone()).collect();
        return Err(PipelineError::OtherTables { account: account.to_owned(), features });
    }
    let builder = FeatureBuilder::try_new(&before.line.spec.features, dataset)?;
    let row = |from: Vantage| row(before.line, &builder, from);
    let rows = [
        before.bins.to_vec(),
        row(then.into())?,
        row(Vantage { as_of: now, events: then, attributes: then })?,
        row(Vantage { as_of: now, events: now, attributes: then })?,
        row(now.into())?,
    ];
    let mut changes = Vec::new();
    for old in &before.line.products {
        let Some(new) = after.line.products.iter().find(|new| new.product == old.product) else { continue };
        let change = |old: &FittedModel, new: &FittedModel| {
            score_change((before.line, old, &rows), (after.line, new, after.bins))
        };
        changes.push(ProductChange {
            product: old.product.clone(),
            fit: change(&old.fit, &new.fit)?,
            intent: change(&old.intent, &new.intent)?,
        });
    }
    Ok(changes)
}

fn score_change(
    (old_line, old, rows): (&Pipeline, &FittedModel, &[Vec<u8>; 5]),
    (new_line, new, bins): (&Pipeline, &FittedModel, &[u8]),
) -> Result<ScoreChange, PipelineError> {
    let score = |model: &FittedModel, margin: LogOdds| model.scored_at(margin).score;
    let less = |after: Score, before: Score| i64::from(after.thousandths()) - i64::from(before.thousandths());
    // Every step that has a row before it and a row after it, read by a model of a line.
    let last = &rows[rows.len() - 1];
    let of_old = |bins| (old_line, old, bins);
    let in_data = rows.windows(2).map(|pair| (of_old(&pair[0][..]), of_old(&pair[1][..])));
    let steps = in_data.chain([(of_old(&last[..]), (new_line, new, bins))]);
    let mut parts = Vec::with_capacity(Cause::ALL.len());
    for (cause, (from, to)) in Cause::ALL.into_iter().zip(steps) {
        let margins = [from, to].map(|(_, model, bins)| model.margin(bins));
        parts.push(ChangePart {
            cause,
            margin: LogOdds::from_steps(margins[1].steps() - margins[0].steps()),
            thousandths: less(score(old, margins[1]), score(old, margins[0])),
            groups: moved_groups(from, to)?,
        });
    }
    let (before, after) = (old.margin(&rows[0]), new.margin(bins));
    parts.push(ChangePart {
        cause: Cause::Calibration,
        margin: LogOdds::ZERO,
        thousandths: less(score(new, after), score(old, after)),
        groups: Vec::new(),
    });
    Ok(ScoreChange {
        margin_before: before,
        margin_after: after,
        score_before: score(old, before),
        score_after: score(new, after),
        parts,
    })
}

/// What every group of features adds after less what it added before, largest first, those without change left out;
/// with [`BASE_GROUP`] they add up to the difference of the margins.
///
/// # Errors
/// [`PipelineError::Bins`] when a row is not one of its line.
pub(crate) fn moved_groups(
    before: (&Pipeline, &FittedModel, &[u8]),
    after: (&Pipeline, &FittedModel, &[u8]),
) -> Result<Vec<(String, LogOdds)>, PipelineError> {
    let mut groups: BTreeMap<String, i64> = BTreeMap::new();
    for ((line, model, bins), sign) in [(before, -1), (after, 1)] {
        *groups.entry(BASE_GROUP.to_owned()).or_default() += sign * model.base().steps();
        for (group, effect) in line.effects(model, bins)? {
            *groups.entry(group.to_owned()).or_default() += sign * effect.steps();
        }
    }
    groups.retain(|_, steps| *steps != 0);
    let mut groups: Vec<(String, LogOdds)> =
        groups.into_iter().map(|(group, steps)| (group, LogOdds::from_steps(steps))).collect();
    groups.sort_by(|a, b| b.1.steps().abs().cmp(&a.1.steps().abs()).then_with(|| a.0.cmp(&b.0)));
    Ok(groups)
}
