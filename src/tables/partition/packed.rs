//! Lists of numbers in as few bytes as they need.
//!
//! ```text
//! whole numbers = base i64 | step: 0 for 1, 1 for 1 000 000 | width 0, 1, 2, 4 or 8 | (number - base) / step, each
//! numbers       = width 4 or 8 | the upper half, or all, of the bits of each
//! present       = 0 none, 1 all, 2 some | where some: one byte each, 0 or 1
//! ```
//!
//! Numbers are little-endian. Times in whole seconds, counts and small codes take one to four bytes that way.

/// Microseconds of a second: most times are whole seconds.
const SECOND: u64 = 1_000_000;

pub(super) fn put_whole(numbers: &[i64], out: &mut Vec<u8>) {
    let base = numbers.iter().copied().min().unwrap_or_default();
    // The distance of any two numbers fits.
    let above = |number: &i64| number.wrapping_sub(base) as u64;
    let most = numbers.iter().map(above).max().unwrap_or_default();
    let in_seconds = most >= SECOND && numbers.iter().all(|number| above(number).is_multiple_of(SECOND));
    out.extend_from_slice(&base.to_le_bytes());
    out.push(u8::from(in_seconds));
    if in_seconds {
        put_widths(most / SECOND, numbers.iter().map(|number| above(number) / SECOND), out);
    } else {
        put_widths(most, numbers.iter().map(above), out);
    }
}

pub(super) fn take_whole(bytes: &mut &[u8], count: usize, into: &mut Vec<i64>) -> Option<()> {
    let base = i64::from_le_bytes(take(bytes)?);
    let [step] = take(bytes)?;
    if step == 0 {
        take_widths(bytes, count, |above| into.push(base.wrapping_add(above.cast_signed())))
    } else {
        take_widths(bytes, count, |above| {
            into.push(base.wrapping_add(above.wrapping_mul(SECOND).cast_signed()));
        })
    }
}

/// Whole numbers from 0, of which the largest is `most`.
pub(super) fn put_widths(most: u64, numbers: impl ExactSizeIterator<Item = u64>, out: &mut Vec<u8>) {
    match most {
        0 => out.push(0),
        1..=0xFF => {
            out.push(1);
            put_all(numbers.map(|number| [number as u8]), out);
        }
        0x100..=0xFFFF => {
            out.push(2);
            put_all(numbers.map(|number| (number as u16).to_le_bytes()), out);
        }
        0x1_0000..=0xFFFF_FFFF => {
            out.push(4);
            put_all(numbers.map(|number| (number as u32).to_le_bytes()), out);
        }
        _ => {
            out.push(8);
            put_all(numbers.map(u64::to_le_bytes), out);
        }
    }
}

pub(super) fn take_widths(bytes: &mut &[u8], count: usize, mut each: impl FnMut(u64)) -> Option<()> {
    let [width] = take(bytes)?;
    match width {
        0 => (0..count).for_each(|_| each(0)),
        1 => take_all(bytes, count)?.iter().for_each(|[byte]| each(u64::from(*byte))),
        2 => take_all(bytes, count)?.iter().for_each(|bytes| each(u64::from(u16::from_le_bytes(*bytes)))),
        4 => take_all(bytes, count)?.iter().for_each(|bytes| each(u64::from(u32::from_le_bytes(*bytes)))),
        8 => take_all(bytes, count)?.iter().for_each(|bytes| each(u64::from_le_bytes(*bytes))),
        _ => return None,
    }
    Some(())
}

pub(super) fn put_numbers(numbers: &[f64], out: &mut Vec<u8>) {
    // What has few digits in base 2, as counts and quarters have, needs only the upper half.
    if numbers.iter().fold(0, |bits, number| bits | number.to_bits() as u32) == 0 {
        out.push(4);
        put_all(numbers.iter().map(|number| ((number.to_bits() >> 32) as u32).to_le_bytes()), out);
    } else {
        out.push(8);
        put_all(numbers.iter().map(|number| number.to_le_bytes()), out);
    }
}

pub(super) fn take_numbers(bytes: &mut &[u8], count: usize, into: &mut Vec<f64>) -> Option<()> {
    let [width] = take(bytes)?;
    match width {
        4 => into.extend(
            take_all(bytes, count)?
                .iter()
                .map(|half| f64::from_bits(u64::from(u32::from_le_bytes(*half)) << 32)),
        ),
        8 => into.extend(take_all(bytes, count)?.iter().map(|bytes| f64::from_le_bytes(*bytes))),
        _ => return None,
    }
    Some(())
}

/// Whether any is present.
pub(super) fn put_present(present: &[bool], out: &mut Vec<u8>) -> bool {
    let count = present.iter().filter(|present| **present).count();
    if count == 0 {
        out.push(0);
    } else if count == present.len() {
        out.push(1);
    } else {
        out.push(2);
        out.extend(present.iter().map(|present| u8::from(*present)));
    }
    count > 0
}

/// Whether any is present.
pub(super) fn take_present(bytes: &mut &[u8], count: usize, into: &mut Vec<bool>) -> Option<bool> {
    let [tag] = take(bytes)?;
    match tag {
        2 => into.extend(take_all(bytes, count)?.iter().map(|[byte]| *byte == 1)),
        tag => into.resize(into.len() + count, tag == 1),
    }
    Some(tag > 0)
}

/// Numbers of a fixed width, one after the other.
pub(super) fn put_all<const N: usize>(numbers: impl ExactSizeIterator<Item = [u8; N]>, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + N * numbers.len(), 0);
    for (place, number) in out[start..].as_chunks_mut().0.iter_mut().zip(numbers) {
        *place = number;
    }
}

pub(super) fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*head)
}

pub(super) fn take_all<'a, const N: usize>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [[u8; N]]> {
    let (head, rest) = bytes.split_at_checked(count.checked_mul(N)?)?;
    *bytes = rest;
    Some(head.as_chunks().0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole_back(numbers: &[i64]) -> (Vec<i64>, usize) {
        let mut bytes = Vec::new();
        put_whole(numbers, &mut bytes);
        let (mut back, mut rest) = (Vec::new(), bytes.as_slice());
        take_whole(&mut rest, numbers.len(), &mut back).unwrap();
        assert!(rest.is_empty());
        (back, bytes.len())
    }

    proptest! {
        #[test]
        fn every_number_comes_back(
            numbers in prop::collection::vec(
                prop_oneof![any::<i64>(), -300_i64..300, (0_i64..9_000).prop_map(|second| second * 1_000_000)],
                0..40,
            ),
            floats in prop::collection::vec(prop_oneof![any::<f64>(), (0_i32..99).prop_map(|n| f64::from(n) / 4.0)], 0..40),
            present in prop::collection::vec(any::<bool>(), 0..40),
        ) {
            prop_assert_eq!(whole_back(&numbers).0, numbers);
            let mut bytes = Vec::new();
            put_numbers(&floats, &mut bytes);
            put_present(&present, &mut bytes);
            let (mut back, mut mask, mut rest) = (Vec::new(), Vec::new(), bytes.as_slice());
            take_numbers(&mut rest, floats.len(), &mut back).unwrap();
            take_present(&mut rest, present.len(), &mut mask).unwrap();
            prop_assert!(back.iter().map(|n| n.to_bits()).eq(floats.iter().map(|n| n.to_bits())));
            prop_assert_eq!(mask, present);
            prop_assert!(rest.is_empty());
        }
    }

    #[test]
    fn seconds_and_small_numbers_take_few_bytes() {
        let seconds: Vec<i64> = (0..100).map(|day| 1_767_225_600_000_000 - day * 86_400_000_000).collect();
        assert_eq!(whole_back(&seconds), (seconds.clone(), 8 + 2 + 4 * 100));
        assert_eq!(whole_back(&[7; 100]), (vec![7; 100], 8 + 2));
        assert_eq!(whole_back(&[i64::MIN, i64::MAX, 0]), (vec![i64::MIN, i64::MAX, 0], 8 + 2 + 8 * 3));
    }

    #[test]
    fn bytes_cut_short_are_nothing() {
        let mut bytes = Vec::new();
        put_whole(&[1, 500, 70_000], &mut bytes);
        for end in 0..bytes.len() {
            assert!(take_whole(&mut &bytes[..end], 3, &mut Vec::new()).is_none(), "{end}");
        }
    }
}
