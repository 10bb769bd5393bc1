//! Best customers as a list: read from a file into the products of a spec.

use std::path::Path;

use super::{Spec, SpecError};
use crate::tables::raw::{Cell, CsvFormat, RawBatch, RawTable};

impl Spec {
    /// The same spec with the accounts of a file as seeds of fit, in place of its rule.
    ///
    /// The file (CSV, TSV or Parquet) has a column `account_id` and, where it has one, a column `product`; without it every
    /// account is a seed of every product. A product that is not named keeps its rule.
    ///
    /// # Errors
    /// [`SpecError::Seeds`] when the file cannot be read, has no column `account_id`, or names a product the spec does not
    /// have.
    pub fn with_seeds(mut self, path: &Path) -> Result<Self, SpecError> {
        let failed = |fault: String| SpecError::Seeds { path: path.to_path_buf(), fault };
        let mut table =
            RawTable::open(path, &CsvFormat::default()).map_err(|error| failed(error.to_string()))?;
        let place = |name: &str| table.header().iter().position(|column| column == name);
        let (Some(account), product) = (place("account_id"), place("product")) else {
            return Err(failed(format!(
                "expected a column account_id, found [{}]",
                table.header().join(", ")
            )));
        };
        while let Some(batch) = table.next_batch().map_err(|error| failed(error.to_string()))? {
            for row in 0..batch.n_rows() {
                let Some(id) = text(&batch, row, account) else { continue };
                let wanted = match product {
                    Some(column) => text(&batch, row, column),
                    None => None,
                };
                let mut found = false;
                for product in &mut self.products {
                    if wanted.as_ref().is_none_or(|wanted| *wanted == product.name) {
                        product.seeds.push(id.clone());
                        found = true;
                    }
                }
                if let (false, Some(wanted)) = (found, wanted) {
                    let known: Vec<&str> =
                        self.products.iter().map(|product| product.name.as_str()).collect();
                    return Err(failed(format!(
                        "row {}: product {wanted:?} is not one of the spec: {}",
                        batch.row_number(row),
                        known.join(", ")
                    )));
                }
            }
        }
        for product in &mut self.products {
            product.seeds.sort_unstable();
            product.seeds.dedup();
        }
        Ok(self)
    }
}

impl Spec {
    /// Asks whether all accounts that are listed as seeds are among `accounts`, which ascend.
    ///
    /// # Errors
    /// [`SpecError::UnknownSeeds`] with the first that is not.
    pub fn check_seeds(&self, accounts: &[String]) -> Result<(), SpecError> {
        for product in &self.products {
            let mut unknown = product.seeds.iter().filter(|seed| accounts.binary_search(seed).is_err());
            if let Some(first) = unknown.next() {
                return Err(SpecError::UnknownSeeds {
                    product: product.name.clone(),
                    listed: product.seeds.len(),
                    unknown: 1 + unknown.count(),
                    first: first.clone(),
                });
            }
        }
        Ok(())
    }
}

fn text(batch: &RawBatch, row: usize, column: usize) -> Option<String> {
    match batch.cell(row, column) {
        Cell::Text(text) => Some(text.to_owned()),
        Cell::Integer(number) => Some(number.to_string()),
        _ => None,
    }
}
