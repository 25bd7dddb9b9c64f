"""A shipped span model's weights as a state to go on from.

Weights are int8 with a scale by output: what is recovered is a 63rd of a row's largest weight off
at most. Heads, norms and positions are as they were trained.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import numpy_helper

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

POSITIONS = 512  # of the base models; those beyond a window are zeros, and never read
PARTS = "query", "key", "value"


def recovered(path: Path, heads: int) -> dict[str, NDArray[Any]]:
    """By the names of `span_encoder.SpanEncoder`. path: of an int8 graph of `span_graph`."""
    of = {each.name: numpy_helper.to_array(each) for each in onnx.load(path).graph.initializer}

    def linear(name: str) -> tuple[NDArray[Any], NDArray[Any]]:
        weight = of[f"{name}.weight"].astype(np.float32) * of[f"{name}.scale"]
        return np.ascontiguousarray(weight.T), of[f"{name}.bias"]

    words = of["words"].astype(np.float32) * of["words.scale"]
    positions = np.zeros((POSITIONS, words.shape[1]), np.float32)
    positions[: len(of["positions"])] = of["positions"]
    kinds = of["kinds.weight"]
    found = {
        "words.weight": words,
        "positions.weight": positions,
        # One table for both in the graph: all of a kind goes to its segment, the rest to its mark.
        "segments.weight": kinds[:2],
        "marks.weight": kinds - kinds[[0, 1, 1, 1]],
        "norm.weight": of["norm.weight"],
        "norm.bias": of["norm.bias"],
        "tasks.span.weight": np.ascontiguousarray(of["span.weight"].T),
        "tasks.span.bias": of["span.bias"],
        "tasks.answerable.weight": of["answerable.weight"].reshape(1, -1),
        "tasks.answerable.bias": of["answerable.bias"],
    }
    # Queries are scaled in the graph by the root of a head's width.
    root = np.float32(np.sqrt(words.shape[1] // heads))
    for at in range(sum(name.endswith(".three.weight") for name in of)):
        layer = f"layers.{at}"
        three, shift = (np.split(each, 3) for each in linear(f"layer{at}.three"))
        for place, part in enumerate(PARTS):
            scale = root if part == "query" else np.float32(1)
            found[f"{layer}.{part}.weight"] = three[place] * scale
            found[f"{layer}.{part}.bias"] = shift[place] * scale
        for part in ("output", "widen", "narrow"):
            found[f"{layer}.{part}.weight"], found[f"{layer}.{part}.bias"] = linear(
                f"layer{at}.{part}"
            )
        for part in ("attention_norm", "norm"):
            for kind in ("weight", "bias"):
                found[f"{layer}.{part}.{kind}"] = of[f"layer{at}.{part}.{kind}"]
    return found
