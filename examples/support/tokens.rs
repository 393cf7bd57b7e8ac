//! Chunks that the encoder reads whole.

use std::path::Path;

use gori::Result;
use gori::models::bert::Encoder;
use gori::models::tokens::TokenizerJson;
use gori::splitters::Auto;

/// Kept free of the encoder's window for the headings that are embedded above a chunk, and for
/// the tokens around a text.
const ABOVE: usize = 56;

/// A splitter whose chunks fit the encoder's window, by the encoder's own tokens.
pub fn splitter(encoder: &Encoder, folder: &Path) -> Result<Auto> {
    let words = TokenizerJson::open(folder.join("tokenizer.json"))?;
    Ok(Auto::tokens(
        encoder.max_tokens().saturating_sub(ABOVE),
        words,
    ))
}
