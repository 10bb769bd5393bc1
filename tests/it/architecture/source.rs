//! Reading Rust sources well enough to hold the architecture: code without comments and literals, imports, crates.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// One source file.
pub(super) struct Source {
    /// The path below the folder that was listed, with forward slashes.
    pub path: String,
    /// The text as written.
    pub text: String,
    /// The text with comments and the insides of literals blanked out, line by line as long as before.
    pub code: String,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), code: code(text) }
    }

    /// The module at the root of the crate that the file belongs to: `grid` for `grid/band.rs` and for `grid.rs`.
    pub(super) fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// How deep the file's module lies: 1 for `grid/mod.rs` and `matrix.rs`, 2 for `grid/band.rs`.
    fn depth(&self) -> usize {
        let parts = self.path.split('/').count();
        if self.path.ends_with("/mod.rs") { parts - 1 } else { parts }
    }

    /// The code before the unit tests, which may look anywhere.
    pub(super) fn shipped(&self) -> &str {
        self.code.find("#[cfg(test)]\nmod tests").map_or(&self.code, |end| &self.code[..end])
    }

    /// Root modules of the crate that shipped code names, by `crate::`, by `propensity::` or by enough `super::`.
    pub(super) fn imports(&self) -> BTreeSet<String> {
        let code = self.shipped();
        let mut modules = BTreeSet::new();
        for root in ["crate", "propensity", "super"] {
            for (start, path) in paths_from(code, root) {
                let below = path.trim_start_matches("super::");
                let climbs = 1 + (path.len() - below.len()) / "super::".len();
                let reaches_root = root != "super" || climbs >= self.depth();
                // The first `super` of a chain speaks for all of it.
                if reaches_root && !code[..start].ends_with("super::") {
                    modules.extend(heads(below));
                }
            }
        }
        modules.remove("self");
        modules
    }

    /// Whether shipped code names the crate `name`, or one whose name begins with it and an underscore.
    pub(super) fn uses_crate(&self, name: &str) -> bool {
        let code = self.shipped();
        words(code).any(|(start, word)| {
            let is_meant = word == name || word.strip_prefix(name).is_some_and(|rest| rest.starts_with('_'));
            let (before, after) = (code[..start].trim_end(), &code[start + word.len()..]);
            // A path may begin with `::`, but not with a name before it.
            let is_head = !before.ends_with("::") || before.ends_with(" ::");
            is_meant && is_head && (after.starts_with("::") || before.ends_with("use"))
        })
    }

    /// Lines before the unit tests.
    pub(super) fn shipped_lines(&self) -> usize {
        self.shipped().lines().count()
    }
}

/// Every Rust file below `folder`, in the order of their paths.
pub(super) fn sources_below(folder: &Path) -> Vec<Source> {
    let mut files = Vec::new();
    list(folder, &mut files);
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let path: Vec<_> =
                file.strip_prefix(folder).unwrap().iter().map(|part| part.to_str().unwrap()).collect();
            Source::new(&path.join("/"), &fs::read_to_string(&file).unwrap())
        })
        .collect()
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Every word of the code with its place.
pub(super) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut start = 0;
    std::iter::from_fn(move || {
        let begin = start + code[start..].find(is_part)?;
        let length = code[begin..].find(|c| !is_part(c)).unwrap_or(code.len() - begin);
        start = begin + length;
        Some((begin, &code[begin..start]))
    })
}

/// What follows `root::` wherever `root` stands as a word of its own.
fn paths_from<'a>(code: &'a str, root: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    words(code).filter(move |(_, word)| *word == root).filter_map(move |(start, word)| {
        code[start + word.len()..].strip_prefix("::").map(|path| (start, path))
    })
}

/// The first names of a path: `a` of `a::b`, and `a` and `c` of `{a::b, c::{d, e}}`.
fn heads(path: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let Some(group) = path.trim_start().strip_prefix('{') else { return vec![name(path)] };
    let (mut depth, mut start, mut heads) = (0_usize, 0, Vec::new());
    for (place, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                heads.push(name(&group[start..place]));
                start = place + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

/// Blanks out comments and the insides of strings and characters; line breaks stay.
pub(super) fn code(text: &str) -> String {
    let mut rest = text;
    let mut code = String::with_capacity(text.len());
    while let Some(first) = rest.chars().next() {
        let after_word = code.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let blank = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if first == '"' {
            string(rest)
        } else if !after_word && (rest.starts_with("r\"") || rest.starts_with("r#") || rest.starts_with("br"))
        {
            raw_string(rest)
        } else if first == '\'' {
            character(rest)
        } else {
            0
        };
        if blank == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            code.extend(rest[..blank].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = &rest[blank..];
        }
    }
    code
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut place) = (0_usize, 0);
    while place < text.len() {
        let rest = &text[place..];
        if rest.starts_with("/*") {
            (depth, place) = (depth + 1, place + 2);
        } else if rest.starts_with("*/") {
            (depth, place) = (depth - 1, place + 2);
            if depth == 0 {
                return place;
            }
        } else {
            place += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    for (place, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return place + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a raw string, or 0 where `r` or `br` begins a word.
fn raw_string(text: &str) -> usize {
    let body = text.trim_start_matches('b').trim_start_matches('r');
    let hashes = body.len() - body.trim_start_matches('#').len();
    if !body[hashes..].starts_with('"') {
        return 0;
    }
    let (opening, closing) = (text.len() - body.len() + hashes + 1, format!("\"{}", "#".repeat(hashes)));
    text[opening..].find(&closing).map_or(text.len(), |end| opening + end + closing.len())
}

/// The length of a character literal, or 0 for a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => text[3..].find('\'').map_or(0, |end| 3 + end + 1),
        Some(_) => chars.next().filter(|(_, c)| *c == '\'').map_or(0, |(place, _)| place + 1),
        None => 0,
    }
}

mod tests {
    use super::*;

    fn imports(path: &str, text: &str) -> Vec<String> {
        Source::new(path, text).imports().into_iter().collect()
    }

    #[test]
    fn comments_and_literals_are_not_code() {
        let text = concat!(
            "// crate::a\n/* crate::b /* nested */ crate::c */ let d = \"crate::e \\\" f\";\n",
            "let g = r#\"crate::\"h\"#; let i = '\"'; let j: &'static str = \"k\"; let l = '\\''; m(b\"n\", br\"o\")",
        );
        let kept: Vec<_> = words(&code(text)).map(|(_, word)| word.to_owned()).collect();
        assert_eq!(
            kept,
            ["let", "d", "let", "g", "let", "i", "let", "j", "static", "str", "let", "l", "m", "b"]
        );
        assert_eq!(code(text).lines().count(), text.lines().count());
        assert_eq!(
            code("for raw in break_even { 'outer: loop {} }"),
            "for raw in break_even { 'outer: loop {} }"
        );
    }

    #[test]
    fn imports_are_seen_in_every_form() {
        assert_eq!(imports("grid/band.rs", "use crate::tables::raw::Cell;"), ["tables"]);
        assert_eq!(
            imports("grid/band.rs", "use crate::{seed, tables::{raw, contract}, matrix::A};"),
            ["matrix", "seed", "tables"]
        );
        assert_eq!(
            imports("grid/band.rs", "fn f() -> crate::report::Table { crate::training::g() }"),
            ["report", "training"]
        );
        assert_eq!(imports("main.rs", "use propensity::grid::Band;"), ["grid"]);
        assert_eq!(imports("grid/band.rs", "/// See crate::report.\nuse std::fmt;"), [""; 0]);
        assert_eq!(imports("grid/band.rs", "use my_crate::report; use crate_report::x;"), [""; 0]);
    }

    #[test]
    fn super_counts_only_when_it_reaches_the_root() {
        assert_eq!(imports("grid/band.rs", "use super::error::GridError;"), [""; 0]);
        assert_eq!(imports("grid/band.rs", "use super::super::report::Table;"), ["report"]);
        assert_eq!(imports("grid/band.rs", "use super::cell::Cell;\nuse super::error::GridError;"), [""; 0]);
        assert_eq!(imports("grid/mod.rs", "use super::report::Table;"), ["report"]);
        assert_eq!(imports("matrix.rs", "use super::{report, seed::Seed};"), ["report", "seed"]);
        assert_eq!(imports("models/intent/fit.rs", "use super::super::bins::Bin;"), [""; 0]);
    }

    #[test]
    fn unit_tests_may_look_anywhere() {
        let text = "use crate::seed::Seed;\n\n#[cfg(test)]\nmod tests {\n    use crate::training::Fit;\n}\n";
        assert_eq!(imports("models/bins.rs", text), ["seed"]);
        assert_eq!(Source::new("models/bins.rs", text).shipped_lines(), 2);
    }

    #[test]
    fn crates_are_told_from_modules_and_words() {
        let uses = |text: &str, name| Source::new("report/mod.rs", text).uses_crate(name);
        assert!(uses("use polars::prelude::*;", "polars"));
        assert!(uses("fn f(x: polars::frame::DataFrame) {}", "polars"));
        assert!(uses("use linfa_clustering::KMeans;", "linfa"));
        assert!(uses("use csv;", "csv"));
        assert!(uses("pub use csv as text;", "csv"));
        assert!(!uses("use super::csv::Writer;", "csv"));
        assert!(!uses("let polars = 1; // polars::prelude", "polars"));
        assert!(!uses("use polarsystem::x;", "polars"));
        assert!(!uses("mod csv;", "csv"));
    }
}
