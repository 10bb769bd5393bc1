//! How columns and outcomes are named on the command line.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Coded;

/// A target is not of the form `COLUMN=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("target {found:?} is not of the form COLUMN=VALUE; write it as \"Opportunity Result=Won\"")]
pub struct TargetError {
    /// What was found.
    pub found: String,
}

impl Coded for TargetError {
    fn code(&self) -> &'static str {
        "E_TARGET"
    }
}

/// The outcome to predict: a column and the value that counts as success.
///
/// ```
/// use propensity::wide::Target;
/// let target: Target = "Opportunity Result=Won".parse()?;
/// assert_eq!((target.column.as_str(), target.value.as_str()), ("Opportunity Result", "Won"));
/// assert!("Won".parse::<Target>().is_err());
/// # Ok::<(), propensity::wide::TargetError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The outcome column.
    pub column: String,
    /// The value that counts as success; every other value is a failure.
    pub value: String,
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        match text.split_once('=').map(|(column, value)| (column.trim(), value.trim())) {
            Some((column, value)) if !column.is_empty() && !value.is_empty() => {
                Ok(Self { column: column.to_owned(), value: value.to_owned() })
            }
            _ => Err(TargetError { found: text.to_owned() }),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.column, self.value)
    }
}

/// The name of a column, or a pattern in which `*` stands for any text.
///
/// ```
/// use propensity::wide::ColumnPattern;
/// let days = ColumnPattern::new("*Days*");
/// assert!(days.matches("Elapsed Days In Sales Stage"));
/// assert!(!days.matches("Today"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnPattern(String);

impl ColumnPattern {
    /// Takes a name or pattern; white space around it is dropped.
    pub fn new(pattern: &str) -> Self {
        Self(pattern.trim().to_owned())
    }

    /// The name or pattern as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the whole of `column` fits. Letters count as they are written.
    pub fn matches(&self, column: &str) -> bool {
        let Some((start, rest)) = self.0.split_once('*') else { return self.0 == column };
        let Some(mut left) = column.strip_prefix(start) else { return false };
        let mut parts: Vec<&str> = rest.split('*').collect();
        // `split` yields at least one part: what stands after the last `*` must end the name.
        let end = parts.pop().unwrap_or_default();
        for part in parts {
            match left.find(part) {
                Some(at) => left = &left[at + part.len()..],
                None => return false,
            }
        }
        left.ends_with(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_whole_names() {
        let cases = [
            ("age", "age", true),
            ("age", "stage", false),
            ("*age", "stage", true),
            ("a*", "age", true),
            ("*", "", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "abc", true),
            ("a*b*c", "acb", false),
            ("ab*ba", "aba", false),
            ("?", "x", false),
        ];
        for (pattern, column, fits) in cases {
            assert_eq!(ColumnPattern::new(pattern).matches(column), fits, "{pattern} on {column}");
        }
    }

    #[test]
    fn a_target_may_hold_more_equals_signs_in_its_value() {
        let target: Target = " y = a=b ".parse().unwrap();
        assert_eq!(target, Target { column: "y".into(), value: "a=b".into() });
        for text in ["", "=", "y=", "=yes", "y"] {
            assert_eq!(text.parse::<Target>(), Err(TargetError { found: text.into() }));
        }
    }
}
