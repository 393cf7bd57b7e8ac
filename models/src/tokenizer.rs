//! What a `tokenizer.json` describes, ready to make ids of text.
//!
//! Encoders of BERT's family have word pieces, which are read here, so that the default build
//! does not pay for a library of all tokenizers. What is laid out in any other way is read by the
//! tokenizers crate, behind the feature `tokenizer-json`. Word pieces are read here with that
//! feature too: one file has the same ids in every build.

#[cfg(feature = "tokenizer-json")]
mod any;
mod file;
mod window;
mod wordpiece;
mod words;

use gori_core::{Error, ErrorKind, Result};

pub(crate) use self::window::TextTokenizer;
use self::wordpiece::WordPiece;

/// A tokenizer that takes all text as text: `[SEP]` in a document says just that.
#[derive(Debug)]
pub(crate) enum Tokenizer {
    WordPiece(WordPiece),
    #[cfg(feature = "tokenizer-json")]
    Any(Box<any::Any>),
}

/// The ids of a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ids {
    pub(crate) ids: Vec<u32>,
    /// Whether the text would have given more than it was allowed to.
    pub(crate) cut: bool,
}

impl Tokenizer {
    /// Reads the content of a `tokenizer.json`. What it says of truncation and padding is left
    /// aside: the window belongs to the model, and padding is wasted work.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] where it is no such file, [`ErrorKind::Unsupported`] where this
    /// build cannot read what it describes.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self> {
        let file = file::parse(bytes)?;
        match WordPiece::from_file(&file)? {
            Some(pieces) => Ok(Self::WordPiece(pieces)),
            None => Self::other(bytes, &file),
        }
    }

    #[cfg(feature = "tokenizer-json")]
    fn other(bytes: &[u8], _: &serde_json::Value) -> Result<Self> {
        Ok(Self::Any(Box::new(any::Any::read(bytes)?)))
    }

    #[cfg(not(feature = "tokenizer-json"))]
    fn other(_: &[u8], file: &serde_json::Value) -> Result<Self> {
        let what = format!(
            "this build reads BERT's word pieces, not {}",
            file::kind(file)
        );
        Err(Error::new(ErrorKind::Unsupported, what)
            .hint("build with the feature `tokenizer-json`, or take a model of BERT's family"))
    }

    /// How many ids stand before and after those of a text, such as `[CLS]` and `[SEP]`.
    pub(crate) fn around(&self) -> usize {
        match self {
            Self::WordPiece(pieces) => pieces.around(),
            #[cfg(feature = "tokenizer-json")]
            Self::Any(any) => any.around(),
        }
    }

    /// The ids of a text, at most `limit` of them, which is more than those around it; with
    /// `special`, those around it included.
    pub(crate) fn ids(&self, text: &str, special: bool, limit: usize) -> Result<Ids> {
        match self {
            Self::WordPiece(pieces) => Ok(pieces.ids(text, special, limit)),
            #[cfg(feature = "tokenizer-json")]
            Self::Any(any) => any.ids(text, special, limit),
        }
    }

    /// How many ids a text has, nothing around it.
    pub(crate) fn count(&self, text: &str) -> usize {
        match self {
            Self::WordPiece(pieces) => pieces.count(text),
            #[cfg(feature = "tokenizer-json")]
            Self::Any(any) => any.count(text),
        }
    }

    /// Whether no token spans the place between two characters, and the counts on both sides add
    /// up to that of the whole.
    pub(crate) fn seam(&self, after: char) -> bool {
        match self {
            Self::WordPiece(_) => words::divides(after),
            #[cfg(feature = "tokenizer-json")]
            Self::Any(_) => false,
        }
    }

    /// One more than the greatest id that can come out.
    pub(crate) fn vocabulary(&self) -> usize {
        match self {
            Self::WordPiece(pieces) => pieces.vocabulary(),
            #[cfg(feature = "tokenizer-json")]
            Self::Any(any) => any.vocabulary(),
        }
    }

    /// The id of what the vocabulary does not know, where it has one.
    pub(crate) fn unknown(&self) -> Result<Option<u32>> {
        match self {
            Self::WordPiece(pieces) => Ok(Some(pieces.unknown())),
            #[cfg(feature = "tokenizer-json")]
            Self::Any(any) => any.unknown(),
        }
    }

    /// Every token, in no order.
    pub(crate) fn tokens(&self) -> Vec<&str> {
        match self {
            Self::WordPiece(pieces) => pieces.tokens().collect(),
            #[cfg(feature = "tokenizer-json")]
            Self::Any(any) => any.tokens(),
        }
    }
}

fn unreadable() -> Error {
    Error::new(ErrorKind::Corrupt, "this is no readable tokenizer.json")
        .hint("fetch the file again")
}

#[cfg(all(test, feature = "tokenizer-json"))]
mod tests;
