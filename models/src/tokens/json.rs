//! The tokenizer of a local model, as a counter.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use gori_core::{Error, Fidelity, Result, TokenCounter};
use sha2::{Digest, Sha256};

use crate::tokenizer::Tokenizer;

/// Counts tokens as a local model does, by its `tokenizer.json`, exactly.
///
/// All text is text: `[SEP]` or `<|im_end|>` in a document counts as its characters. What the
/// model adds around a text (a first token, a chat template) is not counted. Cheap to clone.
#[derive(Clone)]
pub struct TokenizerJson {
    id: Arc<str>,
    tokenizer: Arc<Tokenizer>,
}

impl TokenizerJson {
    /// Reads a `tokenizer.json`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] or [`ErrorKind::Io`] where the file cannot be read, and what
    /// [`TokenizerJson::from_bytes`] gives.
    ///
    /// [`ErrorKind::NotFound`]: gori_core::ErrorKind::NotFound
    /// [`ErrorKind::Io`]: gori_core::ErrorKind::Io
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|e| Error::io(path.display(), e))?;
        Self::from_bytes(&bytes).map_err(|e| e.about(path.display()))
    }

    /// Takes the content of a `tokenizer.json`. The [`TokenCounter::id`] is made of its hash,
    /// so equal files have equal ids.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] where it is no such file; without the feature `tokenizer-json`,
    /// [`ErrorKind::Unsupported`] where it describes something else than BERT's word pieces.
    ///
    /// [`ErrorKind::Corrupt`]: gori_core::ErrorKind::Corrupt
    /// [`ErrorKind::Unsupported`]: gori_core::ErrorKind::Unsupported
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let tokenizer = Tokenizer::read(bytes)?;
        let hash = Sha256::digest(bytes);
        let short: String = hash
            .iter()
            .take(6)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(Self {
            id: format!("tokenizer-json-{short}").into(),
            tokenizer: Arc::new(tokenizer),
        })
    }
}

impl fmt::Debug for TokenizerJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenizerJson")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl TokenCounter for TokenizerJson {
    fn id(&self) -> &str {
        &self.id
    }

    fn fidelity(&self) -> Fidelity {
        Fidelity::Exact
    }

    fn count(&self, text: &str) -> usize {
        self.tokenizer.count(text)
    }

    fn seam(&self, _before: char, after: char) -> bool {
        self.tokenizer.seam(after)
    }
}

#[cfg(test)]
mod tests {
    use gori_core::ErrorKind;

    use super::*;

    /// The smallest tokenizer that shows what matters: words, an unknown and a special token.
    const WORDS: &str = r#"{
        "version": "1.0", "truncation": {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0},
        "padding": null, "normalizer": null, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
        "added_tokens": [{"id": 0, "content": "[SEP]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
        "model": {"type": "WordLevel", "vocab": {"[SEP]": 0, "[UNK]": 1, "gori": 2, "chain": 3}, "unk_token": "[UNK]"}
    }"#;

    #[test]
    fn the_files_truncation_does_not_cut_the_count() {
        let counter = TokenizerJson::from_bytes(WORDS.as_bytes()).unwrap();
        assert_eq!(counter.count("gori chain gori chain"), 4);
        assert_eq!(counter.count(""), 0);
    }

    #[test]
    fn a_special_token_in_a_text_is_text() {
        let counter = TokenizerJson::from_bytes(WORDS.as_bytes()).unwrap();
        assert_eq!(counter.count("[SEP]"), 3, "a bracket, a word and a bracket");
    }

    #[test]
    fn the_id_names_the_content() {
        let one = TokenizerJson::from_bytes(WORDS.as_bytes()).unwrap();
        let other = TokenizerJson::from_bytes(WORDS.replace("chain", "link").as_bytes()).unwrap();
        assert_ne!(one.id(), other.id());
    }

    #[test]
    fn what_is_no_tokenizer_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "{}").unwrap();
        let error = TokenizerJson::open(file.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert_eq!(error.subject(), Some(file.path().to_str().unwrap()));
    }
}
