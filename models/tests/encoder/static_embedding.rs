//! One matrix and a tokenizer.

use std::collections::BTreeMap;

use gori_core::{Context, Embedder, ErrorKind, Role, Stop};
use gori_models::static_embedding::{Options, StaticEmbedder};
use proptest::prelude::*;

use crate::tiny::{self, Kind, Model, Random, SMALL, Tensor, UNKNOWN, VOCABULARY};

const DIMS: usize = 12;

fn matrix(seed: u64) -> BTreeMap<String, Tensor> {
    let mut random = Random(seed);
    let numbers = (0..VOCABULARY * DIMS)
        .map(|_| (random.below(2049) as f32 - 1024.0) / 2048.0)
        .collect();
    BTreeMap::from([(
        "embedding.weight".to_owned(),
        (vec![VOCABULARY, DIMS], numbers),
    )])
}

fn model(kind: Kind) -> Model {
    let model = Model::write(&SMALL, Kind::F32);
    model.put("model.safetensors", &tiny::safetensors(&matrix(5), kind));
    model
}

fn open(kind: Kind, normalise: bool) -> StaticEmbedder {
    let options = Options {
        normalise,
        max_tokens: 40,
        ..Options::default()
    };
    StaticEmbedder::open(model(kind).path(), &options).unwrap()
}

/// The mean of the rows of known letters, by the definition.
fn mean(text: &str) -> Vec<f64> {
    let numbers = &matrix(5)["embedding.weight"].1;
    let mut ids = crate::reference::ids(text, usize::MAX);
    ids = ids[1..ids.len() - 1]
        .iter()
        .copied()
        .take(40)
        .filter(|id| *id != UNKNOWN)
        .collect();
    let mut sum = vec![0.0; DIMS];
    for id in &ids {
        let row = &numbers[*id as usize * DIMS..][..DIMS];
        for (sum, x) in sum.iter_mut().zip(row) {
            *sum += f64::from(*x) / ids.len() as f64;
        }
    }
    sum
}

proptest! {
    #[test]
    fn a_vector_is_the_mean_of_its_tokens(
        texts in prop::collection::vec(prop::collection::vec("[a-z]{1,5}", 0..20), 0..150),
    ) {
        let texts: Vec<String> = texts.iter().map(|words| words.join(" ")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        for kind in [Kind::F32, Kind::F16] {
            let plain = open(kind, false).encode(&texts, &Stop::new()).unwrap();
            let unit = open(kind, true).encode(&texts, &Stop::new()).unwrap();
            prop_assert_eq!(plain.len(), texts.len() * DIMS);
            for (i, text) in texts.iter().enumerate() {
                let want = mean(text);
                let row = &plain[i * DIMS..][..DIMS];
                prop_assert!(row.iter().zip(&want).all(|(a, b)| (f64::from(*a) - b).abs() < 1e-6));
                let unit = &unit[i * DIMS..][..DIMS];
                let length = want.iter().map(|x| x * x).sum::<f64>().sqrt();
                prop_assert!((unit.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5);
                if length > 1e-3 {
                    prop_assert!(
                        unit.iter().zip(&want).all(|(a, b)| (f64::from(*a) - b / length).abs() < 1e-5)
                    );
                }
            }
        }
    }
}

#[test]
fn unknown_tokens_say_nothing() {
    let embedder = open(Kind::F32, true);
    let rows = embedder
        .encode(&["abc", "abc 한", "한", ""], &Stop::new())
        .unwrap();
    let row = |i: usize| &rows[i * DIMS..][..DIMS];
    assert_eq!(row(0), row(1));
    assert_eq!(row(2), row(3));
}

#[tokio::test]
async fn the_port_gives_the_same_rows() {
    let embedder = open(Kind::F16, true);
    let texts = ["abc de", "", "x y z"];
    let rows = embedder
        .embed(&Context::new(), &texts, Role::Query)
        .await
        .unwrap();
    assert_eq!(
        rows.as_slice(),
        embedder.encode(&texts, &Stop::new()).unwrap()
    );
    assert!(embedder.id().contains("/f16/40/unit/"), "{}", embedder.id());
    assert_ne!(embedder.id(), open(Kind::F32, true).id());
    assert_eq!(embedder.coverage("한국어"), 0.0);
}

#[test]
fn files_that_are_no_such_model_are_refused() {
    let options = Options::default();
    let bert = Model::write(&SMALL, Kind::F32);
    let error = StaticEmbedder::open(bert.path(), &options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Model, "{error}");
    let mut small = matrix(5);
    small.get_mut("embedding.weight").unwrap().0 = vec![VOCABULARY / 3, DIMS * 3];
    let model = model(Kind::F32);
    model.put("model.safetensors", &tiny::safetensors(&small, Kind::F32));
    let error = StaticEmbedder::open(model.path(), &options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Model, "{error}");
    let none = Options {
        max_tokens: 0,
        ..Options::default()
    };
    let error = StaticEmbedder::open(model.path(), &none).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
}
