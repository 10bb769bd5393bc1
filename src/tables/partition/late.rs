//! What the tables show only when their rows come back: keys that repeat, and counts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use super::super::contract::TableName;
use super::super::fault::{FaultLog, TablesError};
use super::super::merging::Reasons;
use super::super::note::Note;
use super::super::quarantine;
use super::super::reading::Draft;
use super::{Partitions, Piece};

/// What shows only when rows come back.
#[derive(Debug, Default)]
pub(super) struct Late {
    seen: BTreeSet<Piece>,
    faults: BTreeMap<TableName, FaultLog>,
    reasons: BTreeMap<TableName, Reasons>,
    notes: BTreeMap<(TableName, &'static str, String), u64>,
}

/// What the rows of a table have shown when they came back.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) table: TableName,
    pub(super) faults: FaultLog,
    pub(super) reasons: Reasons,
    pub(super) notes: Vec<Note>,
}

impl Partitions {
    pub(super) fn count(&self, notes: impl IntoIterator<Item = Note>) {
        let mut late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        for Note { table, code, text, count } in notes {
            *late.notes.entry((table, code, text)).or_default() += count;
        }
    }

    /// Keeps what a piece has shown, the first time it comes back.
    pub(super) fn keep(&self, piece: Piece, shown: Vec<Shown>) {
        let mut late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        if !late.seen.insert(piece) {
            return;
        }
        for Shown { table, faults, reasons, notes } in shown {
            let files = &self.read[&table].files;
            late.faults.entry(table).or_insert_with(|| FaultLog::new(table)).add_unordered(faults, files);
            let of_table = late.reasons.entry(table).or_default();
            for (file, rows) in reasons {
                of_table.entry(file).or_default().extend(rows);
            }
            for Note { table, code, text, count } in notes {
                *late.notes.entry((table, code, text)).or_default() += count;
            }
        }
    }

    /// Ends the work once every piece has come back: sets rows aside that turned out bad, and gives all notes.
    ///
    /// # Errors
    /// [`TablesError::Faults`] with all keys that repeat, of all pieces; [`TablesError::Quarantine`] when bad rows
    /// cannot be set aside.
    pub fn finish(self) -> Result<Vec<Note>, TablesError> {
        let Late { seen: _, faults, reasons, notes } =
            self.late.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut drafts = self.quarantines.into_inner().unwrap_or_else(PoisonError::into_inner);
        for (table, faults) in faults {
            if let Some(draft) = drafts.get_mut(&table) {
                draft.faults.add(faults);
            }
        }
        let mut drafts: Vec<Draft> = drafts.into_values().collect();
        if !self.sets_aside {
            let all = drafts.iter_mut().flat_map(Draft::take_faults).collect::<Vec<_>>();
            if !all.is_empty() {
                return Err(TablesError::Faults { faults: all });
            }
        }
        let note = |((table, code, text), count)| Note { table, code, text, count };
        let mut notes: Vec<Note> = notes.into_iter().map(note).collect();
        for draft in &mut drafts {
            if let Some(reasons) = reasons.get(&draft.table()) {
                draft.set_aside(reasons, self.csv)?;
            }
        }
        notes.extend(quarantine::commit_all(drafts)?);
        notes.sort();
        for note in &notes {
            tracing::info!(code = note.code, table = %note.table, count = note.count, "{}", note.text);
        }
        Ok(notes)
    }
}
