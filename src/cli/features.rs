//! `propensity features`: builds the features of all accounts, as known on one date or on many.

use std::io::{self, Write};
use std::path::PathBuf;

use propensity::feature_store::{Built, FeatureStore, Parts};
use propensity::output::OutputError;
use propensity::quantity::AsOf;

use super::clock::Watch;
use super::inputs::{Inputs, read_spec};
use super::{Failure, Shared, UsageError};

/// Flags of `features`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    inputs: Inputs,
    /// Dates, separated by commas: each sees what was known before it began, in UTC.
    #[arg(long, env = "PROPENSITY_AS_OF", value_name = "DATES", value_delimiter = ',', required = true)]
    as_of: Vec<AsOf>,
    /// Folder that gets `features/as_of=DATE/`.
    #[arg(long, env = "PROPENSITY_OUT", value_name = "DIR")]
    out: PathBuf,
    /// Policy file that declares the features; the one that ships with propensity when not given.
    #[arg(long, env = "PROPENSITY_SPEC", value_name = "FILE")]
    spec: Option<PathBuf>,
    /// Split the accounts of a date into so many files: a power of two up to 4096.
    #[arg(long, env = "PROPENSITY_PARTS", value_name = "N", default_value_t = 1, value_parser = parts)]
    parts: usize,
    /// Build this file only, from 0: the same bytes as when all are built.
    #[arg(long, env = "PROPENSITY_PART", value_name = "K")]
    part: Option<usize>,
    /// Memory to get by with, such as 500MB or 4GB; what does not fit waits on disk, beside the output.
    #[arg(long, env = "PROPENSITY_MEMORY_LIMIT", value_name = "SIZE", value_parser = size)]
    memory_limit: Option<u64>,
}

fn parts(text: &str) -> Result<usize, String> {
    let count = text.parse().map_err(|_| "expected a whole number".to_owned())?;
    match Parts::try_new(count, None) {
        Some(_) => Ok(count),
        None => Err("expected a power of two from 1 to 4096".to_owned()),
    }
}

/// A number of bytes, with a unit of thousands (kB, MB, GB) or of 1024 (KiB, MiB, GiB).
fn size(text: &str) -> Result<u64, String> {
    let expected = || format!("expected a size such as 500MB or 4GiB, found {text:?}");
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let unit: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return Err(expected()),
    };
    let number: u64 = number.parse().map_err(|_| expected())?;
    number.checked_mul(unit).filter(|bytes| *bytes > 0).ok_or_else(expected)
}

/// Runs the verb.
pub(crate) fn run(args: &Args, shared: &Shared) -> Result<(), Failure> {
    let spec = read_spec(args.spec.as_deref())?;
    let mapping = args.inputs.mapping()?;
    let Some(parts) = Parts::try_new(args.parts, args.part) else {
        let (part, last) = (args.part.unwrap_or_default(), args.parts - 1);
        return Err(UsageError(format!(
            "--part is {part}, expected 0 to {last} as --parts is {}",
            args.parts
        ))
        .into());
    };
    let watch = Watch::new(shared.interactive);
    let store = FeatureStore {
        spec: &spec.features,
        dates: &args.as_of,
        out: &args.out,
        parts,
        overwrite: shared.overwrite,
        read: shared.read_options(),
        memory_limit: args.memory_limit,
    };
    let built = store.build(&args.inputs.source, mapping.as_ref(), &watch)?;
    watch.finish();
    if !shared.talks {
        return Ok(());
    }
    match report(&built, &mut io::stdout().lock()) {
        // Whoever read the report has read enough of it.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => Ok(outcome.map_err(OutputError::unwritable("standard output"))?),
    }
}

fn report(built: &Built, out: &mut impl Write) -> io::Result<()> {
    for date in &built.dates {
        let state = if date.unchanged { "unchanged, not built again" } else { "built" };
        writeln!(out, "{}  {} accounts  {state}", date.as_of, date.accounts)?;
    }
    out.flush()
}
