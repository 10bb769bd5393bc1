//! What commands hand out of a run: the licences of a portfolio, charts, and never a file of the run itself.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use propensity::report::ReportNotes;

use super::fixture::{Tables, plain_companies, small_run};
use super::{column, read};

fn command(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_propensity")).args(arguments).output().unwrap()
}

fn succeeds(arguments: &[&str]) {
    let output = command(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_file_of_the_run_is_never_replaced() {
    let run = small_run(&plain_companies(3));
    let folder = run.folder.path().to_str().unwrap();
    let verbs: [&[&str]; 4] = [
        &["report", folder, "--report", "azure"],
        &["worklist", folder, "--capacity", "5"],
        &["page", folder],
        &["report", folder],
    ];
    for file in [
        "run.json",
        "model.json",
        "facts/as_of=2026-01-01/accounts.parquet",
        "facts/../act_now.csv",
        "audit.jsonl",
    ] {
        let target = run.folder.path().join(file);
        let before = fs::read(&target).ok();
        for (place, verb) in verbs.iter().enumerate() {
            let flag = if place == 3 { "--licences" } else { "--out" };
            let arguments = [verb, &[flag, target.to_str().unwrap(), "--overwrite", "--quiet"][..]].concat();
            let output = command(&arguments);
            let told = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{file}: {told}");
            assert!(told.contains("E_REPORT_OWN_FILE"), "{file}: {told}");
            assert_eq!(fs::read(&target).ok(), before, "{file}");
        }
    }
    // Another name in the same folder is nobody's.
    let beside = run.folder.path().join("azure.csv");
    succeeds(&["report", folder, "--report", "azure", "--out", beside.to_str().unwrap(), "--quiet"]);
    assert!(beside.exists());
}

#[test]
fn a_worklist_says_how_well_its_models_are_founded() {
    let run = small_run(&plain_companies(3));
    let folder = run.folder.path();
    let list = folder.join("calls.csv");
    let arguments =
        ["worklist", folder.to_str().unwrap(), "--capacity", "5", "--product", "azure", "--quiet"];
    succeeds(&[&arguments[..], &["--out", list.to_str().unwrap()]].concat());
    let parsed = |path: &Path| -> serde_json::Value {
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    };
    let (notes, record) = (parsed(&ReportNotes::file(&list)), parsed(&folder.join("run.json")));
    assert_eq!(notes["report"], "worklist");
    let of_azure = |models: &serde_json::Value| {
        models.as_array().unwrap().iter().find(|models| models["product"] == "azure").cloned()
    };
    assert_eq!(notes["models"].as_array().unwrap().len(), 1);
    assert!(of_azure(&notes["models"]).is_some(), "{notes}");
    assert_eq!(of_azure(&notes["models"]), of_azure(&record["model"]["evidence"]));
}

/// Three companies with seats, two of them of partner P1.
fn companies_with_seats() -> Tables {
    let mut tables = plain_companies(3);
    tables.push((
        "transactions.csv",
        "account_id,partner_id,product,sku,date,quantity,amount,currency\n\
         A000,P1,m365,M365-BB,2025-06-01,100,1000,USD\nA001,P1,m365,M365-BB,2025-06-01,10,100,USD\n\
         A002,P2,m365,M365-BB,2025-06-01,50,500,USD\n"
            .to_owned(),
    ));
    tables.push((
        "subscriptions.csv",
        "account_id,partner_id,product,sku,month,seats_sold,seats_entitled,seats_assigned,seats_active_28d,state\n\
         A000,P1,m365,M365-BB,2025-12-01,100,100,60,30,active\nA001,P1,m365,M365-BB,2025-12-01,10,10,10,12,active\n\
         A002,P2,m365,M365-BB,2025-12-01,50,50,50,50,active\n"
            .to_owned(),
    ));
    tables
}

#[test]
fn the_licences_of_a_portfolio_are_ratios_of_sums_with_advice() {
    let run = small_run(&companies_with_seats());
    let folder = run.folder.path().to_str().unwrap();
    let out = tempfile::tempdir().unwrap();
    let row = |name: &str, scope: &[&str]| {
        let file = out.path().join(name);
        succeeds(&[&["report", folder, "--licences", file.to_str().unwrap(), "--quiet"], scope].concat());
        let (_, mut rows) = read(&file);
        assert_eq!(rows.len(), 1);
        rows.remove(0)
    };
    let of_partner = row("p1.csv", &["--partner", "P1"]);
    let cell = |name: &str| of_partner[name].as_str();
    assert_eq!([cell("partner"), cell("product"), cell("customers")], ["P1", "m365", "2"]);
    assert_eq!(
        [cell("seats_sold"), cell("seats_assigned"), cell("deployment_percent")],
        ["110", "70", "63.64"]
    );
    assert_eq!(
        [cell("seats_active_28d"), cell("usage_percent"), cell("customers_over_use")],
        ["42", "38.18", "1"]
    );
    assert_eq!(cell("deployment_opportunity"), "40");
    assert!(cell("advice").starts_with("assign 40 idle seats"), "{}", cell("advice"));
    let of_all = row("all.csv", &[]);
    assert_eq!([of_all["partner"].as_str(), &of_all["customers"], &of_all["seats_sold"]], ["", "3", "160"]);
    let forged = out.path().join("forged.csv");
    let output = command(&["report", folder, "--licences", forged.to_str().unwrap(), "--partner", "P9"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("E_REPORT_PARTNER"));
    assert!(!forged.exists());
    let audit = fs::read_to_string(run.folder.path().join("audit.jsonl")).unwrap();
    assert_eq!(audit.matches("\"asked_for\":\"licences\"").count(), 2, "{audit}");
}

/// The numbers that an SVG gives as its width and height, and those in the header of a PNG.
fn sizes(folder: &Path, name: &str) -> ([u32; 2], [u32; 2]) {
    let svg = fs::read_to_string(folder.join(format!("{name}.svg"))).unwrap();
    let of = |attribute: &str| {
        let (_, rest) = svg.split_once(&format!(" {attribute}=\"")).unwrap();
        rest.split_once('"').unwrap().0.parse::<u32>().unwrap()
    };
    let png = fs::read(folder.join(format!("{name}.png"))).unwrap();
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    ([of("width"), of("height")], [number(16), number(20)])
}

#[test]
fn the_charts_of_a_page_are_files_of_their_own() {
    let (before, now) = (small_run(&companies_with_seats()), small_run(&companies_with_seats()));
    let out = tempfile::tempdir().unwrap();
    let (page, charts) = (out.path().join("page.html"), out.path().join("charts"));
    let arguments = [
        "page",
        now.folder.path().to_str().unwrap(),
        "--previous",
        before.folder.path().to_str().unwrap(),
        "--out",
        page.to_str().unwrap(),
        "--charts",
        charts.to_str().unwrap(),
        "--quiet",
    ];
    succeeds(&arguments);
    for name in ["azure-grid", "azure-tiers", "azure-moved", "m365-grid", "cohorts"] {
        let (svg, png) = sizes(&charts, name);
        assert_eq!(svg.map(|units| 2 * units), png, "{name}");
    }
    let moved = fs::read_to_string(charts.join("azure-moved.svg")).unwrap();
    assert!(moved.contains("Moved since 2026-01-01") && moved.contains(">0 new, 0 gone<"), "{moved}");
    // The grid counts all three companies.
    let grid = fs::read_to_string(charts.join("azure-grid.svg")).unwrap();
    let counts = grid.lines().filter(|line| line.contains("font-size=\"17\""));
    let count =
        |line: &str| line.split_once('>').unwrap().1.split_once('<').unwrap().0.parse::<u32>().unwrap();
    assert_eq!(counts.map(count).sum::<u32>(), 3, "{grid}");
    let output = command(&arguments[..arguments.len() - 1]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("E_OUTPUT_EXISTS"));
}

#[test]
fn names_that_a_spreadsheet_would_run_are_texts_in_a_list_of_matches() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name).join("accounts.csv");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        folder.path().join(name)
    };
    let left = write("left", "account_id,name,domain\n=1+1,=cmd|' /C calc'!A0 Contoso,contoso.com\n");
    let right = write("right", "account_id,name,domain\n@R,=cmd|' /C calc'!A0 Contoso,contoso.com\n");
    let out = folder.path().join("matches.csv");
    let [left, right, out] = [&left, &right, &out].map(|path| path.to_str().unwrap());
    succeeds(&["match", left, right, "--out", out, "--quiet"]);
    let (header, rows) = read(Path::new(out));
    let cells: Vec<&str> = header.iter().flat_map(|name| column(&rows, name)).collect();
    assert!(cells.contains(&"'=1+1") && cells.contains(&"'@R"), "{cells:?}");
    let runs = |cell: &&str| {
        cell.starts_with(['=', '@', '+']) || cell.starts_with('-') && cell.parse::<f64>().is_err()
    };
    assert!(!cells.iter().any(runs), "{cells:?}");
}
