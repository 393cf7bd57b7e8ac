#!/usr/bin/env bash
# Measures gori's splitters beside LangChain's and chonkie's on 50 MB of real Markdown and prose, and
# compares every boundary. Needs python3 with venv, npm, apt-get and dpkg-deb for the corpus.
#   benches/peers/splitters.sh [DIRECTORY]     (default: target/peers/splitters)
set -euo pipefail
cd "$(dirname "$0")/../.."
directory=$(realpath -m "${1:-target/peers/splitters}")
mkdir -p "$directory"
if [ ! -x "$directory/venv/bin/python" ]; then
  python3 -m venv "$directory/venv"
  "$directory/venv/bin/python" -m pip --quiet --disable-pip-version-check install \
    langchain-text-splitters==1.1.3 chonkie==1.7.0 chonkie-core==0.10.2
fi
"$directory/venv/bin/python" benches/peers/splitters_corpus.py "$directory"
cargo bench --quiet -p gori-splitters --bench peers -- "$directory" | tee "$directory/gori.tsv"
"$directory/venv/bin/python" benches/peers/splitters.py "$directory" "$directory/gori.tsv"
