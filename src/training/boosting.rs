//! Boosting of main effects, one bag at a time.
//!
//! In each round one pass over rows builds the histograms of all features on one gradient; every feature then
//! proposes a small step, and all steps are taken together, as far as the curvature along their sum allows.
//! Friedman (2001, <https://doi.org/10.1214/aos/1013203451>); main effects as in Lou, Caruana and Gehrke
//! (2012, <https://doi.org/10.1145/2339530.2339556>).

use super::columns::{Columns, Tile};
use super::histogram::{Gradient, Histogram, LogisticTable, Tables, UNIT};
use super::params::AdditiveParams;
use super::set::TrainingSet;
use super::step::{StepLimits, step};
use crate::quantity::LogOdds;
use crate::seed::{Seed, hash_bytes};

/// A look at the stopping rows counts when it lowers their loss by one part in this many.
pub(super) const LEAST_GAIN: i128 = 20_000;
/// Rounds between two looks at the rows that say when to stop.
pub(super) const CHECK_EVERY: usize = 4;
/// Rows on which the length of a joint step is found.
const PROBE_ROWS: usize = 8192;
/// Largest weight of a table: 16 in log-odds.
const MOST: i32 = 16 << 20;

/// The rows of one bag, by what they are used for.
#[derive(Clone, Debug, Default)]
pub(super) struct BagRows {
    /// Tables are fitted on these.
    pub(super) fit: Vec<usize>,
    /// These say when to stop.
    pub(super) stop: Vec<usize>,
    /// These are used for neither, and so show how good the tables are.
    pub(super) judge: Vec<usize>,
}

/// What one bag has learned.
#[derive(Clone, Debug)]
pub(super) struct Bag {
    pub(super) tables: Tables,
    /// Rounds that were kept.
    pub(super) rounds: usize,
    /// The margins of the rows that the bag was not shown.
    pub(super) judged: Vec<LogOdds>,
}

/// Rows that take part in the same rounds.
struct Block {
    tiles: Vec<Tile>,
    /// Those on which the length of a joint step is found.
    probe: Vec<Tile>,
}

/// What all bags have in common.
#[derive(Debug)]
pub(super) struct Booster<'a> {
    set: &'a TrainingSet<'a>,
    columns: &'a Columns<'a>,
    params: &'a AdditiveParams,
    limits: StepLimits,
    largest_weight: f64,
    logistic: LogisticTable,
}

impl<'a> Booster<'a> {
    pub(super) fn new(
        set: &'a TrainingSet<'a>,
        columns: &'a Columns<'a>,
        params: &'a AdditiveParams,
        limits: StepLimits,
    ) -> Self {
        let largest_weight = (0..set.n_rows()).map(|row| set.weight(row)).fold(f64::MIN_POSITIVE, f64::max);
        Self { set, columns, params, limits, largest_weight, logistic: LogisticTable::new() }
    }

    pub(super) const fn set(&self) -> &'a TrainingSet<'a> {
        self.set
    }

    pub(super) const fn columns(&self) -> &'a Columns<'a> {
        self.columns
    }

    pub(super) const fn params(&self) -> &'a AdditiveParams {
        self.params
    }

    pub(super) const fn limits(&self) -> StepLimits {
        self.limits
    }

    /// One unit of a sum of gradients, in rows of weight 1.
    pub(super) fn unit(&self) -> f64 {
        self.largest_weight / UNIT
    }

    /// How far each of the given columns alone would lower the loss of all rows.
    pub(super) fn heard(&self, columns: &[usize]) -> Vec<f64> {
        let all = BagRows { fit: (0..self.set.n_rows()).collect(), ..BagRows::default() };
        let start = self.rate_alone(&all);
        let mut histogram = Histogram::new(self.columns.len());
        for tile in self.columns.tiles(&all.fit) {
            let gradients: Vec<Gradient> =
                tile.rows.iter().map(|row| self.gradient(start.base, *row)).collect();
            histogram.add_tile(&tile, &gradients);
        }
        histogram.flush();
        let worth = |(g, h): (f64, f64)| g * g / (h + self.limits.l2 + 1e-9);
        let of_column = |column: &usize| histogram.column(*column, self.largest_weight).map(worth).sum();
        columns.iter().map(of_column).collect()
    }

    /// Tables that give every row the rate of the rows to be fitted.
    pub(super) fn rate_alone(&self, rows: &BagRows) -> Tables {
        let mut fitted = vec![false; self.set.n_rows()];
        rows.fit.iter().for_each(|&row| fitted[row] = true);
        let rate = self.set.base_rate(|row| fitted[row]).clamp(1e-9, 1.0 - 1e-9);
        let start = LogOdds::try_from(libm::log(rate / (1.0 - rate))).unwrap_or(LogOdds::ZERO);
        Tables::new(start, self.columns.len())
    }

    /// Grows tables of all columns until the stopping rows see no improvement.
    pub(super) fn grow(&self, rows: &BagRows, seed: Seed) -> Bag {
        let (tables, rounds) = self.run(rows, seed);
        let judged = rows.judge.iter().map(|&row| self.columns.margin(&tables, &[], row)).collect();
        Bag { tables, rounds, judged }
    }

    fn run(&self, rows: &BagRows, seed: Seed) -> (Tables, usize) {
        let mut tables = self.rate_alone(rows);
        if self.columns.len() == 0 {
            return (tables, 0);
        }
        let blocks = self.blocks(&rows.fit, seed);
        let stop = self.columns.tiles(&rows.stop);
        let mut histogram = Histogram::new(self.columns.len());
        let mut best = (self.loss(&tables, &stop), 0, tables.clone());
        for round in 1..=self.params.rounds {
            let block = &blocks[round % blocks.len()];
            self.fill(&mut histogram, &tables, block);
            let steps = self.steps(&histogram);
            let rate = self.params.learning_rate * self.reach(&tables, &steps, block);
            apply(&mut tables, &steps, rate);
            tables.base += self.base_step(&histogram);
            if round % CHECK_EVERY == 0 {
                let loss = self.loss(&tables, &stop);
                // What is gained in smaller steps than these is not worth the wait.
                if loss < best.0 - best.0 / LEAST_GAIN {
                    best = (loss, round, tables.clone());
                } else if round >= best.1 + self.params.patience {
                    break;
                }
            }
        }
        (best.2, best.1)
    }

    /// Deals rows into blocks by the hash of their groups, so that the order of rows does not matter.
    fn blocks(&self, rows: &[usize], seed: Seed) -> Vec<Block> {
        let n_blocks = rows.len().div_ceil(self.params.rows_per_round).max(1);
        let probes = (rows.len() / n_blocks / PROBE_ROWS).max(1) as u64;
        let mut parts: Vec<(Vec<usize>, Vec<usize>)> = vec![(Vec::new(), Vec::new()); n_blocks];
        for &row in rows {
            let hash = hash_bytes(seed.value(), &self.set.rows().groups[row].to_le_bytes());
            let (all, probe) = &mut parts[(hash % n_blocks as u64) as usize];
            all.push(row);
            if (hash >> 32).is_multiple_of(probes) {
                probe.push(row);
            }
        }
        let block = |(all, probe): (Vec<usize>, Vec<usize>)| Block {
            tiles: self.columns.tiles(&all),
            probe: self.columns.tiles(&probe),
        };
        parts.into_iter().map(block).collect()
    }

    pub(super) fn gradient(&self, margin: i64, row: usize) -> Gradient {
        let weight = self.set.weight(row) / self.largest_weight;
        Gradient::new(self.logistic.at(LogOdds::from_steps(margin)), self.set.rows().labels[row], weight)
    }

    fn fill(&self, histogram: &mut Histogram, tables: &Tables, block: &Block) {
        histogram.clear();
        let (mut margins, mut gradients) = (Vec::new(), Vec::new());
        for tile in &block.tiles {
            tile.sum(tables, &mut margins);
            gradients.clear();
            gradients
                .extend(margins.iter().zip(&tile.rows).map(|(margin, row)| self.gradient(*margin, *row)));
            histogram.add_tile(tile, &gradients);
        }
        histogram.flush();
    }

    /// The step of every column, were it the only one.
    fn steps(&self, histogram: &Histogram) -> Tables {
        let steps_of = |value: f64| (value.clamp(-8.0, 8.0) * LogOdds::STEPS as f64).round() as i32;
        let mut steps = Tables::new(LogOdds::ZERO, self.columns.len());
        let mut sums = Vec::new();
        let definitions = self.columns.definitions().iter().zip(self.columns.trends());
        for (column, (bins, &trend)) in definitions.enumerate() {
            sums.clear();
            sums.extend(histogram.column(column, self.largest_weight).take(bins.n_bins()));
            for (entry, value) in steps.weights[column].iter_mut().zip(step(bins, trend, &sums, &self.limits))
            {
                *entry = steps_of(value);
            }
        }
        steps
    }

    /// How much of the sum of all steps to take: the Newton length along it, at most 1.
    ///
    /// Features that say the same would together step too far; along their sum the curvature shows it.
    fn reach(&self, tables: &Tables, steps: &Tables, block: &Block) -> f64 {
        let (mut slope, mut curvature) = (0_i128, 0_i128);
        let (mut margins, mut alongs) = (Vec::new(), Vec::new());
        for tile in &block.probe {
            tile.sum(tables, &mut margins);
            tile.sum(steps, &mut alongs);
            for ((margin, along), row) in margins.iter().zip(&alongs).zip(&tile.rows) {
                let (gradient, along) = (self.gradient(*margin, *row), i128::from(*along));
                slope -= i128::from(gradient.first) * along;
                curvature += i128::from(gradient.second) * along * along;
            }
        }
        if slope <= 0 || curvature <= 0 {
            return 0.05;
        }
        (slope as f64 * LogOdds::STEPS as f64 / curvature as f64).clamp(0.05, 1.0)
    }

    fn base_step(&self, histogram: &Histogram) -> i64 {
        let (g, h) = histogram
            .column(0, self.largest_weight)
            .fold((0.0, 0.0), |held, sum| (held.0 + sum.0, held.1 + sum.1));
        if h <= 0.0 {
            return 0;
        }
        let newton = (-g / (h + self.limits.l2)).clamp(-1.0, 1.0);
        (self.params.learning_rate * newton * LogOdds::STEPS as f64).round() as i64
    }

    /// Sum of the weighted log loss, in whole steps of 2^-31.
    fn loss(&self, tables: &Tables, tiles: &[Tile]) -> i128 {
        let mut margins = Vec::new();
        let of_tile = |tile: &Tile| {
            tile.sum(tables, &mut margins);
            self.loss_at(&tile.rows, &margins)
        };
        tiles.iter().map(of_tile).sum()
    }

    /// The same for rows at the given margins.
    pub(super) fn loss_at(&self, rows: &[usize], margins: &[i64]) -> i128 {
        let of_row = |(margin, row): (&i64, &usize)| {
            let margin = LogOdds::from_steps(*margin).value();
            let against = if self.set.rows().labels[*row] { -margin } else { margin };
            let surprise = if against > 30.0 { against } else { libm::log1p(libm::exp(against)) };
            let weight = self.set.weight(*row) / self.largest_weight;
            (surprise * weight * f64::from(1_u32 << 31)).round() as i128
        };
        margins.iter().zip(rows).map(of_row).sum()
    }
}

fn apply(tables: &mut Tables, steps: &Tables, rate: f64) {
    let weights = tables.weights.as_flattened_mut().iter_mut();
    for (weight, step) in weights.zip(steps.weights.as_flattened()) {
        // Both terms are far inside 32 bits.
        let moved = *weight + (f64::from(*step) * rate).round() as i32;
        *weight = moved.clamp(-MOST, MOST);
    }
}
