//! Reranking by an embedder.

use async_trait::async_trait;
use gori_core::{Context, Embedder, Error, ErrorKind, Reranker, Result, Role, cosine};

/// The most pieces of a text that are embedded.
const PIECES: usize = 32;

/// Scores a text by the cosine of its nearest piece with the question, each line or sentence
/// being one, and the text as a whole another: a paragraph answers when one of its sentences
/// does, which the vector of the whole blurs.
#[derive(Clone, Debug)]
pub struct EmbedderReranker<E> {
    embedder: E,
}

impl<E: Embedder> EmbedderReranker<E> {
    /// Scores with this embedder.
    pub fn new(embedder: E) -> Self {
        Self { embedder }
    }
}

/// The text and its pieces.
fn pieces(text: &str) -> Vec<&str> {
    let ends = |c: char| matches!(c, '.' | '!' | '?' | '\n' | '。' | '！' | '？');
    let pieces = text.split_inclusive(ends).map(str::trim);
    let pieces = pieces.filter(|piece| piece.chars().filter(|c| c.is_alphanumeric()).count() > 8);
    std::iter::once(text).chain(pieces).take(PIECES).collect()
}

#[async_trait]
impl<E: Embedder> Reranker for EmbedderReranker<E> {
    fn id(&self) -> &str {
        self.embedder.id()
    }

    async fn rerank(&self, cx: &Context, question: &str, texts: &[&str]) -> Result<Vec<f32>> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let pieces: Vec<Vec<&str>> = texts.iter().map(|text| pieces(text)).collect();
        let all: Vec<&str> = pieces.iter().flatten().copied().collect();
        let asked = self.embedder.embed(cx, &[question], Role::Query).await?;
        let rows = self.embedder.embed(cx, &all, Role::Document).await?;
        let question = asked.row(0).unwrap_or_default();
        if rows.len() != all.len() || question.is_empty() {
            let message = format!("{} vectors for {} texts", rows.len(), all.len());
            return Err(Error::new(ErrorKind::Model, message));
        }
        let mut rows = rows.rows();
        let best = |count: usize| {
            let near = rows.by_ref().take(count).map(|row| cosine(row, question));
            near.fold(-1.0, f32::max)
        };
        Ok(pieces.iter().map(Vec::len).map(best).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn a_text_is_itself_and_its_sentences() {
        assert_eq!(
            pieces("Keys are rotated. Yes. 열쇠는 서랍 안에 들어 있다."),
            [
                "Keys are rotated. Yes. 열쇠는 서랍 안에 들어 있다.",
                "Keys are rotated.",
                "열쇠는 서랍 안에 들어 있다."
            ]
        );
        assert_eq!(pieces(""), [""]);
    }
}
