"""Vectors: how alike an item is to the last one, and to the recent ones, by item2vec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..numeric.jit import jit
from .base import Expert, Feature, Scale
from .inline import inline
from .workspace import powers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...config import RecommenderConfig
    from ..knowledge import Knowledge

TINY = np.float32(1e-3)


class View(NamedTuple):
    """Vectors by item: as items, and as contexts of others."""

    inputs: NDArray[np.float32]
    outputs: NDArray[np.float32]
    decay: NDArray[np.float64]

    @classmethod
    def of(cls, knowledge: Knowledge, config: RecommenderConfig) -> View:
        vectors = knowledge.vectors
        return cls(vectors.inputs, vectors.outputs, powers(config.session_decay))


@inline
def _point(own: Any, context: Any, weight: Any, is_last: bool, direction: Any) -> None:
    """Add an item's vector, of length `weight`, to where recent items point; (2, dimensions)."""
    square = np.float32(0)
    for n in range(len(own)):
        square += (own[n] + context[n]) ** 2
    if square > 0:
        scale = np.float32(1) / np.sqrt(square)
        for n in range(len(own)):
            part = (own[n] + context[n]) * scale
            direction[1, n] += weight * part
            if is_last:
                direction[0, n] = part


@inline
def _cosines(own: Any, context: Any, direction: Any) -> tuple[Any, Any]:
    """Products of an item's vector, made 1 long, with both rows of `direction`."""
    square, last, recent = np.float32(0), np.float32(0), np.float32(0)
    for n in range(len(own)):
        part = own[n] + context[n]
        square += part * part
        last += part * direction[0, n]
        recent += part * direction[1, n]
    if square == 0:
        return np.float32(0), np.float32(0)
    scale = np.float32(1) / np.sqrt(square)
    return last * scale, recent * scale


@jit
def describe(request: Any, chosen: Any, view: Any, own: Any) -> None:
    """Write the cosines of each candidate's vector with the last and with all recent ones."""
    direction = np.zeros((2, view.inputs.shape[1]), np.float32)
    _point_at(request, view, direction)
    length = max(np.sqrt((direction[1] * direction[1]).sum()), TINY)
    _write(chosen, view, own, direction, length)


@inline
def _point_at(request: Any, view: Any, direction: Any) -> None:
    """Where the last item, and all recent ones, point."""
    for seed in range(len(request.seeds)):
        item, weight = request.seeds[seed], np.float32(view.decay[request.ages[seed]])
        _point(view.inputs[item], view.outputs[item], weight, seed == 0, direction)


@inline
def _write(chosen: Any, view: Any, own: Any, direction: Any, length: Any) -> None:
    vector_last, vector_recent = own.columns
    for nth in range(len(chosen.items)):
        item = chosen.items[nth]
        last, recent = _cosines(view.inputs[item], view.outputs[item], direction)
        chosen.raw[nth, vector_last] = last
        chosen.raw[nth, vector_recent] = recent / length


EXPERT = Expert(
    name="vectors",
    features=(
        Feature("vector_last", Scale.PLAIN),  # cosine with the last item's vector
        # with the recent items' vectors, older ones counting less
        Feature("vector_recent", Scale.PLAIN),
    ),
    view=View,
    describe=describe,
)
