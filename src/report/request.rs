//! A report as it is asked for, and how it is made.

use std::path::Path;

use super::profile::{Profile, Report, ReportColumn};
use super::render::{Renderer, Value};
use super::totals::{Counting, CustomerShare};
use super::{Customer, PartnerId, ReportError, ReportNotes, ReportTotals, RunOutput, Viewer};
use crate::output::StagedFile;
use crate::scoring::Chunking;
use crate::tables::write::{Cells, ColumnType, Schema, TableFormat, TableWriter};
use crate::targeting::FiscalYear;
use crate::targeting::cohort::Catalogue;

/// Rows that are handed to the writer together.
const ROWS_AT_ONCE: usize = 1024;

/// What somebody asks for.
#[derive(Clone, Copy, Debug)]
pub struct ReportRequest<'a> {
    /// The run it is made from.
    pub run: &'a RunOutput,
    /// An earlier run to compare with.
    pub previous: Option<&'a RunOutput>,
    /// Which report.
    pub report: Report,
    /// Its columns.
    pub profile: &'a Profile,
    /// The cohorts that its cohort columns are of.
    pub cohorts: &'a Catalogue,
    /// Rules for workloads in use (area `existing`) and to come (area `recommended`).
    pub workloads: &'a Catalogue,
    /// Only customers that have transacted with this partner, and nothing of any other; `None` for all customers.
    pub partner: Option<&'a PartnerId>,
    /// The name of that partner.
    pub partner_name: Option<&'a str>,
    /// What the reader may see.
    pub viewer: Viewer,
    /// First month of the fiscal year, 1 to 12.
    pub fiscal_year_start: u8,
    /// Whether customers that a corporate or enterprise segment may own are in it.
    pub with_corporate: bool,
    /// Whether cohorts that are not in force on the date are left empty.
    pub only_in_force: bool,
}

/// A report that is written but does not have its name yet.
#[derive(Debug)]
pub struct StagedReport {
    writer: TableWriter,
    notes: StagedFile,
    totals: ReportTotals,
}

impl StagedReport {
    /// Its totals.
    pub const fn totals(&self) -> &ReportTotals {
        &self.totals
    }

    /// Gives the file and its [notes](ReportNotes) their names.
    ///
    /// # Errors
    /// [`crate::output::OutputError::Unwritable`] when the disk is full or the rename fails.
    pub fn commit(self) -> Result<ReportTotals, ReportError> {
        self.writer.commit()?;
        self.notes.commit()?;
        Ok(self.totals)
    }
}

/// What the work on one customer gives.
enum Outcome {
    OutOfScope,
    Corporate,
    Told { rows: Vec<Vec<Option<Value>>>, share: Box<CustomerShare> },
}

impl ReportRequest<'_> {
    /// What its customers are counted by.
    fn counting(&self) -> Counting<'_> {
        let as_of = self.run.record().as_of;
        Counting {
            estimates: self.run.estimates(),
            cohorts: self.cohorts,
            in_force_on: self.only_in_force.then_some(as_of),
            year: FiscalYear::around(as_of, self.fiscal_year_start),
            viewer: self.viewer,
        }
    }

    /// Cohort columns of the report that are not in force on the date of the run.
    ///
    /// # Errors
    /// [`ReportError::NoReport`] when the profile does not have the report.
    pub fn cohorts_not_in_force(&self) -> Result<usize, ReportError> {
        let columns = self.profile.columns(self.report)?.iter();
        let cohorts = columns.filter_map(|column| self.cohorts.cohort(column.source.name()).ok());
        Ok(cohorts.filter(|cohort| !cohort.in_force(self.run.record().as_of)).count())
    }

    /// Makes the report, customers in the order of their ids, and stages it for `target`.
    ///
    /// Memory does not grow with the number of customers, but for [`TableFormat::Xlsx`], whose rows wait on disk.
    ///
    /// # Errors
    /// [`ReportError::NoReport`] and [`ReportError::Profile`] when the profile does not fit, [`ReportError::UnknownPartner`]
    /// when no customer has transacted with the partner, and every error of [`RunOutput::each`] and of writing.
    pub fn stage(
        &self,
        target: &Path,
        format: TableFormat,
        chunking: &Chunking,
    ) -> Result<StagedReport, ReportError> {
        let columns = self.profile.columns(self.report)?;
        self.profile.check_cohorts(self.report, self.cohorts)?;
        let counting = self.counting();
        let renderer = Renderer { request: self, columns, counting };
        let schema = Schema::new(columns.iter().map(|column| (column.name.clone(), column.source.cells())));
        let mut writer = TableWriter::create(target, format, schema)?;
        let notes = ReportNotes::of(self)?.stage(target)?;
        let mut totals = ReportTotals::default();
        let mut pending: Vec<Vec<Option<Value>>> = Vec::new();
        let mut in_scope = 0_u64;
        self.run.each_since(
            self.previous,
            chunking,
            |customer| self.tell(&renderer, &customer),
            |outcome| {
                in_scope += u64::from(!matches!(outcome, Outcome::OutOfScope));
                match outcome {
                    Outcome::OutOfScope => {}
                    Outcome::Corporate => totals.left_out_corporate += 1,
                    Outcome::Told { rows, share } => {
                        totals.rows += rows.len() as u64;
                        counting.add(&mut totals, *share);
                        pending.extend(rows);
                        if pending.len() >= ROWS_AT_ONCE {
                            writer.append(cells(columns, std::mem::take(&mut pending)))?;
                        }
                    }
                }
                Ok(())
            },
        )?;
        writer.append(cells(columns, pending))?;
        match self.partner {
            Some(partner) if in_scope == 0 => {
                Err(ReportError::UnknownPartner { partner: partner.to_string() })
            }
            _ => Ok(StagedReport { writer, notes, totals }),
        }
    }

    fn tell(&self, renderer: &Renderer<'_>, customer: &Customer) -> Result<Outcome, ReportError> {
        if !customer.is_of(self.partner) {
            return Ok(Outcome::OutOfScope);
        }
        if customer.facts.corporate_candidate && !self.with_corporate {
            return Ok(Outcome::Corporate);
        }
        let share = Box::new(renderer.counting.share(customer));
        Ok(Outcome::Told { rows: renderer.rows(customer)?, share })
    }
}

/// Rows as columns.
fn cells(columns: &[ReportColumn], rows: Vec<Vec<Option<Value>>>) -> Vec<Cells> {
    let mut cells: Vec<Cells> = columns
        .iter()
        .map(|column| match column.source.cells() {
            ColumnType::Integer => Cells::Integer(Vec::with_capacity(rows.len())),
            ColumnType::Number => Cells::Number(Vec::with_capacity(rows.len())),
            ColumnType::Date => Cells::Date(Vec::with_capacity(rows.len())),
            _ => Cells::Text(Vec::with_capacity(rows.len())),
        })
        .collect();
    for row in rows {
        for (cells, value) in cells.iter_mut().zip(row) {
            match (cells, value) {
                (Cells::Text(cells), Some(Value::Text(text))) => cells.push(Some(text)),
                (Cells::Integer(cells), Some(Value::Integer(number))) => cells.push(Some(number)),
                (Cells::Number(cells), Some(Value::Number(number))) => cells.push(Some(number)),
                (Cells::Date(cells), Some(Value::Date(days))) => cells.push(Some(days)),
                (Cells::Text(cells), _) => cells.push(None),
                (Cells::Integer(cells), _) => cells.push(None),
                (Cells::Number(cells), _) => cells.push(None),
                (Cells::Date(cells), _) => cells.push(None),
                _ => {}
            }
        }
    }
    cells
}
