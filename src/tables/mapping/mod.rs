//! Mapping files: how the columns of a real export become the columns of the contracts.
//!
//! A mapping is TOML; the folder `models/mappings` ships some, and `docs/mapping.md` describes the keys.

mod document;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::contract::TableName;
use crate::error::Coded;
use document::Document;

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

/// How one table is read from a file of the export.
#[derive(Clone, Debug)]
pub(in crate::tables) struct TableRules {
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
pub(in crate::tables) struct Skip {
    pub column: String,
    pub when: SkipWhen,
    pub reason: String,
}

#[derive(Clone, Debug)]
pub(in crate::tables) enum SkipWhen {
    Missing,
    Equals(Vec<String>),
    StartsWith(String),
}

/// Where a column of the contract comes from.
#[derive(Clone, Debug)]
pub(in crate::tables) enum ColumnRule {
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
pub(in crate::tables) enum Change {
    /// Texts are replaced; others become `otherwise` where it is given, and stay as they are where it is not.
    Values { values: BTreeMap<String, String>, otherwise: Option<String> },
    /// Numbers are multiplied.
    Scale(f64),
    /// Texts are dates of this `strptime` form.
    TimeFormat(String),
    /// Numbers count this many microseconds from 1970-01-01.
    Epoch(i64),
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

    pub(in crate::tables) fn table(&self, table: TableName) -> Option<&TableRules> {
        self.tables.get(&table)
    }

    fn parse_named(text: &str, path: &Path) -> Result<Self, MappingError> {
        let document = Document::parse(text)
            .map_err(|message| MappingError::Syntax { path: path.to_path_buf(), message })?;
        let (name, tables) = document
            .checked(text)
            .map_err(|faults| MappingError::Content { path: path.to_path_buf(), faults })?;
        Ok(Self { name, tables })
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
