//! A picture with two axes: points in the units of the data become points on paper.

use std::fmt::Write as _;

/// Colours that stay apart in grey and for colour-blind readers (Okabe and Ito 2008).
pub(super) const BLUE: &str = "#0072b2";
pub(super) const ORANGE: &str = "#d55e00";
pub(super) const GREY: &str = "#8a8a8a";
const INK: &str = "#222222";
const GRID: &str = "#e4e4e4";

/// One axis: what it shows and from where to where.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) label: String,
    pub(super) from: f64,
    pub(super) to: f64,
    /// Where a number is written, and which.
    pub(super) ticks: Vec<(f64, String)>,
}

impl Axis {
    /// An axis from 0 to `to`, in percent, with a tick at every fifth.
    pub(super) fn percent(label: &str, to: f64) -> Self {
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
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// An SVG document that grows.
#[derive(Clone, Debug)]
pub(super) struct Canvas(String);

impl Canvas {
    /// An empty sheet with a title.
    pub(super) fn new(width: f64, height: f64, title: &str) -> Self {
        let title = escaped(title);
        Self(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"{INK}\">\n\
             <title>{title}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
             <text x=\"{:.0}\" y=\"22\" text-anchor=\"middle\" font-size=\"14\">{title}</text>\n",
            width / 2.0
        ))
    }

    /// The finished document.
    pub(super) fn finish(mut self) -> String {
        self.0.push_str("</svg>\n");
        self.0
    }

    // Writing to a string cannot fail, here and below.

    pub(super) fn text(&mut self, x: f64, y: f64, anchor: &str, text: &str) {
        let _ = writeln!(
            self.0,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>",
            escaped(text)
        );
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: &str, dashed: bool) {
        let dash = if dashed { " stroke-dasharray=\"4 3\"" } else { "" };
        let _ = writeln!(
            self.0,
            "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\"{dash}/>",
            from.0, from.1, to.0, to.1
        );
    }

    pub(super) fn polyline(&mut self, points: &[(f64, f64)], colour: &str) {
        let _ = writeln!(
            self.0,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            joined(points)
        );
    }

    pub(super) fn area(&mut self, points: &[(f64, f64)], colour: &str) {
        let _ = writeln!(
            self.0,
            "<polygon points=\"{}\" fill=\"{colour}\" fill-opacity=\"0.18\"/>",
            joined(points)
        );
    }

    pub(super) fn dot(&mut self, at: (f64, f64), radius: f64, colour: &str) {
        let _ = writeln!(
            self.0,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius:.1}\" fill=\"{colour}\"/>",
            at.0, at.1
        );
    }

    /// A bar between two corners, in any order.
    pub(super) fn bar(&mut self, a: (f64, f64), b: (f64, f64), colour: &str) {
        let _ = writeln!(
            self.0,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{colour}\" fill-opacity=\"0.75\"/>",
            a.0.min(b.0),
            a.1.min(b.1),
            (a.0 - b.0).abs(),
            (a.1 - b.1).abs()
        );
    }

    /// Draws both axes around a frame.
    pub(super) fn axes(&mut self, frame: Frame, x: &Axis, y: &Axis) {
        let place = Place { frame, x: (x.from, x.to), y: (y.from, y.to) };
        let (bottom, right) = (frame.top + frame.height, frame.left + frame.width);
        for (at, text) in &x.ticks {
            let (x, _) = place.at(*at, y.from);
            self.line((x, frame.top), (x, bottom), GRID, false);
            self.text(x, bottom + 16.0, "middle", text);
        }
        for (at, text) in &y.ticks {
            let (_, y) = place.at(x.from, *at);
            self.line((frame.left, y), (right, y), GRID, false);
            self.text(frame.left - 6.0, y + 4.0, "end", text);
        }
        self.line((frame.left, bottom), (right, bottom), INK, false);
        self.line((frame.left, frame.top), (frame.left, bottom), INK, false);
        self.text(frame.left + frame.width / 2.0, bottom + 36.0, "middle", &x.label);
        let (x, middle) = (frame.left - 44.0, frame.top + frame.height / 2.0);
        let _ = writeln!(
            self.0,
            "<text x=\"{x:.1}\" y=\"{middle:.1}\" text-anchor=\"middle\" transform=\"rotate(-90 {x:.1} {middle:.1})\">{}</text>",
            escaped(&y.label)
        );
    }
}

/// Where data lies on paper.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) frame: Frame,
    /// Ends of the axis to the right.
    pub(super) x: (f64, f64),
    /// Ends of the axis upwards.
    pub(super) y: (f64, f64),
}

impl Place {
    pub(super) fn at(&self, x: f64, y: f64) -> (f64, f64) {
        let share = |value: f64, (from, to): (f64, f64)| ((value - from) / (to - from)).clamp(0.0, 1.0);
        let Frame { left, top, width, height } = self.frame;
        (left + share(x, self.x) * width, top + (1.0 - share(y, self.y)) * height)
    }
}

fn joined(points: &[(f64, f64)]) -> String {
    points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ")
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            letter if letter.is_control() => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_finds_its_place_and_names_cannot_break_the_document() {
        let frame = Frame { left: 10.0, top: 20.0, width: 100.0, height: 50.0 };
        let place = Place { frame, x: (0.0, 1.0), y: (0.0, 2.0) };
        assert_eq!(place.at(0.0, 0.0), (10.0, 70.0));
        assert_eq!(place.at(1.0, 2.0), (110.0, 20.0));
        // What lies outside is drawn at the edge.
        assert_eq!(place.at(3.0, -1.0), (110.0, 70.0));
        let svg = Canvas::new(9.0, 9.0, "a<b>&\n").finish();
        assert!(svg.contains("<title>a&lt;b&gt;&amp; </title>"), "{svg}");
    }
}
