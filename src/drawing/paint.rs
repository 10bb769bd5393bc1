//! A sheet as pixels: every shape covers each pixel by a share, and is laid over what is there.

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};
use ab_glyph_rasterizer::{Point, Rasterizer};

use super::canvas::{Anchor, Canvas, Colour, DASH, STROKE, Shape, Text};
use super::{DrawingError, png};

/// Pixels for one unit of the sheet, for screens and print of today.
const SCALE: f64 = 2.0;
/// Corners of the polygon that stands for a circle.
const CORNERS: u32 = 32;

/// A sheet in pixels.
struct Paper {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    /// The sheet as a PNG file, two pixels to a unit.
    ///
    /// # Errors
    /// [`DrawingError::Font`] and [`DrawingError::Pack`].
    pub(crate) fn png(&self) -> Result<Vec<u8>, DrawingError> {
        let font = FontRef::try_from_slice(dejavu::sans::regular()).map_err(|_| DrawingError::Font)?;
        let pixels = |units: f64| (units * SCALE).round().max(1.0) as usize;
        let (width, height) = (pixels(self.width), pixels(self.height));
        let mut paper = Paper { width, height, pixels: vec![255; 3 * width * height] };
        for shape in &self.shapes {
            paper.draw(shape, &font);
        }
        png::file(width, height, &paper.pixels)
    }
}

impl Paper {
    fn draw(&mut self, shape: &Shape, font: &FontRef<'_>) {
        match shape {
            Shape::Text { at, text } => self.write(*at, text, font),
            Shape::Line { from, to, colour, dashed: false } => self.stroke(*from, *to, 1.0, *colour),
            Shape::Line { from, to, colour, dashed: true } => {
                let length = distance(*from, *to);
                let on = |part: f64| {
                    let share = (part / length).min(1.0);
                    (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1))
                };
                let mut start = 0.0;
                while start < length {
                    self.stroke(on(start), on(start + DASH.0), 1.0, *colour);
                    start += DASH.0 + DASH.1;
                }
            }
            Shape::Polyline { points, colour } => {
                for pair in points.windows(2) {
                    self.stroke(pair[0], pair[1], STROKE, *colour);
                }
                // Round joints.
                for at in points.iter().take(points.len().saturating_sub(1)).skip(1) {
                    self.fill(&circle(*at, STROKE / 2.0), *colour, 1.0);
                }
            }
            Shape::Area { points, colour, opacity } => self.fill(points, *colour, *opacity),
            Shape::Dot { at, radius, colour } => self.fill(&circle(*at, *radius), *colour, 1.0),
        }
    }

    /// A line of some width, as the rectangle that it is.
    fn stroke(&mut self, from: (f64, f64), to: (f64, f64), width: f64, colour: Colour) {
        let (x, y) = (to.0 - from.0, to.1 - from.1);
        let length = distance(from, to);
        if length > 0.0 {
            let (x, y) = (-y / length * width / 2.0, x / length * width / 2.0);
            let corners = [
                (from.0 + x, from.1 + y),
                (to.0 + x, to.1 + y),
                (to.0 - x, to.1 - y),
                (from.0 - x, from.1 - y),
            ];
            self.fill(&corners, colour, 1.0);
        }
    }

    fn fill(&mut self, points: &[(f64, f64)], colour: Colour, opacity: f64) {
        let (mut left, mut top, mut right, mut bottom) = (f64::MAX, f64::MAX, f64::MIN, f64::MIN);
        for (x, y) in points {
            (left, right) = (left.min(x * SCALE), right.max(x * SCALE));
            (top, bottom) = (top.min(y * SCALE), bottom.max(y * SCALE));
        }
        // Corners outside of the paper stay where they are; what they cover there is cut off when it is laid.
        let (left, top) = (left.floor(), top.floor());
        if right <= left || bottom <= top {
            return;
        }
        // A column and a row more than is covered: sums of coverage run over into them.
        let size = ((right - left).ceil() as usize + 2, (bottom - top).ceil() as usize + 2);
        let mut coverage = Rasterizer::new(size.0, size.1);
        let within = |(x, y): (f64, f64)| Point { x: (x * SCALE - left) as f32, y: (y * SCALE - top) as f32 };
        let next = points.iter().cycle().skip(1);
        for (from, to) in points.iter().zip(next) {
            coverage.draw_line(within(*from), within(*to));
        }
        coverage.for_each_pixel_2d(|x, y, share| {
            self.lay(
                (left as i64 + i64::from(x), top as i64 + i64::from(y)),
                colour,
                f64::from(share) * opacity,
            );
        });
    }

    fn write(&mut self, at: (f64, f64), text: &Text, font: &FontRef<'_>) {
        // The size of a font is from the top of the tallest letter to the bottom of the deepest, which is more than its em.
        let em = font.units_per_em().map_or(1.0, |units| font.height_unscaled() / units);
        let scaled = font.as_scaled(PxScale::from((text.size * SCALE) as f32 * em));
        let mut glyphs = Vec::new();
        let (mut end, mut before) = (0.0, None);
        for letter in text.words.chars() {
            let id = scaled.glyph_id(letter);
            end += before.map_or(0.0, |before| scaled.kern(before, id));
            glyphs.push(id.with_scale_and_position(scaled.scale(), point(end, 0.0)));
            end += scaled.h_advance(id);
            before = Some(id);
        }
        let back = match text.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => end / 2.0,
            Anchor::End => end,
        };
        let origin = ((at.0 * SCALE).round() as i64, (at.1 * SCALE).round() as i64);
        for glyph in glyphs {
            let Some(outline) = font.outline_glyph(glyph) else { continue };
            let bounds = outline.px_bounds();
            outline.draw(|x, y, share| {
                let along = (bounds.min.x - back).round() as i64 + i64::from(x);
                let down = bounds.min.y as i64 + i64::from(y);
                let place = if text.upwards {
                    (origin.0 + down, origin.1 - along)
                } else {
                    (origin.0 + along, origin.1 + down)
                };
                self.lay(place, text.colour, f64::from(share));
            });
        }
    }

    /// Lays a colour over a pixel; what lies outside is cut off.
    fn lay(&mut self, (x, y): (i64, i64), colour: Colour, share: f64) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
        if share <= 0.0 || x >= self.width || y >= self.height {
            return;
        }
        let share = share.min(1.0);
        let start = 3 * (y * self.width + x);
        for (part, new) in self.pixels[start..start + 3].iter_mut().zip([colour.0, colour.1, colour.2]) {
            *part = (f64::from(*part) * (1.0 - share) + f64::from(new) * share).round() as u8;
        }
    }
}

fn distance(from: (f64, f64), to: (f64, f64)) -> f64 {
    let (x, y) = (to.0 - from.0, to.1 - from.1);
    (x * x + y * y).sqrt()
}

fn circle((x, y): (f64, f64), radius: f64) -> Vec<(f64, f64)> {
    let corner = |at: u32| {
        let angle = std::f64::consts::TAU * f64::from(at) / f64::from(CORNERS);
        (x + radius * libm::cos(angle), y + radius * libm::sin(angle))
    };
    (0..CORNERS).map(corner).collect()
}

#[cfg(test)]
mod tests {
    use super::super::canvas::{INK, WHITE};
    use super::*;

    fn paper() -> Paper {
        Paper { width: 20, height: 10, pixels: vec![255; 600] }
    }

    #[test]
    fn a_pixel_takes_the_colour_by_the_share_that_is_covered() {
        let mut paper = paper();
        // From 1 to 3.25 units: pixels 2 to 6.5, so the seventh is covered by half.
        paper.fill(&[(1.0, 0.0), (3.25, 0.0), (3.25, 2.0), (1.0, 2.0)], Colour(0, 0, 0), 1.0);
        let red = |x: usize, y: usize| paper.pixels[3 * (y * 20 + x)];
        assert_eq!(
            [red(1, 0), red(2, 0), red(5, 3), red(6, 0), red(7, 0), red(2, 4)],
            [255, 0, 0, 128, 255, 255]
        );
    }

    #[test]
    fn what_lies_outside_is_cut_off() {
        let mut paper = paper();
        paper.fill(&[(-5.0, -5.0), (50.0, -5.0), (50.0, 50.0), (-5.0, 50.0)], Colour(0, 0, 0), 1.0);
        assert!(paper.pixels.iter().all(|part| *part == 0));
    }

    #[test]
    fn letters_are_in_the_font_and_stand_where_they_should() {
        let mut canvas = Canvas::new(60.0, 40.0, "");
        canvas.write((30.0, 30.0), Text { anchor: Anchor::Middle, ..Text::new("Łódź") });
        let png = canvas.png().unwrap();
        assert_eq!(png, canvas.png().unwrap());
        let font = FontRef::try_from_slice(dejavu::sans::regular()).unwrap();
        let mut paper = Paper { width: 120, height: 80, pixels: vec![255; 3 * 120 * 80] };
        paper.write((30.0, 30.0), &Text { anchor: Anchor::Middle, ..Text::new("HH") }, &font);
        let inked: Vec<usize> =
            (0..120).filter(|x| (0..80).any(|y| paper.pixels[3 * (y * 120 + x)] < 128)).collect();
        let (first, last) = (inked[0], inked[inked.len() - 1]);
        // Around the middle, two letters wide.
        assert!((first + last).abs_diff(119) <= 3 && (25..50).contains(&(last - first)), "{first} {last}");
        assert_ne!(INK, WHITE);
    }
}
