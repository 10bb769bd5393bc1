//! What a cell means once its column has a kind.

use std::borrow::Cow;

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, tz::TimeZone};

use crate::quantity::MICROS_PER_DAY;
use crate::tables::raw::Cell;

/// The text of a cell: trimmed, whole numbers plain, times as ISO 8601; `None` when there is nothing.
pub(super) fn text(cell: Cell<'_>) -> Option<Cow<'_, str>> {
    let text: Cow<'_, str> = match cell {
        Cell::Missing => return None,
        Cell::Text(text) => text.trim().into(),
        Cell::Integer(number) => number.to_string().into(),
        Cell::Number(number) if number.is_nan() => return None,
        // `Display` writes a whole float without a fraction and never in scientific form.
        Cell::Number(number) => number.to_string().into(),
        Cell::Flag(flag) => if flag { "true" } else { "false" }.into(),
        Cell::Time(micros) => match Timestamp::from_microsecond(micros) {
            Ok(time) if micros % MICROS_PER_DAY == 0 => {
                time.to_zoned(TimeZone::UTC).date().to_string().into()
            }
            Ok(time) => time.to_string().into(),
            Err(_) => micros.to_string().into(),
        },
        Cell::Other(kind) => kind.into(),
    };
    (!text.is_empty()).then_some(text)
}

/// The finite number in a cell.
pub(super) fn number(cell: Cell<'_>) -> Option<f32> {
    let number = match cell {
        Cell::Integer(number) => number as f32,
        Cell::Number(number) => number as f32,
        Cell::Text(text) => parse_number(text)? as f32,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// A decimal number with an optional exponent; no words such as `inf`, no separators, no units.
pub(super) fn parse_number(text: &str) -> Option<f64> {
    let text = text.trim();
    let plain =
        text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
    if plain { text.parse().ok() } else { None }
}

/// Whether a number is written with a zero before another digit, as in a postal code.
pub(super) fn has_leading_zero(text: &str) -> bool {
    let digits = text.trim().trim_start_matches(['+', '-']).as_bytes();
    matches!(digits, [b'0', second, ..] if second.is_ascii_digit())
}

/// Yes or no.
pub(super) fn flag(cell: Cell<'_>) -> Option<bool> {
    match cell {
        Cell::Flag(flag) => Some(flag),
        Cell::Integer(0) => Some(false),
        Cell::Integer(1) => Some(true),
        Cell::Text(text) => {
            let text = text.trim();
            let is = |words: [&str; 5]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
            match (is(["true", "yes", "y", "t", "1"]), is(["false", "no", "n", "f", "0"])) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            }
        }
        _ => None,
    }
}

/// A date or moment, in days from 1970-01-01 UTC with the part of the day as fraction.
pub(super) fn days(cell: Cell<'_>) -> Option<f32> {
    let micros = match cell {
        Cell::Time(micros) => micros,
        Cell::Text(text) => parse_micros(text.trim())?,
        _ => return None,
    };
    Some((micros as f64 / MICROS_PER_DAY as f64) as f32)
}

/// Reads `2026-03-01`, `2026-03-01T10:00:00` and `2026-03-01 10:00:00`, with or without an offset; UTC
/// without one.
pub(super) fn parse_micros(text: &str) -> Option<i64> {
    // All forms start with a year; this keeps words and plain numbers away from the slower parsers.
    let shape = text.as_bytes();
    if shape.len() < 10 || shape.get(4) != Some(&b'-') || !text.is_ascii() {
        return None;
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time.as_microsecond());
    }
    let civil = if shape.len() == 10 {
        text.parse::<Date>().ok()?.to_datetime(jiff::civil::Time::midnight())
    } else {
        text.parse::<DateTime>().ok()?
    };
    civil.to_zoned(TimeZone::UTC).ok().map(|time| time.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_decimal_and_finite() {
        let numbers = [("1", 1.0), (" -2.5 ", -2.5), ("+3e2", 300.0), (".5", 0.5), ("1E-3", 0.001)];
        for (text, expected) in numbers {
            assert_eq!(number(Cell::Text(text)), Some(expected), "{text}");
        }
        for text in ["inf", "NaN", "1,234", "$5", "0x10", "1_000", "12 days", "1e99", "e", "-", "--1"] {
            assert_eq!(number(Cell::Text(text)), None, "{text}");
        }
        assert_eq!(number(Cell::Number(f64::INFINITY)), None);
        assert_eq!(number(Cell::Flag(true)), None);
    }

    #[test]
    fn leading_zeros_are_seen() {
        for (text, has) in
            [("007", true), ("-01", true), ("0", false), ("0.5", false), ("10", false), ("00", true)]
        {
            assert_eq!(has_leading_zero(text), has, "{text}");
        }
    }

    #[test]
    fn times_become_days_in_utc() {
        let days_of = |text| days(Cell::Text(text));
        assert_eq!(days_of("1970-01-02"), Some(1.0));
        assert_eq!(days_of("1970-01-02T12:00:00"), Some(1.5));
        assert_eq!(days_of("1970-01-02 12:00:00"), Some(1.5));
        assert_eq!(days_of("1970-01-02T01:00:00+01:00"), Some(1.0));
        assert_eq!(days_of("1970-01-02T06:00:00Z"), Some(1.25));
        for text in ["1970-13-01", "2026", "1970/01/02", "today", "1970-01-02x"] {
            assert_eq!(days_of(text), None, "{text}");
        }
    }

    #[test]
    fn one_value_has_one_text_in_every_format() {
        assert_eq!(text(Cell::Number(17850.0)).as_deref(), Some("17850"));
        assert_eq!(text(Cell::Integer(17850)).as_deref(), Some("17850"));
        assert_eq!(text(Cell::Text(" 17850 ")).as_deref(), Some("17850"));
        assert_eq!(text(Cell::Time(MICROS_PER_DAY)).as_deref(), Some("1970-01-02"));
        assert_eq!(text(Cell::Number(f64::NAN)), None);
        assert_eq!(text(Cell::Text("  ")), None);
    }

    #[test]
    fn flags_have_many_spellings() {
        for cell in
            [Cell::Text("TRUE"), Cell::Text("Yes"), Cell::Integer(1), Cell::Flag(true), Cell::Text("1")]
        {
            assert_eq!(flag(cell), Some(true), "{cell:?}");
        }
        for cell in [Cell::Text("FALSE"), Cell::Text("n"), Cell::Integer(0), Cell::Flag(false)] {
            assert_eq!(flag(cell), Some(false), "{cell:?}");
        }
        for cell in [Cell::Text("maybe"), Cell::Integer(2), Cell::Number(1.0), Cell::Missing] {
            assert_eq!(flag(cell), None, "{cell:?}");
        }
    }
}
