"""Which of an encoder's layers are kept: on its weights, by name, as arrays of any kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def layer_count(weights: dict[str, Any]) -> int:
    """How many layers there are. weights: by the names of `Encoder`."""
    return 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("layers."))


def kept_layers(weights: dict[str, Any], layers: Sequence[int]) -> dict[str, Any]:
    """The weights with these layers alone, numbered anew in their order; none named: with all.

    Raises ValueError for a layer that is not there.
    """
    count = layer_count(weights)
    if missing := set(layers) - set(range(count)):
        raise ValueError(f"no layer {min(missing)}: there are {count}, numbered from 0")
    if not layers:
        return weights
    found = {name: each for name, each in weights.items() if not name.startswith("layers.")}
    for place, layer in enumerate(layers):
        for name, each in weights.items():
            if name.startswith(f"layers.{layer}."):
                found[f"layers.{place}.{name.split('.', 2)[2]}"] = each
    return found
