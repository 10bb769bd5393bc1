//! The page of a run: what it counts, that it repeats, and that no name can break out of it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use propensity::report::RunRecord;
use serde_json::Value;
use tempfile::TempDir;

const EVIL: &str = "</script><img src=x onerror=alert(1)>{{script}} & \u{2028}\"Sons\"";

/// A folder with a few accounts, one of them with a name that means harm.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        let mut accounts = csv::Writer::from_path(desk.path("input/accounts.csv")).unwrap();
        accounts
            .write_record(["account_id", "name", "employees", "city", "country", "domain", "known_at"])
            .unwrap();
        for number in 0..12 {
            let id = format!("A{number:02}");
            let name = if number == 3 { EVIL.to_owned() } else { format!("Company {number}") };
            let people = (number * 40).to_string();
            let domain = format!("https://www.company{number}.com");
            accounts
                .write_record([id.as_str(), &name, &people, "Lodz", "PL", &domain, "2024-01-01"])
                .unwrap();
        }
        accounts.flush().unwrap();
        let transactions = "account_id,product,date,amount,currency\nA01,azure,2025-02-01,100,USD\n\
                            A01,azure,2025-11-01,50,USD\nA03,m365,2025-12-01,70,USD\n";
        std::fs::write(desk.path("input/transactions.csv"), transactions).unwrap();
        let agreements = "agreement_id,account_id,product_division,end_date,expiring_revenue,currency,started_at\n\
                          G1,A01,Azure,2026-03-01,1000,USD,2024-03-01\nG2,A03,Office,2025-06-30,500,USD,2024-01-01\n\
                          G3,A04,Office,2026-06-30,250,USD,2024-01-01\n";
        std::fs::write(desk.path("input/agreements.csv"), agreements).unwrap();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    fn command(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_propensity"));
        command.current_dir(self.0.path()).args(arguments).output().unwrap()
    }

    fn succeeds(&self, arguments: &[&str]) {
        let output = self.command(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Scores the accounts as of a date, by the model that ships with the project.
    fn run(&self, as_of: &str, out: &str) {
        let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/reference/cloudascent.json");
        let model = model.to_str().unwrap();
        self.succeeds(&["run", "input", "--as-of", as_of, "--model", model, "--out", out, "--quiet"]);
    }

    fn page(&self, arguments: &[&str]) -> String {
        let mut all = vec!["page", "--viewer", "executive"];
        all.extend(arguments);
        all.extend(["--out", "page.html", "--overwrite", "--quiet"]);
        self.succeeds(&all);
        std::fs::read_to_string(self.path("page.html")).unwrap()
    }
}

/// What stands between two marks of a page, which are there once.
fn between<'a>(page: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = page.split_once(start).unwrap();
    rest.split_once(end).unwrap().0
}

/// What the cards of the accounts show: texts, then a line an account.
fn details(page: &str) -> Vec<Value> {
    let block = between(page, "<script type=\"application/json\" id=\"details\">", "</script>");
    block.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn data(page: &str) -> Value {
    serde_json::from_str(between(page, "<script type=\"application/json\" id=\"data\">", "</script>"))
        .unwrap()
}

#[test]
fn no_name_breaks_out_of_the_page() {
    let desk = Desk::new();
    desk.run("2026-01-01", "out");
    let page = desk.page(&["out"]);
    // Three blocks, as in the template, and the name whole inside the data.
    assert_eq!((page.matches("<script").count(), page.matches("</script").count()), (3, 3));
    assert!(!page.contains("<img"), "a name became markup");
    let data = data(&page);
    let names: Vec<&str> =
        data["accounts"].as_array().unwrap().iter().filter_map(|row| row[1].as_str()).collect();
    assert!(names.contains(&EVIL), "{names:?}");
    // The page allows its own script by its hash, and no request.
    let policy = between(&page, "Content-Security-Policy\" content=\"", "\">");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
}

#[test]
fn the_page_counts_what_the_run_counted() {
    let desk = Desk::new();
    desk.run("2026-01-01", "out");
    let page = desk.page(&["out", "--cohorts", "clas2024"]);
    let (data, details) = (data(&page), details(&page));
    let record: RunRecord =
        serde_json::from_str(&std::fs::read_to_string(desk.path("out/run.json")).unwrap()).unwrap();
    assert_eq!(data["accounts_total"], record.accounts);
    let clusters: Vec<&str> = data["clusters"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for (place, evidence) in record.model.evidence.iter().enumerate() {
        let product = &data["products"][place];
        let tiers = product["tiers"].as_array().unwrap();
        for (index, cluster) in clusters.iter().enumerate() {
            let counted: u64 = tiers.iter().map(|tier| tier[index].as_u64().unwrap()).sum();
            assert_eq!(
                counted, record.clusters[&evidence.product][*cluster],
                "{} {cluster}",
                evidence.product
            );
        }
        let cells = product["grid"].as_array().unwrap().iter().flat_map(|row| row.as_array().unwrap());
        assert_eq!(cells.map(|cell| cell[0].as_u64().unwrap()).sum::<u64>(), record.accounts);
    }
    // Money of 12 months by product: the purchase of February 2025 is in, both of A01.
    let azure = record.model.evidence.iter().position(|evidence| evidence.product == "azure").unwrap();
    let cells =
        data["products"][azure]["grid"].as_array().unwrap().iter().flat_map(|row| row.as_array().unwrap());
    assert_eq!(cells.map(|cell| cell[1].as_f64().unwrap()).sum::<f64>(), 150.0);
    // Of three agreements one ended before the fiscal year.
    assert_eq!(data["fiscal_year"], serde_json::json!(["2025-07-01", "2026-06-30"]));
    let tiers = data["totals"]["tiers"].as_object().unwrap().values();
    let sum = |name: &str| tiers.clone().map(|tier| tier[name].as_f64().unwrap()).sum::<f64>();
    assert_eq!((sum("expiring_agreements"), sum("expiring_revenue")), (2.0, 1250.0));
    // Waterfalls: the steps lead from the average account to this one.
    assert_eq!(details.len(), 1 + data["accounts"].as_array().unwrap().len());
    for card in &details[1..] {
        for reasons in card[2].as_array().unwrap() {
            for fall in [&reasons[0], &reasons[1]] {
                let numbers: Vec<i64> =
                    fall.as_array().unwrap().iter().map(|number| number.as_i64().unwrap()).collect();
                assert!((2..=14).contains(&numbers.len()) && numbers.len().is_multiple_of(2), "{fall}");
                let named: i64 = numbers[2..].iter().skip(1).step_by(2).sum();
                let rest = numbers[1] - numbers[0] - named;
                // With fewer than six steps nothing is left but what rounding to hundredths leaves.
                assert!(numbers.len() == 14 || rest.abs() <= 4, "{fall}");
            }
        }
    }
}

#[test]
fn the_same_run_gives_the_same_bytes_and_says_what_moved() {
    let desk = Desk::new();
    desk.run("2026-01-01", "before");
    desk.run("2026-01-10", "now");
    let flags = ["now", "--previous", "before", "--accounts", "5"];
    let page = desk.page(&[&flags[..], &["--threads", "1"]].concat());
    assert_eq!(page, desk.page(&[&flags[..], &["--threads", "3", "--chunk-rows", "2"]].concat()));
    let data = data(&page);
    assert_eq!(data["previous"], "2026-01-01");
    // The table holds the best only; all are counted.
    assert_eq!((data["accounts"].as_array().unwrap().len(), &data["accounts_total"]), (5, &12.into()));
    for product in data["products"].as_array().unwrap() {
        let moves = &product["moves"];
        let rows = moves["between"].as_array().unwrap().iter().flat_map(|row| row.as_array().unwrap());
        assert_eq!(rows.map(|count| count.as_u64().unwrap()).sum::<u64>(), 12);
        assert_eq!((&moves["arrived"], &moves["gone"]), (&0.into(), &0.into()));
    }
    let before = &details(&page)[1][2][0][4];
    assert!(before[0].is_number() && before[1].is_number(), "{before}");
}

#[test]
fn a_report_viewer_sees_no_money_and_who_asked_is_on_record() {
    let desk = Desk::new();
    desk.run("2026-01-01", "out");
    desk.succeeds(&["page", "out", "--out", "seen.html", "--caller", "Jo", "--quiet"]);
    let seen = std::fs::read_to_string(desk.path("seen.html")).unwrap();
    let (whole, whole_details) = (data(&desk.page(&["out"])), details(&desk.page(&["out"])));
    let (seen, seen_details) = (data(&seen), details(&seen));
    assert_eq!(seen["totals"]["customers"], whole["totals"]["customers"]);
    let tier = |data: &Value| data["totals"]["tiers"].as_object().unwrap().values().next().unwrap().clone();
    assert!(tier(&seen)["expiring_revenue"].is_null() && tier(&whole)["expiring_revenue"].is_number());
    for product in seen["products"].as_array().unwrap() {
        let mut cells = product["grid"].as_array().unwrap().iter().flat_map(|row| row.as_array().unwrap());
        assert!(cells.all(|cell| cell[0].is_u64() && cell[1].is_null()), "{product}");
    }
    let money = |details: &[Value]| {
        let texts = details[0].as_array().unwrap().iter().filter_map(Value::as_str);
        texts.filter(|text| text.starts_with("bought for") || text.contains(", worth ")).count()
    };
    assert!(money(&seen_details) == 0 && money(&whole_details) > 0);
    let audit = std::fs::read_to_string(desk.path("out/audit.jsonl")).unwrap();
    let line: Value = serde_json::from_str(audit.lines().next().unwrap()).unwrap();
    let told = [&line["caller"], &line["asked_for"], &line["viewer"]].map(|cell| cell.as_str().unwrap());
    assert_eq!(told, ["Jo", "page", "report"]);
}

#[test]
fn what_is_no_run_makes_no_page() {
    let desk = Desk::new();
    let output = desk.command(&["page", "input", "--out", "page.html"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("E_REPORT_RUN"));
    assert!(!desk.path("page.html").exists());
    desk.run("2026-01-01", "out");
    std::fs::write(desk.path("page.html"), "mine").unwrap();
    let output = desk.command(&["page", "out", "--out", "page.html"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("E_OUTPUT_EXISTS"));
    let card = desk.path("out/model_card.json");
    std::fs::write(card, "{}").unwrap();
    let output = desk.command(&["page", "out", "--out", "page.html", "--overwrite"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("not a model card"), "{output:?}");
    assert_eq!(std::fs::read_to_string(desk.path("page.html")).unwrap(), "mine");
}
