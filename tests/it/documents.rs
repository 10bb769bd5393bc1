//! Documents that are made from the code are compared with it, so that they stay true.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use propensity::tables::contract::{ColumnKind, TableName};

/// Compares a document with what the code says; `PROPENSITY_WRITE_DOCUMENTS=1` writes it instead.
fn assert_document(path: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("PROPENSITY_WRITE_DOCUMENTS").is_some() {
        fs::write(&path, expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap();
    assert_eq!(found, expected, "{} is not what the code says", path.display());
}

fn kind(kind: ColumnKind) -> String {
    match kind {
        ColumnKind::Text => "text".into(),
        ColumnKind::Integer { min, max } => format!("whole number, {min} to {max}"),
        ColumnKind::Number { min, max } => format!("number, {min:e} to {max:e}"),
        ColumnKind::Flag => "yes or no".into(),
        ColumnKind::Time => "date or time, UTC".into(),
        ColumnKind::Currency => "ISO 4217 code".into(),
        ColumnKind::Country => "ISO 3166 code, two letters".into(),
    }
}

#[test]
fn the_table_contracts_are_documented() {
    let mut text = String::from(
        "# Input tables\n\nA folder holds one CSV or Parquet file per table, named after it, or a folder of such files. \
         `accounts` is required; features of a table that is absent are missing. Extra columns are ignored with a note. \
         Ids are text and keep leading zeros. Every row has a moment at which it became known: `known_at`, or the \
         column that stands in for it.\n",
    );
    for table in TableName::ALL {
        let contract = table.contract();
        let _ = writeln!(text, "\n## {table}\n");
        let key =
            if contract.key.is_empty() { "rows may repeat".to_owned() } else { contract.key.join(", ") };
        let _ = writeln!(text, "Key: {key}. Stands in for `known_at`: `{}`.\n", contract.known_at_fallback);
        let _ = writeln!(text, "| column | holds | required | meaning |\n|---|---|---|---|");
        for column in contract.columns {
            let required = if column.required { "yes" } else { "" };
            let _ = writeln!(
                text,
                "| {} | {} | {required} | {} |",
                column.name,
                kind(column.kind),
                column.meaning
            );
        }
    }
    assert_document("docs/tables.md", &text);
}

#[test]
fn the_readme_names_only_files_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let links: Vec<&str> = readme.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert!(links.len() > 5, "the README links to its documents");
    for link in links.into_iter().filter(|link| !link.starts_with("http")) {
        assert!(root.join(link).exists(), "README.md links to {link}, which is not there");
    }
}
