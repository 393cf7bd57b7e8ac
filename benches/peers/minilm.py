"""all-MiniLM-L6-v2 by sentence-transformers, from a directory with config.json, tokenizer.json and
model.safetensors: what its model card says, with a window of 256 tokens, on the CPU."""

import contextlib
import pathlib
import tempfile

from sentence_transformers import SentenceTransformer
from sentence_transformers import models


@contextlib.contextmanager
def plain(directory):
    """The directory with only what a model hub has there: a tokenizer.json that says nothing of
    truncation and padding, which sentence-transformers sets itself."""
    import json

    with tempfile.TemporaryDirectory() as folder:
        source, target = pathlib.Path(directory).resolve(), pathlib.Path(folder)
        (target / "config.json").symlink_to(source / "config.json")
        (weights,) = source.glob("*.safetensors")
        (target / "model.safetensors").symlink_to(weights)
        tokenizer = json.loads((source / "tokenizer.json").read_text())
        tokenizer["truncation"] = tokenizer["padding"] = None
        (target / "tokenizer.json").write_text(json.dumps(tokenizer))
        (target / "tokenizer_config.json").write_text(
            json.dumps({"tokenizer_class": "BertTokenizerFast", "do_lower_case": True, "model_max_length": 512})
        )
        yield folder


def load(directory):
    with plain(directory) as folder:
        words = models.Transformer(folder, max_seq_length=256)
        pooling = models.Pooling(words.get_embedding_dimension(), pooling_mode="mean")
        return SentenceTransformer(modules=[words, pooling, models.Normalize()], device="cpu")
