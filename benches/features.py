#!/usr/bin/env python3
"""What each feature of the facade costs beside the default features: crates, seconds of a processor to
build it in release, and bytes of a program that drops nothing of it. Prints the table of benches/RESULTS.md.

    benches/features.py FOLDER [FEATURE ...]

FOLDER takes the builds. Every compilation is timed once, by what cargo and build scripts call in the
place of rustc and cc, one at a time, since threads that share a core slow each other. A row adds up
what its build needs and the default's does not, also what was compiled for a row before it.
"""
import json, os, re, resource, shlex, subprocess, sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DEFAULT = ["models", "loaders", "splitters", "vectorstores"]
CHOSEN = ["code", "pdf-extract", "pdfium", "tokenizer-json", "structured", "fast-tokens", "local-llm", "sqlite", "sql", "sql-chart",
          "postgres", "pgvector", "qdrant", "planner", "bluechi", "loaders-full"]
HASH = re.compile(r"-([0-9a-f]{16})(?=[./]|$)")


def stand_in(log, command):
    """Runs a compiler in its place and notes what it took, under the hash of its unit."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code = subprocess.call(command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    unit = next((arg for arg in command if arg.startswith("extra-filename=-")), "")
    unit = unit.removeprefix("extra-filename=-") or os.environ.get("OUT_DIR", "")
    with open(log, "a") as lines:
        lines.write(f"{unit}\t{seconds}\n")
    return code


def stand_ins(folder):
    """The environment in which both compilers are stood in for."""
    log, places = folder / "seconds.tsv", folder / "bin"
    places.mkdir(parents=True, exist_ok=True)
    for name, real in (("rustc-timed", ""), ("cc", "/usr/bin/cc")):
        script = places / name
        script.write_text(f"#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(__file__)} --timed {shlex.quote(str(log))} {real} \"$@\"\n")
        script.chmod(0o755)
    return log, {**os.environ, "PATH": f"{places}:{os.environ['PATH']}", "RUSTC_WRAPPER": str(places / "rustc-timed"),
                 "CARGO_TARGET_DIR": str(folder / "target")}


def build(features, env):
    """The units that a build needs, whether they were compiled now or before."""
    command = ["cargo", "build", "-p", "gori", "--release", "--lib", "--jobs", "1", "--no-default-features",
               "--features", ",".join(features), "--message-format", "json"]
    run = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    units = set()
    for message in map(json.loads, run.stdout.splitlines()):
        if message["reason"] == "compiler-artifact":
            units.update(found[1] for name in message["filenames"] if (found := HASH.search(name)))
        elif message["reason"] == "build-script-executed":
            units.add(message["out_dir"])
    return units


def size(features, env):
    """Bytes of code and data in everything that is built, the standard library among it."""
    flags = ["--no-default-features", "--features", ",".join(features)]
    subprocess.run(["cargo", "rustc", "-p", "gori", "--release", "--lib", "--crate-type", "staticlib", "--quiet", *flags], cwd=ROOT, env=env, check=True)
    archive = Path(env["CARGO_TARGET_DIR"]) / "release/libgori.a"
    table = subprocess.run(["size", archive], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout
    return sum(int(line.split()[0]) + int(line.split()[1]) for line in table.splitlines()[1:] if line.split()[0].isdigit())


def crates(features):
    flags = ["--no-default-features", "--features", ",".join(features)]
    tree = subprocess.run(["cargo", "tree", "-p", "gori", "-e", "normal", "--prefix", "none", *flags], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return len({line.removesuffix(" (*)") for line in tree.stdout.splitlines()})


def main(folder, chosen):
    log, env = stand_ins(folder)

    def cost(features):
        units = build(features, env)
        seconds = {}
        for line in log.read_text().splitlines():
            unit, took = line.split("\t")
            seconds[unit] = seconds.get(unit, 0) + float(took)
        return crates(features), sum(seconds.get(unit, 0) for unit in units), size(features, env)

    base = cost(DEFAULT)
    print("| feature | crates | CPU s | MB of code and data |\n|---|---|---|---|")
    print(f"| default | {base[0]} | {base[1]:.0f} | {base[2] / 1e6:.1f} |", flush=True)
    for feature in chosen:
        more = cost([*DEFAULT, feature])
        print(f"| {feature} | +{more[0] - base[0]} | {more[1] - base[1]:+.0f} | {(more[2] - base[2]) / 1e6:+.1f} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "--timed":
        sys.exit(stand_in(sys.argv[2], sys.argv[3:]))
    main(Path(sys.argv[1]).resolve(), sys.argv[2:] or CHOSEN)
