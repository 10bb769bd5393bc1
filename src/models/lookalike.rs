//! What is known of the best customers beyond their model: how many are hidden among the others, and what kinds there are.

use serde::{Deserialize, Serialize};

use super::binning::Binning;
use super::bins::{FIRST_BIN, MISSING_BIN};
use super::error::ModelError;

/// One whole of a place or a share, in a file: a thousandth is the smallest step.
pub const WHOLE: i64 = 1000;

/// The share of the unlabelled accounts that are like the seeds, and were only not labelled so.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HiddenShare {
    /// The estimate.
    pub share: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
}

impl HiddenShare {
    /// The estimate in plain words.
    pub fn sentence(&self) -> String {
        let percent = |share: f64| 100.0 * share;
        format!(
            "{:.1} % of the others are like the best customers ({:.1} to {:.1} %)",
            percent(self.share),
            percent(self.low),
            percent(self.high)
        )
    }
}

/// The middle of a kind along one feature, in thousandths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Middle {
    /// Of a feature of numbers.
    Number {
        /// Mean place among the bins of known values: 0 the lowest, 1000 the highest, 500 where the value is missing.
        place: i64,
        /// Share of those whose value is known.
        known: i64,
    },
    /// Of a feature of levels: the share of each bin, in the order of the bins; bins without a share are left out.
    Level {
        /// Bin and share.
        shares: Vec<(u8, i64)>,
    },
}

/// One kind of best customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Archetype {
    /// The kind in words, such as `Medium Transportation, many cloud platform`.
    pub name: String,
    /// Best customers of this kind.
    pub seeds: u64,
    /// Its middle along each feature of the [`Archetypes`], in their order.
    pub middles: Vec<Middle>,
}

/// The kinds of best customer of a product.
///
/// The distance of a row to a kind is a sum over features of whole numbers: of numbers `(x - place)^2` and `(k - known)^2`,
/// with `x` the place of the row's bin and `k` whether its value is known; of levels `(1 - 2 s + sum of squared shares) / 2`,
/// with `s` the share of the row's level, all in thousandths squared. It is exact, so equally near kinds are told apart by
/// their order alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ArchetypesShape", into = "ArchetypesShape")]
pub struct Archetypes {
    features: Vec<usize>,
    kinds: Vec<Archetype>,
}

/// The form of [`Archetypes`] in a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ArchetypesShape {
    features: Vec<usize>,
    kinds: Vec<Archetype>,
}

impl TryFrom<ArchetypesShape> for Archetypes {
    type Error = ModelError;

    fn try_from(ArchetypesShape { features, kinds }: ArchetypesShape) -> Result<Self, ModelError> {
        Self::try_new(features, kinds)
    }
}

impl From<Archetypes> for ArchetypesShape {
    fn from(Archetypes { features, kinds }: Archetypes) -> Self {
        Self { features, kinds }
    }
}

impl Archetypes {
    /// Joins kinds with the features they are told apart by.
    ///
    /// # Errors
    /// [`ModelError::Archetypes`] when there is no kind or no feature, features do not ascend, a kind has not one middle a
    /// feature, a name is empty or there twice, or a place or share is not between 0 and 1000.
    pub fn try_new(features: Vec<usize>, kinds: Vec<Archetype>) -> Result<Self, ModelError> {
        let inside = |value: &i64| (0..=WHOLE).contains(value);
        let sound = |middle: &Middle| match middle {
            Middle::Number { place, known } => inside(place) && inside(known),
            Middle::Level { shares } => {
                shares.iter().all(|(_, share)| inside(share)) && shares.is_sorted_by(|a, b| a.0 < b.0)
            }
        };
        let named = |kind: &Archetype| kinds.iter().filter(|other| other.name == kind.name).count() == 1;
        let fault = if kinds.is_empty() || features.is_empty() {
            "there is no kind, or no feature"
        } else if !features.is_sorted_by(|a, b| a < b) {
            "features do not ascend"
        } else if kinds.iter().any(|kind| kind.middles.len() != features.len()) {
            "a kind has not one middle a feature"
        } else if kinds.iter().any(|kind| kind.name.is_empty() || !named(kind)) {
            "a name is empty, or there twice"
        } else if !kinds.iter().flat_map(|kind| &kind.middles).all(sound) {
            "a place or share is not between 0 and 1000, or levels do not ascend"
        } else {
            return Ok(Self { features, kinds });
        };
        Err(ModelError::Archetypes { fault: fault.to_owned() })
    }

    /// The features kinds are told apart by, as places in the signature, ascending.
    pub fn features(&self) -> &[usize] {
        &self.features
    }

    /// The kinds, the most frequent first.
    pub fn kinds(&self) -> &[Archetype] {
        &self.kinds
    }

    /// The kind a row is nearest to, the first of those equally near; `row` is one of `binning`. Cost: a few operations a
    /// feature and kind.
    pub fn nearest(&self, binning: &Binning, row: &[u8]) -> &Archetype {
        let distance = |kind: &Archetype| -> i64 {
            self.features
                .iter()
                .zip(&kind.middles)
                .map(|(feature, middle)| apart(binning, *feature, row, middle))
                .sum()
        };
        let mut best = (i64::MAX, 0);
        for (place, kind) in self.kinds.iter().enumerate() {
            best = best.min((distance(kind), place));
        }
        &self.kinds[best.1]
    }

    /// Checks that all features are those of a binning, each with a middle of its kind.
    ///
    /// # Errors
    /// [`ModelError::Archetypes`] otherwise.
    pub fn check_binning(&self, binning: &Binning) -> Result<(), ModelError> {
        use crate::matrix::FeatureKind;
        let features = binning.signature().features();
        let agrees = |kind: &Archetype| {
            self.features.iter().zip(&kind.middles).all(|(feature, middle)| {
                features.get(*feature).is_some_and(|feature| match middle {
                    Middle::Number { .. } => feature.kind == FeatureKind::Number,
                    Middle::Level { .. } => feature.kind == FeatureKind::Level,
                })
            })
        };
        if self.kinds.iter().all(agrees) {
            Ok(())
        } else {
            let fault = "a feature is not one of the binning, or of another kind".to_owned();
            Err(ModelError::Archetypes { fault })
        }
    }
}

/// Where a bin of numbers lies among those of known values, in thousandths; the middle where the value is not known.
pub fn place_of_bin(bin: u8, n_bins: usize) -> i64 {
    // At most 255 bins.
    let last = i64::try_from(n_bins).unwrap_or(i64::MAX) - i64::from(FIRST_BIN) - 1;
    match bin.checked_sub(FIRST_BIN) {
        Some(place) if last > 0 => i64::from(place).min(last) * WHOLE / last,
        _ => WHOLE / 2,
    }
}

/// Thousandths squared between a row and a middle along one feature.
fn apart(binning: &Binning, feature: usize, row: &[u8], middle: &Middle) -> i64 {
    let bin = row[feature];
    match middle {
        Middle::Number { place, known } => {
            let is_known = if bin == MISSING_BIN { 0 } else { WHOLE };
            let away = place_of_bin(bin, binning.bins()[feature].n_bins()) - place;
            away * away + (is_known - known) * (is_known - known)
        }
        Middle::Level { shares } => {
            let own = shares.iter().find(|(level, _)| *level == bin).map_or(0, |(_, share)| *share);
            let squared: i64 = shares.iter().map(|(_, share)| share * share).sum();
            i64::midpoint(WHOLE * WHOLE - 2 * WHOLE * own, squared)
        }
    }
}

/// What is known of the best customers of a product, beside the model that finds those like them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookalike {
    /// Who the seeds were, in words.
    pub seeds: String,
    /// How many are hidden among the unlabelled; `None` where the model found no signal to tell by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<HiddenShare>,
    /// The kinds of seeds; `None` where there are too few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archetypes: Option<Archetypes>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::{Column, FeatureMatrix};
    use crate::models::BinningParams;

    fn kind(name: &str, place: i64, shares: &[(u8, i64)]) -> Archetype {
        let middles = vec![Middle::Level { shares: shares.to_vec() }, Middle::Number { place, known: WHOLE }];
        Archetype { name: name.to_owned(), seeds: 10, middles }
    }

    #[test]
    fn a_row_is_nearest_to_the_kind_it_is_like() {
        let ids = (0..12).map(|row| row.to_string()).collect();
        let trade: Vec<Option<&str>> =
            (0..12).map(|row| Some(if row % 2 == 0 { "law" } else { "ships" })).collect();
        let heads = Column::numbers((0..12).map(|row| (row < 11).then_some(row as f32)));
        let columns = vec![("heads".to_owned(), heads), ("trade".to_owned(), Column::levels(&trade))];
        let matrix = FeatureMatrix::try_new(ids, columns).unwrap();
        let params = BinningParams { min_level_count: 1, min_bin_count: 1, ..BinningParams::default() };
        let binning = Binning::learn(&[&matrix], &params).unwrap();
        let binned = binning.apply(&matrix).unwrap();
        // Levels are named in the order of the signature: heads is feature 0 of numbers, trade feature 1.
        let order: Vec<&str> = binning.signature().features().iter().map(|f| f.name.as_str()).collect();
        assert_eq!(order, ["heads", "trade"]);
        let swap = |mut kind: Archetype| {
            kind.middles.reverse();
            kind
        };
        let kinds =
            vec![swap(kind("small law", 100, &[(2, 1000)])), swap(kind("large ships", 900, &[(3, 1000)]))];
        let archetypes = Archetypes::try_new(vec![0, 1], kinds).unwrap();
        archetypes.check_binning(&binning).unwrap();
        let nearest = |row: usize| archetypes.nearest(&binning, binned.row(row)).name.as_str();
        assert_eq!((nearest(0), nearest(9)), ("small law", "large ships"));
        // Eleven bins of numbers: heads of 2 lie at 200. From the first kind 100^2, from the second 700^2 and a whole
        // for the other trade.
        let distance = |kind: usize, row: usize| -> i64 {
            let middles = &archetypes.kinds()[kind].middles;
            (0..2).map(|f| apart(&binning, f, binned.row(row), &middles[f])).sum()
        };
        assert_eq!(distance(0, 2), 10_000);
        assert_eq!(distance(1, 2), 490_000 + 1_000_000);
        // A missing number lies in the middle, and is a whole away from those that are known.
        assert_eq!(distance(0, 11), 400 * 400 + 1_000_000 + 1_000_000);
    }

    #[test]
    fn kinds_that_are_not_sound_are_refused() {
        let sound = || kind("a", 100, &[(2, 1000)]);
        assert!(Archetypes::try_new(vec![0, 1], vec![sound()]).is_ok());
        let refused = [
            (vec![0, 1], vec![]),
            (vec![1, 0], vec![sound()]),
            (vec![0], vec![sound()]),
            (vec![0, 1], vec![sound(), sound()]),
            (vec![0, 1], vec![kind("a", 1001, &[(2, 1000)])]),
            (vec![0, 1], vec![kind("a", 1, &[(3, 500), (2, 500)])]),
        ];
        for (features, kinds) in refused {
            assert!(Archetypes::try_new(features, kinds).is_err());
        }
    }
}
