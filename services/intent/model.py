"""The intent model: where it comes from, and the threshold that it was trained with."""

from __future__ import annotations

from shopkeeper.shared.text.onnx_model import ModelError, OnnxModel

NAME = "intent"


def load_model(model_dir: str = "", threads: int = 1) -> tuple[OnnxModel, float]:
    """(model, probability below which to abstain). Raises ModelError."""
    model = OnnxModel.load(NAME, model_dir, threads)
    threshold = model.parameters.get("abstain_below")
    if threshold is None:
        raise ModelError(f"model {NAME}: the manifest names no abstain_below")
    return model, threshold
