//! Which measures of signals are features.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Something that is measured of signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalMeasure {
    /// How many there are in each window, over all and per topic.
    Count,
    /// The sum of their intensities, decayed with each half-life, over all and per topic.
    Decayed,
    /// Days since the latest, over all and per topic.
    Recency,
    /// Whether there are more than usual, over all and per topic.
    Surge,
    /// The last four weeks against those before.
    Momentum,
    /// What is known to fall due after the date.
    ForwardEvents,
    /// How many topics there are.
    Topics,
    /// How many there are of each kind.
    Kinds,
}

impl SignalMeasure {
    const ALL: [Self; 8] = [
        Self::Count,
        Self::Decayed,
        Self::Recency,
        Self::Surge,
        Self::Momentum,
        Self::ForwardEvents,
        Self::Topics,
        Self::Kinds,
    ];

    /// The columns of signals that it reads beside the topic and the times.
    pub(super) const fn reads(self) -> Option<&'static str> {
        match self {
            Self::Decayed => Some("intensity"),
            Self::ForwardEvents => Some("event_at"),
            Self::Kinds => Some("kind"),
            Self::Count | Self::Recency | Self::Surge | Self::Momentum | Self::Topics => None,
        }
    }
}

/// The measures that are features; all unless some are named. What is left out costs nothing.
///
/// ```
/// use propensity::features::{SignalMeasure, SignalMeasures};
/// assert!(SignalMeasures::default().has(SignalMeasure::Surge));
/// let few: SignalMeasures = [SignalMeasure::Count, SignalMeasure::Recency].into_iter().collect();
/// assert!(few.has(SignalMeasure::Count) && !few.has(SignalMeasure::Surge));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SignalMeasures(BTreeSet<SignalMeasure>);

impl Default for SignalMeasures {
    fn default() -> Self {
        SignalMeasure::ALL.into_iter().collect()
    }
}

impl FromIterator<SignalMeasure> for SignalMeasures {
    fn from_iter<I: IntoIterator<Item = SignalMeasure>>(measures: I) -> Self {
        Self(measures.into_iter().collect())
    }
}

impl SignalMeasures {
    /// Whether a measure is among the features.
    pub fn has(&self, measure: SignalMeasure) -> bool {
        self.0.contains(&measure)
    }

    /// The measures, in the order of their features.
    pub fn iter(&self) -> impl Iterator<Item = SignalMeasure> {
        self.0.iter().copied()
    }

    /// Whether nothing is measured.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn is_all(&self) -> bool {
        self.0.len() == SignalMeasure::ALL.len()
    }
}
