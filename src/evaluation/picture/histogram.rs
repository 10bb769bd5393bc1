//! How scores are spread, for either outcome.

use crate::drawing::{Anchor, Axis, Canvas, Frame, GREY, ORANGE, Place};
use crate::evaluation::HistogramBin;

const FRAME: Frame = Frame { left: 64.0, top: 56.0, width: 480.0, height: 240.0 };
const WIDTH: f64 = 5.0;

/// Bars of the share of each outcome's cases at every five points of the score.
pub(super) fn bars(name: &str, bins: &[HistogramBin]) -> String {
    let total = |count: fn(&HistogramBin) -> u64| bins.iter().map(count).sum::<u64>().max(1) as f64;
    let (positives, negatives) = (total(|bin| bin.positives), total(|bin| bin.negatives));
    let shares = |bin: &HistogramBin| (bin.positives as f64 / positives, bin.negatives as f64 / negatives);
    let highest = bins.iter().map(|bin| shares(bin).0.max(shares(bin).1)).fold(0.0, f64::max);
    let to = ((highest * 20.0).ceil() / 20.0).clamp(0.05, 1.0);
    let mut canvas = Canvas::new(568.0, 356.0, &format!("Scores: {name}"));
    let ticks = (0..=10).map(|i| (f64::from(10 * i), format!("{}", 10 * i))).collect();
    let x = Axis { label: "score".to_owned(), from: 0.0, to: 100.0, ticks };
    canvas.axes(FRAME, &x, &Axis::percent("share of the cases, %", to));
    let place = Place { frame: FRAME, x: (0.0, 100.0), y: (0.0, to) };
    for bin in bins {
        let (with, without) = shares(bin);
        let from = f64::from(bin.from);
        canvas.bar(place.at(from + 0.4, 0.0), place.at(from + WIDTH / 2.0, without), GREY);
        canvas.bar(place.at(from + WIDTH / 2.0, 0.0), place.at(from + WIDTH - 0.4, with), ORANGE);
    }
    canvas.bar((360.0, 34.0), (370.0, 44.0), GREY);
    canvas.text(376.0, 44.0, Anchor::Start, "without");
    canvas.bar((430.0, 34.0), (440.0, 44.0), ORANGE);
    canvas.text(446.0, 44.0, Anchor::Start, "with the outcome");
    canvas.svg()
}
