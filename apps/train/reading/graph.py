"""A trained encoder as an ONNX graph, from its weights alone: no exporter, no tracing.

Inputs: `ids`, (texts, pieces) int64, 0 where a text has ended. Outputs: one array of log-odds per
task, (texts, labels).

Quantised, weights are int8 by output and activations uint8 by piece, each piece with its own scale:
a text's result does not depend on the texts beside it in a batch, as it does where a scale is that
of the whole batch (`DynamicQuantizeLinear`). Weights keep to 7 bits, so that no processor's
multiplication of pairs saturates and all give the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .layers import layer_count

if TYPE_CHECKING:
    from numpy.typing import NDArray

OPSET = 20  # the first with Gelu
INPUTS = {"ids": ["texts", "pieces"]}  # of an encoder
EPSILON = 1e-12
WEIGHT_MAX = 63
MIDDLE = 128  # uint8 that stands for 0
FAR = -1e4  # added to the attention to what is no piece


class Graph:
    """Nodes and weights, collected."""

    def __init__(self, quantised: bool, ranges: dict[str, tuple[float, float]]) -> None:
        self.quantised, self.ranges = quantised, ranges
        self.inputs: dict[str, str] = {}  # of linears
        self._known: dict[str, tuple[str, str]] = {}
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, NDArray[Any]] = {}
        self._count = 0

    def constant(self, name: str, value: Any) -> str:
        self.constants[name] = value
        return name

    def node(self, op: str, *inputs: str, name: str = "", **attributes: object) -> str:
        """The name of the node's one output."""
        self._count += 1
        output = name or f"{op}_{self._count}"
        self.nodes.append(helper.make_node(op, list(inputs), [output], name=output, **attributes))
        return output

    def linear(self, x: str, name: str, weight: NDArray[Any], bias: NDArray[Any]) -> str:
        """x W^T + b; weight as torch keeps it, (outputs, inputs)."""
        b = self.constant(f"{name}.bias", bias)
        self.inputs[name] = x
        if not self.quantised:
            w = self.constant(f"{name}.weight", np.ascontiguousarray(weight.T))
            return self.node("Add", self.node("MatMul", x, w, name=f"{name}.product"), b)
        scale = np.maximum(np.abs(weight).max(axis=1), 1e-8) / WEIGHT_MAX
        whole = np.round(weight / scale[:, None]).astype(np.int8)
        w = self.constant(f"{name}.weight", np.ascontiguousarray(whole.T))
        columns = self.constant(f"{name}.scale", scale.astype(np.float32))
        if name in self.ranges:
            low, high = self.ranges[name]
            step = np.float32((high - low) / 255)
            at = self.constant(f"{name}.step", step)
            zero = self.constant(f"{name}.zero", np.uint8(round(-low / step)))
            whole = self.node("QuantizeLinear", x, at, zero)
            inputs = [whole, w, at, columns, zero, "", b]
            return self.node(
                "MatMulIntegerToFloat",
                *inputs,
                name=f"{name}.product",
                domain="com.microsoft",
            )
        rounded, largest = self._rounded(x)
        product = self.node(
            "MatMulIntegerToFloat",
            rounded,
            w,
            self.constant("scale", np.float32(1 / 127)),
            columns,
            self.constant("middle", np.uint8(MIDDLE)),
            name=f"{name}.product",
            domain="com.microsoft",
        )
        return self.node("Add", self.node("Mul", product, largest), b)

    def _rounded(self, x: str) -> tuple[str, str]:
        """(uint8 of the same shape, each piece's largest value, which stands for 127)."""
        if x not in self._known:
            axis = self.constant("last_axis", np.array([-1], np.int64))
            largest = self.node("ReduceMax", self.node("Abs", x), axis, keepdims=1)
            largest = self.node("Max", largest, self.constant("least", np.float32(1e-8)))
            up = self.node("Div", self.constant("top", np.float32(127)), largest)
            half = self.constant("half", np.float32(MIDDLE + 0.5))  # a cast cuts off: it rounds
            whole = self.node(
                "Cast", self.node("Add", self.node("Mul", x, up), half), to=TensorProto.UINT8
            )
            self._known[x] = whole, largest
        return self._known[x]

    def words(self, table: NDArray[Any]) -> str:
        """The vectors of `ids`."""
        if not self.quantised:
            return self.node("Gather", self.constant("words", table), "ids")
        scale = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-8) / 127
        whole = self.constant("words", np.round(table / scale).astype(np.int8))
        rows = self.constant("words.scale", scale.astype(np.float32))
        found = self.node("Cast", self.node("Gather", whole, "ids"), to=TensorProto.FLOAT)
        return self.node("Mul", found, self.node("Gather", rows, "ids"))

    def norm(self, x: str, name: str, weight: NDArray[Any], bias: NDArray[Any]) -> str:
        scale = self.constant(f"{name}.weight", weight)
        shift = self.constant(f"{name}.bias", bias)
        return self.node("LayerNormalization", x, scale, shift, axis=-1, epsilon=EPSILON)


def built(
    weights: dict[str, NDArray[Any]],
    heads: int,
    pooling: str,
    tasks: dict[str, int],
    quantised: bool = True,
    ranges: dict[str, tuple[float, float]] | None = None,
    probe: dict[str, str] | None = None,
) -> onnx.ModelProto:
    """weights: by the names of `bert.Encoder`. tasks: name -> labels; none: the output is `vector`,
    (texts, width)."""
    g = Graph(quantised, ranges or {})
    words = weights["words.weight"]
    width = words.shape[1]
    positions = weights["positions.weight"] + weights["segments.weight"][0]
    shape = g.node("Shape", "ids")
    length = g.node("Gather", shape, g.constant("one", np.array([1], np.int64)))
    zero = g.constant("zero", np.array([0], np.int64))
    x = g.words(words)
    x = g.node("Add", x, g.node("Slice", g.constant("positions", positions), zero, length, zero))
    x = g.norm(x, "norm", weights["norm.weight"], weights["norm.bias"])
    there = g.node("Cast", "ids", to=TensorProto.BOOL)
    mask = g.node(
        "Where",
        there,
        g.constant("none", np.array([0], np.float32)),
        g.constant("far", np.array([FAR], np.float32)),
    )
    axes = g.constant("axes", np.array([1, 2], np.int64))
    bias = g.node("Unsqueeze", mask, axes)  # (texts, 1, 1, pieces)
    split = g.constant("heads", np.array([0, 0, 3, heads, width // heads], np.int64))
    joined = g.constant("joined", np.array([0, 0, width], np.int64))
    layers = layer_count(weights)
    for at in range(layers):
        w = {
            name.removeprefix(f"layers.{at}."): value
            for name, value in weights.items()
            if name.startswith(f"layers.{at}.")
        }
        if at == layers - 1 and pooling == "first":
            x = _last_layer(g, x, bias, w, name=f"layer{at}", joined=joined, heads=heads)
        else:
            x = layer(g, x, bias, w, name=f"layer{at}", split=split, joined=joined, heads=heads)
    if pooling == "first":
        pooled = g.node("Squeeze", x, g.constant("pieces", np.array([1], np.int64)))
    else:
        # A product of one row for each text: a sum over pieces adds in another order where a
        # batch holds one text.
        weight = g.node("Cast", there, to=TensorProto.FLOAT)
        count = g.node(
            "ReduceSum", weight, g.constant("pieces", np.array([1], np.int64)), keepdims=1
        )
        share = g.node("Unsqueeze", g.node("Div", weight, count), "pieces")
        pooled = g.node("Squeeze", g.node("MatMul", share, x), "pieces")
    outputs = heads_of(g, pooled, weights, tasks)
    if not tasks:
        g.node("Identity", pooled, name="vector")
        outputs = [helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["texts", width])]
    if probe is not None:
        probe |= g.inputs
    return finished(g, "encoder", INPUTS, outputs)


def heads_of(
    g: Graph, pooled: str, weights: dict[str, NDArray[Any]], tasks: dict[str, int]
) -> list[onnx.ValueInfoProto]:
    """The outputs: a linear head per task on (texts, width)."""
    outputs = []
    for task, labels in tasks.items():
        # No product of matrices: it adds in another order where there is one row.
        head = g.constant(f"{task}.weight", weights[f"tasks.{task}.weight"])
        shift = g.constant(f"{task}.bias", weights[f"tasks.{task}.bias"])
        each = g.node(
            "Mul", g.node("Unsqueeze", pooled, g.constant("row", np.array([1], np.int64))), head
        )
        total = g.node("ReduceSum", each, g.constant("width", np.array([2], np.int64)), keepdims=0)
        g.node("Add", total, shift, name=task)
        outputs.append(helper.make_tensor_value_info(task, TensorProto.FLOAT, ["texts", labels]))
    return outputs


def finished(
    g: Graph, name: str, inputs: dict[str, list[str]], outputs: list[onnx.ValueInfoProto]
) -> onnx.ModelProto:
    """The checked model of these nodes. inputs: of int64, by name."""
    graph = helper.make_graph(
        g.nodes,
        name,
        [helper.make_tensor_value_info(each, TensorProto.INT64, of) for each, of in inputs.items()],
        outputs,
        [numpy_helper.from_array(value, name) for name, value in g.constants.items()],
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", 1)],
        ir_version=10,
    )
    onnx.checker.check_model(model)
    return model


def layer(
    g: Graph,
    x: str,
    bias: str,
    w: dict[str, NDArray[Any]],
    *,
    name: str,
    split: str,
    joined: str,
    heads: int,
) -> str:
    """One block: attention and what follows it, each summed with its input and normed."""
    width = w["query.weight"].shape[0]
    scale = np.float32(1 / np.sqrt(width // heads))

    # One product for the three: the pieces are rounded once.
    three = np.concatenate([w["query.weight"] * scale, w["key.weight"], w["value.weight"]])
    shift = np.concatenate([w["query.bias"] * scale, w["key.bias"], w["value.bias"]])
    made = g.node("Reshape", g.linear(x, f"{name}.three", three, shift), split)
    made = g.node("Transpose", made, perm=[2, 0, 3, 1, 4])  # (3, texts, heads, pieces, width)
    query, key, value = (
        g.node("Gather", made, g.constant(f"at{n}", np.array(n, np.int64)), axis=0)
        for n in range(3)
    )
    key = g.node("Transpose", key, perm=[0, 1, 3, 2])
    return _attended(g, x, (query, key, value), bias, w, name=name, joined=joined)


def _last_layer(
    g: Graph,
    x: str,
    bias: str,
    w: dict[str, NDArray[Any]],
    *,
    name: str,
    joined: str,
    heads: int,
) -> str:
    """The last block where the first piece alone is read: (texts, 1, width).

    The others are looked at but not worked out: a sixth of the price, and the same numbers.
    """
    width = w["query.weight"].shape[0]
    scale = np.float32(1 / np.sqrt(width // heads))
    both = g.linear(
        x,
        f"{name}.both",
        np.concatenate([w["key.weight"], w["value.weight"]]),
        np.concatenate([w["key.bias"], w["value.bias"]]),
    )
    split = g.constant("two_heads", np.array([0, 0, 2, heads, width // heads], np.int64))
    both = g.node("Reshape", both, split)
    both = g.node("Transpose", both, perm=[2, 0, 3, 1, 4])
    key, value = (
        g.node("Gather", both, g.constant(f"at{n}", np.array(n, np.int64)), axis=0)
        for n in range(2)
    )
    first = g.node(
        "Slice", x, *(g.constant(f"first{n}", np.array([n], np.int64)) for n in (0, 1, 1))
    )
    query = g.linear(first, f"{name}.query", w["query.weight"] * scale, w["query.bias"] * scale)
    split = g.constant("one_head", np.array([0, 0, heads, width // heads], np.int64))
    query = g.node("Transpose", g.node("Reshape", query, split), perm=[0, 2, 1, 3])
    key = g.node("Transpose", key, perm=[0, 1, 3, 2])
    return _attended(g, first, (query, key, value), bias, w, name=name, joined=joined)


def _attended(
    g: Graph,
    x: str,
    made: tuple[str, str, str],
    bias: str,
    w: dict[str, NDArray[Any]],
    *,
    name: str,
    joined: str,
) -> str:
    """What follows query, key (transposed) and value of the pieces of x."""
    query, key, value = made
    share = g.node("Softmax", g.node("Add", g.node("MatMul", query, key), bias), axis=-1)
    seen = g.node("Transpose", g.node("MatMul", share, value), perm=[0, 2, 1, 3])
    seen = g.node("Reshape", seen, joined)
    out = g.linear(seen, f"{name}.output", w["output.weight"], w["output.bias"])
    x = g.norm(
        g.node("Add", x, out),
        f"{name}.attention_norm",
        w["attention_norm.weight"],
        w["attention_norm.bias"],
    )
    wide = g.node("Gelu", g.linear(x, f"{name}.widen", w["widen.weight"], w["widen.bias"]))
    out = g.linear(wide, f"{name}.narrow", w["narrow.weight"], w["narrow.bias"])
    return g.norm(g.node("Add", x, out), f"{name}.norm", w["norm.weight"], w["norm.bias"])
