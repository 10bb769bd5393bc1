//! Scoring a wide table in a stream.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::Path;

use super::encoding::Encoder;
use super::source::{Binding, BrokenRows, RetypedCells, refuse};
use super::{WideError, WideModel, cell};
use crate::grid::Band;
use crate::matrix::FeatureMatrix;
use crate::models::{Scored, Scorer, UNSEEN_BIN, strongest};
use crate::parallelism::Parallelism;
use crate::quantity::LogOdds;
use crate::tables::raw::{RawBatch, RawTable};
use crate::tables::write::spreadsheet_text;

/// How a table is scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScoringOptions {
    /// Rows worked on at once; bounds memory. The result is the same for every number.
    pub chunk_rows: NonZeroUsize,
    /// How many reasons a row gets.
    pub reasons: usize,
}

impl Default for ScoringOptions {
    /// 16384 rows at once, three reasons.
    fn default() -> Self {
        Self { chunk_rows: NonZeroUsize::MIN.saturating_add(16_383), reasons: 3 }
    }
}

/// What happened while a table was scored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScoringSummary {
    rows: u64,
    bands: BTreeMap<Band, u64>,
    extra: Vec<String>,
    unseen: BTreeMap<String, u64>,
}

impl ScoringSummary {
    /// Rows scored.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Rows in a band.
    pub fn in_band(&self, band: Band) -> u64 {
        self.bands.get(&band).copied().unwrap_or(0)
    }

    /// Columns of the table that the model does not know, and that were not read.
    pub fn extra_columns(&self) -> &[String] {
        &self.extra
    }

    /// Columns with levels that training did not see, or saw too seldom, and in how many rows.
    pub const fn unseen_levels(&self) -> &BTreeMap<String, u64> {
        &self.unseen
    }

    /// What a reader of the scores should know: columns not read, levels not seen.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.extra.is_empty() {
            notes.push(format!("columns the model does not know were not read: {}", self.extra.join(", ")));
        }
        for (column, rows) in &self.unseen {
            let share = 100.0 * *rows as f64 / self.rows.max(1) as f64;
            notes.push(format!(
                "column {column}: {rows} of {} rows ({share:.1} %) have a level that training saw too seldom \
                 or never",
                self.rows
            ));
        }
        notes
    }
}

impl fmt::Display for ScoringSummary {
    /// Writes one line: rows, and rows in each band.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows scored", self.rows)?;
        for (index, band) in Band::ALL.into_iter().enumerate() {
            let comma = if index == 0 { ": " } else { ", " };
            write!(f, "{comma}{} {band}", self.in_band(band))?;
        }
        Ok(())
    }
}

/// The lines of some rows, and what was met in them.
#[derive(Debug, Default)]
struct Chunk {
    lines: Vec<u8>,
    bands: BTreeMap<Band, u64>,
    /// Rows with an unseen level, by place of the feature.
    unseen: BTreeMap<usize, u64>,
    retyped: RetypedCells,
}

impl WideModel {
    /// Scores every row of `table` and writes CSV to `out`: `row, probability, score, band`, then for each
    /// reason `reason_1_field, reason_1_value, reason_1_effect`.
    ///
    /// `row` counts from 1 without the header. An effect is a contribution in log-odds, against the mean of
    /// the rows of training. Columns are found by name; the outcome may be absent. Bytes written are the same
    /// for every `parallelism` and every number of chunk rows. On error the bytes written so far are of no
    /// use: write to a [`StagedFile`](crate::output::StagedFile).
    ///
    /// # Errors
    /// [`WideError::Raw`] when the table cannot be read; [`WideError::Schema`] with every column that is
    /// missing, every column whose cells are of another kind, and broken rows; [`WideError::Write`] when
    /// `out` refuses the bytes.
    pub fn score(
        &self,
        table: &Path,
        out: impl Write,
        options: &ScoringOptions,
        parallelism: &Parallelism,
    ) -> Result<ScoringSummary, WideError> {
        let mut out = out;
        let mut raw = RawTable::open(table, &self.recipe().format())?;
        let (binding, missing) = Binding::new(self.recipe(), raw.header());
        let mut summary = ScoringSummary { extra: self.extra_columns(raw.header()), ..Default::default() };
        let mut faulty = RetypedCells::default();
        let mut broken = BrokenRows::default();
        out.write_all(&header_line(options.reasons)?)?;
        while let Some(batch) = raw.next_batch()? {
            broken.insert(raw.header(), &batch);
            let parts = parts(batch.n_rows(), options.chunk_rows, parallelism.n_threads());
            let chunks = parallelism.map(&parts, |_, rows| {
                let rows: Vec<usize> = rows.clone().collect();
                let mut encoder = Encoder::new(&binding);
                encoder.push_rows(&batch, &rows);
                let ids = rows.iter().map(|&row| batch.row_number(row).to_string()).collect();
                let (matrix, retyped) = encoder.finish(ids)?;
                if retyped.is_empty() && missing.is_empty() {
                    self.score_matrix(&binding, &batch, &rows, &matrix, options.reasons)
                } else {
                    Ok(Chunk { retyped, ..Chunk::default() })
                }
            });
            for chunk in chunks {
                let chunk = chunk?;
                faulty.append(chunk.retyped);
                out.write_all(&chunk.lines)?;
                for (band, rows) in chunk.bands {
                    *summary.bands.entry(band).or_default() += rows;
                }
                for (feature, rows) in chunk.unseen {
                    let name = binding.columns()[feature].rule.name.clone();
                    *summary.unseen.entry(name).or_default() += rows;
                }
            }
            summary.rows += batch.n_rows() as u64;
        }
        let faults = missing.into_iter().chain(faulty.faults(&binding)).chain(broken.faults()).collect();
        refuse(table, faults)?;
        out.flush()?;
        Ok(summary)
    }

    /// Columns that neither the recipe knows nor training used otherwise.
    fn extra_columns(&self, header: &[String]) -> Vec<String> {
        let mut extra = Binding::extra(self.recipe(), header);
        extra.retain(|name| *name != self.target().column && Some(name.as_str()) != self.group());
        extra
    }

    fn score_matrix(
        &self,
        binding: &Binding<'_>,
        batch: &RawBatch,
        rows: &[usize],
        matrix: &FeatureMatrix,
        n_reasons: usize,
    ) -> Result<Chunk, WideError> {
        let binned = self.binning().apply(matrix)?;
        let scored = self.scorer().score_rows(&binned)?;
        let mut chunk = Chunk::default();
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut contributions = vec![LogOdds::ZERO; binned.n_features()];
        for (index, (&row, scored)) in rows.iter().zip(scored).enumerate() {
            let bins = binned.row(index);
            for (feature, _) in bins.iter().enumerate().filter(|(_, bin)| **bin == UNSEEN_BIN) {
                *chunk.unseen.entry(feature).or_default() += 1;
            }
            self.scorer().contributions_into(bins, &mut contributions);
            let Scored { probability, score, .. } = scored;
            let band = self.cuts().band(score);
            *chunk.bands.entry(band).or_default() += 1;
            writer.write_field(spreadsheet_text(&matrix.ids()[index]).as_bytes())?;
            writer.write_field(format!("{:.6}", probability.value()))?;
            writer.write_field(score.to_string())?;
            writer.write_field(band.name())?;
            let reasons = strongest(&contributions, n_reasons);
            for reason in &reasons {
                let bound = binding.columns()[reason.feature];
                let cell = batch.cell(row, bound.position);
                let value = if binding.is_missing(bound.rule, cell) { None } else { cell::text(cell) };
                writer.write_field(spreadsheet_text(&bound.rule.name).as_bytes())?;
                let value = value.as_deref().unwrap_or("(missing)");
                // A number below zero is no formula.
                let shown = if value.parse::<f64>().is_ok() { value.into() } else { spreadsheet_text(value) };
                writer.write_field(shown.as_bytes())?;
                writer.write_field(format!("{:+.4}", reason.evidence.value()))?;
            }
            for _ in 3 * reasons.len()..3 * n_reasons {
                writer.write_field("")?;
            }
            writer.write_record(None::<&[u8]>)?;
        }
        chunk.lines = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
        Ok(chunk)
    }
}

/// The parts of a batch that are scored at the same time.
fn parts(n_rows: usize, chunk_rows: NonZeroUsize, n_threads: usize) -> Vec<Range<usize>> {
    let size = chunk_rows.get().min(n_rows.div_ceil(n_threads)).max(1);
    (0..n_rows).step_by(size).map(|start| start..(start + size).min(n_rows)).collect()
}

fn header_line(n_reasons: usize) -> Result<Vec<u8>, WideError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for name in ["row", "probability", "score", "band"] {
        writer.write_field(name)?;
    }
    for reason in 1..=n_reasons {
        for part in ["field", "value", "effect"] {
            writer.write_field(format!("reason_{reason}_{part}"))?;
        }
    }
    writer.write_record(None::<&[u8]>)?;
    Ok(writer.into_inner().map_err(csv::IntoInnerError::into_error)?)
}
