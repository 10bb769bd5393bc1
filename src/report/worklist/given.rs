//! What a team gives: who owns which account, and what is not to be worked.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::ReportError;
use super::super::row_stream::RowStream;
use crate::quantity::AsOf;

/// Who owns which account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners(BTreeMap<String, String>);

impl Owners {
    /// Reads a CSV or Parquet file with the columns `account_id` and `owner`; of two rows of an account the last counts.
    ///
    /// # Errors
    /// [`ReportError::Read`], [`ReportError::Column`] and [`ReportError::Cell`].
    pub fn read(path: &Path) -> Result<Self, ReportError> {
        let mut rows = RowStream::open(path, &["account_id", "owner"])?;
        let mut owners = BTreeMap::new();
        while rows.advance()? {
            owners.insert(rows.row().filled("account_id")?, rows.row().filled("owner")?);
        }
        Ok(Self(owners))
    }

    /// The owner of an account; empty where it has none.
    pub fn of(&self, account: &str) -> &str {
        self.0.get(account).map_or("", String::as_str)
    }
}

/// Accounts, or products of them, that are not to be worked, for good or until a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exclusions(BTreeMap<String, Vec<Exclusion>>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Exclusion {
    product: Option<String>,
    until: Option<AsOf>,
}

impl Exclusions {
    /// Reads a CSV or Parquet file with the columns `account_id`, `product` (empty for all) and `until` (the first day on
    /// which the account may be worked again, such as `2026-04-01`; empty for never).
    ///
    /// # Errors
    /// [`ReportError::Read`], [`ReportError::Column`] and [`ReportError::Cell`].
    pub fn read(path: &Path) -> Result<Self, ReportError> {
        let mut rows = RowStream::open(path, &["account_id", "product", "until"])?;
        let mut exclusions: BTreeMap<String, Vec<Exclusion>> = BTreeMap::new();
        while rows.advance()? {
            let row = rows.row();
            let until = match row.date("until") {
                Ok(day) => day,
                Err(_) => row.parsed("until", "a date such as 2026-04-01")?,
            };
            let exclusion = Exclusion { product: row.text("product")?, until };
            exclusions.entry(row.filled("account_id")?).or_default().push(exclusion);
        }
        Ok(Self(exclusions))
    }

    /// Whether a product of an account is not to be worked on `day`.
    pub fn holds(&self, account: &str, product: &str, day: AsOf) -> bool {
        self.0.get(account).into_iter().flatten().any(|exclusion| {
            exclusion.product.as_deref().is_none_or(|only| only == product)
                && exclusion.until.is_none_or(|until| day < until)
        })
    }
}
