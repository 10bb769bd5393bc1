//! The leak gate: planted leaks are caught, honest columns pass, and public data with known leaks is told apart.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use propensity::matrix::{Column, FeatureMatrix};
use propensity::models::{Binning, BinningParams};
use propensity::parallelism::Parallelism;
use propensity::seed::Seed;
use propensity::training::leak_gate::{Columns, LeakGate, LeakReason, LeakReport};
use propensity::training::{TrainingRows, TrainingSet};
use propensity::wide::{ColumnPattern, TableTraining, WideModel};

use crate::wide_tables::public_data;

/// Draws that depend on a table, a column and a row alone.
#[derive(Clone, Copy)]
struct Draws(Seed);

impl Draws {
    fn of_table(number: u64) -> Self {
        Self(Seed::new(77).named("leak tests").numbered(number))
    }

    fn uniform(self, what: &str, row: usize) -> f64 {
        self.0.named(what).uniform(&row.to_le_bytes())
    }

    /// A standard normal draw (Box and Muller).
    fn normal(self, what: &str, row: usize) -> f64 {
        let radius = (-2.0 * libm::log(1.0 - self.uniform(what, row))).sqrt();
        radius
            * libm::cos(std::f64::consts::TAU * self.0.named("angle").named(what).uniform(&row.to_le_bytes()))
    }
}

/// A table with an outcome, and a group per row unless said otherwise.
struct Table {
    won: Vec<bool>,
    columns: Vec<(String, Column)>,
    groups: Vec<u64>,
}

impl Table {
    /// `n_rows` rows of which `rate` have the outcome, without any column.
    fn new(draws: Draws, n_rows: usize, rate: f64) -> Self {
        let won = (0..n_rows).map(|row| draws.uniform("won", row) < rate).collect();
        Self { won, columns: Vec::new(), groups: (0..n_rows as u64).collect() }
    }

    fn numbers(mut self, name: &str, value: impl Fn(usize, bool) -> Option<f64>) -> Self {
        let values = self.won.iter().enumerate().map(|(row, won)| value(row, *won).map(|value| value as f32));
        self.columns.push((name.to_owned(), Column::numbers(values.collect::<Vec<_>>())));
        self
    }

    fn levels(mut self, name: &str, value: impl Fn(usize, bool) -> String) -> Self {
        let values: Vec<Option<String>> =
            self.won.iter().enumerate().map(|(row, won)| Some(value(row, *won))).collect();
        self.columns.push((name.to_owned(), Column::levels(&values)));
        self
    }

    /// Three columns that know something, as honest ones do.
    fn with_honest_columns(self, draws: Draws) -> Self {
        self.numbers("seats", |row, won| Some(draws.normal("seats", row) + if won { 0.7 } else { 0.0 }))
            .numbers("age", |row, _| (draws.uniform("aged", row) < 0.8).then(|| draws.normal("age", row)))
            .levels("industry", |row, won| {
                let shift = if won { 0.15 } else { 0.0 };
                format!("i{}", ((draws.uniform("industry", row) + shift) * 9.0).min(8.0) as usize)
            })
    }

    fn report(&self) -> LeakReport {
        self.report_on(true)
    }

    /// What the gate says of columns that are somebody's own, or that were built as of a date.
    fn report_on(&self, given: bool) -> LeakReport {
        let ids = (0..self.won.len()).map(|row| row.to_string()).collect();
        let matrix = FeatureMatrix::try_new(ids, self.columns.clone()).unwrap();
        let binning = Binning::learn(&[&matrix], &BinningParams::default()).unwrap();
        let binned = binning.apply(&matrix).unwrap();
        let set =
            TrainingSet::try_new(TrainingRows::new(&binning, &binned, &self.won, &self.groups)).unwrap();
        let columns = if given { Columns::Given(&matrix) } else { Columns::Built };
        let ask = |parallelism| LeakGate::default().inspect(&set, columns, Seed::new(0), &parallelism);
        let report = ask(Parallelism::serial());
        assert_eq!(ask(Parallelism::threads(3.try_into().unwrap()).unwrap()), report);
        report
    }

    /// The columns that are refused, `rows` for copies.
    fn refused(&self) -> Vec<String> {
        refused(&self.report())
    }
}

fn refused(report: &LeakReport) -> Vec<String> {
    report.leaks.iter().map(|leak| leak.column.clone().unwrap_or_else(|| "rows".to_owned())).collect()
}

#[test]
fn planted_leaks_are_caught_in_small_and_large_tables() {
    for (number, n_rows, rate) in [(1, 300, 0.4), (2, 1000, 0.2), (3, 5000, 0.1), (4, 20_000, 0.03)] {
        let draws = Draws::of_table(number);
        let table = || Table::new(draws, n_rows, rate).with_honest_columns(draws);
        assert_eq!(table().refused(), [""; 0], "{n_rows} honest rows");
        let value = |won: bool| if won { 1.0 } else { 0.0 };
        let planted = [
            // The label, with one in fifty wrong, and with noise.
            table().numbers("flag", |row, won| {
                Some(if draws.uniform("flip", row) < 0.02 { 1.0 - value(won) } else { value(won) })
            }),
            table().numbers("noisy", |row, won| Some(value(won) + 0.4 * draws.normal("noisy", row))),
            table().numbers("reversed", |row, won| Some(0.4 * draws.normal("reversed", row) - value(won))),
            // Filled in when the deal closes, always or only for some of those that were won.
            table().numbers("closed on", |row, won| {
                won.then(|| 20_000.0 + draws.uniform("closed", row) * 300.0)
            }),
            table().numbers("contract value", |row, won| {
                (won && draws.uniform("written", row) < 0.6).then(|| 500.0 + draws.uniform("value", row))
            }),
            // Lost deals get a reason, most of them.
            table().levels("explanation", |row, won| {
                let given = !won && draws.uniform("given", row) < 0.9;
                if given { format!("r{}", row % 4) } else { "none".to_owned() }
            }),
            // Numbered by outcome: won deals were entered in another book.
            table().numbers("book", |row, won| Some(row as f64 + if won { 1e6 } else { 0.0 })),
            table().levels("prefix", |row, won| format!("{}{}", if won { "W" } else { "L" }, row % 5)),
            // Counts that begin, or grow, with the contract.
            table().numbers("trainings", |row, won| Some(value(won) * (1.0 + (row % 5) as f64))),
            table().numbers("tickets", |row, won| {
                Some((draws.uniform("tickets", row) * 4.0).floor() + value(won) * (3 + row % 4) as f64)
            }),
        ];
        for table in planted {
            let name = table.columns.last().unwrap().0.clone();
            assert_eq!(table.refused(), [name], "{n_rows} rows");
        }
    }
}

#[test]
fn milder_leaks_are_caught_by_their_name_and_honest_history_is_not() {
    let draws = Draws::of_table(10);
    // AUC 0.66: as strong as many an honest column.
    let days = |name: &str| {
        Table::new(draws, 2000, 0.25)
            .with_honest_columns(draws)
            .numbers(name, |row, won| Some(draws.normal("days", row) - if won { 0.6 } else { 0.0 }))
    };
    for name in ["close_date", "Days In Stage", "lost_reason_code", "call duration", "sales cycle days"] {
        assert_eq!(days(name).refused(), [name]);
        assert!(matches!(days(name).report().leaks[0].reason, LeakReason::Named { .. }), "{name}");
    }
    for name in ["days_since_last_close", "deals_won_12m", "visit_duration", "close_rate", "amount"] {
        assert_eq!(days(name).refused(), [""; 0], "{name}");
    }
    // A name alone shows nothing.
    let silent =
        Table::new(draws, 2000, 0.25).numbers("close_date", |row, _| Some(draws.normal("close", row)));
    assert_eq!(silent.refused(), [""; 0]);
}

#[test]
fn features_built_as_of_a_date_are_asked_by_their_values_alone() {
    let draws = Draws::of_table(12);
    let table = Table::new(draws, 2000, 0.25)
        .with_honest_columns(draws)
        .numbers("opportunity__days_in_stage__now", |row, won| {
            Some(draws.normal("days", row) - if won { 0.6 } else { 0.0 })
        })
        .numbers("echo", |_, won| Some(if won { 1.0 } else { 0.0 }));
    assert_eq!(refused(&table.report_on(false)), ["echo"]);
    assert_eq!(refused(&table.report_on(true)), ["opportunity__days_in_stage__now", "echo"]);
}

#[test]
fn keys_and_names_of_groups_are_caught() {
    let draws = Draws::of_table(11);
    let table = || Table::new(draws, 600, 0.3).with_honest_columns(draws);
    assert_eq!(table().levels("who", |row, _| format!("company {row}")).refused(), ["who"]);
    assert_eq!(table().numbers("DealId", |row, _| Some((row * 37 % 601) as f64)).refused(), ["DealId"]);
    assert_eq!(table().numbers("deal size", |row, _| Some((row * 37 % 601) as f64)).refused(), [""; 0]);
    let mut grouped = table().levels("account", |row, _| format!("account {}", row % 40));
    grouped.groups = (0..600).map(|row| row % 40).collect();
    assert_eq!(grouped.refused(), ["account"]);
    // The same levels say nothing of groups they do not name.
    grouped.groups = (0..600).collect();
    assert_eq!(grouped.refused(), [""; 0]);
}

/// A table in which every fifth row comes again, in a group of its own.
fn with_copies(draws: Draws, n_rows: usize, same_outcome: bool) -> Table {
    let mut table = Table::new(draws, n_rows, 0.3);
    let original = |row: usize| if row.is_multiple_of(5) { (row + 1) % n_rows } else { row };
    if same_outcome {
        table.won = (0..n_rows).map(|row| table.won[original(row)]).collect();
    }
    let won = table.won.clone();
    table
        .numbers("seats", |row, _| {
            Some(draws.normal("seats", original(row)) + if won[original(row)] { 0.7 } else { 0.0 })
        })
        .numbers("spend", |row, _| Some(draws.normal("spend", original(row))))
        .levels("industry", |row, _| {
            format!("i{}", (draws.uniform("industry", original(row)) * 30.0) as usize)
        })
}

#[test]
fn copies_of_rows_are_caught_and_rows_equal_by_chance_are_not() {
    for (number, n_rows) in [(20, 600), (21, 6000)] {
        let draws = Draws::of_table(number);
        let copied = with_copies(draws, n_rows, true);
        let report = copied.report();
        assert_eq!(refused(&report), ["rows"], "{n_rows}");
        let LeakReason::Copies { but_in: None, rows, disagreement } = report.leaks[0].reason else {
            panic!("{report:?}")
        };
        // Every fifth row and the row it is a copy of.
        assert!((0.38..0.45).contains(&rows) && disagreement < 0.1, "{report:?}");
        // Another date in the copy hides nothing.
        let dated =
            with_copies(draws, n_rows, true).numbers("date", |row, _| Some((row * 37 % n_rows) as f64));
        let report = dated.report();
        assert!(
            matches!(&report.leaks[..], [leak] if matches!(&leak.reason, LeakReason::Copies { but_in: Some(column), .. } if column == "date")),
            "{report:?}"
        );
        // Copies that stay in one group are no leak.
        let mut kept = with_copies(draws, n_rows, true);
        kept.groups = (0..n_rows)
            .map(|row: usize| if row.is_multiple_of(5) { row as u64 + 1 } else { row as u64 })
            .collect();
        assert_eq!(kept.refused(), [""; 0], "{n_rows}");
        // Equal rows with outcomes of their own are different cases.
        assert_eq!(with_copies(draws, n_rows, false).refused(), [""; 0], "{n_rows}");
    }
    let few = Table::new(Draws::of_table(22), 4000, 0.3)
        .levels("size", |row, won| ["s", "m", "l"][(row + usize::from(won && row % 9 == 0)) % 3].to_owned())
        .levels("region", |row, _| format!("r{}", row % 4))
        .levels("channel", |row, _| format!("c{}", row % 5));
    assert_eq!(few.refused(), [""; 0]);
}

/// How far two normal distributions lie apart that give this AUC: `sqrt(2) * the normal quantile of auc`, by halving.
fn distance_of(auc: f64) -> f64 {
    let (mut low, mut high) = (0.0, 4.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        // Phi(d / sqrt 2) = erfc(-d / 2) / 2.
        if libm::erfc(-middle / 2.0) / 2.0 < auc { low = middle } else { high = middle }
    }
    high
}

#[test]
fn fifty_honest_tables_with_strong_columns_pass() {
    let mut strongest = 0.0_f64;
    for number in 0..50 {
        let draws = Draws::of_table(100 + number);
        let n_rows = [250, 400, 1000, 3000, 12_000][number as usize % 5];
        let rate = 0.05 + 0.45 * draws.uniform("rate", 0);
        let mut table = Table::new(draws, n_rows, rate.max(20.0 / n_rows as f64));
        for column in 0..12 {
            let name = format!("column_{column}");
            let auc = 0.5 + 0.3 * draws.uniform("strength", column);
            let shift = distance_of(if column == 0 { 0.8 } else { auc });
            let normal = |row: usize, won: bool| draws.normal(&name, row) + if won { shift } else { 0.0 };
            let missing = draws.uniform("gaps", column) * 0.4;
            let there = |row: usize| draws.uniform("there", row * 12 + column) >= missing;
            table = match column % 4 {
                0 => table.numbers(&name, |row, won| Some(normal(row, won))),
                // Skewed, with gaps.
                1 => table.numbers(&name, |row, won| there(row).then(|| libm::exp(normal(row, won)))),
                // A count with many zeros.
                2 => table.numbers(&name, |row, won| Some((normal(row, won) * 2.0).max(0.0).floor())),
                _ => table.levels(&name, |row, won| {
                    format!("l{}", (normal(row, won) * 2.0).floor().clamp(-4.0, 4.0))
                }),
            };
        }
        let report = table.report();
        assert_eq!(refused(&report), [""; 0], "table {number}: {report:?}");
        for question in &report.questions {
            let LeakReason::Telling { auc, .. } = question.reason else { panic!("{question:?}") };
            strongest = strongest.max(auc);
        }
    }
    assert!(strongest < 0.9, "{strongest}");
}

fn asked(file: &str, target: &str, group: Option<&str>) -> Option<LeakReport> {
    let table = public_data(file)?;
    let training =
        TableTraining { group: group.map(str::to_owned), ..TableTraining::new(target.parse().unwrap()) };
    let inference = training.prepare(&table).unwrap();
    let threads = Parallelism::threads(2.try_into().unwrap()).unwrap();
    let report = training.inspect(&table, inference.recipe(), Seed::new(0), &threads).unwrap();
    println!(
        "{file}: {:#?}",
        report.leaks.iter().chain(&report.questions).map(ToString::to_string).collect::<Vec<_>>()
    );
    Some(report)
}

#[test]
fn the_leaks_of_public_data_are_caught_and_nothing_else() {
    let file = "ibm_sales_win_loss/WA_Fn-UseC_-Sales-Win-Loss.csv";
    for group in [Some("Opportunity Number"), None] {
        let Some(report) = asked(file, "Opportunity Result=Won", group) else { return };
        assert_eq!(
            refused(&report),
            [
                "Elapsed Days In Sales Stage",
                "Sales Stage Change Count",
                "Total Days Identified Through Closing",
                "Total Days Identified Through Qualified",
                "Ratio Days Identified To Total Days",
                "Ratio Days Validated To Total Days",
                "Ratio Days Qualified To Total Days",
            ]
        );
    }
    let Some(report) = asked("bank_marketing/bank-full.csv", "y=yes", None) else { return };
    assert_eq!(refused(&report), ["duration"]);
    // Computed from transactions, but not beyond what is plausible: a question, not a refusal.
    let Some(report) = asked("online_shoppers/online_shoppers_intention.csv", "Revenue=TRUE", None) else {
        return;
    };
    assert_eq!(refused(&report), [""; 0]);
    let questioned: Vec<_> =
        report.questions.iter().filter_map(|question| question.column.as_deref()).collect();
    assert_eq!(questioned, ["PageValues"]);
}

#[test]
fn closed_deals_of_a_crm_export_give_away_their_value_and_their_date() {
    let Some(pipeline) = public_data("maven_crm/sales_pipeline.csv") else { return };
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("closed.csv");
    let mut reader = csv::Reader::from_path(pipeline).unwrap();
    let mut writer = csv::Writer::from_path(&table).unwrap();
    writer.write_record(reader.headers().unwrap()).unwrap();
    for row in reader.records().map(Result::unwrap) {
        if matches!(&row[4], "Won" | "Lost") {
            writer.write_record(&row).unwrap();
        }
    }
    writer.flush().unwrap();
    let training = TableTraining::new("deal_stage=Won".parse().unwrap());
    let inference = training.prepare(&table).unwrap();
    let report = training.inspect(&table, inference.recipe(), Seed::new(0), &Parallelism::serial()).unwrap();
    assert_eq!(refused(&report), ["close_date", "close_value"]);
}

/// 600 deals with an invoice and a stage that only deals which were won have.
fn leaking_table(folder: &Path) -> PathBuf {
    let draws = Draws::of_table(60);
    let mut text = "seats,region,invoice,closing_stage,won\n".to_owned();
    for row in 0..600 {
        let won = draws.uniform("won", row) < 0.3;
        let seats = (draws.normal("seats", row) * 10.0 + if won { 48.0 } else { 40.0 }) as i32;
        let invoice = if won { format!("{}", 100 + row) } else { String::new() };
        let stage = if won || draws.uniform("stage", row) < 0.1 { "signed" } else { "open" };
        writeln!(text, "{seats},r{},{invoice},{stage},{}", row % 3, if won { "yes" } else { "no" }).unwrap();
    }
    let path = folder.join("deals.csv");
    std::fs::write(&path, text).unwrap();
    path
}

fn train(folder: &Path, more: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(assert_cmd::cargo::cargo_bin!("propensity"))
        .current_dir(folder)
        .args([
            "table",
            "train",
            "--table",
            "deals.csv",
            "--target",
            "won=yes",
            "--folds",
            "2",
            "--model",
            "m.json",
        ])
        .args(more)
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn the_command_refuses_with_exit_code_1_and_records_what_was_allowed() {
    let folder = tempfile::tempdir().unwrap();
    leaking_table(folder.path());
    let (code, log) = train(folder.path(), &[]);
    assert_eq!(code, Some(1), "{log}");
    assert!(log.starts_with("error[E_LEAK]: deals.csv: "), "{log}");
    for part in
        ["column invoice: alone ranks the outcome with AUC 1.0", "column closing_stage: ", "--allow COLUMN"]
    {
        assert!(log.contains(part), "{part} not in {log}");
    }
    assert!(!folder.path().join("m.json").exists());

    let (code, log) = train(folder.path(), &["--allow", "closing_stage"]);
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("column invoice") && !log.contains("column closing_stage"), "{log}");

    let (code, log) = train(folder.path(), &["--allow", "closing_stage", "--drop", "invoice"]);
    assert_eq!(code, Some(0), "{log}");
    let (_, model) = WideModel::load(&folder.path().join("m.json")).unwrap();
    let gate = model.leak_gate().unwrap();
    let allowed: Vec<_> = gate.allowed.iter().filter_map(|leak| leak.column.as_deref()).collect();
    assert_eq!((gate.columns, allowed), (3, vec!["closing_stage"]));

    let (code, log) = train(folder.path(), &["--allow", "stage", "--overwrite"]);
    assert_eq!(code, Some(2), "{log}");
    assert!(log.contains("error[E_UNKNOWN_COLUMN]") && log.contains("--allow names [stage]"), "{log}");
}

#[test]
fn a_pattern_allows_all_columns_it_fits() {
    let folder = tempfile::tempdir().unwrap();
    let table = leaking_table(folder.path());
    let training = TableTraining {
        allow: vec![ColumnPattern::new("*i*")],
        ..TableTraining::new("won=yes".parse().unwrap())
    };
    let inference = training.prepare(&table).unwrap();
    let report = training.inspect(&table, inference.recipe(), Seed::new(0), &Parallelism::serial()).unwrap();
    assert_eq!(refused(&report), ["invoice", "closing_stage"]);
    let trained = training.fit(&table, inference.recipe(), Seed::new(0), &Parallelism::serial()).unwrap();
    assert_eq!(trained.model().leak_gate().unwrap().allowed, report.leaks);
}
