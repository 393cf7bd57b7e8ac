//! A text that is shared, knows its hash, and knows the way back to what it was made from.

use std::fmt;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// A text of a section. Clones share it; its hash is worked out once, so that looking up what
/// is known of it does not read it again.
#[derive(Clone)]
pub struct Text {
    text: Arc<str>,
    hash: u64,
    /// Where defusing made the text longer than its source, and by how many bytes.
    grown: Arc<[(usize, usize)]>,
}

impl Text {
    /// A text.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self::grown(text, Vec::new())
    }

    /// A text in which some bytes were added at the places given, in order.
    pub(super) fn grown(text: impl Into<Arc<str>>, grown: Vec<(usize, usize)>) -> Self {
        let text = text.into();
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        Self {
            hash: hasher.finish(),
            text,
            grown: grown.into(),
        }
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub(super) fn key(&self) -> u64 {
        self.hash
    }

    /// The byte of the source that a byte of this text was made from.
    pub(super) fn source_offset(&self, at: usize) -> usize {
        let before = self.grown.iter().take_while(|(place, _)| *place < at);
        at - before.map(|(_, bytes)| bytes).sum::<usize>().min(at)
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && (Arc::ptr_eq(&self.text, &other.text) || self.text == other.text)
    }
}

impl Eq for Text {}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<Arc<str>> for Text {
    fn from(text: Arc<str>) -> Self {
        Self::new(text)
    }
}

/// Takes a hash that was worked out before for what it is.
#[derive(Default)]
pub(super) struct Known(u64);

impl Hasher for Known {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

pub(super) type ByHash = BuildHasherDefault<Known>;
