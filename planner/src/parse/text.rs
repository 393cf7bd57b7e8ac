//! Sections and directives, read strictly.

use super::ParseError;
use crate::render::ini::Key;

/// A directive with the section it is in and the reason that stood before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub section: String,
    pub key: Key,
    pub value: String,
    pub reason: Option<String>,
}

/// One file as a list of directives.
pub(super) fn lines(path: &str, text: &str) -> Result<Vec<Line>, ParseError> {
    let wrong = |message: String| ParseError {
        path: path.to_owned(),
        message,
    };
    let (mut section, mut reason) = (String::new(), None);
    let mut out: Vec<Line> = Vec::new();
    for raw in text.split('\n') {
        if raw.chars().any(crate::name::is_control) {
            return Err(wrong(format!("a control character in {raw:?}")));
        }
        if raw.ends_with('\\') {
            return Err(wrong(format!("{raw:?} swallows the line after it")));
        }
        if let Some(comment) = raw.strip_prefix('#') {
            reason = comment
                .strip_prefix(" reason: \"")
                .and_then(|c| c.strip_suffix('"'))
                .map(str::to_owned)
                .or(reason);
        } else if let Some(more) = raw.strip_prefix("    ") {
            let last = out
                .last_mut()
                .filter(|l| matches!(l.key, Key::AllowedNodeNames | Key::AllowDependenciesOn));
            match last {
                Some(line) => line.value.push_str(more),
                None => return Err(wrong(format!("{raw:?} continues nothing"))),
            }
        } else if let Some(name) = raw.strip_prefix('[').and_then(|r| r.strip_suffix(']')) {
            name.clone_into(&mut section);
        } else if !raw.is_empty() {
            let (key, value) = raw
                .split_once('=')
                .ok_or_else(|| wrong(format!("{raw:?} is no directive")))?;
            let key = Key::find(key)
                .ok_or_else(|| wrong(format!("the directive {key} is none of a plan")))?;
            let line = Line {
                section: section.clone(),
                key,
                value: value.to_owned(),
                reason: reason.take(),
            };
            out.push(line);
        }
    }
    Ok(out)
}
