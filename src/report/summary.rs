//! What a run shows to people: per product a 4x4 table of counts and the ten best accounts with their reasons.

use std::fmt::Write as _;

use super::row::ScoreRow;
use crate::grid::{Band, Cluster};
use crate::models::{FittedModel, Signal};
use crate::pipeline::Pipeline;
use crate::quantity::{Probability, Score};
use crate::spec::IntentLabel;

/// How many of the best accounts are kept.
const BEST: usize = 10;

/// Counts and best accounts of one product.
#[derive(Clone, Debug, Default)]
struct ProductSummary {
    /// Accounts by fit band and intent band, High first.
    cells: [[u64; 4]; 4],
    clusters: [u64; 5],
    owners: u64,
    /// Rows of the Act Now list.
    to_call: u64,
    best: Vec<ScoreRow>,
}

/// Counts and best accounts of all products.
#[derive(Clone, Debug)]
pub struct Summary {
    products: Vec<ProductSummary>,
    names: Vec<String>,
    label: IntentLabel,
}

impl Summary {
    /// An empty summary for the products of a line.
    pub fn new(pipeline: &Pipeline) -> Self {
        let names: Vec<String> = pipeline.products().iter().map(|models| models.product.clone()).collect();
        let label = pipeline.spec().intent.label;
        Self { products: vec![ProductSummary::default(); names.len()], names, label }
    }

    /// Counts rows.
    pub fn add(&mut self, rows: &[ScoreRow]) {
        for row in rows {
            let Some(index) = self.names.iter().position(|name| *name == row.product) else { continue };
            let product = &mut self.products[index];
            if let (Some(fit), Some(intent)) = (row.fit_band, row.intent_band) {
                product.cells[fit.index()][intent.index()] += 1;
            }
            product.clusters[cluster_place(row.cluster)] += 1;
            product.owners += u64::from(row.owns_product);
            if !row.is_prospect(self.label) {
                continue;
            }
            product.to_call += u64::from(row.cluster == Cluster::ActNow);
            let at = product.best.partition_point(|best| best.list_order(row).is_lt());
            if at < BEST {
                product.best.insert(at, row.clone());
                product.best.truncate(BEST);
            }
        }
    }

    /// How many accounts of a product are in each cluster: Act Now, Evaluate, Nurture, Educate, Not Scored.
    pub fn clusters(&self, product: usize) -> [u64; 5] {
        self.products[product].clusters
    }

    /// The whole summary as text.
    pub fn text(&self, pipeline: &Pipeline) -> String {
        let mut text = String::new();
        for (index, product) in self.products.iter().enumerate() {
            // Writing to a String cannot fail.
            let _ = product.write(&mut text, pipeline, index);
        }
        if let Some(renewal) = pipeline.renewal() {
            let _ = writeln!(text, "\nAgreements\n  renewal: {}", renewal.model().sentence());
        }
        text
    }
}

fn cluster_place(cluster: Cluster) -> usize {
    Cluster::ALL.iter().position(|known| *known == cluster).unwrap_or(Cluster::ALL.len() - 1)
}

impl ProductSummary {
    fn write(&self, text: &mut String, pipeline: &Pipeline, index: usize) -> std::fmt::Result {
        let spec = &pipeline.spec().products[index];
        let models = &pipeline.products()[index];
        writeln!(text, "\n{}", spec.label)?;
        writeln!(text, "  fit:    {}", models.fit.sentence())?;
        writeln!(text, "  intent: {}", models.intent.sentence())?;
        if let Some(upsell) = &models.upsell {
            writeln!(text, "  upsell: {}", upsell.sentence())?;
        }
        if let Some(hidden) = models.lookalike.as_ref().and_then(|lookalike| lookalike.hidden) {
            writeln!(text, "  hidden: {}", hidden.sentence())?;
        }
        writeln!(
            text,
            "\n  {:<14}{:>10}{:>10}{:>10}{:>10}",
            "fit \\ intent", "High", "Medium", "Low", "Very Low"
        )?;
        for (band, counts) in Band::ALL.iter().zip(&self.cells) {
            let name = band.to_string();
            writeln!(
                text,
                "  {name:<14}{:>10}{:>10}{:>10}{:>10}",
                counts[0], counts[1], counts[2], counts[3]
            )?;
        }
        let [act_now, evaluate, nurture, educate, _] = self.clusters;
        writeln!(
            text,
            "\n  Act Now {act_now} · Evaluate {evaluate} · Nurture {nurture} · Educate {educate} · {} own it already",
            self.owners
        )?;
        writeln!(text, "  On the Act Now list: {}", self.to_call)?;
        let no_signal = |model: &FittedModel| model.evidence().signal() == Signal::None;
        if no_signal(&models.fit) && no_signal(&models.intent) {
            return writeln!(
                text,
                "  No ranking: neither model found a signal, so no account comes before another."
            );
        }
        if self.best.is_empty() {
            return writeln!(text, "  Nobody is left to call: every account owns it already.");
        }
        let prospects = match pipeline.spec().intent.label {
            IntentLabel::FirstPurchase => "Best accounts that do not own it",
            IntentLabel::AnyPurchase => "Best accounts",
        };
        writeln!(text, "\n  {prospects}")?;
        for (number, row) in self.best.iter().enumerate() {
            let name = row.account_name.as_deref().unwrap_or(&row.account_id);
            writeln!(
                text,
                "  {:>2}. {name} ({}, {})  {} · fit {:.1} · intent {:.1} · {:.1} % likely to buy",
                number + 1,
                row.account_id,
                row.tier,
                row.cell.as_deref().unwrap_or("-"),
                row.fit_score.unwrap_or(Score::MIN),
                row.intent_score.unwrap_or(Score::MIN),
                row.probability.map_or(0.0, Probability::value) * 100.0
            )?;
            if let Some(kind) = &row.closest_to {
                writeln!(text, "      closest to: {kind}")?;
            }
            for (what, reasons) in [("fit", &row.fit_reasons), ("intent", &row.intent_reasons)] {
                if !reasons.is_empty() {
                    writeln!(text, "      {what}: {reasons}")?;
                }
            }
        }
        Ok(())
    }
}
