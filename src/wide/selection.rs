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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_may_hold_more_equals_signs_in_its_value() {
        let target: Target = " y = a=b ".parse().unwrap();
        assert_eq!(target, Target { column: "y".into(), value: "a=b".into() });
        for text in ["", "=", "y=", "=yes", "y"] {
            assert_eq!(text.parse::<Target>(), Err(TargetError { found: text.into() }));
        }
    }
}
