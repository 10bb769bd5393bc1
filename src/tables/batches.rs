//! The batches of a file, each on a thread of its own, put together in their order.

use sha2::{Digest, Sha256};

use super::checking::{Check, Checked, original};
use super::raw::{RawBatch, RawError, RawPart, RawTable, hash_of};
use super::reading::{Draft, Reading, RowSink};
use crate::output::OutputError;

/// What came of a part. The inner error says that the file cannot be read on.
type Outcome<T> = Result<Result<T, RawError>, OutputError>;

impl Draft {
    /// Reads part by part until there are no more, while the file is hashed beside. The inner error says that the file
    /// cannot be read on.
    pub(super) fn read_rows(
        &mut self,
        raw: &mut RawTable,
        reading: &Reading<'_>,
        check: Check<'_>,
        sink: Option<RowSink<'_>>,
    ) -> Outcome<()> {
        if !raw.wants_hash() {
            return self.read_parts(raw, reading, check, sink);
        }
        let mut hash = None;
        let hashes = || hash = Some(hash_of(check.path));
        let outcome = reading.parallelism.beside(hashes, || self.read_parts(raw, reading, check, sink))?;
        Ok(match (outcome, hash) {
            (Err(error), _) | (Ok(()), Some(Err(error))) => Err(error),
            (Ok(()), Some(Ok(hash))) => {
                raw.set_hash(hash);
                Ok(())
            }
            (Ok(()), None) => Ok(()),
        })
    }

    fn read_parts(
        &mut self,
        raw: &mut RawTable,
        reading: &Reading<'_>,
        check: Check<'_>,
        sink: Option<RowSink<'_>>,
    ) -> Outcome<()> {
        if reading.rules.is_some_and(|rules| rules.drop_exact_duplicates) {
            return self.read_distinct(raw, reading, check, sink);
        }
        let mut broken_off = None;
        let parts = std::iter::from_fn(|| raw.next_part().transpose());
        let work = |part: Result<RawPart, RawError>| match part {
            Ok(part) => checked(part, check, None, sink),
            Err(error) => Ok(Err(error)),
        };
        let outcome = reading.parallelism.pipe(parts, work, |done| match done.map_err(Some)? {
            Ok(checked) => self.add(*checked, check).map_err(Some),
            Err(error) => {
                broken_off = Some(error);
                Err(None)
            }
        });
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
    ) -> Outcome<()> {
        let at_once = reading.parallelism.n_threads();
        loop {
            let mut parts: Vec<RawPart> = Vec::new();
            let mut broken_off = None;
            while parts.len() < at_once {
                match raw.next_part() {
                    Ok(Some(part)) => parts.push(part),
                    Ok(None) => break,
                    Err(error) => {
                        broken_off = Some(error);
                        break;
                    }
                }
            }
            if parts.is_empty() {
                return Ok(broken_off.map_or(Ok(()), Err));
            }
            for done in self.check_distinct(parts, reading, check, sink) {
                match done? {
                    Ok(checked) => self.add(*checked, check)?,
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
        parts: Vec<RawPart>,
        reading: &Reading<'_>,
        check: Check<'_>,
        sink: Option<RowSink<'_>>,
    ) -> Vec<Outcome<Box<Checked>>> {
        let width = check.plan.header().len();
        let hashed = reading.parallelism.map_owned(parts, |part| {
            part.read().map(|batch| {
                let rows = 0..batch.n_rows();
                let hashes = rows.map(|row| match check.plan.skips(&batch, row) {
                    Some(_) => None,
                    None => Some(hash_row(&batch, row, width)),
                });
                let hashes: Vec<Option<u128>> = hashes.collect();
                (RawPart::Batch(batch), hashes)
            })
        });
        let seen = &mut self.tally.rows_seen;
        let marked: Vec<_> = hashed
            .into_iter()
            .map(|hashed| {
                hashed.map(|(part, hashes)| {
                    let repeats = |hash: Option<u128>| hash.is_some_and(|hash| !seen.insert(hash));
                    (part, hashes.into_iter().map(repeats).collect::<Vec<bool>>())
                })
            })
            .collect();
        reading.parallelism.map_owned(marked, |marked| match marked {
            Ok((part, repeated)) => checked(part, check, Some(&repeated), sink),
            Err(error) => Ok(Err(error)),
        })
    }
}

/// Decodes a part and checks its rows, which go to `sink` where there is one.
fn checked(
    part: RawPart,
    check: Check<'_>,
    repeated: Option<&[bool]>,
    sink: Option<RowSink<'_>>,
) -> Outcome<Box<Checked>> {
    let batch = match part.read() {
        Ok(batch) => batch,
        Err(error) => return Ok(Err(error)),
    };
    let mut checked = check.run(&batch, repeated);
    if let Some(sink) = sink {
        sink(&mut checked)?;
    }
    Ok(Ok(Box::new(checked)))
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
