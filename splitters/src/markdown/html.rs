//! HTML within Markdown, as far as it hides what would otherwise be Markdown.

/// What ends a block of HTML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// A line that holds this, in any case.
    Line(&'static str),
    /// A blank line.
    Blank,
}

/// Elements whose text is taken as it stands, blank lines included.
const RAW: [(&str, &str); 4] = [
    ("pre", "</pre>"),
    ("script", "</script>"),
    ("style", "</style>"),
    ("textarea", "</textarea>"),
];

/// Elements that are blocks of their own, from CommonMark 0.31, section 4.6.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "base",
    "basefont",
    "blockquote",
    "body",
    "caption",
    "center",
    "col",
    "colgroup",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "frame",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "iframe",
    "legend",
    "li",
    "link",
    "main",
    "menu",
    "menuitem",
    "nav",
    "noframes",
    "ol",
    "optgroup",
    "option",
    "p",
    "param",
    "search",
    "section",
    "summary",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
    "track",
    "ul",
];

/// What will end the block of HTML that this line begins, if it begins one.
pub(crate) fn opens(line: &str) -> Option<Ending> {
    let tag = line.strip_prefix('<')?;
    if tag.starts_with("!--") {
        return Some(Ending::Line("-->"));
    }
    if tag.starts_with('?') {
        return Some(Ending::Line("?>"));
    }
    if tag.starts_with("![CDATA[") {
        return Some(Ending::Line("]]>"));
    }
    if tag.starts_with('!') {
        return Some(Ending::Line(">"));
    }
    let name = tag.strip_prefix('/').unwrap_or(tag);
    let length = name.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let (name, after) = name.split_at_checked(length)?;
    if !matches!(
        after.bytes().next(),
        None | Some(b' ' | b'\t' | b'>' | b'/')
    ) {
        return None;
    }
    let raw = RAW.iter().find(|(raw, _)| name.eq_ignore_ascii_case(raw));
    if let (Some((_, end)), false) = (raw, tag.starts_with('/')) {
        return Some(Ending::Line(end));
    }
    let lower = name.to_ascii_lowercase();
    BLOCKS
        .binary_search(&lower.as_str())
        .is_ok()
        .then_some(Ending::Blank)
}

/// Whether the line is one whole tag of any name and nothing else, which begins a block of HTML
/// where no paragraph goes on: the seventh condition of CommonMark's.
pub(crate) fn is_tag(line: &str) -> bool {
    let inside = line.trim_end().strip_prefix('<');
    let Some(inside) = inside.and_then(|rest| rest.strip_suffix('>')) else {
        return false;
    };
    let (name, closing) = match inside.strip_prefix('/') {
        Some(name) => (name, true),
        None => (inside, false),
    };
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    let length = name.bytes().take_while(is_name).count();
    let rest = name.get(length..).unwrap_or_default();
    let attributes = rest.trim_end_matches('/').trim();
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && (rest.is_empty() || rest.starts_with([' ', '\t', '/']))
        && !rest.contains(['<', '>'])
        && match closing {
            true => attributes.is_empty(),
            false => attributes.is_empty() || attributes.starts_with(is_attribute),
        }
}

fn is_attribute(first: char) -> bool {
    first.is_ascii_alphabetic() || matches!(first, '_' | ':')
}

/// Whether the line holds what ends the block.
pub(crate) fn closes(line: &str, ending: Ending) -> bool {
    match ending {
        Ending::Blank => line.is_empty(),
        Ending::Line(end) => {
            let windows = line.as_bytes().windows(end.len());
            windows
                .into_iter()
                .any(|w| w.eq_ignore_ascii_case(end.as_bytes()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_elements_are_sorted() {
        assert!(BLOCKS.is_sorted());
    }

    #[test]
    fn openings_and_endings() {
        assert_eq!(opens("<!-- x"), Some(Ending::Line("-->")));
        assert_eq!(opens("<DIV class='a'>"), Some(Ending::Blank));
        assert_eq!(opens("</div>"), Some(Ending::Blank));
        assert_eq!(opens("<pre>"), Some(Ending::Line("</pre>")));
        assert_eq!(opens("<https://example.org>"), None);
        assert_eq!(opens("<a href>"), None);
        for (line, expected) in [
            ("</pre>", true),
            ("<a href='x'>  ", true),
            ("<my-tag/>", true),
            ("<a> b", false),
            ("<https://example.org>", false),
            ("</a b>", false),
        ] {
            assert_eq!(is_tag(line), expected, "{line}");
        }
        assert!(closes("x </PRE> y", Ending::Line("</pre>")));
    }
}
