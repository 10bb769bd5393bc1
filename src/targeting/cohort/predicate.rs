//! Rules as trees.

use std::fmt;

use crate::grid::Cluster;
use crate::targeting::VersionAge;

/// Names that mean the same to a rule, any of which will do; kept with how they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// As written, sets not yet opened.
    pub(super) written: String,
    /// The names.
    pub(super) names: Vec<String>,
}

impl Names {
    /// The names, in the order written.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }
}

/// A version, or an age of versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionTest {
    /// Any version of that age.
    Age(VersionAge),
    /// That version.
    Exactly(String),
}

/// What an agreement must be, beside its division.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgreementTest {
    /// Whether it runs on the date (`active`) or has ended (`inactive`).
    pub active: Option<bool>,
    /// Whether its program is an annuity, by the programs the catalogue lists as such.
    pub annuity: Option<bool>,
    /// The programs that are annuities.
    pub(super) annuity_programs: Vec<String>,
}

/// A number that is known of an account.
#[derive(Clone, Debug, PartialEq)]
pub enum Measure {
    /// People employed.
    Employees,
    /// Azure consumed revenue, USD a month.
    Acr,
    /// Sold seats of live plans.
    Seats(Names),
    /// Sold seats of the live plans that are one of these.
    PlanSeats(Names),
    /// Sold seats of live plans for a hundred employees.
    Penetration(Names),
    /// Licences: seats of live plans, else units bought.
    Licences(Names),
    /// Units bought in 36 months.
    Devices(Names),
    /// Money a month, over the last three full months.
    Spend(Names),
    /// Money in 12 months.
    SpendYear(Names),
}

/// A text that is known of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// Industry in words.
    Industry,
    /// Size tier.
    Tier,
    /// Country.
    Country,
}

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
    /// `!=`
    Unequal,
}

impl Comparison {
    /// The sign it is written as.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Equal => "==",
            Self::Unequal => "!=",
        }
    }

    pub(super) fn of_sign(sign: &str) -> Option<Self> {
        [Self::Below, Self::AtMost, Self::Above, Self::AtLeast, Self::Equal, Self::Unequal]
            .into_iter()
            .find(|comparison| comparison.sign() == sign)
    }

    /// Whether `left` compares with `right` so.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Below => left < right,
            Self::AtMost => left <= right,
            Self::Above => left > right,
            Self::AtLeast => left >= right,
            Self::Equal => left == right,
            Self::Unequal => left != right,
        }
    }
}

/// A rule over the facts of an account.
#[derive(Clone, Debug, PartialEq)]
pub enum Predicate {
    /// All hold.
    All(Vec<Predicate>),
    /// At least one holds.
    Any(Vec<Predicate>),
    /// It does not hold.
    Not(Box<Predicate>),
    /// One of the products is owned now.
    Owns(Names),
    /// One of the products was bought at some time.
    Bought(Names),
    /// A live plan is one of these.
    Plan(Names),
    /// One of the technologies is found.
    Installed(Names),
    /// A technology of one of the categories is found.
    Category(Names),
    /// One of the technologies is found in one of the versions.
    Version(Names, Vec<VersionTest>),
    /// An agreement for one of the divisions is as asked.
    Agreement(Names, AgreementTest),
    /// The account has a propensity score for the product.
    Scored(String),
    /// The product's cluster is one of these.
    InCluster(String, Vec<Cluster>),
    /// A text is one of these.
    Is(Attribute, Names),
    /// A number compares so.
    Compare(Measure, Comparison, f64),
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl fmt::Display for VersionTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Age(VersionAge::Eos) => f.write_str("eos"),
            Self::Age(VersionAge::Current) => f.write_str("current"),
            Self::Age(VersionAge::Unknown) => f.write_str("unknown"),
            Self::Exactly(version) => write!(f, "{version:?}"),
        }
    }
}

impl fmt::Display for AgreementTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = ": ";
        for (test, yes, no) in [(self.active, "active", "inactive"), (self.annuity, "annuity", "non_annuity")]
        {
            if let Some(holds) = test {
                write!(f, "{separator}{}", if holds { yes } else { no })?;
                separator = ", ";
            }
        }
        Ok(())
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Employees => f.write_str("employees"),
            Self::Acr => f.write_str("acr"),
            Self::Seats(names) => write!(f, "seats({names})"),
            Self::PlanSeats(names) => write!(f, "plan_seats({names})"),
            Self::Penetration(names) => write!(f, "penetration({names})"),
            Self::Licences(names) => write!(f, "licences({names})"),
            Self::Devices(names) => write!(f, "devices({names})"),
            Self::Spend(names) => write!(f, "spend({names})"),
            Self::SpendYear(names) => write!(f, "spend_year({names})"),
        }
    }
}

impl Attribute {
    /// The word it is written as.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Industry => "industry",
            Self::Tier => "tier",
            Self::Country => "country",
        }
    }
}

/// The word a cluster is written as.
pub(super) const fn cluster_word(cluster: Cluster) -> &'static str {
    match cluster {
        Cluster::ActNow => "act_now",
        Cluster::Evaluate => "evaluate",
        Cluster::Nurture => "nurture",
        Cluster::Educate => "educate",
        Cluster::NotScored => "not_scored",
    }
}

impl fmt::Display for Predicate {
    /// The rule in its own language; reading it back with the same sets gives the same rule.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, parts: &[Self], word: &str| {
            for (place, part) in parts.iter().enumerate() {
                if place > 0 {
                    write!(f, " {word} ")?;
                }
                if matches!(part, Self::All(_) | Self::Any(_)) {
                    write!(f, "({part})")?;
                } else {
                    write!(f, "{part}")?;
                }
            }
            Ok(())
        };
        match self {
            Self::All(parts) => joined(f, parts, "and"),
            Self::Any(parts) => joined(f, parts, "or"),
            Self::Not(part) if matches!(**part, Self::All(_) | Self::Any(_)) => write!(f, "not ({part})"),
            Self::Not(part) => write!(f, "not {part}"),
            Self::Owns(names) => write!(f, "owns({names})"),
            Self::Bought(names) => write!(f, "bought({names})"),
            Self::Plan(names) => write!(f, "plan({names})"),
            Self::Installed(names) => write!(f, "installed({names})"),
            Self::Category(names) => write!(f, "category({names})"),
            Self::Version(names, tests) => {
                let tests: Vec<String> = tests.iter().map(ToString::to_string).collect();
                write!(f, "version({names}: {})", tests.join(", "))
            }
            Self::Agreement(names, test) => write!(f, "agreement({names}{test})"),
            Self::Scored(product) => write!(f, "scored({product})"),
            Self::InCluster(product, clusters) => {
                let clusters: Vec<&str> = clusters.iter().map(|cluster| cluster_word(*cluster)).collect();
                write!(f, "cluster({product}) in ({})", clusters.join(", "))
            }
            Self::Is(attribute, names) => write!(f, "{} in ({names})", attribute.word()),
            Self::Compare(measure, comparison, value) => write!(f, "{measure} {} {value}", comparison.sign()),
        }
    }
}
