//! JSON and JSON Lines.

mod looks;

use gori_core::{Error, ErrorKind, Metadata, Part, Result, Value};

use super::{Certainty, Format, Input, Output, meta};
use crate::charset::decode;
use crate::json::{self, Json as Node};
use crate::sample::Sample;

/// JSON, one document a file, and JSON Lines, one document a line.
///
/// By default the text is the JSON itself. Pointers (RFC 6901) say where the records are and
/// which of their values is the text; the scalars beside it become metadata.
///
/// ```
/// use gori_loaders::{Blob, Formats, Json, Reader};
///
/// let json = Json::default().records("/items")?.text("/body")?;
/// let reader = Reader::new().formats(Formats::default().with(json));
/// let blob = Blob::new("a.json", r#"{"items": [{"id": 7, "body": "Hello"}]}"#);
/// let documents = reader.documents(blob)?;
/// assert_eq!((documents[0].text.as_str(), &documents[0].metadata["id"]), ("Hello", &7.into()));
/// # Ok::<(), gori_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Json {
    records: Option<String>,
    text: Option<String>,
}

impl Json {
    /// Where the records are: each element of the array at this pointer is a document,
    /// [`Part::Row`] counted from 1. The empty pointer is the whole.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when it is no pointer.
    pub fn records(mut self, pointer: &str) -> Result<Self> {
        self.records = Some(checked(pointer)?);
        Ok(self)
    }

    /// Which value of a record is the text.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when it is no pointer.
    pub fn text(mut self, pointer: &str) -> Result<Self> {
        self.text = Some(checked(pointer)?);
        Ok(self)
    }
}

fn checked(pointer: &str) -> Result<String> {
    let wrong_escape = pointer
        .split('~')
        .skip(1)
        .any(|rest| !rest.starts_with(['0', '1']));
    if (!pointer.is_empty() && !pointer.starts_with('/')) || wrong_escape {
        return Err(Error::invalid("no JSON pointer")
            .about(pointer)
            .hint("write it as in RFC 6901: `/items/0/body`, `~1` for `/`, `~0` for `~`"));
    }
    Ok(pointer.to_owned())
}

impl Format for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn recognise(&self, sample: &Sample<'_>) -> Certainty {
        let extension = sample.extension();
        let named = matches!(extension.as_str(), "json" | "jsonl" | "ndjson" | "geojson")
            || matches!(
                sample.media_type,
                Some("application/json" | "application/x-ndjson" | "application/jsonl")
            );
        match sample.is_text() {
            true if named => Certainty::Named,
            // No name but those of JSON's relatives and no other format claims such a text.
            true if looks::json(sample) => Certainty::Possible,
            _ => Certainty::No,
        }
    }

    fn read(&self, input: &Input<'_>, output: &mut Output<'_>) -> Result<()> {
        let decoded = decode(input.bytes, input.charset);
        if let Some(warning) = decoded.warning {
            output.warn(warning)?;
        }
        let extension = Sample::new(input.source, &[], None).extension();
        if matches!(extension.as_str(), "jsonl" | "ndjson") || looks::lines(&decoded.text) {
            return self.lines(&decoded.text, input, output);
        }
        if self.records.is_none() && self.text.is_none() {
            // As it stands: lines stay lines of the file, and nothing is parsed.
            return output.part(Part::Whole, decoded.text.into_owned(), metadata(None));
        }
        let root = json::parse(&decoded.text, input)?;
        let Some(records) = &self.records else {
            return self.record(&root, Part::Whole, output);
        };
        let Some(Node::Array(records)) = root.pointer(records) else {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                format!("there is no array at `{records}`"),
            ));
        };
        for (number, record) in (1..).zip(records) {
            input.check()?;
            self.record(record, Part::Row(number), output)?;
        }
        Ok(())
    }
}

impl Json {
    fn lines(&self, text: &str, input: &Input<'_>, output: &mut Output<'_>) -> Result<()> {
        let mut bad = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            if line.trim().is_empty() {
                continue;
            }
            input.check()?;
            if self.text.is_none() {
                output.part(Part::Row(number), line.to_owned(), metadata(None))?;
                continue;
            }
            match json::parse(line, input) {
                Ok(record) => self.record(&record, Part::Row(number), output)?,
                Err(error) if error.kind() == ErrorKind::Corrupt => bad.push(number),
                Err(error) => return Err(error),
            }
        }
        if let [first, ..] = bad[..] {
            output.warn(format!(
                "{} lines are no JSON, the first is {first}",
                bad.len()
            ))?;
        }
        Ok(())
    }

    fn record(&self, record: &Node, part: Part, output: &mut Output<'_>) -> Result<()> {
        let text = match &self.text {
            None => record.to_string(),
            Some(pointer) => match record.pointer(pointer) {
                Some(Node::Scalar(Value::Str(text))) => text.clone(),
                Some(other) => other.to_string(),
                None => return Ok(()),
            },
        };
        output.part(
            part,
            text,
            metadata(self.text.as_deref().map(|text| (record, text))),
        )
    }
}

/// The scalars of a record beside its text, maps inside of it under `outer.inner`.
fn metadata(record: Option<(&Node, &str)>) -> Metadata {
    let mut metadata = Metadata::new();
    if let Some((record, text)) = record {
        record.scalars("", "", &mut |pointer, path, value| {
            if pointer != text && !path.is_empty() {
                metadata.insert(path.to_owned(), value.clone());
            }
        });
    }
    metadata.insert(meta::MEDIA_TYPE.to_owned(), "application/json".into());
    if record.is_none() {
        // The text is JSON itself, which splitters treat as they treat code.
        metadata.insert(meta::LANGUAGE.to_owned(), "json".into());
    }
    metadata
}
