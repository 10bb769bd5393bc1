//! What was said against what came true.

use super::canvas::{Axis, BLUE, Canvas, Frame, GREY, Place};
use crate::evaluation::{Quality, ReliabilityPoint};

/// Paper for one diagram, and where its frame lies on it.
const PAPER: (f64, f64) = (408.0, 420.0);
const FRAME: Frame = Frame { left: 64.0, top: 40.0, width: 320.0, height: 320.0 };
/// Diagrams beside each other in a sheet of many.
const COLUMNS: usize = 2;

/// One diagram.
pub(super) fn diagram(name: &str, quality: &Quality) -> String {
    let mut canvas = Canvas::new(PAPER.0, PAPER.1, &format!("Reliability: {name}"));
    draw(&mut canvas, FRAME, &quality.reliability);
    canvas.finish()
}

/// A sheet of diagrams, two beside each other.
pub(in crate::evaluation) fn sheet(title: &str, diagrams: &[(&str, &Quality)]) -> String {
    let columns = diagrams.len().clamp(1, COLUMNS);
    let rows = diagrams.len().div_ceil(COLUMNS);
    let mut canvas = Canvas::new(PAPER.0 * columns as f64, 30.0 + PAPER.1 * rows as f64, title);
    for (index, (name, quality)) in diagrams.iter().enumerate() {
        let left = FRAME.left + PAPER.0 * (index % COLUMNS) as f64;
        let top = 30.0 + FRAME.top + PAPER.1 * (index / COLUMNS) as f64;
        canvas.text(left + FRAME.width / 2.0, top - 10.0, "middle", name);
        draw(&mut canvas, Frame { left, top, ..FRAME }, &quality.reliability);
    }
    canvas.finish()
}

/// A dot a bin; its size grows with the cases of the bin. On the dashed line what is said comes true.
fn draw(canvas: &mut Canvas, frame: Frame, bins: &[ReliabilityPoint]) {
    let highest = bins.iter().map(|bin| bin.mean_probability.max(bin.rate)).fold(0.0, f64::max);
    let steps = if highest > 0.2 { 5.0 } else { 20.0 };
    let to = ((highest * 1.1 * steps).ceil() / steps).min(1.0);
    let to = if to > 0.0 { to } else { 1.0 / steps };
    canvas.axes(
        frame,
        &Axis::percent("mean probability of the bin, %", to),
        &Axis::percent("share with the outcome, %", to),
    );
    let place = Place { frame, x: (0.0, to), y: (0.0, to) };
    canvas.line(place.at(0.0, 0.0), place.at(to, to), GREY, true);
    let points: Vec<(f64, f64)> = bins.iter().map(|bin| place.at(bin.mean_probability, bin.rate)).collect();
    canvas.polyline(&points, BLUE);
    let most = bins.iter().map(|bin| bin.rows).fold(1.0, f64::max);
    for (point, bin) in points.iter().zip(bins) {
        canvas.dot(*point, 2.5 + 3.5 * (bin.rows / most).sqrt(), BLUE);
    }
}
