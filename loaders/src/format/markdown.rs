//! Markdown, with its front matter as metadata.

mod front_matter;

use gori_core::{Metadata, Part, Result, Value};

use super::{Certainty, Format, Input, Output, meta};
use crate::charset::decode;
use crate::sample::Sample;

/// Markdown as it stands; what stands in its YAML front matter becomes metadata.
///
/// The front matter leaves blank lines behind, so that lines of the text are lines of the
/// file. Without a title there, the first heading is the title.
#[derive(Clone, Copy, Debug, Default)]
pub struct Markdown;

impl Format for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn recognise(&self, sample: &Sample<'_>) -> Certainty {
        let named = matches!(
            sample.extension().as_str(),
            "md" | "markdown" | "mdown" | "mkd" | "mdx" | "qmd" | "rmd"
        ) || matches!(sample.media_type, Some("text/markdown" | "text/x-markdown"));
        match sample.is_text() {
            true if named => Certainty::Named,
            true if sample.is_unnamed() && looks_like_markdown(&sample.head()) => {
                Certainty::Possible
            }
            _ => Certainty::No,
        }
    }

    fn read(&self, input: &Input<'_>, output: &mut Output<'_>) -> Result<()> {
        let decoded = decode(input.bytes, input.charset);
        if let Some(warning) = decoded.warning {
            output.warn(warning)?;
        }
        let mut metadata = Metadata::new();
        let mut text = decoded.text.into_owned();
        if let Some(found) = front_matter::find(&text) {
            match front_matter::parse(found.yaml) {
                Ok(fields) => metadata = fields,
                Err(message) => output.warn(format!("front matter left unread: {message}"))?,
            }
            let lines = found.lines;
            let rest = text.split_off(found.end);
            text = "\n".repeat(lines) + &rest;
        }
        if !matches!(metadata.get(meta::TITLE), Some(Value::Str(title)) if !title.is_empty())
            && let Some(title) = first_heading(&text)
        {
            metadata.insert(meta::TITLE.to_owned(), title.into());
        }
        metadata.insert(meta::MEDIA_TYPE.to_owned(), "text/markdown".into());
        output.part(Part::Whole, text, metadata)
    }
}

/// Whether a text of which nobody says what it is has headings of Markdown: two or more, alone
/// between blank lines as comments of scripts and settings are not, one of them of a deeper
/// level or below front matter.
fn looks_like_markdown(head: &str) -> bool {
    let (mut headings, mut deep) = (0u32, front_matter::find(head).is_some());
    let mut above = "";
    let mut lines = head.lines().peekable();
    while let Some(line) = lines.next() {
        let level = line.bytes().take_while(|byte| *byte == b'#').count();
        let is_heading =
            (1..=6).contains(&level) && line.get(level..).is_some_and(|rest| rest.starts_with(' '));
        let alone =
            above.trim().is_empty() && lines.peek().is_none_or(|below| below.trim().is_empty());
        if is_heading && alone {
            headings += 1;
            deep |= level > 1;
        }
        above = if line == "---" { "" } else { line };
    }
    headings >= 2 && deep
}

/// The text of the first heading of the first level, outside of fenced code.
fn first_heading(text: &str) -> Option<String> {
    let mut fence: Option<&str> = None;
    let mut before = "";
    for line in text.lines() {
        let bare = line.trim();
        if let Some(open) = fence {
            if bare.starts_with(open) {
                fence = None;
            }
            continue;
        }
        fence = ["```", "~~~"]
            .into_iter()
            .find(|mark| bare.starts_with(mark));
        if let Some(heading) = line.strip_prefix("# ") {
            let heading = heading.trim().trim_end_matches('#').trim_end();
            return (!heading.is_empty()).then(|| heading.to_owned());
        }
        let underlined = bare.len() >= 2 && bare.bytes().all(|byte| byte == b'=');
        if underlined && !before.is_empty() {
            return Some(before.to_owned());
        }
        before = bare;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_without_a_name_is_told_from_scripts() {
        assert!(looks_like_markdown("# Title\n\ntext\n\n## Part\n\nmore\n"));
        assert!(looks_like_markdown("---\na: 1\n---\n# One\n\nx\n\n# Two\n"));
        for text in [
            "#!/bin/sh\n\n# one\n\n# two\n\n",
            "## key\na = 1\n\n## other\nb = 2\n",
            "# Title\n\ntext\n",
            "#hash #tags\n\n#more\n",
        ] {
            assert!(!looks_like_markdown(text), "{text}");
        }
    }

    #[test]
    fn the_first_heading_is_the_title_but_not_a_comment_in_code() {
        assert_eq!(first_heading("x\n# One #\n").as_deref(), Some("One"));
        assert_eq!(first_heading("One\n===\n").as_deref(), Some("One"));
        assert_eq!(
            first_heading("```sh\n# no\n```\n# 제목\n").as_deref(),
            Some("제목")
        );
        assert_eq!(first_heading("## second level\n#no space"), None);
    }
}
