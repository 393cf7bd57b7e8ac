//! A model's tokens: text to tokens and back, as the file's metadata describes them.

use std::collections::HashMap;
use std::fmt;

use gori_core::{Error, ErrorKind, Result};
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::tokenizer::SplitDelimiterBehavior;
use tokenizers::{PreTokenizerWrapper, Tokenizer};

use super::header::{Header, Value, corrupt};

/// Text goes to the tokenizer in pieces of at most this many bytes, cut before white space:
/// patterns that look back and forth take a stack that grows with the text.
const PIECE: usize = 1 << 15;

/// The tokens of a model.
pub(super) struct Vocabulary {
    inner: Tokenizer,
    /// The bytes each token stands for.
    bytes: Vec<Box<[u8]>>,
    /// The tokens that only a template may write, longest first.
    special: Vec<(String, u32)>,
    /// The tokens that end an answer.
    ends: Vec<u32>,
    /// The token every prompt begins with, when the model wants one.
    first: Option<u32>,
    factory: std::sync::OnceLock<std::sync::Arc<llguidance::ParserFactory>>,
}

impl fmt::Debug for Vocabulary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vocabulary")
            .field("tokens", &self.bytes.len())
            .field("special", &self.special.len())
            .finish_non_exhaustive()
    }
}

/// ggml's types of tokens that are not plain text: control and user-defined.
const CONTROL: i64 = 3;
const DEFINED: i64 = 4;

/// Texts of tokens that end an answer in the models known so far. A file names only one.
const ENDS: &[&str] = &[
    "<|im_end|>",
    "<|endoftext|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end_of_text|>",
    "<|end|>",
    "<|EOT|>",
    "</s>",
    "<end_of_turn>",
];

impl Vocabulary {
    /// Builds the tokenizer that the metadata describes.
    pub(super) fn of(header: &Header) -> Result<Self> {
        match header.text("tokenizer.ggml.model") {
            Some("gpt2") => {}
            other => {
                return Err(unsupported(format!(
                    "tokenizers of the kind {:?}",
                    other.unwrap_or("none")
                ))
                .hint("only the byte-pair encoding of GPT-2, Llama 3, Qwen and SmolLM is"));
            }
        }
        let tokens = texts(header, "tokenizer.ggml.tokens")?;
        let kinds = match header.metadata.get("tokenizer.ggml.token_type") {
            Some(Value::Ints(kinds)) if kinds.len() == tokens.len() => kinds.as_slice(),
            _ => {
                return Err(
                    corrupt("it does not fit the tokens").about("tokenizer.ggml.token_type")
                );
            }
        };
        let mut ids = Vocab::with_capacity(tokens.len());
        let mut special = Vec::new();
        let mut bytes = Vec::with_capacity(tokens.len());
        let alphabet = alphabet();
        for ((id, token), kind) in (0_u32..).zip(tokens).zip(kinds) {
            if matches!(*kind, CONTROL | DEFINED) {
                special.push((token.clone(), id));
                // A control token is never part of an answer's text.
                let text = if *kind == DEFINED {
                    token.as_bytes()
                } else {
                    &[]
                };
                bytes.push(text.into());
            } else {
                bytes.push(
                    token
                        .chars()
                        .filter_map(|c| alphabet.get(&c).copied())
                        .collect(),
                );
            }
            ids.insert(token.clone(), id);
        }
        special.retain(|(token, _)| !token.is_empty());
        special.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        let ends = ends(header, &special, tokens.len())?;
        let first = match header.flag("tokenizer.ggml.add_bos_token") {
            true => token(header, "tokenizer.ggml.bos_token_id", tokens.len())?,
            false => None,
        };
        Ok(Self {
            inner: tokenizer(header, ids)?,
            bytes,
            special,
            ends,
            first,
            factory: std::sync::OnceLock::new(),
        })
    }

    /// How many tokens there are.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes a token stands for, none for a control token. They may end inside a character.
    pub(super) fn bytes(&self, token: u32) -> &[u8] {
        self.bytes.get(token as usize).map_or(&[], |bytes| bytes)
    }

    /// Whether a token ends an answer.
    pub(super) fn is_end(&self, token: u32) -> bool {
        self.ends.contains(&token)
    }

    /// The token a prompt begins with.
    pub(super) fn first(&self) -> Option<u32> {
        self.first
    }

    /// The tokens that only a template may write, longest first.
    pub(super) fn special(&self) -> &[(String, u32)] {
        &self.special
    }

    /// What makes constraints of schemas, made when it is first asked for.
    pub(super) fn factory(&self) -> Result<&llguidance::ParserFactory> {
        if self.factory.get().is_none() {
            let mut words: Vec<Vec<u8>> = self.bytes.iter().map(|bytes| bytes.to_vec()).collect();
            for (name, id) in &self.special {
                // What begins with this byte is never text to llguidance.
                if let Some(word) = words.get_mut(*id as usize) {
                    *word = [&[0xFF], name.as_bytes()].concat();
                }
            }
            let end = self.ends.first().copied().unwrap_or(0);
            let made = super::constraint::factory(words, end)?;
            let _ = self.factory.set(made);
        }
        let made = self.factory.get().map(AsRef::as_ref);
        made.ok_or_else(|| Error::new(ErrorKind::Internal, "a cell that was filled is empty"))
    }

    /// The tokens of a text in which nothing is special.
    pub(super) fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let mut ids = Vec::new();
        for piece in pieces(text) {
            let encoding = self.inner.encode_fast(piece, false);
            let encoding = encoding.map_err(|error| {
                Error::new(ErrorKind::Model, "the tokenizer failed").caused_by(error)
            })?;
            ids.extend_from_slice(encoding.get_ids());
        }
        Ok(ids)
    }
}

/// Cuts before white space that follows a word, where a token never spans the cut.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let piece = match rest.len() <= PIECE {
            true => rest,
            false => cut(rest),
        };
        rest = rest.get(piece.len()..).unwrap_or_default();
        Some(piece)
    })
}

fn cut(text: &str) -> &str {
    // A character has four bytes at most, so one of these places is between two.
    let window = (0..4)
        .find_map(|back| text.get(..PIECE - back))
        .unwrap_or(text);
    let word_end = window
        .char_indices()
        .rev()
        .zip(window.chars().rev().skip(1));
    let mut ends = word_end.filter(|((_, c), before)| *c == ' ' && before.is_alphanumeric());
    let end = ends.next().map_or(window.len(), |((at, _), _)| at);
    window.get(..end).unwrap_or(window)
}

fn texts<'h>(header: &'h Header, key: &str) -> Result<&'h [String]> {
    match header.metadata.get(key) {
        Some(Value::Texts(texts)) if u32::try_from(texts.len()).is_ok() => Ok(texts),
        _ => Err(corrupt("the metadata lacks it").about(key)),
    }
}

fn token(header: &Header, key: &str, tokens: usize) -> Result<Option<u32>> {
    let id = header.int(key, 0..=tokens.saturating_sub(1))?;
    Ok(id.and_then(|id| u32::try_from(id).ok()))
}

fn ends(header: &Header, special: &[(String, u32)], tokens: usize) -> Result<Vec<u32>> {
    let mut ends = Vec::new();
    for key in ["eos_token_id", "eot_token_id", "eom_token_id"] {
        ends.extend(token(header, &format!("tokenizer.ggml.{key}"), tokens)?);
    }
    let known = special
        .iter()
        .filter(|(text, _)| ENDS.contains(&text.as_str()));
    ends.extend(known.map(|(_, id)| *id));
    ends.sort_unstable();
    ends.dedup();
    Ok(ends)
}

fn tokenizer(header: &Header, ids: Vocab) -> Result<Tokenizer> {
    let key = "tokenizer.ggml.merges";
    let merges = texts(header, key)?
        .iter()
        .map(|merge| {
            merge
                .split_once(' ')
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
        })
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| corrupt("a merge has no two parts").about(key))?;
    let pattern = header.text("tokenizer.ggml.pre").unwrap_or("default");
    let modern = matches!(pattern, "llama-bpe" | "llama3" | "llama-v3");
    let model = BPE::builder()
        .vocab_and_merges(ids, merges)
        // The cache is one for each thread and lives as long as the thread.
        .cache_capacity(0)
        .ignore_merges(modern)
        .build()
        .map_err(|error| {
            corrupt("the merges do not fit the tokens")
                .about(key)
                .caused_by(error)
        })?;
    let mut tokenizer = Tokenizer::new(model);
    tokenizer.with_pre_tokenizer(Some(Sequence::new(words(pattern)?)));
    Ok(tokenizer)
}

/// How text is cut into words before their bytes are paired, by ggml's name for it. The
/// patterns are those of the models' own tokenizer.json files.
fn words(pattern: &str) -> Result<Vec<PreTokenizerWrapper>> {
    let split = |regex: &str| {
        Split::new(
            SplitPattern::Regex(regex.to_owned()),
            SplitDelimiterBehavior::Isolated,
            false,
        )
        .map(PreTokenizerWrapper::from)
        .map_err(|error| Error::new(ErrorKind::Internal, "a pattern is wrong").caused_by(error))
    };
    let bytes = |regex| ByteLevel::new(false, false, regex).into();
    Ok(match pattern {
        "default" | "gpt-2" | "gpt2" => vec![bytes(true)],
        "smollm" => vec![Digits::new(true).into(), bytes(true)],
        "qwen2" | "deepseek-r1-qwen" => vec![
            split(
                r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
            )?,
            bytes(false),
        ],
        "llama-bpe" | "llama3" | "llama-v3" => vec![
            split(
                r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
            )?,
            bytes(false),
        ],
        other => return Err(unsupported(format!("texts cut in the manner of {other:?}"))),
    })
}

fn unsupported(what: String) -> Error {
    Error::new(ErrorKind::Unsupported, format!("{what} are not supported"))
}

/// The byte each character of a byte-level vocabulary stands for: printable Latin-1 for
/// itself, the others for the characters from 256 on (GPT-2's `bytes_to_unicode`).
fn alphabet() -> HashMap<char, u8> {
    let mut next = 256;
    let mut alphabet = HashMap::with_capacity(256);
    for byte in 0..=255_u8 {
        let c = match byte {
            b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF => Some(char::from(byte)),
            _ => {
                next += 1;
                char::from_u32(next - 1)
            }
        };
        alphabet.extend(c.map(|c| (c, byte)));
    }
    alphabet
}
