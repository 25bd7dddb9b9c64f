"""A trained span model as an ONNX graph, from its weights alone: the graph of `graph`, whose
last layer is worked out for all pieces, with two heads.

Inputs: `ids` and `kinds`, (windows, pieces) int64; id 0 where a window has ended. Outputs: `span`,
(windows, pieces, 2), and `answerable`, (windows, 1): log-odds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from .graph import FAR, Graph, finished, layer
from .layers import layer_count

if TYPE_CHECKING:
    from numpy.typing import NDArray


def built(
    weights: dict[str, NDArray[Any]],
    heads: int,
    quantised: bool = True,
    ranges: dict[str, tuple[float, float]] | None = None,
    probe: dict[str, str] | None = None,
) -> onnx.ModelProto:
    """weights: by the names of `span_encoder.SpanEncoder`. ranges: of activations, by linear; of
    those without, each piece has its own. probe: is given the input of each linear."""
    g = Graph(quantised, ranges or {})
    width = weights["words.weight"].shape[1]
    # One table for what a piece is: question or passage, and whether the question has it too.
    segments = weights["segments.weight"][[0, 1, 1, 1]]
    kinds = g.constant("kinds.weight", segments + weights["marks.weight"])
    length = g.node("Gather", g.node("Shape", "ids"), g.constant("one", np.array([1], np.int64)))
    zero = g.constant("zero", np.array([0], np.int64))
    positions = g.constant("positions", weights["positions.weight"])
    x = g.node("Add", g.words(weights["words.weight"]), g.node("Gather", kinds, "kinds"))
    x = g.node("Add", x, g.node("Slice", positions, zero, length, zero))
    x = g.norm(x, "norm", weights["norm.weight"], weights["norm.bias"])
    there = g.node("Cast", "ids", to=TensorProto.BOOL)
    mask = g.node(
        "Where",
        there,
        g.constant("none", np.array([0], np.float32)),
        g.constant("far", np.array([FAR], np.float32)),
    )
    bias = g.node("Unsqueeze", mask, g.constant("axes", np.array([1, 2], np.int64)))
    split = g.constant("heads", np.array([0, 0, 3, heads, width // heads], np.int64))
    joined = g.constant("joined", np.array([0, 0, width], np.int64))
    for at in range(layer_count(weights)):
        before = f"layers.{at}."
        w = {
            name.removeprefix(before): value
            for name, value in weights.items()
            if name.startswith(before)
        }
        x = layer(g, x, bias, w, name=f"layer{at}", split=split, joined=joined, heads=heads)
    # Heads stay in float: they are a thousandth of the work.
    span = g.constant("span.weight", np.ascontiguousarray(weights["tasks.span.weight"].T))
    shift = g.constant("span.bias", weights["tasks.span.bias"])
    g.node("Add", g.node("MatMul", x, span), shift, name="span")
    first = g.node("Gather", x, g.constant("first", np.array(0, np.int64)), axis=1)
    # No product of matrices: it adds in another order where there is one row.
    each = g.node("Mul", first, g.constant("answerable.weight", weights["tasks.answerable.weight"]))
    total = g.node("ReduceSum", each, g.constant("width", np.array([1], np.int64)), keepdims=1)
    shift = g.constant("answerable.bias", weights["tasks.answerable.bias"])
    g.node("Add", total, shift, name="answerable")
    if probe is not None:
        probe |= g.inputs
    rows = ["windows", "pieces"]
    outputs = [
        helper.make_tensor_value_info("span", TensorProto.FLOAT, [*rows, 2]),
        helper.make_tensor_value_info("answerable", TensorProto.FLOAT, ["windows", 1]),
    ]
    return finished(g, "reader", {"ids": rows, "kinds": rows}, outputs)
