//! Distinct texts as numbers, and how much it says when two companies share one.

#![expect(clippy::disallowed_types, reason = "the map of texts to numbers is never listed in its own order")]

use std::collections::HashMap;

/// Stands for a text that is missing.
pub(super) const MISSING: u32 = u32::MAX;

/// Companies that the background knowledge weighs as much as: how common a text is, is asked of the lists and of so
/// many companies beside them.
const BACKGROUND: f64 = 1000.0;

/// Distinct texts of a field, numbered as they come.
#[derive(Debug, Default)]
pub(super) struct Codes {
    by_text: HashMap<Box<str>, u32>,
    counts: Vec<u32>,
}

impl Codes {
    /// The number of a text, counted once more.
    pub(super) fn count(&mut self, text: &str) -> u32 {
        if let Some(&code) = self.by_text.get(text) {
            self.counts[code as usize] += 1;
            return code;
        }
        let code = self.counts.len() as u32;
        self.by_text.insert(text.into(), code);
        self.counts.push(1);
        code
    }

    /// [`Self::count`] of a text that may be missing.
    pub(super) fn count_some(&mut self, text: Option<&str>) -> u32 {
        text.map_or(MISSING, |text| self.count(text))
    }

    /// The number of a text that has been counted.
    pub(super) fn find(&self, text: &str) -> Option<u32> {
        self.by_text.get(text).copied()
    }

    /// The texts by their numbers.
    pub(super) fn texts(&self) -> Vec<Box<str>> {
        let mut texts = vec![Box::default(); self.counts.len()];
        for (text, code) in &self.by_text {
            texts[*code as usize] = text.clone();
        }
        texts
    }

    /// How telling each text is in lists of so many companies, where `share` of all companies are thought to have a
    /// text that was never seen.
    pub(super) fn telling(&self, n_companies: usize, share: impl Fn(u32) -> f64) -> Telling {
        let n_companies = n_companies as f64;
        let information = |(code, count): (usize, &u32)| {
            let expected = BACKGROUND * share(code as u32);
            -libm::log((f64::from(*count) + expected) / (n_companies + BACKGROUND))
        };
        Telling {
            information: self.counts.iter().enumerate().map(information).collect(),
            counts: self.counts.clone(),
        }
    }
}

/// How common the texts of a field are.
#[derive(Debug, Default)]
pub(super) struct Telling {
    information: Vec<f64>,
    counts: Vec<u32>,
}

impl Telling {
    /// What agreement in a text says against two companies agreeing by accident: `ln(1 / f)`, where `f` is the share of
    /// companies that have it (P. Fellegi and A. Sunter, A theory for record linkage, 1969,
    /// <https://doi.org/10.1080/01621459.1969.10501049>, with the frequencies of W. Winkler, 1989).
    pub(super) fn information(&self, code: u32) -> f64 {
        self.information.get(code as usize).copied().unwrap_or(0.0)
    }

    /// How many companies of both lists have it.
    pub(super) fn count(&self, code: u32) -> u32 {
        self.counts.get(code as usize).copied().unwrap_or(0)
    }

    /// How many texts there are.
    pub(super) fn len(&self) -> u32 {
        self.counts.len() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_few_have_says_much() {
        let mut codes = Codes::default();
        let bank: Vec<u32> = (0..500).map(|_| codes.count("bank")).collect();
        let rare = codes.count("woonsocket");
        assert_eq!(codes.count_some(None), MISSING);
        assert_eq!((bank[0], bank[499], rare, codes.find("bank")), (0, 0, 1, Some(0)));
        let telling = codes.telling(1000, |_| 0.001);
        // (500 + 1) / 2000 and (1 + 1) / 2000.
        assert!((telling.information(0) - -libm::log(0.2505)).abs() < 1e-12);
        assert!((telling.information(1) - -libm::log(0.001)).abs() < 1e-12);
        assert_eq!((telling.information(MISSING), telling.count(MISSING)), (0.0, 0));
        assert_eq!(codes.texts(), ["bank".into(), "woonsocket".into()]);
    }
}
