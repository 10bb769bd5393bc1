//! Copies of rows in other groups: a held-out row that is a row learned from says nothing about new rows.
//!
//! Rows can be equal by chance, most of all when there are few columns. Chance and copies differ in one thing: rows
//! that are equal by chance have their own outcomes, copies have one. So equal rows are counted, and asked whether they
//! disagree as often as strangers do. Rows equal in all columns but one are copies too, with another date or a jitter.

use super::{LeakLimits, LeakReason};
use crate::parallelism::Parallelism;
use crate::seed::hash_bytes;
use crate::training::TrainingSet;

/// Most rows whose hashes are compared. Of more, those are taken whose contents fall into a share of all hashes, so
/// that copies are taken together or not at all.
const MOST_ROWS: usize = 100_000;
/// Most rows that are taken for copies of each other: as many as a year of monthly snapshots, twice. More equal rows are
/// what few columns make of many cases.
const MOST_COPIES: usize = 24;
/// Half the reach, in standard errors, of a one-sided 99.9 % bound on a Poisson count: `(sqrt(k + 1) + 1.55)^2`.
const HALF_REACH: f64 = 1.55;

/// Equal rows of different groups.
#[derive(Clone, Copy, Debug, Default)]
struct Equal {
    /// Share of all rows.
    rows: f64,
    /// Pairs that differ in outcome, each row counted in one half pair.
    differing: f64,
    /// Such pairs if outcomes were dealt at random among the equal rows.
    expected: f64,
}

impl Equal {
    fn are_copies(&self, limits: &LeakLimits) -> bool {
        let at_most = ((self.differing + 1.0).sqrt() + HALF_REACH).powi(2);
        self.rows >= limits.copied_rows && at_most < limits.disagreement * self.expected
    }

    fn reason(&self, but_in: Option<String>) -> LeakReason {
        LeakReason::Copies { but_in, rows: self.rows, disagreement: self.differing / self.expected }
    }
}

/// The copies among the rows of a set, looked for in all `features` first and then in all but one.
pub(super) fn found(
    set: &TrainingSet<'_>,
    features: &[usize],
    limits: &LeakLimits,
    parallelism: &Parallelism,
) -> Option<LeakReason> {
    let cell = |feature: usize, bin: u8| hash_bytes(feature as u64, &[bin]);
    let whole: Vec<u64> = set
        .rows()
        .binned
        .rows()
        .map(|row| features.iter().fold(0_u64, |sum, &feature| sum.wrapping_add(cell(feature, row[feature]))))
        .collect();
    let equal = equal(set, &whole);
    if equal.are_copies(limits) {
        return Some(equal.reason(None));
    }
    // Without a third column, two rows agree in the rest too easily for the question to mean anything.
    if features.len() < 3 {
        return None;
    }
    let without = parallelism.map(features, |_, &feature| {
        let rest: Vec<u64> = whole
            .iter()
            .zip(set.rows().binned.rows())
            .map(|(sum, row)| sum.wrapping_sub(cell(feature, row[feature])))
            .collect();
        self::equal(set, &rest)
    });
    let copies = features.iter().zip(without).filter(|(_, equal)| equal.are_copies(limits));
    let (feature, equal) = copies.max_by(|a, b| a.1.rows.total_cmp(&b.1.rows))?;
    let name = &set.rows().binning.signature().features()[*feature].name;
    Some(equal.reason(Some(name.clone())))
}

/// Counts rows with equal contents in different groups.
fn equal(set: &TrainingSet<'_>, contents: &[u64]) -> Equal {
    let shares = contents.len().div_ceil(MOST_ROWS) as u64;
    let rows = set.rows();
    let mut taken: Vec<(u64, u64, bool)> = Vec::with_capacity(contents.len().min(2 * MOST_ROWS));
    for (row, content) in contents.iter().enumerate() {
        // A sum of hashes is spread like a hash; the multiplication spreads its low bits too.
        if (content.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) % shares == 0 {
            taken.push((*content, rows.groups[row], rows.labels[row]));
        }
    }
    let n_taken = taken.len().max(1) as f64;
    taken.sort_unstable();
    // Rows of one group are never on both sides of a split: one of them stands for all.
    taken.dedup_by_key(|(content, group, _)| (*content, *group));
    let (mut n_equal, mut n_positive, mut differing) = (0.0, 0.0, 0.0);
    for same in taken.chunk_by(|a, b| a.0 == b.0).filter(|same| (2..=MOST_COPIES).contains(&same.len())) {
        let (n, positives) = (same.len() as f64, same.iter().filter(|row| row.2).count() as f64);
        n_equal += n;
        n_positive += positives;
        differing += n / 2.0 * (2.0 * positives * (n - positives) / (n * (n - 1.0)));
    }
    if n_equal == 0.0 {
        return Equal::default();
    }
    let rate = n_positive / n_equal;
    Equal { rows: n_equal / n_taken, differing, expected: n_equal / 2.0 * (2.0 * rate * (1.0 - rate)) }
}
