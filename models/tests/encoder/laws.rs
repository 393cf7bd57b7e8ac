//! What holds for every model, shape and batch.

use std::num::NonZeroUsize;
use std::sync::OnceLock;

use gori_core::{Context, Embedder, ErrorKind, Role, Stop};
use gori_models::bert::{Encoder, Options, Pooling};
use proptest::prelude::*;

use crate::reference;
use crate::tiny::{self, Kind, Model, SMALL, Shape};

fn options(max_tokens: usize, threads: usize) -> Options {
    Options {
        max_tokens,
        threads: NonZeroUsize::new(threads),
        ..Options::default()
    }
}

fn open(model: &Model, options: &Options) -> Encoder {
    Encoder::open(model.path(), options).unwrap()
}

/// One small model for the laws that are not about shapes.
fn small() -> &'static Encoder {
    static SMALL_MODEL: OnceLock<Encoder> = OnceLock::new();
    SMALL_MODEL.get_or_init(|| open(&Model::write(&SMALL, Kind::F32), &options(64, 2)))
}

fn rows(encoder: &Encoder, texts: &[&str]) -> Vec<Vec<f32>> {
    let flat = encoder.encode(texts, &Stop::new()).unwrap();
    assert_eq!(flat.len(), texts.len() * encoder.dims());
    flat.chunks(encoder.dims()).map(<[f32]>::to_vec).collect()
}

fn apart(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}

fn words() -> impl Strategy<Value = String> {
    prop::collection::vec("[a-z]{1,6}", 0..30).prop_map(|words| words.join(" "))
}

fn batch() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(words(), 0..40)
}

fn shape() -> impl Strategy<Value = Shape> {
    (
        1..5_usize,
        1..11_usize,
        1..70_usize,
        1..4_usize,
        8..70_usize,
        any::<u64>(),
    )
        .prop_map(|(heads, head, middle, layers, positions, seed)| Shape {
            heads,
            // A hidden size of one leaves nothing but the sign after layer norm.
            head: head.max(if heads == 1 { 2 } else { 1 }),
            middle,
            layers,
            positions,
            seed,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the shape, the file's number type, the pooling and the lengths.
    #[test]
    fn the_forward_pass_is_that_of_the_definition(
        shape in shape(), texts in prop::collection::vec(words(), 1..6), half in any::<bool>(),
        mean in any::<bool>(),
    ) {
        let model = Model::write(&shape, if half { Kind::F16 } else { Kind::F32 });
        let pooling = if mean { Pooling::Mean } else { Pooling::First };
        let encoder = open(&model, &Options { pooling: Some(pooling), ..options(shape.positions, 2) });
        let tensors = tiny::tensors(&shape);
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        for (text, row) in texts.iter().zip(rows(&encoder, &texts)) {
            let ids = reference::ids(text, shape.positions);
            let want: Vec<f32> =
                reference::encode(&shape, &tensors, &ids, mean).iter().map(|x| *x as f32).collect();
            prop_assert!(apart(&row, &want) < 2e-5, "{} apart", apart(&row, &want));
        }
    }
}

proptest! {
    /// A row is the same alone, in a batch, in another order and on other threads, and has
    /// length 1.
    #[test]
    fn a_row_depends_on_its_text_alone(texts in batch(), turn in 0..40_usize) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let together = rows(small(), &texts);
        let mut turned = texts.clone();
        turned.rotate_left(turn % texts.len().max(1));
        let mut back = rows(small(), &turned);
        back.rotate_right(turn % texts.len().max(1));
        for ((text, row), again) in texts.iter().zip(&together).zip(&back) {
            let alone = rows(small(), &[text]).remove(0);
            prop_assert!(apart(row, &alone) < 1e-6);
            prop_assert!(apart(row, again) < 1e-6);
            let length: f32 = row.iter().map(|x| x * x).sum();
            prop_assert!((length - 1.0).abs() < 1e-5);
        }
    }

    /// Any text has a unit vector: the tokenizer meets every character sooner or later.
    #[test]
    fn no_text_is_refused(text in any::<String>()) {
        let row = rows(small(), &[&text]).remove(0);
        prop_assert!(row.iter().all(|x| x.is_finite()));
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let model = Model::write(&SMALL, Kind::F32);
    let texts: Vec<String> = (0..300).map(|i| "abc de ".repeat(i % 30 + 1)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let one = rows(&open(&model, &options(64, 1)), &texts);
    for threads in [2, 3, 8] {
        let many = rows(&open(&model, &options(64, threads)), &texts);
        assert!(
            one.iter().zip(&many).all(|(a, b)| apart(a, b) < 1e-6),
            "{threads} threads"
        );
    }
}

#[test]
fn no_texts_give_no_rows() {
    assert!(rows(small(), &[]).is_empty());
}

#[test]
fn a_long_text_is_cut_at_the_window() {
    // 62 words of a letter, between [CLS] and [SEP], fill 64 tokens.
    let (full, longer) = ("a ".repeat(62), "a ".repeat(100_000));
    let pair = rows(small(), &[&full, &longer]);
    assert!(apart(&pair[0], &pair[1]) < 1e-6);
    let shorter = rows(small(), &[&"a ".repeat(61)]).remove(0);
    assert!(apart(&shorter, &pair[0]) > 1e-4, "the 62nd word must count");
}

/// A run without a blank is one unknown word, however long; blanks are nothing.
#[test]
fn megabytes_without_a_word_end_soon() {
    let (run, blank) = ("x".repeat(8 << 20), " ".repeat(8 << 20));
    let texts = [run.as_str(), "x".repeat(101).as_str(), &blank, ""].map(str::to_owned);
    let got = rows(small(), &texts.each_ref().map(String::as_str));
    assert!(apart(&got[0], &got[1]) < 1e-6);
    assert!(apart(&got[2], &got[3]) < 1e-6);
}

/// A document that spells a control token says just that, and never becomes one.
#[test]
fn special_tokens_in_a_text_are_text() {
    let spelled = rows(small(), &["a [SEP] b", "a [MASK] b", "a b"]);
    let tensors = tiny::tensors(&SMALL);
    let injected = [2, tiny::first_letter('a'), 3, tiny::first_letter('b'), 3];
    let injected = reference::encode(&SMALL, &tensors, &injected, true);
    let injected: Vec<f32> = injected.iter().map(|x| *x as f32).collect();
    assert!(apart(&spelled[0], &injected) > 1e-3);
    assert!(apart(&spelled[0], &spelled[1]) > 1e-3);
}

#[test]
fn the_id_tells_apart_whatever_changes_the_vectors() {
    let model = Model::write(&SMALL, Kind::F32);
    let id = |model: &Model, options: &Options| open(model, options).id().to_owned();
    let base = id(&model, &options(64, 1));
    assert_eq!(base, id(&model, &options(64, 2)), "threads change nothing");
    assert!(base.starts_with("bert/tiny/f32/64/mean/"), "{base}");
    let other_weights = Model::write(&Shape { seed: 8, ..SMALL }, Kind::F32);
    let prefix = Options {
        query_prefix: "q ".into(),
        ..options(64, 1)
    };
    let first = Options {
        pooling: Some(Pooling::First),
        ..options(64, 1)
    };
    let named = Options {
        name: Some("mine".into()),
        ..options(64, 1)
    };
    let ids = [
        id(&model, &options(32, 1)),
        id(&Model::write(&SMALL, Kind::F16), &options(64, 1)),
        id(&other_weights, &options(64, 1)),
        id(&model, &prefix),
        id(&model, &first),
        id(&model, &named),
        base,
    ];
    let different: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(different.len(), ids.len(), "{ids:#?}");
}

#[test]
fn pooling_follows_the_file_of_sentence_transformers() {
    let model = Model::write(&SMALL, Kind::F32);
    let mean = open(&model, &options(64, 1));
    let mode = r#"{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}"#;
    model.put("1_Pooling/config.json", mode.as_bytes());
    let first = open(&model, &options(64, 1));
    assert!(first.id().contains("/first/"), "{}", first.id());
    assert!(apart(&rows(&mean, &["abc"])[0], &rows(&first, &["abc"])[0]) > 1e-3);
    model.put(
        "1_Pooling/config.json",
        b"{\"pooling_mode_max_tokens\": true}",
    );
    let error = Encoder::open(model.path(), &options(64, 1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
}

#[test]
fn a_raised_flag_stops_the_work() {
    let stop = Stop::new();
    stop.raise();
    let error = small().encode(&["abc"], &stop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}

#[tokio::test]
async fn the_port_gives_the_same_rows_and_puts_prefixes_before_texts() {
    let model = Model::write(&SMALL, Kind::F32);
    let with = Options {
        query_prefix: "query ".into(),
        document_prefix: "passage ".into(),
        ..options(64, 2)
    };
    let encoder = open(&model, &with);
    let cx = Context::new();
    for (role, prefix) in [(Role::Query, "query "), (Role::Document, "passage ")] {
        let got = encoder.embed(&cx, &["abc", ""], role).await.unwrap();
        let want = rows(&encoder, &[&format!("{prefix}abc"), prefix]);
        assert_eq!(got.len(), 2);
        assert!(got.rows().zip(&want).all(|(a, b)| apart(a, b) < 1e-6));
    }
    assert!(
        encoder
            .embed(&cx, &[], Role::Query)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(cx.usage().embedded_texts(), 4);
}

#[tokio::test]
async fn a_deadline_ends_the_work() {
    let cx = Context::new().within(std::time::Duration::ZERO);
    let error = small().embed(&cx, &["abc"], Role::Query).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
}
