//! Feature matrices: what the feature builders make and the models read.
//!
//! A [`FeatureMatrix`] is `n_rows x n_features`, column by column. A column holds numbers (`f32`, always finite) or
//! levels of a category. Missing is said by a mask, never by a number. The [`FeatureSignature`] (ordered names and
//! kinds) is what a model remembers of the matrix it was fitted on.

mod pattern;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use pattern::ColumnPattern;

use crate::error::Coded;
use crate::seed::hash_bytes;

/// A matrix is not well formed, or not the one a model was fitted on.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MatrixError {
    /// A column has another number of rows than there are ids.
    #[error("feature {feature} has {found} rows, expected {expected}")]
    Length {
        /// The column.
        feature: String,
        /// Rows in the column.
        found: usize,
        /// Rows in the matrix.
        expected: usize,
    },
    /// A number that is present is infinite or not a number.
    #[error("feature {feature} is {value} in row {row}; expected a finite number or missing")]
    NotFinite {
        /// The column.
        feature: String,
        /// The row, from 0.
        row: usize,
        /// What was found.
        value: f32,
    },
    /// A level code points past the list of levels.
    #[error("feature {feature} has level code {code} in row {row}, but only {levels} levels")]
    Level {
        /// The column.
        feature: String,
        /// The row, from 0.
        row: usize,
        /// What was found.
        code: u32,
        /// How many levels there are.
        levels: usize,
    },
    /// Two columns have one name.
    #[error("feature {feature} is there twice")]
    Duplicate {
        /// The name.
        feature: String,
    },
    /// A column the model was fitted on is not there, or is of another kind.
    #[error("features do not match the model: missing [{}], of another kind [{}]", .missing.join(", "), .retyped.join(", "))]
    Signature {
        /// Names that are not there.
        missing: Vec<String>,
        /// Names that are there with another kind.
        retyped: Vec<String>,
    },
}

impl Coded for MatrixError {
    fn code(&self) -> &'static str {
        match self {
            Self::Length { .. } => "E_MATRIX_LENGTH",
            Self::NotFinite { .. } => "E_MATRIX_NOT_FINITE",
            Self::Level { .. } => "E_MATRIX_LEVEL",
            Self::Duplicate { .. } => "E_MATRIX_DUPLICATE",
            Self::Signature { .. } => "E_SIGNATURE",
        }
    }
}

/// What a feature's column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureKind {
    /// Finite numbers with an order.
    Number,
    /// Levels of a category, without an order.
    Level,
}

/// The values of one feature, one per row.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// Numbers; where `known` is false the number is 0 and means nothing.
    Number {
        /// One finite number per row.
        values: Vec<f32>,
        /// Whether the row has a value.
        known: Vec<bool>,
    },
    /// Levels; a code is an index into `levels`, [`Column::MISSING`] where there is none.
    Level {
        /// One code per row.
        codes: Vec<u32>,
        /// The names of the levels.
        levels: Vec<String>,
    },
}

impl Column {
    /// The level code of a missing value.
    pub const MISSING: u32 = u32::MAX;

    /// A column of numbers from optional values.
    pub fn numbers(values: impl IntoIterator<Item = Option<f32>>) -> Self {
        let (values, known) = values.into_iter().map(|value| (value.unwrap_or(0.0), value.is_some())).unzip();
        Self::Number { values, known }
    }

    /// A column of levels from optional texts; levels are listed in the order of the alphabet.
    pub fn levels<S: AsRef<str>>(values: &[Option<S>]) -> Self {
        let distinct: BTreeSet<&str> = values.iter().flatten().map(AsRef::as_ref).collect();
        let levels: Vec<String> = distinct.into_iter().map(str::to_owned).collect();
        let codes = values
            .iter()
            .map(|value| match value {
                None => Self::MISSING,
                // Every text is in the list made of all texts.
                Some(text) => levels
                    .binary_search_by(|level| level.as_str().cmp(text.as_ref()))
                    .map_or(Self::MISSING, |index| index as u32),
            })
            .collect();
        Self::Level { codes, levels }
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        match self {
            Self::Number { values, .. } => values.len(),
            Self::Level { codes, .. } => codes.len(),
        }
    }

    /// What the column holds.
    pub const fn kind(&self) -> FeatureKind {
        match self {
            Self::Number { .. } => FeatureKind::Number,
            Self::Level { .. } => FeatureKind::Level,
        }
    }

    /// The value of one row.
    pub fn value(&self, row: usize) -> FeatureValue<'_> {
        match self {
            Self::Number { values, known } if known[row] => FeatureValue::Number(values[row]),
            Self::Level { codes, levels } if codes[row] != Self::MISSING => {
                FeatureValue::Level(&levels[codes[row] as usize])
            }
            _ => FeatureValue::Missing,
        }
    }
}

/// The value of one feature in one row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FeatureValue<'a> {
    /// There is none.
    Missing,
    /// A finite number.
    Number(f32),
    /// A level of a category.
    Level(&'a str),
}

/// One feature of a signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// `family__what__window`.
    pub name: String,
    /// What its column holds.
    pub kind: FeatureKind,
}

/// The ordered names and kinds of the features a model reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FeatureSignature(Vec<Feature>);

impl FeatureSignature {
    /// The features, in order.
    pub fn features(&self) -> &[Feature] {
        &self.0
    }

    /// Number of features.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no features.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A 64-bit hash of names and kinds, in hexadecimal; equal on every machine.
    pub fn fingerprint(&self) -> String {
        let mut text = String::new();
        for feature in &self.0 {
            text.push_str(&feature.name);
            text.push(match feature.kind {
                FeatureKind::Number => '#',
                FeatureKind::Level => '@',
            });
        }
        format!("{:016x}", hash_bytes(0, text.as_bytes()))
    }
}

/// A matrix of `n_rows x n_features`, rows named by id.
///
/// ```
/// use propensity::matrix::{Column, FeatureMatrix, FeatureValue};
/// let matrix = FeatureMatrix::try_new(
///     vec!["a1".into(), "a2".into()],
///     vec![("firmographic__employees__now".into(), Column::numbers([Some(12.0), None]))],
/// )?;
/// assert_eq!(matrix.column(0).value(1), FeatureValue::Missing);
/// # Ok::<(), propensity::matrix::MatrixError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureMatrix {
    ids: Vec<String>,
    signature: FeatureSignature,
    columns: Vec<Column>,
}

impl FeatureMatrix {
    /// Joins ids and named columns.
    ///
    /// # Errors
    /// [`MatrixError::Length`], [`MatrixError::NotFinite`], [`MatrixError::Level`] or [`MatrixError::Duplicate`] for
    /// the first column that is not well formed.
    pub fn try_new(ids: Vec<String>, columns: Vec<(String, Column)>) -> Result<Self, MatrixError> {
        let mut seen = BTreeSet::new();
        for (name, column) in &columns {
            if !seen.insert(name.as_str()) {
                return Err(MatrixError::Duplicate { feature: name.clone() });
            }
            check_column(name, column, ids.len())?;
        }
        let (features, columns): (Vec<_>, Vec<_>) =
            columns.into_iter().map(|(name, column)| (Feature { name, kind: column.kind() }, column)).unzip();
        Ok(Self { ids, signature: FeatureSignature(features), columns })
    }

    /// The ids and the columns, in order.
    pub fn into_parts(self) -> (Vec<String>, Vec<Column>) {
        (self.ids, self.columns)
    }

    /// The id of every row.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.ids.len()
    }

    /// Number of features.
    pub fn n_features(&self) -> usize {
        self.columns.len()
    }

    /// The ordered names and kinds of the columns.
    pub const fn signature(&self) -> &FeatureSignature {
        &self.signature
    }

    /// The column of feature `index`.
    ///
    /// # Panics
    /// When `index` is not below [`n_features`](Self::n_features).
    pub fn column(&self, index: usize) -> &Column {
        &self.columns[index]
    }

    /// The column called `name`.
    pub fn named(&self, name: &str) -> Option<&Column> {
        let index = self.signature.0.iter().position(|feature| feature.name == name)?;
        Some(&self.columns[index])
    }

    /// The columns a model asks for, in its order; columns it does not know are left out.
    ///
    /// # Errors
    /// [`MatrixError::Signature`] names every column that is missing or of another kind.
    pub fn select<'a>(&'a self, wanted: &FeatureSignature) -> Result<Vec<&'a Column>, MatrixError> {
        let (mut missing, mut retyped, mut columns) = (Vec::new(), Vec::new(), Vec::new());
        for feature in &wanted.0 {
            match self.named(&feature.name) {
                None => missing.push(feature.name.clone()),
                Some(column) if column.kind() != feature.kind => retyped.push(feature.name.clone()),
                Some(column) => columns.push(column),
            }
        }
        if missing.is_empty() && retyped.is_empty() {
            Ok(columns)
        } else {
            Err(MatrixError::Signature { missing, retyped })
        }
    }
}

fn check_column(name: &str, column: &Column, n_rows: usize) -> Result<(), MatrixError> {
    if column.n_rows() != n_rows {
        let feature = name.to_owned();
        return Err(MatrixError::Length { feature, found: column.n_rows(), expected: n_rows });
    }
    match column {
        Column::Number { values, known } => {
            if known.len() != n_rows {
                let feature = name.to_owned();
                return Err(MatrixError::Length { feature, found: known.len(), expected: n_rows });
            }
            // Nearly always all are finite, missing ones included, and one look over the numbers says so.
            if values.iter().all(|value| value.is_finite()) {
                return Ok(());
            }
            values
                .iter()
                .zip(known)
                .position(|(value, known)| *known && !value.is_finite())
                .map_or(Ok(()), |row| {
                    Err(MatrixError::NotFinite { feature: name.to_owned(), row, value: values[row] })
                })
        }
        Column::Level { codes, levels } => {
            let outside = |code: &u32| *code != Column::MISSING && *code as usize >= levels.len();
            codes.iter().position(outside).map_or(Ok(()), |row| {
                let feature = name.to_owned();
                Err(MatrixError::Level { feature, row, code: codes[row], levels: levels.len() })
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_gets_its_columns_in_its_own_order() {
        let ids = vec!["a".to_owned()];
        let column = |value| Column::numbers([Some(value)]);
        let fitted =
            FeatureMatrix::try_new(ids.clone(), vec![("x".into(), column(1.0)), ("y".into(), column(2.0))]);
        let later = FeatureMatrix::try_new(
            ids,
            vec![("extra".into(), column(9.0)), ("y".into(), column(2.0)), ("x".into(), column(1.0))],
        )
        .unwrap();
        let columns = later.select(fitted.unwrap().signature()).unwrap();
        assert_eq!(columns, [&column(1.0), &column(2.0)]);
    }

    #[test]
    fn missing_and_retyped_columns_are_named_together() {
        let ids = vec!["a".to_owned()];
        let wanted = FeatureMatrix::try_new(
            ids.clone(),
            vec![("x".into(), Column::numbers([Some(1.0)])), ("y".into(), Column::numbers([None]))],
        )
        .unwrap();
        let found = FeatureMatrix::try_new(ids, vec![("y".into(), Column::levels(&[Some("one")]))]).unwrap();
        assert_eq!(
            found.select(wanted.signature()),
            Err(MatrixError::Signature { missing: vec!["x".into()], retyped: vec!["y".into()] })
        );
    }

    #[test]
    fn no_infinity_enters() {
        let made = FeatureMatrix::try_new(
            vec!["a".into()],
            vec![("x".into(), Column::numbers([Some(f32::INFINITY)]))],
        );
        assert!(matches!(made, Err(MatrixError::NotFinite { row: 0, .. })));
    }
}
