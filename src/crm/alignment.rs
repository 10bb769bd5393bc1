//! Which words of two names stand for each other.

use super::lexicon::{self, WordKind};
use super::lists::Words;
use super::name::MOST_WORDS;

/// How alike two words are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Likeness {
    /// The same word.
    Same,
    /// One has an `s` at its end.
    Plural,
    /// One word is two in the other name: `wal mart`.
    Joined,
    /// The beginning of the other.
    Beginning,
    /// The other without some letters between its first and its last: `hlth`.
    Contraction,
    /// One letter added, lost, changed, or two swapped.
    OneSlip,
    /// Two of that, in long words.
    TwoSlips,
    /// The initials of the other name.
    Initials,
}

impl Likeness {
    /// How many log-odds such a likeness says less than the same word: other words come as close by accident.
    pub(super) const fn discount(self) -> f64 {
        match self {
            Self::Same => 0.0,
            Self::Plural => 0.3,
            Self::Joined => 0.5,
            Self::Beginning | Self::Contraction | Self::OneSlip => 2.0,
            Self::TwoSlips | Self::Initials => 3.0,
        }
    }
}

/// Words that agree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Agreement {
    /// The word that is said to agree: the less telling one.
    pub(super) word: u32,
    /// How alike they are.
    pub(super) likeness: Likeness,
}

/// Two names word by word.
#[derive(Clone, Debug, Default)]
pub(super) struct Alignment {
    /// What agrees.
    pub(super) agreed: Vec<Agreement>,
    /// Words of the left name that nothing on the right stands for.
    pub(super) left_rest: Vec<u32>,
    /// The same of the right name.
    pub(super) right_rest: Vec<u32>,
}

/// The words of a name, and how else it may be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writing<'l> {
    pub(super) words: &'l [u32],
    /// The word that the initials make.
    pub(super) initials: u32,
    /// The word that two neighbours make, with the place of the first.
    pub(super) joined: Option<(u8, u32)>,
}

/// Letters from which on a word may be slipped.
const SLIP_LENGTH: usize = 5;
/// Letters from which on it may be twice.
const TWO_SLIPS_LENGTH: usize = 8;

/// Marks words that have found their partner.
#[derive(Clone, Copy, Default)]
struct Taken([bool; MOST_WORDS]);

impl Taken {
    fn free(self, n_words: usize) -> impl Iterator<Item = usize> {
        (0..n_words.min(MOST_WORDS)).filter(move |place| !self.0[*place])
    }

    fn is_free(self, place: usize) -> bool {
        self.0.get(place).is_some_and(|taken| !taken)
    }

    fn take(&mut self, place: usize) {
        if let Some(taken) = self.0.get_mut(place) {
            *taken = true;
        }
    }
}

impl Alignment {
    /// Aligns two names. Every word has at most one partner; the closest likeness is settled first.
    pub(super) fn of(words: &Words, left: Writing<'_>, right: Writing<'_>) -> Self {
        let mut aligned = Self::default();
        let (mut of_left, mut of_right) = (Taken::default(), Taken::default());
        for place in of_left.free(left.words.len()) {
            let partner =
                of_right.free(right.words.len()).find(|other| right.words[*other] == left.words[place]);
            if let Some(other) = partner {
                of_left.take(place);
                of_right.take(other);
                aligned.agreed.push(Agreement { word: left.words[place], likeness: Likeness::Same });
            }
        }
        aligned.join(left, &mut of_left, right, &mut of_right);
        aligned.join(right, &mut of_right, left, &mut of_left);
        aligned.slip(words, (left, &mut of_left), (right, &mut of_right));
        aligned.slip_as_a_whole(words, (left, &mut of_left), (right, &mut of_right));
        if aligned.agreed.is_empty() {
            aligned.shorten(left, &mut of_left, right, &mut of_right);
            aligned.shorten(right, &mut of_right, left, &mut of_left);
        }
        aligned.left_rest = of_left.free(left.words.len()).map(|place| left.words[place]).collect();
        aligned.right_rest = of_right.free(right.words.len()).map(|place| right.words[place]).collect();
        aligned
    }

    /// Two neighbours of one name that are one word of the other.
    fn join(&mut self, two: Writing<'_>, of_two: &mut Taken, one: Writing<'_>, of_one: &mut Taken) {
        let Some((place, word)) = two.joined else { return };
        let place = usize::from(place);
        let partner = of_one.free(one.words.len()).find(|other| one.words[*other] == word);
        if let Some(other) = partner.filter(|_| of_two.is_free(place) && of_two.is_free(place + 1)) {
            of_two.take(place);
            of_two.take(place + 1);
            of_one.take(other);
            self.agreed.push(Agreement { word, likeness: Likeness::Joined });
        }
    }

    /// Words that are nearly the same, the nearest first.
    fn slip(
        &mut self,
        words: &Words,
        (left, of_left): (Writing<'_>, &mut Taken),
        (right, of_right): (Writing<'_>, &mut Taken),
    ) {
        let mut near = Vec::new();
        for place in of_left.free(left.words.len()) {
            for other in of_right.free(right.words.len()) {
                if let Some(likeness) = likeness(words, left.words[place], right.words[other]) {
                    near.push((likeness, place, other));
                }
            }
        }
        near.sort_unstable();
        for (likeness, place, other) in near {
            if of_left.is_free(place) && of_right.is_free(other) {
                of_left.take(place);
                of_right.take(other);
                let (one, two) = (left.words[place], right.words[other]);
                let telling = |word| words.telling.information(word);
                let word = if telling(two) < telling(one) { two } else { one };
                self.agreed.push(Agreement { word, likeness });
            }
        }
    }

    /// Names that are one slip apart when they are written without gaps: `coca ola`.
    fn slip_as_a_whole(
        &mut self,
        words: &Words,
        (left, of_left): (Writing<'_>, &mut Taken),
        (right, of_right): (Writing<'_>, &mut Taken),
    ) {
        let rest = |writing: Writing<'_>, taken: Taken| -> Vec<u32> {
            taken.free(writing.words.len()).map(|place| writing.words[place]).collect()
        };
        let (left_rest, right_rest) = (rest(left, *of_left), rest(right, *of_right));
        let known = |rest: &[u32]| rest.iter().all(|word| words.kind(*word) != WordKind::Distinctive);
        if self.agreed.is_empty()
            || left_rest.is_empty()
            || right_rest.is_empty()
            || known(&left_rest) && known(&right_rest)
        {
            return;
        }
        let written =
            |writing: Writing<'_>| -> String { writing.words.iter().map(|word| words.text(*word)).collect() };
        let (one, two) = (written(left), written(right));
        let long_enough = one.len().min(two.len()) + 1 >= TWO_SLIPS_LENGTH;
        if long_enough && one.len().abs_diff(two.len()) <= 1 && strsim::osa_distance(&one, &two) <= 1 {
            (0..left.words.len()).for_each(|place| of_left.take(place));
            (0..right.words.len()).for_each(|place| of_right.take(place));
            let word = right_rest[0];
            self.agreed.push(Agreement { word, likeness: Likeness::OneSlip });
        }
    }

    /// One name is the initials of the other.
    fn shorten(&mut self, short: Writing<'_>, of_short: &mut Taken, long: Writing<'_>, of_long: &mut Taken) {
        if short.words == [long.initials] {
            of_short.take(0);
            (0..long.words.len()).for_each(|place| of_long.take(place));
            self.agreed.push(Agreement { word: long.initials, likeness: Likeness::Initials });
        }
    }
}

/// How alike two different words are; `None` where they are two words.
fn likeness(words: &Words, one: u32, two: u32) -> Option<Likeness> {
    let (a, b) = (words.text(one), words.text(two));
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if long.strip_suffix('s') == Some(short) && short.len() >= 3 {
        return Some(Likeness::Plural);
    }
    let known = |word| words.kind(word) != WordKind::Distinctive;
    match (known(one), known(two)) {
        // Both are words of the language: west is not best.
        (true, true) => None,
        (false, false) if short.len() >= SLIP_LENGTH && long.starts_with(short) => Some(Likeness::Beginning),
        (false, false) => slipped(short, long).filter(|_| is_slip(words, one, two)),
        (true, false) => written_badly(words, two, one),
        (false, true) => written_badly(words, one, two),
    }
}

/// How an unknown word may be a known one, or another writing of it, cut short or written wrongly.
fn written_badly(words: &Words, unknown: u32, known: u32) -> Option<Likeness> {
    let (text, word) = (words.text(unknown), words.text(known));
    if is_contraction(text, word) {
        return Some(Likeness::Contraction);
    }
    let writings = std::iter::once(word).chain(lexicon::also_written(word));
    let nearest =
        writings.filter(|writing| writing.len() >= SLIP_LENGTH).filter_map(|writing| slipped(text, writing));
    nearest.min().filter(|_| is_slip(words, unknown, known))
}

/// Whether two words are one or two slips apart.
fn slipped(one: &str, two: &str) -> Option<Likeness> {
    let (short, long) = (one.len().min(two.len()), one.len().max(two.len()));
    if long - short > 2 || long < SLIP_LENGTH {
        return None;
    }
    match strsim::osa_distance(one, two) {
        0 | 1 => Some(Likeness::OneSlip),
        2 if short >= TWO_SLIPS_LENGTH => Some(Likeness::TwoSlips),
        _ => None,
    }
}

/// Whether a word is another one without some of the letters in between.
fn is_contraction(short: &str, long: &str) -> bool {
    let mut rest = long.chars();
    short.len() >= 3
        && short.len() < long.len()
        && short.chars().next() == long.chars().next()
        && short.chars().last() == long.chars().last()
        && short.chars().all(|letter| rest.any(|other| other == letter))
}

/// Whether one of two words may be the other one written wrongly: what many write is no slip.
pub(super) fn is_slip(words: &Words, one: u32, two: u32) -> bool {
    /// Times that a slip may be repeated, or one in so many words.
    const REPEATED: u32 = 4;
    const IN: u32 = 100_000;
    let rarer = words.telling.count(one).min(words.telling.count(two));
    let has_digit = |word| words.text(word).bytes().any(|byte| byte.is_ascii_digit());
    rarer <= REPEATED.max(words.telling.len() / IN) && !has_digit(one) && !has_digit(two)
}
