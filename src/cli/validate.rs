//! `propensity validate`: reads all tables and reports what was found, or every fault.

use std::io::{self, Write};
use std::path::PathBuf;

use propensity::output::OutputError;
use propensity::tables::mapping::Mapping;
use propensity::tables::{Dataset, TablesError};

use super::{Failure, Shared};

/// Flags of `validate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of tables, one table, or a pattern such as 'data/*.csv'.
    source: PathBuf,
    /// Mapping file (TOML) that says which columns of an export are which.
    #[arg(long, env = "PROPENSITY_MAPPING", value_name = "FILE")]
    mapping: Option<PathBuf>,
}

/// Reads the tables and writes a report to standard output.
pub(crate) fn run(args: &Args, shared: &Shared) -> Result<(), Failure> {
    let mapping = args.mapping.as_deref().map(Mapping::read).transpose().map_err(TablesError::from)?;
    let options = shared.read_options();
    let data = Dataset::read(&args.source, mapping.as_ref(), &options)?;
    match report(&data, &mut io::stdout().lock()) {
        // Whoever read the report has read enough of it.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => Ok(outcome.map_err(OutputError::unwritable("standard output"))?),
    }
}

fn report(data: &Dataset, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "accounts: {}", data.accounts().len())?;
    for summary in data.summaries() {
        writeln!(out, "\n{}: {} rows", summary.table, summary.rows)?;
        for file in &summary.files {
            writeln!(out, "  file      {}", file.display())?;
        }
        writeln!(out, "  columns   {}", listed(&summary.found))?;
        writeln!(out, "  absent    {}", listed(&summary.absent))?;
        writeln!(out, "  ignored   {}", listed(&summary.ignored))?;
        match &summary.known_at {
            Some((first, last)) => writeln!(out, "  known_at  {first} to {last}")?,
            None => writeln!(out, "  known_at  always")?,
        }
        for note in data.notes().iter().filter(|note| note.table == summary.table) {
            writeln!(out, "  note      [{}] {}: {}", note.code, note.count, note.text)?;
        }
    }
    let given = |table| data.summaries().iter().any(|summary| summary.table == table);
    for note in data.notes().iter().filter(|note| !given(note.table)) {
        writeln!(out, "\n{}: {}", note.table, note.text)?;
    }
    out.flush()
}

fn listed(names: &[impl AsRef<str>]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}
