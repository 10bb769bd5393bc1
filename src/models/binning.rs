//! From values to bins: at most 255 per feature, missing and unseen apart.
//!
//! Numbers are cut at midpoints between distinct values, near equal counts; levels are listed by name. A bin is one
//! byte, so a row of 60 features is 60 bytes whatever it held before.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::binned::BinnedMatrix;
use super::error::ModelError;
use crate::matrix::{Column, FeatureKind, FeatureMatrix, FeatureSignature, MatrixError};
use crate::seed::hash_bytes;

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

    fn check(&self, feature: &str) -> Result<(), ModelError> {
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

    const fn kind(&self) -> FeatureKind {
        match self {
            Self::Number { .. } => FeatureKind::Number,
            Self::Level { .. } => FeatureKind::Level,
        }
    }

    fn bin_column(&self, column: &Column, mut put: impl FnMut(usize, u8)) {
        match (self, column) {
            (Self::Number { cuts }, Column::Number { values, known }) => {
                for (row, (value, known)) in values.iter().zip(known).enumerate() {
                    // At most 252 cuts: the sum fits a byte.
                    let bin = FIRST_BIN + cuts.partition_point(|cut| cut <= value) as u8;
                    put(row, if *known { bin } else { MISSING_BIN });
                }
            }
            (Self::Level { levels }, Column::Level { codes, levels: found }) => {
                let of_code: Vec<u8> = found
                    .iter()
                    .map(|level| {
                        levels.binary_search(level).map_or(UNSEEN_BIN, |place| FIRST_BIN + place as u8)
                    })
                    .collect();
                for (row, code) in codes.iter().enumerate() {
                    put(row, if *code == Column::MISSING { MISSING_BIN } else { of_code[*code as usize] });
                }
            }
            // `FeatureMatrix::select` hands over columns of the kinds of the signature only.
            _ => {}
        }
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

/// How bins are learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BinningParams {
    /// Most bins of a feature, missing and unseen among them: 4 to 255.
    pub max_bins: usize,
    /// A level seen in fewer rows than this is left out, and so unseen: at least 1.
    pub min_level_count: usize,
    /// A bin of numbers holds at least this many rows, unless one value alone has fewer neighbours: at least 1.
    pub min_bin_count: usize,
}

impl Default for BinningParams {
    /// 255 bins, levels from 10 rows, bins of numbers from 5 rows.
    fn default() -> Self {
        Self { max_bins: MAX_BINS, min_level_count: 10, min_bin_count: 5 }
    }
}

impl BinningParams {
    fn check(&self) -> Result<(), ModelError> {
        if !(4..=MAX_BINS).contains(&self.max_bins) {
            let found = self.max_bins.to_string();
            return Err(ModelError::Params { what: "max_bins", found, expected: "4 to 255" });
        }
        for (what, found) in
            [("min_level_count", self.min_level_count), ("min_bin_count", self.min_bin_count)]
        {
            if found == 0 {
                return Err(ModelError::Params { what, found: found.to_string(), expected: "at least 1" });
            }
        }
        Ok(())
    }
}

/// A 64-bit hash of a binning: features, cuts and levels; written as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BinningFingerprint(u64);

impl fmt::Display for BinningFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl From<BinningFingerprint> for String {
    fn from(fingerprint: BinningFingerprint) -> Self {
        fingerprint.to_string()
    }
}

impl TryFrom<String> for BinningFingerprint {
    type Error = ModelError;

    fn try_from(text: String) -> Result<Self, ModelError> {
        match u64::from_str_radix(&text, 16) {
            Ok(value) if format!("{value:016x}") == text => Ok(Self(value)),
            _ => Err(ModelError::Params {
                what: "binning fingerprint",
                found: text,
                expected: "16 hexadecimal digits",
            }),
        }
    }
}

/// The bins of every feature of a signature.
///
/// ```
/// use propensity::matrix::{Column, FeatureMatrix};
/// use propensity::models::{Binning, BinningParams, FIRST_BIN, MISSING_BIN};
/// let ids = (0..4).map(|i| i.to_string()).collect();
/// let seats = Column::numbers([Some(1.0), Some(1.0), Some(9.0), None]);
/// let matrix = FeatureMatrix::try_new(ids, vec![("seats".into(), seats)])?;
/// let binning = Binning::learn(&[&matrix], &BinningParams { min_bin_count: 1, ..BinningParams::default() })?;
/// let binned = binning.apply(&matrix)?;
/// assert_eq!(binned.row(0), [FIRST_BIN]);
/// assert_eq!(binned.row(3), [MISSING_BIN]);
/// assert_eq!(binning.range(0, FIRST_BIN).map(|range| range.to_string()).as_deref(), Some("below 5"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "BinningShape", into = "BinningShape")]
pub struct Binning {
    signature: FeatureSignature,
    bins: Vec<FeatureBins>,
    fingerprint: BinningFingerprint,
}

/// The form of a [`Binning`] in a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BinningShape {
    signature: FeatureSignature,
    bins: Vec<FeatureBins>,
}

impl TryFrom<BinningShape> for Binning {
    type Error = ModelError;

    fn try_from(shape: BinningShape) -> Result<Self, ModelError> {
        Self::try_new(shape.signature, shape.bins)
    }
}

impl From<Binning> for BinningShape {
    fn from(binning: Binning) -> Self {
        Self { signature: binning.signature, bins: binning.bins }
    }
}

impl Binning {
    /// Joins a signature and the bins of its features, in its order.
    ///
    /// # Errors
    /// [`ModelError::Bins`] when the numbers differ, a kind differs, or cuts or levels are out of order or too many.
    pub fn try_new(signature: FeatureSignature, bins: Vec<FeatureBins>) -> Result<Self, ModelError> {
        if signature.len() != bins.len() {
            let fault = format!("{} features but bins for {}", signature.len(), bins.len());
            return Err(ModelError::Bins { feature: "(all)".to_owned(), fault });
        }
        for (feature, bins) in signature.features().iter().zip(&bins) {
            bins.check(&feature.name)?;
            if bins.kind() != feature.kind {
                let fault = "numbers have levels, or levels have cuts".to_owned();
                return Err(ModelError::Bins { feature: feature.name.clone(), fault });
            }
        }
        let fingerprint = fingerprint(&signature, &bins);
        Ok(Self { signature, bins, fingerprint })
    }

    /// Learns bins from the rows of one or more matrices with the same signature (snapshots, say).
    ///
    /// Numbers with few distinct values get a bin each; else cuts near equal counts, always midway between two values
    /// that occur. Levels rarer than the floor are left out; of too many, the most frequent stay. The order of rows and
    /// of matrices does not matter. `O(n log n)` a feature.
    ///
    /// # Errors
    /// [`ModelError::Params`] for parameters out of range or no matrix at all, [`ModelError::Bins`] when a matrix lacks
    /// a feature of the first.
    pub fn learn(matrices: &[&FeatureMatrix], params: &BinningParams) -> Result<Self, ModelError> {
        params.check()?;
        let Some(first) = matrices.first() else {
            let (found, expected) = ("empty".to_owned(), "at least one matrix");
            return Err(ModelError::Params { what: "matrices", found, expected });
        };
        let signature = first.signature().clone();
        let selected: Vec<Vec<&Column>> =
            matrices.iter().map(|matrix| matrix.select(&signature)).collect::<Result<_, _>>().map_err(
                |error| ModelError::Bins { feature: "(all)".to_owned(), fault: error.to_string() },
            )?;
        let bins = signature
            .features()
            .iter()
            .enumerate()
            .map(|(index, feature)| {
                let columns = selected.iter().map(|columns| columns[index]);
                match feature.kind {
                    FeatureKind::Number => FeatureBins::Number { cuts: learn_cuts(columns, params) },
                    FeatureKind::Level => FeatureBins::Level { levels: learn_levels(columns, params) },
                }
            })
            .collect();
        Self::try_new(signature, bins)
    }

    /// The bins of a matrix, `n_rows x n_features` of this binning, whatever the order of its columns.
    ///
    /// # Errors
    /// [`MatrixError::Signature`] names every feature that is missing or of another kind.
    pub fn apply(&self, matrix: &FeatureMatrix) -> Result<BinnedMatrix, MatrixError> {
        let columns = matrix.select(&self.signature)?;
        let n_features = self.bins.len();
        let mut data = vec![MISSING_BIN; matrix.n_rows() * n_features];
        for (feature, (bins, column)) in self.bins.iter().zip(columns).enumerate() {
            bins.bin_column(column, |row, bin| data[row * n_features + feature] = bin);
        }
        Ok(BinnedMatrix::from_rows(data, matrix.n_rows(), n_features, self.fingerprint))
    }

    /// What a bin of a feature stands for; `None` when there is no such feature or bin.
    pub fn range(&self, feature: usize, bin: u8) -> Option<BinRange<'_>> {
        let bins = self.bins.get(feature)?;
        Some(match bin {
            _ if usize::from(bin) >= bins.n_bins() => return None,
            MISSING_BIN => BinRange::Missing,
            UNSEEN_BIN => BinRange::Unseen,
            _ => {
                let place = usize::from(bin - FIRST_BIN);
                match bins {
                    FeatureBins::Number { cuts } => BinRange::Number {
                        from: place.checked_sub(1).and_then(|below| cuts.get(below).copied()),
                        below: cuts.get(place).copied(),
                    },
                    FeatureBins::Level { levels } => BinRange::Level(&levels[place]),
                }
            }
        })
    }

    /// Names and kinds of the features, in the order of the columns of a [`BinnedMatrix`].
    pub const fn signature(&self) -> &FeatureSignature {
        &self.signature
    }

    /// The bins of every feature, in the order of the signature.
    pub fn bins(&self) -> &[FeatureBins] {
        &self.bins
    }

    /// A hash of everything above, the same on every machine.
    pub const fn fingerprint(&self) -> BinningFingerprint {
        self.fingerprint
    }
}

fn fingerprint(signature: &FeatureSignature, bins: &[FeatureBins]) -> BinningFingerprint {
    let mut state = hash_bytes(0, signature.fingerprint().as_bytes());
    for bins in bins {
        match bins {
            FeatureBins::Number { cuts } => {
                let bytes: Vec<u8> = cuts.iter().flat_map(|cut| cut.to_le_bytes()).collect();
                state = hash_bytes(state, &bytes);
            }
            FeatureBins::Level { levels } => {
                state = hash_bytes(state, &(levels.len() as u64).to_le_bytes());
                for level in levels {
                    state = hash_bytes(state, level.as_bytes());
                }
            }
        }
    }
    BinningFingerprint(state)
}

/// Cuts midway between distinct values, so that bins hold about equal counts.
fn learn_cuts<'a>(columns: impl Iterator<Item = &'a Column>, params: &BinningParams) -> Vec<f32> {
    let mut values: Vec<f32> = Vec::new();
    for column in columns {
        if let Column::Number { values: numbers, known } = column {
            values.extend(numbers.iter().zip(known).filter(|(_, known)| **known).map(|(value, _)| value));
        }
    }
    values.sort_unstable_by(f32::total_cmp);
    // 0.0 and -0.0 are neighbours in the total order and equal here.
    let runs: Vec<(f32, usize)> = values.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect();
    let most_bins = params.max_bins - usize::from(FIRST_BIN);
    let mut cuts: Vec<f32> = Vec::new();
    let (mut held, mut left) = (0, values.len());
    for pair in runs.windows(2) {
        let ((value, count), (next, next_count)) = (pair[0], pair[1]);
        held += count;
        left -= count;
        let bins_left = most_bins - cuts.len();
        if bins_left <= 1 {
            break;
        }
        // What is still open is shared evenly over the bins still free; one heavy value closes its bin on both sides.
        let share = ((held + left).div_ceil(bins_left)).max(params.min_bin_count);
        let room = runs.len() <= most_bins && held >= params.min_bin_count;
        if room || held >= share || (next_count >= share && held >= params.min_bin_count) {
            cuts.push(midpoint(value, next));
            held = 0;
        }
    }
    cuts
}

/// A number above `low` and at most `high`, midway where the format has one.
fn midpoint(low: f32, high: f32) -> f32 {
    let middle = f64::midpoint(f64::from(low), f64::from(high)) as f32;
    if middle > low && middle <= high { middle } else { high }
}

fn learn_levels<'a>(columns: impl Iterator<Item = &'a Column>, params: &BinningParams) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for column in columns {
        if let Column::Level { codes, levels } = column {
            let mut of_code = vec![0_usize; levels.len()];
            for code in codes.iter().filter(|code| **code != Column::MISSING) {
                of_code[*code as usize] += 1;
            }
            for (level, count) in levels.iter().zip(of_code) {
                *counts.entry(level).or_default() += count;
            }
        }
    }
    let mut kept: Vec<(usize, &str)> = counts
        .into_iter()
        .filter(|(_, count)| *count >= params.min_level_count)
        .map(|(level, count)| (count, level))
        .collect();
    kept.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    kept.truncate(params.max_bins - usize::from(FIRST_BIN));
    let mut levels: Vec<String> = kept.into_iter().map(|(_, level)| level.to_owned()).collect();
    levels.sort_unstable();
    levels
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matrix(columns: Vec<(&str, Column)>) -> FeatureMatrix {
        let n_rows = columns[0].1.n_rows();
        let ids = (0..n_rows).map(|i| i.to_string()).collect();
        FeatureMatrix::try_new(
            ids,
            columns.into_iter().map(|(name, column)| (name.to_owned(), column)).collect(),
        )
        .unwrap()
    }

    const FINE: BinningParams = BinningParams { max_bins: 255, min_level_count: 1, min_bin_count: 1 };

    #[test]
    fn few_distinct_values_have_a_bin_each() {
        let column = Column::numbers([3.0, 1.0, 2.0, 1.0, -4.0].map(Some));
        let binning = Binning::learn(&[&matrix(vec![("x", column)])], &FINE).unwrap();
        assert_eq!(binning.bins(), [FeatureBins::Number { cuts: vec![-1.5, 1.5, 2.5] }]);
        let later = matrix(vec![("x", Column::numbers([Some(1.5), Some(1.4), None, Some(9e9), Some(-9e9)]))]);
        let binned = binning.apply(&later).unwrap();
        assert_eq!((0..5).map(|row| binned.row(row)[0]).collect::<Vec<_>>(), [4, 3, MISSING_BIN, 5, 2]);
    }

    #[test]
    fn many_values_share_the_bins_evenly() {
        let column = Column::numbers((0_u16..1000).map(|i| Some(f32::from(i))));
        let params = BinningParams { max_bins: 12, ..FINE };
        let binning = Binning::learn(&[&matrix(vec![("x", column)])], &params).unwrap();
        let cuts: Vec<f32> = (1_u16..10).map(|i| f32::from(i * 100) - 0.5).collect();
        assert_eq!(binning.bins(), [FeatureBins::Number { cuts }]);
    }

    #[test]
    fn rare_levels_are_unseen_and_columns_may_move() {
        let fitted = matrix(vec![
            ("x", Column::numbers([Some(1.0); 5])),
            ("city", Column::levels(&[Some("Bern"), Some("Bern"), Some("Chur"), Some("Bern"), None])),
        ]);
        let binning = Binning::learn(&[&fitted], &BinningParams { min_level_count: 2, ..FINE }).unwrap();
        let later = matrix(vec![
            ("city", Column::levels(&[Some("Chur"), Some("Bern"), None, Some("Zug")])),
            ("x", Column::numbers([None; 4])),
        ]);
        let binned = binning.apply(&later).unwrap();
        let cities: Vec<u8> = (0..4).map(|row| binned.row(row)[1]).collect();
        assert_eq!(cities, [UNSEEN_BIN, FIRST_BIN, MISSING_BIN, UNSEEN_BIN]);
        assert_eq!(binning.range(1, FIRST_BIN), Some(BinRange::Level("Bern")));
        assert_eq!(binning.range(1, 3), None);
        assert_eq!(binning.range(0, FIRST_BIN), Some(BinRange::Number { from: None, below: None }));
    }

    #[test]
    fn damaged_bins_are_refused() {
        let bins = |cuts: &str| {
            format!(
                r#"{{"signature":[{{"name":"x","kind":"number"}}],"bins":[{{"number":{{"cuts":{cuts}}}}}]}}"#
            )
        };
        assert!(serde_json::from_str::<Binning>(&bins("[1,2]")).is_ok());
        let error = serde_json::from_str::<Binning>(&bins("[2,2]")).unwrap_err();
        assert!(error.to_string().contains("bins of feature x: cuts do not ascend"), "{error}");
    }

    proptest! {
        #[test]
        fn every_known_value_lies_in_the_range_of_its_bin(
            values in prop::collection::vec(prop::option::of(-1e30_f32..1e30), 1..200),
            max_bins in 4_usize..40,
        ) {
            let data = matrix(vec![("x", Column::numbers(values.clone()))]);
            let params = BinningParams { max_bins, ..FINE };
            let binning = Binning::learn(&[&data], &params).unwrap();
            prop_assert!(binning.bins()[0].n_bins() <= max_bins);
            let binned = binning.apply(&data).unwrap();
            for (row, value) in values.iter().enumerate() {
                match (binning.range(0, binned.row(row)[0]), value) {
                    (Some(BinRange::Missing), None) => {}
                    (Some(BinRange::Number { from, below }), Some(value)) => {
                        prop_assert!(from.is_none_or(|from| from <= *value));
                        prop_assert!(below.is_none_or(|below| *value < below));
                    }
                    (range, value) => prop_assert!(false, "{range:?} for {value:?}"),
                }
            }
            let back: Binning = serde_json::from_str(&serde_json::to_string(&binning).unwrap()).unwrap();
            prop_assert_eq!(back, binning);
        }
    }
}
