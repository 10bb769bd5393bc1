//! How a failure leaves the command: a coded message on standard error and an exit code.

use std::io::Write;
use std::process::ExitCode;

use propensity::error::{Coded, ErrorKind};

use super::shared::LogFormat;

/// Any coded error of the library, on its way to the exit code.
#[derive(Debug)]
pub(crate) struct Failure(Box<dyn Coded>);

/// Flags that do not go together.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

impl Coded for UsageError {
    fn code(&self) -> &'static str {
        "E_USAGE"
    }
}

impl<E: Coded> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl Failure {
    /// Writes the message and returns 1 for a gate that said no, 2 for everything else.
    pub(crate) fn report(&self, format: LogFormat) -> ExitCode {
        let message = self.0.to_string();
        let line = match format {
            LogFormat::Text => format!("error[{}]: {message}", self.0.code()),
            LogFormat::Json => {
                serde_json::json!({ "level": "ERROR", "code": self.0.code(), "message": message }).to_string()
            }
        };
        // Standard error may be closed; the exit code still tells.
        let _ = writeln!(std::io::stderr().lock(), "{line}");
        match self.0.kind() {
            ErrorKind::Refused => ExitCode::from(1),
            _ => ExitCode::from(2),
        }
    }
}
