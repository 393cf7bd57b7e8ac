//! Where meaning turns, and what the semantic splitter refuses.
#![allow(clippy::unwrap_used, reason = "tests")]

use futures_util::FutureExt as _;
use gori_core::{Context, Document, Embeddings, ErrorKind, Splitter};
use gori_splitters::{Semantic, Sentence, sentences};
use gori_testkit::HashEmbedder;

const TEXT: &str = "Keys turn locks. Locks hold keys. Keys fit locks. Bread needs yeast. \
                    Yeast lifts bread. Bread loves yeast. Rain fills rivers. Rivers carry rain.";

#[test]
fn it_cuts_where_the_words_change() {
    let document = Document::new("a.txt", TEXT);
    let semantic = Semantic::chars(500).window(0).percentile(70.0).unwrap();
    let cx = Context::new();
    let embedder = HashEmbedder::new(256);
    let chunks = semantic
        .split(&cx, &embedder, &document)
        .now_or_never()
        .unwrap()
        .unwrap();
    let texts: Vec<_> = chunks.iter().map(|chunk| chunk.text()).collect();
    let begins = ["Keys turn", "Bread needs", "Rain fills"];
    assert_eq!(texts.len(), begins.len(), "{texts:?}");
    assert!(
        texts
            .iter()
            .zip(begins)
            .all(|(text, begin)| text.starts_with(begin)),
        "{texts:?}"
    );

    let planned = semantic
        .plan(&cx, &embedder, [&document])
        .now_or_never()
        .unwrap()
        .unwrap();
    assert_eq!(planned.split(&document), chunks);
    let other = Document::new("b.txt", "Not planned for. Not at all.");
    assert_eq!(planned.split(&other), Sentence::chars(500).split(&other));
    assert!(planned.id().contains(gori_core::Embedder::id(&embedder)));
}

#[test]
fn a_passage_above_the_limit_is_cut_by_sentences() {
    let document = Document::new("a.txt", TEXT);
    let found = sentences(TEXT);
    let same = Embeddings::new(1, vec![1.0; found.len()]).unwrap();
    let chunks = Semantic::chars(40)
        .threshold(0.5)
        .unwrap()
        .cut(&document, &found, &same)
        .unwrap();
    assert_eq!(chunks, Sentence::chars(40).split(&document));
}

#[test]
fn what_cannot_be_is_refused() {
    for wrong in [-0.1, 100.1, f32::NAN, f32::INFINITY] {
        assert_eq!(
            Semantic::chars(9).percentile(wrong).unwrap_err().kind(),
            ErrorKind::Config
        );
        assert_eq!(
            Semantic::chars(9)
                .threshold(wrong - 3.0)
                .unwrap_err()
                .kind(),
            ErrorKind::Config
        );
    }
    let document = Document::new("a.txt", TEXT);
    let few = Embeddings::new(1, vec![1.0]).unwrap();
    let error = Semantic::chars(9)
        .cut(&document, &sentences(TEXT), &few)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}
