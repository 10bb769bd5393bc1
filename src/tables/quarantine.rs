//! Bad rows, set aside in files of their own.

use std::path::Path;

use super::contract::TableName;
use super::fault::Place;
use super::note::{Note, code};
use super::reading::Draft;
use crate::output::{OutputError, StagedFile};

/// The columns that stand before the cells of the bad row.
const COLUMNS: [&str; 6] = ["row", "line", "file", "code", "column", "reason"];

/// The bad rows of one table: `DIR/<table>.csv`, written even when there are none, so that the file of an earlier run
/// does not stay.
#[derive(Debug)]
pub(super) struct Quarantine {
    writer: csv::Writer<StagedFile>,
    header: Option<Vec<String>>,
    rows: u64,
}

/// Why a row was set aside.
#[derive(Clone, Debug)]
pub(super) struct Reason {
    pub code: &'static str,
    pub column: String,
    pub text: String,
}

/// Gives the files of all tables their names; says how many rows each holds.
pub(super) fn commit_all(drafts: Vec<Draft>) -> Result<Vec<Note>, OutputError> {
    let mut notes = Vec::new();
    for draft in drafts {
        let table = draft.table();
        let Some(quarantine) = draft.quarantine else { continue };
        if quarantine.rows() > 0 {
            let kinds: Vec<String> = draft
                .faults
                .of_rows()
                .map(|fault| {
                    let column = fault.column.as_deref().unwrap_or("row");
                    format!("{} {} in {column}", fault.rows, fault.kind.code())
                })
                .collect();
            let text = format!("bad rows set aside: {}", kinds.join(", "));
            notes.push(Note { table, code: code::QUARANTINED, text, count: quarantine.rows() });
        }
        quarantine.commit()?;
    }
    Ok(notes)
}

impl Quarantine {
    pub(super) fn create(folder: &Path, table: TableName) -> Result<Self, OutputError> {
        let file = StagedFile::create(folder.join(format!("{table}.csv")))?;
        Ok(Self { writer: csv::WriterBuilder::new().flexible(true).from_writer(file), header: None, rows: 0 })
    }

    /// Sets a row aside. Cells are matched by name where the files of a table have different headers.
    pub(super) fn add(
        &mut self,
        place: Place<'_>,
        reason: &Reason,
        header: &[String],
        cells: &[String],
    ) -> Result<(), OutputError> {
        if self.header.is_none() {
            let names = COLUMNS.iter().copied().chain(header.iter().map(String::as_str));
            self.write(names)?;
            self.header = Some(header.to_vec());
        }
        self.rows += 1;
        let first = self.header.as_deref().unwrap_or_default();
        let cells: Vec<String> = if first == header {
            cells.to_vec()
        } else {
            let cell = |name: &String| {
                let at = header.iter().position(|column| column == name);
                at.and_then(|at| cells.get(at)).cloned().unwrap_or_default()
            };
            first.iter().map(cell).collect()
        };
        let row = place.row.to_string();
        let line = place.line.map(|line| line.to_string()).unwrap_or_default();
        let file = place.file.to_string_lossy();
        let before = [&row, &line, file.as_ref(), reason.code, &reason.column, &reason.text];
        self.write(before.into_iter().chain(cells.iter().map(String::as_str)))
    }

    fn write<'a>(&mut self, fields: impl Iterator<Item = &'a str>) -> Result<(), OutputError> {
        let target = self.writer.get_ref().target().to_path_buf();
        let fields: Vec<&str> = fields.collect();
        self.writer.write_record(fields).map_err(|error| OutputError::unwritable(target)(error.into()))
    }

    /// How many rows were set aside.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Gives the file its name.
    pub(super) fn commit(mut self) -> Result<(), OutputError> {
        if self.header.is_none() {
            self.write(COLUMNS.into_iter())?;
        }
        let target = self.writer.get_ref().target().to_path_buf();
        let file = self.writer.into_inner();
        file.map_err(|error| OutputError::unwritable(target)(error.into_error()))?.commit()
    }
}
