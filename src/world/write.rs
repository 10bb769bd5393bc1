//! A world on its way to a folder: block after block of accounts, the folder whole or not at all.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::WorldError;
use super::account::{self, Rows};
use super::calendar::Calendar;
use super::params::WorldParams;
use super::rows::{self, Columns};
use super::traps::{Trap, TrapCounts};
use crate::output::{OutputError, write_whole};
use crate::parallelism::Parallelism;
use crate::quantity::AsOf;
use crate::tables::contract::TableName;
use crate::tables::write::{TableFormat, TableWriter};

/// Accounts generated as one piece of work.
const BLOCK: u64 = 512;

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldSummary {
    /// The folder of the world.
    pub folder: PathBuf,
    /// Rows of each of the seven tables.
    pub rows: Vec<(TableName, u64)>,
    /// Rows each planted trap touched; traps left out are not listed.
    pub traps: Vec<(Trap, u64)>,
}

/// Whether a folder that is there already may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Refuse a folder that holds anything.
    Keep,
    /// Replace a folder that holds a world, and all that is in it; refuse any other.
    Replace,
}

/// Writes the world of these parameters to `folder`.
///
/// The bytes depend on `params` alone: neither threads nor the machine show. Memory is bounded by a few blocks of
/// 512 accounts and one row group per table, whatever the number of accounts. Everything is written beside
/// `folder` under a temporary name and renamed at the end, so a killed run leaves nothing that looks whole.
///
/// # Errors
/// [`WorldError::Output`] when `folder` holds anything that may not be replaced, or when the disk refuses.
pub fn generate(
    params: &WorldParams,
    folder: &Path,
    existing: Existing,
    parallelism: &Parallelism,
) -> Result<WorldSummary, WorldError> {
    let occupied = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    let is_world = folder.join("world.json").is_file();
    if (occupied || folder.is_file()) && !(existing == Existing::Replace && is_world) {
        return Err(OutputError::Exists { path: folder.to_owned() }.into());
    }
    let beside = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let unwritable = |error| WorldError::from(OutputError::unwritable(folder)(error));
    std::fs::create_dir_all(beside).map_err(unwritable)?;
    let staging = tempfile::Builder::new()
        .prefix(".world-")
        .suffix(".partial")
        .tempdir_in(beside)
        .map_err(unwritable)?;
    let written = write_tables(params, staging.path(), parallelism)?;
    write_documents(params, staging.path(), &written.counts)?;
    exchange(staging, folder, beside).map_err(unwritable)?;
    let planted = Trap::ALL.into_iter().filter(|&trap| params.traps.contains(trap));
    Ok(WorldSummary {
        folder: folder.to_owned(),
        rows: TableName::ALL.into_iter().zip(written.rows).collect(),
        traps: planted.map(|trap| (trap, written.counts.of(trap))).collect(),
    })
}

/// Puts the finished folder in the place of the old one, which is removed last.
fn exchange(staging: tempfile::TempDir, folder: &Path, beside: &Path) -> std::io::Result<()> {
    make_readable(staging.path())?;
    let old = if folder.exists() {
        let aside =
            tempfile::Builder::new().prefix(".world-").suffix(".replaced.partial").tempdir_in(beside)?;
        std::fs::rename(folder, aside.path().join("old"))?;
        Some(aside)
    } else {
        None
    };
    std::fs::rename(staging.path(), folder)?;
    // The folder has its name now; there is nothing left to remove under the temporary one.
    let _ = staging.keep();
    old.map_or(Ok(()), tempfile::TempDir::close)
}

/// Temporary folders start private to their owner; a result is readable as any other folder.
#[cfg(unix)]
fn make_readable(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_readable(_: &Path) -> std::io::Result<()> {
    Ok(())
}

struct Written {
    rows: [u64; TableName::ALL.len()],
    counts: TrapCounts,
}

fn write_tables(
    params: &WorldParams,
    folder: &Path,
    parallelism: &Parallelism,
) -> Result<Written, WorldError> {
    let calendar = Calendar::new(params);
    let post_outcome = params.traps.contains(Trap::PostOutcomeColumns);
    let mut writers = open(params, folder, post_outcome)?;
    let mut written = Written { rows: [0; TableName::ALL.len()], counts: TrapCounts::default() };
    let n_accounts = params.accounts.get();
    let window = parallelism.n_threads() as u64;
    let mut next = 0;
    while next < n_accounts {
        let blocks: Vec<u64> =
            (0..window).map(|at| next + at * BLOCK).filter(|&first| first < n_accounts).collect();
        let generated = parallelism.map(&blocks, |_, &first| {
            let mut block = Rows::default();
            let mut counts = TrapCounts::default();
            for index in first..(first + BLOCK).min(n_accounts) {
                let (rows, touched) = account::rows(index, params.seed, &calendar, params.traps);
                block.append(rows);
                counts.add(&touched);
            }
            (tables(&block, post_outcome), counts)
        });
        for (columns, counts) in generated {
            written.counts.add(&counts);
            for (at, columns) in columns.into_iter().enumerate() {
                if let Some(total) = written.rows.get_mut(at) {
                    *total += columns.first().map_or(0, |(_, cells)| cells.len() as u64);
                }
                writers[at].append(columns.into_iter().map(|(_, cells)| cells).collect())?;
            }
        }
        next += window * BLOCK;
    }
    for writer in writers {
        writer.commit()?;
    }
    Ok(written)
}

/// The columns of the seven tables in their order, then the true probabilities, then the traits.
fn tables(rows: &Rows, post_outcome: bool) -> [Columns; TableName::ALL.len() + 2] {
    [
        rows::accounts(&rows.accounts, post_outcome),
        rows::installs(&rows.installs),
        rows::signals(&rows.signals),
        rows::subscriptions(&rows.subscriptions),
        rows::transactions(&rows.transactions),
        rows::agreements(&rows.agreements),
        rows::opportunities(&rows.opportunities, post_outcome),
        rows::probabilities(&rows.probabilities),
        rows::traits(&rows.traits),
    ]
}

fn open(params: &WorldParams, folder: &Path, post_outcome: bool) -> Result<Vec<TableWriter>, WorldError> {
    let names = TableName::ALL.map(|table| (folder.join(table.as_str()), params.format));
    let truth =
        ["probabilities", "traits"].map(|name| (folder.join("truth").join(name), TableFormat::Parquet));
    let schemas = tables(&Rows::default(), post_outcome);
    names
        .into_iter()
        .chain(truth)
        .zip(schemas)
        .map(|((path, format), columns)| {
            let path = path.with_extension(format.extension());
            TableWriter::create(path, format, rows::schema(&columns)).map_err(WorldError::from)
        })
        .collect()
}

#[derive(Serialize)]
struct TrapRecord {
    name: Trap,
    planted: bool,
    rows_affected: u64,
    rule: &'static str,
}

#[derive(Serialize)]
struct WorldRecord {
    accounts: u64,
    months: u16,
    seed: u64,
    start: AsOf,
    end: AsOf,
    format: &'static str,
    without: Vec<Trap>,
    version: &'static str,
}

fn write_documents(params: &WorldParams, folder: &Path, counts: &TrapCounts) -> Result<(), WorldError> {
    let traps = Trap::ALL.map(|trap| TrapRecord {
        name: trap,
        planted: params.traps.contains(trap),
        rows_affected: counts.of(trap),
        rule: trap.rule(),
    });
    let world = WorldRecord {
        accounts: params.accounts.get(),
        months: params.months.get(),
        seed: params.seed.value(),
        start: params.start.into(),
        end: params.end(),
        format: params.format.extension(),
        without: Trap::ALL.into_iter().filter(|&trap| !params.traps.contains(trap)).collect(),
        version: env!("CARGO_PKG_VERSION"),
    };
    write_json(&folder.join("truth").join("traps.json"), &traps)?;
    write_json(&folder.join("world.json"), &world)
}

fn write_json(path: &Path, document: &impl Serialize) -> Result<(), WorldError> {
    let mut text = serde_json::to_string_pretty(document)
        .map_err(|error| OutputError::unwritable(path)(std::io::Error::other(error)))?;
    text.push('\n');
    write_whole(path, text.as_bytes()).map_err(WorldError::from)
}
