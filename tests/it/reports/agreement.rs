//! The same run says the same in every format: cells, and totals read back from each file and from the page.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::num::NonZeroUsize;
use std::path::Path;

use propensity::quantity::AsOf;
use propensity::report::{Page, PageOptions, Report, ReportTotals, RunOutput, Viewer};
use propensity::tables::write::TableFormat;
use propensity::targeting::cohort::Catalogue;
use quick_xml::events::Event;
use serde_json::Value;

use super::fixture::{Asked, chunking, sample_run};
use super::{column, columns_of, read};

type Rows = Vec<BTreeMap<String, String>>;

const FORMATS: [TableFormat; 4] =
    [TableFormat::SheetCsv, TableFormat::SheetTsv, TableFormat::Xlsx, TableFormat::Parquet];

/// The cells of a workbook, by column: its first sheet, read as the format says (ECMA-376, part 1, 18.3).
fn read_workbook(path: &Path) -> Rows {
    let mut archive = zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
    let mut xml = String::new();
    archive.by_name("xl/worksheets/sheet1.xml").unwrap().read_to_string(&mut xml).unwrap();
    let mut reader = quick_xml::Reader::from_str(&xml);
    let mut rows: Vec<BTreeMap<String, String>> = Vec::new();
    let (mut row, mut column, mut text, mut inside) = (BTreeMap::new(), String::new(), String::new(), false);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) if start.name().as_ref() == "c" => {
                let place = start.try_get_attribute("r").unwrap().unwrap().value;
                place.trim_end_matches(|letter: char| letter.is_ascii_digit()).clone_into(&mut column);
                text.clear();
            }
            Event::Start(start) => inside = ["v", "t"].contains(&start.name().as_ref()),
            Event::Text(part) if inside => text.push_str(&part),
            Event::GeneralRef(part) if inside => match &*part {
                "amp" => text.push('&'),
                "lt" => text.push('<'),
                "gt" => text.push('>'),
                other => panic!("{other}"),
            },
            Event::End(end) if end.name().as_ref() == "c" => {
                row.insert(column.clone(), text.clone());
            }
            Event::End(end) if end.name().as_ref() == "row" => rows.push(std::mem::take(&mut row)),
            Event::End(_) => inside = false,
            Event::Eof => break,
            _ => {}
        }
    }
    let header = rows.remove(0);
    let named = |row: &BTreeMap<String, String>| {
        let cell = |column| row.get(column).cloned().unwrap_or_default();
        header.iter().map(|(column, name)| (name.clone(), cell(column))).collect()
    };
    rows.iter().map(named).collect()
}

/// Whether a cell is a day that the other format counts, from 1970 or as spreadsheets do, from 1899-12-30.
fn same_day(text: &str, counted: &str) -> bool {
    let days = match counted.strip_prefix("day ") {
        Some(days) => days.parse(),
        None => counted.parse::<i32>().map(|days| days - 25_569),
    };
    text.len() == 10 && text.parse::<AsOf>().is_ok_and(|day| days == Ok(day.days()))
}

fn made(asked: &Asked<'_>, run: &RunOutput, format: TableFormat) -> (Rows, ReportTotals) {
    let (folder, totals) = asked.make(run, format);
    let path = folder.path().join(format!("report.{}", format.extension()));
    let rows = if format == TableFormat::Xlsx { read_workbook(&path) } else { read(&path).1 };
    (rows, totals)
}

/// The sum of a column in hundredths, which money is rounded to; adding them is exact.
fn hundredths<'a>(cells: impl Iterator<Item = &'a str>) -> i64 {
    cells
        .filter(|cell| !cell.is_empty())
        .map(|cell| (cell.parse::<f64>().unwrap() * 100.0).round() as i64)
        .sum()
}

/// What a page says in sum: the data block of its file.
fn page_totals(run: &RunOutput) -> Value {
    let catalogue = Catalogue::named("clas2025").unwrap();
    let options = PageOptions {
        catalogue: &catalogue,
        fiscal_year_start: 7,
        viewer: Viewer::Executive,
        most_accounts: NonZeroUsize::new(10).unwrap(),
        previous: None,
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.html");
    Page::of(run, &options, &chunking(1, 1000)).unwrap().write(&file).unwrap();
    let page = fs::read_to_string(&file).unwrap();
    let (_, data) = page.split_once("id=\"data\">").unwrap();
    let (data, _) = data.split_once("</script>").unwrap();
    serde_json::from_str::<Value>(data).unwrap()["totals"].take()
}

/// The sum over tiers of a figure in hundredths, at the end of a path of names.
fn over_tiers(totals: &Value, path: &[&str]) -> i64 {
    let tiers = totals["tiers"].as_object().unwrap().values();
    let figures = tiers.map(|tier| path.iter().fold(tier, |value, name| &value[name]));
    figures
        .filter(|figure| !figure.is_null())
        .map(|figure| (figure.as_f64().unwrap() * 100.0).round() as i64)
        .sum()
}

#[test]
fn totals_agree_in_every_format_and_on_the_page() {
    let run = sample_run();
    let page = page_totals(run);
    let figures =
        [("_potential_revenue", "potential"), ("_expected_value", "expected"), ("_upsell_revenue", "upsell")];
    let (mut compared, mut money) = (0, 0);
    for report in Report::ALL {
        let asked = Asked { report, ..Asked::default() };
        for format in FORMATS {
            let (rows, totals) = made(&asked, run, format);
            assert_eq!(rows.len() as u64, totals.rows, "{report} {format:?}");
            let totals = serde_json::to_value(&totals).unwrap();
            assert_eq!(
                (&page["customers"], &page["tiers"]),
                (&totals["customers"], &totals["tiers"]),
                "{report}"
            );
            for name in columns_of("native", report) {
                let found = figures.iter().find_map(|(end, figure)| Some((name.strip_suffix(end)?, *figure)));
                let Some((product, figure)) = found else { continue };
                let of_rows = hundredths(column(&rows, &name));
                assert_eq!(
                    of_rows,
                    over_tiers(&page, &["products", product, figure]),
                    "{report} {format:?} {name}"
                );
                compared += 1;
                money += of_rows;
            }
            if report == Report::Renewal {
                let open = rows.iter().filter(|row| row["open"] == "Yes");
                for (rows, agreements, revenue) in [
                    (rows.iter().collect::<Vec<_>>(), "expiring_agreements", "expiring_revenue"),
                    (open.collect(), "open_agreements", "open_expiring_revenue"),
                ] {
                    assert_eq!(
                        100 * i64::try_from(rows.len()).unwrap(),
                        over_tiers(&page, &[agreements]),
                        "{format:?}"
                    );
                    let of_rows = hundredths(rows.iter().map(|row| row["expiring_revenue"].as_str()));
                    assert!(of_rows > 0);
                    assert_eq!(of_rows, over_tiers(&page, &[revenue]), "{format:?} {revenue}");
                }
            } else {
                let tiers = page["tiers"].as_object().unwrap();
                for (tier, of_tier) in tiers {
                    let customers = column(&rows, "tier").filter(|cell| cell == tier).count();
                    assert_eq!(
                        customers,
                        of_tier["customers"].as_u64().unwrap() as usize,
                        "{report} {format:?} {tier}"
                    );
                }
            }
        }
    }
    assert!(compared > 50 && money > 0, "{compared} columns compared, {money} in sum");
}

#[test]
fn cells_are_the_same_in_every_format() {
    let run = sample_run();
    for report in Report::ALL {
        let asked = Asked { report, ..Asked::default() };
        let [csv, tabs, workbook, parquet] = FORMATS.map(|format| made(&asked, run, format).0);
        assert!(csv == tabs, "{report}: tabs differ from commas");
        for (other, rows) in [("a workbook", &workbook), ("Parquet", &parquet)] {
            assert_eq!(csv.len(), rows.len(), "{report}: {other}");
            for (text, row) in csv.iter().zip(rows) {
                for (name, cell) in text {
                    let alike = *cell == row[name]
                        || same_day(cell, &row[name])
                        // Parquet keeps texts that a spreadsheet would run.
                        || cell.strip_prefix('\'') == Some(row[name].as_str());
                    assert!(alike, "{report}, {other}, {name}: {cell:?} {:?}", row[name]);
                }
            }
        }
    }
}
