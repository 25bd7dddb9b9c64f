"""What vectors cost the answers service: `python benchmarks/bench_dense.py [VECTORS]`.

Seconds of a scan of VECTORS (100,000) by chance, of a question's vector, and vectors of entries a
second, one thread.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np

from shopkeeper.services.answers.core.dense import DenseIndex
from shopkeeper.shared.text.embedder import load_embedders

TEXTS = {
    "en": ("how long does delivery take?", "Standard parcels need two to four working days. " * 3),
    "zh": ("几天能到", "江浙沪一般第二天，其他地方三天左右，偏远地区五到七天。" * 3),
}
ROUNDS = 200


def quantiles(seconds: list[float]) -> dict[str, float]:
    p50, p99 = np.quantile(seconds, (0.5, 0.99)) * 1000
    return {"p50_ms": round(float(p50), 2), "p99_ms": round(float(p99), 2)}


def timed(call) -> list[float]:
    call()
    found = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        call()
        found.append(time.perf_counter() - started)
    return found


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    chance = np.random.default_rng(0)
    report = {}
    for language, embedder in load_embedders().items():
        vectors = chance.standard_normal((count, embedder.dimensions)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        index = DenseIndex(embedder.dimensions)
        index.put([str(n) for n in range(count)], vectors, [0] * count)
        question, entry = TEXTS[language]
        scan = timed(lambda i=index, v=vectors: i.nearest(i.similarities(v[0]), 100))
        asked = timed(lambda e=embedder, q=question: e.vectors([q]))
        started = time.perf_counter()
        embedder.vectors([entry] * ROUNDS)
        speed = ROUNDS / (time.perf_counter() - started)
        report[language] = {
            "search": quantiles(scan),
            "question": quantiles(asked),
            "entries_per_second": round(speed, 1),
        }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
