//! Stops the work when anything is wrong with the tables.

use std::path::Path;

use super::contract::TableName;
use super::fault::{ContentFault, Fault, FaultKind, FaultLog, TablesError};
use super::reading::Draft;

/// Stops when anything is wrong that is not set aside.
pub(super) fn refuse_faults(source: &Path, drafts: &mut [Draft]) -> Result<(), TablesError> {
    let mut faults = Vec::new();
    if drafts.iter().all(|draft| draft.table() != TableName::Accounts) {
        faults.push(Fault::Content(Box::new(ContentFault {
            kind: FaultKind::MissingTable,
            table: TableName::Accounts,
            file: source.to_path_buf(),
            column: None,
            rows: 0,
            first_row: None,
            line: None,
            expected: "accounts.csv, accounts.parquet or a folder accounts".to_owned(),
            found: "none of them".to_owned(),
            fix: "add the table, or name its file in a mapping file".to_owned(),
        })));
    }
    let structural = !faults.is_empty();
    faults.extend(take_faults(drafts, structural));
    if faults.is_empty() { Ok(()) } else { Err(TablesError::Faults { faults }) }
}

/// The faults of the drafts that stop the work: all of them, but rows that are set aside while nothing else is wrong.
pub(super) fn take_faults(drafts: &mut [Draft], structural: bool) -> Vec<Fault> {
    let structural = structural || drafts.iter().any(|draft| draft.faults.has_structural());
    let mut faults = Vec::new();
    for draft in drafts {
        let rows = draft.quarantine.is_none();
        if rows || structural {
            let empty = FaultLog::new(draft.table());
            faults.extend(std::mem::replace(&mut draft.faults, empty).into_faults(rows));
        }
    }
    faults
}
