//! Bytes with a name: what a source gives and a format reads.

use std::sync::Arc;

use gori_core::{Metadata, Revision};

/// The bytes of one source, before anybody knows what they mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Blob {
    /// The name of the source, unique within a corpus: a path, an address.
    pub source: Arc<str>,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The media type that whoever gave the bytes declared, without parameters.
    pub media_type: Option<String>,
    /// The charset that was declared, by its label.
    pub charset: Option<String>,
    /// What the source knows; every document of the blob gets it.
    pub metadata: Metadata,
}

impl Blob {
    /// Bytes of which nothing but the name is known.
    pub fn new(source: impl Into<Arc<str>>, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            source: source.into(),
            bytes: bytes.into(),
            media_type: None,
            charset: None,
            metadata: Metadata::new(),
        }
    }

    /// Keeps a `Content-Type` as servers write it: `text/html; charset=euc-kr`.
    #[must_use]
    pub fn content_type(mut self, header: &str) -> Self {
        let mut parts = header.split(';').map(str::trim);
        self.media_type = parts
            .next()
            .filter(|kind| kind.contains('/'))
            .map(str::to_ascii_lowercase);
        self.charset = parts.find_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.eq_ignore_ascii_case("charset")
                .then(|| value.trim_matches('"').to_owned())
        });
        self
    }

    /// The hash of the bytes, and of the metadata where there is any: a row whose author has
    /// changed is another row.
    pub fn revision(&self) -> Revision {
        if self.metadata.is_empty() {
            return Revision::of(&self.bytes);
        }
        let metadata = serde_json::to_vec(&self.metadata).unwrap_or_default();
        Revision::of(&[&self.bytes, &[0][..], &metadata].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_type_is_taken_apart() {
        let blob = Blob::new("a", "x").content_type("Text/HTML; Charset=\"EUC-KR\"; q=1");
        assert_eq!(blob.media_type.as_deref(), Some("text/html"));
        assert_eq!(blob.charset.as_deref(), Some("EUC-KR"));
        let blob = Blob::new("a", "x").content_type("nonsense");
        assert_eq!((blob.media_type, blob.charset), (None, None));
    }
}
