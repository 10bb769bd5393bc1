//! Characters to tokens.

use super::error::RuleFault;

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A bare word: a keyword, a predicate or a name.
    Word(String),
    /// A name in double quotes.
    Text(String),
    /// A set of names, written `@name`.
    Set(String),
    /// A number.
    Number(f64),
    /// `(`, `)`, `,`, `:`, `<`, `<=`, `>`, `>=`, `==`, `!=`.
    Sign(&'static str),
    /// The end of the rule.
    End,
}

impl Token {
    /// The token as messages show it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Word(word) => format!("{word:?}"),
            Self::Text(text) => format!("text {text:?}"),
            Self::Set(name) => format!("\"@{name}\""),
            Self::Number(number) => format!("number {number}"),
            Self::Sign(sign) => format!("{sign:?}"),
            Self::End => "the end of the rule".to_owned(),
        }
    }
}

/// A token and the byte at which it begins.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) at: usize,
}

/// Longest first, so that `<=` is not read as `<`.
const SIGNS: [&str; 10] = ["<=", ">=", "==", "!=", "(", ")", ",", ":", "<", ">"];

const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The tokens of a rule, the end included. Comments run from `#` to the end of the line.
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, RuleFault> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        if c.is_whitespace() {
            at += c.len_utf8();
        } else if c == '#' {
            at += rest.find('\n').unwrap_or(rest.len());
        } else {
            let (token, length) = token(rest, at)?;
            tokens.push(Placed { token, at });
            at += length;
        }
    }
    tokens.push(Placed { token: Token::End, at });
    Ok(tokens)
}

fn token(rest: &str, at: usize) -> Result<(Token, usize), RuleFault> {
    let word = |from: &str| from[..from.find(|c| !is_word(c)).unwrap_or(from.len())].to_owned();
    if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
        return Ok((Token::Sign(sign), sign.len()));
    }
    if let Some(quoted) = rest.strip_prefix('"') {
        let Some(end) = quoted.find(['"', '\n']).filter(|end| quoted[*end..].starts_with('"')) else {
            return Err(RuleFault::new(at, "a closing quote on the same line", "none"));
        };
        return Ok((Token::Text(quoted[..end].to_owned()), end + 2));
    }
    if let Some(named) = rest.strip_prefix('@') {
        let name = word(named);
        if name.is_empty() {
            return Err(RuleFault::new(at, "the name of a set after @", "nothing"));
        }
        let length = name.len() + 1;
        return Ok((Token::Set(name), length));
    }
    let first = rest.chars().next().unwrap_or(' ');
    if first.is_ascii_digit() {
        let end = rest.find(|c: char| !(is_word(c) || c == '.')).unwrap_or(rest.len());
        let digits = &rest[..end];
        // Digits, with underscores between them, and at most one point: no signs, exponents or names.
        let plain = digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '_' | '.'));
        return match digits.replace('_', "").parse::<f64>() {
            Ok(number) if plain => Ok((Token::Number(number), end)),
            _ => Err(RuleFault::new(at, "a number such as 25 or 1000.5, or a name in quotes", digits)),
        };
    }
    if is_word(first) {
        let word = word(rest);
        let length = word.len();
        return Ok((Token::Word(word), length));
    }
    Err(RuleFault::new(at, "a predicate, a name, a number or a sign", first.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Token> {
        tokens(text).unwrap().into_iter().map(|placed| placed.token).collect()
    }

    #[test]
    fn every_kind_of_token_is_read() {
        let word = |text: &str| Token::Word(text.into());
        assert_eq!(
            kinds("owns(@d365, \"Office 365\") # why\nand seats>=1_000.5"),
            [
                word("owns"),
                Token::Sign("("),
                Token::Set("d365".into()),
                Token::Sign(","),
                Token::Text("Office 365".into()),
                Token::Sign(")"),
                word("and"),
                word("seats"),
                Token::Sign(">="),
                Token::Number(1000.5),
                Token::End,
            ]
        );
    }

    #[test]
    fn a_character_that_starts_nothing_is_named_with_its_place() {
        for (text, at, found) in [
            ("a & b", 2, "&"),
            ("x == \"open", 5, "none"),
            ("seats > 1e9", 8, "1e9"),
            ("ü", 0, "ü"),
            ("a @", 2, "nothing"),
        ] {
            let fault = tokens(text).unwrap_err();
            assert_eq!((fault.at, fault.found.as_str()), (at, found), "{text}");
        }
    }
}
