//! Cohorts (solution plays): who meets a targeting rule, and why.
//!
//! A [`Cohort`] is a named rule over the facts of an account and its clusters; a [`Catalogue`] is the list of one year,
//! read from TOML, with sets of names and dates of validity. Rules are written in a small typed language
//! (`docs/cohorts.md`), read by a lexer and a
//! recursive-descent parser; a rule that is not one is refused with line and column. A cohort whose rule was never
//! published has none, and holds nobody.
//!
//! ```
//! use propensity::targeting::cohort::Catalogue;
//! let catalogue = Catalogue::clas2024()?;
//! let cohort = catalogue.cohort("MW_Transition Customer - Compete (Zoom) without M365")?;
//! let rule = cohort.rule.as_ref().ok_or("it has a rule")?;
//! assert_eq!(rule.to_string(), "installed(zoom) and not owns(@m365)");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod catalogue;
mod error;
mod evaluate;
mod lexer;
mod parser;
mod position;
mod predicate;

pub use catalogue::{Catalogue, Cohort};
pub use error::CohortError;
pub use evaluate::{Explanation, Subject, Truth};
pub use parser::Sets;
pub use position::Position;
pub use predicate::{AgreementTest, Attribute, Comparison, Measure, Names, Predicate, VersionTest};

impl Predicate {
    /// Reads a rule that may use these sets.
    ///
    /// # Errors
    /// [`CohortError::Rule`] with the line and column of the first thing that cannot stand there.
    pub fn parse(text: &str, sets: &Sets) -> Result<Self, CohortError> {
        parser::parse(text, sets).map_err(|fault| CohortError::Rule {
            position: Position::of(text, fault.at),
            expected: fault.expected,
            found: fault.found,
        })
    }
}
