//! Tables as text: CSV, TSV and their kin, one document a row.

use std::borrow::Cow;

use csv_core::{ReadRecordResult, ReaderBuilder};
use gori_core::{Error, ErrorKind, Metadata, Part, Result};

use super::{Certainty, Format, Input, Output, meta};
use crate::charset::decode;
use crate::limits::{human_bytes, too_large};
use crate::sample::Sample;

/// Bytes of one record above which a quote was left open or the file is hostile.
const MAX_RECORD: usize = 1 << 20;
/// How many records decide on the delimiter.
const HEAD_RECORDS: usize = 20;

/// CSV, TSV and other delimited text: each row a document, [`Part::Row`] counted from 1
/// without the header.
///
/// By default the text of a row is a line `name: value` for each column that holds
/// something. Where columns are chosen for the text, the others become metadata.
///
/// ```
/// use gori_loaders::{Blob, Csv, Formats, Reader};
///
/// let reader = Reader::new().formats(Formats::default().with(Csv::default().text(["body"])));
/// let rows = reader.documents(Blob::new("a.csv", "id,body\n7,Hello\n"))?;
/// assert_eq!(rows[0].text, "Hello");
/// assert_eq!(rows[0].metadata["id"], "7".into());
/// # Ok::<(), gori_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Csv {
    text: Vec<String>,
    no_header: bool,
    delimiter: Option<u8>,
}

impl Csv {
    /// These columns are the text, in this order; the others become metadata.
    #[must_use]
    pub fn text(mut self, columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.text = columns.into_iter().map(Into::into).collect();
        self
    }

    /// The first line is a row like any other; columns are called `1`, `2` and so on.
    #[must_use]
    pub fn no_header(mut self) -> Self {
        self.no_header = true;
        self
    }

    /// The delimiter, where it is not to be told from the file.
    #[must_use]
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.delimiter = Some(delimiter);
        self
    }
}

impl Format for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn recognise(&self, sample: &Sample<'_>) -> Certainty {
        let named = matches!(sample.extension().as_str(), "csv" | "tsv" | "psv")
            || matches!(
                sample.media_type,
                Some("text/csv" | "text/tab-separated-values")
            );
        match sample.is_text() {
            true if named => Certainty::Named,
            true if sample.is_unnamed() && looks_like_a_table(sample) => Certainty::Possible,
            _ => Certainty::No,
        }
    }

    fn read(&self, input: &Input<'_>, output: &mut Output<'_>) -> Result<()> {
        let decoded = decode(input.bytes, input.charset);
        if let Some(warning) = decoded.warning {
            output.warn(warning)?;
        }
        let extension = Sample::new(input.source, &[], None).extension();
        let delimiter = self.delimiter.unwrap_or(match extension.as_str() {
            "tsv" => b'\t',
            "psv" => b'|',
            _ => guess_delimiter(&decoded.text),
        });
        let mut records = Records::new(decoded.text.as_bytes(), delimiter, input);
        let mut table = Table {
            csv: self,
            columns: Vec::new(),
            text: Vec::new(),
            rows: 0,
            ragged: 0,
        };
        if !self.no_header {
            match records.next()? {
                Some(header) => table.header(header)?,
                None => return output.skip("no row in it"),
            }
        }
        while let Some(record) = records.next()? {
            table.row(&record, output)?;
        }
        if table.ragged > 0 {
            output.warn(format!(
                "{} rows have more or fewer fields than the header",
                table.ragged
            ))?;
        }
        Ok(())
    }
}

/// Whether lines of which nobody says what they are form a table beyond doubt: every record
/// has the same number of fields, the first names them, and a comma is no comma of prose.
fn looks_like_a_table(sample: &Sample<'_>) -> bool {
    const COLUMN_NAME: usize = 64;
    let head = sample.head();
    let delimiter = guess_delimiter(&head);
    let mut counts = counts(head.as_bytes(), delimiter);
    if !sample.is_short() {
        // The last record may be cut off, unless there are others behind it.
        counts.pop();
    }
    let Some(fields) = counts.first().filter(|_| counts.len() >= 3) else {
        return false;
    };
    let enough = if delimiter == b',' { 2 } else { 1 };
    let header = head.lines().next().unwrap_or_default();
    let mut names: Vec<&str> = header.split(char::from(delimiter)).map(str::trim).collect();
    names.sort_unstable();
    let named = names.windows(2).all(|pair| pair.first() != pair.last())
        && names
            .iter()
            .all(|name| (1..=COLUMN_NAME).contains(&name.len()));
    let prose = delimiter == b','
        && head
            .lines()
            .any(|line| !line.contains('"') && line.contains(", "));
    *fields >= enough && named && !prose && counts.iter().all(|count| count == fields)
}

/// How many delimiters each of the first records has, outside of quotes; a quoted field may
/// go over several lines. Blank lines are no records.
fn counts(text: &[u8], delimiter: u8) -> Vec<usize> {
    let mut counts = Vec::new();
    let (mut quoted, mut count, mut blank) = (false, 0, true);
    for byte in text.iter().copied().chain([b'\n']) {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => {
                if !blank {
                    counts.push(count);
                }
                (count, blank) = (0, true);
                if counts.len() == HEAD_RECORDS {
                    break;
                }
                continue;
            }
            byte if byte == delimiter && !quoted => count += 1,
            _ => {}
        }
        blank &= byte.is_ascii_whitespace();
    }
    counts
}

/// The delimiter that the first records agree on, `,` where none does.
fn guess_delimiter(text: &str) -> u8 {
    // Quotes that are never closed must not make a whole file one record.
    const HEAD: usize = 16 << 10;
    let text = text.as_bytes();
    let head = text.get(..HEAD).unwrap_or(text);
    // The number that every record has: many fields weigh more than few.
    let agreement = |delimiter: &u8| counts(head, *delimiter).into_iter().min();
    let best = [b',', b';', b'\t', b'|']
        .into_iter()
        .rev()
        .max_by_key(agreement);
    best.unwrap_or(b',')
}

/// Records one at a time, each within its limits before anything is allocated for it.
struct Records<'a> {
    reader: csv_core::Reader,
    rest: &'a [u8],
    fields: Vec<u8>,
    ends: Vec<usize>,
    count: u64,
    ended: bool,
    input: &'a Input<'a>,
}

impl<'a> Records<'a> {
    fn new(text: &'a [u8], delimiter: u8, input: &'a Input<'a>) -> Self {
        Self {
            reader: ReaderBuilder::new().delimiter(delimiter).build(),
            rest: text,
            fields: vec![0; 4096],
            ends: vec![0; 64],
            count: 0,
            ended: false,
            input,
        }
    }

    /// The fields of the next record, without the blanks around them.
    fn next(&mut self) -> Result<Option<Vec<Cow<'_, str>>>> {
        self.count += 1;
        if self.count.is_multiple_of(1024) {
            self.input.check()?;
        }
        let (mut written, mut ends) = (0, 0);
        while !self.ended {
            let (result, read, wrote, ended) = self.reader.read_record(
                self.rest,
                self.fields.get_mut(written..).unwrap_or_default(),
                self.ends.get_mut(ends..).unwrap_or_default(),
            );
            self.rest = self.rest.get(read..).unwrap_or_default();
            written += wrote;
            ends += ended;
            match result {
                // An empty input is how the reader is told that this is the end.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.more_bytes()?,
                ReadRecordResult::OutputEndsFull => self.more_fields()?,
                ReadRecordResult::Record => return Ok(Some(self.record(ends))),
                ReadRecordResult::End => self.ended = true,
            }
        }
        Ok(None)
    }

    fn more_bytes(&mut self) -> Result<()> {
        if self.fields.len() >= MAX_RECORD {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!(
                    "record {} is above {}",
                    self.count,
                    human_bytes(MAX_RECORD as u64)
                ),
            )
            .hint("look for a quote that is left open"));
        }
        self.fields.resize(self.fields.len() * 2, 0);
        Ok(())
    }

    fn more_fields(&mut self) -> Result<()> {
        if self.ends.len() >= self.input.limits.fields {
            let what = format!("the number of fields of record {}", self.count);
            return Err(too_large(&what, self.input.limits.fields));
        }
        self.ends.resize(self.ends.len() * 2, 0);
        Ok(())
    }

    fn record(&self, ends: usize) -> Vec<Cow<'_, str>> {
        let mut start = 0;
        let ends = self.ends.get(..ends).unwrap_or_default();
        ends.iter()
            .map(|end| {
                let field = self.fields.get(start..*end).unwrap_or_default();
                start = *end;
                match String::from_utf8_lossy(field) {
                    Cow::Borrowed(field) => Cow::Borrowed(field.trim()),
                    Cow::Owned(field) => Cow::Owned(field.trim().to_owned()),
                }
            })
            .collect()
    }
}

struct Table<'a> {
    csv: &'a Csv,
    columns: Vec<String>,
    /// Where the columns of the text stand.
    text: Vec<usize>,
    rows: u64,
    ragged: u64,
}

impl Table<'_> {
    fn header(&mut self, header: Vec<Cow<'_, str>>) -> Result<()> {
        for wanted in &self.csv.text {
            let found = header.iter().position(|name| name == wanted);
            self.text.push(found.ok_or_else(|| {
                Error::new(ErrorKind::Config, format!("there is no column `{wanted}`"))
                    .hint(format!("its columns are: {}", header.join(", ")))
            })?);
        }
        self.columns = header.into_iter().map(Cow::into_owned).collect();
        Ok(())
    }

    fn row(&mut self, record: &[Cow<'_, str>], output: &mut Output<'_>) -> Result<()> {
        self.rows += 1;
        if !self.columns.is_empty() && record.len() != self.columns.len() {
            self.ragged += 1;
        }
        let mut metadata = Metadata::new();
        // A table may have a million rows, so the text is written once and in place.
        let mut text = String::new();
        let mut line = |name: Option<&str>, value: &str| {
            let name = name.into_iter().flat_map(|name| [name, ": "]);
            let end = if text.is_empty() { "" } else { "\n" };
            text.extend([end].into_iter().chain(name).chain([value]));
        };
        for (column, value) in record.iter().enumerate() {
            if value.is_empty() || self.text.contains(&column) {
                continue;
            }
            let name = match self.columns.get(column) {
                Some(name) if !name.is_empty() => Cow::Borrowed(name.as_str()),
                _ => Cow::Owned((column + 1).to_string()),
            };
            if self.text.is_empty() {
                line(Some(&name), value);
            } else {
                metadata.insert(name.into_owned(), value.as_ref().into());
            }
        }
        let chosen = self.text.iter().filter_map(|column| record.get(*column));
        for value in chosen.filter(|value| !value.is_empty()) {
            line(None, value);
        }
        metadata.insert(meta::MEDIA_TYPE.to_owned(), "text/csv".into());
        output.part(Part::Row(self.rows), text, metadata)
    }
}
