//! The extractive answerer.

use std::borrow::Cow;

use gori_core::{
    Answer, Context, Embedder, Hit, Quote, Result, ResultExt as _, Retrieved, Role, Source, dot,
};

use super::candidates::{Candidate, candidates};
use super::score::{best, lexical};

/// Answers with the sentences that answer, word for word.
///
/// Every sentence of the first [`hits`](Self::hits) hits is compared with the question, by its
/// vector and by the words they share; the [`sentences`](Self::sentences) best are quoted, best
/// first, each with the number of its source. An answer with no hits, or with hits of no words,
/// is empty: its text, quotes and sources are.
///
/// ```
/// # use gori_core::{Context, Embedder, Embeddings, Hit, Query, Result, Retrieved, Role};
/// # use gori_models::extract::Extractive;
/// # #[derive(Debug)] struct Ones;
/// # #[async_trait::async_trait] impl Embedder for Ones {
/// #     fn id(&self) -> &str { "ones" }
/// #     fn dims(&self) -> usize { 1 }
/// #     async fn embed(&self, _: &Context, texts: &[&str], _: Role) -> Result<Embeddings> {
/// #         Embeddings::new(1, vec![1.0; texts.len()])
/// #     }
/// # }
/// # let embedder = Ones;
/// # let hit = |text: &str| Hit { id: "keys.md".into(), score: 1.0, text: text.into(),
/// #     metadata: Default::default(), vector: None, legs: Vec::new() };
/// # futures_util::FutureExt::now_or_never(async {
/// let found = Retrieved {
///     query: Query::new("How often are the keys rotated?"),
///     hits: vec![hit("Logs are kept for a week. The keys are rotated every 90 days.")],
/// };
/// let answer = Extractive::new(embedder).sentences(1).answer(&Context::new(), found).await?;
/// assert_eq!(answer.text, "The keys are rotated every 90 days. [1]");
/// assert_eq!(answer.sources[0].id, "keys.md");
/// # Ok::<(), gori_core::Error>(()) }).unwrap().unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Extractive<E> {
    embedder: E,
    hits: usize,
    sentences: usize,
    embedded: usize,
}

impl<E: Embedder> Extractive<E> {
    /// Reads 5 hits, quotes 2 sentences and embeds 96 at most.
    pub fn new(embedder: E) -> Self {
        Self {
            embedder,
            hits: 5,
            sentences: 2,
            embedded: 96,
        }
    }

    /// How many hits are read, at least 1. Default 5: on XQuAD 3 to 8 give the same answers
    /// within .002, and each costs its sentences' embedding.
    #[must_use]
    pub fn hits(mut self, hits: usize) -> Self {
        self.hits = hits.max(1);
        self
    }

    /// How many sentences are quoted, at least 1. Default 2.
    #[must_use]
    pub fn sentences(mut self, sentences: usize) -> Self {
        self.sentences = sentences.max(1);
        self
    }

    /// How many sentences are embedded at most, which bounds the time an answer takes. Where
    /// the hits have more, those that share least with the question are left out. Default 96;
    /// 0 embeds none, and the words alone decide.
    #[must_use]
    pub fn embedded(mut self, embedded: usize) -> Self {
        self.embedded = embedded;
        self
    }

    /// The answer to a question from what was found for it.
    ///
    /// # Errors
    /// Those of the embedder.
    pub async fn answer(&self, cx: &Context, found: Retrieved) -> Result<Answer> {
        let hits = found.hits.get(..self.hits).unwrap_or(&found.hits);
        let question = found.query.text.as_str();
        let mut candidates = candidates(hits);
        let mut scores = lexical(question, &candidates);
        let coverage = self.embedder.coverage(question).clamp(0.0, 1.0);
        if coverage > 0.0 && self.embedded > 0 {
            (candidates, scores) = strongest(candidates, scores, self.embedded);
            let likeness = self
                .likeness(cx, question, &candidates)
                .await
                .at("extract")?;
            for (score, cosine) in scores.iter_mut().zip(likeness) {
                *score += coverage * cosine;
            }
        }
        let mut answer = Answer::default();
        for at in best(&scores, self.sentences) {
            if let (Some(candidate), Some(score)) = (candidates.get(at), scores.get(at)) {
                quote(&mut answer, hits, candidate, *score);
            }
        }
        Ok(answer)
    }

    /// The cosine of the question with each candidate.
    async fn likeness(
        &self,
        cx: &Context,
        question: &str,
        candidates: &[Candidate<'_>],
    ) -> Result<Vec<f32>> {
        if candidates.is_empty() {
            return Ok(Vec::new());
        }
        let texts: Vec<&str> = candidates
            .iter()
            .map(|candidate| candidate.text.as_ref())
            .collect();
        let query = self.embedder.embed(cx, &[question], Role::Query).await?;
        let sentences = self.embedder.embed(cx, &texts, Role::Document).await?;
        let query = query.row(0).unwrap_or_default();
        Ok(sentences.rows().map(|row| dot(row, query)).collect())
    }
}

/// The candidates that share most with the question, still in the order of their hits.
fn strongest<'h>(
    candidates: Vec<Candidate<'h>>,
    scores: Vec<f32>,
    most: usize,
) -> (Vec<Candidate<'h>>, Vec<f32>) {
    if candidates.len() <= most {
        return (candidates, scores);
    }
    let mut keep = vec![false; candidates.len()];
    for at in best(&scores, most) {
        if let Some(keep) = keep.get_mut(at) {
            *keep = true;
        }
    }
    let kept = candidates.into_iter().zip(scores).zip(keep);
    kept.filter_map(|(pair, keep)| keep.then_some(pair)).unzip()
}

/// Adds a quotation to an answer, and its source when it is new.
fn quote(answer: &mut Answer, hits: &[Hit], candidate: &Candidate<'_>, score: f32) {
    let Some(hit) = hits.get(candidate.hit) else {
        return;
    };
    let lines = lines(hit, candidate);
    let known = answer.sources.iter_mut().find(|source| source.id == hit.id);
    let number = match known {
        Some(source) => {
            source.lines = match (source.lines, lines) {
                (Some(old), Some(new)) => Some((old.0.min(new.0), old.1.max(new.1))),
                (old, new) => old.or(new),
            };
            source.number
        }
        None => {
            let number = answer.sources.len() + 1;
            let mut source = Source::of(number, hit);
            source.lines = lines.or(source.lines);
            answer.sources.push(source);
            number
        }
    };
    if !answer.text.is_empty() {
        answer.text.push('\n');
    }
    let words: Vec<&str> = candidate.text.split_whitespace().collect();
    answer
        .text
        .push_str(&format!("{} [{number}]", words.join(" ")));
    let text = match &candidate.text {
        Cow::Borrowed(text) => (*text).to_owned(),
        // Where comment marks were taken out there is no layout to keep.
        Cow::Owned(_) => words.join(" "),
    };
    answer.quotes.push(Quote {
        text,
        source: number,
        score,
    });
}

/// The lines of the sentence itself, where the lines of its hit are known and its text has as
/// many: a store may keep a text that was laid out anew.
fn lines(hit: &Hit, candidate: &Candidate<'_>) -> Option<(i64, i64)> {
    let (first, last) = Source::of(1, hit).lines?;
    let count = |text: &str| i64::try_from(text.matches('\n').count()).unwrap_or(i64::MAX);
    if first.checked_add(count(hit.text.strip_suffix('\n').unwrap_or(&hit.text)))? != last {
        return None;
    }
    let start = first + count(hit.text.get(..candidate.span.start)?);
    Some((start, start + count(&candidate.text)))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;
    use futures_util::FutureExt as _;
    use gori_core::{Embeddings, ErrorKind, Query, field};

    use super::*;

    /// Vectors of one direction, so that only the words decide, and a count of the texts.
    #[derive(Debug, Default)]
    struct Alike {
        texts: AtomicUsize,
        blind: bool,
    }

    #[async_trait]
    impl Embedder for Alike {
        fn id(&self) -> &str {
            "alike"
        }
        fn dims(&self) -> usize {
            2
        }
        async fn embed(&self, cx: &Context, texts: &[&str], _: Role) -> Result<Embeddings> {
            cx.check()?;
            self.texts.fetch_add(texts.len(), Ordering::Relaxed);
            Embeddings::new(2, [1.0, 0.0].repeat(texts.len()))
        }
        fn coverage(&self, _: &str) -> f32 {
            if self.blind { 0.0 } else { 1.0 }
        }
    }

    fn hit(id: &str, text: &str) -> Hit {
        Hit {
            id: id.to_owned(),
            score: 0.5,
            text: text.to_owned(),
            metadata: Default::default(),
            vector: None,
            legs: Vec::new(),
        }
    }

    fn ask(answerer: &Extractive<&Alike>, question: &str, hits: Vec<Hit>) -> Answer {
        let found = Retrieved {
            query: Query::new(question),
            hits,
        };
        let answer = answerer.answer(&Context::new(), found).now_or_never();
        answer.unwrap().unwrap()
    }

    #[test]
    fn quotes_are_word_for_word_and_numbered_by_source() {
        let embedder = Alike::default();
        let hits = vec![
            hit("a", "Cats sleep. The store keeps a log\nof every write."),
            hit("b", "Dogs bark. Every write is synced to the log."),
        ];
        let answer = ask(
            &Extractive::new(&embedder),
            "What does the store do with every write?",
            hits.clone(),
        );
        assert_eq!(
            answer.text,
            "The store keeps a log of every write. [1]\nEvery write is synced to the log. [2]"
        );
        for quote in &answer.quotes {
            let source = &answer.sources[quote.source - 1];
            let hit = hits.iter().find(|hit| hit.id == source.id).unwrap();
            assert!(hit.text.contains(&quote.text), "{quote:?}");
        }
        assert!(answer.quotes[0].score >= answer.quotes[1].score);
    }

    #[test]
    fn a_page_that_tells_how_to_ask_was_quoted_as_the_answer() {
        let embedder = Alike::default();
        let question = "How does the store survive a power cut?";
        let hits = vec![
            hit(
                "readme",
                "Run `ask \"How does the store survive a power cut?\"` to try it.",
            ),
            hit(
                "design",
                "Cats sleep. In a power cut the log loses nothing.",
            ),
        ];
        let answer = ask(&Extractive::new(&embedder).sentences(1), question, hits);
        assert_eq!(answer.text, "In a power cut the log loses nothing. [1]");
    }

    #[test]
    fn a_source_that_is_quoted_twice_has_one_number() {
        let embedder = Alike::default();
        let text = "The log is synced.\n\nThe log is cut. Cats sleep.";
        let mut one = hit("a", text);
        one.metadata.insert(field::LINE.to_owned(), 10.into());
        one.metadata.insert(field::LINE_END.to_owned(), 12.into());
        let answer = ask(&Extractive::new(&embedder), "the log", vec![one]);
        assert_eq!(answer.sources.len(), 1);
        assert_eq!(answer.sources[0].lines, Some((10, 12)));
        let answer = ask(
            &Extractive::new(&embedder).sentences(1),
            "is the log cut?",
            {
                let mut one = hit("a", text);
                one.metadata.insert(field::LINE.to_owned(), 10.into());
                one.metadata.insert(field::LINE_END.to_owned(), 12.into());
                vec![one]
            },
        );
        assert_eq!(
            answer.sources[0].lines,
            Some((12, 12)),
            "the sentence's own"
        );
    }

    #[test]
    fn lines_of_a_text_that_was_laid_out_anew_are_those_of_the_hit() {
        let embedder = Alike::default();
        let mut one = hit("a", "The log is synced. Cats sleep.");
        one.metadata.insert(field::LINE.to_owned(), 3.into());
        one.metadata.insert(field::LINE_END.to_owned(), 9.into());
        let answer = ask(&Extractive::new(&embedder), "the log", vec![one]);
        assert_eq!(answer.sources[0].lines, Some((3, 9)));
    }

    #[test]
    fn a_sentence_of_two_overlapping_hits_is_quoted_once() {
        let embedder = Alike::default();
        let hits = vec![
            hit("a", "Cats sleep. The log is synced."),
            hit("b", "The log is synced. Dogs bark."),
        ];
        let answer = ask(&Extractive::new(&embedder), "Is the log synced?", hits);
        let twice = answer
            .quotes
            .iter()
            .filter(|quote| quote.text.contains("log"));
        assert_eq!(twice.count(), 1);
    }

    #[test]
    fn comments_of_a_source_file_are_quoted_without_their_marks() {
        let embedder = Alike::default();
        let text = "    /// The tail is\n    /// cut off. Cats sleep.\n    fn tail_cut() {}\n";
        let mut one = hit("a", text);
        one.metadata
            .insert(field::SOURCE.to_owned(), "src/log.rs".into());
        one.metadata.insert(field::LINE.to_owned(), 7.into());
        one.metadata.insert(field::LINE_END.to_owned(), 9.into());
        let answer = ask(
            &Extractive::new(&embedder).sentences(1),
            "is the tail cut?",
            vec![one],
        );
        assert_eq!(answer.text, "The tail is cut off. [1]");
        assert_eq!(answer.quotes[0].text, "The tail is cut off.");
        assert_eq!(answer.sources[0].lines, Some((7, 8)));
    }

    #[test]
    fn nothing_found_is_an_empty_answer() {
        let embedder = Alike::default();
        for hits in [vec![], vec![hit("a", " \n--- \n")]] {
            assert_eq!(
                ask(&Extractive::new(&embedder), "what?", hits),
                Answer::default()
            );
        }
        assert_eq!(embedder.texts.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn no_more_sentences_are_embedded_than_allowed() {
        let embedder = Alike::default();
        let many: String = (0..500).map(|i| format!("Row {i} is dull. ")).collect();
        let hits = vec![hit("a", &many), hit("b", "The log is synced.")];
        let answerer = Extractive::new(&embedder).embedded(20).sentences(1);
        let answer = ask(&answerer, "log synced", hits);
        assert_eq!(answer.quotes[0].text, "The log is synced.");
        assert_eq!(embedder.texts.load(Ordering::Relaxed), 21);
    }

    #[test]
    fn a_question_the_embedder_cannot_read_is_answered_by_the_words() {
        let embedder = Alike {
            blind: true,
            ..Alike::default()
        };
        let hits = vec![hit("a", "고양이가 잔다. 열쇠는 구십 일마다 바뀐다.")];
        let answer = ask(
            &Extractive::new(&embedder).sentences(1),
            "열쇠는 언제 바뀌나?",
            hits,
        );
        assert_eq!(answer.quotes[0].text, "열쇠는 구십 일마다 바뀐다.");
        assert_eq!(embedder.texts.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn an_error_of_the_embedder_names_the_stage() {
        let found = Retrieved {
            query: Query::new("log"),
            hits: vec![hit("a", "The log.")],
        };
        let cx = Context::new().within(std::time::Duration::ZERO);
        let error = Extractive::new(Alike::default())
            .answer(&cx, found)
            .now_or_never();
        let error = error.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert_eq!(error.path().collect::<Vec<_>>(), ["extract"]);
    }
}
