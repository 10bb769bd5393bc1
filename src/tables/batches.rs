//! The batches of a file, each on a thread of its own, put together in their order.

use sha2::{Digest, Sha256};

use super::checking::{Check, Checked, original};
use super::raw::{RawBatch, RawError, RawPart, RawTable, hash_of};
use super::reading::{Draft, Reading, RowSink};
use crate::output::OutputError;

/// What is done to a file by several threads at once.
enum Task {
    Hash,
    Check(RawPart),
}

enum Done {
    Hashed((String, u64)),
    Checked(Box<Checked>),
}

impl Draft {
    /// Reads part by part until there are no more. The inner error says that the file cannot be read on.
    pub(super) fn read_rows(
        &mut self,
        raw: &mut RawTable,
        reading: &Reading<'_>,
        check: Check<'_>,
        sink: Option<RowSink<'_>>,
    ) -> Result<Result<(), RawError>, OutputError> {
        if reading.rules.is_some_and(|rules| rules.drop_exact_duplicates) {
            return self.read_distinct(raw, reading, check, sink);
        }
        let (mut hash, mut broken_off) = (None, None);
        let first = raw.wants_hash().then_some(Ok(Task::Hash));
        let parts = std::iter::from_fn(|| raw.next_part().map(|part| part.map(Task::Check)).transpose());
        let work = |task: Result<Task, RawError>| match task {
            Ok(task) => task.run(check, None, sink),
            Err(error) => Ok(Err(error)),
        };
        let outcome = reading.parallelism.pipe(first.into_iter().chain(parts), work, |done| {
            match done.map_err(Some)? {
                Ok(Done::Hashed(hashed)) => hash = Some(hashed),
                Ok(Done::Checked(checked)) => self.add(*checked, check).map_err(Some)?,
                Err(error) => {
                    broken_off = Some(error);
                    return Err(None);
                }
            }
            Ok(())
        });
        if let Some(hash) = hash {
            raw.set_hash(hash);
        }
        match (outcome, broken_off) {
            (Err(Some(error)), _) => Err(error),
            (_, Some(error)) => Ok(Err(error)),
            (_, None) => Ok(Ok(())),
        }
    }

    /// Reads parts without the rows that repeat an earlier one exactly, some parts at once.
    fn read_distinct(
        &mut self,
        raw: &mut RawTable,
        reading: &Reading<'_>,
        check: Check<'_>,
        sink: Option<RowSink<'_>>,
    ) -> Result<Result<(), RawError>, OutputError> {
        let at_once = reading.parallelism.n_threads();
        loop {
            let mut tasks: Vec<Task> = Vec::new();
            if raw.wants_hash() {
                tasks.push(Task::Hash);
            }
            let mut broken_off = None;
            while tasks.len() < at_once {
                match raw.next_part() {
                    Ok(Some(part)) => tasks.push(Task::Check(part)),
                    Ok(None) => break,
                    Err(error) => {
                        broken_off = Some(error);
                        break;
                    }
                }
            }
            if tasks.is_empty() {
                return Ok(broken_off.map_or(Ok(()), Err));
            }
            for done in self.check_distinct(tasks, reading, check, sink) {
                match done? {
                    Ok(Done::Hashed(hash)) => raw.set_hash(hash),
                    Ok(Done::Checked(checked)) => self.add(*checked, check)?,
                    Err(error) => return Ok(Err(error)),
                }
            }
            if let Some(error) = broken_off {
                return Ok(Err(error));
            }
        }
    }

    /// Checks parts without the rows that repeat an earlier one exactly.
    fn check_distinct(
        &mut self,
        tasks: Vec<Task>,
        reading: &Reading<'_>,
        check: Check<'_>,
        sink: Option<RowSink<'_>>,
    ) -> Vec<Result<Result<Done, RawError>, OutputError>> {
        let width = check.plan.header().len();
        let hashed = reading.parallelism.map_owned(tasks, |task| match task {
            Task::Hash => Ok((task, Vec::new())),
            Task::Check(part) => part.read().map(|batch| {
                let rows = 0..batch.n_rows();
                let hashes = rows.map(|row| match check.plan.skips(&batch, row) {
                    Some(_) => None,
                    None => Some(hash_row(&batch, row, width)),
                });
                let hashes: Vec<Option<u128>> = hashes.collect();
                (Task::Check(RawPart::Batch(batch)), hashes)
            }),
        });
        let seen = &mut self.tally.rows_seen;
        let marked: Vec<_> = hashed
            .into_iter()
            .map(|hashed| {
                hashed.map(|(task, hashes)| {
                    let repeats = |hash: Option<u128>| hash.is_some_and(|hash| !seen.insert(hash));
                    (task, hashes.into_iter().map(repeats).collect::<Vec<bool>>())
                })
            })
            .collect();
        reading.parallelism.map_owned(marked, |marked| match marked {
            Ok((task, repeated)) => task.run(check, Some(&repeated), sink),
            Err(error) => Ok(Err(error)),
        })
    }
}

impl Task {
    fn run(
        self,
        check: Check<'_>,
        repeated: Option<&[bool]>,
        sink: Option<RowSink<'_>>,
    ) -> Result<Result<Done, RawError>, OutputError> {
        let part = match self {
            Self::Hash => return Ok(hash_of(check.path).map(Done::Hashed)),
            Self::Check(part) => part,
        };
        let batch = match part.read() {
            Ok(batch) => batch,
            Err(error) => return Ok(Err(error)),
        };
        let mut checked = check.run(&batch, repeated);
        if let Some(sink) = sink {
            sink(&mut checked)?;
        }
        Ok(Ok(Done::Checked(Box::new(checked))))
    }
}

/// 128 bits of a hash over all cells of a row: two rows that differ have different ones for all practical purposes.
fn hash_row(batch: &RawBatch, row: usize, columns: usize) -> u128 {
    let mut digest = Sha256::new();
    for text in original(batch, row, columns) {
        digest.update((text.len() as u64).to_le_bytes());
        digest.update(text.as_bytes());
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.finalize()[..16]);
    u128::from_le_bytes(bytes)
}
