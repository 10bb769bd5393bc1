//! From weighed candidates to answers: matched, ambiguous or none.

use super::evidence::Evidence;
use crate::quantity::LogOdds;

/// What is known about one account of the left list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// One account of the right list, beyond doubt enough.
    Matched,
    /// Several could be it, or one may be it; people have to look.
    Ambiguous,
    /// Nobody comes near.
    None,
}

impl Answer {
    /// Its name, as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Ambiguous => "ambiguous",
            Self::None => "none",
        }
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// How an account came to its match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Via {
    /// By what is known about itself.
    Itself,
    /// By its owner, which is matched; its own evidence stands beside.
    Parent,
    /// Several accounts of one family came near, and this one owns the others.
    Family,
}

impl Via {
    /// Its name, as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Itself => "itself",
            Self::Parent => "parent",
            Self::Family => "family",
        }
    }
}

/// An account of the right list that comes near.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its place in the right list.
    pub right: u32,
    /// What speaks for and against it.
    pub evidence: Evidence,
    /// The account of the left list that it is matched with, where that is another one.
    pub taken_by: Option<u32>,
}

/// The answer for one account of the left list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The answer.
    pub answer: Answer,
    /// How it came about, where it is a match.
    pub via: Via,
    /// The match first; of an ambiguous account all candidates, best first. Empty where nobody comes near.
    pub candidates: Vec<Candidate>,
}

/// How sure an answer has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Thresholds {
    pub(super) matched: LogOdds,
    pub(super) possible: LogOdds,
    pub(super) margin: LogOdds,
}

/// A candidate for a match, on the way to an answer.
#[derive(Clone, Copy, Debug)]
struct Edge {
    left: u32,
    right: u32,
    total: LogOdds,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Matched(u32),
    Contested,
}

/// Settles who is matched with whom, the surest pair first.
///
/// A pair is a match when it is sure enough and when nobody else who is still free comes within the margin, on either
/// side. Where somebody does, all of them are ambiguous. With `one_to_one`, an account of the right list is matched
/// once. The order of the candidates cannot change the answers.
pub(super) fn settle(
    candidates: Vec<Vec<Candidate>>,
    n_right: usize,
    one_to_one: bool,
    thresholds: Thresholds,
) -> Vec<Outcome> {
    let mut edges: Vec<Edge> = candidates
        .iter()
        .enumerate()
        .flat_map(|(left, found)| {
            let edge = move |candidate: &Candidate| Edge {
                left: left as u32,
                right: candidate.right,
                total: candidate.evidence.total(),
            };
            found.iter().map(edge).filter(|edge| edge.total >= thresholds.matched)
        })
        .collect();
    edges.sort_unstable_by_key(|edge| (std::cmp::Reverse(edge.total), edge.left, edge.right));
    let mut wanted_by: Vec<Vec<Edge>> = vec![Vec::new(); if one_to_one { n_right } else { 0 }];
    if one_to_one {
        for edge in &edges {
            wanted_by[edge.right as usize].push(*edge);
        }
    }
    let mut left_states = vec![State::Open; candidates.len()];
    let mut taken_by: Vec<Option<u32>> = vec![None; n_right];
    let mut contested = vec![false; n_right];
    for edge in edges {
        let (left, right) = (edge.left as usize, edge.right as usize);
        if left_states[left] != State::Open || one_to_one && taken_by[right].is_some() {
            continue;
        }
        let near = |total: LogOdds| total > edge.total - thresholds.margin;
        let is_free = |right: u32| !one_to_one || taken_by[right as usize].is_none();
        let rival_right = candidates[left]
            .iter()
            .any(|other| other.right != edge.right && is_free(other.right) && near(other.evidence.total()));
        let rival_left = one_to_one
            && wanted_by[right].iter().any(|other| {
                other.left != edge.left
                    && left_states[other.left as usize] == State::Open
                    && near(other.total)
            });
        if rival_right || rival_left || contested[right] {
            left_states[left] = State::Contested;
            contested[right] |= one_to_one;
        } else {
            left_states[left] = State::Matched(edge.right);
            taken_by[right] = Some(edge.left);
        }
    }
    let outcomes = candidates.into_iter().zip(left_states).enumerate();
    outcomes
        .map(|(left, (found, state))| {
            outcome(left as u32, found, state, one_to_one.then_some(&taken_by), thresholds)
        })
        .collect()
}

fn outcome(
    left: u32,
    mut candidates: Vec<Candidate>,
    state: State,
    taken_by: Option<&Vec<Option<u32>>>,
    thresholds: Thresholds,
) -> Outcome {
    if let State::Matched(right) = state {
        candidates.retain(|candidate| candidate.right == right);
        return Outcome { answer: Answer::Matched, via: Via::Itself, candidates };
    }
    if let Some(taken_by) = taken_by {
        for candidate in &mut candidates {
            candidate.taken_by = taken_by[candidate.right as usize].filter(|by| *by != left);
        }
    }
    // Whose only candidates are others' and were never likely has none.
    candidates
        .retain(|candidate| candidate.taken_by.is_none() || candidate.evidence.total() >= thresholds.matched);
    let answer = if candidates.is_empty() { Answer::None } else { Answer::Ambiguous };
    Outcome { answer, via: Via::Itself, candidates }
}
