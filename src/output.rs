//! Files that appear whole or not at all.
//!
//! A [`StagedFile`] is written under a temporary name in the folder of its target and renamed when it is complete. A
//! job that is killed, or that meets an error, leaves the target as it was.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::Coded;

/// A file or folder could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// The operating system refused to create, write, flush or rename.
    #[error(
        "cannot write {path}: {source}; expected a writable folder with free space; nothing was written there"
    )]
    Unwritable {
        /// The file that was to be written.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The target is there already and `--overwrite` was not given.
    #[error("{path} exists already; give --overwrite to replace it, or name another output")]
    Exists {
        /// The file that is there already.
        path: PathBuf,
    },
}

impl Coded for OutputError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unwritable { .. } => "E_OUTPUT_UNWRITABLE",
            Self::Exists { .. } => "E_OUTPUT_EXISTS",
        }
    }
}

impl OutputError {
    /// Names the file in an error of the operating system.
    pub fn unwritable(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Unwritable { path, source }
    }
}

/// A file under a temporary name beside its target.
///
/// It implements [`Write`]; [`commit`](Self::commit) flushes it to disk and renames it. Dropped without a commit, it
/// is removed.
#[derive(Debug)]
pub struct StagedFile {
    target: PathBuf,
    file: BufWriter<NamedTempFile>,
}

impl StagedFile {
    /// Opens a temporary file beside `target`, whose folder is made if it is missing.
    ///
    /// # Errors
    /// [`OutputError::Unwritable`] when the folder or the file cannot be made.
    pub fn create(target: impl Into<PathBuf>) -> Result<Self, OutputError> {
        let target = target.into();
        let folder = folder_of(&target);
        let open = || {
            std::fs::create_dir_all(folder)?;
            tempfile::Builder::new().prefix(".staged-").suffix(".partial").tempfile_in(folder)
        };
        let file = open().map_err(OutputError::unwritable(&target))?;
        Ok(Self { target, file: BufWriter::with_capacity(1 << 16, file) })
    }

    /// Where the file will be.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// The folder it is in.
    pub(crate) fn folder(&self) -> &Path {
        folder_of(&self.target)
    }

    /// Flushes to disk and gives the file its name, replacing what was there.
    ///
    /// # Errors
    /// [`OutputError::Unwritable`] when the disk is full or the rename fails.
    pub fn commit(self) -> Result<(), OutputError> {
        let Self { target, file } = self;
        let finish = || {
            let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.as_file().sync_all()?;
            make_readable(file.as_file())?;
            file.persist(&target).map_err(|error| error.error)?;
            Ok(())
        };
        finish().map_err(OutputError::unwritable(&target))
    }
}

fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

impl Write for StagedFile {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.file.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for StagedFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// Temporary files start private to their owner; a result is readable as any other file.
#[cfg(unix)]
fn make_readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_: &File) -> io::Result<()> {
    Ok(())
}

/// Writes `bytes` to `target`, whole or not at all.
///
/// # Errors
/// [`OutputError::Unwritable`] as for [`StagedFile`].
pub fn write_whole(target: impl Into<PathBuf>, bytes: &[u8]) -> Result<(), OutputError> {
    let mut file = StagedFile::create(target)?;
    let path = file.target().to_path_buf();
    file.write_all(bytes).map_err(OutputError::unwritable(path))?;
    file.commit()
}
