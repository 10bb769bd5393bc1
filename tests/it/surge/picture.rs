//! Draws the measured rates as an SVG picture of two panels.

use std::fmt::Write as _;

use super::simulator::{Pattern, SIZES, Shares};

const WIDTH: f64 = 980.0;
const HEIGHT: f64 = 430.0;
const INK: &str = "#24292f";
const GREY: &str = "#6e7781";
const GRID: &str = "#e4e8ec";
const ALARM: &str = "#b3261e";
const FONT: &str = "font-family=\"Helvetica, Arial, sans-serif\"";

/// Colour and dashes of a pattern; those without a promise are dashed.
const fn style(pattern: Pattern) -> (&'static str, &'static str) {
    match pattern {
        Pattern::Steady => ("#0b62a4", ""),
        Pattern::Bursty => ("#d9730d", ""),
        Pattern::Swinging => ("#2b8a3e", ""),
        Pattern::VeryBursty => ("#d9730d", "5 4"),
        Pattern::Drifting => ("#8250b8", "5 4"),
    }
}

/// One panel: a frame, an axis of sizes, an axis of percents and a line that the rates are held against.
struct Panel<'a> {
    left: f64,
    title: &'a str,
    subtitle: &'a str,
    top_percent: f64,
    step: usize,
    limit: f64,
    limit_label: &'a str,
    shares: &'a [(Pattern, Shares)],
}

impl Panel<'_> {
    const PLOT_WIDTH: f64 = 400.0;
    const TOP: f64 = 74.0;
    const BOTTOM: f64 = 330.0;

    fn x(&self, place: usize) -> f64 {
        self.left + 18.0 + (Self::PLOT_WIDTH - 36.0) * place as f64 / (SIZES.len() - 1) as f64
    }

    fn y(&self, percent: f64) -> f64 {
        Self::BOTTOM - (Self::BOTTOM - Self::TOP) * percent / self.top_percent
    }

    fn draw(&self, svg: &mut String) {
        let (left, right) = (self.left, self.left + Self::PLOT_WIDTH);
        let _ = writeln!(
            svg,
            "<text x=\"{left:.0}\" y=\"32\" {FONT} font-size=\"16\" font-weight=\"bold\" fill=\"{INK}\">{}</text>\n\
             <text x=\"{left:.0}\" y=\"53\" {FONT} font-size=\"13\" fill=\"{GREY}\">{}</text>",
            self.title, self.subtitle
        );
        for percent in (0..=self.top_percent as usize).step_by(self.step) {
            let y = self.y(percent as f64);
            let _ = writeln!(
                svg,
                "<line x1=\"{left:.1}\" y1=\"{y:.1}\" x2=\"{right:.1}\" y2=\"{y:.1}\" stroke=\"{GRID}\"/>\n\
                 <text x=\"{:.1}\" y=\"{:.1}\" {FONT} font-size=\"12\" fill=\"{GREY}\" text-anchor=\"end\">{percent} %</text>",
                left - 8.0,
                y + 4.0
            );
        }
        for (place, size) in SIZES.iter().enumerate() {
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" {FONT} font-size=\"12\" fill=\"{GREY}\" text-anchor=\"middle\">{size}</text>",
                self.x(place),
                Self::BOTTOM + 20.0
            );
        }
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" {FONT} font-size=\"12\" fill=\"{GREY}\" text-anchor=\"middle\">\
             signals a quarter</text>",
            left + Self::PLOT_WIDTH / 2.0,
            Self::BOTTOM + 40.0
        );
        let y = self.y(self.limit);
        let _ = writeln!(
            svg,
            "<line x1=\"{left:.1}\" y1=\"{y:.1}\" x2=\"{right:.1}\" y2=\"{y:.1}\" stroke=\"{ALARM}\" \
             stroke-width=\"1.5\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" {FONT} font-size=\"12\" fill=\"{ALARM}\">{}</text>",
            left + 6.0,
            y - 6.0,
            self.limit_label
        );
        // Reversed, so that the steady line lies on top.
        for (pattern, shares) in self.shares.iter().rev() {
            self.draw_line(svg, *pattern, shares);
        }
    }

    fn draw_line(&self, svg: &mut String, pattern: Pattern, shares: &Shares) {
        let (colour, dashes) = style(pattern);
        let places: Vec<(f64, f64)> =
            shares.iter().enumerate().map(|(place, share)| (self.x(place), self.y(*share))).collect();
        let points: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let dashed =
            if dashes.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dashes}\"") };
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.2\" \
             stroke-linejoin=\"round\"{dashed}/>",
            points.join(" ")
        );
        for (x, y) in places {
            let _ = writeln!(
                svg,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.4\" fill=\"{colour}\" stroke=\"#fff\"/>"
            );
        }
    }
}

/// The picture of the document.
pub(super) fn draw(false_alarms: &[(Pattern, Shares)], found: &[(Pattern, Shares)]) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
         height=\"{HEIGHT}\" role=\"img\">\n<title>Share of accounts that surge, by signals a quarter: when nothing \
         changed, and when signals tripled</title>\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n"
    );
    let alarms = Panel {
        left: 60.0,
        title: "False alarms",
        subtitle: "accounts at 60 or above when nothing changed",
        top_percent: 10.0,
        step: 2,
        limit: 5.0,
        limit_label: "solid: at most 5 %",
        shares: false_alarms,
    };
    let power = Panel {
        left: 556.0,
        title: "Found",
        subtitle: "accounts at 60 or above when signals tripled for three weeks",
        top_percent: 100.0,
        step: 20,
        limit: 90.0,
        limit_label: "steady: at least 90 % from 30 up",
        shares: found,
    };
    alarms.draw(&mut svg);
    power.draw(&mut svg);
    for (place, pattern) in Pattern::ALL.into_iter().enumerate() {
        let (colour, dashes) = style(pattern);
        let x = 190.0 + 130.0 * place as f64;
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" y1=\"404\" x2=\"{:.1}\" y2=\"404\" stroke=\"{colour}\" stroke-width=\"2.6\" \
             stroke-dasharray=\"{dashes}\"/>\n\
             <text x=\"{:.1}\" y=\"408\" {FONT} font-size=\"13\" fill=\"{INK}\">{pattern}</text>",
            x + 28.0,
            x + 36.0
        );
    }
    svg.push_str("</svg>\n");
    svg
}
