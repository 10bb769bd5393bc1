//! What every verb does that hands something of a run to somebody: only targets that may be written, and a line of audit.

use std::path::Path;

use propensity::output::OutputError;
use propensity::report::{AuditLine, PartnerId, RunOutput, Viewer};

use super::{Failure, Shared, clock};

/// Refuses files that are there already, unless they may be replaced, and files of the runs themselves in any case.
pub(super) fn check_targets<'a>(
    targets: impl IntoIterator<Item = &'a Path>,
    runs: &[&RunOutput],
    shared: &Shared,
) -> Result<(), Failure> {
    for target in targets {
        for run in runs {
            run.check_target(target)?;
        }
        if target.exists() && !shared.overwrite {
            return Err(OutputError::Exists { path: target.to_path_buf() }.into());
        }
    }
    Ok(())
}

/// Who asked for what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) caller: &'a str,
    pub(super) what: &'a str,
    pub(super) profile: &'a str,
    pub(super) partner: Option<&'a PartnerId>,
    pub(super) viewer: Viewer,
    pub(super) out: &'a Path,
    pub(super) rows: u64,
}

impl Asked<'_> {
    /// Appends the line to the audit of the run; nothing is handed out before that.
    pub(super) fn record(&self, run: &RunOutput) -> Result<(), Failure> {
        let now = clock::utc();
        let line = AuditLine {
            at: Some(&now),
            caller: self.caller,
            asked_for: self.what,
            profile: self.profile,
            partner: self.partner.map(PartnerId::as_str),
            viewer: self.viewer.name(),
            file: self.out.display().to_string(),
            rows: self.rows,
            as_of: run.record().as_of,
            model: &run.record().model.version,
        };
        Ok(line.append(run.folder())?)
    }
}
