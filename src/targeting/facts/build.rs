//! From tables to facts.

use std::collections::BTreeMap;
use std::num::NonZeroU8;
use std::ops::Range;

use super::commerce::{FirstSpend, Ledger, agreements, holdings};
use super::record::RecordBegins;
use super::{AccountFacts, Firm, Installed, VersionAge};
use crate::features::{Family, FeatureBuilder, FeatureError, FeatureSpec, Rates, account_row, known_rows};
use crate::quantity::{AsOf, MICROS_PER_DAY};
use crate::tables::contract::TableName;
use crate::tables::{Dataset, Identity, Table};
use crate::targeting::TierPreset;

/// Gathers the facts of accounts from the tables of one data set.
///
/// The facts of an account depend on its rows alone, so any split of the accounts gives the same ones.
#[derive(Clone, Debug)]
pub struct FactsBuilder<'a> {
    spec: &'a FeatureSpec,
    tiers: &'a TierPreset,
    rates: Rates,
    first_months: u8,
    record: RecordBegins,
}

impl<'a> FactsBuilder<'a> {
    /// A builder for the currencies of `dataset`.
    ///
    /// # Errors
    /// [`FeatureError::Rate`] when amounts are in several currencies and one has no rate.
    pub fn try_new(
        spec: &'a FeatureSpec,
        tiers: &'a TierPreset,
        dataset: &Dataset,
    ) -> Result<Self, FeatureError> {
        // Renewals are reported whether or not models read agreements.
        let mut with_agreements = spec.clone();
        if !with_agreements.families.contains(&Family::Agreement) {
            with_agreements.families.push(Family::Agreement);
        }
        let rates = FeatureBuilder::try_new(&with_agreements, dataset)?.rates().clone();
        let record = RecordBegins::read(dataset)?;
        Ok(Self { spec, tiers, rates, first_months: 12, record })
    }

    /// Takes what is spent in so many months from the first purchase on, rather than in twelve: for data of a short time.
    #[must_use]
    pub fn first_months(self, months: NonZeroU8) -> Self {
        Self { first_months: months.get(), ..self }
    }

    /// The currency of all money in the facts; empty where neither the spec nor the data names one.
    pub fn currency(&self) -> &str {
        self.rates.currency()
    }

    /// The facts of those accounts of the range that were known before `as_of`, in their order.
    ///
    /// # Errors
    /// [`FeatureError::Tables`] when a table lacks a column of its contract.
    pub fn build(
        &self,
        dataset: &Dataset,
        accounts: Range<usize>,
        as_of: AsOf,
    ) -> Result<Vec<AccountFacts>, FeatureError> {
        let Some(table) = dataset.table(TableName::Accounts) else { return Ok(Vec::new()) };
        let months = i32::from(self.first_months);
        let first = FirstSpend { months, from: self.record.before(as_of).map(|day| day.plus_months(months)) };
        let mut facts = Vec::with_capacity(accounts.len());
        for account in accounts {
            let Some(row) = account_row(dataset, account, as_of)? else { continue };
            let firm = firm(table, row)?;
            let tier = self.tiers.assign(firm.employees, firm.acr_monthly);
            let ledger = Ledger::read(dataset, account, as_of, &self.rates)?;
            facts.push(AccountFacts {
                account_id: dataset.accounts()[account].clone(),
                as_of,
                tier: tier.tier.to_owned(),
                size_tier: self.tiers.assign(firm.employees, None).tier.to_owned(),
                corporate_candidate: tier.corporate_candidate,
                holdings: holdings(dataset, account, as_of)?,
                installs: self.installs(dataset, account, as_of)?,
                agreements: agreements(dataset, account, as_of, &self.rates)?,
                last_transaction: ledger.last_transaction,
                partners: ledger.partners(),
                bought: ledger.bought(first),
                firm,
            });
        }
        Ok(facts)
    }

    fn installs(
        &self,
        dataset: &Dataset,
        account: usize,
        as_of: AsOf,
    ) -> Result<Vec<Installed>, FeatureError> {
        let Some(table) = dataset.table(TableName::Installs) else { return Ok(Vec::new()) };
        let (product, version) = (table.text("product")?, table.text("version")?);
        let category = table.text("category")?;
        let mut found: BTreeMap<(&str, Option<&str>), Option<&str>> = BTreeMap::new();
        for row in known_rows(table, account, as_of) {
            if let Some(name) = product.get(row) {
                let kept = found.entry((name, version.get(row))).or_default();
                *kept = kept.or(category.get(row));
            }
        }
        let installed = found.into_iter().map(|((product, version), category)| {
            let listed = self
                .spec
                .versions
                .iter()
                .find(|known| known.product == product && Some(known.version.as_str()) == version);
            let support_ends = listed.and_then(|known| known.support_ends);
            let age = match (listed, support_ends) {
                (None, _) => VersionAge::Unknown,
                (Some(_), Some(end)) if end < as_of => VersionAge::Eos,
                _ => VersionAge::Current,
            };
            Installed {
                product: product.to_owned(),
                version: version.map(str::to_owned),
                category: category.map(str::to_owned),
                age,
                support_ends,
            }
        });
        Ok(installed.collect())
    }
}

fn firm(table: &Table, row: usize) -> Result<Firm, FeatureError> {
    let text = |name: &str| Ok::<_, FeatureError>(table.text(name)?.get(row).map(str::to_owned));
    let domain = match text("domain")?.as_deref().map(Identity::of) {
        Some(Identity::Company(domain)) => Some(domain),
        _ => None,
    };
    Ok(Firm {
        name: text("name")?,
        domain,
        country: text("country")?,
        state: text("state")?,
        city: text("city")?,
        postal_code: text("postal_code")?,
        vertical: text("vertical")?,
        industry_code: text("industry_code")?,
        industry_scheme: text("industry_scheme")?,
        duns: text("duns")?,
        parent_account_id: text("parent_account_id")?,
        employees: table.number("employees")?.get(row).map(|heads| heads as u64).filter(|heads| *heads > 0),
        acr_monthly: table.number("acr_monthly")?.get(row),
        is_nonprofit: table.flag("is_nonprofit")?.get(row),
    })
}

/// The day that a moment falls on.
pub(super) fn day_of(micros: i64) -> AsOf {
    let days = micros.div_euclid(MICROS_PER_DAY);
    // Times in a table are dates that can be written, so their days always fit a span.
    let span = jiff::Span::new().try_days(days).unwrap_or_default();
    AsOf::new(jiff::civil::date(1970, 1, 1).saturating_add(span))
}
