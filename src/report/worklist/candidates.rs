//! Who could be on a worklist.

use super::super::render::Standing;
use super::super::{Customer, ReportError};
use super::{Filter, LeftOut, SelectedBy, WorkItem, WorklistRequest};
use crate::report::ScoreRow;
use crate::scoring::Chunking;
use crate::targeting::cohort::Cohort;

/// An account that passed, with its best product.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) score: ScoreRow,
    pub(super) expected_value: Option<f64>,
    pub(super) parent: String,
    industry: Option<String>,
    country: Option<String>,
}

impl Candidate {
    pub(super) fn into_item(self, owner: &str, selected_by: SelectedBy, probability: f64) -> WorkItem {
        WorkItem {
            owner: owner.to_owned(),
            score: self.score,
            expected_value: self.expected_value,
            industry: self.industry,
            country: self.country,
            parent: self.parent,
            selected_by,
            selection_probability: probability,
        }
    }
}

enum Outcome {
    OutOfScope,
    Corporate,
    Filtered,
    Excluded,
    Passed(Box<Candidate>),
}

pub(super) fn collect(
    request: &WorklistRequest<'_>,
    chunking: &Chunking,
) -> Result<(Vec<Candidate>, LeftOut), ReportError> {
    let names = request.filter.cohorts.iter();
    let cohorts: Vec<&Cohort> = names.map(|name| request.cohorts.cohort(name)).collect::<Result<_, _>>()?;
    let (mut candidates, mut left_out) = (Vec::new(), LeftOut::default());
    let mut in_scope = 0_u64;
    request.run.each(
        chunking,
        |customer| Ok(judge(request, &cohorts, &customer)),
        |outcome| {
            in_scope += u64::from(!matches!(outcome, Outcome::OutOfScope));
            match outcome {
                Outcome::OutOfScope => {}
                Outcome::Corporate => left_out.corporate += 1,
                Outcome::Filtered => left_out.filtered += 1,
                Outcome::Excluded => left_out.excluded += 1,
                Outcome::Passed(candidate) => candidates.push(*candidate),
            }
            Ok(())
        },
    )?;
    match request.partner {
        Some(partner) if in_scope == 0 => Err(ReportError::UnknownPartner { partner: partner.to_string() }),
        _ => Ok((candidates, left_out)),
    }
}

fn judge(request: &WorklistRequest<'_>, cohorts: &[&Cohort], customer: &Customer) -> Outcome {
    let facts = &customer.facts;
    if !customer.is_of(request.partner) {
        return Outcome::OutOfScope;
    }
    if facts.corporate_candidate {
        return Outcome::Corporate;
    }
    if !request.filter.passes(customer, cohorts) {
        return Outcome::Filtered;
    }
    let label = request.run.pipeline().spec().intent.label;
    let asked = customer.scores.iter().filter(|score| {
        let filter = request.filter;
        (filter.products.is_empty() || filter.products.contains(&score.product))
            && (filter.clusters.is_empty() || filter.clusters.contains(&score.cluster))
            && score.rank.is_some()
            && score.is_prospect(label)
    });
    let (open, excluded): (Vec<&ScoreRow>, Vec<&ScoreRow>) =
        asked.partition(|score| !request.exclusions.holds(&score.account_id, &score.product, facts.as_of));
    let candidate = |score: &ScoreRow| Candidate {
        expected_value: Standing::of(customer, &score.product, request.run.estimates()).expected(),
        score: score.clone(),
        parent: facts.firm.parent_account_id.clone().unwrap_or_else(|| facts.account_id.clone()),
        industry: facts.firm.vertical.clone(),
        country: facts.firm.country.clone(),
    };
    let best = open.into_iter().map(candidate).min_by(|a, b| request.order(a, b));
    match best {
        Some(candidate) => Outcome::Passed(Box::new(candidate)),
        None if excluded.is_empty() => Outcome::Filtered,
        None => Outcome::Excluded,
    }
}

impl Filter {
    fn passes(&self, customer: &Customer, cohorts: &[&Cohort]) -> bool {
        let firm = &customer.facts.firm;
        let among = |names: &[String], found: Option<&str>| {
            names.is_empty()
                || found
                    .is_some_and(|found| names.iter().any(|name| name.to_lowercase() == found.to_lowercase()))
        };
        among(&self.tiers, Some(&customer.facts.tier))
            && among(&self.industries, firm.vertical.as_deref())
            && among(&self.countries, firm.country.as_deref())
            && among(&self.states, firm.state.as_deref())
            && (cohorts.is_empty()
                || cohorts.iter().any(|cohort| cohort.holds(&customer.subject()) == Some(true)))
    }
}
