"""TextCNN and a bidirectional GRU as ONNX graphs, from weights alone.

Inputs and outputs are as in graph.py. Quantised, the pieces' vectors are int8: they are nine
tenths of the file; the rest stays fp32.
"""

from __future__ import annotations

import numpy as np
import onnx
from graph import FAR, INPUTS, Graph, finished, heads_of
from onnx import TensorProto


def built_small(
    weights: dict[str, np.ndarray], tasks: dict[str, int], quantised: bool = True
) -> onnx.ModelProto:
    """weights: by the names of `small.TextCNN` or `small.BiGRU`. tasks: name -> labels."""
    g = Graph(quantised, {})
    x = g.words(weights["words.weight"])  # of what is no piece: zeros
    pooled = _gru(g, x, weights) if "gru.weight_ih_l0" in weights else _cnn(g, x, weights)
    return finished(g, "encoder", INPUTS, heads_of(g, pooled, weights, tasks))


def _cnn(g: Graph, x: str, weights: dict[str, np.ndarray]) -> str:
    x = g.node("Transpose", x, perm=[0, 2, 1])
    found = []
    for n in range(sum(name.startswith("convolutions.") for name in weights) // 2):
        weight = weights[f"convolutions.{n}.weight"]  # (channels, WIDTH, size)
        size = weight.shape[2]
        made = g.node(
            "Conv", x, g.constant(f"convolution{n}.weight", weight),
            g.constant(f"convolution{n}.bias", weights[f"convolutions.{n}.bias"]),
            kernel_shape=[size], pads=[size, size],
        )  # fmt: skip
        last = g.constant("last", np.array([2], np.int64))
        found.append(g.node("ReduceMax", g.node("Relu", made), last, keepdims=0))
    return g.node("Concat", *found, axis=1)


def _gru(g: Graph, x: str, weights: dict[str, np.ndarray]) -> str:
    hidden = weights["gru.weight_hh_l0"].shape[1]

    def both(kind: str) -> np.ndarray:
        """(2, 3 hidden, ...): torch keeps reset, update, new; ONNX update, reset, new."""
        found = []
        for side in ("", "_reverse"):
            reset, update, new = np.split(weights[f"gru.{kind}_l0{side}"], 3)
            found.append(np.concatenate([update, reset, new]))
        return np.stack(found)

    there = g.node("Cast", "ids", to=TensorProto.BOOL)
    pieces = g.constant("pieces", np.array([1], np.int64))
    count = g.node("Cast", "ids", to=TensorProto.BOOL)
    count = g.node("ReduceSum", g.node("Cast", count, to=TensorProto.INT32), pieces, keepdims=0)
    bias = np.concatenate([both("bias_ih"), both("bias_hh")], axis=1)
    made = g.node(
        "GRU", g.node("Transpose", x, perm=[1, 0, 2]), g.constant("gru.input", both("weight_ih")),
        g.constant("gru.hidden", both("weight_hh")), g.constant("gru.bias", bias), count,
        hidden_size=hidden, direction="bidirectional", linear_before_reset=1,
    )  # fmt: skip
    made = g.node("Transpose", made, perm=[2, 0, 1, 3])  # (texts, pieces, 2, hidden)
    made = g.node("Reshape", made, g.constant("joined", np.array([0, 0, 2 * hidden], np.int64)))
    mask = g.node("Unsqueeze", there, g.constant("width", np.array([2], np.int64)))
    made = g.node("Where", mask, made, g.constant("far", np.float32([FAR])))
    return g.node("ReduceMax", made, pieces, keepdims=0)
