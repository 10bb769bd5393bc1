//! Matching account lists: which account of one list is which company of another.
//!
//! [`match_lists`] answers for every account of the left list: matched with one account of the right list, ambiguous
//! with the candidates listed, or none. [`find_duplicates`] lists the pairs of one list that are one company. Nothing
//! is merged: the answers are a table for people and for later jobs.
//!
//! A pair is weighed by an additive score in log-odds (P. Fellegi and A. Sunter, A theory for record linkage, 1969):
//! it starts at `-ln` of the number of accounts that could be the one, and every [`Kind`] of evidence adds its
//! contribution. Agreement in something rare says more than agreement in something common, by the share of companies in
//! both lists that have it. The contributions are the reasons, and their sum is the score.
//!
//! Only pairs that share a rare word, an address, a telephone number, a domain or the like are weighed ([`Matching`]
//! bounds how many companies a block may have), so two lists of a million accounts fit into memory.

mod alignment;
mod answer;
mod blocking;
mod codes;
mod company;
mod evidence;
mod legal_forms;
mod lexicon;
mod lists;
mod name;
mod place;
mod reasons;
mod slips;
mod table;

use std::num::NonZeroUsize;

use answer::Thresholds;
use blocking::Blocks;
use company::Owners;
use evidence::Scales;
use lists::Lists;

use crate::parallelism::Parallelism;
use crate::quantity::LogOdds;

pub use answer::{Answer, Candidate, Outcome, Via};
pub use company::Company;
pub use evidence::{Evidence, Kind};
pub use reasons::Reasons;
pub use table::{Counts, write_duplicates, write_matches};

/// Accounts that a thread works on at once.
const CHUNK: usize = 1024;
/// Candidates that are kept of an account.
const MOST_CANDIDATES: usize = 5;

/// How many accounts of the left list may be one account of the right list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cardinality {
    /// One: both lists have every company once.
    OneToOne,
    /// Any number: the left list has branches or repeats companies.
    ManyToOne,
}

/// How lists are matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matching {
    /// Whether an account of the right list may be matched more than once.
    pub cardinality: Cardinality,
    /// Log-odds from which on a pair is a match.
    pub matched: LogOdds,
    /// Log-odds from which on a pair is shown to people.
    pub possible: LogOdds,
    /// By how much a match must be ahead of every other candidate.
    pub margin: LogOdds,
    /// Companies in a block beyond which sharing it says too little.
    pub largest_block: NonZeroUsize,
    /// Whether both lists number accounts alike, so that an equal account id means the same company.
    pub shared_ids: bool,
    /// Whether an account without a match of its own takes that of its owner, and several candidates of one family
    /// become the one that owns the others.
    pub roll_up: bool,
}

impl Default for Matching {
    /// For two lists, one to one: a match from log-odds of 1 on (73 %) and ahead of others by as much, shown from -2
    /// (12 %) on.
    fn default() -> Self {
        Self {
            cardinality: Cardinality::OneToOne,
            matched: LogOdds::from_steps(LogOdds::STEPS),
            possible: LogOdds::from_steps(-2 * LogOdds::STEPS),
            margin: LogOdds::from_steps(LogOdds::STEPS),
            largest_block: NonZeroUsize::MIN.saturating_add(99),
            shared_ids: false,
            roll_up: false,
        }
    }
}

impl Matching {
    /// For one list: a match from log-odds of 3 on (95 %), because no other candidate speaks against it.
    pub fn within_one_list() -> Self {
        Self { matched: LogOdds::from_steps(3 * LogOdds::STEPS), ..Self::default() }
    }

    const fn thresholds(&self) -> Thresholds {
        Thresholds { matched: self.matched, possible: self.possible, margin: self.margin }
    }
}

/// Answers for every account of `left` which account of `right` it is; in the order of `left`.
///
/// The answers are the same for every number of threads. Memory grows with both lists; time with their length and with
/// the size of the largest block.
///
/// ```
/// use propensity::crm::{Answer, Company, Matching, match_lists};
/// use propensity::parallelism::Parallelism;
///
/// let company = |id, name| Company { id, name: Some(name), ..Company::default() };
/// let ours = [company("1", "Bank of the West"), company("2", "Acme Widgets, Inc.")];
/// let theirs = [company("A", "Bank of the East"), company("B", "The ACME Widgets Company")];
/// let answers = match_lists(&ours, &theirs, &Matching::default(), &Parallelism::serial());
/// assert_eq!(answers[0].answer, Answer::None);
/// assert_eq!(answers[1].answer, Answer::Matched);
/// assert_eq!(theirs[answers[1].candidates[0].right as usize].id, "B");
/// ```
pub fn match_lists(
    left: &[Company<'_>],
    right: &[Company<'_>],
    matching: &Matching,
    parallelism: &Parallelism,
) -> Vec<Outcome> {
    let lists = Lists::read(left, Some(right), parallelism);
    let candidates = weigh_all(&lists, matching, parallelism);
    let one_to_one = matching.cardinality == Cardinality::OneToOne;
    let mut outcomes = answer::settle(candidates, right.len(), one_to_one, matching.thresholds());
    if matching.roll_up {
        roll_up(&mut outcomes, &Owners::of(left), &Owners::of(right));
    }
    outcomes
}

/// Two accounts of one list that are, or may be, one company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The place of the first one.
    pub first: u32,
    /// The place of the second one, which comes after it.
    pub second: u32,
    /// Matched, or ambiguous where people have to look.
    pub answer: Answer,
    /// What speaks for and against it.
    pub evidence: Evidence,
}

/// The pairs of accounts of one list that are, or may be, one company, by the places of both.
///
/// Cardinality, margin and roll-up do not matter here: a company may be there any number of times.
pub fn find_duplicates(
    companies: &[Company<'_>],
    matching: &Matching,
    parallelism: &Parallelism,
) -> Vec<Duplicate> {
    let lists = Lists::read(companies, None, parallelism);
    let candidates = weigh_all(&lists, matching, parallelism);
    let of_first = |(first, found): (usize, Vec<Candidate>)| {
        found.into_iter().map(move |candidate| {
            let sure = candidate.evidence.total() >= matching.matched;
            Duplicate {
                first: first as u32,
                second: candidate.right,
                answer: if sure { Answer::Matched } else { Answer::Ambiguous },
                evidence: candidate.evidence,
            }
        })
    };
    let mut pairs: Vec<Duplicate> = candidates.into_iter().enumerate().flat_map(of_first).collect();
    pairs.sort_unstable_by_key(|pair| (pair.first, pair.second));
    pairs
}

/// The candidates of every account of the left list, best first.
fn weigh_all(lists: &Lists, matching: &Matching, parallelism: &Parallelism) -> Vec<Vec<Candidate>> {
    let blocks = Blocks::of(lists, matching.largest_block.get());
    let scales = Scales::new(lists, matching.shared_ids);
    let within = lists.right.is_none();
    let places: Vec<usize> = (0..lists.left.records.len()).step_by(CHUNK).collect();
    let of_chunk = |_, start: &usize| {
        let end = (start + CHUNK).min(lists.left.records.len());
        let of_left = |left: usize| {
            let record = &lists.left.records[left];
            let mut found: Vec<Candidate> = blocks
                .candidates(lists, record)
                .into_iter()
                .filter(|right| !within || *right as usize > left)
                .map(|right| Candidate {
                    right,
                    evidence: scales.weigh(record, &lists.right().records[right as usize]),
                    taken_by: None,
                })
                .filter(|candidate| candidate.evidence.total() >= matching.possible)
                .collect();
            found.sort_by_key(|candidate| (std::cmp::Reverse(candidate.evidence.total()), candidate.right));
            if !within {
                found.truncate(MOST_CANDIDATES);
            }
            found
        };
        (*start..end).map(of_left).collect::<Vec<_>>()
    };
    parallelism.map(&places, of_chunk).into_iter().flatten().collect()
}

/// Gives accounts without a match of their own that of their owner, and settles families by who owns the others.
fn roll_up(outcomes: &mut [Outcome], left: &Owners, right: &Owners) {
    for outcome in outcomes.iter_mut().filter(|outcome| outcome.answer == Answer::Ambiguous) {
        let owns_all = |owner: &&Candidate| {
            outcome.candidates.iter().all(|other| right.is_above(owner.right, other.right))
        };
        let owner = (outcome.candidates.len() > 1).then(|| outcome.candidates.iter().find(owns_all).copied());
        if let Some(owner) = owner.flatten().filter(|owner| owner.taken_by.is_none()) {
            *outcome = Outcome { answer: Answer::Matched, via: Via::Family, candidates: vec![owner] };
        }
    }
    let matched: Vec<Option<Candidate>> = outcomes
        .iter()
        .map(|outcome| outcome.candidates.first().copied().filter(|_| outcome.answer == Answer::Matched))
        .collect();
    for (place, outcome) in outcomes.iter_mut().enumerate() {
        if outcome.answer != Answer::Matched {
            let owner = left.above(place as u32).find_map(|owner| matched[owner as usize]);
            if let Some(candidate) = owner {
                *outcome = Outcome { answer: Answer::Matched, via: Via::Parent, candidates: vec![candidate] };
            }
        }
    }
}
