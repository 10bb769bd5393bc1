//! Content, style and script as one file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::content::Content;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The whole page; the same content gives the same bytes.
pub(super) fn write(content: &Content) -> String {
    fill(TEMPLATE, |name| match name {
        "title" => escaped(&format!("Propensity as of {}", content.as_of)),
        "style" => STYLE.to_owned(),
        "script" => SCRIPT.to_owned(),
        "style-hash" => source_hash(STYLE),
        "script-hash" => source_hash(SCRIPT),
        "data" => block(content),
        "details" => {
            let cards = content.details.cards.iter().map(block);
            let lines: Vec<String> = std::iter::once(block(&content.details.texts)).chain(cards).collect();
            lines.join("\n")
        }
        _ => String::new(),
    })
}

/// Puts texts in the places of a template that are written `{{name}}`. What is put in is not looked at again.
fn fill(template: &str, text: impl Fn(&str) -> String) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        filled.push_str(&text(name));
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// What a security policy calls a text: its SHA-256 (Content Security Policy Level 3, section 6.7.2.3,
/// <https://www.w3.org/TR/CSP3/>).
fn source_hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

/// Text as text of HTML.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut safe, letter| {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter => safe.push(letter),
        }
        safe
    })
}

/// A part of the content as JSON, in one line, that cannot end the block it stands in: no `<`, `>` or `&` is left. They only occur inside of
/// strings, where JSON has another writing for them.
fn block<T: Serialize>(part: &T) -> String {
    // Keys are texts and numbers finite, so there is nothing that JSON could not say.
    let json = serde_json::to_string(part).unwrap_or_default();
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_is_not_looked_at_again() {
        let filled = fill("a{{x}}b{{y}}", |name| if name == "x" { "{{y}}".into() } else { "1".into() });
        assert_eq!(filled, "a{{y}}b1");
    }

    #[test]
    fn hashes_are_those_of_browsers() {
        // The example of the specification.
        let hash = source_hash("alert('Hello, world.');");
        assert_eq!(hash, "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='");
    }

    #[test]
    fn the_template_names_no_other_place() {
        let mut names = Vec::new();
        let mut rest = TEMPLATE;
        while let Some((_, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").unwrap();
            names.push(name);
            rest = after;
        }
        assert_eq!(names, ["style-hash", "script-hash", "title", "style", "data", "details", "script"]);
        for address in ["http://", "https://", "url(", "@import", "fetch(", "XMLHttpRequest", "innerHTML"] {
            let found = [TEMPLATE, STYLE, SCRIPT]
                .iter()
                .any(|part| part.replace("http://www.w3.org/2000/svg", "").contains(address));
            assert!(!found, "{address} is in the page");
        }
    }
}
