//! A mapping as it is written, and the check that turns it into rules.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, MapAccess, Visitor, value::MapAccessDeserializer};
use toml::Spanned;

use super::super::contract::{ColumnKind, TableName};
use super::{Change, ColumnRule, Skip, SkipWhen, TableRules};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
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

impl Document {
    /// Reads TOML; the error says what is wrong and in which line.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())
    }

    /// The name and the rules; or all faults, each with its line in `text`.
    pub(super) fn checked(
        self,
        text: &str,
    ) -> Result<(String, BTreeMap<TableName, TableRules>), Vec<String>> {
        let mut check = Check { text, faults: Vec::new() };
        let tables =
            self.tables.into_iter().map(|(table, rules)| (table, check.table(table, rules))).collect();
        if check.faults.is_empty() { Ok((self.name, tables)) } else { Err(check.faults) }
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
