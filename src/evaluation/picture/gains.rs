//! How many outcomes are found how far down the list.

use crate::drawing::{self, BLUE};
use crate::evaluation::Quality;

/// The share of all outcomes found by tenths of the list, with its interval.
pub(super) fn curve(name: &str, quality: &Quality) -> String {
    let tenths = quality.deciles.iter();
    let points = tenths.map(|tenth| [tenth.depth, tenth.gain.value, tenth.gain.low, tenth.gain.high]);
    let gains = drawing::Gains { name: String::new(), colour: BLUE, points: points.collect() };
    drawing::gains(&format!("Gains: {name}"), &[gains]).svg()
}
