//! What was said against what came true.

use crate::drawing::{self, Anchor, BLUE, Canvas, Reliability};
use crate::evaluation::Quality;

/// Paper for one diagram of a sheet.
const PAPER: (f64, f64) = (408.0, 420.0);
/// Diagrams beside each other in a sheet of many.
const COLUMNS: usize = 2;
/// Room for the title of a sheet.
const HEAD: f64 = 30.0;

/// One diagram.
pub(super) fn diagram(name: &str, quality: &Quality) -> String {
    drawing::reliability(&format!("Reliability: {name}"), &[of(quality)]).svg()
}

/// A sheet of diagrams, two beside each other.
pub(in crate::evaluation) fn sheet(title: &str, diagrams: &[(&str, &Quality)]) -> String {
    let columns = diagrams.len().clamp(1, COLUMNS);
    let rows = diagrams.len().div_ceil(COLUMNS);
    let mut canvas = Canvas::new(PAPER.0 * columns as f64, HEAD + PAPER.1 * rows as f64, title);
    for (index, (name, quality)) in diagrams.iter().enumerate() {
        let left = PAPER.0 * (index % COLUMNS) as f64;
        let top = HEAD + PAPER.1 * (index / COLUMNS) as f64;
        canvas.text(left + 224.0, top + 30.0, Anchor::Middle, name);
        drawing::reliability_within(&mut canvas, (left, top), &[of(quality)]);
    }
    canvas.svg()
}

fn of(quality: &Quality) -> Reliability {
    let bins = quality.reliability.iter().map(|bin| [bin.rows, bin.mean_probability, bin.rate]);
    Reliability { name: String::new(), colour: BLUE, bins: bins.collect() }
}
