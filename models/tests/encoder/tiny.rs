//! Tiny models with random weights, written as the files of real ones.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

/// The shape of a tiny model.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) heads: usize,
    /// Numbers a head has; the hidden size is that times the heads.
    pub(crate) head: usize,
    pub(crate) middle: usize,
    pub(crate) layers: usize,
    pub(crate) positions: usize,
    pub(crate) seed: u64,
}

impl Shape {
    pub(crate) fn hidden(&self) -> usize {
        self.heads * self.head
    }
}

pub(crate) const SMALL: Shape = Shape {
    heads: 3,
    head: 8,
    middle: 40,
    layers: 2,
    positions: 64,
    seed: 7,
};

/// The number type of a weights file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    F32,
    F16,
}

/// A tensor: its shape and its numbers.
pub(crate) type Tensor = (Vec<usize>, Vec<f32>);

/// Splitmix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// A multiple of 1/1024 in ±0.5, which half precision holds exactly.
    fn weight(&mut self) -> f32 {
        (self.below(1025) as f32 - 512.0) / 1024.0
    }
}

/// Ids of the tiny vocabulary: five special tokens, then letters that begin a word, then letters
/// that go on with one.
pub(crate) const CLS: u32 = 2;
pub(crate) const SEP: u32 = 3;
pub(crate) const UNKNOWN: u32 = 1;
pub(crate) fn first_letter(c: char) -> u32 {
    5 + (c as u32 - 'a' as u32)
}
pub(crate) fn next_letter(c: char) -> u32 {
    31 + (c as u32 - 'a' as u32)
}
pub(crate) const VOCABULARY: usize = 57;

/// The tensors of a model, by name.
pub(crate) fn tensors(shape: &Shape) -> BTreeMap<String, Tensor> {
    let (hidden, middle) = (shape.hidden(), shape.middle);
    let mut random = Random(shape.seed);
    let mut all = BTreeMap::new();
    let mut add = |name: String, dims: &[usize], around: f32| {
        let count: usize = dims.iter().product();
        let numbers = (0..count).map(|_| around + random.weight()).collect();
        all.insert(name, (dims.to_vec(), numbers));
    };
    let e = "embeddings";
    add(
        format!("{e}.word_embeddings.weight"),
        &[VOCABULARY, hidden],
        0.0,
    );
    add(
        format!("{e}.position_embeddings.weight"),
        &[shape.positions, hidden],
        0.0,
    );
    add(
        format!("{e}.token_type_embeddings.weight"),
        &[2, hidden],
        0.0,
    );
    add(format!("{e}.LayerNorm.weight"), &[hidden], 1.0);
    add(format!("{e}.LayerNorm.bias"), &[hidden], 0.0);
    for i in 0..shape.layers {
        let l = format!("encoder.layer.{i}");
        for (name, inputs, outputs) in [
            ("attention.self.query", hidden, hidden),
            ("attention.self.key", hidden, hidden),
            ("attention.self.value", hidden, hidden),
            ("attention.output.dense", hidden, hidden),
            ("intermediate.dense", hidden, middle),
            ("output.dense", middle, hidden),
        ] {
            add(format!("{l}.{name}.weight"), &[outputs, inputs], 0.0);
            add(format!("{l}.{name}.bias"), &[outputs], 0.0);
        }
        for name in ["attention.output.LayerNorm", "output.LayerNorm"] {
            add(format!("{l}.{name}.weight"), &[hidden], 1.0);
            add(format!("{l}.{name}.bias"), &[hidden], 0.0);
        }
    }
    all
}

/// A number that half precision holds exactly, as half precision.
fn half(x: f32) -> u16 {
    let bits = x.to_bits();
    let sign = (bits >> 16) as u16 & 0x8000;
    if x == 0.0 {
        return sign;
    }
    assert_eq!(bits & 0x1fff, 0, "{x} is not exact in half precision");
    let exponent = ((bits >> 23) & 0xff) as i32 - 112;
    assert!((1..31).contains(&exponent), "{x} is not a normal half");
    sign | (exponent as u16) << 10 | ((bits >> 13) & 0x3ff) as u16
}

/// A safetensors file.
pub(crate) fn safetensors(tensors: &BTreeMap<String, Tensor>, kind: Kind) -> Vec<u8> {
    let mut data = Vec::new();
    let mut header = serde_json::Map::new();
    header.insert("__metadata__".into(), json!({"format": "pt"}));
    for (name, (dims, numbers)) in tensors {
        let begin = data.len();
        for x in numbers {
            match kind {
                Kind::F32 => data.extend_from_slice(&x.to_le_bytes()),
                Kind::F16 => data.extend_from_slice(&half(*x).to_le_bytes()),
            }
        }
        let dtype = if kind == Kind::F32 { "F32" } else { "F16" };
        let line = json!({"dtype": dtype, "shape": dims, "data_offsets": [begin, data.len()]});
        header.insert(name.clone(), line);
    }
    assemble(&serde_json::Value::Object(header).to_string(), &data)
}

/// A file of a header and its data.
pub(crate) fn assemble(header: &str, data: &[u8]) -> Vec<u8> {
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header.as_bytes());
    file.extend_from_slice(data);
    file
}

pub(crate) fn config(shape: &Shape) -> serde_json::Value {
    json!({
        "_name_or_path": "tiny",
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": shape.hidden(),
        "intermediate_size": shape.middle,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "max_position_embeddings": shape.positions,
        "type_vocab_size": 2,
        "vocab_size": VOCABULARY,
        "layer_norm_eps": 1e-12,
    })
}

pub(crate) fn tokenizer() -> serde_json::Value {
    let mut vocab = serde_json::Map::new();
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
    for (id, name) in special.iter().enumerate() {
        vocab.insert((*name).to_owned(), json!(id));
    }
    for c in 'a'..='z' {
        vocab.insert(c.to_string(), json!(first_letter(c)));
        vocab.insert(format!("##{c}"), json!(next_letter(c)));
    }
    let added: Vec<_> = (special.iter().enumerate())
        .map(|(id, name)| {
            json!({"id": id, "content": name, "special": true, "single_word": false,
                "lstrip": false, "rstrip": false, "normalized": false})
        })
        .collect();
    let around = json!([
        {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
        {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
    ]);
    json!({
        "version": "1.0",
        "truncation": {"max_length": 5, "strategy": "LongestFirst", "stride": 0},
        "padding": {"strategy": {"Fixed": 5}, "direction": "Right", "pad_to_multiple_of": null,
            "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"},
        "added_tokens": added,
        "normalizer": {"type": "BertNormalizer", "clean_text": true,
            "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "TemplateProcessing", "single": around, "pair": around,
            "special_tokens": {
                "[CLS]": {"id": "[CLS]", "ids": [CLS], "tokens": ["[CLS]"]},
                "[SEP]": {"id": "[SEP]", "ids": [SEP], "tokens": ["[SEP]"]},
            }},
        "decoder": null,
        "model": {"type": "WordPiece", "unk_token": "[UNK]",
            "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": vocab},
    })
}

/// A model in a directory, which goes when it is dropped.
pub(crate) struct Model(TempDir);

impl Model {
    pub(crate) fn write(shape: &Shape, kind: Kind) -> Self {
        let weights = safetensors(&tensors(shape), kind);
        let model = Self(tempfile::tempdir().unwrap());
        model.put("config.json", config(shape).to_string().as_bytes());
        model.put("tokenizer.json", tokenizer().to_string().as_bytes());
        model.put("model.safetensors", &weights);
        model
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }
}
