//! The shape of a model, from its config.json.

use std::path::Path;

use gori_core::{Error, ErrorKind, Result};
use serde::Deserialize;

/// What the forward pass needs to know of a model.
#[derive(Clone, Debug)]
pub(super) struct Config {
    /// The name that the config gives the model, or its directory's.
    pub(super) name: String,
    /// Numbers in a token's vector, and in the embedding of a text.
    pub(super) hidden: usize,
    /// Numbers in the middle of a feed-forward block.
    pub(super) middle: usize,
    pub(super) layers: usize,
    pub(super) heads: usize,
    pub(super) vocabulary: usize,
    /// Rows in the table of positions.
    pub(super) positions: usize,
    /// The position of the first token: 0, or one past the padding id in RoBERTa's line.
    pub(super) first_position: usize,
    /// Rows in the table of token types, of which only the first is used.
    pub(super) types: usize,
    pub(super) epsilon: f32,
}

/// The fields of a config.json that matter here.
#[derive(Deserialize)]
struct File {
    #[serde(rename = "_name_or_path", default)]
    name: String,
    #[serde(default)]
    model_type: String,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    vocab_size: usize,
    max_position_embeddings: usize,
    #[serde(default = "one")]
    type_vocab_size: usize,
    #[serde(default = "gelu")]
    hidden_act: String,
    #[serde(default = "absolute")]
    position_embedding_type: Option<String>,
    #[serde(default = "epsilon")]
    layer_norm_eps: f32,
    #[serde(default)]
    pad_token_id: Option<usize>,
}

fn one() -> usize {
    1
}
fn gelu() -> String {
    "gelu".to_owned()
}
fn absolute() -> Option<String> {
    Some("absolute".to_owned())
}
fn epsilon() -> f32 {
    1e-12
}

/// No dimension of a model that runs in memory comes near it; below it, products cannot overflow.
const ABSURD: usize = 1 << 24;

impl Config {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|e| Error::io(path.display(), e))?;
        let file = serde_json::from_slice(&bytes).map_err(|e| {
            Error::new(ErrorKind::Config, "this is no config.json of an encoder")
                .about(path.display())
                .caused_by(e)
        })?;
        let directory = path.parent().and_then(Path::file_name);
        let name = directory.map_or_else(|| "bert".into(), |name| name.to_string_lossy());
        Self::of(file, &name)
            .map_err(|why| Error::new(ErrorKind::Unsupported, why).about(path.display()))
    }

    fn of(file: File, directory: &str) -> Result<Self, String> {
        let first_position = match file.model_type.as_str() {
            "bert" | "" => 0,
            "roberta" | "xlm-roberta" | "camembert" => file.pad_token_id.unwrap_or(1) + 1,
            other => return Err(format!("a model of type `{other}` is not of BERT's family")),
        };
        if file.hidden_act != "gelu" {
            return Err(format!(
                "the activation `{}` is not built in, only gelu",
                file.hidden_act
            ));
        }
        if file
            .position_embedding_type
            .is_some_and(|kind| kind != "absolute")
        {
            return Err("only absolute positions are built in".to_owned());
        }
        let config = Self {
            name: if file.name.is_empty() {
                directory.to_owned()
            } else {
                file.name
            },
            hidden: file.hidden_size,
            middle: file.intermediate_size,
            layers: file.num_hidden_layers,
            heads: file.num_attention_heads,
            vocabulary: file.vocab_size,
            positions: file.max_position_embeddings,
            first_position,
            types: file.type_vocab_size,
            epsilon: file.layer_norm_eps,
        };
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        let sizes = [
            ("hidden_size", self.hidden),
            ("intermediate_size", self.middle),
            ("num_hidden_layers", self.layers),
            ("num_attention_heads", self.heads),
            ("vocab_size", self.vocabulary),
            ("max_position_embeddings", self.positions),
            ("type_vocab_size", self.types),
        ];
        if let Some((name, size)) = sizes.iter().find(|(_, n)| !(1..ABSURD).contains(n)) {
            return Err(format!("`{name}` is {size}"));
        }
        if !self.hidden.is_multiple_of(self.heads) {
            return Err(format!(
                "{} numbers do not split into {} heads",
                self.hidden, self.heads
            ));
        }
        if self.first_position >= self.positions {
            return Err(format!(
                "{} positions leave no room for a token",
                self.positions
            ));
        }
        if !(self.epsilon >= 0.0 && self.epsilon.is_finite()) {
            return Err(format!("`layer_norm_eps` is {}", self.epsilon));
        }
        Ok(())
    }

    /// The most tokens a text may have, by the table of positions.
    pub(super) fn window(&self) -> usize {
        self.positions - self.first_position
    }
}
