"""A BERT encoder in torch, with weights read from an ONNX file, and a head per task.

The ONNX files that ship in ordinary packages keep the weights of `MatMul` nodes anonymous and
transposed; a weight is named here by the node that uses it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from .layers import kept_layers, layer_count

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

LAYER_NORM_EPSILON = 1e-12  # not in the file
DROPOUT = 0.1
PARTS = {
    "attention.self.query": "query",
    "attention.self.key": "key",
    "attention.self.value": "value",
    "attention.output.dense": "output",
    "attention.output.LayerNorm": "attention_norm",
    "intermediate.dense": "widen",
    "output.dense": "narrow",
    "output.LayerNorm": "norm",
}
EMBEDDINGS = {
    "embeddings.word_embeddings.weight": "words.weight",
    "embeddings.position_embeddings.weight": "positions.weight",
    "embeddings.token_type_embeddings.weight": "segments.weight",
    "embeddings.LayerNorm.weight": "norm.weight",
    "embeddings.LayerNorm.bias": "norm.bias",
}


def weights_of(path: Path) -> dict[str, NDArray[Any]]:
    """Parameter name, as of `Encoder`, -> array."""
    graph = onnx.load(path).graph
    constants = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    named = {name: array for name, array in constants.items() if not name.startswith("onnx::")}
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in constants:
            module = node.name.strip("/").rsplit("/", 1)[0].replace("/", ".")
            named[f"{module}.weight"] = constants[node.input[1]].T
    found = {}
    for name, array in named.items():
        layer = re.fullmatch(r"encoder\.layer\.(\d+)\.(.*)\.(weight|bias)", name)
        if layer and layer[2] in PARTS:
            found[f"layers.{layer[1]}.{PARTS[layer[2]]}.{layer[3]}"] = array.copy()
        elif name in EMBEDDINGS:
            found[EMBEDDINGS[name]] = array.copy()
    return found


class Layer(nn.Module):  # type: ignore[misc]
    """One Transformer block, norms behind the sums (Devlin et al., 2019)."""

    def __init__(self, width: int, inner: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))
        self.attention_norm = nn.LayerNorm(width, eps=LAYER_NORM_EPSILON)
        self.widen, self.narrow = nn.Linear(width, inner), nn.Linear(inner, width)
        self.norm = nn.LayerNorm(width, eps=LAYER_NORM_EPSILON)
        self.drop = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        rows, length, width = x.shape

        def split(y: Tensor) -> Tensor:
            return y.view(rows, length, self.heads, width // self.heads).transpose(1, 2)

        attended = functional.scaled_dot_product_attention(
            split(self.query(x)), split(self.key(x)), split(self.value(x)), attn_mask=mask
        )
        attended = self.output(attended.transpose(1, 2).reshape(rows, length, width))
        x = self.attention_norm(x + self.drop(attended))
        return self.norm(x + self.drop(self.narrow(functional.gelu(self.widen(x)))))


class Encoder(nn.Module):  # type: ignore[misc]
    """Texts' pieces to one vector each, and a linear head per task."""

    def __init__(
        self,
        path: Path | dict[str, NDArray[Any]],
        *,
        heads: int,
        pooling: str,
        tasks: dict[str, int],
        layers: Sequence[int] = (),
    ) -> None:
        """path: of the ONNX file, or the weights of one by name. tasks: name -> outputs. layers:
        which are kept; none: all."""
        super().__init__()
        given = path if isinstance(path, dict) else weights_of(path)
        weights = kept_layers(given, layers)
        width = weights["words.weight"].shape[1]
        self.pooling = pooling
        self.words = nn.Embedding(*weights["words.weight"].shape)
        self.positions = nn.Embedding(*weights["positions.weight"].shape)
        self.segments = nn.Embedding(*weights["segments.weight"].shape)
        self.norm = nn.LayerNorm(width, eps=LAYER_NORM_EPSILON)
        self.drop = nn.Dropout(DROPOUT)
        inner = weights["layers.0.widen.weight"].shape[0]
        self.layers = nn.ModuleList(Layer(width, inner, heads) for _ in range(layer_count(weights)))
        self.tasks = nn.ModuleDict({name: nn.Linear(width, count) for name, count in tasks.items()})
        for head in self.tasks.values():
            nn.init.normal_(head.weight, std=0.02)
            nn.init.zeros_(head.bias)
        state = {name: torch.tensor(array) for name, array in weights.items()}
        missing, extra = self.load_state_dict(state, strict=False)
        assert all(name.startswith("tasks.") for name in missing), missing
        assert not extra, extra

    def pooled(self, ids: Tensor, mask: Tensor, noise: Tensor | None = None) -> Tensor:
        """(texts, width). noise: added to the words' vectors."""
        words = self.words(ids)
        if noise is not None:
            words = words + noise
        x = words + self.positions.weight[: ids.shape[1]] + self.segments.weight[0]
        x = self.drop(self.norm(x))
        bias = torch.zeros(mask.shape).masked_fill(mask == 0, -1e4)[:, None, None, :]
        with torch.autocast("cpu", torch.bfloat16):
            for layer in self.layers:
                x = layer(x, bias.bfloat16())
        x = x.float()
        if self.pooling == "first":
            return x[:, 0]
        return (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)

    def forward(self, ids: Tensor, mask: Tensor) -> dict[str, Tensor]:
        x = self.drop(self.pooled(ids, mask))
        return {name: head(x) for name, head in self.tasks.items()}
