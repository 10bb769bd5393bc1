//! Where tables begin: at the rate of the rows, and at a prior as far as the rows bear it out.
//!
//! Few rows have the outcome that is asked about; more may have one that is alike. Tables that were fitted on those are taken
//! over with one factor, and growth corrects them from there (as offsets and warm starts do in other boosters).

use std::collections::BTreeSet;

use super::bag::BagRows;
use super::boosting::Booster;
use super::error::SetFault;
use super::histogram::Tables;
use super::trees::Grid;
use crate::models::{AdditiveModel, Binning, FIRST_BIN, FeatureTable, JointTable, Places, Trend};
use crate::quantity::LogOdds;

/// Newton steps towards the base and the factor: ten times what they need.
const STEPS: usize = 20;
/// Most of a Newton step, in log-odds.
const MOST: f64 = 2.0;
/// The part that is taken over of what the rows bear out: the prior tells of that too what columns say that it does not know.
const TAKEN: f64 = 0.7;

/// What keeps a model from being the prior of rows of this binning, with these trends.
pub(super) fn faults(prior: &AdditiveModel, binning: &Binning, trends: Option<&[Trend]>) -> Vec<SetFault> {
    let features = binning.signature().features();
    let keeps = |weights: &[i32], trend| match trend {
        Trend::Free => true,
        Trend::Rising => weights.is_sorted(),
        Trend::Falling => weights.is_sorted_by(|a, b| a >= b),
    };
    let is_sound = |feature: usize, weights: &[i32]| {
        let trend = trends.map_or(Trend::Free, |trends| trends[feature]);
        weights.len() == binning.bins()[feature].n_bins() && keeps(&weights[usize::from(FIRST_BIN)..], trend)
    };
    let alone = prior
        .tables()
        .iter()
        .filter(|table| table.feature() >= features.len() || !is_sound(table.feature(), table.weights()))
        .map(FeatureTable::feature);
    let fits = |(feature, places): &(&usize, &Places)| {
        binning.bins().get(**feature).is_some_and(|bins| bins.n_bins() == places.n_bins())
    };
    let together = prior.joint().iter().flat_map(|table| table.features().iter().zip(table.places()));
    let together = together.filter(|of_table| !fits(of_table)).map(|(feature, _)| *feature);
    let found: BTreeSet<usize> = alone.chain(together).collect();
    let fault = |feature: usize| SetFault::Prior {
        feature: features
            .get(feature)
            .map_or_else(|| format!("{feature} of {}", features.len()), |feature| feature.name.clone()),
    };
    found.into_iter().map(fault).collect()
}

impl Booster<'_> {
    /// The grids of the prior's tables over two columns without a trend.
    pub(super) fn prior_grids(&self) -> Vec<Grid> {
        let joint = self.set().prior().map_or(&[][..], AdditiveModel::joint);
        let columns = self.columns();
        let grid = |table: &JointTable| {
            let column = |feature| columns.features().binary_search(feature).ok();
            let of_table: Option<Vec<usize>> = table.features().iter().map(column).collect();
            let is_free = |column: &usize| columns.trends()[*column] == Trend::Free;
            of_table
                .filter(|of_table| of_table.len() == 2 && of_table.iter().all(is_free))
                .map(|columns| Grid { columns, places: table.places().to_vec() })
        };
        joint.iter().filter_map(grid).collect()
    }

    /// Tables that growth begins from: the rate of the rows to be fitted, and the prior as far as they bear it out.
    ///
    /// With the sum `s` of a row's entries in the prior, `base + factor * s` is the logistic regression of the outcome on
    /// `s`, found by Newton's method in sums of whole numbers; 0.7 of the factor is taken, and the factor is 0 to 1. Of the prior's
    /// tables over two columns, those over the given grids are taken over.
    pub(super) fn start(&self, rows: &BagRows, grids: &[Grid]) -> Tables {
        let joint = grids.iter().map(|grid| vec![0; grid.n_cells()]).collect();
        let rate_alone = Tables { joint, ..self.rate_alone(rows) };
        let Some(prior) = self.set().prior() else { return rate_alone };
        let mut start = Tables { base: 0, ..rate_alone.clone() };
        for table in prior.tables() {
            if let Ok(column) = self.columns().features().binary_search(&table.feature()) {
                start.weights[column][..table.weights().len()].copy_from_slice(table.weights());
            }
        }
        for (grid, table) in grids.iter().zip(&mut start.joint) {
            let features = grid.columns.iter().map(|column| self.columns().features()[*column]);
            let held = prior.joint().iter().find(|held| features.clone().eq(held.features().iter().copied()));
            if let Some(held) = held {
                table.copy_from_slice(held.weights());
            }
        }
        let said: Vec<i64> =
            rows.fit.iter().map(|row| self.columns().margin(&start, grids, *row).steps()).collect();
        let (mut base, mut factor) = (rate_alone.base as f64, 0.0);
        for _ in 0..STEPS {
            let (towards_base, towards_factor) = self.newton(&rows.fit, &said, base, factor);
            base += towards_base.clamp(-MOST, MOST) * LogOdds::STEPS as f64;
            factor += towards_factor.clamp(-MOST, MOST);
        }
        if factor <= 0.0 {
            return rate_alone;
        }
        let factor = TAKEN * factor.min(1.0);
        for weight in start.weights.as_flattened_mut().iter_mut().chain(start.joint.iter_mut().flatten()) {
            *weight = (f64::from(*weight) * factor).round() as i32;
        }
        Tables { base: base.round() as i64, ..start }
    }

    /// The Newton step of base, in log-odds, and factor.
    fn newton(&self, rows: &[usize], said: &[i64], base: f64, factor: f64) -> (f64, f64) {
        let (mut g, mut gs, mut h, mut hs, mut hss) = (0_i128, 0_i128, 0_i128, 0_i128, 0_i128);
        for (row, said) in rows.iter().zip(said) {
            let gradient = self.gradient((base + factor * *said as f64).round() as i64, *row);
            let (first, second, said) =
                (i128::from(gradient.first), i128::from(gradient.second), i128::from(*said));
            g += first;
            gs += first * said;
            h += second;
            hs += second * said;
            hss += second * said * said;
        }
        let unit = LogOdds::STEPS as f64;
        let (g, gs, h, hs, hss) =
            (g as f64, gs as f64 / unit, h as f64, hs as f64 / unit, hss as f64 / unit / unit);
        let determinant = h * hss - hs * hs;
        if determinant <= 1e-9 * h * hss {
            return (0.0, 0.0);
        }
        (-(hss * g - hs * gs) / determinant, -(h * gs - hs * g) / determinant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{FittedJoint, FittedModel, Scorer};
    use crate::parallelism::Parallelism;
    use crate::seed::Seed;
    use crate::training::made_rows::MadeRows;
    use crate::training::{AdditiveParams, TrainError, TrainingSet};

    const ROWS: usize = 6000;

    /// Companies of 20 sizes and 7 sectors: many own what is liked by the large, few buy it.
    struct World {
        made: MadeRows,
        owned: Vec<bool>,
        bought: Vec<bool>,
    }

    fn size(row: usize) -> f64 {
        (row % 20) as f64 / 20.0
    }

    impl World {
        fn new() -> Self {
            let made = MadeRows::new(
                ROWS,
                &[("size", &|row| size(row) as f32), ("sector", &|row| (row % 7) as f32)],
            );
            let owned = made.drawn(1, |row| 0.6 * size(row));
            let bought = made.drawn(2, |row| 0.04 * size(row));
            Self { made, owned, bought }
        }

        fn set<'a>(&'a self, labels: &'a [bool]) -> TrainingSet<'a> {
            TrainingSet::try_new(self.made.rows(labels)).unwrap()
        }

        /// How far a model is from the true chances, by the mean of the squared differences.
        fn error(&self, model: &FittedModel, rate: impl Fn(f64) -> f64) -> f64 {
            let differs = |row: usize| {
                let margin = model.margin(self.made.binned.row(row));
                (model.scored_at(margin).probability.value() - rate(size(row))).powi(2)
            };
            (0..ROWS).map(differs).sum::<f64>() / ROWS as f64
        }
    }

    fn fitted(set: &TrainingSet<'_>, params: AdditiveParams) -> FittedModel {
        params.fit(set, Seed::new(0), &Parallelism::serial()).unwrap().model
    }

    #[test]
    fn what_owners_look_like_helps_where_few_buy() {
        let world = World::new();
        let owners = fitted(&world.set(&world.owned), AdditiveParams::default());
        let rate = |size: f64| 0.04 * size;
        for params in [AdditiveParams::default(), AdditiveParams::with_joint_tables()] {
            let alone = fitted(&world.set(&world.bought), params);
            let set = world.set(&world.bought).with_prior(owners.additive()).unwrap();
            let begun = fitted(&set, params);
            let (alone, begun) = (world.error(&alone, rate), world.error(&begun, rate));
            assert!(begun < 0.8 * alone, "{begun} instead of {alone}");
        }
    }

    #[test]
    fn a_prior_that_says_the_opposite_is_left_where_it_is() {
        let world = World::new();
        let others: Vec<bool> = world.owned.iter().map(|owned| !owned).collect();
        let opposite = fitted(&world.set(&others), AdditiveParams::default());
        let set = world.set(&world.bought).with_prior(opposite.additive()).unwrap();
        let params = AdditiveParams::default();
        assert_eq!(fitted(&set, params), fitted(&world.set(&world.bought), params));
    }

    #[test]
    fn a_prior_of_other_bins_or_against_a_trend_is_refused() {
        let world = World::new();
        let owners = fitted(&world.set(&world.owned), AdditiveParams::default());
        let falling = [Trend::Falling, Trend::Free];
        let set = world.set(&world.bought).with_trends(&falling).unwrap();
        let fault = |feature: &str| SetFault::Prior { feature: feature.to_owned() };
        let Err(TrainError::Set { faults }) = set.with_prior(owners.additive()) else { panic!("accepted") };
        assert_eq!(faults, [fault("size")]);
        let set = world.set(&world.bought).with_prior(owners.additive()).unwrap();
        let Err(TrainError::Set { faults }) = set.with_trends(&falling) else { panic!("accepted") };
        assert_eq!(faults, [fault("size")]);
        let tables = vec![(0, vec![0, 0, 0, 4000, 0]), (7, vec![0, 0, 0, 4000, 0])];
        let population: Vec<Vec<u64>> = vec![vec![1; 5]; 8];
        let foreign = AdditiveModel::centred(LogOdds::ZERO, tables, &population).unwrap();
        let refused = world.set(&world.bought).with_prior(&foreign);
        let Err(TrainError::Set { faults }) = refused else { panic!("accepted") };
        assert_eq!(faults, [fault("size"), fault("7 of 2")]);
        let places = Places::try_new(vec![0, 1, 2]).unwrap();
        let pair = FittedJoint {
            features: vec![1, 2],
            places: vec![places; 2],
            weights: vec![4000, 0, -4000, 0, 0, 0, -4000, 0, 4000],
            population: vec![1; 9],
        };
        let alone = vec![(1, vec![0; 3]), (2, vec![0; 3])];
        let foreign =
            AdditiveModel::purified(LogOdds::ZERO, alone, vec![pair], &vec![vec![1; 3]; 3]).unwrap();
        assert!(foreign.tables().is_empty() && foreign.joint().len() == 1);
        let refused = world.set(&world.bought).with_prior(&foreign);
        let Err(TrainError::Set { faults }) = refused else { panic!("accepted") };
        assert_eq!(faults, [fault("sector"), fault("2 of 2")]);
    }
}
