//! Tables for spreadsheets: texts that would run as formulas, and workbooks.

use std::borrow::Cow;
use std::io;

use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError,
};

use super::Cells;
use super::cells::{ColumnType, Schema};
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

/// Background of the header: the green of Act Now.
const HEADER_COLOUR: u32 = 0x000B_7A5C;
/// Height of the header in points, for names of two lines.
const HEADER_HEIGHT: u32 = 32;
/// Paper and scale of print: a page takes twice as many columns as at full size.
const A4: u8 = 9;
const PRINT_PERCENT: u16 = 55;
/// Characters of a text that a cell holds.
const LONGEST_TEXT: usize = 32_767;

/// How cells look.
struct Look {
    header: Format,
    text: Format,
    count: Format,
    number: Format,
    date: Format,
    time: Format,
}

impl Look {
    fn new() -> Self {
        let shown_as = |format: &str| Format::new().set_num_format(format);
        let header = Format::new()
            .set_bold()
            .set_font_color(Color::White)
            .set_background_color(Color::RGB(HEADER_COLOUR))
            .set_align(FormatAlign::VerticalCenter)
            .set_text_wrap();
        Self {
            header,
            text: Format::new(),
            count: shown_as("#,##0"),
            // Money has two decimals, probabilities and scores up to four.
            number: shown_as("#,##0.00##"),
            date: shown_as("yyyy-mm-dd"),
            time: shown_as("yyyy-mm-dd hh:mm:ss"),
        }
    }

    /// How cells of a column look.
    const fn of(&self, kind: ColumnType) -> &Format {
        match kind {
            ColumnType::Text | ColumnType::Flag => &self.text,
            ColumnType::Integer => &self.count,
            ColumnType::Number | ColumnType::Number32 => &self.number,
            ColumnType::Date => &self.date,
            ColumnType::Time => &self.time,
        }
    }
}

/// The width of a column in characters: of its longest text, and of its name in two lines, within what fits a screen.
fn width(name: &str, kind: ColumnType, longest: usize) -> f64 {
    let (least, most) = match kind {
        ColumnType::Text => (10.0, 42.0),
        ColumnType::Time => (20.0, 24.0),
        _ => (12.0, 24.0),
    };
    // Beside a name there is room for the button of the filter.
    let of_name = name.chars().count() as f64 * 0.7 + 4.0;
    of_name.max(longest as f64 * 1.05 + 2.0).clamp(least, most)
}

/// A workbook on its way to a file. Rows go to temporary files at once; the file is packed at the end.
pub(super) struct Book {
    file: StagedFile,
    workbook: Workbook,
    schema: Schema,
    look: Look,
    sheets: u32,
    next_row: u32,
    /// Characters of the longest text of each column.
    longest: Vec<usize>,
}

impl Book {
    pub(super) fn open(file: StagedFile, schema: &Schema) -> io::Result<Self> {
        let mut workbook = Workbook::new();
        // The bytes of a workbook depend on its rows alone, so it was made on no day.
        let made = ExcelDateTime::from_ymd(2000, 1, 1).map_err(io::Error::other)?;
        workbook.set_properties(&DocProperties::new().set_creation_datetime(&made));
        let (schema, look) = (schema.clone(), Look::new());
        let mut book = Self { file, workbook, schema, look, sheets: 0, next_row: 0, longest: Vec::new() };
        book.add_sheet().map_err(io::Error::other)?;
        Ok(book)
    }

    fn add_sheet(&mut self) -> Result<(), XlsxError> {
        let sheet = self.workbook.add_worksheet_with_constant_memory()?;
        self.sheets += 1;
        let name = if self.sheets == 1 { "report".to_owned() } else { format!("report {}", self.sheets) };
        sheet.set_name(name)?;
        sheet.set_freeze_panes(1, 0)?;
        sheet.set_landscape();
        sheet.set_paper_size(A4);
        sheet.set_print_scale(PRINT_PERCENT);
        sheet.set_repeat_rows(0, 0)?;
        sheet.set_footer("&L&A&RPage &P of &N");
        sheet.set_row_height(0, HEADER_HEIGHT)?;
        for (column, (name, _)) in (0_u16..).zip(self.schema.columns()) {
            sheet.write_with_format(0, column, spreadsheet_text(name).as_ref(), &self.look.header)?;
        }
        self.next_row = 1;
        self.longest = vec![0; self.schema.columns().len()];
        Ok(())
    }

    /// Gives the columns of the sheet their widths and filters, once its rows are known.
    fn close_sheet(&mut self) -> Result<(), XlsxError> {
        let n_columns = u16::try_from(self.schema.columns().len()).unwrap_or(u16::MAX);
        let sheet = self.workbook.worksheet_from_index(self.sheets as usize - 1)?;
        for ((column, (name, kind)), longest) in (0_u16..).zip(self.schema.columns()).zip(&self.longest) {
            sheet.set_column_width(column, width(name, *kind, *longest))?;
        }
        if let Some(last) = n_columns.checked_sub(1) {
            sheet.autofilter(0, 0, self.next_row - 1, last)?;
        }
        Ok(())
    }

    /// Writes the rows of some columns.
    pub(super) fn write(&mut self, columns: &[Cells]) -> io::Result<()> {
        self.write_rows(columns).map_err(io::Error::other)
    }

    fn write_rows(&mut self, columns: &[Cells]) -> Result<(), XlsxError> {
        let n_rows = columns.first().map_or(0, Cells::len);
        for row in 0..n_rows {
            if self.next_row == ROWS_PER_SHEET {
                self.close_sheet()?;
                self.add_sheet()?;
            }
            let sheet = self.workbook.worksheet_from_index(self.sheets as usize - 1)?;
            for ((column, cells), longest) in (0_u16..).zip(columns).zip(&mut self.longest) {
                if let Cells::Text(cells) = cells {
                    *longest = cells[row].as_ref().map_or(0, |text| text.chars().count()).max(*longest);
                }
                let format = self.look.of(cells.column_type());
                write_cell(sheet, (self.next_row, column), cells, row, format)?;
            }
            self.next_row += 1;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<StagedFile> {
        self.close_sheet().map_err(io::Error::other)?;
        self.workbook.save_to_writer(&mut self.file).map_err(io::Error::other)?;
        Ok(self.file)
    }
}

fn write_cell(
    sheet: &mut Worksheet,
    (at, column): (u32, u16),
    cells: &Cells,
    row: usize,
    format: &Format,
) -> Result<(), XlsxError> {
    let number = match cells {
        Cells::Text(cells) => {
            if let Some(text) = &cells[row] {
                let text: String = spreadsheet_text(text).chars().take(LONGEST_TEXT).collect();
                sheet.write_string(at, column, text)?;
            }
            None
        }
        Cells::Flag(cells) => {
            if let Some(flag) = cells[row] {
                sheet.write_boolean(at, column, flag)?;
            }
            None
        }
        Cells::Integer(cells) => cells[row].map(|number| number as f64),
        Cells::Number(cells) => cells[row],
        Cells::Number32(cells) => cells[row].map(f64::from),
        Cells::Masked32 { values, known } => known[row].then(|| f64::from(values[row])),
        Cells::Time(cells) => cells[row]
            .map(|micros| micros as f64 / crate::quantity::MICROS_PER_DAY as f64 + f64::from(EPOCH_DAYS)),
        Cells::Date(cells) => cells[row].map(|days| f64::from(days + EPOCH_DAYS)),
    };
    if let Some(number) = number {
        sheet.write_number_with_format(at, column, number, format)?;
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
