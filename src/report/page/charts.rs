//! The charts of a page as pictures.

use super::content::{Content, Moves, Product, Worth};
use crate::drawing::{self, Anchor, Canvas, Colour, GREY, Gains, INK, Reliability, Text, WHITE};
use crate::grid::{Band, Cluster};

/// The colours of the clusters, as on the page.
const CLUSTERS: [Colour; 5] = [
    Colour(0x0b, 0x7a, 0x5c),
    Colour(0x2a, 0x6f, 0xdb),
    Colour(0xc9, 0x8a, 0x12),
    Colour(0x8b, 0x93, 0xa3),
    Colour(0xd9, 0xde, 0xe8),
];
/// Shares of the colour of a cell from which letters on it are white.
const DARK: f64 = 0.55;
/// Cohorts that are drawn, the largest first.
const MOST_COHORTS: usize = 24;

/// All charts with their names.
pub(super) fn of(content: &Content) -> Vec<(String, Canvas)> {
    let mut charts = Vec::new();
    for product in &content.products {
        let mut add = |what: &str, canvas: Canvas| charts.push((format!("{}-{what}", product.name), canvas));
        add("grid", grid(content, product));
        add("tiers", tiers(content, product));
        if let Some(curves) = worth(product) {
            let [gains, reliability] = curves;
            add("gains", gains);
            add("reliability", reliability);
        }
        if let (Some(moves), Some(previous)) = (&product.moves, &content.previous) {
            add("moved", moved(product, moves, previous));
        }
    }
    if content.cohorts.iter().any(|(_, customers)| *customers > 0) {
        charts.push(("cohorts".to_owned(), cohorts(content)));
    }
    charts
}

/// A table of coloured cells with a row and a column of names.
struct Cells<'a> {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
    rows: &'a [&'a str],
    columns: &'a [&'a str],
}

impl Cells<'_> {
    fn names(&self, canvas: &mut Canvas) {
        for (column, name) in self.columns.iter().enumerate() {
            let x = self.left + self.width * (column as f64 + 0.5);
            canvas.text(x, self.top - 8.0, Anchor::Middle, name);
        }
        for (row, name) in self.rows.iter().enumerate() {
            let y = self.top + self.height * (row as f64 + 0.5) + 4.0;
            canvas.text(self.left - 10.0, y, Anchor::End, name);
        }
    }

    /// Draws a cell, and returns its corner and the colour of letters on it.
    fn cell(
        &self,
        canvas: &mut Canvas,
        (row, column): (usize, usize),
        colour: Colour,
        share: f64,
    ) -> ((f64, f64), Colour) {
        let corner = (self.left + self.width * column as f64, self.top + self.height * row as f64);
        let other = (corner.0 + self.width - 4.0, corner.1 + self.height - 4.0);
        canvas.rectangle(corner, other, colour, share);
        (corner, if share > DARK { WHITE } else { INK })
    }
}

fn written(canvas: &mut Canvas, at: (f64, f64), size: f64, colour: Colour, anchor: Anchor, words: &str) {
    canvas.write(at, Text { anchor, size, colour, ..Text::new(words) });
}

/// Accounts by fit and intent, and what they bought.
fn grid(content: &Content, product: &Product) -> Canvas {
    let bands = Band::ALL.map(Band::name);
    let cells = Cells { left: 96.0, top: 84.0, width: 118.0, height: 70.0, rows: &bands, columns: &bands };
    let mut canvas = Canvas::new(600.0, 390.0, &format!("Fit and intent: {}", product.label));
    canvas.text(cells.left + 2.0 * cells.width, 52.0, Anchor::Middle, "intent");
    let fit = Text { anchor: Anchor::Middle, upwards: true, ..Text::new("fit") };
    canvas.write((22.0, cells.top + 2.0 * cells.height), fit);
    cells.names(&mut canvas);
    let most = product.grid.iter().flatten().map(|cell| cell.0).max().unwrap_or(0).max(1);
    for (row, (of_row, labels)) in product.grid.iter().zip(&product.labels).enumerate() {
        for (column, ((count, money), label)) in of_row.iter().zip(labels).enumerate() {
            let share = if *count == 0 { 0.04 } else { 0.12 + 0.8 * (*count as f64 / most as f64).sqrt() };
            let ((x, y), ink) = cells.cell(&mut canvas, (row, column), CLUSTERS[0], share);
            written(&mut canvas, (x + 8.0, y + 18.0), 12.0, ink, Anchor::Start, label);
            written(&mut canvas, (x + 8.0, y + 42.0), 17.0, ink, Anchor::Start, &grouped(*count));
            if let Some(money) = money.map(crate::features::Money::value).filter(|money| *money > 0.0) {
                let currency = content.currency.as_deref().unwrap_or_default();
                let words = format!("{currency} {}", compact(money));
                written(&mut canvas, (x + 8.0, y + 58.0), 11.0, ink, Anchor::Start, words.trim_start());
            }
        }
    }
    let note = if product.grid[0][0].1.is_some() {
        "accounts, and what they bought of it in 12 months"
    } else {
        "accounts"
    };
    written(&mut canvas, (cells.left, 378.0), 11.0, GREY, Anchor::Start, note);
    canvas
}

/// Accounts by tier and cluster.
fn tiers(content: &Content, product: &Product) -> Canvas {
    const LEFT: f64 = 120.0;
    const WIDTH: f64 = 380.0;
    let height = 84.0 + 34.0 * content.tiers.len() as f64;
    let mut canvas = Canvas::new(600.0, height, &format!("Accounts by tier: {}", product.label));
    let mut x = LEFT;
    for (colour, cluster) in CLUSTERS.into_iter().zip(Cluster::ALL).take(4) {
        canvas.dot((x + 5.0, 46.0), 5.0, colour);
        canvas.text(x + 15.0, 50.0, Anchor::Start, cluster.name());
        x += 92.0;
    }
    let most = product.tiers.iter().map(|counts| counts.iter().sum::<u64>()).max().unwrap_or(0).max(1) as f64;
    for (row, (tier, counts)) in content.tiers.iter().zip(&product.tiers).enumerate() {
        let top = 68.0 + 34.0 * row as f64;
        canvas.text(LEFT - 10.0, top + 15.0, Anchor::End, tier);
        let mut from = LEFT;
        for (colour, count) in CLUSTERS.into_iter().zip(counts).filter(|(_, count)| **count > 0) {
            let to = from + WIDTH * *count as f64 / most;
            canvas.rectangle((from, top), (to, top + 22.0), colour, 1.0);
            from = to;
        }
        canvas.text(from + 8.0, top + 15.0, Anchor::Start, &grouped(counts.iter().sum()));
    }
    canvas
}

/// Gains and reliability of the models of a product, where they were measured.
fn worth(product: &Product) -> Option<[Canvas; 2]> {
    let models = || {
        let named = ["fit", "intent"].into_iter().zip(CLUSTERS).zip(&product.quality);
        named.filter_map(|(named, worth)| Some((named, worth.as_ref()?)))
    };
    models().next()?;
    let gains: Vec<Gains> = models()
        .map(|((name, colour), worth): ((&str, Colour), &Worth)| Gains {
            name: name.to_owned(),
            colour,
            points: worth.gains.clone(),
        })
        .collect();
    let reliability: Vec<Reliability> = models()
        .map(|((name, colour), worth)| Reliability {
            name: name.to_owned(),
            colour,
            bins: worth.reliability.clone(),
        })
        .collect();
    Some([
        drawing::gains(&format!("Gains: {}", product.label), &gains),
        drawing::reliability(&format!("Reliability: {}", product.label), &reliability),
    ])
}

/// Accounts by cluster then and now.
fn moved(product: &Product, moves: &Moves, previous: &str) -> Canvas {
    let clusters = Cluster::ALL.map(Cluster::name);
    let names = &clusters[..4];
    let cells = Cells { left: 96.0, top: 84.0, width: 118.0, height: 46.0, rows: names, columns: names };
    let mut canvas = Canvas::new(600.0, 300.0, &format!("Moved since {previous}: {}", product.label));
    canvas.text(cells.left + 2.0 * cells.width, 52.0, Anchor::Middle, "now");
    let before = Text { anchor: Anchor::Middle, upwards: true, ..Text::new("before") };
    canvas.write((22.0, cells.top + 2.0 * cells.height), before);
    cells.names(&mut canvas);
    for (from, counts) in moves.between.iter().take(4).enumerate() {
        for (to, count) in counts.iter().take(4).enumerate() {
            // Up in green, down in amber, as they were in grey.
            let colour = match to.cmp(&from) {
                std::cmp::Ordering::Less => CLUSTERS[0],
                std::cmp::Ordering::Equal => CLUSTERS[3],
                std::cmp::Ordering::Greater => CLUSTERS[2],
            };
            let share = if *count == 0 { 0.05 } else { 0.3 };
            let ((x, y), ink) = cells.cell(&mut canvas, (from, to), colour, share);
            written(&mut canvas, (x + 57.0, y + 27.0), 15.0, ink, Anchor::Middle, &grouped(*count));
        }
    }
    let note = format!("{} new, {} gone", grouped(moves.arrived), grouped(moves.gone));
    written(&mut canvas, (cells.left, 288.0), 11.0, GREY, Anchor::Start, &note);
    canvas
}

/// Customers of the largest cohorts.
fn cohorts(content: &Content) -> Canvas {
    const LEFT: f64 = 470.0;
    const WIDTH: f64 = 340.0;
    let mut counted: Vec<&(String, u64)> =
        content.cohorts.iter().filter(|(_, customers)| *customers > 0).collect();
    counted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counted.truncate(MOST_COHORTS);
    let mut canvas = Canvas::new(
        900.0,
        56.0 + 24.0 * counted.len() as f64,
        &format!("Customers by cohort: {}", content.catalogue),
    );
    let most = counted.first().map_or(1, |(_, customers)| *customers) as f64;
    for (row, (name, customers)) in counted.into_iter().enumerate() {
        let top = 44.0 + 24.0 * row as f64;
        let shown: String = name.chars().take(76).collect();
        written(&mut canvas, (LEFT - 10.0, top + 12.0), 11.0, INK, Anchor::End, &shown);
        let to = LEFT + WIDTH * *customers as f64 / most;
        canvas.rectangle((LEFT, top), (to, top + 16.0), CLUSTERS[1], 0.85);
        written(&mut canvas, (to + 8.0, top + 12.0), 11.0, INK, Anchor::Start, &grouped(*customers));
    }
    canvas
}

/// A whole number with a comma at the thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An amount in few letters: `12.3K`, `4.5M`.
fn compact(amount: f64) -> String {
    let steps = [(1e9, "B"), (1e6, "M"), (1e3, "K")];
    match steps.into_iter().find(|(size, _)| amount >= *size) {
        Some((size, letter)) => format!("{:.1}{letter}", amount / size),
        None => format!("{amount:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_as_people_write_them() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0.0, 999.4, 1234.0, 5.6e6].map(compact), ["0", "999", "1.2K", "5.6M"]);
    }
}
