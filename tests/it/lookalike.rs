//! Best customers, gates, owners, and what a line refuses to learn from: through the built command.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use propensity::parallelism::Parallelism;
use propensity::pipeline::Pipeline;
use propensity::seed::Seed;
use propensity::tables::raw::{Cell, CsvFormat, RawTable};
use propensity::training::leak_gate::LeakReport;
use propensity::wide::TableTraining;

use crate::small_world::{propensity, small_world, succeeds};

const AS_OF: &str = "2026-01-01";

fn run(folder: &Path, out: &str, more: &[&str]) -> String {
    succeeds(
        folder,
        &[&["run", "world", "--as-of", AS_OF, "--spec", "spec.toml", "--out", out], more].concat(),
    )
}

/// All rows of a table, by column; numbers as text, what is missing as an empty text.
fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut table = RawTable::open(path, &CsvFormat::default()).unwrap();
    let header = table.header().to_vec();
    let mut rows = Vec::new();
    while let Some(batch) = table.next_batch().unwrap() {
        for row in 0..batch.n_rows() {
            let text = |column: usize| match batch.cell(row, column) {
                Cell::Text(text) => text.to_owned(),
                Cell::Number(number) => number.to_string(),
                Cell::Integer(number) => number.to_string(),
                Cell::Flag(flag) => flag.to_string(),
                _ => String::new(),
            };
            rows.push(header.iter().cloned().zip((0..header.len()).map(text)).collect());
        }
    }
    rows
}

fn scores(folder: &Path, out: &str) -> Vec<BTreeMap<String, String>> {
    rows(&folder.join(format!("{out}/scores/as_of={AS_OF}/part-000.parquet")))
}

fn change_spec(folder: &Path, from: &str, to: &str) {
    let path = folder.join("spec.toml");
    let spec = fs::read_to_string(&path).unwrap();
    assert!(spec.contains(from), "{from}");
    fs::write(path, spec.replacen(from, to, 1)).unwrap();
}

#[test]
fn every_account_is_told_which_kind_of_best_customer_it_is_closest_to() {
    let folder = small_world("1200", "21");
    let folder = folder.path();
    let told = run(folder, "out", &[]);
    assert!(told.contains("closest to: "), "{told}");
    let (_, line) = Pipeline::load(&folder.join("out/model.json")).unwrap();
    let card = fs::read_to_string(folder.join("out/model_card.md")).unwrap();
    assert!(card.contains("azure, best customers: the top 20 % of each tier's customers"), "{card}");
    let scores = scores(folder, "out");
    let mut with_kinds = 0;
    for models in line.products() {
        let lookalike = models.lookalike.as_ref().unwrap();
        if let Some(hidden) = &lookalike.hidden {
            assert!(
                0.0 <= hidden.low && hidden.low <= hidden.share && hidden.share <= hidden.high,
                "{hidden:?}"
            );
            assert!(card.contains(&hidden.sentence()));
        }
        let Some(archetypes) = &lookalike.archetypes else { continue };
        with_kinds += 1;
        let names: BTreeSet<&str> = archetypes.kinds().iter().map(|kind| kind.name.as_str()).collect();
        assert!((2..=5).contains(&names.len()), "{names:?}");
        for name in &names {
            assert!(card.contains(name), "{name}");
        }
        let found: BTreeSet<&str> = scores
            .iter()
            .filter(|row| row["product"] == models.product)
            .map(|row| row["closest_to"].as_str())
            .collect();
        assert_eq!(found, names, "every kind has somebody close to it, and nobody is without one");
    }
    assert!(with_kinds > 0);
    // The same on any number of threads: model and scores.
    run(folder, "again", &["--threads", "2"]);
    for file in ["model.json", &format!("scores/as_of={AS_OF}/part-000.parquet")] {
        assert!(
            fs::read(folder.join("out").join(file)).unwrap()
                == fs::read(folder.join("again").join(file)).unwrap(),
            "{file}"
        );
    }
}

#[test]
fn listed_seeds_take_the_place_of_the_rule() {
    let folder = small_world("600", "22");
    let folder = folder.path();
    let accounts: Vec<String> = rows(&folder.join("world/accounts.csv"))
        .into_iter()
        .filter(|row| row["vertical"] == "Software" || row["vertical"] == "Retail")
        .map(|row| row["account_id"].clone())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    assert!(accounts.len() > 60, "{}", accounts.len());
    let list = |product: &str| {
        let lines: Vec<String> = accounts.iter().map(|id| format!("{id},{product}")).collect();
        format!("{}\n", lines.join("\n"))
    };
    fs::write(folder.join("seeds.csv"), format!("account_id,product\n{}", list("azure"))).unwrap();
    run(folder, "out", &["--seeds", "seeds.csv"]);
    let (_, line) = Pipeline::load(&folder.join("out/model.json")).unwrap();
    let listed = &line.manifest().samples[0];
    // Some of the listed may not be known yet on the date.
    assert!(listed.fit_seeds as usize <= accounts.len() && listed.fit_seeds as usize + 20 > accounts.len());
    let words = &line.products()[0].lookalike.as_ref().unwrap().seeds;
    assert_eq!(*words, format!("{} accounts that were listed", accounts.len()));
    assert!(line.products()[1].lookalike.as_ref().unwrap().seeds.starts_with("the top 20 %"));
    // The list goes by vertical alone, and fit finds just that.
    let azure = &line.products()[0].fit;
    let (heaviest, _) = azure.additive().importance()[0];
    assert!(line.recipes()[heaviest].name.starts_with("firmographic__"), "{}", azure.sentence());
    assert!(azure.evidence().measured().unwrap().auc > 0.9, "{}", azure.sentence());

    let fails = |name: &str, text: &str, code: &str| {
        fs::write(folder.join(name), text).unwrap();
        let args =
            ["run", "world", "--as-of", AS_OF, "--spec", "spec.toml", "--seeds", name, "--out", "none"];
        let output = propensity(folder, &args);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(code), "{told}");
        assert!(!folder.join("none").exists());
    };
    fails("unknown.csv", "account_id\nnobody\n", "E_SEEDS_UNKNOWN");
    fails("product.csv", &format!("account_id,product\n{}", list("telex")), "E_SPEC_SEEDS");
    fails("column.csv", "id\nA1\n", "E_SPEC_SEEDS");
}

#[test]
fn a_gate_leaves_accounts_without_a_score_and_says_why() {
    let folder = small_world("600", "23");
    let folder = folder.path();
    change_spec(folder, "name = \"m365\"\n", "name = \"m365\"\ngate = { max_employees = 49 }\n");
    run(folder, "out", &[]);
    // Headcounts change over the years: what an account had at least, and at most.
    let mut heads: BTreeMap<String, [f64; 2]> = BTreeMap::new();
    for row in rows(&folder.join("world/accounts.csv")) {
        let Ok(count) = row["employees"].parse::<f64>() else { continue };
        let [least, most] = heads.entry(row["account_id"].clone()).or_insert([count; 2]);
        (*least, *most) = (least.min(count), most.max(count));
    }
    let (mut shut, mut open) = (0, 0);
    for row in scores(folder, "out") {
        if row["product"] == "m365"
            && let Some([least, most]) = heads.get(&row["account_id"])
        {
            assert!(*least < 50.0 || !row["left_out"].is_empty(), "{row:?}");
            assert!(*most >= 50.0 || row["left_out"].is_empty(), "{row:?}");
        }
        if row["product"] == "m365" && row["left_out"] == "50 employees or more" {
            shut += 1;
            assert_eq!(row["cluster"], "Not Scored");
            for column in [
                "fit_score",
                "intent_score",
                "probability",
                "fit_band",
                "cell",
                "rank",
                "fit_reasons",
                "closest_to",
            ] {
                assert_eq!(row[column], "", "{column}");
            }
        } else {
            open += 1;
            assert!(
                row["left_out"].is_empty() && !row["fit_score"].is_empty() && row["cluster"] != "Not Scored"
            );
        }
    }
    assert!(shut > 20 && open > 600, "{shut} shut out, {open} scored");
    // Nothing downstream stumbles over accounts without a score.
    succeeds(
        folder,
        &["report", "out", "--report", "m365", "--profile", "native", "--format", "csv", "--out", "m365.csv"],
    );
    succeeds(folder, &["page", "out", "--out", "page.html"]);
    change_spec(folder, "max_employees = 49", "tiers = [\"Enormous\"]");
    let output =
        propensity(folder, &["run", "world", "--as-of", AS_OF, "--spec", "spec.toml", "--out", "none"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("E_SPEC_UNSOUND") && told.contains("Enormous"), "{told}");
}

#[test]
fn owners_and_nobody_else_have_an_upsell_score() {
    let folder = small_world("600", "24");
    let folder = folder.path();
    change_spec(folder, "max_negatives = 200000\n", "max_negatives = 200000\nupsell = true\n");
    run(folder, "out", &[]);
    let (mut owners, mut others) = (0, 0);
    for row in scores(folder, "out") {
        let owns = row["owns_product"] == "true";
        assert_eq!(!row["upsell_score"].is_empty(), owns);
        assert_eq!(!row["upsell_probability"].is_empty(), owns);
        if owns { owners += 1 } else { others += 1 }
    }
    assert!(owners > 50 && others > 50, "{owners} {others}");
    let card = fs::read_to_string(folder.join("out/model_card.md")).unwrap();
    assert!(card.contains("### azure upsell"), "{card}");

    // Too few outcomes for a signal, so the flag follows cluster and revenue alone.
    succeeds(
        folder,
        &["report", "out", "--report", "m365", "--viewer", "executive", "--out", "m365.csv", "--quiet"],
    );
    let (mut upsell, mut without) = (0, 0);
    for row in rows(&folder.join("m365.csv")) {
        let good = ["Act Now", "Evaluate"].contains(&row["m365_cluster"].as_str());
        let underspends = row["m365_upsell_revenue"].parse().is_ok_and(|amount: f64| amount > 0.0);
        assert_eq!(row["m365_upsell_customer"] == "Yes", good && underspends, "{row:?}");
        if good && underspends { upsell += 1 } else { without += 1 }
    }
    assert!(upsell > 0 && without > 0, "{upsell} {without}");
}

/// Signals that were written when a purchase was booked and stamped two weeks before it.
fn plant_leak(folder: &Path) {
    let path = folder.join("world/signals.csv");
    let mut signals = fs::read_to_string(&path).unwrap();
    let header: Vec<String> = signals.lines().next().unwrap().split(',').map(str::to_owned).collect();
    let mut first: BTreeMap<String, String> = BTreeMap::new();
    for row in rows(&folder.join("world/transactions.csv")) {
        if row["product"] == "azure" {
            let date = first.entry(row["account_id"].clone()).or_insert_with(|| row["date"].clone());
            if row["date"] < *date {
                date.clone_from(&row["date"]);
            }
        }
    }
    let mut planted = 0;
    for (account, date) in first {
        let day: jiff::civil::Date = date[..10].parse().unwrap();
        for before in [14, 44, 74] {
            let day = day.saturating_sub(jiff::Span::new().days(before));
            let cell = |name: &String| match name.as_str() {
                "account_id" => account.clone(),
                "kind" => "web_visit".to_owned(),
                "topic" => "voice".to_owned(),
                "observed_at" | "known_at" => format!("{day}T00:00:00Z"),
                "intensity" => "900".to_owned(),
                _ => String::new(),
            };
            let cells: Vec<String> = header.iter().map(cell).collect();
            signals.push_str(&cells.join(","));
            signals.push('\n');
            planted += 1;
        }
    }
    assert!(planted > 100, "{planted}");
    fs::write(path, signals).unwrap();
}

#[test]
fn a_line_is_not_trained_on_features_that_know_the_outcome() {
    let folder = small_world("1500", "25");
    let folder = folder.path();
    plant_leak(folder);
    let command = ["run", "world", "--as-of", AS_OF, "--spec", "spec.toml", "--out", "out"];
    let output = propensity(folder, &command);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("E_LEAK") && told.contains("azure intent, column intent__"), "{told}");
    assert!(!folder.join("out").exists());
    let named: BTreeSet<&str> = told
        .lines()
        .filter_map(|line| line.split_once("column ")?.1.split_once(": "))
        .map(|(column, _)| column)
        .collect();
    assert!(named.iter().any(|column| column.contains("voice")), "{named:?}");
    let allowed: Vec<&str> = named.iter().flat_map(|column| ["--allow", column]).collect();
    succeeds(folder, &[&command[..], &allowed].concat());
    let card = fs::read_to_string(folder.join("out/model_card.md")).unwrap();
    for column in named {
        assert!(card.contains(&format!("- Allowed: azure intent, column {column}: ")), "{column}: {card}");
    }
}

fn refused(report: &LeakReport) -> BTreeSet<String> {
    report.leaks.iter().filter_map(|leak| leak.column.clone()).collect()
}

#[test]
fn the_leaks_that_a_world_plants_are_caught() {
    let folder = small_world("1500", "26");
    let world = folder.path().join("world");
    let inspect = |table: &Path, target: &str| {
        let training = TableTraining::new(target.parse().unwrap());
        let inference = training.prepare(table).unwrap();
        refused(&training.inspect(table, inference.recipe(), Seed::new(0), &Parallelism::serial()).unwrap())
    };
    // Deals: days_to_close is filled when a deal is over. Won or not is asked of all, open deals among them.
    let deals = inspect(&world.join("opportunities.csv"), "status=Closed");
    assert!(deals.contains("days_to_close"), "{deals:?}");
    // Companies: customer_since is filled for those that bought by the end of the world.
    let buyers: BTreeSet<String> =
        rows(&world.join("transactions.csv")).into_iter().map(|row| row["account_id"].clone()).collect();
    let text = fs::read_to_string(world.join("accounts.csv")).unwrap();
    let mut lines = text.lines();
    let mut table = format!("{},bought\n", lines.next().unwrap());
    let mut seen = BTreeSet::new();
    for line in lines {
        let id = line.split(',').next().unwrap();
        if seen.insert(id) {
            table.push_str(line);
            table.push_str(if buyers.contains(id) { ",yes\n" } else { ",no\n" });
        }
    }
    let path = folder.path().join("companies.csv");
    fs::write(&path, table).unwrap();
    let companies = inspect(&path, "bought=yes");
    assert!(companies.contains("customer_since"), "{companies:?}");
    for honest in ["employees", "annual_revenue", "vertical", "country", "founded_year"] {
        assert!(!companies.contains(honest), "{companies:?}");
    }
}
