//! The main job as one call: train, score, place, write.
//!
//! A [`Job`] takes a data set that has been read and leaves a folder:
//!
//! ```text
//! OUT/scores/as_of=DATE/part-000.parquet   one row per account and product
//! OUT/facts/as_of=DATE/accounts.parquet    what is known of each account, for reports
//! OUT/facts/as_of=DATE/bins.parquet        the bins of its features: why a score is what it is
//! OUT/facts/as_of=DATE/estimates.json      what they say together of revenue and renewals
//! OUT/act_now.csv                          the list to call, best first
//! OUT/model.json                           the fitted line
//! OUT/drift.json                           how far accounts and scores have moved since the line was trained
//! OUT/model_card.{md,svg,json}             where the line comes from and how good it is
//! OUT/run.json                             what was read, made and took; written last
//! ```
//!
//! All files are staged under temporary names and renamed when everything is there; `run.json` comes last and holds
//! the hashes of the others, so an output that is not whole cannot look whole. Other dates under `scores/` and `facts/` stay. A run
//! that is killed may leave `.staged-*.partial` files, which can be removed.

mod layout;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use layout::Layout;

use crate::artifact::{ArtifactError, Header, sha256_hex, sha256_of_file};
use crate::drift::DriftReport;
use crate::error::{Coded, ErrorKind};
use crate::evaluation::{Bootstrap, CardInput, EvaluationError, ModelCard};
use crate::features::{FeatureError, KnownDeals};
use crate::grid::Cluster;
use crate::models::FittedModel;
use crate::output::{OutputError, StagedFile};
use crate::pipeline::{Pipeline, PipelineError, Profile};
use crate::progress::Progress;
use crate::quantity::AsOf;
use crate::report::{
    ActNow, BinsWriter, Evidence, FactsWriter, InputRecord, ModelRecord, OutputRecord, RunRecord, ScoreRow,
    ScoresWriter, Stage, Summary,
};
use crate::scoring::Chunking;
use crate::seed::Seed;
use crate::spec::Spec;
use crate::tables::Dataset;
use crate::targeting::FactsBuilder;
use crate::training::AdditiveParams;
use crate::training::line::{HeldOutCases, LineError, LineTrainer, TrainedLine};

/// Draws behind the intervals of the model card: enough to see how wide they are, in seconds.
const CARD_DRAWS: NonZeroU32 = NonZeroU32::MIN.saturating_add(99);

/// What the job is told.
#[derive(Debug)]
pub struct Job<'a> {
    /// The policy to train under; not read when `model` is given.
    pub spec: &'a Spec,
    /// Settings of the training.
    pub params: AdditiveParams,
    /// Score by this fitted line instead of training one.
    pub model: Option<Pipeline>,
    /// Only what was known before this date is seen.
    pub as_of: AsOf,
    /// The output folder.
    pub out: &'a Path,
    /// Whether the files of an earlier run may be replaced; what was written for other dates stays in any case.
    pub overwrite: bool,
    /// Seed of everything random.
    pub seed: Seed,
    /// How accounts are cut up and worked on.
    pub chunking: Chunking,
}

/// What the job has made.
#[derive(Debug)]
pub struct Finished {
    /// The line that scored.
    pub pipeline: Pipeline,
    /// Counts and best accounts.
    pub summary: Summary,
    /// How far the accounts have moved from those the line was trained on; a line of an older release does not know.
    pub drift: Option<DriftReport>,
    /// What was written to `run.json`.
    pub record: RunRecord,
}

/// The job could not be done; nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// Training failed.
    #[error(transparent)]
    Train(#[from] LineError),
    /// Scoring failed.
    #[error(transparent)]
    Score(#[from] PipelineError),
    /// The facts of accounts could not be gathered.
    #[error(transparent)]
    Facts(#[from] FeatureError),
    /// The model file could not be made.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The model card could not be written.
    #[error(transparent)]
    Card(#[from] EvaluationError),
    /// A file could not be written.
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl Coded for JobError {
    fn code(&self) -> &'static str {
        match self {
            Self::Train(error) => error.code(),
            Self::Score(error) => error.code(),
            Self::Facts(error) => error.code(),
            Self::Artifact(error) => error.code(),
            Self::Card(error) => error.code(),
            Self::Output(error) => error.code(),
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::Train(error) => error.kind(),
            Self::Score(error) => error.kind(),
            Self::Facts(error) => error.kind(),
            Self::Artifact(error) => error.kind(),
            Self::Card(error) => error.kind(),
            Self::Output(error) => error.kind(),
        }
    }
}

impl Job<'_> {
    /// Does the job.
    ///
    /// # Errors
    /// [`JobError::Output`] when a file of the run is there already or cannot be written, [`JobError::Train`]
    /// and [`JobError::Score`] as training and scoring say. Nothing is written then.
    pub fn run(mut self, dataset: &Dataset, progress: &dyn Progress) -> Result<Finished, JobError> {
        let layout = Layout::new(self.out, self.as_of);
        if let Some(path) =
            layout.files().into_iter().map(|file| layout.path(file)).find(|path| path.exists())
            && !self.overwrite
        {
            return Err(OutputError::Exists { path }.into());
        }
        let finished = self.work(dataset, progress, &layout);
        if finished.is_err() {
            layout.remove_empty();
        }
        finished
    }

    fn work(
        &mut self,
        dataset: &Dataset,
        progress: &dyn Progress,
        layout: &Layout,
    ) -> Result<Finished, JobError> {
        // Staged before the long work, so that a folder that cannot be written is known at once.
        let mut model_file = StagedFile::create(layout.path(Layout::MODEL))?;
        let TrainedLine { pipeline, held_out } = match self.model.take() {
            Some(pipeline) => TrainedLine { pipeline, held_out: Vec::new() },
            None => self.train(dataset, progress)?,
        };
        let (header, model) = pipeline.to_bytes()?;
        model_file.write_all(&model).map_err(OutputError::unwritable(layout.path(Layout::MODEL)))?;
        let version = header.model_version();

        let mut scores = ScoresWriter::create(&layout.path(&layout.scores), self.as_of, version)?;
        let mut bins = BinsWriter::create(&layout.path(&layout.bins))?;
        let (mut act_now, mut summary, mut n_accounts) =
            (ActNow::new(pipeline.spec()), Summary::new(&pipeline), 0_u64);
        let mut profile = Profile::empty(&pipeline, self.as_of);
        pipeline.score(
            dataset,
            self.as_of,
            &self.chunking,
            progress,
            |accounts| -> Result<(), JobError> {
                n_accounts += accounts.len() as u64;
                bins.append(&accounts)?;
                for account in &accounts {
                    profile.count(&pipeline, account);
                }
                let rows: Vec<ScoreRow> = accounts
                    .iter()
                    .flat_map(|account| ScoreRow::of_account(account, pipeline.spec()))
                    .collect();
                act_now.add(&rows);
                summary.add(&rows);
                Ok(scores.append(&rows)?)
            },
        )?;
        let drift = pipeline.baseline().map(|before| DriftReport::between(&pipeline, before, &profile));
        let drift_file = drift.as_ref().map(|drift| stage_drift(drift, layout)).transpose()?;
        let facts = self.facts(dataset, pipeline.spec(), progress, layout)?;
        progress.stage("writing", 5);
        let card = self.card(dataset, &pipeline, &header, &held_out);
        let act_now = act_now.stage(&layout.path(Layout::ACT_NOW), self.as_of, version)?;

        // From here on the old output is no longer whole: its record goes first, the new one comes last.
        let record_path = layout.path(Layout::RUN);
        for old in [&record_path, &layout.path(Layout::DRIFT)].into_iter().filter(|old| old.exists()) {
            std::fs::remove_file(old).map_err(OutputError::unwritable(old))?;
        }
        scores.commit()?;
        facts.commit()?;
        bins.commit()?;
        act_now.commit()?;
        model_file.commit()?;
        drift_file.map_or(Ok(()), StagedFile::commit)?;
        card.write(&layout.path(Layout::CARD))?;
        progress.advance(4);
        let mut record = self.record(dataset, &pipeline, version, &summary, layout)?;
        record.accounts = n_accounts;
        let measured = progress.measured();
        record.stages = measured.stages.into_iter().map(|(name, seconds)| Stage { name, seconds }).collect();
        record.peak_memory_bytes = measured.peak_memory_bytes;
        let text = serde_json::to_string_pretty(&record)
            .map_err(|source| ArtifactError::Payload { path: record_path.clone(), source })?;
        crate::output::write_whole(record_path, format!("{text}\n").as_bytes())?;
        progress.advance(1);
        Ok(Finished { pipeline, summary, drift, record })
    }

    /// Gathers and stages what is known of every account.
    fn facts(
        &self,
        dataset: &Dataset,
        spec: &Spec,
        progress: &dyn Progress,
        layout: &Layout,
    ) -> Result<FactsWriter, JobError> {
        let builder = FactsBuilder::try_new(&spec.features, &spec.tiers, dataset)?;
        let mut writer = FactsWriter::create(
            &layout.path(&layout.facts),
            &layout.path(&layout.estimates),
            builder.currency(),
        )?;
        progress.stage("facts", dataset.accounts().len() as u64);
        self.chunking.in_order(
            dataset.accounts().len(),
            |accounts| {
                let n_accounts = accounts.len() as u64;
                let facts = builder.build(dataset, accounts, self.as_of)?;
                progress.advance(n_accounts);
                Ok::<_, JobError>(facts)
            },
            |facts| Ok(writer.append(&facts)?),
        )?;
        Ok(writer)
    }

    fn train(&self, dataset: &Dataset, progress: &dyn Progress) -> Result<TrainedLine, LineError> {
        let trainer = LineTrainer {
            spec: self.spec,
            params: self.params,
            as_of: self.as_of,
            seed: self.seed,
            chunking: self.chunking.clone(),
            deals: KnownDeals::default(),
        };
        let TrainedLine { pipeline, held_out } = trainer.train_judged(dataset, progress)?;
        let profile = pipeline.profile(dataset, self.as_of, &self.chunking, progress)?;
        Ok(TrainedLine { pipeline: pipeline.with_baseline(profile)?, held_out })
    }

    fn card(
        &self,
        dataset: &Dataset,
        pipeline: &Pipeline,
        header: &Header,
        held_out: &[HeldOutCases],
    ) -> ModelCard {
        let bootstrap = Bootstrap { draws: CARD_DRAWS, seed: self.seed };
        let inputs = dataset.sources().iter().map(|source| CardInput::new(&source.file, &source.digest));
        // A line that was loaded was learned from other files than those that are scored.
        let inputs = if held_out.is_empty() { Vec::new() } else { inputs.collect() };
        ModelCard::of_line(pipeline, header, held_out, inputs, bootstrap, &self.chunking.parallelism)
    }

    fn record(
        &self,
        dataset: &Dataset,
        pipeline: &Pipeline,
        version: &str,
        summary: &Summary,
        layout: &Layout,
    ) -> Result<RunRecord, JobError> {
        let spec = serde_json::to_value(pipeline.spec())
            .map_err(|source| ArtifactError::Payload { path: PathBuf::from("spec"), source })?;
        let inputs = dataset.sources().iter().map(|source| InputRecord {
            table: source.table.to_string(),
            file: source.file.display().to_string(),
            sha256: source.digest.sha256.clone(),
            bytes: source.digest.bytes,
            rows: source.digest.rows,
        });
        let evidence = pipeline.products().iter().map(|models| Evidence {
            product: models.product.clone(),
            fit: models.fit.sentence(),
            intent: models.intent.sentence(),
            upsell: models.upsell.as_ref().map(FittedModel::sentence),
        });
        let clusters = pipeline.products().iter().enumerate().map(|(index, models)| {
            let names = Cluster::ALL.iter().map(|cluster| cluster.name().to_owned());
            let counts: BTreeMap<String, u64> = names.zip(summary.clusters(index)).collect();
            (models.product.clone(), counts)
        });
        // The record is still to come, and not every line knows its drift.
        let written = |file: &PathBuf| match file.to_str() {
            Some(Layout::RUN) => false,
            Some(Layout::DRIFT) => pipeline.baseline().is_some(),
            _ => true,
        };
        let files = layout.files().into_iter().filter(written);
        let outputs = files.map(|file| output_record(layout, &file)).collect::<Result<_, _>>()?;
        Ok(RunRecord {
            propensity: env!("CARGO_PKG_VERSION").to_owned(),
            as_of: self.as_of,
            spec: pipeline.spec().name.clone(),
            spec_sha256: sha256_hex(spec.to_string().as_bytes()),
            seed: self.seed.value(),
            inputs: inputs.collect(),
            notes: dataset
                .notes()
                .iter()
                .map(|note| format!("{}: {}, {} [{}]", note.table, note.text, note.count, note.code))
                .collect(),
            model: ModelRecord {
                version: version.to_owned(),
                as_of: pipeline.as_of(),
                evidence: evidence.collect(),
                renewal: pipeline.renewal().map(|renewal| renewal.model().sentence()),
            },
            accounts: 0,
            clusters: clusters.collect(),
            outputs,
            stages: Vec::new(),
            peak_memory_bytes: None,
            threads: self.chunking.parallelism.n_threads(),
        })
    }
}

/// Stages what the scoring pass has found of drift.
fn stage_drift(drift: &DriftReport, layout: &Layout) -> Result<StagedFile, JobError> {
    let path = layout.path(Layout::DRIFT);
    let text = serde_json::to_string_pretty(drift)
        .map_err(|source| ArtifactError::Payload { path: path.clone(), source })?;
    let mut file = StagedFile::create(&path)?;
    writeln!(file, "{text}").map_err(OutputError::unwritable(path))?;
    Ok(file)
}

fn output_record(layout: &Layout, file: &Path) -> Result<OutputRecord, OutputError> {
    let path = layout.path(file);
    let (sha256, bytes) = sha256_of_file(&path).map_err(OutputError::unwritable(&path))?;
    Ok(OutputRecord { file: file.display().to_string(), sha256, bytes })
}
