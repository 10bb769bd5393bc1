//! Takes [packed](super::packed) lists of numbers back from bytes. `None` always means: there are too few bytes, or they are no
//! such list.

use super::packed::{IN_SECONDS, SECOND, TO_OTHER};

/// Adds `count` whole numbers, of which some may be kept as what lacks to those of `other`.
pub(super) fn take_whole(bytes: &mut &[u8], count: usize, other: &[i64], into: &mut Vec<i64>) -> Option<()> {
    let base = i64::from_le_bytes(take(bytes)?);
    let [flags] = take(bytes)?;
    let first = into.len();
    if flags & IN_SECONDS == 0 {
        take_widths(bytes, count, into, |above| base.wrapping_add(above.cast_signed()))?;
    } else {
        take_widths(bytes, count, into, |above| base.wrapping_add(above.wrapping_mul(SECOND).cast_signed()))?;
    }
    if flags & TO_OTHER != 0 {
        for (number, other) in into[first..].iter_mut().zip(other.get(..count)?) {
            *number = other.wrapping_sub(*number);
        }
    }
    Some(())
}

pub(super) fn take_widths<T>(
    bytes: &mut &[u8],
    count: usize,
    into: &mut Vec<T>,
    each: impl Fn(u64) -> T,
) -> Option<()> {
    let [width] = take(bytes)?;
    match width {
        0 => into.extend((0..count).map(|_| each(0))),
        1 => into.extend(take_all(bytes, count)?.iter().map(|[byte]| each(u64::from(*byte)))),
        2 => into.extend(take_all(bytes, count)?.iter().map(|two| each(u64::from(u16::from_le_bytes(*two))))),
        3 => into.extend(
            take_all(bytes, count)?
                .iter()
                .map(|[a, b, c]| each(u64::from(u32::from_le_bytes([*a, *b, *c, 0])))),
        ),
        4 => {
            into.extend(
                take_all(bytes, count)?.iter().map(|four| each(u64::from(u32::from_le_bytes(*four)))),
            );
        }
        8 => into.extend(take_all(bytes, count)?.iter().map(|eight| each(u64::from_le_bytes(*eight)))),
        _ => return None,
    }
    Some(())
}

pub(super) fn take_numbers(bytes: &mut &[u8], count: usize, into: &mut Vec<f64>) -> Option<()> {
    let [tag] = take(bytes)?;
    match tag {
        1 => {
            let [n_values] = take(bytes)?;
            let mut values = [0.0; u8::MAX as usize + 1];
            for (value, bytes) in values.iter_mut().zip(take_all(bytes, usize::from(n_values))?) {
                *value = f64::from_le_bytes(*bytes);
            }
            take_widths(bytes, count, into, |code| values[usize::from(code as u8)])?;
        }
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
pub(super) fn take_present(bytes: &mut &[u8], count: usize, into: &mut Vec<bool>) -> Option<bool> {
    let [tag] = take(bytes)?;
    match tag {
        2 => into.extend(take_all(bytes, count)?.iter().map(|[byte]| *byte == 1)),
        tag => into.resize(into.len() + count, tag == 1),
    }
    Some(tag > 0)
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
