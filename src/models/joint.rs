//! Tables over two or three features: what they say together beyond what fewer of them say.

use serde::{Deserialize, Serialize};

use super::bins::{FIRST_BIN, MAX_BINS, MISSING_BIN, UNSEEN_BIN};
use super::error::ModelError;
use super::purify::Shape;
use crate::quantity::LogOdds;

/// The most features one table may be over.
pub const MAX_JOINT: usize = 3;

/// The most places a feature may have in a joint table, missing and unseen among them.
pub const MAX_PLACES: usize = 32;

/// Which place of a joint table each bin of a feature falls into.
///
/// Missing is place 0 and unseen place 1, as among the bins; the other bins share the places from 2 on. At most
/// [`MAX_PLACES`] places, none of the known ones without a bin.
///
/// ```
/// use propensity::models::Places;
/// // Four bins of numbers, two and two together.
/// let places = Places::try_new(vec![0, 1, 2, 2, 3, 3])?;
/// assert_eq!((places.n_bins(), places.n_places()), (6, 4));
/// assert!(Places::try_new(vec![0, 1, 2, 0]).is_err());
/// # Ok::<(), propensity::models::ModelError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<u8>", into = "Vec<u8>")]
pub struct Places {
    of_bins: Vec<u8>,
    n_places: usize,
}

impl Places {
    /// Takes the place of every bin.
    ///
    /// # Errors
    /// [`ModelError::Table`] when missing or unseen share their place, a place is left out, or there are too many.
    pub fn try_new(of_bins: Vec<u8>) -> Result<Self, ModelError> {
        let n_places = of_bins.iter().map(|place| usize::from(*place) + 1).max().unwrap_or(0);
        let apart = of_bins.starts_with(&[MISSING_BIN, UNSEEN_BIN])
            && of_bins.iter().skip(FIRST_BIN.into()).all(|place| *place >= FIRST_BIN);
        let fault = if !apart || !(usize::from(FIRST_BIN) + 1..=MAX_BINS).contains(&of_bins.len()) {
            "missing, unseen and known bins must have places of their own"
        } else if n_places > MAX_PLACES {
            "more than 32 places"
        } else if (0..n_places).any(|place| !of_bins.iter().any(|found| usize::from(*found) == place)) {
            "a place without a bin"
        } else {
            return Ok(Self { of_bins, n_places });
        };
        Err(ModelError::Table { fault: format!("places of a joint table: {fault}") })
    }

    /// Number of bins.
    pub fn n_bins(&self) -> usize {
        self.of_bins.len()
    }

    /// Number of places, missing and unseen among them.
    pub const fn n_places(&self) -> usize {
        self.n_places
    }

    /// The place of every bin.
    pub fn of_bins(&self) -> &[u8] {
        &self.of_bins
    }
}

impl TryFrom<Vec<u8>> for Places {
    type Error = ModelError;

    fn try_from(of_bins: Vec<u8>) -> Result<Self, ModelError> {
        Self::try_new(of_bins)
    }
}

impl From<Places> for Vec<u8> {
    fn from(places: Places) -> Self {
        places.of_bins
    }
}

/// A table over two or three features before it is purified, with the rows of the population in each of its cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FittedJoint {
    /// Places of the features in the binning's signature, ascending.
    pub features: Vec<usize>,
    /// How the bins of each fall into places; the same in every table of a model.
    pub places: Vec<Places>,
    /// One weight per cell in 2^-20 steps of log-odds, the place of the last feature running fastest.
    pub weights: Vec<i32>,
    /// Rows of the population in each cell, in the same order, smoothed where there are many cells for the rows.
    pub population: Vec<u64>,
}

/// A table over two or three features: for each cell of their places, 2^-20 steps of log-odds.
///
/// It is pure: over the population it was fitted on, the mean over any one of its features is 0 to the nearest step
/// wherever the others stand, because what fewer features say is in tables of their own (Lengerich, Tan, Chang, Hooker and
/// Caruana 2020, <https://arxiv.org/abs/1911.04974>). Cells of an unseen bin are 0: of such a row only the other
/// features speak.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "JointShape", into = "JointShape")]
pub struct JointTable {
    features: Vec<usize>,
    importance: u32,
    places: Vec<Places>,
    weights: Vec<i32>,
}

/// The form of a [`JointTable`] in a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JointShape {
    features: Vec<usize>,
    importance: u32,
    places: Vec<Places>,
    weights: Vec<i32>,
}

impl TryFrom<JointShape> for JointTable {
    type Error = ModelError;

    fn try_from(
        JointShape { features, importance, places, weights }: JointShape,
    ) -> Result<Self, ModelError> {
        Self { features, importance, places, weights }.checked()
    }
}

impl From<JointTable> for JointShape {
    fn from(JointTable { features, importance, places, weights }: JointTable) -> Self {
        Self { features, importance, places, weights }
    }
}

impl JointTable {
    /// Puts a table together; see [`Self`] for what must hold.
    pub(super) fn try_new(
        features: Vec<usize>,
        places: Vec<Places>,
        weights: Vec<i32>,
        importance: u32,
    ) -> Result<Self, ModelError> {
        Self { features, importance, places, weights }.checked()
    }

    fn checked(self) -> Result<Self, ModelError> {
        let shape = Shape::of(&self.places);
        let fault = if !(2..=MAX_JOINT).contains(&self.features.len())
            || self.places.len() != self.features.len()
            || !self.features.is_sorted_by(|a, b| a < b)
        {
            "two or three features in ascending order, with places for each, are expected".to_owned()
        } else if self.weights.len() != shape.n_cells() {
            format!("{} cells, expected {}", self.weights.len(), shape.n_cells())
        } else if (0..self.weights.len()).any(|cell| !shape.is_heard(cell) && self.weights[cell] != 0) {
            "a cell of an unseen bin has weight".to_owned()
        } else {
            return Ok(self);
        };
        Err(ModelError::Table { fault: format!("table over features {:?}: {fault}", self.features) })
    }

    /// Places of the features in the binning's signature, ascending.
    pub fn features(&self) -> &[usize] {
        &self.features
    }

    /// How the bins of each feature fall into places.
    pub fn places(&self) -> &[Places] {
        &self.places
    }

    /// One weight per cell in 2^-20 steps, the place of the last feature running fastest.
    pub fn weights(&self) -> &[i32] {
        &self.weights
    }

    /// The mean of `|entry|` over the population the model was fitted on.
    pub const fn importance(&self) -> LogOdds {
        LogOdds::from_steps(self.importance as i64)
    }

    /// The entry of a row of bins, in 2^-20 steps.
    ///
    /// # Panics
    /// When the row is not one of the binning the model was fitted with.
    pub fn entry(&self, row: &[u8]) -> i32 {
        let cell = self.features.iter().zip(&self.places).fold(0, |cell, (feature, places)| {
            cell * places.n_places + usize::from(places.of_bins[usize::from(row[*feature])])
        });
        self.weights[cell]
    }

    /// What each of `n` features contributes of an entry: equal parts, and what does not divide with the first.
    ///
    /// Of a pure table all features have an equal part (Shapley 1953, <https://doi.org/10.1515/9781400881970-018>).
    pub fn parts(entry: i32, n: usize) -> impl Iterator<Item = i32> {
        let n = i32::try_from(n).unwrap_or(i32::MAX);
        let part = entry / n;
        (0..n).map(move |index| if index == 0 { entry - part * (n - 1) } else { part })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(of_bins: &[u8]) -> Places {
        Places::try_new(of_bins.to_vec()).unwrap()
    }

    #[test]
    fn parts_add_up_for_odd_and_negative_entries() {
        for (entry, n, parts) in [
            (5, 2, vec![3, 2]),
            (-5, 2, vec![-3, -2]),
            (4, 2, vec![2, 2]),
            (i32::MIN, 2, vec![i32::MIN / 2; 2]),
            (8, 3, vec![4, 2, 2]),
            (-8, 3, vec![-4, -2, -2]),
        ] {
            assert_eq!(JointTable::parts(entry, n).collect::<Vec<_>>(), parts);
        }
    }

    #[test]
    fn damaged_tables_are_refused() {
        let places = vec![places(&[0, 1, 2, 3]), places(&[0, 1, 2, 2])];
        let mut weights = vec![0; 12];
        weights[8] = 7;
        let features = vec![0, 1];
        let table = JointTable { features, importance: 1, places, weights }.checked().unwrap();
        let text = serde_json::to_string(&table).unwrap();
        assert_eq!(serde_json::from_str::<JointTable>(&text).unwrap(), table);
        for (from, to) in [
            ("[0,1]", "[1,1]"),
            ("[0,1]", "[0]"),
            ("[0,1]", "[0,1,2]"),
            ("[0,1,2,2]", "[0,1,2,4]"),
            ("[0,1,2,2]", "[0,2,2,2]"),
            ("[0,1,2,2]", "[0,1,2,1]"),
            ("0,7,", "7,0,"),
            ("0,7,", "7,"),
            ("importance", "size"),
        ] {
            let damaged = text.replace(from, to);
            assert!(serde_json::from_str::<JointTable>(&damaged).is_err(), "{from} to {to} in {text}");
        }
    }
}
