//! Growing all tables of a bag by empirical Bayes: a second way, beside small trees.
//!
//! Boosting decides step by step what is chance and stops all tables at once. Here a table is a sum of parts ([`Term`]): cuts of a
//! number, levels, cuts within a level. The size of a part is taken to be drawn from a normal distribution around 0, of a variance
//! that all parts of a family share, and the variances are those under which the outcomes are likeliest. So what a
//! column says is shrunk by how much that column has to say, and columns of chance end at 0 (automatic relevance determination:
//! `MacKay` 1992, <https://doi.org/10.1162/neco.1992.4.3.415>; variances of penalised splines by likelihood: Wood 2011,
//! <https://doi.org/10.1111/j.1467-9868.2010.00749.x>).
//!
//! The two ways err differently, so the mean of both ranks better than either (see [`halves`](super::halves)).

mod cholesky;
mod equations;
mod term;

use std::collections::BTreeSet;

use self::cholesky::Cholesky;
use self::equations::{Equations, Expansion, slopes};
use self::term::{Part, Source, Term, terms};
use super::boosting::{Booster, whole_steps};
use super::histogram::Tables;
use super::passes::Block;
use super::set::TrainingSet;
use super::trees::Grid;
use crate::models::{ModelError, Trend};
use crate::parallelism::Parallelism;
use crate::quantity::LogOdds;

/// Outcomes of the rarer kind for each column, from which chance plays so small a part that boosting alone does as well.
const MOST_OUTCOMES: usize = 1000;
/// Most columns: time grows with the third power of the number of parts, some six a column.
const MOST_COLUMNS: usize = 500;
/// The variance of every family before anything is learned, in log-odds squared.
const FIRST_VARIANCE: f64 = 0.0025;
/// Least and most of a variance.
const VARIANCES: [f64; 2] = [1e-7, 4.0];
/// How often variances are learned with all terms, and then with those that are left.
const LOOKS: [usize; 2] = [4, 8];
/// Newton steps to the likeliest sizes.
const STEPS: usize = 3;
/// Parts of a term that count, from which on it is kept.
const LEAST_HEARD: f64 = 0.1;
/// Size of a part of many tables' family from which on its table is kept, in log-odds.
const LEAST_SIZE: f64 = 0.02;
/// A step is shortened where it overshoots by more than this share.
const OVERSHOOT: f64 = 0.3;

/// What tables are made of, and how much each part is shrunk.
#[derive(Clone, Debug)]
pub(super) struct Shrinkage {
    terms: Vec<Term>,
    /// By family.
    variances: Vec<f64>,
    /// How many rows one outcome is in.
    repeats: f64,
}

/// The sizes of all parts and the step of the base, in log-odds.
#[derive(Clone, Debug)]
struct Sizes {
    of_parts: Vec<f64>,
    of_base: f64,
}

impl Sizes {
    fn moved(&self, by: &Self, share: f64) -> Self {
        let of_parts = self.of_parts.iter().zip(&by.of_parts).map(|(size, by)| size + share * by).collect();
        Self { of_parts, of_base: self.of_base + share * by.of_base }
    }
}

/// The rows of a bag, the grids they are laid on, the tables that growth begins from, and those that say how sure each row is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ground<'a> {
    pub(super) block: &'a Block,
    pub(super) grids: &'a [Grid],
    pub(super) start: &'a Tables,
    pub(super) grown: &'a Tables,
}

/// Whether so few outcomes are in a set that chance plays a part, and not so many columns that their equations would take longer
/// than all else.
pub(super) fn is_of_use(booster: &Booster<'_>) -> bool {
    let n_columns = booster.columns().len();
    n_columns <= MOST_COLUMNS && booster.set().rarer_outcomes() < MOST_OUTCOMES * n_columns
}

impl Shrinkage {
    /// Learns of the rows of one bag how much each part is shrunk.
    pub(super) fn learn(
        booster: &Booster<'_>,
        ground: Ground<'_>,
        parallelism: &Parallelism,
    ) -> Result<Self, ModelError> {
        let (mut terms, n_families) = terms(booster, ground.grids)?;
        let repeats = repeats(booster.set());
        let mut variances = vec![FIRST_VARIANCE; n_families];
        let mut grown = ground.grown.clone();
        for looks in LOOKS {
            let ground = Ground { grown: &grown, ..ground };
            let mut climb = Climb::new(booster, ground, &terms, repeats, parallelism);
            let mut heard = vec![0.0; n_families];
            for look in 0..looks {
                let precisions = precisions(&terms, &variances);
                let Some(factor) = climb.factor(&precisions) else { break };
                if look == 0 {
                    climb.begin(&factor);
                }
                climb.go(&factor, &precisions);
                heard = hear(&terms, &mut variances, &climb.sizes, &factor);
            }
            let (tables, sizes) = (climb.tables(&climb.sizes), climb.sizes);
            grown = tables;
            leave_out_unheard(&mut terms, &sizes, &heard);
        }
        Ok(Self { terms, variances, repeats })
    }

    /// The tables of a bag: the likeliest sizes of the parts.
    pub(super) fn tables(
        &self,
        booster: &Booster<'_>,
        ground: Ground<'_>,
        parallelism: &Parallelism,
    ) -> Tables {
        let mut climb = Climb::new(booster, ground, &self.terms, self.repeats, parallelism);
        let precisions = precisions(&self.terms, &self.variances);
        if let Some(factor) = climb.factor(&precisions) {
            climb.begin(&factor);
            climb.go(&factor, &precisions);
        }
        climb.tables(&climb.sizes)
    }
}

/// One over the variance of every part.
fn precisions(terms: &[Term], variances: &[f64]) -> Vec<f64> {
    terms.iter().flat_map(|term| &term.parts).map(|part| 1.0 / variances[part.family.0]).collect()
}

/// Takes the variances under which the outcomes are likelier, and tells how many parts of each family are heard.
///
/// With sizes `b` and posterior variances `v` of the `m` parts of a family of variance `s`: `m - sum(v) / s` are heard, and the
/// new variance is `sum(b^2)` over that.
fn hear(terms: &[Term], variances: &mut [f64], sizes: &Sizes, factor: &Cholesky) -> Vec<f64> {
    let mut of_families = vec![(0.0, 0.0, 0.0); variances.len()];
    let parts = terms.iter().flat_map(|term| &term.parts);
    for ((part, size), posterior) in parts.zip(&sizes.of_parts).zip(factor.inverse_diagonal()) {
        let (count, squares, posteriors) = &mut of_families[part.family.0];
        *count += 1.0;
        *squares += size * size;
        *posteriors += posterior;
    }
    let of_family = |(variance, (count, squares, posteriors)): (&mut f64, (f64, f64, f64))| {
        let heard = (count - posteriors / *variance).max(1e-9);
        *variance = (squares / heard).clamp(VARIANCES[0], VARIANCES[1]);
        heard
    };
    variances.iter_mut().zip(of_families).map(of_family).collect()
}

/// Leaves out terms that have nothing to say.
fn leave_out_unheard(terms: &mut Vec<Term>, sizes: &Sizes, heard: &[f64]) {
    let mut sizes = sizes.of_parts.iter();
    terms.retain(|term| {
        let speaks = |(part, size): (&Part, &f64)| {
            if part.family.is_own() { heard[part.family.0] > LEAST_HEARD } else { size.abs() > LEAST_SIZE }
        };
        // All sizes of the term are passed, whether or not one has spoken.
        term.parts.iter().zip(sizes.by_ref()).filter(|of_part| speaks(*of_part)).count() > 0
    });
}

/// Rows of the rarer outcome for each group that has it: the same outcome may be asked about on several dates.
fn repeats(set: &TrainingSet<'_>) -> f64 {
    let rows = set.rows();
    let positives = rows.labels.iter().filter(|label| **label).count();
    let rarer = positives <= rows.labels.len() - positives;
    let of_rarer = rows.labels.iter().zip(rows.groups).filter(|(label, _)| **label == rarer);
    let groups: BTreeSet<u64> = of_rarer.map(|(_, group)| *group).collect();
    set.rarer_outcomes() as f64 / groups.len().max(1) as f64
}

/// The way to the likeliest sizes of parts.
struct Climb<'a> {
    booster: &'a Booster<'a>,
    block: &'a Block,
    grids: &'a [Grid],
    terms: &'a [Term],
    /// The tables that growth begins from; columns with a trend are as they were boosted.
    start: Tables,
    repeats: f64,
    equations: Equations,
    sizes: Sizes,
    parallelism: &'a Parallelism,
}

impl<'a> Climb<'a> {
    fn new(
        booster: &'a Booster<'a>,
        Ground { block, grids, start, grown }: Ground<'a>,
        terms: &'a [Term],
        repeats: f64,
        parallelism: &'a Parallelism,
    ) -> Self {
        let mut start = start.clone();
        for (column, trend) in booster.columns().trends().iter().enumerate() {
            if *trend != Trend::Free {
                start.weights[column] = grown.weights[column];
            }
        }
        let at = Expansion::new(booster, &block.tiles, (&start, grown), parallelism);
        let equations = Equations::new(booster, terms, &block.tiles, &at, parallelism);
        let sizes = Sizes { of_parts: vec![0.0; equations.with_base.len()], of_base: 0.0 };
        Self { booster, block, grids, terms, start, repeats, equations, sizes, parallelism }
    }

    /// The factor of the normal equations with these precisions; none where they cannot be solved.
    fn factor(&self, precisions: &[f64]) -> Option<Cholesky> {
        let mut rows = self.equations.shared.clone();
        for (row, precision) in rows.iter_mut().zip(precisions) {
            for entry in row.iter_mut() {
                *entry /= self.repeats;
            }
            if let Some(diagonal) = row.last_mut() {
                *diagonal += precision;
            }
        }
        Cholesky::new(rows)
    }

    /// To where the loss would be least, were it what it is near the grown tables.
    fn begin(&mut self, factor: &Cholesky) {
        let Equations { pulls, pull_of_base, .. } = &self.equations;
        let of_parts = pulls.iter().map(|pull| pull / self.repeats).collect();
        self.sizes = self.step(factor, &Sizes { of_parts, of_base: pull_of_base / self.repeats });
    }

    /// Newton steps, each shortened where it overshoots.
    fn go(&mut self, factor: &Cholesky, precisions: &[f64]) {
        let mut slope = self.slope(&self.sizes, precisions);
        for _ in 0..STEPS {
            let step = self.step(factor, &slope);
            let along = |slope: &Sizes| {
                let of_parts = slope.of_parts.iter().zip(&step.of_parts).map(|(slope, step)| slope * step);
                of_parts.sum::<f64>() + slope.of_base * step.of_base
            };
            let before = along(&slope);
            let mut moved = self.sizes.moved(&step, 1.0);
            slope = self.slope(&moved, precisions);
            let after = along(&slope);
            if after < -OVERSHOOT * before {
                moved = self.sizes.moved(&step, before / (before - after));
                slope = self.slope(&moved, precisions);
            }
            self.sizes = moved;
        }
    }

    /// How the likelihood rises with each size.
    fn slope(&self, sizes: &Sizes, precisions: &[f64]) -> Sizes {
        let tables = self.tables(sizes);
        let histogram = self.booster.histogram(&tables, self.block, self.grids, self.parallelism);
        let of_rows = slopes(self.booster, self.terms, &histogram).into_iter();
        let of_parts = of_rows.zip(precisions).zip(&sizes.of_parts);
        let of_parts =
            of_parts.map(|((falls, precision), size)| -falls / self.repeats - precision * size).collect();
        let whole = histogram.column(0, self.booster.largest_weight()).map(|(first, _)| first).sum::<f64>();
        Sizes { of_parts, of_base: -whole / self.repeats }
    }

    /// The Newton step up a slope, of parts and base together.
    fn step(&self, factor: &Cholesky, slope: &Sizes) -> Sizes {
        let Equations { with_base, of_base, .. } = &self.equations;
        let rate = slope.of_base / of_base.max(f64::MIN_POSITIVE);
        let towards = slope.of_parts.iter().zip(with_base).map(|(slope, shared)| slope - shared * rate);
        let of_parts = factor.solve(towards.collect());
        let taken: f64 = of_parts.iter().zip(with_base).map(|(step, shared)| step * shared).sum();
        let of_base = rate * self.repeats - taken / of_base.max(f64::MIN_POSITIVE);
        Sizes { of_parts, of_base }
    }

    /// The tables with parts of these sizes.
    fn tables(&self, sizes: &Sizes) -> Tables {
        let mut tables = self.start.clone();
        let mut sizes_left = sizes.of_parts.iter();
        for term in self.terms {
            let mut of_places = vec![0.0; term.n_places];
            for (part, size) in term.parts.iter().zip(sizes_left.by_ref()) {
                part.places.iter().for_each(|place| of_places[usize::from(*place)] += size);
            }
            let table = match term.source {
                Source::Column(column) => &mut tables.weights[column][..],
                Source::Grid(grid) => &mut tables.joint[grid][..],
            };
            for (entry, place) in table.iter_mut().zip(&term.places) {
                *entry += whole_steps(of_places[usize::from(*place)]);
            }
        }
        tables.base += (sizes.of_base * LogOdds::STEPS as f64).round() as i64;
        tables
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;
    use crate::training::bag::BagRows;
    use crate::training::columns::Columns;
    use crate::training::made_rows::MadeRows;
    use crate::training::step::StepLimits;
    use crate::training::{AdditiveParams, TrainingRows};

    const ROWS: usize = 12_000;
    const LIMITS: StepLimits =
        StepLimits { leaves: 4, l2: 2.0, min_hessian: 2.0, min_gain: 0.0, level_smoothing: 5.0 };

    fn noise(row: usize, column: u64) -> f32 {
        (Seed::new(column).uniform(&row.to_le_bytes()) * 20.0).floor() as f32
    }

    /// The log-odds rise from -1 to 1 from the lowest to the highest value of the first column; twenty others say nothing.
    fn log_odds(row: usize) -> f64 {
        f64::from(noise(row, 0)) / 19.0 * 2.0 - 1.0
    }

    /// Tables that are learned of the rows, from the rate alone.
    fn tables(rows: TrainingRows<'_>, parallelism: &Parallelism) -> Tables {
        let set = TrainingSet::try_new(rows).unwrap();
        let (columns, params) = (Columns::new(&set), AdditiveParams::default());
        let booster = Booster::new(&set, &columns, &params, LIMITS);
        let all: Vec<usize> = (0..set.n_rows()).collect();
        let start = booster.rate_alone(&BagRows { fit: all.clone(), ..BagRows::default() });
        let block = booster.one_block(&all, &[]);
        let ground = Ground { block: &block, grids: &[], start: &start, grown: &start };
        let shrinkage = Shrinkage::learn(&booster, ground, parallelism).unwrap();
        shrinkage.tables(&booster, ground, parallelism)
    }

    /// How far a table is from its lowest to its highest entry, in log-odds.
    fn range(table: &[i32]) -> f64 {
        let known = &table[2..22];
        let (low, high) = (known.iter().min().unwrap(), known.iter().max().unwrap());
        f64::from(high - low) / LogOdds::STEPS as f64
    }

    #[test]
    fn what_a_column_says_is_learned_and_chance_is_not() {
        let names: Vec<String> = (0..21).map(|column| format!("column_{column:02}")).collect();
        let of_rows: Vec<_> = (0..21).map(|column| move |row: usize| noise(row, column)).collect();
        let columns: Vec<(&str, &dyn Fn(usize) -> f32)> = names
            .iter()
            .zip(&of_rows)
            .map(|(name, of_row)| (name.as_str(), of_row as &dyn Fn(usize) -> f32))
            .collect();
        let made = MadeRows::new(ROWS, &columns);
        let labels = made.drawn(100, |row| 1.0 / (1.0 + libm::exp(-log_odds(row))));
        let learned = tables(made.rows(&labels), &Parallelism::serial());
        // Ten places of two values each: the ends are the means of two, known to within .1 each.
        assert!((range(&learned.weights[0]) - 1.9).abs() < 0.2, "{}", range(&learned.weights[0]));
        let of_noise: Vec<f64> = learned.weights[1..].iter().map(|table| range(table)).collect();
        // By chance alone, the mean of a tenth of the rows is .06 from that of the others, and the range of ten some .2.
        assert!(of_noise.iter().sum::<f64>() / 20.0 < 0.03, "{of_noise:?}");
        let threads = Parallelism::threads(std::num::NonZeroUsize::new(3).unwrap()).unwrap();
        let again = tables(made.rows(&labels), &threads);
        assert_eq!((again.base, again.weights), (learned.base, learned.weights));
    }

    #[test]
    fn outcomes_that_are_asked_about_twice_count_once() {
        let made = MadeRows::new(400, &[("size", &|row| (row % 7) as f32)]);
        let labels: Vec<bool> = (0..400).map(|row| row % 100 < 10).collect();
        let set = TrainingSet::try_new(made.rows(&labels)).unwrap();
        assert_eq!(repeats(&set), 1.0);
        // A company every two rows.
        let groups: Vec<u64> = (0..400).map(|row| row / 2).collect();
        let set = TrainingSet::try_new(TrainingRows { groups: &groups, ..made.rows(&labels) }).unwrap();
        assert_eq!(repeats(&set), 2.0);
    }
}
