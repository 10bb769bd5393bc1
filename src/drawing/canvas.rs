//! A sheet of paper: what is drawn on it, kept as shapes, and written as SVG.

use std::fmt::Write as _;

/// Colours that stay apart in grey and for colour-blind readers (Okabe and Ito 2008).
pub(crate) const BLUE: Colour = Colour(0x00, 0x72, 0xb2);
pub(crate) const ORANGE: Colour = Colour(0xd5, 0x5e, 0x00);
pub(crate) const GREY: Colour = Colour(0x8a, 0x8a, 0x8a);
pub(crate) const INK: Colour = Colour(0x22, 0x22, 0x22);
pub(crate) const GRID: Colour = Colour(0xe4, 0xe4, 0xe4);
pub(crate) const WHITE: Colour = Colour(0xff, 0xff, 0xff);
/// How opaque areas and bars are.
const AREA_OPACITY: f64 = 0.18;
const BAR_OPACITY: f64 = 0.75;
/// Lengths of a dash and of the gap after it.
pub(super) const DASH: (f64, f64) = (4.0, 3.0);
/// Width of a polyline.
pub(super) const STROKE: f64 = 2.0;

/// A colour: red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Colour(pub(crate) u8, pub(crate) u8, pub(crate) u8);

impl std::fmt::Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

/// Which end of a text stands at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }
}

/// A line of text.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) words: String,
    pub(crate) anchor: Anchor,
    /// Size of the letters, in units of the sheet.
    pub(crate) size: f64,
    pub(crate) colour: Colour,
    /// Whether it runs upwards.
    pub(crate) upwards: bool,
}

impl Text {
    /// A text in black from its start on.
    pub(crate) fn new(words: &str) -> Self {
        Self { words: words.to_owned(), anchor: Anchor::Start, size: 12.0, colour: INK, upwards: false }
    }
}

/// A thing on a sheet.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Text { at: (f64, f64), text: Text },
    Line { from: (f64, f64), to: (f64, f64), colour: Colour, dashed: bool },
    Polyline { points: Vec<(f64, f64)>, colour: Colour },
    Area { points: Vec<(f64, f64)>, colour: Colour, opacity: f64 },
    Dot { at: (f64, f64), radius: f64, colour: Colour },
}

/// A sheet that is drawn on.
#[derive(Clone, Debug)]
pub(crate) struct Canvas {
    pub(super) width: f64,
    pub(super) height: f64,
    title: String,
    pub(super) shapes: Vec<Shape>,
}

impl Canvas {
    /// An empty sheet with a title.
    pub(crate) fn new(width: f64, height: f64, title: &str) -> Self {
        let mut canvas = Self { width, height, title: title.to_owned(), shapes: Vec::new() };
        let heading = Text { anchor: Anchor::Middle, size: 14.0, ..Text::new(title) };
        canvas.write((width / 2.0, 22.0), heading);
        canvas
    }

    pub(crate) fn write(&mut self, at: (f64, f64), text: Text) {
        self.shapes.push(Shape::Text { at, text });
    }

    pub(crate) fn text(&mut self, x: f64, y: f64, anchor: Anchor, words: &str) {
        self.write((x, y), Text { anchor, ..Text::new(words) });
    }

    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: Colour, dashed: bool) {
        self.shapes.push(Shape::Line { from, to, colour, dashed });
    }

    pub(crate) fn polyline(&mut self, points: &[(f64, f64)], colour: Colour) {
        self.shapes.push(Shape::Polyline { points: points.to_vec(), colour });
    }

    pub(crate) fn area(&mut self, points: &[(f64, f64)], colour: Colour) {
        self.shapes.push(Shape::Area { points: points.to_vec(), colour, opacity: AREA_OPACITY });
    }

    pub(crate) fn dot(&mut self, at: (f64, f64), radius: f64, colour: Colour) {
        self.shapes.push(Shape::Dot { at, radius, colour });
    }

    /// A bar between two corners, in any order.
    pub(crate) fn bar(&mut self, a: (f64, f64), b: (f64, f64), colour: Colour) {
        self.rectangle(a, b, colour, BAR_OPACITY);
    }

    /// A rectangle between two corners.
    pub(crate) fn rectangle(&mut self, a: (f64, f64), b: (f64, f64), colour: Colour, opacity: f64) {
        let points = vec![a, (b.0, a.1), b, (a.0, b.1)];
        self.shapes.push(Shape::Area { points, colour, opacity });
    }

    /// The sheet as an SVG document: no fonts, no scripts, the same bytes everywhere.
    pub(crate) fn svg(&self) -> String {
        let (width, height) = (self.width, self.height);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"sans-serif\" font-size=\"12\">\n\
             <title>{}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"{WHITE}\"/>\n",
            escaped(&self.title)
        );
        for shape in &self.shapes {
            shape.write_svg(&mut svg);
        }
        svg.push_str("</svg>\n");
        svg
    }
}

impl Shape {
    fn write_svg(&self, svg: &mut String) {
        // Writing to a string cannot fail.
        let _ = match self {
            Self::Text { at: (x, y), text } => {
                let turned = if text.upwards {
                    format!(" transform=\"rotate(-90 {x:.1} {y:.1})\"")
                } else {
                    String::new()
                };
                writeln!(
                    svg,
                    "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{}\" font-size=\"{}\" fill=\"{}\"{turned}>{}</text>",
                    text.anchor.name(),
                    text.size,
                    text.colour,
                    escaped(&text.words)
                )
            }
            Self::Line { from, to, colour, dashed } => {
                let dash = if *dashed {
                    format!(" stroke-dasharray=\"{} {}\"", DASH.0, DASH.1)
                } else {
                    String::new()
                };
                writeln!(
                    svg,
                    "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\"{dash}/>",
                    from.0, from.1, to.0, to.1
                )
            }
            Self::Polyline { points, colour } => writeln!(
                svg,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{STROKE}\"/>",
                joined(points)
            ),
            Self::Area { points, colour, opacity } => writeln!(
                svg,
                "<polygon points=\"{}\" fill=\"{colour}\" fill-opacity=\"{opacity:.3}\"/>",
                joined(points)
            ),
            Self::Dot { at, radius, colour } => writeln!(
                svg,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius:.1}\" fill=\"{colour}\"/>",
                at.0, at.1
            ),
        };
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
    fn names_cannot_break_the_document() {
        let svg = Canvas::new(9.0, 9.0, "a<b>&\n").svg();
        assert!(svg.contains("<title>a&lt;b&gt;&amp; </title>"), "{svg}");
    }
}
