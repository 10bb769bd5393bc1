//! Words that are one slip of the pen apart, found without comparing all with all.

use super::alignment::is_slip;
use super::lexicon::WordKind;
use super::lists::Words;
use crate::seed::hash_bytes;

/// Letters from which on a word may be slipped.
const SHORTEST: usize = 5;
/// Letters beyond which a word is left alone: it has as many forms as letters.
const LONGEST: usize = 24;
/// Words with one form in common beyond which the form is no sign of a slip.
const MOST_ALIKE: usize = 32;

/// For every word the words one slip away.
#[derive(Debug, Default)]
pub(super) struct Slips {
    /// Pairs in both directions, sorted.
    pairs: Vec<(u32, u32)>,
}

impl Slips {
    /// Finds them by the forms that words have when any one letter is left out: two words that are one insertion,
    /// loss, change or swap apart share such a form.
    ///
    /// Source: W. Garbe, Symmetric delete spelling correction (2012), <https://github.com/wolfgarbe/SymSpell>.
    pub(super) fn among(words: &Words) -> Self {
        // Forms that share a hash by accident are told apart by their distance.
        let mut forms: Vec<(u64, u32)> = Vec::new();
        let mut form = String::new();
        for word in 0..words.telling.len() {
            let text = words.text(word);
            let letters: Vec<(usize, char)> = text.char_indices().collect();
            let may_slip = (SHORTEST - 1..=LONGEST).contains(&letters.len())
                && words.telling.count(word) > 0
                && words.kind(word) != WordKind::Number;
            if !may_slip {
                continue;
            }
            forms.push((hash_bytes(0, text.as_bytes()), word));
            for &(start, letter) in &letters {
                form.clear();
                form.push_str(&text[..start]);
                form.push_str(&text[start + letter.len_utf8()..]);
                forms.push((hash_bytes(0, form.as_bytes()), word));
            }
        }
        forms.sort_unstable();
        forms.dedup();
        let mut pairs = Vec::new();
        for alike in forms.chunk_by(|a, b| a.0 == b.0).filter(|alike| alike.len() <= MOST_ALIKE) {
            for (place, &(_, one)) in alike.iter().enumerate() {
                for &(_, two) in &alike[place + 1..] {
                    let known = |word| words.kind(word) != WordKind::Distinctive;
                    let two_known = known(one) && known(two);
                    if !two_known
                        && is_slip(words, one, two)
                        && strsim::osa_distance(words.text(one), words.text(two)) == 1
                    {
                        pairs.extend([(one, two), (two, one)]);
                    }
                }
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        Self { pairs }
    }

    /// The words one slip away from a word.
    pub(super) fn of(&self, word: u32) -> impl Iterator<Item = u32> {
        let start = self.pairs.partition_point(|(one, _)| *one < word);
        self.pairs[start..].iter().take_while(move |(one, _)| *one == word).map(|(_, two)| *two)
    }
}
