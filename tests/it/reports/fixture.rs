//! Runs to report on: the sample world under the stored model, and small worlds written here.

use std::fmt::Write as _;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::OnceLock;

use propensity::job::Job;
use propensity::parallelism::Parallelism;
use propensity::pipeline::Pipeline;
use propensity::progress::Unwatched;
use propensity::quantity::AsOf;
use propensity::report::{
    PartnerId, Profile, Report, ReportError, ReportRequest, ReportTotals, RunOutput, StagedReport, Viewer,
};
use propensity::scoring::Chunking;
use propensity::seed::Seed;
use propensity::spec::Spec;
use propensity::tables::write::TableFormat;
use propensity::tables::{Dataset, ReadOptions};
use propensity::targeting::cohort::Catalogue;
use propensity::training::AdditiveParams;
use tempfile::TempDir;

pub(crate) fn chunking(threads: usize, rows: usize) -> Chunking {
    Chunking {
        chunk_rows: NonZeroUsize::new(rows).unwrap(),
        parallelism: Parallelism::threads(NonZeroUsize::new(threads).unwrap()).unwrap(),
    }
}

fn run(source: &Path, as_of: Option<AsOf>, out: &Path) -> RunOutput {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (_, pipeline) = Pipeline::load(&root.join("models/reference/cloudascent.json")).unwrap();
    let job = Job {
        spec: &Spec::cloudascent().unwrap(),
        params: AdditiveParams::default(),
        as_of: as_of.unwrap_or(pipeline.as_of()),
        model: Some(pipeline),
        out,
        overwrite: false,
        seed: Seed::new(0),
        chunking: chunking(1, 1000),
    };
    job.run(&Dataset::read(source, None, &ReadOptions::default()).unwrap(), &Unwatched).unwrap();
    RunOutput::open(out).unwrap()
}

fn sample(cell: &'static OnceLock<(TempDir, RunOutput)>, months: i32) -> &'static RunOutput {
    &cell
        .get_or_init(|| {
            let root = Path::new(env!("CARGO_MANIFEST_DIR"));
            let (_, pipeline) = Pipeline::load(&root.join("models/reference/cloudascent.json")).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let as_of = pipeline.as_of().plus_months(months);
            let run = run(&root.join("data-samples"), Some(as_of), folder.path());
            (folder, run)
        })
        .1
}

/// The sample world, scored by the stored model on its own date.
pub(crate) fn sample_run() -> &'static RunOutput {
    static RUN: OnceLock<(TempDir, RunOutput)> = OnceLock::new();
    sample(&RUN, 0)
}

/// The same a month later.
pub(super) fn sample_run_a_month_later() -> &'static RunOutput {
    static RUN: OnceLock<(TempDir, RunOutput)> = OnceLock::new();
    sample(&RUN, 1)
}

/// A run and the folder that holds it.
pub(super) struct SmallRun {
    pub(super) folder: TempDir,
    pub(super) run: RunOutput,
}

/// Tables as texts, by file name.
pub(super) type Tables = Vec<(&'static str, String)>;

/// Scores tables on 2026-01-01.
pub(super) fn small_run(tables: &[(&'static str, String)]) -> SmallRun {
    let source = tempfile::tempdir().unwrap();
    for (name, text) in tables {
        fs::write(source.path().join(name), text).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let as_of = "2026-01-01".parse().unwrap();
    let run = run(source.path(), Some(as_of), folder.path());
    SmallRun { folder, run }
}

/// So many companies of 50 people, `A000` and on.
pub(super) fn plain_companies(n: usize) -> Tables {
    let mut accounts = String::from("account_id,name,employees\n");
    for at in 0..n {
        let _ = writeln!(accounts, "A{at:03},Company {at},50");
    }
    let signals = "account_id,kind,observed_at\nA000,hiring,2025-12-31\n".to_owned();
    vec![("accounts.csv", accounts), ("signals.csv", signals)]
}

/// Two companies with every table, of which the first has one attribute as given; persons stand where exports have them.
pub(super) fn one_company(attribute: &str, value: &str) -> Tables {
    let cell = |name: &str, usual: &str| {
        let text = if name == attribute { value } else { usual };
        format!("\"{}\"", text.replace('"', "\"\""))
    };
    let (name, city, employees) = (cell("name", "Contoso"), cell("city", "Leeds"), cell("employees", "80"));
    vec![
        (
            "accounts.csv",
            format!(
                "account_id,name,domain,city,country,vertical,employees,contact_name,contact_email\n\
                 A,{name},jane.doe@contoso.com,{city},GB,Retail,{employees},Jane Canary,jane@contoso.com\n\
                 B,Fabrikam,jane@gmail.com,Leeds,GB,Retail,80,Jane Canary,jane@gmail.com\n"
            ),
        ),
        (
            "signals.csv",
            "account_id,domain,kind,topic,observed_at,contact_name,previous_company\n\
             A,jane@contoso.com,contact_hired,crm,2025-12-30,Jane Canary,Canary Ltd\n"
                .to_owned(),
        ),
        (
            "transactions.csv",
            "account_id,partner_id,product,sku,date,quantity,amount,currency\n\
             A,P1,azure,AZ-PAYG,2025-06-01,1,1000,USD\nB,P2,m365,M365-BB,2020-06-01,5,600,USD\n"
                .to_owned(),
        ),
        (
            "agreements.csv",
            "agreement_id,account_id,program,product_division,end_date,expiration_type,expiring_revenue,currency,started_at\n\
             AG1,A,CSP,m365,2026-03-01,ends,500,USD,2025-03-01\nAG2,B,Open Value,office,2025-10-01,ends,300,USD,2024-10-01\n"
                .to_owned(),
        ),
    ]
}

/// A report as tests ask for it.
pub(super) struct Asked<'a> {
    pub(super) profile: &'a str,
    pub(super) report: Report,
    pub(super) viewer: Viewer,
    pub(super) partner: Option<&'a PartnerId>,
    pub(super) previous: Option<&'a RunOutput>,
    pub(super) with_corporate: bool,
    pub(super) chunking: Chunking,
}

impl Default for Asked<'_> {
    fn default() -> Self {
        Self {
            profile: "native",
            report: Report::Azure,
            viewer: Viewer::Executive,
            partner: None,
            previous: None,
            with_corporate: false,
            chunking: chunking(1, 300),
        }
    }
}

impl Asked<'_> {
    pub(super) fn stage(
        &self,
        run: &RunOutput,
        target: &Path,
        format: TableFormat,
    ) -> Result<StagedReport, ReportError> {
        let profile = Profile::named(self.profile).unwrap();
        let (cohorts, workloads) =
            (Catalogue::named(&profile.cohorts).unwrap(), Catalogue::workloads().unwrap());
        let request = ReportRequest {
            run,
            previous: self.previous,
            report: self.report,
            profile: &profile,
            cohorts: &cohorts,
            workloads: &workloads,
            partner: self.partner,
            partner_name: None,
            viewer: self.viewer,
            fiscal_year_start: 7,
            with_corporate: self.with_corporate,
            only_in_force: false,
        };
        request.stage(target, format, &self.chunking)
    }

    /// Writes `report.<ending>` into a folder.
    pub(super) fn make(&self, run: &RunOutput, format: TableFormat) -> (TempDir, ReportTotals) {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join(format!("report.{}", format.extension()));
        let totals = self.stage(run, &target, format).unwrap().commit().unwrap();
        (folder, totals)
    }
}
