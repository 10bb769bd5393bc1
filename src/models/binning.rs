//! From values to bins: at most 255 per feature, missing and unseen apart.
//!
//! Numbers are cut at midpoints between distinct values, near equal counts; levels are listed by name. A bin
//! is one byte, so a row of 60 features is 60 bytes whatever it held before.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::binned::BinnedMatrix;
use super::bins::{BinRange, FeatureBins, MAX_BINS, MISSING_BIN};
use super::error::ModelError;
use super::learn::{learn_cuts, learn_levels};
use crate::matrix::{Column, FeatureKind, FeatureMatrix, FeatureSignature, MatrixError};
use crate::parallelism::Parallelism;
use crate::seed::hash_bytes;

/// Rows that are binned together: their bytes stay near while one column after the other passes.
const BLOCK_ROWS: usize = 4096;

/// How bins are learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BinningParams {
    /// Most bins of a feature, missing and unseen among them: 4 to 255.
    pub max_bins: usize,
    /// A level seen in fewer rows than this is left out, and so unseen: at least 1.
    pub min_level_count: usize,
    /// A bin of numbers holds at least this many rows, unless one value alone has fewer neighbours: at least
    /// 1.
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
    /// [`ModelError::Bins`] when the numbers differ, a kind differs, or cuts or levels are out of order or
    /// too many.
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
    /// Numbers with few distinct values get a bin each; else cuts near equal counts, always midway between
    /// two values that occur. Levels rarer than the floor are left out; of too many, the most frequent stay.
    /// The order of rows and of matrices does not matter. `O(n log n)` a feature.
    ///
    /// # Errors
    /// [`ModelError::Params`] for parameters out of range or no matrix at all, [`ModelError::Bins`] when a
    /// matrix lacks a feature of the first.
    pub fn learn(matrices: &[&FeatureMatrix], params: &BinningParams) -> Result<Self, ModelError> {
        Self::learn_on(matrices, params, &Parallelism::serial())
    }

    /// [`Self::learn`] on several threads, a feature each.
    ///
    /// # Errors
    /// As [`learn`](Self::learn).
    pub fn learn_on(
        matrices: &[&FeatureMatrix],
        params: &BinningParams,
        parallelism: &Parallelism,
    ) -> Result<Self, ModelError> {
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
        let bins = parallelism.map(signature.features(), |index, feature| {
            let columns = selected.iter().map(|columns| columns[index]);
            match feature.kind {
                FeatureKind::Number => FeatureBins::Number { cuts: learn_cuts(columns, params) },
                FeatureKind::Level => FeatureBins::Level { levels: learn_levels(columns, params) },
            }
        });
        Self::try_new(signature, bins)
    }

    /// The bins of a matrix, `n_rows x n_features` of this binning, whatever the order of its columns.
    ///
    /// # Errors
    /// [`MatrixError::Signature`] names every feature that is missing or of another kind.
    pub fn apply(&self, matrix: &FeatureMatrix) -> Result<BinnedMatrix, MatrixError> {
        self.apply_on(matrix, &Parallelism::serial())
    }

    /// [`Self::apply`] on several threads, some thousand rows each.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub fn apply_on(
        &self,
        matrix: &FeatureMatrix,
        parallelism: &Parallelism,
    ) -> Result<BinnedMatrix, MatrixError> {
        let columns = matrix.select(&self.signature)?;
        let (n_rows, n_features) = (matrix.n_rows(), self.bins.len());
        let of_codes: Vec<Vec<u8>> =
            self.bins.iter().zip(&columns).map(|(bins, column)| bins.of_codes(column)).collect();
        let mut data = vec![MISSING_BIN; n_rows * n_features];
        let blocks = data.chunks_mut((BLOCK_ROWS * n_features).max(1)).enumerate().collect();
        parallelism.map_owned(blocks, |(block, data): (usize, &mut [u8])| {
            let start = block * BLOCK_ROWS;
            let rows = start..(start + BLOCK_ROWS).min(n_rows);
            for (feature, (bins, column)) in self.bins.iter().zip(&columns).enumerate() {
                let of_feature = data.iter_mut().skip(feature).step_by(n_features);
                bins.put(column, &of_codes[feature], rows.clone(), of_feature);
            }
        });
        Ok(BinnedMatrix::from_rows(data, n_rows, n_features, self.fingerprint))
    }

    /// What a bin of a feature stands for; `None` when there is no such feature or bin.
    pub fn range(&self, feature: usize, bin: u8) -> Option<BinRange<'_>> {
        self.bins.get(feature)?.range(bin)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::bins::{FIRST_BIN, UNSEEN_BIN};
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
