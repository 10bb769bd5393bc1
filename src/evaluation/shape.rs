//! Shapes: what a model adds for every value of a column.

use serde::{Deserialize, Serialize};

use crate::models::{BinRange, Binning, FIRST_BIN, FittedModel};
use crate::quantity::LogOdds;

/// The shape of one column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// The column.
    pub column: String,
    /// Mean absolute contribution, in log-odds.
    pub importance: f64,
    /// What each bin adds; missing and unseen come first where they add something.
    pub points: Vec<ShapePoint>,
}

/// What one bin adds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShapePoint {
    /// The bin in words.
    pub bin: String,
    /// Where a bin of numbers begins; `None` for levels, missing, unseen, and the open lower end.
    pub from: Option<f64>,
    /// Contribution in log-odds, against the average row.
    pub weight: f64,
}

/// The shapes of the `most` columns that move a model most, heaviest first.
pub fn shapes(model: &FittedModel, binning: &Binning, most: usize) -> Vec<Shape> {
    let additive = model.additive();
    let features = binning.signature().features();
    let shape = |(feature, importance): (usize, LogOdds)| {
        let n_bins = binning.bins().get(feature)?.n_bins();
        let point = |bin: usize| {
            // At most 255 bins.
            let range = binning.range(feature, bin as u8)?;
            let weight = additive.contribution(feature, bin as u8);
            let is_special = bin < usize::from(FIRST_BIN);
            let from = match range {
                BinRange::Number { from, .. } => from.map(f64::from),
                _ => None,
            };
            (!is_special || weight != LogOdds::ZERO).then(|| ShapePoint {
                bin: range.to_string(),
                from,
                weight: weight.value(),
            })
        };
        let points = (0..n_bins).filter_map(point).collect();
        Some(Shape { column: features.get(feature)?.name.clone(), importance: importance.value(), points })
    };
    additive.importance().into_iter().take(most).filter_map(shape).collect()
}
