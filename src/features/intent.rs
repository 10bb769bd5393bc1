//! Intent: what is happening at a company.
//!
//! Signals are counted in windows that end on the date, per topic, per kind and over all. For an age of `a` days and a
//! half-life of `h` days a decayed count is the sum of `intensity * 2^(-a / h)`, exact to `2^-40`. Momentum compares the last 28 days
//! with a usual 28 days of the 84 before, `(n28 + 1) / (n84 / 3 + 1)`: 1 is usual. Forward events are dated after the
//! date but known before it, such as a renewal that falls due. Surge is a tested statistic: see [`Surge`](super::Surge).

use std::num::NonZeroU16;

use super::FeatureError;
use super::firmographic::missing;
use super::recipe::{Recipe, Unit};
use super::spec::{Family, FeatureSpec};
use super::surge::{SignalWeeks, Surge, SurgeCache};
use super::view::View;
use crate::matrix::Column;
use crate::quantity::MICROS_PER_DAY;
use crate::tables::TextColumn;
use crate::tables::contract::TableName;

/// Days of the recent window of momentum.
const RECENT_DAYS: i64 = 28;
/// Days of the window before it.
const BASELINE_DAYS: i64 = 84;
/// Window of counts per kind, in days.
const KIND_DAYS: i64 = 90;

/// What a group of signals is called in feature names and in words.
fn groups(spec: &FeatureSpec) -> Vec<(String, String)> {
    let all = ("signals".to_owned(), "signal[s]".to_owned());
    let topics = spec.topics.iter().map(|topic| {
        let spoken = topic.replace('_', " ");
        (format!("topic_{topic}"), format!("signal[s] about {spoken}"))
    });
    let other = ("topic_other".to_owned(), "signal[s] about other topics".to_owned());
    std::iter::once(all).chain(topics).chain(std::iter::once(other)).collect()
}

pub(super) fn recipes(spec: &FeatureSpec) -> Vec<Recipe> {
    let recipe = |what: &str, window: &str, unit, words: &str| {
        Recipe::new(Family::Intent, what, window, unit, words).missing("no signal feed")
    };
    let mut recipes = Vec::new();
    for (name, spoken) in groups(spec) {
        for days in &spec.windows_days {
            recipes.push(
                recipe(&name, &format!("{days}d"), Unit::Count, &format!("{{}} {spoken} in {days} days"))
                    .none(format!("no {spoken} in {days} days"))
                    .told_with(&name),
            );
        }
        for days in &spec.half_lives_days {
            let words = format!("recent {spoken} add up to strength {{}}");
            recipes.push(
                recipe(&format!("{name}_decayed"), &format!("{days}d"), Unit::Number, &words)
                    .none(format!("no {spoken} lately"))
                    .told_with(&name),
            );
        }
        recipes.push(
            recipe(
                &format!("{name}_recency"),
                "ever",
                Unit::Days,
                &format!("latest {spoken}: {{}} day[s] ago"),
            )
            .missing(format!("never any {spoken}"))
            .told_with(&name),
        );
        let surge = if name == "signals" { "surge".to_owned() } else { format!("surge_{name}") };
        recipes.push(recipe(&surge, "21d", Unit::Surge, &format!("{spoken} are {{}}")).told_with(&name));
    }
    recipes.push(recipe("signals_momentum", "28d", Unit::Number, "{} times the usual number of signals"));
    let forward = spec.forward_days;
    recipes.push(
        recipe(
            "forward_events",
            &format!("{forward}d"),
            Unit::Count,
            &format!("{{}} event[s] due within {forward} days"),
        )
        .none(format!("no event due within {forward} days")),
    );
    recipes.push(
        recipe("topics", "90d", Unit::Count, "signals about {} topic[s] in 90 days")
            .none("no topic in 90 days"),
    );
    for kind in spec.kinds.iter().map(String::as_str).chain(["other"]) {
        let spoken = kind.replace('_', " ");
        recipes.push(
            recipe(
                &format!("kind_{kind}"),
                "90d",
                Unit::Count,
                &format!("{{}} {spoken} signal[s] in 90 days"),
            )
            .none(format!("no {spoken} signals in 90 days")),
        );
    }
    recipes
}

/// Counts of one group of signals.
#[derive(Clone, Debug)]
struct Tally {
    windows: Vec<u32>,
    decayed: Vec<Strength>,
    last: i64,
    weeks: SignalWeeks,
}

/// A sum of decayed intensities in units of `2^-40`, which has no order.
#[derive(Clone, Copy, Debug, Default)]
struct Strength(i128);

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

    fn new(spec: &FeatureSpec) -> Self {
        Self {
            windows: vec![0; spec.windows_days.len()],
            decayed: vec![Strength::default(); spec.half_lives_days.len()],
            last: Self::NEVER,
            weeks: SignalWeeks::default(),
        }
    }

    fn clear(&mut self) {
        self.windows.fill(0);
        self.decayed.fill(Strength::default());
        self.last = Self::NEVER;
        self.weeks = SignalWeeks::default();
    }

    /// Adds a signal seen `age` microseconds before the date.
    fn add_signal(&mut self, spans: &[i64], observed: i64, age: i64, strengths: &[Strength]) {
        for (count, span) in self.windows.iter_mut().zip(spans) {
            *count += u32::from(age <= *span);
        }
        for (sum, strength) in self.decayed.iter_mut().zip(strengths) {
            sum.0 += strength.0;
        }
        self.last = self.last.max(observed);
        self.weeks.add(age);
    }

    /// Adds the counts of other signals.
    fn add(&mut self, other: &Self) {
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
    fn write(&self, view: &View<'_>, surges: &mut SurgeCache, cells: &mut Cells, first: usize) {
        let mut column = first;
        for count in &self.windows {
            cells.set(column, *count as f32);
            column += 1;
        }
        for sum in &self.decayed {
            cells.set(column, sum.value() as f32);
            column += 1;
        }
        cells.set(column, view.whole_days_since(self.last) as f32);
        cells.set(column + 1, surges.of(&self.weeks).score().value() as f32);
    }
}

/// The columns on their way. Every row starts as that of an account without signals.
struct Cells {
    columns: Vec<(Vec<f32>, Vec<bool>)>,
    row: usize,
}

impl Cells {
    fn new(usual: &[Option<f32>], n_rows: usize) -> Self {
        let column =
            |value: &Option<f32>| (vec![value.unwrap_or(0.0); n_rows], vec![value.is_some(); n_rows]);
        Self { columns: usual.iter().map(column).collect(), row: 0 }
    }

    fn set(&mut self, column: usize, value: f32) {
        let (values, known) = &mut self.columns[column];
        values[self.row] = value;
        known[self.row] = true;
    }

    fn finish(self) -> Vec<Column> {
        self.columns.into_iter().map(|(values, known)| Column::Number { values, known }).collect()
    }
}

/// The cells of an account without signals, in the order of the columns.
fn quiet(spec: &FeatureSpec) -> Vec<Option<f32>> {
    let usual = Surge::USUAL.score().value() as f32;
    let counts = spec.windows_days.len() + spec.half_lives_days.len();
    let group: Vec<Option<f32>> = std::iter::repeat_n(Some(0.0), counts).chain([None, Some(usual)]).collect();
    let mut cells: Vec<Option<f32>> = (0..spec.topics.len() + 2).flat_map(|_| group.clone()).collect();
    // Momentum of 0 after 0, forward events, topics; then the kinds.
    cells.extend([Some(1.0), Some(0.0), Some(0.0)]);
    cells.extend(std::iter::repeat_n(Some(0.0), spec.kinds.len() + 1));
    cells
}

fn span(days: NonZeroU16) -> i64 {
    i64::from(days.get())
}

pub(super) fn columns(view: &View<'_>, spec: &FeatureSpec) -> Result<Vec<Column>, FeatureError> {
    let recipes = recipes(spec);
    let Some(table) = view.table(TableName::Signals) else {
        return Ok(recipes.iter().map(|recipe| missing(recipe.unit, view.accounts.len())).collect());
    };
    let (kinds, topics) =
        (Places::new(table.text("kind")?, &spec.kinds), Places::new(table.text("topic")?, &spec.topics));
    let (observed, event, intensity) =
        (table.time("observed_at")?, table.time("event_at")?, table.number("intensity")?);
    let cut = view.as_of.micros();
    let horizon = cut + span(spec.forward_days) * MICROS_PER_DAY;
    let spans: Vec<i64> = spec.windows_days.iter().map(|days| span(*days) * MICROS_PER_DAY).collect();
    let per_micro = |days: &NonZeroU16| -1.0 / (f64::from(days.get()) * MICROS_PER_DAY as f64);
    let decays: Vec<f64> = spec.half_lives_days.iter().map(per_micro).collect();
    let mut strengths = vec![Strength::default(); decays.len()];
    let width = spec.windows_days.len() + spec.half_lives_days.len() + 2;
    let after_groups = width * (spec.topics.len() + 2);
    let mut cells = Cells::new(&quiet(spec), view.accounts.len());
    let mut surges = SurgeCache::default();
    let mut all = Tally::new(spec);
    let mut by_topic = vec![Tally::new(spec); spec.topics.len() + 1];
    let mut by_kind = vec![0_u32; spec.kinds.len() + 1];
    let mut topics_seen = vec![false; spec.topics.len() + 1];
    for account in view.accounts.clone() {
        let rows = view.known(table, account);
        if rows.is_empty() {
            cells.row += 1;
            continue;
        }
        all.clear();
        by_topic.iter_mut().for_each(Tally::clear);
        by_kind.fill(0);
        topics_seen.fill(false);
        let (mut recent, mut baseline, mut forward) = (0_u32, 0_u32, 0_u32);
        for row in rows {
            if event.get(row).is_some_and(|event| event >= cut && event < horizon) {
                forward += 1;
            }
            let Some(observed) = observed.get(row).filter(|observed| *observed < cut) else { continue };
            let intensity = intensity.get(row).unwrap_or(1.0);
            let age = cut - observed;
            for (strength, decay) in strengths.iter_mut().zip(&decays) {
                *strength = Strength::new(intensity * libm::exp2(age as f64 * decay));
            }
            let place = topics.of(row);
            by_topic[place].add_signal(&spans, observed, age, &strengths);
            if age <= KIND_DAYS * MICROS_PER_DAY {
                topics_seen[place] = true;
                by_kind[kinds.of(row)] += 1;
            }
            if age <= RECENT_DAYS * MICROS_PER_DAY {
                recent += 1;
            } else if age <= (RECENT_DAYS + BASELINE_DAYS) * MICROS_PER_DAY {
                baseline += 1;
            }
        }
        for (place, tally) in by_topic.iter().enumerate().filter(|(_, tally)| tally.last != Tally::NEVER) {
            all.add(tally);
            tally.write(view, &mut surges, &mut cells, width * (place + 1));
        }
        if all.last != Tally::NEVER {
            all.write(view, &mut surges, &mut cells, 0);
        }
        cells.set(after_groups, (recent as f32 + 1.0) / (baseline as f32 / 3.0 + 1.0));
        cells.set(after_groups + 1, forward as f32);
        cells.set(after_groups + 2, topics_seen.iter().filter(|seen| **seen).count() as f32);
        for (place, count) in by_kind.iter().enumerate() {
            cells.set(after_groups + 3 + place, *count as f32);
        }
        cells.row += 1;
    }
    Ok(cells.finish())
}

/// The place of each row's name in a list, or the place after the list for all other names.
struct Places<'t> {
    names: TextColumn<'t>,
    of_level: Vec<usize>,
    other: usize,
}

impl<'t> Places<'t> {
    fn new(names: TextColumn<'t>, known: &[String]) -> Self {
        let place = |name: &str| known.iter().position(|candidate| candidate == name);
        let of_level = names.levels().map(|name| place(name).unwrap_or(known.len())).collect();
        Self { names, of_level, other: known.len() }
    }

    fn of(&self, row: usize) -> usize {
        self.names.code(row).map_or(self.other, |code| self.of_level[code as usize])
    }
}
