//! Who asked for what: one line of JSON per report, appended beside the run.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use serde::Serialize;

use crate::output::OutputError;
use crate::quantity::AsOf;

/// One request, as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditLine<'a> {
    /// When, as the caller's clock says; the library has none.
    pub at: Option<&'a str>,
    /// Who asked.
    pub caller: &'a str,
    /// What was asked for: a report, a worklist.
    pub asked_for: &'a str,
    /// The profile of columns.
    pub profile: &'a str,
    /// The partner whose customers were asked for; none for all customers.
    pub partner: Option<&'a str>,
    /// What the reader may see.
    pub viewer: &'a str,
    /// The file.
    pub file: String,
    /// Its rows.
    pub rows: u64,
    /// The date of the run.
    pub as_of: AsOf,
    /// The model of the run.
    pub model: &'a str,
}

impl AuditLine<'_> {
    /// Name of the file in the folder of a run.
    pub const FILE: &'static str = "audit.jsonl";

    /// Appends the line to the audit of a run; a report is handed out only after that.
    ///
    /// # Errors
    /// [`OutputError::Unwritable`] when the file cannot be appended to.
    pub fn append(&self, run: &Path) -> Result<(), OutputError> {
        let path = run.join(Self::FILE);
        let append = || {
            let mut line = serde_json::to_vec(self)?;
            line.push(b'\n');
            // One write: lines of two commands at the same time do not mix.
            let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
            file.write_all(&line)?;
            file.sync_all()
        };
        append().map_err(OutputError::unwritable(&path))
    }
}
