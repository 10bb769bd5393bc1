//! Evaluates a line at a past date: what it said then, against what happened within the horizon after it.

use super::section::Part;
use super::table::SHAPES;
use super::{Bootstrap, Cases, Evaluation, EvaluationError, JudgedCase, Section, shapes};
use crate::artifact::Header;
use crate::features::{FeatureBuilder, FeatureError, Purchases};
use crate::grid::Cluster;
use crate::models::{FittedModel, Scored};
use crate::pipeline::{Pipeline, ProductModels};
use crate::progress::Progress;
use crate::quantity::AsOf;
use crate::scoring::Chunking;
use crate::seed::hash_bytes;
use crate::spec::IntentLabel;
use crate::tables::Dataset;
use crate::tables::contract::TableName;
use crate::training::line::best_customers;

/// Which line is asked about which date.
#[derive(Debug)]
pub struct LineQuestion<'a> {
    /// The line.
    pub pipeline: &'a Pipeline,
    /// The header of its file.
    pub header: &'a Header,
    /// The date it scores at; the horizon of its spec begins here.
    pub as_of: AsOf,
    /// How accounts are cut up and worked on.
    pub chunking: Chunking,
    /// How intervals are drawn.
    pub bootstrap: Bootstrap,
}

/// One account as it was scored for one product.
struct Account {
    /// Index into the accounts of the data set.
    index: usize,
    tier: String,
    /// Per product.
    scores: Vec<(Scored, Scored, Cluster)>,
}

/// Holds intent against purchases within the horizon, and fit against who became a best customer by its end, for every
/// product, by tier and cluster.
///
/// Scores are made from what was known before `as_of`; outcomes are read from all that the data set holds. Accounts
/// that had bought a product are no case of its intent under [`IntentLabel::FirstPurchase`], and accounts that were best
/// customers already are no case of its fit.
///
/// # Errors
/// [`EvaluationError::Horizon`] when the horizon does not end before purchases and closed deals do, [`EvaluationError::Line`] when the
/// line cannot score at the date, as when it was trained on what was known only later.
pub fn evaluate_line(
    question: &LineQuestion<'_>,
    dataset: &Dataset,
    progress: &dyn Progress,
) -> Result<Evaluation, EvaluationError> {
    let spec = question.pipeline.spec();
    let months = spec.intent.horizon_months;
    let end = question.as_of.plus_months(i32::from(months.get()));
    let day_after = day_after_the_outcomes(dataset)?;
    if day_after.is_none_or(|day| day < end) {
        return Err(EvaluationError::Horizon {
            as_of: question.as_of.to_string(),
            months: months.get(),
            end: end.to_string(),
            last: day_after.map_or_else(|| "none at all".to_owned(), |day| format!("before {day}")),
        });
    }
    let accounts = score(question, dataset, progress)?;
    let builder = FeatureBuilder::try_new(&spec.features, dataset)?;
    // Late rows tell of outcomes within the horizon too, so nothing that the data holds is left out.
    let everything = AsOf::new(jiff::civil::Date::MAX);
    let purchases = Purchases::collect(&builder, dataset, 0..dataset.accounts().len(), everything)?;
    progress.stage("measuring", 2 * spec.products.len() as u64);
    let judge = Judge { question, dataset, accounts, purchases, end };
    let mut sections = Vec::with_capacity(2 * spec.products.len());
    for (product, models) in question.pipeline.products().iter().enumerate() {
        sections.push(judge.fit(product, models));
        progress.advance(1);
        sections.push(judge.intent(product, models));
        progress.advance(1);
    }
    Ok(Evaluation::new(question.header, Some(question.as_of), question.bootstrap, sections))
}

/// The day after the last purchase or closed deal. When rows became known says less: some arrive months late, and the
/// outcomes between would be counted as if nobody had bought.
fn day_after_the_outcomes(dataset: &Dataset) -> Result<Option<AsOf>, EvaluationError> {
    let mut last: Option<i64> = None;
    if let Some(table) = dataset.table(TableName::Transactions) {
        let dates = table.time("date").map_err(FeatureError::from)?;
        last = last.max((0..table.n_rows()).filter_map(|row| dates.get(row)).max());
    }
    if let Some(table) = dataset.table(TableName::Opportunities) {
        let closed = table.time("closed_at").map_err(FeatureError::from)?;
        let substatus = table.text("substatus").map_err(FeatureError::from)?;
        // Exports give open deals the date on which somebody hopes to close them.
        let decided = |row: &usize| matches!(substatus.get(*row), Some("Won" | "Lost"));
        last = last.max((0..table.n_rows()).filter(decided).filter_map(|row| closed.get(row)).max());
    }
    let day = last.and_then(|last| jiff::Timestamp::from_microsecond(last).ok());
    Ok(day.and_then(|time| time.to_zoned(jiff::tz::TimeZone::UTC).date().tomorrow().ok()).map(AsOf::new))
}

fn score(
    question: &LineQuestion<'_>,
    dataset: &Dataset,
    progress: &dyn Progress,
) -> Result<Vec<Account>, EvaluationError> {
    let mut accounts = Vec::new();
    question.pipeline.score(dataset, question.as_of, &question.chunking, progress, |scored| {
        accounts.extend(scored.into_iter().filter_map(|account| {
            let index = dataset.accounts().binary_search(&account.account_id).ok()?;
            let scores =
                account.products.iter().map(|score| (score.fit, score.intent, score.placement.cluster));
            Some(Account { index, tier: account.tier.tier.to_string(), scores: scores.collect() })
        }));
        Ok::<_, EvaluationError>(())
    })?;
    Ok(accounts)
}

impl Account {
    /// Whether the gate of a product lets the account through.
    fn is_scored(&self, product: usize) -> bool {
        self.scores[product].2 != Cluster::NotScored
    }
}

/// What all sections are made from.
struct Judge<'a> {
    question: &'a LineQuestion<'a>,
    dataset: &'a Dataset,
    accounts: Vec<Account>,
    purchases: Purchases,
    end: AsOf,
}

impl Judge<'_> {
    fn intent(&self, product: usize, models: &ProductModels) -> Section {
        let (spec, as_of) = (self.question.pipeline.spec(), self.question.as_of);
        let first_only = spec.intent.label == IntentLabel::FirstPurchase;
        let cases = self.accounts.iter().filter_map(|account| {
            let had = self.purchases.any_before(account.index, product, as_of);
            let bought = self.purchases.any_within(account.index, product, as_of, self.end);
            (!(first_only && had) && account.is_scored(product))
                .then(|| (account, self.case(account, account.scores[product].1, bought)))
        });
        let what = if first_only { "a first purchase" } else { "a purchase" };
        let cases: Vec<_> = cases.collect();
        let question = format!("Intent as known before {as_of}, against {what} before {}.", self.end);
        self.section(product, (format!("{} intent", models.product), question), &cases, &models.intent)
    }

    fn fit(&self, product: usize, models: &ProductModels) -> Section {
        let as_of = self.question.as_of;
        let (now, then) = (self.best(product, as_of), self.best(product, self.end));
        let cases = self
            .accounts
            .iter()
            .enumerate()
            .filter(|(row, account)| !now[*row] && account.is_scored(product))
            .map(|(row, account)| (account, self.case(account, account.scores[product].0, then[row])));
        let cases: Vec<_> = cases.collect();
        let question = format!(
            "Fit as known before {as_of}, against who was no best customer then and became one by {}.",
            self.end
        );
        self.section(product, (format!("{} fit", models.product), question), &cases, &models.fit)
    }

    /// Who is a best customer on a date, by the rule fit was trained under.
    fn best(&self, product: usize, date: AsOf) -> Vec<bool> {
        let spec = &self.question.pipeline.spec().fit;
        let from = date.plus_months(-i32::from(spec.trailing_months.get()));
        let value = |row: usize| self.purchases.value_within(self.accounts[row].index, product, from, date);
        let tiers: Vec<&str> = self.accounts.iter().map(|account| account.tier.as_str()).collect();
        best_customers(&tiers, value, spec.seed_share.value())
    }

    fn case(&self, account: &Account, scored: Scored, outcome: bool) -> JudgedCase {
        let group = hash_bytes(0, self.dataset.accounts()[account.index].as_bytes());
        JudgedCase { scored, outcome, group, weight: 1.0 }
    }

    fn section(
        &self,
        product: usize,
        words: (String, String),
        cases: &[(&Account, JudgedCase)],
        model: &FittedModel,
    ) -> Section {
        let part = |by: &'static str, value: &str, inside: &dyn Fn(&Account) -> bool| Part {
            by,
            value: value.to_owned(),
            cases: Cases::new(cases.iter().filter(|(account, _)| inside(account)).map(|(_, case)| *case)),
        };
        let mut tiers: Vec<&str> = cases.iter().map(|(account, _)| account.tier.as_str()).collect();
        tiers.sort_unstable();
        tiers.dedup();
        let by_tier = tiers.into_iter().map(|tier| part("tier", tier, &|account| account.tier == tier));
        let by_cluster = Cluster::ALL
            .into_iter()
            .map(|cluster| part("cluster", cluster.name(), &|account| account.scores[product].2 == cluster));
        let parts: Vec<Part> = by_tier.chain(by_cluster).filter(|part| !part.cases.is_empty()).collect();
        Section::measure(
            words,
            &Cases::new(cases.iter().map(|(_, case)| *case)),
            &parts,
            shapes(model, self.question.pipeline.binning(), SHAPES),
            self.question.bootstrap,
            &self.question.chunking.parallelism,
        )
    }
}
