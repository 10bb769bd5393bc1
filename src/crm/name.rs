//! A company name as words that can be compared.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::legal_forms::{self, LegalForm};
use super::lexicon;

/// Words of a name that are compared; a longer name says no more.
pub(super) const MOST_WORDS: usize = 16;

/// A name without its legal form, in words that stand for themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Name {
    /// Distinct words in their order, abbreviations written out.
    pub(super) words: Vec<String>,
    /// The legal form, where the name has one.
    pub(super) form: Option<LegalForm>,
}

impl Name {
    /// Reads a name. A name of nothing but joining words keeps them; one without letters or digits has no words.
    pub(super) fn parse(text: &str) -> Self {
        let mut words = fold(text);
        let form = legal_forms::strip(&mut words);
        if words.iter().any(|word| !lexicon::is_joining(word)) {
            words.retain(|word| !lexicon::is_joining(word));
        }
        let mut distinct: Vec<String> = Vec::with_capacity(words.len());
        for word in &words {
            let word = lexicon::stands_for(word);
            if !distinct.iter().any(|known| known == word) && distinct.len() < MOST_WORDS {
                distinct.push(word.to_owned());
            }
        }
        Self { words: distinct, form }
    }

    /// The first letters of a name of three words or more: what it may be called for short.
    pub(super) fn initials(&self) -> Option<String> {
        (self.words.len() >= 3).then(|| self.words.iter().filter_map(|word| word.chars().next()).collect())
    }
}

/// Lower-case words without accents; dots between letters and apostrophes go, `&` is a word, single letters in a row
/// become one word.
pub(super) fn fold(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut dotted = false;
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        match c {
            '\'' | '\u{2019}' | '\u{2018}' | '`' | '\u{b4}' => {}
            // The dot of `U.S.A.` is between single letters; any other ends a word.
            '.' if word.chars().count() == 1 || dotted => dotted = true,
            '&' | '+' => {
                end_word(&mut word, &mut words);
                words.push("and".to_owned());
                dotted = false;
            }
            _ if c.is_alphanumeric() => {
                if dotted && word.ends_with(|last: char| !last.is_alphabetic()) {
                    end_word(&mut word, &mut words);
                }
                push_plain(c, &mut word);
            }
            _ => {
                end_word(&mut word, &mut words);
                dotted = false;
            }
        }
    }
    end_word(&mut word, &mut words);
    join_letters(words)
}

/// Letters that have no accent to take off, as they are written without them.
fn push_plain(c: char, word: &mut String) {
    match c {
        'ß' => word.push_str("ss"),
        'æ' => word.push_str("ae"),
        'œ' => word.push_str("oe"),
        'ø' => word.push('o'),
        'ł' => word.push('l'),
        'đ' | 'ð' => word.push('d'),
        'ı' => word.push('i'),
        'þ' => word.push_str("th"),
        c => word.push(c),
    }
}

fn end_word(word: &mut String, words: &mut Vec<String>) {
    if !word.is_empty() {
        words.push(std::mem::take(word));
    }
}

/// `a t and t` is `at and t`: single letters that follow each other are one word.
fn join_letters(words: Vec<String>) -> Vec<String> {
    let is_letter = |word: &str| word.len() == 1 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    let mut joined: Vec<String> = Vec::with_capacity(words.len());
    let mut after_letter = false;
    for word in words {
        let letter = is_letter(&word);
        match joined.last_mut() {
            Some(last) if letter && after_letter => last.push_str(&word),
            _ => joined.push(word),
        }
        after_letter = letter;
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> String {
        Name::parse(text).words.join(" ")
    }

    #[test]
    fn one_company_has_one_writing() {
        for (text, expected) in [
            ("Acme, Inc.", "acme"),
            ("The ACME Company", "acme"),
            ("Acme Sp. z o.o.", "acme"),
            ("ACME SP Z OO", "acme"),
            ("Société Générale S.A.", "societe generale"),
            ("Müller GmbH & Co. KG", "muller"),
            ("A.B. Volvo", "volvo"),
            ("I.B.M. Corp.", "ibm"),
            ("A T & T", "at t"),
            ("AT&T Inc.", "at t"),
            ("Joe's Pizza", "joes pizza"),
            ("Smith & Sons Mfg. Co., Ltd.", "smith sons manufacturing"),
            ("Intl. Paper", "international paper"),
            ("Kød og Brød ApS", "kod brod"),
            ("Bank of the West", "bank west"),
            ("Straße 3", "strasse 3"),
            ("Acme Acme", "acme"),
            ("The The", "the"),
            ("株式会社 日立製作所", "株式会社 日立製作所"),
            ("!!!", ""),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn initials_are_of_long_names_only() {
        let initials = |text| Name::parse(text).initials();
        assert_eq!(initials("International Business Machines Corp"), Some("ibm".to_owned()));
        assert_eq!(initials("Acme Bank"), None);
    }
}
