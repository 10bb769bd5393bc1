//! How columns are named by people: one by one, or many at once.

use serde::{Deserialize, Serialize};

/// The name of a column, or a pattern in which `*` stands for any text.
///
/// ```
/// use propensity::matrix::ColumnPattern;
/// let days = ColumnPattern::new("*Days*");
/// assert!(days.matches("Elapsed Days In Sales Stage"));
/// assert!(!days.matches("Today"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
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
}
