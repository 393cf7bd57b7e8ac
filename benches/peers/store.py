#!/usr/bin/env python3
"""The local store against usearch, hnswlib and faiss, in one run on the same vectors.

    python3 benches/peers/store.py VECTORS DIMS [POINTS ...] [--only curves,filters,writes,large]

VECTORS holds f32 rows, such as `embed.py` makes of the descriptions in Debian's package lists.
Makes its own Python environment in benches/peers/.venv-store where the peers are not at hand, and
prints one table. One thread, M 16, ef_construction 200, recall@10 against exact, processor time
and not time on the clock. GORI_FIGURES may name a built example `figures`. What needs strace or a
memory cgroup says so where it cannot have it.
"""
import gc
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import venv

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ENV = HERE / ".venv-store"
NEEDS = ["numpy", "usearch", "faiss-cpu", "hnswlib"]
QUERIES, K = 1000, 10
EFS = [10, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384]
RECALLS = (.95, .985, .99)
# Those asked for at 10,000 points and at 60,000.
ASKED = {
    "usearch f32": (2.5, 3.5),
    "usearch bf16": (1.3, 1.5),
    "hnswlib": (1.2, None),
    "faiss HNSWFlat": (1.2, None),
}


def inside():
    """Runs this again in an environment that has what it needs, if this one has not."""
    try:
        import faiss, hnswlib, numpy, usearch  # noqa: F401, E401
    except ImportError:
        python = ENV / "bin" / "python"
        if not python.exists():
            venv.create(ENV, with_pip=True)
            subprocess.check_call([python, "-m", "pip", "install", "-q", *NEEDS])
        os.execv(python, [str(python), *sys.argv])


def resident():
    with open("/proc/self/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) * 1024


def peers(base):
    import faiss
    import hnswlib
    import numpy as np
    from usearch.index import Index

    faiss.omp_set_num_threads(1)
    dims = base.shape[1]

    def usearch(dtype):
        index = Index(ndim=dims, metric="cos", dtype=dtype, connectivity=16, expansion_add=200)
        index.add(np.arange(len(base)), base, threads=1)

        def search(ef):
            index.expansion_search = ef
            return lambda q: index.search(q, K, threads=1).keys
        return search

    def hnsw():
        index = hnswlib.Index(space="cosine", dim=dims)
        index.init_index(len(base), ef_construction=200, M=16)
        index.add_items(base, num_threads=1)

        def search(ef):
            index.set_ef(max(ef, K))
            return lambda q: index.knn_query(q, K, num_threads=1)[0][0]
        return search

    def flat():
        index = faiss.IndexHNSWFlat(dims, 16, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = 200
        index.add(base)

        def search(ef):
            index.hnsw.efSearch = ef
            return lambda q: index.search(q[None], K)[1][0]
        return search

    return {
        "usearch f32": lambda: usearch("f32"),
        "usearch bf16": lambda: usearch("bf16"),
        "hnswlib": hnsw,
        "faiss HNSWFlat": flat,
    }


def measured(make, base, queries, truth):
    """Seconds to build, bytes resident of the raw vectors', and (recall, microseconds) for each ef."""
    gc.collect()
    before, started = resident(), time.process_time()
    search = make()
    built, held = time.process_time() - started, (resident() - before) / base.nbytes
    curve = []
    for ef in EFS:
        ask = search(ef)
        found = sum(len(set(map(int, ask(q))) & t) for q, t in zip(queries, truth))
        curve.append((found / (len(queries) * K), min(timed(ask, queries) for _ in range(3)) * 1e6))
    return built, held, curve


def timed(ask, queries):
    started = time.process_time()
    for query in queries:
        ask(query)
    return (time.process_time() - started) / len(queries)


def at(curve, recall):
    """Microseconds at this recall, between the two measured points around it."""
    curve = sorted(curve)
    for (r0, t0), (r1, t1) in zip(curve, curve[1:]):
        if r0 <= recall <= r1 and r1 > r0:
            return t0 + (t1 - t0) * (recall - r0) / (r1 - r0)
    return curve[0][1] if curve[0][0] >= recall else float("nan")


def figures(binary, *args, wrap=()):
    out = subprocess.check_output([*wrap, str(binary), *map(str, args)], text=True)
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def say(what, seen, asked):
    print(f"{what:66}{seen:>34}   asked {asked}", flush=True)


def curves(binary, path, dims, vectors, size):
    import numpy as np

    ours = figures(binary, "curve", path, dims, size, QUERIES)
    memory = next(x for x in ours if x["what"] == "memory")
    build = {x["store"]: x for x in ours if x["what"] == "build"}
    exact = next(x for x in ours if x["what"] == "search" and x["store"] == "exact")
    graph = [x for x in ours if x["what"] == "search" and x["store"] == "graph"]
    print(f"\n== {size} points of {dims}")
    say("exact: recall", f'{exact["recall"]:.4f}', ">= .999")
    say("exact: times as fast as a scan in f32", f'{memory["f32_scan_us"] / exact["us"]:.2f} ({exact["us"]:.0f} us)', ">= 4")
    say("f32 scan: share of the memory bandwidth",
        f'{memory["f32_scan_gb_per_s"] / memory["gb_per_s"]:.2f} ({memory["gb_per_s"]:.1f} GB/s)', ">= 0.8")
    say("graph: resident of raw after 1,000 questions, while building",
        f'{graph[-1]["resident_of_raw"]:.2f}, {build["graph"]["peak_resident_of_raw"]:.2f}', "<= 0.6")
    say("graph: on disk of raw", f'{build["graph"]["disk_of_raw"]:.2f}', "<= 1.6")
    curve = [(x["recall"], x["us"]) for x in graph]
    built = build["graph"]["ingest_cpu_s"] + build["graph"]["build_cpu_s"]

    base = vectors[:size]
    queries = vectors[-QUERIES:]
    unit = base / np.linalg.norm(base, axis=1, keepdims=True)
    truth = [set(map(int, np.argpartition(-(unit @ q), K)[:K])) for q in queries]
    print(f"{'':22}{'build s':>9}{'resident':>9}" + "".join(f"{'us@' + str(r):>10}" for r in RECALLS) + "   times ours")

    def row(name, built, held, curve, asked=""):
        ratios = " ".join(f"{at(curve, r) / at(own, r):6.2f}" for r in RECALLS)
        print(f"{name:22}{built:9.1f}{held:9.2f}" + "".join(f"{at(curve, r):10.1f}" for r in RECALLS) + f"   {ratios}  {asked}", flush=True)

    own = curve
    row("gori local", built, graph[-1]["resident_of_raw"], curve)
    for name, make in peers(base).items():
        asked = ASKED[name][0 if size < 30_000 else 1]
        row(name, *measured(make, base, queries, truth), f"asked {asked}" if asked else "")


def filters(binary, path, dims, size):
    print(f"\n== filters, {size} points")
    for x in figures(binary, "filters", path, dims, size, QUERIES):
        say(f'keeps 1 in {x["one_in"]}: recall, times an exact scan of the kept rows',
            f'{x["recall"]:.4f}, {x["us"] / x["exact_us"]:.2f} ({x["us"]:.0f} us)', ">= .99, <= 1.5")


def writes(binary, path, dims, points=20_000):
    print(f"\n== writes, {points} points one by one, Durability::Group(100 ms)")
    line, = figures(binary, "writes", path, dims, points)
    say("bytes written of raw", f'{line["written_of_raw"]:.2f}', "<= 3")
    if not shutil.which("strace"):
        return say("fdatasync for 1,000 points", "no strace here", "<= 12")
    with tempfile.NamedTemporaryFile("r") as log:
        figures(binary, "writes", path, dims, points,
                wrap=["strace", "-f", "-q", "-e", "trace=fdatasync,fsync,sync_file_range,msync", "-o", log.name])
        syncs = re.findall(r"\b(fdatasync|fsync|sync_file_range|msync)\(", log.read())
    for name in sorted(set(syncs)):
        say(f"{name} for 1,000 points, by strace", f"{syncs.count(name) * 1000 / points:.2f}", "<= 12")


def limited():
    """How to run something with 256 MB of memory, page cache and all, and what to do after."""
    limit = 256 << 20
    trial = ["systemd-run", "--scope", "-q", "-p", f"MemoryMax={limit}", "-p", "MemorySwapMax=0"]
    if shutil.which("systemd-run") and subprocess.run([*trial, "true"], capture_output=True).returncode == 0:
        return trial, lambda: None, "systemd-run"
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, names, inner = line.split(":", 2)
        if "memory" in names.split(",") or names == "":
            base = pathlib.Path("/sys/fs/cgroup" if names == "" else "/sys/fs/cgroup/memory")
            group = base / inner.lstrip("/") / f"gori-{os.getpid()}"
            try:
                group.mkdir()
                knob = "memory.max" if names == "" else "memory.limit_in_bytes"
                (group / knob).write_text(str(limit))
            except OSError:
                continue
            enter = ["sh", "-c", f'echo $$ > "{group}/cgroup.procs" && exec "$@"', "sh"]
            return enter, group.rmdir, f"cgroup by hand, {knob}"
    return None, lambda: None, "no memory cgroup can be made here"


def large(binary, path, dims, points=100_000):
    print(f"\n== {points} points (those beyond the file's are mixed from two of its rows)")
    wrap, after, how = limited()
    with tempfile.TemporaryDirectory(dir=".") as home:
        store = pathlib.Path(home) / "store"
        try:
            fill, = figures(binary, "fill", path, dims, points, store, wrap=wrap or ())
            say(f"filled in 256 MB ({how}): peak resident MB", f'{fill["peak_resident_mb"]:.0f}', "no kill" if wrap else "-")
            ask, = figures(binary, "open", path, dims, QUERIES, store, wrap=wrap or ())
            say(f"opened and asked {QUERIES} times in the same", f'{ask["after_queries_mb"]:.0f} MB, {ask["points"]} points', "no kill" if wrap else "-")
        finally:
            after()
        opened = min((figures(binary, "open", path, dims, 0, store)[0] for _ in range(5)), key=lambda x: x["ms"])
        say("open to the first answer, ms, files in the page cache", f'{opened["ms"]:.1f} ({opened["cpu_ms"]:.1f} of processor)', "<= 50")
        say("resident MB after the first answer (raw is " + f"{points * dims * 4 / 1e6:.0f} MB)", f'{opened["resident_mb"]:.1f}', "vectors not read in")


def built():
    subprocess.check_call(["cargo", "build", "-q", "--release", "-p", "gori-vectorstores", "--example", "figures"], cwd=ROOT)
    target = os.environ.get("CARGO_TARGET_DIR", ROOT / "target")
    return pathlib.Path(target).resolve() / "release" / "examples" / "figures"


def main():
    inside()
    import numpy as np

    path, dims = os.path.abspath(sys.argv[1]), int(sys.argv[2])
    binary = os.environ.get("GORI_FIGURES") or built()
    vectors = np.fromfile(path, dtype=np.float32).reshape(-1, dims)
    most = len(vectors) - QUERIES
    rest = sys.argv[3:]
    only = rest[rest.index("--only") + 1].split(",") if "--only" in rest else ["curves", "filters", "writes", "large"]
    sizes = [int(arg) for arg in rest if arg.isdigit()] or [10_000, min(60_000, most)]
    if "curves" in only:
        for size in sizes:
            curves(binary, path, dims, vectors, size)
    if "filters" in only:
        filters(binary, path, dims, min(60_000, most))
    if "writes" in only:
        writes(binary, path, dims)
    if "large" in only:
        large(binary, path, dims)


main()
