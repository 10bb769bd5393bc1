//! Mapping files: how the columns of a real export become the columns of the contracts.
//!
//! A mapping is TOML; the folder `models/mappings` ships some, and `docs/mapping.md` describes the keys.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{self, MapAccess, Visitor, value::MapAccessDeserializer};
use toml::Spanned;

use super::contract::{ColumnKind, TableName};
use crate::error::Coded;

/// A mapping file is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MappingError {
    /// The file cannot be opened or read.
    #[error("mapping {path}: cannot be read ({source}); expected a TOML file; check the path")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file is not TOML, or has a key that mappings do not have.
    #[error("mapping {path}: {message}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What the parser said, with the line.
        message: String,
    },
    /// Keys contradict each other or the contracts.
    #[error("mapping {path}: {}", .faults.join("; "))]
    Content {
        /// The file.
        path: PathBuf,
        /// All faults, each with its line.
        faults: Vec<String>,
    },
}

impl Coded for MappingError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "E_MAPPING_UNREADABLE",
            Self::Syntax { .. } => "E_MAPPING_SYNTAX",
            Self::Content { .. } => "E_MAPPING_CONTENT",
        }
    }
}

/// How the files of an export become tables.
///
/// ```
/// use propensity::tables::mapping::Mapping;
/// let mapping = Mapping::parse(
///     r#"
///     name = "shop"
///     [tables.accounts]
///     file = "customers.csv"
///     columns.account_id = "Customer No"
///     columns.annual_revenue = { column = "Revenue (kUSD)", scale = 1000 }
///     columns.currency = { constant = "USD" }
///     "#,
/// )?;
/// assert_eq!(mapping.name(), "shop");
/// assert!(Mapping::parse("name = 'x'\n[tables.accounts]\nfile = 'a.csv'\ncolumns.acount_id = 'Id'").is_err());
/// # Ok::<(), propensity::tables::mapping::MappingError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Mapping {
    name: String,
    tables: BTreeMap<TableName, TableRules>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: String,
    tables: BTreeMap<TableName, TableDocument>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TableDocument {
    file: String,
    #[serde(default)]
    missing: Vec<String>,
    #[serde(default)]
    drop_exact_duplicates: bool,
    #[serde(default)]
    distinct: Vec<Spanned<String>>,
    #[serde(default)]
    columns: BTreeMap<String, Spanned<Rule>>,
    #[serde(default)]
    skip: Vec<Spanned<SkipDocument>>,
}

/// How one table is read from a file of the export.
#[derive(Clone, Debug)]
pub(super) struct TableRules {
    /// File, folder or pattern, relative to the source.
    pub file: String,
    /// Words that mean an empty cell.
    pub missing: Vec<String>,
    /// Whether rows that agree in all columns of the file count once.
    pub drop_exact_duplicates: bool,
    /// Columns of the contract; rows that agree on all of them become one.
    pub distinct: Vec<String>,
    /// Rules by column of the contract.
    pub columns: BTreeMap<String, ColumnRule>,
    /// Rows that are left out.
    pub skips: Vec<Skip>,
}

/// Rows that are left out, and counted.
#[derive(Clone, Debug)]
pub(super) struct Skip {
    pub column: String,
    pub when: SkipWhen,
    pub reason: String,
}

#[derive(Clone, Debug)]
pub(super) enum SkipWhen {
    Missing,
    Equals(Vec<String>),
    StartsWith(String),
}

/// Where a column of the contract comes from.
#[derive(Clone, Debug)]
pub(super) enum ColumnRule {
    /// The column stays empty, even where the file has one of its name.
    Absent,
    /// The same in every row.
    Constant(String),
    /// The product of two columns.
    Product([String; 2]),
    /// A column of the file.
    Column { column: String, change: Option<Change> },
}

/// What happens to the cells of a column.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// Texts are replaced; others become `otherwise` where it is given, and stay as they are where it is not.
    Values { values: BTreeMap<String, String>, otherwise: Option<String> },
    /// Numbers are multiplied.
    Scale(f64),
    /// Texts are dates of this `strptime` form.
    TimeFormat(String),
    /// Numbers count this many microseconds from 1970-01-01.
    Epoch(i64),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SkipDocument {
    column: String,
    missing: Option<bool>,
    equals: Option<Vec<String>>,
    starts_with: Option<String>,
    reason: String,
}

/// A rule as written: the name of a column, or a table of keys.
#[derive(Debug)]
struct Rule(RuleDocument);

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleDocument {
    column: Option<String>,
    constant: Option<String>,
    product: Option<[String; 2]>,
    absent: Option<bool>,
    values: Option<BTreeMap<String, String>>,
    otherwise: Option<String>,
    scale: Option<f64>,
    #[serde(default)]
    negate: bool,
    time_format: Option<String>,
    epoch: Option<Epoch>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Epoch {
    Days,
    Seconds,
    Milliseconds,
    Microseconds,
}

impl Epoch {
    const fn micros(self) -> i64 {
        match self {
            Self::Days => 86_400_000_000,
            Self::Seconds => 1_000_000,
            Self::Milliseconds => 1_000,
            Self::Microseconds => 1,
        }
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RuleVisitor;

        impl<'de> Visitor<'de> for RuleVisitor {
            type Value = Rule;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a column, or a table such as { column = \"Revenue\", scale = 1000 }")
            }

            fn visit_str<E: de::Error>(self, column: &str) -> Result<Rule, E> {
                Ok(Rule(RuleDocument { column: Some(column.to_owned()), ..RuleDocument::default() }))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Rule, A::Error> {
                RuleDocument::deserialize(MapAccessDeserializer::new(map)).map(Rule)
            }
        }

        deserializer.deserialize_any(RuleVisitor)
    }
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// [`MappingError`] with the path: unreadable, not TOML, an unknown key, or keys that contradict each other.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, MappingError> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path)
            .map_err(|source| MappingError::Unreadable { path: path.to_path_buf(), source })?;
        Self::parse_named(&text, path)
    }

    /// Reads a mapping from text.
    ///
    /// # Errors
    /// [`MappingError::Syntax`] and [`MappingError::Content`].
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        Self::parse_named(text, Path::new("(text)"))
    }

    /// What the mapping is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn table(&self, table: TableName) -> Option<&TableRules> {
        self.tables.get(&table)
    }

    fn parse_named(text: &str, path: &Path) -> Result<Self, MappingError> {
        let document: Document = toml::from_str(text).map_err(|error| MappingError::Syntax {
            path: path.to_path_buf(),
            message: error.to_string().trim_end().to_owned(),
        })?;
        let mut check = Check { text, faults: Vec::new() };
        let tables = document
            .tables
            .into_iter()
            .map(|(table, document)| (table, check.table(table, document)))
            .collect();
        if check.faults.is_empty() {
            Ok(Self { name: document.name, tables })
        } else {
            Err(MappingError::Content { path: path.to_path_buf(), faults: check.faults })
        }
    }
}

/// Turns what was written into rules, and gathers what is wrong with it.
struct Check<'t> {
    text: &'t str,
    faults: Vec<String>,
}

impl Check<'_> {
    fn fault(&mut self, at: usize, table: TableName, message: &str) {
        let line = 1 + self.text.bytes().take(at).filter(|&byte| byte == b'\n').count();
        self.faults.push(format!("line {line}: tables.{table}: {message}"));
    }

    fn table(&mut self, table: TableName, document: TableDocument) -> TableRules {
        let contract = table.contract();
        let mut columns = BTreeMap::new();
        for (name, rule) in document.columns {
            let at = rule.span().start;
            let Some(column) = contract.column(&name) else {
                let known: Vec<_> = contract.columns.iter().map(|column| column.name).collect();
                self.fault(at, table, &format!("no column {name:?}; the table has {}", known.join(", ")));
                continue;
            };
            match rule.into_inner().0.checked(column.kind) {
                Ok(rule) => {
                    columns.insert(name, rule);
                }
                Err(message) => self.fault(at, table, &format!("{name}: {message}")),
            }
        }
        for name in &document.distinct {
            if contract.column(name.as_ref()).is_none() {
                let message = format!("distinct: no column {:?}", name.as_ref());
                self.fault(name.span().start, table, &message);
            }
        }
        let mut skips = Vec::new();
        for skip in document.skip {
            let at = skip.span().start;
            match skip.into_inner().checked() {
                Ok(skip) => skips.push(skip),
                Err(message) => self.fault(at, table, message),
            }
        }
        TableRules {
            file: document.file,
            missing: document.missing,
            drop_exact_duplicates: document.drop_exact_duplicates,
            distinct: document.distinct.into_iter().map(Spanned::into_inner).collect(),
            columns,
            skips,
        }
    }
}

impl SkipDocument {
    fn checked(self) -> Result<Skip, &'static str> {
        let when = match (self.missing, self.equals, self.starts_with) {
            (Some(true), None, None) => SkipWhen::Missing,
            (None, Some(words), None) => SkipWhen::Equals(words),
            (None, None, Some(start)) => SkipWhen::StartsWith(start),
            _ => return Err("skip: expected exactly one of `missing = true`, `equals` and `starts_with`"),
        };
        Ok(Skip { column: self.column, when, reason: self.reason })
    }
}

impl RuleDocument {
    fn checked(self, kind: ColumnKind) -> Result<ColumnRule, String> {
        let number = matches!(kind, ColumnKind::Integer { .. } | ColumnKind::Number { .. });
        let scale = match (self.scale, self.negate) {
            (Some(scale), _) if !scale.is_finite() || scale == 0.0 => {
                return Err(format!("scale is {scale}; expected a finite number other than 0"));
            }
            (Some(scale), negate) => Some(if negate { -scale } else { scale }),
            (None, true) => Some(-1.0),
            (None, false) => None,
        };
        if scale.is_some() && !number {
            return Err("`scale` and `negate` are for columns of numbers".to_owned());
        }
        if (self.time_format.is_some() || self.epoch.is_some()) && kind != ColumnKind::Time {
            return Err("`time_format` and `epoch` are for columns of times".to_owned());
        }
        if self.otherwise.is_some() && self.values.is_none() {
            return Err("`otherwise` needs `values`".to_owned());
        }
        let otherwise = self.otherwise;
        let mut changes = [
            self.values.map(|values| Change::Values { values, otherwise }),
            scale.map(Change::Scale),
            self.time_format.map(Change::TimeFormat),
            self.epoch.map(|epoch| Change::Epoch(epoch.micros())),
        ]
        .into_iter()
        .flatten();
        let change = changes.next();
        if changes.next().is_some() {
            return Err("expected at most one of `values`, `scale`, `time_format` and `epoch`".to_owned());
        }
        match (self.column, self.constant, self.product, self.absent) {
            (Some(column), None, None, None) => Ok(ColumnRule::Column { column, change }),
            (None, Some(text), None, None) if change.is_none() => Ok(ColumnRule::Constant(text)),
            (None, None, Some(factors), None) if change.is_none() && number => {
                Ok(ColumnRule::Product(factors))
            }
            (None, None, Some(_), None) if !number => Err("`product` is for columns of numbers".to_owned()),
            (None, None, None, Some(true)) if change.is_none() => Ok(ColumnRule::Absent),
            (Some(_), ..) | (None, None, None, None) => {
                Err("expected exactly one of `column`, `constant`, `product` and `absent = true`".to_owned())
            }
            _ => Err("`values`, `scale`, `time_format` and `epoch` go with `column` alone".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_faults_are_reported_with_their_lines() {
        let text = "name = 'x'\n[tables.accounts]\nfile = 'a.csv'\ndistinct = ['id']\n[tables.accounts.columns]\n\
                    acount_id = 'Id'\nname = { column = 'Name', scale = 2 }\ncountry = { constant = 'US', column = 'C' }\n\
                    [[tables.accounts.skip]]\ncolumn = 'Id'\nreason = 'why'\n";
        let MappingError::Content { faults, .. } = Mapping::parse(text).unwrap_err() else {
            panic!("content")
        };
        let lines: Vec<_> = faults.iter().map(|fault| fault.split(": ").next().unwrap()).collect();
        assert_eq!(lines, ["line 6", "line 8", "line 7", "line 4", "line 9"], "{faults:#?}");
    }

    #[test]
    fn an_unknown_key_is_a_syntax_error_with_its_line() {
        let error = Mapping::parse("name = 'x'\n[tables.accounts]\nfiles = 'a.csv'\n").unwrap_err();
        assert_eq!(error.code(), "E_MAPPING_SYNTAX");
        assert!(error.to_string().contains("line 3") && error.to_string().contains("files"), "{error}");
        let error =
            Mapping::parse("name = 'x'\n[tables.accounts]\nfile = 'a'\ncolumns.name = { colum = 'N' }\n")
                .unwrap_err();
        assert!(error.to_string().contains("line 4") && error.to_string().contains("colum"), "{error}");
    }
}
