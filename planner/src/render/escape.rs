//! How values are written into unit files. What could change the meaning of a line is escaped; what could end the
//! line never gets here, because the types refuse it.

/// One word of a value that systemd splits on blanks and expands `%` in.
pub(super) fn word(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '%' => out.push_str("%%"),
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// One argument of a command line, where `$` is expanded besides.
pub(super) fn argument(text: &str) -> String {
    word(text).replace('$', "$$")
}

/// The whole of a value that is not split, such as a description.
pub(super) fn line(text: &str) -> String {
    let escaped = text.replace('%', "%%");
    // A backslash at the end would swallow the next line.
    if escaped.ends_with('\\') {
        format!("{escaped} ")
    } else {
        escaped
    }
}

/// Text for a cell of a Markdown table or a line of it.
pub(super) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation()
            && !matches!(c, '.' | ',' | '/' | ':' | '%' | '-' | '\'' | '(' | ')')
        {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Takes a word or argument apart again.
pub(crate) fn unword(text: &str, command: bool) -> Option<String> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '%' if chars.next() == Some('%') => out.push('%'),
            '\\' => match chars.next()? {
                c @ ('\\' | '"') => out.push(c),
                _ => return None,
            },
            '$' if command && chars.next() == Some('$') => out.push('$'),
            '$' if !command => out.push('$'),
            '%' | '$' | '"' => return None,
            c => out.push(c),
        }
    }
    Some(out)
}
