"""The peers of gori's splitters, on the corpus of splitters_corpus.py, after gori's own run.

    python splitters.py DIRECTORY GORI_TSV

Prints throughput by CPU seconds (best of several), the ratios that the project promises, and a
comparison of every chunk of LangChain's RecursiveCharacterTextSplitter with gori's.
"""

import pathlib
import struct
import sys
import time

import chonkie
import chonkie_core
import langchain_text_splitters as langchain


def documents(path):
    return path.read_bytes().decode("utf-8").split("\0")[:-1]


def best(work, times=3):
    seconds = []
    for _ in range(times):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds)


def survives(chunker, text):
    """chonkie's FastChunker cuts at bytes, and fails where that is within a character."""
    try:
        chunker.chunk(text)
        return True
    except UnicodeDecodeError:
        return False


def spans(path):
    """gori's spans by document."""
    data, at = path.read_bytes(), 0
    while at < len(data):
        (count,) = struct.unpack_from("<Q", data, at)
        flat = struct.unpack_from(f"<{2 * count}Q", data, at + 8)
        yield list(zip(flat[::2], flat[1::2]))
        at += 8 + 16 * count


def held(chunks):
    """Chunks without those that lie wholly within a neighbour, which gori does not repeat."""
    kept = []
    for start, end in chunks:
        if kept and end <= kept[-1][1]:
            continue
        if kept and start <= kept[-1][0]:
            kept.pop()
        kept.append((start, end))
    return kept


def compare(texts, path, size, overlap):
    """Every chunk of LangChain against the one of gori in its place, as byte spans."""
    splitter = langchain.RecursiveCharacterTextSplitter(chunk_size=size, chunk_overlap=overlap, add_start_index=True)
    boundaries = same = within = 0
    different = []
    for number, (text, ours) in enumerate(zip(texts, spans(path), strict=True)):
        theirs, offsets, at, byte = [], {}, 0, 0
        for chunk in splitter.create_documents([text]):
            start = chunk.metadata["start_index"]
            byte += len(text[at:start].encode()) if start >= at else -len(text[start:at].encode())
            at = start
            theirs.append((byte, byte + len(chunk.page_content.encode())))
        before = len(theirs)
        theirs = held(theirs)
        within += before - len(theirs)
        boundaries += 2 * len(theirs)
        missing = set(theirs) ^ set(ours)
        same += 2 * len(set(theirs) & set(ours))
        if missing:
            different.append((number, sorted(missing)[:2], text.encode()))
    print(f"  {path.name}: {boundaries} boundaries of LangChain's, {same} the same, "
          f"{within} of its chunks lie within a neighbour and are left out, {len(different)} documents differ")
    for number, missing, data in different[:5]:
        start, end = missing[0]
        print(f"    document {number}: {missing}: {data[max(0, start - 20):start]!r} {data[start:end][:30]!r} … {data[end - 20:end + 20]!r}")
    return not different


def main():
    directory, tsv = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    ours = {}
    for line in tsv.read_text().splitlines():
        if line.startswith("gori\t"):
            _, name, size, seconds = line.split("\t")
            ours[name] = (int(size), float(seconds))
    markdown = documents(directory / "markdown")
    texts = documents(directory / "prose") + markdown
    total = sum(len(text.encode()) for text in texts)
    marked = sum(len(text.encode()) for text in markdown)

    def speed(name):
        size, seconds = ours[name]
        return size / seconds / 1e6

    print(f"{total / 1e6:.1f} MB in {len(texts)} documents; CPU time; MB/s")
    promises = []
    for size, overlap in [(500, 0), (1000, 0), (2000, 0), (1000, 200)]:
        name = f"chars-{size}" + (f"-{overlap}" if overlap else "")
        recursive = langchain.RecursiveCharacterTextSplitter(chunk_size=size, chunk_overlap=overlap)
        theirs = total / best(lambda: [recursive.split_text(text) for text in texts]) / 1e6
        fast = chonkie.FastChunker(chunk_size=size)
        survived = [text for text in texts if survives(fast, text)]
        seconds = best(lambda: [fast.chunk(text) for text in survived])
        fastest = sum(len(text.encode()) for text in survived) / seconds / 1e6
        data = [text.encode() for text in texts]
        offsets = total / best(lambda: [chonkie_core.chunk_offsets(text, size=size) for text in data]) / 1e6
        gori = speed(name)
        print(f"  {name}: gori {gori:.0f}, LangChain recursive {theirs:.0f} ({gori / theirs:.1f}x), "
              f"chonkie FastChunker {fastest:.0f} ({gori / fastest:.1f}x; bytes, no overlap, "
              f"{len(texts) - len(survived)} documents left out that it raises on), "
              f"chonkie_core.chunk_offsets {offsets:.0f} (bytes, offsets only)")
        promises.append((f"{name} >= 5x LangChain", gori / theirs >= 5))
        promises.append((f"{name} >= 2x chonkie", gori / fastest >= 2))
    for name in ["bytes-1000", "prose-1000", "auto-1000"]:
        print(f"  {name}: gori {speed(name):.0f}")

    headers = langchain.MarkdownHeaderTextSplitter([("#" * level, f"h{level}") for level in range(1, 7)])
    theirs = marked / best(lambda: [headers.split_text(text) for text in markdown]) / 1e6
    gori = speed("markdown-1000")
    print(f"  markdown-1000: gori {gori:.0f}, LangChain MarkdownHeaderTextSplitter {theirs:.1f} ({gori / theirs:.1f}x)")
    promises.append(("markdown >= 10x LangChain", gori / theirs >= 10))

    for size in [128, 256, 512]:
        ratio = ours[f"tokens-{size}"][1] / ours["count-once"][1]
        print(f"  tokens-{size}: {ratio:.2f} times counting once")
        promises.append((f"tokens-{size} <= 1.3x counting once", ratio <= 1.3))
    for unit in ["chars", "markdown", "tokens"]:
        runs = [(n.split("/")[1], *v) for n, v in ours.items() if n.startswith(f"unbroken-{unit}/")]
        print(f"  one unbroken run, {unit}: " + ", ".join(f"{n} {s / t / 1e6:.0f} MB/s" for n, s, t in runs))

    print("every boundary:")
    for size, overlap in [(500, 0), (1000, 0), (2000, 0), (1000, 200)]:
        name = f"chars-{size}" + (f"-{overlap}" if overlap else "")
        promises.append((f"{name} as LangChain", compare(texts, directory / "spans" / name, size, overlap)))
    failed = [name for name, kept in promises if not kept]
    print(f"{len(promises) - len(failed)} of {len(promises)} hold" + "".join(f"\n  NOT: {name}" for name in failed))
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
