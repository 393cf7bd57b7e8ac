//! Prose, cut where its meaning turns, as an embedder sees it.

mod breaks;
mod planned;

use std::ops::Range;

use gori_core::{Chunk, Context, Document, Embedder, Embeddings, Error, ErrorKind, Result, Role};

pub use planned::Planned;

use crate::cut::Cut;
use crate::limit::{Limit, Plan, limited};
use crate::measure::Measure;
use crate::sentence::{Prose, sentences};
use breaks::{Breaks, breaks};

/// At most so many texts are given to the embedder at a time.
const BATCH: usize = 256;

/// Cuts prose between those neighbouring sentences that are least alike, and what is above the
/// limit as [`Sentence`](crate::Sentence) does.
///
/// A [`Splitter`](gori_core::Splitter) is pure, and an embedder is not; so this is a stage of
/// its own. [`split`](Self::split) embeds and cuts, [`plan`](Self::plan) embeds documents and
/// gives a splitter that cuts them, and [`cut`](Self::cut) takes vectors that are at hand.
///
/// ```
/// use gori_core::{Document, Embeddings};
/// use gori_splitters::{Semantic, sentences};
///
/// let document = Document::new("a.txt", "Keys turn. Keys rust. Bread rises. Bread cools.");
/// let semantic = Semantic::chars(500).threshold(0.5)?;
/// let vectors = Embeddings::new(2, vec![1.0, 0.0, 0.9, 0.1, 0.0, 1.0, 0.1, 0.9])?;
/// let chunks = semantic.cut(&document, &sentences(&document.text), &vectors)?;
/// let texts: Vec<_> = chunks.iter().map(|chunk| chunk.text()).collect();
/// assert_eq!(texts, ["Keys turn. Keys rust.", "Bread rises. Bread cools."]);
/// # Ok::<(), gori_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Semantic {
    limit: Limit,
    prose: Prose,
    breaks: Breaks,
    window: usize,
}

limited!(Semantic);

impl Semantic {
    pub(crate) fn with(limit: Limit) -> Self {
        Self {
            limit,
            prose: Prose::new(),
            breaks: Breaks::Percentile(95.0),
            window: 1,
        }
    }

    /// Cuts where two neighbours are farther apart than this percentage of all neighbours in
    /// the document; 95 unless told. A lower one gives more chunks.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when it is not from 0 to 100.
    pub fn percentile(mut self, percentile: f32) -> Result<Self> {
        if !(0.0..=100.0).contains(&percentile) {
            return Err(refused("a percentile", percentile, "from 0 to 100"));
        }
        self.breaks = Breaks::Percentile(percentile);
        Ok(self)
    }

    /// Cuts where the cosine of two neighbours is below this, the same in every document.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when it is not from -1 to 1.
    pub fn threshold(mut self, cosine: f32) -> Result<Self> {
        if !(-1.0..=1.0).contains(&cosine) {
            return Err(refused("a cosine", cosine, "from -1 to 1"));
        }
        self.breaks = Breaks::Below(cosine);
        Ok(self)
    }

    /// Embeds every sentence with so many of its neighbours on either side; 1 unless told. A
    /// short sentence alone says little.
    #[must_use]
    pub fn window(mut self, window: usize) -> Self {
        self.window = window;
        self
    }

    /// Embeds the document's sentences and cuts it.
    ///
    /// # Errors
    /// What the embedder gives, or [`ErrorKind::Model`] when it gives another number of
    /// vectors than it was given texts.
    pub async fn split<'d>(
        &self,
        cx: &Context,
        embedder: &dyn Embedder,
        document: &'d Document,
    ) -> Result<Vec<Chunk<'d>>> {
        let found = sentences(&document.text);
        let vectors = self.embed(cx, embedder, &document.text, &found).await?;
        self.cut(document, &found, &vectors)
    }

    /// Embeds the sentences of documents, and gives a splitter that cuts these documents
    /// where their meaning turns and all others as [`Sentence`](crate::Sentence) does.
    ///
    /// # Errors
    /// As [`split`](Self::split).
    pub async fn plan<'d>(
        &self,
        cx: &Context,
        embedder: &dyn Embedder,
        documents: impl IntoIterator<Item = &'d Document>,
    ) -> Result<Planned> {
        let mut planned = Planned::new(self.clone(), embedder.id());
        for document in documents {
            cx.check()?;
            let found = sentences(&document.text);
            let vectors = self.embed(cx, embedder, &document.text, &found).await?;
            planned.add(document, self.starts(&found, &vectors)?);
        }
        Ok(planned)
    }

    /// Cuts a document whose sentences were found and embedded before: one vector a sentence.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when there are not as many vectors as sentences.
    pub fn cut<'d>(
        &self,
        document: &'d Document,
        sentences: &[Range<usize>],
        vectors: &Embeddings,
    ) -> Result<Vec<Chunk<'d>>> {
        let starts = self.starts(sentences, vectors)?;
        Ok(self.run(document, &starts))
    }

    /// The offsets at which passages begin, but for the first.
    fn starts(&self, sentences: &[Range<usize>], vectors: &Embeddings) -> Result<Vec<usize>> {
        if sentences.len() != vectors.len() {
            let (sentences, vectors) = (sentences.len(), vectors.len());
            let what = format!("{vectors} vectors do not belong to {sentences} sentences");
            return Err(Error::new(ErrorKind::InvalidInput, what)
                .hint("embed what `sentences` finds in the same text, a vector for each"));
        }
        let found = breaks(vectors, self.breaks).into_iter();
        Ok(found
            .filter_map(|at| Some(sentences.get(at)?.start))
            .collect())
    }

    fn run<'d>(&self, document: &'d Document, starts: &[usize]) -> Vec<Chunk<'d>> {
        let text = document.text.as_str();
        let plan = Passages {
            starts,
            prose: &self.prose,
        };
        self.limit.run(text, 0..text.len(), &plan)
    }

    async fn embed(
        &self,
        cx: &Context,
        embedder: &dyn Embedder,
        text: &str,
        sentences: &[Range<usize>],
    ) -> Result<Embeddings> {
        let windows = (0..sentences.len()).filter_map(|at| {
            let first = sentences.get(at.saturating_sub(self.window))?;
            let last = sentences.get((at + self.window).min(sentences.len() - 1))?;
            text.get(first.start..last.end)
        });
        let windows: Vec<_> = windows.collect();
        let mut data = Vec::with_capacity(windows.len() * embedder.dims());
        for batch in windows.chunks(BATCH) {
            let vectors = embedder.embed(cx, batch, Role::Document).await?;
            if vectors.len() != batch.len() {
                let (given, got) = (batch.len(), vectors.len());
                let what = format!("{} gave {got} vectors for {given} texts", embedder.id());
                return Err(Error::new(ErrorKind::Model, what));
            }
            data.extend_from_slice(vectors.as_slice());
        }
        Embeddings::new(embedder.dims(), data)
    }

    fn name(&self) -> String {
        format!(
            "semantic: {}, {}, window {}",
            self.limit, self.breaks, self.window
        )
    }
}

fn refused(what: &str, given: f32, range: &str) -> Error {
    Error::new(ErrorKind::Config, format!("{given} is not {what}"))
        .hint(format!("give a number {range}"))
}

/// How a text is cut at known places once the limit is known.
#[derive(Debug)]
struct Passages<'s> {
    starts: &'s [usize],
    prose: &'s Prose,
}

impl Plan for Passages<'_> {
    fn cut<M: Measure>(&self, cut: &mut Cut<'_, M>, range: Range<usize>) {
        let mut start = range.start;
        for end in self.starts.iter().copied().chain([range.end]) {
            if start < end && end <= range.end {
                self.prose.cut(cut, start..end);
                start = end;
            }
        }
    }
}
