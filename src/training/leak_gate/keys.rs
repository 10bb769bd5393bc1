//! Keys, and levels that name the groups: they memorise cases instead of describing them.

use std::collections::{BTreeMap, BTreeSet};

use super::names;
use super::{LeakLimits, LeakReason};
use crate::matrix::{Column, FeatureKind};
use crate::models::FIRST_BIN;
use crate::training::TrainingSet;

/// Fewest rows in which distinct values say that a column is a key.
const FEWEST_ROWS: usize = 20;

/// Whether nearly every value of a column of levels, or of whole numbers that are named as a key, is distinct.
pub(super) fn key(name: &str, column: &Column, limits: &LeakLimits) -> Option<LeakReason> {
    let (distinct, rows) = match column {
        Column::Level { codes, .. } => {
            let known: Vec<u32> = codes.iter().copied().filter(|code| *code != Column::MISSING).collect();
            (known.iter().collect::<BTreeSet<_>>().len(), known.len())
        }
        Column::Number { values, known } if names::ends_as_key(name) => {
            let known = values.iter().zip(known).filter(|(_, known)| **known).map(|(value, _)| *value);
            let values: Vec<f32> = known.collect();
            if values.iter().any(|value| value.fract() != 0.0) {
                return None;
            }
            (values.iter().map(|value| value.to_bits()).collect::<BTreeSet<_>>().len(), values.len())
        }
        Column::Number { .. } => return None,
    };
    let is_key = rows >= FEWEST_ROWS && distinct as f64 >= limits.key_share * rows as f64;
    is_key.then_some(LeakReason::Key { distinct: distinct as u64, rows: rows as u64 })
}

/// Whether each level occurs in one group only, though groups have many rows.
pub(super) fn level_per_group(
    set: &TrainingSet<'_>,
    feature: usize,
    limits: &LeakLimits,
) -> Option<LeakReason> {
    let rows = set.rows();
    if rows.binning.signature().features()[feature].kind != FeatureKind::Level {
        return None;
    }
    let mut groups_of: BTreeMap<u8, BTreeSet<u64>> = BTreeMap::new();
    for (row, group) in rows.binned.rows().zip(rows.groups).filter(|(row, _)| row[feature] >= FIRST_BIN) {
        let groups = groups_of.entry(row[feature]).or_default();
        // Two are enough to know that a level is no name of a group.
        if groups.len() < 2 {
            groups.insert(*group);
        }
    }
    let alone = groups_of.values().filter(|groups| groups.len() == 1).count();
    let names_groups =
        alone >= limits.groups_with_levels && alone as f64 >= limits.key_share * groups_of.len() as f64;
    names_groups.then(|| {
        let groups: BTreeSet<&u64> = groups_of.values().flatten().collect();
        LeakReason::LevelPerGroup { levels: groups_of.len() as u64, groups: groups.len() as u64 }
    })
}
