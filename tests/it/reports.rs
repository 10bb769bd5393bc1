//! Reports from runs: columns, scope, viewers, totals, formats, movements.

mod agreement;
mod fixture;
mod handing_out;

pub(super) use fixture::{chunking, sample_run};

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use propensity::quantity::LogOdds;
use propensity::report::{
    Movement, PartnerId, Profile, Report, ReportError, ReportTotals, RunOutput, Viewer, movements,
};
use propensity::tables::raw::{Cell, CsvFormat, RawTable};
use propensity::tables::write::TableFormat;
use proptest::prelude::*;

use fixture::{Asked, small_run};

fn names(text: &str) -> Vec<String> {
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn columns_of(profile: &str, report: Report) -> Vec<String> {
    let profile = Profile::named(profile).unwrap();
    profile.columns(report).unwrap().iter().map(|column| column.name.clone()).collect()
}

#[test]
fn columns_are_those_of_the_published_lists() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/columns");
    let shared = std::env::var_os("PROPENSITY_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from)
        .join("columns");
    let lists: Vec<PathBuf> = fs::read_dir(&fixtures).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(lists.len(), 9);
    for list in lists {
        let stem = list.file_stem().unwrap().to_str().unwrap();
        let (profile, report) = stem.split_once('_').unwrap();
        let expected = names(&fs::read_to_string(&list).unwrap());
        assert_eq!(columns_of(profile, report.parse().unwrap()), expected, "{stem}");
        let original = shared.join(list.file_name().unwrap());
        if original.exists() {
            assert_eq!(names(&fs::read_to_string(original).unwrap()), expected, "{stem}");
        } else {
            println!("skipped: {} is not there", original.display());
        }
    }
}

#[test]
fn every_shipped_profile_is_sound_and_ends_with_the_recency_flag() {
    for (profile, n_reports) in [("clas2021", 4), ("clas2024", 5), ("clas2025", 6), ("native", 6)] {
        let read = Profile::named(profile).unwrap();
        let catalogue = propensity::targeting::cohort::Catalogue::named(&read.cohorts).unwrap();
        let reports: Vec<Report> =
            Report::ALL.into_iter().filter(|report| read.columns(*report).is_ok()).collect();
        assert_eq!(reports.len(), n_reports, "{profile}");
        for report in reports {
            read.check_cohorts(report, &catalogue).unwrap();
            let last = columns_of(profile, report).pop().unwrap();
            let flag = last.to_lowercase().replace([' ', '_'], "").replace("inthelast", "");
            assert_eq!(flag == "transacted36months", profile != "clas2021", "{profile} {report} {last}");
        }
    }
    let error = Profile::from_toml(
        "name = \"x\"\ncohorts = \"y\"\n[[report]]\nname = \"azure\"\ncolumns = [[\"A\", \"fit\"], [\"A\", \"tier\"]]",
        Path::new("x.toml"),
    );
    let Err(ReportError::Profile { faults, .. }) = error else { panic!("{error:?}") };
    assert_eq!(faults.len(), 2, "{faults:?}");
}

/// The cells of a CSV or Parquet report, by column.
fn read(path: &Path) -> (Vec<String>, Vec<BTreeMap<String, String>>) {
    let mut table = RawTable::open(path, &CsvFormat { delimiter: None }).unwrap();
    let header = table.header().to_vec();
    let mut rows = Vec::new();
    while let Some(batch) = table.next_batch().unwrap() {
        for row in 0..batch.n_rows() {
            let cells = header.iter().enumerate().map(|(place, name)| {
                let text = match batch.cell(row, place) {
                    Cell::Missing => String::new(),
                    Cell::Text(text) => text.to_owned(),
                    Cell::Integer(number) => number.to_string(),
                    Cell::Number(number) => number.to_string(),
                    Cell::Time(micros) => format!("day {}", micros / 86_400_000_000),
                    other => panic!("{name}: {other:?}"),
                };
                (name.clone(), text)
            });
            rows.push(cells.collect());
        }
    }
    (header, rows)
}

fn column<'a>(rows: &'a [BTreeMap<String, String>], name: &'a str) -> impl Iterator<Item = &'a str> {
    rows.iter().map(move |row| row[name].as_str())
}

#[test]
fn all_six_reports_are_made_in_all_profiles_with_their_columns() {
    let run = sample_run();
    for profile in ["clas2021", "clas2024", "clas2025", "native"] {
        let read_profile = Profile::named(profile).unwrap();
        for report in Report::ALL.into_iter().filter(|report| read_profile.columns(*report).is_ok()) {
            let asked = Asked { profile, report, ..Asked::default() };
            let (folder, totals) = asked.make(run, TableFormat::SheetCsv);
            let (header, rows) = read(&folder.path().join("report.csv"));
            assert_eq!(header, columns_of(profile, report), "{profile} {report}");
            assert_eq!(rows.len() as u64, totals.rows);
            if report == Report::Renewal {
                assert!(!rows.is_empty(), "{profile}");
                let expiring: u64 = totals.tiers.values().map(|tier| tier.expiring_agreements).sum();
                assert_eq!(expiring, totals.rows);
            } else {
                assert_eq!(totals.rows, totals.customers);
                assert_eq!(totals.customers + totals.left_out_corporate, run.record().accounts);
            }
        }
    }
}

#[test]
fn bytes_do_not_depend_on_threads_or_chunks() {
    let run = sample_run();
    for format in [TableFormat::SheetCsv, TableFormat::Parquet, TableFormat::Xlsx] {
        let bytes = |threads: usize, chunk: usize| {
            let asked = Asked { chunking: chunking(threads, chunk), ..Asked::default() };
            let (folder, _) = asked.make(run, format);
            fs::read(folder.path().join(format!("report.{}", format.extension()))).unwrap()
        };
        let whole = bytes(1, 100_000);
        assert!(whole == bytes(1, 7) && whole == bytes(3, 64), "{format:?}");
    }
}

#[test]
fn a_report_viewer_sees_no_revenue() {
    let run = sample_run();
    let mut some_money = false;
    for report in Report::ALL {
        let of = |viewer| {
            let (folder, totals) =
                Asked { report, viewer, ..Asked::default() }.make(run, TableFormat::SheetCsv);
            (read(&folder.path().join("report.csv")).1, totals)
        };
        let ((seen, totals), (whole, _)) = (of(Viewer::Report), of(Viewer::Executive));
        let profile = Profile::named("native").unwrap();
        let mut revenue = 0;
        for source in profile.columns(report).unwrap().iter().filter(|column| column.source.is_revenue()) {
            revenue += 1;
            assert!(column(&seen, &source.name).all(str::is_empty), "{report} {}", source.name);
            let filled = column(&whole, &source.name).any(|cell| !cell.is_empty());
            assert!(filled || source.name.contains("upsell"), "{report} {}", source.name);
        }
        assert!(revenue > 0, "{report}");
        let tiers = serde_json::to_value(&totals).unwrap()["tiers"].clone();
        assert!(tiers["Medium"]["expiring_revenue"].is_null(), "{tiers}");
        for name in columns_of("native", report).iter().filter(|name| name.ends_with("_explanation")) {
            // Sentences of money features hold amounts.
            let money = |cell: &str| {
                let mut reasons = cell.split("; ").flat_map(|part| part.split(" | "));
                reasons.any(|reason| {
                    let reason = reason.trim_start_matches("fit: ").trim_start_matches("intent: ");
                    reason.starts_with("bought ")
                        || reason.starts_with("annual revenue ")
                        || reason.starts_with("revenue per head ")
                })
            };
            some_money |= column(&whole, name).any(money);
            assert!(!column(&seen, name).any(money), "{report} {name}");
            // A model that found no signal has no reasons.
            let told = column(&whole, name).any(|cell| !cell.is_empty());
            assert_eq!(column(&seen, name).any(|cell| !cell.is_empty()), told, "{report} {name}");
        }
    }
    assert!(some_money, "no reason names an amount, so nothing was tested");
}

#[test]
fn corporate_candidates_are_left_out_and_counted() {
    let run = small_run(&fixture::one_company("employees", "1000"));
    let (_folder, totals) = Asked::default().make(&run.run, TableFormat::SheetCsv);
    assert_eq!((totals.customers, totals.left_out_corporate), (1, 1));
    let asked = Asked { with_corporate: true, ..Asked::default() };
    let (_folder, totals) = asked.make(&run.run, TableFormat::SheetCsv);
    assert_eq!((totals.customers, totals.left_out_corporate), (2, 0));
    let run = small_run(&fixture::one_company("employees", "999"));
    let (_folder, totals) = Asked::default().make(&run.run, TableFormat::SheetCsv);
    assert_eq!((totals.customers, totals.left_out_corporate), (2, 0));
}

#[test]
fn formulas_are_made_texts_and_persons_stay_outside() {
    let run = small_run(&fixture::one_company("name", "=cmd|' /C calc'!A0"));
    for report in Report::ALL {
        for format in [TableFormat::SheetCsv, TableFormat::SheetTsv, TableFormat::Parquet] {
            let asked = Asked { report, viewer: Viewer::Executive, ..Asked::default() };
            let (folder, _) = asked.make(&run.run, format);
            let path = folder.path().join(format!("report.{}", format.extension()));
            let (_, rows) = read(&path);
            for row in &rows {
                for (name, cell) in row {
                    assert!(!cell.contains("jane") && !cell.contains("Canary"), "{report} {name}: {cell}");
                    let formula = format != TableFormat::Parquet
                        && cell.starts_with(['=', '+', '-', '@'])
                        && cell.parse::<f64>().is_err();
                    assert!(!formula, "{report} {name}: {cell}");
                }
            }
        }
    }
    for file in ["facts/as_of=2026-01-01/accounts.parquet", "act_now.csv"] {
        let bytes = fs::read(run.folder.path().join(file)).unwrap();
        let held = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        assert!(!held(b"jane") && !held(b"Canary"), "{file}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]
    #[test]
    fn a_partner_sees_its_customers_and_nothing_of_another(
        links in proptest::collection::vec((0_usize..120, 0_usize..50, 0_u8..70), 150..300),
        looked_at in proptest::collection::btree_set(0_usize..50, 3),
    ) {
        let mut tables = fixture::plain_companies(120);
        let mut transactions = String::from("account_id,partner_id,product,sku,date,quantity,amount,currency\n");
        for (account, partner, months_ago) in &links {
            let date = "2025-12-15".parse::<propensity::quantity::AsOf>().unwrap().plus_months(-i32::from(*months_ago));
            let _ = writeln!(transactions, "A{account:03},PARTNER-{partner:02}-ID,azure,AZ,{date},1,100,USD");
        }
        tables.push(("transactions.csv", transactions));
        let run = small_run(&tables);
        for partner in looked_at {
            let id = format!("PARTNER-{partner:02}-ID");
            let expected: BTreeSet<String> = links
                .iter()
                .filter(|link| link.1 == partner)
                .map(|link| format!("A{:03}", link.0))
                .collect();
            let known: PartnerId = id.parse().unwrap();
            for (profile, report) in [("native", Report::Azure), ("clas2021", Report::M365), ("clas2024", Report::D365)] {
                let asked = Asked { profile, report, partner: Some(&known), viewer: Viewer::Executive, ..Asked::default() };
                let folder = tempfile::tempdir().unwrap();
                let target = folder.path().join("report.csv");
                let staged = asked.stage(&run.run, &target, TableFormat::SheetCsv);
                if expected.is_empty() {
                    let unknown = matches!(staged, Err(ReportError::UnknownPartner { .. }));
                    prop_assert!(unknown);
                    prop_assert!(!target.exists());
                    continue;
                }
                let totals = staged.unwrap().commit().unwrap();
                prop_assert_eq!(totals.customers as usize, expected.len());
                let (header, rows) = read(&target);
                let account = &header[if profile == "native" { 1 } else { 2 }];
                let found: BTreeSet<String> = column(&rows, account).map(str::to_owned).collect();
                prop_assert_eq!(&found, &expected);
                let text = fs::read_to_string(&target).unwrap();
                let of_another = text.match_indices("PARTNER-").any(|(at, _)| !text[at..].starts_with(&id));
                prop_assert!(!of_another, "another partner is named");
                // The flag of recency speaks of this partner alone.
                let flag = header.last().unwrap();
                if profile != "clas2021" {
                    for row in &rows {
                        let last = links.iter().filter(|link| link.1 == partner && format!("A{:03}", link.0) == row[account]);
                        let recent = last.map(|link| link.2).min().unwrap() < 36;
                        prop_assert_eq!(row[flag] == "Yes", recent);
                    }
                }
            }
        }
    }
}

#[test]
fn what_moved_a_score_adds_up() {
    let (before, after) = (sample_run(), fixture::sample_run_a_month_later());
    let mut moved = 0_usize;
    let mut told = 0_usize;
    after
        .each_since(
            Some(before),
            &chunking(1, 500),
            |customer| {
                let mut of_customer = Vec::new();
                for score in &customer.scores {
                    of_customer
                        .extend(movements(after, before, &customer, &score.product)?.into_iter().flatten());
                }
                Ok(of_customer)
            },
            |of_customer| {
                for Movement { before, after, parts } in of_customer {
                    let sum: i64 = parts.iter().map(|(_, effect)| effect.steps()).sum();
                    assert_eq!(LogOdds::from_steps(before.steps() + sum), after);
                    moved += usize::from(before != after);
                    told += 1;
                }
                Ok(())
            },
        )
        .unwrap();
    assert!(told > 1000 && moved > 100, "{told} scores, {moved} moved");
    let asked = Asked { previous: Some(before), ..Asked::default() };
    let (folder, _) = asked.make(after, TableFormat::SheetCsv);
    let (_, rows) = read(&folder.path().join("report.csv"));
    assert!(column(&rows, "azure_previous_cell").any(|cell| !cell.is_empty()));
    assert!(
        column(&rows, "azure_moved_by").any(|cell| cell.starts_with("fit") || cell.starts_with("intent"))
    );
}

#[test]
fn a_run_that_is_not_whole_is_refused() {
    let run = small_run(&fixture::plain_companies(3));
    let facts = run.folder.path().join("facts/as_of=2026-01-01/accounts.parquet");
    let other = small_run(&fixture::plain_companies(4));
    fs::copy(other.folder.path().join("facts/as_of=2026-01-01/accounts.parquet"), &facts).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("report.csv");
    let refused = Asked::default().stage(&run.run, &target, TableFormat::SheetCsv);
    assert!(matches!(refused, Err(ReportError::NotARun { .. })), "{refused:?}");
    drop(refused);
    assert!(!target.exists());
    fs::remove_file(&facts).unwrap();
    assert!(matches!(RunOutput::open(run.folder.path()), Err(ReportError::NotARun { .. })));
    assert!(matches!(RunOutput::open(folder.path()), Err(ReportError::NotARun { .. })));
}

#[test]
fn the_command_makes_a_report_and_records_who_asked() {
    let run = small_run(&fixture::one_company("city", "Boston"));
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("azure.xlsx");
    let command = |partner: &str, file: &Path| {
        Command::new(env!("CARGO_BIN_EXE_propensity"))
            .arg("report")
            .arg(run.folder.path())
            .args([
                "--report",
                "azure",
                "--profile",
                "clas2024",
                "--format",
                "xlsx",
                "--caller",
                "Jo",
                "--partner",
                partner,
            ])
            .arg("--out")
            .arg(file)
            .arg("--totals")
            .arg(file.with_extension("json"))
            .output()
            .unwrap()
    };
    let made = command("P1", &file);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    assert!(fs::read(&file).unwrap().starts_with(b"PK"));
    let totals: serde_json::Value =
        serde_json::from_slice(&fs::read(file.with_extension("json")).unwrap()).unwrap();
    assert_eq!((&totals["rows"], &totals["customers"]), (&1.into(), &1.into()));
    let audit = fs::read_to_string(run.folder.path().join("audit.jsonl")).unwrap();
    let line: serde_json::Value = serde_json::from_str(audit.trim()).unwrap();
    assert_eq!(line["caller"], "Jo");
    assert_eq!(
        (&line["partner"], &line["asked_for"], &line["viewer"]),
        (&"P1".into(), &"azure".into(), &"report".into())
    );
    assert_eq!(line["rows"], 1);
    for forged in ["P9", "../P1", "P1/../P2", "*", ""] {
        let target = out.path().join("forged.xlsx");
        let refused = command(forged, &target);
        assert_eq!(refused.status.code(), Some(2), "{forged}");
        assert!(!target.exists(), "{forged}");
    }
    assert_eq!(fs::read_to_string(run.folder.path().join("audit.jsonl")).unwrap(), audit);
}

#[test]
fn totals_tell_people_what_the_file_holds() {
    let totals = ReportTotals::default();
    assert_eq!(totals.text(), "0 rows, 0 customers\n");
    let (_folder, totals) = Asked::default().make(sample_run(), TableFormat::SheetCsv);
    assert!(totals.text().contains("Medium: "), "{}", totals.text());
    assert!(totals.sum(|product| product.potential) > 0.0);
}
