//! Checks a whole column of a Parquet file at once, where its type is that of the contract.
//!
//! What comes out is what [`cell::convert`] says of every cell.

use super::cell::{self, Value};
use super::column::ColumnData;
use super::contract::{ColumnContract, ColumnKind};
use super::fault::FaultKind;
use super::raw::{Cell, ParquetColumn};

/// Faults of single rows.
type Faults = Vec<(usize, FaultKind)>;

/// The checked cells of the rows that are taken, and the faults of those that are bad; `None` where the type needs
/// more than a look.
pub(super) fn column(
    contract: &ColumnContract,
    column: &ParquetColumn,
    takes: &[bool],
) -> Option<(ColumnData, Faults)> {
    let kind = contract.kind;
    let mut data = ColumnData::missing(kind, 0);
    let mut faults = Faults::new();
    let takes_all = !takes.contains(&false);
    match (&mut data, column) {
        (ColumnData::Text { dictionary, codes }, ParquetColumn::Text(texts)) if kind == ColumnKind::Text => {
            codes.reserve(takes.len());
            // Each domain is looked into once, so they are told apart here.
            if contract.is_name() && contract.name != "domain" {
                let code = |(text, takes): (Option<&str>, &bool)| match cell::trimmed(text.filter(|_| *takes))
                {
                    Value::Text(text) => dictionary.add_name(&text),
                    _ => ColumnData::MISSING_CODE,
                };
                codes.extend(texts.iter().zip(takes).map(code));
                return Some((data, faults));
            }
            let (mut takes, all_there) = (takes, texts.null_count() == 0);
            for array in texts.downcast_iter() {
                let (of_array, others) = takes.split_at(array.len());
                takes = others;
                // Equal views into one array are equal texts; codes of views that were seen lately are kept.
                let mut lately = [(u128::MAX, ColumnData::MISSING_CODE); LATELY];
                codes.extend(array.views().iter().zip(of_array).enumerate().map(|(place, (view, takes))| {
                    if !takes || !all_there && array.get(place).is_none() {
                        return ColumnData::MISSING_CODE;
                    }
                    let view = view.as_u128();
                    let seen = &mut lately[glance(view)];
                    if seen.0 != view {
                        let code = match cell::trimmed(array.get(place)) {
                            Value::Text(text) => dictionary.code(&text),
                            _ => ColumnData::MISSING_CODE,
                        };
                        *seen = (view, code);
                    }
                    seen.1
                }));
            }
        }
        (ColumnData::Time { values, present }, ParquetColumn::Time(times)) => {
            let whole = times.cont_slice().ok().filter(|_| takes_all);
            if let Some(times) = whole.filter(|times| times.iter().all(|time| cell::is_believable(*time))) {
                values.extend_from_slice(times);
                present.resize(times.len(), true);
                return Some((data, faults));
            }
            values.reserve(takes.len());
            present.reserve(takes.len());
            for (row, time) in times.iter().enumerate() {
                let time = time.filter(|_| takes[row]);
                let sound = time.filter(|time| cell::is_believable(*time));
                if time.is_some() && sound.is_none() {
                    faults.push((row, FaultKind::Absurd));
                }
                values.push(sound.unwrap_or_default());
                present.push(sound.is_some());
            }
        }
        (ColumnData::Number { values, present }, ParquetColumn::Number(numbers)) => {
            if let ColumnKind::Number { min, max } = kind
                && let Some(numbers) = numbers.cont_slice().ok().filter(|_| takes_all)
                && numbers.iter().all(|number| number.is_finite() && (min..=max).contains(number))
            {
                values.extend(numbers.iter().map(|number| number + 0.0));
                present.resize(numbers.len(), true);
                return Some((data, faults));
            }
            values.reserve(takes.len());
            present.reserve(takes.len());
            for (row, number) in numbers.iter().enumerate() {
                let value = match number.filter(|_| takes[row]) {
                    None => Ok(Value::Missing),
                    Some(number) => cell::convert(kind, Cell::Number(number)),
                };
                let value = match value {
                    Ok(Value::Number(number)) => Some(number),
                    Ok(_) => None,
                    Err(fault) => {
                        faults.push((row, fault));
                        None
                    }
                };
                values.push(value.unwrap_or_default());
                present.push(value.is_some());
            }
        }
        _ => return None,
    }
    Some((data, faults))
}

/// Views whose codes are kept.
const LATELY: usize = 128;

/// A place among them, made of all parts of a view.
fn glance(view: u128) -> usize {
    let word = view as u64 ^ (view >> 64) as u64;
    (word.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 57) as usize % LATELY
}

#[cfg(test)]
mod tests {
    use polars::prelude::{Float64Chunked, Int64Chunked, NewChunkedArray, StringChunked};
    use proptest::prelude::*;

    use super::*;

    /// One cell after the other, as text files are checked.
    fn one_by_one<'a>(
        kind: ColumnKind,
        cells: impl Iterator<Item = Cell<'a>>,
        takes: &[bool],
    ) -> (ColumnData, Faults) {
        let (mut data, mut faults) = (ColumnData::missing(kind, 0), Faults::new());
        for (row, cell) in cells.enumerate() {
            let value = if takes[row] { cell::convert(kind, cell) } else { Ok(Value::Missing) };
            match value {
                Ok(value) => data.push(&value),
                Err(fault) => {
                    faults.push((row, fault));
                    data.push(&Value::Missing);
                }
            }
        }
        (data, faults)
    }

    proptest! {
        #[test]
        fn a_column_at_once_is_its_cells_one_by_one(
            rows in prop::collection::vec(
                (
                    prop::option::of("[ a-c]{0,3}|a text that is longer than a view [0-2]"),
                    prop::option::of(prop_oneof![-4e15_f64..4e15, Just(f64::NAN), Just(-0.0), -9_f64..9.0]),
                    prop::option::of(-9_000_000_000_000_000_i64..9_000_000_000_000_000),
                    any::<bool>(),
                ),
                0..60,
            ),
        ) {
            let takes: Vec<bool> = rows.iter().map(|row| row.3).collect();
            let texts: Vec<Option<&str>> = rows.iter().map(|row| row.0.as_deref()).collect();
            let numbers: Vec<Option<f64>> = rows.iter().map(|row| row.1).collect();
            let times: Vec<Option<i64>> = rows.iter().map(|row| row.2).collect();
            let number = ColumnKind::Number { min: -1e13, max: 1e13 };
            let cases = [
                (
                    ColumnKind::Text,
                    ParquetColumn::Text(StringChunked::from_slice_options("t".into(), &texts)),
                    texts.iter().map(|text| text.map_or(Cell::Missing, Cell::Text)).collect::<Vec<_>>(),
                ),
                (
                    number,
                    ParquetColumn::Number(Float64Chunked::from_slice_options("n".into(), &numbers)),
                    numbers.iter().map(|number| number.map_or(Cell::Missing, Cell::Number)).collect(),
                ),
                (
                    ColumnKind::Time,
                    ParquetColumn::Time(Int64Chunked::from_slice_options("m".into(), &times)),
                    times.iter().map(|time| time.map_or(Cell::Missing, Cell::Time)).collect(),
                ),
            ];
            for (kind, parquet, cells) in cases {
                for name in ["topic", "account_id"] {
                    let contract = ColumnContract { name, kind, required: false, meaning: "" };
                    let (mut data, faults) = column(&contract, &parquet, &takes).unwrap();
                    let (mut expected, expected_faults) = one_by_one(kind, cells.iter().copied(), &takes);
                    prop_assert_eq!(faults, expected_faults);
                    data.sort_dictionary();
                    expected.sort_dictionary();
                    prop_assert_eq!(format!("{:?}", Shown(&data)), format!("{:?}", Shown(&expected)));
                }
            }
        }
    }

    /// A column without what its dictionary keeps for speed.
    struct Shown<'a>(&'a ColumnData);

    impl std::fmt::Debug for Shown<'_> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            match self.0 {
                ColumnData::Text { dictionary, codes } => {
                    write!(f, "{:?} {codes:?}", dictionary.iter().collect::<Vec<_>>())
                }
                other => write!(f, "{other:?}"),
            }
        }
    }
}
