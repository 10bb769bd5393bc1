//! Where to cut numbers and which levels to keep.

use std::collections::BTreeMap;

use super::binning::BinningParams;
use super::bins::FIRST_BIN;
use crate::matrix::Column;

/// Cuts midway between distinct values, so that bins hold about equal counts.
pub(super) fn learn_cuts<'a>(columns: impl Iterator<Item = &'a Column>, params: &BinningParams) -> Vec<f32> {
    let mut values: Vec<f32> = Vec::new();
    for column in columns {
        if let Column::Number { values: numbers, known } = column {
            values.extend(numbers.iter().zip(known).filter(|(_, known)| **known).map(|(value, _)| value));
        }
    }
    values.sort_unstable_by(f32::total_cmp);
    // 0.0 and -0.0 are neighbours in the total order and equal here.
    let runs: Vec<(f32, usize)> = values.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect();
    let most_bins = params.max_bins - usize::from(FIRST_BIN);
    let mut cuts: Vec<f32> = Vec::new();
    let (mut held, mut left) = (0, values.len());
    for pair in runs.windows(2) {
        let ((value, count), (next, next_count)) = (pair[0], pair[1]);
        held += count;
        left -= count;
        let bins_left = most_bins - cuts.len();
        if bins_left <= 1 {
            break;
        }
        // What is still open is shared evenly over the bins still free; one heavy value closes its bin on
        // both sides.
        let share = ((held + left).div_ceil(bins_left)).max(params.min_bin_count);
        let room = runs.len() <= most_bins && held >= params.min_bin_count;
        if room || held >= share || (next_count >= share && held >= params.min_bin_count) {
            cuts.push(midpoint(value, next));
            held = 0;
        }
    }
    cuts
}

/// A number above `low` and at most `high`, midway where the format has one.
fn midpoint(low: f32, high: f32) -> f32 {
    let middle = f64::midpoint(f64::from(low), f64::from(high)) as f32;
    if middle > low && middle <= high { middle } else { high }
}

/// The levels that occur often enough, in the order of the alphabet; of too many, the most frequent.
pub(super) fn learn_levels<'a>(
    columns: impl Iterator<Item = &'a Column>,
    params: &BinningParams,
) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for column in columns {
        if let Column::Level { codes, levels } = column {
            let mut of_code = vec![0_usize; levels.len()];
            for code in codes.iter().filter(|code| **code != Column::MISSING) {
                of_code[*code as usize] += 1;
            }
            for (level, count) in levels.iter().zip(of_code) {
                *counts.entry(level).or_default() += count;
            }
        }
    }
    let mut kept: Vec<(usize, &str)> = counts
        .into_iter()
        .filter(|(_, count)| *count >= params.min_level_count)
        .map(|(level, count)| (count, level))
        .collect();
    kept.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    kept.truncate(params.max_bins - usize::from(FIRST_BIN));
    let mut levels: Vec<String> = kept.into_iter().map(|(_, level)| level.to_owned()).collect();
    levels.sort_unstable();
    levels
}
