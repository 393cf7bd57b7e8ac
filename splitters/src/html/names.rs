//! What the names of elements say, by the HTML standard.

/// What an element is to a splitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It begins a block and may hold others.
    Block,
    /// A block that its own kind, or what is listed with it, ends where its end tag is missing.
    Loose,
    /// A heading of this level.
    Heading(u8),
    /// Lines that stand as they are written.
    Preformatted,
    /// Its content is no HTML: all up to the end tag.
    Raw,
    /// A block without content.
    Void,
    /// Part of a line.
    Inline,
}

/// The role of an element by its name in lower case.
pub(super) fn role(name: &[u8]) -> Role {
    match name {
        [b'h', level @ b'1'..=b'6'] => Role::Heading(level - b'0'),
        b"p" | b"li" | b"dt" | b"dd" | b"tr" | b"td" | b"th" | b"thead" | b"tbody" | b"tfoot"
        | b"option" => Role::Loose,
        b"pre" | b"listing" => Role::Preformatted,
        b"script" | b"style" | b"textarea" | b"title" | b"xmp" | b"iframe" | b"noembed"
        | b"noframes" => Role::Raw,
        b"hr" | b"meta" | b"link" | b"base" | b"col" => Role::Void,
        b"address" | b"article" | b"aside" | b"blockquote" | b"body" | b"caption" | b"center"
        | b"colgroup" | b"details" | b"dialog" | b"dir" | b"div" | b"dl" | b"fieldset"
        | b"figcaption" | b"figure" | b"footer" | b"form" | b"head" | b"header" | b"hgroup"
        | b"html" | b"legend" | b"main" | b"menu" | b"nav" | b"noscript" | b"ol" | b"search"
        | b"section" | b"select" | b"summary" | b"svg" | b"table" | b"template" | b"ul" => {
            Role::Block
        }
        _ => Role::Inline,
    }
}

/// Whether a start tag ends an open element whose end tag may be missing.
pub(super) fn ends(open: &[u8], new: &[u8]) -> bool {
    match open {
        b"p" => !matches!(role(new), Role::Inline | Role::Raw),
        b"li" => new == b"li",
        b"dt" | b"dd" => matches!(new, b"dt" | b"dd"),
        b"td" | b"th" => matches!(new, b"td" | b"th" | b"tr" | b"thead" | b"tbody" | b"tfoot"),
        b"tr" => matches!(new, b"tr" | b"thead" | b"tbody" | b"tfoot"),
        b"thead" | b"tbody" | b"tfoot" => matches!(new, b"thead" | b"tbody" | b"tfoot"),
        b"option" => new == b"option",
        _ => false,
    }
}
