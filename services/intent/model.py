"""The intent model: where it comes from, and the thresholds that it was chosen with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shopkeeper.shared.text.cascade import Cascade
from shopkeeper.shared.text.manifest import ModelError

from .decision import OUT_OF_SCOPE

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "intent"


class Thresholds(NamedTuple):
    """Below which the model's first choice is not given: its probability, and its lead over the
    second. Both are parameters of the manifest, the second an optional one."""

    abstain_below: float
    abstain_margin: float = 0.0


def thresholds_of(parameters: Mapping[str, float]) -> Thresholds:
    """Of a model's parameters, as its manifest gives them. Raises ModelError."""
    if "abstain_below" not in parameters:
        raise ModelError(f"model {NAME}: the manifest names no abstain_below")
    found = Thresholds(parameters["abstain_below"], parameters.get("abstain_margin", 0.0))
    for name, value in found._asdict().items():
        if not 0.0 <= value <= 1.0:
            raise ModelError(f"model {NAME}: its {name}, {value}, is not from 0 to 1")
    return found


def load_cascade(model_dir: str = "", threads: int = 1) -> Cascade:
    """A model that can be decided by. Raises ModelError."""
    model = Cascade.load(NAME, model_dir, threads)
    if OUT_OF_SCOPE not in model.labels:
        raise ModelError(f"model {NAME}: it has no label {OUT_OF_SCOPE}")
    thresholds_of(model.parameters)
    return model


def load_model(model_dir: str = "", threads: int = 1) -> tuple[Cascade, Thresholds]:
    """The model, and when to abstain. Raises ModelError."""
    model = load_cascade(model_dir, threads)
    return model, thresholds_of(model.parameters)
