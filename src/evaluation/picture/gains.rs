//! How many outcomes are found how far down the list.

use super::canvas::{Axis, BLUE, Canvas, Frame, GREY, Place};
use crate::evaluation::Quality;

const FRAME: Frame = Frame { left: 64.0, top: 40.0, width: 320.0, height: 320.0 };

/// The share of all outcomes found by tenths of the list, with its interval; dashed: a list in random order.
pub(super) fn curve(name: &str, quality: &Quality) -> String {
    let mut canvas = Canvas::new(408.0, 420.0, &format!("Gains: {name}"));
    canvas.axes(
        FRAME,
        &Axis::percent("best share of the list, %", 1.0),
        &Axis::percent("share of all outcomes, %", 1.0),
    );
    let place = Place { frame: FRAME, x: (0.0, 1.0), y: (0.0, 1.0) };
    canvas.line(place.at(0.0, 0.0), place.at(1.0, 1.0), GREY, true);
    let at_start = std::iter::once(place.at(0.0, 0.0));
    let edge = |of: fn(&crate::evaluation::Decile) -> f64| {
        quality.deciles.iter().map(move |decile| place.at(decile.depth, of(decile)))
    };
    let low = at_start.clone().chain(edge(|decile| decile.gain.low));
    let high: Vec<(f64, f64)> = edge(|decile| decile.gain.high).collect();
    let band: Vec<(f64, f64)> = low.chain(high.into_iter().rev()).collect();
    canvas.area(&band, BLUE);
    let line: Vec<(f64, f64)> = at_start.chain(edge(|decile| decile.gain.value)).collect();
    canvas.polyline(&line, BLUE);
    canvas.finish()
}
