//! Tokenizers of every kind, by the tokenizers crate.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gori_core::{Error, ErrorKind, Result};
use tokenizers::{PostProcessor, Tokenizer};

use super::{Ids, unreadable};

/// Whatever a `tokenizer.json` describes.
#[derive(Debug)]
pub(crate) struct Any {
    inner: Tokenizer,
    /// Every token; the crate hands them out by value alone.
    tokens: Vec<String>,
    vocabulary: usize,
}

impl Any {
    pub(super) fn read(bytes: &[u8]) -> Result<Self> {
        let mut inner = Tokenizer::from_bytes(bytes).map_err(|e| unreadable().caused_by(e))?;
        inner.with_padding(None);
        inner.with_truncation(None).map_err(|e| {
            Error::new(ErrorKind::Internal, "truncation could not be switched off").caused_by(e)
        })?;
        inner.set_encode_special_tokens(true);
        let greatest = inner.get_vocab(true).into_values().max();
        Ok(Self {
            tokens: inner.get_vocab(false).into_keys().collect(),
            vocabulary: greatest.map_or(0, |id| id as usize + 1),
            inner,
        })
    }

    pub(super) fn around(&self) -> usize {
        let processor = self.inner.get_post_processor();
        processor.map_or(0, |processor| processor.added_tokens(false))
    }

    pub(super) fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    pub(super) fn tokens(&self) -> Vec<&str> {
        self.tokens.iter().map(String::as_str).collect()
    }

    pub(super) fn unknown(&self) -> Result<Option<u32>> {
        let model = serde_json::to_value(self.inner.get_model()).map_err(|e| {
            Error::new(ErrorKind::Internal, "a tokenizer cannot be written").caused_by(e)
        })?;
        let by_name = model.get("unk_token").and_then(|name| name.as_str());
        let by_id = model.get("unk_id").and_then(serde_json::Value::as_u64);
        Ok(by_name
            .and_then(|name| self.inner.token_to_id(name))
            .or_else(|| by_id.and_then(|id| u32::try_from(id).ok())))
    }

    pub(super) fn ids(&self, text: &str, special: bool, limit: usize) -> Result<Ids> {
        let failed = |e| Error::new(ErrorKind::Model, "the tokenizer failed").caused_by(e);
        let mut encoding = self.inner.encode_fast(text, false).map_err(failed)?;
        let room = limit.saturating_sub(if special { self.around() } else { 0 });
        let cut = encoding.len() > room;
        if cut {
            encoding.truncate(room, 0, tokenizers::TruncationDirection::Right);
        }
        let encoding = self
            .inner
            .post_process(encoding, None, special)
            .map_err(failed)?;
        Ok(Ids {
            ids: encoding.get_ids().to_vec(),
            cut,
        })
    }

    /// Where the tokenizer fails or panics, as its regular expression can on a million blanks,
    /// the bytes are counted: no token is shorter than a byte of its text.
    pub(super) fn count(&self, text: &str) -> usize {
        let encode = || self.inner.encode_fast(text, false);
        match catch_unwind(AssertUnwindSafe(encode)) {
            Ok(Ok(encoding)) => encoding.len(),
            Ok(Err(_)) | Err(_) => text.len(),
        }
    }
}
