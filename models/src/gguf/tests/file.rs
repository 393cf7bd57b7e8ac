//! Writes GGUF files.

/// A value of the metadata.
#[derive(Clone)]
pub(super) enum Meta {
    U32(u32),
    U64(u64),
    F32(f32),
    Bool(bool),
    Text(String),
    Texts(Vec<String>),
    Ints(Vec<i32>),
}

/// A tensor: name, sizes, ggml's type, bytes.
#[derive(Clone)]
pub(super) struct Tensor {
    pub(super) name: String,
    pub(super) sizes: Vec<u64>,
    pub(super) kind: u32,
    pub(super) data: Vec<u8>,
}

/// What a file holds.
#[derive(Clone)]
pub(super) struct Gguf {
    pub(super) metadata: Vec<(String, Meta)>,
    pub(super) tensors: Vec<Tensor>,
}

/// The tokens that only templates may write.
pub(super) const SPECIAL: [&str; 3] = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
pub(super) const LAYERS: usize = 2;
pub(super) const WIDTH: usize = 64;
pub(super) const INNER: usize = 96;
pub(super) const HEADS: usize = 4;
pub(super) const KEY_HEADS: usize = 2;

impl Gguf {
    /// A small model with random weights, of the llama or the qwen2 architecture.
    pub(super) fn tiny(architecture: &str) -> Self {
        let key = |name: &str| format!("{architecture}.{name}");
        let (tokens, merges) = vocabulary();
        let types = (0..tokens.len()).map(|id| if id < SPECIAL.len() { 3 } else { 1 });
        let text = |text: &str| Meta::Text(text.to_owned());
        let vocabulary = tokens.len() as u64;
        let metadata = vec![
            ("general.architecture".to_owned(), text(architecture)),
            ("general.name".to_owned(), text("tiny")),
            (key("block_count"), Meta::U32(LAYERS as u32)),
            (key("context_length"), Meta::U32(512)),
            (key("embedding_length"), Meta::U32(WIDTH as u32)),
            (key("feed_forward_length"), Meta::U32(INNER as u32)),
            (key("attention.head_count"), Meta::U32(HEADS as u32)),
            (key("attention.head_count_kv"), Meta::U64(KEY_HEADS as u64)),
            (key("attention.layer_norm_rms_epsilon"), Meta::F32(1e-5)),
            (key("rope.freq_base"), Meta::F32(10_000.0)),
            ("tokenizer.ggml.model".to_owned(), text("gpt2")),
            ("tokenizer.ggml.pre".to_owned(), text("smollm")),
            ("tokenizer.ggml.tokens".to_owned(), Meta::Texts(tokens)),
            (
                "tokenizer.ggml.token_type".to_owned(),
                Meta::Ints(types.collect()),
            ),
            ("tokenizer.ggml.merges".to_owned(), Meta::Texts(merges)),
            ("tokenizer.ggml.eos_token_id".to_owned(), Meta::U32(2)),
            ("tokenizer.ggml.add_bos_token".to_owned(), Meta::Bool(false)),
            ("tokenizer.chat_template".to_owned(), text(TEMPLATE)),
        ];
        let mut random = Random(7);
        let (width, inner) = (WIDTH as u64, INNER as u64);
        let keys = width / HEADS as u64 * KEY_HEADS as u64;
        let mut tensors = vec![random.tensor("token_embd.weight", &[width, vocabulary], 0.0)];
        for layer in 0..LAYERS {
            let mut add = |name: &str, sizes: &[u64], around: f32| {
                tensors.push(random.tensor(&format!("blk.{layer}.{name}"), sizes, around));
            };
            add("attn_norm.weight", &[width], 1.0);
            add("attn_q.weight", &[width, width], 0.0);
            add("attn_k.weight", &[width, keys], 0.0);
            add("attn_v.weight", &[width, keys], 0.0);
            if architecture == "qwen2" {
                add("attn_q.bias", &[width], 0.0);
                add("attn_k.bias", &[keys], 0.0);
                add("attn_v.bias", &[keys], 0.0);
            }
            add("attn_output.weight", &[width, width], 0.0);
            add("ffn_norm.weight", &[width], 1.0);
            add("ffn_gate.weight", &[width, inner], 0.0);
            add("ffn_up.weight", &[width, inner], 0.0);
            add("ffn_down.weight", &[inner, width], 0.0);
        }
        tensors.push(random.tensor("output_norm.weight", &[width], 1.0));
        Self { metadata, tensors }
    }

    /// Replaces a value.
    pub(super) fn set(mut self, key: &str, value: Meta) -> Self {
        let found = self.metadata.iter_mut().find(|(name, _)| name == key);
        found.unwrap().1 = value;
        self
    }

    /// The numbers of a tensor.
    pub(super) fn numbers(&self, name: &str) -> Vec<f32> {
        let tensor = self
            .tensors
            .iter()
            .find(|tensor| tensor.name == name)
            .unwrap();
        let four = tensor.data.as_chunks().0.iter();
        four.map(|bytes| f32::from_le_bytes(*bytes)).collect()
    }

    /// The file, and where its header ends.
    pub(super) fn written(&self) -> (Vec<u8>, usize) {
        let mut out = b"GGUF".to_vec();
        out.extend(3_u32.to_le_bytes());
        out.extend((self.tensors.len() as u64).to_le_bytes());
        out.extend((self.metadata.len() as u64).to_le_bytes());
        for (key, value) in &self.metadata {
            text(&mut out, key);
            value.write(&mut out);
        }
        let mut at = 0;
        for tensor in &self.tensors {
            text(&mut out, &tensor.name);
            out.extend((tensor.sizes.len() as u32).to_le_bytes());
            out.extend(tensor.sizes.iter().flat_map(|size| size.to_le_bytes()));
            out.extend(tensor.kind.to_le_bytes());
            out.extend((at as u64).to_le_bytes());
            at += tensor.data.len().next_multiple_of(32);
        }
        let header = out.len();
        for tensor in &self.tensors {
            out.resize(out.len().next_multiple_of(32), 0);
            out.extend(&tensor.data);
        }
        (out, header)
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.written().0
    }
}

impl Meta {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::U32(value) => tagged(out, 4, &value.to_le_bytes()),
            Self::F32(value) => tagged(out, 6, &value.to_le_bytes()),
            Self::Bool(value) => tagged(out, 7, &[u8::from(*value)]),
            Self::U64(value) => tagged(out, 10, &value.to_le_bytes()),
            Self::Text(value) => {
                tagged(out, 8, &[]);
                text(out, value);
            }
            Self::Texts(values) => {
                tagged(out, 9, &8_u32.to_le_bytes());
                out.extend((values.len() as u64).to_le_bytes());
                values.iter().for_each(|value| text(out, value));
            }
            Self::Ints(values) => {
                tagged(out, 9, &5_u32.to_le_bytes());
                out.extend((values.len() as u64).to_le_bytes());
                out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            }
        }
    }
}

fn tagged(out: &mut Vec<u8>, tag: u32, bytes: &[u8]) {
    out.extend(tag.to_le_bytes());
    out.extend(bytes);
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

/// Control tokens, one token for each byte, and a few merged ones.
fn vocabulary() -> (Vec<String>, Vec<String>) {
    let mut next = 256;
    let bytes = (0..=255_u8).map(|byte| match byte {
        b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF => String::from(char::from(byte)),
        _ => {
            next += 1;
            char::from_u32(next - 1).unwrap().to_string()
        }
    });
    let merges = ["h e", "l l", "Ġ t", "Ġt he", "i n", "{ \"", "< |", "Ċ Ċ"];
    let special = SPECIAL.iter().map(|token| (*token).to_owned());
    let merged = merges.iter().map(|merge| merge.replace(' ', ""));
    let tokens = special.chain(bytes).chain(merged).collect();
    (tokens, merges.map(str::to_owned).to_vec())
}

const TEMPLATE: &str = "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nBe brief.<|im_end|>\n' }}{% endif %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

/// SplitMix64, so that the files are the same everywhere.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let x = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB) >> 16
    }

    /// A number from -1 to 1.
    fn number(&mut self) -> f32 {
        (self.next() & 0xFFFF) as f32 / 32768.0 - 1.0
    }

    fn tensor(&mut self, name: &str, sizes: &[u64], around: f32) -> Tensor {
        let count = sizes.iter().product::<u64>();
        let numbers = (0..count).map(|_| around + self.number() * 0.2);
        Tensor {
            name: name.to_owned(),
            sizes: sizes.to_vec(),
            kind: 0,
            data: numbers.flat_map(f32::to_le_bytes).collect(),
        }
    }
}
