//! The distinct texts of a column, each known by a number.

use crate::seed::hash_bytes;

/// An empty place in the hash table.
const VACANT: u32 = u32::MAX;

/// Distinct texts, each stored once.
///
/// While rows are added, codes count in the order of first appearance; [`Dictionary::sort`] makes them count in the
/// order of the texts, so that neither depends on the order of the rows. Names, of which nearly every row has another,
/// are not looked for when they are added: until it is sorted, a dictionary may hold a name several times.
#[derive(Clone, Debug, Default)]
pub(super) struct Dictionary {
    text: String,
    ends: Vec<usize>,
    /// Open addressing: codes at the hash of their text; the length is a power of two.
    places: Vec<u32>,
    /// Where texts that were looked up lately are found, by a few of their bytes.
    lately: Vec<u32>,
}

/// Places of `lately`.
const LATELY: usize = 256;

impl Dictionary {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn get(&self, code: u32) -> Option<&str> {
        let at = code as usize;
        let end = *self.ends.get(at)?;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        Some(&self.text[start..end])
    }

    /// All texts in the order of their codes.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|code| self.get(code as u32))
    }

    /// The code of a text that is there.
    pub(super) fn find(&self, text: &str) -> Option<u32> {
        let mask = self.places.len().checked_sub(1)?;
        let mut at = hash_bytes(0, text.as_bytes()) as usize & mask;
        loop {
            match self.places[at] {
                VACANT => return None,
                code if self.get(code) == Some(text) => return Some(code),
                _ => at = (at + 1) & mask,
            }
        }
    }

    /// The code of a text, which is added where it is not there yet.
    ///
    /// A text that comes again and again is found by a few of its bytes, before its hash is asked.
    pub(super) fn code(&mut self, text: &str) -> u32 {
        if self.lately.is_empty() {
            self.lately = vec![VACANT; LATELY];
        }
        let place = glance(text.as_bytes());
        let code = self.lately[place];
        if code != VACANT && self.get(code) == Some(text) {
            return code;
        }
        let code = self.hashed_code(text);
        self.lately[place] = code;
        code
    }

    /// The code of a text that is added without a look whether it is there.
    pub(super) fn add_name(&mut self, text: &str) -> u32 {
        self.text.push_str(text);
        self.ends.push(self.text.len());
        self.len() as u32 - 1
    }

    fn hashed_code(&mut self, text: &str) -> u32 {
        if self.places.len() < 2 * (self.len() + 1) {
            self.grow();
        }
        let mask = self.places.len() - 1;
        let mut at = hash_bytes(0, text.as_bytes()) as usize & mask;
        loop {
            match self.places[at] {
                VACANT => break,
                code if self.get(code) == Some(text) => return code,
                _ => at = (at + 1) & mask,
            }
        }
        let code = self.len() as u32;
        self.places[at] = code;
        self.text.push_str(text);
        self.ends.push(self.text.len());
        code
    }

    fn grow(&mut self) {
        let mut places = vec![VACANT; (4 * (self.len() + 1)).next_power_of_two()];
        let mask = places.len() - 1;
        for (code, text) in self.iter().enumerate() {
            let mut at = hash_bytes(0, text.as_bytes()) as usize & mask;
            while places[at] != VACANT {
                at = (at + 1) & mask;
            }
            places[at] = code as u32;
        }
        self.places = places;
    }

    /// The same texts in ascending order, each once, and for each old code the new one.
    pub(super) fn sort(&self) -> (Self, Vec<u32>) {
        /// As many bytes of the text as compare at once, and how many there are.
        fn start(text: &str) -> (u128, usize) {
            let mut bytes = [0; 16];
            let length = text.len().min(16);
            bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
            (u128::from_be_bytes(bytes), length)
        }
        let texts: Vec<&str> = self.iter().collect();
        let mut order: Vec<((u128, usize), u32)> =
            texts.iter().zip(0..).map(|(text, code)| (start(text), code)).collect();
        order.sort_unstable();
        // What is alike so far may differ further on.
        for alike in
            order.chunk_by_mut(|a, b| a.0 == b.0).filter(|alike| alike.len() > 1 && alike[0].0.1 == 16)
        {
            alike.sort_unstable_by_key(|(_, code)| texts[*code as usize]);
        }
        let mut sorted = Self { text: String::with_capacity(self.text.len()), ..Self::default() };
        let mut renamed = vec![0; order.len()];
        for (_, old) in order {
            let text = texts[old as usize];
            if sorted.len().checked_sub(1).and_then(|last| sorted.get(last as u32)) != Some(text) {
                sorted.add_name(text);
            }
            renamed[old as usize] = sorted.len() as u32 - 1;
        }
        (sorted, renamed)
    }
}

/// A place in `lately`: made of length, first, middle and last byte.
fn glance(text: &[u8]) -> usize {
    let byte = |at: usize| text.get(at).map_or(0, |byte| usize::from(*byte));
    let mixed = byte(0)
        ^ byte(text.len() / 2).wrapping_mul(7)
        ^ byte(text.len().saturating_sub(1)).wrapping_mul(31)
        ^ text.len().wrapping_mul(13);
    mixed % LATELY
}
