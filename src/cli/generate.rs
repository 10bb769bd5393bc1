//! `propensity generate`: a world of companies with known truth.

use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::ValueEnum;
use propensity::quantity::AsOf;
use propensity::tables::write::TableFormat;
use propensity::world::{Existing, MonthStart, Months, Trap, WorldParams, generate};

use super::{Failure, Shared};

/// Format of the seven tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Apache Parquet.
    Parquet,
    /// Comma-separated text.
    Csv,
}

/// Flags of the verb.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Number of companies.
    #[arg(long, value_name = "N")]
    accounts: NonZeroU64,
    /// Number of months, 1 to 240.
    #[arg(long, value_name = "M", default_value_t = 24)]
    months: u16,
    /// First day of the world, the first day of a month.
    #[arg(long, value_name = "DATE", default_value = "2024-01-01")]
    start: AsOf,
    /// Folder to write to.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Format of the seven tables; the truth is always Parquet.
    #[arg(long, value_enum, default_value = "parquet")]
    format: Format,
    /// Leave out a trap, such as cancellations; may be given several times.
    #[arg(long, value_name = "TRAP")]
    without: Vec<Trap>,
}

/// Runs the verb.
pub(crate) fn run(args: &Args, shared: &Shared) -> Result<(), Failure> {
    let mut params = WorldParams::new(args.accounts, Months::try_from(args.months)?, shared.seed);
    params.start = MonthStart::try_from(args.start)?;
    params.format = match args.format {
        Format::Parquet => TableFormat::Parquet,
        Format::Csv => TableFormat::Csv,
    };
    for &trap in &args.without {
        params = params.without(trap);
    }
    let existing = if shared.overwrite { Existing::Replace } else { Existing::Keep };
    let summary = generate(&params, &args.out, existing, &shared.parallelism)?;
    for (table, rows) in &summary.rows {
        tracing::info!(rows, "{table}");
    }
    for (trap, rows) in &summary.traps {
        tracing::info!(rows, "trap {trap}");
    }
    tracing::info!(folder = %summary.folder.display(), as_of = %params.end(), "world written");
    Ok(())
}
