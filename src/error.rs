//! What every error of this crate can say about itself: a stable code and a kind.
//!
//! Each module has its own error enum; all of them implement [`Coded`], so that a batch job can act on the code and
//! the command can choose its exit code without knowing the enums.

/// What an error means to the program that receives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Usage, input or a file is wrong; nothing was written. Exit code 2.
    Input,
    /// A gate said no: a leak, a refused promotion, drift. Exit code 1.
    Refused,
}

/// An error with a stable code, such as `E_SCHEMA_MISSING_COLUMN`.
///
/// Codes never change their meaning; messages may be reworded.
pub trait Coded: std::error::Error + Send + Sync + 'static {
    /// The stable code of this error.
    fn code(&self) -> &'static str;

    /// What the error means to the program that receives it.
    fn kind(&self) -> ErrorKind {
        ErrorKind::Input
    }
}
