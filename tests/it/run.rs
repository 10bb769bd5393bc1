//! The main job through the built command: what it writes, that it repeats, and that a failure leaves nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use propensity::report::RunRecord;
use propensity::tables::contract::TableName;
use tempfile::TempDir;

const AS_OF: &str = "2026-01-01";

/// The command, with no setting of the surroundings.
fn propensity() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_propensity"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PROPENSITY_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// A world of 600 accounts as CSV, generated once.
fn world() -> &'static Path {
    static WORLD: OnceLock<TempDir> = OnceLock::new();
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let folder = WORLD.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let output = propensity()
            .args([
                "generate",
                "--accounts",
                "600",
                "--months",
                "24",
                "--seed",
                "11",
                "--format",
                "csv",
                "--out",
            ])
            .arg(folder.path().join("world"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output));
        folder
    });
    PATH.get_or_init(|| folder.path().join("world"))
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The shipped spec with its first two products, so that a run takes seconds.
fn short_spec() -> &'static str {
    static SPEC: OnceLock<String> = OnceLock::new();
    SPEC.get_or_init(|| {
        let shipped =
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("models/cloudascent.toml"));
        let parts: Vec<String> = shipped.unwrap().split("[[product]]").take(3).map(str::to_owned).collect();
        let path = world().with_file_name("spec.toml");
        fs::write(&path, parts.join("[[product]]")).unwrap();
        path.to_str().unwrap().to_owned()
    })
}

fn run_command(source: &Path, out: &Path, flags: &[&str]) -> Command {
    let mut command = propensity();
    command.arg("run").arg(source).args(["--as-of", AS_OF, "--out"]).arg(out).args(flags);
    if !flags.contains(&"--spec") && !flags.contains(&"--model") {
        command.args(["--spec", short_spec()]);
    }
    command
}

fn run(source: &Path, out: &Path, flags: &[&str]) -> Output {
    run_command(source, out, flags).output().unwrap()
}

fn record(out: &Path) -> RunRecord {
    serde_json::from_slice(&fs::read(out.join("run.json")).unwrap()).unwrap()
}

/// SHA-256 of the scores of a run that succeeded.
fn scores_hash(source: &Path, flags: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let output = run(source, &out, flags);
    assert!(output.status.success(), "{}", text(&output));
    record(&out).outputs[0].sha256.clone()
}

fn files_under(folder: &Path) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                files.insert(entry.path());
            }
        }
    }
    files
}

#[test]
fn the_main_job_writes_its_files_and_tells_people() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let output = run(world(), &out, &[]);
    assert!(output.status.success(), "{}", text(&output));
    let names: BTreeSet<PathBuf> =
        files_under(&out).iter().map(|file| file.strip_prefix(&out).unwrap().into()).collect();
    let expected = [
        "act_now.csv",
        "drift.json",
        "facts/as_of=2026-01-01/accounts.parquet",
        "facts/as_of=2026-01-01/bins.parquet",
        "facts/as_of=2026-01-01/estimates.json",
        "model.json",
        "model_card.json",
        "model_card.md",
        "model_card.svg",
        "run.json",
        "scores/as_of=2026-01-01/part-000.parquet",
    ];
    assert_eq!(names, expected.map(PathBuf::from).into());

    let record = record(&out);
    assert_eq!(record.outputs.len(), 10);
    assert_eq!(record.inputs.len(), TableName::ALL.len());
    assert!(record.accounts > 500, "{}", record.accounts);
    for product in record.clusters.values() {
        assert_eq!(product.values().sum::<u64>(), record.accounts);
    }
    let list = fs::read_to_string(out.join("act_now.csv")).unwrap();
    let header = "account_id,account_name,product,as_of,fit_score,intent_score,probability,fit_band,intent_band,cell,\
                  cluster,rank,tier,corporate_candidate,owns_product,fit_reasons,intent_reasons,closest_to,\
                  upsell_score,upsell_probability,renewal_probability,left_out,model_version";
    assert_eq!(list.lines().next(), Some(header));
    let shown = String::from_utf8(output.stdout).unwrap();
    for words in ["Azure", "fit \\ intent", "Best accounts that do not own it", "intent:"] {
        assert!(shown.contains(words), "{words:?} is not in\n{shown}");
    }
}

#[test]
fn threads_chunks_and_row_order_do_not_change_a_byte() {
    let expected = scores_hash(world(), &["--threads", "1"]);
    for flags in [
        ["--threads", "2", "--chunk-rows", "16384"],
        ["--threads", "2", "--chunk-rows", "100"],
        ["--threads", "1", "--chunk-rows", "37"],
    ] {
        assert_eq!(scores_hash(world(), &flags), expected, "{flags:?}");
    }
    let shuffled = tempfile::tempdir().unwrap();
    for table in TableName::ALL {
        let name = format!("{table}.csv");
        let text = fs::read_to_string(world().join(&name)).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        // No cell of the generated world holds a line break, so lines are rows.
        lines[1..].sort_by_key(|line| propensity::seed::hash_bytes(5, line.as_bytes()));
        fs::write(shuffled.path().join(name), lines.join("\n") + "\n").unwrap();
    }
    assert_eq!(scores_hash(shuffled.path(), &[]), expected, "shuffled rows");
}

#[test]
fn rows_known_later_do_not_change_a_byte() {
    let expected = scores_hash(world(), &[]);
    let replay = copied_world();
    let path = replay.path().join("signals.csv");
    let signals = fs::read_to_string(&path).unwrap();
    let header: Vec<&str> = signals.lines().next().unwrap().split(',').collect();
    let account = fs::read_to_string(world().join("accounts.csv")).unwrap();
    let account = account.lines().nth(1).unwrap().split(',').next().unwrap().to_owned();
    let cell = |name: &&str| match *name {
        "account_id" => account.clone(),
        "kind" => "funding".to_owned(),
        "topic" => "security".to_owned(),
        "observed_at" => "2025-12-30".to_owned(),
        "known_at" => "2026-01-01".to_owned(),
        _ => String::new(),
    };
    let row: Vec<String> = header.iter().map(cell).collect();
    fs::write(&path, signals + &format!("{}\n", row.join(",")).repeat(50)).unwrap();
    assert_eq!(scores_hash(replay.path(), &[]), expected);
}

/// A copy of the world, to be changed.
fn copied_world() -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for table in TableName::ALL {
        let name = format!("{table}.csv");
        fs::copy(world().join(&name), copy.path().join(&name)).unwrap();
    }
    copy
}

#[test]
fn accounts_known_later_do_not_change_a_byte() {
    let expected = scores_hash(world(), &[]);
    let replay = copied_world();
    let path = replay.path().join("accounts.csv");
    let accounts = fs::read_to_string(&path).unwrap();
    let header: Vec<&str> = accounts.lines().next().unwrap().split(',').collect();
    let domain_at = header.iter().position(|name| *name == "domain").unwrap();
    // The first of all ids, and many with the domains of companies that were known before.
    let domains = accounts.lines().skip(1).filter_map(|line| line.split(',').nth(domain_at)).take(60);
    let mut late = String::new();
    for (number, domain) in domains.enumerate() {
        let cell = |name: &&str| match *name {
            "account_id" if number == 0 => "0000000000".to_owned(),
            "account_id" => format!("9{number:09}"),
            "domain" => domain.to_owned(),
            "known_at" => "2026-01-01T00:00:00Z".to_owned(),
            _ => String::new(),
        };
        late += &(header.iter().map(cell).collect::<Vec<_>>().join(",") + "\n");
    }
    fs::write(&path, accounts + &late).unwrap();
    assert_eq!(scores_hash(replay.path(), &[]), expected);
}

#[test]
fn a_model_that_has_seen_more_than_the_date_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    assert!(run(world(), &out, &[]).status.success());
    let model = out.join("model.json");
    assert_refused("E_MODEL_OF_LATER_DATE", &["2026-01-01", "2025-07-01"], |out| {
        let mut command = propensity();
        command.arg("run").arg(world()).args(["--as-of", "2025-07-01", "--out"]).arg(out);
        command.arg("--model").arg(&model).output().unwrap()
    });
}

#[test]
fn a_table_in_two_formats_and_a_quarantine_among_the_inputs_are_refused() {
    let twice = copied_world();
    fs::write(twice.path().join("signals.tsv"), "account_id\tkind\tobserved_at\n").unwrap();
    assert_refused("E_SOURCE_SEVERAL_FORMATS", &["signals.csv", "signals.tsv"], |out| {
        run(twice.path(), out, &[])
    });

    let copy = copied_world();
    let before = fs::read(copy.path().join("accounts.csv")).unwrap();
    let folder = copy.path().to_str().unwrap().to_owned();
    assert_refused("E_QUARANTINE_AMONG_INPUTS", &[&folder], |out| {
        run(copy.path(), out, &["--quarantine", &folder])
    });
    assert_eq!(fs::read(copy.path().join("accounts.csv")).unwrap(), before);
}

#[test]
fn a_world_replaces_a_world_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    fs::create_dir(&kept).unwrap();
    fs::write(kept.join("precious"), "mine").unwrap();
    let generate = || {
        let mut command = propensity();
        command.args(["generate", "--accounts", "5", "--months", "2", "--overwrite", "--out"]).arg(&kept);
        command.output().unwrap()
    };
    let refused = generate();
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused).contains("E_OUTPUT_EXISTS"), "{}", text(&refused));
    assert_eq!(fs::read_to_string(kept.join("precious")).unwrap(), "mine");
    fs::remove_file(kept.join("precious")).unwrap();
    assert!(generate().status.success());
    assert!(generate().status.success(), "a world may be replaced");
}

#[test]
fn a_stored_model_scores_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    assert!(run(world(), &out, &[]).status.success());
    let model = out.join("model.json");
    let expected = record(&out).outputs[0].sha256.clone();
    assert_eq!(scores_hash(world(), &["--model", model.to_str().unwrap()]), expected);
}

#[test]
fn a_second_run_is_refused_unless_it_may_overwrite() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    assert!(run(world(), &out, &[]).status.success());
    let before = fs::read(out.join("run.json")).unwrap();
    let refused = run(world(), &out, &[]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused).contains("E_OUTPUT_EXISTS"), "{}", text(&refused));
    assert_eq!(fs::read(out.join("run.json")).unwrap(), before);
    assert!(run(world(), &out, &["--overwrite"]).status.success());
}

/// Runs something that must fail with `code`, saying all of `words`, leaving the output folder without a file.
fn assert_refused(code: &str, words: &[&str], run: impl FnOnce(&Path) -> Output) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let output = run(&out);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(code), "expected {code} in\n{said}");
    for words in words {
        assert!(said.contains(words), "expected {words:?} in\n{said}");
    }
    assert_eq!(files_under(&out), BTreeSet::new());
}

#[test]
fn a_run_without_one_of_the_tables_ends_well_and_says_so() {
    for absent in TableName::ALL.into_iter().filter(|table| *table != TableName::Accounts) {
        let folder = copied_world();
        fs::remove_file(folder.path().join(format!("{absent}.csv"))).unwrap();
        let out = folder.path().join("out");
        let output = run(folder.path(), &out, &[]);
        assert!(output.status.success(), "without {absent}: {}", text(&output));
        let record = record(&out);
        assert_eq!(record.inputs.len(), TableName::ALL.len() - 1);
        assert!(record.accounts > 500, "without {absent}: {} accounts", record.accounts);
        let told = |note: &&String| {
            note.starts_with(&format!("{absent}: not given")) && note.ends_with("[N_TABLE_ABSENT]")
        };
        assert_eq!(record.notes.iter().filter(told).count(), 1, "without {absent}: {:?}", record.notes);
        assert!(text(&output).contains(&format!("table={absent}")), "without {absent}: {}", text(&output));
    }
}

#[test]
fn money_in_a_currency_without_a_rate_is_refused() {
    let copy = copied_world();
    let path = copy.path().join("transactions.csv");
    let transactions = fs::read_to_string(&path).unwrap();
    let mixed = transactions.replacen(",USD,", ",ISK,", 3);
    assert_ne!(mixed, transactions);
    fs::write(path, mixed).unwrap();
    assert_refused(
        "E_CURRENCY_RATE",
        &["table transactions", "column currency", "no rate for ISK", "[features.money.rates]"],
        |out| run(copy.path(), out, &[]),
    );
}

#[test]
fn a_date_the_data_cannot_speak_of_is_refused() {
    for (as_of, code, words) in [
        ("1999-01-01", "E_AS_OF_TOO_EARLY", "expected a later date"),
        ("2031-01-01", "E_AS_OF_TOO_LATE", "or newer data"),
    ] {
        assert_refused(code, &[as_of, words], |out| {
            propensity().arg("run").arg(world()).args(["--as-of", as_of, "--out"]).arg(out).output().unwrap()
        });
    }
    assert_refused("2026-02-30", &["expected the form 2026-03-01"], |out| {
        propensity()
            .arg("run")
            .arg(world())
            .args(["--as-of", "2026-02-30", "--out"])
            .arg(out)
            .output()
            .unwrap()
    });
}

#[test]
fn a_model_file_of_another_kind_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content, code) in [
        (
            "wide.json",
            r#"{"format":"propensity-model","format_version":1,"kind":"wide","written_by":"0.1.0","as_of":null,"signature":"","checksum":"","payload":{}}"#,
            "E_MODEL_KIND",
        ),
        ("onnx.json", r#"{"format":"onnx"}"#, "E_MODEL_FORMAT"),
        ("text.json", "not a model", "E_MODEL_FORMAT"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        assert_refused(code, &[name, "expected"], |out| {
            run(world(), out, &["--model", path.to_str().unwrap()])
        });
    }
    assert_refused("E_MODEL_UNREADABLE", &["absent.json"], |out| {
        run(world(), out, &["--model", "absent.json"])
    });
}

#[test]
fn a_spec_with_faults_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spec.toml");
    let shipped =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("models/cloudascent.toml")).unwrap();
    for (content, code, words) in [
        (shipped.replace("smb_2025", "smb_1999"), "E_SPEC_MALFORMED", "smb_1999"),
        (
            shipped.replace("name = \"surface\"", "name = \"azure\""),
            "E_SPEC_UNSOUND",
            "\"azure\" is there twice",
        ),
    ] {
        fs::write(&path, content).unwrap();
        assert_refused(code, &["spec.toml", words], |out| {
            run(world(), out, &["--spec", path.to_str().unwrap()])
        });
    }
}

#[test]
fn an_output_that_cannot_be_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a_file");
    fs::write(&file, "in the way").unwrap();
    let output = run(world(), &file.join("out"), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("E_OUTPUT_UNWRITABLE"), "{}", text(&output));
    assert_eq!(fs::read_to_string(&file).unwrap(), "in the way");
}

/// A file system of 64 KiB, where the tests may mount one.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then_some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_is_told_and_left_clean() {
    let Some(disk) = SmallDisk::mount() else {
        println!("skipped: this user may not mount a small file system");
        return;
    };
    let out = disk.0.path().join("out");
    let output = run(world(), &out, &[]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    let said = text(&output);
    assert!(said.contains("E_OUTPUT_UNWRITABLE") && said.contains("free space"), "{said}");
    assert_eq!(files_under(&out), BTreeSet::new());
}

#[test]
fn a_killed_run_leaves_nothing_that_looks_whole() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    assert!(run(world(), &whole, &[]).status.success());
    let mut killed = 0;
    for attempt in 0..12_u64 {
        let out = folder.path().join(format!("killed-{attempt}"));
        let mut child =
            run_command(world(), &out, &[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(40 + attempt * 90));
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
        for file in files_under(&out) {
            let name = file.strip_prefix(&out).unwrap();
            if name.extension().is_some_and(|ending| ending == "partial") {
                continue;
            }
            if name == Path::new("run.json") {
                assert_eq!(record(&out).outputs, record(&whole).outputs);
            } else {
                assert_eq!(
                    fs::read(&file).unwrap(),
                    fs::read(whole.join(name)).unwrap(),
                    "{} is torn",
                    name.display()
                );
            }
        }
    }
    assert!(killed > 0, "every run ended before it was killed");
}
