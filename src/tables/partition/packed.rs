//! Lists of numbers in as few bytes as they need.
//!
//! ```text
//! whole numbers = base i64 | step: 0 for 1, 1 for 1 000 000; 2 and 3: the same, of what lacks to another list
//!                 | width 0, 1, 2, 3, 4 or 8 | (number - base) / step, each
//! numbers       = 1 | how many different u8 | those | for each number which of them: width, codes
//!                 4 or 8 | the upper half, or all, of the bits of each
//! present       = 0 none, 1 all, 2 some | where some: one byte each, 0 or 1
//! ```
//!
//! Numbers are little-endian. Times in whole seconds, counts and small codes take one to four bytes that way. How a list
//! is packed is found out once; any rows of it can then be picked. [`unpacked`](super::unpacked) takes them back.

/// Microseconds of a second: most times are whole seconds.
pub(super) const SECOND: u64 = 1_000_000;
/// Steps of a second.
pub(super) const IN_SECONDS: u8 = 1;
/// What is kept is what lacks to another list.
pub(super) const TO_OTHER: u8 = 2;
/// Most different numbers that are written once; they come with every block, of which some have few rows.
const MOST_VALUES: usize = 16;

/// A packed list, of which rows are picked.
#[derive(Debug)]
pub(super) struct Packed {
    head: Vec<u8>,
    width: usize,
    /// The numbers, `width` bytes each.
    bytes: Vec<u8>,
}

impl Packed {
    /// Whole numbers; those that are not `present` may come back as any other.
    pub(super) fn whole(numbers: &[i64], present: &[bool]) -> Self {
        Steps::of(numbers.iter().copied(), present).pack(numbers.iter().copied(), present, 0)
    }

    /// [`Self::whole`], or what lacks to the numbers of `other` where that takes fewer bytes.
    pub(super) fn whole_beside(numbers: &[i64], present: &[bool], other: &[i64]) -> Self {
        let lacking = || numbers.iter().zip(other).map(|(number, other)| other.wrapping_sub(*number));
        let (itself, apart) = (Steps::of(numbers.iter().copied(), present), Steps::of(lacking(), present));
        if width_of(apart.most) < width_of(itself.most) {
            apart.pack(lacking(), present, TO_OTHER)
        } else {
            itself.pack(numbers.iter().copied(), present, 0)
        }
    }

    /// A whole number that is that of every row.
    pub(super) fn one(number: i64) -> Self {
        Steps { base: number, in_seconds: false, most: 0 }.pack(std::iter::empty(), &[], 0)
    }

    /// Whole numbers from 0.
    pub(super) fn codes(codes: impl ExactSizeIterator<Item = u32> + Clone) -> Self {
        let most = codes.clone().max().unwrap_or_default();
        Self::of_width(Vec::new(), u64::from(most), codes.map(u64::from))
    }

    /// Numbers.
    pub(super) fn numbers(numbers: &[f64]) -> Self {
        if let Some((values, codes)) = few_values(numbers) {
            let mut head = vec![1, values.len() as u8];
            put_all(values.iter().map(|value| value.to_le_bytes()), &mut head);
            let most = values.len().saturating_sub(1) as u64;
            return Self::of_width(head, most, codes.iter().map(|code| u64::from(*code)));
        }
        let mut bytes = Vec::new();
        // What has few digits in base 2, as counts and quarters have, needs only the upper half.
        if numbers.iter().fold(0, |bits, number| bits | number.to_bits() as u32) == 0 {
            put_all(numbers.iter().map(|number| ((number.to_bits() >> 32) as u32).to_le_bytes()), &mut bytes);
            Self { head: vec![4], width: 4, bytes }
        } else {
            put_all(numbers.iter().map(|number| number.to_le_bytes()), &mut bytes);
            Self { head: vec![8], width: 8, bytes }
        }
    }

    /// Which are present.
    pub(super) fn present(present: &[bool]) -> Self {
        let count = present.iter().filter(|present| **present).count();
        let tag = match count {
            0 => 0,
            count if count == present.len() => 1,
            _ => 2,
        };
        let each = if tag == 2 { present } else { &[] };
        Self {
            head: vec![tag],
            width: usize::from(tag == 2),
            bytes: each.iter().map(|present| u8::from(*present)).collect(),
        }
    }

    fn of_width(mut head: Vec<u8>, most: u64, numbers: impl ExactSizeIterator<Item = u64>) -> Self {
        let width = width_of(most);
        let mut bytes = Vec::new();
        put_widths(width, numbers, &mut bytes);
        head.push(width as u8);
        Self { head, width, bytes }
    }

    /// Adds some rows to `out`.
    pub(super) fn put(&self, rows: &[u32], out: &mut Vec<u8>) {
        out.extend_from_slice(&self.head);
        match self.width {
            0 => {}
            1 => self.pick::<1>(rows, out),
            2 => self.pick::<2>(rows, out),
            3 => self.pick::<3>(rows, out),
            4 => self.pick::<4>(rows, out),
            _ => self.pick::<8>(rows, out),
        }
    }

    fn pick<const N: usize>(&self, rows: &[u32], out: &mut Vec<u8>) {
        let numbers = self.bytes.as_chunks::<N>().0;
        put_all(rows.iter().map(|row| numbers[*row as usize]), out);
    }
}

/// How whole numbers lie above their least.
struct Steps {
    base: i64,
    in_seconds: bool,
    /// The most steps of any.
    most: u64,
}

impl Steps {
    fn of(numbers: impl Iterator<Item = i64> + Clone, present: &[bool]) -> Self {
        let all = !present.contains(&false);
        let mut present = present.iter();
        let of_present = numbers.filter(move |_| all || present.next().is_some_and(|present| *present));
        let (mut least, mut greatest, mut first, mut in_seconds) = (i64::MAX, i64::MIN, None, true);
        for number in of_present {
            let first = *first.get_or_insert(number);
            (least, greatest) = (least.min(number), greatest.max(number));
            in_seconds &= number.wrapping_sub(first) % SECOND.cast_signed() == 0;
        }
        if first.is_none() {
            return Self { base: 0, in_seconds: false, most: 0 };
        }
        // The distance of any two numbers fits. Where the distances to the first are whole seconds, and none of them
        // wrapped around, so are those to the least.
        let most = greatest.wrapping_sub(least) as u64;
        let in_seconds = in_seconds && (SECOND..i64::MAX as u64).contains(&most);
        Self { base: least, in_seconds, most: if in_seconds { most / SECOND } else { most } }
    }

    fn pack(&self, numbers: impl ExactSizeIterator<Item = i64>, present: &[bool], flags: u8) -> Packed {
        let mut head = self.base.to_le_bytes().to_vec();
        head.push(flags | if self.in_seconds { IN_SECONDS } else { 0 });
        let all = !present.contains(&false);
        let mut present = present.iter();
        let mut above = move |number: i64| {
            let is_there = all || present.next().is_some_and(|present| *present);
            if is_there { number.wrapping_sub(self.base) as u64 } else { 0 }
        };
        if self.in_seconds {
            Packed::of_width(head, self.most, numbers.map(|number| above(number) / SECOND))
        } else {
            Packed::of_width(head, self.most, numbers.map(above))
        }
    }
}

/// The different numbers, and for each which it is; `None` where there are many.
fn few_values(numbers: &[f64]) -> Option<(Vec<f64>, Vec<u8>)> {
    let mut values: Vec<f64> = Vec::with_capacity(MOST_VALUES);
    let mut codes = Vec::with_capacity(numbers.len());
    // Where a number was found the last time, by some of its bits.
    let mut lately = [0_u8; 64];
    for number in numbers {
        let bits = number.to_bits();
        let is_value = |value: &f64| value.to_bits() == bits;
        let place = (bits.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58) as usize;
        if !values.get(usize::from(lately[place])).is_some_and(is_value) {
            let found = values.iter().position(is_value);
            if found.is_none() && values.len() == MOST_VALUES {
                return None;
            }
            lately[place] = found.unwrap_or(values.len()) as u8;
            if found.is_none() {
                values.push(*number);
            }
        }
        codes.push(lately[place]);
    }
    Some((values, codes))
}

/// Bytes that the numbers up to `most` take.
const fn width_of(most: u64) -> usize {
    match most {
        0 => 0,
        1..=0xFF => 1,
        0x100..=0xFFFF => 2,
        0x1_0000..=0xFF_FFFF => 3,
        0x100_0000..=0xFFFF_FFFF => 4,
        _ => 8,
    }
}

/// Numbers in `width` bytes each.
fn put_widths(width: usize, numbers: impl ExactSizeIterator<Item = u64>, out: &mut Vec<u8>) {
    match width {
        0 => {}
        1 => put_all(numbers.map(|number| [number as u8]), out),
        2 => put_all(numbers.map(|number| (number as u16).to_le_bytes()), out),
        3 => put_all(numbers.map(|number| [number as u8, (number >> 8) as u8, (number >> 16) as u8]), out),
        4 => put_all(numbers.map(|number| (number as u32).to_le_bytes()), out),
        _ => put_all(numbers.map(u64::to_le_bytes), out),
    }
}

/// Whole numbers from 0, with their width.
pub(super) fn put_codes(codes: impl ExactSizeIterator<Item = u64> + Clone, out: &mut Vec<u8>) {
    let width = width_of(codes.clone().max().unwrap_or_default());
    out.push(width as u8);
    put_widths(width, codes, out);
}

/// Numbers of a fixed width, one after the other.
pub(super) fn put_all<const N: usize>(numbers: impl ExactSizeIterator<Item = [u8; N]>, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + N * numbers.len(), 0);
    for (place, number) in out[start..].as_chunks_mut().0.iter_mut().zip(numbers) {
        *place = number;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::unpacked::{take_numbers, take_present, take_whole};
    use super::*;

    fn bytes_of(packed: &Packed, rows: &[u32]) -> Vec<u8> {
        let mut bytes = Vec::new();
        packed.put(rows, &mut bytes);
        bytes
    }

    fn picked<T: Clone>(list: &[T], rows: &[u32]) -> Vec<T> {
        rows.iter().map(|row| list[*row as usize].clone()).collect()
    }

    fn whole_back(packed: &Packed, rows: &[u32], other: &[i64]) -> Vec<i64> {
        let bytes = bytes_of(packed, rows);
        let (mut back, mut rest) = (Vec::new(), bytes.as_slice());
        take_whole(&mut rest, rows.len(), other, &mut back).unwrap();
        assert!(rest.is_empty());
        back
    }

    proptest! {
        #[test]
        fn the_rows_that_are_picked_come_back(
            list in prop::collection::vec(
                (
                    prop_oneof![any::<i64>(), -300_i64..300, (0_i64..9_000).prop_map(|second| second * 1_000_000)],
                    prop_oneof![-9_i64..9, (0_i64..300_000).prop_map(|second| second * 1_000_000)],
                    prop_oneof![any::<f64>(), (0_i32..99).prop_map(|n| f64::from(n) / 4.0)],
                    any::<bool>(),
                ),
                1..40,
            ),
            few in prop::collection::vec(0_i32..9, 1..80),
            from in any::<prop::sample::Index>(),
        ) {
            let rows: Vec<u32> = (from.index(list.len()) as u32..list.len() as u32).rev().collect();
            let numbers: Vec<i64> = list.iter().map(|row| row.0).collect();
            let near: Vec<i64> = list.iter().map(|row| row.0.wrapping_add(row.1)).collect();
            let present: Vec<bool> = list.iter().map(|row| row.3).collect();
            let all = vec![true; list.len()];
            prop_assert_eq!(whole_back(&Packed::whole(&numbers, &all), &rows, &[]), picked(&numbers, &rows));
            let other = picked(&near, &rows);
            let beside = Packed::whole_beside(&numbers, &all, &near);
            prop_assert_eq!(whole_back(&beside, &rows, &other), picked(&numbers, &rows));
            for packed in [Packed::whole(&numbers, &present), Packed::whole_beside(&numbers, &present, &near)] {
                let back = whole_back(&packed, &rows, &other);
                for (place, row) in rows.iter().enumerate().filter(|(_, row)| present[**row as usize]) {
                    prop_assert_eq!(back[place], numbers[*row as usize]);
                }
            }
            let floats: Vec<f64> = list.iter().map(|row| row.2).collect();
            let few: Vec<f64> = few.into_iter().map(|n| f64::from(n) / 3.0).collect();
            for floats in [floats, few] {
                let rows: Vec<u32> = (0..floats.len() as u32).rev().collect();
                let bytes = bytes_of(&Packed::numbers(&floats), &rows);
                let (mut back, mut rest) = (Vec::new(), bytes.as_slice());
                take_numbers(&mut rest, rows.len(), &mut back).unwrap();
                prop_assert!(rest.is_empty());
                let bits = |list: Vec<f64>| list.into_iter().map(f64::to_bits).collect::<Vec<u64>>();
                prop_assert_eq!(bits(back), bits(picked(&floats, &rows)));
            }
            let bytes = bytes_of(&Packed::present(&present), &rows);
            let (mut mask, mut rest) = (Vec::new(), bytes.as_slice());
            let some = take_present(&mut rest, rows.len(), &mut mask).unwrap();
            prop_assert_eq!((some, mask), (present.contains(&true), picked(&present, &rows)));
            prop_assert!(rest.is_empty());
        }
    }

    #[test]
    fn seconds_and_small_numbers_take_few_bytes() {
        let rows: Vec<u32> = (0..100).collect();
        let all = [true; 100];
        let size = |packed: &Packed| bytes_of(packed, &rows).len();
        let seconds: Vec<i64> = (0..100).map(|day| 1_767_225_600_000_000 - day * 86_400_000_000).collect();
        assert_eq!(size(&Packed::whole(&seconds, &all)), 8 + 2 + 3 * 100);
        let late: Vec<i64> = seconds.iter().map(|second| second + 86_400_000_000).collect();
        assert_eq!(size(&Packed::whole_beside(&seconds, &all, &late)), 8 + 2);
        assert_eq!(size(&Packed::whole(&[7; 100], &all)), 8 + 2);
        let far: Vec<i64> = (0..100).map(|i| if i == 0 { i64::MIN } else { i64::MAX }).collect();
        assert_eq!(size(&Packed::whole(&far, &all)), 8 + 2 + 8 * 100);
        let quarters: Vec<f64> = (0..100).map(|i| f64::from(i % 11) / 4.0).collect();
        assert_eq!(size(&Packed::numbers(&quarters)), 2 + 8 * 11 + 1 + 100);
        let counts: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!(size(&Packed::numbers(&counts)), 1 + 4 * 100);
    }

    #[test]
    fn bytes_cut_short_are_nothing() {
        let bytes = bytes_of(&Packed::whole(&[1, 500, 70_000], &[true; 3]), &[0, 1, 2]);
        for end in 0..bytes.len() {
            assert!(take_whole(&mut &bytes[..end], 3, &[], &mut Vec::new()).is_none(), "{end}");
        }
        let bytes = bytes_of(&Packed::numbers(&[1.5, 2.5, 1.5]), &[0, 1, 2]);
        for end in 0..bytes.len() {
            assert!(take_numbers(&mut &bytes[..end], 3, &mut Vec::new()).is_none(), "{end}");
        }
    }
}
