//! Intent: what is happening at a company.
//!
//! Signals are counted in windows that end on the date, per topic, per kind and over all. For an age of `a` days and a
//! half-life of `h` days a decayed count is the sum of `intensity * 2^(-a / h)`. Momentum compares the last 28 days
//! with a usual 28 days of the 84 before, `(n28 + 1) / (n84 / 3 + 1)`: 1 is usual. Forward events are dated after the
//! date but known before it, such as a renewal that falls due. Surge is a tested statistic: see [`Surge`](super::Surge).

use std::num::NonZeroU16;

use super::FeatureError;
use super::firmographic::missing;
use super::recipe::{Recipe, Unit};
use super::spec::{Family, FeatureSpec};
use super::surge::SignalWeeks;
use super::view::View;
use crate::matrix::Column;
use crate::quantity::MICROS_PER_DAY;
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
    decayed: Vec<f64>,
    last: Option<i64>,
    weeks: SignalWeeks,
}

impl Tally {
    fn new(spec: &FeatureSpec) -> Self {
        Self {
            windows: vec![0; spec.windows_days.len()],
            decayed: vec![0.0; spec.half_lives_days.len()],
            last: None,
            weeks: SignalWeeks::default(),
        }
    }

    fn add(&mut self, view: &View<'_>, spec: &FeatureSpec, observed: i64, intensity: f64) {
        for (count, days) in self.windows.iter_mut().zip(&spec.windows_days) {
            *count += u32::from(view.within(observed, span(*days)));
        }
        for (sum, half_life) in self.decayed.iter_mut().zip(&spec.half_lives_days) {
            *sum += intensity * libm::exp2(-view.days_since(observed) / f64::from(half_life.get()));
        }
        self.last = Some(self.last.map_or(observed, |last| last.max(observed)));
        self.weeks.add(view.as_of.micros() - observed);
    }

    fn write(&self, view: &View<'_>, row: &mut Vec<Option<f32>>) {
        row.extend(self.windows.iter().map(|count| Some(*count as f32)));
        row.extend(self.decayed.iter().map(|sum| Some(*sum as f32)));
        row.push(self.last.map(|last| view.whole_days_since(last) as f32));
        row.push(Some(self.weeks.surge().score().value() as f32));
    }
}

fn span(days: NonZeroU16) -> i64 {
    i64::from(days.get())
}

pub(super) fn columns(view: &View<'_>, spec: &FeatureSpec) -> Result<Vec<Column>, FeatureError> {
    let recipes = recipes(spec);
    let Some(table) = view.table(TableName::Signals) else {
        return Ok(recipes.iter().map(|recipe| missing(recipe.unit, view.accounts.len())).collect());
    };
    let (kind, topic) = (table.text("kind")?, table.text("topic")?);
    let (observed, event, intensity) =
        (table.time("observed_at")?, table.time("event_at")?, table.number("intensity")?);
    let cut = view.as_of.micros();
    let horizon = cut + span(spec.forward_days) * MICROS_PER_DAY;
    let mut values: Vec<Vec<Option<f32>>> = vec![Vec::with_capacity(view.accounts.len()); recipes.len()];
    let mut cells: Vec<Option<f32>> = Vec::with_capacity(recipes.len());
    for account in view.accounts.clone() {
        let mut all = Tally::new(spec);
        let mut by_topic = vec![Tally::new(spec); spec.topics.len() + 1];
        let mut by_kind = vec![0_u32; spec.kinds.len() + 1];
        let mut topics_seen = vec![false; spec.topics.len() + 1];
        let (mut recent, mut baseline, mut forward) = (0_u32, 0_u32, 0_u32);
        for row in view.known(table, account) {
            if event.get(row).is_some_and(|event| event >= cut && event < horizon) {
                forward += 1;
            }
            let Some(observed) = observed.get(row).filter(|observed| *observed < cut) else { continue };
            let intensity = intensity.get(row).unwrap_or(1.0);
            all.add(view, spec, observed, intensity);
            let place = place_of(topic.get(row), &spec.topics);
            by_topic[place].add(view, spec, observed, intensity);
            if view.within(observed, KIND_DAYS) {
                topics_seen[place] = true;
                by_kind[place_of(kind.get(row), &spec.kinds)] += 1;
            }
            if view.within(observed, RECENT_DAYS) {
                recent += 1;
            } else if view.within(observed, RECENT_DAYS + BASELINE_DAYS) {
                baseline += 1;
            }
        }
        cells.clear();
        all.write(view, &mut cells);
        for tally in &by_topic {
            tally.write(view, &mut cells);
        }
        cells.push(Some((recent as f32 + 1.0) / (baseline as f32 / 3.0 + 1.0)));
        cells.push(Some(forward as f32));
        cells.push(Some(topics_seen.iter().filter(|seen| **seen).count() as f32));
        cells.extend(by_kind.iter().map(|count| Some(*count as f32)));
        for (column, cell) in values.iter_mut().zip(&cells) {
            column.push(*cell);
        }
    }
    Ok(values.into_iter().map(Column::numbers).collect())
}

/// The place of `name` in `known`, or the place after them for all other names.
fn place_of(name: Option<&str>, known: &[String]) -> usize {
    name.and_then(|name| known.iter().position(|candidate| candidate == name)).unwrap_or(known.len())
}
