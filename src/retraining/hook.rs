//! Where an embedder sees and decides: before anything is trained, before anything is promoted, and after.

use serde::Serialize;

use super::compare::Comparison;
use super::due::Due;
use super::feeds::FeedReport;
use crate::quantity::AsOf;
use crate::registry::VersionName;

/// What a hook says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Go,
    /// Stop, for these reasons; they are kept in the ledger.
    Stop(Vec<String>),
}

impl Verdict {
    /// Stops where there is any reason to.
    pub fn of(reasons: Vec<String>) -> Self {
        if reasons.is_empty() { Self::Go } else { Self::Stop(reasons) }
    }
}

/// The outcomes a registry knows of on a date.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct OutcomeCounts {
    /// Cases that were won.
    pub won: u64,
    /// Cases that were lost.
    pub lost: u64,
    /// Cases without an outcome yet.
    pub open: u64,
    /// Cases whose end says nothing about the customer.
    pub without_label: u64,
    /// Cases that were won or lost since the champion was trained.
    pub since_champion: u64,
}

/// What is known before anything is trained.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BeforeFit {
    /// The model.
    pub model: String,
    /// Only what was known before this date is seen.
    pub as_of: AsOf,
    /// The champion; `None` in an empty registry.
    pub champion: Option<String>,
    /// What is due; `None` in an empty registry.
    pub due: Option<Due>,
    /// How the tables arrive.
    pub feeds: Vec<FeedReport>,
}

/// Sees and decides at four moments of a retraining. Every method goes on by default.
///
/// [`Policy`](super::Policy) is the implementation that decides by measures; [`CommandHook`](super::CommandHook) asks another
/// program. To add a condition to the policy, implement the trait and call the policy first.
pub trait RetrainHook {
    /// Who decides, for the ledger.
    fn name(&self) -> String;

    /// Outcomes have been counted; nothing has been decided.
    ///
    /// # Errors
    /// Why the hook could not decide; nothing is trained then.
    fn on_outcomes(&self, outcomes: &OutcomeCounts) -> Result<Verdict, String> {
        let _ = outcomes;
        Ok(Verdict::Go)
    }

    /// A training is due; nothing has been trained.
    ///
    /// # Errors
    /// Why the hook could not decide; nothing is trained then.
    fn before_fit(&self, before: &BeforeFit) -> Result<Verdict, String> {
        let _ = before;
        Ok(Verdict::Go)
    }

    /// A challenger has been held against the champions that are still valid.
    ///
    /// # Errors
    /// Why the hook could not decide; nothing is promoted then.
    fn judge(&self, comparison: &Comparison) -> Result<Verdict, String> {
        let _ = comparison;
        Ok(Verdict::Go)
    }

    /// A version has become champion, and that cannot be undone here.
    ///
    /// # Errors
    /// What went wrong; the promotion stays, and the error is reported.
    fn after_promotion(&self, promoted: &VersionName) -> Result<(), String> {
        let _ = promoted;
        Ok(())
    }
}
