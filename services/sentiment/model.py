"""The sentiment model: where it comes from."""

from __future__ import annotations

from shopkeeper.shared.text.onnx_model import OnnxModel

NAME = "sentiment"


def load_model(model_dir: str = "", threads: int = 1) -> OnnxModel:
    """Raises ModelError."""
    return OnnxModel.load(NAME, model_dir, threads)
