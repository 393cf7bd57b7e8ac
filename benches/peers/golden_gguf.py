"""Writes models/tests/data/gguf_golden_NAME.json: what llama.cpp and a plain numpy forward pass make
of a GGUF model, for the tests in models/src/gguf/tests/real.rs.

    python3 -m venv venv && venv/bin/pip install gguf==0.19.0 numpy jinja2
    npm install --prefix benches/peers --no-save node-llama-cpp@3.22.1
    venv/bin/python benches/peers/golden_gguf.py MODEL.gguf models/tests/data/gguf_golden_NAME.json

tokens     texts, and their tokens by llama.cpp with nothing special in them
chats      conversations, and their tokens: the file's chat template by jinja2 with the settings of the
           transformers library, then llama.cpp
greedy     a prompt of chat tokens, and the likeliest continuation by llama.cpp; `margins` holds by how
           much (in nats) each of its tokens was likelier than the runner-up
likelihood a text's tokens, and the negative log-likelihood (nats) of each but the first, by numpy in
           32-bit numbers over the weights as the file has them; `llama_cpp` is the same by llama.cpp,
           which rounds activations to 8 bits
"""

import hashlib
import json
import pathlib
import subprocess
import sys

import gguf
import jinja2.sandbox
import numpy

TEXTS = [
    "",
    " ",
    "cat",
    "How does the local store survive a power cut?",
    "  two blanks,\ttabs\r\nand lines\n\n\n   end  ",
    "It's 12345.678 or 9,000,000 \u2014 they'll see; WE'VE seen.",
    "fn main() { let x = a[i] + 0xFF; println!(\"{x:?}\\n\"); }",
    "\uace0\ub9ac\ub294 \uc0ac\uc2ac\uc758 \ud55c \ud1a0\ub9c9\uc774\ub2e4. \u4eca\u65e5\u306f\u4e16\u754c\u3001\u4f60\u597d\uff01",
    "caf\u00e9 cafe\u0301 na\u00efve \U0001f980\U0001f468\u200d\U0001f469\u200d\U0001f467 \u00bd \u2167 \u0663\u0664",
    "<|im_start|>system\nObey.<|im_end|> <|endoftext|>",
    "https://example.org/a_b-c?d=%20&e#f user@example.org",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa                                        end",
]

CHATS = [
    [("user", "What is a chain made of?")],
    [("system", "Answer in one sentence."), ("user", "Why is the sky blue?")],
    [
        ("user", "My name is Ada."),
        ("assistant", "Hello, Ada."),
        ("user", "What is my name?"),
    ],
    [("user", "List the first five prime numbers.")],
    [("user", "Write a haiku about the sea.")],
    [("user", "Translate to French: The cat sleeps on the roof.")],
]

STORY = (
    "The lighthouse keeper wrote down the weather every evening, the ships that passed, and how much oil was "
    "left. In the seventh winter the supply boat did not come, and the light burned lower each night. On the "
    "last evening of January he climbed the stairs with an empty can and sat down beside the cold lamp."
)

ANSWER = 40


class Plain:
    """The forward pass of a llama or qwen2 model, as its papers write it, in 32-bit numbers."""

    def __init__(self, path):
        self.reader = gguf.GGUFReader(path)
        self.tensors = {tensor.name: tensor for tensor in self.reader.tensors}
        self.architecture = self.field("general.architecture")
        size = lambda name: self.field(f"{self.architecture}.{name}")
        self.layers, self.heads = size("block_count"), size("attention.head_count")
        self.key_heads = size("attention.head_count_kv")
        self.epsilon, self.base = size("attention.layer_norm_rms_epsilon"), size("rope.freq_base")

    def field(self, name):
        return self.reader.fields[name].contents()

    def weights(self, name):
        tensor = self.tensors[name]
        return gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(numpy.float32)

    def norm(self, x, name):
        return x / numpy.sqrt((x * x).mean(-1, keepdims=True) + self.epsilon) * self.weights(name)

    def product(self, x, name, layer):
        y = x @ self.weights(f"blk.{layer}.{name}.weight").T
        bias = f"blk.{layer}.{name}.bias"
        return y + self.weights(bias) if bias in self.tensors else y

    def turn(self, x):
        """Rotary positions: pairs of neighbours for llama, of halves for qwen2."""
        count, _, size = x.shape
        angles = numpy.outer(numpy.arange(count), self.base ** (-numpy.arange(0, size, 2) / size))
        cos, sin = numpy.cos(angles)[:, None], numpy.sin(angles)[:, None]
        y = numpy.empty_like(x)
        if self.architecture == "llama":
            a, b, to = x[..., 0::2], x[..., 1::2], (slice(0, None, 2), slice(1, None, 2))
        else:
            half = size // 2
            a, b, to = x[..., :half], x[..., half:], (slice(0, half), slice(half, None))
        y[..., to[0]], y[..., to[1]] = a * cos - b * sin, a * sin + b * cos
        return y

    def scores(self, tokens):
        embedding = self.weights("token_embd.weight")
        x = embedding[tokens]
        count = len(tokens)
        future = numpy.triu(numpy.full((count, count), -numpy.inf, numpy.float32), 1)
        for layer in range(self.layers):
            normal = self.norm(x, f"blk.{layer}.attn_norm.weight")
            split = lambda name, heads: self.product(normal, name, layer).reshape(count, heads, -1)
            query, key = self.turn(split("attn_q", self.heads)), self.turn(split("attn_k", self.key_heads))
            value = split("attn_v", self.key_heads)
            group = self.heads // self.key_heads
            key, value = key.repeat(group, 1), value.repeat(group, 1)
            weights = numpy.einsum("qhd,khd->hqk", query, key) / numpy.sqrt(query.shape[-1]) + future
            weights = numpy.exp(weights - weights.max(-1, keepdims=True))
            weights /= weights.sum(-1, keepdims=True)
            seen = numpy.einsum("hqk,khd->qhd", weights, value).reshape(count, -1)
            x = x + self.product(seen, "attn_output", layer)
            normal = self.norm(x, f"blk.{layer}.ffn_norm.weight")
            gate = self.product(normal, "ffn_gate", layer)
            up = self.product(normal, "ffn_up", layer)
            x = x + self.product(gate / (1 + numpy.exp(-gate)) * up, "ffn_down", layer)
        head = self.weights("output.weight") if "output.weight" in self.tensors else embedding
        return self.norm(x, "output_norm.weight") @ head.T

    def likelihood(self, tokens):
        scores = self.scores(tokens)[:-1].astype(numpy.float64)
        most = scores.max(-1)
        total = most + numpy.log(numpy.exp(scores - most[:, None]).sum(-1))
        return total - scores[numpy.arange(len(tokens) - 1), tokens[1:]]


class Llama:
    """llama.mjs as a child process."""

    def __init__(self, model):
        command = ["node", str(pathlib.Path(__file__).parent / "llama.mjs"), str(model), "1"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.name = json.loads(self.process.stdout.readline())["ready"]

    def ask(self, **question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def tokens(self, text, special=False):
        return self.ask(tokenize=text, special=special)


def render(plain, messages):
    """The prompt of a conversation, as the transformers library makes it."""
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(plain.field("tokenizer.chat_template"))
    names = plain.field("tokenizer.ggml.tokens")
    token = lambda name: names[plain.field(f"tokenizer.ggml.{name}_token_id")]
    return template.render(
        messages=messages, add_generation_prompt=True, bos_token=token("bos"), eos_token=token("eos")
    )


def main():
    model, out = map(pathlib.Path, sys.argv[1:])
    plain, llama = Plain(model), Llama(model)
    golden = {"sha256": hashlib.sha256(model.read_bytes()).hexdigest(), "made_by": llama.name}
    golden["tokens"] = [{"text": text, "tokens": llama.tokens(text)} for text in TEXTS]
    golden["chats"], golden["greedy"] = [], []
    for chat in CHATS:
        messages = [{"role": role, "content": text} for role, text in chat]
        tokens = llama.tokens(render(plain, messages), special=True)
        golden["chats"].append({"messages": messages, "tokens": tokens})
        answer = llama.ask(greedy=tokens, count=ANSWER)
        golden["greedy"].append(
            {
                "prompt": tokens,
                "answer": answer["tokens"],
                "text": answer["text"],
                "margins": answer["margins"],
            }
        )
    story = llama.tokens(STORY)
    rounded = llama.ask(likelihood=story)
    llama.process.stdin.close()
    llama.process.wait()
    likelihood = plain.likelihood(story)
    golden["likelihood"] = {"tokens": story, "nats": [round(float(x), 5) for x in likelihood]}
    golden["likelihood"]["llama_cpp"] = rounded
    text = json.dumps(golden, ensure_ascii=True, separators=(",", ":"))
    out.write_text(text.replace("},{", "},\n{").replace('],"', '],\n"') + "\n")
    print(f"{out}: perplexity {numpy.exp(likelihood.mean()):.3f}")


if __name__ == "__main__":
    main()
