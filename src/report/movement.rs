//! What moved between two runs, and why: differences of contributions that add up.

use super::{Customer, ReportError, RunOutput};
use crate::models::{FittedModel, Scorer};
use crate::pipeline::{BASE_GROUP, Pipeline, moved_groups};
use crate::quantity::LogOdds;

/// The change of one score from a run to a later one, in log-odds.
///
/// Parts are exact: [`Self::parts`] add up to `after - before` to the last step, whether the data or the model changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// The margin in the earlier run.
    pub before: LogOdds,
    /// The margin in the later run.
    pub after: LogOdds,
    /// What each group of features adds now less what it added then, largest first; groups without change are left out.
    /// The base of the models stands among them as [`Self::BASE`].
    pub parts: Vec<(String, LogOdds)>,
}

impl Movement {
    /// The name of the part that no feature makes: the average account of the model.
    pub const BASE: &'static str = BASE_GROUP;

    fn between(
        before: (&Pipeline, &FittedModel, &[u8]),
        after: (&Pipeline, &FittedModel, &[u8]),
    ) -> Result<Self, ReportError> {
        let parts = moved_groups(before, after)?;
        Ok(Self { before: before.1.margin(before.2), after: after.1.margin(after.2), parts })
    }
}

/// The movement of fit and of intent for a product of an account that both runs scored; `None` where either did not.
///
/// # Errors
/// [`ReportError::Pipeline`] when stored bins do not fit the model of their run.
pub fn movements(
    run: &RunOutput,
    previous: &RunOutput,
    customer: &Customer,
    product: &str,
) -> Result<Option<[Movement; 2]>, ReportError> {
    let Some(earlier) = &customer.previous else { return Ok(None) };
    let models = |run: &'_ RunOutput| {
        let place = run.pipeline().products().iter().position(|models| models.product == product)?;
        Some(place)
    };
    let (Some(then), Some(now)) = (models(previous), models(run)) else { return Ok(None) };
    let (old, new) = (previous.pipeline(), run.pipeline());
    let (then, now) = (&old.products()[then], &new.products()[now]);
    let fit = Movement::between((old, &then.fit, &earlier.bins), (new, &now.fit, &customer.bins))?;
    let intent = Movement::between((old, &then.intent, &earlier.bins), (new, &now.intent, &customer.bins))?;
    Ok(Some([fit, intent]))
}
