//! The recipe: how the cells of a wide table become features.
//!
//! A recipe is inferred from a table or written by hand, and travels inside the model, so that scoring reads
//! every cell as training did.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::WideError;
use crate::output::write_whole;
use crate::tables::raw::CsvFormat;

/// Texts that mean "no value" unless a recipe says otherwise. "None" and "Unknown" are not among them: they
/// are answers, and often telling ones.
pub const MISSING_MARKERS: [&str; 10] =
    ["NA", "N/A", "n/a", "#N/A", "NULL", "null", "Null", "NaN", "nan", "?"];

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Decimal numbers, in order. Codes without an order should be levels.
    Number,
    /// Levels of a category, taken as text.
    Level,
    /// Yes or no, in any usual spelling.
    Flag,
    /// Dates or moments in ISO 8601, read as days from 1970-01-01 UTC.
    Time,
    /// Not read.
    Drop,
}

impl ColumnKind {
    /// The name used in recipes and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Level => "level",
            Self::Flag => "flag",
            Self::Time => "time",
            Self::Drop => "drop",
        }
    }

    /// What a cell of this kind looks like, for messages.
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Number => "a finite number such as -12.5 or 3e4",
            Self::Level => "text",
            Self::Flag => "yes or no, true or false, 1 or 0",
            Self::Time => "a date or time such as 2026-03-01 or 2026-03-01T10:00:00Z",
            Self::Drop => "anything",
        }
    }
}

impl fmt::Display for ColumnKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How one column is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnRule {
    /// The name in the header.
    pub name: String,
    /// What its cells are.
    pub kind: ColumnKind,
    /// Texts that mean "no value" in this column, besides those of the recipe.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// How the cells of a wide table become features.
///
/// ```
/// use propensity::wide::{ColumnKind, Recipe};
/// let recipe: Recipe = r#"
///     delimiter = ";"
///     missing = ["NA", "unknown"]
///
///     [[column]]
///     name = "age"
///     kind = "number"
/// "#.parse()?;
/// assert_eq!(recipe.rule("age").map(|rule| rule.kind), Some(ColumnKind::Number));
/// assert_eq!(recipe.to_string().parse::<Recipe>()?, recipe);
/// # Ok::<(), propensity::wide::RecipeFaults>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RecipeFields", into = "RecipeFields")]
pub struct Recipe {
    delimiter: Option<u8>,
    missing: BTreeSet<String>,
    columns: Vec<ColumnRule>,
}

/// The recipe as it is written.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecipeFields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delimiter: Option<char>,
    #[serde(default = "default_missing")]
    missing: BTreeSet<String>,
    #[serde(rename = "column", default)]
    columns: Vec<ColumnRule>,
}

fn default_missing() -> BTreeSet<String> {
    MISSING_MARKERS.iter().map(|&marker| marker.to_owned()).collect()
}

/// Everything that is wrong with a recipe.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct RecipeFaults(Vec<String>);

impl crate::error::Coded for RecipeFaults {
    fn code(&self) -> &'static str {
        "E_RECIPE"
    }
}

impl Recipe {
    /// A recipe with the default missing markers.
    ///
    /// # Errors
    /// [`RecipeFaults`] when a column is there twice or the delimiter is not an ASCII character.
    pub fn try_new(delimiter: Option<char>, columns: Vec<ColumnRule>) -> Result<Self, RecipeFaults> {
        RecipeFields { delimiter, missing: default_missing(), columns }.try_into()
    }

    /// Reads a recipe file.
    ///
    /// # Errors
    /// [`WideError::RecipeUnreadable`] when the file cannot be read, [`WideError::Recipe`] when it is not a
    /// recipe.
    pub fn read(path: &Path) -> Result<Self, WideError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| WideError::RecipeUnreadable { path: path.to_path_buf(), source })?;
        text.parse().map_err(|faults: RecipeFaults| WideError::Recipe {
            path: path.to_path_buf(),
            reason: faults.to_string(),
        })
    }

    /// Writes the recipe, whole or not at all.
    ///
    /// # Errors
    /// [`WideError::Output`] when the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), WideError> {
        Ok(write_whole(path, self.to_string().as_bytes())?)
    }

    /// The rules of all columns, in the order of the table they were inferred from.
    pub fn columns(&self) -> &[ColumnRule] {
        &self.columns
    }

    /// The rules of the columns that are read.
    pub fn features(&self) -> impl Iterator<Item = &ColumnRule> {
        self.columns.iter().filter(|rule| rule.kind != ColumnKind::Drop)
    }

    /// The rule of one column.
    pub fn rule(&self, column: &str) -> Option<&ColumnRule> {
        self.columns.iter().find(|rule| rule.name == column)
    }

    /// The texts that mean "no value" in every column.
    pub const fn missing(&self) -> &BTreeSet<String> {
        &self.missing
    }

    /// How CSV files are read.
    pub const fn format(&self) -> CsvFormat {
        CsvFormat { delimiter: self.delimiter }
    }

    /// The same recipe without the columns for which `drops` gives a reason.
    #[must_use]
    pub fn dropping(mut self, drops: impl Fn(&str) -> Option<String>) -> Self {
        for rule in &mut self.columns {
            if let Some(reason) = drops(&rule.name) {
                *rule = ColumnRule { kind: ColumnKind::Drop, reason, missing: Vec::new(), ..rule.clone() };
            }
        }
        self
    }
}

impl TryFrom<RecipeFields> for Recipe {
    type Error = RecipeFaults;

    fn try_from(fields: RecipeFields) -> Result<Self, RecipeFaults> {
        let mut faults = Vec::new();
        if let Some(delimiter) = fields.delimiter.filter(|delimiter| !delimiter.is_ascii()) {
            faults.push(format!(
                "delimiter is {delimiter:?}, expected one ASCII character such as \",\" or \";\""
            ));
        }
        let mut seen = BTreeSet::new();
        for rule in &fields.columns {
            if !seen.insert(&rule.name) {
                faults.push(format!("column {:?} is there twice; keep one of its rules", rule.name));
            }
        }
        if !faults.is_empty() {
            return Err(RecipeFaults(faults));
        }
        Ok(Self {
            delimiter: fields.delimiter.map(|delimiter| delimiter as u8),
            missing: fields.missing,
            columns: fields.columns,
        })
    }
}

impl From<Recipe> for RecipeFields {
    fn from(recipe: Recipe) -> Self {
        Self { delimiter: recipe.delimiter.map(char::from), missing: recipe.missing, columns: recipe.columns }
    }
}

impl std::str::FromStr for Recipe {
    type Err = RecipeFaults;

    fn from_str(text: &str) -> Result<Self, RecipeFaults> {
        toml::from_str(text).map_err(|error| RecipeFaults(vec![error.to_string().trim_end().to_owned()]))
    }
}

impl fmt::Display for Recipe {
    /// Writes the recipe as TOML.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "# How the cells of a wide table become features.\n\
             # Kinds: number, level, flag, time, drop. Edit, then train with --recipe.\n",
        )?;
        f.write_str(&toml::to_string(self).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> String {
        text.parse::<Recipe>().unwrap_err().to_string()
    }

    #[test]
    fn the_words_none_and_unknown_are_answers() {
        let recipe: Recipe = "".parse().unwrap();
        for word in ["None", "Unknown", "unknown", "none"] {
            assert!(!recipe.missing().contains(word), "{word}");
        }
        assert!(recipe.missing().contains("NA") && recipe.missing().contains("?"));
    }

    #[test]
    fn faults_name_the_line_or_the_column() {
        assert!(faults("delimeter = \";\"").contains("delimeter"));
        assert!(faults("\n\n[[column]]\nname = \"a\"\nkind = \"nummer\"").contains("line 5"));
        let both = faults(
            "delimiter = \"é\"\n[[column]]\nname = \"a\"\nkind = \"drop\"\n\
             [[column]]\nname = \"a\"\nkind = \"level\"",
        );
        assert!(both.contains("delimiter is 'é'") && both.contains("\"a\" is there twice"), "{both}");
    }

    #[test]
    fn names_with_quotes_and_line_breaks_survive_the_file() {
        let rule = ColumnRule {
            name: "say \"when\"\nor #not".into(),
            kind: ColumnKind::Time,
            missing: vec!["never".into()],
            reason: "dates; \"never\" counts as missing".into(),
        };
        let recipe = Recipe::try_new(Some('\t'), vec![rule]).unwrap();
        assert_eq!(recipe.to_string().parse::<Recipe>().unwrap(), recipe);
    }
}
