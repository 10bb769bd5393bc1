//! Where a company is, in forms that can be compared.

use super::name;

/// Words of an address that everybody writes differently, sorted: kinds of streets, directions, rooms.
#[rustfmt::skip]
const STREET_WORDS: &[&str] = &[
    "apt", "av", "ave", "avenida", "avenue", "bldg", "blvd", "boulevard", "calle", "cir", "circle", "court", "ct",
    "dr", "drive", "e", "east", "fl", "floor", "highway", "hwy", "lane", "ln", "n", "ne", "north", "nw", "parkway",
    "pkwy", "pl", "place", "plaza", "rd", "road", "room", "rue", "s", "se", "ser", "south", "sq", "square", "st",
    "ste", "str", "strasse", "street", "suite", "sw", "the", "ul", "unit", "via", "w", "way", "west",
];

/// Number and name of a street: `1845 E. 79th St.` and `1845 East 79th Street` are both `1845` and `79th`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Street {
    /// The house number.
    pub(super) number: Option<String>,
    /// The word that names the street.
    pub(super) street: Option<String>,
}

impl Street {
    pub(super) fn parse(text: &str) -> Self {
        let words = name::fold(text);
        let is_number = |word: &&String| word.starts_with(|c: char| c.is_ascii_digit());
        // Where the number comes last, as in `Hauptstr. 5`, it is the last word that begins with a digit.
        let number = words.first().filter(is_number).or_else(|| words.iter().rev().find(is_number));
        let named =
            |word: &&String| Some(*word) != number && STREET_WORDS.binary_search(&word.as_str()).is_err();
        // A street may be called after a direction: `6924 W. North Avenue`.
        let long = |word: &&String| Some(*word) != number && word.len() >= 4;
        let street = words.iter().find(named).or_else(|| words.iter().find(long)).map(|word| {
            // `93th` and `93rd` are `93`.
            let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
            if digits.is_empty() || digits.len() + 2 < word.len() { word.clone() } else { digits.to_owned() }
        });
        Self { number: number.cloned(), street }
    }
}

/// The last seven digits of a telephone number: without the codes of country and area that one list has and the other
/// has not. `None` where there are fewer, or where all of them are the same.
pub(super) fn phone(text: &str) -> Option<String> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).collect();
    let last = digits.get(digits.len().checked_sub(7)?..)?;
    if last.iter().all(|digit| *digit == last[0]) {
        return None;
    }
    String::from_utf8(last.to_vec()).ok()
}

/// A postal code in capitals without blanks; of `60622-1234` the first five digits.
pub(super) fn postal_code(text: &str) -> Option<String> {
    let text = text
        .split_once('-')
        .filter(|(zip, plus)| zip.len() == 5 && plus.len() == 4)
        .map_or(text, |(zip, _)| zip);
    let code: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect();
    (!code.is_empty()).then_some(code)
}

/// A D-U-N-S number in its nine digits; `None` for what is none.
pub(super) fn duns(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    (!digits.is_empty() && digits.len() <= 9).then(|| format!("{digits:0>9}"))
}

/// A city, state or country as folded words.
pub(super) fn place(text: &str) -> Option<String> {
    let words = name::fold(text);
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_a_number_and_a_street() {
        for (text, number, street) in [
            ("1845 E. 79th St.", Some("1845"), Some("79")),
            ("1845 East 79TH STREET ", Some("1845"), Some("79")),
            ("2050 E 93th St.", Some("2050"), Some("93")),
            ("4526 S. Wabash", Some("4526"), Some("wabash")),
            ("Hauptstr. 5", Some("5"), Some("hauptstr")),
            ("6924 W. North Avenue", Some("6924"), Some("north")),
            ("", None, None),
        ] {
            let expected = Street { number: number.map(str::to_owned), street: street.map(str::to_owned) };
            assert_eq!(Street::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers_lose_what_only_some_write() {
        assert_eq!(phone("+1 (312) 285-9902"), phone("2859902"));
        assert_eq!((phone("0000000"), phone("12345")), (None, None));
        assert_eq!(postal_code("60622-1234").as_deref(), Some("60622"));
        assert_eq!(postal_code("sw1a 1aa").as_deref(), Some("SW1A1AA"));
        assert_eq!(duns("00-123-4567").as_deref(), Some("001234567"));
        assert_eq!(duns("n/a"), None);
    }
}
