//! Purification: moves what fewer features say out of a joint table.

use std::collections::BTreeMap;

use super::bins::{MISSING_BIN, UNSEEN_BIN};
use super::error::ModelError;
use super::joint::{FittedJoint, JointTable, MAX_JOINT, Places};
use super::share::{importance, rounded_share};

/// Most rounds of purification; each moves what the one before left behind, and most tables need a few.
const SWEEPS: usize = 256;

/// How the cells of a table lie in a list.
#[derive(Clone, Debug)]
pub(super) struct Shape(Vec<usize>);

impl Shape {
    pub(super) fn of(places: &[Places]) -> Self {
        Self(places.iter().map(Places::n_places).collect())
    }

    pub(super) fn n_cells(&self) -> usize {
        self.0.iter().product()
    }

    /// How far apart neighbours along an axis lie.
    fn stride(&self, axis: usize) -> usize {
        self.0[axis + 1..].iter().product()
    }

    fn place(&self, cell: usize, axis: usize) -> usize {
        cell / self.stride(axis) % self.0[axis]
    }

    /// Whether no feature of the cell is unseen.
    pub(super) fn is_heard(&self, cell: usize) -> bool {
        (0..self.0.len()).all(|axis| self.place(cell, axis) != usize::from(UNSEEN_BIN))
    }

    /// The lines along an axis: where each begins, in the order of the cells of the table without that axis.
    fn lines(&self, axis: usize) -> impl Iterator<Item = usize> + '_ {
        let (stride, length) = (self.stride(axis), self.0[axis]);
        (0..self.n_cells() / length).map(move |line| line / stride * stride * length + line % stride)
    }

    /// The heard cells of the line along `axis` that begins at `start`.
    fn line(&self, axis: usize, start: usize) -> impl Iterator<Item = usize> + Clone + '_ {
        let (stride, length) = (self.stride(axis), self.0[axis]);
        (0..length).filter(|place| *place != usize::from(UNSEEN_BIN)).map(move |place| start + place * stride)
    }
}

/// A table while its means are moved to tables over fewer features.
#[derive(Clone, Debug)]
struct Growing {
    places: Vec<Places>,
    shape: Shape,
    weights: Vec<i32>,
    population: Vec<u64>,
}

impl Growing {
    /// Moves the mean of every line of cells along `axis` to `table`, one entry per line; says whether any moved.
    fn shed(&mut self, axis: usize, table: &mut [i32]) -> bool {
        let mut moved = false;
        for (entry, start) in table.iter_mut().zip(self.shape.lines(axis)) {
            let cells = self.shape.line(axis, start);
            if !cells.clone().all(|cell| self.shape.is_heard(cell)) {
                continue;
            }
            let (sum, rows) = cells.clone().fold((0, 0), |(sum, rows), cell| {
                let count = i128::from(self.population[cell]);
                (sum + i128::from(self.weights[cell]) * count, rows + count)
            });
            // A mean of 32-bit numbers.
            let mean = rounded_share(sum, rows) as i32;
            if mean != 0 {
                moved = true;
                *entry = entry.saturating_add(mean);
                for cell in cells {
                    self.weights[cell] = self.weights[cell].saturating_sub(mean);
                }
            }
        }
        moved
    }

    /// An empty table over the features but the one of `axis`, with the rows of this one.
    fn without(&self, axis: usize) -> Self {
        let mut places = self.places.clone();
        places.remove(axis);
        let shape = Shape::of(&places);
        let stride = self.shape.stride(axis);
        let population = self
            .shape
            .lines(axis)
            .map(|start| (0..self.shape.0[axis]).map(|place| self.population[start + place * stride]).sum())
            .collect();
        Self { weights: vec![0; shape.n_cells()], places, shape, population }
    }

    /// Takes away what no row of the population can vouch for: unseen values, and missing ones where none is missing.
    fn hush(&mut self) {
        for cell in 0..self.weights.len() {
            if !self.shape.is_heard(cell) {
                self.weights[cell] = 0;
            }
        }
        for axis in 0..self.shape.0.len() {
            let missing = |cell: &usize| self.shape.place(*cell, axis) == usize::from(MISSING_BIN);
            let cells: Vec<usize> = (0..self.weights.len()).filter(missing).collect();
            if cells.iter().all(|cell| self.population[*cell] == 0) {
                for cell in cells {
                    self.weights[cell] = 0;
                }
            }
        }
    }

    fn finished(self, features: Vec<usize>) -> Result<JointTable, ModelError> {
        // Weights of unseen cells are 0, so that their rows count with the rest: rows of the whole population.
        let importance = importance(&self.weights, &self.population);
        JointTable::try_new(features, self.places, self.weights, importance)
    }
}

/// Purifies tables: of three features first, whose means over one of them go to tables over the other two; then of
/// two, whose means go to `alone`, the weights per bin of every feature that has a table.
///
/// Every row of bins keeps its sum to the step, but for unseen values and for missing ones that no row of the population
/// has. Tables without any weight are left out.
pub(super) fn purified(
    fitted: Vec<FittedJoint>,
    alone: &mut BTreeMap<usize, Vec<i32>>,
) -> Result<Vec<JointTable>, ModelError> {
    let mut growing: BTreeMap<Vec<usize>, Growing> = BTreeMap::new();
    let mut of_feature: BTreeMap<usize, Places> = BTreeMap::new();
    for FittedJoint { features, places, weights, population } in fitted {
        let fault = |fault: &str| {
            Err(ModelError::Table { fault: format!("table over features {features:?}: {fault}") })
        };
        let shape = Shape::of(&places);
        let fits = |(feature, places): (&usize, &Places)| {
            alone.get(feature).is_some_and(|table| table.len() == places.n_bins())
        };
        if !(2..=MAX_JOINT).contains(&features.len()) || !features.is_sorted_by(|a, b| a < b) {
            return fault("two or three features in ascending order are expected");
        }
        if places.len() != features.len() || !features.iter().zip(&places).all(fits) {
            return fault("every feature needs places for its bins and a table of its own");
        }
        if weights.len() != shape.n_cells() || population.len() != shape.n_cells() {
            return fault("there must be a weight and a number of rows for every cell");
        }
        for (feature, places) in features.iter().zip(&places) {
            if of_feature.entry(*feature).or_insert_with(|| places.clone()) != places {
                return fault("a feature has other places in another table");
            }
        }
        let mut table = Growing { places, shape, weights, population };
        table.hush();
        if growing.contains_key(&features) {
            return fault("there twice");
        }
        growing.insert(features, table);
    }
    let triples: Vec<Vec<usize>> = growing.keys().filter(|features| features.len() > 2).cloned().collect();
    for features in &triples {
        let Some(mut table) = growing.remove(features) else { continue };
        let mut faces: Vec<Growing> = (0..features.len()).map(|axis| table.without(axis)).collect();
        for _ in 0..SWEEPS {
            let mut moved = false;
            for (axis, face) in faces.iter_mut().enumerate() {
                moved |= table.shed(axis, &mut face.weights);
            }
            if !moved {
                break;
            }
        }
        table.hush();
        for (axis, face) in faces.into_iter().enumerate() {
            let mut others = features.clone();
            others.remove(axis);
            let held = growing
                .entry(others)
                .or_insert_with(|| Growing { weights: vec![0; face.weights.len()], ..face.clone() });
            for (held, weight) in held.weights.iter_mut().zip(&face.weights) {
                *held = held.saturating_add(*weight);
            }
        }
        growing.insert(features.clone(), table);
    }
    let mut pure = Vec::with_capacity(growing.len());
    for (features, mut table) in growing {
        if features.len() == 2 {
            for _ in 0..SWEEPS {
                let mut moved = false;
                for axis in 0..2 {
                    let other = 1 - axis;
                    let mut means = vec![0; table.shape.0[other]];
                    moved |= table.shed(axis, &mut means);
                    if let Some(weights) = alone.get_mut(&features[other]) {
                        for (weight, place) in weights.iter_mut().zip(table.places[other].of_bins()) {
                            *weight = weight.saturating_add(means[usize::from(*place)]);
                        }
                    }
                }
                if !moved {
                    break;
                }
            }
            table.hush();
        }
        if table.weights.iter().any(|weight| *weight != 0) {
            pure.push(table.finished(features)?);
        }
    }
    Ok(pure)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn places(of_bins: &[u8]) -> Places {
        Places::try_new(of_bins.to_vec()).unwrap()
    }

    fn alone(lengths: &[usize]) -> BTreeMap<usize, Vec<i32>> {
        lengths.iter().enumerate().map(|(feature, length)| (feature, vec![0; *length])).collect()
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
        let places = vec![places(&[0, 1, 2, 3]), places(&[0, 1, 2, 3])];
        let pair = FittedJoint { features: vec![0, 1], places, weights, population };
        let mut tables = alone(&[4, 4]);
        let pure = purified(vec![pair], &mut tables).unwrap();
        // Column means 20 and 50, then row means -20 and 20; what is left is 10, -10 / -10, 10.
        assert_eq!(tables[&0], [0, 0, -20, 20]);
        assert_eq!(tables[&1], [0, 0, 20, 50]);
        assert_eq!(pure[0].weights(), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, -10, 0, 0, -10, 10]);
        assert_eq!(pure[0].importance().steps(), 10);
    }

    #[test]
    fn three_features_shed_what_two_and_one_of_them_say() {
        // Known places a side: 2; one row in each of the eight cells. The weight is 8 where all three are high and else 0:
        // a mean of 1, and of every order of interaction a part of 1.
        let shape = Shape(vec![4, 4, 4]);
        let mut weights = vec![0; 64];
        let mut population = vec![0; 64];
        for cell in (0..64).filter(|cell| (0..3).all(|axis| shape.place(*cell, axis) >= 2)) {
            population[cell] = 1;
        }
        weights[63] = 8;
        let places = vec![places(&[0, 1, 2, 3]); 3];
        let triple = FittedJoint { features: vec![0, 1, 2], places, weights, population };
        let mut tables = alone(&[4, 4, 4]);
        let pure = purified(vec![triple], &mut tables).unwrap();
        let features: Vec<&[usize]> = pure.iter().map(JointTable::features).collect();
        assert_eq!(features, [&[0, 1][..], &[0, 1, 2], &[0, 2], &[1, 2]]);
        assert_eq!([pure[1].weights()[63], pure[1].weights()[62], pure[1].weights()[58]], [1, -1, 1]);
        for pair in [0, 2, 3] {
            assert_eq!(pure[pair].weights()[10..16], [1, -1, 0, 0, -1, 1]);
        }
        // The mean is still in here: the caller moves it to the base.
        let sums: Vec<i32> = tables.values().map(|weights| weights[2] + weights[3]).collect();
        assert_eq!(sums.iter().sum::<i32>(), 2);
        assert!(tables.values().all(|weights| weights[3] - weights[2] == 2));
    }

    #[test]
    fn tables_that_do_not_fit_each_other_are_refused() {
        let narrow = places(&[0, 1, 2, 2]);
        let table = |features: &[usize], places: &[Places]| FittedJoint {
            features: features.to_vec(),
            places: places.to_vec(),
            weights: vec![0; Shape::of(places).n_cells()],
            population: vec![0; Shape::of(places).n_cells()],
        };
        let wide = places(&[0, 1, 2, 3]);
        let two = [wide.clone(), wide.clone()];
        for (fitted, why) in [
            (vec![table(&[1, 0], &two)], "ascending"),
            (vec![table(&[0, 7], &two)], "table of its own"),
            (vec![table(&[0, 1], &two), table(&[0, 1], &two)], "there twice"),
            (vec![table(&[0, 1], &two), table(&[1, 2], &[narrow, wide])], "other places"),
        ] {
            let message = purified(fitted, &mut alone(&[4, 4, 4])).unwrap_err().to_string();
            assert!(message.contains(why), "{message}");
        }
    }

    proptest! {
        #[test]
        fn purifying_moves_weight_and_keeps_every_sum(
            weights in prop::collection::vec(-3_000_000_i32..3_000_000, 5 * 6 * 4),
            counts in prop::collection::vec(0_u64..50, 5 * 6 * 4),
            n in 2_usize..=3,
        ) {
            let all = [places(&[0, 1, 2, 2, 3, 4]), places(&[0, 1, 2, 3, 4, 5, 5]), places(&[0, 1, 2, 3])];
            let of = all[..n].to_vec();
            let n_cells = Shape::of(&of).n_cells();
            let fitted = FittedJoint {
                features: (0..n).collect(),
                places: of.clone(),
                weights: weights[..n_cells].to_vec(),
                population: counts[..n_cells].to_vec(),
            };
            let mut tables = alone(&[6, 7, 4]);
            let pure = purified(vec![fitted.clone()], &mut tables).unwrap();
            let entry = |bins: &[u8; 3]| {
                let at = |axis: usize| usize::from(of[axis].of_bins()[usize::from(bins[axis])]);
                fitted.weights[(0..n).fold(0, |cell, axis| cell * of[axis].n_places() + at(axis))]
            };
            let shape = Shape::of(&of);
            let known = |axis: usize, bin: usize| bin > 1 || bin == 0 && (0..n_cells)
                .any(|cell| shape.place(cell, axis) == 0 && counts[cell] > 0);
            for row in 0..6 * 7 * 4 {
                let bins = [row % 6, row / 6 % 7, row / 42].map(|bin| bin as u8);
                if !(0..n).all(|axis| known(axis, bins[axis].into())) {
                    continue;
                }
                let alone: i32 = (0..n).map(|axis| tables[&axis][usize::from(bins[axis])]).sum();
                let together: i32 = pure.iter().map(|table| table.entry(&bins)).sum();
                prop_assert_eq!(entry(&bins), alone + together);
            }
            for table in pure.iter().filter(|table| table.features().len() == n) {
                for axis in 0..n {
                    for start in shape.lines(axis) {
                        let cells = || shape.line(axis, start);
                        let heard = cells().all(|cell| shape.is_heard(cell));
                        let sum = cells()
                            .map(|cell| i64::from(table.weights()[cell]) * i64::try_from(counts[cell]).unwrap())
                            .sum::<i64>();
                        let rows = cells().map(|cell| counts[cell]).sum::<u64>();
                        prop_assert!(!heard || 2 * sum.unsigned_abs() <= rows.max(1), "mean of {sum} / {rows}");
                    }
                }
            }
        }
    }
}
