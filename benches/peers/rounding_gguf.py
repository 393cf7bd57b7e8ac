"""How much of the difference to 32-bit arithmetic is rounding: the answers of a golden file, scored by
the plain numpy forward pass of golden_gguf.py with weights or activations rounded as the engines do.

    venv/bin/python benches/peers/rounding_gguf.py MODEL.gguf models/tests/data/gguf_golden_NAME.json

A line for each way of rounding. `behind` is by how many nats, in unrounded scores, the likeliest token
under rounding is less likely than the likeliest; `margin error` is the standard deviation of what
rounding does to the distance of the two likeliest tokens; `apart` lists the positions where the pick is
not llama.cpp's, with the margin that llama.cpp had there. No line runs any code of the project.
"""

import json
import sys

import numpy
from golden_gguf import Plain

WAYS = {
    "nothing": (False, False, False),
    "activations, 8 bits": (False, True, False),
    "the same, scales in 16 bits (llama.cpp's way)": (False, True, True),
    "weights, 8 bits": (True, False, False),
    "both (our way)": (True, True, False),
}


def rounded(numbers, narrow):
    """Blocks of 32 with a scale each, as Q8_0."""
    blocks = numbers.reshape(-1, 32).astype(numpy.float32)
    most = numpy.abs(blocks).max(1, keepdims=True)
    inverse = numpy.divide(127, most, out=numpy.zeros_like(most), where=most > 0)
    scale = most / numpy.float32(127)
    if narrow:
        scale = scale.astype(numpy.float16).astype(numpy.float32)
    return (numpy.rint(blocks * inverse) * scale).reshape(numbers.shape)


class Rounding(Plain):
    kept = {}

    def __init__(self, path, way):
        super().__init__(path)
        self.round_weights, self.round_inputs, self.narrow = way

    def weights(self, name):
        key = name, self.round_weights
        if key not in self.kept:
            weights = super().weights(name)
            matrix = weights.ndim == 2 and self.round_weights
            self.kept[key] = rounded(weights, False) if matrix else weights
        return self.kept[key]

    def product(self, x, name, layer):
        return super().product(rounded(x, self.narrow) if self.round_inputs else x, name, layer)

    def norm(self, x, name):
        normal = super().norm(x, name)
        last = name == "output_norm.weight" and self.round_inputs
        return rounded(normal, self.narrow) if last else normal


def scores(model, greedy):
    rows = []
    for question in greedy:
        tokens = question["prompt"] + question["answer"][:-1]
        found = model.scores(tokens)[len(question["prompt"]) - 1 :].astype(numpy.float64)
        found -= found.max(-1, keepdims=True)
        rows.append(found - numpy.log(numpy.exp(found).sum(-1, keepdims=True)))
    return numpy.concatenate(rows)


def main():
    path, golden = sys.argv[1], json.load(open(sys.argv[2]))["greedy"]
    theirs = numpy.concatenate([question["answer"] for question in golden])
    margins = numpy.concatenate([question["margins"] for question in golden])
    every = numpy.arange(len(theirs))
    true = scores(Rounding(path, WAYS["nothing"]), golden)
    best = numpy.sort(true, -1)[:, :-3:-1]
    two = numpy.argsort(true, -1)[:, :-3:-1]
    behind = best[:, 0] - true[every, theirs]
    print(f"{len(theirs)} tokens; llama.cpp's own picks are at most {behind.max():.3f} nats behind")
    for name, way in WAYS.items():
        found = scores(Rounding(path, way), golden)
        picks = found.argmax(-1)
        behind = best[:, 0] - true[every, picks]
        apart = {int(n): round(float(margins[n]), 3) for n in numpy.nonzero(picks != theirs)[0]}
        pair = numpy.take_along_axis(found, two, -1)
        error = ((pair[:, 0] - pair[:, 1]) - (best[:, 0] - best[:, 1])).std()
        print(f"{name}: {behind.max():.3f} behind at most, margin error {error:.3f}, apart {apart}")


if __name__ == "__main__":
    main()
