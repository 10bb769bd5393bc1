//! Holds the architecture by reading the sources: floors, rooms of heavy crates, file lengths, forbidden words.

#[cfg(test)]
mod source;

use std::path::Path;

use source::{Source, sources_below, words};

/// The line, lowest floor first. A module imports from floors below its own, and [`ERROR`] from everywhere.
const FLOORS: [&[&str]; 9] = [
    &["error", "output", "progress", "quantity", "seed"],
    &["artifact", "drawing", "matrix", "metrics", "parallelism"],
    &["registry", "tables"],
    &["crm", "features", "grid", "models"],
    &["targeting"],
    &["scoring", "spec"],
    &["pipeline"],
    &["drift", "feature_store", "report", "wide"],
    &["job"],
];

/// What every error implements; the one neighbour that the ground floor may import.
const ERROR: &str = "error";

/// Modules beside the line, and the floor below which they may import from.
const BESIDE: [(&str, usize); 5] =
    [("evaluation", 8), ("feedback", 4), ("retraining", 8), ("training", 7), ("world", 4)];

/// Modules that may import from beside the line: those that offer training as part of one job, and evaluation, which
/// asks by the rule that training learned by; retraining puts all of them together.
const MAY_LOOK_BESIDE: [(&str, &str); 7] = [
    ("evaluation", "training"),
    ("job", "evaluation"),
    ("job", "training"),
    ("retraining", "evaluation"),
    ("retraining", "feedback"),
    ("retraining", "training"),
    ("wide", "training"),
];

/// The crate page and the command see everything.
const TOP: [&str; 3] = ["lib", "main", "cli"];

/// Heavy crates and the only modules that may name them; `linfa` stands for its family too.
const ROOMS: [(&str, &[&str]); 19] = [
    ("ab_glyph", &["drawing"]),
    ("ab_glyph_rasterizer", &["drawing"]),
    ("dejavu", &["drawing"]),
    ("flate2", &["drawing"]),
    ("polars", &["tables", "features", "report"]),
    ("ndarray", &["matrix", "models", "training"]),
    ("rayon", &["parallelism", "scoring", "training"]),
    ("linfa", &["training"]),
    ("clap", &["cli"]),
    ("indicatif", &["cli"]),
    ("tracing_subscriber", &["cli"]),
    ("csv", &["tables", "wide", "report"]),
    ("glob", &["tables"]),
    ("object_store", &["registry"]),
    ("psl", &["tables"]),
    ("rust_xlsxwriter", &["tables"]),
    ("strsim", &["crm"]),
    ("tokio", &["registry"]),
    ("unicode_normalization", &["crm"]),
];

/// Lines before the unit tests beyond which a file must say why, by standing in [`LONG_FILES`].
const LONG: usize = 400;

/// Files that may be longer.
const LONG_FILES: [&str; 0] = [];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 7] = ["util", "utils", "helper", "helpers", "misc", "common", "stuff"];

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|modules| modules.contains(&module))
}

/// Whether shipped code of module `from` may name module `to`.
fn may_import(from: &str, to: &str) -> bool {
    if from == to || TOP.contains(&from) || to == ERROR || MAY_LOOK_BESIDE.contains(&(from, to)) {
        return true;
    }
    let ceiling =
        BESIDE.iter().find(|(module, _)| *module == from).map(|(_, below)| *below).or_else(|| floor(from));
    matches!((ceiling, floor(to)), (Some(ceiling), Some(to)) if to < ceiling)
}

fn import_faults(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources {
        let from = source.room();
        for to in source.imports().iter().filter(|to| !may_import(from, to)) {
            faults.push(format!("{}: {from} may not import {to}", source.path));
        }
    }
    faults
}

fn room_faults(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, rooms) in ROOMS {
        for source in
            sources.iter().filter(|source| !rooms.contains(&source.room()) && source.uses_crate(name))
        {
            faults.push(format!("{}: {name} belongs to {}", source.path, rooms.join(", ")));
        }
    }
    faults
}

fn word_faults(sources: &[Source]) -> Vec<String> {
    // Put together here, so that this file does not hold the words it looks for.
    let unfinished = [["TO", "DO"].concat(), ["FIX", "ME"].concat()];
    let mut faults = Vec::new();
    for source in sources {
        for part in source.path.trim_end_matches(".rs").split('/') {
            if EMPTY_NAMES.contains(&part) {
                faults.push(format!("{}: {part} says nothing about what is inside", source.path));
            }
        }
        let code: Vec<_> = words(&source.code).collect();
        for pair in code.windows(2) {
            if pair[0].1 == "mod" && EMPTY_NAMES.contains(&pair[1].1) {
                faults.push(format!("{}: mod {} says nothing about what is inside", source.path, pair[1].1));
            }
        }
        for (start, word) in code {
            let is_macro = source.code[start + word.len()..].starts_with('!');
            if word == "unsafe" || is_macro && ["dbg", "todo", "unimplemented"].contains(&word) {
                faults.push(format!("{}: {word} may not stand in code", source.path));
            }
        }
        for (_, word) in words(&source.text).filter(|(_, word)| unfinished.iter().any(|mark| mark == word)) {
            faults.push(format!("{}: {word} marks unfinished work", source.path));
        }
    }
    faults
}

fn length_faults(sources: &[Source], allowed: &[&str]) -> Vec<String> {
    let too_long =
        |source: &&Source| source.shipped_lines() > LONG && !allowed.contains(&source.path.as_str());
    let fault = |source: &Source| {
        format!("{}: {} lines before its tests; what wants to leave?", source.path, source.shipped_lines())
    };
    sources.iter().filter(too_long).map(fault).collect()
}

fn shipped() -> Vec<Source> {
    sources_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "{} fault(s):\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn every_module_has_its_place() {
    let sources = shipped();
    let placed = |room: &str| {
        TOP.contains(&room) || floor(room).is_some() || BESIDE.iter().any(|(module, _)| *module == room)
    };
    let homeless: Vec<_> = sources.iter().map(Source::room).filter(|room| !placed(room)).collect();
    assert!(homeless.is_empty(), "give these a floor: {homeless:?}");
}

#[test]
fn modules_import_from_lower_floors_only() {
    let sources = shipped();
    assert_none(&import_faults(&sources));
    // The scan must see what is known to be there.
    let mut matrix = sources.iter().filter(|source| source.room() == "matrix");
    assert!(matrix.any(|source| source.imports().contains("seed")));
}

#[test]
fn heavy_crates_stay_in_their_rooms() {
    let sources = shipped();
    assert_none(&room_faults(&sources));
    let parallelism = sources.iter().find(|source| source.room() == "parallelism").unwrap();
    assert!(parallelism.uses_crate("rayon"));
}

#[test]
fn files_do_one_thing() {
    assert_none(&length_faults(&shipped(), &LONG_FILES));
}

#[test]
fn no_word_stands_that_may_not() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["src", "tests", "benches", "examples"] {
        assert_none(&word_faults(&sources_below(&root.join(folder))));
    }
}

#[test]
fn a_breach_of_the_floors_is_found() {
    let breaches = [
        ("grid/band.rs", "use crate::models::Scorer;", "grid/band.rs: grid may not import models"),
        ("models/fit.rs", "use crate::training::Fit;", "models/fit.rs: models may not import training"),
        ("metrics/mod.rs", "use crate::matrix::Column;", "metrics/mod.rs: metrics may not import matrix"),
        ("quantity.rs", "use crate::seed::Seed;", "quantity.rs: quantity may not import seed"),
        ("report/mod.rs", "use crate::world::World;", "report/mod.rs: report may not import world"),
        ("training/mod.rs", "use crate::report::Table;", "training/mod.rs: training may not import report"),
        ("pipeline/mod.rs", "use crate::job::Job;", "pipeline/mod.rs: pipeline may not import job"),
        ("world/mod.rs", "use crate::training::Fit;", "world/mod.rs: world may not import training"),
        ("wide/mod.rs", "use crate::world::World;", "wide/mod.rs: wide may not import world"),
        ("tables/mod.rs", "use crate::cli::Shared;", "tables/mod.rs: tables may not import cli"),
    ];
    for (path, text, fault) in breaches {
        assert_eq!(import_faults(&[Source::new(path, text)]), [fault]);
    }
    let fine = [
        ("grid/band.rs", "use crate::{error::Coded, quantity::Score};"),
        ("quantity.rs", "use crate::error::Coded;"),
        ("training/fit.rs", "use crate::pipeline::Pipeline;"),
        ("wide/train.rs", "use crate::training::Fit;"),
        ("job.rs", "use crate::{report::Summary, training::Fit};"),
        ("cli/generate.rs", "use propensity::world::World;"),
        ("grid/scheme.rs", "use crate::grid::Band;"),
    ];
    for (path, text) in fine {
        assert_eq!(import_faults(&[Source::new(path, text)]), [""; 0], "{path}");
    }
}

#[test]
fn a_crate_outside_its_room_is_found() {
    let source = |path, text| [Source::new(path, text)];
    assert_eq!(
        room_faults(&source("models/bins.rs", "use polars::prelude::*;")),
        ["models/bins.rs: polars belongs to tables, features, report"]
    );
    assert_eq!(
        room_faults(&source("scoring.rs", "fn f() { linfa_logistic::f() }")),
        ["scoring.rs: linfa belongs to training"]
    );
    assert_eq!(
        room_faults(&source("tables/raw/csv.rs", "use csv::Reader; use polars::prelude::*;")),
        [""; 0]
    );
}

#[test]
fn forbidden_words_and_long_files_are_found() {
    let words_of = |path: &str, text: &str| word_faults(&[Source::new(path, text)]).len();
    assert_eq!(words_of("tables/util.rs", ""), 1);
    assert_eq!(words_of("tables/mod.rs", "mod helpers;\nmod rows;"), 1);
    assert_eq!(words_of("tables/mod.rs", "fn f() { let x = dbg!(1); todo!() }"), 2);
    assert_eq!(words_of("tables/mod.rs", &format!("// {}: later", ["TO", "DO"].concat())), 1);
    assert_eq!(words_of("tables/mod.rs", "unsafe fn f() {}"), 1);
    assert_eq!(words_of("tables/mod.rs", "// unsafe in a comment, \"dbg!\" in prose\nlet dbg = 1;"), 0);

    let long = Source::new("tables/mod.rs", &"fn f() {}\n".repeat(401));
    let tested =
        "fn f() {}\n".repeat(400) + "#[cfg(test)]\nmod tests {\n" + &"fn t() {}\n".repeat(90) + "}\n";
    let sources = [long, Source::new("tables/tested.rs", &tested)];
    let fault = "tables/mod.rs: 401 lines before its tests; what wants to leave?";
    assert_eq!(length_faults(&sources, &[]), [fault]);
    assert_eq!(length_faults(&sources, &["tables/mod.rs"]), [""; 0]);
}
