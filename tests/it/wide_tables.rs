//! Wide tables through the command: recipe, training, scoring, refusals.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use propensity::parallelism::Parallelism;
use propensity::seed::Seed;
use propensity::tables::write::{Cells, ColumnType, Schema, TableFormat, TableWriter};
use propensity::training::AdditiveParams;
use propensity::wide::{ColumnKind, ColumnPattern, TableTraining, WideModel};
use tempfile::TempDir;

/// A table of 400 deals: `won` follows from `seats`, from `channel`, and from whether `note` is there.
fn deals(n_rows: u32) -> Vec<[String; 6]> {
    let mut rows = vec![["deal_id", "seats", "channel", "note", "renewal", "won"].map(str::to_owned)];
    rows.extend((0..n_rows).map(|i| {
        // A fixed scramble spreads the columns without a random generator.
        let draw = |salt: u32| (i.wrapping_mul(2_654_435_761).rotate_left(salt) >> 7) % 1000;
        let seats = draw(3) % 60;
        let channel = ["direct", "partner, \"gold\"", "two\nlines"][draw(11) as usize % 3];
        let note = if draw(17) % 4 == 0 { "" } else { "None" };
        let chance =
            5 * seats + if channel == "direct" { 400 } else { 150 } + if note.is_empty() { 0 } else { 200 };
        let won = if draw(23) < chance { "Won" } else { "Lost" };
        let renewal = ["TRUE", "FALSE"][draw(5) as usize % 2];
        [format!("D{i:05}"), seats.to_string(), channel.into(), note.into(), renewal.into(), won.into()]
    }));
    rows
}

/// Writes some columns of a table, in the order given.
fn write_columns(path: &Path, rows: &[[String; 6]], columns: &[usize]) {
    let mut writer = csv::Writer::from_path(path).unwrap();
    for row in rows {
        writer.write_record(columns.iter().map(|&column| &row[column])).unwrap();
    }
    writer.flush().unwrap();
}

struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// Runs `propensity table ...` in the folder of the desk.
    fn run(&self, args: &[&str]) -> Output {
        Command::new(assert_cmd::cargo::cargo_bin!("propensity"))
            .current_dir(self.folder.path())
            .arg("table")
            .args(args)
            .output()
            .unwrap()
    }

    fn succeeds(&self, args: &[&str]) -> (String, String) {
        let output = self.run(args);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let (out, log) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{args:?}: {log}");
        (out, log)
    }

    /// Runs a command that must be refused with exit code 2, and returns its message.
    fn refused(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let log = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {log}");
        log
    }

    /// A desk with `deals.csv` and a model `m.json` trained on it.
    fn trained() -> Self {
        let desk = Self::new();
        write_columns(&desk.path("deals.csv"), &deals(400), &[0, 1, 2, 3, 4, 5]);
        let args =
            ["train", "--table", "deals.csv", "--target", "won=Won", "--folds", "2", "--model", "m.json"];
        desk.succeeds(&args);
        desk
    }

    fn scores(&self, table: &str, more: &[&str]) -> String {
        let args = ["score", "--table", table, "--model", "m.json", "--out", "-"];
        self.succeeds(&[&args, more].concat()).0
    }
}

#[test]
fn scores_do_not_depend_on_column_order_threads_or_chunks() {
    let desk = Desk::trained();
    let rows = deals(400);
    let scores = desk.scores("deals.csv", &[]);
    // Quotes, delimiters and line breaks inside cells are no extra rows.
    let lines: Vec<csv::StringRecord> =
        csv::Reader::from_reader(scores.as_bytes()).records().map(Result::unwrap).collect();
    assert_eq!(lines.len(), 400);
    assert_eq!(&lines[399][0], "400");
    write_columns(&desk.path("turned.csv"), &rows, &[4, 3, 2, 1]);
    assert_eq!(desk.scores("turned.csv", &[]), scores);
    for more in [
        &["--threads", "1"][..],
        &["--threads", "2", "--chunk-rows", "7"],
        &["--threads", "1", "--chunk-rows", "1"],
        &["--threads", "2", "--chunk-rows", "1000000"],
    ] {
        assert_eq!(desk.scores("deals.csv", more), scores, "{more:?}");
    }
    desk.succeeds(&["score", "--table", "deals.csv", "--model", "m.json", "--out", "s.csv"]);
    assert_eq!(std::fs::read_to_string(desk.path("s.csv")).unwrap(), scores);
}

#[test]
fn a_parquet_file_gives_the_scores_of_the_same_csv_file() {
    let desk = Desk::trained();
    let rows = &deals(400)[1..];
    let schema = Schema::new([
        ("renewal", ColumnType::Flag),
        ("seats", ColumnType::Integer),
        ("channel", ColumnType::Text),
        ("note", ColumnType::Text),
    ]);
    let texts = |column: usize| {
        Cells::Text(
            rows.iter().map(|row| Some(row[column].clone()).filter(|text| !text.is_empty())).collect(),
        )
    };
    let flags = rows.iter().map(|row| Some(row[4] == "TRUE")).collect();
    let seats = rows.iter().map(|row| row[1].parse().ok()).collect();
    let mut writer = TableWriter::create(desk.path("deals.parquet"), TableFormat::Parquet, schema).unwrap();
    writer.append(vec![Cells::Flag(flags), Cells::Integer(seats), texts(2), texts(3)]).unwrap();
    writer.commit().unwrap();
    let csv = desk.scores("deals.csv", &[]).replace(",TRUE,", ",true,").replace(",FALSE,", ",false,");
    assert_eq!(desk.scores("deals.parquet", &[]), csv);
}

#[test]
fn training_repeats_for_any_threads_and_any_row_order() {
    let desk = Desk::trained();
    let mut rows = deals(400);
    rows[1..].reverse();
    write_columns(&desk.path("reversed.csv"), &rows, &[0, 1, 2, 3, 4, 5]);
    let bytes = |name: &str| std::fs::read(desk.path(name)).unwrap();
    for (table, threads) in [("deals.csv", "1"), ("reversed.csv", "2")] {
        let args =
            ["train", "--table", table, "--target", "won=Won", "--folds", "2", "--model", "again.json"];
        desk.succeeds(&[&args[..], &["--threads", threads, "--overwrite"]].concat());
        assert!(bytes("again.json") == bytes("m.json"), "{table}, {threads} threads");
    }
}

#[test]
fn reasons_are_source_columns_and_their_effects_rise_with_the_score() {
    let desk = Desk::trained();
    desk.write("two.csv", "renewal,note,seats,channel\nTRUE,None,58,direct\nTRUE,,1,\"two\nlines\"\n");
    let scores = desk.scores("two.csv", &["--reasons", "1"]);
    let mut reader = csv::Reader::from_reader(scores.as_bytes());
    let header = reader.headers().unwrap().iter().collect::<Vec<_>>().join(",");
    assert_eq!(header, "row,probability,score,band,reason_1_field,reason_1_value,reason_1_effect");
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let probability = |row: usize| rows[row][1].parse::<f64>().unwrap();
    let effect = |row: usize| rows[row][6].parse::<f64>().unwrap();
    assert!(probability(0) > 0.6 && probability(1) < 0.4, "{scores}");
    assert!(effect(0) > 0.0 && effect(1) < 0.0, "{scores}");
    assert!(["seats", "channel", "note"].contains(&&rows[1][4]), "{scores}");
}

#[test]
fn a_table_that_does_not_fit_is_refused_by_name_and_nothing_is_written() {
    let desk = Desk::trained();
    desk.write("bad.csv", "channel,note,renewal\ndirect,None,TRUE\ndirect,None,perhaps\n");
    let args = ["score", "--table", "bad.csv", "--model", "m.json", "--out"];
    let log = desk.refused(&[&args[..], &["scores.csv"]].concat());
    for part in [
        "E_SCHEMA_MISSING_COLUMN: column seats: expected a column of kind number, found none",
        "E_SCHEMA_RETYPED_COLUMN: column renewal, row 2 (line 3): expected yes or no",
        "found \"perhaps\"",
    ] {
        assert!(log.contains(part), "{part} not in {log}");
    }
    desk.write(
        "retyped.csv",
        "seats,channel,note,renewal\n1,direct,,TRUE\n\"1,234\",direct,,TRUE\ninf,a,,TRUE\n",
    );
    let log = desk.refused(&["score", "--table", "retyped.csv", "--model", "m.json", "--out", "scores.csv"]);
    assert!(log.starts_with("error[E_SCHEMA_RETYPED_COLUMN]"), "{log}");
    assert!(log.contains("column seats, row 2 (line 3)") && log.contains("\"1,234\", 2 such cells"), "{log}");
    let left: Vec<_> =
        std::fs::read_dir(desk.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name == "scores.csv"), "{left:?}");
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("staged")), "{left:?}");
    let output = desk.run(&[&args[..], &["-"]].concat());
    assert!(output.stdout.is_empty());
}

#[test]
fn broken_rows_are_counted_and_named() {
    let desk = Desk::trained();
    desk.write("ragged.csv", b"seats,channel,note,renewal\n1,a\n2,b,c,TRUE\n3,\xff,c,TRUE\n4\n");
    let log = desk.refused(&["score", "--table", "ragged.csv", "--model", "m.json", "--out", "-"]);
    assert!(
        log.contains("E_CSV_RAGGED: row 1 (line 2): expected 4 fields as in the header, found 2"),
        "{log}"
    );
    assert!(
        log.contains("2 such rows") && log.contains("E_CELL_NOT_UTF8: row 3 (line 4): column channel"),
        "{log}"
    );
}

#[test]
fn extra_columns_and_unseen_levels_are_noted_not_refused() {
    let desk = Desk::trained();
    desk.write(
        "new.csv",
        "seats,channel,note,renewal,colour\n9,direct,None,TRUE,red\n9,carrier pigeon,None,TRUE,red\n",
    );
    let args = ["score", "--table", "new.csv", "--model", "m.json", "--out", "s.csv", "--reasons", "4"];
    let (_, log) = desk.succeeds(&args);
    assert!(log.contains("columns the model does not know were not read: colour"), "{log}");
    assert!(log.contains("column channel: 1 of 2 rows (50.0 %) have a level"), "{log}");
    let scores = std::fs::read_to_string(desk.path("s.csv")).unwrap();
    let lines: Vec<&str> = scores.lines().collect();
    assert!(lines[1].contains("channel,direct,+"), "{scores}");
    // An unseen level is no evidence, so it cannot be a reason.
    assert!(!lines[2].contains("pigeon"), "{scores}");
}

#[test]
fn questions_that_the_table_cannot_answer_are_refused() {
    let desk = Desk::new();
    write_columns(&desk.path("deals.csv"), &deals(60), &[0, 1, 2, 3, 4, 5]);
    let ask = |more: &[&str]| {
        desk.refused(&[&["train", "--table", "deals.csv", "--model", "m.json"][..], more].concat())
    };
    let log = ask(&["--target", "won=Yes"]);
    assert!(log.contains("error[E_UNKNOWN_TARGET_VALUE]") && log.contains("never holds \"Yes\""), "{log}");
    assert!(log.contains("\"Lost\" (") && log.contains("\"Won\" ("), "{log}");
    let log = ask(&["--target", "win=Won"]);
    assert!(log.contains("error[E_UNKNOWN_COLUMN]") && log.contains("--target names [win]"), "{log}");
    let log = ask(&["--target", "won=Won", "--drop", "note,price,*x"]);
    assert!(log.contains("--drop names [price, *x]") && log.contains("deal_id, seats"), "{log}");
    let log = ask(&["--target", "won=Won", "--group", "account"]);
    assert!(log.contains("--group names [account]"), "{log}");
    let log = ask(&["--target", "won=Won", "--drop", "*"]);
    assert!(log.contains("error[E_NO_FEATURES]"), "{log}");
    let log = ask(&["--target", "won"]);
    assert!(log.contains("COLUMN=VALUE"), "{log}");
    assert!(!desk.path("m.json").exists());
}

#[test]
fn a_model_file_that_is_not_ours_is_refused() {
    let desk = Desk::trained();
    let model = std::fs::read_to_string(desk.path("m.json")).unwrap();
    let cases = [
        (model.replace("\"kind\": \"wide\"", "\"kind\": \"line\""), "E_MODEL_KIND"),
        (model.replacen("\"channel\"", "\"chanel\"", 1), "E_MODEL_CHECKSUM"),
        (model.replace("\"format_version\": 1", "\"format_version\": 99"), "E_MODEL_TOO_NEW"),
        (model[..model.len() / 2].to_owned(), "E_MODEL_FORMAT"),
    ];
    for (text, code) in cases {
        desk.write("bad.json", text);
        let log = desk.refused(&["score", "--table", "deals.csv", "--model", "bad.json", "--out", "-"]);
        assert!(log.contains(&format!("error[{code}]")), "{code} not in {log}");
    }
    let log = desk.refused(&["score", "--table", "deals.csv", "--model", "none.json", "--out", "-"]);
    assert!(log.contains("error[E_MODEL_UNREADABLE]"), "{log}");
}

#[test]
fn existing_files_stay_unless_overwriting_is_asked_for() {
    let desk = Desk::trained();
    desk.write("s.csv", "mine");
    let args = ["score", "--table", "deals.csv", "--model", "m.json", "--out", "s.csv"];
    assert!(desk.refused(&args).contains("error[E_OUTPUT_EXISTS]"));
    assert_eq!(std::fs::read_to_string(desk.path("s.csv")).unwrap(), "mine");
    desk.succeeds(&[&args[..], &["--overwrite"]].concat());
    assert!(std::fs::read_to_string(desk.path("s.csv")).unwrap().starts_with("row,probability"));
}

#[test]
fn columns_move_the_score_the_way_they_were_told() {
    let desk = Desk::new();
    write_columns(&desk.path("deals.csv"), &deals(400), &[0, 1, 2, 3, 4, 5]);
    let train = |more: &[&str]| {
        let args =
            ["train", "--table", "deals.csv", "--target", "won=Won", "--folds", "2", "--model", "m.json"];
        desk.run(&[&args[..], &["--overwrite"], more].concat())
    };
    // By seats alone, from few to many; all else alike.
    let ladder: String =
        (0..60).fold(String::new(), |rows, seats| rows + &format!("D{seats},{seats},direct,,TRUE\n"));
    desk.write("ladder.csv", format!("deal_id,seats,channel,note,renewal\n{ladder}"));
    let probabilities = || -> Vec<f64> {
        let scores = desk.scores("ladder.csv", &[]);
        let mut reader = csv::Reader::from_reader(scores.as_bytes());
        let at = reader.headers().unwrap().iter().position(|name| name == "probability").unwrap();
        reader.records().map(|row| row.unwrap()[at].parse().unwrap()).collect()
    };
    assert!(train(&["--rising", "sea*"]).status.success());
    let rising = probabilities();
    assert!(rising.is_sorted() && rising[59] > rising[0] + 0.1, "{rising:?}");
    let (_, model) = WideModel::load(&desk.path("m.json")).unwrap();
    assert_eq!(model.trends().rising, [ColumnPattern::new("sea*")]);
    let card = std::fs::read_to_string(desk.path("m.card.md")).unwrap();
    assert!(card.contains("\n- trends: rising sea*\n"), "{card}");
    // Against what the outcomes say, it can only stand still.
    assert!(train(&["--falling", "seats"]).status.success());
    assert!(probabilities().is_sorted_by(|a, b| a >= b));
    for (flags, says) in [
        (&["--rising", "chairs"][..], "--rising names [chairs]"),
        (&["--rising", "channel"][..], "\"channel\" fits levels alone"),
        (&["--rising", "seats", "--falling", "s*"][..], "seats shall both rise and fall"),
    ] {
        let output = train(flags);
        let log = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && log.contains(says), "{log}");
    }
}

#[test]
fn a_recipe_is_written_edited_and_followed() {
    let desk = Desk::new();
    write_columns(&desk.path("deals.csv"), &deals(400), &[0, 1, 2, 3, 4, 5]);
    let train = ["train", "--table", "deals.csv", "--target", "won=Won", "--folds", "2"];
    let (out, _) = desk.succeeds(&[&train[..], &["--write-recipe", "r.toml"]].concat());
    assert!(out.contains("deal_id") && out.contains("a key or free text: nearly all distinct"), "{out}");
    assert!(!desk.path("m.json").exists());
    let recipe = std::fs::read_to_string(desk.path("r.toml")).unwrap();
    assert!(recipe.contains("name = \"renewal\"\nkind = \"flag\""), "{recipe}");
    assert!(recipe.contains("name = \"seats\"\nkind = \"number\""), "{recipe}");
    desk.write(
        "r.toml",
        recipe.replace("name = \"seats\"\nkind = \"number\"", "name = \"seats\"\nkind = \"level\""),
    );
    desk.succeeds(&[&train[..], &["--recipe", "r.toml", "--model", "m.json"]].concat());
    let (_, model) = WideModel::load(&desk.path("m.json")).unwrap();
    assert_eq!(model.recipe().rule("seats").map(|rule| rule.kind), Some(ColumnKind::Level));
    desk.write("r.toml", "kolumn = 1");
    let log = desk.refused(&[&train[..], &["--recipe", "r.toml", "--model", "n.json"]].concat());
    assert!(log.contains("error[E_RECIPE]") && log.contains("kolumn"), "{log}");
}

#[test]
fn rows_without_an_outcome_are_left_out_and_counted() {
    let desk = Desk::new();
    let mut rows = deals(400);
    for row in rows.iter_mut().skip(1).step_by(40) {
        row[5] = String::new();
    }
    write_columns(&desk.path("deals.csv"), &rows, &[1, 2, 3, 4, 5]);
    let args = ["train", "--table", "deals.csv", "--target", "won=Won", "--folds", "2", "--model", "m.json"];
    let (out, _) = desk.succeeds(&args);
    assert!(out.contains("left out: 10 rows without an outcome"), "{out}");
    let (_, model) = WideModel::load(&desk.path("m.json")).unwrap();
    assert_eq!(model.cross_validation().rows, 390);
}

#[test]
fn noise_is_called_noise_and_scores_stay_together() {
    let desk = Desk::new();
    let mut text = "size,colour,bought\n".to_owned();
    for i in 0_u32..600 {
        let draw = |salt: u32| (i.wrapping_mul(2_246_822_519).rotate_left(salt) >> 9) % 97;
        let bought = if draw(13) < 30 { "yes" } else { "no" };
        writeln!(text, "{},{},{bought}", draw(1), ["red", "blue"][draw(20) as usize % 2]).unwrap();
    }
    desk.write("noise.csv", text);
    let args =
        ["train", "--table", "noise.csv", "--target", "bought=yes", "--folds", "2", "--model", "m.json"];
    let (out, _) = desk.succeeds(&args);
    assert!(out.contains("Verdict: no signal"), "{out}");
    let scores = desk.scores("noise.csv", &[]);
    let kept: std::collections::BTreeSet<String> =
        scores.lines().skip(1).map(|line| line.split_once(',').unwrap().1.to_owned()).collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
}

/// A file of the public data sets, if it is there.
pub(crate) fn public_data(file: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("PROPENSITY_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = shared.join("data").join(file);
    if !path.exists() {
        println!("skipped: {} is not there", path.display());
    }
    path.exists().then_some(path)
}

/// Fewer bags and rounds than usual: enough to show that the line works, in a tenth of the time.
fn quick() -> AdditiveParams {
    AdditiveParams { bags: 3, rounds: 150, patience: 20, ..AdditiveParams::default() }
}

#[test]
fn won_and_lost_deals_of_a_car_parts_maker_are_told_apart() {
    let Some(table) = public_data("ibm_sales_win_loss/WA_Fn-UseC_-Sales-Win-Loss.csv") else { return };
    let training = TableTraining {
        group: Some("Opportunity Number".to_owned()),
        drop: vec![ColumnPattern::new("*Days*"), ColumnPattern::new("Sales Stage Change Count")],
        params: quick(),
        ..TableTraining::new("Opportunity Result=Won".parse().unwrap())
    };
    let inference = training.prepare(&table).unwrap();
    assert_eq!(inference.rows(), 78_025);
    let recipe = inference.recipe();
    assert_eq!(recipe.features().count(), 10);
    let kind = |name: &str| recipe.rule(name).map(|rule| rule.kind);
    assert_eq!(kind("Competitor Type"), Some(ColumnKind::Level));
    assert_eq!(kind("Deal Size Category"), Some(ColumnKind::Number));
    assert_eq!(kind("Elapsed Days In Sales Stage"), Some(ColumnKind::Drop));
    let threads = Parallelism::threads(2.try_into().unwrap()).unwrap();
    let trained = training.fit(&table, recipe, Seed::new(0), &threads).unwrap();
    let measured = trained.model().cross_validation();
    assert_eq!((measured.rows, measured.positives), (78_025, 17_627));
    assert!(measured.auc >= 0.80, "AUC {}", measured.auc);
    assert!(measured.log_loss < 0.45 && measured.calibration_error < 0.02, "{measured}");
}

#[test]
fn calls_of_a_bank_are_read_with_their_delimiter_and_levels() {
    let Some(table) = public_data("bank_marketing/bank-full.csv") else { return };
    let training = TableTraining {
        drop: vec![ColumnPattern::new("duration")],
        ..TableTraining::new("y=yes".parse().unwrap())
    };
    let inference = training.prepare(&table).unwrap();
    assert_eq!(inference.rows(), 45_211);
    let kind = |name: &str| inference.recipe().rule(name).map(|rule| rule.kind);
    assert_eq!(kind("pdays"), Some(ColumnKind::Number));
    assert_eq!(kind("poutcome"), Some(ColumnKind::Level));
    assert_eq!(kind("balance"), Some(ColumnKind::Number));
    assert_eq!(kind("duration"), Some(ColumnKind::Drop));
    assert_eq!(inference.recipe().features().count(), 15);
}
