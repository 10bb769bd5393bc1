//! A recipe says what one feature is, and how to say its value in words.

use serde::{Deserialize, Serialize};

use super::spec::Family;
use crate::matrix::{Feature, FeatureKind, FeatureValue};

/// How the value of a feature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A whole number of things.
    Count,
    /// A number without a unit.
    Number,
    /// Days.
    Days,
    /// Years.
    Years,
    /// Money in the currency of the spec.
    Money,
    /// A name.
    Name,
    /// 1 for yes, 0 for no.
    Flag,
    /// A [`Surge`](super::Surge): said with its number, as surging from 60 up, as quieter than usual down from 40.
    Surge,
}

/// What one feature is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// `family__what__window`.
    pub name: String,
    /// The family it belongs to.
    pub family: Family,
    /// The product it speaks of, where it speaks of one.
    pub product: Option<String>,
    /// Features of one group are told as one reason: windows over the same signals, measures of the same purchases.
    pub group: String,
    /// How its value is written.
    pub unit: Unit,
    /// The sentence for a value; `{}` stands for the value, `[s]` or `[y|ies]` for an ending after one and after many.
    pub words: String,
    /// The sentence for zero or no.
    pub words_none: String,
    /// The sentence for a missing value.
    pub words_missing: String,
}

impl Recipe {
    /// A feature of `family`, without a product; say more with the other methods.
    pub(super) fn new(family: Family, what: &str, window: &str, unit: Unit, words: &str) -> Self {
        Self {
            name: format!("{}__{what}__{window}", family.as_str()),
            family,
            product: None,
            group: format!("{} {what}", family.as_str()),
            unit,
            words: words.to_owned(),
            words_none: ended(&words.replace("{}", "no"), false),
            words_missing: format!("{} unknown", what.replace('_', " ")),
        }
    }

    /// The feature speaks of `product`.
    #[must_use]
    pub(super) fn of_product(mut self, product: &str) -> Self {
        self.product = Some(product.to_owned());
        self.group = format!("{} {product}", self.family.as_str());
        self
    }

    /// The feature is told together with others of its family that have the same `name`.
    #[must_use]
    pub(super) fn told_with(mut self, name: &str) -> Self {
        self.group = format!("{} {name}", self.family.as_str());
        self
    }

    /// The sentence for zero or no.
    #[must_use]
    pub(super) fn none(mut self, words: impl Into<String>) -> Self {
        self.words_none = ended(&words.into(), false);
        self
    }

    /// The sentence for a missing value.
    #[must_use]
    pub(super) fn missing(mut self, words: impl Into<String>) -> Self {
        self.words_missing = ended(&words.into(), false);
        self
    }

    /// Its name and what its column holds.
    pub fn feature(&self) -> Feature {
        let kind = if self.unit == Unit::Name { FeatureKind::Level } else { FeatureKind::Number };
        Feature { name: self.name.clone(), kind }
    }

    /// The value in plain words, such as `3 signals about crm in the last 28 days`.
    pub fn sentence(&self, value: FeatureValue<'_>) -> String {
        match value {
            FeatureValue::Missing => self.words_missing.clone(),
            FeatureValue::Level(name) => self.words.replace("{}", name),
            FeatureValue::Number(0.0) if !matches!(self.unit, Unit::Days | Unit::Years | Unit::Surge) => {
                self.words_none.clone()
            }
            FeatureValue::Number(number) => {
                let value = self.write(f64::from(number));
                ended(&self.words, value == "1").replace("{}", &value)
            }
        }
    }

    fn write(&self, number: f64) -> String {
        match self.unit {
            Unit::Count | Unit::Days | Unit::Years | Unit::Flag | Unit::Money => grouped(number.round()),
            // Two decimals at most, and no more than it takes.
            Unit::Number | Unit::Name => {
                let text = format!("{number:.2}");
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            }
            Unit::Surge => {
                // Cut toward the usual 50, as the statistic is: 59.9 is not said to be 60.
                let points = if number < 50.0 { number.ceil() } else { number.floor() };
                let manner = match points {
                    ..=40.0 => "quieter than usual",
                    60.0.. => "surging",
                    _ => "as usual",
                };
                format!("{manner} ({points})")
            }
        }
    }
}

/// Chooses the endings in brackets: `[s]` is nothing after one and `s` after many, `[y|ies]` is `y` or `ies`.
fn ended(words: &str, one: bool) -> String {
    let mut text = String::with_capacity(words.len());
    let mut rest = words;
    while let Some((before, (ending, after))) =
        rest.split_once('[').and_then(|(before, tail)| Some((before, tail.split_once(']')?)))
    {
        let (after_one, after_many) = ending.split_once('|').unwrap_or(("", ending));
        text.push_str(before);
        text.push_str(if one { after_one } else { after_many });
        rest = after;
    }
    text + rest
}

/// A whole number with its thousands apart: `1,250,000`.
fn grouped(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    if number < 0.0 {
        text.push('-');
    }
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_said_in_words() {
        let recipe = Recipe::new(
            Family::Intent,
            "signals_crm",
            "28d",
            Unit::Count,
            "{} signal[s] about crm in 28 days",
        );
        assert_eq!(recipe.name, "intent__signals_crm__28d");
        assert_eq!(recipe.sentence(FeatureValue::Number(3.0)), "3 signals about crm in 28 days");
        assert_eq!(recipe.sentence(FeatureValue::Number(1.0)), "1 signal about crm in 28 days");
        assert_eq!(recipe.sentence(FeatureValue::Number(0.0)), "no signals about crm in 28 days");
        assert_eq!(recipe.sentence(FeatureValue::Missing), "signals crm unknown");
        let recipe = Recipe::new(Family::Intent, "surge", "21d", Unit::Surge, "signals are {}");
        for (value, expected) in [
            (72.4, "signals are surging (72)"),
            (59.999, "signals are as usual (59)"),
            (50.0, "signals are as usual (50)"),
            (40.001, "signals are as usual (41)"),
            (0.0, "signals are quieter than usual (0)"),
        ] {
            assert_eq!(recipe.sentence(FeatureValue::Number(value)), expected);
        }
        assert_eq!(grouped(-1_250_000.0), "-1,250,000");
        assert_eq!(grouped(999.0), "999");
        assert_eq!(ended("{} technolog[y|ies] of [x", true), "{} technology of [x");
    }
}
