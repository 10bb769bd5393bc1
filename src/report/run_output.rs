//! The folder of a run, read back.

use std::path::{Path, PathBuf};

use super::row_stream::RowStream;
use super::{AuditLine, Customer, Estimates, ReportError, RunRecord, ScoreRow, bins_table, facts_table};
use crate::artifact::{ArtifactError, sha256_hex};
use crate::pipeline::Pipeline;
use crate::quantity::AsOf;
use crate::scoring::Chunking;

/// The output folder of a run: what it recorded, its fitted line and its accounts.
///
/// Accounts are read in the order of their ids, a chunk at a time; files that are not those the run recorded are
/// refused.
#[derive(Debug)]
pub struct RunOutput {
    folder: PathBuf,
    record: RunRecord,
    pipeline: Pipeline,
    estimates: Estimates,
}

impl RunOutput {
    /// Name of the record of a run.
    pub const RECORD: &'static str = "run.json";
    /// Name of the model of a run.
    pub const MODEL: &'static str = "model.json";

    /// Name of what a run says of drift.
    pub const DRIFT: &'static str = "drift.json";

    /// Where the scores of a date are, under the folder of a run.
    pub fn scores_file(as_of: AsOf) -> PathBuf {
        PathBuf::from(format!("scores/as_of={as_of}/part-000.parquet"))
    }

    /// Where the facts of a date are.
    pub fn facts_file(as_of: AsOf) -> PathBuf {
        PathBuf::from(format!("facts/as_of={as_of}/accounts.parquet"))
    }

    /// Where the estimates of a date are.
    pub fn estimates_file(as_of: AsOf) -> PathBuf {
        PathBuf::from(format!("facts/as_of={as_of}/estimates.json"))
    }

    /// Where the bins of a date are.
    pub fn bins_file(as_of: AsOf) -> PathBuf {
        PathBuf::from(format!("facts/as_of={as_of}/bins.parquet"))
    }

    /// Opens the folder.
    ///
    /// # Errors
    /// [`ReportError::NotARun`] when there is no record, or when a file is missing or is not the one that was recorded;
    /// [`ReportError::Model`] when the model file cannot be read.
    pub fn open(folder: &Path) -> Result<Self, ReportError> {
        let not_a_run = |reason: String| ReportError::NotARun { path: folder.to_path_buf(), reason };
        let text = std::fs::read_to_string(folder.join(Self::RECORD))
            .map_err(|error| not_a_run(format!("{} cannot be read ({error})", Self::RECORD)))?;
        let record: RunRecord = serde_json::from_str(&text)
            .map_err(|error| not_a_run(format!("{} is not of the expected shape ({error})", Self::RECORD)))?;
        let model = folder.join(Self::MODEL);
        let (header, pipeline) = match Pipeline::load(&model) {
            Ok(loaded) => loaded,
            Err(ArtifactError::Unreadable { .. }) => {
                return Err(not_a_run(format!("{} cannot be read", Self::MODEL)));
            }
            Err(error) => return Err(error.into()),
        };
        if header.model_version() != record.model.version {
            return Err(not_a_run(format!(
                "{} is version {}, and the run was made with {}",
                Self::MODEL,
                header.model_version(),
                record.model.version
            )));
        }
        let file = Self::estimates_file(record.as_of);
        let estimates = std::fs::read(folder.join(&file))
            .map_err(|error| not_a_run(format!("{} cannot be read ({error})", file.display())))?;
        let estimates = serde_json::from_slice(&estimates).map_err(|error| {
            not_a_run(format!("{} is not of the expected shape ({error})", file.display()))
        })?;
        let run = Self { folder: folder.to_path_buf(), record, pipeline, estimates };
        for file in run.files() {
            let recorded = run.recorded(&file);
            if !run.folder.join(&file).is_file() || recorded.is_none() {
                return Err(not_a_run(format!("{} is missing", file.display())));
            }
        }
        Ok(run)
    }

    fn files(&self) -> [PathBuf; 3] {
        let as_of = self.record.as_of;
        [Self::facts_file(as_of), Self::scores_file(as_of), Self::bins_file(as_of)]
    }

    /// The hash that the run recorded of a file.
    fn recorded(&self, file: &Path) -> Option<&str> {
        let name = file.display().to_string();
        self.record.outputs.iter().find(|output| output.file == name).map(|output| output.sha256.as_str())
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the run recorded.
    pub const fn record(&self) -> &RunRecord {
        &self.record
    }

    /// Refuses a target that is one of the files of the run, under whatever name: a report must not eat what it is made from.
    ///
    /// # Errors
    /// [`ReportError::OwnFile`] when it is.
    pub fn check_target(&self, target: &Path) -> Result<(), ReportError> {
        let outputs = self.record.outputs.iter().map(|output| output.file.as_str());
        let mut own = outputs.chain([Self::RECORD, Self::MODEL, AuditLine::FILE]);
        let target_place = place(target);
        if own.any(|file| place(&self.folder.join(file)) == target_place) {
            return Err(ReportError::OwnFile { path: target.to_path_buf(), run: self.folder.clone() });
        }
        Ok(())
    }

    /// The line that scored.
    pub const fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// The bytes of a file beside the tables, such as [`Self::DRIFT`]; `None` where the run did not write it.
    ///
    /// # Errors
    /// [`ReportError::NotARun`] when the file is not the one that was recorded.
    pub fn file(&self, name: &str) -> Result<Option<Vec<u8>>, ReportError> {
        let Some(recorded) = self.recorded(Path::new(name)) else { return Ok(None) };
        let path = self.folder.join(name);
        match std::fs::read(&path) {
            Ok(bytes) if sha256_hex(&bytes) == recorded => Ok(Some(bytes)),
            Ok(_) => Err(ReportError::not_as_written(path)),
            Err(error) => {
                let reason = format!("{name} cannot be read ({error})");
                Err(ReportError::NotARun { path: self.folder.clone(), reason })
            }
        }
    }

    /// What all accounts together say of revenue and renewals.
    pub const fn estimates(&self) -> &Estimates {
        &self.estimates
    }

    /// Works on all accounts and hands the results to `sink` in the order of the accounts, a chunk at a time.
    ///
    /// Memory is bounded by a row group of each file, as it is stored and as it is read, and one chunk of accounts.
    ///
    /// # Errors
    /// [`ReportError::NotARun`] when a file is not the one that was recorded or the files do not fit each other,
    /// [`ReportError::Cell`] when a cell cannot be read back, and every error of `work` and `sink`.
    pub fn each<R: Send>(
        &self,
        chunking: &Chunking,
        work: impl Fn(Customer) -> Result<R, ReportError> + Sync + Send,
        sink: impl FnMut(R) -> Result<(), ReportError>,
    ) -> Result<(), ReportError> {
        self.each_since(None, chunking, work, sink)
    }

    /// [`Self::each`], where every account also brings what a `previous` run said of it.
    ///
    /// # Errors
    /// As [`Self::each`], for the files of either run.
    pub fn each_since<R: Send>(
        &self,
        previous: Option<&Self>,
        chunking: &Chunking,
        work: impl Fn(Customer) -> Result<R, ReportError> + Sync + Send,
        mut sink: impl FnMut(R) -> Result<(), ReportError>,
    ) -> Result<(), ReportError> {
        let mut reader = self.reader()?;
        let mut previous = previous.map(Self::reader).transpose()?;
        let mut earlier = None;
        let most = chunking.chunk_rows.get();
        loop {
            let mut customers = reader.take(most)?;
            if customers.is_empty() {
                return reader.finish();
            }
            if let Some(previous) = &mut previous {
                for customer in &mut customers {
                    // Both runs have their accounts in the order of their ids.
                    while earlier.as_ref().is_none_or(|earlier: &Customer| earlier.id() < customer.id()) {
                        earlier = previous.take(1)?.pop();
                        if earlier.is_none() {
                            break;
                        }
                    }
                    if earlier.as_ref().is_some_and(|earlier| earlier.id() == customer.id()) {
                        customer.previous = earlier.take().map(Box::new);
                    }
                }
            }
            for result in chunking.parallelism.map_owned(customers, &work) {
                sink(result?)?;
            }
        }
    }

    /// The account of that id.
    ///
    /// # Errors
    /// [`ReportError::Account`] when the run has none, else as [`Self::each`].
    pub fn find(&self, account: &str) -> Result<Customer, ReportError> {
        let mut reader = self.reader()?;
        loop {
            let customers = reader.take(1)?;
            match customers.into_iter().next() {
                None => {
                    let (path, account) = (self.folder.clone(), account.to_owned());
                    return Err(ReportError::Account { path, account });
                }
                Some(customer) if customer.facts.account_id == account => return Ok(customer),
                Some(_) => {}
            }
        }
    }

    fn reader(&self) -> Result<CustomerReader<'_>, ReportError> {
        let [facts, scores, bins] = self.files().map(|file| self.folder.join(file));
        Ok(CustomerReader {
            run: self,
            facts: RowStream::open(&facts, &facts_table::columns())?,
            scores: RowStream::open_with(&scores, &ScoreRow::COLUMNS, &ScoreRow::NEWER_COLUMNS)?,
            bins: RowStream::open(&bins, &bins_table::COLUMNS)?,
        })
    }
}

/// Where a file is, links followed; one that is not there yet is in its folder.
fn place(file: &Path) -> PathBuf {
    let beside = || {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some(folder.canonicalize().ok()?.join(file.file_name()?))
    };
    file.canonicalize().ok().or_else(beside).unwrap_or_else(|| file.to_path_buf())
}

/// Three files of a run that are read in step.
struct CustomerReader<'a> {
    run: &'a RunOutput,
    facts: RowStream,
    scores: RowStream,
    bins: RowStream,
}

impl CustomerReader<'_> {
    fn apart(&self, account: &str) -> ReportError {
        ReportError::NotARun {
            path: self.run.folder.clone(),
            reason: format!("its files do not hold the same accounts; they part at {account:?}"),
        }
    }

    /// The next accounts, at most `most`.
    fn take(&mut self, most: usize) -> Result<Vec<Customer>, ReportError> {
        let n_products = self.run.pipeline.products().len();
        let mut customers = Vec::new();
        while customers.len() < most && self.facts.advance()? {
            let facts = facts_table::read(self.facts.row())?;
            let mut scores = Vec::with_capacity(n_products);
            for _ in 0..n_products {
                if !self.scores.advance()? {
                    return Err(self.apart(&facts.account_id));
                }
                let score = ScoreRow::read(self.scores.row())?;
                if score.account_id != facts.account_id {
                    return Err(self.apart(&facts.account_id));
                }
                scores.push(score);
            }
            if !self.bins.advance()? || self.bins.row().filled("account_id")? != facts.account_id {
                return Err(self.apart(&facts.account_id));
            }
            customers.push(Customer::new(facts, scores, bins_table::read(self.bins.row())?));
        }
        Ok(customers)
    }

    /// Compares what was read with what the run recorded.
    fn finish(mut self) -> Result<(), ReportError> {
        if self.scores.advance()? || self.bins.advance()? {
            return Err(self.apart("the end of the facts"));
        }
        let files = self.run.files();
        for (stream, file) in [&self.facts, &self.scores, &self.bins].into_iter().zip(files) {
            let found = stream.digest().map(|digest| digest.sha256);
            if found.as_deref() != self.run.recorded(&file) {
                return Err(ReportError::not_as_written(self.run.folder.join(file)));
            }
        }
        Ok(())
    }
}
