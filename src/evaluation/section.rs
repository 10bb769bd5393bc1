//! A section: one model, one outcome, one set of cases.

use serde::{Deserialize, Serialize};

use super::{Bootstrap, Cases, Quality, Shape};
use crate::parallelism::Parallelism;

/// Bins of the histogram of scores: five points each.
const HISTOGRAM_BINS: usize = 20;

/// One model asked one question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// The model, such as `azure intent`.
    pub name: String,
    /// What is held against what, in a sentence.
    pub question: String,
    /// Cases with a known outcome.
    pub rows: u64,
    /// How many of them had the outcome.
    pub positives: u64,
    /// The measures; `None` with too few outcomes to measure.
    pub quality: Option<Quality>,
    /// Scores of either outcome.
    pub histogram: Vec<HistogramBin>,
    /// The same by parts of the cases.
    pub slices: Vec<Slice>,
    /// What the heaviest columns add.
    pub shapes: Vec<Shape>,
}

/// Scores from `from` to below `from + 5`, in points of 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistogramBin {
    /// Lower end.
    pub from: u8,
    /// Cases with the outcome.
    pub positives: u64,
    /// Cases without it.
    pub negatives: u64,
}

/// The cases of one tier, cluster or band.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slice {
    /// What the cases are divided by, such as `tier`.
    pub by: String,
    /// Which part this is.
    pub value: String,
    /// Its cases.
    pub rows: u64,
    /// Those with the outcome.
    pub positives: u64,
    /// Its measures; `None` with too few outcomes to measure.
    pub quality: Option<Quality>,
}

/// Some of the cases: what they are divided by, which part they are.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) by: &'static str,
    pub(super) value: String,
    pub(super) cases: Cases,
}

impl Section {
    /// Measures the cases, and each part of them.
    pub(super) fn measure(
        (name, question): (String, String),
        cases: &Cases,
        parts: &[Part],
        shapes: Vec<Shape>,
        bootstrap: Bootstrap,
        parallelism: &Parallelism,
    ) -> Self {
        let slices = parts.iter().map(|part| Slice {
            by: part.by.to_owned(),
            value: part.value.clone(),
            rows: part.cases.len() as u64,
            positives: part.cases.positives() as u64,
            quality: Quality::measure(&part.cases, bootstrap, parallelism),
        });
        Self {
            name,
            question,
            rows: cases.len() as u64,
            positives: cases.positives() as u64,
            quality: Quality::measure(cases, bootstrap, parallelism),
            histogram: histogram(cases),
            slices: slices.collect(),
            shapes,
        }
    }
}

fn histogram(cases: &Cases) -> Vec<HistogramBin> {
    let width = 100 / HISTOGRAM_BINS;
    let mut bins: Vec<HistogramBin> = (0..HISTOGRAM_BINS)
        .map(|bin| HistogramBin { from: (bin * width) as u8, positives: 0, negatives: 0 })
        .collect();
    for (score, outcome) in cases.scores.iter().zip(&cases.outcomes) {
        let bin = ((score / width as f64) as usize).min(HISTOGRAM_BINS - 1);
        if *outcome {
            bins[bin].positives += 1;
        } else {
            bins[bin].negatives += 1;
        }
    }
    bins
}
