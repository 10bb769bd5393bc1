//! All tables of a source, checked and joined to the accounts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::cell::time_text;
use super::column::ColumnData;
use super::contract::TableName;
use super::fault::TablesError;
use super::files;
use super::holders::{DomainHolders, LeftOut};
use super::mapping::Mapping;
use super::note::{self, Note, code};
use super::quarantine::{self, Quarantine};
use super::raw::CsvFormat;
use super::reading::{Draft, Reading, SourceFile};
use super::refusing::refuse_faults;
use super::table::{Table, TableOfRange};
use crate::parallelism::Parallelism;

/// How tables are read.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// Where bad rows are set aside, in `<table>.csv`; `None` makes any bad row an error.
    pub quarantine: Option<PathBuf>,
    /// How CSV files are written.
    pub csv: CsvFormat,
    /// How many tables are read at once.
    pub parallelism: Parallelism,
}

impl Default for ReadOptions {
    /// Bad rows are errors, delimiters are inferred, one table is read after the other.
    fn default() -> Self {
        Self { quarantine: None, csv: CsvFormat::default(), parallelism: Parallelism::serial() }
    }
}

/// The ISO 4217 codes found in each table; a table without a column of currencies has none.
pub type Currencies = BTreeMap<TableName, BTreeSet<String>>;

/// What was read of a table, for people and for the record of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableSummary {
    /// The table.
    pub table: TableName,
    /// Its files.
    pub files: Vec<PathBuf>,
    /// Rows that can be used.
    pub rows: usize,
    /// Columns of the contract that the files have.
    pub found: Vec<&'static str>,
    /// Columns of the contract that no file has.
    pub absent: Vec<&'static str>,
    /// Columns of the files that nothing asks for.
    pub ignored: Vec<String>,
    /// First and last `known_at`, as ISO 8601 text; `None` where no row has one.
    pub known_at: Option<(String, String)>,
}

/// The tables of a source in memory, checked against their contracts.
///
/// The order of rows, columns, files and tables in the source cannot be seen here.
///
/// ```
/// use propensity::tables::{Dataset, ReadOptions, contract::TableName};
/// let folder = tempfile::tempdir()?;
/// std::fs::write(folder.path().join("accounts.csv"), "account_id,employees\nB,20\nA,10\n")?;
/// std::fs::write(
///     folder.path().join("signals.csv"),
///     "account_id,kind,observed_at\nB,hiring,2026-02-01\nB,funding,2026-01-01\nC,hiring,2026-01-05\n",
/// )?;
///
/// let data = Dataset::read(folder.path(), None, &ReadOptions::default())?;
/// assert_eq!(data.accounts(), ["A", "B"]);
/// let signals = data.table(TableName::Signals).expect("it was given");
/// assert_eq!((signals.rows_of(0), signals.rows_of(1)), (0..0, 0..2));
/// assert_eq!(signals.text("kind")?.get(0), Some("funding")); // by time within an account
/// assert_eq!(signals.number("intensity")?.get(0), None); // not in the file
/// assert!(data.notes().iter().any(|note| note.code == "N_UNKNOWN_ACCOUNT" && note.count == 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Dataset {
    accounts: Vec<String>,
    tables: BTreeMap<TableName, Table>,
    notes: Vec<Note>,
    sources: Vec<SourceFile>,
    summaries: Vec<TableSummary>,
}

impl Dataset {
    /// Reads a folder, a file or a pattern such as `data/*.csv`.
    ///
    /// In a folder, table `accounts` is `accounts.csv`, `accounts.parquet` or all such files in `accounts/`; a
    /// mapping names other files. Only `accounts` is required. Costs one pass over the files and a sort within each
    /// account; memory is about 6 bytes a cell plus the distinct texts.
    ///
    /// # Errors
    /// [`TablesError::Source`] when there is nothing to read; [`TablesError::Faults`] with everything that is wrong
    /// with any of the tables; [`TablesError::Quarantine`] when bad rows cannot be set aside.
    pub fn read(
        source: impl AsRef<Path>,
        mapping: Option<&Mapping>,
        options: &ReadOptions,
    ) -> Result<Self, TablesError> {
        let source = source.as_ref();
        let found = files::find(source, mapping)?;
        let mut dataset = Self::read_files(source, found, mapping, options)?;
        for table in TableName::ALL.into_iter().filter(|table| !dataset.tables.contains_key(table)) {
            dataset.notes.push(note::absent(table));
        }
        dataset.tell_notes();
        Ok(dataset)
    }

    /// Reads a list of accounts and nothing else: a file of any name, or a folder or pattern as in [`Self::read`].
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_accounts(
        source: impl AsRef<Path>,
        mapping: Option<&Mapping>,
        options: &ReadOptions,
    ) -> Result<Self, TablesError> {
        let source = source.as_ref();
        let found = if source.is_file() {
            BTreeMap::from([(TableName::Accounts, vec![source.to_path_buf()])])
        } else {
            let mut found = files::find(source, mapping)?;
            found.retain(|table, _| *table == TableName::Accounts);
            found
        };
        let mut dataset = Self::read_files(source, found, mapping, options)?;
        dataset.tell_notes();
        Ok(dataset)
    }

    fn read_files(
        source: &Path,
        found: BTreeMap<TableName, Vec<PathBuf>>,
        mapping: Option<&Mapping>,
        options: &ReadOptions,
    ) -> Result<Self, TablesError> {
        let found: Vec<(TableName, Vec<PathBuf>)> = found.into_iter().collect();
        if let Some(folder) = &options.quarantine {
            let inputs = found.iter().flat_map(|(_, files)| files);
            files::keep_apart(folder, inputs)?;
        }
        let read = options.parallelism.map(&found, |_, (table, files)| {
            let rules = mapping.and_then(|mapping| mapping.table(*table));
            let quarantine = match &options.quarantine {
                Some(folder) => Some(Quarantine::create(folder, *table)?),
                None => None,
            };
            let reading = Reading::whole(*table, files, rules, options.csv, &options.parallelism);
            let mut draft = Draft::read(&reading, quarantine, None)?;
            draft.settle(rules.map_or(&[], |rules| &rules.distinct), options.csv)?;
            Ok(draft)
        });
        let mut drafts = read.into_iter().collect::<Result<Vec<Draft>, TablesError>>()?;
        refuse_faults(source, &mut drafts)?;
        let mut dataset = Self::join(&mut drafts);
        dataset.notes.extend(quarantine::commit_all(drafts)?);
        Ok(dataset)
    }

    fn tell_notes(&mut self) {
        self.notes.sort();
        for note in &self.notes {
            tracing::info!(code = note.code, table = %note.table, count = note.count, "{}", note.text);
        }
    }

    fn join(drafts: &mut [Draft]) -> Self {
        let ids = drafts.iter().find(|draft| draft.table() == TableName::Accounts).and_then(|draft| {
            match draft.column("account_id") {
                Some(ColumnData::Text { codes, dictionary }) => {
                    let used: BTreeSet<u32> = codes.iter().copied().collect();
                    Some(
                        used.into_iter().filter_map(|code| dictionary.get(code)).map(str::to_owned).collect(),
                    )
                }
                _ => None,
            }
        });
        let mut dataset = Self {
            accounts: ids.unwrap_or_default(),
            tables: BTreeMap::new(),
            notes: Vec::new(),
            sources: Vec::new(),
            summaries: Vec::new(),
        };
        let accounts = drafts.iter().find(|draft| draft.table() == TableName::Accounts);
        let (domains, notes) = accounts
            .map(|draft| DomainHolders::read(draft, |id| dataset.account_index(id)))
            .unwrap_or_default();
        dataset.notes.extend(notes);
        for draft in drafts {
            let accounts = dataset.accounts_of(draft, &domains);
            for (known_at, account) in draft.known_at.iter_mut().zip(&accounts) {
                // What was joined by domain is known from the day on that the account of the domain is.
                *known_at = account.map_or(*known_at, |(_, from)| from.max(*known_at));
            }
            let accounts: Vec<Option<u32>> =
                accounts.iter().map(|found| found.map(|(account, _)| account)).collect();
            let (found, absent) = column_names(draft);
            let table = Table::new(draft, &accounts, dataset.accounts.len(), &[]);
            dataset.summaries.push(TableSummary {
                table: draft.table(),
                files: draft.files.clone(),
                rows: table.n_rows(),
                found,
                absent,
                ignored: draft.ignored.iter().cloned().collect(),
                known_at: span(&table).map(|(first, last)| (time_text(first), time_text(last))),
            });
            dataset.sources.append(&mut draft.sources);
            dataset.notes.append(&mut draft.notes);
            dataset.tables.insert(draft.table(), table);
        }
        dataset
    }

    /// The tables of some accounts. `unread` names the columns of each table that were left out, by position.
    pub(super) fn of_range(
        accounts: Vec<String>,
        tables: Vec<TableOfRange>,
        unread: &BTreeMap<TableName, Vec<usize>>,
    ) -> Self {
        let n_accounts = accounts.len();
        let table = |TableOfRange { mut draft, accounts, by_date }: TableOfRange| {
            let unread = unread.get(&draft.table()).map_or(&[][..], Vec::as_slice);
            let table = if by_date { Table::by_date } else { Table::new };
            (draft.table(), table(&mut draft, &accounts, n_accounts, unread))
        };
        let tables = tables.into_iter().map(table).collect();
        Self { accounts, tables, notes: Vec::new(), sources: Vec::new(), summaries: Vec::new() }
    }

    /// One table by itself, with the accounts it names; bad rows that were set aside get their file.
    pub(super) fn of_table(
        mut draft: Draft,
        accounts: Vec<String>,
        of_row: &[Option<u32>],
    ) -> Result<Self, TablesError> {
        let table = Table::new(&mut draft, of_row, accounts.len(), &[]);
        let (mut notes, sources) = (std::mem::take(&mut draft.notes), std::mem::take(&mut draft.sources));
        notes.extend(quarantine::commit_all(vec![draft])?);
        notes.sort();
        Ok(Self { accounts, tables: [(table.name(), table)].into(), notes, sources, summaries: Vec::new() })
    }

    fn account_index(&self, id: &str) -> Option<u32> {
        self.accounts.binary_search_by(|account| account.as_str().cmp(id)).ok().map(|index| index as u32)
    }

    /// The account of each row of a draft, with the moment from which that was known; rows without one are counted in
    /// notes.
    fn accounts_of(&mut self, draft: &Draft, domains: &DomainHolders) -> Vec<Option<(u32, i64)>> {
        // Looked up once per distinct text, not once per row.
        let texts = |name: &str| match draft.column(name) {
            Some(ColumnData::Text { dictionary, codes }) => Some((dictionary, codes)),
            _ => None,
        };
        let by_id = texts("account_id").map(|(dictionary, codes)| {
            let accounts: Vec<Option<u32>> = dictionary.iter().map(|id| self.account_index(id)).collect();
            (accounts, codes)
        });
        let signals = draft.table() == TableName::Signals;
        let by_domain = texts("domain").filter(|_| signals).map(|(dictionary, codes)| {
            let holders: Vec<_> = dictionary.iter().map(|text| domains.of(text)).collect();
            (holders, codes)
        });
        let (mut unknown, mut joined) = (0, 0);
        let mut left_out: BTreeMap<LeftOut, u64> = BTreeMap::new();
        let accounts = (0..draft.n_rows())
            .map(|row| {
                let by_id =
                    by_id.as_ref().and_then(|(accounts, codes)| accounts.get(codes[row] as usize).copied());
                if let Some(account) = by_id {
                    unknown += u64::from(account.is_none());
                    return account.map(|account| (account, i64::MIN));
                }
                let (holders, codes) = by_domain.as_ref()?;
                let holders = holders.get(codes[row] as usize).copied().unwrap_or(Err(LeftOut::NotADomain));
                let found = holders.and_then(|holders| holders.at(draft.known_at[row]));
                match found {
                    Ok(_) => joined += 1,
                    Err(reason) => *left_out.entry(reason).or_default() += 1,
                }
                found.ok()
            })
            .collect();
        let mut note = |code, count, text: &str| {
            if count > 0 {
                self.notes.push(Note { table: draft.table(), code, text: text.to_owned(), count });
            }
        };
        let n_rows = draft.n_rows() as u64;
        let suspicious = left_out.iter().filter(|(reason, _)| reason.is_suspicious());
        let of_nobody = unknown + suspicious.map(|(_, count)| count).sum::<u64>();
        if 20 * of_nobody > n_rows {
            tracing::warn!(
                table = %draft.table(),
                rows = n_rows,
                left_out = of_nobody,
                "more than one row in twenty belongs to no account: compare the ids, leading zeros included"
            );
        }
        note(code::UNKNOWN_ACCOUNT, unknown, "rows of accounts that are not in accounts left out");
        for (reason, count) in left_out {
            note(reason.code(), count, reason.text());
        }
        note(code::JOINED_BY_DOMAIN, joined, "rows joined to their account by domain");
        accounts
    }

    /// The ids of all accounts, ascending; in the order of their keys where the data set is one of
    /// [`Partitions`](super::Partitions). An account's index is its place here.
    pub fn accounts(&self) -> &[String] {
        &self.accounts
    }

    /// The ids of all accounts, as [`Self::accounts`] gives them.
    pub(crate) fn into_accounts(self) -> Vec<String> {
        self.accounts
    }

    /// The accounts for whose id `keep` is true, with all their rows.
    ///
    /// Memory is that of the rows that are kept. Notes and summaries are those of the whole and stay with it.
    #[must_use]
    pub fn part(&self, keep: impl Fn(&str) -> bool) -> Self {
        let kept: Vec<usize> =
            (0..self.accounts.len()).filter(|account| keep(&self.accounts[*account])).collect();
        Self {
            accounts: kept.iter().map(|account| self.accounts[*account].clone()).collect(),
            tables: self.tables.iter().map(|(name, table)| (*name, table.part(&kept))).collect(),
            notes: Vec::new(),
            sources: self.sources.clone(),
            summaries: Vec::new(),
        }
    }

    /// A table; `None` where the source does not have it.
    pub fn table(&self, table: TableName) -> Option<&Table> {
        self.tables.get(&table)
    }

    /// The currencies that the amounts of each table are in.
    pub fn currencies(&self) -> Currencies {
        let of_table =
            |table: &Table| table.text("currency").map(|text| text.levels().map(str::to_owned).collect());
        let levels = |(name, table): (&TableName, &Table)| (*name, of_table(table).unwrap_or_default());
        self.tables.iter().map(levels).collect()
    }

    /// What was left out, stood in for or counted, by table and code.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The files that were read, with their hashes.
    pub fn sources(&self) -> &[SourceFile] {
        &self.sources
    }

    /// What was read of each table.
    pub fn summaries(&self) -> &[TableSummary] {
        &self.summaries
    }

    /// First and last `known_at` over all tables but `accounts`, in microseconds; `None` without such rows.
    pub fn time_span(&self) -> Option<(i64, i64)> {
        let events = self.tables.iter().filter(|(table, _)| **table != TableName::Accounts);
        events
            .filter_map(|(_, table)| span(table))
            .reduce(|(first, last), (min, max)| (first.min(min), last.max(max)))
    }
}

/// First and last `known_at` of the rows that have one.
fn span(table: &Table) -> Option<(i64, i64)> {
    let times = || (0..table.n_rows()).map(|row| table.known_at(row)).filter(|&time| time != i64::MIN);
    Some((times().min()?, times().max()?))
}

fn column_names(draft: &Draft) -> (Vec<&'static str>, Vec<&'static str>) {
    let columns = draft.contract.columns.iter().zip(&draft.present);
    let (found, absent): (Vec<_>, Vec<_>) = columns.partition(|(_, present)| **present);
    let names = |columns: Vec<(&super::contract::ColumnContract, &bool)>| {
        columns.into_iter().map(|(column, _)| column.name).collect()
    };
    (names(found), names(absent))
}
