//! Rules asked of an account, in three values, with the reason.
//!
//! What is not known is neither yes nor no: `employees < 300` of an account without headcount is unknown, and so is its
//! opposite. And, or and not follow Kleene (1938, <https://doi.org/10.2307/2267778>): unknown and no is no, unknown or
//! yes is yes. A cohort holds its account only where the rule says yes.

use std::collections::BTreeMap;
use std::fmt;

use super::predicate::{AgreementTest, Attribute, Measure, Names, Predicate, VersionTest};
use crate::grid::Cluster;
use crate::targeting::{AccountFacts, Bought, VersionAge};

/// What a rule says of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    /// It does not hold.
    No,
    /// Something that it asks for is not known.
    Unknown,
    /// It holds.
    Yes,
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

impl fmt::Display for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::No => "no",
            Self::Unknown => "unknown",
            Self::Yes => "yes",
        })
    }
}

/// An account as rules see it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// What is known of it.
    pub facts: &'a AccountFacts,
    /// Its cluster for each product with a model.
    pub clusters: &'a BTreeMap<String, Cluster>,
}

/// Why a rule says what it says: the rule as a tree, each part with its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The part, in the language of rules.
    pub rule: String,
    /// What it says.
    pub truth: Truth,
    /// What was found, for a part that asks the facts.
    pub found: Option<String>,
    /// The parts it is made of.
    pub parts: Vec<Explanation>,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn write(part: &Explanation, depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let found = part.found.as_ref().map(|found| format!("  [{found}]")).unwrap_or_default();
            writeln!(f, "{:indent$}{:<8}{}{found}", "", part.truth, part.rule, indent = 2 * depth)?;
            part.parts.iter().try_for_each(|part| write(part, depth + 1, f))
        }
        write(self, 0, f)
    }
}

impl Predicate {
    /// What the rule says of an account.
    pub fn ask(&self, subject: &Subject<'_>) -> Truth {
        match self {
            Self::All(parts) => parts.iter().map(|part| part.ask(subject)).min().unwrap_or(Truth::Yes),
            Self::Any(parts) => parts.iter().map(|part| part.ask(subject)).max().unwrap_or(Truth::No),
            Self::Not(part) => match part.ask(subject) {
                Truth::No => Truth::Yes,
                Truth::Unknown => Truth::Unknown,
                Truth::Yes => Truth::No,
            },
            Self::Is(attribute, names) => attribute
                .of(subject.facts)
                .map_or(Truth::Unknown, |text| names.iter().any(|name| same(name, text)).into()),
            Self::Compare(measure, comparison, value) => measure
                .of(subject.facts)
                .map_or(Truth::Unknown, |found| comparison.holds(found, *value).into()),
            _ => self.holds(subject).into(),
        }
    }

    /// The tests that always have an answer.
    fn holds(&self, subject: &Subject<'_>) -> bool {
        let facts = subject.facts;
        match self {
            Self::Owns(names) => names.iter().any(|product| facts.owns(product)),
            Self::Bought(names) => names.iter().any(|product| facts.bought(product).is_some()),
            Self::Plan(names) => facts
                .holdings
                .iter()
                .filter(|holding| holding.live)
                .filter_map(|holding| holding.plan.as_deref())
                .any(|plan| names.iter().any(|name| same(name, plan))),
            Self::Installed(names) => {
                facts.installs.iter().any(|found| names.iter().any(|name| found.product == name))
            }
            Self::Category(names) => facts
                .installs
                .iter()
                .any(|found| names.iter().any(|name| found.category.as_deref() == Some(name))),
            Self::Version(names, tests) => facts.installs.iter().any(|found| {
                names.iter().any(|name| found.product == name)
                    && tests.iter().any(|test| test.holds(found.version.as_deref(), found.age))
            }),
            Self::Agreement(names, test) => facts.agreements.iter().any(|agreement| {
                let division = agreement.division.as_deref();
                names.iter().any(|name| division == Some(name))
                    && test.holds(agreement.runs_on(facts.as_of), agreement.program.as_deref())
            }),
            Self::Scored(product) => {
                subject.clusters.get(product).is_some_and(|cluster| *cluster != Cluster::NotScored)
            }
            Self::InCluster(product, clusters) => {
                subject.clusters.get(product).is_some_and(|cluster| clusters.contains(cluster))
            }
            Self::All(_) | Self::Any(_) | Self::Not(_) | Self::Is(..) | Self::Compare(..) => false,
        }
    }

    /// What the rule says of an account, and why.
    pub fn explain(&self, subject: &Subject<'_>) -> Explanation {
        let parts = match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().map(|part| part.explain(subject)).collect(),
            Self::Not(part) => vec![part.explain(subject)],
            _ => Vec::new(),
        };
        let rule = match self {
            Self::All(_) => "all of".to_owned(),
            Self::Any(_) => "any of".to_owned(),
            Self::Not(_) => "not".to_owned(),
            _ => self.to_string(),
        };
        Explanation { rule, truth: self.ask(subject), found: self.found(subject), parts }
    }

    /// The facts that a test looks at, in words.
    fn found(&self, subject: &Subject<'_>) -> Option<String> {
        let facts = subject.facts;
        let list = |found: Vec<String>| if found.is_empty() { "none".to_owned() } else { found.join(", ") };
        Some(match self {
            Self::All(_) | Self::Any(_) | Self::Not(_) => return None,
            Self::Owns(names) => list(kept(names, |product| facts.owns(product))),
            Self::Bought(names) => list(kept(names, |product| facts.bought(product).is_some())),
            Self::Plan(_) => {
                let live = facts.holdings.iter().filter(|holding| holding.live);
                list(live.filter_map(|holding| holding.plan.clone()).collect())
            }
            Self::Installed(names) => {
                list(kept(names, |name| facts.installs.iter().any(|found| found.product == name)))
            }
            Self::Category(names) => {
                let of = |category: Option<&str>| names.iter().any(|name| category == Some(name));
                let found = facts.installs.iter().filter(|found| of(found.category.as_deref()));
                list(found.map(|found| found.product.clone()).collect())
            }
            Self::Version(names, _) => {
                let found =
                    facts.installs.iter().filter(|found| names.iter().any(|name| found.product == name));
                list(
                    found
                        .map(|found| {
                            let version = found.version.as_deref().unwrap_or("version unknown");
                            format!("{} {version} ({})", found.product, VersionTest::Age(found.age))
                        })
                        .collect(),
                )
            }
            Self::Agreement(names, _) => {
                let of = |division: Option<&str>| names.iter().any(|name| division == Some(name));
                let found = facts.agreements.iter().filter(|found| of(found.division.as_deref()));
                list(
                    found
                        .map(|found| {
                            let program = found.program.as_deref().unwrap_or("program unknown");
                            format!("{} {program} until {}", found.id, found.ends)
                        })
                        .collect(),
                )
            }
            Self::Scored(product) | Self::InCluster(product, _) => {
                subject.clusters.get(product).map_or("no model".to_owned(), ToString::to_string)
            }
            Self::Is(attribute, _) => attribute.of(facts).unwrap_or("not known").to_owned(),
            Self::Compare(measure, ..) => {
                measure.of(facts).map_or("not known".to_owned(), |found| found.to_string())
            }
        })
    }
}

fn kept(names: &Names, test: impl Fn(&str) -> bool) -> Vec<String> {
    names.iter().filter(|name| test(name)).map(str::to_owned).collect()
}

/// Plans, industries, tiers and countries are compared in any case.
fn same(name: &str, found: &str) -> bool {
    name.to_lowercase() == found.to_lowercase()
}

impl VersionTest {
    fn holds(&self, version: Option<&str>, age: VersionAge) -> bool {
        match self {
            Self::Age(wanted) => *wanted == age,
            Self::Exactly(wanted) => version.is_some_and(|found| same(wanted, found)),
        }
    }
}

impl AgreementTest {
    fn holds(&self, active: bool, program: Option<&str>) -> bool {
        let annuity =
            program.is_some_and(|program| self.annuity_programs.iter().any(|known| same(known, program)));
        self.active.is_none_or(|wanted| wanted == active)
            && self.annuity.is_none_or(|wanted| wanted == annuity)
    }
}

impl Attribute {
    fn of(self, facts: &AccountFacts) -> Option<&str> {
        match self {
            Self::Industry => facts.firm.vertical.as_deref(),
            Self::Tier => Some(&facts.tier),
            Self::Country => facts.firm.country.as_deref(),
        }
    }
}

impl Measure {
    /// The number; `None` where it is not known. Over several products: the sum of what is known.
    fn of(&self, facts: &AccountFacts) -> Option<f64> {
        let sum = |names: &Names, of: &dyn Fn(&str) -> Option<f64>| {
            names.iter().filter_map(of).reduce(|a, b| a + b)
        };
        // Nobody counts the seats of a product that is owned without a plan; one that is not owned has none.
        let seats = |product: &str| match facts.seats(product) {
            Some(seats) => Some(seats as f64),
            None => (!facts.owns(product)).then_some(0.0),
        };
        let money = |names: &Names, of: &dyn Fn(&Bought) -> f64| {
            sum(names, &|product| Some(facts.bought(product).map_or(0.0, of)))
        };
        match self {
            Self::Employees => facts.firm.employees.map(|heads| heads as f64),
            Self::Acr => facts.firm.acr_monthly,
            Self::Seats(names) => sum(names, &seats),
            Self::PlanSeats(names) => {
                let live = facts.holdings.iter().filter(|holding| {
                    let plan = holding.plan.as_deref();
                    holding.live && plan.is_some_and(|plan| names.iter().any(|name| same(name, plan)))
                });
                live.map(|holding| Some(holding.seats.sold? as f64))
                    .try_fold(0.0, |sum, seats| Some(sum + seats?))
            }
            Self::Penetration(names) => {
                Some(100.0 * sum(names, &seats)? / facts.firm.employees.map(|heads| heads as f64)?)
            }
            Self::Licences(names) => sum(names, &|product| facts.licences(product)),
            Self::Devices(names) => money(names, &|bought| bought.units_36m),
            Self::Spend(names) => money(names, &|bought| bought.value_3m / 3.0),
            Self::SpendYear(names) => money(names, &|bought| bought.value_12m),
        }
    }
}
