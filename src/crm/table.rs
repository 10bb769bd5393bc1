//! The answers as a table.

use std::path::Path;

use super::answer::{Answer, Outcome};
use super::company::Company;
use super::evidence::Evidence;
use super::reasons::Reasons;
use super::{Candidate, Duplicate};
use crate::output::OutputError;
use crate::quantity::LogOdds;
use crate::tables::write::{Cells, ColumnType, Schema, TableFormat, TableWriter};

/// Rows handed to the writer at once.
const ROWS: usize = 8192;

/// How many accounts, or pairs, have each answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Beyond doubt enough.
    pub matched: u64,
    /// For people to look at.
    pub ambiguous: u64,
    /// Nobody comes near.
    pub none: u64,
}

impl Counts {
    /// Counts answers.
    pub fn of(answers: impl IntoIterator<Item = Answer>) -> Self {
        let mut counts = Self::default();
        for answer in answers {
            match answer {
                Answer::Matched => counts.matched += 1,
                Answer::Ambiguous => counts.ambiguous += 1,
                Answer::None => counts.none += 1,
            }
        }
        counts
    }
}

/// One row: an account of the left list and one that it may be.
struct Row<'a> {
    left: &'a Company<'a>,
    answer: Answer,
    via: Option<&'static str>,
    /// The place among the candidates, from 1, and who it is.
    right: Option<(i64, &'a Company<'a>, Evidence)>,
    taken_by: Option<&'a str>,
}

fn schema(first: &str, second: &str) -> Schema {
    use ColumnType::{Integer, Number, Text};
    Schema::new([
        (format!("{first}_id"), Text),
        (format!("{first}_name"), Text),
        ("answer".to_owned(), Text),
        ("via".to_owned(), Text),
        ("candidate".to_owned(), Integer),
        (format!("{second}_id"), Text),
        (format!("{second}_name"), Text),
        ("log_odds".to_owned(), Number),
        ("probability".to_owned(), Number),
        ("reasons".to_owned(), Text),
        ("taken_by".to_owned(), Text),
    ])
}

fn cells(rows: &[Row<'_>]) -> Vec<Cells> {
    fn text<'r, 'a: 'r>(rows: &'r [Row<'a>], cell: impl Fn(&Row<'a>) -> Option<String>) -> Cells {
        Cells::Text(rows.iter().map(cell).collect())
    }
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let total = |row: &Row<'_>| row.right.as_ref().map(|(_, _, evidence)| evidence.total());
    let reasons = |row: &Row<'_>| {
        let (_, right, evidence) = row.right.as_ref()?;
        Some(Reasons { left: row.left, right, evidence }.to_string())
    };
    vec![
        text(rows, |row| Some(row.left.id.to_owned())),
        text(rows, |row| owned(row.left.name)),
        text(rows, |row| Some(row.answer.to_string())),
        text(rows, |row| owned(row.via)),
        Cells::Integer(rows.iter().map(|row| row.right.as_ref().map(|(place, _, _)| *place)).collect()),
        text(rows, |row| row.right.as_ref().map(|(_, right, _)| right.id.to_owned())),
        text(rows, |row| owned(row.right.as_ref().and_then(|(_, right, _)| right.name))),
        Cells::Number(rows.iter().map(|row| total(row).map(LogOdds::value)).collect()),
        Cells::Number(rows.iter().map(|row| total(row).map(|total| total.probability().value())).collect()),
        text(rows, reasons),
        text(rows, |row| owned(row.taken_by)),
    ]
}

/// Writes the answers of [`match_lists`](super::match_lists): a row for every match, one for every candidate of an
/// ambiguous account, and one without a right side where nobody comes near.
///
/// # Errors
/// [`OutputError::Unwritable`] when the file cannot be written; nothing is written then.
pub fn write_matches(
    target: &Path,
    format: TableFormat,
    (left, right): (&[Company<'_>], &[Company<'_>]),
    outcomes: &[Outcome],
) -> Result<(), OutputError> {
    let rows = left.iter().zip(outcomes).flat_map(|(company, outcome)| {
        let row = move |(place, candidate): (usize, Option<&Candidate>)| Row {
            left: company,
            answer: outcome.answer,
            via: (outcome.answer == Answer::Matched).then(|| outcome.via.as_str()),
            right: candidate.map(|candidate| {
                (
                    i64::try_from(place).unwrap_or(i64::MAX).saturating_add(1),
                    &right[candidate.right as usize],
                    candidate.evidence,
                )
            }),
            taken_by: candidate.and_then(|candidate| Some(left[candidate.taken_by? as usize].id)),
        };
        let nobody = outcome.candidates.is_empty().then_some(None);
        outcome.candidates.iter().map(Some).chain(nobody).enumerate().map(row)
    });
    write(target, format, schema("left", "right"), rows)
}

/// Writes the pairs of [`find_duplicates`](super::find_duplicates), one row each.
///
/// # Errors
/// [`OutputError::Unwritable`] when the file cannot be written; nothing is written then.
pub fn write_duplicates(
    target: &Path,
    format: TableFormat,
    companies: &[Company<'_>],
    pairs: &[Duplicate],
) -> Result<(), OutputError> {
    let rows = pairs.iter().map(|pair| Row {
        left: &companies[pair.first as usize],
        answer: pair.answer,
        via: None,
        right: Some((1, &companies[pair.second as usize], pair.evidence)),
        taken_by: None,
    });
    write(target, format, schema("first", "second"), rows)
}

fn write<'a>(
    target: &Path,
    format: TableFormat,
    schema: Schema,
    rows: impl Iterator<Item = Row<'a>>,
) -> Result<(), OutputError> {
    let mut writer = TableWriter::create(target, format, schema)?;
    let mut waiting = Vec::with_capacity(ROWS);
    for row in rows {
        waiting.push(row);
        if waiting.len() == ROWS {
            writer.append(cells(&waiting))?;
            waiting.clear();
        }
    }
    writer.append(cells(&waiting))?;
    writer.commit()
}
