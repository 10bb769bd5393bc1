//! Tokens to trees, by recursive descent.
//!
//! ```text
//! rule      = and { "or" and }
//! and       = not { "and" not }
//! not       = "not" not | "(" rule ")" | test
//! test      = flag "(" names ")"
//!           | "version" "(" names ":" version { "," version } ")"
//!           | "agreement" "(" names [ ":" state { "," state } ] ")"
//!           | "scored" "(" name ")"
//!           | "high_propensity" "(" name ")"
//!           | "cluster" "(" name ")" "in" "(" cluster { "," cluster } ")"
//!           | attribute "in" "(" names ")"
//!           | measure sign number
//! names     = name { "," name }          name = word | text | "@" set
//! ```

use std::collections::BTreeMap;

use super::error::RuleFault;
use super::lexer::{Placed, Token, tokens};
use super::predicate::{
    AgreementTest, Attribute, Comparison, Measure, Names, Predicate, VersionTest, cluster_word,
};
use crate::grid::Cluster;
use crate::targeting::VersionAge;

/// Names that rules may use for many, from the catalogue.
pub type Sets = BTreeMap<String, Vec<String>>;

/// The set that lists the programs which are annuities.
pub(super) const ANNUITY_PROGRAMS: &str = "annuity_programs";

/// Depth of parentheses and `not` that no sensible rule comes near; it bounds the stack.
const DEEPEST: usize = 64;

/// What may begin a test, for messages.
const TESTS: &str = "a test: owns, lacks, bought, plan, installed, category, version, agreement, scored, \
                     high_propensity, cluster, industry, tier, country, employees, acr, seats, plan_seats, \
                     penetration, licences, devices, spend or spend_year";

pub(super) fn parse(text: &str, sets: &Sets) -> Result<Predicate, RuleFault> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0, sets };
    let rule = parser.rule()?;
    match parser.peek() {
        Token::End => Ok(rule),
        _ => Err(parser.fault("and, or, or the end of the rule")),
    }
}

struct Parser<'a> {
    tokens: Vec<Placed>,
    next: usize,
    depth: usize,
    sets: &'a Sets,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.tokens.get(self.next).map_or(&Token::End, |placed| &placed.token)
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).or(self.tokens.last()).map_or(0, |placed| placed.at)
    }

    fn fault(&self, expected: impl Into<String>) -> RuleFault {
        RuleFault::new(self.at(), expected, self.peek().shown())
    }

    fn take(&mut self, token: &Token) -> bool {
        let found = self.peek() == token;
        self.next += usize::from(found);
        found
    }

    fn takes_word(&mut self, word: &str) -> bool {
        self.take(&Token::Word(word.to_owned()))
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), RuleFault> {
        if self.take(&Token::Sign(sign)) { Ok(()) } else { Err(self.fault(format!("{sign:?}"))) }
    }

    fn rule(&mut self) -> Result<Predicate, RuleFault> {
        self.joined("or", Self::and, Predicate::Any)
    }

    fn and(&mut self) -> Result<Predicate, RuleFault> {
        self.joined("and", Self::not, Predicate::All)
    }

    fn joined(
        &mut self,
        word: &str,
        part: impl Fn(&mut Self) -> Result<Predicate, RuleFault>,
        join: impl Fn(Vec<Predicate>) -> Predicate,
    ) -> Result<Predicate, RuleFault> {
        let first = part(self)?;
        let mut parts = vec![first];
        while self.takes_word(word) {
            parts.push(part(self)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { join(parts) })
    }

    fn not(&mut self) -> Result<Predicate, RuleFault> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.fault(format!("at most {DEEPEST} parentheses and nots inside each other")));
        }
        let found = if self.takes_word("not") {
            Predicate::Not(Box::new(self.not()?))
        } else if self.take(&Token::Sign("(")) {
            let rule = self.rule()?;
            self.expect(")")?;
            rule
        } else {
            self.test()?
        };
        self.depth -= 1;
        Ok(found)
    }

    fn test(&mut self) -> Result<Predicate, RuleFault> {
        let Token::Word(word) = self.peek().clone() else { return Err(self.fault(TESTS)) };
        let start = self.next;
        self.next += 1;
        Ok(match word.as_str() {
            "owns" => Predicate::Owns(self.argument()?),
            "lacks" => Predicate::Not(Box::new(Predicate::Owns(self.argument()?))),
            "bought" => Predicate::Bought(self.argument()?),
            "plan" => Predicate::Plan(self.argument()?),
            "installed" => Predicate::Installed(self.argument()?),
            "category" => Predicate::Category(self.argument()?),
            "version" => self.version()?,
            "agreement" => self.agreement()?,
            "scored" => Predicate::Scored(self.product()?),
            "high_propensity" => {
                Predicate::InCluster(self.product()?, vec![Cluster::ActNow, Cluster::Evaluate])
            }
            "cluster" => {
                let product = self.product()?;
                Predicate::InCluster(product, self.clusters()?)
            }
            "industry" => self.attribute(Attribute::Industry)?,
            "tier" => self.attribute(Attribute::Tier)?,
            "country" => self.attribute(Attribute::Country)?,
            "employees" => self.comparison(Measure::Employees)?,
            "acr" => self.comparison(Measure::Acr)?,
            "seats" => self.counted(Measure::Seats)?,
            "plan_seats" => self.counted(Measure::PlanSeats)?,
            "penetration" => self.counted(Measure::Penetration)?,
            "licences" => self.counted(Measure::Licences)?,
            "devices" => self.counted(Measure::Devices)?,
            "spend" => self.counted(Measure::Spend)?,
            "spend_year" => self.counted(Measure::SpendYear)?,
            _ => {
                self.next = start;
                return Err(self.fault(TESTS));
            }
        })
    }

    /// Names in parentheses.
    fn argument(&mut self) -> Result<Names, RuleFault> {
        self.expect("(")?;
        let names = self.names()?;
        self.expect(")")?;
        Ok(names)
    }

    fn names(&mut self) -> Result<Names, RuleFault> {
        let mut names = Names { written: String::new(), names: Vec::new() };
        loop {
            let written = match self.peek().clone() {
                Token::Word(word) => {
                    names.names.push(word.clone());
                    word
                }
                Token::Text(text) => {
                    names.names.push(text.clone());
                    format!("{text:?}")
                }
                Token::Set(set) => {
                    let Some(members) = self.sets.get(&set) else {
                        let known: Vec<String> = self.sets.keys().map(|name| format!("@{name}")).collect();
                        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                        return Err(self.fault(format!("a set of the catalogue ({known})")));
                    };
                    names.names.extend(members.iter().cloned());
                    format!("@{set}")
                }
                _ => return Err(self.fault("a name, a text in quotes or a set such as @servers")),
            };
            self.next += 1;
            names.written.push_str(&written);
            if !self.take(&Token::Sign(",")) {
                return Ok(names);
            }
            names.written.push_str(", ");
        }
    }

    /// One name in parentheses.
    fn product(&mut self) -> Result<String, RuleFault> {
        self.expect("(")?;
        let (Token::Word(name) | Token::Text(name)) = self.peek().clone() else {
            return Err(self.fault("the name of one product"));
        };
        self.next += 1;
        self.expect(")")?;
        Ok(name)
    }

    fn version(&mut self) -> Result<Predicate, RuleFault> {
        self.expect("(")?;
        let products = self.names()?;
        self.expect(":")?;
        let mut tests = Vec::new();
        loop {
            tests.push(match self.peek().clone() {
                Token::Word(word) if word == "eos" => VersionTest::Age(VersionAge::Eos),
                Token::Word(word) if word == "current" => VersionTest::Age(VersionAge::Current),
                Token::Text(version) => VersionTest::Exactly(version),
                _ => return Err(self.fault("eos, current or a version in quotes")),
            });
            self.next += 1;
            if !self.take(&Token::Sign(",")) {
                self.expect(")")?;
                return Ok(Predicate::Version(products, tests));
            }
        }
    }

    fn agreement(&mut self) -> Result<Predicate, RuleFault> {
        self.expect("(")?;
        let divisions = self.names()?;
        let mut test = AgreementTest {
            annuity_programs: self.sets.get(ANNUITY_PROGRAMS).cloned().unwrap_or_default(),
            ..AgreementTest::default()
        };
        let mut more = self.take(&Token::Sign(":"));
        while more {
            let Token::Word(word) = self.peek().clone() else {
                return Err(self.fault("active, inactive, annuity or non_annuity"));
            };
            let (place, value) = match word.as_str() {
                "active" => (&mut test.active, true),
                "inactive" => (&mut test.active, false),
                "annuity" => (&mut test.annuity, true),
                "non_annuity" => (&mut test.annuity, false),
                _ => return Err(self.fault("active, inactive, annuity or non_annuity")),
            };
            if place.replace(value).is_some() {
                return Err(self.fault("each of state and kind at most once"));
            }
            self.next += 1;
            more = self.take(&Token::Sign(","));
        }
        self.expect(")")?;
        Ok(Predicate::Agreement(divisions, test))
    }

    fn clusters(&mut self) -> Result<Vec<Cluster>, RuleFault> {
        if !self.takes_word("in") {
            return Err(self.fault("in"));
        }
        self.expect("(")?;
        let mut clusters = Vec::new();
        loop {
            let Token::Word(word) = self.peek().clone() else { return Err(self.fault(cluster_words())) };
            let Some(cluster) = Cluster::ALL.into_iter().find(|cluster| cluster_word(*cluster) == word)
            else {
                return Err(self.fault(cluster_words()));
            };
            clusters.push(cluster);
            self.next += 1;
            if !self.take(&Token::Sign(",")) {
                self.expect(")")?;
                return Ok(clusters);
            }
        }
    }

    fn attribute(&mut self, attribute: Attribute) -> Result<Predicate, RuleFault> {
        if !self.takes_word("in") {
            return Err(self.fault("in"));
        }
        Ok(Predicate::Is(attribute, self.argument()?))
    }

    fn counted(&mut self, measure: impl Fn(Names) -> Measure) -> Result<Predicate, RuleFault> {
        let names = self.argument()?;
        self.comparison(measure(names))
    }

    fn comparison(&mut self, measure: Measure) -> Result<Predicate, RuleFault> {
        let comparison = match self.peek() {
            Token::Sign(sign) => Comparison::of_sign(sign),
            _ => None,
        };
        let Some(comparison) = comparison else { return Err(self.fault("one of < <= > >= == !=")) };
        self.next += 1;
        let Token::Number(value) = *self.peek() else { return Err(self.fault("a number")) };
        self.next += 1;
        Ok(Predicate::Compare(measure, comparison, value))
    }
}

fn cluster_words() -> String {
    Cluster::ALL.map(cluster_word).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sets() -> Sets {
        BTreeMap::from([("d365".to_owned(), vec!["d365_bc".to_owned(), "d365_sp".to_owned()])])
    }

    #[test]
    fn a_rule_reads_back_from_how_it_is_shown() {
        for text in [
            "owns(azure)",
            "not owns(@d365, m365) and (seats(m365) >= 25 or employees < 300)",
            "version(office, windows: eos, \"2016\") and agreement(windows_server: active, non_annuity)",
            "cluster(m365) in (act_now, evaluate) and scored(azure) and industry in (\"Education\")",
            "not (owns(a) or bought(b)) and devices(surface) > 24.5 and acr != 0",
        ] {
            let rule = parse(text, &sets()).unwrap();
            assert_eq!(rule.to_string(), text);
            assert_eq!(parse(&rule.to_string(), &sets()).unwrap(), rule);
        }
    }

    #[test]
    fn and_binds_closer_than_or() {
        let rule = parse("owns(a) or owns(b) and owns(c)", &sets()).unwrap();
        let Predicate::Any(parts) = rule else { panic!("{rule:?}") };
        assert!(matches!(parts[1], Predicate::All(_)));
    }

    #[test]
    fn faults_are_where_they_are() {
        for (text, at, expected, found) in [
            ("owns(azure", 10, "\")\"", "the end of the rule"),
            ("owns azure", 5, "\"(\"", "\"azure\""),
            ("own(azure)", 0, "owns, lacks", "\"own\""),
            ("owns(azure) owns(m365)", 12, "and, or", "\"owns\""),
            ("seats(m365) 25", 12, "one of <", "number 25"),
            ("seats(m365) >= many", 15, "a number", "\"many\""),
            ("owns(@erp)", 5, "@d365", "\"@erp\""),
            ("cluster(azure) in (hot)", 19, "act_now", "\"hot\""),
            ("version(office: old)", 16, "eos", "\"old\""),
            ("agreement(x: active, inactive)", 21, "at most once", "\"inactive\""),
            ("", 0, "a test", "the end"),
        ] {
            let fault = parse(text, &sets()).unwrap_err();
            assert_eq!(fault.at, at, "{text}: {fault:?}");
            assert!(fault.expected.contains(expected) && fault.found.contains(found), "{text}: {fault:?}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = |n: usize| format!("{}owns(a){}", "(".repeat(n), ")".repeat(n));
        assert!(parse(&deep(60), &sets()).is_ok());
        assert!(parse(&deep(100_000), &sets()).unwrap_err().expected.contains("at most 64"));
    }
}
