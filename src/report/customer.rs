//! One account of a run with all that reports say of it.

use std::collections::BTreeMap;

use super::{PartnerId, ScoreRow};
use crate::grid::Cluster;
use crate::targeting::AccountFacts;
use crate::targeting::cohort::Subject;

/// An account: what is known of it and its scores.
#[derive(Clone, Debug, PartialEq)]
pub struct Customer {
    /// What is known of it.
    pub facts: AccountFacts,
    /// Its scores, one per product of the spec, in their order.
    pub scores: Vec<ScoreRow>,
    /// The bin of every feature, in the order of the model.
    pub bins: Vec<u8>,
    /// What an earlier run said of it.
    pub previous: Option<Box<Customer>>,
    /// Its cluster for each product.
    clusters: BTreeMap<String, Cluster>,
}

impl Customer {
    /// Joins what a run stored of an account.
    pub fn new(facts: AccountFacts, scores: Vec<ScoreRow>, bins: Vec<u8>) -> Self {
        let clusters = scores.iter().map(|score| (score.product.clone(), score.cluster)).collect();
        Self { facts, scores, bins, previous: None, clusters }
    }

    /// The id of the account.
    pub fn id(&self) -> &str {
        &self.facts.account_id
    }

    /// Whether it has transacted with a partner; everybody is of nobody's.
    pub fn is_of(&self, partner: Option<&PartnerId>) -> bool {
        partner
            .is_none_or(|partner| self.facts.partners.iter().any(|known| known.partner == partner.as_str()))
    }

    /// Its scores for a product, if the run has a model for it.
    pub fn score(&self, product: &str) -> Option<&ScoreRow> {
        self.scores.iter().find(|score| score.product == product)
    }

    /// The account as rules of cohorts see it.
    pub const fn subject(&self) -> Subject<'_> {
        Subject { facts: &self.facts, clusters: &self.clusters }
    }
}
