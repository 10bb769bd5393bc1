//! Cells become values of the kind that the contract asks for, or faults.

use std::borrow::Cow;

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, tz::Offset};

use super::codes;
use super::contract::ColumnKind;
use super::fault::{Explanation, FaultKind};
use super::raw::Cell;

/// First moment of 1900, the earliest believable, in microseconds.
const EARLIEST: i64 = -2_208_988_800_000_000;
/// First moment of 2200, beyond the latest believable, in microseconds.
const LATEST: i64 = 7_258_118_400_000_000;
/// Floats beyond this do not hold every whole number.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Whether a time in microseconds lies in the years from 1900 to 2199.
pub(super) const fn is_believable(micros: i64) -> bool {
    micros >= EARLIEST && micros < LATEST
}

/// A checked cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Missing,
    Text(Cow<'a, str>),
    Number(f64),
    Flag(bool),
    Time(i64),
}

/// Turns a cell into a value of `kind`.
pub(super) fn convert(kind: ColumnKind, cell: Cell<'_>) -> Result<Value<'_>, FaultKind> {
    let cell = match cell {
        Cell::Text(text) => match text.trim() {
            "" => Cell::Missing,
            text => Cell::Text(text),
        },
        cell => cell,
    };
    if cell == Cell::Missing {
        return Ok(Value::Missing);
    }
    match kind {
        ColumnKind::Text => text_of(cell).map(Value::Text).ok_or(FaultKind::CellType),
        ColumnKind::Integer { min, max } => {
            let number = number_of(cell)?;
            if number.fract() != 0.0 {
                Err(FaultKind::CellType)
            } else if number < min as f64 || number > max as f64 {
                Err(FaultKind::Absurd)
            } else {
                Ok(Value::Number(number))
            }
        }
        ColumnKind::Number { min, max } => {
            let number = number_of(cell)?;
            // Minus zero is zero: two rows that say the same must be the same.
            if (min..=max).contains(&number) {
                Ok(Value::Number(number + 0.0))
            } else {
                Err(FaultKind::Absurd)
            }
        }
        ColumnKind::Flag => flag_of(cell).map(Value::Flag).ok_or(FaultKind::CellType),
        ColumnKind::Time => {
            let micros = match cell {
                Cell::Time(micros) => Some(micros),
                Cell::Text(text) => parse_time(text),
                _ => None,
            };
            match micros {
                None => Err(FaultKind::CellType),
                Some(micros) if is_believable(micros) => Ok(Value::Time(micros)),
                Some(_) => Err(FaultKind::Absurd),
            }
        }
        ColumnKind::Currency => code_of(cell, codes::currency, FaultKind::UnknownCurrency),
        ColumnKind::Country => code_of(cell, codes::country, FaultKind::UnknownCountry),
    }
}

/// A text as it is kept: without white space around it.
pub(super) fn trimmed(text: Option<&str>) -> Value<'_> {
    // Nearly all texts start and end with letters or digits; white space beyond ASCII takes a closer look.
    let is_bare = |text: &str| {
        let ends = text.as_bytes().first().zip(text.as_bytes().last());
        ends.is_some_and(|(first, last)| first.is_ascii_graphic() && last.is_ascii_graphic())
    };
    match text.map(|text| if is_bare(text) { text } else { text.trim() }) {
        None | Some("") => Value::Missing,
        Some(text) => Value::Text(Cow::Borrowed(text)),
    }
}

fn code_of(
    cell: Cell<'_>,
    known: impl Fn(&str) -> Option<&'static str>,
    unknown: FaultKind,
) -> Result<Value<'_>, FaultKind> {
    let Cell::Text(text) = cell else { return Err(FaultKind::CellType) };
    known(text).map(|code| Value::Text(Cow::Borrowed(code))).ok_or(unknown)
}

/// The text of a cell, as it is shown and compared; `None` for missing and nested cells.
///
/// Whole numbers become their decimal digits, so that an id read from a number column is the id.
pub(super) fn text_of(cell: Cell<'_>) -> Option<Cow<'_, str>> {
    match cell {
        Cell::Missing | Cell::Other(_) => None,
        Cell::Text(text) => Some(Cow::Borrowed(text.trim())),
        Cell::Integer(number) => Some(Cow::Owned(number.to_string())),
        Cell::Number(number) if !number.is_finite() => None,
        Cell::Number(number) => Some(Cow::Owned(number.to_string())),
        Cell::Flag(flag) => Some(Cow::Borrowed(if flag { "true" } else { "false" })),
        Cell::Time(micros) => Some(Cow::Owned(time_text(micros))),
    }
}

/// A time as ISO 8601 text in UTC.
pub(super) fn time_text(micros: i64) -> String {
    Timestamp::from_microsecond(micros).map_or_else(|_| micros.to_string(), |time| time.to_string())
}

/// The number in a cell.
pub(super) fn number_of(cell: Cell<'_>) -> Result<f64, FaultKind> {
    let number = match cell {
        Cell::Integer(number) if number.unsigned_abs() > EXACT as u64 => return Err(FaultKind::Absurd),
        Cell::Integer(number) => number as f64,
        Cell::Number(number) => number,
        Cell::Text(text) => text.trim().parse().map_err(|_| FaultKind::CellType)?,
        Cell::Missing | Cell::Flag(_) | Cell::Time(_) | Cell::Other(_) => return Err(FaultKind::CellType),
    };
    if number.is_finite() { Ok(number) } else { Err(FaultKind::NotFinite) }
}

fn flag_of(cell: Cell<'_>) -> Option<bool> {
    match cell {
        Cell::Flag(flag) => Some(flag),
        Cell::Integer(1) | Cell::Number(1.0) => Some(true),
        Cell::Integer(0) | Cell::Number(0.0) => Some(false),
        Cell::Text(text) => {
            let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
            if is(&["yes", "true", "1", "y"]) {
                Some(true)
            } else if is(&["no", "false", "0", "n"]) {
                Some(false)
            } else {
                None
            }
        }
        _ => None,
    }
}

/// Reads a date or an ISO 8601 time; one without a zone is taken as UTC.
pub(super) fn parse_time(text: &str) -> Option<i64> {
    let Some(clock) = text.get(10..).filter(|clock| !clock.is_empty()) else {
        let date: Date = text.parse().ok()?;
        return micros_of(date.to_datetime(jiff::civil::Time::midnight()));
    };
    if clock.contains(['Z', 'z', '+', '-']) {
        text.parse().ok().map(Timestamp::as_microsecond)
    } else {
        micros_of(text.parse().ok()?)
    }
}

/// Microseconds of a civil time taken as UTC.
pub(super) fn micros_of(time: DateTime) -> Option<i64> {
    Offset::UTC.to_timestamp(time).ok().map(Timestamp::as_microsecond)
}

/// Says what is wrong with a cell that [`convert`] refused, or that is missing.
pub(super) fn explain(fault: FaultKind, kind: ColumnKind, cell: Cell<'_>) -> Explanation {
    Explanation { expected: expected(kind), found: shown(cell), fix: fix(fault, kind, cell).to_owned() }
}

/// What a column of this kind holds, in words.
pub(super) fn expected(kind: ColumnKind) -> String {
    match kind {
        ColumnKind::Text => "text".to_owned(),
        ColumnKind::Integer { min, max } => format!("a whole number from {min} to {max}"),
        ColumnKind::Number { min, max } => format!("a number from {min} to {max}"),
        ColumnKind::Flag => "yes or no".to_owned(),
        ColumnKind::Time => {
            "a date such as 2026-03-01 or a time such as 2026-03-01T09:30:00Z, from 1900 to 2199".to_owned()
        }
        ColumnKind::Currency => "an ISO 4217 currency code such as USD".to_owned(),
        ColumnKind::Country => "a two-letter ISO 3166 country code such as US".to_owned(),
    }
}

/// The cell, quoted and shortened.
pub(super) fn shown(cell: Cell<'_>) -> String {
    const SHOWN: usize = 40;
    match cell {
        Cell::Missing => "an empty cell".to_owned(),
        Cell::Text(text) if text.trim().is_empty() => "an empty cell".to_owned(),
        Cell::Text(text) if text.chars().count() > SHOWN => {
            format!("{:?} and more", text.chars().take(SHOWN).collect::<String>())
        }
        Cell::Text(text) => format!("{text:?}"),
        Cell::Integer(number) => format!("{number}"),
        Cell::Number(number) => format!("{number}"),
        Cell::Flag(flag) => format!("{flag}"),
        Cell::Time(micros) => time_text(micros),
        Cell::Other(found) => found.to_owned(),
    }
}

fn fix(fault: FaultKind, kind: ColumnKind, cell: Cell<'_>) -> &'static str {
    let text = if let Cell::Text(text) = cell { text } else { "" };
    let is_word = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text.trim()));
    let numeric = matches!(kind, ColumnKind::Integer { .. } | ColumnKind::Number { .. });
    match fault {
        FaultKind::CellMissing => "fill the cell, or set the row aside with --quarantine DIR",
        FaultKind::NotFinite => "write a finite number, or leave the cell empty where it is not known",
        FaultKind::Absurd => "correct the value or its unit, or set the row aside with --quarantine DIR",
        FaultKind::UnknownCurrency => "write the ISO 4217 code, or map the values in a mapping file",
        FaultKind::UnknownCountry if is_word(&["uk"]) => "write GB, the code of the United Kingdom",
        FaultKind::UnknownCountry => "write the ISO 3166 code, or map the values in a mapping file",
        _ if is_word(&["null", "na", "n/a", "none", "nan", "-", "#n/a", "unknown"]) => {
            "leave the cell empty, or list the word under `missing` in a mapping file"
        }
        _ if numeric && text.contains(['$', '€', '£', '¥']) => {
            "write the number alone and name the currency in its own column"
        }
        _ if numeric && text.contains(',') => "write no thousands separators, and a point before decimals",
        _ if numeric && text.contains('%') => "write the number without the percent sign",
        _ if kind == ColumnKind::Time && text.contains(['/', '.']) => {
            "write the date as 2026-03-01, or give `time_format` in a mapping file"
        }
        _ if kind == ColumnKind::Time && text.is_empty() => {
            "write a date, or give `epoch` in a mapping file where the numbers count from 1970"
        }
        _ => "correct the cell, or set the row aside with --quarantine DIR",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNT: ColumnKind = ColumnKind::Integer { min: 0, max: 1000 };
    const MONEY: ColumnKind = ColumnKind::Number { min: -1e6, max: 1e6 };

    fn text(text: &str) -> Value<'_> {
        Value::Text(Cow::Borrowed(text))
    }

    #[test]
    fn cells_become_values_or_faults() {
        use FaultKind::{Absurd, CellType, NotFinite, UnknownCountry, UnknownCurrency};
        let cases = [
            (ColumnKind::Text, Cell::Text(" 007 "), Ok(text("007"))),
            (ColumnKind::Text, Cell::Text("  "), Ok(Value::Missing)),
            (ColumnKind::Text, Cell::Integer(42), Ok(text("42"))),
            (ColumnKind::Text, Cell::Number(17850.0), Ok(text("17850"))),
            (COUNT, Cell::Text("12"), Ok(Value::Number(12.0))),
            (COUNT, Cell::Text("12.0"), Ok(Value::Number(12.0))),
            (COUNT, Cell::Text("12.5"), Err(CellType)),
            (COUNT, Cell::Text("1,234"), Err(CellType)),
            (COUNT, Cell::Integer(1001), Err(Absurd)),
            (COUNT, Cell::Integer(i64::MAX), Err(Absurd)),
            (MONEY, Cell::Text("-0"), Ok(Value::Number(0.0))),
            (MONEY, Cell::Text("$5"), Err(CellType)),
            (MONEY, Cell::Text("inf"), Err(NotFinite)),
            (MONEY, Cell::Text("1e999"), Err(NotFinite)),
            (MONEY, Cell::Number(f64::NAN), Err(NotFinite)),
            (MONEY, Cell::Number(2e6), Err(Absurd)),
            (ColumnKind::Flag, Cell::Text("Yes"), Ok(Value::Flag(true))),
            (ColumnKind::Flag, Cell::Text("n"), Ok(Value::Flag(false))),
            (ColumnKind::Flag, Cell::Integer(2), Err(CellType)),
            (ColumnKind::Currency, Cell::Text("eur"), Ok(text("EUR"))),
            (ColumnKind::Currency, Cell::Text("EURO"), Err(UnknownCurrency)),
            (ColumnKind::Country, Cell::Text("UK"), Err(UnknownCountry)),
        ];
        for (kind, cell, expected) in cases {
            assert_eq!(convert(kind, cell), expected, "{kind:?} {cell:?}");
        }
    }

    #[test]
    fn times_are_read_with_and_without_zone() {
        let cases = [
            ("1970-01-02", Ok(86_400_000_000)),
            ("1970-01-01T00:00:01Z", Ok(1_000_000)),
            ("1970-01-01 00:00:01", Ok(1_000_000)),
            ("1970-01-01T02:00:01+02:00", Ok(1_000_000)),
            ("1970-01-01T00:00:00.000001", Ok(1)),
            ("1899-12-31", Err(FaultKind::Absurd)),
            ("2200-01-01", Err(FaultKind::Absurd)),
            ("2026-02-30", Err(FaultKind::CellType)),
            ("10/20/2016", Err(FaultKind::CellType)),
            ("soon", Err(FaultKind::CellType)),
        ];
        for (found, expected) in cases {
            let value = convert(ColumnKind::Time, Cell::Text(found));
            assert_eq!(value, expected.map(Value::Time), "{found}");
        }
    }
}
