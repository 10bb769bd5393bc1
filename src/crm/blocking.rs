//! Which pairs are weighed at all: those that share something few companies have.

use super::codes::MISSING;
use super::lists::{List, Lists, Record};
use super::slips::Slips;

/// Words of a name of which pairs are blocks, where each alone is too common.
const WORDS_IN_PAIRS: usize = 4;

/// What two companies may share. A block is a key of 64 bits: the kind above two codes of 30 bits, so that no two
/// blocks have one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shared {
    Id,
    Domain,
    Duns,
    Phone,
    Address,
    Name,
    NameAndCity,
    NameAndPostalCode,
    Word,
    TwoWords,
    WordAndPostalCode,
    WordAndStreet,
}

impl Shared {
    fn key(self, one: u32, two: u32) -> u64 {
        const CODE: u64 = (1 << 30) - 1;
        (self as u64) << 60 | (u64::from(one) & CODE) << 30 | u64::from(two) & CODE
    }
}

/// The blocks of the right list.
#[derive(Debug)]
pub(super) struct Blocks {
    keys: Vec<u64>,
    records: Vec<u32>,
    most: usize,
    slips: Slips,
}

impl Blocks {
    /// Sorts the right list into blocks. A block of more than `most` companies says too little, and is left out.
    pub(super) fn of(lists: &Lists, most: usize) -> Self {
        let list = lists.right();
        let mut entries: Vec<(u64, u32)> = Vec::new();
        for (place, record) in list.records.iter().enumerate() {
            let keys = keys(lists, list, record, most, |_, _| {});
            entries.extend(keys.into_iter().map(|key| (key, place as u32)));
        }
        entries.sort_unstable();
        let mut blocks =
            Self { keys: Vec::new(), records: Vec::new(), most, slips: Slips::among(&lists.words) };
        for block in entries.chunk_by(|a, b| a.0 == b.0).filter(|block| block.len() <= most) {
            blocks.keys.extend(block.iter().map(|(key, _)| key));
            blocks.records.extend(block.iter().map(|(_, record)| record));
        }
        blocks
    }

    /// The companies of the right list that share a block with one of the left list, by their place.
    pub(super) fn candidates(&self, lists: &Lists, left: &Record) -> Vec<u32> {
        let mut found = Vec::new();
        let slipped = |word: u32, keys: &mut Vec<u64>| {
            keys.extend(self.slips.of(word).map(|other| Shared::Word.key(other, 0)));
        };
        for key in keys(lists, &lists.left, left, self.most, slipped) {
            let start = self.keys.partition_point(|other| *other < key);
            let block = self.keys[start..].iter().take_while(|other| **other == key).count();
            found.extend_from_slice(&self.records[start..start + block]);
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// The blocks of a company; `also` adds more for each of its rare words.
fn keys(
    lists: &Lists,
    list: &List,
    record: &Record,
    most: usize,
    also: impl Fn(u32, &mut Vec<u64>),
) -> Vec<u64> {
    let mut keys = Vec::with_capacity(16);
    let mut add = |shared: Shared, one: u32, two: u32| {
        if one != MISSING && two != MISSING {
            keys.push(shared.key(one, two));
        }
    };
    add(Shared::Id, record.id, 0);
    add(Shared::Domain, record.domain, 0);
    add(Shared::Duns, record.duns, 0);
    add(Shared::Phone, record.phone, 0);
    add(Shared::Address, record.address, 0);
    add(Shared::Name, record.name, 0);
    add(Shared::NameAndCity, record.name, record.city);
    add(Shared::NameAndPostalCode, record.name, record.postal_code);
    let telling = &lists.words.telling;
    let mut words: Vec<u32> = list.words(record).to_vec();
    words.sort_by(|a, b| telling.information(*b).total_cmp(&telling.information(*a)).then(a.cmp(b)));
    // Counts are of both lists: a word that half of them have in each may still make a block.
    let is_rare = |word: u32| telling.count(word) as usize <= 2 * most;
    let joined = record.joined.map_or(MISSING, |(_, word)| word);
    for word in [record.initials, joined] {
        add(Shared::Word, word, 0);
    }
    for (place, &word) in words.iter().enumerate() {
        if is_rare(word) {
            keys.push(Shared::Word.key(word, 0));
            also(word, &mut keys);
            continue;
        }
        if place == 0 && record.postal_code != MISSING {
            keys.push(Shared::WordAndPostalCode.key(word, record.postal_code));
        }
        if place == 0 && record.street != MISSING {
            keys.push(Shared::WordAndStreet.key(word, record.street));
        }
        if place < WORDS_IN_PAIRS {
            for &other in words.iter().take(WORDS_IN_PAIRS).skip(place + 1) {
                keys.push(Shared::TwoWords.key(word.min(other), word.max(other)));
            }
        }
    }
    keys
}
