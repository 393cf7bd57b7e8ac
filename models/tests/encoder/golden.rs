//! Real weights against vectors that were computed outside: `benches/peers/golden_minilm.py`.

use gori_core::{Context, Embedder, Role, Stop, cosine};
use gori_models::bert::{Encoder, Options};
use gori_models::files::{Fetch, fetch_blocking};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    unit: f64,
    texts: Vec<String>,
    rows: Vec<Vec<i64>>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../data/minilm_golden.json")).unwrap()
}

/// A model of the catalogue, fetched where it is not there yet. Left out only offline.
fn open(name: &str) -> Option<Encoder> {
    let settings = Fetch::from_env();
    match fetch_blocking(name, &settings, &Stop::new()) {
        Ok(found) => Some(Encoder::open(found.path(), &Options::default()).unwrap()),
        Err(error) if settings.is_offline() => {
            println!("SKIPPED, offline: {error}");
            None
        }
        Err(error) => panic!("{error:?}"),
    }
}

/// Rows of ours and rows of the file, both in batch order.
fn pairs(encoder: &Encoder) -> Vec<(String, Vec<f32>, Vec<f32>)> {
    let golden = golden();
    let texts: Vec<&str> = golden.texts.iter().map(String::as_str).collect();
    let ours = encoder.encode(&texts, &Stop::new()).unwrap();
    let ours = ours.chunks(encoder.dims()).map(<[f32]>::to_vec);
    let theirs = golden.rows.iter().map(|row| {
        row.iter()
            .map(|x| (*x as f64 * golden.unit) as f32)
            .collect()
    });
    let pairs: Vec<_> = (golden.texts.iter().cloned().zip(ours).zip(theirs))
        .map(|((text, ours), theirs): ((_, _), Vec<f32>)| (text, ours, theirs))
        .collect();
    assert_eq!(pairs.len(), golden.texts.len());
    pairs
}

const F32: &str = "all-minilm-l6-v2-fp32";
const F16: &str = "all-minilm-l6-v2";

#[test]
fn f32_weights_equal_sentence_transformers() {
    let Some(encoder) = open(F32) else { return };
    let mut worst = 0.0_f32;
    let pairs = pairs(&encoder);
    for (text, ours, theirs) in &pairs {
        assert_eq!(ours.len(), theirs.len());
        let apart = ours
            .iter()
            .zip(theirs)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(apart < 1e-5, "{apart} apart: {text:?}");
        worst = worst.max(apart);
    }
    println!("{} texts, at most {worst:e} apart", pairs.len());
}

#[test]
fn f16_weights_are_near_sentence_transformers() {
    let Some(encoder) = open(F16) else { return };
    let pairs = pairs(&encoder);
    let mut worst = 1.0_f32;
    for (text, ours, theirs) in &pairs {
        let near = cosine(ours, theirs);
        assert!(near > 0.9999, "cosine {near}: {text:?}");
        worst = worst.min(near);
    }
    println!("{} texts, cosine at least {worst}", pairs.len());
}

#[tokio::test]
async fn what_is_alike_is_near() {
    let Some(encoder) = open(F16) else { return };
    let texts = [
        "cat",
        "dog",
        "car",
        "chihuahua dog",
        "jindo dog",
        "A cat sleeps on the sofa.",
        "A dog is asleep on the couch.",
        "The car needs new tyres.",
        "My chihuahua barks at strangers.",
        "The jindo guards the house and barks.",
        "A cat climbs the tree.",
    ];
    let rows = encoder
        .embed(&Context::new(), &texts, Role::Document)
        .await
        .unwrap();
    let near = |a: usize, b: usize| cosine(rows.row(a).unwrap(), rows.row(b).unwrap());
    for (a, b, c) in [(0, 1, 2), (3, 4, 0), (5, 6, 7), (8, 9, 10)] {
        let [first, like, unlike] = [a, b, c].map(|i| texts[i]);
        assert!(near(a, b) > near(a, c), "{first}: {like}, {unlike}");
    }
}

#[test]
fn english_minilm_says_that_it_reads_no_korean() {
    let Some(encoder) = open(F16) else { return };
    for (text, share) in [
        ("How do I rotate the keys?", 1.0),
        ("열쇠를 어떻게 바꿉니까?", 0.0),
        ("如何更换密钥", 0.0),
        ("鍵を交換する方法", 0.0),
    ] {
        assert_eq!(encoder.coverage(text), share, "{text}");
    }
}
