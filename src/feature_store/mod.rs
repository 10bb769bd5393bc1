//! Features on disk, as known on one date or on many: what trainers, notebooks and other engines read.
//!
//! ```text
//! OUT/features/as_of=DATE/part-00000.parquet   one row per account known on the date, one column per feature
//! OUT/features/as_of=DATE/_manifest.json       what it was made of; written last
//! ```
//!
//! The input is read once for all dates, whatever its size ([`Partitions`]). Rows are in the order of the keys of the
//! accounts, so that part `k` of `n` holds the same bytes whether it was built alone, on another machine, or with all
//! others. A date is built again only where something that was known before it has changed: rows that were filled in
//! later, in another order or in other files do not count.

mod error;
mod manifest;
mod part;

use std::collections::BTreeMap;
use std::path::Path;

pub use error::FeatureStoreError;
pub use manifest::{Manifest, PartRecord};
use part::{PartWriter, Rows};

use crate::features::{FeatureBuilder, FeatureSpec, columns_read};
use crate::output::OutputError;
use crate::pipeline::check_date_within;
use crate::progress::Progress;
use crate::quantity::AsOf;
use crate::tables::mapping::Mapping;
use crate::tables::{
    Dataset, Note, PartitionOptions, Partitions, Piece, ReadOptions, Share, SourceFile, TablesError,
};

/// Memory for rows that wait for their row group, where no limit is set.
const PENDING_BYTES: u64 = 1 << 30;

/// What the store is told.
#[derive(Debug)]
pub struct FeatureStore<'a> {
    /// The features.
    pub spec: &'a FeatureSpec,
    /// The dates on which they are built, in any order.
    pub dates: &'a [AsOf],
    /// The folder that gets a folder `features`.
    pub out: &'a Path,
    /// Into how many files the accounts of a date are split, and which of them are built.
    pub parts: Parts,
    /// Whether dates may be built anew that were built of other rows before.
    pub overwrite: bool,
    /// How the tables are read.
    pub read: ReadOptions,
    /// Memory that should do, in bytes.
    pub memory_limit: Option<u64>,
}

/// Into how many files the accounts of a date are split, and which of them are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    count: usize,
    only: Option<usize>,
}

impl Parts {
    /// One file.
    pub const ONE: Self = Self { count: 1, only: None };

    /// `count` files, of which all are built or `only` one; `None` unless `count` is a power of two up to 4096 and
    /// `only`, counted from 0, below it.
    pub fn try_new(count: usize, only: Option<usize>) -> Option<Self> {
        Share::try_new(only.unwrap_or(0), count).map(|_| Self { count, only })
    }

    fn share(self) -> Share {
        self.only.and_then(|part| Share::try_new(part, self.count)).unwrap_or(Share::ALL)
    }

    /// The parts that are built.
    fn built(self) -> std::ops::Range<usize> {
        self.only.map_or(0..self.count, |part| part..part + 1)
    }

    fn manifest(self) -> String {
        match self.only {
            None => "_manifest.json".to_owned(),
            Some(part) => format!("_manifest-{part:05}-of-{:05}.json", self.count),
        }
    }
}

/// What became of a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltDate {
    /// The date.
    pub as_of: AsOf,
    /// Accounts known on it.
    pub accounts: u64,
    /// Whether it was there already, built of the same rows.
    pub unchanged: bool,
}

/// What the store did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// Every date, ascending.
    pub dates: Vec<BuiltDate>,
    /// What was left out, stood in for or counted while reading.
    pub notes: Vec<Note>,
    /// The files that were read.
    pub sources: Vec<SourceFile>,
}

impl FeatureStore<'_> {
    /// Reads `source` once and builds every date that is not there yet.
    ///
    /// # Errors
    /// [`FeatureStoreError::Tables`] when the tables have faults, [`FeatureStoreError::Build`] when features cannot be
    /// built of them, [`FeatureStoreError::Output`] when a date is there that was built of other rows and may not be
    /// replaced, or a file cannot be written. Nothing is written then.
    pub fn build(
        &self,
        source: &Path,
        mapping: Option<&Mapping>,
        progress: &dyn Progress,
    ) -> Result<Built, FeatureStoreError> {
        let built = self.work(source, mapping, progress);
        if built.is_err() {
            // Folders that were made for nothing; those that hold something stay.
            let root = self.out.join("features");
            let of_dates = self.dates.iter().map(|as_of| root.join(format!("as_of={as_of}")));
            for folder in of_dates.chain([root.clone(), self.out.to_path_buf()]) {
                let _ = std::fs::remove_dir(folder);
            }
        }
        built
    }

    fn work(
        &self,
        source: &Path,
        mapping: Option<&Mapping>,
        progress: &dyn Progress,
    ) -> Result<Built, FeatureStoreError> {
        let root = self.out.join("features");
        progress.stage("reading", 0);
        let options = PartitionOptions {
            read: &self.read,
            columns: &columns_read(self.spec),
            dates: self.dates,
            share: self.parts.share(),
            least_ranges: self.parts.built().len(),
            scratch: self.out,
            memory_limit: self.memory_limit,
        };
        let partitions = Partitions::read(source, mapping, &options)?;
        for as_of in self.dates {
            check_date_within(partitions.time_span(), *as_of)?;
        }
        let builder = FeatureBuilder::for_currencies(self.spec, &partitions.currencies())?;
        let sources = partitions.sources().to_vec();
        let (mut built, mut wanted) = (BTreeMap::new(), Vec::new());
        for (as_of, digest) in partitions.digests() {
            let folder = root.join(format!("as_of={as_of}"));
            let plan = Manifest::plan(self.spec, &builder, as_of, digest, self.parts)?;
            let path = folder.join(self.parts.manifest());
            match Manifest::read(&path) {
                Some(there) if there.holds(&plan, &folder) => {
                    built.insert(as_of, BuiltDate { as_of, accounts: there.accounts(), unchanged: true });
                }
                _ if !self.overwrite && self.is_there(&folder) => {
                    return Err(OutputError::Exists { path: folder }.into());
                }
                _ => wanted.push((folder, plan)),
            }
        }
        let pieces = partitions.pieces();
        let at_once = self.dates_at_once(&builder);
        progress.stage("features", (pieces.len() * wanted.len().div_ceil(at_once)) as u64);
        let mut finished = Vec::new();
        let mut faults = None;
        for dates in wanted.chunks(at_once) {
            let mut writers = dates
                .iter()
                .map(|(folder, _)| PartWriter::create(folder, &builder, self.parts))
                .collect::<Result<Vec<_>, _>>()?;
            let outcome = self.build_dates(&partitions, &pieces, &mut writers, |dataset| {
                progress.advance(1);
                Rows::build(&builder, dataset, &dates.iter().map(|(_, plan)| plan.as_of).collect::<Vec<_>>())
            });
            match outcome {
                Err(FeatureStoreError::Tables(error)) if error.shows_late() => faults = Some(error),
                outcome => outcome?,
            }
            finished.extend(writers);
        }
        if wanted.is_empty() || faults.is_some() {
            // Faults that only show when rows come back are told all at once.
            self.look_for_faults(&partitions, &pieces)?;
        }
        let notes = partitions.finish()?;
        if let Some(error) = faults {
            return Err(error.into());
        }
        for ((_, plan), writer) in wanted.iter().zip(finished) {
            let manifest = writer.commit(plan, &sources, &notes)?;
            built.insert(
                plan.as_of,
                BuiltDate { as_of: plan.as_of, accounts: manifest.accounts(), unchanged: false },
            );
        }
        Ok(Built { dates: built.into_values().collect(), notes, sources })
    }

    fn is_there(&self, folder: &Path) -> bool {
        let file = |part| folder.join(part::file_name(part));
        folder.join(self.parts.manifest()).exists() || self.parts.built().any(|part| file(part).exists())
    }

    /// How many dates are built in one walk over the pieces, so that the rows waiting for their row groups fit.
    fn dates_at_once(&self, builder: &FeatureBuilder) -> usize {
        let budget = self.memory_limit.map_or(PENDING_BYTES, |limit| limit / 4);
        let group = (crate::tables::write::ROWS_PER_GROUP * builder.recipes().len() * 8) as u64;
        usize::try_from(budget / group.max(1)).unwrap_or(usize::MAX).max(1)
    }

    fn build_dates(
        &self,
        partitions: &Partitions,
        pieces: &[Piece],
        writers: &mut [PartWriter],
        rows: impl Fn(Dataset) -> Result<Vec<Rows>, FeatureStoreError> + Sync + Send,
    ) -> Result<(), FeatureStoreError> {
        let build = |piece: Piece| rows(partitions.dataset(piece)?);
        let write = |(piece, rows): (Piece, Result<Vec<Rows>, FeatureStoreError>)| {
            let part = self.parts.built().start + partitions.part_of(piece, self.parts.built().len());
            for (writer, rows) in writers.iter_mut().zip(rows?) {
                writer.append(part, rows)?;
            }
            Ok(())
        };
        self.read.parallelism.pipe(pieces, |piece| (*piece, build(*piece)), write)
    }

    /// Brings every piece back once for the faults that show only then.
    fn look_for_faults(&self, partitions: &Partitions, pieces: &[Piece]) -> Result<(), TablesError> {
        let checked = self.read.parallelism.map(pieces, |_, piece| match partitions.dataset(*piece) {
            Err(error) if error.shows_late() => Ok(()),
            outcome => outcome.map(|_| ()),
        });
        checked.into_iter().collect()
    }
}
