//! Counts of a group of signals, and the cells they become.

use super::span;
use crate::features::signal_measures::SignalMeasure;
use crate::features::spec::FeatureSpec;
use crate::features::surge::{SignalWeeks, Surge, SurgeCache};
use crate::features::view::View;
use crate::matrix::Column;
use crate::quantity::MICROS_PER_DAY;

/// What is counted of every group.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    /// Windows, in microseconds.
    spans: Vec<i64>,
    /// What the exponent of 2 is per microsecond of age.
    decays: Vec<f64>,
    recency: bool,
    surge: bool,
}

impl Counted {
    pub(super) fn new(spec: &FeatureSpec) -> Self {
        let asks = |measure| spec.signal_measures.has(measure);
        let spans = spec.windows_days.iter().map(|days| span(*days) * MICROS_PER_DAY);
        let decay = |days: &std::num::NonZeroU16| -1.0 / (f64::from(days.get()) * MICROS_PER_DAY as f64);
        let decays = spec.half_lives_days.iter().map(decay);
        Self {
            spans: spans.filter(|_| asks(SignalMeasure::Count)).collect(),
            decays: decays.filter(|_| asks(SignalMeasure::Decayed)).collect(),
            recency: asks(SignalMeasure::Recency),
            surge: asks(SignalMeasure::Surge),
        }
    }

    /// Columns of a group.
    pub(super) fn width(&self) -> usize {
        self.spans.len() + self.decays.len() + usize::from(self.recency) + usize::from(self.surge)
    }

    /// The cells of a group without signals, in the order of the columns; `None` is a missing cell.
    pub(super) fn quiet(&self) -> impl Iterator<Item = Option<f32>> {
        let counts = std::iter::repeat_n(Some(0.0), self.spans.len() + self.decays.len());
        let usual = Surge::USUAL.score().value() as f32;
        let recency = self.recency.then_some(None);
        counts.chain(recency).chain(self.surge.then_some(Some(usual)))
    }

    /// The strengths of a signal of an age in microseconds, one for each half-life.
    pub(super) fn strengths(&self, intensity: f64, age: i64, into: &mut [Strength]) {
        for (strength, decay) in into.iter_mut().zip(&self.decays) {
            *strength = Strength::new(intensity * libm::exp2(age as f64 * decay));
        }
    }

    pub(super) fn no_strengths(&self) -> Vec<Strength> {
        vec![Strength::default(); self.decays.len()]
    }
}

/// A sum of decayed intensities in units of `2^-40`, which has no order.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Strength(i128);

impl Strength {
    const UNITS: f64 = (1_u64 << 40) as f64;

    /// A strength of at least 0, to the nearest unit.
    fn new(value: f64) -> Self {
        let units = value * Self::UNITS + 0.5;
        // Nearly all fit into 64 bits, which are converted faster; intensities of up to `10^9` need 128.
        Self(if units < i64::MAX as f64 { i128::from(units as i64) } else { units as i128 })
    }

    fn value(self) -> f64 {
        let units = i64::try_from(self.0).map_or_else(|_| self.0 as f64, |units| units as f64);
        units / Self::UNITS
    }
}

/// Counts of groups of signals, beside each other.
#[derive(Clone, Debug)]
pub(super) struct Tallies {
    /// Of group `i` are the windows from `i * spans` on, where there are so many spans.
    windows: Vec<u32>,
    /// In the same way, by half-lives.
    decayed: Vec<Strength>,
    last: Vec<i64>,
    /// None where nobody asks for surge.
    weeks: Vec<SignalWeeks>,
}

impl Tallies {
    /// The `last` of a group without signals.
    const NEVER: i64 = i64::MIN;

    pub(super) fn new(counted: &Counted, groups: usize) -> Self {
        Self {
            windows: vec![0; counted.spans.len() * groups],
            decayed: vec![Strength::default(); counted.decays.len() * groups],
            last: vec![Self::NEVER; groups],
            weeks: vec![SignalWeeks::default(); if counted.surge { groups } else { 0 }],
        }
    }

    pub(super) fn is_quiet(&self, group: usize) -> bool {
        self.last[group] == Self::NEVER
    }

    pub(super) fn clear(&mut self) {
        self.windows.fill(0);
        self.decayed.fill(Strength::default());
        self.last.fill(Self::NEVER);
        self.weeks.fill(SignalWeeks::default());
    }

    /// Adds a signal seen `age` microseconds before the date to a group.
    pub(super) fn add_signal(
        &mut self,
        counted: &Counted,
        group: usize,
        (observed, age): (i64, i64),
        strengths: &[Strength],
    ) {
        let windows = &mut self.windows[group * counted.spans.len()..];
        for (count, span) in windows.iter_mut().zip(&counted.spans) {
            *count += u32::from(age <= *span);
        }
        let decayed = &mut self.decayed[group * strengths.len()..];
        for (sum, strength) in decayed.iter_mut().zip(strengths) {
            sum.0 += strength.0;
        }
        self.last[group] = self.last[group].max(observed);
        if let Some(weeks) = self.weeks.get_mut(group) {
            weeks.add(age);
        }
    }

    /// Adds the counts of a group to those of another.
    pub(super) fn add(&mut self, counted: &Counted, from: usize, to: usize) {
        let (spans, decays) = (counted.spans.len(), counted.decays.len());
        for span in 0..spans {
            self.windows[to * spans + span] += self.windows[from * spans + span];
        }
        for decay in 0..decays {
            self.decayed[to * decays + decay].0 += self.decayed[from * decays + decay].0;
        }
        self.last[to] = self.last[to].max(self.last[from]);
        if let Some(weeks) = self.weeks.get(from).copied() {
            self.weeks[to].add_all(&weeks);
        }
    }

    /// Writes the cells of a group, of which `row` has one for each column.
    pub(super) fn write(
        &self,
        (counted, group): (&Counted, usize),
        view: &View<'_>,
        surges: &mut SurgeCache,
        row: &mut [f32],
    ) {
        let (spans, decays) = (counted.spans.len(), counted.decays.len());
        let (counts, row) = row.split_at_mut(spans);
        for (cell, count) in counts.iter_mut().zip(&self.windows[group * spans..]) {
            *cell = *count as f32;
        }
        let (sums, row) = row.split_at_mut(decays);
        for (cell, sum) in sums.iter_mut().zip(&self.decayed[group * decays..]) {
            *cell = sum.value() as f32;
        }
        let recency = counted.recency.then(|| view.whole_days_since(self.last[group]) as f32);
        let surge = self.weeks.get(group).map(|weeks| surges.of(weeks).score().value() as f32);
        for (cell, value) in row.iter_mut().zip(recency.into_iter().chain(surge)) {
            *cell = value;
        }
    }
}

/// Rows that are put together before their cells go to the columns, so that a column gets several at once.
const ROWS_AT_ONCE: usize = 32;

/// The columns on their way. Every row starts as that of an account without signals.
pub(super) struct Cells {
    columns: Vec<(Vec<f32>, Known)>,
    /// The row of an account without signals; a missing cell is not a number, which no other is.
    usual: Vec<f32>,
    /// Some rows, one after the other.
    rows: Vec<f32>,
    /// Where in `rows` the row starts that is being filled.
    start: usize,
}

/// Which rows of a column have a value.
enum Known {
    All,
    Some(Vec<bool>),
}

impl Cells {
    pub(super) fn new(usual: &[Option<f32>], n_rows: usize) -> Self {
        let column = |value: &Option<f32>| {
            let known = if value.is_some() { Known::All } else { Known::Some(Vec::with_capacity(n_rows)) };
            (Vec::with_capacity(n_rows), known)
        };
        let columns = usual.iter().map(column).collect();
        let usual: Vec<f32> = usual.iter().map(|value| value.unwrap_or(f32::NAN)).collect();
        Self { columns, rows: usual.repeat(ROWS_AT_ONCE), usual, start: 0 }
    }

    /// The cells of the row.
    pub(super) fn row(&mut self) -> &mut [f32] {
        &mut self.rows[self.start..self.start + self.usual.len()]
    }

    /// Goes on to the next row.
    pub(super) fn advance(&mut self) {
        self.start += self.usual.len();
        if self.start == self.rows.len() {
            self.hand_on();
        }
    }

    /// Moves the cells of all rows that are there to their columns.
    fn hand_on(&mut self) {
        let width = self.usual.len().max(1);
        let (done, _) = self.rows.split_at_mut(self.start);
        for (column, (values, known)) in self.columns.iter_mut().enumerate() {
            let cells = done.chunks_exact(width).map(|row| row[column]);
            match known {
                Known::All => values.extend(cells),
                Known::Some(known) => {
                    known.extend(cells.clone().map(|cell| !cell.is_nan()));
                    values.extend(cells.map(|cell| if cell.is_nan() { 0.0 } else { cell }));
                }
            }
        }
        done.chunks_exact_mut(width).for_each(|row| row.copy_from_slice(&self.usual));
        self.start = 0;
    }

    pub(super) fn finish(mut self) -> Vec<Column> {
        self.hand_on();
        let column = |(values, known): (Vec<f32>, Known)| {
            let known = match known {
                Known::All => vec![true; values.len()],
                Known::Some(known) => known,
            };
            Column::Number { values, known }
        };
        self.columns.into_iter().map(column).collect()
    }
}
