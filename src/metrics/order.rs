//! Rows in the order of their scores, sorted once and measured under any weights.

use super::both_classes;

/// Steps in a weight of 1: 2^20.
const STEPS: f64 = (1_u64 << 20) as f64;
/// Largest weight of a row, so that no sum of weights can overflow.
const HEAVIEST: f32 = 1e6;

/// Rows with an outcome, in the order of their scores.
///
/// Sorting is what measures of order cost: a ranking is sorted once, in `O(n log n)`, and measured in `O(n)` under as
/// many weights as are wanted, as a bootstrap does.
///
/// ```
/// use propensity::metrics::Ranking;
/// let ranking = Ranking::try_new(&[true, false, true], &[0.9, 0.5, 0.1]).ok_or("one outcome only")?;
/// assert_eq!(ranking.counted().auc(), Some(0.5));
/// // Without the positive that is ranked last, the order is perfect.
/// assert_eq!(ranking.repeated(&[1, 1, 0]).ok_or("lengths")?.auc(), Some(1.0));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug)]
pub struct Ranking {
    /// Row and outcome, ascending by score.
    order: Vec<(u32, bool)>,
    /// Where each run of equal scores ends in `order`.
    ends: Vec<usize>,
}

/// What lies at one score.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tie {
    pub(super) positives: u64,
    pub(super) negatives: u64,
}

/// A [`Ranking`] under one set of weights: the weight of both outcomes at every score, ascending.
#[derive(Clone, Debug)]
pub struct Masses {
    ties: Vec<Tie>,
    positives: u64,
    negatives: u64,
    /// What a row of weight 1 weighs.
    unit: f64,
}

/// One row of a gains table: what is found down to a depth of the list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GainRow {
    /// Share of the rows taken, best first, 0 to 1.
    pub depth: f64,
    /// Rows in this part alone, by weight.
    pub rows: f64,
    /// Positives in this part alone, by weight; a fraction where a tie reaches over the edge of the part.
    pub positives: f64,
    /// Share of all positives found down to here, 0 to 1.
    pub gain: f64,
    /// `gain / depth`: how many times better than a list in random order.
    pub lift: f64,
}

impl Ranking {
    /// Sorts rows by score. `None` when lengths differ, an outcome is missing, a score is not finite, or there are
    /// more than 2^32 rows.
    pub fn try_new(labels: &[bool], scores: &[f64]) -> Option<Self> {
        both_classes(labels, scores)?;
        let last = u32::try_from(labels.len()).ok()?;
        let mut order: Vec<(f64, u32)> = scores.iter().copied().zip(0..last).collect();
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut ends = Vec::new();
        // 0.0 and -0.0 are neighbours in the total order and equal here.
        for tie in order.chunk_by(|a, b| a.0 == b.0) {
            ends.push(ends.last().copied().unwrap_or(0) + tie.len());
        }
        let order = order.into_iter().map(|(_, row)| (row, labels[row as usize])).collect();
        Some(Self { order, ends })
    }

    /// Number of rows.
    pub const fn n_rows(&self) -> usize {
        self.order.len()
    }

    /// Every row once.
    pub fn counted(&self) -> Masses {
        self.masses(1.0, |_| 1)
    }

    /// Row `i` taken `times[i]` times, as a bootstrap draws it. `None` when lengths differ.
    pub fn repeated(&self, times: &[u32]) -> Option<Masses> {
        (times.len() == self.n_rows()).then(|| self.masses(1.0, |row| u64::from(times[row])))
    }

    /// Row `i` with the weight `weights[i]`, held in steps of 2^-20. `None` when lengths differ or a weight is not
    /// between 0 and a million.
    pub fn weighed(&self, weights: &[f32]) -> Option<Masses> {
        self.weighed_and_repeated(weights, None)
    }

    /// Row `i` with the weight `weights[i]`, taken `times[i]` times. `None` as for [`weighed`](Self::weighed).
    pub fn weighed_and_repeated(&self, weights: &[f32], times: Option<&[u32]>) -> Option<Masses> {
        let fits = weights.len() == self.n_rows()
            && times.is_none_or(|times| times.len() == self.n_rows())
            && weights.iter().all(|weight| (0.0..=HEAVIEST).contains(weight));
        fits.then(|| {
            self.masses(STEPS, |row| {
                let steps = (f64::from(weights[row]) * STEPS).round() as u64;
                times.map_or(steps, |times| steps * u64::from(times[row]))
            })
        })
    }

    fn masses(&self, unit: f64, weight: impl Fn(usize) -> u64) -> Masses {
        let mut masses =
            Masses { ties: Vec::with_capacity(self.ends.len()), positives: 0, negatives: 0, unit };
        let mut start = 0;
        for &end in &self.ends {
            let mut tie = Tie::default();
            for &(row, label) in &self.order[start..end] {
                let weight = weight(row as usize);
                if label {
                    tie.positives += weight;
                } else {
                    tie.negatives += weight;
                }
            }
            masses.positives += tie.positives;
            masses.negatives += tie.negatives;
            masses.ties.push(tie);
            start = end;
        }
        masses
    }
}

impl Masses {
    pub(super) fn ties(&self) -> &[Tie] {
        &self.ties
    }

    /// Whether both outcomes have weight, so that measures of order are defined.
    const fn has_both(&self) -> bool {
        self.positives > 0 && self.negatives > 0
    }

    /// Share of the weight that has the outcome; `None` without any weight.
    pub fn base_rate(&self) -> Option<f64> {
        let all = self.positives + self.negatives;
        (all > 0).then(|| self.positives as f64 / all as f64)
    }

    /// Area under the ROC curve, as [`auc`](super::auc) counts it. `None` when an outcome has no weight.
    pub fn auc(&self) -> Option<f64> {
        if !self.has_both() {
            return None;
        }
        let (mut halves, mut negatives_below) = (0_u128, 0_u128);
        for tie in &self.ties {
            let negatives = u128::from(tie.negatives);
            halves += u128::from(tie.positives) * (2 * negatives_below + negatives);
            negatives_below += negatives;
        }
        Some(halves as f64 / (2.0 * self.positives as f64 * self.negatives as f64))
    }

    /// Average precision, as [`average_precision`](super::average_precision) counts it. `None` when an outcome has no
    /// weight.
    pub fn average_precision(&self) -> Option<f64> {
        if !self.has_both() {
            return None;
        }
        let (mut taken, mut found, mut area) = (0_u64, 0_u64, 0.0);
        for tie in self.ties.iter().rev().filter(|tie| tie.positives > 0 || tie.negatives > 0) {
            taken += tie.positives + tie.negatives;
            found += tie.positives;
            area += tie.positives as f64 * (found as f64 / taken as f64);
        }
        Some(area / self.positives as f64)
    }

    /// Kolmogorov-Smirnov distance, as [`kolmogorov_smirnov`](super::kolmogorov_smirnov) counts it. `None` when an
    /// outcome has no weight.
    pub fn kolmogorov_smirnov(&self) -> Option<f64> {
        if !self.has_both() {
            return None;
        }
        let (mut p, mut q, mut gap) = (0_u64, 0_u64, 0.0_f64);
        for tie in &self.ties {
            p += tie.positives;
            q += tie.negatives;
            gap = gap.max((q as f64 / self.negatives as f64 - p as f64 / self.positives as f64).abs());
        }
        Some(gap)
    }

    /// Gains and lift by `parts` of equal weight, best first. `None` when an outcome has no weight or `parts` is 0.
    pub fn gains(&self, parts: usize) -> Option<Vec<GainRow>> {
        if !self.has_both() || parts == 0 {
            return None;
        }
        let all = self.positives + self.negatives;
        let end = |part: usize| {
            let end = (part as u128 * u128::from(all)).div_ceil(parts as u128);
            // At most `all`, which is 64 bits wide.
            end as u64
        };
        let ends: Vec<u64> = (1..=parts).map(end).collect();
        let found = self.found_at(&ends);
        let mut rows = Vec::with_capacity(parts);
        let (mut before_rows, mut before) = (0, 0.0);
        for (&end, &found) in ends.iter().zip(&found) {
            let (depth, gain) = (end as f64 / all as f64, found / self.positives as f64);
            rows.push(GainRow {
                depth,
                rows: (end - before_rows) as f64 / self.unit,
                positives: (found - before) / self.unit,
                gain,
                lift: gain / depth,
            });
            (before_rows, before) = (end, found);
        }
        Some(rows)
    }

    /// Lift of the best `rows` rows over the base rate.
    pub(super) fn lift_of_best(&self, rows: u64) -> Option<f64> {
        let found = self.found_at(&[rows]).first().copied()?;
        let all = self.positives + self.negatives;
        Some(found / rows as f64 * all as f64 / self.positives as f64)
    }

    /// Positives among the best `end` rows, for ascending ends; a tie over an end gives its share.
    fn found_at(&self, ends: &[u64]) -> Vec<f64> {
        let mut found = Vec::with_capacity(ends.len());
        let (mut taken, mut positives) = (0, 0);
        for tie in self.ties.iter().rev() {
            let size = tie.positives + tie.negatives;
            if size == 0 {
                continue;
            }
            while let Some(&end) = ends.get(found.len()) {
                if end > taken + size {
                    break;
                }
                let share = (end - taken) as f64 / size as f64;
                found.push(positives as f64 + share * tie.positives as f64);
            }
            taken += size;
            positives += tie.positives;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows() -> impl Strategy<Value = Vec<(bool, u8, u32)>> {
        prop::collection::vec((any::<bool>(), 0_u8..8, 0_u32..4), 2..50)
    }

    proptest! {
        /// A row taken twice, a row of weight 2 and two equal rows are the same thing.
        #[test]
        fn times_weights_and_copies_agree(rows in rows()) {
            let labels: Vec<bool> = rows.iter().map(|row| row.0).collect();
            let scores: Vec<f64> = rows.iter().map(|row| f64::from(row.1)).collect();
            let times: Vec<u32> = rows.iter().map(|row| row.2).collect();
            let weights: Vec<f32> = rows.iter().map(|row| row.2 as f32).collect();
            let copied = |i: usize| std::iter::repeat_n(i, times[i] as usize);
            let copies: Vec<usize> = (0..rows.len()).flat_map(copied).collect();
            let copied_labels: Vec<bool> = copies.iter().map(|&i| labels[i]).collect();
            let copied_scores: Vec<f64> = copies.iter().map(|&i| scores[i]).collect();
            let Some(ranking) = Ranking::try_new(&labels, &scores) else { return Ok(()) };
            let taken = ranking.repeated(&times).unwrap();
            let weighed = ranking.weighed(&weights).unwrap();
            let expected = Ranking::try_new(&copied_labels, &copied_scores).map(|ranking| ranking.counted());
            let measures = |masses: &Masses| {
                (masses.auc(), masses.average_precision(), masses.kolmogorov_smirnov(), masses.gains(4))
            };
            let expected = expected.as_ref().map_or((None, None, None, None), measures);
            prop_assert_eq!(&measures(&taken), &expected);
            let found = measures(&weighed);
            prop_assert_eq!((found.0, found.1, found.2), (expected.0, expected.1, expected.2));
        }
    }

    #[test]
    fn weights_out_of_range_and_of_another_length_are_refused() {
        let ranking = Ranking::try_new(&[true, false], &[1.0, 0.0]).unwrap();
        for weights in [&[1.0_f32][..], &[1.0, -1.0], &[1.0, f32::NAN], &[1.0, f32::INFINITY]] {
            assert!(ranking.weighed(weights).is_none(), "{weights:?}");
        }
        assert!(ranking.repeated(&[1]).is_none());
        assert_eq!(ranking.repeated(&[1, 0]).unwrap().auc(), None);
        assert!(Ranking::try_new(&[true, false], &[f64::NAN, 0.0]).is_none());
    }
}
