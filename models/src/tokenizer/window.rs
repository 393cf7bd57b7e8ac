//! Texts to token ids, by the tokenizer.json of a model.

use std::path::Path;

use gori_core::{Error, ErrorKind, Result, Stop};
use sha2::{Digest as _, Sha256};

use super::{Ids, Tokenizer};
use crate::coverage::Coverage;
use crate::safetensors::Fingerprint;

/// How much of a text is ever looked at. A text that has not filled the model's window by then
/// is one unbroken run or mostly blank.
const MAX_TEXT: usize = 1 << 20;

/// A model's tokenizer, set to cut at the model's window.
#[derive(Debug)]
pub(crate) struct TextTokenizer {
    inner: Tokenizer,
    max_tokens: usize,
    special_tokens: bool,
    /// Of the file's content.
    digest: [u8; 32],
}

impl TextTokenizer {
    /// Reads a tokenizer.json; `special_tokens` adds what the model expects around a text, such
    /// as `[CLS]` and `[SEP]`, which count as tokens.
    pub(crate) fn open(path: &Path, max_tokens: usize, special_tokens: bool) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|e| Error::io(path.display(), e))?;
        let inner = Tokenizer::read(&bytes).map_err(|e| e.about(path.display()))?;
        let around = if special_tokens { inner.around() } else { 0 };
        if max_tokens <= around {
            let what = format!("a window of {max_tokens} tokens holds no text");
            let hint = format!("the model puts {around} tokens around a text: allow more");
            return Err(Error::new(ErrorKind::Config, what).hint(hint));
        }
        Ok(Self {
            inner,
            max_tokens,
            special_tokens,
            digest: Sha256::digest(&bytes).into(),
        })
    }

    /// The most ids a text gets.
    pub(crate) fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    /// One more than the greatest id that can come out.
    pub(crate) fn vocabulary(&self) -> usize {
        self.inner.vocabulary()
    }

    /// The id of what the vocabulary does not know, where it has one.
    pub(crate) fn unknown(&self) -> Result<Option<u32>> {
        self.inner.unknown()
    }

    /// The scripts the vocabulary was made for.
    pub(crate) fn coverage(&self) -> Coverage {
        Coverage::of(self.inner.tokens().into_iter())
    }

    /// Adds what decides about ids to a model's fingerprint.
    pub(crate) fn add_to(&self, fingerprint: &mut Fingerprint) {
        fingerprint.add(&self.digest);
    }

    /// The ids of a text, at most `max_tokens` of them.
    ///
    /// A long text is read piece by piece, each piece twice the last, until the window is full,
    /// so that the cost follows the window and not the text.
    pub(crate) fn ids(&self, text: &str, stop: &Stop) -> Result<Vec<u32>> {
        let mut length = self.max_tokens.saturating_mul(8).max(1024);
        loop {
            stop.check()?;
            let piece = whole_words(text, length.min(MAX_TEXT));
            let limit = self.max_tokens;
            let Ids { ids, cut } = self.inner.ids(piece, self.special_tokens, limit)?;
            if cut || piece.len() == text.len() || length >= MAX_TEXT {
                return Ok(ids);
            }
            length = length.saturating_mul(2);
        }
    }
}

/// At most `length` bytes of a text, ending before white space where there is any: no tokenizer
/// joins tokens over the end of a word and a following blank.
fn whole_words(text: &str, length: usize) -> &str {
    if text.len() <= length {
        return text;
    }
    // A character is at most four bytes long, so one of these places is between two.
    let piece = (0..4)
        .find_map(|back| text.get(..length.saturating_sub(back)))
        .unwrap_or_default();
    match piece.rfind(char::is_whitespace) {
        Some(blank) if blank > 0 => piece.get(..blank).unwrap_or(piece),
        _ => piece,
    }
}
