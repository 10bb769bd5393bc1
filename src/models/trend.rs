//! Which way a feature may move a score, whatever the outcomes say.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Coded;
use crate::matrix::{ColumnPattern, Feature, FeatureKind};

/// How a feature of numbers may move the score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trend {
    /// As the outcomes say.
    #[default]
    Free,
    /// A larger number never lowers the score.
    Rising,
    /// A larger number never raises the score.
    Falling,
}

/// Rules of trends do not fit the features.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("trends: {}", .faults.join("; "))]
pub struct TrendError {
    /// All faults, in words.
    pub faults: Vec<String>,
}

impl Coded for TrendError {
    fn code(&self) -> &'static str {
        "E_TRENDS"
    }
}

/// The features that may move a score one way only; all others are free.
///
/// A name is that of one feature, or a pattern in which `*` stands for any text. Features of levels have no order, so a
/// pattern passes over them.
///
/// ```
/// use propensity::matrix::{ColumnPattern, Feature, FeatureKind};
/// use propensity::models::{Trend, TrendRules};
///
/// let feature = |name: &str, kind| Feature { name: name.to_owned(), kind };
/// let features = [feature("visits_90d", FeatureKind::Number), feature("sector", FeatureKind::Level)];
/// let rising = |pattern| TrendRules { rising: vec![ColumnPattern::new(pattern)], ..TrendRules::default() };
/// assert_eq!(rising("visits*").trends(&features)?, [Trend::Rising, Trend::Free]);
/// assert!(rising("sector").trends(&features).is_err());
/// # Ok::<(), propensity::models::TrendError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrendRules {
    /// Features of which a larger number never lowers the score.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rising: Vec<ColumnPattern>,
    /// Features of which a larger number never raises the score.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub falling: Vec<ColumnPattern>,
}

impl TrendRules {
    /// Whether all features are free.
    pub const fn is_empty(&self) -> bool {
        self.rising.is_empty() && self.falling.is_empty()
    }

    /// The trend of every feature.
    ///
    /// # Errors
    /// [`TrendError`] with every pattern that fits no feature of numbers, and every feature that shall both rise and fall.
    pub fn trends(&self, features: &[Feature]) -> Result<Vec<Trend>, TrendError> {
        let mut faults = Vec::new();
        let mut trends = vec![Trend::Free; features.len()];
        for (rules, trend) in [(&self.rising, Trend::Rising), (&self.falling, Trend::Falling)] {
            for pattern in rules {
                let mut fitting =
                    features.iter().zip(&mut trends).filter(|(f, _)| pattern.matches(&f.name)).peekable();
                if fitting.peek().is_none() {
                    faults.push(format!("no feature is called {:?}; correct the name", pattern.as_str()));
                    continue;
                }
                let mut numbers =
                    fitting.filter(|(feature, _)| feature.kind == FeatureKind::Number).peekable();
                if numbers.peek().is_none() {
                    faults.push(format!(
                        "{:?} fits levels alone, which have no order; leave their trend free",
                        pattern.as_str()
                    ));
                }
                for (feature, found) in numbers {
                    if trend == Trend::Falling && *found == Trend::Rising {
                        faults.push(format!("{} shall both rise and fall; leave one of them", feature.name));
                    }
                    *found = trend;
                }
            }
        }
        if faults.is_empty() { Ok(trends) } else { Err(TrendError { faults }) }
    }
}

impl fmt::Display for TrendRules {
    /// `rising a, b; falling c`, in the words of a spec; `free` where there is no rule.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        for (way, patterns) in [("rising", &self.rising), ("falling", &self.falling)] {
            if !patterns.is_empty() {
                let names: Vec<&str> = patterns.iter().map(ColumnPattern::as_str).collect();
                write!(f, "{between}{way} {}", names.join(", "))?;
                between = "; ";
            }
        }
        if self.is_empty() { f.write_str("free") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_faults_are_named_together() {
        let feature = |name: &str, kind| Feature { name: name.to_owned(), kind };
        let features = [feature("a_1", FeatureKind::Number), feature("b", FeatureKind::Level)];
        let patterns = |names: &[&str]| names.iter().map(|name| ColumnPattern::new(name)).collect();
        let rules = TrendRules { rising: patterns(&["a*", "b", "c"]), falling: patterns(&["a_1"]) };
        assert_eq!(
            rules.trends(&features).unwrap_err().to_string(),
            "trends: \"b\" fits levels alone, which have no order; leave their trend free; \
             no feature is called \"c\"; correct the name; a_1 shall both rise and fall; leave one of them"
        );
        assert_eq!(rules.to_string(), "rising a*, b, c; falling a_1");
        assert_eq!(TrendRules::default().to_string(), "free");
        let rules = TrendRules { rising: patterns(&["*"]), falling: Vec::new() };
        assert_eq!(rules.trends(&features), Ok(vec![Trend::Rising, Trend::Free]));
    }
}
