//! The model card: where a model comes from, how good it is, and what it looks at.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Bootstrap, Cases, EvaluationError, Quality, markdown, picture};
use crate::artifact::{ArtifactError, Header};
use crate::models::{Binning, FittedModel, TrendRules};
use crate::output::write_whole;
use crate::parallelism::Parallelism;
use crate::pipeline::{LeakRecord, Pipeline, ProductModels};
use crate::tables::raw::FileDigest;
use crate::training::leak_gate::PassedGate;
use crate::training::line::HeldOutCases;
use crate::wide::TrainedTable;

/// Columns listed as heaviest.
const HEAVIEST: usize = 10;

/// What a model is, in one page for people and one document for programs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// Version of propensity that wrote the model.
    pub propensity: String,
    /// Kind of the model file.
    pub kind: String,
    /// Version of the model: the first digits of its checksum.
    pub model: String,
    /// SHA-256 of the payload of the model file.
    pub checksum: String,
    /// What the model was learned from, line by line.
    pub learned_from: Vec<Fact>,
    /// The files that were read.
    pub inputs: Vec<CardInput>,
    /// One section a model.
    pub sections: Vec<CardSection>,
    /// What the leak gate let through; of models of one wide table.
    pub leak_gate: Option<PassedGate>,
    /// What it let through before the models of a line; `None` for lines that were trained by older releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_gate: Option<LeakRecord>,
}

/// One line of a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What.
    pub what: String,
    /// How much, or which.
    pub value: String,
}

/// A file a model was learned from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardInput {
    /// The file, without its folders: a card is passed on.
    pub file: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Its rows.
    pub rows: u64,
}

impl CardInput {
    /// A file by its digest.
    pub fn new(file: &Path, digest: &FileDigest) -> Self {
        let name = file.file_name().unwrap_or(file.as_os_str());
        Self { file: name.to_string_lossy().into_owned(), sha256: digest.sha256.clone(), rows: digest.rows }
    }
}

/// One model on its card.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CardSection {
    /// The model, such as `azure intent`.
    pub name: String,
    /// The evidence for it, in a sentence.
    pub evidence: String,
    /// Measures on cases it was not shown; `None` where there are too few, or the model was not trained in this run.
    pub quality: Option<Quality>,
    /// The heaviest columns with their mean absolute contribution in log-odds.
    pub columns: Vec<(String, f64)>,
}

impl ModelCard {
    /// The card of a line; `held_out` holds the cases of fit, intent and upsell of every product and those of renewals, or nothing
    /// for a line that was loaded.
    pub fn of_line(
        pipeline: &Pipeline,
        header: &Header,
        held_out: &[HeldOutCases],
        inputs: Vec<CardInput>,
        bootstrap: Bootstrap,
        parallelism: &Parallelism,
    ) -> Self {
        let models = pipeline.products().iter().flat_map(|models| {
            let named = |what, model| (format!("{} {what}", models.product), model);
            let both = [named("fit", &models.fit), named("intent", &models.intent)];
            let all = both.into_iter().chain(models.upsell.as_ref().map(|upsell| named("upsell", upsell)));
            all.map(|(name, model)| (name, model, pipeline.binning()))
        });
        let renewal = pipeline.renewal();
        let renewal = renewal.map(|renewal| ("renewal".to_owned(), renewal.model(), renewal.binning()));
        let sections = models.chain(renewal).enumerate().map(|(index, (name, model, binning))| {
            let cases = held_out.get(index).map(Cases::held_out).unwrap_or_default();
            section(name, model, binning, &cases, bootstrap, parallelism)
        });
        let sections = sections.collect();
        let (manifest, spec) = (pipeline.manifest(), pipeline.spec());
        let snapshots = match manifest.intent_snapshots.as_slice() {
            [] => "none: the history is shorter than the horizon".to_owned(),
            [first, .., last] => format!("{} from {first} to {last}", manifest.intent_snapshots.len()),
            [only] => format!("one, {only}"),
        };
        let mut learned_from = vec![
            fact("known before", &manifest.as_of),
            fact("accounts", &manifest.n_accounts),
            fact("snapshots of intent", &snapshots),
            fact("horizon of intent, months", &spec.intent.horizon_months),
            fact("best customers, share of a tier", &spec.fit.seed_share.value()),
            fact("spec", &spec.name),
            fact("seed", &manifest.seed.value()),
        ];
        learned_from.extend(manifest.samples.iter().map(|sample| {
            let counts = format!(
                "{} best customers; {} purchases in {} cases",
                sample.fit_seeds, sample.intent_positives, sample.intent_cases
            );
            let begun =
                sample.intent_owners.map(|owners| format!(", begun from the looks of {owners} owners"));
            fact(&sample.product, &(counts + &begun.unwrap_or_default()))
        }));
        learned_from.extend(pipeline.products().iter().flat_map(of_seeds));
        let trends = [("trends of fit", &spec.fit.trends), ("trends of intent", &spec.intent.trends)];
        learned_from.extend(trends.into_iter().filter_map(|(what, trends)| of_trends(what, trends)));
        Self {
            line_gate: manifest.leak_gate.clone(),
            ..Self::new(header, learned_from, inputs, sections, None)
        }
    }

    /// The card of a model of one wide table.
    pub fn of_table(
        trained: &TrainedTable,
        header: &Header,
        table: &Path,
        bootstrap: Bootstrap,
        parallelism: &Parallelism,
    ) -> Self {
        let model = trained.model();
        let cases = Cases::cross_validated(trained.held_out());
        let name = model.target().to_string();
        let sections = vec![section(name, model.scorer(), model.binning(), &cases, bootstrap, parallelism)];
        let measured = model.cross_validation();
        let mut learned_from = vec![
            fact("outcome", &model.target()),
            fact("rows", &measured.rows),
            fact("rows with the outcome", &measured.positives),
            fact("rows left out, outcome missing", &trained.rows_without_target()),
            fact("columns", &model.recipe().features().count()),
            fact("folds of the cross-validation", &measured.fold_aucs.len()),
        ];
        learned_from.extend(model.group().map(|group| fact("rows of one case share", &group)));
        learned_from.extend(of_trends("trends", model.trends()));
        let inputs = trained.source().map(|digest| CardInput::new(table, digest)).into_iter().collect();
        Self::new(header, learned_from, inputs, sections, model.leak_gate().cloned())
    }

    fn new(
        header: &Header,
        learned_from: Vec<Fact>,
        inputs: Vec<CardInput>,
        sections: Vec<CardSection>,
        leak_gate: Option<PassedGate>,
    ) -> Self {
        Self {
            propensity: header.written_by.clone(),
            kind: header.kind.clone(),
            model: header.model_version().to_owned(),
            checksum: header.checksum.clone(),
            learned_from,
            inputs,
            sections,
            leak_gate,
            line_gate: None,
        }
    }

    /// The files of a card beside `stem`: Markdown, picture and JSON, in the order in which they are written.
    pub fn files(stem: &Path) -> [PathBuf; 3] {
        ["md", "svg", "json"].map(|kind| stem.with_extension(kind))
    }

    /// The files of a card with their content, in the order in which they are written.
    ///
    /// # Errors
    /// [`EvaluationError::Artifact`] when a part has no JSON form.
    pub fn documents(&self, stem: &Path) -> Result<[(PathBuf, String); 3], EvaluationError> {
        let [text, sheet, json] = Self::files(stem);
        let picture = sheet.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let measured: Vec<(&str, &Quality)> = self
            .sections
            .iter()
            .filter_map(|section| Some((section.name.as_str(), section.quality.as_ref()?)))
            .collect();
        let title = format!("Reliability of {}", self.model);
        let document = serde_json::to_string_pretty(self)
            .map_err(|source| ArtifactError::Payload { path: json.clone(), source })?;
        Ok([
            (text, self.markdown(&picture)),
            (sheet, picture::reliability_sheet(&title, &measured)),
            (json, format!("{document}\n")),
        ])
    }

    /// Writes the card as `stem.md`, `stem.svg` and `stem.json`, each whole or not at all.
    ///
    /// # Errors
    /// [`EvaluationError::Output`] when a file cannot be written.
    pub fn write(&self, stem: &Path) -> Result<(), EvaluationError> {
        for (path, text) in self.documents(stem)? {
            write_whole(path, text.as_bytes())?;
        }
        Ok(())
    }

    /// The card as Markdown; `picture` is the file of the reliability diagrams.
    pub fn markdown(&self, picture: &str) -> String {
        // Writing to a string cannot fail.
        let mut text = format!("# Model card: {}\n\n", self.model);
        let _ = writeln!(
            text,
            "Kind `{}`, written by propensity {}; SHA-256 of the payload `{}`.\n\n## Learned from\n",
            self.kind, self.propensity, self.checksum
        );
        for Fact { what, value } in &self.learned_from {
            let _ = writeln!(text, "- {what}: {value}");
        }
        if !self.inputs.is_empty() {
            text.push_str("\n| file | rows | SHA-256 |\n|---|---:|---|\n");
            for input in &self.inputs {
                let _ = writeln!(text, "| {} | {} | `{}` |", input.file, input.rows, input.sha256);
            }
        }
        text.push_str("\n## Leak gate\n\n");
        self.write_gate(&mut text);
        let _ = writeln!(text, "\n## Quality\n\n![Reliability of every model]({picture})");
        for section in &self.sections {
            let _ = writeln!(text, "\n### {}\n\nVerdict: {}.", section.name, section.evidence);
            if let Some(quality) = &section.quality {
                text.push_str(
                    "\nOn cases the tables were not fitted on, intervals by bootstrap of whole groups:\n\n",
                );
                markdown::measures(&mut text, quality);
            }
            if !section.columns.is_empty() {
                text.push_str("\n| column | mean effect, log-odds |\n|---|---:|\n");
                for (column, weight) in &section.columns {
                    let _ = writeln!(text, "| {} | {weight:.3} |", column.replace('|', "\\|"));
                }
            }
        }
        text
    }

    fn write_gate(&self, text: &mut String) {
        if let Some(gate) = &self.line_gate {
            let _ = writeln!(text, "{} columns were inspected, over all models.", gate.columns);
            for (words, findings) in [("Allowed", &gate.allowed), ("Questioned", &gate.questioned)] {
                for finding in findings {
                    let _ = writeln!(text, "- {words}: {finding}");
                }
            }
            if gate.allowed.is_empty() {
                text.push_str("None was found to know the outcome.\n");
            }
            return;
        }
        let Some(gate) = &self.leak_gate else {
            text.push_str(
                "Features are built from what was known before each date; no column is taken as it came.\n",
            );
            return;
        };
        let _ = writeln!(text, "{} columns were inspected.", gate.columns);
        for (words, findings) in [("Allowed", &gate.allowed), ("Questioned", &gate.questions)] {
            for finding in findings {
                let _ = writeln!(text, "- {words}: {finding}");
            }
        }
        if gate.allowed.is_empty() {
            text.push_str("None was found to know the outcome.\n");
        }
    }
}

/// What is known of the best customers of a product: who they were, how many are hidden, what kinds there are.
fn of_seeds(models: &ProductModels) -> Vec<Fact> {
    let Some(lookalike) = &models.lookalike else { return Vec::new() };
    let product = &models.product;
    let mut facts = vec![fact(&format!("{product}, best customers"), &lookalike.seeds)];
    if let Some(hidden) = &lookalike.hidden {
        facts.push(fact(&format!("{product}, hidden among the others"), &hidden.sentence()));
    }
    if let Some(archetypes) = &lookalike.archetypes {
        let kinds: Vec<String> =
            archetypes.kinds().iter().map(|kind| format!("{} ({})", kind.name, kind.seeds)).collect();
        facts.push(fact(&format!("{product}, kinds of best customer"), &kinds.join("; ")));
    }
    facts
}

/// Which features may move the score one way only; nothing where all are free.
fn of_trends(what: &str, trends: &TrendRules) -> Option<Fact> {
    (!trends.is_empty()).then(|| fact(what, trends))
}

fn fact(what: &str, value: &impl ToString) -> Fact {
    Fact { what: what.to_owned(), value: value.to_string() }
}

fn section(
    name: String,
    model: &FittedModel,
    binning: &Binning,
    cases: &Cases,
    bootstrap: Bootstrap,
    parallelism: &Parallelism,
) -> CardSection {
    let features = binning.signature().features();
    let named = |(feature, weight): (usize, crate::quantity::LogOdds)| {
        Some((features.get(feature)?.name.clone(), weight.value()))
    };
    CardSection {
        name,
        evidence: model.sentence(),
        quality: Quality::measure(cases, bootstrap, parallelism),
        columns: model.additive().importance().into_iter().take(HEAVIEST).filter_map(named).collect(),
    }
}
