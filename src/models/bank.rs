//! Several additive models over one binning, laid out side by side so that one pass over a row serves all.

use super::additive::AdditiveModel;
use super::binned::BinnedMatrix;
use super::error::ModelError;
use super::joint::JointTable;
use crate::quantity::LogOdds;

/// Models in one block of the layout.
const LANES: usize = 8;

/// The tables of several models side by side: the entries of eight models for one bin are neighbours in
/// memory.
///
/// Margins are the same whole numbers as those of [`AdditiveModel::margin`]; only the order of the sums
/// differs, and whole numbers do not mind. Cost: one load of 32 bytes per feature, row and eight models, and for
/// every joint table of a model a small load per feature and one more. A table over two features that is inside one over
/// three is added to it beforehand and costs nothing.
#[derive(Clone, Debug)]
pub struct MarginBank {
    n_models: usize,
    blocks: Vec<Block>,
}

#[derive(Clone, Debug)]
struct Block {
    base: [i32; LANES],
    tables: Vec<BlockTable>,
    pairs: Vec<LaneTable<2>>,
    triples: Vec<LaneTable<3>>,
}

/// A joint table of one of the models: few models share one, so they are not laid out side by side.
#[derive(Clone, Debug)]
struct LaneTable<const N: usize> {
    lane: usize,
    features: [usize; N],
    /// For every feature, how far into the table each of its bins leads.
    offsets: [Vec<u16>; N],
    weights: Vec<i32>,
}

impl<const N: usize> LaneTable<N> {
    /// The table, if it is over `N` features.
    fn new(lane: usize, table: &JointTable) -> Option<Self> {
        let features: [usize; N] = table.features().try_into().ok()?;
        let mut stride = table.weights().len();
        let mut places = table.places().iter();
        let offsets = features.map(|_| {
            let Some(places) = places.next() else { return Vec::new() };
            stride /= places.n_places();
            // At most 32 x 32 x 32 cells.
            places.of_bins().iter().map(|place| u16::from(*place) * stride as u16).collect()
        });
        Some(Self { lane, features, offsets, weights: table.weights().to_vec() })
    }

    fn entry(&self, row: &[u8]) -> i32 {
        let cells = self.features.iter().zip(&self.offsets);
        let cell: u16 = cells.map(|(feature, offsets)| offsets[usize::from(row[*feature])]).sum();
        self.weights[usize::from(cell)]
    }
}

impl LaneTable<3> {
    /// Adds a table over two of the features; says whether it is one.
    fn absorb(&mut self, pair: &JointTable) -> bool {
        let at = |feature: &usize| self.features.iter().position(|own| own == feature);
        let [Some(first), Some(second)] = [0, 1].map(|axis| at(&pair.features()[axis])) else { return false };
        // Bins of one place lead equally far, so that the distinct offsets of a feature are its places in order.
        let steps = self.offsets.each_ref().map(|offsets| {
            let mut steps = offsets.clone();
            steps.sort_unstable();
            steps.dedup();
            steps
        });
        let third = 3 - first - second;
        for (cell, weight) in pair.weights().iter().enumerate() {
            let across = pair.places()[1].n_places();
            let start = steps[first][cell / across] + steps[second][cell % across];
            for step in &steps[third] {
                self.weights[usize::from(start + step)] += weight;
            }
        }
        true
    }
}

#[derive(Clone, Debug)]
struct BlockTable {
    feature: usize,
    weights: Vec<[i32; LANES]>,
}

impl MarginBank {
    /// Lays the tables of models fitted on one binning side by side.
    ///
    /// # Errors
    /// [`ModelError::Table`] when two models have tables of different lengths for one feature.
    pub fn new(models: &[&AdditiveModel]) -> Result<Self, ModelError> {
        let blocks = models.chunks(LANES).map(Block::new).collect::<Result<_, _>>()?;
        Ok(Self { n_models: models.len(), blocks })
    }

    /// Number of models.
    pub const fn n_models(&self) -> usize {
        self.n_models
    }

    /// The log-odds of one row by every model, in the order the models were given.
    ///
    /// # Panics
    /// When the row is not one of the models' binning, or `margins` is shorter than the number of models.
    pub fn margins_of(&self, row: &[u8], margins: &mut [LogOdds]) {
        for (block, margins) in self.blocks.iter().zip(margins[..self.n_models].chunks_mut(LANES)) {
            // The model's invariant keeps every sum within 32 bits.
            let mut sums = block.base;
            for table in &block.tables {
                let weights = &table.weights[usize::from(row[table.feature])];
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum += weight;
                }
            }
            for pair in &block.pairs {
                sums[pair.lane] += pair.entry(row);
            }
            for triple in &block.triples {
                sums[triple.lane] += triple.entry(row);
            }
            for (margin, sum) in margins.iter_mut().zip(sums) {
                *margin = LogOdds::from_steps(i64::from(sum));
            }
        }
    }

    /// The log-odds of every row by every model: `n_rows x n_models`, row after row.
    ///
    /// # Errors
    /// [`ModelError::Length`] when `margins` has not one place per row and model.
    pub fn margins_into(&self, rows: &BinnedMatrix, margins: &mut [LogOdds]) -> Result<(), ModelError> {
        let expected = rows.n_rows() * self.n_models;
        if margins.len() != expected {
            return Err(ModelError::Length { expected, found: margins.len() });
        }
        if self.n_models > 0 {
            for (row, margins) in rows.rows().zip(margins.chunks_mut(self.n_models)) {
                self.margins_of(row, margins);
            }
        }
        Ok(())
    }
}

impl Block {
    fn new(models: &[&AdditiveModel]) -> Result<Self, ModelError> {
        let mut base = [0_i32; LANES];
        let mut tables: Vec<BlockTable> = Vec::new();
        for (lane, model) in models.iter().enumerate() {
            // Within 32 bits by the model's invariant.
            base[lane] = model.base().steps() as i32;
            for table in model.tables() {
                let place = match tables.binary_search_by_key(&table.feature(), |table| table.feature) {
                    Ok(place) => place,
                    Err(place) => {
                        let weights = vec![[0; LANES]; table.weights().len()];
                        tables.insert(place, BlockTable { feature: table.feature(), weights });
                        place
                    }
                };
                if tables[place].weights.len() != table.weights().len() {
                    let fault = format!("models differ in the number of bins of feature {}", table.feature());
                    return Err(ModelError::Table { fault });
                }
                for (lanes, weight) in tables[place].weights.iter_mut().zip(table.weights()) {
                    lanes[lane] = *weight;
                }
            }
        }
        let (mut pairs, mut triples) = (Vec::new(), Vec::new());
        for (lane, model) in models.iter().enumerate() {
            let mut of_model: Vec<LaneTable<3>> =
                model.joint().iter().filter_map(|table| LaneTable::new(lane, table)).collect();
            for pair in model.joint().iter().filter(|table| table.features().len() == 2) {
                if !of_model.iter_mut().any(|triple| triple.absorb(pair)) {
                    pairs.extend(LaneTable::new(lane, pair));
                }
            }
            triples.extend(of_model);
        }
        Ok(Self { base, tables, pairs, triples })
    }
}
