//! `propensity validate`: reads all tables and reports what was found, or every fault.

use std::io::{self, Write};

use propensity::output::OutputError;
use propensity::tables::Dataset;

use super::inputs::Inputs;
use super::{Failure, Shared};

/// Flags of `validate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    inputs: Inputs,
}

/// Reads the tables and writes a report to standard output.
pub(crate) fn run(args: &Args, shared: &Shared) -> Result<(), Failure> {
    let data = args.inputs.read(shared)?;
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
