//! The four clusters, and the place of accounts without a fit score.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{GridError, folded};

/// What to do with an account; the order is the order of work.
///
/// ```
/// use propensity::grid::Cluster;
/// assert_eq!("actnow".parse::<Cluster>()?, Cluster::ActNow);
/// assert_eq!(Cluster::NotScored.to_string(), "Not Scored");
/// # Ok::<(), propensity::grid::GridError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Cluster {
    /// Sales ready: call.
    ActNow,
    /// Marketing ready: several channels.
    Evaluate,
    /// Awareness campaigns.
    Nurture,
    /// Educate, and watch for change.
    Educate,
    /// No fit score, so no cell.
    NotScored,
}

impl Cluster {
    /// All clusters, in the order of work.
    pub const ALL: [Self; 5] = [Self::ActNow, Self::Evaluate, Self::Nurture, Self::Educate, Self::NotScored];

    /// The name written to every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ActNow => "Act Now",
            Self::Evaluate => "Evaluate",
            Self::Nurture => "Nurture",
            Self::Educate => "Educate",
            Self::NotScored => "Not Scored",
        }
    }
}

impl fmt::Display for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Cluster {
    type Err = GridError;

    /// Reads a name in any case, with or without spaces, underscores and hyphens.
    fn from_str(text: &str) -> Result<Self, GridError> {
        let wanted = folded(text);
        Self::ALL
            .into_iter()
            .find(|cluster| folded(cluster.name()) == wanted)
            .ok_or_else(|| GridError::Cluster { found: text.to_owned() })
    }
}

impl TryFrom<String> for Cluster {
    type Error = GridError;

    fn try_from(text: String) -> Result<Self, GridError> {
        text.parse()
    }
}

impl From<Cluster> for &'static str {
    fn from(cluster: Cluster) -> Self {
        cluster.name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back() {
        for cluster in Cluster::ALL {
            assert_eq!(cluster.name().parse(), Ok(cluster));
            assert_eq!(cluster.name().to_uppercase().replace(' ', "").parse(), Ok(cluster));
        }
        assert!("Act Later".parse::<Cluster>().is_err());
    }
}
