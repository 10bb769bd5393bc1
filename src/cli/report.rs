//! `propensity report`: the six reports, from the folder of a run.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use propensity::output::{OutputError, write_whole};
use propensity::report::{
    PartnerId, PortfolioRequest, Profile, Report, ReportNotes, ReportRequest, RunOutput, StagedReport, Viewer,
};
use propensity::scoring::Chunking;
use propensity::tables::write::TableFormat;
use propensity::targeting::cohort::Catalogue;

use super::handing_out::{Asked, check_targets};
use super::{Failure, Shared, UsageError};

/// File formats of a report.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    /// Comma-separated text.
    Csv,
    /// Tab-separated text.
    Tsv,
    /// Excel workbook.
    Xlsx,
    /// Apache Parquet.
    Parquet,
}

impl From<Format> for TableFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Csv => Self::SheetCsv,
            Format::Tsv => Self::SheetTsv,
            Format::Xlsx => Self::Xlsx,
            Format::Parquet => Self::Parquet,
        }
    }
}

/// What the reader may see.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ViewerArg {
    /// Everything but revenue.
    Report,
    /// Everything.
    Executive,
}

impl From<ViewerArg> for Viewer {
    fn from(viewer: ViewerArg) -> Self {
        match viewer {
            ViewerArg::Report => Self::Report,
            ViewerArg::Executive => Self::Executive,
        }
    }
}

/// Flags of `report`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Output folder of `propensity run`.
    run: PathBuf,
    /// Which report: renewal, azure, d365, m365, security or surface.
    #[arg(long, value_name = "REPORT", requires = "out")]
    report: Option<Report>,
    /// Which columns: clas2021, clas2024, clas2025, native, or a profile file.
    #[arg(long, env = "PROPENSITY_PROFILE", value_name = "NAME|FILE", default_value = "native")]
    profile: String,
    /// File format.
    #[arg(long, env = "PROPENSITY_FORMAT", value_enum, default_value = "csv")]
    format: Format,
    /// The file to write.
    #[arg(long, env = "PROPENSITY_OUT", value_name = "FILE")]
    out: Option<PathBuf>,
    /// Only customers that have transacted with this partner.
    #[arg(long, value_name = "ID")]
    partner: Option<PartnerId>,
    /// The name of that partner, for the column of it.
    #[arg(long, value_name = "NAME", requires = "partner")]
    partner_name: Option<String>,
    /// What the reader may see.
    #[arg(long, env = "PROPENSITY_VIEWER", value_enum, default_value = "report")]
    viewer: ViewerArg,
    /// Who asks, for the audit of the run.
    #[arg(long, env = "PROPENSITY_CALLER", value_name = "NAME", default_value = "unnamed")]
    caller: String,
    /// Output folder of an earlier run, to show what moved since.
    #[arg(long, value_name = "DIR")]
    previous: Option<PathBuf>,
    /// Also write the totals of the report, as JSON.
    #[arg(long, value_name = "FILE")]
    totals: Option<PathBuf>,
    /// First month of the fiscal year.
    #[arg(long, env = "PROPENSITY_FISCAL_YEAR_START", value_name = "MONTH", default_value = "7",
          value_parser = clap::value_parser!(u8).range(1..=12))]
    fiscal_year_start: u8,
    /// Also report customers that a corporate or enterprise segment may own.
    #[arg(long)]
    with_corporate: bool,
    /// Leave cohorts empty that are not in force on the date of the run.
    #[arg(long)]
    only_in_force: bool,
    /// Which cohorts count: clas2021, clas2024, clas2025 or a catalogue file; those of the profile when not given.
    #[arg(long, env = "PROPENSITY_COHORTS", value_name = "NAME|FILE")]
    cohorts: Option<String>,
    /// Rules for workloads in use and to come; those that ship when not given.
    #[arg(long, env = "PROPENSITY_WORKLOADS", value_name = "FILE")]
    workloads: Option<PathBuf>,
    /// Write the licences of all customers in scope, a row a product with advice, into this file.
    #[arg(long, value_name = "FILE")]
    licences: Option<PathBuf>,
    /// Show why an account does or does not belong to this cohort, and stop.
    #[arg(long, value_name = "NAME", requires = "account", conflicts_with = "report")]
    explain_cohort: Option<String>,
    /// The account to explain.
    #[arg(long, value_name = "ID", requires = "explain_cohort")]
    account: Option<String>,
}

/// Runs the verb.
pub(crate) fn run(args: &Args, shared: &Shared) -> Result<(), Failure> {
    let profile = Profile::named(&args.profile)?;
    let cohorts = Catalogue::named(args.cohorts.as_deref().unwrap_or(&profile.cohorts))?;
    if let (Some(name), Some(account)) = (&args.explain_cohort, &args.account) {
        let cohort = cohorts.cohort(name)?;
        let customer = RunOutput::open(&args.run)?.find(account)?;
        tell(&cohort.explain(&customer.subject()));
        return Ok(());
    }
    if let Some(file) = &args.licences {
        hand_out_licences(args, file, shared)?;
        if args.report.is_none() {
            return Ok(());
        }
    }
    let (Some(report), Some(out)) = (args.report, &args.out) else {
        let flags = "give --report REPORT --out FILE, --licences FILE, or --explain-cohort NAME --account ID";
        return Err(UsageError(flags.to_owned()).into());
    };
    if args.totals.as_ref() == Some(out) {
        return Err(UsageError("--out and --totals name the same file; name two".to_owned()).into());
    }
    let workloads = match &args.workloads {
        Some(file) => Catalogue::load(file)?,
        None => Catalogue::workloads()?,
    };
    let run = RunOutput::open(&args.run)?;
    let previous = args.previous.as_deref().map(RunOutput::open).transpose()?;
    let runs: Vec<&RunOutput> = std::iter::once(&run).chain(&previous).collect();
    let notes = ReportNotes::file(out);
    check_targets([out, &notes].into_iter().chain(&args.totals).map(PathBuf::as_path), &runs, shared)?;
    let request = ReportRequest {
        run: &run,
        previous: previous.as_ref(),
        report,
        profile: &profile,
        cohorts: &cohorts,
        workloads: &workloads,
        partner: args.partner.as_ref(),
        partner_name: args.partner_name.as_deref(),
        viewer: args.viewer.into(),
        fiscal_year_start: args.fiscal_year_start,
        with_corporate: args.with_corporate,
        only_in_force: args.only_in_force,
    };
    warn_of_old_cohorts(&request)?;
    let chunking = Chunking { chunk_rows: shared.chunk_rows, parallelism: shared.parallelism.clone() };
    let staged = request.stage(out, args.format.into(), &chunking)?;
    hand_out(args, out, &request, staged, shared)
}

/// Makes, records and writes the licences of a portfolio.
fn hand_out_licences(args: &Args, file: &Path, shared: &Shared) -> Result<(), Failure> {
    let run = RunOutput::open(&args.run)?;
    check_targets([file], &[&run], shared)?;
    let request =
        PortfolioRequest { run: &run, partner: args.partner.as_ref(), with_corporate: args.with_corporate };
    let chunking = Chunking { chunk_rows: shared.chunk_rows, parallelism: shared.parallelism.clone() };
    let report = request.make(&chunking)?;
    let staged = report.stage(file, args.format.into())?;
    let asked = Asked {
        caller: &args.caller,
        what: "licences",
        profile: "native",
        partner: request.partner,
        viewer: args.viewer.into(),
        out: file,
        rows: report.products().count() as u64,
    };
    asked.record(&run)?;
    staged.commit()?;
    if shared.talks {
        for (name, product) in report.products() {
            let percent =
                |of: Option<f64>| of.map_or("unknown".to_owned(), |percent| format!("{percent:.0} %"));
            tell(&format!(
                "{name}: {} customers, {} deployed, {} used\n",
                product.customers,
                percent(product.deployment_percent()),
                percent(product.usage_percent())
            ));
        }
    }
    Ok(())
}

fn warn_of_old_cohorts(request: &ReportRequest<'_>) -> Result<(), Failure> {
    let old = request.cohorts_not_in_force()?;
    if old > 0 {
        tracing::warn!(
            cohorts = old,
            catalogue = request.cohorts.name,
            as_of = %request.run.record().as_of,
            "cohorts are not in force on the date of the run; {}",
            if request.only_in_force { "their columns are empty" } else { "they are evaluated all the same" }
        );
    }
    Ok(())
}

/// Records the request, then gives the files their names.
fn hand_out(
    args: &Args,
    out: &Path,
    request: &ReportRequest<'_>,
    staged: StagedReport,
    shared: &Shared,
) -> Result<(), Failure> {
    let asked = Asked {
        caller: &args.caller,
        what: request.report.name(),
        profile: &request.profile.name,
        partner: request.partner,
        viewer: request.viewer,
        out,
        rows: staged.totals().rows,
    };
    asked.record(request.run)?;
    let totals = staged.commit()?;
    if let Some(file) = &args.totals {
        let mut text = serde_json::to_string_pretty(&totals)
            .map_err(|error| OutputError::unwritable(file)(error.into()))?;
        text.push('\n');
        write_whole(file, text.as_bytes())?;
    }
    tracing::info!(report = %request.report, rows = totals.rows, file = %out.display(), "done");
    if shared.talks {
        tell(&totals.text());
    }
    Ok(())
}

/// Writes to standard output; a reader that has gone away is no failure.
pub(super) fn tell(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}
