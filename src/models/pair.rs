//! Tables over two features: what they say together beyond what each says alone.

use serde::{Deserialize, Serialize};

use super::binning::{FIRST_BIN, MAX_BINS, MISSING_BIN, UNSEEN_BIN};
use super::error::ModelError;
use super::share::{rounded_share, weighted_sum};
use crate::quantity::LogOdds;

/// The most places a feature may have in a table over a pair, missing and unseen among them.
pub const MAX_PLACES: usize = 32;

/// Most rounds of purification; each moves what the one before left behind, and most tables need a few.
const SWEEPS: usize = 256;

/// Which place of a pair's table each bin of a feature falls into.
///
/// Missing is place 0 and unseen place 1, as among the bins; the other bins share the places from 2 on. At most
/// [`MAX_PLACES`] places, none of the known ones without a bin.
///
/// ```
/// use propensity::models::PairPlaces;
/// // Four bins of numbers, two and two together.
/// let places = PairPlaces::try_new(vec![0, 1, 2, 2, 3, 3])?;
/// assert_eq!((places.n_bins(), places.n_places()), (6, 4));
/// assert!(PairPlaces::try_new(vec![0, 1, 2, 0]).is_err());
/// # Ok::<(), propensity::models::ModelError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<u8>", into = "Vec<u8>")]
pub struct PairPlaces {
    of_bins: Vec<u8>,
    n_places: usize,
}

impl PairPlaces {
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
        Err(ModelError::Table { fault: format!("places of a pair: {fault}") })
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

impl TryFrom<Vec<u8>> for PairPlaces {
    type Error = ModelError;

    fn try_from(of_bins: Vec<u8>) -> Result<Self, ModelError> {
        Self::try_new(of_bins)
    }
}

impl From<PairPlaces> for Vec<u8> {
    fn from(places: PairPlaces) -> Self {
        places.of_bins
    }
}

/// A table over two features before it is purified, with the rows of the population in each of its cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FittedPair {
    /// Places of the two features in the binning's signature, the lower first.
    pub features: [usize; 2],
    /// How their bins fall into places.
    pub places: [PairPlaces; 2],
    /// One weight per cell in 2^-20 steps of log-odds, row after row: `places[0] x places[1]`.
    pub weights: Vec<i32>,
    /// Rows of the population in each cell, in the same order.
    pub population: Vec<u64>,
}

/// A table over two features: for each cell of their places, 2^-20 steps of log-odds.
///
/// It is pure: over the population it was fitted on, every row and every column of cells has mean 0 to the nearest
/// step, because what a feature says alone is in its own table (Lengerich, Tan, Chang, Hooker and Caruana 2020,
/// <https://arxiv.org/abs/1911.04974>). Cells of an unseen bin are 0: of such a row only the other feature speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PairShape", into = "PairShape")]
pub struct PairTable {
    features: [usize; 2],
    importance: u32,
    places: [PairPlaces; 2],
    weights: Vec<i32>,
}

/// The form of a [`PairTable`] in a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PairShape {
    features: [usize; 2],
    importance: u32,
    places: [PairPlaces; 2],
    weights: Vec<i32>,
}

impl TryFrom<PairShape> for PairTable {
    type Error = ModelError;

    fn try_from(PairShape { features, importance, places, weights }: PairShape) -> Result<Self, ModelError> {
        Self { features, importance, places, weights }.checked()
    }
}

impl From<PairTable> for PairShape {
    fn from(PairTable { features, importance, places, weights }: PairTable) -> Self {
        Self { features, importance, places, weights }
    }
}

impl PairTable {
    fn checked(self) -> Result<Self, ModelError> {
        let [rows, columns] = [self.places[0].n_places(), self.places[1].n_places()];
        let unseen = usize::from(UNSEEN_BIN);
        let fault = if self.features[0] >= self.features[1] {
            "the first feature must stand before the second".to_owned()
        } else if self.weights.len() != rows * columns {
            format!("{} cells, expected {rows} x {columns}", self.weights.len())
        } else if (0..self.weights.len())
            .any(|cell| (cell / columns == unseen || cell % columns == unseen) && self.weights[cell] != 0)
        {
            "a cell of an unseen bin has weight".to_owned()
        } else {
            return Ok(self);
        };
        let [first, second] = self.features;
        Err(ModelError::Table { fault: format!("pair of features {first} and {second}: {fault}") })
    }

    /// Moves the means of rows and columns out of a fitted pair and into the tables of its two features, given as
    /// weights per bin. Every row of bins without an unseen one keeps its sum to the step.
    pub(super) fn purified(
        pair: FittedPair,
        first: &mut [i32],
        second: &mut [i32],
    ) -> Result<Self, ModelError> {
        let tables = [first, second];
        let FittedPair { features, places, mut weights, population } = pair;
        let shape = [places[0].n_places(), places[1].n_places()];
        let whole = shape[0] * shape[1];
        let fits = (0..2).all(|axis| places[axis].n_bins() == tables[axis].len());
        if weights.len() != whole || population.len() != whole || !fits {
            let fault =
                format!("pair of features {} and {} does not fit their bins", features[0], features[1]);
            return Err(ModelError::Table { fault });
        }
        let unseen = usize::from(UNSEEN_BIN);
        let is_heard = |cell: usize| cell / shape[1] != unseen && cell % shape[1] != unseen;
        let line = |axis: usize, place: usize| -> Vec<usize> {
            let all = if axis == 0 { 0..shape[1] } else { 0..shape[0] };
            all.map(|other| if axis == 0 { place * shape[1] + other } else { other * shape[1] + place })
                .filter(|cell| is_heard(*cell))
                .collect()
        };
        for cell in (0..whole).filter(|cell| !is_heard(*cell)) {
            weights[cell] = 0;
        }
        for _ in 0..SWEEPS {
            let mut moved = false;
            for axis in 0..2 {
                for place in (0..shape[axis]).filter(|place| *place != unseen) {
                    let cells = line(axis, place);
                    let mean = mean_of(&weights, &population, &cells);
                    if mean == 0 {
                        continue;
                    }
                    moved = true;
                    for cell in cells {
                        weights[cell] = weights[cell].saturating_sub(mean);
                    }
                    for (weight, found) in tables[axis].iter_mut().zip(places[axis].of_bins()) {
                        if usize::from(*found) == place {
                            *weight = weight.saturating_add(mean);
                        }
                    }
                }
            }
            if !moved {
                break;
            }
        }
        for axis in 0..2 {
            let cells = line(axis, MISSING_BIN.into());
            // Where no row of the population lacks a value, nothing is known of what its absence means.
            if cells.iter().all(|cell| population[*cell] == 0) {
                for cell in cells {
                    weights[cell] = 0;
                }
            }
        }
        // Weights of unseen cells are 0, so that their rows count with the rest: rows of the whole population.
        let rows: i128 = population.iter().map(|count| i128::from(*count)).sum();
        let size = rounded_share(weighted_sum(&weights, &population, i128::abs), rows);
        let importance = u32::try_from(size).unwrap_or(u32::MAX);
        Self { features, importance, places, weights }.checked()
    }

    /// Places of the two features in the binning's signature, the lower first.
    pub const fn features(&self) -> [usize; 2] {
        self.features
    }

    /// How the bins of the two features fall into places.
    pub const fn places(&self) -> &[PairPlaces; 2] {
        &self.places
    }

    /// One weight per cell in 2^-20 steps, row after row: `places[0] x places[1]`.
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
        let [first, second] = self.features;
        let across = usize::from(self.places[0].of_bins[usize::from(row[first])]) * self.places[1].n_places;
        self.weights[across + usize::from(self.places[1].of_bins[usize::from(row[second])])]
    }

    /// An entry as what each of the two features contributes: half each, an odd step with the first.
    ///
    /// Of a pure pair both features have an equal part (Shapley 1953, <https://doi.org/10.1515/9781400881970-018>).
    pub const fn halves(entry: i32) -> [i32; 2] {
        let second = entry / 2;
        [entry - second, second]
    }
}

fn mean_of(weights: &[i32], counts: &[u64], cells: &[usize]) -> i32 {
    let sum = cells.iter().map(|cell| i128::from(weights[*cell]) * i128::from(counts[*cell])).sum();
    let rows = cells.iter().map(|cell| i128::from(counts[*cell])).sum();
    // A mean of 32-bit numbers.
    rounded_share(sum, rows) as i32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn places(of_bins: &[u8]) -> PairPlaces {
        PairPlaces::try_new(of_bins.to_vec()).unwrap()
    }

    #[test]
    fn a_pair_is_purified_by_hand() {
        // Two known places each, one row in each of the four known cells: 10, 20 / 30, 80.
        let mut weights = vec![0; 16];
        let mut population = vec![0; 16];
        for (cell, weight) in [(10, 10), (11, 20), (14, 30), (15, 80)] {
            (weights[cell], population[cell]) = (weight, 1);
        }
        // Missing has weight but no rows; unseen must not have any.
        (weights[2], weights[6]) = (5, 9);
        let places = [places(&[0, 1, 2, 3]), places(&[0, 1, 2, 3])];
        let pair = FittedPair { features: [0, 1], places, weights, population };
        let (mut first, mut second) = (vec![0; 4], vec![0; 4]);
        let table = PairTable::purified(pair, &mut first, &mut second).unwrap();
        // Row means 15 and 55, then column means -15 and 15; what is left is 10, -10 / -10, 10.
        assert_eq!((&first[..], &second[..]), (&[0, 0, 15, 55][..], &[0, 0, -15, 15][..]));
        assert_eq!(table.weights(), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, -10, 0, 0, -10, 10]);
        assert_eq!(table.importance().steps(), 10);
    }

    #[test]
    fn halves_add_up_for_odd_and_negative_entries() {
        for (entry, halves) in
            [(5, [3, 2]), (-5, [-3, -2]), (4, [2, 2]), (0, [0, 0]), (i32::MIN, [i32::MIN / 2; 2])]
        {
            assert_eq!(PairTable::halves(entry), halves);
        }
    }

    #[test]
    fn damaged_pairs_are_refused() {
        let places = [places(&[0, 1, 2, 3]), places(&[0, 1, 2, 2])];
        let mut weights = vec![0; 12];
        weights[8] = 7;
        let table = PairTable { features: [0, 1], importance: 1, places, weights }.checked().unwrap();
        let text = serde_json::to_string(&table).unwrap();
        assert_eq!(serde_json::from_str::<PairTable>(&text).unwrap(), table);
        for (from, to) in [
            ("[0,1]", "[1,1]"),
            ("[0,1,2,2]", "[0,1,2,4]"),
            ("[0,1,2,2]", "[0,2,2,2]"),
            ("[0,1,2,2]", "[0,1,2,1]"),
            ("0,7,", "7,0,"),
            ("0,7,", "7,"),
            ("importance", "size"),
        ] {
            assert!(
                serde_json::from_str::<PairTable>(&text.replace(from, to)).is_err(),
                "{from} to {to} in {text}"
            );
        }
    }

    proptest! {
        #[test]
        fn purifying_moves_weight_and_keeps_every_sum(
            weights in prop::collection::vec(-3_000_000_i32..3_000_000, 30),
            counts in prop::collection::vec(0_u64..50, 30),
        ) {
            let places = [places(&[0, 1, 2, 2, 3, 4]), places(&[0, 1, 2, 3, 4, 5, 5])];
            let of_bins = places.clone().map(|places| places.of_bins().to_vec());
            let pair = FittedPair { features: [0, 1], places, weights: weights.clone(), population: counts.clone() };
            let (mut first, mut second) = (vec![0; 6], vec![0; 7]);
            let table = PairTable::purified(pair, &mut first, &mut second).unwrap();
            let at = |cells: &[i32], a: usize, b: usize| {
                cells[usize::from(of_bins[0][a]) * 6 + usize::from(of_bins[1][b])]
            };
            let missing_heard = |line: &[usize]| line.iter().any(|cell| counts[*cell] > 0);
            for a in (0..6).filter(|a| *a != 1) {
                for b in (0..7).filter(|b| *b != 1) {
                    let unknown = a == 0 && !missing_heard(&[0, 2, 3, 4, 5])
                        || b == 0 && !missing_heard(&[0, 12, 18, 24]);
                    if !unknown {
                        prop_assert_eq!(at(&weights, a, b), first[a] + second[b] + at(table.weights(), a, b));
                    }
                }
            }
            for line in [[12, 14, 15, 16, 17], [18, 20, 21, 22, 23]] {
                let sum: i64 =
                    line.iter().map(|c| i64::from(table.weights()[*c]) * i64::try_from(counts[*c]).unwrap()).sum();
                let rows: u64 = line.iter().map(|cell| counts[*cell]).sum();
                prop_assert!(2 * sum.unsigned_abs() <= rows, "mean of a row is {sum} / {rows}");
            }
        }
    }
}
