//! Companies: what is latent in them, and what a directory knows of them.

use super::catalogue::{COUNTRIES, Country, INDUSTRIES, Industry};
use super::draws::Draws;
use crate::seed::Seed;

/// What drives a company and is never written to the tables; each is close to standard normal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traits {
    pub(super) digital: f64,
    pub(super) growth: f64,
    pub(super) it_staffing: f64,
    pub(super) budget: f64,
    pub(super) cloud: f64,
    /// How much of what happens inside can be seen from outside: 0.1 for the silent majority, 1 and more else.
    pub(super) loudness: f64,
}

impl Traits {
    /// Digital maturity, growth, IT staffing, budget and cloud affinity, in the order of product coefficients.
    pub(super) const fn latent(&self) -> [f64; 5] {
        [self.digital, self.growth, self.it_staffing, self.budget, self.cloud]
    }
}

/// A company as it is in its first year.
#[derive(Clone, Debug)]
pub(super) struct Company {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) domain: String,
    pub(super) country: &'static Country,
    pub(super) city: &'static str,
    pub(super) state: &'static str,
    pub(super) postal_code: String,
    pub(super) industry: &'static Industry,
    pub(super) founded_year: i64,
    pub(super) duns: String,
    pub(super) parent: Option<String>,
    pub(super) is_nonprofit: bool,
    pub(super) partner: String,
    pub(super) traits: Traits,
    employees: f64,
    revenue_per_head: f64,
}

/// The name of the account with this number.
pub(super) fn account_id(index: u64) -> String {
    format!("{:010}", index + 1)
}

impl Company {
    pub(super) fn new(index: u64, seed: Seed, start_year: i32) -> Self {
        let draws = &mut Draws::new(seed);
        let industry = &INDUSTRIES[draws.weighted(INDUSTRIES.iter().map(|industry| industry.weight))];
        let country = &COUNTRIES[draws.weighted(COUNTRIES.iter().map(|country| country.weight))];
        let employees = draw_employees(draws, industry);
        let size = size_of(employees);
        let digital = draws.normal();
        let traits = Traits {
            digital,
            growth: draws.normal(),
            it_staffing: 0.5 * size + 0.85 * draws.normal(),
            budget: draws.normal(),
            cloud: 0.5 * digital + 0.85 * draws.normal(),
            loudness: draw_loudness(draws, size),
        };
        let revenue_per_head =
            1000.0 * industry.revenue_per_head * libm::exp(0.35 * traits.budget + 0.35 * draws.normal());
        let (city, state, prefix, digits) = *draws.pick(country.places);
        let limit = 10_i32.pow(digits as u32) - 1;
        let postal_code = format!("{prefix}{:0digits$}", draws.whole(0, limit));
        let (name, domain) = draw_name(draws, index, country);
        let parent =
            (index > 0 && draws.chance(0.02)).then(|| account_id((draws.uniform() * index as f64) as u64));
        Self {
            id: account_id(index),
            name,
            domain,
            country,
            city,
            state,
            postal_code,
            industry,
            founded_year: i64::from(start_year) - 2 - (draws.uniform() * draws.uniform() * 90.0) as i64,
            duns: format!("{:09}", draws.whole(1_000_000, 999_999_999)),
            parent,
            is_nonprofit: draws.chance(if industry.vertical == "Education" { 0.25 } else { 0.03 }),
            partner: format!("{:07}", draws.whole(1, 400)),
            traits,
            employees,
            revenue_per_head,
        }
    }

    /// People employed in a year of the world, the first one being 0.
    pub(super) fn employees(&self, year: i32) -> i64 {
        let growth = libm::exp(0.04 * self.traits.growth * f64::from(year.max(0)));
        (self.employees * growth).round().max(1.0) as i64
    }

    /// Revenue in a year of the world, whole USD.
    pub(super) fn revenue(&self, year: i32) -> f64 {
        (self.employees(year) as f64 * self.revenue_per_head).round()
    }

    /// Size in a year of the world, about standard normal; above 2.5 it no longer grows.
    pub(super) fn size(&self, year: i32) -> f64 {
        size_of(self.employees(year) as f64)
    }

    /// Revenue per head against its industry, about standard normal.
    pub(super) fn wealth(&self) -> f64 {
        (libm::log(self.revenue_per_head / (1000.0 * self.industry.revenue_per_head)) / 0.5).clamp(-2.5, 2.5)
    }
}

fn size_of(employees: f64) -> f64 {
    ((libm::log(employees) - 2.1) / 1.4).clamp(-1.5, 2.5)
}

/// Most companies are log-normal around eight people; one in forty lies in a Pareto tail from 100 people on.
fn draw_employees(draws: &mut Draws, industry: &Industry) -> f64 {
    let employees = if draws.chance(0.025) {
        draws.pareto(100.0, 1.1)
    } else {
        draws.log_normal(8.0, 1.15) * libm::exp(industry.size)
    };
    employees.round().clamp(1.0, 80_000.0)
}

fn draw_loudness(draws: &mut Draws, size: f64) -> f64 {
    if draws.chance(0.62 - 0.12 * size) { 0.1 } else { draws.log_normal(1.0, 0.5) }
}

const FIRST: [&str; 24] = [
    "Alder", "Amber", "Arrow", "Birch", "Bright", "Cedar", "Clear", "Copper", "Delta", "Eagle", "Falcon",
    "Granite", "Harbor", "Iron", "Juniper", "Keystone", "Lake", "Maple", "North", "Orchid", "Pioneer",
    "Quartz", "River", "Summit",
];
const SECOND: [&str; 20] = [
    "bridge", "brook", "crest", "dale", "field", "ford", "gate", "grove", "haven", "hill", "line", "mark",
    "mont", "point", "ridge", "stone", "vale", "view", "ward", "wood",
];
const THIRD: [&str; 16] = [
    "Trading",
    "Works",
    "Partners",
    "Systems",
    "Group",
    "Services",
    "Supply",
    "Design",
    "Foods",
    "Logistics",
    "Labs",
    "Health",
    "Tools",
    "Studio",
    "Energy",
    "Networks",
];

fn draw_name(draws: &mut Draws, index: u64, country: &Country) -> (String, String) {
    let (first, second, third) = (draws.pick(&FIRST), draws.pick(&SECOND), draws.pick(&THIRD));
    let (legal_form, _) = draws.pick(country.legal_forms);
    let name = format!("{first}{second} {third} {legal_form}");
    // The number makes the domain unique.
    let domain = format!(
        "{}{second}-{}{}.{}",
        first.to_lowercase(),
        third.to_lowercase(),
        index + 1,
        country.internet
    );
    (name, domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headcounts_are_skewed_as_among_real_companies() {
        let employees: Vec<i64> = (0..20_000)
            .map(|index| Company::new(index, Seed::new(1).numbered(index), 2024).employees(0))
            .collect();
        let share = |test: fn(i64) -> bool| {
            employees.iter().filter(|&&e| test(e)).count() as f64 / employees.len() as f64
        };
        assert!((0.75..0.90).contains(&share(|e| e < 25)), "{}", share(|e| e < 25));
        assert!((0.08..0.24).contains(&share(|e| (25..300).contains(&e))));
        assert!((0.0005..0.005).contains(&share(|e| e >= 1000)), "{}", share(|e| e >= 1000));
        assert!(employees.iter().all(|&e| e >= 1));
    }

    #[test]
    fn some_postal_codes_and_duns_numbers_begin_with_zero() {
        let companies: Vec<Company> =
            (0..500).map(|index| Company::new(index, Seed::new(1).numbered(index), 2024)).collect();
        assert!(companies.iter().any(|company| company.postal_code.starts_with('0')));
        assert!(companies.iter().any(|company| company.duns.starts_with('0')));
        assert!(companies.iter().all(|company| company.duns.len() == 9));
    }
}
