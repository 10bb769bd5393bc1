//! Inferring a recipe from all rows of a table, in one pass and fixed memory.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use super::cell;
use super::distinct::DistinctCounter;
use super::recipe::{ColumnKind, ColumnRule, MISSING_MARKERS, Recipe};
use super::source::BrokenRows;
use super::{RecipeFaults, WideError};
use crate::tables::raw::{Cell, CsvFormat, RawTable};
use crate::training::leak_gate::ends_as_key;

/// Below this many values, a column of distinct texts may well be a category.
const FEWEST_FOR_KEY: u64 = 20;
/// From this share of distinct values on, a column is a key or free text.
const KEY_SHARE: f64 = 0.9;
/// A column with words among its numbers stays a number only if this share of its values are numbers ...
const NUMBER_SHARE: f64 = 0.9;
/// ... if it holds more distinct values than a category would ...
const FEWEST_MIXED_NUMBERS: u64 = 20;
/// ... and no more distinct words than this.
const MOST_WORDS: usize = 3;
/// What is found in one column.
#[derive(Clone, Debug)]
pub struct ColumnProfile {
    name: String,
    missing: u64,
    known: u64,
    numbers: u64,
    integers: u64,
    leading_zeros: u64,
    flags: u64,
    times: u64,
    others: u64,
    words: BTreeSet<String>,
    distinct: DistinctCounter,
}

impl ColumnProfile {
    fn new(name: String) -> Self {
        Self {
            name,
            missing: 0,
            known: 0,
            numbers: 0,
            integers: 0,
            leading_zeros: 0,
            flags: 0,
            times: 0,
            others: 0,
            words: BTreeSet::new(),
            distinct: DistinctCounter::default(),
        }
    }

    fn insert(&mut self, cell: Cell<'_>, missing: impl Fn(&str) -> bool) {
        let Some(text) = cell::text(cell).filter(|text| !missing(text)) else {
            self.missing += 1;
            return;
        };
        self.known += 1;
        self.distinct.insert(&text);
        if cell::number(cell).is_some() {
            self.numbers += 1;
            self.integers += u64::from(text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'));
            self.leading_zeros += u64::from(cell::has_leading_zero(&text));
            return;
        }
        let truth = text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false");
        if truth {
            self.flags += 1;
        } else if matches!(cell, Cell::Time(_)) || cell::parse_micros(&text).is_some() {
            self.times += 1;
        } else if matches!(cell, Cell::Other(_)) {
            self.others += 1;
        }
        // One more than is allowed is enough to know that there are too many.
        if self.words.len() <= MOST_WORDS && !self.words.contains(text.as_ref()) {
            self.words.insert(text.into_owned());
        }
    }

    fn is_nearly_distinct(&self) -> bool {
        self.known >= FEWEST_FOR_KEY && self.distinct.count() as f64 >= KEY_SHARE * self.known as f64
    }

    /// The rule for this column, with the reason.
    fn rule(&self) -> ColumnRule {
        let rule =
            |kind, reason: String| ColumnRule { name: self.name.clone(), kind, missing: Vec::new(), reason };
        let drop = |reason: &str| rule(ColumnKind::Drop, reason.to_owned());
        let words = || self.words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", ");
        if self.name.is_empty() {
            drop("the column has no name")
        } else if self.known == 0 {
            drop("no value in any row")
        } else if self.distinct.count() == 1 && self.missing == 0 {
            drop("the same value in every row")
        } else if self.others > 0 {
            drop("nested values")
        } else if self.flags == self.known {
            rule(ColumnKind::Flag, String::new())
        } else if self.times == self.known {
            rule(ColumnKind::Time, "read as days from 1970-01-01".to_owned())
        } else if self.numbers == self.known && self.leading_zeros == 0 {
            if self.integers == self.known && self.is_nearly_distinct() && ends_as_key(&self.name) {
                drop("a key: whole numbers, nearly all distinct, named as one")
            } else {
                rule(ColumnKind::Number, String::new())
            }
        } else if self.is_number_with_words() {
            ColumnRule {
                missing: self.words.iter().cloned().collect(),
                ..rule(ColumnKind::Number, format!("numbers; {} counts as missing", words()))
            }
        } else if self.is_nearly_distinct() {
            drop("a key or free text: nearly all distinct")
        } else if self.leading_zeros > 0 {
            rule(ColumnKind::Level, "leading zeros: taken as text".to_owned())
        } else if self.numbers > 0 {
            rule(ColumnKind::Level, "numbers and words".to_owned())
        } else {
            rule(ColumnKind::Level, String::new())
        }
    }

    fn is_number_with_words(&self) -> bool {
        self.numbers as f64 >= NUMBER_SHARE * self.known as f64
            && self.leading_zeros == 0
            && self.words.len() <= MOST_WORDS
            && self.distinct.count() > FEWEST_MIXED_NUMBERS + self.words.len() as u64
    }
}

/// A recipe with what was found in the columns it was inferred from.
#[derive(Clone, Debug)]
pub struct Inference {
    rows: u64,
    recipe: Recipe,
    profiles: Vec<ColumnProfile>,
}

impl Inference {
    /// Reads all rows of `table` once and decides what its columns are.
    ///
    /// Memory is fixed per column; the result is the same for every order of the rows.
    ///
    /// # Errors
    /// [`WideError::Raw`] when the file cannot be read, [`WideError::Schema`] for rows that cannot be split
    /// into cells, [`WideError::NoRows`] for a table without rows, [`WideError::Recipe`] when its header has
    /// a fault.
    pub fn of(table: &Path, format: &CsvFormat) -> Result<Self, WideError> {
        let mut raw = RawTable::open(table, format)?;
        let mut profiles: Vec<_> = raw.header().iter().cloned().map(ColumnProfile::new).collect();
        let mut broken = BrokenRows::default();
        let mut rows = 0_u64;
        while let Some(batch) = raw.next_batch()? {
            broken.insert(raw.header(), &batch);
            rows += batch.n_rows() as u64;
            for row in 0..batch.n_rows() {
                for (column, profile) in profiles.iter_mut().enumerate() {
                    profile.insert(batch.cell(row, column), |text| MISSING_MARKERS.contains(&text));
                }
            }
        }
        broken.refuse(table)?;
        if rows == 0 {
            return Err(WideError::NoRows { path: table.to_path_buf() });
        }
        // A nameless column cannot be asked for; several of them are no fault.
        let rules = profiles.iter().filter(|profile| !profile.name.is_empty()).map(ColumnProfile::rule);
        let recipe = Recipe::try_new(format.delimiter.map(char::from), rules.collect()).map_err(
            |faults: RecipeFaults| WideError::Recipe {
                path: table.to_path_buf(),
                reason: faults.to_string(),
            },
        )?;
        Ok(Self { rows, recipe, profiles })
    }

    /// The recipe.
    pub const fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The number of rows.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// The same inference with another recipe, such as one with dropped columns.
    #[must_use]
    pub fn with_recipe(self, recipe: Recipe) -> Self {
        Self { recipe, ..self }
    }
}

impl fmt::Display for Inference {
    /// Writes a table: column, kind, missing, distinct, example, reason.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = self.recipe.columns().iter().map(|rule| {
            let profile = self.profiles.iter().find(|profile| profile.name == rule.name);
            let (missing, distinct, example) = profile.map_or_else(
                || ("-".to_owned(), "-".to_owned(), "-".to_owned()),
                |profile| {
                    let share = 100.0 * profile.missing as f64 / self.rows.max(1) as f64;
                    let about = if profile.distinct.is_exact() { "" } else { "~" };
                    // An estimate may exceed what is possible.
                    let distinct = profile.distinct.count().min(profile.known);
                    (
                        if profile.missing == 0 { "-".to_owned() } else { format!("{share:.1} %") },
                        format!("{about}{distinct}"),
                        shortened(profile.distinct.example().unwrap_or("-"), 24),
                    )
                },
            );
            [
                shortened(&rule.name, 40),
                rule.kind.to_string(),
                missing,
                distinct,
                example,
                rule.reason.clone(),
            ]
        });
        let heading = ["column", "kind", "missing", "distinct", "example", "why"].map(str::to_owned);
        let lines: Vec<[String; 6]> = std::iter::once(heading).chain(found).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; 6] = std::array::from_fn(width);
        for [column, kind, missing, distinct, example, why] in &lines {
            let [a, b, c, d, e, _] = widths;
            let line =
                format!("  {column:a$}  {kind:b$}  {missing:>c$}  {distinct:>d$}  {example:e$}  {why}");
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// A text on one line, cut to at most `most` characters.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let line: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if line.chars().count() <= most { line } else { line.chars().take(most - 1).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule_of(name: &str, cells: impl IntoIterator<Item = String>) -> ColumnRule {
        let mut profile = ColumnProfile::new(name.to_owned());
        for text in cells {
            let cell = if text.is_empty() { Cell::Missing } else { Cell::Text(&text) };
            profile.insert(cell, |text| MISSING_MARKERS.contains(&text));
        }
        profile.rule()
    }

    fn kind_of(name: &str, cells: &[&str]) -> ColumnKind {
        rule_of(name, cells.iter().map(|&cell| cell.to_owned())).kind
    }

    #[test]
    fn kinds_follow_from_the_cells() {
        let cases: [(&[&str], ColumnKind); 12] = [
            (&["1", "-2", "3e4", ""], ColumnKind::Number),
            (&["-1", "7", "-1", "?"], ColumnKind::Number),
            (&["TRUE", "FALSE", "TRUE"], ColumnKind::Flag),
            (&["yes", "no", "yes"], ColumnKind::Level),
            (&["007", "008", "120"], ColumnKind::Level),
            (&["None", "Known", "Unknown"], ColumnKind::Level),
            (&["1", "2", "many"], ColumnKind::Level),
            (&["2026-01-01", "2026-01-02T10:00:00Z"], ColumnKind::Time),
            (&["2026-01-01", "soon"], ColumnKind::Level),
            (&["a", "a", "a"], ColumnKind::Drop),
            (&["a", "", "a"], ColumnKind::Level),
            (&["", "NA", "?"], ColumnKind::Drop),
        ];
        for (cells, kind) in cases {
            assert_eq!(kind_of("x", cells), kind, "{cells:?}");
        }
    }

    #[test]
    fn keys_are_dropped_but_distinct_amounts_are_not() {
        let numbers = || (0..100).map(|number| (1000 + number).to_string());
        assert_eq!(rule_of("Opportunity Number", numbers()).kind, ColumnKind::Drop);
        assert_eq!(rule_of("CustomerID", numbers()).kind, ColumnKind::Drop);
        assert_eq!(rule_of("amount", numbers()).kind, ColumnKind::Number);
        assert_eq!(rule_of("casino", numbers()).kind, ColumnKind::Number);
        let repeated = || (0..100).map(|number| (number % 50).to_string());
        assert_eq!(rule_of("Opportunity Number", repeated()).kind, ColumnKind::Number);
        assert_eq!(rule_of("note", (0..100).map(|n| format!("text {n}"))).kind, ColumnKind::Drop);
        assert_eq!(rule_of("zip", (0..100).map(|n| format!("0{}", n % 30))).kind, ColumnKind::Level);
    }

    #[test]
    fn a_few_words_among_many_numbers_count_as_missing() {
        let mixed = (0..100).map(|n| if n % 20 == 0 { "never".to_owned() } else { n.to_string() });
        let rule = rule_of("days since", mixed);
        assert_eq!((rule.kind, rule.missing), (ColumnKind::Number, vec!["never".to_owned()]));
    }
}
