//! The weights of a model, read and laid out for the forward pass.

use gori_core::{Error, ErrorKind, Result};

use super::config::Config;
use crate::safetensors::{Dtype, Numbers, TensorFile};
use crate::simd::{Finish, Kernels, Packed, Rows, Start};

/// All weights of a model.
#[derive(Debug)]
pub(super) struct Weights {
    /// A row for each id of the vocabulary, in the file's number type: rows are only looked up,
    /// and half the memory is worth the widening of the few that a text needs.
    pub(super) words: Numbers,
    /// A row for each position, with the row of token type 0 added.
    pub(super) positions: Vec<f32>,
    pub(super) norm: Norm,
    pub(super) layers: Vec<Layer>,
}

/// One transformer block.
#[derive(Debug)]
pub(super) struct Layer {
    /// Queries, keys and values by one product.
    pub(super) qkv: Linear,
    pub(super) attended: Linear,
    pub(super) attended_norm: Norm,
    pub(super) up: Linear,
    pub(super) down: Linear,
    pub(super) down_norm: Norm,
}

/// Gain and bias of a layer norm.
#[derive(Debug)]
pub(super) struct Norm {
    pub(super) gain: Vec<f32>,
    pub(super) bias: Vec<f32>,
}

/// x W + b.
#[derive(Debug)]
pub(super) struct Linear {
    inputs: usize,
    outputs: usize,
    weight: Packed,
    bias: Vec<f32>,
}

impl Linear {
    /// One of several, side by side, so that one product computes them all. A part's weight has a
    /// row for each output, as files hold it.
    fn new(kernels: Kernels, inputs: usize, parts: &[(Vec<f32>, Vec<f32>)]) -> Self {
        let bias: Vec<f32> = parts
            .iter()
            .flat_map(|(_, bias)| bias.iter().copied())
            .collect();
        let rows: Vec<f32> = parts
            .iter()
            .flat_map(|(rows, _)| rows.iter().copied())
            .collect();
        let outputs = bias.len();
        let mut weight = Packed::default();
        weight.columns(kernels, &rows, inputs, (inputs, outputs));
        Self {
            inputs,
            outputs,
            weight,
            bias,
        }
    }

    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }

    /// `to = x W + b`, row by row.
    pub(super) fn apply(&self, kernels: Kernels, x: &[f32], to: &mut [f32], finish: Finish) {
        self.multiply(kernels, x, to, Start::Bias(&self.bias), finish);
    }

    /// `to += x W + b`, row by row.
    pub(super) fn add(&self, kernels: Kernels, x: &[f32], to: &mut [f32]) {
        self.multiply(kernels, x, to, Start::ResultAnd(&self.bias), Finish::Plain);
    }

    fn multiply(
        &self,
        kernels: Kernels,
        x: &[f32],
        to: &mut [f32],
        start: Start<'_>,
        finish: Finish,
    ) {
        let rows = x.len() / self.inputs;
        let x = Rows {
            numbers: x,
            step: self.inputs,
        };
        let to = Rows {
            numbers: to,
            step: self.outputs,
        };
        kernels.product(rows, x, &self.weight, to, start, finish);
    }
}

/// A file, with what its tensors' names begin with: nothing in an encoder's own file, the name
/// of the model's family in one that was saved with a head on top.
struct Reader<'f> {
    file: &'f mut TensorFile,
    prefix: String,
    kernels: Kernels,
}

impl Reader<'_> {
    fn read(&mut self, name: &str, shape: &[usize]) -> Result<Numbers> {
        self.file.read(&format!("{}{name}", self.prefix), shape)
    }

    fn linear(
        &mut self,
        name: &str,
        inputs: usize,
        outputs: usize,
    ) -> Result<(Vec<f32>, Vec<f32>)> {
        let weight = self.read(&format!("{name}.weight"), &[outputs, inputs])?;
        let bias = self.read(&format!("{name}.bias"), &[outputs])?;
        Ok((weight.widen(), bias.widen()))
    }

    /// Old files call the gain gamma and the bias beta.
    fn norm(&mut self, name: &str, size: usize) -> Result<Norm> {
        let old = format!("{}{name}.gamma", self.prefix);
        let (gain, bias) = match self.file.shape(&old) {
            Some(_) => ("gamma", "beta"),
            None => ("weight", "bias"),
        };
        Ok(Norm {
            gain: self.read(&format!("{name}.{gain}"), &[size])?.widen(),
            bias: self.read(&format!("{name}.{bias}"), &[size])?.widen(),
        })
    }

    fn layer(&mut self, config: &Config, index: usize) -> Result<Layer> {
        let (hidden, middle) = (config.hidden, config.middle);
        let at = format!("encoder.layer.{index}");
        let attention = format!("{at}.attention.self");
        let mut qkv = Vec::with_capacity(3);
        for part in ["query", "key", "value"] {
            qkv.push(self.linear(&format!("{attention}.{part}"), hidden, hidden)?);
        }
        let output = format!("{at}.attention.output");
        let attended = self.linear(&format!("{output}.dense"), hidden, hidden)?;
        let attended_norm = self.norm(&format!("{output}.LayerNorm"), hidden)?;
        let up = self.linear(&format!("{at}.intermediate.dense"), hidden, middle)?;
        let down = self.linear(&format!("{at}.output.dense"), middle, hidden)?;
        Ok(Layer {
            qkv: Linear::new(self.kernels, hidden, &qkv),
            attended: Linear::new(self.kernels, hidden, &[attended]),
            attended_norm,
            up: Linear::new(self.kernels, hidden, &[up]),
            down: Linear::new(self.kernels, middle, &[down]),
            down_norm: self.norm(&format!("{at}.output.LayerNorm"), hidden)?,
        })
    }
}

const WORDS: &str = "embeddings.word_embeddings.weight";

impl Weights {
    /// Reads all weights of a model of this shape, and packs them for these kernels.
    pub(super) fn read(file: &mut TensorFile, config: &Config, kernels: Kernels) -> Result<Self> {
        let prefix = file.names().find_map(|name| name.strip_suffix(WORDS));
        let prefix = prefix.map(str::to_owned).ok_or_else(|| {
            Error::new(ErrorKind::Model, format!("there is no tensor `{WORDS}`"))
                .hint("an encoder of BERT's family is needed here")
        })?;
        let mut reader = Reader {
            file,
            prefix,
            kernels,
        };
        let hidden = config.hidden;
        let words = reader.read(WORDS, &[config.vocabulary, hidden])?;
        let positions = "embeddings.position_embeddings.weight";
        let mut positions = reader.read(positions, &[config.positions, hidden])?.widen();
        let types = "embeddings.token_type_embeddings.weight";
        let types = reader.read(types, &[config.types, hidden])?;
        for row in positions.chunks_exact_mut(hidden) {
            types.add_to(0, row);
        }
        let norm = reader.norm("embeddings.LayerNorm", hidden)?;
        // The header was checked against the file's size, so a config that asks for more layers
        // than there are ends at the first missing tensor.
        let layers = (0..config.layers)
            .map(|i| reader.layer(config, i))
            .collect::<Result<_>>()?;
        Ok(Self {
            words,
            positions,
            norm,
            layers,
        })
    }

    /// The number type of the file.
    pub(super) fn dtype(&self) -> Dtype {
        self.words.dtype()
    }
}
