//! Deals whose end is known from elsewhere than the tables.

use std::collections::{BTreeMap, BTreeSet};

use crate::tables::{Table, TablesError};

/// What came of a deal.
#[derive(Clone, Debug, PartialEq)]
pub enum DealEnd {
    /// A sale, with its amount and currency where they are known.
    Won(Option<(f64, String)>),
    /// No sale, which counts as a case of this weight.
    Lost(f64),
    /// An end that says nothing of the customer.
    Unknown,
}

/// A deal that has come to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownDeal {
    /// The account.
    pub account_id: String,
    /// The product.
    pub product: String,
    /// When it was closed, in microseconds.
    pub closed_at: i64,
    /// What came of it.
    pub end: DealEnd,
}

/// Deals that are known beside the tables, such as those of a registry: they serve labels, never features.
///
/// A deal that is in the tables too counts once: as it is known here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnownDeals {
    by_account: BTreeMap<String, Vec<KnownDeal>>,
    opportunities: BTreeSet<String>,
    won_engagements: BTreeSet<(String, String)>,
}

impl KnownDeals {
    /// Collects deals. `opportunities` are the ids under which the tables may have them too, `won_engagements` the
    /// engagements, each with its product, of which a sale is among them.
    pub fn new(
        deals: impl IntoIterator<Item = KnownDeal>,
        opportunities: BTreeSet<String>,
        won_engagements: BTreeSet<(String, String)>,
    ) -> Self {
        let mut by_account: BTreeMap<String, Vec<KnownDeal>> = BTreeMap::new();
        for deal in deals {
            by_account.entry(deal.account_id.clone()).or_default().push(deal);
        }
        Self { by_account, opportunities, won_engagements }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_account.is_empty()
    }

    pub(super) fn of(&self, account_id: &str) -> &[KnownDeal] {
        self.by_account.get(account_id).map_or(&[], Vec::as_slice)
    }

    /// The rows of the table of opportunities that are deals of these; its ids are read only where there are such.
    pub(super) fn among(&self, table: &Table) -> Result<impl Fn(usize, &str) -> bool, TablesError> {
        let ids = if self.is_empty() {
            None
        } else {
            Some((table.text("opportunity_id")?, table.text("engagement_id")?))
        };
        Ok(move |row: usize, product: &str| {
            ids.is_some_and(|(opportunity, engagement)| {
                let of_engagement = |engagement: &str| {
                    self.won_engagements.contains(&(engagement.to_owned(), product.to_owned()))
                };
                opportunity.get(row).is_some_and(|id| self.opportunities.contains(id))
                    || engagement.get(row).is_some_and(of_engagement)
            })
        })
    }
}
