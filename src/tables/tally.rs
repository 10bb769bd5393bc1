//! What is counted while the rows of a table are read, and the notes it becomes.

use std::collections::{BTreeMap, BTreeSet};

use super::contract::TableContract;
use super::mapping::TableRules;
use super::note::{Note, code};

/// What is counted while rows are read.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Rows in the files.
    pub seen: u64,
    /// Rows that passed every check.
    pub kept: u64,
    /// Rows left out, by the rule of the mapping.
    pub skipped: BTreeMap<usize, u64>,
    /// Exact repetitions left out.
    pub duplicates: u64,
    /// Numbers in columns of text, by column.
    pub text_from_number: BTreeMap<usize, u64>,
    /// Rows for which another column stands in for `known_at`.
    pub known_at_stand_in: u64,
    /// Rows without any time.
    pub always_known: u64,
    /// Hashes of the rows, where exact repetitions are left out.
    pub rows_seen: BTreeSet<u128>,
}

impl Tally {
    /// Adds the counts of other rows.
    pub(super) fn add(&mut self, other: Self) {
        let Self {
            seen,
            kept,
            skipped,
            duplicates,
            text_from_number,
            known_at_stand_in,
            always_known,
            rows_seen,
        } = other;
        self.seen += seen;
        self.kept += kept;
        self.duplicates += duplicates;
        self.known_at_stand_in += known_at_stand_in;
        self.always_known += always_known;
        for (skip, count) in skipped {
            *self.skipped.entry(skip).or_default() += count;
        }
        for (position, count) in text_from_number {
            *self.text_from_number.entry(position).or_default() += count;
        }
        self.rows_seen.extend(rows_seen);
    }

    /// The counts in words.
    pub(super) fn notes(
        self,
        contract: &TableContract,
        rules: Option<&TableRules>,
        ignored: &BTreeSet<String>,
    ) -> Vec<Note> {
        let table = contract.table;
        let names = |position: usize| contract.columns[position].name;
        let mut notes = Vec::new();
        let mut note = |code, count: u64, text: String| {
            if count > 0 {
                notes.push(Note { table, code, text, count });
            }
        };
        let ignored: Vec<&str> = ignored.iter().map(String::as_str).collect();
        note(code::COLUMN_IGNORED, ignored.len() as u64, format!("columns ignored: {}", ignored.join(", ")));
        for (skip, count) in self.skipped {
            let reason = rules.and_then(|rules| rules.skips.get(skip)).map_or("", |skip| &skip.reason);
            note(code::ROWS_SKIPPED, count, format!("rows left out by the mapping: {reason}"));
        }
        note(code::DUPLICATES_DROPPED, self.duplicates, "exact repetitions of a row left out".to_owned());
        for (position, count) in self.text_from_number {
            let text = format!("numbers in {} taken as text by their digits", names(position));
            note(code::TEXT_FROM_NUMBER, count, text);
        }
        let stand_in = contract.known_at_fallback;
        note(code::KNOWN_AT_STAND_IN, self.known_at_stand_in, format!("{stand_in} stands in for known_at"));
        note(
            code::ALWAYS_KNOWN,
            self.always_known,
            format!("rows with neither known_at nor {stand_in} count as always known"),
        );
        notes
    }
}
