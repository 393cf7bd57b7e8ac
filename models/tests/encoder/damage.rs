//! Files that are cut off, damaged, hostile or mismatched: an error with a kind, never a panic,
//! never an allocation larger than the file.

use gori_core::{Error, ErrorKind};
use gori_models::bert::{Encoder, Options};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::tiny::{self, Kind, Model, SMALL, Shape, assemble};

const TINY: Shape = Shape {
    heads: 1,
    head: 4,
    middle: 4,
    layers: 1,
    positions: 8,
    seed: 1,
};

fn open(model: &Model) -> Result<Encoder, Error> {
    Encoder::open(
        model.path(),
        &Options {
            max_tokens: 8,
            ..Options::default()
        },
    )
}

/// Opens the tiny model with other weights.
fn weights(bytes: &[u8]) -> Result<Encoder, Error> {
    let model = Model::write(&TINY, Kind::F32);
    model.put("model.safetensors", bytes);
    open(&model)
}

fn sound() -> Vec<u8> {
    tiny::safetensors(&tiny::tensors(&TINY), Kind::F32)
}

/// The header of the sound file and its data.
fn parts() -> (Value, Vec<u8>) {
    let file = sound();
    let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let header = serde_json::from_slice(&file[8..8 + length]).unwrap();
    (header, file[8 + length..].to_vec())
}

fn with_header(change: impl FnOnce(&mut Value)) -> Result<Encoder, Error> {
    let (mut header, data) = parts();
    change(&mut header);
    weights(&assemble(&header.to_string(), &data))
}

#[test]
fn the_sound_file_opens() {
    weights(&sound()).unwrap();
}

#[test]
fn a_file_cut_off_anywhere_is_corrupt() {
    let file = sound();
    let places: Vec<usize> = (0..64).chain((64..file.len()).step_by(41)).collect();
    for place in &places {
        let error = weights(&file[..*place]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "cut at {place}: {error}");
        assert!(error.to_string().contains("model.safetensors"), "{error}");
    }
    println!("{} cuts", places.len());
}

#[test]
fn a_header_length_that_lies_is_corrupt() {
    let file = sound();
    for length in [
        0,
        1,
        7,
        100_000_001,
        u64::from(u32::MAX),
        u64::MAX - 7,
        u64::MAX,
    ] {
        let mut lying = file.clone();
        lying[..8].copy_from_slice(&length.to_le_bytes());
        assert_eq!(
            weights(&lying).unwrap_err().kind(),
            ErrorKind::Corrupt,
            "{length}"
        );
    }
}

#[test]
fn headers_that_are_no_map_of_tensors_are_corrupt() {
    let nested = format!("{{\"a\":{}", "[".repeat(100_000));
    for header in [
        "",
        "[]",
        "{\"a\":1}",
        "{\"a\":{\"dtype\":\"F32\"}}",
        "nul",
        &nested,
    ] {
        let error = weights(&assemble(header, &[])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    }
    let (header, data) = parts();
    let twice = header.to_string().replace(
        "encoder.layer.0.output.dense.bias",
        "embeddings.LayerNorm.bias",
    );
    assert_eq!(
        weights(&assemble(&twice, &data)).unwrap_err().kind(),
        ErrorKind::Corrupt
    );
}

const NORM: &str = "embeddings.LayerNorm.bias";

#[test]
fn ranges_that_overlap_or_leave_the_file_are_corrupt() {
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 7] = [
        ("overlap", |h| {
            h[NORM]["data_offsets"] = h["embeddings.LayerNorm.weight"]["data_offsets"].clone()
        }),
        ("backwards", |h| h[NORM]["data_offsets"] = json!([16, 0])),
        ("beyond", |h| {
            h[NORM]["data_offsets"] = json!([1_u64 << 60, (1_u64 << 60) + 16])
        }),
        ("too short", |h| h[NORM]["data_offsets"] = json!([0, 15])),
        ("shape overflows", |h| {
            h[NORM]["shape"] = json!([u64::MAX, u64::MAX, 2])
        }),
        ("shape is negative", |h| h[NORM]["shape"] = json!([-4])),
        ("a gap", |h| {
            h.as_object_mut().unwrap().remove(NORM);
        }),
    ];
    for (name, change) in changes {
        let error = with_header(change).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{name}: {error}");
    }
}

#[test]
fn a_missing_or_misshapen_tensor_is_named() {
    let mut tensors = tiny::tensors(&TINY);
    let name = "encoder.layer.0.output.dense.weight";
    tensors.get_mut(name).unwrap().0 = vec![16];
    let error = weights(&tiny::safetensors(&tensors, Kind::F32)).unwrap_err();
    assert!(
        error.kind() == ErrorKind::Model && error.to_string().contains(name),
        "{error}"
    );
    tensors.remove(name);
    let error = weights(&tiny::safetensors(&tensors, Kind::F32)).unwrap_err();
    assert!(
        error.kind() == ErrorKind::Model && error.to_string().contains(name),
        "{error}"
    );
    tensors.clear();
    let error = weights(&tiny::safetensors(&tensors, Kind::F32)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Model, "{error}");
}

#[test]
fn a_weight_that_is_not_finite_is_corrupt_in_either_type() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for name in [
            "embeddings.word_embeddings.weight",
            "encoder.layer.0.output.dense.bias",
        ] {
            let mut tensors = tiny::tensors(&TINY);
            *tensors.get_mut(name).unwrap().1.last_mut().unwrap() = bad;
            let error = weights(&tiny::safetensors(&tensors, Kind::F32)).unwrap_err();
            assert!(error.kind() == ErrorKind::Corrupt && error.to_string().contains(name));
        }
    }
    let mut file = tiny::safetensors(&tiny::tensors(&TINY), Kind::F16);
    for bits in [0x7c00_u16, 0xfc00, 0x7e01] {
        let end = file.len() - 2;
        file[end..].copy_from_slice(&bits.to_le_bytes());
        assert_eq!(weights(&file).unwrap_err().kind(), ErrorKind::Corrupt);
    }
}

#[test]
fn a_type_that_is_no_weight_is_refused() {
    let error = with_header(|h| h[NORM]["dtype"] = json!("I32")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Model, "{error}");
    let error = with_header(|h| h[NORM]["dtype"] = json!("F99")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
}

#[test]
fn configs_that_do_not_fit_are_refused() {
    let cases = [
        ("model_type", json!("gpt2"), ErrorKind::Unsupported),
        ("hidden_act", json!("silu"), ErrorKind::Unsupported),
        (
            "position_embedding_type",
            json!("relative_key"),
            ErrorKind::Unsupported,
        ),
        ("hidden_size", json!(0), ErrorKind::Unsupported),
        (
            "hidden_size",
            json!(5_000_000_000_u64),
            ErrorKind::Unsupported,
        ),
        ("num_attention_heads", json!(3), ErrorKind::Unsupported),
        ("layer_norm_eps", json!(-1.0), ErrorKind::Unsupported),
        ("num_hidden_layers", json!(16_000_000), ErrorKind::Model),
        ("intermediate_size", json!(16_000_000), ErrorKind::Model),
        ("vocab_size", json!(9), ErrorKind::Model),
        ("max_position_embeddings", json!(7), ErrorKind::Config),
        ("hidden_size", json!("four"), ErrorKind::Config),
    ];
    for (field, value, kind) in cases {
        let model = Model::write(&TINY, Kind::F32);
        let mut config = tiny::config(&TINY);
        config[field] = value;
        model.put("config.json", config.to_string().as_bytes());
        let error = open(&model).unwrap_err();
        assert_eq!(error.kind(), kind, "{field}: {error}");
    }
}

#[test]
fn other_files_that_are_missing_or_damaged_are_named() {
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
        let model = Model::write(&SMALL, Kind::F32);
        std::fs::remove_file(model.path().join(name)).unwrap();
        let error = open(&model).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        model.put(name, b"{\"half\": ");
        let error = open(&model).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Config | ErrorKind::Corrupt),
            "{error}"
        );
        assert!(error.to_string().contains(name), "{error}");
    }
    let model = Model::write(&SMALL, Kind::F32);
    std::fs::rename(
        model.path().join("model.safetensors"),
        model.path().join("a.safetensors"),
    )
    .unwrap();
    open(&model).unwrap();
    model.put("b.safetensors", b"");
    let error = open(&model).unwrap_err();
    assert!(error.to_string().contains("several"), "{error}");
}

#[test]
fn a_window_beyond_the_model_or_below_two_tokens_is_refused() {
    let model = Model::write(&TINY, Kind::F32);
    for max_tokens in [0, 1, 9, usize::MAX] {
        let options = Options {
            max_tokens,
            ..Options::default()
        };
        let error = Encoder::open(model.path(), &options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{max_tokens}: {error}");
    }
}

proptest! {
    /// Bytes changed anywhere: the file opens or gives an error.
    #[test]
    fn no_damage_is_a_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut file = sound();
        for (place, byte) in changes {
            let place = place.index(file.len());
            file[place] = byte;
        }
        let _ = weights(&file);
    }
}
