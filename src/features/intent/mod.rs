//! Intent: what is happening at a company.
//!
//! Signals are counted in windows that end on the date, per topic, per kind and over all. For an age of `a` days and a
//! half-life of `h` days a decayed count is the sum of `intensity * 2^(-a / h)`, exact to `2^-40`. Momentum compares the last 28 days
//! with a usual 28 days of the 84 before, `(n28 + 1) / (n84 / 3 + 1)`: 1 is usual. Forward events are dated after the
//! date but known before it, such as a renewal that falls due. Surge is a tested statistic: see [`Surge`](super::Surge). A spec that names
//! its [`SignalMeasures`](super::SignalMeasures) gets those alone.

mod tally;

use std::num::NonZeroU16;
use tally::{Cells, Counted, Tallies};

use super::FeatureError;
use super::firmographic::missing;
use super::recipe::{Recipe, Unit};
use super::signal_measures::SignalMeasure;
use super::spec::{Family, FeatureSpec};
use super::surge::SurgeCache;
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
    let asks = |measure| spec.signal_measures.has(measure);
    let mut recipes = Vec::new();
    for (name, spoken) in groups(spec) {
        for days in spec.windows_days.iter().filter(|_| asks(SignalMeasure::Count)) {
            recipes.push(
                recipe(&name, &format!("{days}d"), Unit::Count, &format!("{{}} {spoken} in {days} days"))
                    .none(format!("no {spoken} in {days} days"))
                    .told_with(&name),
            );
        }
        for days in spec.half_lives_days.iter().filter(|_| asks(SignalMeasure::Decayed)) {
            let words = format!("recent {spoken} add up to strength {{}}");
            recipes.push(
                recipe(&format!("{name}_decayed"), &format!("{days}d"), Unit::Number, &words)
                    .none(format!("no {spoken} lately"))
                    .told_with(&name),
            );
        }
        if asks(SignalMeasure::Recency) {
            let words = format!("latest {spoken}: {{}} day[s] ago");
            recipes.push(
                recipe(&format!("{name}_recency"), "ever", Unit::Days, &words)
                    .missing(format!("never any {spoken}"))
                    .told_with(&name),
            );
        }
        if asks(SignalMeasure::Surge) {
            let surge = if name == "signals" { "surge".to_owned() } else { format!("surge_{name}") };
            recipes.push(recipe(&surge, "21d", Unit::Surge, &format!("{spoken} are {{}}")).told_with(&name));
        }
    }
    if asks(SignalMeasure::Momentum) {
        let words = "{} times the usual number of signals";
        recipes.push(recipe("signals_momentum", "28d", Unit::Number, words));
    }
    if asks(SignalMeasure::ForwardEvents) {
        let days = spec.forward_days;
        let words = format!("{{}} event[s] due within {days} days");
        recipes.push(
            recipe("forward_events", &format!("{days}d"), Unit::Count, &words)
                .none(format!("no event due within {days} days")),
        );
    }
    if asks(SignalMeasure::Topics) {
        let words = "signals about {} topic[s] in 90 days";
        recipes.push(recipe("topics", "90d", Unit::Count, words).none("no topic in 90 days"));
    }
    let kinds = spec.kinds.iter().map(String::as_str).chain(["other"]);
    for kind in kinds.filter(|_| asks(SignalMeasure::Kinds)) {
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

fn span(days: NonZeroU16) -> i64 {
    i64::from(days.get())
}

pub(super) fn columns(view: &View<'_>, spec: &FeatureSpec) -> Result<Vec<Column>, FeatureError> {
    let recipes = recipes(spec);
    let Some(table) = view.table(TableName::Signals) else {
        return Ok(recipes.iter().map(|recipe| missing(recipe.unit, view.accounts.len())).collect());
    };
    let asks = |measure| spec.signal_measures.has(measure);
    let topics = Places::new(table.text("topic")?, &spec.topics);
    let observed = table.time("observed_at")?;
    // What no feature asks for is not read.
    let kinds = asks(SignalMeasure::Kinds)
        .then(|| table.text("kind"))
        .transpose()?
        .map(|kinds| Places::new(kinds, &spec.kinds));
    let event = asks(SignalMeasure::ForwardEvents).then(|| table.time("event_at")).transpose()?;
    let intensity = asks(SignalMeasure::Decayed).then(|| table.number("intensity")).transpose()?;
    let cut = view.as_of.micros();
    let horizon = cut + span(spec.forward_days) * MICROS_PER_DAY;
    let counted = Counted::new(spec);
    let mut strengths = counted.no_strengths();
    let mut cells = Cells::new(&quiet(spec, &counted), view.accounts.len());
    let mut surges = SurgeCache::default();
    // All topics together come after those of the spec and the others.
    let n_topics = spec.topics.len() + 1;
    let all = n_topics;
    let mut tallies = Tallies::new(&counted, n_topics + 1);
    let mut by_kind = vec![0_u32; spec.kinds.len() + 1];
    let mut topics_seen = vec![false; n_topics];
    for account in view.accounts.clone() {
        let rows = view.known(table, account);
        if rows.is_empty() {
            cells.advance();
            continue;
        }
        tallies.clear();
        by_kind.fill(0);
        topics_seen.fill(false);
        let (mut recent, mut baseline, mut forward) = (0_u32, 0_u32, 0_u32);
        for row in rows {
            let event = event.and_then(|event| event.get(row));
            forward += u32::from(event.is_some_and(|event| event >= cut && event < horizon));
            let Some(observed) = observed.get(row).filter(|observed| *observed < cut) else { continue };
            let age = cut - observed;
            if let Some(intensity) = intensity {
                counted.strengths(intensity.get(row).unwrap_or(1.0), age, &mut strengths);
            }
            let place = topics.of(row);
            tallies.add_signal(&counted, place, (observed, age), &strengths);
            if age <= KIND_DAYS * MICROS_PER_DAY {
                topics_seen[place] = true;
                if let Some(kinds) = &kinds {
                    by_kind[kinds.of(row)] += 1;
                }
            }
            if age <= RECENT_DAYS * MICROS_PER_DAY {
                recent += 1;
            } else if age <= (RECENT_DAYS + BASELINE_DAYS) * MICROS_PER_DAY {
                baseline += 1;
            }
        }
        let (of_all, row) = cells.row().split_at_mut(counted.width());
        let (of_topics, row) = row.split_at_mut(n_topics * counted.width());
        for topic in 0..n_topics {
            if !tallies.is_quiet(topic) {
                tallies.add(&counted, topic, all);
                let of_topic = &mut of_topics[topic * counted.width()..(topic + 1) * counted.width()];
                tallies.write((&counted, topic), view, &mut surges, of_topic);
            }
        }
        if !tallies.is_quiet(all) {
            tallies.write((&counted, all), view, &mut surges, of_all);
        }
        let topics = topics_seen.iter().filter(|seen| **seen).count();
        let single = [
            (SignalMeasure::Momentum, (recent as f32 + 1.0) / (baseline as f32 / 3.0 + 1.0)),
            (SignalMeasure::ForwardEvents, forward as f32),
            (SignalMeasure::Topics, topics as f32),
        ];
        let single = single.into_iter().filter(|(measure, _)| asks(*measure)).map(|(_, value)| value);
        let of_kinds = by_kind.iter().filter(|_| kinds.is_some()).map(|count| *count as f32);
        row.iter_mut().zip(single.chain(of_kinds)).for_each(|(cell, value)| *cell = value);
        cells.advance();
    }
    Ok(cells.finish())
}

/// The cells of an account without signals, in the order of the columns.
fn quiet(spec: &FeatureSpec, counted: &Counted) -> Vec<Option<f32>> {
    let asks = |measure| spec.signal_measures.has(measure);
    let groups = (0..spec.topics.len() + 2).flat_map(|_| counted.quiet());
    // Momentum of 0 after 0.
    let momentum = asks(SignalMeasure::Momentum).then_some(Some(1.0));
    let forward = asks(SignalMeasure::ForwardEvents).then_some(Some(0.0));
    let topics = asks(SignalMeasure::Topics).then_some(Some(0.0));
    let kinds = if asks(SignalMeasure::Kinds) { spec.kinds.len() + 1 } else { 0 };
    let kinds = std::iter::repeat_n(Some(0.0), kinds);
    groups.chain(momentum).chain(forward).chain(topics).chain(kinds).collect()
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
