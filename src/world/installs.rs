//! Technology found at companies, and the agreements under which old technology is held.

use super::calendar::{Calendar, micros};
use super::catalogue::{TECHNOLOGIES, Technology};
use super::company::Company;
use super::draws::Draws;
use super::products::Product;
use crate::seed::Seed;

/// A technology found at a company. Nothing in it is known before `known_at`.
#[derive(Clone, Debug)]
pub(super) struct Install {
    pub(super) technology: &'static Technology,
    pub(super) version: Option<&'static str>,
    pub(super) support_ended: bool,
    pub(super) first_seen: i32,
    pub(super) last_seen: i32,
    pub(super) intensity: f64,
    pub(super) known_at: i64,
}

/// An agreement with an end date; all that is written was known when it began.
#[derive(Clone, Debug)]
pub(super) struct Agreement {
    pub(super) program: &'static str,
    pub(super) division: String,
    pub(super) started: i32,
    pub(super) ends: i32,
    pub(super) revenue: f64,
    pub(super) known_at: i64,
}

/// What is found at a company, in the order of the catalogue.
pub(super) fn find(company: &Company, calendar: &Calendar, entry_month: i32, seed: Seed) -> Vec<Install> {
    let draws = &mut Draws::new(seed);
    let size = company.size(0);
    let mut installs = Vec::new();
    for technology in &TECHNOLOGIES {
        let [base, by_size, by_digital, by_cloud] = technology.presence;
        let log_odds =
            base + by_size * size + by_digital * company.traits.digital + by_cloud * company.traits.cloud;
        if !draws.chance(super::purchases::sigmoid(log_odds)) {
            continue;
        }
        let first_seen = if entry_month <= 0 && draws.chance(0.85) {
            calendar.start() - draws.whole(150, 900)
        } else {
            draws.whole(calendar.first_day(entry_month), calendar.end() - 1)
        };
        let last_seen = (first_seen + draws.whole(0, 120)).min(calendar.end() - 1).max(first_seen);
        let n_versions = technology.versions.len();
        let (version, support_ended) = if n_versions == 0 {
            (None, false)
        } else {
            let modernity = 0.55 + 0.17 * company.traits.digital + 0.22 * draws.normal();
            let at = ((modernity * n_versions as f64) as usize).min(n_versions - 1);
            (Some(technology.versions[at].0), technology.versions[at].1)
        };
        let intensity = (draws.log_normal(1.0 + 0.2 * size.max(0.0), 0.5) * 100.0).round() / 100.0;
        let moment = draws.moment(last_seen);
        let known_at = draws.delayed(moment);
        installs.push(Install {
            technology,
            version,
            support_ended,
            first_seen,
            last_seen,
            intensity,
            known_at,
        });
    }
    installs
}

/// Agreements over on-premises products: three years each, renewed or not.
pub(super) fn legacy_agreements(
    company: &Company,
    installs: &[Install],
    calendar: &Calendar,
    seed: Seed,
) -> Vec<Agreement> {
    let draws = &mut Draws::new(seed);
    let employees = company.employees(0);
    let mut agreements = Vec::new();
    for install in installs {
        let name = install.technology.product;
        let held = matches!(name, "windows_server" | "sql_server" | "office" | "dynamics_nav");
        if !held || employees < 10 || !draws.chance(0.5) || install.first_seen >= calendar.start() {
            continue;
        }
        let revenue = (draws.log_normal(60.0, 0.5) * employees as f64).round();
        let program = program_for(employees);
        let mut started = calendar.start() - draws.whole(1, 1095);
        while started < calendar.end() {
            let moment = draws.moment(started);
            agreements.push(Agreement {
                program,
                division: name.to_owned(),
                started,
                ends: started + 1095,
                revenue,
                known_at: draws.delayed(moment),
            });
            if !draws.chance(0.55) {
                break;
            }
            started += 1095;
        }
    }
    agreements
}

/// The licence program a company of this size buys under.
pub(super) const fn program_for(employees: i64) -> &'static str {
    match employees {
        250.. => "Enterprise Agreement",
        50..250 => "Open Value",
        _ => "CSP",
    }
}

/// What of a company's technology matters for one product, and from when on it is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holdings {
    competitor: Option<i64>,
    unsupported: Option<i64>,
}

impl Holdings {
    pub(super) fn new(product: &Product, installs: &[Install]) -> Self {
        let earliest = |test: &dyn Fn(&Install) -> bool| {
            installs.iter().filter(|install| test(install)).map(|install| install.known_at).min()
        };
        Self {
            competitor: earliest(&|install| product.competitors.contains(&install.technology.product)),
            unsupported: earliest(&|install| {
                install.support_ended && product.succeeds.contains(&install.technology.product)
            }),
        }
    }

    /// Whether a competing technology is known on the morning of this day.
    pub(super) fn has_competitor(&self, day: i32) -> bool {
        self.competitor.is_some_and(|known| known < micros(day))
    }

    /// Whether a version without support is known on the morning of this day.
    pub(super) fn has_unsupported(&self, day: i32) -> bool {
        self.unsupported.is_some_and(|known| known < micros(day))
    }
}

/// How modern the technology known on a day is: 0 for none, 1 for much of it.
pub(super) fn modernity(installs: &[Install], day: i32) -> f64 {
    let modern =
        installs.iter().filter(|install| install.technology.modern && install.known_at < micros(day)).count();
    1.0 - libm::exp(-0.4 * modern as f64)
}
