//! Where the files of a run go.

use std::path::{Path, PathBuf};

use crate::evaluation::ModelCard;
use crate::quantity::AsOf;
use crate::report::RunOutput;

/// The files of one run under its output folder.
pub(super) struct Layout {
    pub(super) out: PathBuf,
    pub(super) scores: PathBuf,
    pub(super) facts: PathBuf,
    pub(super) estimates: PathBuf,
    pub(super) bins: PathBuf,
}

impl Layout {
    pub(super) const ACT_NOW: &'static str = "act_now.csv";
    pub(super) const MODEL: &'static str = RunOutput::MODEL;
    pub(super) const DRIFT: &'static str = RunOutput::DRIFT;
    pub(super) const CARD: &'static str = "model_card";
    pub(super) const RUN: &'static str = RunOutput::RECORD;

    pub(super) fn new(out: &Path, as_of: AsOf) -> Self {
        Self {
            out: out.to_path_buf(),
            scores: RunOutput::scores_file(as_of),
            facts: RunOutput::facts_file(as_of),
            estimates: RunOutput::estimates_file(as_of),
            bins: RunOutput::bins_file(as_of),
        }
    }

    pub(super) fn path(&self, file: impl AsRef<Path>) -> PathBuf {
        self.out.join(file)
    }

    /// All files of a run, under the output folder; the record, which is written last, comes last.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let tables = [&self.scores, &self.facts, &self.bins, &self.estimates].map(PathBuf::clone);
        let mut files: Vec<PathBuf> = tables.into();
        files.extend([Self::ACT_NOW, Self::MODEL, Self::DRIFT].map(PathBuf::from));
        files.extend(ModelCard::files(Self::CARD.as_ref()));
        files.push(Self::RUN.into());
        files
    }

    /// Removes the folders of a run that failed, as far as they are empty.
    pub(super) fn remove_empty(&self) {
        for file in [&self.scores, &self.facts] {
            let mut folder = self.path(file);
            while folder.pop() && folder.starts_with(&self.out) {
                match std::fs::remove_dir(&folder) {
                    Ok(()) => {}
                    // The run failed before it came to this folder.
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    Err(_) => break,
                }
            }
        }
    }
}
