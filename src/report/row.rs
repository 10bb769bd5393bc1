//! One row of the scores: an account and a product.

use std::cmp::Ordering;

use super::ReportError;
use super::row_stream::StoredRow;
use crate::grid::{Band, Cluster, Priority};
use crate::pipeline::{Reason, ScoredAccount};
use crate::quantity::{AsOf, Probability, Score};
use crate::spec::{IntentLabel, Spec};
use crate::tables::write::{Cells, ColumnType, Schema};

/// The scores of one account for one product, as they are written.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreRow {
    /// The account.
    pub account_id: String,
    /// Its name, where it is known.
    pub account_name: Option<String>,
    /// The product.
    pub product: String,
    /// Does it look like our best customers? 0 to 100; `None` where the gate of the product leaves the account out.
    pub fit_score: Option<Score>,
    /// Is something happening? 0 to 100; `None` as above.
    pub intent_score: Option<Score>,
    /// Probability of a purchase within the horizon; `None` as above.
    pub probability: Option<Probability>,
    /// Band of the fit score.
    pub fit_band: Option<Band>,
    /// Band of the intent score.
    pub intent_band: Option<Band>,
    /// Label of the cell of the grid.
    pub cell: Option<String>,
    /// Cluster.
    pub cluster: Cluster,
    /// Rank of the cell, 1 best.
    pub rank: Option<u8>,
    /// SMB tier.
    pub tier: String,
    /// Whether the company is large enough for the corporate segment.
    pub corporate_candidate: bool,
    /// Whether the account has bought the product before.
    pub owns_product: bool,
    /// What makes the fit score, in words.
    pub fit_reasons: String,
    /// What makes the intent score, in words.
    pub intent_reasons: String,
    /// The kind of best customer the account is closest to, in words.
    pub closest_to: Option<String>,
    /// Will an owner buy more? 0 to 100; of owners, where the line has such a model.
    pub upsell_score: Option<Score>,
    /// Probability that an owner pays more within the horizon.
    pub upsell_probability: Option<Probability>,
    /// Probability that the next agreement to end for the product is renewed; of accounts with one, where the line has such a
    /// model.
    pub renewal_probability: Option<Probability>,
    /// Why the gate of the product leaves the account out.
    pub left_out: Option<String>,
}

impl ScoreRow {
    /// The columns that are read back from a file of scores.
    pub(super) const COLUMNS: [&'static str; 16] = [
        "account_id",
        "account_name",
        "product",
        "fit_score",
        "intent_score",
        "probability",
        "fit_band",
        "intent_band",
        "cell",
        "cluster",
        "rank",
        "tier",
        "corporate_candidate",
        "owns_product",
        "fit_reasons",
        "intent_reasons",
    ];

    /// The columns that are read back where they are there: runs of older releases do not have them.
    pub(super) const NEWER_COLUMNS: [&'static str; 5] =
        ["closest_to", "upsell_score", "upsell_probability", "renewal_probability", "left_out"];

    /// The row that a file of scores holds.
    pub(super) fn read(row: StoredRow<'_>) -> Result<Self, ReportError> {
        let score = |column| {
            let fault = |_| row.fault(column, "a score from 0 to 100");
            row.number(column)?.map(|number| Score::try_from(number).map_err(fault)).transpose()
        };
        let flag = |column| row.flag(column)?.ok_or_else(|| row.fault(column, "yes or no"));
        let probability = |column| {
            let fault = |_| row.fault(column, "a probability");
            row.number(column)?.map(|number| Probability::try_from(number).map_err(fault)).transpose()
        };
        Ok(Self {
            account_id: row.filled("account_id")?,
            account_name: row.text("account_name")?,
            product: row.filled("product")?,
            fit_score: score("fit_score")?,
            intent_score: score("intent_score")?,
            probability: probability("probability")?,
            fit_band: row.parsed("fit_band", "a band")?,
            intent_band: row.parsed("intent_band", "a band")?,
            cell: row.text("cell")?,
            cluster: row.parsed("cluster", "a cluster")?.ok_or_else(|| row.fault("cluster", "a cluster"))?,
            rank: row.integer("rank")?.and_then(|rank| u8::try_from(rank).ok()),
            tier: row.filled("tier")?,
            corporate_candidate: flag("corporate_candidate")?,
            owns_product: flag("owns_product")?,
            fit_reasons: row.text("fit_reasons")?.unwrap_or_default(),
            intent_reasons: row.text("intent_reasons")?.unwrap_or_default(),
            closest_to: row.text("closest_to")?,
            upsell_score: score("upsell_score")?,
            upsell_probability: probability("upsell_probability")?,
            renewal_probability: probability("renewal_probability")?,
            left_out: row.text("left_out")?,
        })
    }

    /// The rows of an account, one per product of the spec.
    pub fn of_account(account: &ScoredAccount<'_>, spec: &Spec) -> Vec<Self> {
        let row = |(score, product): (&crate::pipeline::ProductScore<'_>, &crate::spec::ProductSpec)| Self {
            account_id: account.account_id.clone(),
            account_name: account.name.clone(),
            product: product.name.clone(),
            fit_score: score.left_out.is_none().then_some(score.fit.score),
            intent_score: score.left_out.is_none().then_some(score.intent.score),
            probability: score.left_out.is_none().then_some(score.intent.probability),
            fit_band: score.placement.fit_band,
            intent_band: score.placement.intent_band,
            cell: score.placement.label.map(str::to_owned),
            cluster: score.placement.cluster,
            rank: score.placement.rank,
            tier: account.tier.tier.to_string(),
            corporate_candidate: account.tier.corporate_candidate,
            owns_product: score.owned,
            fit_reasons: join(&score.fit_reasons),
            intent_reasons: join(&score.intent_reasons),
            closest_to: score.archetype.map(str::to_owned),
            upsell_score: score.upsell.map(|upsell| upsell.score),
            upsell_probability: score.upsell.map(|upsell| upsell.probability),
            renewal_probability: account
                .renewals
                .iter()
                .find(|renewal| renewal.division.as_ref() == Some(&product.name))
                .map(|renewal| renewal.probability),
            left_out: score.left_out.clone(),
        };
        account.products.iter().zip(&spec.products).map(row).collect()
    }

    /// Whether a purchase is still to come: nobody buys for the first time what they own.
    pub fn is_prospect(&self, label: IntentLabel) -> bool {
        !self.owns_product || label == IntentLabel::AnyPurchase
    }

    /// The order of every list: rank, then fit, then intent, then account, then product.
    pub fn list_order(&self, other: &Self) -> Ordering {
        self.priority().cmp(&other.priority()).then_with(|| self.product.cmp(&other.product))
    }

    fn priority(&self) -> Priority<'_> {
        Priority { rank: self.rank, fit: self.fit_score, intent: self.intent_score, id: &self.account_id }
    }
}

fn join(reasons: &[Reason]) -> String {
    reasons.iter().map(Reason::to_string).collect::<Vec<_>>().join("; ")
}

/// The columns of the scores, in order.
pub(super) fn schema() -> Schema {
    use ColumnType::{Date, Flag, Integer, Number, Text};
    Schema::new([
        ("account_id", Text),
        ("account_name", Text),
        ("product", Text),
        ("as_of", Date),
        ("fit_score", Number),
        ("intent_score", Number),
        ("probability", Number),
        ("fit_band", Text),
        ("intent_band", Text),
        ("cell", Text),
        ("cluster", Text),
        ("rank", Integer),
        ("tier", Text),
        ("corporate_candidate", Flag),
        ("owns_product", Flag),
        ("fit_reasons", Text),
        ("intent_reasons", Text),
        ("closest_to", Text),
        ("upsell_score", Number),
        ("upsell_probability", Number),
        ("renewal_probability", Number),
        ("left_out", Text),
        ("model_version", Text),
    ])
}

/// The cells of some rows, in the order of [`schema`].
pub(super) fn cells(rows: &[ScoreRow], as_of: AsOf, model_version: &str) -> Vec<Cells> {
    fn text(values: impl Iterator<Item = Option<String>>) -> Cells {
        Cells::Text(values.collect())
    }
    let band = |band: Option<Band>| band.map(|band| band.to_string());
    let day = as_of.days();
    vec![
        text(rows.iter().map(|row| Some(row.account_id.clone()))),
        text(rows.iter().map(|row| row.account_name.clone())),
        text(rows.iter().map(|row| Some(row.product.clone()))),
        Cells::Date(vec![Some(day); rows.len()]),
        Cells::Number(rows.iter().map(|row| row.fit_score.map(Score::value)).collect()),
        Cells::Number(rows.iter().map(|row| row.intent_score.map(Score::value)).collect()),
        Cells::Number(rows.iter().map(|row| row.probability.map(Probability::value)).collect()),
        text(rows.iter().map(|row| band(row.fit_band))),
        text(rows.iter().map(|row| band(row.intent_band))),
        text(rows.iter().map(|row| row.cell.clone())),
        text(rows.iter().map(|row| Some(row.cluster.to_string()))),
        Cells::Integer(rows.iter().map(|row| row.rank.map(i64::from)).collect()),
        text(rows.iter().map(|row| Some(row.tier.clone()))),
        Cells::Flag(rows.iter().map(|row| Some(row.corporate_candidate)).collect()),
        Cells::Flag(rows.iter().map(|row| Some(row.owns_product)).collect()),
        text(rows.iter().map(|row| Some(row.fit_reasons.clone()))),
        text(rows.iter().map(|row| Some(row.intent_reasons.clone()))),
        text(rows.iter().map(|row| row.closest_to.clone())),
        Cells::Number(rows.iter().map(|row| row.upsell_score.map(Score::value)).collect()),
        Cells::Number(rows.iter().map(|row| row.upsell_probability.map(Probability::value)).collect()),
        Cells::Number(rows.iter().map(|row| row.renewal_probability.map(Probability::value)).collect()),
        text(rows.iter().map(|row| row.left_out.clone())),
        text(rows.iter().map(|_| Some(model_version.to_owned()))),
    ]
}
