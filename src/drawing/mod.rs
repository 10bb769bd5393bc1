//! Pictures: shapes on a sheet, as SVG for the web and for editing, as PNG for slides and mails.
//!
//! One list of shapes is written in both forms, so that they show the same. The font of a PNG is inside the program.

mod axes;
mod canvas;
mod curves;
mod error;
mod paint;
mod png;

pub(crate) use axes::{Axis, Frame, Place};
pub(crate) use canvas::{Anchor, BLUE, Canvas, Colour, GREY, INK, ORANGE, Text, WHITE};
pub(crate) use curves::{Gains, Reliability, gains, reliability, reliability_within};
pub use error::DrawingError;
