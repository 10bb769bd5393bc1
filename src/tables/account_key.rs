//! What stands for an account where its name would take too much room.

use std::num::NonZeroU64;

/// A 96-bit hash of an account's id, or of a domain; the same on every machine.
///
/// Two different ids among 152 million share one with a chance below `10^-12`. Keys are spread evenly, so that any
/// range of them holds its share of the accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AccountKey {
    high: NonZeroU64,
    low: u32,
}

impl AccountKey {
    /// Stands where there is no key.
    pub(super) const NONE: Self = Self::from_parts(0, 0);
    /// Bytes that a key takes.
    pub(super) const BYTES: usize = 12;

    pub(super) fn of(id: &str) -> Self {
        let bytes = id.as_bytes();
        let (mut one, mut two) = (KEYS[0] ^ bytes.len() as u64, KEYS[1]);
        for block in bytes.chunks(16) {
            let (a, b) = words(block);
            (one, two) = (fold(one ^ a, KEYS[2] ^ b), fold(two ^ b, KEYS[3] ^ a));
        }
        Self::from_parts(fold(one ^ KEYS[4], two ^ KEYS[5]), fold(two ^ KEYS[6], one ^ KEYS[7]) as u32)
    }

    /// Which of `2^bits` equal ranges of keys it falls into.
    pub(super) const fn range(self, bits: u32) -> usize {
        if bits == 0 { 0 } else { (self.high() >> (64 - bits)) as usize }
    }

    /// The part of the key that is spread over all numbers of 64 bits.
    pub(super) const fn high(self) -> u64 {
        self.high.get()
    }

    /// The rest of the key.
    pub(super) const fn low(self) -> u32 {
        self.low
    }

    /// The key of these parts; an upper part of 0, which has a chance of `2^-64`, counts as 1.
    pub(super) const fn from_parts(high: u64, low: u32) -> Self {
        let high = match NonZeroU64::new(high) {
            Some(high) => high,
            None => NonZeroU64::MIN,
        };
        Self { high, low }
    }

    fn bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(&self.high().to_le_bytes());
        bytes[8..].copy_from_slice(&self.low.to_le_bytes());
        bytes
    }

    pub(super) fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes());
    }

    /// The key at the start of `bytes`; `None` where there are too few.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (high, rest) = bytes.split_first_chunk::<8>()?;
        let (low, _) = rest.split_first_chunk::<4>()?;
        Some(Self::from_parts(u64::from_le_bytes(*high), u32::from_le_bytes(*low)))
    }
}

/// Odd numbers without a pattern: the first words of SHA-512's table of constants, which are the fractional parts of
/// the cube roots of the first primes (FIPS 180-4, 2015, <https://doi.org/10.6028/NIST.FIPS.180-4>).
const KEYS: [u64; 8] = [
    0x428a_2f98_d728_ae22,
    0x7137_4491_23ef_65cd,
    0xb5c0_fbcf_ec4d_3b2f,
    0xe9b5_dba5_8189_dbbc,
    0x3956_c25b_f348_b538,
    0x59f1_11f1_b605_d019,
    0x923f_82a4_af19_4f9b,
    0xab1c_5ed5_da6d_8118,
];

/// Both halves of the product of two words: every bit of the factors reaches every bit of it.
pub(super) const fn fold(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    product as u64 ^ (product >> 64) as u64
}

/// Up to 16 bytes as two words; which bytes there are is told by the length of the whole text.
fn words(bytes: &[u8]) -> (u64, u64) {
    match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        // The two may overlap.
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => (bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_their_bytes_and_fall_into_ranges_evenly() {
        let mut counts = [0_u32; 16];
        for number in 0..16_000 {
            let key = AccountKey::of(&format!("A{number:06}"));
            let mut bytes = Vec::new();
            key.write(&mut bytes);
            assert_eq!((bytes.len(), AccountKey::read(&bytes)), (AccountKey::BYTES, Some(key)));
            assert_eq!(key.range(0), 0);
            counts[key.range(4)] += 1;
        }
        // A thousand are expected in each; five standard deviations are 153.
        assert!(counts.iter().all(|count| count.abs_diff(1000) < 153), "{counts:?}");
    }

    #[test]
    fn texts_of_any_length_have_keys_of_their_own() {
        let text = "the quick brown fox jumps over the lazy dog, twice";
        let mut keys: Vec<AccountKey> = (0..=text.len()).map(|end| AccountKey::of(&text[..end])).collect();
        keys.extend((0..text.len()).map(|at| AccountKey::of(&text.replace(&text[at..=at], "_"))));
        keys.extend(["a", "b", "a\0", "\0a", "\0", "\0\0"].map(AccountKey::of));
        let n_keys = keys.len();
        keys.sort_unstable();
        keys.dedup();
        // Letters that come several times make the same text when they are replaced.
        let mut texts: Vec<String> = (0..text.len()).map(|at| text.replace(&text[at..=at], "_")).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(keys.len(), n_keys - (text.len() - texts.len()));
    }

    #[test]
    fn keys_never_change_between_releases() {
        // The order of rows in files that were written before hangs on it.
        let key = AccountKey::of("A000001");
        assert_eq!((key.high(), key.low()), (14_456_995_841_285_756_897, 2_696_888_747));
    }
}
