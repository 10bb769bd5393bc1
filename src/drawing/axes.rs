//! Axes around a frame, and where data lies within it.

use super::canvas::{Anchor, Canvas, GRID, INK, Text};

/// One axis: what it shows and from where to where.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    pub(crate) label: String,
    pub(crate) from: f64,
    pub(crate) to: f64,
    /// Where a number is written, and which.
    pub(crate) ticks: Vec<(f64, String)>,
}

impl Axis {
    /// An axis from 0 to `to`, in percent, with a tick at every fifth.
    pub(crate) fn percent(label: &str, to: f64) -> Self {
        let tick = |i: i32| {
            let at = to * f64::from(i) / 5.0;
            let digits = usize::from(to < 0.25);
            (at, format!("{:.digits$}", 100.0 * at))
        };
        Self { label: label.to_owned(), from: 0.0, to, ticks: (0..=5).map(tick).collect() }
    }
}

/// A rectangle on paper in which data is drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// Where data lies on paper.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) frame: Frame,
    /// Ends of the axis to the right.
    pub(crate) x: (f64, f64),
    /// Ends of the axis upwards.
    pub(crate) y: (f64, f64),
}

impl Place {
    pub(crate) fn at(&self, x: f64, y: f64) -> (f64, f64) {
        let share = |value: f64, (from, to): (f64, f64)| ((value - from) / (to - from)).clamp(0.0, 1.0);
        let Frame { left, top, width, height } = self.frame;
        (left + share(x, self.x) * width, top + (1.0 - share(y, self.y)) * height)
    }
}

impl Canvas {
    /// Draws both axes around a frame.
    pub(crate) fn axes(&mut self, frame: Frame, x: &Axis, y: &Axis) {
        let place = Place { frame, x: (x.from, x.to), y: (y.from, y.to) };
        let (bottom, right) = (frame.top + frame.height, frame.left + frame.width);
        for (at, text) in &x.ticks {
            let (x, _) = place.at(*at, y.from);
            self.line((x, frame.top), (x, bottom), GRID, false);
            self.text(x, bottom + 16.0, Anchor::Middle, text);
        }
        for (at, text) in &y.ticks {
            let (_, y) = place.at(x.from, *at);
            self.line((frame.left, y), (right, y), GRID, false);
            self.text(frame.left - 6.0, y + 4.0, Anchor::End, text);
        }
        self.line((frame.left, bottom), (right, bottom), INK, false);
        self.line((frame.left, frame.top), (frame.left, bottom), INK, false);
        self.text(frame.left + frame.width / 2.0, bottom + 36.0, Anchor::Middle, &x.label);
        let middle = frame.top + frame.height / 2.0;
        let label = Text { anchor: Anchor::Middle, upwards: true, ..Text::new(&y.label) };
        self.write((frame.left - 44.0, middle), label);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_finds_its_place() {
        let frame = Frame { left: 10.0, top: 20.0, width: 100.0, height: 50.0 };
        let place = Place { frame, x: (0.0, 1.0), y: (0.0, 2.0) };
        assert_eq!(place.at(0.0, 0.0), (10.0, 70.0));
        assert_eq!(place.at(1.0, 2.0), (110.0, 20.0));
        // What lies outside is drawn at the edge.
        assert_eq!(place.at(3.0, -1.0), (110.0, 70.0));
    }
}
