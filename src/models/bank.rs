//! Several additive models over one binning, laid out side by side so that one pass over a row serves all.

use super::additive::AdditiveModel;
use super::binned::BinnedMatrix;
use super::error::ModelError;
use super::pair::PairTable;
use crate::quantity::LogOdds;

/// Models in one block of the layout.
const LANES: usize = 8;

/// The tables of several models side by side: the entries of eight models for one bin are neighbours in
/// memory.
///
/// Margins are the same whole numbers as those of [`AdditiveModel::margin`]; only the order of the sums
/// differs, and whole numbers do not mind. Cost: one load of 32 bytes per feature, row and eight models, and three
/// small loads per pair of a model.
#[derive(Clone, Debug)]
pub struct MarginBank {
    n_models: usize,
    blocks: Vec<Block>,
}

#[derive(Clone, Debug)]
struct Block {
    base: [i32; LANES],
    tables: Vec<BlockTable>,
    pairs: Vec<LanePair>,
}

/// A pair of one of the models: few models share a pair, so pairs are not laid out side by side.
#[derive(Clone, Debug)]
struct LanePair {
    lane: usize,
    features: [usize; 2],
    /// Where the row of cells of each bin of the first feature begins.
    starts: Vec<u16>,
    /// The place in that row of each bin of the second feature.
    places: Vec<u8>,
    weights: Vec<i32>,
}

impl LanePair {
    fn new(lane: usize, pair: &PairTable) -> Self {
        let [first, second] = pair.places();
        // At most 32 x 32 cells.
        let start = |place: &u8| u16::from(*place) * second.n_places() as u16;
        Self {
            lane,
            features: pair.features(),
            starts: first.of_bins().iter().map(start).collect(),
            places: second.of_bins().to_vec(),
            weights: pair.weights().to_vec(),
        }
    }

    fn entry(&self, row: &[u8]) -> i32 {
        let [first, second] = self.features;
        let cell = self.starts[usize::from(row[first])] + u16::from(self.places[usize::from(row[second])]);
        self.weights[usize::from(cell)]
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
        let of_model = |(lane, model): (usize, &&AdditiveModel)| {
            model.pairs().iter().map(|pair| LanePair::new(lane, pair)).collect::<Vec<_>>()
        };
        let pairs = models.iter().enumerate().flat_map(of_model).collect();
        Ok(Self { base, tables, pairs })
    }
}
