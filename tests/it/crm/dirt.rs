//! Writes company names as careless people do; what it does to which name follows from a seed.

use propensity::seed::Seed;
use rand::Rng;
use rand::seq::SliceRandom;

/// What is done to a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dirt {
    /// A legal form, translated or spelled at random, and capitals.
    Suffix,
    /// Long words cut to what people write for short.
    Abbreviation,
    /// A letter lost, added, changed, or two swapped, in the longest word.
    Typo,
    /// Two words change places.
    Swap,
    /// A subsidiary in another place, under the name of its owner.
    Subsidiary,
}

const SUFFIXES: [&str; 12] = [
    ", Inc.",
    " Inc",
    " Incorporated",
    " Corp.",
    " Corporation",
    " Co.",
    " Company",
    " LLC",
    " Ltd.",
    " Limited",
    " PLC",
    " Group, Inc.",
];

const SHORT: [(&str, &str); 24] = [
    ("International", "Intl."),
    ("Technologies", "Tech"),
    ("Technology", "Tech."),
    ("Financial", "Fin."),
    ("Industries", "Inds."),
    ("Services", "Svcs"),
    ("Systems", "Sys."),
    ("Manufacturing", "Mfg"),
    ("Holdings", "Hldgs"),
    ("Group", "Grp"),
    ("Insurance", "Ins."),
    ("National", "Natl"),
    ("American", "Amer."),
    ("Communications", "Comms"),
    ("Pharmaceuticals", "Pharma"),
    ("Energy", "Enrgy"),
    ("Resources", "Res."),
    ("Brands", "Brand"),
    ("Stores", "Store"),
    ("Solutions", "Solns"),
    ("Electric", "Elec."),
    ("Materials", "Matls"),
    ("Health", "Hlth"),
    ("Partners", "Ptnrs"),
];

const PARTS: [&str; 8] = [
    " Canada Inc.",
    " (UK) Limited",
    " Deutschland GmbH",
    " Logistics LLC",
    " International Holdings B.V.",
    " Services Co.",
    " Mexico S.A. de C.V.",
    " Retail Division",
];

impl Dirt {
    pub(super) const ALL: [Self; 5] =
        [Self::Suffix, Self::Abbreviation, Self::Typo, Self::Swap, Self::Subsidiary];

    /// The name with this dirt on it.
    pub(super) fn on(self, name: &str, seed: Seed) -> String {
        let mut draws = seed.generator();
        match self {
            Self::Suffix => {
                let suffix = SUFFIXES.choose(&mut draws).unwrap();
                let name = format!("{name}{suffix}");
                if draws.gen_bool(0.3) { name.to_uppercase() } else { name }
            }
            Self::Abbreviation => {
                let short: Vec<String> = name.split(' ').map(|word| shortened(word).to_owned()).collect();
                short.join(" ")
            }
            Self::Typo => slip(name, &mut draws),
            Self::Swap => {
                let mut words: Vec<&str> = name.split(' ').collect();
                let n_words = words.len();
                if n_words > 1 {
                    let place = draws.gen_range(0..n_words - 1);
                    words.swap(place, n_words - 1);
                }
                words.join(" ")
            }
            Self::Subsidiary => format!("{name}{}", PARTS.choose(&mut draws).unwrap()),
        }
    }
}

fn shortened(word: &str) -> &str {
    SHORT.iter().find(|(long, _)| *long == word).map_or(word, |(_, short)| short)
}

/// One slip of the pen in the longest word, not at its first letter.
fn slip(name: &str, draws: &mut impl Rng) -> String {
    let mut words: Vec<Vec<char>> = name.split(' ').map(|word| word.chars().collect()).collect();
    let Some(word) = words.iter_mut().max_by_key(|word| word.len()).filter(|word| word.len() > 3) else {
        return name.to_owned();
    };
    let place = draws.gen_range(1..word.len() - 1);
    let letter = char::from(draws.gen_range(b'a'..=b'z'));
    match draws.gen_range(0..4) {
        0 => drop(word.remove(place)),
        1 => word.insert(place, letter),
        2 => word[place] = letter,
        _ => word.swap(place, place + 1),
    }
    let words: Vec<String> = words.into_iter().map(String::from_iter).collect();
    words.join(" ")
}
