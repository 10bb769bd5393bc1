//! Tables for spreadsheets: texts that would run as formulas, and workbooks.

use std::borrow::Cow;
use std::io;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::Cells;
use super::cells::Schema;
use crate::output::StagedFile;

/// What a cell must not start with: a spreadsheet would run it, or let it run what follows.
const FORMULA_STARTS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// Rows of a worksheet, the header included.
const ROWS_PER_SHEET: u32 = 1_048_576;

/// Days from 1899-12-30, where spreadsheets begin to count, to 1970-01-01.
const EPOCH_DAYS: i32 = 25_569;

/// A text that no spreadsheet takes for a formula: one that starts like a formula gets an apostrophe in front, as the
/// OWASP page on CSV injection advises (<https://owasp.org/www-community/attacks/CSV_Injection>).
///
/// ```
/// use propensity::tables::write::spreadsheet_text;
/// assert_eq!(spreadsheet_text("=HYPERLINK(\"http://x\")"), "'=HYPERLINK(\"http://x\")");
/// assert_eq!(spreadsheet_text("Contoso + Sons"), "Contoso + Sons");
/// ```
pub fn spreadsheet_text(text: &str) -> Cow<'_, str> {
    let starts_blank = text.starts_with(['\t', '\r', '\n']);
    if starts_blank || text.trim_start().starts_with(FORMULA_STARTS) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// A workbook on its way to a file. Rows go to temporary files at once; the file is packed at the end.
pub(super) struct Book {
    file: StagedFile,
    workbook: Workbook,
    header: Vec<String>,
    sheets: u32,
    next_row: u32,
    date: Format,
    time: Format,
}

impl Book {
    pub(super) fn open(file: StagedFile, schema: &Schema) -> io::Result<Self> {
        let mut workbook = Workbook::new();
        // The bytes of a workbook depend on its rows alone, so it was made on no day.
        let made = ExcelDateTime::from_ymd(2000, 1, 1).map_err(io::Error::other)?;
        workbook.set_properties(&DocProperties::new().set_creation_datetime(&made));
        let header = schema.columns().iter().map(|(name, _)| name.clone()).collect();
        let mut book = Self {
            file,
            workbook,
            header,
            sheets: 0,
            next_row: 0,
            date: Format::new().set_num_format("yyyy-mm-dd"),
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
        };
        book.add_sheet().map_err(io::Error::other)?;
        Ok(book)
    }

    fn add_sheet(&mut self) -> Result<(), XlsxError> {
        let bold = Format::new().set_bold();
        let sheet = self.workbook.add_worksheet_with_constant_memory()?;
        self.sheets += 1;
        let name = if self.sheets == 1 { "report".to_owned() } else { format!("report {}", self.sheets) };
        sheet.set_name(name)?;
        sheet.set_freeze_panes(1, 0)?;
        for (column, name) in (0_u16..).zip(&self.header) {
            sheet.set_column_width(column, (name.chars().count() as f64 + 2.0).clamp(10.0, 40.0))?;
        }
        for (column, name) in (0_u16..).zip(&self.header) {
            sheet.write_with_format(0, column, spreadsheet_text(name).as_ref(), &bold)?;
        }
        self.next_row = 1;
        Ok(())
    }

    /// Writes the rows of some columns.
    pub(super) fn write(&mut self, columns: &[Cells]) -> io::Result<()> {
        let n_rows = columns.first().map_or(0, Cells::len);
        for row in 0..n_rows {
            if self.next_row == ROWS_PER_SHEET {
                self.add_sheet().map_err(io::Error::other)?;
            }
            let at = self.next_row;
            let sheet =
                self.workbook.worksheet_from_index(self.sheets as usize - 1).map_err(io::Error::other)?;
            for (column, cells) in (0_u16..).zip(columns) {
                write_cell(sheet, at, column, cells, row, (&self.date, &self.time))
                    .map_err(io::Error::other)?;
            }
            self.next_row += 1;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<StagedFile> {
        self.workbook.save_to_writer(&mut self.file).map_err(io::Error::other)?;
        Ok(self.file)
    }
}

fn write_cell(
    sheet: &mut Worksheet,
    at: u32,
    column: u16,
    cells: &Cells,
    row: usize,
    (date, time): (&Format, &Format),
) -> Result<(), XlsxError> {
    match cells {
        Cells::Text(cells) => {
            if let Some(text) = &cells[row] {
                // A worksheet holds no longer texts.
                let text: String = spreadsheet_text(text).chars().take(32_767).collect();
                sheet.write_string(at, column, text)?;
            }
        }
        Cells::Integer(cells) => {
            if let Some(number) = cells[row] {
                sheet.write_number(at, column, number as f64)?;
            }
        }
        Cells::Number(cells) => {
            if let Some(number) = cells[row] {
                sheet.write_number(at, column, number)?;
            }
        }
        Cells::Number32(cells) => {
            if let Some(number) = cells[row] {
                sheet.write_number(at, column, f64::from(number))?;
            }
        }
        Cells::Masked32 { values, known } => {
            if known[row] {
                sheet.write_number(at, column, f64::from(values[row]))?;
            }
        }
        Cells::Flag(cells) => {
            if let Some(flag) = cells[row] {
                sheet.write_boolean(at, column, flag)?;
            }
        }
        Cells::Time(cells) => {
            if let Some(micros) = cells[row] {
                let days = micros as f64 / crate::quantity::MICROS_PER_DAY as f64;
                sheet.write_number_with_format(at, column, days + f64::from(EPOCH_DAYS), time)?;
            }
        }
        Cells::Date(cells) => {
            if let Some(days) = cells[row] {
                sheet.write_number_with_format(at, column, f64::from(days + EPOCH_DAYS), date)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_starts_like_a_formula_is_made_a_text() {
        for text in ["=1+1", "+48 22", "-Dash Ltd", "@SUM(A1)", "\t=1", "  =cmd|' /C calc'!A0", "＝1"] {
            assert_eq!(spreadsheet_text(text), format!("'{text}"), "{text}");
        }
        for text in ["", "A=1", "3-2-1 Ltd", "'=1", "007"] {
            assert_eq!(spreadsheet_text(text), text);
        }
    }
}
