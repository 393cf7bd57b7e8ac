//! Jupyter notebooks.

use gori_core::{Error, ErrorKind, Metadata, Part, Result};

use super::{Certainty, Format, Input, Output, meta};
use crate::charset::decode;
use crate::json::{self, Json};
use crate::sample::Sample;

/// A Jupyter notebook as Markdown: text cells as they are, code in fences, and what the code
/// printed below it.
///
/// Pictures and other rich outputs are left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Notebook {
    without_outputs: bool,
}

impl Notebook {
    /// Leaves out what the code printed.
    pub fn without_outputs() -> Self {
        Self {
            without_outputs: true,
        }
    }
}

/// Characters of one output; what a loop printed for an hour is of little use.
const MAX_OUTPUT: usize = 4_000;

/// Bytes at either end in which the keys of a notebook are looked for.
const ENDS: usize = 4 << 10;

impl Format for Notebook {
    fn name(&self) -> &'static str {
        "notebook"
    }

    fn recognise(&self, sample: &Sample<'_>) -> Certainty {
        let named =
            sample.extension() == "ipynb" || sample.media_type == Some("application/x-ipynb+json");
        if !sample.is_text() || !sample.text_starts_with(&["{"]) {
            return Certainty::No;
        }
        // Writers put the keys of a notebook in alphabetical order, `nbformat` near the end.
        let tail = sample.bytes.len().saturating_sub(ENDS);
        let head = sample.bytes.get(..ENDS).unwrap_or(sample.bytes);
        let ends = [head, sample.bytes.get(tail..).unwrap_or_default()];
        let has = |key: &[u8]| {
            ends.iter()
                .any(|end| memchr::memmem::find(end, key).is_some())
        };
        if has(b"\"cells\"") && has(b"\"nbformat\"") && has(b"\"nbformat_minor\"") {
            Certainty::Certain
        } else if named {
            Certainty::Named
        } else {
            Certainty::No
        }
    }

    fn read(&self, input: &Input<'_>, output: &mut Output<'_>) -> Result<()> {
        let decoded = decode(input.bytes, input.charset);
        let notebook = json::parse(&decoded.text, input)?;
        let Some(cells @ Json::Array(_)) = notebook.get("cells") else {
            return Err(Error::new(ErrorKind::Corrupt, "a notebook without cells"));
        };
        let about = |pointer| notebook.pointer(pointer).and_then(Json::str);
        let language = about("/metadata/language_info/name")
            .or_else(|| about("/metadata/kernelspec/language"));
        let language = language.map_or_else(String::new, str::to_lowercase);
        let mut text = String::new();
        for cell in cells.items() {
            input.check()?;
            self.cell(cell, &language, &mut text);
        }
        let mut metadata = Metadata::new();
        metadata.insert(
            meta::MEDIA_TYPE.to_owned(),
            "application/x-ipynb+json".into(),
        );
        let heading = text.lines().find_map(|line| line.strip_prefix("# "));
        let title = about("/metadata/title").or(heading);
        if let Some(title) = title.filter(|title| !title.trim().is_empty()) {
            metadata.insert(meta::TITLE.to_owned(), title.trim().into());
        }
        if !language.is_empty() {
            metadata.insert(meta::LANGUAGE.to_owned(), language.into());
        }
        output.part(Part::Whole, text, metadata)
    }
}

impl Notebook {
    fn cell(&self, cell: &Json, language: &str, text: &mut String) {
        let source = lines(cell.get("source"));
        match cell.get("cell_type").and_then(Json::str) {
            Some("code") => fence(text, language, &source),
            _ => block(text, &source),
        }
        if self.without_outputs {
            return;
        }
        for printed in cell.get("outputs").map_or(&[][..], Json::items) {
            let data = printed.get("data").and_then(|data| data.get("text/plain"));
            for shown in [printed.get("text"), data, printed.get("evalue")] {
                let shown: String = lines(shown).chars().take(MAX_OUTPUT).collect();
                fence(text, "text", &shown);
            }
        }
    }
}

/// Text that the format keeps as one string or as a list of lines.
fn lines(value: Option<&Json>) -> String {
    match value {
        Some(Json::Array(lines)) => lines.iter().filter_map(Json::str).collect(),
        Some(value) => value.str().unwrap_or_default().to_owned(),
        None => String::new(),
    }
}

fn block(text: &mut String, block: &str) {
    let block = block.trim_matches('\n');
    if !block.trim().is_empty() {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(block);
        text.push('\n');
    }
}

fn fence(text: &mut String, language: &str, code: &str) {
    let code = code.trim_matches('\n');
    if !code.trim().is_empty() {
        let marks = if code.contains("```") { "````" } else { "```" };
        block(text, &format!("{marks}{language}\n{code}\n{marks}"));
    }
}

#[cfg(test)]
mod tests {
    use crate::{Blob, Reader};

    #[test]
    fn text_code_and_what_it_printed_become_markdown() {
        let notebook = r##"{"cells": [
            {"cell_type": "markdown", "source": ["# A study\n", "of chains"]},
            {"cell_type": "code", "source": "print(1)", "outputs": [
                {"output_type": "stream", "name": "stdout", "text": ["1\n"]},
                {"output_type": "display_data", "data": {"image/png": "AAAA"}}]},
            {"cell_type": "raw", "source": []}],
            "metadata": {"language_info": {"name": "Python"}}, "nbformat": 4}"##;
        let documents = Reader::new()
            .documents(Blob::new("a.ipynb", notebook))
            .unwrap();
        assert_eq!(
            documents[0].text,
            "# A study\nof chains\n\n```python\nprint(1)\n```\n\n```text\n1\n```\n"
        );
        assert_eq!(documents[0].metadata["title"], "A study".into());
        assert_eq!(documents[0].metadata["language"], "python".into());
    }

    #[test]
    fn what_is_no_notebook_is_an_error() {
        let error = Reader::new()
            .documents(Blob::new("a.ipynb", "{}"))
            .unwrap_err();
        assert_eq!(error.kind(), gori_core::ErrorKind::Corrupt);
        let deep = "[".repeat(100_000);
        let blob = Blob::new("a.ipynb", format!("{{\"cells\": {deep}"));
        assert!(Reader::new().documents(blob).is_err());
    }
}
