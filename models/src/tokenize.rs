//! Texts to token ids, by the tokenizer.json of a model.

use std::path::Path;

use gori_core::{Error, ErrorKind, Result, Stop};
use tokenizers::{
    PostProcessor, Tokenizer, TruncationDirection, TruncationParams, TruncationStrategy,
};

use crate::coverage::Coverage;
use crate::safetensors::Fingerprint;

/// How much of a text is ever looked at. A text that has not filled the model's window by then
/// is one unbroken run or mostly blank.
const MAX_TEXT: usize = 1 << 20;

/// A model's tokenizer, set to cut at the model's window and to take all text as text.
#[derive(Debug)]
pub(crate) struct TextTokenizer {
    inner: Tokenizer,
    max_tokens: usize,
    special_tokens: bool,
}

impl TextTokenizer {
    /// Reads a tokenizer.json. What it says of truncation and padding is replaced, since the
    /// window belongs to the model and padding is wasted work; `special_tokens` adds what the
    /// model expects around a text, such as `[CLS]` and `[SEP]`, which count as tokens.
    pub(crate) fn open(path: &Path, max_tokens: usize, special_tokens: bool) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|e| Error::io(path.display(), e))?;
        let unreadable = |e| {
            Error::new(ErrorKind::Corrupt, "this is no readable tokenizer.json")
                .about(path.display())
                .hint("fetch the file again")
                .caused_by(e)
        };
        let mut inner = Tokenizer::from_bytes(bytes).map_err(unreadable)?;
        let window = TruncationParams {
            direction: TruncationDirection::Right,
            max_length: max_tokens,
            strategy: TruncationStrategy::LongestFirst,
            stride: 0,
        };
        inner.with_padding(None);
        let around = match inner.get_post_processor() {
            Some(processor) if special_tokens => processor.added_tokens(false),
            _ => 0,
        };
        let too_small = || {
            Error::new(
                ErrorKind::Config,
                format!("a window of {max_tokens} tokens holds no text"),
            )
            .hint(format!(
                "the model puts {around} tokens around a text: allow more"
            ))
        };
        if max_tokens <= around {
            return Err(too_small());
        }
        inner
            .with_truncation(Some(window))
            .map_err(|e| too_small().caused_by(e))?;
        // A document that contains the characters `[SEP]` says just that.
        inner.set_encode_special_tokens(true);
        Ok(Self {
            inner,
            max_tokens,
            special_tokens,
        })
    }

    /// The most ids a text gets.
    pub(crate) fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    /// One more than the greatest id that can come out.
    pub(crate) fn vocabulary(&self) -> usize {
        let greatest = self.inner.get_vocab(true).into_values().max();
        greatest.map_or(0, |id| id as usize + 1)
    }

    /// The id of what the vocabulary does not know, where it has one.
    pub(crate) fn unknown(&self) -> Result<Option<u32>> {
        let model = serde_json::to_value(self.inner.get_model()).map_err(|e| {
            Error::new(ErrorKind::Internal, "a tokenizer cannot be written").caused_by(e)
        })?;
        let by_name = model.get("unk_token").and_then(|name| name.as_str());
        let by_id = model.get("unk_id").and_then(serde_json::Value::as_u64);
        Ok(by_name
            .and_then(|name| self.inner.token_to_id(name))
            .or_else(|| by_id.and_then(|id| u32::try_from(id).ok())))
    }

    /// The scripts the vocabulary was made for.
    pub(crate) fn coverage(&self) -> Coverage {
        Coverage::of(self.inner.get_vocab(false).keys().map(String::as_str))
    }

    /// Adds what decides about ids to a model's fingerprint.
    pub(crate) fn add_to(&self, fingerprint: &mut Fingerprint) -> Result<()> {
        let text = self.inner.to_string(false).map_err(|e| {
            Error::new(ErrorKind::Internal, "a tokenizer cannot be written").caused_by(e)
        })?;
        fingerprint.add(text.as_bytes());
        Ok(())
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
            let encoding = self
                .inner
                .encode_fast(piece, self.special_tokens)
                .map_err(|e| Error::new(ErrorKind::Model, "the tokenizer failed").caused_by(e))?;
            let full = !encoding.get_overflowing().is_empty();
            if full || piece.len() == text.len() || length >= MAX_TEXT {
                return Ok(encoding.get_ids().to_vec());
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
