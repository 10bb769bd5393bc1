//! Worklists: whom each owner works this week, within capacity, with a share for exploration.
//!
//! Every account that passes the filters stands once, for its best product. Owners get the best accounts of theirs, up to
//! their capacity and with at most so many of one parent company. A share of the capacity is not given to the next best
//! but drawn from all that are left, each with the same known probability: outcomes of these accounts tell what the model
//! does not see, and the probability lets anybody weigh them (Horvitz and Thompson 1952,
//! <https://doi.org/10.1080/01621459.1952.10483446>).

mod candidates;
mod given;
mod write;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

pub use given::{Exclusions, Owners};

use super::{PartnerId, ReportError, RunOutput, ScoreRow, Viewer};
use crate::grid::Cluster;
use crate::scoring::Chunking;
use crate::seed::Seed;
use crate::targeting::cohort::Catalogue;
use candidates::Candidate;

/// What a worklist is ordered by; ties are broken by rank, fit, intent and id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RankBy {
    /// Rank of the cell, then fit, then intent.
    #[default]
    Rank,
    /// Fit score.
    Fit,
    /// Intent score.
    Intent,
    /// Probability times potential revenue.
    Value,
}

/// Which accounts and products belong on a worklist; an empty list lets everything through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Size tiers.
    pub tiers: Vec<String>,
    /// Industries in words.
    pub industries: Vec<String>,
    /// Countries.
    pub countries: Vec<String>,
    /// States or provinces.
    pub states: Vec<String>,
    /// Products.
    pub products: Vec<String>,
    /// Clusters.
    pub clusters: Vec<Cluster>,
    /// Cohorts, of any of which an account must be.
    pub cohorts: Vec<String>,
}

/// What somebody asks for.
#[derive(Clone, Copy, Debug)]
pub struct WorklistRequest<'a> {
    /// The run it is made from.
    pub run: &'a RunOutput,
    /// Whom and what it is about.
    pub filter: &'a Filter,
    /// The catalogue of the cohorts in the filter.
    pub cohorts: &'a Catalogue,
    /// The order of work.
    pub rank_by: RankBy,
    /// Accounts an owner can work.
    pub capacity: NonZeroUsize,
    /// Most accounts of one parent company in all lists together.
    pub per_parent: Option<NonZeroUsize>,
    /// Who owns which account; accounts without an owner are one list more.
    pub owners: &'a Owners,
    /// What is not to be worked now.
    pub exclusions: &'a Exclusions,
    /// Share of the capacity that is drawn from outside the top, 0 to 1.
    pub explore: f64,
    /// Seed of the draw.
    pub seed: Seed,
    /// Only customers of this partner.
    pub partner: Option<&'a PartnerId>,
    /// What the reader may see.
    pub viewer: Viewer,
}

/// Why an account is on a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SelectedBy {
    /// It is among the best.
    Top,
    /// It was drawn from those that are left.
    Exploration,
}

impl SelectedBy {
    /// The name in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Top => "top",
            Self::Exploration => "exploration",
        }
    }
}

/// One line of a worklist.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkItem {
    /// Whose it is; empty for accounts without an owner.
    pub owner: String,
    /// The account, its product and its scores.
    pub score: ScoreRow,
    /// Probability times potential revenue, in whole cents.
    pub expected_value: Option<f64>,
    /// Industry in words.
    pub industry: Option<String>,
    /// Country.
    pub country: Option<String>,
    /// The parent company, or the account itself.
    pub parent: String,
    /// Why it is here.
    pub selected_by: SelectedBy,
    /// The probability with which it came here: 1 for the top.
    pub selection_probability: f64,
}

/// What was left out on the way to a worklist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Accounts that did not pass the filters.
    pub filtered: u64,
    /// Accounts that were excluded, or whose suppression goes on.
    pub excluded: u64,
    /// Accounts that a corporate or enterprise segment may own.
    pub corporate: u64,
    /// Accounts for which there was no room.
    pub beyond_capacity: u64,
}

/// A worklist: by owner, each owner's accounts best first, those drawn for exploration last.
#[derive(Clone, Debug, PartialEq)]
pub struct Worklist {
    /// The lines.
    pub items: Vec<WorkItem>,
    /// What is not on it.
    pub left_out: LeftOut,
}

impl WorklistRequest<'_> {
    /// Makes the worklist. Memory grows with the accounts that pass the filters.
    ///
    /// # Errors
    /// [`ReportError::UnknownPartner`] when no customer has transacted with the partner, [`ReportError::Cohort`] when the
    /// filter names a cohort that is not in the catalogue, else as [`RunOutput::each`].
    pub fn make(&self, chunking: &Chunking) -> Result<Worklist, ReportError> {
        let (mut candidates, mut left_out) = candidates::collect(self, chunking)?;
        candidates.sort_by(|a, b| self.order(a, b));
        let mut by_owner: BTreeMap<String, Vec<Candidate>> = BTreeMap::new();
        for candidate in candidates {
            let owner = self.owners.of(&candidate.score.account_id).to_owned();
            by_owner.entry(owner).or_default().push(candidate);
        }
        let mut parents: BTreeMap<String, usize> = BTreeMap::new();
        let mut items = Vec::new();
        for (owner, candidates) in by_owner {
            let n_candidates = candidates.len();
            let before = items.len();
            self.fill(&owner, candidates, &mut parents, &mut items);
            left_out.beyond_capacity += (n_candidates - (items.len() - before)) as u64;
        }
        Ok(Worklist { items, left_out })
    }

    fn order(&self, a: &Candidate, b: &Candidate) -> std::cmp::Ordering {
        let first = match self.rank_by {
            RankBy::Rank => std::cmp::Ordering::Equal,
            RankBy::Fit => b.score.fit_score.cmp(&a.score.fit_score),
            RankBy::Intent => b.score.intent_score.cmp(&a.score.intent_score),
            RankBy::Value => b.expected_value.unwrap_or(0.0).total_cmp(&a.expected_value.unwrap_or(0.0)),
        };
        first.then_with(|| a.score.list_order(&b.score))
    }

    /// The list of one owner: the top, then the draw.
    fn fill(
        &self,
        owner: &str,
        candidates: Vec<Candidate>,
        parents: &mut BTreeMap<String, usize>,
        items: &mut Vec<WorkItem>,
    ) {
        let capacity = self.capacity.get();
        // A share of the capacity, to the nearest account; no seat is lost where nobody is left to be drawn.
        let explored = ((capacity as f64 * self.explore.clamp(0.0, 1.0)).round() as usize).min(capacity);
        let most = self.per_parent.map_or(usize::MAX, NonZeroUsize::get);
        let mut has_room = |candidate: &Candidate| {
            let taken = parents.entry(candidate.parent.clone()).or_default();
            let room = *taken < most;
            *taken += usize::from(room);
            room
        };
        // Whom the cap of its parent keeps out is not drawn either, so that every draw has its probability exactly.
        let eligible: Vec<Candidate> =
            candidates.into_iter().filter(|candidate| has_room(candidate)).collect();
        let n_top = (capacity - explored).max(capacity.min(eligible.len()).saturating_sub(explored));
        let mut eligible = eligible;
        let rest = eligible.split_off(n_top.min(eligible.len()));
        for candidate in eligible {
            items.push(candidate.into_item(owner, SelectedBy::Top, 1.0));
        }
        let n_drawn = explored.min(rest.len());
        let probability = if rest.is_empty() { 0.0 } else { n_drawn as f64 / rest.len() as f64 };
        let seed = self.seed.named("exploration");
        let mut drawn: Vec<(f64, Candidate)> = rest
            .into_iter()
            .map(|candidate| (seed.uniform(candidate.score.account_id.as_bytes()), candidate))
            .collect();
        drawn.sort_by(|a, b| {
            a.0.total_cmp(&b.0).then_with(|| a.1.score.account_id.cmp(&b.1.score.account_id))
        });
        drawn.truncate(n_drawn);
        let mut drawn: Vec<Candidate> = drawn.into_iter().map(|(_, candidate)| candidate).collect();
        drawn.sort_by(|a, b| self.order(a, b));
        let items_drawn = drawn
            .into_iter()
            .map(|candidate| candidate.into_item(owner, SelectedBy::Exploration, probability));
        items.extend(items_drawn);
    }
}
