//! Workbooks, by calamine cell by cell: its ranges allocate every cell between the first and
//! the last, which two cells in far corners turn into a bomb.

use std::io::Cursor;

use calamine::{DataRef, ExcelDateTime, Reader as _, Xlsx};
use gori_core::{Error, ErrorKind, Part, Result};

use super::table::Table;
use super::{Task, properties};
use crate::format::Output;
use crate::isolation::Bytes;
use crate::limits::too_large;
use crate::pack::Pack;

pub(super) fn read(bytes: Bytes<'_>, output: &mut Output<'_>) -> Result<()> {
    let mut pack = Pack::open(&bytes.bytes, bytes.limits, bytes.stop)?;
    let metadata = properties(&mut pack, Task::Xlsx, &bytes)?;
    // calamine unpacks by itself and without limits: everything is unpacked once before, and
    // thrown away.
    for name in pack.names() {
        pack.read(&name)?;
    }
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(&bytes.bytes)).map_err(|error| broken(&error))?;
    for sheet in book.sheet_names() {
        let text = read_sheet(&mut book, &sheet, &bytes)?;
        output.part(Part::Named(sheet), text, metadata.clone())?;
    }
    Ok(())
}

fn read_sheet(book: &mut Xlsx<Cursor<&Vec<u8>>>, sheet: &str, bytes: &Bytes<'_>) -> Result<String> {
    let Ok(mut cells) = book.worksheet_cells_reader(sheet) else {
        // A chart has no cells.
        return Ok(String::new());
    };
    let mut table = Table::default();
    let mut at: Option<(u32, usize)> = None;
    let mut count = 0u32;
    while let Some(cell) = cells.next_cell().map_err(|error| broken(&error))? {
        count = count.wrapping_add(1);
        if count.is_multiple_of(1024) {
            bytes.stop.check()?;
        }
        let value = shown(cell.get_value());
        if value.is_empty() {
            continue;
        }
        let (row, column) = cell.get_position();
        let column = column as usize;
        if column >= bytes.limits.fields {
            return Err(too_large("the number of columns", bytes.limits.fields));
        }
        let next = match at {
            Some((before, next)) if before == row => next,
            _ => {
                table.open_row();
                0
            }
        };
        // Empty cells to the left keep the columns below each other.
        for _ in next..column {
            table.cell("");
        }
        table.cell(&value);
        at = Some((row, column + 1));
    }
    Ok(table.markdown())
}

fn shown(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(int) => int.to_string(),
        DataRef::Float(float) => float.to_string(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            text.clone()
        }
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(yes) => yes.to_string(),
        DataRef::DateTime(time) => date(time),
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => String::new(),
    }
}

fn date(time: &ExcelDateTime) -> String {
    if !time.is_datetime() {
        return format!("{} h", (time.as_f64() * 24.0 * 100.0).round() / 100.0);
    }
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    if (hour, minute, second) == (0, 0, 0) {
        return format!("{year:04}-{month:02}-{day:02}");
    }
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

fn broken(error: &calamine::XlsxError) -> Error {
    Error::new(ErrorKind::Corrupt, format!("no readable workbook: {error}"))
}
