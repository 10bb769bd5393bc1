//! Where a registry keeps its files: the few operations it needs, and a folder that offers them.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::output::{OutputError, write_whole};

/// How often, and how far apart, a writer asks for the lock before it is told that the registry is busy: 5 seconds.
const LOCK_TRIES: u32 = 500;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// What became of a conditional write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// The file was what was expected and holds the new bytes now.
    Done,
    /// The file was something else; it stays as it is.
    Moved,
}

/// Files by key, such as `models/cloudascent/1f0a/model.json`.
///
/// Whoever implements this keeps two promises. A reader sees a file as it was before a write or after it, never
/// between, even when the writer is killed. [`exchange`](Self::exchange) compares and writes as one step: of two that
/// expect the same bytes, one is done. An object store does the first by nature and the second by a conditional put.
pub trait Storage: fmt::Debug + Send + Sync {
    /// Where this is, for messages.
    fn place(&self) -> String;

    /// What to do about an error of this storage, for messages.
    fn advice(&self, _error: &io::Error) -> &'static str {
        "check the path, its permissions and free space"
    }

    /// The bytes of a file; `None` where there is none.
    ///
    /// # Errors
    /// What the storage says, when it cannot be asked.
    fn read(&self, key: &str) -> io::Result<Option<Vec<u8>>>;

    /// Writes a file, whole or not at all, replacing what was there.
    ///
    /// # Errors
    /// What the storage says, when it refuses.
    fn write(&self, key: &str, bytes: &[u8]) -> io::Result<()>;

    /// Replaces `expected` by `bytes`, or does nothing when the file holds something else; `None` expects no file.
    ///
    /// # Errors
    /// What the storage says, when it refuses; [`io::ErrorKind::WouldBlock`] when another writer does not let go.
    fn exchange(&self, key: &str, expected: Option<&[u8]>, bytes: &[u8]) -> io::Result<Exchange>;
}

/// A registry in a folder of this machine, or of a file server that keeps locks.
///
/// Files are written under a temporary name and renamed. A conditional write holds an advisory lock on the file `.lock`,
/// which the operating system lets go of when the process ends, however it ends.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The folder at `root`; it is made with the first write.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }

    fn lock(&self) -> io::Result<File> {
        std::fs::create_dir_all(&self.root)?;
        let options = OpenOptions::new().write(true).create(true).truncate(false).to_owned();
        let file = options.open(self.root.join(".lock"))?;
        for _ in 0..LOCK_TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Err(io::ErrorKind::WouldBlock.into())
    }
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

impl Storage for Folder {
    fn place(&self) -> String {
        self.root.display().to_string()
    }

    fn read(&self, key: &str) -> io::Result<Option<Vec<u8>>> {
        read(&self.path(key))
    }

    fn write(&self, key: &str, bytes: &[u8]) -> io::Result<()> {
        write_whole(self.path(key), bytes).map_err(|error| match error {
            OutputError::Unwritable { source, .. } => source,
            error @ OutputError::Exists { .. } => io::Error::other(error),
        })
    }

    fn exchange(&self, key: &str, expected: Option<&[u8]>, bytes: &[u8]) -> io::Result<Exchange> {
        // Let go of when it is dropped.
        let _lock = self.lock()?;
        if self.read(key)?.as_deref() != expected {
            return Ok(Exchange::Moved);
        }
        self.write(key, bytes)?;
        Ok(Exchange::Done)
    }
}
