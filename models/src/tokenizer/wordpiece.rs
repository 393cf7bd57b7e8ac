//! Word pieces: a word is cut into the longest tokens that the vocabulary has, from its start.
//!
//! Source: Schuster and Nakajima, "Japanese and Korean voice search" (2012), as BERT uses it.

use std::ops::ControlFlow;

use gori_core::Result;
use rustc_hash::FxHashMap;
use serde::Deserialize as _;
use serde_json::Value;

use super::file::{self, Model, Normalizer};
use super::words::Words;
use super::{Ids, unreadable};

/// A vocabulary of word pieces.
pub(crate) struct WordPiece {
    words: Words,
    /// Tokens that a word may begin with.
    first: FxHashMap<Box<str>, u32>,
    /// Tokens that may follow in a word, without the prefix that marks them.
    rest: FxHashMap<Box<str>, u32>,
    /// Bytes of the longest token.
    longest: usize,
    unknown: u32,
    /// A word of more characters than these is unknown.
    characters: usize,
    before: Vec<u32>,
    after: Vec<u32>,
}

impl std::fmt::Debug for WordPiece {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tokens = self.first.len();
        f.debug_struct("WordPiece")
            .field("tokens", &tokens)
            .finish_non_exhaustive()
    }
}

impl WordPiece {
    /// Takes what a `tokenizer.json` describes, or nothing where that is not BERT's word pieces
    /// and nothing else.
    pub(super) fn from_file(file: &Value) -> Result<Option<Self>> {
        let parts = ["model", "normalizer", "pre_tokenizer"].map(|part| file::kind_of(file, part));
        let bert = [
            Some("WordPiece"),
            Some("BertNormalizer"),
            Some("BertPreTokenizer"),
        ];
        let around = file::around(file);
        let (true, true, Some((before, after))) = (parts == bert, file::only_special(file), around)
        else {
            return Ok(None);
        };
        let (model, normalizer) = match (file.get("model"), file.get("normalizer")) {
            (Some(model), Some(normalizer)) => (model, normalizer),
            _ => return Ok(None),
        };
        let model = Model::deserialize(model).map_err(|e| unreadable().caused_by(e))?;
        let settings =
            Normalizer::deserialize(normalizer).map_err(|e| unreadable().caused_by(e))?;
        let unknown = model.vocab.get(&model.unk_token).copied().ok_or_else(|| {
            unreadable().about(format!("the vocabulary lacks {:?}", model.unk_token))
        })?;
        let rest = model.vocab.iter().filter_map(|(token, &id)| {
            let piece = token.strip_prefix(&model.continuing_subword_prefix)?;
            Some((piece.into(), id))
        });
        Ok(Some(Self {
            words: settings.into(),
            rest: rest.collect(),
            longest: model.vocab.keys().map(String::len).max().unwrap_or(0),
            unknown,
            characters: model.max_input_chars_per_word,
            before,
            after,
            first: model
                .vocab
                .into_iter()
                .map(|(token, id)| (token.into(), id))
                .collect(),
        }))
    }

    pub(super) fn around(&self) -> usize {
        self.before.len() + self.after.len()
    }

    pub(super) fn vocabulary(&self) -> usize {
        let known = self.first.values().chain(&self.before).chain(&self.after);
        known.max().map_or(0, |&id| id as usize + 1)
    }

    pub(super) fn unknown(&self) -> u32 {
        self.unknown
    }

    pub(super) fn tokens(&self) -> impl Iterator<Item = &str> {
        self.first.keys().map(AsRef::as_ref)
    }

    pub(super) fn ids(&self, text: &str, special: bool, limit: usize) -> Ids {
        let around = if special { self.around() } else { 0 };
        let room = limit.saturating_sub(around);
        let mut ids = Vec::new();
        let flow = self.words.each(text, |word| {
            self.pieces(word, &mut ids);
            // One more than there is room for shows that the text was cut.
            if ids.len() > room {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        ids.truncate(room);
        if special {
            ids.splice(0..0, self.before.iter().copied());
            ids.extend(&self.after);
        }
        Ids {
            ids,
            cut: flow.is_break(),
        }
    }

    pub(super) fn count(&self, text: &str) -> usize {
        let (mut count, mut ids) = (0, Vec::new());
        let _: ControlFlow<()> = self.words.each(text, |word| {
            ids.clear();
            self.pieces(word, &mut ids);
            count += ids.len();
            ControlFlow::Continue(())
        });
        count
    }

    /// Adds the ids of a word; a word that cannot be put together of tokens is one unknown.
    fn pieces(&self, word: &str, ids: &mut Vec<u32>) {
        let start = ids.len();
        if word.chars().count() > self.characters {
            ids.push(self.unknown);
            return;
        }
        let (mut left, mut tokens) = (word, &self.first);
        while !left.is_empty() {
            let Some((id, after)) = self.longest_of(left, tokens) else {
                ids.truncate(start);
                ids.push(self.unknown);
                return;
            };
            ids.push(id);
            (left, tokens) = (after, &self.rest);
        }
    }

    /// The longest token that a text begins with, and what follows it.
    fn longest_of<'w>(
        &self,
        text: &'w str,
        tokens: &FxHashMap<Box<str>, u32>,
    ) -> Option<(u32, &'w str)> {
        let ends = (1..=text.len().min(self.longest)).rev();
        ends.filter_map(|end| text.split_at_checked(end))
            .find_map(|(piece, after)| Some((*tokens.get(piece)?, after)))
    }
}
