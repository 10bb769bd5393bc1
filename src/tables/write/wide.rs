//! Pages of columns of numbers, for Parquet files that have many.
//!
//! Most features take few different values: they are written as a dictionary and the numbers of its entries, other
//! columns as they are. Nothing is compressed beyond that, which reads and writes at the speed of memory.
//!
//! Encodings: Apache Parquet format, encodings `PLAIN`, `RLE` and `RLE_DICTIONARY`,
//! <https://parquet.apache.org/docs/file-format/data-pages/encodings/>.

use polars_parquet::parquet::CowBuffer;
use polars_parquet::parquet::encoding::Encoding;
use polars_parquet::parquet::metadata::Descriptor;
use polars_parquet::parquet::page::{DataPage, DataPageHeader, DataPageHeaderV1, DictPage, Page};
use polars_parquet::parquet::schema::types::PrimitiveType;

/// Most entries of a dictionary: numbers of at most eleven bits.
const MOST_ENTRIES: usize = 1 << 11;
/// Places of the table that finds them.
const PLACES: usize = 4 * MOST_ENTRIES;
/// Numbers that are packed at once.
const GROUP: usize = 8;
/// Equal numbers that are worth a run of their own.
const WORTH_A_RUN: usize = 3 * GROUP;

/// The pages of a column: of each row a number, unless it is not known.
pub(super) fn pages(values: &[f32], known: &[bool], kind: PrimitiveType) -> Vec<Page> {
    let all_known = !known.contains(&false);
    let mut body = Vec::with_capacity(values.len());
    put_levels(known, all_known, &mut body);
    let dictionary = if all_known {
        Dictionary::of(values.iter().copied())
    } else {
        Dictionary::of(values.iter().zip(known).filter(|(_, known)| **known).map(|(value, _)| *value))
    };
    let data = |body: Vec<u8>, encoding: Encoding| {
        let header = DataPageHeader::V1(DataPageHeaderV1 {
            // A row group is far shorter.
            num_values: i32::try_from(values.len()).unwrap_or(i32::MAX),
            encoding: encoding.into(),
            definition_level_encoding: Encoding::Rle.into(),
            repetition_level_encoding: Encoding::Rle.into(),
            statistics: None,
        });
        let descriptor = Descriptor { primitive_type: kind, max_def_level: 0, max_rep_level: 0 };
        Page::Data(DataPage::new(header, CowBuffer::Owned(body), descriptor, values.len()))
    };
    if let Some(Dictionary { entries, numbers }) = dictionary {
        let plain = entries.iter().flat_map(|bits| bits.to_le_bytes()).collect();
        let dictionary = DictPage::new(CowBuffer::Owned(plain), entries.len(), false);
        let width = usize::BITS - entries.len().saturating_sub(1).leading_zeros();
        body.push(width as u8);
        put_hybrid(&numbers, width as usize, &mut body);
        return vec![Page::Dict(dictionary), data(body, Encoding::RleDictionary)];
    }
    body.reserve(4 * values.len());
    for (value, _) in values.iter().zip(known).filter(|(_, known)| **known) {
        body.extend_from_slice(&value.to_le_bytes());
    }
    vec![data(body, Encoding::Plain)]
}

/// Which rows have a value, behind the length of that in bytes.
fn put_levels(known: &[bool], all_known: bool, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend([0; 4]);
    if all_known {
        put_run(known.len(), 1, 1, out);
    } else {
        put_length(known.len().div_ceil(GROUP) << 1 | 1, out);
        let byte = |bits: &[bool]| bits.iter().rev().fold(0_u8, |byte, known| byte << 1 | u8::from(*known));
        out.extend(known.chunks(GROUP).map(byte));
    }
    let length = (out.len() - start - 4) as u32;
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
}

/// The different values of a column, by their bits, and for each row the number of its value.
struct Dictionary {
    entries: Vec<u32>,
    numbers: Vec<u16>,
}

impl Dictionary {
    /// `None` where there are too many values.
    fn of(values: impl Iterator<Item = f32>) -> Option<Self> {
        const VACANT: u16 = u16::MAX;
        let mut places = vec![VACANT; PLACES];
        let mut entries: Vec<u32> = Vec::new();
        let mut numbers = Vec::with_capacity(values.size_hint().1.unwrap_or_default());
        for value in values {
            let bits = value.to_bits();
            let mut place = (bits.wrapping_mul(0x9E37_79B1) >> 16) as usize % PLACES;
            // Nearly always the first place is the one. That the value before was the same is not asked: whether it
            // was cannot be foreseen, and a wrong guess costs more than the look-up.
            let number = loop {
                let number = places[place];
                match entries.get(usize::from(number)) {
                    Some(entry) if *entry == bits => break number,
                    Some(_) => place = (place + 1) % PLACES,
                    None if entries.len() == MOST_ENTRIES => return None,
                    None => {
                        let number = entries.len() as u16;
                        entries.push(bits);
                        places[place] = number;
                        break number;
                    }
                }
            };
            numbers.push(number);
        }
        Some(Self { entries, numbers })
    }
}

/// Numbers of `width` bits, as runs of equal ones and packed ones between them.
fn put_hybrid(numbers: &[u16], width: usize, out: &mut Vec<u8>) {
    let (mut start, mut at) = (0, 0);
    while at + GROUP <= numbers.len() {
        let first = numbers[at];
        if numbers[at..at + GROUP].iter().any(|number| *number != first) {
            at += GROUP;
            continue;
        }
        let equal = numbers[at..].iter().take_while(|number| **number == first).count();
        if equal >= WORTH_A_RUN {
            put_packed(&numbers[start..at], width, out);
            put_run(equal, first, width, out);
            at += equal;
            start = at;
        } else {
            at += GROUP;
        }
    }
    put_packed(&numbers[start..], width, out);
}

/// Packed numbers; the last group may be short where nothing follows.
fn put_packed(numbers: &[u16], width: usize, out: &mut Vec<u8>) {
    if numbers.is_empty() {
        return;
    }
    put_length(numbers.len().div_ceil(GROUP) << 1 | 1, out);
    for group in numbers.chunks(GROUP) {
        let packed = group.iter().rev().fold(0_u128, |packed, number| packed << width | u128::from(*number));
        out.extend_from_slice(&packed.to_le_bytes()[..width]);
    }
}

fn put_run(length: usize, number: u16, width: usize, out: &mut Vec<u8>) {
    put_length(length << 1, out);
    out.extend_from_slice(&number.to_le_bytes()[..width.div_ceil(8)]);
}

fn put_length(mut length: usize, out: &mut Vec<u8>) {
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use polars::prelude::{ParquetReader, SerReader};
    use proptest::prelude::*;

    use super::super::{Cells, ColumnType, Schema, TableFormat, TableWriter};

    /// Writes a column and reads it back.
    fn back(cells: &[Option<f32>]) -> Vec<Option<u32>> {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("table");
        let schema = Schema::new([("n", ColumnType::Number32)]);
        let mut writer = TableWriter::create(&target, TableFormat::WideParquet, schema).unwrap();
        writer.append(vec![Cells::Number32(cells.to_vec())]).unwrap();
        writer.commit().unwrap();
        let frame = ParquetReader::new(Cursor::new(std::fs::read(target).unwrap())).finish().unwrap();
        let column = frame.column("n").unwrap().f32().unwrap();
        column.iter().map(|value| value.map(f32::to_bits)).collect()
    }

    fn bits(cells: &[Option<f32>]) -> Vec<Option<u32>> {
        cells.iter().map(|cell| cell.map(f32::to_bits)).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn runs_and_single_values_come_back(
            runs in prop::collection::vec((prop::option::of(0_u16..5), 1_usize..90), 1..30),
            scattered in prop::collection::vec(prop::option::weighted(0.8, any::<f32>()), 0..40),
            scale in prop_oneof![Just(1.0_f32), Just(0.1), Just(-1e30)],
        ) {
            let of_runs = runs.into_iter().flat_map(|(value, length)| std::iter::repeat_n(value, length));
            let mut cells: Vec<Option<f32>> = of_runs.map(|value| value.map(|value| f32::from(value) * scale)).collect();
            cells.extend(scattered);
            prop_assert_eq!(back(&cells), bits(&cells));
        }
    }

    #[test]
    fn few_values_many_values_and_none_come_back() {
        let few: Vec<Option<f32>> = (0..70_000).map(|i| Some((i % 1_999) as f32)).collect();
        let many: Vec<Option<f32>> = (0..70_000).map(|i| (i % 3 != 0).then_some(i as f32 / 7.0)).collect();
        for cells in [few, many, vec![None; 100], vec![Some(0.0); 70_000], vec![Some(-0.0), Some(0.0), None]]
        {
            assert_eq!(back(&cells), bits(&cells));
        }
    }
}
