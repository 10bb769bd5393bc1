//! What can go wrong while a sheet is painted.

use crate::error::Coded;

/// A sheet could not be painted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DrawingError {
    /// The font inside the program cannot be read.
    #[error("the font for pictures cannot be read; expected a whole program; install it again")]
    Font,
    /// The pixels could not be packed.
    #[error("a picture could not be packed: {0}; expected enough memory")]
    Pack(std::io::Error),
}

impl Coded for DrawingError {
    fn code(&self) -> &'static str {
        match self {
            Self::Font => "E_DRAWING_FONT",
            Self::Pack(_) => "E_DRAWING_PACK",
        }
    }
}
