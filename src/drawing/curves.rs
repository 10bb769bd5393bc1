//! The two curves that say what a model is worth.

use super::{Anchor, Axis, Canvas, Colour, Frame, GREY, Place};

/// Paper for one curve, and where its frame lies on it.
const PAPER: (f64, f64) = (408.0, 420.0);
const FRAME: Frame = Frame { left: 64.0, top: 40.0, width: 320.0, height: 320.0 };

/// The gains of one model: depth, share of all outcomes found, and the ends of its interval.
#[derive(Clone, Debug)]
pub(crate) struct Gains {
    /// The name in the legend; none is drawn for a single curve without one.
    pub(crate) name: String,
    pub(crate) colour: Colour,
    pub(crate) points: Vec<[f64; 4]>,
}

/// The reliability of one model: cases of a bin, mean probability, share with the outcome.
#[derive(Clone, Debug)]
pub(crate) struct Reliability {
    /// As of [`Gains`].
    pub(crate) name: String,
    pub(crate) colour: Colour,
    pub(crate) bins: Vec<[f64; 3]>,
}

/// The share of all outcomes found by tenths of the list, with its interval; dashed: a list in random order.
pub(crate) fn gains(title: &str, models: &[Gains]) -> Canvas {
    let mut canvas = Canvas::new(PAPER.0, PAPER.1, title);
    canvas.axes(
        FRAME,
        &Axis::percent("best share of the list, %", 1.0),
        &Axis::percent("share of all outcomes, %", 1.0),
    );
    let place = Place { frame: FRAME, x: (0.0, 1.0), y: (0.0, 1.0) };
    canvas.line(place.at(0.0, 0.0), place.at(1.0, 1.0), GREY, true);
    for model in models {
        let edge = |of: usize| model.points.iter().map(move |point| place.at(point[0], point[of]));
        let start = || std::iter::once(place.at(0.0, 0.0));
        let high: Vec<(f64, f64)> = edge(3).collect();
        let band: Vec<(f64, f64)> = start().chain(edge(2)).chain(high.into_iter().rev()).collect();
        canvas.area(&band, model.colour);
        canvas.polyline(&start().chain(edge(1)).collect::<Vec<_>>(), model.colour);
    }
    legend(&mut canvas, models.iter().map(|model| (model.name.as_str(), model.colour)));
    canvas
}

/// What was said against what came true; on the dashed line what is said comes true.
pub(crate) fn reliability(title: &str, models: &[Reliability]) -> Canvas {
    let mut canvas = Canvas::new(PAPER.0, PAPER.1, title);
    reliability_within(&mut canvas, (0.0, 0.0), models);
    legend(&mut canvas, models.iter().map(|model| (model.name.as_str(), model.colour)));
    canvas
}

/// Draws [`reliability`] on a larger sheet, `offset` from its corner. A dot a bin; its size grows with the cases of the bin.
pub(crate) fn reliability_within(canvas: &mut Canvas, offset: (f64, f64), models: &[Reliability]) {
    let frame = Frame { left: FRAME.left + offset.0, top: FRAME.top + offset.1, ..FRAME };
    let bins = || models.iter().flat_map(|model| &model.bins);
    let highest = bins().map(|bin| bin[1].max(bin[2])).fold(0.0, f64::max);
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
    for model in models {
        let points: Vec<(f64, f64)> = model.bins.iter().map(|bin| place.at(bin[1], bin[2])).collect();
        canvas.polyline(&points, model.colour);
        let most = model.bins.iter().map(|bin| bin[0]).fold(1.0, f64::max);
        for (point, bin) in points.iter().zip(&model.bins) {
            canvas.dot(*point, 2.5 + 3.5 * (bin[0] / most).sqrt(), model.colour);
        }
    }
}

fn legend<'a>(canvas: &mut Canvas, models: impl Iterator<Item = (&'a str, Colour)>) {
    for (place, (name, colour)) in models.filter(|(name, _)| !name.is_empty()).enumerate() {
        let (x, y) = (FRAME.left + FRAME.width - 70.0, FRAME.top + FRAME.height - 34.0 + 18.0 * place as f64);
        canvas.dot((x, y), 4.0, colour);
        canvas.text(x + 10.0, y + 4.0, Anchor::Start, name);
    }
}
