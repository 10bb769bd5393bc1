//! Counts over all accounts, and the best of them.

use std::collections::BTreeMap;

use super::PageOptions;
use super::account::{Context, Digest, Priority};
use super::content::{Account, Card, Content, Details, Moves, Product, Reasons, Score, Worth};
use crate::features::Money;
use crate::grid::{Band, Cell, Cluster};
use crate::models::FittedModel;
use crate::quantity::AsOf;
use crate::report::explanation::sentences;
use crate::report::totals::Counting;
use crate::report::{ReportError, ReportTotals, RunOutput, ScoreRow, Viewer};
use crate::scoring::Chunking;
use crate::spec::Spec;
use crate::targeting::FiscalYear;

/// Where an account stood for one product.
#[derive(Clone, Debug)]
pub(super) struct Stood {
    fit: f64,
    intent: f64,
    cell: Option<String>,
    cluster: Cluster,
}

/// Where every account of an earlier run stood, by account and product.
#[derive(Debug)]
pub(super) struct Before {
    as_of: AsOf,
    accounts: BTreeMap<String, BTreeMap<String, Stood>>,
}

/// Reads where accounts stood in an earlier run.
pub(super) fn before(run: &RunOutput, chunking: &Chunking) -> Result<Before, ReportError> {
    let mut before = Before { as_of: run.record().as_of, accounts: BTreeMap::new() };
    run.each(chunking, Ok, |customer| {
        let stood = |row: ScoreRow| {
            let (fit, intent) = (tenths(row.fit_score), tenths(row.intent_score));
            (row.product, Stood { fit, intent, cell: row.cell, cluster: row.cluster })
        };
        before.accounts.insert(customer.facts.account_id, customer.scores.into_iter().map(stood).collect());
        Ok(())
    })?;
    Ok(before)
}

/// Texts that are told many times, each kept once.
#[derive(Debug, Default)]
struct Texts {
    places: BTreeMap<String, usize>,
    texts: Vec<String>,
}

impl Texts {
    fn place(&mut self, text: &str) -> usize {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let place = self.texts.len();
        self.places.insert(text.to_owned(), place);
        self.texts.push(text.to_owned());
        place
    }
}

/// Takes the accounts of a run one by one.
#[derive(Debug)]
pub(super) struct Collector<'a> {
    run: &'a RunOutput,
    options: &'a PageOptions<'a>,
    before: Option<Before>,
    counting: Counting<'a>,
    tiers: Vec<String>,
    products: Vec<Product>,
    accounts: u64,
    totals: ReportTotals,
    best: BTreeMap<Priority, Digest>,
}

impl<'a> Collector<'a> {
    pub(super) fn new(run: &'a RunOutput, options: &'a PageOptions<'a>, before: Option<Before>) -> Self {
        let spec = run.pipeline().spec();
        let tiers: Vec<String> = spec.tiers.tiers().iter().map(|tier| tier.name.clone()).collect();
        let labels = labels(spec);
        let as_of = run.record().as_of;
        let no_money = (options.viewer == Viewer::Executive).then_some(Money::ZERO);
        let products = spec.products.iter().zip(run.pipeline().products()).map(|(product, models)| Product {
            name: product.name.clone(),
            label: product.label.clone(),
            evidence: [&models.fit, &models.intent].map(FittedModel::sentence),
            grid: [[(0, no_money); 4]; 4],
            labels: labels.clone(),
            tiers: vec![[0; 5]; tiers.len()],
            to_call: 0,
            quality: [None, None],
            moves: before.is_some().then(Moves::default),
        });
        Self {
            run,
            options,
            counting: Counting {
                estimates: run.estimates(),
                cohorts: options.catalogue,
                in_force_on: Some(as_of),
                year: FiscalYear::around(as_of, options.fiscal_year_start),
                viewer: options.viewer,
            },
            products: products.collect(),
            tiers,
            accounts: 0,
            totals: ReportTotals::default(),
            best: BTreeMap::new(),
            before,
        }
    }

    /// What digesting an account needs to know.
    pub(super) fn context(&self) -> Context<'a> {
        let pipeline = self.run.pipeline();
        let groups = groups(self.run);
        let place = |name: &String| groups.iter().position(|group| group == name).unwrap_or_default();
        Context {
            pipeline,
            counting: self.counting,
            group_of: pipeline.recipes().iter().map(|recipe| place(&recipe.group)).collect(),
            n_groups: groups.len().max(1),
        }
    }

    pub(super) fn add(&mut self, digest: Digest) {
        self.accounts += 1;
        if digest.facts.corporate_candidate {
            self.totals.left_out_corporate += 1;
        } else {
            self.counting.add(&mut self.totals, digest.share.clone());
        }
        let tier = self.tier(&digest.facts.tier);
        let label = self.run.pipeline().spec().intent.label;
        let stood = self.before.as_mut().map(|before| before.accounts.get(&digest.facts.account_id));
        for (product, row) in self.products.iter_mut().zip(&digest.scores) {
            if let (Some(fit), Some(intent)) = (row.fit_band, row.intent_band) {
                let cell = &mut product.grid[fit.index()][intent.index()];
                cell.0 += 1;
                if let (Some(sum), Some(bought)) = (&mut cell.1, digest.facts.bought(&row.product)) {
                    *sum += Money::from(bought.value_12m);
                }
            }
            product.tiers[tier][place(row.cluster)] += 1;
            product.to_call += u64::from(row.cluster == Cluster::ActNow && row.is_prospect(label));
            if let (Some(moves), Some(stood)) = (&mut product.moves, stood) {
                match stood.and_then(|stood| stood.get(&row.product)) {
                    Some(stood) => moves.between[place(stood.cluster)][place(row.cluster)] += 1,
                    None => moves.arrived += 1,
                }
            }
        }
        self.best.insert(digest.priority.clone(), digest);
        if self.best.len() > self.options.most_accounts.get() {
            self.best.pop_last();
        }
    }

    /// The place of a tier; one that the preset does not have, such as that of unknown size, is added.
    fn tier(&mut self, name: &str) -> usize {
        if let Some(place) = self.tiers.iter().position(|tier| tier == name) {
            return place;
        }
        self.tiers.push(name.to_owned());
        for product in &mut self.products {
            product.tiers.push([0; 5]);
        }
        self.tiers.len() - 1
    }

    /// The content of the page; `quality` holds what fit and intent of each product are worth.
    pub(super) fn finish(mut self, quality: Vec<[Option<Worth>; 2]>) -> Content {
        for (product, quality) in self.products.iter_mut().zip(quality) {
            product.quality = quality;
        }
        self.count_gone();
        let (spec, record) = (self.run.pipeline().spec(), self.run.record());
        let mut texts = Texts::default();
        let best = std::mem::take(&mut self.best);
        let (accounts, cards): (Vec<Account>, Vec<Card>) =
            best.into_values().map(|digest| self.account(digest, &mut texts)).unzip();
        self.totals.rows = accounts.len() as u64;
        let cohorts = self.options.catalogue.cohorts().iter();
        let counted = |name: &String| self.totals.cohorts.get(name).copied().unwrap_or_default();
        let year = self.counting.year;
        Content {
            as_of: record.as_of.to_string(),
            spec: spec.name.clone(),
            model: record.model.version.clone(),
            version: env!("CARGO_PKG_VERSION"),
            currency: spec.features.money.currency.clone(),
            accounts_total: self.accounts,
            fiscal_year: [year.first(), year.last()].map(|day| day.to_string()),
            clusters: Cluster::ALL.map(Cluster::name).to_vec(),
            cohorts: cohorts.map(|cohort| (cohort.name.clone(), counted(&cohort.name))).collect(),
            totals: self.totals,
            catalogue: self.options.catalogue.name.clone(),
            previous: self.before.as_ref().map(|before| before.as_of.to_string()),
            groups: groups(self.run).iter().map(|group| told(group, spec)).collect(),
            tiers: self.tiers,
            products: self.products,
            accounts,
            details: Details { texts: texts.texts, cards },
        }
    }

    /// Accounts of the earlier run that this one does not have: those that nobody came for.
    fn count_gone(&mut self) {
        let Some(before) = &self.before else { return };
        let spec = self.run.pipeline().spec();
        for (product, named) in self.products.iter_mut().zip(&spec.products) {
            let had = before.accounts.values().filter(|stood| stood.contains_key(&named.name)).count() as u64;
            if let Some(moves) = &mut product.moves {
                let stayed: u64 = moves.between.iter().flatten().sum();
                moves.gone = had.saturating_sub(stayed);
            }
        }
    }

    fn account(&self, digest: Digest, texts: &mut Texts) -> (Account, Card) {
        let Digest { facts, scores, falls, cohorts, events, .. } = digest;
        let stood = self.before.as_ref().and_then(|before| before.accounts.get(&facts.account_id));
        let score = |row: &ScoreRow| {
            let bands = row.fit_band.zip(row.intent_band);
            Score(
                tenths(row.fit_score),
                tenths(row.intent_score),
                row.probability
                    .map_or(0.0, |probability| (probability.value() * 10_000.0).round() / 10_000.0),
                place(row.cluster),
                row.rank,
                u8::from(row.owns_product),
                bands.map(|(fit, intent)| fit.index() * Band::ALL.len() + intent.index()),
            )
        };
        let of_table: Vec<Score> = scores.iter().map(score).collect();
        let reasons = |(row, [fit, intent]): (ScoreRow, [super::content::Fall; 2])| {
            let stood = stood.and_then(|stood| stood.get(&row.product));
            let mut places = |text: &str| sentences(text).map(|sentence| texts.place(sentence)).collect();
            let (of_fit, of_intent) = (places(&row.fit_reasons), places(&row.intent_reasons));
            let closest = row.closest_to.as_deref().map(|kind| texts.place(kind));
            let earlier = stood.map(|stood| (stood.fit, stood.intent, stood.cell.clone()));
            Reasons(fit, intent, of_fit, of_intent, earlier, closest)
        };
        let reasons = scores.into_iter().zip(falls).map(reasons).collect();
        let events = events.into_iter().map(|(day, text)| (day.to_string(), texts.place(&text))).collect();
        let firm = facts.firm;
        let places = [firm.city, firm.state, firm.country];
        let place = places.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let code =
            firm.industry_scheme.zip(firm.industry_code).map(|(scheme, code)| format!("{scheme} {code}"));
        let account = Account(
            facts.account_id,
            firm.name,
            self.tiers.iter().position(|tier| *tier == facts.tier).unwrap_or_default(),
            u8::from(facts.corporate_candidate),
            (!place.is_empty()).then_some(place),
            firm.vertical.or(code),
            firm.domain,
            cohorts,
            of_table,
        );
        (account, Card(firm.employees, events, reasons))
    }
}

/// The place of a cluster in the order of work.
fn place(cluster: Cluster) -> usize {
    Cluster::ALL.iter().position(|known| *known == cluster).unwrap_or(Cluster::ALL.len() - 1)
}

/// A score as the page shows it: cut and never rounded up, so that it stays on its side of a cut.
/// A score as the page shows it; 0 for an account that got none, whose cluster says so.
fn tenths(score: Option<crate::quantity::Score>) -> f64 {
    score.map_or(0.0, |score| f64::from(score.thousandths() / 100) / 10.0)
}

/// Groups of features that are told together, in the order in which the model reads them.
fn groups(run: &RunOutput) -> Vec<String> {
    let mut groups: Vec<String> = Vec::new();
    for recipe in run.pipeline().recipes() {
        if !groups.contains(&recipe.group) {
            groups.push(recipe.group.clone());
        }
    }
    groups
}

/// The name of a group of features for people: `transaction azure` is `Purchases: Azure`.
fn told(group: &str, spec: &Spec) -> String {
    const FAMILIES: [(&str, &str); 7] = [
        ("firmographic", "Company"),
        ("technographic", "Technology"),
        ("subscription", "Plans"),
        ("transaction", "Purchases"),
        ("agreement", "Agreements"),
        ("opportunity", "Deals"),
        ("intent", "Signals"),
    ];
    let (family, what) = group.split_once(' ').unwrap_or((group, ""));
    let family = FAMILIES.iter().find(|(name, _)| *name == family).map_or(family, |(_, told)| told);
    let product = spec.products.iter().find(|product| product.name == what);
    let what = product.map_or_else(|| what.replace('_', " "), |product| product.label.clone());
    if what.is_empty() { family.to_owned() } else { format!("{family}: {what}") }
}

fn labels(spec: &Spec) -> [[String; 4]; 4] {
    Band::ALL.map(|fit| Band::ALL.map(|intent| spec.grid.entry(Cell { fit, intent }).label.clone()))
}
