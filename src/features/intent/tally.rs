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

/// Counts of one group of signals.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    windows: Vec<u32>,
    decayed: Vec<Strength>,
    last: i64,
    weeks: SignalWeeks,
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
        i64::try_from(self.0).map_or(self.0 as f64, |units| units as f64) / Self::UNITS
    }
}

impl Tally {
    /// The `last` of a group without signals.
    const NEVER: i64 = i64::MIN;

    pub(super) fn new(counted: &Counted) -> Self {
        Self {
            windows: vec![0; counted.spans.len()],
            decayed: counted.no_strengths(),
            last: Self::NEVER,
            weeks: SignalWeeks::default(),
        }
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.last == Self::NEVER
    }

    pub(super) fn clear(&mut self) {
        if !self.is_quiet() {
            self.windows.fill(0);
            self.decayed.fill(Strength::default());
            self.last = Self::NEVER;
            self.weeks = SignalWeeks::default();
        }
    }

    /// Adds a signal seen `age` microseconds before the date.
    pub(super) fn add_signal(&mut self, counted: &Counted, observed: i64, age: i64, strengths: &[Strength]) {
        for (count, span) in self.windows.iter_mut().zip(&counted.spans) {
            *count += u32::from(age <= *span);
        }
        for (sum, strength) in self.decayed.iter_mut().zip(strengths) {
            sum.0 += strength.0;
        }
        self.last = self.last.max(observed);
        if counted.surge {
            self.weeks.add(age);
        }
    }

    /// Adds the counts of other signals.
    pub(super) fn add(&mut self, other: &Self) {
        for (count, more) in self.windows.iter_mut().zip(&other.windows) {
            *count += more;
        }
        for (sum, more) in self.decayed.iter_mut().zip(&other.decayed) {
            sum.0 += more.0;
        }
        self.last = self.last.max(other.last);
        self.weeks.add_all(&other.weeks);
    }

    /// Writes the cells of the group, of which the first is column `first`.
    pub(super) fn write(
        &self,
        counted: &Counted,
        view: &View<'_>,
        surges: &mut SurgeCache,
        cells: &mut Cells,
        first: usize,
    ) {
        let mut column = first;
        for count in &self.windows {
            cells.set(column, *count as f32);
            column += 1;
        }
        for sum in &self.decayed {
            cells.set(column, sum.value() as f32);
            column += 1;
        }
        if counted.recency {
            cells.set(column, view.whole_days_since(self.last) as f32);
            column += 1;
        }
        if counted.surge {
            cells.set(column, surges.of(&self.weeks).score().value() as f32);
        }
    }
}

/// The columns on their way. Every row starts as that of an account without signals.
pub(super) struct Cells {
    columns: Vec<(Vec<f32>, Known)>,
    row: usize,
}

/// Which rows of a column have a value.
enum Known {
    All,
    Some(Vec<bool>),
}

impl Cells {
    pub(super) fn new(usual: &[Option<f32>], n_rows: usize) -> Self {
        let column = |value: &Option<f32>| match value {
            Some(value) => (vec![*value; n_rows], Known::All),
            None => (vec![0.0; n_rows], Known::Some(vec![false; n_rows])),
        };
        Self { columns: usual.iter().map(column).collect(), row: 0 }
    }

    /// Goes on to the next row.
    pub(super) fn advance(&mut self) {
        self.row += 1;
    }

    /// Overwrites a cell of the row.
    pub(super) fn set(&mut self, column: usize, value: f32) {
        let (values, known) = &mut self.columns[column];
        values[self.row] = value;
        if let Known::Some(known) = known {
            known[self.row] = true;
        }
    }

    pub(super) fn finish(self) -> Vec<Column> {
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
