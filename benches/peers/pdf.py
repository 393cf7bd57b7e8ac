#!/usr/bin/env python3
"""PDF text of gori-loaders beside pymupdf, pdfium and pdf-extract, in one run.

Usage: benches/peers/pdf_corpus.sh DIR
       cargo build --release -p gori-loaders --example pdf_text
       python3 benches/peers/pdf.py DIR [FILES]

Needs pdftotext (poppler-utils). The Python packages go into benches/peers/.venv-pdf on the first run.
FILES is how many of the documents are taken, evenly over their names; all by default.

Documents: the similarity of each page to pdftotext's (Indel similarity of characters, runs of blanks
as one; a page or file that fails counts 0), mean over the pages of a file, then over the files; and
pages a CPU second. A document is one with 2 pages or more in which pdftotext finds 500 characters.
Test files: in how many of those in which pdfium finds text gori finds text too.
"""
import json, os, re, resource, subprocess, sys, time, venv
from pathlib import Path

VENV = Path(__file__).resolve().parent / ".venv-pdf"
PACKAGES = ["pymupdf==2.0", "pypdfium2==5.15.2", "rapidfuzz==3.14.6"]

if Path(sys.prefix) != VENV:
    python = VENV / "bin/python"
    if not python.exists():
        venv.create(VENV, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    os.execv(python, [python, __file__, *sys.argv[1:]])

import pymupdf
import pypdfium2
from rapidfuzz.distance import Indel

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/examples/pdf_text"
MAX_PAGES = 60  # of a document are compared; all are read


def squeeze(text):
    return re.sub(r"\s+", " ", text).strip()


def cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def gori(engine, paths):
    """Pages by file, and the CPU seconds of all of them."""
    start, found, left = cpu(), {}, list(paths)
    while left:
        run = subprocess.run([BINARY, "--engine", engine], input="\n".join(map(str, left)), capture_output=True, text=True)
        lines = [json.loads(line) for line in run.stdout.split("\n") if line]
        for line in lines:
            found[line["path"]] = {int(k): v for k, v in line["pages"].items()} if "pages" in line else line["error"]
        left = left[len(lines):]
        if left:  # the process ended on this file
            found[str(left[0])] = f"the process ended: {run.returncode}"
            left = left[1:]
    return found, cpu() - start


def pdftotext(path):
    run = subprocess.run(["pdftotext", "-q", "-enc", "UTF-8", path, "-"], capture_output=True, timeout=300)
    pages = run.stdout.decode("utf-8", "replace").split("\f")
    return {i + 1: text for i, text in enumerate(pages[:-1])}


def mupdf(path):
    try:
        with pymupdf.open(path) as doc:
            return {i + 1: page.get_text() for i, page in enumerate(doc)}
    except Exception as error:
        return str(error)


def pdfium(path):
    try:
        doc = pypdfium2.PdfDocument(path)
        text = {}
        for i in range(len(doc)):
            try:
                text[i + 1] = doc[i].get_textpage().get_text_range()
            except Exception:
                pass
        return text
    except Exception as error:
        return str(error)


def similarity(pages, reference):
    if isinstance(pages, str):
        return 0.0
    scores = []
    for number, text in list(reference.items())[:MAX_PAGES]:
        text = squeeze(text)
        if len(text) >= 20:
            scores.append(Indel.normalized_similarity(text, squeeze(pages.get(number, ""))))
    return sum(scores) / len(scores) if scores else None


def documents(folder, most):
    references = {}
    paths = sorted(folder.glob("*.pdf"))
    step = max(1, len(paths) // most) if most else 1
    for path in paths[::step]:
        pages = pdftotext(path)
        if len(pages) >= 2 and sum(len(squeeze(text)) for text in pages.values()) >= 500:
            references[str(path)] = pages
    count = sum(map(len, references.values()))
    print(f"{len(references)} documents, {count} pages")
    results, speed = {}, {}
    for name in ("extract", "worker", "inside", "first"):
        results[name], seconds = gori(name, references)
        speed[name] = count / seconds
        print(f"{name:8} {speed[name]:8.0f} pages a CPU second, {speed[name] / speed.get('extract', speed[name]):.2f}x pdf-extract's")
    start = time.process_time()
    results["pymupdf"] = {path: mupdf(path) for path in references}
    print(f"pymupdf  {count / (time.process_time() - start):8.0f} pages a CPU second")
    means = {}
    table = {name: {path: similarity(found[path], pages) for path, pages in references.items()} for name, found in results.items()}
    for name, scores in table.items():
        scores = [score for score in scores.values() if score is not None]
        means[name] = sum(scores) / len(scores)
        print(f"{name:8} similarity to pdftotext {means[name]:.4f} over {len(scores)} documents")
    print(f"gori to pymupdf: {means['worker'] - means['pymupdf']:+.4f}")
    worst = sorted(references, key=lambda path: (table["worker"][path] or 0) - (table["pymupdf"][path] or 0))[:12]
    for path in worst:
        print(f"  {Path(path).name[:60]:60} gori {table['worker'][path]:.3f} pymupdf {table['pymupdf'][path]:.3f} extract {table['extract'][path]:.3f}")


def tests(folder):
    paths = sorted(map(str, folder.glob("*.pdf")))
    theirs = {path: pdfium(path) for path in paths}
    with_text = [path for path in paths if isinstance(theirs[path], dict) and any(squeeze(text) for text in theirs[path].values())]
    ours, _ = gori("worker", paths)
    missing = [path for path in with_text if isinstance(ours[path], str) or not any(squeeze(text) for text in ours[path].values())]
    found = len(with_text) - len(missing)
    print(f"{len(paths)} test files; pdfium finds text in {len(with_text)}, gori in {found} of these ({found / max(1, len(with_text)):.4f})")
    mapped = [path for path in with_text if not isinstance(ours[path], str) and squeeze(" ".join(ours[path].values())).strip("\ufffd ")]
    print(f"in {len(mapped)} ({len(mapped) / max(1, len(with_text)):.4f}) it is more than characters without a mapping to Unicode")
    silent = [path for path in missing if not isinstance(ours[path], str)]
    print(f"of the others {len(missing) - len(silent)} are errors, {len(silent)} are told as having no text")
    for path in missing:
        text = squeeze(" ".join(theirs[path].values()))
        print(f"  {Path(path).name[:50]:50} {str(ours[path])[:70]!r} pdfium: {text[:50]!r}")


if __name__ == "__main__":
    documents(Path(sys.argv[1]) / "docs", int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    tests(Path(sys.argv[1]) / "tests")
