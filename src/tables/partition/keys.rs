//! The keys of a block: what all of them share is written once.
//!
//! ```text
//! keys = least upper part u64 | width 7 or 8 | upper part - least, each | lower part u32, each
//! ```

use super::super::account_key::AccountKey;
use super::packed::put_all;
use super::unpacked::{take, take_all};

/// Bytes of an upper part less the least, where the keys of a block are of one of `2^8` ranges or more.
const NARROW: usize = 7;
const WIDE: usize = 8;

/// Adds keys to `out`.
pub(super) fn put_keys(keys: &[AccountKey], out: &mut Vec<u8>) {
    let highs = keys.iter().map(|key| key.high());
    let (least, greatest) =
        highs.fold((u64::MAX, 0), |(least, greatest), high| (least.min(high), greatest.max(high)));
    out.extend_from_slice(&least.to_le_bytes());
    let above = || keys.iter().map(|key| (key.high() - least).to_le_bytes());
    if greatest.saturating_sub(least) >> (8 * NARROW) == 0 {
        out.push(NARROW as u8);
        put_all(above().map(|[a, b, c, d, e, f, g, _]| [a, b, c, d, e, f, g]), out);
    } else {
        out.push(WIDE as u8);
        put_all(above(), out);
    }
    put_all(keys.iter().map(|key| key.low().to_le_bytes()), out);
}

/// Takes `count` keys from `bytes` and adds them to `keys`. `None`: there are too few bytes.
pub(super) fn take_keys(bytes: &mut &[u8], count: usize, keys: &mut Vec<AccountKey>) -> Option<()> {
    let least = u64::from_le_bytes(take(bytes)?);
    let [width] = take(bytes)?;
    let key = |above: u64, low: &[u8; 4]| {
        AccountKey::from_parts(least.wrapping_add(above), u32::from_le_bytes(*low))
    };
    match usize::from(width) {
        NARROW => {
            let above = take_all::<NARROW>(bytes, count)?.iter();
            let above =
                above.map(|[a, b, c, d, e, f, g]| u64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, 0]));
            keys.extend(above.zip(take_all(bytes, count)?).map(|(above, low)| key(above, low)));
        }
        WIDE => {
            let above = take_all::<WIDE>(bytes, count)?.iter().map(|above| u64::from_le_bytes(*above));
            keys.extend(above.zip(take_all(bytes, count)?).map(|(above, low)| key(above, low)));
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_far_from_each_other_and_near_ones_come_back() {
        let far: Vec<AccountKey> = (0..40).map(|i| AccountKey::of(&format!("A{i}"))).collect();
        let near: Vec<AccountKey> =
            far.iter().map(|key| AccountKey::from_parts(key.high() >> 9 | 1 << 63, key.low())).collect();
        for (keys, width) in [(&far, WIDE), (&near, NARROW), (&far[..1].to_vec(), NARROW)] {
            let (mut bytes, mut back) = (Vec::new(), Vec::new());
            put_keys(keys, &mut bytes);
            assert_eq!(bytes.len(), 8 + 1 + keys.len() * (width + 4));
            let mut rest = bytes.as_slice();
            take_keys(&mut rest, keys.len(), &mut back).unwrap();
            assert!(rest.is_empty());
            assert_eq!(&back, keys);
            for end in 0..bytes.len() {
                assert!(take_keys(&mut &bytes[..end], keys.len(), &mut Vec::new()).is_none(), "{end}");
            }
        }
    }
}
