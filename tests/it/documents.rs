//! Documents that are made from the code are compared with it, so that they stay true.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use propensity::features::{Definition, Family, Unit, definitions};
use propensity::spec::Spec;
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
    text.push_str(IDENTITY);
    assert_document("docs/tables.md", &text);
}

/// How `domain` is read, which no single column says.
const IDENTITY: &str = "
## Companies by internet address

A signal without `account_id` belongs to the account that has its domain. `domain`, of accounts and of signals, may be a
domain, a host, a URL or an e-mail address, in any case, with letters in Unicode or in Punycode. What counts is the
registrable domain below a public suffix: `shop.acme.co.uk`, `https://www.acme.co.uk/en` and `jane@acme.co.uk` are all
`acme.co.uk`. Suffixes are those of the [public suffix list](https://publicsuffix.org), as of the build. A signal with
both `account_id` and `domain` goes by `account_id`.

| text | is | rows of signals are |
|---|---|---|
| `www.acme.com` | `acme.com` | joined, or counted under `N_UNKNOWN_DOMAIN` where no account has it |
| `acme.github.io`, `acme.uk.com` | itself: tenants of a private suffix are companies of their own | likewise |
| `contoso.onmicrosoft.com`, `acme.wordpress.com` | itself: some platforms are not on the list; the whole host counts | likewise |
| `gmail.com`, `jane@web.de`, `x@mailinator.com` | a personal mailbox | left out, `N_PERSONAL_DOMAIN` |
| `github.io`, `co.uk`, `10.0.0.1`, `printer.lan`, `n/a` | nobody: a bare suffix or platform, a machine, no domain | left out, `N_NOT_A_DOMAIN` |
| `facebook.com/acme` | nobody: a page on a site that speaks of others; bare `facebook.com` is a company | left out, `N_NOT_A_DOMAIN` |
| a domain that several accounts have | theirs, but nobody knows whose | left out, `N_AMBIGUOUS_DOMAIN` |

- Tenants are apart because joining two companies wrongly is worse than not joining them; for the same reason an
  internet provider with mailboxes for its customers counts as personal mail.
- An account at a personal mailbox, such as a sole trader's, holds no domain; its rows are counted under the same codes.
- Who has a domain is asked as of then: an account known later takes nothing from the past, and a row joined by domain is
  known from the day on that its account is.
- More than one row in twenty of unknown accounts, unknown domains and texts that are no domain is warned of; personal
  mail and shared domains are not counted there, because they are no fault of the tables.
";

const fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "count",
        Unit::Number => "number",
        Unit::Days => "days",
        Unit::Years => "years",
        Unit::Money => "money",
        Unit::Name => "name",
        Unit::Flag => "0 or 1",
        Unit::Surge => "0 to 100",
    }
}

/// The window in the name of a feature, in words.
fn window(name: &str) -> String {
    let window = name.rsplit("__").next().unwrap_or_default();
    match window {
        "now" => "as it stands on T".into(),
        "ever" => "all that is known".into(),
        _ => match window.split_at(window.len() - 1) {
            (days, "d") => format!("{days} days"),
            (months, "m") => format!("{months} months"),
            _ => panic!("{name} has a window that is not documented"),
        },
    }
}

/// The rows of one family: features that differ only in a listed name are one row.
fn write_family(text: &mut String, family: Family, definitions: &[Definition]) {
    let of_family: Vec<_> = definitions.iter().filter(|d| d.recipe.family == family).collect();
    let _ = writeln!(text, "\n## {} ({} features)\n", family.as_str(), of_family.len());
    let _ = writeln!(
        text,
        "| name | formula | unit | window | missing when | tables |\n|---|---|---|---|---|---|"
    );
    let mut written: Vec<&Definition> = Vec::new();
    for definition in of_family {
        let Definition { recipe, pattern, formula, missing, tables } = definition;
        if let Some(same) = written.iter().find(|other| other.pattern == *pattern) {
            assert_eq!(
                (same.formula, same.missing, same.recipe.unit),
                (*formula, *missing, recipe.unit),
                "{pattern}"
            );
            continue;
        }
        let formula = formula.replace('|', "\\|");
        let tables: Vec<&str> = tables.iter().map(|table| table.as_str()).collect();
        let (unit, window, tables) = (unit(recipe.unit), window(&recipe.name), tables.join(", "));
        let _ = writeln!(text, "| `{pattern}` | {formula} | {unit} | {window} | {missing} | {tables} |");
        written.push(definition);
    }
}

#[test]
fn the_features_are_catalogued() {
    let spec = Spec::cloudascent().unwrap().features;
    let definitions = definitions(&spec);
    let products: Vec<&str> = spec.products.iter().map(|product| product.name.as_str()).collect();
    let installed: std::collections::BTreeSet<&str> =
        spec.versions.iter().map(|version| version.product.as_str()).collect();
    let installed: Vec<&str> = installed.into_iter().collect();
    let mut text = format!(
        "# Features\n\nThe {} features that `models/cloudascent.toml` declares, made from the code. A name is \
         `family__what__window`. `T` is the `as_of` date; only rows with `known_at < T` are read, so rows that were \
         filled in later change nothing. A window of 90 days holds `T - 90 d <= time < T`, one that looks ahead `T <= \
         time < T + 90 d`. Missing is a level of its own in every model, never a filled number. Families, lists and \
         windows are set in `[features]` of the spec.\n\nNames in angle brackets stand for what the spec lists:\n\n",
        definitions.len()
    );
    for (name, list) in [
        ("product", products),
        ("installed product", installed),
        ("category", spec.categories.iter().map(String::as_str).collect()),
        ("technology", spec.technologies.iter().map(String::as_str).collect()),
        ("technology group", spec.technology_groups.keys().map(String::as_str).collect()),
        ("topic", spec.topics.iter().map(String::as_str).chain(["other"]).collect()),
        ("kind", spec.kinds.iter().map(String::as_str).chain(["other"]).collect()),
    ] {
        let _ = writeln!(text, "- `<{name}>`: {}", list.join(", "));
    }
    for family in &spec.families {
        write_family(&mut text, *family, &definitions);
    }
    text.push_str(NOTES);
    assert_document("docs/features.md", &text);
}

/// What the rows of the catalogue do not say.
const NOTES: &str = "
## Rules

- **Late rows**: a row counts from its `known_at` on. What a table holds only in its last state (stage, status and value
  of a deal, state of an agreement) is read only where the row proves that it was known: a deal's outcome needs
  `closed_at < T`; stage and agreement state are not read at all.
- **Stops of technology**: a last sighting counts where the row became known at or after it; a later one was written
  into an older row in hindsight, and the technology may still be there. A technology has stopped when it was not seen
  for 90 days.
- **End of service**: by the dates under `features.versions` of the spec, which vendors publish years ahead. A version
  has to be spelt as in `installs`.
- **Current month of a subscription**: the latest month of which any row of the product is known; plans and partners are
  added up. One that began more than 120 days before T has ended.
- **Usage** may pass 100 %: licences are handed on, trials and seats in grace are active but not entitled. The raw ratio
  stays, a capped one and a flag stand beside it.
- **Cancellations** are negative amounts: they lower the monetary value on their own date and are no purchases.
- **Duplicates**: equal transactions count each; `drop_exact_duplicates` of a mapping drops them where a source repeats
  rows.
- **Money** is brought to `features.money.currency` by the rates of the spec and added up exactly, in ten-thousandths.
";

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
