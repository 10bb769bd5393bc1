//! Bad input through the built command: the exit code, the stable code, and a message that says where, what and how
//! to mend it.

#![allow(
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "the list of cases is one table; a failed unwrap fails the test"
)]

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;

/// What is put in place of one of the tables, and what must be said about it.
struct Case {
    name: &'static str,
    file: &'static str,
    bytes: Vec<u8>,
    code: &'static str,
    /// Parts of the line that names the fault.
    says: &'static [&'static str],
}

const ACCOUNTS: &str = "account_id,name,domain,country,employees,annual_revenue,currency\n\
                        A1,Acme,acme.com,US,10,1000,USD\nA2,\"Beta, Ltd\",beta.io,GB,20,2000.5,GBP\n";
const SIGNALS: &str =
    "account_id,kind,observed_at,intensity\nA1,hiring,2026-01-05,1\nA2,funding,2026-01-06,2\n";
const PARQUET: &[u8] = b"PAR1\x15\x04\x15\x10\x15\x14";

fn cases() -> Vec<Case> {
    let case = |name, file, text: &str, code, says| Case { name, file, bytes: text.into(), code, says };
    let bytes = |name, file, bytes: &[u8], code, says| Case { name, file, bytes: bytes.into(), code, says };
    vec![
        case(
            "missing column",
            "signals.csv",
            "account_id,Kind,observed_at\nA1,hiring,2026-01-05\n",
            "E_SCHEMA_MISSING_COLUMN",
            &[
                "signals.csv",
                "column kind",
                "expected a column \"kind\"",
                "found columns account_id, Kind",
                "rename \"Kind\"",
            ],
        ),
        case(
            "wrong type",
            "accounts.csv",
            "account_id,employees\nA1,10\nA2,\"1,234\"\nA3,many\n",
            "E_CELL_TYPE",
            &[
                "accounts.csv",
                "column employees",
                "2 bad rows",
                "first row 2 (line 3)",
                "expected a whole number",
                "found \"1,234\"",
                "no thousands separators",
            ],
        ),
        case(
            "empty required cell",
            "accounts.csv",
            "account_id,employees\nA1,10\n,20\n",
            "E_CELL_MISSING",
            &["column account_id", "row 2 (line 3)", "expected text", "found an empty cell", "fill the cell"],
        ),
        case(
            "duplicate id",
            "accounts.csv",
            "account_id,employees\nA1,10\nA2,20\nA1,10\n",
            "E_DUPLICATE_KEY",
            &[
                "column account_id",
                "row 3 (line 4)",
                "expected one row per account_id",
                "found account_id \"A1\"",
                "as in row 1 (line 2)",
                "remove one",
            ],
        ),
        case(
            "empty table",
            "signals.csv",
            "account_id,kind,observed_at\n",
            "E_EMPTY_TABLE",
            &[
                "signals.csv",
                "expected at least one row",
                "found a header without rows",
                "export the table again",
            ],
        ),
        case(
            "empty file",
            "signals.csv",
            "",
            "E_EMPTY_TABLE",
            &["signals.csv", "expected a header line", "found an empty file"],
        ),
        bytes(
            "truncated Parquet",
            "installs.parquet",
            PARQUET,
            "E_PARQUET_UNREADABLE",
            &[
                "installs.parquet",
                "expected a complete Parquet file",
                "found",
                "write or copy the file again",
            ],
        ),
        bytes(
            "not UTF-8",
            "accounts.csv",
            b"account_id,name\nA1,Acme\nA2,Caf\xE9\n",
            "E_CELL_NOT_UTF8",
            &[
                "accounts.csv",
                "column name",
                "row 2 (line 3)",
                "expected text in UTF-8",
                "found \"Caf\u{fffd}\"",
                "save the file as UTF-8",
            ],
        ),
        case(
            "unclosed quote",
            "accounts.csv",
            "account_id,name\nA1,\"Acme\nA2,Beta\n",
            "E_CSV_UNCLOSED_QUOTE",
            &["accounts.csv", "line 2", "expected the quote", "found the end of the file", "close the quote"],
        ),
        case(
            "ragged row",
            "accounts.csv",
            "account_id,name\nA1,Acme, Inc\n",
            "E_CSV_RAGGED",
            &["row 1 (line 2)", "expected 2 fields", "found 3", "quote fields"],
        ),
        case(
            "infinite number",
            "accounts.csv",
            "account_id,annual_revenue\nA1,inf\n",
            "E_CELL_NOT_FINITE",
            &[
                "column annual_revenue",
                "row 1 (line 2)",
                "expected a number",
                "found \"inf\"",
                "write a finite number",
            ],
        ),
        case(
            "absurd number",
            "accounts.csv",
            "account_id,employees\nA1,99000000\n",
            "E_CELL_ABSURD",
            &[
                "column employees",
                "row 1 (line 2)",
                "expected a whole number from 0 to 10000000",
                "found \"99000000\"",
                "correct the value",
            ],
        ),
        case(
            "absurd date",
            "signals.csv",
            "account_id,kind,observed_at\nA1,hiring,0026-01-05\n",
            "E_CELL_ABSURD",
            &["column observed_at", "row 1 (line 2)", "from 1900 to 2199", "found \"0026-01-05\""],
        ),
        case(
            "a day before all sales",
            "signals.csv",
            "account_id,kind,observed_at\nA1,hiring,2026-01-05\nA1,hiring,1850-01-05T10:00:00Z\n",
            "E_CELL_ABSURD",
            &["column observed_at", "row 2 (line 3)", "from 1900 to 2199", "found \"1850-01-05T10:00:00Z\""],
        ),
        case(
            "a day nobody here will see",
            "transactions.csv",
            "account_id,product,date,amount,currency,known_at\nA1,azure,2026-01-05,1,USD,2500-01-01\n",
            "E_CELL_ABSURD",
            &["column known_at", "row 1 (line 2)", "from 1900 to 2199", "found \"2500-01-01\""],
        ),
        case(
            "negative seats",
            "subscriptions.csv",
            "account_id,product,month,seats_sold\nA1,azure,2025-12-01,5\nA2,azure,2025-12-01,-5\n",
            "E_CELL_ABSURD",
            &[
                "column seats_sold",
                "row 2 (line 3)",
                "expected a whole number from 0 to 1000000000",
                "found \"-5\"",
                "correct the value",
            ],
        ),
        case(
            "unknown currency",
            "accounts.csv",
            "account_id,currency\nA1,USD\nA2,US$\n",
            "E_UNKNOWN_CURRENCY",
            &[
                "column currency",
                "row 2 (line 3)",
                "expected an ISO 4217 currency code",
                "found \"US$\"",
                "write the ISO 4217 code",
            ],
        ),
        case(
            "unknown country",
            "accounts.csv",
            "account_id,country\nA1,UK\n",
            "E_UNKNOWN_COUNTRY",
            &[
                "column country",
                "row 1 (line 2)",
                "expected a two-letter ISO 3166",
                "found \"UK\"",
                "write GB",
            ],
        ),
        case(
            "no moment of knowledge",
            "agreements.csv",
            "agreement_id,account_id,end_date\nG1,A1,2026-12-31\n",
            "E_SCHEMA_NO_KNOWN_AT",
            &[
                "agreements.csv",
                "column known_at",
                "\"started_at\" to stand in",
                "found neither",
                "add the moment",
            ],
        ),
        case(
            "two columns of one name",
            "accounts.csv",
            "account_id,name,name\nA1,a,b\n",
            "E_DUPLICATE_COLUMN",
            &["accounts.csv", "column name", "positions 2 and 3", "rename or remove one"],
        ),
    ]
}

/// A folder with good tables, and one file of it replaced.
fn folder_with(file: &str, bytes: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("accounts.csv"), ACCOUNTS).unwrap();
    std::fs::write(folder.path().join("signals.csv"), SIGNALS).unwrap();
    std::fs::write(folder.path().join(file), bytes).unwrap();
    folder
}

fn propensity(verb: &[&str], source: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(cargo_bin!("propensity"));
    command.args(verb).arg(source).args(more).output().unwrap()
}

fn error_of(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Runs every case through a verb that takes a folder of tables.
fn refuses_every_case(verb: &[&str]) {
    for Case { name, file, bytes, code, says } in cases() {
        let folder = folder_with(file, &bytes);
        let output = propensity(verb, folder.path(), &[]);
        let error = error_of(&output);
        assert_eq!(output.status.code(), Some(2), "{name}: {error}");
        assert!(output.stdout.is_empty(), "{name}: wrote {:?}", output.stdout);
        assert!(error.contains(&format!("error[{code}]")), "{name}: {error}");
        let line = error.lines().find(|line| line.trim_start().starts_with(&format!("[{code}]")));
        let line = line.unwrap_or_else(|| panic!("{name}: no line with the code in {error}"));
        for part in says {
            assert!(line.contains(part), "{name}: {part:?} is not in {line}");
        }
    }
}

#[test]
fn validate_refuses_every_case() {
    refuses_every_case(&["validate"]);
}

#[test]
fn run_refuses_every_case_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    refuses_every_case(&["run", "--as-of", "2026-01-10", "--out", out.to_str().unwrap()]);
    assert!(!out.exists(), "a refused run made {}", out.display());
}

#[test]
fn good_tables_are_accepted_and_described() {
    let folder = folder_with("signals.csv", SIGNALS.as_bytes());
    let output = propensity(&["validate"], folder.path(), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", error_of(&output));
    let report = String::from_utf8(output.stdout).unwrap();
    for part in [
        "accounts: 2\n",
        "signals: 2 rows",
        "known_at  2026-01-05T00:00:00Z to 2026-01-06T00:00:00Z",
        "[N_KNOWN_AT_STAND_IN] 2: observed_at stands in for known_at",
        "[N_ALWAYS_KNOWN] 2: ",
        "transactions: not given",
    ] {
        assert!(report.contains(part), "{part:?} is not in {report}");
    }
}

#[test]
fn all_faults_of_all_tables_are_reported_together() {
    let folder = folder_with("accounts.csv", b"account_id,employees,country\nA1,x,US\nA2,y,Mars\nA2,3,GB\n");
    let signals = "account_id,observed_at\nA1,tomorrow\n";
    std::fs::write(folder.path().join("signals.csv"), signals).unwrap();
    std::fs::write(folder.path().join("installs.parquet"), PARQUET).unwrap();
    let error = error_of(&propensity(&["validate"], folder.path(), &[]));
    let codes: Vec<&str> = error
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix('[')?.split_once(']').map(|(code, _)| code))
        .collect();
    assert_eq!(
        codes,
        [
            "E_UNKNOWN_COUNTRY",
            "E_CELL_TYPE",
            "E_PARQUET_UNREADABLE",
            "E_SCHEMA_MISSING_COLUMN",
            "E_CELL_TYPE"
        ],
        "{error}"
    );
}

#[test]
fn bad_rows_are_set_aside_with_reasons_and_the_rest_is_used() {
    let accounts = "account_id,name,employees\n\
                    A1,Acme,10\nA2,\"Beta, Ltd\",many\nA3,Caf\u{e9},30\nA4,x\nA1,Other,11\nA5,inf,-1\n";
    let folder = folder_with("accounts.csv", accounts.as_bytes());
    let aside = folder.path().join("aside");
    let output = propensity(&["validate"], folder.path(), &["--quarantine", aside.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", error_of(&output));
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(report.contains("accounts: 2\n"), "{report}");
    assert!(report.contains("[N_QUARANTINED] 4: bad rows set aside"), "{report}");

    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(aside.join("accounts.csv")).unwrap();
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(
        header,
        ["row", "line", "file", "code", "column", "reason", "account_id", "name", "employees"]
    );
    let rows: Vec<Vec<String>> =
        reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
    let mut found: Vec<String> = rows
        .iter()
        .map(|row| format!("{} {} {} {} {}", row[0], row[1], row[3], row[4], row[6..].join("|")))
        .collect();
    found.sort();
    assert_eq!(
        found,
        [
            "2 3 E_CELL_TYPE employees A2|Beta, Ltd|many",
            "4 5 E_CSV_RAGGED  A4|x",
            "5 6 E_DUPLICATE_KEY account_id, valid_from A1|Other|11",
            "6 7 E_CELL_ABSURD employees A5|inf|-1",
        ]
    );
    let signals = std::fs::read_to_string(aside.join("signals.csv")).unwrap();
    assert_eq!(signals, "row,line,file,code,column,reason\n");
}

#[test]
fn signals_of_unknown_accounts_are_counted_and_warned_of_when_they_are_many() {
    let header = "account_id,domain,kind,observed_at\n";
    let known = "A1,,hiring,2026-01-05\n".repeat(18);
    // Unknown ids, unknown domains and texts that are no domain count together; personal mail does not.
    for (more, warned, notes) in [
        (
            "A9,,hiring,2026-01-05\n,jane@gmail.com,web_visit,2026-01-05\n",
            false,
            ["N_UNKNOWN_ACCOUNT] 1", ""],
        ),
        (
            "A9,,hiring,2026-01-05\n,nobody.org,web_visit,2026-01-05\n",
            true,
            ["N_UNKNOWN_ACCOUNT] 1", "N_UNKNOWN_DOMAIN] 1"],
        ),
        (
            "01,,hiring,2026-01-05\n,none,web_visit,2026-01-05\n",
            true,
            ["N_UNKNOWN_ACCOUNT] 1", "N_NOT_A_DOMAIN] 1"],
        ),
    ] {
        let folder = folder_with("signals.csv", format!("{header}{known}{more}").as_bytes());
        let output = propensity(&["validate"], folder.path(), &[]);
        let said = error_of(&output);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert_eq!(said.contains("more than one row in twenty belongs to no account"), warned, "{said}");
        let report = String::from_utf8(output.stdout).unwrap();
        for note in notes {
            assert!(report.contains(note), "{note:?} is not in {report}");
        }
    }
}

#[test]
fn a_structural_fault_stops_a_quarantined_run_and_writes_nothing() {
    let folder = folder_with("signals.csv", b"account_id,observed_at\nA1,2026-01-05\n");
    let aside = folder.path().join("aside");
    let output = propensity(&["validate"], folder.path(), &["--quarantine", aside.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(error_of(&output).contains("error[E_SCHEMA_MISSING_COLUMN]"));
    let left = std::fs::read_dir(&aside).map_or(0, Iterator::count);
    assert_eq!(left, 0);
}

#[test]
fn sources_that_are_not_there_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = error_of(&propensity(&["validate"], &folder.path().join("none"), &[]));
    assert!(error.contains("error[E_SOURCE_NOT_FOUND]") && error.contains("none"), "{error}");
    let error = error_of(&propensity(&["validate"], folder.path(), &[]));
    assert!(error.contains("error[E_TABLE_MISSING]") && error.contains("accounts.csv"), "{error}");
}
