//! Rows on disk, in ranges of keys: written in any order by several threads, read back range by range.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::output::OutputError;

/// A temporary file without a name, so that nothing is left of it however the process ends.
#[derive(Debug)]
pub(super) struct Spill {
    folder: PathBuf,
    file: File,
    index: Mutex<Index>,
}

#[derive(Debug, Default)]
struct Index {
    end: u64,
    chunks: Vec<Chunk>,
}

/// What was written at once: the rows of all ranges, one range after the other.
#[derive(Debug)]
struct Chunk {
    start: u64,
    /// Where each range ends, counted from the start.
    ends: Vec<u64>,
}

impl Spill {
    /// Opens a file in `folder`, which is made if it is missing.
    pub(super) fn create(folder: &Path) -> Result<Self, OutputError> {
        let open = || {
            std::fs::create_dir_all(folder)?;
            tempfile::tempfile_in(folder)
        };
        let file = open().map_err(OutputError::unwritable(folder))?;
        Ok(Self { folder: folder.to_path_buf(), file, index: Mutex::default() })
    }

    /// Writes the rows of all ranges: `bytes`, of which range `i` ends at `ends[i]`.
    pub(super) fn write(&self, bytes: &[u8], ends: Vec<u64>) -> Result<(), OutputError> {
        if bytes.is_empty() {
            return Ok(());
        }
        let start = {
            let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
            let start = index.end;
            index.end += bytes.len() as u64;
            index.chunks.push(Chunk { start, ends });
            start
        };
        write_at(&self.file, bytes, start).map_err(OutputError::unwritable(&self.folder))
    }

    /// Whether nothing was written.
    pub(super) fn is_empty(&self) -> bool {
        self.index.lock().unwrap_or_else(PoisonError::into_inner).end == 0
    }

    /// The rows of one range. Those that were written at once stay together and in their order.
    pub(super) fn read(&self, range: usize) -> Result<Vec<u8>, OutputError> {
        let mut bytes = Vec::new();
        self.for_each(range, |piece| {
            bytes.extend_from_slice(piece);
            Some(())
        })?;
        Ok(bytes)
    }

    /// Hands the rows of one range on, in the pieces in which they were written. `each` gives `None` for bytes that it
    /// cannot have written.
    pub(super) fn for_each(
        &self,
        range: usize,
        mut each: impl FnMut(&[u8]) -> Option<()>,
    ) -> Result<(), OutputError> {
        let mut bytes = Vec::new();
        for (start, length) in self.pieces(range) {
            bytes.resize(length, 0);
            let damaged = || io::Error::new(io::ErrorKind::InvalidData, "temporary rows were changed");
            read_at(&self.file, &mut bytes, start)
                .and_then(|()| each(&bytes).ok_or_else(damaged))
                .map_err(OutputError::unwritable(&self.folder))?;
        }
        Ok(())
    }

    fn pieces(&self, range: usize) -> Vec<(u64, usize)> {
        let index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let piece = |chunk: &Chunk| {
            let start = if range == 0 { 0 } else { *chunk.ends.get(range - 1)? };
            let end = *chunk.ends.get(range)?;
            (end > start).then_some((chunk.start + start, (end - start) as usize))
        };
        index.chunks.iter().filter_map(piece).collect()
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
        let spill = Spill::create(folder.path()).unwrap();
        assert!(spill.is_empty());
        spill.write(b"aabccc", vec![2, 3, 3, 6]).unwrap();
        spill.write(b"", vec![0, 0, 0, 0]).unwrap();
        spill.write(b"AD", vec![1, 1, 1, 2]).unwrap();
        let ranges: Vec<Vec<u8>> = (0..4).map(|range| spill.read(range).unwrap()).collect();
        assert_eq!(ranges, [b"aaA".to_vec(), b"b".to_vec(), b"".to_vec(), b"cccD".to_vec()]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file has no name");
    }
}
