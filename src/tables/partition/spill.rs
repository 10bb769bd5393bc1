//! Rows on disk, in ranges of keys: written in any order by several threads, read back range by range.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::output::OutputError;

/// A temporary file without a name, so that nothing is left of it however the process ends.
///
/// Rows of a range wait in memory until there are enough of them to be written together.
#[derive(Debug)]
pub(super) struct Spill {
    folder: PathBuf,
    file: File,
    end: AtomicU64,
    ranges: Vec<Mutex<Range>>,
    /// Bytes of a range that are worth writing.
    enough: usize,
}

#[derive(Clone, Debug, Default)]
struct Range {
    /// What was written together: where it starts in the file, and its bytes.
    chunks: Vec<(u64, usize)>,
    waiting: Vec<u8>,
}

impl Spill {
    /// Opens a file in `folder`, which is made if it is missing, for `2^bits` ranges, of which about `memory` bytes may
    /// wait to be written.
    pub(super) fn create(folder: &Path, bits: u32, memory: usize) -> Result<Self, OutputError> {
        let open = || {
            std::fs::create_dir_all(folder)?;
            tempfile::tempfile_in(folder)
        };
        let file = open().map_err(OutputError::unwritable(folder))?;
        let ranges = (0..1_usize << bits).map(|_| Mutex::default()).collect();
        Ok(Self {
            folder: folder.to_path_buf(),
            file,
            end: AtomicU64::new(0),
            ranges,
            enough: memory >> bits,
        })
    }

    /// Adds rows to a range.
    pub(super) fn add(&self, range: usize, bytes: &[u8]) -> Result<(), OutputError> {
        let mut range = self.range(range);
        let Range { chunks, waiting } = &mut *range;
        waiting.extend_from_slice(bytes);
        if waiting.len() >= self.enough {
            let start = self.end.fetch_add(waiting.len() as u64, Ordering::Relaxed);
            write_at(&self.file, waiting, start).map_err(OutputError::unwritable(&self.folder))?;
            chunks.push((start, waiting.len()));
            waiting.clear();
        }
        Ok(())
    }

    fn range(&self, range: usize) -> MutexGuard<'_, Range> {
        self.ranges[range].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing was written.
    pub(super) fn is_empty(&self) -> bool {
        (0..self.ranges.len()).all(|range| self.bytes(range) == 0)
    }

    /// How many bytes the rows of a range take.
    pub(super) fn bytes(&self, range: usize) -> usize {
        let range = self.range(range);
        range.chunks.iter().map(|(_, length)| length).sum::<usize>() + range.waiting.len()
    }

    /// The rows of one range. Those that were added at once stay together and in their order.
    pub(super) fn read(&self, range: usize) -> Result<Vec<u8>, OutputError> {
        let mut bytes = Vec::with_capacity(self.bytes(range));
        self.for_each(range, |piece| {
            bytes.extend_from_slice(piece);
            Some(())
        })?;
        Ok(bytes)
    }

    /// Hands the rows of one range on, in pieces that hold all of what was added at once. `each` gives `None` for bytes
    /// that it cannot have been given.
    pub(super) fn for_each(
        &self,
        range: usize,
        mut each: impl FnMut(&[u8]) -> Option<()>,
    ) -> Result<(), OutputError> {
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "temporary rows were changed");
        let mut each = |bytes: &[u8]| each(bytes).ok_or_else(damaged);
        // A copy, so that several threads can read one range.
        let Range { chunks, waiting } = self.range(range).clone();
        let mut bytes = Vec::new();
        let hand_on = || {
            for (start, length) in chunks {
                bytes.resize(length, 0);
                read_at(&self.file, &mut bytes, start)?;
                each(&bytes)?;
            }
            each(&waiting)
        };
        hand_on().map_err(OutputError::unwritable(&self.folder))
    }
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], start: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, start)
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], start: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, start)
}

#[cfg(windows)]
fn write_at(file: &File, mut bytes: &[u8], mut start: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = std::os::windows::fs::FileExt::seek_write(file, bytes, start)?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        bytes = &bytes[written..];
        start += written as u64;
    }
    Ok(())
}

#[cfg(windows)]
fn read_at(file: &File, mut bytes: &mut [u8], mut start: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, bytes, start)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes = &mut bytes[read..];
        start += read as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_back_in_the_order_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        for memory in [0, 4 * 2, 1 << 20] {
            let spill = Spill::create(folder.path(), 2, memory).unwrap();
            assert!(spill.is_empty());
            for (range, bytes) in [(0, "aa"), (1, "b"), (3, "ccc"), (0, "A"), (3, "D")] {
                spill.add(range, bytes.as_bytes()).unwrap();
            }
            assert!(!spill.is_empty());
            let ranges: Vec<Vec<u8>> = (0..4).map(|range| spill.read(range).unwrap()).collect();
            assert_eq!(ranges, [b"aaA".to_vec(), b"b".to_vec(), b"".to_vec(), b"cccD".to_vec()]);
            assert_eq!((0..4).map(|range| spill.bytes(range)).collect::<Vec<_>>(), [3, 1, 0, 4]);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file has no name");
    }
}
