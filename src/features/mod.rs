//! Feature builders: tables and a date in, a matrix out, as everything was known then.
//!
//! [`FeatureBuilder::build`] is a pure function of the tables, a range of accounts and an [`AsOf`]. A row counts when
//! `known_at < as_of`, strictly, so rows that were filled in later change nothing when an old date is built again.
//! Training and scoring call this same function, so their features cannot differ.
//!
//! Features are named `family__what__window`; [`FeatureBuilder::recipes`] lists them in the order of the columns, with
//! the words that say a value to people, and [`definitions`] adds the formula of each, from which `docs/features.md` is
//! made. A table that is absent makes its features missing, not zero.
//!
//! Cost: one pass over the known rows of the accounts asked for; memory is `n_rows x n_features`.

mod agreement;
mod deals;
mod definition;
mod error;
mod firmographic;
mod intent;
mod licence;
mod money;
mod opportunity;
mod purchases;
mod reads;
mod recipe;
mod signal_measures;
mod spec;
mod subscription;
mod surge;
mod technographic;
mod transaction;
mod view;

use std::ops::Range;

pub use deals::{DealEnd, KnownDeal, KnownDeals};
pub use definition::{Definition, definitions};
pub use error::FeatureError;
pub use licence::{LicenceMetrics, UsageBase};
pub use money::{Money, Rates};
pub use purchases::Purchases;
pub use reads::columns_read;
pub use recipe::{Recipe, Unit};
pub use signal_measures::{SignalMeasure, SignalMeasures};
pub use spec::{Family, FeatureSpec, MoneySpec, ProductTraits, ProductVersion};
pub use subscription::{CANCELLED as CANCELLED_STATE, STALE_DAYS as STALE_SUBSCRIPTION_DAYS};
pub use surge::{BASELINE_WEEKS, Dispersion, SignalWeeks, Surge};
pub(crate) use view::known_accounts;
pub use view::{Vantage, account_row, known_rows};

use crate::matrix::{Column, FeatureMatrix};
use crate::quantity::AsOf;
use crate::tables::{Currencies, Dataset};

use view::View;

/// Builds the features a spec declares.
///
/// The builder is made for one data set, because the currencies in it decide which rates are needed; building itself
/// has no state.
#[derive(Clone, Debug)]
pub struct FeatureBuilder {
    spec: FeatureSpec,
    recipes: Vec<Recipe>,
    rates: Rates,
}

impl FeatureBuilder {
    /// Lists the features of `spec` and finds the rates for the currencies in `dataset`.
    ///
    /// # Errors
    /// [`FeatureError::Rate`] when amounts are in several currencies and one has no rate.
    pub fn try_new(spec: &FeatureSpec, dataset: &Dataset) -> Result<Self, FeatureError> {
        Self::for_currencies(spec, &dataset.currencies())
    }

    /// [`Self::try_new`] for data in these currencies, of which a data set may hold a part.
    ///
    /// # Errors
    /// [`FeatureError::Rate`] when amounts are in several currencies and one has no rate.
    pub fn for_currencies(spec: &FeatureSpec, currencies: &Currencies) -> Result<Self, FeatureError> {
        let rates = Rates::resolve(spec, currencies)?;
        Ok(Self { spec: spec.clone(), recipes: recipes(spec), rates })
    }

    /// What amounts are worth in the currency of the features.
    pub const fn rates(&self) -> &Rates {
        &self.rates
    }

    /// The features, in the order of the columns.
    pub fn recipes(&self) -> &[Recipe] {
        &self.recipes
    }

    /// The features of a range of accounts (indices into [`Dataset::accounts`]) as known before `as_of`.
    ///
    /// The matrix has one row per account, in their order. The values of a row depend on that account's rows alone,
    /// so any split of the range gives the same rows.
    ///
    /// # Errors
    /// [`FeatureError::Tables`] when a table lacks a column of its contract.
    pub fn build(
        &self,
        dataset: &Dataset,
        accounts: Range<usize>,
        as_of: AsOf,
    ) -> Result<FeatureMatrix, FeatureError> {
        self.build_from(dataset, accounts, as_of.into())
    }

    /// [`Self::build`], with what was known by then taken apart from the date itself.
    ///
    /// # Errors
    /// As [`Self::build`].
    pub fn build_from(
        &self,
        dataset: &Dataset,
        accounts: Range<usize>,
        from: Vantage,
    ) -> Result<FeatureMatrix, FeatureError> {
        let ids = dataset.accounts()[accounts.clone()].to_vec();
        self.matrix(ids, self.columns(dataset, accounts, from)?)
    }

    /// The columns of [`Self::build_from`], which [`Self::matrix`] puts together.
    ///
    /// # Errors
    /// As [`Self::build`].
    pub(crate) fn columns(
        &self,
        dataset: &Dataset,
        accounts: Range<usize>,
        from: Vantage,
    ) -> Result<Vec<Column>, FeatureError> {
        let view = View::new(dataset, accounts, from);
        let mut columns: Vec<Column> = Vec::with_capacity(self.recipes.len());
        for family in &self.spec.families {
            columns.extend(match family {
                Family::Firmographic => firmographic::columns(&view, &self.rates)?,
                Family::Technographic => technographic::columns(&view, &self.spec)?,
                Family::Subscription => subscription::columns(&view, &self.spec)?,
                Family::Transaction => transaction::columns(&view, &self.spec, &self.rates)?,
                Family::Agreement => agreement::columns(&view, &self.rates)?,
                Family::Opportunity => opportunity::columns(&view, &self.spec)?,
                Family::Intent => intent::columns(&view, &self.spec)?,
            });
        }
        Ok(columns)
    }

    /// A matrix of columns, each of which has a row for every id.
    ///
    /// # Errors
    /// [`FeatureError::Matrix`] when one has not, or holds what no column may hold.
    pub(crate) fn matrix(
        &self,
        ids: Vec<String>,
        columns: Vec<Column>,
    ) -> Result<FeatureMatrix, FeatureError> {
        let names = self.recipes.iter().map(|recipe| recipe.name.clone());
        Ok(FeatureMatrix::try_new(ids, names.zip(columns).collect())?)
    }
}

/// The features `spec` declares, in the order of their columns.
pub fn recipes(spec: &FeatureSpec) -> Vec<Recipe> {
    definitions(spec).into_iter().map(|definition| definition.recipe).collect()
}
