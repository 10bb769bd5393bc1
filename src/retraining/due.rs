//! What is due: by the calendar, by outcomes, or because somebody asks.

use serde::Serialize;

use crate::pipeline::Pipeline;
use crate::quantity::AsOf;
use crate::spec::CadenceSpec;

/// Which models are trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Fit and intent, bins anew.
    Whole,
    /// Intent alone; fit stays as it is, so accounts keep their row of the grid.
    Intent,
    /// The tables of intent follow the outcomes since; fit, bins and the shape of the models stay.
    Update,
}

/// What is due on a date, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Due {
    /// What is to be trained; `None` when nothing is.
    pub scope: Option<Scope>,
    /// Why.
    pub reason: String,
    /// Whether the accounts that are new since fit was trained are due to be looked at.
    pub new_customers: bool,
    /// The first date on which something is due by the calendar.
    pub next: AsOf,
}

impl Due {
    /// What is due on `as_of`, `outcomes` having come in since the champion was trained.
    pub fn of(cadence: &CadenceSpec, champion: &Pipeline, as_of: AsOf, outcomes: u64) -> Self {
        let (fit, intent, last) = (champion.fit_as_of(), champion.intent_as_of(), champion.as_of());
        let fit_due = cadence.is_due(cadence.fit_months, fit, as_of);
        let intent_due = cadence.is_due(cadence.intent_months, intent, as_of);
        let update_due = cadence.update_months.is_some_and(|months| cadence.is_due(months, last, as_of));
        let many = cadence.after_outcomes.is_some_and(|enough| outcomes >= u64::from(enough.get()));
        let (scope, reason) = if fit_due {
            (Some(Scope::Whole), format!("fit is due: last trained as of {fit}"))
        } else if intent_due {
            (Some(Scope::Intent), format!("intent is due: last trained as of {intent}"))
        } else if many {
            (Some(Scope::Intent), format!("{outcomes} outcomes came in since {last}"))
        } else if update_due {
            let reason =
                format!("an update of intent is due: trained as of {intent}, last learned as of {last}");
            (Some(Scope::Update), reason)
        } else {
            (None, format!("intent was trained as of {intent}, fit as of {fit}"))
        };
        let next_update = cadence.update_months.map(|months| cadence.next(months, last));
        let next = cadence.next(cadence.intent_months, intent).min(cadence.next(cadence.fit_months, fit));
        Self {
            scope,
            reason,
            new_customers: cadence.is_due(cadence.new_customers_months, fit, as_of),
            next: next_update.map_or(next, |update| update.min(next)),
        }
    }

    /// The same with something to train in any case.
    #[must_use]
    pub fn forced(self, scope: Scope) -> Self {
        let scope = if self.scope == Some(Scope::Whole) { Scope::Whole } else { scope };
        Self { scope: Some(scope), reason: "asked for".to_owned(), ..self }
    }
}
