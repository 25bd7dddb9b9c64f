"""Write the tiny Transformer that tests run, with weights by chance: `python tiny.py FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from graph import built

WIDTH, INNER, LENGTH, HEADS, LAYERS = 16, 32, 64, 2, 2
TASKS = {"sentiment": 3, "intent": 17}
PIECES = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    *map(chr, range(33, 127)),
    *"好不一般差推荐质量物流很快",
]
PIECES += [f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]


def main(folder: Path) -> None:
    chance = np.random.default_rng(0)

    def some(*shape: int) -> np.ndarray:
        return chance.normal(0, 0.5, shape).astype(np.float32)

    weights = {
        "words.weight": some(len(PIECES), WIDTH),
        "positions.weight": some(LENGTH, WIDTH),
        "segments.weight": some(2, WIDTH),
    }
    norms = ["norm"]
    ranges = {}
    for layer in (f"layers.{n}" for n in range(LAYERS)):
        for name in ("query", "key", "value", "output"):
            weights[f"{layer}.{name}.weight"] = some(WIDTH, WIDTH)
            weights[f"{layer}.{name}.bias"] = some(WIDTH)
        weights[f"{layer}.widen.weight"], weights[f"{layer}.widen.bias"] = (
            some(INNER, WIDTH),
            some(INNER),
        )
        weights[f"{layer}.narrow.weight"], weights[f"{layer}.narrow.bias"] = (
            some(WIDTH, INNER),
            some(WIDTH),
        )
        norms += [f"{layer}.attention_norm", f"{layer}.norm"]
        for name in ("three", "output", "widen", "narrow"):
            ranges[f"{layer.replace('layers.', 'layer')}.{name}"] = (-6.0, 6.0)
    for name in norms:
        weights[f"{name}.weight"] = np.ones(WIDTH, np.float32)
        weights[f"{name}.bias"] = np.zeros(WIDTH, np.float32)
    for task, labels in TASKS.items():
        weights[f"tasks.{task}.weight"] = some(labels, WIDTH)
        weights[f"tasks.{task}.bias"] = some(labels)
    model = built(weights, HEADS, "mean", TASKS, ranges=ranges)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tiny.onnx").write_bytes(model.SerializeToString())
    (folder / "tiny.vocabulary").write_text("\n".join(PIECES), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
