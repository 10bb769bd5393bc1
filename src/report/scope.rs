//! Who may see what: partners and viewers.

use std::fmt;
use std::str::FromStr;

use super::ReportError;

/// Most characters of a partner id.
const LONGEST: usize = 64;

/// The id of a partner, as transactions name it.
///
/// Ids come from people and reach file names of others, so they are letters, digits, `-`, `_`, `.` and `:` alone, and do not
/// begin with a dot. Whether a partner is known is asked of the run.
///
/// ```
/// use propensity::report::PartnerId;
/// assert!("0000253".parse::<PartnerId>().is_ok());
/// for forged in ["", "../0000253", "0000253/..", "a b", "*", "0000253\n"] {
///     assert!(forged.parse::<PartnerId>().is_err(), "{forged:?}");
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartnerId(String);

impl PartnerId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PartnerId {
    type Err = ReportError;

    fn from_str(text: &str) -> Result<Self, ReportError> {
        let sound = !text.is_empty()
            && text.len() <= LONGEST
            && !text.starts_with('.')
            && !text.contains("..")
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':'));
        if sound {
            Ok(Self(text.to_owned()))
        } else {
            let found = text.chars().take(LONGEST).collect();
            Err(ReportError::PartnerId { found, longest: LONGEST })
        }
    }
}

impl fmt::Display for PartnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What the reader of a report may see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Viewer {
    /// Everything but revenue.
    #[default]
    Report,
    /// Everything.
    Executive,
}

impl Viewer {
    /// The name on the command line and in the audit.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Executive => "executive",
        }
    }
}
