//! `propensity match`: which account of one list is which company of another.

use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use propensity::crm::{
    Cardinality, Company, Counts, Matching, find_duplicates, match_lists, write_duplicates, write_matches,
};
use propensity::output::OutputError;
use propensity::quantity::{LogOdds, QuantityError};
use propensity::tables::Dataset;
use propensity::tables::mapping::Mapping;
use propensity::tables::write::TableFormat;

use super::{Failure, Shared, UsageError};

/// Flags of `match`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The accounts to find: a CSV or Parquet file with the columns of `accounts`, or a folder that holds the table.
    left: PathBuf,
    /// The list to find them in; without it, companies that are in the first list more than once.
    right: Option<PathBuf>,
    /// The table of answers to write; CSV or Parquet by its ending.
    #[arg(long, env = "PROPENSITY_OUT", value_name = "FILE")]
    out: PathBuf,
    /// Mapping file that renames the columns of the first list.
    #[arg(long, value_name = "FILE")]
    left_mapping: Option<PathBuf>,
    /// Mapping file that renames the columns of the second list.
    #[arg(long, value_name = "FILE", requires = "right")]
    right_mapping: Option<PathBuf>,
    /// Log-odds from which on a pair is a match; 1 for two lists and 3 for one when not given.
    #[arg(long, value_name = "LOG_ODDS", value_parser = log_odds, allow_hyphen_values = true)]
    matched: Option<LogOdds>,
    /// Log-odds from which on a pair is shown as possible; -2 when not given.
    #[arg(long, value_name = "LOG_ODDS", value_parser = log_odds, allow_hyphen_values = true)]
    possible: Option<LogOdds>,
    /// Log-odds by which a match must be ahead of every other candidate; 1 when not given.
    #[arg(long, value_name = "LOG_ODDS", value_parser = log_odds)]
    margin: Option<LogOdds>,
    /// Companies that may share a word, an address or the like before it says too little to be looked at.
    #[arg(long, value_name = "N")]
    largest_block: Option<NonZeroUsize>,
    /// An account of the second list may be the match of several of the first.
    #[arg(long)]
    many_to_one: bool,
    /// Both lists number accounts alike: an equal account id means the same company.
    #[arg(long)]
    shared_ids: bool,
    /// Accounts without a match take that of their parent; several candidates of one family become its parent.
    #[arg(long)]
    roll_up: bool,
}

fn log_odds(text: &str) -> Result<LogOdds, String> {
    let number: f64 = text.parse().map_err(|_| "expected a number such as 2 or -1.5".to_owned())?;
    LogOdds::try_from(number).map_err(|error: QuantityError| error.to_string())
}

/// Runs the verb.
pub(crate) fn run(args: &Args, shared: &Shared) -> Result<(), Failure> {
    let format = match args.out.extension().and_then(std::ffi::OsStr::to_str) {
        // People open the list in a spreadsheet, and names come from outside.
        Some("csv") => TableFormat::SheetCsv,
        Some("parquet") => TableFormat::Parquet,
        _ => {
            let message =
                format!("--out is {}, expected a name that ends in .csv or .parquet", args.out.display());
            return Err(UsageError(message).into());
        }
    };
    if args.out.exists() && !shared.overwrite {
        return Err(OutputError::Exists { path: args.out.clone() }.into());
    }
    let matching = matching(args)?;
    let left = read(&args.left, args.left_mapping.as_deref(), shared)?;
    let left = Company::list(&left)?;
    let told = match &args.right {
        Some(right) => between(args, shared, &matching, &left, (right, format))?,
        None => within(args, shared, &matching, &left, format)?,
    };
    tracing::info!(out = %args.out.display(), "done");
    if shared.talks {
        // A reader that has gone away is no failure: the file is written.
        let _ = std::io::stdout().lock().write_all(told.as_bytes());
    }
    Ok(())
}

/// Matches two lists, and says how many accounts have which answer.
fn between(
    args: &Args,
    shared: &Shared,
    matching: &Matching,
    left: &[Company<'_>],
    (right, format): (&Path, TableFormat),
) -> Result<String, Failure> {
    let right = read(right, args.right_mapping.as_deref(), shared)?;
    let right = Company::list(&right)?;
    let outcomes = match_lists(left, &right, matching, &shared.parallelism);
    write_matches(&args.out, format, (left, &right), &outcomes)?;
    let counts = Counts::of(outcomes.iter().map(|outcome| outcome.answer));
    let Counts { matched, ambiguous, none } = counts;
    let n_accounts = left.len();
    Ok(format!("{n_accounts} accounts: {matched} matched, {ambiguous} ambiguous, {none} without a match\n"))
}

/// Finds the companies that are in one list more than once, and says how many pairs there are.
fn within(
    args: &Args,
    shared: &Shared,
    matching: &Matching,
    companies: &[Company<'_>],
    format: TableFormat,
) -> Result<String, Failure> {
    let pairs = find_duplicates(companies, matching, &shared.parallelism);
    write_duplicates(&args.out, format, companies, &pairs)?;
    let counts = Counts::of(pairs.iter().map(|pair| pair.answer));
    let Counts { matched, ambiguous, .. } = counts;
    let n_accounts = companies.len();
    Ok(format!("{n_accounts} accounts: {matched} pairs are one company, {ambiguous} may be\n"))
}

fn matching(args: &Args) -> Result<Matching, UsageError> {
    let usual = if args.right.is_some() { Matching::default() } else { Matching::within_one_list() };
    let matching = Matching {
        cardinality: if args.many_to_one { Cardinality::ManyToOne } else { Cardinality::OneToOne },
        matched: args.matched.unwrap_or(usual.matched),
        possible: args.possible.unwrap_or(usual.possible),
        margin: args.margin.unwrap_or(usual.margin),
        largest_block: args.largest_block.unwrap_or(usual.largest_block),
        shared_ids: args.shared_ids,
        roll_up: args.roll_up,
    };
    if matching.possible > matching.matched {
        let (possible, matched) = (matching.possible.value(), matching.matched.value());
        let message = format!("--possible is {possible}, expected at most --matched, which is {matched}");
        return Err(UsageError(message));
    }
    Ok(matching)
}

fn read(source: &Path, mapping: Option<&Path>, shared: &Shared) -> Result<Dataset, Failure> {
    let mapping = mapping.map(Mapping::read).transpose()?;
    let options = shared.read_options();
    Ok(Dataset::read_accounts(source, mapping.as_ref(), &options)?)
}
