//! The kinds of best customer of a product: k-means over what fit goes by.
//!
//! Seeds become points: a feature of numbers is the place of its bin between 0 and 1 and whether it is known, a feature of levels
//! one coordinate a level. linfa's k-means (Lloyd 1982, <https://doi.org/10.1109/TIT.1982.1056489>, from k-means++ starts)
//! divides them into two to five kinds; how many is said by the ratio of spread between kinds to spread within (Calinski
//! and Harabasz 1974, <https://doi.org/10.1080/03610927408827101>). The middles that are kept are means of the members in
//! whole thousandths, so that last bits of the division leave no trace.

use std::collections::BTreeMap;

use linfa::DatasetBase;
use linfa::traits::{Fit, Predict};
use linfa_clustering::KMeans;
use ndarray::Array2;

use super::features::Snapshot;
use super::{LineError, LineTrainer};
use crate::features::{Family, Recipe, Unit};
use crate::matrix::{FeatureKind, FeatureValue};
use crate::models::{
    Archetype, Archetypes, Binning, FIRST_BIN, FittedModel, MISSING_BIN, Middle, WHOLE, place_of_bin,
};
use crate::training::TrainError;

/// Most kinds, and fewest seeds for each of them on average.
const MOST_KINDS: usize = 5;
const SEEDS_PER_KIND: usize = 12;
/// Fewest seeds of a kind.
const MIN_SEEDS: u64 = 5;
/// Most features beside size and trade.
const MOST_FEATURES: usize = 8;
/// What every kind is told by: how large, and what trade.
const ALWAYS: [&str; 2] = ["firmographic__employees__now", "firmographic__vertical__now"];
/// Names of places and codes: they divide seeds into many small kinds that mean little.
const NEVER: [&str; 4] = [
    "firmographic__industry__now",
    "firmographic__sector__now",
    "firmographic__state__now",
    "technographic__last_sighting__ever",
];

/// The kinds of the seeds among the rows of a snapshot; `None` where there are too few, or they are all of one kind.
pub(super) fn archetypes(
    trainer: &LineTrainer<'_>,
    today: &Snapshot,
    seeds: &[bool],
    product: usize,
    model: &FittedModel,
    (binning, recipes): (&Binning, &[Recipe]),
) -> Result<Option<Archetypes>, LineError> {
    let rows: Vec<usize> = (0..seeds.len()).filter(|row| seeds[*row]).collect();
    let most = (rows.len() / SEEDS_PER_KIND).min(MOST_KINDS);
    let features = telling_features(model, recipes);
    if most < 2 || features.is_empty() {
        return Ok(None);
    }
    let points = Points { today, binning, features: &features, rows: &rows };
    let records = points.records();
    let name = &trainer.spec.products[product].name;
    let mut best: Option<(f64, Vec<usize>)> = None;
    for kinds in 2..=most {
        let generator = trainer.seed.named("archetypes").named(name).numbered(kinds as u64).generator();
        let dataset = DatasetBase::from(records.clone());
        let divided = KMeans::params_with_rng(kinds, generator).n_runs(5).max_n_iterations(100).fit(&dataset);
        let divided = divided.map_err(|error| LineError::Train {
            model: "fit",
            product: name.clone(),
            source: TrainError::Clustering { fault: error.to_string() },
        })?;
        let kind_of: Vec<usize> = divided.predict(&records).to_vec();
        if let Some(apart) = apart(&records, &kind_of, kinds)
            && best.as_ref().is_none_or(|(most, _)| apart > *most)
        {
            best = Some((apart, kind_of));
        }
    }
    let Some((_, kind_of)) = best else { return Ok(None) };
    let kinds = points.kinds(&kind_of, recipes);
    let archetypes = Archetypes::try_new(features, kinds).map_err(|source| LineError::Train {
        model: "fit",
        product: name.clone(),
        source: source.into(),
    })?;
    Ok(Some(archetypes))
}

/// Size and trade, and what weighs most in fit, of the features that say what kind of company it is; ascending.
fn telling_features(model: &FittedModel, recipes: &[Recipe]) -> Vec<usize> {
    let tells = |feature: usize| {
        let recipe = &recipes[feature];
        matches!(recipe.family, Family::Firmographic | Family::Technographic)
            && !NEVER.contains(&recipe.name.as_str())
    };
    let mut chosen: Vec<usize> =
        model.additive().importance().into_iter().map(|(feature, _)| feature).filter(|f| tells(*f)).collect();
    chosen.truncate(MOST_FEATURES);
    chosen.extend((0..recipes.len()).filter(|feature| ALWAYS.contains(&recipes[*feature].name.as_str())));
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

/// Seeds as points.
struct Points<'a> {
    today: &'a Snapshot,
    binning: &'a Binning,
    features: &'a [usize],
    rows: &'a [usize],
}

impl Points<'_> {
    fn is_level(&self, feature: usize) -> bool {
        self.binning.signature().features()[feature].kind == FeatureKind::Level
    }

    fn n_bins(&self, feature: usize) -> usize {
        self.binning.bins()[feature].n_bins()
    }

    /// A point a row: place and known for numbers, one coordinate a bin for levels.
    fn records(&self) -> Array2<f64> {
        let widths: Vec<usize> = self
            .features
            .iter()
            .map(|feature| if self.is_level(*feature) { self.n_bins(*feature) } else { 2 })
            .collect();
        let mut records = Array2::zeros((self.rows.len(), widths.iter().sum()));
        for (point, row) in self.rows.iter().enumerate() {
            let bins = self.today.binned.row(*row);
            let mut start = 0;
            for (feature, width) in self.features.iter().zip(&widths) {
                let bin = bins[*feature];
                if self.is_level(*feature) {
                    // Two levels are as far apart as the ends of a number.
                    records[[point, start + usize::from(bin)]] = std::f64::consts::FRAC_1_SQRT_2;
                } else {
                    records[[point, start]] = place_of_bin(bin, self.n_bins(*feature)) as f64 / WHOLE as f64;
                    records[[point, start + 1]] = if bin == MISSING_BIN { 0.0 } else { 1.0 };
                }
                start += width;
            }
        }
        records
    }

    /// The middle of some rows along a feature.
    fn middle(&self, feature: usize, rows: &[usize]) -> Middle {
        let bins = rows.iter().map(|row| self.today.binned.row(*row)[feature]);
        let n = i64::try_from(rows.len().max(1)).unwrap_or(i64::MAX);
        if self.is_level(feature) {
            let mut counts: BTreeMap<u8, i64> = BTreeMap::new();
            bins.for_each(|bin| *counts.entry(bin).or_default() += 1);
            let shares = counts
                .into_iter()
                .map(|(bin, count)| (bin, count * WHOLE / n))
                .filter(|(_, share)| *share > 0);
            return Middle::Level { shares: shares.collect() };
        }
        let n_bins = self.n_bins(feature);
        let (mut place, mut known) = (0, 0);
        for bin in bins {
            place += place_of_bin(bin, n_bins);
            known += if bin == MISSING_BIN { 0 } else { WHOLE };
        }
        Middle::Number { place: place / n, known: known / n }
    }

    /// The kinds by their members, the most frequent first.
    fn kinds(&self, kind_of: &[usize], recipes: &[Recipe]) -> Vec<Archetype> {
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (row, kind) in self.rows.iter().zip(kind_of) {
            members.entry(*kind).or_default().push(*row);
        }
        let mut members: Vec<Vec<usize>> = members.into_values().collect();
        members.sort_by_key(|rows| (std::cmp::Reverse(rows.len()), rows[0]));
        let everybody: Vec<usize> = (0..self.today.accounts.len()).collect();
        let usual: Vec<Middle> =
            self.features.iter().map(|feature| self.middle(*feature, &everybody)).collect();
        let mut kinds: Vec<Archetype> = Vec::new();
        for rows in &members {
            let middles: Vec<Middle> =
                self.features.iter().map(|feature| self.middle(*feature, rows)).collect();
            let mut name = format!("{} {}", self.size(rows), self.trade(&middles, recipes));
            // What sets the kind apart from everybody: one trait, and more where another kind has the same name.
            for words in self.traits(&middles, &usual, recipes) {
                name = format!("{name}, {words}");
                if kinds.iter().all(|kind| kind.name != name) {
                    break;
                }
            }
            if kinds.iter().any(|kind| kind.name == name) {
                name = format!("{name} ({})", kinds.len() + 1);
            }
            kinds.push(Archetype { name, seeds: rows.len() as u64, middles });
        }
        kinds
    }

    /// The tier that most members are of.
    fn size(&self, rows: &[usize]) -> String {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for row in rows {
            *counts.entry(self.today.tiers[*row].as_str()).or_default() += 1;
        }
        let most = counts.into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(a.0)));
        most.map_or_else(String::new, |(tier, _)| tier.to_owned())
    }

    /// The trade of half the members or more, or the two that make up half together.
    fn trade(&self, middles: &[Middle], recipes: &[Recipe]) -> String {
        let place = self.features.iter().position(|feature| recipes[*feature].name == ALWAYS[1]);
        let Some((place, Middle::Level { shares })) =
            place.and_then(|place| Some((place, middles.get(place)?)))
        else {
            return "companies".to_owned();
        };
        let mut shares: Vec<(i64, u8)> =
            shares.iter().filter(|(bin, _)| *bin >= FIRST_BIN).map(|(bin, share)| (*share, *bin)).collect();
        shares.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let word = |bin: u8| {
            self.binning.range(self.features[place], bin).map_or_else(String::new, |range| range.to_string())
        };
        match shares[..] {
            [(share, bin), ..] if 2 * share >= WHOLE => word(bin),
            [(first, a), (second, b), ..] if 2 * (first + second) >= WHOLE => {
                format!("{} or {}", word(a), word(b))
            }
            _ => "companies of many trades".to_owned(),
        }
    }

    /// How the kind differs from everybody, most telling first.
    fn traits(&self, middles: &[Middle], usual: &[Middle], recipes: &[Recipe]) -> Vec<String> {
        let mut traits: Vec<(i64, String)> = Vec::new();
        for ((feature, middle), usual) in self.features.iter().zip(middles).zip(usual) {
            let recipe = &recipes[*feature];
            if ALWAYS.contains(&recipe.name.as_str()) {
                continue;
            }
            match (middle, usual) {
                (Middle::Number { place, .. }, Middle::Number { place: of_all, .. }) => {
                    let words = if recipe.unit == Unit::Flag {
                        recipe.sentence(FeatureValue::Number(if place > of_all { 1.0 } else { 0.0 }))
                    } else {
                        format!("{} {}", if place > of_all { "high" } else { "low" }, spoken(&recipe.name))
                    };
                    traits.push(((place - of_all).abs(), words));
                }
                (Middle::Level { shares }, Middle::Level { shares: of_all }) => {
                    let usual = |bin: u8| {
                        of_all.iter().find(|(other, _)| *other == bin).map_or(0, |(_, share)| *share)
                    };
                    let most = shares
                        .iter()
                        .filter(|(bin, _)| *bin >= FIRST_BIN)
                        .max_by_key(|(bin, share)| share - usual(*bin));
                    if let Some((bin, share)) = most
                        && let Some(range) = self.binning.range(*feature, *bin)
                    {
                        traits.push((
                            share - usual(*bin),
                            recipe.sentence(FeatureValue::Level(&range.to_string())),
                        ));
                    }
                }
                _ => {}
            }
        }
        traits.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        traits.into_iter().map(|(_, words)| words).collect()
    }
}

/// What a feature is about, out of its name: `cloud platform` of `technographic__cloud_platform__now`.
fn spoken(name: &str) -> String {
    name.split("__").nth(1).unwrap_or(name).replace('_', " ")
}

/// Spread between kinds over spread within, each by its degrees of freedom; `None` where a kind is too small.
fn apart(records: &Array2<f64>, kind_of: &[usize], kinds: usize) -> Option<f64> {
    let mut sums = Array2::<f64>::zeros((kinds, records.ncols()));
    let mut counts = vec![0_u64; kinds];
    for (record, kind) in records.rows().into_iter().zip(kind_of) {
        sums.row_mut(*kind).scaled_add(1.0, &record);
        counts[*kind] += 1;
    }
    if counts.iter().any(|count| *count < MIN_SEEDS) {
        return None;
    }
    let whole = records.mean_axis(ndarray::Axis(0))?;
    let squared = |a: f64, b: f64| (a - b) * (a - b);
    let (mut between, mut within) = (0.0, 0.0);
    for (kind, count) in counts.iter().enumerate() {
        let n = *count as f64;
        between +=
            n * sums.row(kind).iter().zip(&whole).map(|(sum, mean)| squared(sum / n, *mean)).sum::<f64>();
    }
    for (record, kind) in records.rows().into_iter().zip(kind_of) {
        let n = counts[*kind] as f64;
        within +=
            record.iter().zip(sums.row(*kind)).map(|(value, sum)| squared(*value, sum / n)).sum::<f64>();
    }
    let (n, k) = (records.nrows() as f64, kinds as f64);
    (within > 0.0).then(|| between / (k - 1.0) / (within / (n - k)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_between_over_spread_within_by_hand() {
        // Kinds of five at 0 and at 10, each with members one step away: between 10 * 25, within 4.
        let values = [0.0, 0.0, 0.0, -1.0, 1.0, 10.0, 10.0, 10.0, 9.0, 11.0];
        let records = Array2::from_shape_fn((10, 1), |(row, _)| values[row]);
        let kinds = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1];
        assert_eq!(apart(&records, &kinds, 2), Some(250.0 / (4.0 / 8.0)));
        let mut uneven = kinds;
        uneven[4] = 1;
        assert_eq!(apart(&records, &uneven, 2), None);
    }

    #[test]
    fn a_feature_is_spoken_of_by_what_it_is_about() {
        assert_eq!(spoken("technographic__cloud_platform__now"), "cloud platform");
    }
}
