//! Bands of a score, and the cuts between them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::quantity::Score;

use super::{GridError, folded};

/// One of four bands of a score; a higher band is greater.
///
/// ```
/// use propensity::grid::Band;
/// assert!(Band::High > Band::VeryLow);
/// assert_eq!("very low".parse::<Band>()?.to_string(), "Very Low");
/// # Ok::<(), propensity::grid::GridError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Band {
    /// Below the first cut; 0 to 29 by default.
    VeryLow,
    /// From the first cut; 30 to 54 by default.
    Low,
    /// From the second cut; 55 to 74 by default.
    Medium,
    /// From the third cut; 75 to 100 by default.
    High,
}

impl Band {
    /// All bands, best first: the order of the grid's rows and columns.
    pub const ALL: [Self; 4] = [Self::High, Self::Medium, Self::Low, Self::VeryLow];

    /// The name written to every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::High => "High",
            Self::Medium => "Medium",
            Self::Low => "Low",
            Self::VeryLow => "Very Low",
        }
    }

    /// The place in [`ALL`](Self::ALL): 0 for High, 3 for Very Low.
    pub const fn index(self) -> usize {
        match self {
            Self::High => 0,
            Self::Medium => 1,
            Self::Low => 2,
            Self::VeryLow => 3,
        }
    }
}

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Band {
    type Err = GridError;

    /// Reads a name in any case, with or without spaces, underscores and hyphens.
    fn from_str(text: &str) -> Result<Self, GridError> {
        let wanted = folded(text);
        Self::ALL
            .into_iter()
            .find(|band| folded(band.name()) == wanted)
            .ok_or_else(|| GridError::Band { found: text.to_owned() })
    }
}

impl TryFrom<String> for Band {
    type Error = GridError;

    fn try_from(text: String) -> Result<Self, GridError> {
        text.parse()
    }
}

impl From<Band> for &'static str {
    fn from(band: Band) -> Self {
        band.name()
    }
}

/// Three rising cuts that divide 0 to 100 into four bands; a score equal to a cut is above it.
///
/// Written as a list, lowest first: `[30, 55, 75]`. That list is the default; the source publishes it as an example,
/// so every product and axis may have its own.
///
/// ```
/// use propensity::grid::{Band, Cuts};
/// use propensity::quantity::Score;
/// let cuts = Cuts::default();
/// assert_eq!(cuts.band(Score::whole(75)), Band::High);
/// assert_eq!(cuts.band(Score::try_from(74.999)?), Band::Medium);
/// assert!(Cuts::try_new(Score::whole(55), Score::whole(55), Score::whole(75)).is_err());
/// # Ok::<(), propensity::quantity::QuantityError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "[Score; 3]", into = "[Score; 3]")]
pub struct Cuts {
    low: Score,
    medium: Score,
    high: Score,
}

impl Cuts {
    /// Cuts at the scores where Low, Medium and High begin.
    ///
    /// # Errors
    /// [`GridError::Cuts`] unless `low < medium < high`.
    pub fn try_new(low: Score, medium: Score, high: Score) -> Result<Self, GridError> {
        if low < medium && medium < high {
            Ok(Self { low, medium, high })
        } else {
            Err(GridError::Cuts { low, medium, high })
        }
    }

    /// Where Low begins.
    pub const fn low(&self) -> Score {
        self.low
    }

    /// Where Medium begins.
    pub const fn medium(&self) -> Score {
        self.medium
    }

    /// Where High begins.
    pub const fn high(&self) -> Score {
        self.high
    }

    /// The band of a score.
    pub fn band(&self, score: Score) -> Band {
        if score >= self.high {
            Band::High
        } else if score >= self.medium {
            Band::Medium
        } else if score >= self.low {
            Band::Low
        } else {
            Band::VeryLow
        }
    }
}

impl Default for Cuts {
    /// 30, 55 and 75.
    fn default() -> Self {
        Self { low: Score::whole(30), medium: Score::whole(55), high: Score::whole(75) }
    }
}

impl TryFrom<[Score; 3]> for Cuts {
    type Error = GridError;

    fn try_from([low, medium, high]: [Score; 3]) -> Result<Self, GridError> {
        Self::try_new(low, medium, high)
    }
}

impl From<Cuts> for [Score; 3] {
    fn from(cuts: Cuts) -> Self {
        [cuts.low, cuts.medium, cuts.high]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case_and_spacing() {
        for text in ["Very Low", "VERYLOW", " very  low ", "very_low", "Very-Low"] {
            assert_eq!(text.parse(), Ok(Band::VeryLow), "{text}");
        }
        assert_eq!("highest".parse::<Band>(), Err(GridError::Band { found: "highest".into() }));
        assert_eq!("".parse::<Band>(), Err(GridError::Band { found: String::new() }));
    }

    #[test]
    fn cuts_are_checked_when_they_are_read() {
        let read: Cuts = serde_json::from_str("[20, 40.5, 90]").unwrap();
        assert_eq!(read.band(Score::from_thousandths(40_500)), Band::Medium);
        assert_eq!(read.band(Score::from_thousandths(40_499)), Band::Low);
        assert_eq!(serde_json::to_string(&read).unwrap(), "[20.0,40.5,90.0]");
        for wrong in ["[55, 30, 75]", "[30, 55, 55]", "[30, 55, 101]", "[30, 55]", "[30, 55, 75, 80]"] {
            assert!(serde_json::from_str::<Cuts>(wrong).is_err(), "{wrong}");
        }
    }
}
