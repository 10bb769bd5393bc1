//! The evidence on a pair in words.

use std::fmt;

use super::company::Company;
use super::evidence::{Evidence, Kind};
use super::name::Name;

/// The contributions on a pair, the strongest first, with the words that agree and those that do not:
/// `domain +11.2; name agrees (acme, widgets) +9.5; start -6.9`.
#[derive(Clone, Copy, Debug)]
pub struct Reasons<'a> {
    /// The account of the left list.
    pub left: &'a Company<'a>,
    /// The account of the right list.
    pub right: &'a Company<'a>,
    /// What was weighed.
    pub evidence: &'a Evidence,
}

impl fmt::Display for Reasons<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<_> = self.evidence.contributions().collect();
        parts.sort_by_key(|(kind, part)| (std::cmp::Reverse(part.steps().abs()), *kind));
        let words = |company: &Company<'_>| company.name.map(Name::parse).unwrap_or_default().words;
        let (left, right) = (words(self.left), words(self.right));
        let (shared, left_rest): (Vec<&String>, Vec<&String>) =
            left.iter().partition(|word| right.contains(word));
        let right_rest: Vec<&String> = right.iter().filter(|word| !left.contains(word)).collect();
        let list = |words: &[&String]| words.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(", ");
        let rests = format!("{} | {}", list(&left_rest), list(&right_rest));
        // Without words too many, those that are not the same are alike.
        let alike = self.evidence.of(Kind::NameDiffers).steps() == 0 && !left_rest.is_empty();
        for (place, (kind, part)) in parts.into_iter().enumerate() {
            let gap = if place == 0 { "" } else { "; " };
            write!(f, "{gap}{kind}")?;
            match kind {
                Kind::NameAgrees if alike && shared.is_empty() => write!(f, " ({rests})")?,
                Kind::NameAgrees if alike => write!(f, " ({}; {rests})", list(&shared))?,
                Kind::NameAgrees => write!(f, " ({})", list(&shared))?,
                Kind::NameDiffers => write!(f, " ({rests})")?,
                _ => {}
            }
            write!(f, " {:+.1}", part.value())?;
        }
        Ok(())
    }
}
