//! What a model file describes: its sizes, checked, and its weights.

use std::io::{Read, Seek};

use gori_core::{Error, ErrorKind, Result, ResultExt as _, Stop};

use super::header::{Header, Tensor, Value, corrupt};
use super::kernel::Kernel;
use super::matrix::{Matrix, vector};

/// How the halves of a head are turned by rotary position embedding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Neighbours are a pair: the llama architecture.
    Neighbours,
    /// A number and the one half a head on are a pair: the qwen2 architecture.
    Halves,
}

/// The sizes of a model.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) turn: Turn,
    pub(super) layers: usize,
    pub(super) width: usize,
    pub(super) inner: usize,
    pub(super) heads: usize,
    pub(super) key_heads: usize,
    pub(super) head: usize,
    pub(super) context: usize,
    pub(super) epsilon: f32,
    /// How far each pair of numbers turns from one position to the next, in radians.
    pub(super) angles: Vec<f32>,
}

/// A layer's weights.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) attention_norm: Vec<f32>,
    /// Query, key and value, one below the other, so that they are one product.
    pub(super) attend: Matrix,
    /// The same for their biases; empty where there are none.
    pub(super) bias: Vec<f32>,
    pub(super) output: Matrix,
    pub(super) inner_norm: Vec<f32>,
    /// Gate and up, one below the other.
    pub(super) widen: Matrix,
    pub(super) narrow: Matrix,
}

/// A model, ready to run.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) shape: Shape,
    pub(super) kernel: Kernel,
    pub(super) embedding: Matrix,
    pub(super) layers: Vec<Layer>,
    pub(super) norm: Vec<f32>,
    /// The output matrix where it is not the embedding.
    pub(super) head: Option<Matrix>,
}

impl Shape {
    /// Reads the sizes; whether the tensors have them is checked as they are read.
    pub(super) fn of(header: &Header) -> Result<Self> {
        let architecture = header.text("general.architecture").unwrap_or("none");
        let turn = match architecture {
            "llama" => Turn::Neighbours,
            "qwen2" => Turn::Halves,
            other => return Err(unsupported(format!("models of the architecture {other:?}"))
                .hint("llama and qwen2 are supported; serve others by llama-server and use the HTTP client")),
        };
        let key = |name: &str| format!("{architecture}.{name}");
        let size = |name: &str, most: usize| {
            let found = header.int(&key(name), 1..=most)?;
            found.ok_or_else(|| corrupt("the metadata lacks it").about(key(name)))
        };
        if header
            .int(&key("expert_count"), 0..=usize::MAX)?
            .unwrap_or(0)
            > 0
        {
            return Err(unsupported("models that are mixtures of experts"));
        }
        let width = size("embedding_length", 1 << 17)?;
        let heads = size("attention.head_count", 1 << 12)?;
        let key_heads = header
            .int(&key("attention.head_count_kv"), 1..=heads)?
            .unwrap_or(heads);
        let head = match header.int(&key("attention.key_length"), 1..=1 << 12)? {
            Some(head) => head,
            None => width / heads,
        };
        let values = header.int(&key("attention.value_length"), 1..=1 << 12)?;
        let turned = header
            .int(&key("rope.dimension_count"), 1..=1 << 12)?
            .unwrap_or(head);
        if !heads.is_multiple_of(key_heads)
            || head == 0
            || values.is_some_and(|size| size != head)
            || turned > head
            || !turned.is_multiple_of(2)
        {
            return Err(corrupt(format!(
                "{heads} heads of {head} numbers, {key_heads} of them for keys, {turned} turned, cannot be"
            )));
        }
        let base = header.positive(&key("rope.freq_base"))?.unwrap_or(10_000.0);
        let slower = scaling(header, architecture)?;
        Ok(Self {
            turn,
            layers: size("block_count", 1 << 10)?,
            width,
            inner: size("feed_forward_length", 1 << 20)?,
            heads,
            key_heads,
            head,
            context: size("context_length", 1 << 26)?,
            epsilon: header
                .positive(&key("attention.layer_norm_rms_epsilon"))?
                .unwrap_or(1e-5),
            // Su et al. 2021, section 3.4.3: theta_i = base^(-2i/d).
            angles: (0..turned / 2)
                .map(|i| base.powf(-(2.0 * i as f32) / turned as f32) / slower)
                .collect(),
        })
    }
}

/// By how much positions are drawn together, for models that were stretched linearly.
fn scaling(header: &Header, architecture: &str) -> Result<f32> {
    match header.text(&format!("{architecture}.rope.scaling.type")) {
        None | Some("none") => Ok(1.0),
        Some("linear") => {
            let factor = header.positive(&format!("{architecture}.rope.scaling.factor"))?;
            Ok(factor.unwrap_or(1.0))
        }
        Some(other) => Err(unsupported(format!("positions scaled by {other:?}"))),
    }
}

fn unsupported(what: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Unsupported, format!("{what} are not supported"))
}

impl Model {
    /// Reads the weights.
    pub(super) fn load(
        file: &mut (impl Read + Seek),
        header: &Header,
        stop: &Stop,
    ) -> Result<Self> {
        let mut shape = Shape::of(header)?;
        let mut reader = Reader {
            header,
            file,
            kernel: Kernel::detect(),
        };
        let Shape {
            width,
            inner,
            head,
            heads,
            key_heads,
            layers,
            ..
        } = shape;
        if let Some(tensor) = header.tensors.get("rope_freqs.weight") {
            reader.check("rope_freqs.weight", tensor, shape.angles.len(), 1)?;
            let factors = vector(reader.file, tensor)?;
            for (angle, factor) in shape.angles.iter_mut().zip(factors) {
                *angle /= factor;
            }
        }
        let vocabulary = match header.metadata.get("tokenizer.ggml.tokens") {
            Some(Value::Texts(tokens)) => tokens.len(),
            _ => return Err(corrupt("the metadata lacks it").about("tokenizer.ggml.tokens")),
        };
        let embedding = reader.matrix(&["token_embd.weight"], width, &[vocabulary])?;
        let sizes = [heads * head, key_heads * head, key_heads * head];
        let mut read = Vec::new();
        for layer in 0..layers {
            stop.check()?;
            let name = |part: &str| format!("blk.{layer}.{part}");
            let all = |parts: &[&str]| parts.iter().map(|part| name(part)).collect::<Vec<_>>();
            let attend = all(&["attn_q.weight", "attn_k.weight", "attn_v.weight"]);
            let bias = all(&["attn_q.bias", "attn_k.bias", "attn_v.bias"]);
            read.push(Layer {
                attention_norm: reader.vector(&name("attn_norm.weight"), width)?,
                attend: reader.matrix(&attend, width, &sizes)?,
                bias: reader.biases(&bias, &sizes)?,
                output: reader.matrix(&all(&["attn_output.weight"]), heads * head, &[width])?,
                inner_norm: reader.vector(&name("ffn_norm.weight"), width)?,
                widen: reader.matrix(
                    &all(&["ffn_gate.weight", "ffn_up.weight"]),
                    width,
                    &[inner; 2],
                )?,
                narrow: reader.matrix(&all(&["ffn_down.weight"]), inner, &[width])?,
            });
        }
        Ok(Self {
            kernel: reader.kernel,
            embedding,
            layers: read,
            norm: reader.vector("output_norm.weight", width)?,
            head: match header.tensors.contains_key("output.weight") {
                true => Some(reader.matrix(&["output.weight"], width, &[vocabulary])?),
                false => None,
            },
            shape,
        })
    }
}

struct Reader<'a, F> {
    header: &'a Header,
    file: &'a mut F,
    kernel: Kernel,
}

impl<F: Read + Seek> Reader<'_, F> {
    fn tensor(&self, name: &str, cols: usize, rows: usize) -> Result<&Tensor> {
        let tensor = self.header.tensors.get(name);
        let tensor = tensor.ok_or_else(|| corrupt("the file lacks this tensor").about(name))?;
        self.check(name, tensor, cols, rows)?;
        Ok(tensor)
    }

    fn check(&self, name: &str, tensor: &Tensor, cols: usize, rows: usize) -> Result<()> {
        if (tensor.cols, tensor.rows) == (cols, rows) {
            return Ok(());
        }
        let (a, b) = (tensor.rows, tensor.cols);
        Err(corrupt(format!(
            "it has {a} rows of {b} numbers and not {rows} of {cols}"
        ))
        .about(name))
    }

    fn vector(&mut self, name: &str, size: usize) -> Result<Vec<f32>> {
        let tensor = self.tensor(name, size, 1)?.clone();
        vector(self.file, &tensor).about(name)
    }

    /// All the biases or none.
    fn biases(&mut self, names: &[String], sizes: &[usize]) -> Result<Vec<f32>> {
        let mut all = Vec::new();
        if names
            .iter()
            .any(|name| self.header.tensors.contains_key(name))
        {
            for (name, size) in names.iter().zip(sizes) {
                all.extend(self.vector(name, *size)?);
            }
        }
        Ok(all)
    }

    /// Tensors of the same width, one below the other.
    fn matrix(&mut self, names: &[impl AsRef<str>], cols: usize, rows: &[usize]) -> Result<Matrix> {
        let mut matrix = Matrix::new(cols);
        for (name, rows) in names.iter().zip(rows) {
            let tensor = self.tensor(name.as_ref(), cols, *rows)?.clone();
            matrix
                .append(self.file, &tensor, self.kernel)
                .about(name.as_ref())?;
        }
        Ok(matrix)
    }
}
