//! The bins of one feature, and what each of them stands for.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::error::ModelError;
use crate::matrix::{Column, FeatureKind};

/// The bin of a value that is not known.
pub const MISSING_BIN: u8 = 0;
/// The bin of a level that was rare or absent when the bins were learned; numbers never fall into it.
pub const UNSEEN_BIN: u8 = 1;
/// The first bin of known values.
pub const FIRST_BIN: u8 = 2;
/// The most bins a feature may have, missing and unseen among them.
pub const MAX_BINS: usize = 255;

/// How the values of one feature fall into bins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FeatureBins {
    /// Numbers: the bin is [`FIRST_BIN`] plus the number of cuts at or below the value.
    Number {
        /// Strictly ascending, finite; at most 252.
        cuts: Vec<f32>,
    },
    /// Levels: the bin is [`FIRST_BIN`] plus the place in the list, [`UNSEEN_BIN`] for all others.
    Level {
        /// Strictly ascending; at most 253.
        levels: Vec<String>,
    },
}

impl FeatureBins {
    /// Number of bins, missing and unseen among them: at most [`MAX_BINS`].
    pub const fn n_bins(&self) -> usize {
        FIRST_BIN as usize
            + match self {
                Self::Number { cuts } => cuts.len() + 1,
                Self::Level { levels } => levels.len(),
            }
    }

    pub(super) fn check(&self, feature: &str) -> Result<(), ModelError> {
        let fault = match self {
            _ if self.n_bins() > MAX_BINS => format!("{} bins, expected at most {MAX_BINS}", self.n_bins()),
            Self::Number { cuts } if cuts.iter().any(|cut| !cut.is_finite()) => {
                "a cut is not finite".to_owned()
            }
            Self::Number { cuts } if !cuts.is_sorted_by(|a, b| a < b) => "cuts do not ascend".to_owned(),
            Self::Level { levels } if !levels.is_sorted_by(|a, b| a < b) => "levels do not ascend".to_owned(),
            _ => return Ok(()),
        };
        Err(ModelError::Bins { feature: feature.to_owned(), fault })
    }

    pub(super) const fn kind(&self) -> FeatureKind {
        match self {
            Self::Number { .. } => FeatureKind::Number,
            Self::Level { .. } => FeatureKind::Level,
        }
    }

    /// The bin of every level code of a column; nothing for a column of numbers.
    pub(super) fn of_codes(&self, column: &Column) -> Vec<u8> {
        match (self, column) {
            (Self::Level { levels }, Column::Level { levels: found, .. }) => found
                .iter()
                // At most 253 levels: the sum fits a byte.
                .map(|level| levels.binary_search(level).map_or(UNSEEN_BIN, |place| FIRST_BIN + place as u8))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Puts the bins of some rows of a column, one after the other; `of_codes` are those of this column.
    pub(super) fn put<'a>(
        &self,
        column: &Column,
        of_codes: &[u8],
        rows: Range<usize>,
        bins: impl Iterator<Item = &'a mut u8>,
    ) {
        match (self, column) {
            (Self::Number { cuts }, Column::Number { values, known }) => {
                for ((value, known), bin) in values[rows.clone()].iter().zip(&known[rows]).zip(bins) {
                    // At most 252 cuts: the sum fits a byte.
                    let found = FIRST_BIN + cuts.partition_point(|cut| cut <= value) as u8;
                    *bin = if *known { found } else { MISSING_BIN };
                }
            }
            (Self::Level { .. }, Column::Level { codes, .. }) => {
                for (code, bin) in codes[rows].iter().zip(bins) {
                    *bin = if *code == Column::MISSING { MISSING_BIN } else { of_codes[*code as usize] };
                }
            }
            // `FeatureMatrix::select` hands over columns of the kinds of the signature only.
            _ => {}
        }
    }

    /// What a bin stands for; `None` when there is no such bin.
    pub(super) fn range(&self, bin: u8) -> Option<BinRange<'_>> {
        Some(match bin {
            _ if usize::from(bin) >= self.n_bins() => return None,
            MISSING_BIN => BinRange::Missing,
            UNSEEN_BIN => BinRange::Unseen,
            _ => {
                let place = usize::from(bin - FIRST_BIN);
                match self {
                    Self::Number { cuts } => BinRange::Number {
                        from: place.checked_sub(1).and_then(|below| cuts.get(below).copied()),
                        below: cuts.get(place).copied(),
                    },
                    Self::Level { levels } => BinRange::Level(&levels[place]),
                }
            }
        })
    }
}

/// What a bin stands for, to be put into words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BinRange<'a> {
    /// The value is not known.
    Missing,
    /// A level that was rare or absent when the bins were learned.
    Unseen,
    /// A number `from <= value < below`; `None` is an open end.
    Number {
        /// Lower end, inclusive.
        from: Option<f32>,
        /// Upper end, exclusive.
        below: Option<f32>,
    },
    /// One level.
    Level(&'a str),
}

impl fmt::Display for BinRange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("missing"),
            Self::Unseen => f.write_str("not seen before"),
            Self::Number { from: None, below: None } => f.write_str("any number"),
            Self::Number { from: Some(from), below: None } => write!(f, "{from} or more"),
            Self::Number { from: None, below: Some(below) } => write!(f, "below {below}"),
            Self::Number { from: Some(from), below: Some(below) } => write!(f, "{from} to below {below}"),
            Self::Level(level) => f.write_str(level),
        }
    }
}
