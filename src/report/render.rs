//! From a customer to the cells of its rows.

use super::explanation::{contributions, explanation, moved_by};
use super::profile::{Report, ReportColumn, Source, SourceKind as Kind};
use super::totals::Counting;
use super::{Customer, Estimates, ReportError, ReportRequest, ScoreRow, Viewer};
use crate::grid::{Band, Cluster};
use crate::models::Signal;
use crate::quantity::Probability;
use crate::targeting::{
    Agreement, ComputeMeasure, Potential, ProductLicences, cents, end_of_service, expiring, is_open, licences,
};

/// What a cell holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Number(f64),
    Date(i32),
}

/// How a customer stands to a product in money.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) owned: bool,
    /// Of a product not owned.
    pub(super) potential: Option<Potential>,
    probability: f64,
    /// Of a product owned.
    pub(super) upsell: Option<f64>,
    cluster: Cluster,
}

impl Standing {
    pub(super) fn of(customer: &Customer, product: &str, estimates: &Estimates) -> Self {
        let facts = &customer.facts;
        let score = customer.score(product);
        let owned = score.is_some_and(|score| score.owns_product) || facts.owns(product);
        let revenue = &estimates.revenue;
        Self {
            owned,
            potential: if owned { None } else { revenue.if_won(facts, product) },
            probability: score.and_then(|score| score.probability).map_or(0.0, Probability::value),
            upsell: if facts.owns(product) { revenue.upsell(facts, product) } else { None },
            cluster: score.map_or(Cluster::NotScored, |score| score.cluster),
        }
    }

    /// Probability times potential revenue, in whole cents.
    pub(super) fn expected(&self) -> Option<f64> {
        self.potential.map(|potential| cents(self.probability * potential.mean))
    }

    /// An owner that is like the best customers, spends less than owners like it, and, where a model tells, is likely to pay more.
    fn is_upsell(&self, likely: Option<Band>) -> bool {
        matches!(self.cluster, Cluster::ActNow | Cluster::Evaluate)
            && self.upsell.is_some_and(|amount| amount > 0.0)
            && likely.is_none_or(|band| matches!(band, Band::High | Band::Medium))
    }
}

/// Makes the rows of customers.
pub(super) struct Renderer<'a> {
    pub(super) request: &'a ReportRequest<'a>,
    pub(super) columns: &'a [ReportColumn],
    pub(super) counting: Counting<'a>,
}

type Cell = Option<Value>;

#[expect(clippy::unnecessary_wraps, reason = "cells may be empty, and this is how a full one is made")]
fn text(value: impl Into<String>) -> Cell {
    Some(Value::Text(value.into()))
}

fn yes(holds: bool) -> Cell {
    text(if holds { "Yes" } else { "No" })
}

fn list(items: impl Iterator<Item = String>) -> Cell {
    let items: Vec<String> = items.collect();
    if items.is_empty() { None } else { text(items.join("; ")) }
}

fn count(number: u64) -> Cell {
    i64::try_from(number).ok().map(Value::Integer)
}

#[expect(clippy::unnecessary_wraps, reason = "cells may be empty, and this is how a full one is made")]
fn percent(number: f64) -> Cell {
    // Two places: more would be noise of the division.
    Some(Value::Number(cents(number)))
}

impl Renderer<'_> {
    /// The rows of a customer: one, or in the renewal report one per agreement that expires.
    pub(super) fn rows(&self, customer: &Customer) -> Result<Vec<Vec<Cell>>, ReportError> {
        let row = |agreement: Option<&Agreement>| -> Result<Vec<Cell>, ReportError> {
            self.columns.iter().map(|column| self.cell(customer, agreement, &column.source)).collect()
        };
        if self.request.report == Report::Renewal {
            expiring(&customer.facts, &self.counting.year).map(|agreement| row(Some(agreement))).collect()
        } else {
            Ok(vec![row(None)?])
        }
    }

    fn cell(
        &self,
        customer: &Customer,
        agreement: Option<&Agreement>,
        source: &Source,
    ) -> Result<Cell, ReportError> {
        if source.is_revenue() && self.request.viewer == Viewer::Report {
            return Ok(None);
        }
        Ok(match source.kind {
            Kind::Explanation => explanation(self.request, customer, source.name())?,
            Kind::Contributions => contributions(self.request, customer, source.name())?,
            Kind::MovedBy => moved_by(self.request, customer, source.name())?,
            Kind::Agreement
            | Kind::AgreementProgram
            | Kind::AgreementEnd
            | Kind::AgreementOpen
            | Kind::Expiration
            | Kind::Division
            | Kind::ExpiringRevenue => {
                agreement.and_then(|agreement| Self::of_agreement(customer, agreement, source.kind))
            }
            Kind::RenewalProbability | Kind::RenewalReasons => match agreement {
                Some(agreement) => self.of_renewal(customer, agreement, source.kind)?,
                None => None,
            },
            Kind::Seats
            | Kind::Deployment
            | Kind::Usage
            | Kind::OverUse
            | Kind::OverUseCauses
            | Kind::DeploymentOpportunity
            | Kind::LicenceAdvice => self.of_licences(customer, source),
            _ => self
                .of_firm(customer, source.kind)
                .or_else(|| self.of_score(customer, source))
                .or_else(|| self.of_facts(customer, source)),
        })
    }

    fn of_firm(&self, customer: &Customer, kind: Kind) -> Cell {
        let (facts, firm) = (&customer.facts, &customer.facts.firm);
        let partner = self.request.partner.map(super::PartnerId::as_str);
        match kind {
            Kind::Partner => match partner {
                Some(partner) => text(partner),
                None => list(facts.partners.iter().map(|known| known.partner.clone())),
            },
            Kind::PartnerName => partner.and(self.request.partner_name).and_then(text),
            Kind::Account => text(facts.account_id.as_str()),
            Kind::Name => firm.name.clone().and_then(text),
            Kind::Domain => firm.domain.clone().and_then(text),
            Kind::Duns => firm.duns.clone().and_then(text),
            Kind::Parent => firm.parent_account_id.clone().and_then(text),
            Kind::Country => firm.country.clone().and_then(text),
            Kind::State => firm.state.clone().and_then(text),
            Kind::City => firm.city.clone().and_then(text),
            Kind::PostalCode => firm.postal_code.clone().and_then(text),
            Kind::Industry => firm.vertical.clone().and_then(text),
            Kind::IndustryCode => {
                let scheme = firm.industry_scheme.as_deref().unwrap_or_default();
                firm.industry_code.as_ref().and_then(|code| text(format!("{scheme} {code}").trim_start()))
            }
            Kind::Employees => firm.employees.and_then(count),
            Kind::Tier => text(facts.tier.as_str()),
            Kind::CorporateCandidate => yes(facts.corporate_candidate),
            Kind::Nonprofit => firm.is_nonprofit.and_then(yes),
            Kind::NonprofitStatus => {
                firm.is_nonprofit.and_then(|nonprofit| text(if nonprofit { "Nonprofit" } else { "No" }))
            }
            Kind::ComputeBase => {
                let line = self.request.run.pipeline().spec().tiers.compute();
                let line = line.filter(|line| line.measure == ComputeMeasure::AcrMonthly);
                line.zip(firm.acr_monthly).and_then(|(line, spend)| yes(spend > line.above_usd))
            }
            Kind::UserBase => {
                let top = self.request.run.pipeline().spec().tiers.tiers().first();
                top.zip(firm.employees).and_then(|(top, heads)| yes(heads >= top.min_employees))
            }
            Kind::AsOf => Some(Value::Date(facts.as_of.days())),
            Kind::ModelVersion => text(self.request.run.record().model.version.as_str()),
            Kind::Currency => Some(self.request.run.estimates().currency.as_str())
                .filter(|name| !name.is_empty())
                .and_then(text),
            Kind::LastTransaction => {
                let last = match partner {
                    Some(id) => {
                        facts.partners.iter().find(|known| known.partner == id).map(|known| known.last)
                    }
                    None => facts.last_transaction,
                };
                last.map(|day| Value::Date(day.days()))
            }
            Kind::Transacted36Months => yes(facts.transacted_in_36_months(partner)),
            _ => None,
        }
    }

    fn of_score(&self, customer: &Customer, source: &Source) -> Cell {
        let score = customer.score(source.name());
        let standing = || Standing::of(customer, source.name(), self.request.run.estimates());
        match source.kind {
            Kind::Cluster => text(score.map_or(Cluster::NotScored, |score| score.cluster).name()),
            Kind::FitBand => score?.fit_band.and_then(|band| text(band.name())),
            Kind::IntentBand => score?.intent_band.and_then(|band| text(band.name())),
            Kind::Cell => score?.cell.clone().and_then(text),
            Kind::Rank => score?.rank.map(|rank| Value::Integer(rank.into())),
            Kind::FitScore => score?.fit_score.map(|score| Value::Number(score.value())),
            Kind::IntentScore => score?.intent_score.map(|score| Value::Number(score.value())),
            Kind::Probability => score?.probability.map(|probability| Value::Number(probability.value())),
            Kind::Owned => yes(standing().owned),
            Kind::PreviousCell => {
                customer.previous.as_ref()?.score(source.name())?.cell.clone().and_then(text)
            }
            Kind::PotentialLow => standing().potential.map(|potential| Value::Number(potential.low)),
            Kind::Potential => standing().potential.map(|potential| Value::Number(potential.mean)),
            Kind::PotentialHigh => standing().potential.map(|potential| Value::Number(potential.high)),
            Kind::PotentialBand => standing().potential.and_then(|potential| text(potential.band())),
            Kind::ExpectedValue => standing().expected().map(Value::Number),
            Kind::Upsell => yes(standing().is_upsell(self.upsell_band(customer, source.name()))),
            Kind::UpsellRevenue => standing().upsell.map(Value::Number),
            Kind::UpsellScore => score?.upsell_score.map(|score| Value::Number(score.value())),
            Kind::UpsellProbability => {
                score?.upsell_probability.map(|probability| Value::Number(probability.value()))
            }
            Kind::ClosestTo => score?.closest_to.clone().and_then(text),
            _ => None,
        }
    }

    fn of_facts(&self, customer: &Customer, source: &Source) -> Cell {
        let facts = &customer.facts;
        let named = |product: &str| source.names.iter().any(|name| name == product);
        match source.kind {
            Kind::Cohort => {
                let cohort = self.request.cohorts.cohort(source.name()).ok()?;
                if self.counting.counts(cohort) {
                    cohort.holds(&customer.subject()).and_then(yes)
                } else {
                    None
                }
            }
            Kind::Owns => yes(source.names.iter().any(|product| facts.owns(product))),
            Kind::Installed => yes(facts.installs.iter().any(|found| named(&found.product))),
            Kind::Version => {
                let found = facts.installs.iter().filter(|found| named(&found.product));
                list(found.filter_map(|found| found.version.clone()))
            }
            Kind::Licences => {
                let licences = source.names.iter().filter_map(|product| facts.licences(product));
                licences.reduce(|a, b| a + b).map(Value::Number)
            }
            Kind::Program => {
                let running = facts.agreements.iter().filter(|agreement| agreement.runs_on(facts.as_of));
                let mut programs = running.filter_map(|agreement| agreement.program.as_deref());
                yes(programs.any(|program| source.names.iter().any(|name| is_program(program, name))))
            }
            Kind::OpenRenewal => yes(expiring(facts, &self.counting.year).any(|agreement| {
                is_open(facts, agreement) && agreement.division.as_deref().is_some_and(named)
            })),
            Kind::ExistingWorkloadCount => count(self.workloads(customer, "existing").len() as u64),
            Kind::ExistingWorkloads => list(self.workloads(customer, "existing").into_iter()),
            Kind::RecommendedWorkloadCount => count(self.workloads(customer, "recommended").len() as u64),
            Kind::RecommendedWorkloads => list(self.workloads(customer, "recommended").into_iter()),
            Kind::NextProduct => {
                let open = customer.scores.iter().filter(|score| !score.owns_product && score.rank.is_some());
                open.min_by(|a, b| ScoreRow::list_order(a, b)).and_then(|score| text(score.product.as_str()))
            }
            Kind::EndOfService => list(end_of_service(facts, &self.counting.year).map(|found| {
                let version = found.version.as_deref().unwrap_or_default();
                let ends = found.support_ends.map(|ends| format!(" ({ends})")).unwrap_or_default();
                format!("{} {version}{ends}", found.product)
            })),
            _ => None,
        }
    }

    /// Labels of the workloads of that kind; what is in use already is not recommended.
    fn workloads(&self, customer: &Customer, kind: &str) -> Vec<String> {
        let subject = customer.subject();
        let holding = |kind: &str| -> Vec<String> {
            let cohorts = self.request.workloads.cohorts().iter().filter(|cohort| cohort.area == kind);
            let holding = cohorts.filter(|cohort| cohort.holds(&subject) == Some(true));
            holding.filter_map(|cohort| cohort.target.clone()).collect()
        };
        let existing = holding("existing");
        if kind == "existing" {
            existing
        } else {
            holding(kind).into_iter().filter(|label| !existing.contains(label)).collect()
        }
    }

    fn of_agreement(customer: &Customer, agreement: &Agreement, kind: Kind) -> Cell {
        match kind {
            Kind::Agreement => text(agreement.id.as_str()),
            Kind::AgreementProgram => agreement.program.clone().and_then(text),
            Kind::AgreementEnd => Some(Value::Date(agreement.ends.days())),
            Kind::AgreementOpen => yes(is_open(&customer.facts, agreement)),
            Kind::Expiration => agreement.expiration.clone().and_then(text),
            Kind::Division => agreement.division.clone().and_then(text),
            Kind::ExpiringRevenue => agreement.revenue.map(Value::Number),
            _ => None,
        }
    }

    /// What the model of renewals says; lines of older releases have none, and know the rate of the division alone. Nothing where
    /// the days of grace are over: then it is known that nobody renewed.
    fn of_renewal(
        &self,
        customer: &Customer,
        agreement: &Agreement,
        kind: Kind,
    ) -> Result<Cell, ReportError> {
        let run = self.request.run;
        let Some(model) = run.pipeline().renewal() else {
            let rate = run.estimates().renewals.probability(agreement.division.as_deref());
            // Four places: the rates are of tens to thousands of agreements.
            let rate = rate.map(|rate| Value::Number((rate * 1e4).round() / 1e4));
            return Ok(rate.filter(|_| kind == Kind::RenewalProbability));
        };
        let scores = model.of_account(&customer.facts)?;
        let Some(score) = scores.into_iter().find(|score| score.is_of(agreement)) else { return Ok(None) };
        Ok(match kind {
            Kind::RenewalProbability => Some(Value::Number(score.probability.value())),
            _ => Some(Value::Text(score.reasons))
                .filter(|_| model.model().evidence().signal() == Signal::Found),
        })
    }

    /// The band of the upsell score by the cuts of intent, where the line has an upsell model that found a signal.
    fn upsell_band(&self, customer: &Customer, product: &str) -> Option<Band> {
        let pipeline = self.request.run.pipeline();
        let mut products = pipeline.spec().products.iter().zip(pipeline.products());
        let (settings, models) = products.find(|(settings, _)| settings.name == product)?;
        let has_signal = models.upsell.as_ref()?.evidence().signal() == Signal::Found;
        let score = customer.score(product)?.upsell_score.filter(|_| has_signal)?;
        Some(settings.intent_cuts.band(score))
    }

    fn of_licences(&self, customer: &Customer, source: &Source) -> Cell {
        let base = self.request.run.pipeline().spec().features.usage_base;
        let product: ProductLicences =
            licences(&customer.facts, base).into_iter().find(|licence| licence.product == source.name())?;
        match source.kind {
            Kind::Seats => product.seats.sold.and_then(count),
            Kind::Deployment => product.seats.deployment_percent().and_then(percent),
            Kind::Usage => product.seats.usage_percent(base).and_then(percent),
            Kind::OverUse => yes(!product.causes.is_empty()),
            Kind::OverUseCauses => list(product.causes.iter().map(|cause| cause.text().to_owned())),
            Kind::DeploymentOpportunity => product.deployment_opportunity().and_then(count),
            Kind::LicenceAdvice => list(product.advice(base).into_iter()),
            _ => None,
        }
    }
}

/// Whether a program, as a source spells it, is of the family that a profile names.
fn is_program(program: &str, family: &str) -> bool {
    let program = program.to_lowercase();
    match family {
        "enterprise_agreement" => {
            program.starts_with("enterprise agreement") || program == "ea" || program.starts_with("ea ")
        }
        _ => program == family || program.starts_with(&format!("{family} ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upsell_customers_are_good_spend_less_and_are_likely_where_a_model_tells() {
        let of =
            |cluster, upsell| Standing { owned: true, potential: None, probability: 0.0, upsell, cluster };
        let good = of(Cluster::Evaluate, Some(10.0));
        let told = [None, Some(Band::High), Some(Band::Medium), Some(Band::Low), Some(Band::VeryLow)];
        assert_eq!(told.map(|band| good.is_upsell(band)), [true, true, true, false, false]);
        for other in
            [of(Cluster::Nurture, Some(10.0)), of(Cluster::ActNow, Some(0.0)), of(Cluster::ActNow, None)]
        {
            assert!(!other.is_upsell(Some(Band::High)));
        }
    }
}
