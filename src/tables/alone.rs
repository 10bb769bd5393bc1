//! Reads one table by itself, as an export of a CRM has it: without the accounts.

use std::collections::BTreeSet;
use std::path::Path;

use super::column::ColumnData;
use super::contract::TableName;
use super::fault::TablesError;
use super::files;
use super::mapping::Mapping;
use super::quarantine::Quarantine;
use super::reading::{Draft, Reading};
use super::refusing::take_faults;
use super::{Dataset, ReadOptions};

impl Dataset {
    /// Reads one table, checked against its contract; its accounts are those it names, ascending.
    ///
    /// A source that is a file is the table, whatever its name; the rules of the mapping hold for it. In a folder the
    /// table is found as by [`Dataset::read`].
    ///
    /// # Errors
    /// As [`Dataset::read`]; [`TablesError::Source`] when the source does not have the table.
    pub fn read_table(
        source: impl AsRef<Path>,
        table: TableName,
        mapping: Option<&Mapping>,
        options: &ReadOptions,
    ) -> Result<Self, TablesError> {
        let source = source.as_ref();
        let found = if source.is_file() {
            Some(vec![source.to_path_buf()])
        } else {
            files::find(source, mapping)?.remove(&table)
        };
        let files = found.ok_or_else(|| TablesError::Source {
            source_path: source.display().to_string(),
            found: format!("nothing that holds {table}"),
        })?;
        let quarantine = match &options.quarantine {
            Some(folder) => {
                files::keep_apart(folder, files.iter())?;
                Some(Quarantine::create(folder, table)?)
            }
            None => None,
        };
        let rules = mapping.and_then(|mapping| mapping.table(table));
        let reading = Reading::whole(table, &files, rules, options.csv, &options.parallelism);
        let mut draft = Draft::read(&reading, quarantine, None)?;
        draft.settle(rules.map_or(&[], |rules| &rules.distinct), options.csv)?;
        let faults = take_faults(std::slice::from_mut(&mut draft), false);
        if !faults.is_empty() {
            return Err(TablesError::Faults { faults });
        }
        let (accounts, of_row) = accounts_of(&draft);
        Self::of_table(draft, accounts, &of_row)
    }
}

/// The accounts that the rows name, ascending, and the one of each row.
fn accounts_of(draft: &Draft) -> (Vec<String>, Vec<Option<u32>>) {
    let Some(ColumnData::Text { dictionary, codes }) = draft.column("account_id") else {
        return (Vec::new(), vec![None; draft.n_rows()]);
    };
    let used: BTreeSet<u32> = codes.iter().copied().collect();
    let named: Vec<(u32, &str)> =
        used.into_iter().filter_map(|code| Some((code, dictionary.get(code)?))).collect();
    // The dictionary is sorted, so codes ascend as ids do.
    let place = |code: &u32| named.binary_search_by_key(code, |(code, _)| *code).ok();
    let of_row = codes.iter().map(|code| place(code).map(|place| place as u32)).collect();
    (named.into_iter().map(|(_, id)| id.to_owned()).collect(), of_row)
}
