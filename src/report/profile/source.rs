//! Where the cells of a column come from.

use crate::tables::write::ColumnType;

/// What kind of cell it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceKind {
    /// Nothing: the input tables do not have it.
    Empty,
    /// Partners the customer has transacted with; in a report for one partner that one.
    Partner,
    /// Name of the partner the report is for.
    PartnerName,
    /// Account id.
    Account,
    /// Company name.
    Name,
    /// Registrable domain.
    Domain,
    /// D-U-N-S number.
    Duns,
    /// Account that owns this one.
    Parent,
    /// Country.
    Country,
    /// State.
    State,
    /// City.
    City,
    /// Postal code.
    PostalCode,
    /// Industry in words.
    Industry,
    /// Scheme and code of the industry.
    IndustryCode,
    /// Headcount.
    Employees,
    /// Size tier.
    Tier,
    /// Whether another sales segment may own the account.
    CorporateCandidate,
    /// Whether cloud spend lifts it into the top tier.
    ComputeBase,
    /// Whether headcount lifts it into the top tier.
    UserBase,
    /// Whether it is a non-profit: Yes or No.
    Nonprofit,
    /// The same in the words of 2023: Nonprofit or No.
    NonprofitStatus,
    /// Whether the customer belongs to the cohort.
    Cohort,
    /// Cluster for the product.
    Cluster,
    /// Band of the fit score.
    FitBand,
    /// Band of the intent score.
    IntentBand,
    /// Cell of the grid.
    Cell,
    /// Rank of the cell.
    Rank,
    /// Fit score.
    FitScore,
    /// Intent score.
    IntentScore,
    /// Probability of a purchase within the horizon.
    Probability,
    /// Whether the product was bought before.
    Owned,
    /// Reasons of both scores in words.
    Explanation,
    /// The strongest contributions to both scores, as JSON.
    Contributions,
    /// Cell in the previous run.
    PreviousCell,
    /// What moved the scores since the previous run.
    MovedBy,
    /// Low end of the potential revenue.
    PotentialLow,
    /// Potential revenue of a product not owned: a year if won.
    Potential,
    /// High end of the potential revenue.
    PotentialHigh,
    /// Band of the potential revenue.
    PotentialBand,
    /// Probability times potential revenue.
    ExpectedValue,
    /// Whether an owner is likely to buy more.
    Upsell,
    /// What an owner spends less than owners like it.
    UpsellRevenue,
    /// Will an owner buy more? 0 to 100.
    UpsellScore,
    /// Probability that an owner pays more within the horizon.
    UpsellProbability,
    /// The kind of best customer the account is closest to.
    ClosestTo,
    /// Whether one of the products is owned now.
    Owns,
    /// Whether one of the technologies was found.
    Installed,
    /// Whether an agreement of this program runs: `enterprise_agreement` or `open`.
    Program,
    /// Whether an open agreement for one of the divisions expires in the fiscal year.
    OpenRenewal,
    /// Versions found of the technologies.
    Version,
    /// Licences of the products.
    Licences,
    /// Sold seats of live plans.
    Seats,
    /// Assigned for a hundred sold seats.
    Deployment,
    /// Active for a hundred seats of the usage base.
    Usage,
    /// Whether more is used than may be.
    OverUse,
    /// Likely causes of over-use.
    OverUseCauses,
    /// Seats sold and not assigned.
    DeploymentOpportunity,
    /// What to do about it.
    LicenceAdvice,
    /// Number of workloads in use.
    ExistingWorkloadCount,
    /// Workloads in use.
    ExistingWorkloads,
    /// Number of workloads that may follow.
    RecommendedWorkloadCount,
    /// Workloads that may follow.
    RecommendedWorkloads,
    /// The product not owned that ranks first.
    NextProduct,
    /// Versions whose support has ended, or ends in the fiscal year.
    EndOfService,
    /// Agreement id.
    Agreement,
    /// Program of the agreement.
    AgreementProgram,
    /// Last day of the agreement.
    AgreementEnd,
    /// Whether it has not ended yet.
    AgreementOpen,
    /// How it ends.
    Expiration,
    /// What is up for renewal.
    Division,
    /// How often agreements for that division are renewed.
    RenewalProbability,
    /// What moves that probability most, in words.
    RenewalReasons,
    /// Money that ends with it.
    ExpiringRevenue,
    /// Currency of all money.
    Currency,
    /// Day of the latest transaction.
    LastTransaction,
    /// Whether that was within 36 months.
    Transacted36Months,
    /// Date of the run.
    AsOf,
    /// Model of the run.
    ModelVersion,
}

/// What is known of a kind of source.
#[derive(Clone, Copy)]
struct Known {
    kind: SourceKind,
    word: &'static str,
    cells: ColumnType,
    /// Whether names follow the word.
    named: bool,
    /// Whether only some may see it.
    revenue: bool,
}

const fn plain(kind: SourceKind, word: &'static str, cells: ColumnType) -> Known {
    Known { kind, word, cells, named: false, revenue: false }
}

const fn named(kind: SourceKind, word: &'static str, cells: ColumnType) -> Known {
    Known { kind, word, cells, named: true, revenue: false }
}

const fn revenue(known: Known) -> Known {
    Known { revenue: true, ..known }
}

use ColumnType::{Date, Integer, Number, Text};

#[rustfmt::skip]
static KINDS: [Known; 78] = [
    plain(SourceKind::Empty, "empty", Text),
    plain(SourceKind::Partner, "partner", Text),
    plain(SourceKind::PartnerName, "partner_name", Text),
    plain(SourceKind::Account, "account", Text),
    plain(SourceKind::Name, "name", Text),
    plain(SourceKind::Domain, "domain", Text),
    plain(SourceKind::Duns, "duns", Text),
    plain(SourceKind::Parent, "parent", Text),
    plain(SourceKind::Country, "country", Text),
    plain(SourceKind::State, "state", Text),
    plain(SourceKind::City, "city", Text),
    plain(SourceKind::PostalCode, "postal_code", Text),
    plain(SourceKind::Industry, "industry", Text),
    plain(SourceKind::IndustryCode, "industry_code", Text),
    plain(SourceKind::Employees, "employees", Integer),
    plain(SourceKind::Tier, "tier", Text),
    plain(SourceKind::CorporateCandidate, "corporate_candidate", Text),
    plain(SourceKind::ComputeBase, "compute_base", Text),
    plain(SourceKind::UserBase, "user_base", Text),
    plain(SourceKind::Nonprofit, "nonprofit", Text),
    plain(SourceKind::NonprofitStatus, "nonprofit_status", Text),
    named(SourceKind::Cohort, "cohort", Text),
    named(SourceKind::Cluster, "cluster", Text),
    named(SourceKind::FitBand, "fit_band", Text),
    named(SourceKind::IntentBand, "intent_band", Text),
    named(SourceKind::Cell, "cell", Text),
    named(SourceKind::Rank, "rank", Integer),
    named(SourceKind::FitScore, "fit_score", Number),
    named(SourceKind::IntentScore, "intent_score", Number),
    named(SourceKind::Probability, "probability", Number),
    named(SourceKind::Owned, "owned", Text),
    named(SourceKind::Explanation, "explanation", Text),
    named(SourceKind::Contributions, "contributions", Text),
    named(SourceKind::PreviousCell, "previous_cell", Text),
    named(SourceKind::MovedBy, "moved_by", Text),
    revenue(named(SourceKind::PotentialLow, "potential_low", Number)),
    revenue(named(SourceKind::Potential, "potential", Number)),
    revenue(named(SourceKind::PotentialHigh, "potential_high", Number)),
    revenue(named(SourceKind::PotentialBand, "potential_band", Text)),
    revenue(named(SourceKind::ExpectedValue, "expected_value", Number)),
    named(SourceKind::Upsell, "upsell", Text),
    revenue(named(SourceKind::UpsellRevenue, "upsell_revenue", Number)),
    named(SourceKind::UpsellScore, "upsell_score", Number),
    named(SourceKind::UpsellProbability, "upsell_probability", Number),
    named(SourceKind::ClosestTo, "closest_to", Text),
    named(SourceKind::Owns, "owns", Text),
    named(SourceKind::Installed, "installed", Text),
    named(SourceKind::Program, "program", Text),
    named(SourceKind::OpenRenewal, "open_renewal", Text),
    named(SourceKind::Version, "version", Text),
    named(SourceKind::Licences, "licences", Number),
    named(SourceKind::Seats, "seats", Integer),
    named(SourceKind::Deployment, "deployment", Number),
    named(SourceKind::Usage, "usage", Number),
    named(SourceKind::OverUse, "over_use", Text),
    named(SourceKind::OverUseCauses, "over_use_causes", Text),
    named(SourceKind::DeploymentOpportunity, "deployment_opportunity", Integer),
    named(SourceKind::LicenceAdvice, "licence_advice", Text),
    plain(SourceKind::ExistingWorkloadCount, "existing_workload_count", Integer),
    plain(SourceKind::ExistingWorkloads, "existing_workloads", Text),
    plain(SourceKind::RecommendedWorkloadCount, "recommended_workload_count", Integer),
    plain(SourceKind::RecommendedWorkloads, "recommended_workloads", Text),
    plain(SourceKind::NextProduct, "next_product", Text),
    plain(SourceKind::EndOfService, "end_of_service", Text),
    plain(SourceKind::Agreement, "agreement", Text),
    plain(SourceKind::AgreementProgram, "agreement_program", Text),
    plain(SourceKind::AgreementEnd, "agreement_end", Date),
    plain(SourceKind::AgreementOpen, "agreement_open", Text),
    plain(SourceKind::Expiration, "expiration", Text),
    plain(SourceKind::Division, "division", Text),
    plain(SourceKind::RenewalProbability, "renewal_probability", Number),
    plain(SourceKind::RenewalReasons, "renewal_reasons", Text),
    revenue(plain(SourceKind::ExpiringRevenue, "expiring_revenue", Number)),
    plain(SourceKind::Currency, "currency", Text),
    plain(SourceKind::LastTransaction, "last_transaction", Date),
    plain(SourceKind::Transacted36Months, "transacted_36_months", Text),
    plain(SourceKind::AsOf, "as_of", Date),
    plain(SourceKind::ModelVersion, "model_version", Text),
];

/// A kind of cell and the names it asks for: products, technologies, cohorts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The kind.
    pub kind: SourceKind,
    /// The names; empty for kinds that ask for none.
    pub names: Vec<String>,
}

impl Source {
    /// Reads a source: a word, and after a colon the names it asks for, with `|` between them. `cohort` alone asks for the
    /// cohort called as the column.
    pub(super) fn parse(text: &str, column: &str) -> Result<Self, String> {
        let (word, names) = match text.split_once(':') {
            Some((word, names)) => (word, names),
            None if text == "cohort" => (text, column),
            None => (text, ""),
        };
        let Some(known) = KINDS.iter().find(|known| known.word == word) else {
            let words: Vec<&str> = KINDS.iter().map(|known| known.word).collect();
            return Err(format!("{word:?} is no source; expected one of {}", words.join(", ")));
        };
        // Names of cohorts may hold any character.
        let names: Vec<String> = match known.kind {
            SourceKind::Cohort => vec![names.to_owned()],
            _ => names.split('|').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        };
        match (known.named, names.is_empty()) {
            (true, true) => Err(format!("{word} needs a name after a colon, such as {word}:azure")),
            (false, false) => Err(format!("{word} takes no name, found {names:?}")),
            _ => Ok(Self { kind: known.kind, names }),
        }
    }

    fn known(&self) -> Option<&'static Known> {
        KINDS.iter().find(|known| known.kind == self.kind)
    }

    /// What its cells hold.
    pub fn cells(&self) -> ColumnType {
        self.known().map_or(Text, |known| known.cells)
    }

    /// Whether it is revenue, which not everybody may see.
    pub fn is_revenue(&self) -> bool {
        self.known().is_some_and(|known| known.revenue)
    }

    /// Whether it is what the model of renewals says.
    pub fn is_renewal(&self) -> bool {
        matches!(self.kind, SourceKind::RenewalProbability | SourceKind::RenewalReasons)
    }

    /// The first name; empty where there is none.
    pub fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_stands_once_under_its_own_word() {
        for known in &KINDS {
            let text = if known.named { format!("{}:a|b", known.word) } else { known.word.to_owned() };
            let source = Source::parse(&text, "column").unwrap();
            assert_eq!(
                (source.kind, source.cells(), source.is_revenue()),
                (known.kind, known.cells, known.revenue)
            );
        }
        assert_eq!(Source::parse("cohort", "A: b|c").unwrap().names, ["A: b|c"]);
        for wrong in ["fit:azure", "cluster", "tier:azure", ""] {
            assert!(Source::parse(wrong, "column").is_err(), "{wrong}");
        }
    }
}
