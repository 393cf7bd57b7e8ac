//! Chunks that the encoder reads whole.

use std::path::Path;

use gori::models::bert::Encoder;
use gori::models::tokens::TokenizerJson;
use gori::splitters::Auto;
use gori::{Fidelity, Result, TokenCounter};

/// Kept free of the encoder's window for the headings that are embedded above a chunk, and for
/// the tokens around a text.
const ABOVE: usize = 56;

/// A splitter whose chunks fit the encoder's window, by the encoder's own tokens.
pub fn splitter(encoder: &Encoder, folder: &Path) -> Result<Auto> {
    let words = WordPieces(TokenizerJson::open(folder.join("tokenizer.json"))?);
    Ok(Auto::tokens(
        encoder.max_tokens().saturating_sub(ABOVE),
        words,
    ))
}

/// The tokenizer of a BERT: it cuts at blanks before all else, so that no token spans one.
#[derive(Debug)]
struct WordPieces(TokenizerJson);

impl TokenCounter for WordPieces {
    fn id(&self) -> &str {
        self.0.id()
    }
    fn fidelity(&self) -> Fidelity {
        self.0.fidelity()
    }
    fn count(&self, text: &str) -> usize {
        self.0.count(text)
    }
    fn seam(&self, _before: char, after: char) -> bool {
        matches!(after, ' ' | '\n' | '\t' | '\r')
    }
}
