"""A student's first layers are those that were named, in that order, and nothing else changes."""

from __future__ import annotations

import pytest
from encoder.layers import kept_layers, layer_count


def weights_of(layers: int) -> dict[str, str]:
    """Named as an encoder's are; each value tells where it was."""
    found = {"words.weight": "words", "tasks.sentiment.bias": "head"}
    for layer in range(layers):
        for name in ("query.weight", "attention_norm.bias"):
            found[f"layers.{layer}.{name}"] = f"{layer} {name}"
    return found


def test_layers_are_numbered_anew() -> None:
    assert kept_layers(weights_of(12), [0, 11]) == {
        "words.weight": "words",
        "tasks.sentiment.bias": "head",
        "layers.0.query.weight": "0 query.weight",
        "layers.0.attention_norm.bias": "0 attention_norm.bias",
        "layers.1.query.weight": "11 query.weight",
        "layers.1.attention_norm.bias": "11 attention_norm.bias",
    }


def test_no_layer_named_keeps_all() -> None:
    assert kept_layers(weights_of(4), []) == weights_of(4)


@pytest.mark.parametrize("layer", [4, -1])
def test_a_layer_that_is_not_there_is_named(layer: int) -> None:
    with pytest.raises(ValueError, match=f"no layer {layer}: there are 4"):
        kept_layers(weights_of(4), [0, layer])


def test_layers_are_counted_by_their_highest_number() -> None:
    assert layer_count(weights_of(11)) == 11
