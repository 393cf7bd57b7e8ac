"""The peer of gori's encoder: sentence-transformers on torch. Started by benches/encoder.rs, which
takes turns with it, by lines on standard input and output:

    python encoder.py MODEL SQUAD_FILE THREADS
    < batch sizes are tried, and the fastest kept for each set of texts
    > ready torch 2.15.0 … {"paragraphs": 32, "questions": 128}
    < paragraphs        > 4.21                (seconds)
    < write PATH        > written             (all vectors, as rows of f32)
"""

import json
import sys
import time


def texts(path):
    """Paragraphs and questions in the order of the file."""
    found = {"paragraphs": [], "questions": []}
    for article in json.load(open(path, encoding="utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            found["paragraphs"].append(paragraph["context"])
            found["questions"].extend(qa["question"] for qa in paragraph["qas"])
    return found


def main():
    directory, squad, threads = sys.argv[1:]
    import torch

    torch.set_num_threads(int(threads))
    import sentence_transformers

    import minilm

    model = minilm.load(directory)
    sets = texts(squad)

    def run(name, batch):
        start = time.perf_counter()
        vectors = model.encode(sets[name], batch_size=batch, convert_to_numpy=True)
        return time.perf_counter() - start, vectors

    best = {}
    for name in sets:
        run(name, 32)
        best[name] = min((16, 32, 64, 128), key=lambda batch: run(name, batch)[0])
    print(
        f"ready sentence-transformers {sentence_transformers.__version__} on torch {torch.__version__}, "
        f"{threads} threads, batch sizes {json.dumps(best)}",
        flush=True,
    )
    for line in sys.stdin:
        command, _, path = line.strip().partition(" ")
        if command == "write":
            with open(path, "wb") as file:
                for name in sets:
                    file.write(run(name, best[name])[1].astype("<f4").tobytes())
            print("written", flush=True)
        else:
            print(f"{run(command, best[command])[0]:.6f}", flush=True)


if __name__ == "__main__":
    main()
