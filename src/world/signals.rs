//! Buying signals: phases of interest in a topic that begin, last weeks and fade, over a background of events.

use super::calendar::{Calendar, SIGNAL_HISTORY_MONTHS, micros};
use super::catalogue::{BEHAVIOURS, N_TOPICS};
use super::company::Company;
use super::draws::Draws;
use super::installs::Install;
use super::products::{N_PRODUCTS, PRODUCTS, Product};
use crate::quantity::MICROS_PER_DAY;
use crate::seed::Seed;

/// One signal.
#[derive(Clone, Debug)]
pub(super) struct Signal {
    pub(super) kind: &'static str,
    pub(super) topic: Option<usize>,
    pub(super) observed_at: i64,
    pub(super) event_at: Option<i64>,
    pub(super) intensity: Option<f64>,
    pub(super) source: &'static str,
    pub(super) known_at: i64,
    /// Whether only the internet domain of the company was seen.
    pub(super) by_domain: bool,
}

/// Chance that a phase of interest in a topic begins in a month, at a company of loudness 1.
const ONSET: f64 = 0.011;

/// Events that are not tied to a phase of interest: kind, monthly rate, slope in growth, source, and whether the
/// event itself may lie ahead.
const EVENTS: [(&str, f64, f64, &str, bool); 7] = [
    ("hiring", 0.06, 0.4, "jobs", false),
    ("contact_hired", 0.015, 0.2, "press", false),
    ("company_size_change", 0.015, 0.2, "directory", false),
    ("news_event", 0.03, 0.0, "press", true),
    ("funding", 0.006, 0.5, "press", false),
    ("merger_acquisition", 0.002, 0.1, "press", false),
    ("revenue_shift", 0.012, 0.1, "directory", false),
];

/// All signals of a company, in the order they were observed.
pub(super) fn observe(
    company: &Company,
    installs: &[Install],
    calendar: &Calendar,
    entry_month: i32,
    seed: Seed,
) -> Vec<Signal> {
    let first_month = if entry_month > 0 { entry_month } else { -SIGNAL_HISTORY_MONTHS };
    let mut feed = Feed { draws: Draws::new(seed), end: calendar.end(), signals: Vec::new() };
    for topic in 0..N_TOPICS {
        feed.phases(company, topic, calendar, first_month);
    }
    feed.events(company, calendar, first_month);
    feed.technology(company, installs, calendar, first_month);
    // The sort is stable, so signals of one moment keep the order in which they were drawn.
    feed.signals.sort_by_key(|signal| signal.observed_at);
    feed.signals
}

struct Feed {
    draws: Draws,
    end: i32,
    signals: Vec<Signal>,
}

impl Feed {
    fn push(
        &mut self,
        kind: &'static str,
        topic: Option<usize>,
        day: i32,
        ahead: Option<i32>,
        intensity: Option<f64>,
        source: &'static str,
    ) {
        if day >= self.end {
            return;
        }
        let observed_at = self.draws.moment(day);
        self.signals.push(Signal {
            kind,
            topic,
            observed_at,
            event_at: ahead.map(|days| micros(day + days)),
            intensity,
            source,
            known_at: self.draws.delayed(observed_at),
            by_domain: kind == "web_visit" && self.draws.chance(0.08),
        });
    }

    fn behaviour(&mut self, topic: usize, day: i32) {
        let (kind, _, source, mean) = BEHAVIOURS[self.draws.weighted(BEHAVIOURS.iter().map(|b| b.1))];
        let ahead = (kind == "conference").then(|| self.draws.whole(5, 60));
        let intensity = (self.draws.log_normal(mean * 0.9, 0.4) * 10.0).round().max(1.0) / 10.0;
        self.push(kind, Some(topic), day, ahead, (mean != 1.0).then_some(intensity), source);
    }

    fn phases(&mut self, company: &Company, topic: usize, calendar: &Calendar, first_month: i32) {
        let loudness = company.traits.loudness.min(3.0);
        let onset = ONSET * loudness * libm::exp(0.25 * company.traits.digital + 0.5 * pull(company, topic));
        let background = 0.012 * loudness;
        let mut busy_until = i32::MIN;
        for month in first_month..calendar.n_months() {
            let (first, next) = (calendar.first_day(month), calendar.first_day(month + 1));
            for _ in 0..self.draws.poisson(background) {
                let day = self.draws.whole(first, next - 1);
                self.behaviour(topic, day);
            }
            if !self.draws.chance(onset) || first < busy_until {
                continue;
            }
            let begin = self.draws.whole(first, next - 1);
            let weeks = self.draws.whole(4, 18);
            let peak = self.draws.log_normal(1.5, 0.5);
            for week in 0..weeks {
                let rise = (f64::from(week + 1) / 3.0).min(1.0);
                let fade = libm::exp(-2.5 * (f64::from(week) / f64::from(weeks) - 0.4).max(0.0));
                for _ in 0..self.draws.poisson(peak * rise * fade) {
                    let day = begin + 7 * week + self.draws.whole(0, 6);
                    self.behaviour(topic, day);
                }
            }
            busy_until = begin + 7 * weeks;
        }
    }

    fn events(&mut self, company: &Company, calendar: &Calendar, first_month: i32) {
        let reach = company.traits.loudness.min(3.0) * libm::exp(0.25 * company.size(0));
        for month in first_month..calendar.n_months() {
            let (first, next) = (calendar.first_day(month), calendar.first_day(month + 1));
            for (kind, rate, by_growth, source, ahead) in EVENTS {
                let mean = rate * reach * libm::exp(by_growth * company.traits.growth);
                for _ in 0..self.draws.poisson(mean) {
                    let day = self.draws.whole(first, next - 1);
                    let event = ahead.then(|| self.draws.whole(-3, 45));
                    let intensity =
                        (kind == "funding").then(|| self.draws.log_normal(3.0, 0.8).round().max(1.0));
                    self.push(kind, None, day, event, intensity, source);
                }
            }
        }
    }

    /// Renewals that come round every year, observed one to four months ahead, and technology given up.
    fn technology(&mut self, company: &Company, installs: &[Install], calendar: &Calendar, first_month: i32) {
        let visible = 0.4 * company.traits.loudness.min(1.5);
        let begin = calendar.first_day(first_month);
        for install in installs {
            let Some(topic) = topic_of(install.technology.category) else { continue };
            let mut due = install.first_seen + self.draws.whole(0, 364);
            while due < calendar.end() + 120 {
                let notice = self.draws.whole(30, 120);
                let day = due - notice;
                if day >= begin && day >= install.first_seen && self.draws.chance(visible) {
                    self.push("technology_renewal", Some(topic), day, Some(notice), None, "technographics");
                }
                due += 365;
            }
            if self.draws.chance(0.03) {
                let day = self.draws.whole(begin, calendar.end() - 1);
                if day > install.last_seen {
                    self.push("technology_retirement", Some(topic), day, None, None, "technographics");
                }
            }
        }
    }
}

fn pull(company: &Company, topic: usize) -> f64 {
    let main = (0..N_PRODUCTS).find(|&at| PRODUCTS[at].topics[0].0 == topic);
    main.map_or(0.0, |at| company.industry.pull[at])
}

fn topic_of(category: &str) -> Option<usize> {
    match category {
        "cloud_platform" | "virtualisation" | "server" => Some(0),
        "productivity" | "productivity_on_premises" => Some(1),
        "crm" => Some(2),
        "erp" => Some(3),
        "endpoint_security" | "identity" => Some(4),
        "database" => Some(5),
        "voice" => Some(6),
        "low_code" => Some(7),
        "client" => Some(8),
        _ => None,
    }
}

/// What the signals known on the morning of a day say about interest in a product.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Interest {
    /// Sum over the last 90 days of topic weight times intensity times `2^(-age / 28 days)`.
    pub(super) level: f64,
    /// Whether the last 21 days were much busier than the 63 before.
    pub(super) surge: bool,
    /// Whether a competing technology comes up for renewal within 90 days.
    pub(super) renewal: bool,
    /// Whether funding was announced in the last 90 days.
    pub(super) funding: bool,
    /// Whether people were hired in the last 90 days.
    pub(super) hiring: bool,
}

impl Interest {
    /// The interest of each product on the morning of `day`; `signals` are in the order of observation.
    pub(super) fn on(day: i32, signals: &[Signal]) -> [Self; N_PRODUCTS] {
        let now = micros(day);
        let mut interests = [Self::default(); N_PRODUCTS];
        let mut counts = [(0.0, 0.0); N_PRODUCTS];
        let from = signals.partition_point(|signal| signal.observed_at < now - 120 * MICROS_PER_DAY);
        let to = signals.partition_point(|signal| signal.observed_at < now);
        for signal in signals[from..to].iter().filter(|signal| signal.known_at < now) {
            let age = (now - signal.observed_at) as f64 / MICROS_PER_DAY as f64;
            let due = signal.kind == "technology_renewal"
                && signal.event_at.is_some_and(|event| (now..now + 90 * MICROS_PER_DAY).contains(&event));
            for ((interest, count), product) in interests.iter_mut().zip(&mut counts).zip(&PRODUCTS) {
                interest.funding |= signal.kind == "funding" && age < 90.0;
                interest.hiring |= signal.kind == "hiring" && age < 90.0;
                let weight = weight_of(product, signal.topic);
                if weight == 0.0 {
                    continue;
                }
                interest.renewal |= due;
                if age < 90.0 && signal.kind != "technology_renewal" {
                    interest.level += weight * signal.intensity.unwrap_or(1.0) * libm::exp2(-age / 28.0);
                    *(if age < 21.0 { &mut count.0 } else { &mut count.1 }) += 1.0;
                }
            }
        }
        for (interest, (recent, before)) in interests.iter_mut().zip(counts) {
            interest.surge = recent >= 3.0 && recent > 0.6 * before;
        }
        interests
    }
}

fn weight_of(product: &Product, topic: Option<usize>) -> f64 {
    let found = topic.and_then(|topic| product.topics.iter().find(|&&(other, _)| other == topic));
    found.map_or(0.0, |&(_, weight)| weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(days_before: i64, delay: i64, topic: usize) -> Signal {
        let observed_at = micros(20_000) - days_before * MICROS_PER_DAY;
        Signal {
            kind: "web_visit",
            topic: Some(topic),
            observed_at,
            event_at: None,
            intensity: Some(2.0),
            source: "web",
            known_at: observed_at + delay * MICROS_PER_DAY,
            by_domain: false,
        }
    }

    #[test]
    fn interest_halves_in_four_weeks_and_ignores_what_is_not_yet_known() {
        let signals = [visit(95, 1, 2), visit(56, 1, 2), visit(28, 1, 2), visit(2, 2, 2), visit(1, 1, 2)];
        let interest = Interest::on(20_000, &signals)[super::super::products::D365_SP];
        // Two visits count: 2 * 1/4 + 2 * 1/2. The first is too old; the last two are known from the day itself on.
        assert!((interest.level - 1.5).abs() < 1e-12, "{}", interest.level);
        assert!(!interest.surge);
        assert_eq!(Interest::on(20_000, &signals)[super::super::products::SURFACE].level, 0.0);
    }

    #[test]
    fn three_visits_in_three_weeks_after_silence_are_a_surge() {
        let signals = [visit(9, 1, 2), visit(8, 1, 2), visit(7, 1, 2)];
        assert!(Interest::on(20_000, &signals)[super::super::products::D365_SP].surge);
    }
}
