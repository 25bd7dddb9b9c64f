"""Write the tiny span model that tests run, with weights by chance: `python tiny_reader.py FOLDER`.

It reads the pieces of `../encoder/tiny.py`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from span_graph import built

sys.path.insert(0, str(Path(__file__).parents[1] / "encoder"))
from tiny import HEADS, INNER, LAYERS, PIECES, WIDTH

LENGTH = 96
SHAPES = {
    "query": (WIDTH, WIDTH),
    "key": (WIDTH, WIDTH),
    "value": (WIDTH, WIDTH),
    "output": (WIDTH, WIDTH),
    "widen": (INNER, WIDTH),
    "narrow": (WIDTH, INNER),
}
HEADS_SHAPES = {"tasks.span": (2, WIDTH), "tasks.answerable": (1, WIDTH)}


def main(folder: Path) -> None:
    chance = np.random.default_rng(0)

    def some(*shape: int) -> np.ndarray:
        return chance.normal(0, 0.5, shape).astype(np.float32)

    weights = {
        "words.weight": some(len(PIECES), WIDTH),
        "positions.weight": some(LENGTH, WIDTH),
        "segments.weight": some(2, WIDTH),
        "marks.weight": some(4, WIDTH),
    }
    norms = ["norm"]
    shapes = dict(HEADS_SHAPES)
    for layer in (f"layers.{n}" for n in range(LAYERS)):
        shapes |= {f"{layer}.{name}": shape for name, shape in SHAPES.items()}
        norms += [f"{layer}.attention_norm", f"{layer}.norm"]
    for name, shape in shapes.items():
        weights[f"{name}.weight"], weights[f"{name}.bias"] = some(*shape), some(shape[0])
    for name in norms:
        weights[f"{name}.weight"] = np.ones(WIDTH, np.float32)
        weights[f"{name}.bias"] = np.zeros(WIDTH, np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reader.onnx").write_bytes(built(weights, HEADS).SerializeToString())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
