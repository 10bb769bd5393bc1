//! What columns hold, cell by cell, on their way to a file.

use std::io;

use jiff::civil::Date;
use polars::prelude::{
    BooleanChunked, Column, DataType, Float32Chunked, Float64Chunked, Int32Chunked, Int64Chunked, IntoColumn,
    NewChunkedArray, PlSmallStr, StringChunked, TimeUnit, TimeZone,
};

use super::{CELL_BYTES, TEXT_BYTES};

/// What the cells of a written column hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// UTF-8 text.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// A number of 64 bits.
    Number,
    /// A number of 32 bits.
    Number32,
    /// Yes or no.
    Flag,
    /// A moment, microseconds from 1970-01-01 UTC.
    Time,
    /// A calendar date, days from 1970-01-01.
    Date,
}

impl ColumnType {
    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::String,
            Self::Integer => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::Number32 => DataType::Float32,
            Self::Flag => DataType::Boolean,
            Self::Time => DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)),
            Self::Date => DataType::Date,
        }
    }

    pub(super) fn no_cells(self) -> Cells {
        match self {
            Self::Text => Cells::Text(Vec::new()),
            Self::Integer => Cells::Integer(Vec::new()),
            Self::Number => Cells::Number(Vec::new()),
            Self::Number32 => Cells::Masked32 { values: Vec::new(), known: Vec::new() },
            Self::Flag => Cells::Flag(Vec::new()),
            Self::Time => Cells::Time(Vec::new()),
            Self::Date => Cells::Date(Vec::new()),
        }
    }
}

/// The columns of a table, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema(Vec<(String, ColumnType)>);

impl Schema {
    /// A schema of these columns.
    pub fn new<N: Into<String>>(columns: impl IntoIterator<Item = (N, ColumnType)>) -> Self {
        Self(columns.into_iter().map(|(name, kind)| (name.into(), kind)).collect())
    }

    /// Names and types, in order.
    pub fn columns(&self) -> &[(String, ColumnType)] {
        &self.0
    }
}

/// Some cells of one column; `None` is a missing cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cells {
    /// UTF-8 text.
    Text(Vec<Option<String>>),
    /// Whole numbers.
    Integer(Vec<Option<i64>>),
    /// Numbers of 64 bits.
    Number(Vec<Option<f64>>),
    /// Numbers of 32 bits.
    Number32(Vec<Option<f32>>),
    /// Numbers of 32 bits beside a mask, as feature matrices hold them.
    Masked32 {
        /// One number per row.
        values: Vec<f32>,
        /// Whether the row has one.
        known: Vec<bool>,
    },
    /// Yes or no.
    Flag(Vec<Option<bool>>),
    /// Microseconds from 1970-01-01 UTC.
    Time(Vec<Option<i64>>),
    /// Days from 1970-01-01.
    Date(Vec<Option<i32>>),
}

/// Runs the same expression on whichever vector the cells hold.
macro_rules! on_cells {
    ($cells:expr, $vector:ident => $body:expr) => {
        match $cells {
            Cells::Text($vector) => $body,
            Cells::Integer($vector) | Cells::Time($vector) => $body,
            Cells::Number($vector) => $body,
            Cells::Number32($vector) => $body,
            Cells::Masked32 { values: $vector, .. } => $body,
            Cells::Flag($vector) => $body,
            Cells::Date($vector) => $body,
        }
    };
}

impl Cells {
    /// How many cells there are.
    pub fn len(&self) -> usize {
        on_cells!(self, vector => vector.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// About how many bytes of memory the cell of `row` takes.
    pub(super) fn bytes_of(&self, row: usize) -> usize {
        match self {
            Self::Text(cells) => cells[row].as_ref().map_or(CELL_BYTES, |text| TEXT_BYTES + text.len()),
            _ => CELL_BYTES,
        }
    }

    /// Removes all cells and keeps their memory.
    pub(super) fn clear(&mut self) {
        on_cells!(self, vector => vector.clear());
        if let Self::Masked32 { known, .. } = self {
            known.clear();
        }
    }

    /// Whether the cells are kept in the same way, not only of one type.
    fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// The type these cells fit into.
    pub const fn column_type(&self) -> ColumnType {
        match self {
            Self::Text(_) => ColumnType::Text,
            Self::Integer(_) => ColumnType::Integer,
            Self::Number(_) => ColumnType::Number,
            Self::Number32(_) | Self::Masked32 { .. } => ColumnType::Number32,
            Self::Flag(_) => ColumnType::Flag,
            Self::Time(_) => ColumnType::Time,
            Self::Date(_) => ColumnType::Date,
        }
    }

    /// Moves the first `n_rows` cells to the end of `target`, which holds the same type.
    pub(super) fn move_front(&mut self, n_rows: usize, target: &mut Self) {
        if target.is_empty() && n_rows == self.len() && self.is_like(target) {
            std::mem::swap(self, target);
            return;
        }
        match (self, target) {
            (Self::Text(from), Self::Text(to)) => to.extend(from.drain(..n_rows)),
            (Self::Integer(from), Self::Integer(to)) | (Self::Time(from), Self::Time(to)) => {
                to.extend(from.drain(..n_rows));
            }
            (Self::Number(from), Self::Number(to)) => to.extend(from.drain(..n_rows)),
            (Self::Number32(from), Self::Number32(to)) => to.extend(from.drain(..n_rows)),
            (Self::Masked32 { values, known }, Self::Masked32 { values: to, known: mask }) => {
                to.extend(values.drain(..n_rows));
                mask.extend(known.drain(..n_rows));
            }
            (Self::Number32(from), Self::Masked32 { values, known }) => {
                for cell in from.drain(..n_rows) {
                    values.push(cell.unwrap_or_default());
                    known.push(cell.is_some());
                }
            }
            (Self::Flag(from), Self::Flag(to)) => to.extend(from.drain(..n_rows)),
            (Self::Date(from), Self::Date(to)) => to.extend(from.drain(..n_rows)),
            // Types were compared with the schema when the cells came in.
            _ => {}
        }
    }

    /// The cells as a column; those that need not be copied are taken.
    pub(super) fn take_column(&mut self, name: &str) -> Column {
        let name = PlSmallStr::from_str(name);
        match self {
            Self::Text(cells) => {
                StringChunked::from_iter_options(name, cells.iter().map(Option::as_deref)).into_column()
            }
            Self::Integer(cells) => Int64Chunked::from_slice_options(name, cells).into_column(),
            Self::Number(cells) => Float64Chunked::from_slice_options(name, cells).into_column(),
            Self::Number32(cells) => Float32Chunked::from_slice_options(name, cells).into_column(),
            Self::Masked32 { values, known } => {
                let mask = known.contains(&false).then(|| known.iter().copied().collect());
                Float32Chunked::from_vec_validity(name, std::mem::take(values), mask).into_column()
            }
            Self::Flag(cells) => BooleanChunked::from_slice_options(name, cells).into_column(),
            Self::Time(cells) => Int64Chunked::from_slice_options(name, cells)
                .into_datetime(TimeUnit::Microseconds, Some(TimeZone::UTC))
                .into_column(),
            Self::Date(cells) => Int32Chunked::from_slice_options(name, cells).into_date().into_column(),
        }
    }

    /// Writes the cell of `row` as CSV text into `text`.
    pub(super) fn write_text(&self, row: usize, text: &mut String) -> io::Result<()> {
        use std::fmt::Write as _;
        let outcome = match self {
            Self::Text(cells) => cells[row].as_deref().map_or(Ok(()), |cell| text.write_str(cell)),
            Self::Integer(cells) => cells[row].map_or(Ok(()), |cell| write!(text, "{cell}")),
            Self::Number(cells) => cells[row].map_or(Ok(()), |cell| write!(text, "{cell}")),
            Self::Number32(cells) => cells[row].map_or(Ok(()), |cell| write!(text, "{cell}")),
            Self::Masked32 { values, known } if known[row] => write!(text, "{}", values[row]),
            Self::Masked32 { .. } => Ok(()),
            Self::Flag(cells) => cells[row].map_or(Ok(()), |cell| write!(text, "{cell}")),
            Self::Time(cells) => match cells[row] {
                None => Ok(()),
                Some(micros) => {
                    let moment = jiff::Timestamp::from_microsecond(micros).map_err(io::Error::other)?;
                    write!(text, "{moment}")
                }
            },
            Self::Date(cells) => match cells[row] {
                None => Ok(()),
                Some(days) => {
                    let date = Date::constant(1970, 1, 1)
                        .checked_add(jiff::Span::new().try_days(days).map_err(io::Error::other)?)
                        .map_err(io::Error::other)?;
                    write!(text, "{date}")
                }
            },
        };
        outcome.map_err(io::Error::other)
    }
}
