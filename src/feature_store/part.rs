//! The files of one date.

use std::path::{Path, PathBuf};

use super::manifest::{Manifest, PartRecord};
use super::{FeatureStoreError, Parts};
use crate::artifact::sha256_of_file;
use crate::features::{FeatureBuilder, Unit, known_accounts};
use crate::matrix::{Column, FeatureMatrix};
use crate::output::OutputError;
use crate::quantity::AsOf;
use crate::tables::write::{Cells, ColumnType, Schema, TableFormat, TableWriter};
use crate::tables::{Dataset, Note, SourceFile};

/// The rows of some accounts on one date.
#[derive(Debug)]
pub(super) struct Rows {
    columns: Vec<Cells>,
    n_rows: u64,
}

impl Rows {
    /// The features of all accounts of a data set on each date on which they were known.
    pub(super) fn build(
        builder: &FeatureBuilder,
        dataset: Dataset,
        dates: &[AsOf],
    ) -> Result<Vec<Self>, FeatureStoreError> {
        let accounts = 0..dataset.accounts().len();
        let of_date = |as_of: &AsOf| {
            let known = known_accounts(&dataset, *as_of)?;
            Ok((known, builder.columns(&dataset, accounts.clone(), (*as_of).into())?))
        };
        let built = dates.iter().map(of_date).collect::<Result<Vec<_>, FeatureStoreError>>()?;
        // The ids are copied for all dates but the last.
        let ids = std::iter::repeat_n(dataset.into_accounts(), built.len());
        built
            .into_iter()
            .zip(ids)
            .map(|((known, columns), ids)| Ok(Self::new(known, builder.matrix(ids, columns)?)))
            .collect()
    }

    /// The rows of the accounts that are `known`.
    fn new(known: Vec<usize>, matrix: FeatureMatrix) -> Self {
        let n_rows = known.len();
        // Where all accounts are known, columns are taken as they are.
        let some = (n_rows < matrix.n_rows()).then_some(known);
        let (ids, columns) = matrix.into_parts();
        let ids = Cells::Text(picked(ids, some.as_deref()).into_iter().map(Some).collect());
        let cells = columns.into_iter().map(|column| match column {
            Column::Number { values, known } => Cells::Masked32 {
                values: picked(values, some.as_deref()),
                known: picked(known, some.as_deref()),
            },
            Column::Level { codes, levels } => {
                let level = |code: u32| levels.get(code as usize).cloned();
                Cells::Text(picked(codes, some.as_deref()).into_iter().map(level).collect())
            }
        });
        Self { columns: std::iter::once(ids).chain(cells).collect(), n_rows: n_rows as u64 }
    }
}

/// The rows of a column that are asked for; all where none are named.
fn picked<T: Clone>(column: Vec<T>, rows: Option<&[usize]>) -> Vec<T> {
    match rows {
        None => column,
        Some(rows) => rows.iter().map(|row| column[*row].clone()).collect(),
    }
}

/// The name of a part.
pub(super) fn file_name(part: usize) -> String {
    format!("part-{part:05}.parquet")
}

/// Writes the files of one date, which appear when all are there.
#[derive(Debug)]
pub(super) struct PartWriter {
    folder: PathBuf,
    manifest: String,
    first: usize,
    files: Vec<(TableWriter, u64)>,
}

impl PartWriter {
    pub(super) fn create(folder: &Path, builder: &FeatureBuilder, parts: Parts) -> Result<Self, OutputError> {
        let id = ("account_id".to_owned(), ColumnType::Text);
        let columns = builder.recipes().iter().map(|recipe| {
            let kind = if recipe.unit == Unit::Name { ColumnType::Text } else { ColumnType::Number32 };
            (recipe.name.clone(), kind)
        });
        let schema = Schema::new(std::iter::once(id).chain(columns));
        let file = |part| {
            let path = folder.join(file_name(part));
            Ok((TableWriter::create(path, TableFormat::WideParquet, schema.clone())?, 0))
        };
        let files = parts.built().map(file).collect::<Result<Vec<_>, OutputError>>()?;
        let (folder, first) = (folder.to_path_buf(), parts.built().start);
        Ok(Self { folder, manifest: parts.manifest(), first, files })
    }

    pub(super) fn append(&mut self, part: usize, rows: Rows) -> Result<(), OutputError> {
        let (writer, n_rows) = &mut self.files[part - self.first];
        *n_rows += rows.n_rows;
        writer.append(rows.columns)
    }

    /// Gives the files their names, and writes the manifest last.
    pub(super) fn commit(
        self,
        plan: &Manifest,
        sources: &[SourceFile],
        notes: &[Note],
    ) -> Result<Manifest, FeatureStoreError> {
        let manifest_path = self.folder.join(&self.manifest);
        if manifest_path.exists() {
            // From here on what was there is no longer whole.
            std::fs::remove_file(&manifest_path).map_err(OutputError::unwritable(&manifest_path))?;
        }
        let mut parts = Vec::new();
        for (writer, n_rows) in self.files {
            let file = name_of(writer.target());
            let (sha256, bytes) = writer.commit_hashed()?;
            parts.push(PartRecord { file, rows: n_rows, bytes, sha256 });
        }
        let manifest = plan.built(parts, sources, notes);
        manifest.write(manifest_path)?;
        Ok(manifest)
    }
}

/// What the manifest says of a file.
pub(super) fn record(path: &Path, rows: u64) -> std::io::Result<PartRecord> {
    let (sha256, bytes) = sha256_of_file(path)?;
    Ok(PartRecord { file: name_of(path), rows, bytes, sha256 })
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
