//! An evaluation as a whole, and its files.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Bootstrap, EvaluationError, Section, markdown, picture};
use crate::artifact::{ArtifactError, Header};
use crate::output::{OutputError, write_whole};
use crate::quantity::AsOf;

/// What a model is worth, question by question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Version of propensity that evaluated.
    pub propensity: String,
    /// Kind of the model file.
    pub kind: String,
    /// Version of the model.
    pub model: String,
    /// Date the line was asked about; `None` for a wide table.
    pub as_of: Option<AsOf>,
    /// Draws behind every interval.
    pub draws: u32,
    /// Seed of the draws.
    pub seed: u64,
    /// One section a model and question.
    pub sections: Vec<Section>,
}

impl Evaluation {
    const JSON: &'static str = "evaluation.json";
    const MARKDOWN: &'static str = "evaluation.md";
    const PLOTS: &'static str = "plots";

    pub(super) fn new(
        header: &Header,
        as_of: Option<AsOf>,
        bootstrap: Bootstrap,
        sections: Vec<Section>,
    ) -> Self {
        Self {
            propensity: env!("CARGO_PKG_VERSION").to_owned(),
            kind: header.kind.clone(),
            model: header.model_version().to_owned(),
            as_of,
            draws: bootstrap.draws.get(),
            seed: bootstrap.seed.value(),
            sections,
        }
    }

    /// The evaluation as Markdown; pictures are linked below `plots`.
    pub fn markdown(&self) -> String {
        markdown::of_evaluation(self, Self::PLOTS)
    }

    /// One line a section, for a terminal.
    pub fn summary(&self) -> String {
        markdown::summary(self)
    }

    /// Writes `evaluation.json`, `evaluation.md` and `plots/*.svg` into a folder; each file whole or not at all, the
    /// JSON last.
    ///
    /// # Errors
    /// [`EvaluationError::Output`] when a file is there already and `overwrite` is false, or cannot be written.
    pub fn write(&self, folder: &Path, overwrite: bool) -> Result<(), EvaluationError> {
        let json = folder.join(Self::JSON);
        if let Some(path) = [&json, &folder.join(Self::MARKDOWN)].into_iter().find(|path| path.exists())
            && !overwrite
        {
            return Err(OutputError::Exists { path: path.clone() }.into());
        }
        for section in &self.sections {
            for (name, svg) in picture::of_section(section) {
                write_whole(folder.join(Self::PLOTS).join(name), svg.as_bytes())?;
            }
        }
        write_whole(folder.join(Self::MARKDOWN), self.markdown().as_bytes())?;
        let text = serde_json::to_string_pretty(self)
            .map_err(|source| ArtifactError::Payload { path: json.clone(), source })?;
        write_whole(json, format!("{text}\n").as_bytes())?;
        Ok(())
    }
}
