//! What the gate found, in words and in numbers.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

use crate::error::{Coded, ErrorKind};

/// Why a column, or the rows, are held to know the outcome; shares and AUC are between 0 and 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum LeakReason {
    /// The column alone ranks the outcome.
    Telling {
        /// Its AUC, on rows its rates were not learned from.
        auc: f64,
        /// Lower end of the 95 % interval.
        auc_low: f64,
    },
    /// A value, or that there is one, or that there is none, occurs almost only with one outcome.
    OnlyWhere {
        /// What occurs: `filled`, `missing`, or a value in words.
        what: String,
        /// Share of the rows with the outcome that have it.
        with_outcome: f64,
        /// Share of the rows without the outcome that have it.
        without_outcome: f64,
    },
    /// The column is named after the course or the end of the case, and tells the outcomes apart.
    Named {
        /// The words that say so.
        words: String,
        /// Its AUC.
        auc: f64,
        /// Lower end of the 95 % interval.
        auc_low: f64,
    },
    /// Nearly every value occurs once.
    Key {
        /// Distinct values.
        distinct: u64,
        /// Rows that have a value.
        rows: u64,
    },
    /// Every level occurs in one group only.
    LevelPerGroup {
        /// Levels.
        levels: u64,
        /// Groups that have one of them.
        groups: u64,
    },
    /// Rows that are equal in all columns, or all but one, stand in different groups and agree in their outcome.
    Copies {
        /// The column they differ in, if there is one.
        but_in: Option<String>,
        /// Share of the rows that have a copy in another group.
        rows: f64,
        /// Rate at which copies differ in outcome, as a share of that among strangers.
        disagreement: f64,
    },
}

impl fmt::Display for LeakReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        match self {
            Self::Telling { auc, auc_low } => {
                write!(f, "alone ranks the outcome with AUC {auc:.3} (at least {auc_low:.3})")
            }
            Self::OnlyWhere { what, with_outcome, without_outcome } => write!(
                f,
                "{what} in {} of the rows with the outcome and {} of those without",
                percent(*with_outcome),
                percent(*without_outcome)
            ),
            Self::Named { words, auc, .. } => write!(
                f,
                "named after the course or the end of the case ({words}) and ranks the outcome with AUC {auc:.3}"
            ),
            Self::Key { distinct, rows } => write!(f, "a key: {distinct} distinct values in {rows} rows"),
            Self::LevelPerGroup { levels, groups } => {
                write!(
                    f,
                    "names the groups: each of its {levels} levels occurs in one of {groups} groups only"
                )
            }
            Self::Copies { but_in, rows, disagreement } => {
                let but = but_in.as_ref().map_or(String::new(), |column| format!(" but {column}"));
                write!(
                    f,
                    "{} of the rows have a copy in another group, equal in all columns{but}, and copies differ in \
                     outcome {disagreement:.2} times as often as strangers",
                    percent(*rows)
                )
            }
        }
    }
}

/// One thing the gate found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeakFinding {
    /// The model it was found for, where several are trained together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The column; `None` where it is about rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Why.
    pub reason: LeakReason,
}

impl fmt::Display for LeakFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(model) = &self.model {
            write!(f, "{model}, ")?;
        }
        match &self.column {
            Some(column) => write!(f, "column {column}: {}", self.reason),
            None => write!(f, "rows: {}", self.reason),
        }
    }
}

/// All that the gate found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeakReport {
    /// Columns inspected.
    pub columns: u64,
    /// What must not be learned from, in the order of the columns; rows come last.
    pub leaks: Vec<LeakFinding>,
    /// Columns so strong that somebody should know why.
    pub questions: Vec<LeakFinding>,
}

impl LeakReport {
    /// Divides the leaks into those that `allows` lets through and the rest; an error when a rest remains.
    ///
    /// # Errors
    /// [`LeakRefusal`] with every leak that is not allowed.
    pub fn pass(self, allows: impl Fn(&LeakFinding) -> bool) -> Result<PassedGate, LeakRefusal> {
        let (allowed, leaks): (Vec<_>, Vec<_>) = self.leaks.into_iter().partition(allows);
        if leaks.is_empty() {
            Ok(PassedGate { columns: self.columns, allowed, questions: self.questions })
        } else {
            Err(LeakRefusal { leaks })
        }
    }
}

/// That the gate was passed, and what it let through: part of the model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassedGate {
    /// Columns inspected.
    pub columns: u64,
    /// Leaks that were allowed by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<LeakFinding>,
    /// Columns so strong that somebody should know why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<LeakFinding>,
}

/// The gate said no.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("training would learn the outcome from what is known only after it:{}", bullets(.leaks))]
pub struct LeakRefusal {
    /// Every leak.
    pub leaks: Vec<LeakFinding>,
}

impl Coded for LeakRefusal {
    fn code(&self) -> &'static str {
        "E_LEAK"
    }

    fn kind(&self) -> ErrorKind {
        ErrorKind::Refused
    }
}

fn bullets(leaks: &[LeakFinding]) -> String {
    leaks.iter().fold(String::new(), |mut lines, leak| {
        // Writing to a string cannot fail.
        let _ = write!(lines, "\n  {leak}");
        lines
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> LeakReport {
        let telling = |column: &str, auc| LeakFinding {
            model: None,
            column: Some(column.to_owned()),
            reason: LeakReason::Telling { auc, auc_low: auc - 0.01 },
        };
        let copies = LeakReason::Copies { but_in: None, rows: 0.2, disagreement: 0.0 };
        LeakReport {
            columns: 9,
            leaks: vec![telling("invoice", 0.99), LeakFinding { model: None, column: None, reason: copies }],
            questions: vec![telling("visits", 0.83)],
        }
    }

    #[test]
    fn all_leaks_are_named_together_and_refused_by_a_gate() {
        let refusal = report().pass(|_| false).unwrap_err();
        assert_eq!((refusal.code(), refusal.kind()), ("E_LEAK", ErrorKind::Refused));
        assert_eq!(
            refusal.to_string(),
            "training would learn the outcome from what is known only after it:\n  \
             column invoice: alone ranks the outcome with AUC 0.990 (at least 0.980)\n  \
             rows: 20.0 % of the rows have a copy in another group, equal in all columns, and copies differ in outcome \
             0.00 times as often as strangers"
        );
    }

    #[test]
    fn what_is_allowed_is_kept_on_record_and_the_rest_is_refused() {
        let refusal = report().pass(|leak| leak.column.is_some()).unwrap_err();
        assert_eq!(refusal.leaks.len(), 1);
        let passed = report().pass(|_| true).unwrap();
        assert_eq!((passed.allowed.len(), passed.questions.len()), (2, 1));
        let text = serde_json::to_string(&passed).unwrap();
        assert_eq!(serde_json::from_str::<PassedGate>(&text).unwrap(), passed);
    }
}
