//! Reads a list that was scored: who was put where, and with which chance of being worked.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::FeedbackError;
use crate::grid::Cluster;
use crate::quantity::AsOf;
use crate::tables::raw::{Cell, CsvFormat, RawTable};

/// One account and product of a list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ListedRow {
    /// Where it was put.
    pub cluster: Cluster,
    /// The chance with which it was to be worked, above 0 and at most 1; `None` where the list does not say.
    pub acted_probability: Option<f64>,
}

/// A list of one date by one model: one row an account and product.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredList {
    /// The date it was scored for.
    pub as_of: AsOf,
    /// The version that scored; empty where the list does not say.
    pub model_version: String,
    /// By product, then account.
    pub(super) rows: BTreeMap<String, BTreeMap<String, ListedRow>>,
}

/// Where the columns are.
struct Columns {
    account: usize,
    product: usize,
    cluster: usize,
    as_of: usize,
    version: Option<usize>,
    acted: Option<usize>,
}

impl ScoredList {
    /// Reads a list: `scores/as_of=DATE/part-000.parquet` of a run, or a CSV with its columns.
    ///
    /// Columns are `account_id`, `product`, `as_of`, `cluster`, and where there are such `model_version` and
    /// `acted_probability`; others are not read.
    ///
    /// # Errors
    /// [`FeedbackError::Raw`] when the file cannot be read, [`FeedbackError::List`] with everything that is wrong with its
    /// columns and the first row that is.
    pub fn read(path: &Path) -> Result<Self, FeedbackError> {
        let mut table = RawTable::open(path, &CsvFormat::default())?;
        let columns = Columns::find(table.header()).map_err(|faults| list_fault(path, faults))?;
        let mut list: Option<Self> = None;
        while let Some(batch) = table.next_batch()? {
            if let Some(broken) = batch.broken().first() {
                let fault = format!("row {}: it cannot be split into the cells of the header", broken.row);
                return Err(list_fault(path, vec![fault]));
            }
            for row in 0..batch.n_rows() {
                let cell = |column: usize| batch.cell(row, column);
                let wrong =
                    |fault: String| list_fault(path, vec![format!("row {}: {fault}", batch.row_number(row))]);
                let date = columns.date(&cell).map_err(&wrong)?;
                let known = list.get_or_insert_with(|| Self {
                    as_of: date,
                    model_version: columns.version(&cell),
                    rows: BTreeMap::new(),
                });
                if known.as_of != date {
                    return Err(wrong(format!(
                        "as_of is {date}, in the rows before {}; expected one date a list",
                        known.as_of
                    )));
                }
                let (product, account, listed) = columns.row(&cell).map_err(&wrong)?;
                let of_product = known.rows.entry(product.clone()).or_default();
                if of_product.insert(account.clone(), listed).is_some() {
                    return Err(wrong(format!("account {account} is there twice for {product}")));
                }
            }
        }
        list.ok_or_else(|| list_fault(path, vec!["it has no rows".to_owned()]))
    }
}

fn list_fault(path: &Path, faults: Vec<String>) -> FeedbackError {
    FeedbackError::List { path: PathBuf::from(path), faults }
}

fn text<'c>(cell: Cell<'c>, column: &str) -> Result<Cow<'c, str>, String> {
    match cell {
        Cell::Text(text) => Ok(Cow::Borrowed(text.trim())),
        Cell::Integer(number) => Ok(Cow::Owned(number.to_string())),
        other => Err(format!("{column} is {other:?}; expected text")),
    }
}

impl Columns {
    fn find(header: &[String]) -> Result<Self, Vec<String>> {
        let position = |name: &str| header.iter().position(|column| column == name);
        let names = ["account_id", "product", "cluster", "as_of"];
        let found = names.map(position);
        let [Some(account), Some(product), Some(cluster), Some(as_of)] = found else {
            let missing = names.iter().zip(found).filter(|(_, found)| found.is_none());
            return Err(missing
                .map(|(name, _)| format!("column {name} is missing; expected a list as a run writes it"))
                .collect());
        };
        let (version, acted) = (position("model_version"), position("acted_probability"));
        Ok(Self { account, product, cluster, as_of, version, acted })
    }

    fn date<'b>(&self, cell: &impl Fn(usize) -> Cell<'b>) -> Result<AsOf, String> {
        match cell(self.as_of) {
            Cell::Time(micros) => jiff::Timestamp::from_microsecond(micros)
                .map(|time| AsOf::new(time.to_zoned(jiff::tz::TimeZone::UTC).date()))
                .map_err(|error| error.to_string()),
            other => text(other, "as_of")?.parse().map_err(|error| format!("as_of: {error}")),
        }
    }

    fn version<'b>(&self, cell: &impl Fn(usize) -> Cell<'b>) -> String {
        let version = self.version.and_then(|column| text(cell(column), "model_version").ok());
        version.map(Cow::into_owned).unwrap_or_default()
    }

    fn row<'b>(&self, cell: &impl Fn(usize) -> Cell<'b>) -> Result<(String, String, ListedRow), String> {
        let product = text(cell(self.product), "product")?.into_owned();
        let account = text(cell(self.account), "account_id")?.into_owned();
        let cluster =
            text(cell(self.cluster), "cluster")?.parse().map_err(|error| format!("cluster: {error}"))?;
        let probability = self.acted.map_or(Cell::Missing, cell);
        let acted_probability = match probability {
            Cell::Missing => None,
            Cell::Number(number) => Some(number),
            Cell::Integer(number) => Some(number as f64),
            Cell::Text(text) => {
                Some(text.trim().parse::<f64>().map_err(|error| format!("acted_probability: {error}"))?)
            }
            other => return Err(format!("acted_probability is {other:?}; expected a number")),
        };
        match acted_probability.filter(|number| !(*number > 0.0 && *number <= 1.0)) {
            Some(number) => Err(format!(
                "acted_probability is {number}; expected a number above 0 and at most 1, or nothing: what is never worked can tell nothing"
            )),
            None => Ok((product, account, ListedRow { cluster, acted_probability })),
        }
    }
}
