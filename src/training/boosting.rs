//! Boosting of main effects, one bag at a time.
//!
//! In each round one pass over rows builds the histograms of all features on one gradient; every feature then
//! proposes a small step, and all steps are taken together, as far as the curvature along their sum allows.
//! Friedman (2001, <https://doi.org/10.1214/aos/1013203451>); main effects as in Lou, Caruana and Gehrke
//! (2012, <https://doi.org/10.1145/2339530.2339556>).

use super::bag::{Bag, BagRows};
use super::columns::{Columns, TILE_ROWS, Tile};
use super::cross::cross_step;
use super::histogram::{Gradient, Histogram, LogisticTable, PLACES, Tables, UNIT};
use super::params::AdditiveParams;
use super::passes::{Block, Passes, shares};
use super::places::Axis;
use super::set::TrainingSet;
use super::step::{StepLimits, step};
use super::trees::Grid;
use crate::models::{FeatureBins, Trend};
use crate::parallelism::Parallelism;
use crate::quantity::LogOdds;
use crate::seed::Seed;

/// A look at the stopping rows counts when it lowers their loss by one part in this many.
pub(super) const LEAST_GAIN: i128 = 20_000;
/// Rounds between two looks at the rows that say when to stop.
pub(super) const CHECK_EVERY: usize = 4;
/// Rows of a bag from which threads share the work of a round.
const ROWS_TO_SHARE: usize = 1 << 16;
/// Largest weight of a table: 16 in log-odds.
const MOST: i32 = 16 << 20;

/// Tables as far as they have grown.
#[derive(Clone, Debug)]
pub(super) struct Growth {
    pub(super) tables: Tables,
    /// Rounds that were kept.
    pub(super) rounds: usize,
    /// The loss of the stopping rows, in whole steps of 2^-31.
    pub(super) loss: i128,
}

/// How a bag is boosted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Most rounds.
    pub(super) rounds: usize,
    /// Rounds without improvement after which a bag stops.
    pub(super) patience: usize,
    pub(super) learning_rate: f64,
    /// Most values in the step of a single column.
    pub(super) leaves: usize,
    /// Most crossed cuts in the step of a joint table.
    pub(super) crosses: usize,
}

impl Pace {
    /// The same pace for so many rounds, whatever the stopping rows say.
    pub(super) fn exactly(self, rounds: usize) -> Self {
        Self { rounds, patience: rounds.max(1), ..self }
    }
}

/// What all bags have in common.
#[derive(Clone, Debug)]
pub(super) struct Booster<'a> {
    set: &'a TrainingSet<'a>,
    /// By row.
    offsets: Vec<LogOdds>,
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
        let largest_weight =
            (0..set.n_rows()).map(|row| set.weight_drawn(row)).fold(f64::MIN_POSITIVE, f64::max);
        let offsets = set.offsets();
        Self { set, offsets, columns, params, limits, largest_weight, logistic: LogisticTable::new() }
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

    /// The same, but every split has to gain so much at least, and steps are shrunk so much at least.
    pub(super) fn wary(&self, min_gain: f64, l2: f64) -> Self {
        let StepLimits { min_gain: gain, l2: shrinkage, .. } = self.limits;
        let limits = StepLimits { min_gain: gain.max(min_gain), l2: shrinkage.max(l2), ..self.limits };
        Self { limits, ..self.clone() }
    }

    /// The weight of the row that weighs most.
    pub(super) const fn largest_weight(&self) -> f64 {
        self.largest_weight
    }

    /// One unit of a sum of gradients, in rows of weight 1.
    pub(super) fn unit(&self) -> f64 {
        self.largest_weight / UNIT
    }

    /// The columns without a trend that alone would lower the loss of all rows most, at most so many, in their order.
    pub(super) fn strongest(&self, most: usize) -> Vec<usize> {
        let trends = self.columns.trends().iter().enumerate();
        let mut columns: Vec<usize> =
            trends.filter(|(_, trend)| **trend == Trend::Free).map(|(column, _)| column).collect();
        if columns.len() > most {
            let mut heard: Vec<(f64, usize)> = self.heard(&columns).into_iter().zip(columns).collect();
            heard.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            columns = heard.into_iter().take(most).map(|(_, column)| column).collect();
            columns.sort_unstable();
        }
        columns
    }

    /// How far each of the given columns alone would lower the loss of all rows.
    fn heard(&self, columns: &[usize]) -> Vec<f64> {
        let all = BagRows { fit: (0..self.set.n_rows()).collect(), ..BagRows::default() };
        let start = self.rate_alone(&all);
        let tiles = self.columns.tiles(&all.fit);
        let block = Block { tiles, probe: Vec::new() };
        let histogram = self.histogram(&start, &block, &[], &Parallelism::serial());
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

    /// Grows tables of all columns until the stopping rows see no improvement, and as far again with the later slice.
    pub(super) fn grow(&self, rows: &BagRows, seed: Seed, parallelism: &Parallelism) -> Bag {
        let AdditiveParams { rounds, patience, learning_rate, leaves, .. } = *self.params;
        let pace = Pace { rounds, patience, learning_rate, leaves, crosses: 0 };
        let start = self.start(rows, &[]);
        let grown = |rows: &BagRows, pace: &Pace| {
            let passes = self.passes(rows, self.params.rows_per_round, seed);
            let Growth { tables, rounds, .. } = self.run(start.clone(), &passes, &[], pace, parallelism);
            self.bag(tables, rounds, &[], rows)
        };
        let bag = grown(rows, &pace);
        let again = pace.exactly(bag.rounds);
        self.with_later(rows, bag, |all| grown(all, &again))
    }

    /// What a bag has learned, with what it says of the rows it was not shown.
    pub(super) fn bag(&self, tables: Tables, rounds: usize, grids: &[Grid], rows: &BagRows) -> Bag {
        let judged = rows.judge.iter().map(|&row| self.columns.margin(&tables, grids, row)).collect();
        Bag { tables, rounds, judged }
    }

    /// Grows the tables further: in each round every table takes a step.
    ///
    /// The grids are those of the joint tables, over two columns each, and the rows of `passes` are laid on them.
    pub(super) fn run(
        &self,
        mut tables: Tables,
        passes: &Passes,
        grids: &[Grid],
        pace: &Pace,
        parallelism: &Parallelism,
    ) -> Growth {
        if self.columns.len() == 0 {
            return Growth { tables, rounds: 0, loss: 0 };
        }
        let serial = Parallelism::serial();
        let n_rows: usize = passes.blocks.iter().map(|block| block.tiles.len()).sum::<usize>() * TILE_ROWS;
        let parallelism = if n_rows < ROWS_TO_SHARE { &serial } else { parallelism };
        let axes: Vec<[Axis; 2]> = grids.iter().map(|grid| self.axes(grid)).collect();
        let loss = self.loss(&tables, &passes.stop, parallelism);
        let mut best = Growth { tables: tables.clone(), rounds: 0, loss };
        for round in 1..=pace.rounds {
            let block = &passes.blocks[round % passes.blocks.len()];
            let histogram = self.histogram(&tables, block, grids, parallelism);
            let mut steps = self.steps(&histogram, pace, parallelism);
            steps.joint = parallelism.map(grids, |table, grid| {
                self.joint_step(&histogram, (table, grid), axes[table], &steps, pace.crosses)
            });
            let rate = pace.learning_rate * self.reach(&tables, &steps, block, parallelism);
            apply(&mut tables, &steps, rate);
            tables.base += self.base_step(&histogram, pace.learning_rate);
            if round % CHECK_EVERY == 0 {
                let loss = self.loss(&tables, &passes.stop, parallelism);
                // What is gained in smaller steps than these is not worth the wait.
                if loss < best.loss - best.loss / LEAST_GAIN {
                    best = Growth { tables: tables.clone(), rounds: round, loss };
                } else if round >= best.rounds + pace.patience {
                    break;
                }
            }
        }
        best
    }

    /// What the places of a grid over two columns are.
    pub(super) fn axes(&self, grid: &Grid) -> [Axis; 2] {
        [0, 1].map(|side| Axis {
            n_places: grid.places[side].n_places(),
            is_level: matches!(self.columns.definitions()[grid.columns[side]], FeatureBins::Level { .. }),
        })
    }

    /// The gradient of a row that tables give this margin, beside what is known apart from them.
    pub(super) fn gradient(&self, margin: i64, row: usize) -> Gradient {
        let weight = self.set.weight_drawn(row) / self.largest_weight;
        let margin = margin + self.offsets[row].steps();
        Gradient::new(self.logistic.at(LogOdds::from_steps(margin)), self.set.rows().labels[row], weight)
    }

    /// The gradients of a tile's rows, whose margins are put into `margins`.
    pub(super) fn gradients(&self, tables: &Tables, tile: &Tile, margins: &mut Vec<i64>) -> Vec<Gradient> {
        tile.sum(tables, margins);
        margins.iter().zip(&tile.rows).map(|(margin, row)| self.gradient(*margin, *row as usize)).collect()
    }

    /// Sums of the gradients of a block's rows, by column and bin and by cell of every grid.
    pub(super) fn histogram(
        &self,
        tables: &Tables,
        block: &Block,
        grids: &[Grid],
        parallelism: &Parallelism,
    ) -> Histogram {
        let n_cells: Vec<usize> = grids.iter().map(Grid::n_cells).collect();
        let of_tiles = |tiles: &[Tile]| {
            let n_bins = self.columns.definitions().iter().map(|bins| bins.n_bins()).collect();
            let mut histogram = Histogram::new(n_bins, &n_cells);
            let mut margins = Vec::new();
            for tile in tiles {
                let gradients = self.gradients(tables, tile, &mut margins);
                histogram.add_tile(tile, &gradients);
            }
            histogram.flush();
            histogram
        };
        let parts = shares(&block.tiles, parallelism);
        let mut found = parallelism.map(&parts, |_, tiles| of_tiles(tiles)).into_iter();
        let mut whole = found.next().unwrap_or_else(|| of_tiles(&[]));
        found.for_each(|part| whole.merge(&part));
        whole
    }

    /// The step of every column, were it the only one.
    fn steps(&self, histogram: &Histogram, pace: &Pace, parallelism: &Parallelism) -> Tables {
        let limits = StepLimits { leaves: pace.leaves, ..self.limits };
        let mut steps = Tables::new(LogOdds::ZERO, 0);
        steps.weights = parallelism.map(self.columns.definitions(), |column, bins| {
            let sums: Vec<(f64, f64)> = histogram.column(column, self.largest_weight).collect();
            let mut table = [0; PLACES];
            for (entry, value) in
                table.iter_mut().zip(step(bins, self.columns.trends()[column], &sums, &limits))
            {
                *entry = whole_steps(value);
            }
            table
        });
        steps
    }

    /// The step of a table over two columns, after what `steps` do for the columns alone.
    fn joint_step(
        &self,
        histogram: &Histogram,
        (table, grid): (usize, &Grid),
        axes: [Axis; 2],
        steps: &Tables,
        crosses: usize,
    ) -> Vec<i32> {
        let mut sums: Vec<(f64, f64)> = histogram.cells(table, self.largest_weight).collect();
        let alone = [0, 1].map(|side| {
            let column = grid.columns[side];
            let mut of_places = vec![(0.0, 0.0); axes[side].n_places];
            let of_bins = histogram.column(column, self.largest_weight).zip(&steps.weights[column]);
            for (((_, h), step), place) in of_bins.zip(grid.places[side].of_bins()) {
                let held: &mut (f64, f64) = &mut of_places[usize::from(*place)];
                held.0 += h * f64::from(*step) / LogOdds::STEPS as f64;
                held.1 += h;
            }
            of_places.iter().map(|(moved, h)| if *h > 0.0 { moved / h } else { 0.0 }).collect::<Vec<f64>>()
        });
        for (cell, sum) in sums.iter_mut().enumerate() {
            sum.0 += sum.1 * (alone[0][cell / axes[1].n_places] + alone[1][cell % axes[1].n_places]);
        }
        cross_step(axes, &sums, &self.limits, crosses).into_iter().map(whole_steps).collect()
    }

    /// How much of the sum of all steps to take: the Newton length along it, at most 1.
    ///
    /// Features that say the same would together step too far; along their sum the curvature shows it.
    fn reach(&self, tables: &Tables, steps: &Tables, block: &Block, parallelism: &Parallelism) -> f64 {
        let parts = parallelism.map(&shares(&block.probe, parallelism), |_, tiles| {
            let (mut slope, mut curvature) = (0_i128, 0_i128);
            let (mut margins, mut alongs) = (Vec::new(), Vec::new());
            for tile in *tiles {
                let gradients = self.gradients(tables, tile, &mut margins);
                tile.sum(steps, &mut alongs);
                for (gradient, along) in gradients.iter().zip(&alongs) {
                    let along = i128::from(*along);
                    slope -= i128::from(gradient.first) * along;
                    curvature += i128::from(gradient.second) * along * along;
                }
            }
            (slope, curvature)
        });
        let (slope, curvature) =
            parts.into_iter().fold((0, 0), |held, part| (held.0 + part.0, held.1 + part.1));
        if slope <= 0 || curvature <= 0 {
            return 0.05;
        }
        (slope as f64 * LogOdds::STEPS as f64 / curvature as f64).clamp(0.05, 1.0)
    }

    fn base_step(&self, histogram: &Histogram, learning_rate: f64) -> i64 {
        let (g, h) = histogram
            .column(0, self.largest_weight)
            .fold((0.0, 0.0), |held, sum| (held.0 + sum.0, held.1 + sum.1));
        if h <= 0.0 {
            return 0;
        }
        let newton = (-g / (h + self.limits.l2)).clamp(-1.0, 1.0);
        (learning_rate * newton * LogOdds::STEPS as f64).round() as i64
    }

    /// Sum of the weighted log loss, in whole steps of 2^-31.
    pub(super) fn loss(&self, tables: &Tables, tiles: &[Tile], parallelism: &Parallelism) -> i128 {
        let of_tiles = |_: usize, tiles: &&[Tile]| {
            let mut margins = Vec::new();
            let of_tile = |tile: &Tile| {
                tile.sum(tables, &mut margins);
                let rows = tile.rows.iter().map(|row| *row as usize);
                self.loss_at(rows, &margins)
            };
            tiles.iter().map(of_tile).sum::<i128>()
        };
        parallelism.map(&shares(tiles, parallelism), of_tiles).into_iter().sum()
    }

    /// The same for rows at the given margins.
    pub(super) fn loss_at(&self, rows: impl Iterator<Item = usize>, margins: &[i64]) -> i128 {
        let of_row = |(margin, row): (&i64, usize)| {
            let margin = LogOdds::from_steps(*margin + self.offsets[row].steps()).value();
            let against = if self.set.rows().labels[row] { -margin } else { margin };
            let surprise = if against > 30.0 { against } else { libm::log1p(libm::exp(against)) };
            let weight = self.set.weight_drawn(row) / self.largest_weight;
            (surprise * weight * f64::from(1_u32 << 31)).round() as i128
        };
        margins.iter().zip(rows).map(of_row).sum()
    }
}

/// Log-odds in whole steps.
pub(super) fn whole_steps(value: f64) -> i32 {
    (value.clamp(-8.0, 8.0) * LogOdds::STEPS as f64).round() as i32
}

fn apply(tables: &mut Tables, steps: &Tables, rate: f64) {
    let alone = tables.weights.as_flattened_mut().iter_mut().zip(steps.weights.as_flattened());
    let together = tables.joint.iter_mut().flatten().zip(steps.joint.iter().flatten());
    for (weight, step) in alone.chain(together) {
        // Both terms are far inside 32 bits.
        let moved = *weight + (f64::from(*step) * rate).round() as i32;
        *weight = moved.clamp(-MOST, MOST);
    }
}
