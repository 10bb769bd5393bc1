//! Finds the files of each table: a folder of tables, a single file, a pattern, or the files a mapping names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::contract::TableName;
use super::fault::TablesError;
use super::mapping::Mapping;
use super::raw::RawTable;

/// The files of each table, in the order of their names.
pub(super) fn find(
    source: &Path,
    mapping: Option<&Mapping>,
) -> Result<BTreeMap<TableName, Vec<PathBuf>>, TablesError> {
    let mut found = BTreeMap::new();
    let folder = match mapping {
        Some(_) if source.is_file() => source.parent(),
        _ if source.is_dir() => Some(source),
        Some(_) => return Err(missing(source, "nothing there")),
        None => None,
    };
    let Some(folder) = folder else {
        let files = if source.is_file() { vec![source.to_path_buf()] } else { matches(source, source)? };
        for file in files {
            let table = table_of(&file)
                .ok_or_else(|| missing(source, &format!("{}, which names no table", file.display())))?;
            found.entry(table).or_insert_with(Vec::new).push(file);
        }
        return Ok(found);
    };
    for table in TableName::ALL {
        let files = match mapping.and_then(|mapping| mapping.table(table)) {
            Some(rules) => {
                let path = folder.join(&rules.file);
                // A file that is not there is reported when it is opened, with its table.
                if path.is_dir() {
                    files_in(&path)?
                } else if path.exists() || !rules.file.contains(['*', '?', '[']) {
                    vec![path]
                } else {
                    matches(&path, source)?
                }
            }
            None => files_of(folder, table)?,
        };
        if !files.is_empty() {
            found.insert(table, files);
        }
    }
    Ok(found)
}

/// `<table>.csv`, `<table>.parquet` and the files in `<table>/`, all of them.
fn files_of(folder: &Path, table: TableName) -> Result<Vec<PathBuf>, TablesError> {
    let mut files: Vec<PathBuf> = ["csv", "tsv", "parquet"]
        .iter()
        .map(|extension| folder.join(format!("{table}.{extension}")))
        .filter(|path| path.is_file())
        .collect();
    let parts = folder.join(table.as_str());
    if parts.is_dir() {
        files.extend(files_in(&parts)?);
    }
    let twice = |file: &PathBuf| file.parent() == Some(folder);
    if files.iter().filter(|file| twice(file)).count() > 1 {
        let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        return Err(TablesError::SeveralFormats { table, files: names });
    }
    Ok(files)
}

/// Refuses to set rows aside in a folder that holds an input: files there may have the names of the set-aside ones.
pub(super) fn keep_apart<'f>(
    folder: &Path,
    inputs: impl Iterator<Item = &'f PathBuf>,
) -> Result<(), TablesError> {
    let Ok(folder) = folder.canonicalize() else { return Ok(()) };
    for input in inputs {
        let of_input = input.canonicalize().ok();
        if of_input.as_deref().and_then(Path::parent) == Some(folder.as_path()) {
            let (folder, input) = (folder.display().to_string(), input.display().to_string());
            return Err(TablesError::QuarantineAmongInputs { folder, input });
        }
    }
    Ok(())
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>, TablesError> {
    let entries = std::fs::read_dir(folder).map_err(|error| missing(folder, &error.to_string()))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.is_file() && RawTable::reads(path))
        .collect();
    files.sort();
    Ok(files)
}

fn matches(pattern: &Path, source: &Path) -> Result<Vec<PathBuf>, TablesError> {
    let text = pattern.to_string_lossy();
    if !text.contains(['*', '?', '[']) {
        return Err(missing(source, "nothing there"));
    }
    let paths = glob::glob(&text).map_err(|error| missing(source, &error.to_string()))?;
    let mut files: Vec<PathBuf> = paths.filter_map(Result::ok).filter(|path| path.is_file()).collect();
    files.sort();
    if files.is_empty() { Err(missing(source, "no file that matches")) } else { Ok(files) }
}

/// The table that a file belongs to: by its own name, else by the name of its folder.
fn table_of(file: &Path) -> Option<TableName> {
    let by_name = |name: Option<&std::ffi::OsStr>| {
        let name = name?.to_str()?;
        TableName::ALL.into_iter().find(|table| table.as_str() == name)
    };
    by_name(file.file_stem()).or_else(|| by_name(file.parent()?.file_name()))
}

fn missing(source: &Path, found: &str) -> TablesError {
    TablesError::Source { source_path: source.display().to_string(), found: found.to_owned() }
}
