//! The words of a text column, shared by all threads that write rows of it.

use std::sync::{PoisonError, RwLock};

use super::super::contract::ColumnContract;
use super::super::dictionary::Dictionary;
use crate::seed::hash_bytes;

/// Words beyond this number are written out where they stand.
const MOST_WORDS: usize = 1 << 16;

/// How a text of a batch is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    /// Its number in the vocabulary; `None` where it is written out.
    pub(super) code: Option<u32>,
    /// A hash of the text.
    pub(super) hash: u64,
}

/// Distinct texts of a column, numbered in the order in which threads bring them. The numbers are never seen outside.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    words: RwLock<Dictionary>,
    /// Whether texts are names, which are written out at once.
    of_names: bool,
}

impl Vocabulary {
    /// The vocabulary of a column.
    pub(super) fn of_column(column: &ColumnContract) -> Self {
        Self { words: RwLock::default(), of_names: column.is_name() }
    }

    pub(super) const fn is_of_names(&self) -> bool {
        self.of_names
    }

    /// How each text of a batch's dictionary is written.
    pub(super) fn words(&self, texts: &Dictionary) -> Vec<Word> {
        let hash = |text: &str| hash_bytes(0, text.as_bytes());
        if self.of_names {
            return texts.iter().map(|text| Word { code: None, hash: hash(text) }).collect();
        }
        let known = self.words.read().unwrap_or_else(PoisonError::into_inner);
        let full = known.len() >= MOST_WORDS;
        let mut words: Vec<Word> =
            texts.iter().map(|text| Word { code: known.find(text), hash: hash(text) }).collect();
        drop(known);
        if full || words.iter().all(|word| word.code.is_some()) {
            return words;
        }
        let mut known = self.words.write().unwrap_or_else(PoisonError::into_inner);
        for (word, text) in words.iter_mut().zip(texts.iter()).filter(|(word, _)| word.code.is_none()) {
            if known.len() < MOST_WORDS {
                word.code = Some(known.code(text));
            }
        }
        words
    }

    /// All words, by their numbers.
    pub(super) fn read<T>(&self, look: impl FnOnce(&Dictionary) -> T) -> T {
        look(&self.words.read().unwrap_or_else(PoisonError::into_inner))
    }
}
