#!/usr/bin/env bash
# Makes benches/peers/.venv with what gori's figures are compared to, from PyPI.
# PyPI's torch for Linux on x86 wants gigabytes of CUDA libraries even to run on a CPU. It gets the
# two small ones that it calls when it is loaded, and stand-ins for the others (stand_ins.py).
# Needs python3 with venv, cc and readelf. About 550 MB to fetch and 2 GB on disk.
set -euo pipefail
cd "$(dirname "$0")"

if [ ! -x .venv/bin/python ]; then
  python3 -m venv .venv
fi
pip() { .venv/bin/python -m pip --quiet --disable-pip-version-check "$@"; }

if ! .venv/bin/python -c 'import torch' 2>/dev/null; then
  pip install --no-deps torch==2.15.0
  pip install filelock typing-extensions sympy networkx jinja2 fsspec numpy
  if [ "$(uname -sm)" = "Linux x86_64" ]; then
    pip install --no-deps 'nvidia-cuda-runtime==13.*' 'nvidia-cuda-cupti==13.*'
    .venv/bin/python stand_ins.py
  fi
fi
# sentence-transformers names torch as a dependency, and pip would fetch the rest of CUDA with it.
pip install --no-deps sentence-transformers==6.2.0
pip install transformers==5.23.0 tokenizers==0.23.3 safetensors==0.8.0 numpy==2.4.6 \
  huggingface-hub scikit-learn scipy tqdm
.venv/bin/python -c 'import torch, sentence_transformers as s; print(f"torch {torch.__version__}, sentence-transformers {s.__version__}")'
