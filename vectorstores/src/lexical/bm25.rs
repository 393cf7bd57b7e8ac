//! How much a word that a text shares with the question is worth.

/// The two numbers of BM25.
///
/// A text scores, for each term of the question that it holds,
///
/// ```text
/// idf = ln(1 + (N - n + 0.5) / (n + 0.5))
/// idf x tf x (k1 + 1) / (tf + k1 x (1 - b + b x length / mean length))
/// ```
///
/// where `N` texts are there, `n` hold the term, and this one holds it `tf` times; lengths are
/// counted in terms. From Robertson and Zaragoza, "The probabilistic relevance framework: BM25
/// and beyond" (2009); the 1 within the logarithm, which keeps a term that most texts hold from
/// counting against them, is Lucene's.
///
/// The defaults, k1 0.9 and b 0.4, are those of Trotman, Jia and Crane, "Towards an efficient
/// and effective search engine" (2012), which Anserini took over. On whole paragraphs (XQuAD,
/// English and Chinese) they do as well as or better than 1.2 and 0.75, see
/// `benches/RESULTS.md`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bm25 {
    /// How soon a further occurrence of a term stops counting; at least 0.
    pub k1: f32,
    /// How much long texts are held back: 0 not at all, 1 in full proportion.
    pub b: f32,
}

impl Default for Bm25 {
    fn default() -> Self {
        Self { k1: 0.9, b: 0.4 }
    }
}

impl Bm25 {
    /// The inverse document frequency of a term that `holders` of `texts` hold.
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of texts are far below 2^52"
    )]
    pub(crate) fn idf(texts: u64, holders: u64) -> f32 {
        let (all, holders) = (texts as f64, holders as f64);
        #[expect(clippy::cast_possible_truncation, reason = "a logarithm fits")]
        let idf = ((all - holders + 0.5).max(0.0) / (holders + 0.5)).ln_1p() as f32;
        idf
    }

    /// What `tf` occurrences in a text of this length are worth, before the idf.
    pub(crate) fn weight(self, tf: f32, length: f32, mean: f32) -> f32 {
        let norm = self.k1 * (1.0 - self.b + self.b * length / mean.max(1.0));
        tf * (self.k1 + 1.0) / (tf + norm)
    }
}
