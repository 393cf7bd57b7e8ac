//! What bytes look like before anybody parses them.

use std::borrow::Cow;

/// How many bytes of the head decide whether something is text.
const HEAD: usize = 8 << 10;

/// What a format sees when it is asked whether it knows the bytes.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// The name of the source.
    pub name: &'a str,
    /// All of its bytes.
    pub bytes: &'a [u8],
    /// The media type that was declared, lower case, without parameters.
    pub media_type: Option<&'a str>,
    nature: Nature,
}

/// What the bytes are at first sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// Some charset, one byte or several a character, with ASCII as a part of it.
    Text,
    /// Two bytes a character, recognised by its noughts.
    Utf16 { big_endian: bool },
    /// No text; what it is where that is known.
    Binary(Option<&'static str>),
}

impl<'a> Sample<'a> {
    /// A sample of bytes under a name.
    pub fn new(name: &'a str, bytes: &'a [u8], media_type: Option<&'a str>) -> Self {
        Self {
            name,
            bytes,
            media_type,
            nature: nature(bytes),
        }
    }

    /// The extension of the name in lower case, empty when it has none. Query and fragment of
    /// an address are no part of it.
    pub fn extension(&self) -> String {
        let name = self.file_name();
        match name.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() => extension.to_ascii_lowercase(),
            _ => String::new(),
        }
    }

    /// The last step of the name, without query and fragment of an address.
    pub fn file_name(&self) -> &'a str {
        let path = if self.name.contains("://") {
            self.name.split(['?', '#']).next().unwrap_or_default()
        } else {
            self.name
        };
        path.rsplit(['/', '\\']).next().unwrap_or_default()
    }

    /// Whether neither name nor media type says what the bytes are: `notes.txt`, `-`, what
    /// came as `application/octet-stream`. Formats that only look like others, such as tables,
    /// are told by their content there and nowhere else.
    pub fn is_unnamed(&self) -> bool {
        let plain = matches!(
            self.media_type,
            None | Some("text/plain" | "application/octet-stream" | "binary/octet-stream")
        );
        let extension = self.extension();
        let open = matches!(
            extension.as_str(),
            "" | "txt" | "text" | "dat" | "data" | "bin" | "tmp" | "out"
        );
        // `Makefile` and `.gitignore` are names that say enough.
        plain && open && !(extension.is_empty() && names_code(self.file_name()))
    }

    /// The first bytes as text, without a byte order mark: what lines look like there.
    pub fn head(&self) -> Cow<'a, str> {
        let bytes = self
            .bytes
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(self.bytes);
        String::from_utf8_lossy(bytes.get(..HEAD).unwrap_or(bytes))
    }

    /// Whether [`head`](Self::head) is all there is.
    pub(crate) fn is_short(&self) -> bool {
        self.bytes.len() <= HEAD
    }

    /// Whether the bytes are text in some charset.
    pub fn is_text(&self) -> bool {
        !matches!(self.nature, Nature::Binary(_))
    }

    /// What the bytes are when they are no text and the kind is known by its first bytes.
    pub fn binary_kind(&self) -> Option<&'static str> {
        match self.nature {
            Nature::Binary(kind) => kind,
            _ => None,
        }
    }

    /// Whether the text starts with one of these after blanks and a byte order mark, in any
    /// case. `starts` are lower case.
    pub fn text_starts_with(&self, starts: &[&str]) -> bool {
        let bytes = self
            .bytes
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(self.bytes);
        let blanks = bytes.iter().take_while(|b| b.is_ascii_whitespace()).count();
        let rest = bytes.get(blanks..).unwrap_or_default();
        starts.iter().any(|start| {
            rest.get(..start.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
        })
    }
}

/// Names without an extension that stand for a language of their own.
fn names_code(name: &str) -> bool {
    const NAMES: [&str; 12] = [
        "makefile",
        "gnumakefile",
        "dockerfile",
        "containerfile",
        "vagrantfile",
        "jenkinsfile",
        "gemfile",
        "rakefile",
        "procfile",
        "justfile",
        "brewfile",
        "caddyfile",
    ];
    name.starts_with('.') || NAMES.iter().any(|code| code.eq_ignore_ascii_case(name))
}

/// First bytes of files that are no text, and what to call them.
const KINDS: &[(&[u8], &str)] = &[
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"RIFF", "a RIFF container (sound, video or WebP)"),
    (b"\x7fELF", "an ELF program or library"),
    (b"MZ", "a Windows program or library"),
    (b"\xca\xfe\xba\xbe", "a Java class or a Mach-O program"),
    (b"\xcf\xfa\xed\xfe", "a Mach-O program or library"),
    (b"\x00asm", "a WebAssembly module"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "gzip-compressed data"),
    (b"BZh", "bzip2-compressed data"),
    (b"\xfd7zXZ\x00", "xz-compressed data"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old Office document",
    ),
    (b"%PDF-", "a PDF document"),
    (b"OggS", "an Ogg container"),
    (b"fLaC", "FLAC sound"),
    (b"ID3", "MP3 sound"),
    (b"\x00\x00\x01\x00", "an icon"),
    (b"wOFF", "a web font"),
    (b"wOF2", "a web font"),
    (b"GGUF", "model weights"),
    (b"!<arch>\n", "an object archive"),
];

/// Looks at the head of some bytes.
pub(crate) fn nature(bytes: &[u8]) -> Nature {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    if encoding_rs::Encoding::for_bom(head).is_some() {
        return Nature::Text;
    }
    let kind = KINDS
        .iter()
        .find(|(magic, _)| head.starts_with(magic))
        .map(|(_, kind)| *kind);
    if head.contains(&0) {
        return match utf16(head) {
            Some(big_endian) if kind.is_none() => Nature::Utf16 { big_endian },
            _ => Nature::Binary(kind),
        };
    }
    // A PDF and some other binary files have no nought in their head, and a text may well
    // start with the letters of a magic number: both facts must agree.
    let odd = head.iter().filter(|byte| is_odd(**byte)).count();
    let high = head.iter().filter(|byte| **byte >= 0x80).count();
    let looks_binary = odd * 50 > head.len() || (high > 0 && std::str::from_utf8(head).is_err());
    match kind {
        Some("a PDF document") => Nature::Binary(kind),
        Some(_) if looks_binary => Nature::Binary(kind),
        _ if odd * 20 > head.len() => Nature::Binary(None),
        _ => Nature::Text,
    }
}

/// Control characters that no text has. Escape is left out: ISO-2022-JP and logs have it.
fn is_odd(byte: u8) -> bool {
    matches!(byte, 0x00..=0x06 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f)
}

/// Text in two-byte units without a mark shows as noughts on one side only.
fn utf16(head: &[u8]) -> Option<bool> {
    let (mut even, mut odd) = (0usize, 0usize);
    for pair in head.chunks_exact(2) {
        match pair {
            [0, 0] => return None,
            [0, _] => even += 1,
            [_, 0] => odd += 1,
            _ => {}
        }
    }
    let pairs = head.len() / 2;
    let enough = |count: usize| pairs >= 4 && count * 10 >= pairs * 4;
    match (
        enough(even) && odd * 20 < even,
        enough(odd) && even * 20 < odd,
    ) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_is_that_of_the_last_step() {
        let extension = |name| Sample::new(name, b"x", None).extension();
        assert_eq!(extension("a/b.c/README"), "");
        assert_eq!(extension("a/.gitignore"), "");
        assert_eq!(extension("a/b.TAR.GZ"), "gz");
        assert_eq!(extension("https://example.org/a.pdf?x=b.html#c.d"), "pdf");
        assert_eq!(extension("C:\\docs\\a.Md"), "md");
        assert_eq!(extension("what?.txt"), "txt");
    }

    #[test]
    fn text_and_binary_are_told_apart_by_content() {
        assert_eq!(nature(b"plain"), Nature::Text);
        assert_eq!(nature(b""), Nature::Text);
        assert_eq!(nature("한글".as_bytes()), Nature::Text);
        assert_eq!(nature(b"MZ is how this text starts"), Nature::Text);
        assert_eq!(
            nature(b"MZ\x90\x00\x03\x00"),
            Nature::Binary(Some("a Windows program or library"))
        );
        assert_eq!(
            nature(b"%PDF-1.4\n1 0 obj"),
            Nature::Binary(Some("a PDF document"))
        );
        assert_eq!(
            nature(&[0x93; 100]),
            Nature::Text,
            "high bytes are some charset"
        );
        assert_eq!(nature(&[0x02; 100]), Nature::Binary(None));
        assert_eq!(
            nature(b"a\x00\x00\x00b\x00\x00\x00"),
            Nature::Binary(None),
            "UTF-32 or numbers"
        );
    }

    #[test]
    fn the_start_of_a_text_is_seen_past_blanks_and_a_mark() {
        let sample = Sample::new("a", b"\xef\xbb\xbf \n<!DocType HTML>", None);
        assert!(sample.text_starts_with(&["<!doctype html", "<html"]));
        assert!(!sample.text_starts_with(&["<html"]));
    }
}
