"""Compare ways to quantise an encoder: `python compare_formats.py LANGUAGE MODEL STATE ...`.

One JSON line per format: bytes, texts per second of CPU time on one thread (best of rounds run in
turn), accuracy on a part of the texts kept for choosing, and the largest difference between a
text's log-odds alone and among others, padded alike: not 0 where scales are a batch's own.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime as ort
from export import RANGE_TEXTS, arguments, ranges_of, trained
from graph import built
from onnxruntime.quantization import QuantType, quantize_dynamic
from texts import batch
from train import MODELS

ROUNDS, TEXTS, SIZE = 5, 1500, 32


def main() -> None:
    given = arguments().parse_args()
    heads, pooling = MODELS[given.model]
    texts, weights, tasks = trained(given)
    parts = texts.parts()
    rows = [row for row in parts["select"] if "sentiment" in row.labels and row.two_class][:TEXTS]
    seen = [row.ids for row in parts["train"][: RANGE_TEXTS * 50 : 50]]
    ranges = ranges_of(weights, heads, pooling, tasks, seen)
    plain = built(weights, heads, pooling, tasks, quantised=False).SerializeToString()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "plain.onnx").write_bytes(plain)
        quantize_dynamic(
            Path(folder) / "plain.onnx",
            Path(folder) / "dynamic.onnx",
            weight_type=QuantType.QInt8,
            per_channel=True,
            op_types_to_quantize=["MatMul", "Gather"],
        )
        dynamic = (Path(folder) / "dynamic.onnx").read_bytes()
    files = {
        "fp32": plain,
        "int8, a batch's scale": dynamic,
        "int8, a piece's scale": built(weights, heads, pooling, tasks).SerializeToString(),
        "int8, fixed scales": built(
            weights, heads, pooling, tasks, ranges=ranges
        ).SerializeToString(),
    }
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    sessions = {name: ort.InferenceSession(file, options) for name, file in files.items()}
    order = np.argsort([len(row.ids) for row in rows], kind="stable")
    batches = [order[first : first + SIZE] for first in range(0, len(order), SIZE)]
    best = dict.fromkeys(files, np.inf)
    odds = {name: np.zeros((len(rows), tasks["sentiment"]), np.float32) for name in files}
    for _ in range(ROUNDS):
        for name, session in sessions.items():
            begun = time.process_time()
            for part in batches:
                ids, _ = batch([rows[n].ids for n in part])
                odds[name][part] = session.run(["sentiment"], {"ids": ids})[0]
            best[name] = min(best[name], time.process_time() - begun)
    truth = np.array([row.labels["sentiment"] for row in rows])
    for name, session in sessions.items():
        apart = 0.0
        for part in batches[::8]:
            ids, _ = batch([rows[n].ids for n in part])
            for place, n in enumerate(part[:4]):
                alone = session.run(["sentiment"], {"ids": ids[place : place + 1]})[0][0]
                apart = max(apart, float(np.abs(alone - odds[name][n]).max()))
        line = {
            "format": name,
            "bytes": len(files[name]),
            "texts_per_second": round(len(rows) / best[name]),
            "accuracy": round(
                float((np.where(odds[name][:, 2] > odds[name][:, 0], 2, 0) == truth).mean()), 4
            ),
            "apart": apart,
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
