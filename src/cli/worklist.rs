//! `propensity worklist`: whom each owner works next.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::ValueEnum;
use propensity::grid::Cluster;
use propensity::report::{
    Exclusions, Filter, Owners, PartnerId, RankBy, ReportNotes, RunOutput, SelectedBy, Viewer,
    WorklistRequest,
};
use propensity::scoring::Chunking;
use propensity::targeting::cohort::Catalogue;

use super::handing_out::{Asked, check_targets};
use super::report::{Format, ViewerArg, tell};
use super::{Failure, Shared, UsageError};

/// What a worklist is ordered by.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Order {
    /// Rank of the cell, then fit, then intent.
    Rank,
    /// Fit score.
    Fit,
    /// Intent score.
    Intent,
    /// Probability times potential revenue.
    Value,
}

impl From<Order> for RankBy {
    fn from(order: Order) -> Self {
        match order {
            Order::Rank => Self::Rank,
            Order::Fit => Self::Fit,
            Order::Intent => Self::Intent,
            Order::Value => Self::Value,
        }
    }
}

/// Flags of `worklist`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Output folder of `propensity run`.
    run: PathBuf,
    /// The file to write.
    #[arg(long, env = "PROPENSITY_OUT", value_name = "FILE")]
    out: PathBuf,
    /// File format.
    #[arg(long, env = "PROPENSITY_FORMAT", value_enum, default_value = "csv")]
    format: Format,
    /// Accounts an owner can work.
    #[arg(long, value_name = "N")]
    capacity: NonZeroUsize,
    /// Order of work.
    #[arg(long, value_enum, default_value = "rank")]
    rank_by: Order,
    /// Only these tiers; may be given several times, as all filters.
    #[arg(long = "tier", value_name = "TIER")]
    tiers: Vec<String>,
    /// Only these industries.
    #[arg(long = "industry", value_name = "NAME")]
    industries: Vec<String>,
    /// Only these countries.
    #[arg(long = "country", value_name = "CODE")]
    countries: Vec<String>,
    /// Only these states or provinces.
    #[arg(long = "state", value_name = "NAME")]
    states: Vec<String>,
    /// Only these products.
    #[arg(long = "product", value_name = "NAME")]
    products: Vec<String>,
    /// Only these clusters.
    #[arg(long = "cluster", value_name = "CLUSTER")]
    clusters: Vec<Cluster>,
    /// Only accounts of one of these cohorts.
    #[arg(long = "cohort", value_name = "NAME")]
    cohorts: Vec<String>,
    /// The catalogue of the cohorts: clas2021, clas2024, clas2025 or a file.
    #[arg(long, env = "PROPENSITY_COHORTS", value_name = "NAME|FILE", default_value = "clas2025")]
    catalogue: String,
    /// Who owns which account: a table with the columns `account_id` and `owner`.
    #[arg(long, value_name = "FILE")]
    owners: Option<PathBuf>,
    /// What is not to be worked: a table with the columns `account_id`, `product` and `until`.
    #[arg(long, value_name = "FILE")]
    exclude: Option<PathBuf>,
    /// Most accounts of one parent company.
    #[arg(long, value_name = "N")]
    per_parent: Option<NonZeroUsize>,
    /// Share of the capacity that is drawn from outside the top, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value = "0")]
    explore: f64,
    /// Only customers that have transacted with this partner.
    #[arg(long, value_name = "ID")]
    partner: Option<PartnerId>,
    /// What the reader may see.
    #[arg(long, env = "PROPENSITY_VIEWER", value_enum, default_value = "report")]
    viewer: ViewerArg,
    /// Who asks, for the audit of the run.
    #[arg(long, env = "PROPENSITY_CALLER", value_name = "NAME", default_value = "unnamed")]
    caller: String,
}

/// Runs the verb.
pub(crate) fn run(args: &Args, shared: &Shared) -> Result<(), Failure> {
    if !(0.0..=1.0).contains(&args.explore) {
        return Err(UsageError(format!("--explore is {}; expected a share from 0 to 1", args.explore)).into());
    }
    let cohorts = Catalogue::named(&args.catalogue)?;
    let owners = args.owners.as_deref().map(Owners::read).transpose()?.unwrap_or_default();
    let exclusions = args.exclude.as_deref().map(Exclusions::read).transpose()?.unwrap_or_default();
    let filter = Filter {
        tiers: args.tiers.clone(),
        industries: args.industries.clone(),
        countries: args.countries.clone(),
        states: args.states.clone(),
        products: args.products.clone(),
        clusters: args.clusters.clone(),
        cohorts: args.cohorts.clone(),
    };
    let run = RunOutput::open(&args.run)?;
    let notes = ReportNotes::file(&args.out);
    check_targets([args.out.as_path(), &notes], &[&run], shared)?;
    let viewer: Viewer = args.viewer.into();
    let request = WorklistRequest {
        run: &run,
        filter: &filter,
        cohorts: &cohorts,
        rank_by: args.rank_by.into(),
        capacity: args.capacity,
        per_parent: args.per_parent,
        owners: &owners,
        exclusions: &exclusions,
        explore: args.explore,
        seed: shared.seed,
        partner: args.partner.as_ref(),
        viewer,
    };
    let chunking = Chunking { chunk_rows: shared.chunk_rows, parallelism: shared.parallelism.clone() };
    let worklist = request.make(&chunking)?;
    let staged = worklist.stage(&args.out, args.format.into(), viewer)?;
    let notes = ReportNotes::of_worklist(&request).stage(&args.out)?;
    let asked = Asked {
        caller: &args.caller,
        what: "worklist",
        profile: "native",
        partner: args.partner.as_ref(),
        viewer,
        out: &args.out,
        rows: worklist.items.len() as u64,
    };
    asked.record(&run)?;
    staged.commit()?;
    notes.commit()?;
    if shared.talks {
        let drawn = worklist.items.iter().filter(|item| item.selected_by == SelectedBy::Exploration).count();
        let left_out = worklist.left_out;
        tell(&format!(
            "{} accounts, {drawn} of them drawn for exploration\nleft out: {} filtered, {} excluded, {} corporate candidates, {} beyond capacity\n",
            worklist.items.len(),
            left_out.filtered,
            left_out.excluded,
            left_out.corporate,
            left_out.beyond_capacity
        ));
    }
    Ok(())
}
