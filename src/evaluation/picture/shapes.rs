//! What the heaviest columns add, value by value.

use crate::drawing::{Anchor, Axis, BLUE, Canvas, Frame, GREY, Place};
use crate::evaluation::{Shape, ShapePoint};

const COLUMNS: usize = 2;
const PANEL: (f64, f64) = (400.0, 230.0);
/// Levels shown at most: those that add or take most.
const MOST_LEVELS: usize = 8;

/// A panel a column, heaviest first; all panels have one scale, so that they can be compared.
pub(super) fn panels(name: &str, shapes: &[Shape]) -> String {
    let rows = shapes.len().div_ceil(COLUMNS);
    let height = 40.0 + PANEL.1 * rows as f64;
    let mut canvas = Canvas::new(PANEL.0 * COLUMNS as f64, height, &format!("Log-odds added: {name}"));
    let most =
        shapes.iter().flat_map(|shape| &shape.points).map(|point| point.weight.abs()).fold(0.1, f64::max);
    let to = (most * 10.0).ceil() / 10.0;
    for (index, shape) in shapes.iter().enumerate() {
        let (column, row) = (index % COLUMNS, index / COLUMNS);
        let frame = Frame {
            left: PANEL.0 * column as f64 + 60.0,
            top: 40.0 + PANEL.1 * row as f64 + 26.0,
            width: PANEL.0 - 84.0,
            height: PANEL.1 - 82.0,
        };
        let label = format!("{} (mean effect {:.2})", shortened(&shape.column, 40), shape.importance);
        canvas.text(frame.left + frame.width / 2.0, frame.top - 8.0, Anchor::Middle, &label);
        if shape.points.iter().any(|point| point.from.is_some()) {
            numbers(&mut canvas, frame, shape, to);
        } else {
            levels(&mut canvas, frame, shape, to);
        }
    }
    canvas.svg()
}

fn upwards(to: f64) -> Axis {
    let ticks = [-to, -to / 2.0, 0.0, to / 2.0, to].map(|at| (at, format!("{at:.2}"))).to_vec();
    Axis { label: String::new(), from: -to, to, ticks }
}

/// Steps over the bins, each as wide as another, because values crowd at one end of most columns.
fn numbers(canvas: &mut Canvas, frame: Frame, shape: &Shape, to: f64) {
    let first = shape.points.iter().position(|point| point.from.is_some()).unwrap_or(0).saturating_sub(1);
    let (special, known) = shape.points.split_at(first);
    let n = known.len() as f64;
    let tick = |i: usize| {
        let place = i * (known.len() - 1) / 4;
        known[place].from.map(|from| (place as f64, short_number(from)))
    };
    let ticks = (0..=4).filter_map(tick).collect();
    let x = Axis { label: special_words(special), from: 0.0, to: n, ticks };
    canvas.axes(frame, &x, &upwards(to));
    let place = Place { frame, x: (0.0, n), y: (-to, to) };
    canvas.line(place.at(0.0, 0.0), place.at(n, 0.0), GREY, true);
    let steps: Vec<(f64, f64)> = known
        .iter()
        .enumerate()
        .flat_map(|(i, point)| [place.at(i as f64, point.weight), place.at(i as f64 + 1.0, point.weight)])
        .collect();
    canvas.polyline(&steps, BLUE);
}

fn levels(canvas: &mut Canvas, frame: Frame, shape: &Shape, to: f64) {
    let mut points: Vec<&ShapePoint> = shape.points.iter().collect();
    points.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    points.truncate(MOST_LEVELS);
    points.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let n = points.len().max(1) as f64;
    let ticks = points.iter().enumerate().map(|(i, point)| {
        let most = (44 / points.len()).max(4);
        (i as f64 + 0.5, shortened(&point.bin, most))
    });
    let x = Axis { label: String::new(), from: 0.0, to: n, ticks: ticks.collect() };
    canvas.axes(frame, &x, &upwards(to));
    let place = Place { frame, x: (0.0, n), y: (-to, to) };
    for (i, point) in points.iter().enumerate() {
        let from = i as f64;
        canvas.bar(place.at(from + 0.2, 0.0), place.at(from + 0.8, point.weight), BLUE);
    }
    canvas.line(place.at(0.0, 0.0), place.at(n, 0.0), GREY, true);
}

fn special_words(special: &[ShapePoint]) -> String {
    special.iter().map(|point| format!("{}: {:+.2}", point.bin, point.weight)).collect::<Vec<_>>().join(", ")
}

fn short_number(value: f64) -> String {
    let size = value.abs();
    if size >= 1e6 {
        format!("{:.1}M", value / 1e6)
    } else if size >= 1e4 {
        format!("{:.0}k", value / 1e3)
    } else if size >= 100.0 || value.fract() == 0.0 {
        format!("{value:.0}")
    } else if size >= 1.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.3}")
    }
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        text.to_owned()
    } else {
        text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
    }
}
